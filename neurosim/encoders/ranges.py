"""Encoders of a range: values are mapped to 0 to 1 over the training data's range, or over a given one."""

from typing import Any

import numpy as np

from neurosim.encoders.base import Encoder, Ints
from neurosim.encoders.parameters import is_number, require
from neurosim.sequences import Floats


class RangeEncoder(Encoder):
    """The base of encoders with a `value_range`: None learns it from training data; (low, high) makes them stateless.

    Attributes:
        low_, high_: range of each input, in its units.
    """

    value_range: tuple[float, float] | None

    def _check(self) -> None:
        given = self.value_range
        right = given is None or (_is_pair(given) and given[0] < given[1])
        require(self, "value_range", right, "None, or two finite numbers (low, high) with low below high")

    def _is_stateless(self) -> bool:
        return self.value_range is not None

    def _learn(self, frames: Floats, lengths: Ints) -> None:
        if self.value_range is None:
            self.low_, self.high_ = frames.min(axis=0), frames.max(axis=0)
        else:
            self.low_, self.high_ = (np.full(frames.shape[1], float(value)) for value in self.value_range)

    def _ends(self) -> tuple[Floats, Floats]:
        """Low and width of the range; the width of a constant input is 1."""
        if self.value_range is None:
            low, high = self.low_, self.high_
        else:
            low, high = (np.array([float(value)]) for value in self.value_range)
        return low, np.where(high > low, high - low, 1.0)

    def _unit(self, frames: Floats) -> Floats:
        """Values within the range as 0 to 1; values beyond are cut off."""
        low, width = self._ends()
        with np.errstate(over="ignore"):
            return np.clip((frames - low) / width, 0, 1)

    def _from_unit(self, unit: Floats) -> Floats:
        low, width = self._ends()
        return low + unit * width


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list, np.ndarray)) and len(value) == 2 and all(is_number(end) for end in value)
