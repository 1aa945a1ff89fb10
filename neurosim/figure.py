"""Pictures of a comparison, as PNG next to the rows as JSON."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from compiler.npz import replacing
from neurosim.comparison import Comparison
from neurosim.png import png_bytes

_WIDE = 50  # times the least value: beyond it an axis is logarithmic
_WIDEST = 400.0  # inches: wider pictures are refused by matplotlib
_MARGIN = 1.25  # of the axis above the tallest bar


def save_comparison(comparison: Comparison, folder: Path) -> Path:
    """Write comparison.json and comparison.png into `folder`, both or neither; return the picture's path.

    Raises:
        NeurosimError: a file cannot be written.
    """
    text = json.dumps(comparison.to_dict(), indent=2, allow_nan=False) + "\n"
    image = png_bytes(_draw(comparison))
    picture = folder / "comparison.png"
    with replacing(folder / "comparison.json") as rows:
        rows.write(text.encode())
        rows.flush()
        os.fsync(rows.fileno())  # a full disk is found out here, before the picture takes its name
        with replacing(picture) as drawn:
            drawn.write(image)
    return picture


def _draw(comparison: Comparison) -> Any:
    from matplotlib.figure import Figure  # no pyplot: no global state, no display

    rows = [row for row in comparison.rows if "error" not in row]
    names = [_name(row) for row in rows]
    figure = Figure(figsize=(min(6 + 3.3 * len(rows), _WIDEST), 7.5), layout="constrained")
    axes = figure.subplots(2, 3)
    figure.suptitle(f"{comparison.name}: modelled, not measured")
    energies, latencies = ([_name(row, part) for row in rows] for part in ("energy", "time"))
    _energy(axes[0, 0], rows, energies)
    times = {part: [row[f"latency_per_inference_{part}_s"] * 1e6 for row in rows] for part in ("p50", "p99")}
    _bars(axes[0, 1], latencies, "latency per inference (us)", times)
    both = {
        "dynamic": [row["energy_per_inference_j"] * 1e6 for row in rows],
        "static": [row["static_energy_per_inference_j"] * 1e6 for row in rows],
    }
    _bars(axes[0, 2], energies, "energy per inference (uJ)", both)
    _accuracy(axes[1, 0], comparison, rows, names)
    cores = {
        "used": [row["cores_used"] for row in rows],
        "lower bound": [row["cores_lower_bound"] for row in rows],
    }
    _bars(axes[1, 1], names, "cores", cores)
    neurons = {
        "on the chip": [row["chip_neurons"] for row in rows],
        "of the network": [row["neurons"] for row in rows],
    }
    _bars(axes[1, 2], names, "neurons", neurons)
    return figure


def _accuracy(axes: Any, comparison: Comparison, rows: list[dict[str, Any]], names: list[str]) -> None:
    """Points, as the axis does not start at zero; the linear model without a liquid as lines."""
    lowest = 100.0
    for i, bins in enumerate(rows[0]["accuracy_by_bins"]):
        x = np.arange(len(rows)) + 0.1 * i
        label, color = f"{bins} bin{'s' * (bins > 1)}", f"C{i}"
        liquid = [row["accuracy_by_bins"][bins] * 100 for row in rows]
        without = [row["no_recurrence_accuracy_by_bins"][bins] * 100 for row in rows]
        raw = comparison.baselines["linear_raw"][bins] * 100
        axes.plot(x, liquid, "o", color=color, label=f"liquid, {label}")
        axes.plot(x, without, "o", color=color, mfc="none", label=f"without recurrence, {label}")
        axes.axhline(raw, ls=":", color=color, label=f"linear on {comparison.raw}, {label}")
        lowest = min(lowest, raw, *liquid, *without)
    _finish(axes, names, "test accuracy (%)", 100)
    axes.set_ylim(lowest - 2, 100.5)
    axes.set_xlim(-0.5, len(rows) - 0.5)


def _energy(axes: Any, rows: list[dict[str, Any]], names: list[str]) -> None:
    """Dynamic energy per inference, stacked by event."""
    x, base = np.arange(len(rows)), np.zeros(len(rows))
    for event in rows[0]["energy_by_event_j"]:
        height = np.array([row["energy_by_event_j"][event] / row["samples"] * 1e6 for row in rows])
        if height.any():
            axes.bar(x, height, 0.6, bottom=base, label=event.replace("_", " "))
            base += height
    _finish(axes, names, "dynamic energy per inference (uJ)", base.max())


def _bars(axes: Any, names: list[str], label: str, series: dict[str, list[float]]) -> None:
    x, width = np.arange(len(names)), 0.7 / len(series)
    for i, (key, values) in enumerate(series.items()):
        axes.bar(x + (i - (len(series) - 1) / 2) * width, values, width, label=key)
    every = [value for values in series.values() for value in values]
    _finish(axes, names, label, max(every))
    above = [value for value in every if value > 0]
    if above and max(above) > _WIDE * min(above):
        axes.set_yscale("log")
        axes.set_ylim(min(above) / 3, max(above) * 10)


def _finish(axes: Any, names: list[str], label: str, top: float) -> None:
    axes.set_xticks(np.arange(len(names)), names, fontsize=7)
    axes.set_ylabel(label)
    axes.set_ylim(0, _MARGIN * top if top > 0 else 1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False, loc="best")


def _name(row: dict[str, Any], part: str | None = None) -> str:
    """The configuration, and what the numbers of a part of the report rest on."""
    kinds = [f"({kind})" for kind in row["rests_on"][part]] if part else []
    return "\n".join([row["chip"], *(f"{key}={value}" for key, value in row["overrides"].items()), *kinds])
