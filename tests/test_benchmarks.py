"""Benchmarks are run by hand: that they find what they import, and our loops, is checked here."""

import subprocess
import sys
from pathlib import Path

from speed_cases import Case, compiled, variant
from speed_loops import Loop

FOLDER = Path(__file__).parents[1] / "benchmarks"


def test_every_benchmark_finds_what_it_imports() -> None:
    ours = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.endswith(("_peer", "sanafe_network")))
    assert "speed" in ours
    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(ours)}"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_loop_that_counts_nothing_makes_the_same_spikes() -> None:
    program = variant(compiled(Case(200, 20, 15, 0)), 1, 1.0)
    counted, bare = Loop(program, 300).counted(300), Loop(program, 300).bare(300)
    assert counted == bare > 0
