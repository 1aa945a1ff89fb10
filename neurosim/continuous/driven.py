"""Driven units: what all liquids with a matrix of weights and one of inputs share, the drive z = W x + V u + b."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurosim.continuous.circuit import INPUT, STATE, Circuit, Wire
from neurosim.continuous.model import Floats, as_matrix, run_steps


@dataclass(frozen=True, eq=False)
class DrivenUnits:
    """Matrices of a liquid; what a step does with the drive is said by who inherits.

    Attributes:
        weights: W, [target, source].
        input_weights: V, [unit, input].
        bias: b, [unit], or one for all.
    """

    weights: Floats
    input_weights: Floats
    bias: Floats | float = 0.0

    def __post_init__(self) -> None:
        n = len(np.atleast_1d(np.asarray(self.weights, dtype=object)))
        for name, shape in (("weights", (n, n)), ("input_weights", (n, None)), ("bias", (n,))):
            object.__setattr__(self, name, as_matrix(name, getattr(self, name), shape))

    @property
    def n(self) -> int:
        """Units."""
        return len(self.weights)

    @property
    def inputs(self) -> int:
        """Input signals."""
        return int(self.input_weights.shape[1])

    def step(self, x: Floats, u: Floats) -> Floats:
        """The state after one step: x [..., unit], u [input] -> [..., unit]."""
        raise NotImplementedError

    def run(self, u: npt.ArrayLike, initial: npt.ArrayLike | None = None) -> Floats:
        """States after each step: u [step, input], or [step] if there is one input, -> [step, unit].

        Raises:
            RunError: u or the initial state (zeros if None) has another shape, or states grow without bound.
        """
        return run_steps(self, u, initial)

    def circuit(self) -> Circuit:
        """The graded units that compute the same."""
        raise NotImplementedError

    def _drive(self, x: Floats, u: Floats) -> Floats:
        return x @ self.weights.T + self.input_weights @ u + self.bias

    def _largest_input(self) -> Floats:
        """Of signals within -1 .. 1 and the bias: [unit]."""
        return np.asarray(np.abs(self.input_weights).sum(axis=1) + np.abs(self.bias))

    def _wires(self) -> tuple[Wire, Wire]:
        return Wire(INPUT, STATE, self.input_weights), Wire(STATE, STATE, self.weights)
