"""Population code: each input is seen by neurons with Gaussian receptive fields over its range.

Bohte, Kok and La Poutre 2002 (Error-backpropagation in temporally encoded networks of spiking neurons): n neurons have
centres low + (2 i - 3) / 2 * (high - low) / (n - 2) for i = 1 to n, and width (high - low) / (beta (n - 2)), beta 1.5.
The response r = exp(-(x - centre)^2 / (2 width^2)) is coded as a latency, round(s (1 - r)) of s steps, silent where
that is s or later, or as a rate, max_rate * r.
"""

from typing import Literal

import numpy as np

from neurosim.encoders.base import Bools, Ints
from neurosim.encoders.codes import regular
from neurosim.encoders.latency import at_step
from neurosim.encoders.parameters import is_number, require
from neurosim.encoders.ranges import RangeEncoder
from neurosim.numbers import is_whole
from neurosim.sequences import Floats


class PopulationEncoder(RangeEncoder):
    """Gaussian receptive fields; the parts of an input are its `n_neurons`, from low to high centres.

    Values beyond the range are coded as its ends.

    Args:
        n_neurons: channels of an input, at least 3.
        beta: centres are beta widths apart.
        code: "latency" (at most one spike per channel and frame) or "rate" (a regular rate).
        steps_per_frame: steps that a frame lasts.
        max_rate: spikes per step of the rate code at full response.
        value_range: (low, high) in units of the inputs, or None for the training data's own range of each input.
        dt_ms: length of a step.
    """

    def __init__(
        self,
        n_neurons: int = 8,
        *,
        beta: float = 1.5,
        code: Literal["latency", "rate"] = "latency",
        steps_per_frame: int = 16,
        max_rate: float = 0.8,
        value_range: tuple[float, float] | None = None,
        dt_ms: float = 1.0,
    ) -> None:
        self.n_neurons = n_neurons
        self.beta = beta
        self.code = code
        self.steps_per_frame = steps_per_frame
        self.max_rate = max_rate
        self.value_range = value_range
        self.dt_ms = dt_ms

    def responses(self, frames: Floats) -> Floats:
        """Response of each neuron, 0 to 1: [frame, neuron, input] of frames [frame, input]."""
        spacing = 1 / (self.n_neurons - 2)
        centres = (np.arange(self.n_neurons) - 0.5) * spacing  # of the range 0 to 1
        distance = (self._unit(frames)[:, None] - centres[:, None]) / spacing
        response: Floats = np.exp(-((self.beta * distance) ** 2) / 2)
        return response

    def _check(self) -> None:
        super()._check()
        require(self, "n_neurons", is_whole(self.n_neurons, 3, 10_000), "3 to 10,000")
        require(self, "beta", is_number(self.beta, above=0, most=1e6), "a positive number")
        require(self, "code", self.code in ("latency", "rate"), "'latency' or 'rate'")
        require(self, "max_rate", is_number(self.max_rate, above=0, most=1), "above 0, at most 1 spike per step")

    def _parts(self) -> int:
        return self.n_neurons

    def _max_per_step(self) -> float:
        if self.code == "latency":
            return 1 / self.steps_per_frame
        # responses add up to most at a centre; n steps at rate r hold at most n r + 1/2 spikes
        distance = np.arange(-self.n_neurons, self.n_neurons + 1)
        most = float(np.exp(-((self.beta * distance) ** 2) / 2).sum()) / self.n_neurons
        return self.max_rate * min(1.0, most) + 0.5 / self.steps_per_frame + 1e-9

    def _raster(self, frames: Floats, lengths: Ints) -> Bools:
        response, s = self.responses(frames), self.steps_per_frame
        if self.code == "latency":
            return at_step(np.rint(s * (1 - response)), s)
        rate = np.repeat(self.max_rate * response.reshape(len(frames), -1), s, axis=0)
        return regular(rate, lengths * s).reshape(len(frames), s, self.n_neurons, -1)
