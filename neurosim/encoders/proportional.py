"""Proportional encoder: one channel an input, whose regular rate is in proportion to the value."""

import numpy as np

from neurosim.encoders.base import Bools, Encoder, Ints
from neurosim.encoders.codes import regular
from neurosim.encoders.parameters import is_number, require
from neurosim.sequences import Floats


class ProportionalEncoder(Encoder):
    """Values from `low`, which is silence, to `high`, which is `max_rate`; a phase accumulator makes the spikes.

    Stateless.  n steps hold at most max_rate * n + 1 spikes of a channel.

    Args:
        steps_per_frame: steps that a frame lasts.
        low: value at and below which a channel is silent.
        high: value at and above which it fires at the full rate.
        max_rate: spikes per step at the full rate, at most 1.
        dt_ms: length of a step.
    """

    def __init__(
        self,
        steps_per_frame: int = 16,
        *,
        low: float = 0.0,
        high: float = 1.0,
        max_rate: float = 0.8,
        dt_ms: float = 1.0,
    ) -> None:
        self.steps_per_frame = steps_per_frame
        self.low = low
        self.high = high
        self.max_rate = max_rate
        self.dt_ms = dt_ms

    def _check(self) -> None:
        require(self, "low", is_number(self.low), "a finite number")
        require(self, "high", is_number(self.high, above=self.low), f"a finite number above low, {self.low}")
        require(self, "max_rate", is_number(self.max_rate, above=0, most=1), "above 0, at most 1 spike per step")

    def _is_stateless(self) -> bool:
        return True

    def _parts(self) -> int:
        return 1

    def _max_per_step(self) -> float:
        return float(self.max_rate + 1 / self.steps_per_frame)

    def _raster(self, frames: Floats, lengths: Ints) -> Bools:
        share = np.clip((frames - self.low) / (self.high - self.low), 0, 1)
        rate = np.repeat(self.max_rate * share, self.steps_per_frame, axis=0)
        spikes = regular(rate, lengths * self.steps_per_frame)
        return spikes.reshape(len(frames), self.steps_per_frame, 1, frames.shape[1])
