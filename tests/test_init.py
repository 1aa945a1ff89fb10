"""`neurosim init` writes an experiment that runs, and touches nothing that was there."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import neurosim as ns
from neurosim.cli.app import app


def test_the_experiment_runs_and_is_reported(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["init", str(tmp_path / "mine")])
    assert done.exit_code == 0, done.output
    comparison = ns.compare(tmp_path / "mine/experiment.yaml")
    assert [row["chip"] for row in comparison.rows] == ["loihi1", "loihi1", "my_chip"]
    assert all(row["accuracy"] > 0.6 for row in comparison.rows)
    assert ns.report(comparison, path=tmp_path / "report.html").is_file()


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / "chip.yaml").write_text("mine")
    found = CliRunner().invoke(app, ["init", str(tmp_path)]).exception
    assert isinstance(found, ns.NeurosimError)
    assert [path.name for path in tmp_path.iterdir()] == ["chip.yaml"]
    assert (tmp_path / "chip.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["experiment.yaml", "chip.yaml", "data.npz"])
def test_the_same_bytes_each_time(name: str, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        assert CliRunner().invoke(app, ["init", str(tmp_path / folder)]).exit_code == 0
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
