"""Level crossing: spikes where a value changes by more than thresholds, or crosses fixed levels.

"change": with d = x[t] - x[t - 1], the up channel of threshold a fires where d > a, the down channel where d < -a
(threshold-based representation, Delbruck and Lichtsteiner's temporal contrast, on a ladder of thresholds).
"level": the up channel of level a fires where x[t - 1] <= a < x[t], the down channel where x[t] <= a < x[t - 1]
(level-crossing sampling, Mark and Todd 1981).  The first frame of a sample has no frame before it and is silent.
"value": the up channel of threshold a fires where x[t] > a, the down channel where x[t] < -a, frame for frame (a
thermometer of values that are changes already).
"""

from typing import Any, Literal

import numpy as np

from neurosim.encoders.base import Bools, Encoder, Ints, changes, starts
from neurosim.encoders.parameters import is_number, require
from neurosim.numbers import is_whole
from neurosim.sequences import Floats


class LevelCrossingEncoder(Encoder):
    """Changes over thresholds, or crossings of levels; the parts of an input are "up" by threshold, then "down".

    A spike is in the first step of its frame, so a channel fires at most once a frame, and of the two channels of a
    threshold only one.  Heart beats: thresholds (20, 50, 100, 200) ms on intervals between beats, 3 steps a beat.

    Args:
        thresholds: in units of the inputs, for all inputs; above 0 for changes and values.  With them nothing is
            learned.  None takes `n_thresholds` quantiles of each input's training data (of magnitudes; for levels of
            values).
        mode: "change", "level" or "value".
        n_thresholds: how many are learned.
        steps_per_frame: steps that a frame lasts.
        dt_ms: length of a step.

    Attributes:
        thresholds_: [threshold, input].
    """

    def __init__(
        self,
        thresholds: Any = None,
        *,
        mode: Literal["change", "level", "value"] = "change",
        n_thresholds: int = 4,
        steps_per_frame: int = 3,
        dt_ms: float = 1.0,
    ) -> None:
        self.thresholds = thresholds
        self.mode = mode
        self.n_thresholds = n_thresholds
        self.steps_per_frame = steps_per_frame
        self.dt_ms = dt_ms

    def _check(self) -> None:
        require(self, "mode", self.mode in ("change", "level", "value"), "'change', 'level' or 'value'")
        require(self, "n_thresholds", is_whole(self.n_thresholds, 1, 10_000), "1 to 10,000")
        above, legal = (-np.inf, "finite numbers") if self.mode == "level" else (0, "positive numbers")
        right = self.thresholds is None or _are_different(self.thresholds, above)
        require(self, "thresholds", right, f"None, or a list of different {legal}")

    def _is_stateless(self) -> bool:
        return self.thresholds is not None

    def _learn(self, frames: Floats, lengths: Ints) -> None:
        if self.thresholds is not None:
            self.thresholds_ = np.repeat(self._given(), frames.shape[1], axis=1)
            return
        values = _later(changes(frames, lengths), lengths) if self.mode == "change" else frames
        values = values if self.mode == "level" else np.abs(values)
        quantiles = np.arange(1, self.n_thresholds + 1) / (self.n_thresholds + 1)
        self.thresholds_ = np.quantile(values if len(values) else np.zeros_like(frames), quantiles, axis=0)

    def _given(self) -> Floats:
        return np.asarray(self.thresholds, np.float64)[:, None]

    def _parts(self) -> int:
        return 2 * (self.n_thresholds if self.thresholds is None else len(self.thresholds))

    def _max_per_step(self) -> float:
        return 0.5 / self.steps_per_frame

    def _raster(self, frames: Floats, lengths: Ints) -> Bools:
        level = self.thresholds_ if self.thresholds is None else self._given()
        if self.mode != "level":
            value = (changes(frames, lengths) if self.mode == "change" else frames)[:, None]
            up, down = value > level, value < -level
        else:
            before = np.roll(frames, 1, axis=0)
            before[starts(lengths)] = frames[starts(lengths)]
            was, now = before[:, None] > level, frames[:, None] > level
            up, down = now & ~was, was & ~now
        raster = np.zeros((len(frames), self.steps_per_frame, self._parts(), frames.shape[1]), np.bool_)
        raster[:, 0] = np.concatenate([up, down], axis=1)
        return raster


def _are_different(given: Any, above: float) -> bool:
    if not isinstance(given, (list, tuple, np.ndarray)) or len(given) == 0:
        return False
    return all(is_number(a, above=above) for a in given) and len({float(a) for a in given}) == len(given)


def _later(values: Floats, lengths: Ints) -> Floats:
    """All frames but the first of each sample."""
    return np.delete(values, starts(lengths), axis=0)
