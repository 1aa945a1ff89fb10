"""Examples that need a package or recordings that do not come with the project: they run, and say what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns

EXAMPLES = Path(__file__).parent.parent / "examples"
RECORDINGS = Path(__file__).parent.parent.parent / "shared" / "data"


def run_example(name: str, *arguments: str, first_on_path: str = "") -> "subprocess.CompletedProcess[str]":
    paths = (first_on_path, str(Path(ns.__file__).parent.parent), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)


def test_el_nino_prints_skill_beside_both_references_and_the_chip_keeps_to_its_integers() -> None:
    pytest.importorskip("statsmodels", reason="the temperatures come with the optional package statsmodels")
    done = run_example("el_nino.py", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    for title in ("RMSE, degrees Celsius", "skill over persistence", "skill over climatology"):
        block = done.stdout.split(title)[1]
        for model in ("climatology", "persistence", "linear, last 6 months", "liquid of 64, on chip"):
            row = next(line for line in block.splitlines() if line.strip().startswith(model))
            assert len(re.findall(r"-?\d+\.\d\d", row)) == 6  # leads
    assert "integers differ in 0 of" in done.stdout


def test_el_nino_without_its_package_says_in_one_line_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "statsmodels.py").write_text("raise ImportError('not installed')\n")
    done = run_example("el_nino.py", first_on_path=str(tmp_path))
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert "pip install statsmodels" in done.stderr


def test_fibrillation_is_told_by_the_chip_as_by_the_host_and_the_published_claim_is_said_not_to_be_reproduced() -> None:
    recordings = RECORDINGS / "afdb_rr.npz"
    if not recordings.is_file():
        pytest.skip(f"no {recordings}: the MIT-BIH Atrial Fibrillation Database does not come with the project")
    done = run_example("atrial_fibrillation.py", str(recordings), "--sizes", "32", "--seeds", "1", "--every", "40")
    assert done.returncode == 0, done.stderr
    found = re.search(r"^liquid of 32, compiled, on the chip +([\d.]+)", done.stdout, re.MULTILINE)
    assert found
    assert float(found[1]) > 85
    assert re.search(r"chip and host integers differ on 0 of [\d,]+ decisions", done.stdout)
    assert '"98.7 % with 32 neurons at 1 mW": not reproduced' in done.stdout


def test_spoken_digits_are_told_by_the_chip_as_by_the_host() -> None:
    recordings = RECORDINGS / "fsdd.npz"
    if not recordings.is_file():
        pytest.skip(f"no {recordings}: the Free Spoken Digit Dataset does not come with the project")
    choices = ("--sizes", "32", "--seeds", "1", "--splits", "official")
    done = run_example("spoken_digits.py", str(recordings), *choices)
    assert done.returncode == 0, done.stderr
    found = re.search(r"liquid of 32, four features, compiled, on the chip +([\d.]+)", done.stdout)
    assert found
    assert float(found[1]) > 70
    assert "chip and host integers differ on 0 decisions" in done.stdout


def test_after_a_change_of_speaker_forgetting_gains_over_a_frozen_readout() -> None:
    recordings = RECORDINGS / "fsdd.npz"
    if not recordings.is_file():
        pytest.skip(f"no {recordings}: the Free Spoken Digit Dataset does not come with the project")
    done = run_example("changing_input.py", str(recordings), "--seeds", "1", "--every", "5")
    assert done.returncode == 0, done.stderr
    gains = re.search(r"lambda 0\.\d+ - frozen.* (-?[\d.]+) \+-", done.stdout)
    assert gains
    assert float(gains[1]) > 3
    off = re.search(r"batch ridge regression to (\S+)", done.stdout)
    assert off
    assert float(off[1]) <= 1e-6


def test_after_a_change_of_patient_every_protocol_prints_what_flatters_and_what_does_not() -> None:
    recordings = RECORDINGS / "afdb_rr.npz"
    if not recordings.is_file():
        pytest.skip(f"no {recordings}: the MIT-BIH Atrial Fibrillation Database does not come with the project")
    done = run_example("changing_patient.py", str(recordings), "--seeds", "1", "--every", "40")
    assert done.returncode == 0, done.stderr
    blocks = done.stdout.split("labels ")[1:]
    assert [block.split(" (")[0] for block in blocks] == ["at once", "an hour late", "for one hour"]
    rows = [dict(re.findall(r"^  (\D.*?) {2,}(.*)$", block, re.MULTILINE)) for block in blocks]
    percent = [{name: float(row.split()[0]) for name, row in block.items()} for block in rows]
    assert all(len(row.split()) == 9 for block in rows for row in block.values())
    assert all(block["frozen"] == percent[0]["frozen"] > 90 for block in percent)  # labels do not change it
    assert percent[0]["weights, lambda < 1"] > percent[0]["frozen"] + 0.5
    assert percent[2]["last label"] < percent[1]["last label"] < percent[0]["last label"]  # how much labels alone tell


def test_a_database_without_the_records_for_calibration_is_refused_in_a_line(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", rr_04015=np.full(900, 800.0), y_04015=np.zeros(900, int))
    done = run_example("changing_patient.py", str(tmp_path / "one.npz"))
    assert done.returncode != 0
    assert "has 1 records, but three patients are needed, and 00735 and 03665" in done.stderr
    assert "Traceback" not in done.stderr


def test_recordings_that_are_not_there_are_named_without_a_traceback(tmp_path: Path) -> None:
    done = run_example("changing_input.py", str(tmp_path / "nothing.npz"))
    assert done.returncode != 0
    assert "nothing.npz" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_pendulum_is_held_by_a_liquid_that_learns_and_not_by_one_that_does_not() -> None:
    done = run_example("control_loop.py", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    rows = dict(re.findall(r"^(liquid, \w+[a-z ]*?) +(\d)/1", done.stdout, re.MULTILINE))
    assert rows == {"liquid, frozen readout": "0", "liquid, learning": "1"}
    assert "uJ dynamic" in done.stdout
