"""The examples in the pages do what they say."""

from pathlib import Path

import pytest
from pages import ROOT, blocks, run_page, run_shell

import neurosim as ns

README = ROOT / "README.md"
PAGES = sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "index.md")


def test_dialogues_of_the_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert run_page(README, ROOT, "python") > 5


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_all_that_a_page_shows_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own, with the examples beside it; every Python block is a dialogue, so its output is held."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    monkeypatch.chdir(tmp_path)
    assert all(">>> " in text for _, text in blocks(page, "python"))
    assert run_page(page, tmp_path, "python", "sh", "yaml") > 0


def test_the_five_commands_of_the_readme_go_from_nothing_to_a_comparison(tmp_path: Path) -> None:
    ((_, commands),) = blocks(README, "sh")
    lines = commands.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("pip install ")
    printed = run_shell(commands, tmp_path)
    assert "my_chip" in printed
    assert (tmp_path / "first/report.html").is_file()


def test_the_experiment_file_is_compared(tmp_path: Path) -> None:
    """What the page shows of an experiment file runs, with the readout that it asks for on the chip."""
    ((_, shown),) = blocks(README, "yaml")
    (tmp_path / "shown.yaml").write_text(shown.replace("examples/data", f"{ROOT}/examples/data"))
    first, second = ns.compare(tmp_path / "shown.yaml").rows
    assert first["readout"]["features"] == ["count", "count from step 60", "trace of 50 ms"]
    assert first["readout"]["differs_from_host"] == second["readout"]["differs_from_host"] == 0
    assert first["cores_used"] < second["cores_used"]
    assert first["accuracy"] > 0.9


def test_the_worked_example_is_quoted_as_it_is() -> None:
    """What the page on one's own chip shows of the example stands in the example."""
    example = (ROOT / "examples/own_chip.yaml").read_text()
    lines = {line.strip() for line in example.splitlines()}
    quoted = [text for _, text in blocks(ROOT / "docs/own_chip.md", "yaml") if not text.startswith(("# ", "format:"))]
    assert len(quoted) == 2
    for block in quoted:
        assert {line.strip() for line in block.splitlines()} <= lines
