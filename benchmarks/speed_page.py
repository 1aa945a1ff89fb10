"""The page of speed.py: what was measured, with the machine it came from."""

import platform
from pathlib import Path
from typing import Any

import bars
import numba
import numpy as np

PEERS = {"brian2": "Brian2", "nest": "NEST"}
HOME = Path(__file__).parent
HEAD = """# Speed

Made by `python benchmarks/speed.py --write`; what a case is stands in `speed_cases.py`, what a bound is in
`speed_loops.py`. Peers and this simulator in turn in one run, each on one thread, medians; here every event is
counted. Times move from machine to machine, ratios less.

"""


def write(figures: dict[str, Any], checks: list[bars.Bar], problems: list[str]) -> None:
    """Write benchmarks/speed.md."""
    (HOME / "speed.md").write_text(page(figures, checks, problems))


def page(figures: dict[str, Any], checks: list[bars.Bar], problems: list[str]) -> str:
    """The page as text."""
    versions = [f"{name} {figures[f'{peer}_version']}" for peer, name in PEERS.items() if f"{peer}_version" in figures]
    return "".join(
        (
            HEAD,
            f"Machine: {machine(figures)}. {', '.join(versions)}.\n\n",
            _steps(figures["steps"]),
            "\n## Bars\n\n",
            _bars(checks),
            "\n## Growth\n\n",
            f"{figures['growth']['text']}.\n",
            *(f"\nNot measured: {problem}.\n" for problem in problems),
        )
    )


def machine(figures: dict[str, Any]) -> str:
    """Processor, how many, and what compiled the loops."""
    return (
        f"{_processor()}, {figures['processors']} processors, {platform.system()}; Python {platform.python_version()}, "
        f"numpy {np.__version__}, numba {numba.__version__}"
    )


def _processor() -> str:
    """Its name, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    about = {key.strip(): value.strip() for key, value in pairs}
    name = about.get("model name", platform.processor() or platform.machine())
    if "cpu family" in about:
        name += f" (family {about['cpu family']}, model {about['model']})"
    vectors = [flag for flag in ("avx512f", "avx2") if flag in about.get("flags", "").split()]
    return " with ".join([name, *vectors[:1]])


def _steps(steps: dict[str, dict[str, Any]]) -> str:
    head = (
        "| network, spikes of a neuron and step | us a step | M events/s | Brian2 C++ | NEST |\n|---|---|---|---|---|\n"
    )
    rows = []
    for name, found in steps.items():
        cells = [f"{found['us']:.2f}", f"{found['events'] / found['us']:.0f}"]
        for peer in PEERS:
            told = f"{found[f'{peer}_us']:.1f}: {found[f'{peer}_ratio']:.2f} times" if f"{peer}_us" in found else "-"
            cells.append(told)
        rows.append(f"| {name} | {' | '.join(cells)} |\n")
    return head + "".join(rows)


def _bars(checks: list[bars.Bar]) -> str:
    rows = ["| what | figure | bar | |\n|---|---|---|---|\n"]
    for bar in checks:
        value = "-" if bar.value is None else f"{bar.value:.3g}"
        verdict = {True: "holds", False: "**missed**", None: "not measured"}[bar.holds]
        rows.append(f"| {bar.name} | {value} | {bar.side} {bar.bar:g} | {verdict} |\n")
    return "".join(rows)
