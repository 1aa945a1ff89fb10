"""`neurosim liquid inspect`, as a user meets it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from test_cli import ROOT, neurosim, refused

import neurosim as ns
from neurosim.metrics.targets import read_target

KEYS = {
    "name",
    "chip",
    "rate_hz",
    "kernel_rank",
    "generalisation_rank",
    "separation_ratio",
    "class_separation",
    "memory_capacity",
    "lyapunov_per_step",
    "echo_state",
    "fading_memory",
    "effective_dimension",
    "excitation_over_inhibition",
    "picture",
}


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    ns.liquid((3, 3, 3), channels=4, gain=3.0, seed=3).save(tmp_path / "small.npz")
    return tmp_path / "small.npz"


def inspect(*arguments: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return neurosim("liquid", "inspect", *arguments, cwd=cwd)


def test_a_network_file_under_poisson_input(network_file: Path, tmp_path: Path) -> None:
    """JSON with stable keys, a picture, and a table that says what each number means; the seed decides the rest."""
    options = ["--chip", "loihi1", "--rate-hz", 80, "--steps", 60]
    done = inspect(network_file, *options, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert set(data) >= KEYS
    folder = tmp_path / "results" / "small"
    assert (folder / "liquid.png").read_bytes().startswith(b"\x89PNG")
    stored = json.loads((folder / "liquid.json").read_text())
    assert {key: data[key] for key in stored} == stored
    table = inspect(network_file, *options, "-o", tmp_path / "out", cwd=tmp_path)
    assert table.stderr == ""
    for word in ("kernel quality", "Lyapunov", "thought good", "Legenstein", f"{data['kernel_rank']} of 27"):
        assert word in table.stdout
    assert json.loads((tmp_path / "out" / "liquid.json").read_text()) == stored


def test_an_experiment_under_its_training_data(tmp_path: Path) -> None:
    experiment = (ROOT / "examples" / "vowels.yaml").read_text()
    experiment = experiment.replace("data/japanese", f"{ROOT}/examples/data/japanese")
    (tmp_path / "e.yaml").write_text(experiment.replace("shape: [4, 4, 16]", "shape: [2, 2, 4]"))
    chip = ["--chip", "loihi1", "--set", "synapse.weight_bits=[4]"]
    done = inspect(tmp_path / "e.yaml", *chip, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert (data["name"], data["neurons"], data["classes"]) == ("vowels", 16, "labels")
    assert data["rate_per_neuron_and_step"] == pytest.approx(0.06, abs=0.01)  # the experiment's target
    refused(inspect(tmp_path / "e.yaml", "--rate-hz", 5, cwd=tmp_path), "--rate-hz", "own input")


@pytest.mark.parametrize(
    ("name", "chip", "rate_hz", "words"),
    [
        ("missing.npz", "loihi1", None, "missing.npz"),
        ("missing.yaml", "loihi1", None, "missing.yaml"),
        ("small.npz", None, None, "--chip"),
        ("small.npz", "loihi1", 5000.0, "--rate-hz 5000 .* at most 1000"),
        ("small.npz", "loihi1", float("nan"), "--rate-hz nan"),
        ("small.npz", "nothing", None, "nothing"),
        ("deaf.npz", "loihi1", None, "deaf.npz has no input channel"),
        ("data.txt", "loihi1", None, ".txt"),
        ("foreign.npz", None, None, "foreign.npz .*(?<!network)$"),
    ],
)
def test_refusals(
    name: str, chip: str | None, rate_hz: float | None, words: str, network_file: Path, tmp_path: Path
) -> None:
    deaf = ns.Network()
    deaf.add_lif("p", 1)
    deaf.save(tmp_path / "deaf.npz")
    np.savez(tmp_path / "foreign.npz", values=np.zeros(3))
    (tmp_path / "data.txt").write_text("nothing")
    with pytest.raises(ns.NeurosimError, match=words):
        read_target(tmp_path / name, chip, {}, rate_hz=rate_hz)


def test_a_refusal_leaves_nothing(network_file: Path, tmp_path: Path) -> None:
    refused(inspect(network_file, cwd=tmp_path), "--chip")
    assert list(tmp_path.iterdir()) == [network_file]
