"""Spoken digits: a clone and an .npz file give the same recordings; what is wrong with either is said."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile

from chips import RunError
from neurosim.recordings.spoken_digits import SpokenDigits, load_fsdd

SHARED = Path(__file__).parent.parent.parent / "shared" / "data" / "fsdd.npz"
NAMES = [(7, "theo", 0), (0, "ann", 0), (0, "ann", 10), (0, "ann", 4), (0, "ann", 5)]


def samples(digit: int, index: int) -> Any:
    return np.random.default_rng([digit, index]).integers(-(2**15), 2**15, 20 + digit + index).astype(np.int16)


def write_clone(root: Path) -> Path:
    (root / "recordings").mkdir()
    for digit, speaker, index in NAMES:
        wavfile.write(root / "recordings" / f"{digit}_{speaker}_{index}.wav", 8000, samples(digit, index))
    return root


def arrays() -> dict[str, Any]:
    names = sorted(NAMES)
    audio = [samples(digit, index) for digit, _, index in names]
    return {
        "audio": np.concatenate(audio),
        "offset": np.cumsum([0, *map(len, audio)]),
        "digit": np.array([name[0] for name in names], np.uint8),
        "speaker": np.array([name[1] for name in names]),
        "index": np.array([name[2] for name in names], np.uint8),
        "sample_rate_hz": np.array(8000),
    }


def check(data: SpokenDigits) -> None:
    assert len(data) == len(NAMES)
    assert data.sample_rate_hz == 8000
    found = list(zip(data.digit.tolist(), data.speaker.tolist(), data.index.tolist(), strict=True))
    assert found == sorted(NAMES)
    for (digit, _, index), audio in zip(found, data.audio, strict=True):
        assert audio.dtype == np.int16
        assert np.array_equal(audio, samples(digit, index))
    assert data.is_test.tolist() == [True, True, False, False, True]
    assert data.speaker_number.tolist() == [0, 0, 0, 0, 1]


def test_a_clone_its_folder_and_an_npz_file_give_the_same(tmp_path: Path) -> None:
    clone = write_clone(tmp_path)
    np.savez(tmp_path / "fsdd.npz", **arrays())
    for path in (clone, clone / "recordings", tmp_path / "fsdd.npz", str(clone)):
        check(load_fsdd(path))


@pytest.mark.parametrize(
    ("name", "rate", "audio", "words"),
    [
        ("7_theo_1.wav", 16000, np.zeros(9, np.int16), "7_theo_1.wav has 16,000 samples a second"),
        ("7_theo_1.wav", 8000, np.zeros((9, 2), np.int16), "16-bit mono"),
        ("7_theo_1.wav", 8000, np.zeros(9, np.float32), "16-bit mono"),
        ("7_theo_1.wav", 8000, np.zeros(0, np.int16), "7_theo_1"),
        ("seven.wav", 8000, np.zeros(9, np.int16), "not named"),
        ("12_theo_1.wav", 8000, np.zeros(9, np.int16), "not named"),
        ("7_theo_00.wav", 8000, np.zeros(9, np.int16), "7_theo_0 is there 2 times"),
    ],
)
def test_a_faulty_recording_is_named(tmp_path: Path, name: str, rate: int, audio: Any, words: str) -> None:
    clone = write_clone(tmp_path)
    wavfile.write(clone / "recordings" / name, rate, audio)
    with pytest.raises(RunError, match=words):
        load_fsdd(clone)


@pytest.mark.parametrize("keep", [0, 3, 20, 40, 60])
def test_a_file_cut_short_is_named(tmp_path: Path, keep: int) -> None:
    file = write_clone(tmp_path) / "recordings" / "7_theo_0.wav"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(RunError, match="7_theo_0"):
        load_fsdd(tmp_path)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no \.wav files"):
        load_fsdd(tmp_path)
    with pytest.raises(RunError, match="cannot read"):
        load_fsdd(tmp_path / "absent")
    with pytest.raises(RunError, match="cannot read"):
        load_fsdd("a\0b")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(RunError, match="damaged"):
        load_fsdd(tmp_path / "text.npz")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"audio": None}, "no array 'audio'"),
        ({"audio": np.zeros(9)}, "16-bit mono"),
        ({"offset": np.array([0, 3])}, "offset must grow"),
        ({"offset": np.array([0.5, 3])}, "whole numbers"),
        ({"digit": np.array([1, 2])}, "digit has shape"),
        ({"digit": np.array([0, 0, 0, 0, 10])}, "between 0 and 9"),
        ({"index": np.array([0, 0, 1, 2, 3])}, "0_ann_0 is there 2 times"),
        ({"speaker": np.arange(5)}, "speaker must be text"),
        ({"speaker": np.array(["ann", "ann", "ann", "ann", {}], object)}, "damaged"),
        ({"sample_rate_hz": np.array(0)}, "samples a second"),
    ],
)
def test_faulty_npz_files_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    np.savez(
        tmp_path / "fsdd.npz", **{key: value for key, value in {**arrays(), **changes}.items() if value is not None}
    )
    with pytest.raises(RunError, match=words):
        load_fsdd(tmp_path / "fsdd.npz")


def test_too_much_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "fsdd.npz", **arrays())
    write_clone(tmp_path)
    monkeypatch.setattr("neurosim.recordings.spoken_digits.MAX_BYTES", 100)
    for path in (tmp_path, tmp_path / "fsdd.npz"):
        with pytest.raises(RunError, match="at most 100 are read"):
            load_fsdd(path)


def test_the_collection_has_fifty_of_each() -> None:
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is absent: the recordings are not part of the project")
    data = load_fsdd(SHARED)
    assert len(data) == 3000
    assert data.is_test.sum() == 300
    assert np.bincount(data.digit * 6 + data.speaker_number).tolist() == [50] * 60
