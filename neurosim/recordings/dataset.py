"""Labelled sequences of different length, with a fixed split into training and test."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler.npz import read_arrays


@dataclass(frozen=True, eq=False)
class Dataset:
    """Sequences of shape (frames, inputs) with a class each."""

    sequences: list[npt.NDArray[np.float64]]
    label: npt.NDArray[np.int64]  # [sample]
    is_test: npt.NDArray[np.bool_]  # [sample]

    @property
    def n_inputs(self) -> int:
        """Values in a frame."""
        return int(self.sequences[0].shape[1])

    @property
    def training(self) -> list[npt.NDArray[np.float64]]:
        """Sequences of the training part."""
        return [x for x, test in zip(self.sequences, self.is_test, strict=True) if not test]


def load_dataset(path: str | Path) -> Dataset:
    """Read an .npz file with arrays `values` [frame, input], `length` [sample] in frames, `label` and `is_test`.

    Integer `values` are divided by the array `scale` (one number), if there is one.  Sound has one input, and its
    samples as frames.

    Raises:
        RunError: the file is missing, damaged, an array is of another kind or shape, or arrays contradict each other.
    """
    arrays = read_arrays(path, RunError)
    for name in ("values", "length", "label", "is_test"):
        if name not in arrays:
            raise RunError(f"{path} has no array {name!r}: a data set holds values, length, label and is_test")
    values, length, is_test = arrays["values"], _whole(path, arrays, "length"), _marks(path, arrays["is_test"])
    label = _whole(path, arrays, "label")
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise RunError(
            f"{path}: values has {values.ndim} dimensions of {values.dtype}, but needs to be numbers [frame, input]: "
            "put the frames of all samples one below the other, one row a frame, and their numbers in length"
        )
    if len(length) == 0 or length.min() < 1 or int(length.sum()) != len(values):
        raise RunError(f"{path}: the lengths of the samples do not add up to the {len(values):,} frames of values")
    if not len(length) == len(label) == len(is_test):
        raise RunError(f"{path}: {len(length):,} lengths, {len(label):,} labels, {len(is_test):,} split marks differ")
    if is_test.all() or not is_test.any():
        raise RunError(f"{path}: is_test must mark some samples as test and leave some for training")
    if len(np.unique(label[~is_test])) < 2:
        raise RunError(f"{path}: the training samples have one label only, so there is nothing to learn")
    strange = ~np.isin(label, label[~is_test])
    if strange.any():
        raise RunError(
            f"{path}: {strange.sum():,} of the {is_test.sum():,} test samples have a label that no training sample "
            f"has, as {label[strange][0]}, so no readout could give it: leave some samples of each label for training"
        )
    scaled = values.astype(np.float64) / float(arrays["scale"].item() if "scale" in arrays else 1)
    if not np.isfinite(scaled).all():
        raise RunError(f"{path}: values holds numbers that are not finite")
    ends = np.cumsum(length.astype(np.int64))
    return Dataset(np.split(scaled, ends[:-1]), label, is_test)


def _whole(path: str | Path, arrays: Mapping[str, npt.NDArray[Any]], name: str) -> npt.NDArray[np.int64]:
    """An array of one whole number a sample."""
    given = arrays[name]
    if given.ndim == 1 and given.dtype.kind in "biu":
        return given.astype(np.int64)
    if given.ndim == 1 and given.dtype.kind == "f" and np.isfinite(given).all() and (given == np.round(given)).all():
        return given.astype(np.int64)
    raise RunError(
        f"{path}: {name} has {given.ndim} dimensions of {given.dtype}, but needs to be whole numbers [sample]"
        + (": number the classes, as np.unique(label, return_inverse=True)[1] does" if name == "label" else "")
    )


def _marks(path: str | Path, given: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if given.ndim != 1 or given.dtype.kind not in "biuf" or not np.isin(given, (0, 1)).all():
        raise RunError(
            f"{path}: is_test has {given.ndim} dimensions of {given.dtype}, but needs to be True or False (1 or 0) "
            "[sample]"
        )
    return given.astype(np.bool_)
