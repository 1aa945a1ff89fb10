"""Encoders: real-valued sequences to external spikes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.spikes import SpikeTrains

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RateEncoder:
    """Two channels per input, one that fires more for high values and one for low ones, at regular rates.

    With x standardised by `mean` and `scale`, the channels of an input fire max_rate * clip((1 +- x / span) / 2)
    spikes per step, 0 to 1 inside the clip; a phase accumulator that starts at one half turns rates into spikes,
    so the code is deterministic.  Channels: first all "high", then all "low".

    At most max_rate spikes per step and pair of channels leave the encoder, max_rate * 1000 / dt_ms per second.
    """

    mean: Floats  # [input]
    scale: Floats  # [input]
    steps_per_frame: int
    span: float  # standard deviations that map to the full rate
    max_rate: float  # spikes per step

    @staticmethod
    def fit(
        sequences: Sequence[Floats], steps_per_frame: int = 16, span: float = 1.5, max_rate: float = 0.8
    ) -> "RateEncoder":
        """Standardise on `sequences` (training data only), each of shape (frames, inputs).

        Raises:
            RunError: a setting is out of range.
        """
        if steps_per_frame < 1 or not 0 < span < np.inf or not 0 < max_rate <= 1:
            raise RunError(
                f"encoder: steps_per_frame {steps_per_frame} (at least 1), span {span} (positive), "
                f"max_rate {max_rate} (above 0, at most 1) do not make a code"
            )
        frames = np.concatenate(list(sequences))
        scale = frames.std(axis=0)
        return RateEncoder(frames.mean(axis=0), np.where(scale > 0, scale, 1.0), steps_per_frame, span, max_rate)

    @property
    def channels(self) -> int:
        """External spike channels."""
        return 2 * len(self.mean)

    def encode(self, sequences: Sequence[Floats]) -> SpikeTrains:
        """Spikes of each sequence, steps_per_frame steps for each of its frames."""
        samples, steps = [], []
        for frames in sequences:
            x = (frames - self.mean) / self.scale / self.span
            share = np.clip((1 + np.concatenate([x, -x], axis=1)) / 2, 0, 1)
            rate = np.repeat(self.max_rate * share, self.steps_per_frame, axis=0)  # [step, channel]
            phase = np.floor(0.5 + np.cumsum(rate, axis=0) + 1e-9)
            samples.append(np.argwhere(np.diff(phase, axis=0, prepend=0) > 0))
            steps.append(len(rate))
        return SpikeTrains.from_samples(samples, steps)
