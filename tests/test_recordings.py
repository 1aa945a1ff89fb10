"""Recordings: what loaders read is what files hold, and bad files are refused in one sentence."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.recordings.atrial_fibrillation import FIBRILLATION, NORMAL, UNLABELLED, RhythmRecord, load_afdb, windows

AFDB = Path(__file__).parent.parent.parent / "shared" / "data" / "afdb_rr.npz"

# ---------------------------------------------------------------- atrial fibrillation


def _write_folder(folder, name="04015", beats=(100, 300, 550, 700, 950), marks=((250, "(AFIB"), (700, "(N"))):
    wfdb = pytest.importorskip("wfdb", reason="the optional package wfdb is not installed")
    at = np.array(beats)
    wfdb.wrann(name, "qrs", at, ["N"] * len(at), fs=250, write_dir=str(folder))
    begin, notes = zip(*marks, strict=True)
    wfdb.wrann(name, "atr", np.array(begin), ["+"] * len(begin), aux_note=list(notes), fs=250, write_dir=str(folder))


def test_a_folder_of_annotations_is_read_as_it_was_written(tmp_path):
    """Intervals are in ms at 250 samples a second; an interval has the rhythm of the beat that ends it."""
    _write_folder(tmp_path)
    _write_folder(tmp_path, "00735")
    (record,) = ns.load_afdb(tmp_path)
    assert record.name == "04015"
    assert record.rr_ms.tolist() == [800, 1000, 600, 1000]
    assert record.rhythm.tolist() == [FIBRILLATION, FIBRILLATION, NORMAL, NORMAL]
    assert [record.name for record in ns.load_afdb(tmp_path, leave_out=())] == ["00735", "04015"]


def test_beats_before_the_first_mark_and_under_unknown_marks_are_unlabelled(tmp_path):
    _write_folder(tmp_path, marks=((400, "(AFIB"), (600, "(SVTA")))
    (record,) = load_afdb(tmp_path)
    assert record.rhythm.tolist() == [UNLABELLED, FIBRILLATION, UNLABELLED, UNLABELLED]


def test_an_npz_file_is_read_in_the_order_of_names(tmp_path):
    arrays = {"rr_b": np.array([800, 900], np.uint16), "y_b": np.array([0, 1], np.uint8)}
    np.savez(tmp_path / "rr.npz", rr_a=np.array([700.0]), y_a=np.array([9]), **arrays)
    first, second = load_afdb(tmp_path / "rr.npz")
    assert (first.name, first.rr_ms.tolist(), first.rhythm.tolist()) == ("a", [700], [UNLABELLED])
    assert (second.name, second.rr_ms.tolist(), second.rhythm.tolist()) == ("b", [800, 900], [NORMAL, FIBRILLATION])


@given(lengths=st.lists(st.integers(0, 25), min_size=1, max_size=4), beats=st.integers(1, 7), seed=st.integers(0, 99))
def test_windows_hold_each_beat_once_and_the_rhythm_of_most(lengths, beats, seed):
    """Windows of a record, end to end, are the record without its tail; a tie is not fibrillation."""
    rng = np.random.default_rng(seed)
    records = [RhythmRecord(str(i), rng.uniform(300, 900, n), rng.integers(0, 2, n)) for i, n in enumerate(lengths)]
    if max(lengths) < beats:
        with pytest.raises(ns.RunError, match="choose fewer beats"):
            windows(records, beats)
        return
    rr_ms, is_af, name = windows(records, beats)
    for record in records:
        n = len(record.rr_ms) // beats
        inside = name == record.name
        assert rr_ms[inside].ravel().tolist() == record.rr_ms[: n * beats].tolist()
        share = record.rhythm[: n * beats].reshape(n, beats).mean(axis=1)
        assert is_af[inside].tolist() == (share > 0.5).tolist()


@pytest.mark.parametrize("beats", [0, -1, 2.5, True, "30"])
def test_a_window_of_no_whole_number_of_beats_is_refused(beats):
    with pytest.raises(ns.RunError, match="beats is"):
        windows([RhythmRecord("a", np.ones(9), np.zeros(9, np.int64))], beats)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": np.ones(3)}, "holds no record"),
        ({"rr_a": np.ones(3)}, r"no rhythm \(y_a\)"),
        ({"rr_a": np.ones(3), "y_a": np.zeros(2, int)}, "one for each beat"),
        ({"rr_a": np.ones((3, 1)), "y_a": np.zeros((3, 1), int)}, "one for each beat"),
        ({"rr_a": np.ones(3), "y_a": np.zeros(3)}, "whole numbers"),
        ({"rr_a": np.array([800, 0]), "y_a": np.zeros(2, int)}, "interval of 0 ms at beat 1"),
        ({"rr_a": np.array([np.nan]), "y_a": np.zeros(1, int)}, "interval of nan ms at beat 0"),
    ],
)
def test_an_npz_file_that_contradicts_itself_is_refused(tmp_path, arrays, says):
    np.savez(tmp_path / "rr.npz", **arrays)
    with pytest.raises(ns.RunError, match=says):
        load_afdb(tmp_path / "rr.npz")


def test_missing_empty_and_damaged_places_are_refused(tmp_path):
    with pytest.raises(ns.RunError, match="cannot read"):
        load_afdb(tmp_path / "nowhere.npz")
    with pytest.raises(ns.RunError, match="holds no record"):
        load_afdb(tmp_path)
    _write_folder(tmp_path)
    (tmp_path / "04015.qrs").write_bytes(b"")
    with pytest.raises(ns.RunError, match=r"04015 has 0 beats .*copy both files from PhysioNet again"):
        load_afdb(tmp_path)
    (tmp_path / "04015.qrs").write_bytes(b"\xff" * 7)
    with pytest.raises(ns.RunError, match=r"04015.*from PhysioNet again"):
        load_afdb(tmp_path)


def test_a_folder_without_the_package_says_what_to_install(tmp_path, monkeypatch):
    for suffix in ("qrs", "atr"):
        (tmp_path / f"04015.{suffix}").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "wfdb", None)
    with pytest.raises(ns.RunError, match="pip install wfdb"):
        load_afdb(tmp_path)


def test_the_database_has_the_windows_that_published_figures_rest_on():
    """23 records, 37,606 windows of 30 beats, 45 % of them fibrillation."""
    if not AFDB.exists():
        pytest.skip(f"{AFDB} is absent: the recordings lie beside the project")
    records = load_afdb(AFDB)
    rr_ms, is_af, name = windows(records)
    assert len(records) == 23
    assert rr_ms.shape == (37_606, 30)
    assert round(float(is_af.mean()), 2) == 0.45
    assert len(set(name)) == 23
