"""Rate code: two channels per input, one that fires more for high values and one for low ones.

With x standardised by mean and standard deviation of the training data, the channels of an input fire
max_rate * clip((1 +- x / span) / 2, 0, 1) spikes per step, together max_rate (an opponent code, as ON and OFF cells).
"""

from typing import Literal

import numpy as np

from neurosim.encoders.base import Bools, Encoder, Ints
from neurosim.encoders.codes import poisson, regular
from neurosim.encoders.parameters import is_number, require
from neurosim.numbers import is_whole
from neurosim.sequences import Floats


class RateEncoder(Encoder):
    """Rates of values; the parts of an input are "high" and "low".

    n steps hold at most max_rate * n + 1 spikes of both channels of an input with the regular code.

    Args:
        steps_per_frame: steps that a frame lasts.
        span: standard deviations that map to the full rate.
        max_rate: spikes per step at full rate, at most 1.
        code: "regular" (a phase accumulator, deterministic) or "poisson" (each step for itself at random; equal
            samples get equal spikes, see `codes.poisson`).
        seed: of the Poisson code.
        dt_ms: length of a step.

    Attributes:
        mean_, scale_: mean and standard deviation of each input (1 where it is constant) in the training data.
    """

    def __init__(
        self,
        steps_per_frame: int = 16,
        span: float = 1.5,
        max_rate: float = 0.8,
        *,
        code: Literal["regular", "poisson"] = "regular",
        seed: int = 0,
        dt_ms: float = 1.0,
    ) -> None:
        self.steps_per_frame = steps_per_frame
        self.span = span
        self.max_rate = max_rate
        self.code = code
        self.seed = seed
        self.dt_ms = dt_ms

    def _check(self) -> None:
        require(self, "span", is_number(self.span, above=0), "a positive number of standard deviations")
        require(self, "max_rate", is_number(self.max_rate, above=0, most=1), "above 0, at most 1 spike per step")
        require(self, "code", self.code in ("regular", "poisson"), "'regular' or 'poisson'")
        require(self, "seed", is_whole(self.seed, 0, 2**63 - 1), "a whole number from 0")

    def _parts(self) -> int:
        return 2

    def _max_per_step(self) -> float:
        if self.code == "poisson":
            return 1.0  # likely half of max_rate, but chance may fire in every step
        return (self.max_rate + 1 / self.steps_per_frame) / 2 + 1e-9  # the slack of the code

    def _learn(self, frames: Floats, lengths: Ints) -> None:
        self.mean_ = frames.mean(axis=0)
        scale = frames.std(axis=0)
        self.scale_ = np.where(scale > 1e-12 * np.abs(self.mean_), scale, 1.0)  # less is rounding of a constant

    def _raster(self, frames: Floats, lengths: Ints) -> Bools:
        with np.errstate(over="ignore"):  # infinite is full rate
            x = (frames - self.mean_) / self.scale_ / self.span
        share = np.clip((1 + np.concatenate([x, -x], axis=1)) / 2, 0, 1)
        rate = np.repeat(self.max_rate * share, self.steps_per_frame, axis=0)  # [step, channel]
        steps = lengths * self.steps_per_frame
        spikes = regular(rate, steps) if self.code == "regular" else poisson(rate, steps, frames, lengths, self.seed)
        return spikes.reshape(len(frames), self.steps_per_frame, 2, -1)
