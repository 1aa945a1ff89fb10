"""Beat-to-beat intervals of the MIT-BIH Atrial Fibrillation Database, cut into windows that are fibrillation or not.

The database (Moody and Mark 1983; PhysioNet, https://doi.org/10.13026/C2MW2D, Open Data Commons Attribution 1.0) holds
25 recordings of about ten hours at 250 samples a second.  Its beats (.qrs) were found by a program and not corrected;
its rhythms (.atr) were marked by hand.  An interval gets the rhythm that holds at the beat which ends it.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler.npz import read_arrays
from neurosim.numbers import is_whole

NORMAL, FIBRILLATION, FLUTTER, JUNCTIONAL, UNLABELLED = 0, 1, 2, 3, 9
RHYTHM_OF_NOTE = {"(N": NORMAL, "(AFIB": FIBRILLATION, "(AFL": FLUTTER, "(J": JUNCTIONAL}  # PhysioNet's marks
WITHOUT_ECG = ("00735", "03665")  # their ECG is lost, so that no one can check their beats: usually left out
SAMPLES_PER_SECOND = 250.0  # of the database, where an annotation file does not say


@dataclass(frozen=True, eq=False)
class RhythmRecord:
    """The beats of one patient."""

    name: str
    rr_ms: npt.NDArray[np.float64]  # [beat], interval that the beat ends
    rhythm: npt.NDArray[np.int64]  # [beat], NORMAL, FIBRILLATION, FLUTTER, JUNCTIONAL or UNLABELLED


class RhythmWindows(NamedTuple):
    """Windows of equal length, in the order of records and time."""

    rr_ms: npt.NDArray[np.float64]  # [window, beat]
    is_af: npt.NDArray[np.int64]  # [window], 1 where more than half of the beats are fibrillation
    record: npt.NDArray[np.str_]  # [window], name of the record: the group of a patient-disjoint split


def load_afdb(path: str | Path, leave_out: Sequence[str] = WITHOUT_ECG) -> tuple[RhythmRecord, ...]:
    """Read the database, sorted by the names of records.

    Args:
        path: the folder of PhysioNet's files (each record NAME as NAME.qrs and NAME.atr; the ECG is not needed), which
            the package `wfdb` reads; or an .npz file with arrays `rr_NAME` (ms) and `y_NAME` (rhythm, coded as above).
        leave_out: names of records that are passed over.

    Raises:
        RunError: nothing is found at `path`, a file is damaged or contradicts itself, or `wfdb` is not installed.
    """
    path = Path(path)
    records = _from_folder(path, leave_out) if path.is_dir() else _from_npz(path, leave_out)
    if not records:
        raise RunError(
            f"{path} holds no record: a folder with NAME.qrs and NAME.atr of each, or an .npz file with rr_NAME and "
            "y_NAME, is needed (PhysioNet's AFDB is at https://physionet.org/content/afdb/)"
        )
    return records


def windows(records: Sequence[RhythmRecord], beats: int = 30) -> RhythmWindows:
    """Cut each record into windows of `beats` beats, end to end; what is left at the end of a record is dropped.

    Every other rhythm (normal, flutter, junctional, unlabelled) counts as "not fibrillation".

    Raises:
        RunError: `beats` is not a whole number of at least 1, or no record is that long.
    """
    if not is_whole(beats, 1):
        raise RunError(f"beats is {beats!r}, but a window needs a whole number of beats, at least 1")
    counts = [len(record.rr_ms) // beats for record in records]
    if sum(counts) == 0:
        longest = max((len(record.rr_ms) for record in records), default=0)
        raise RunError(f"no record holds a window of {beats:,} beats: the longest has {longest:,}, choose fewer beats")
    rr_ms = [record.rr_ms[: n * beats].reshape(n, beats) for record, n in zip(records, counts, strict=True)]
    rhythm = [record.rhythm[: n * beats].reshape(n, beats) for record, n in zip(records, counts, strict=True)]
    fibrillating = (np.concatenate(rhythm) == FIBRILLATION).sum(axis=1)
    names = np.repeat(np.array([record.name for record in records], np.str_), counts)
    return RhythmWindows(np.concatenate(rr_ms), (2 * fibrillating > beats).astype(np.int64), names)


def relative_changes(rr_ms: npt.NDArray[np.float64], share: float = 0.2) -> npt.NDArray[np.float64]:
    """What makes a rhythm irregular, relative to its own pace: [window, beat, 2], for an encoder of values.

    First the change from the beat before, then the deviation from the running mean of the beats before, each divided by
    that mean.  The mean is exponential, begins at the window's first interval and looks at nothing ahead.

    Args:
        rr_ms: [window, beat].
        share: of a new beat in the running mean.

    Raises:
        RunError: an interval is not positive, or the share is not between 0 and 1.
    """
    rr = np.asarray(rr_ms, np.float64)
    if rr.ndim != 2 or not (np.isfinite(rr) & (rr > 0)).all() or not 0 < share <= 1:
        raise RunError(
            f"intervals of shape {rr.shape} with share {share}: needed are positive ones [window, beat], and a share "
            "above 0, at most 1"
        )
    mean = np.empty_like(rr)
    running = rr[:, 0].copy()
    for beat in range(rr.shape[1]):
        mean[:, beat] = running
        running += share * (rr[:, beat] - running)
    return np.stack([np.diff(rr, axis=1, prepend=rr[:, :1]) / mean, (rr - mean) / mean], axis=2)


def _from_npz(path: Path, leave_out: Sequence[str]) -> tuple[RhythmRecord, ...]:
    arrays = read_arrays(path, RunError)
    names = sorted(name.removeprefix("rr_") for name in arrays if name.startswith("rr_"))
    return tuple(
        _record(name, arrays[f"rr_{name}"], arrays.get(f"y_{name}"), f"{path}: record {name}")
        for name in names
        if name not in leave_out
    )


def _record(name: str, rr_ms: npt.NDArray[Any], rhythm: npt.NDArray[Any] | None, where: str) -> RhythmRecord:
    if rhythm is None:
        raise RunError(f"{where} has intervals (rr_{name}), but no rhythm (y_{name})")
    if rr_ms.ndim != 1 or rr_ms.shape != rhythm.shape:
        raise RunError(f"{where} has intervals of shape {rr_ms.shape} and rhythms of {rhythm.shape}: one for each beat")
    if rhythm.dtype.kind not in "iu":
        raise RunError(f"{where} has rhythms of type {rhythm.dtype}, but whole numbers are needed")
    intervals = rr_ms.astype(np.float64)
    wrong = ~(np.isfinite(intervals) & (intervals > 0))
    if wrong.any():
        beat = int(wrong.argmax())
        raise RunError(f"{where} has an interval of {intervals[beat]:g} ms at beat {beat:,}: they must be above 0 ms")
    return RhythmRecord(name, intervals, rhythm.astype(np.int64))


def _from_folder(folder: Path, leave_out: Sequence[str]) -> tuple[RhythmRecord, ...]:
    names = sorted(file.stem for file in folder.glob("*.qrs") if file.with_suffix(".atr").is_file())
    names = [name for name in names if name not in leave_out]
    return tuple(_from_annotations(_wfdb(), folder / name) for name in names)


def _from_annotations(wfdb: Any, stem: Path) -> RhythmRecord:
    beats, marks = _annotations(wfdb, stem, "qrs"), _annotations(wfdb, stem, "atr")
    at = np.asarray(beats.sample, np.int64)
    notes = [str(note).strip("\0 \n") for note in marks.aux_note]
    changes = [i for i, note in enumerate(notes) if note.startswith("(")]
    if len(at) < 2 or not changes:
        raise RunError(
            f"{stem} has {len(at):,} beats (.qrs) and {len(changes):,} rhythm marks (.atr), but at least 2 and 1 are "
            "needed: copy both files from PhysioNet again"
        )
    rr_ms = np.diff(at) * 1000.0 / float(beats.fs or marks.fs or SAMPLES_PER_SECOND)
    begins = np.asarray(marks.sample, np.int64)[changes]
    codes = np.array([UNLABELLED, *(RHYTHM_OF_NOTE.get(notes[i], UNLABELLED) for i in changes)], np.int64)
    rhythm = codes[np.searchsorted(begins, at[1:], side="right")]
    return _record(stem.name, rr_ms, rhythm, str(stem))


def _annotations(wfdb: Any, stem: Path, extension: str) -> Any:
    try:
        return wfdb.rdann(str(stem), extension)
    except Exception as error:  # what wfdb raises at a damaged file is numpy's, struct's or its own, as it falls
        raise RunError(f"cannot read {stem}.{extension} ({error}): copy it from PhysioNet again") from error


def _wfdb() -> Any:
    try:
        return importlib.import_module("wfdb")
    except ImportError as error:
        raise RunError("PhysioNet's annotation files are read by the package wfdb: pip install wfdb") from error
