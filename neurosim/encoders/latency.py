"""Latency code: one spike per channel and frame, the earlier the larger the value.

With u = 0 to 1 over the range of the input and s steps in a frame, the spike is in step round((1 - u) (s - 1)) of its
frame (time to first spike: Thorpe and Gautrais 1998, Rank order coding).
"""

import numpy as np

from neurosim.encoders.base import Bools, Ints, split
from neurosim.encoders.parameters import require
from neurosim.encoders.ranges import RangeEncoder
from neurosim.numbers import is_whole
from neurosim.sequences import Floats
from neurosim.spikes import SpikeTrains


class LatencyEncoder(RangeEncoder):
    """Time to first spike, one channel per input; each fires 1000 / (steps_per_frame * dt_ms) times a second.

    Args:
        steps_per_frame: steps that a frame lasts, at least 2; the range of an input has as many values.
        value_range: (low, high) in units of the inputs, or None for the training data's own range of each input.
        dt_ms: length of a step.
    """

    def __init__(
        self, steps_per_frame: int = 16, *, value_range: tuple[float, float] | None = None, dt_ms: float = 1.0
    ) -> None:
        self.steps_per_frame = steps_per_frame
        self.value_range = value_range
        self.dt_ms = dt_ms

    def decode(self, trains: SpikeTrains) -> list[Floats]:
        """Values (frames, inputs) of each sample: right to half a step, range / (2 (steps_per_frame - 1)).

        Raises:
            NotFittedError: the encoder was not fitted.
            RunError: the trains are not of this encoder.
        """
        raster, lengths = self._raster_of(trains)
        unit = 1 - raster[:, :, 0].argmax(axis=1) / (self.steps_per_frame - 1)
        return split(self._from_unit(unit), lengths)

    def _check(self) -> None:
        super()._check()
        require(self, "steps_per_frame", is_whole(self.steps_per_frame, 2, 10_000), "2 to 10,000 for a latency")

    def _parts(self) -> int:
        return 1

    def _max_per_step(self) -> float:
        return 1 / self.steps_per_frame

    def _raster(self, frames: Floats, lengths: Ints) -> Bools:
        return at_step(np.rint((1 - self._unit(frames)) * (self.steps_per_frame - 1)), self.steps_per_frame)[:, :, None]


def at_step(step: Floats, steps: int) -> Bools:
    """One spike per frame in the given step [frame, ...], none where it is `steps` or more: [frame, step, ...]."""
    numbers = np.arange(steps).reshape(1, -1, *[1] * (step.ndim - 1))
    fires: Bools = step[:, None] == numbers
    return fires
