"""Labelled sequences of different length, with a fixed split into training and test."""

from dataclasses import dataclass
from pathlib import Path

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
        RunError: the file is missing, damaged, or its arrays contradict each other.
    """
    arrays = read_arrays(path, RunError)
    for name in ("values", "length", "label", "is_test"):
        if name not in arrays:
            raise RunError(f"{path} has no array {name!r}: a data set holds values, length, label and is_test")
    values, length = arrays["values"], arrays["length"]
    label, is_test = arrays["label"].astype(np.int64), arrays["is_test"].astype(np.bool_)
    if values.ndim != 2 or len(length) == 0 or length.min() < 1 or int(length.sum()) != len(values):
        raise RunError(f"{path}: the lengths of the samples do not add up to the {len(values):,} frames of values")
    if not len(length) == len(label) == len(is_test):
        raise RunError(f"{path}: {len(length):,} lengths, {len(label):,} labels, {len(is_test):,} split marks differ")
    if is_test.all() or not is_test.any():
        raise RunError(f"{path}: is_test must mark some samples as test and leave some for training")
    if len(np.unique(label[~is_test])) < 2:
        raise RunError(f"{path}: the training samples have one label only, so there is nothing to learn")
    scaled = values.astype(np.float64) / float(arrays["scale"].item() if "scale" in arrays else 1)
    if not np.isfinite(scaled).all():
        raise RunError(f"{path}: values holds numbers that are not finite")
    ends = np.cumsum(length.astype(np.int64))
    return Dataset(np.split(scaled, ends[:-1]), label, is_test)
