"""Benchmarks are run by hand: that they find what they import is checked here."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "benchmarks"


def test_every_benchmark_finds_what_it_imports() -> None:
    ours = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.endswith(("_peer", "sanafe_network")))
    assert "speed" in ours
    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(ours)}"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
