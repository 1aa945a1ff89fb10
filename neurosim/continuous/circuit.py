"""Circuit: graded units in real numbers, between a model and the integers of a chip.

A group of units computes, in each step of the chip, what compiler/lower_graded.py says, written in real numbers:

    z = sum of weight * (value sent by each source) + bias          y <- keep * y + gain * f(z)

and liquid_time_constant y <- keep * y + gain * sigmoid(z) (reversal - y).  The value that a unit stands for is
y + offset, so that hardtanh01 is a hardtanh of limit 1/2 around an offset of 1/2.

Where the way from state to state takes several steps of the chip, it is a pipeline: each group has a `level`, a wire
from level a to level b takes b - a steps, input and state are level 0 as sources, and the state's own level is the
length of the pipeline.  The input is held for the whole `period`, a multiple of that length.  All slots of the pipeline
then carry the same numbers: they change once a pipeline's length, and in sigma-delta coding nothing is sent in between.
Groups of such a circuit keep nothing themselves (keep 0).
"""

from dataclasses import dataclass, field

import numpy as np

from neurosim.continuous.model import Floats

INPUT = "input"
STATE = "state"


@dataclass(frozen=True, eq=False)
class Group:
    """Units of one kind."""

    name: str
    n: int
    kind: str  # "linear", "hardtanh", "tanh", "square", "liquid_time_constant"
    level: int = 1
    bias: Floats | float = 0.0  # of z
    keep: Floats | float = 0.0
    gain: Floats | float = 1.0
    limit: float = 1.0  # of hardtanh
    reversal: Floats | float = 1.0  # of liquid_time_constant
    offset: Floats | float = 0.0  # value = y + offset
    largest: float = 1.0  # bound of |y|, from the equations
    deadband: float = 1.0  # threshold over the one asked for
    precise: bool = False  # each row of each wire on a grid of its own, instead of one grid a unit


@dataclass(frozen=True, eq=False)
class Wire:
    """Weights from a group or the input to a group: [target, source]; zeros are no synapses."""

    source: str
    target: str
    weights: Floats


@dataclass(frozen=True, eq=False)
class Circuit:
    """Groups and wires; the group "state" is the model's state.

    Attributes:
        inputs: signals.
        groups: in the order in which they are placed.
        wires: between them.
        period: steps of the chip for one step of the model.
        initial: the state in which the chip starts, as units at rest make it.
    """

    inputs: int
    groups: tuple[Group, ...]
    wires: tuple[Wire, ...]
    period: int = 1
    initial: Floats = field(default_factory=lambda: np.zeros(1))

    def group(self, name: str) -> Group:
        """A group by its name."""
        return next(group for group in self.groups if group.name == name)

    @property
    def n_units(self) -> int:
        """Units of all groups."""
        return sum(group.n for group in self.groups)

    def delay(self, wire: Wire) -> int:
        """Steps of the chip that a wire takes."""
        level = 0 if wire.source in (INPUT, STATE) else self.group(wire.source).level
        return self.group(wire.target).level - level
