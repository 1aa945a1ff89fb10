"""Short-term plasticity: synapses that tire and facilitate (Tsodyks and Markram 1998).

In the form of Maass, Natschlaeger and Markram 2002: the n-th spike of a source, dt after the one before, has the
amplitude weight * u_n * R_n at each of its synapses of a projection, with

    u_n = u + u_(n-1) (1 - u) exp(-dt / tau_facil)                        u_1 = u
    R_n = 1 + (R_(n-1) - u_(n-1) R_(n-1) - 1) exp(-dt / tau_rec)          R_1 = 1

A time constant of 0 leaves its part out: tau_facil 0 only tires (u_n = u), tau_rec 0 only facilitates (R_n = 1).
The simulation in floating point has it (neurosim/debugging/float_run.py); lowering refuses it for every chip.
"""

import sys
from dataclasses import dataclass, fields

import numpy as np

from chips.errors import NetworkError


@dataclass(frozen=True, slots=True)
class ShortTermPlasticity:
    """One set of parameters for all synapses of a projection.

    Attributes:
        u: share of the weight that the first spike uses, above 0 and at most 1.
        tau_rec_ms: time constant of recovery from depression, at least 0.
        tau_facil_ms: time constant of facilitation, at least 0.

    Raises:
        NetworkError: a value is out of range.
    """

    u: float
    tau_rec_ms: float
    tau_facil_ms: float

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
            legal = number and (0 < value <= 1 if item.name == "u" else 0 <= value <= sys.float_info.max)
            if not legal:
                needed = "a number above 0 and at most 1" if item.name == "u" else "a finite number, at least 0"
                raise NetworkError(f"short-term plasticity: {item.name} is {value!r}, but must be {needed}")
            object.__setattr__(self, item.name, float(value))

    def to_json(self) -> dict[str, float]:
        """Plain data, for files."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @staticmethod
    def from_json(data: object) -> "ShortTermPlasticity | None":
        """What `to_json` made, or None for None.

        Raises:
            NetworkError: it is something else.
        """
        if data is None:
            return None
        names = {item.name for item in fields(ShortTermPlasticity)}
        if not isinstance(data, dict) or set(data) != names:
            raise NetworkError(
                f"short-term plasticity is {data!r}, but must be a mapping of {', '.join(sorted(names))}"
            )
        return ShortTermPlasticity(**data)
