"""Bars: what a benchmark promises, and how its results are printed.

A bar is the largest value that a figure may have, or the least.  A missed bar is reported, it does not fail the script.
"""

import argparse
import json
import platform
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

if find_spec("neurosim") is None:  # not installed: the clone around this folder
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure, the most (or least) it may be, and whether it holds; None where it could not be measured."""

    name: str
    value: float | None
    bar: float
    holds: bool | None
    side: str = "at most"


def at_most(name: str, value: float | None, bar: float) -> Bar:
    """The promise that `value` is at most `bar`."""
    return Bar(name, value, bar, None if value is None else bool(value <= bar))


def at_least(name: str, value: float | None, bar: float) -> Bar:
    """The promise that `value` is at least `bar`."""
    return Bar(name, value, bar, None if value is None else bool(value >= bar), "at least")


def arguments(description: str, page: str = "") -> argparse.Namespace:
    """The two options of every benchmark, and those of one that draws and has a page."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    if page:
        parser.add_argument("--figure", type=Path, help="draw what was measured, .svg or .png")
        parser.add_argument("--write", action="store_true", help=f"write {page}")
    return parser.parse_args()


def say(args: argparse.Namespace, text: str) -> None:
    """Tell what is going on; on standard error when standard output is JSON."""
    print(text, file=sys.stderr if args.json else sys.stdout, flush=True)


def report(
    args: argparse.Namespace,
    name: str,
    figures: dict[str, Any],
    bars: list[Bar],
    problems: list[str],
) -> None:
    """Print the bars and, as JSON, everything that was measured."""
    if args.json:
        result = {
            "benchmark": name,
            "quick": args.quick,
            "python": platform.python_version(),
            "processor": platform.machine(),
            "figures": figures,
            "bars": [asdict(bar) for bar in bars],
            "problems": problems,
        }
        print(json.dumps(result, indent=2))
        return
    for problem in problems:
        print(f"not measured: {problem}")
    print()
    width = max(len(bar.name) for bar in bars)
    for bar in bars:
        verdict = {True: "holds", False: "MISSED", None: "not measured"}[bar.holds]
        value = "-" if bar.value is None else f"{bar.value:.4g}"
        print(f"  {bar.name:{width}}  {value:>10}  {bar.side} {bar.bar:<8g} {verdict}")
