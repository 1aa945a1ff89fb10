"""Spoken digits: the Free Spoken Digit Dataset (FSDD), read from a clone of its repository or from one .npz file.

Zakary Jackson and others, https://github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0: ten English digits,
fifty recordings of each by each of six speakers, 8 kHz, trimmed to the word.  Its README makes recordings 0 to 4 of
each digit and speaker the test part.  Nothing is downloaded here.
"""

import re
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError

N_TEST = 5  # recordings of each digit and speaker, from index 0
MAX_RECORDINGS = 1_000_000
MAX_BYTES = 2 * 2**30  # of all audio: forty times more than the collection holds in 2023
_NAME = re.compile(r"(\d)_([A-Za-z][\w-]{0,63})_(\d{1,6})\.wav", re.ASCII)
_ARRAYS = ("audio", "offset", "digit", "speaker", "index", "sample_rate_hz")


@dataclass(frozen=True, eq=False)
class SpokenDigits:
    """Recordings of single words, sorted by digit, speaker and index if they come from a folder."""

    audio: list[npt.NDArray[np.int16]]  # [recording][sample]
    digit: npt.NDArray[np.int64]  # [recording], 0 to 9
    speaker: npt.NDArray[np.str_]  # [recording]
    index: npt.NDArray[np.int64]  # [recording], of the same digit by the same speaker
    sample_rate_hz: int

    def __len__(self) -> int:
        """How many recordings."""
        return len(self.audio)

    @property
    def is_test(self) -> npt.NDArray[np.bool_]:
        """The official split: index 0 to 4 is test, shape (recordings,)."""
        return self.index < N_TEST

    @property
    def speaker_number(self) -> npt.NDArray[np.int64]:
        """Speakers numbered in alphabetical order, shape (recordings,): the groups of a leave-one-speaker-out split."""
        return np.unique(self.speaker, return_inverse=True)[1].astype(np.int64)


def load_fsdd(path: str | Path) -> SpokenDigits:
    """Read the Free Spoken Digit Dataset.

    Args:
        path: a clone of the repository, its folder `recordings` of files `{digit}_{speaker}_{index}.wav`, or an .npz
            file with arrays `audio` (int16, recordings end to end), `offset` (recording i is
            audio[offset[i]:offset[i + 1]]), `digit`, `speaker`, `index` and `sample_rate_hz`.

    Raises:
        RunError: nothing is there, a file is damaged, not 16-bit mono, of another sampling rate than the others, too
            large, or named otherwise.
    """
    path = Path(path)
    if "\0" in str(path):
        raise RunError(f"cannot read {str(path)!r}: the path holds a NUL character")
    try:
        return _from_folder(path) if path.is_dir() else _from_npz(path)
    except OSError as problem:
        raise RunError(f"cannot read {problem.filename or path}: {problem.strerror or problem}") from problem


def _from_folder(path: Path) -> SpokenDigits:
    folder = path / "recordings" if (path / "recordings").is_dir() else path
    files = sorted(folder.glob("*.wav"))
    if not files:
        raise RunError(
            f"{folder} holds no .wav files: give a clone of the Free Spoken Digit Dataset, or its folder `recordings`"
        )
    if len(files) > MAX_RECORDINGS:
        raise RunError(f"{folder} holds {len(files):,} .wav files, but at most {MAX_RECORDINGS:,} are read")
    n_bytes = sum(file.stat().st_size for file in files)
    if n_bytes > MAX_BYTES:
        raise RunError(f"{folder} holds {n_bytes:,} bytes of .wav files, but at most {MAX_BYTES:,} are read")
    named = sorted(
        (int(digit), speaker, int(index), file) for file in files for digit, speaker, index in [_parts(file)]
    )
    rates, audio = zip(*(_read_wav(file) for *_, file in named), strict=True)
    for rate, (*_, file) in zip(rates, named, strict=True):
        if rate != rates[0]:
            raise RunError(f"{file} has {rate:,} samples a second, but {named[0][3].name} has {rates[0]:,}")
    digit, speaker, index = (np.array([row[i] for row in named]) for i in range(3))
    return _checked(SpokenDigits(list(audio), digit, speaker, index, rates[0]), folder)


