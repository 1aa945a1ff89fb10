"""The examples in the pages do what they say."""

import doctest
from pathlib import Path

import pytest

import neurosim as ns

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", ["README.md", "chips/README.md"])
def test_python_examples(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / page), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0


def test_the_experiment_file_is_compared(tmp_path: Path) -> None:
    """What the page shows of an experiment file runs, with the readout that it asks for on the chip."""
    (shown,) = (block.split("```")[0] for block in (ROOT / "README.md").read_text().split("```yaml\n")[1:])
    (tmp_path / "shown.yaml").write_text(shown.replace("examples/data", f"{ROOT}/examples/data"))
    first, second = ns.compare(tmp_path / "shown.yaml").rows
    assert first["readout"]["features"] == ["count", "count from step 60", "trace of 50 ms"]
    assert first["readout"]["differs_from_host"] == second["readout"]["differs_from_host"] == 0
    assert first["cores_used"] < second["cores_used"]
    assert first["accuracy"] > 0.9


def test_the_worked_example_is_quoted_as_it_is() -> None:
    """What the page on one's own chip shows of the example stands in the example."""
    page, example = (ROOT / "chips/README.md").read_text(), (ROOT / "examples/own_chip.yaml").read_text()
    blocks = [block.split("```")[0] for block in page.split("```yaml\n")[1:]]
    assert len(blocks) == 3
    lines = {line.strip() for line in example.splitlines()}
    for block in blocks[1:]:
        assert {line.strip() for line in block.splitlines()} <= lines
