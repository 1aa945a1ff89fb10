"""Encoder: real-valued sequences to external spikes, as a transformer of scikit-learn.

What all encoders share.  A frame lasts `steps_per_frame` steps of `dt_ms`.  `fit` learns scales from training data
(or only checks it, where nothing is to be learned), `transform` gives `SpikeTrains`; a sample's spikes depend on that
sample, on what was fitted and on the settings, never on the other samples.  Every input has the same number of
channels, called its parts: channel = part * n_inputs + input.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from chips import RunError
from neurosim.encoders.parameters import is_number, require
from neurosim.numbers import is_whole
from neurosim.sequences import Floats, as_sequences
from neurosim.spikes import MAX_STEPS, SpikeTrains

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

MAX_STEPS_PER_FRAME = 10_000
CELLS = 500_000  # steps x channels that are looked at together, which bounds memory


class Encoder(TransformerMixin, BaseEstimator, ABC, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """The base of all encoders; parameters are checked when they are used, as scikit-learn wants it.

    Attributes:
        n_features_in_: inputs of a frame, once fitted.
    """

    steps_per_frame: int
    dt_ms: float
    n_features_in_: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn scales from `X` (training data only; forms as in `as_sequences`); `y` is ignored.

        Raises:
            RunError: a parameter is out of range, or X is not what `as_sequences` takes.
        """
        self._check_all()
        sequences = as_sequences(X)
        self._learn(np.concatenate(sequences), _lengths(sequences))
        self.n_features_in_ = sequences[0].shape[1]
        return self

    def transform(self, X: Any) -> SpikeTrains:
        """Spikes of each sample of `X`, steps_per_frame steps for each of its frames.

        Raises:
            NotFittedError: the encoder has something to learn and was not fitted.
            RunError: as `fit`, or X has other inputs than the encoder was fitted to.
        """
        self._check_all()
        if not self._is_stateless():
            check_is_fitted(self)
        return self._encode(as_sequences(X, getattr(self, "n_features_in_", None)))

    @property
    def n_channels_(self) -> int:
        """External spike channels; NotFittedError before `fit`."""
        check_is_fitted(self)
        return self._parts() * self.n_features_in_

    def spikes_per_second(self, X: Any) -> float:
        """Measured rate: spikes of all samples of `X` / (channels * seconds)."""
        trains = self.transform(X)
        channels = self._parts() * as_sequences(X)[0].shape[1]
        return self._per_second(len(trains.step) / (channels * int(trains.steps.sum())))

    @property
    def max_spikes_per_second(self) -> float:
        """Bound on `spikes_per_second` for any input: mean over channels, in spikes per second."""
        self._check_all()
        return self._per_second(min(1.0, self._max_per_step()))

    def __sklearn_tags__(self) -> Any:
        """Stateless encoders transform without `fit`."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = not self._is_stateless()
        tags.input_tags.three_d_array = True
        return tags

    # What an encoder says of itself

    @abstractmethod
    def _check(self) -> None:
        """Refuse parameters that are out of range."""

    @abstractmethod
    def _parts(self) -> int:
        """Channels of an input."""

    @abstractmethod
    def _max_per_step(self) -> float:
        """Bound on the spikes per channel and step, mean over channels."""

    @abstractmethod
    def _raster(self, frames: Floats, lengths: Ints) -> Bools:
        """Spikes of samples laid end to end: [frame, step in frame, part, input]."""

    def _is_stateless(self) -> bool:
        """Whether nothing is learned from data."""
        return False

    def _learn(self, frames: Floats, lengths: Ints) -> None:
        """Learn from samples laid end to end: [frame, input] and frames of each."""

    # What follows from it

    def _check_all(self) -> None:
        require(self, "steps_per_frame", is_whole(self.steps_per_frame, 1, MAX_STEPS_PER_FRAME), "1 to 10,000")
        require(self, "dt_ms", is_number(self.dt_ms, above=0), "a positive number")
        self._check()

    def _per_second(self, per_step: float) -> float:
        return 1000 * per_step / self.dt_ms

    def _encode(self, sequences: list[Floats]) -> SpikeTrains:
        lengths = _lengths(sequences)
        s, n_inputs = self.steps_per_frame, sequences[0].shape[1]
        if lengths.max() * s > MAX_STEPS:
            raise RunError(
                f"sample {lengths.argmax()} of X lasts {lengths.max() * s:,} steps (frames times steps_per_frame), "
                f"but a run takes {MAX_STEPS:,}: cut the sample, or lower steps_per_frame"
            )
        n_channels = self._parts() * n_inputs
        parts = [
            _events(self._raster(np.concatenate(sequences[begin:end]), lengths[begin:end]), lengths[begin:end] * s)
            for begin, end in _chunks(lengths, CELLS // (s * n_channels))
        ]
        spikes, step, channel = (np.concatenate(of) for of in zip(*parts, strict=True))
        return SpikeTrains(lengths * s, np.concatenate([[0], np.cumsum(spikes)]), step, channel)

    def _raster_of(self, trains: SpikeTrains) -> tuple[Bools, Ints]:
        """The raster [frame, step in frame, part, input] of given trains, and the frames of each sample."""
        s, n_channels = self.steps_per_frame, self.n_channels_
        if (trains.steps % s).any():
            i = int((trains.steps % s).argmax())
            raise RunError(f"sample {i} has {trains.steps[i]:,} steps, which are not frames of {s} steps each")
        if len(trains.channel) and trains.channel.max() >= n_channels:
            raise RunError(f"channel {trains.channel.max():,} is unknown: this encoder has {n_channels:,}")
        raster = np.zeros((int(trains.steps.sum()), n_channels), np.bool_)
        first = np.repeat(starts(trains.steps), np.diff(trains.sample_ptr))
        raster[first + trains.step, trains.channel] = True
        return raster.reshape(-1, s, self._parts(), self.n_features_in_), trains.steps // s


def starts(lengths: Ints) -> Ints:
    """Where each sample begins, of samples laid end to end."""
    return np.cumsum(lengths) - lengths


def changes(frames: Floats, lengths: Ints) -> Floats:
    """Difference of each frame [frame, input] from the one before; 0 in the first frame of a sample."""
    change = np.diff(frames, axis=0, prepend=frames[:1])
    change[starts(lengths)] = 0
    return change


def split(frames: Floats, lengths: Ints) -> list[Floats]:
    """Samples laid end to end, as a list."""
    return np.split(frames, np.cumsum(lengths)[:-1])


def _lengths(sequences: list[Floats]) -> Ints:
    return np.array([len(sequence) for sequence in sequences], np.int64)


def _events(raster: Bools, steps: Ints) -> tuple[Ints, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Spikes of each sample, and step and channel of each spike, in the order that `SpikeTrains` keeps."""
    n_channels = raster.shape[2] * raster.shape[3]
    flat = np.flatnonzero(raster)
    first = starts(steps)
    spikes = np.diff(np.searchsorted(flat, np.append(first, steps.sum()) * n_channels))
    row, channel = np.divmod(flat, n_channels)
    return spikes, (row - np.repeat(first, spikes)).astype(np.int32), channel.astype(np.int32)


def _chunks(lengths: Ints, frames: int) -> Iterator[tuple[int, int]]:
    """Runs of samples, each of about `frames` frames or of one sample: first and last + 1."""
    edges = np.flatnonzero(np.diff(starts(lengths) // max(1, frames))) + 1
    yield from zip([0, *edges.tolist()], [*edges.tolist(), len(lengths)], strict=True)
