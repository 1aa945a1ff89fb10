"""Onset and offset: logarithmic band energies to what a cochlear nucleus would tell, level, rise and fall, causally.

With E the energy in decibels and L the loudest so far in any band (at least `quietest_db`), each band gives three
values between 0 and 1:

    level  x = (E - L + range) / range, clipped
    onset  o = gain (x - m), clipped        m the leaky mean of x over the frames before, time constant tau
    offset f = gain (m - x), clipped

Nothing looks ahead, and nothing is learned; `tail_frames` silent frames after the end give a liquid time to finish.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from neurosim.encoders.parameters import is_number, require
from neurosim.numbers import is_whole
from neurosim.sequences import Floats, as_sequences

DB_PER_NEPER = 10 / np.log(10)


class OnsetOffset(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Band energies (frames, bands), as `MelBands` gives them, to (frames, 3 * bands): all levels, onsets, offsets.

    Args:
        range_db: below the loudest so far, where a level is 0.
        quietest_db: least loudness that L starts from, relative to full scale.
        tau_ms: of the leaky mean.
        hop_ms: from frame to frame.
        gain: of onsets and offsets.
        tail_frames: silent frames added at the end.
    """

    def __init__(
        self,
        range_db: float = 45.0,
        *,
        quietest_db: float = -70.0,
        tau_ms: float = 40.0,
        hop_ms: float = 10.0,
        gain: float = 4.0,
        tail_frames: int = 5,
    ) -> None:
        self.range_db = range_db
        self.quietest_db = quietest_db
        self.tau_ms = tau_ms
        self.hop_ms = hop_ms
        self.gain = gain
        self.tail_frames = tail_frames

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the settings and the sequences; nothing is learned.

        Raises:
            RunError: a setting is out of range, or X is not what `as_sequences` takes.
        """
        self._check()
        self.n_features_in_ = as_sequences(X)[0].shape[1]
        return self

    def transform(self, X: Any) -> list[Floats]:
        """Levels, onsets and offsets of each sequence.

        Raises:
            RunError: as `fit`.
        """
        self._check()
        return [self._one(energies) for energies in as_sequences(X, getattr(self, "n_features_in_", None))]

    def __sklearn_tags__(self) -> Any:
        """Nothing is learned."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        return tags

    def _one(self, energies: Floats) -> Floats:
        decibels = DB_PER_NEPER * energies
        loudest = np.maximum.accumulate(np.maximum(decibels.max(axis=1), self.quietest_db))
        level = np.clip((decibels - loudest[:, None] + self.range_db) / self.range_db, 0, 1)
        silence = np.zeros((self.tail_frames, level.shape[1]))
        level = np.concatenate([level, silence])
        share = 1 - np.exp(-self.hop_ms / self.tau_ms)
        before, mean = np.empty_like(level), np.zeros(level.shape[1])
        for frame, x in enumerate(level):
            before[frame] = mean
            mean = mean + share * (x - mean)
        rise = self.gain * (level - before)
        return np.concatenate([level, np.clip(rise, 0, 1), np.clip(-rise, 0, 1)], axis=1)

    def _check(self) -> None:
        for name in ("range_db", "tau_ms", "hop_ms", "gain"):
            require(self, name, is_number(getattr(self, name), above=0), "a positive number")
        require(self, "quietest_db", is_number(self.quietest_db), "a finite number of decibels")
        require(self, "tail_frames", is_whole(self.tail_frames, 0, 100_000), "0 to 100,000")
