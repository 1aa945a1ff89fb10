"""Every example runs as it stands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.experiment import load_experiment
from neurosim.studies.study import load_study

EXAMPLES = Path(__file__).parent.parent / "examples"
# longer than a test may be, or with recordings that do not come with the project; test_examples_tasks.py runs some
TASKS = {
    "atrial_fibrillation.py",
    "changing_input.py",
    "changing_patient.py",
    "control_loop.py",
    "el_nino.py",
    "pendulum.py",
    "spoken_digits.py",
}


# the README's table of short examples: the three jobs, a chip of one's own, a liquid with a readout, a study, exchange
SHORT = (
    "first_steps.py",
    "vowels.yaml",
    "own_chip.yaml",
    "liquid_classifier.py",
    "study.yaml",
    "exchange.py",
    "crossbar.py",
    "echo_state.py",
    "family.yaml",
    "half_loihi.yaml",
    "network.yaml",
)


def test_examples_are_short_or_named_as_tasks() -> None:
    page = (EXAMPLES.parent / "README.md").read_text()
    short, tasks = page.split("| short example |")[1].split("| longer task |")
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == {*SHORT, *TASKS}
    for name in SHORT:
        assert name in short
        assert len((EXAMPLES / name).read_text().splitlines()) < 60, name
    for name in TASKS - {"pendulum.py"}:  # a part of control_loop.py
        assert name in tasks


@pytest.mark.parametrize("script", sorted({path.name for path in EXAMPLES.glob("*.py")} - TASKS))
def test_script(script: str, tmp_path: Path) -> None:
    if script == "exchange.py":
        pytest.importorskip("nir", reason="NIR comes with the extra exchange")
    home = str(Path(ns.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([home, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(EXAMPLES / script)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_yaml_file_is_read() -> None:
    readers = {
        "neurosim-network/1": ns.Network.load,
        "neurosim-chip/1": ns.load_chip,
        "neurosim-experiment/1": load_experiment,
        "neurosim-study/1": load_study,
    }
    files = sorted(EXAMPLES.glob("*.yaml"))
    assert files
    for file in files:
        kind = next(line for line in file.read_text().splitlines() if line.startswith("format:"))
        readers[kind.removeprefix("format:").strip()](str(file))


def test_network_by_hand_fires() -> None:
    program = ns.compile(ns.Network.load(EXAMPLES / "network.yaml"), ns.load_chip(str(EXAMPLES / "half_loihi.yaml")))
    assert ns.run(program, [(0, 0), (5, 1), (10, 0)], 100).n_spikes > 5


def test_a_comparison_on_a_chip_of_ones_own_has_its_costs() -> None:
    (row,) = ns.compare(EXAMPLES / "vowels.yaml", chips=[str(EXAMPLES / "own_chip.yaml")]).rows
    assert row["chip"] == "own_chip"
    assert row["accuracy"] > 0.9
    assert row["energy_per_inference_j"] > 0


def test_the_study_finds_its_answer_in_seconds(tmp_path: Path) -> None:
    result = ns.sweep(EXAMPLES / "study.yaml", tmp_path)
    assert result.counts() == {"done": 18}
    assert {group.settings["chip.core.neurons"] for group in result.front()} == {24}
