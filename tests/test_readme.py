"""The README's example does what it says."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_python_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
