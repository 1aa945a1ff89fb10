"""Mel bands: sound to sequences of logarithmic band energies, as an ear's cochlea might give them.

Frames of sound are windowed (Hann), their power spectrum |FFT|^2 / sum(window^2) is weighted by triangles, and the
natural logarithm of each band's energy is taken.  The triangles' corners lie evenly on the mel scale,
mel = 2595 log10(1 + f / 700 Hz) (O'Shaughnessy 1987; the formula of the HTK book, Young et al. 2006): band b
rises from corner b to its peak of 1 at corner b + 1 and falls to corner b + 2.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from chips import RunError
from neurosim.encoders.parameters import is_number, require
from neurosim.numbers import is_whole
from neurosim.sequences import Floats

_TYPES = [np.dtype(name) for name in ("int8", "int16", "int32", "float16", "float32", "float64")]
BLOCK = 1024  # frames that are looked at together, which bounds memory
FLOOR = 2.0**-30 / 12  # added to energies: the power of rounding to 16 bits, so that silence has a logarithm


class MelBands(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Recordings (one-dimensional arrays) to a list of (frames, bands); a stateless transformer.

    Frame f covers the sound from f * hop_ms on; what does not fill a last frame is left out, and a recording shorter
    than a frame is filled up with silence.  Whole numbers of b bits are divided by 2^(b - 1); floats stay as they are.
    Put an encoder after it: make_pipeline(MelBands(), RateEncoder()).

    Args:
        sample_rate_hz: of the recordings.
        n_bands: mel bands.
        frame_ms: length of a frame.
        hop_ms: from frame to frame.
        fmin_hz: lower corner of the first band.
        fmax_hz: upper corner of the last band, at most half the sample rate, which None means.
    """

    def __init__(
        self,
        sample_rate_hz: float = 8000.0,
        *,
        n_bands: int = 20,
        frame_ms: float = 25.0,
        hop_ms: float = 10.0,
        fmin_hz: float = 0.0,
        fmax_hz: float | None = None,
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.n_bands = n_bands
        self.frame_ms = frame_ms
        self.hop_ms = hop_ms
        self.fmin_hz = fmin_hz
        self.fmax_hz = fmax_hz

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the settings and the recordings; nothing is learned.

        Raises:
            RunError: a setting is out of range, or a recording is empty or no sound.
        """
        self.filter_bank()
        _recordings(X)
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> list[Floats]:
        """Logarithmic energies (frames, bands) of each recording in `X`: a list of arrays, or (recordings, samples).

        Raises:
            RunError: as `fit`.
        """
        bank = self.filter_bank().T
        length, hop = self._samples(self.frame_ms), self._samples(self.hop_ms)
        window = np.hanning(length + 1)[:-1]
        window /= np.sqrt((window**2).sum())
        return [_log_energies(sound, window, hop, bank) for sound in _recordings(X)]

    def filter_bank(self) -> Floats:
        """Weights [band, frequency] of the power spectrum, frequencies from 0 to half the sample rate.

        Raises:
            RunError: a setting is out of range, or a band is so narrow that no frequency falls into it.
        """
        self._check()
        n_fft = 1 << (self._samples(self.frame_ms) - 1).bit_length()
        frequency_hz = np.fft.rfftfreq(n_fft, 1 / self.sample_rate_hz)
        low, peak, high = (self.corners_hz()[i : self.n_bands + i, None] for i in range(3))
        bank: Floats = np.clip(
            np.minimum((frequency_hz - low) / (peak - low), (high - frequency_hz) / (high - peak)), 0, 1
        )
        if not bank.any(axis=1).all():
            b = int((~bank.any(axis=1)).argmax())
            raise RunError(
                f"MelBands: band {b} ({low[b, 0]:.0f} to {high[b, 0]:.0f} Hz) lies between the frequencies of the "
                f"spectrum, which are {frequency_hz[1]:.1f} Hz apart: use fewer than {self.n_bands} bands (n_bands) or "
                f"longer frames than {self.frame_ms} ms (frame_ms)"
            )
        return bank

    def corners_hz(self) -> Floats:
        """Corners of the triangles, n_bands + 2 of them; the peak of band b is corner b + 1."""
        self._check()
        low, high = (float(hz_to_mel(end)) for end in (self.fmin_hz, self._fmax_hz()))
        return mel_to_hz(np.linspace(low, high, self.n_bands + 2))

    def __sklearn_tags__(self) -> Any:
        """Nothing is learned."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.one_d_array = True
        return tags

    def _fmax_hz(self) -> float:
        return self.sample_rate_hz / 2 if self.fmax_hz is None else self.fmax_hz

    def _samples(self, ms: float) -> int:
        return round(ms * self.sample_rate_hz / 1000)

    def _check(self) -> None:
        rate = self.sample_rate_hz
        require(self, "sample_rate_hz", is_number(rate, above=0, most=1e9), "a positive number, at most 1e9")
        require(self, "n_bands", is_whole(self.n_bands, 1, 10_000), "1 to 10,000")
        for name in ("frame_ms", "hop_ms"):
            ms = getattr(self, name)
            long_enough = is_number(ms, above=0) and 1 <= ms * rate / 1000 <= 10_000_000
            require(self, name, long_enough, f"at least one sample ({1000 / rate:g} ms), at most ten million")
        require(self, "frame_ms", self._samples(self.frame_ms) >= 4, f"at least 4 samples ({4000 / rate:g} ms)")
        half = rate / 2
        top = self.fmax_hz is None or is_number(self.fmax_hz, above=0, most=half)
        require(self, "fmax_hz", top, f"None, or above 0 and at most {half:g}, half the sample rate")
        bottom = is_number(self.fmin_hz) and 0 <= self.fmin_hz < self._fmax_hz()
        require(self, "fmin_hz", bottom, f"0 to below {self._fmax_hz():g}, where the last band ends")


def hz_to_mel(hz: npt.ArrayLike) -> Floats:
    """Mel of a frequency: 2595 log10(1 + f / 700)."""
    return 2595 * np.log10(1 + np.asarray(hz, np.float64) / 700)


def mel_to_hz(mel: npt.ArrayLike) -> Floats:
    """The inverse of `hz_to_mel`."""
    return 700 * (10 ** (np.asarray(mel, np.float64) / 2595) - 1)


def _log_energies(sound: Floats, window: Floats, hop: int, bank: Floats) -> Floats:
    """Logarithmic energies [frame, band] of one sound; `bank` is [frequency, band]."""
    padded = np.pad(sound, (0, max(0, len(window) - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(window))[::hop]
    energies = np.empty((len(frames), bank.shape[1]))
    for part in (slice(k, k + BLOCK) for k in range(0, len(frames), BLOCK)):
        power = np.abs(np.fft.rfft(frames[part] * window, 2 * (len(bank) - 1))) ** 2
        energies[part] = np.log(power @ bank + FLOOR)
    return energies


def _recordings(X: Any) -> list[Floats]:
    """Sounds as floats; whole numbers become -1 to 1."""
    if not isinstance(X, (list, tuple)) and not (isinstance(X, np.ndarray) and (X.ndim == 2 or X.dtype == object)):
        raise RunError("X is no list of recordings: give a list of one-dimensional arrays, [sound] for one")
    if len(X) == 0:
        raise RunError("X holds no recordings, but at least one is needed")
    return [_sound(x, i) for i, x in enumerate(X)]


def _sound(x: Any, i: int) -> Floats:
    try:
        sound = np.asarray(x)
    except ValueError:
        sound = np.array("ragged")
    if sound.dtype not in _TYPES or sound.ndim != 1:
        raise RunError(
            f"recording {i} of X has shape {sound.shape} and type {sound.dtype}, but one channel of floats "
            "or of signed whole numbers of 8, 16 or 32 bits is needed: mix channels down with x.mean(axis=1)"
        )
    if len(sound) == 0:
        raise RunError(f"recording {i} of X is empty: leave it out")
    scale = 2.0 ** (8 * sound.dtype.itemsize - 1) if sound.dtype.kind == "i" else 1.0
    if not (np.abs(sound.astype(np.float64)) <= 1e100).all():
        raise RunError(f"recording {i} of X holds numbers that are not finite: cut them out")
    return sound.astype(np.float64) / scale