def _parts(file: Path) -> tuple[str, str, str]:
    match = _NAME.fullmatch(file.name)
    if match is None:
        raise RunError(f"{file} is not named {{digit}}_{{speaker}}_{{index}}.wav: move it out of the folder")
    return match[1], match[2], match[3]


def _read_wav(file: Path) -> tuple[int, npt.NDArray[np.int16]]:
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a file cut short is only warned of
            rate, samples = wavfile.read(file)
    except OSError:
        raise
    except Exception as problem:  # struct.error, ValueError, EOFError, WavFileWarning have no common base
        raise RunError(f"{file} is damaged or not a .wav file ({problem}): fetch it again") from problem
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise RunError(f"{file} holds {samples.dtype} of shape {samples.shape}, but 16-bit mono is needed")
    return int(rate), samples


def _from_npz(path: Path) -> SpokenDigits:
    arrays = _read_arrays(path)
    audio, offset, rate = arrays["audio"], arrays["offset"], arrays["sample_rate_hz"]
    if audio.dtype != np.int16 or audio.ndim != 1:
        raise RunError(f"{path}: audio is {audio.dtype} of shape {audio.shape}, but 16-bit mono end to end is needed")
    for name in ("offset", "digit", "index", "sample_rate_hz"):
        if arrays[name].dtype.kind not in "iu":
            raise RunError(f"{path}: {name} is {arrays[name].dtype}, but must be whole numbers")
    if arrays["speaker"].dtype.kind != "U" or rate.size != 1 or offset.ndim != 1 or len(offset) < 2:
        raise RunError(f"{path}: speaker must be text, sample_rate_hz one number, and offset recordings + 1 numbers")
    offset = offset.astype(np.int64)
    if offset[0] != 0 or offset[-1] != len(audio) or (np.diff(offset) < 0).any():
        raise RunError(f"{path}: offset must grow from 0 to the {len(audio):,} samples of audio")
    data = SpokenDigits(
        np.split(audio, offset[1:-1]),
        arrays["digit"].astype(np.int64),
        arrays["speaker"],
        arrays["index"].astype(np.int64),
        int(rate.item()),
    )
    return _checked(data, path)


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz file, text included; no size is believed that its members do not have."""
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
        if total > MAX_BYTES:
            raise RunError(f"{path} unpacks to {total:,} bytes, but at most {MAX_BYTES:,} are read")
        with np.load(path, allow_pickle=False) as members:
            missing = [name for name in _ARRAYS if name not in members.files]
            if missing:
                raise RunError(f"{path} has no array {missing[0]!r}: needed are {', '.join(_ARRAYS)}")
            return {name: members[name] for name in _ARRAYS}
    except (RunError, OSError):
        raise
    except Exception as problem:  # the errors of zipfile, zlib and numpy have no common base
        raise RunError(f"{path} is damaged or not an .npz file ({problem}): make it again") from problem


def _checked(data: SpokenDigits, path: Path) -> SpokenDigits:
    for name in ("digit", "speaker", "index"):
        if getattr(data, name).shape != (len(data),):
            raise RunError(f"{path}: {len(data):,} recordings, but {name} has shape {getattr(data, name).shape}")
    if data.sample_rate_hz < 1:
        raise RunError(f"{path}: {data.sample_rate_hz} samples a second; needed are at least 1")
    empty = [i for i, samples in enumerate(data.audio) if len(samples) == 0]
    if empty:
        i = empty[0]
        raise RunError(f"{path}: the recording {data.digit[i]}_{data.speaker[i]}_{data.index[i]} is empty")
    if data.digit.min() < 0 or data.digit.max() > 9 or data.index.min() < 0:
        raise RunError(f"{path}: digits lie between 0 and 9, and indices count from 0")
    names = Counter(zip(data.digit.tolist(), data.speaker.tolist(), data.index.tolist(), strict=True))
    (digit, speaker, index), times = names.most_common(1)[0]
    if times > 1:
        raise RunError(f"{path}: the recording {digit}_{speaker}_{index} is there {times} times: keep one")
    return data
