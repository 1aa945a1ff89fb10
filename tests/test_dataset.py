"""Data sets: what a file must hold, and what is said when it does not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chips import RunError
from neurosim.recordings.dataset import load_dataset

GOOD: dict[str, Any] = {
    "values": np.arange(12, dtype=np.int32).reshape(6, 2),
    "scale": np.array(10),
    "length": np.array([1, 2, 3]),
    "label": np.array([1, 2, 1]),
    "is_test": np.array([False, False, True]),
}


def test_sequences_and_split(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", **GOOD)
    data = load_dataset(tmp_path / "data.npz")
    assert [x.shape for x in data.sequences] == [(1, 2), (2, 2), (3, 2)]
    assert data.sequences[1] == pytest.approx(np.array([[0.2, 0.3], [0.4, 0.5]]))
    assert len(data.training) == 2


def test_whole_numbers_may_be_stored_as_floats(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", **GOOD | {"label": np.array([1.0, 2.0, 1.0]), "is_test": np.array([0, 0, 1])})
    data = load_dataset(tmp_path / "data.npz")
    assert data.label.tolist() == [1, 2, 1]
    assert data.is_test.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": None}, "no array 'values'"),
        ({"length": np.array([1, 2, 4])}, "do not add up"),
        ({"length": np.array([0, 3, 3])}, "do not add up"),
        ({"label": np.array([1, 2])}, "differ"),
        ({"label": np.array([1, 1, 2])}, "one label only"),
        ({"label": np.array(["up", "down", "up"])}, "'label' is of type <U4, but only numbers .* whole numbers by"),
        ({"label": np.array([0.2, 0.7, 0.2])}, "label .* whole numbers .*: number the classes"),
        ({"label": np.array([1, np.nan, 2])}, "label .* whole numbers"),
        ({"label": np.array([[1], [2], [1]])}, "label has 2 dimensions"),
        ({"label": np.array(["a", None, 1], dtype=object)}, "'label' is of type object"),
        ({"length": np.array([1.5, 1.5, 3])}, r"length .* whole numbers \[sample\]$"),
        ({"values": np.arange(6)}, r"values has 1 dimensions of int\d+, but needs to be numbers \[frame, input\]"),
        ({"values": np.zeros((3, 2, 1))}, "values has 3 dimensions"),
        ({"values": np.full((6, 2), "a")}, "'values' is of type <U1"),
        ({"is_test": np.array(["no", "no", "yes"])}, "'is_test' is of type <U3"),
        ({"is_test": np.array([0, 0, 2])}, "True or False"),
        ({"is_test": np.array([True, True, True])}, "is_test"),
        ({"values": np.full((6, 2), np.nan)}, "not finite"),
    ],
)
def test_faulty_files_are_refused(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    arrays = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(RunError, match=words):
        load_dataset(tmp_path / "data.npz")
