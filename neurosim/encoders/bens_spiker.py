"""Ben's Spiker Algorithm (BSA): spikes whose convolution with a filter gives the signal back.

Schrauwen and Van Campenhout 2003 (BSA, a fast and accurate spike train encoding scheme): in each step t, a spike is
made if taking the filter h off the signal that lies ahead makes it smaller by at least a threshold,

    sum_j |s[t + j]| - sum_j |s[t + j] - h[j]| >= threshold,

and then h is taken off.  The signal is the input as 0 to 1 over its range, held for the steps of a frame; sums end with
the sample.  h adds up to 1, so a channel that fires in every step says 1.
"""

from typing import Any

import numpy as np
from scipy.signal import lfilter

from chips import RunError
from neurosim.encoders.base import Bools, Ints, split, starts
from neurosim.encoders.parameters import is_number, require
from neurosim.encoders.ranges import RangeEncoder
from neurosim.encoders.sequential_kernel import bens_spiker
from neurosim.sequences import Floats
from neurosim.spikes import SpikeTrains

N_TAPS = 24  # of the filter where none is given


class BSAEncoder(RangeEncoder):
    """Ben's Spiker Algorithm, one channel per input, at most one spike a step.

    A spike is decided on the steps that the filter covers ahead, so a coder that works live is late by its length.

    Args:
        fir: taps of the filter, adding up to more than 0 (they are scaled to 1); None takes a Hann window of 24.
        threshold: improvement that a spike must bring, 0 to below 1 (0.955 in the paper; where frames last many steps,
            a little less follows a sine more closely).
        steps_per_frame: steps that a frame lasts.
        value_range: (low, high) in units of the inputs, or None for the training data's own range of each input.
        dt_ms: length of a step.
    """

    def __init__(
        self,
        fir: Any = None,
        *,
        threshold: float = 0.9,
        steps_per_frame: int = 16,
        value_range: tuple[float, float] | None = None,
        dt_ms: float = 1.0,
    ) -> None:
        self.fir = fir
        self.threshold = threshold
        self.steps_per_frame = steps_per_frame
        self.value_range = value_range
        self.dt_ms = dt_ms

    def decode(self, trains: SpikeTrains) -> list[Floats]:
        """Values (frames, inputs) of each sample: spikes through the filter, mean of the steps of a frame.

        Raises:
            NotFittedError: the encoder was not fitted.
            RunError: the trains are not of this encoder.
        """
        raster, lengths = self._raster_of(trains)
        spikes = raster.reshape(-1, self.n_features_in_).astype(np.float64)
        signal = [lfilter(self._taps(), [1.0], x, axis=0) for x in split(spikes, lengths * self.steps_per_frame)]
        frames = np.concatenate(signal).reshape(len(raster), self.steps_per_frame, -1).mean(axis=1)
        return split(self._from_unit(frames), lengths)

    def _taps(self) -> Floats:
        taps: Floats = np.hanning(N_TAPS + 2)[1:-1] if self.fir is None else np.asarray(self.fir, np.float64)
        return taps / float(taps.sum())

    def _check(self) -> None:
        super()._check()
        require(self, "threshold", is_number(self.threshold) and 0 <= self.threshold < 1, "0 to below 1")
        if self.fir is None:
            return
        try:
            taps = np.asarray(self.fir, np.float64)
        except (TypeError, ValueError):
            raise RunError("BSAEncoder: fir is not a list of numbers") from None
        if taps.ndim != 1 or not np.isfinite(taps).all() or not taps.sum() > 1e-6 * np.abs(taps).sum():
            raise RunError(
                f"BSAEncoder: fir has shape {taps.shape} and adds up to {taps.sum():g}, but must be a list of finite "
                "taps that add up to more than 0 (a low-pass, as scipy.signal.firwin makes)"
            )

    def _parts(self) -> int:
        return 1

    def _max_per_step(self) -> float:
        return 1.0

    def _raster(self, frames: Floats, lengths: Ints) -> Bools:
        signal = np.repeat(self._unit(frames), self.steps_per_frame, axis=0)
        steps = lengths * self.steps_per_frame
        begin = starts(steps)
        spikes: Bools = bens_spiker(signal, begin, begin + steps, self._taps(), self.threshold)
        return spikes.reshape(len(frames), self.steps_per_frame, 1, -1)
