"""The picture of a liquid's report, as PNG next to the figures as JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from compiler.npz import write_text
from neurosim.metrics.report import LiquidReport
from neurosim.png import save_png

_MOST_POINTS = 20_000  # of the raster


def save_report(report: LiquidReport, folder: Path, title: str = "liquid") -> Path:
    """Write liquid.json and liquid.png into `folder`; return the picture's path.

    Raises:
        NeurosimError: a file cannot be written.
    """
    picture, data = folder / "liquid.png", folder / "liquid.json"
    save_png(draw_report(report, title), picture, dpi=120)
    write_text(data, json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n")
    return picture


def draw_report(report: LiquidReport, title: str = "liquid") -> Any:
    """A matplotlib figure of the report."""
    from matplotlib.figure import Figure  # no pyplot: no global state, no display

    figure = Figure(figsize=(17, 8), layout="constrained")
    figure.suptitle(f"{title}: {report.n_neurons:,} neurons on {report.chip}, on the chip's integers")
    axes = figure.subplots(2, 4)
    for draw, place in zip(
        (_raster, _rates, _singular_values, _memory, _divergence, _convergence, _separation, _components),
        axes.flat,
        strict=True,
    ):
        draw(place, report)
        place.spines[["top", "right"]].set_visible(False)
    return figure


def _raster(axes: Any, r: LiquidReport) -> None:
    points = r.raster[:: len(r.raster) // _MOST_POINTS + 1]
    axes.plot(points[:, 0], points[:, 1], "k.", ms=1.5, rasterized=True)
    _label(axes, "spikes of the first input", "step", "neuron")


def _rates(axes: Any, r: LiquidReport) -> None:
    axes.hist(r.activity.rate, bins=30, color="C0")
    axes.axvline(r.activity.mean_rate, color="k", lw=1, label="mean")
    axes.axvline(r.activity.saturated_rate, color="C3", ls=":", label="saturated above")
    _label(axes, f"rates ({r.activity.silent_share:.0%} silent)", "spikes per step", "neurons", legend=True)


def _singular_values(axes: Any, r: LiquidReport) -> None:
    for found, label in ((r.kernel, "different inputs"), (r.generalisation, "noisy copies")):
        share = found.singular_values / max(float(found.singular_values[0]), np.finfo(np.float64).tiny)
        axes.semilogy(np.arange(1, len(share) + 1), np.maximum(share, 1e-6), label=f"{label}: rank {found.rank}")
    axes.axhline(r.kernel.tolerance, color="k", ls=":", lw=1, label="tolerance of the rank")
    _label(axes, "singular values of the states", "number", "share of the largest", legend=True)


def _memory(axes: Any, r: LiquidReport) -> None:
    delay = np.arange(len(r.memory.by_delay)) * r.memory.steps_per_value
    axes.plot(delay, r.memory.by_delay, "o-", ms=3)
    axes.axhline(1 / r.memory.n_test, color="k", ls=":", lw=1, label="chance")
    axes.set_ylim(0, 1.02)
    _label(axes, f"memory curve (capacity {r.memory.total:.2f})", "delay (steps)", "squared correlation", legend=True)


def _divergence(axes: Any, r: LiquidReport) -> None:
    p = r.perturbation
    for row in p.distance:
        axes.plot(_visible(row), color="0.8", lw=0.6)
    axes.plot(_visible(p.distance.mean(axis=0)), color="C0", label="mean")
    if p.unrelated_distance > 0:
        axes.axhline(p.unrelated_distance, color="k", ls=":", lw=1, label="unrelated inputs")
    exponent = "none" if p.exponent_per_step is None else f"{p.exponent_per_step:+.4f} a step"
    axes.set_yscale("log")
    _label(axes, f"one spike more or less ({exponent})", "steps after it", "distance of states", legend=True)


def _convergence(axes: Any, r: LiquidReport) -> None:
    for found, label in ((r.echo_state, "other initial states"), (r.fading_memory, "other pasts")):
        axes.plot(_visible(found.distance.mean(axis=0)), label=f"{label}: {found.left_share:.1%} left")
    axes.set_yscale("log")
    _label(axes, "forgetting under one input", "steps of the common input", "distance of states", legend=True)


def _separation(axes: Any, r: LiquidReport) -> None:
    s = r.separation
    axes.plot(s.input_distance, s.state_distance, "o-", label=f"ratio {s.ratio:.2f}")
    top = float(s.input_distance.max())
    axes.plot([0, top], [0, top], "k:", lw=1, label="equal")
    axes.set_xlim(0)
    axes.set_ylim(0)
    _label(axes, "separation", "distance of inputs", "distance of states", legend=True)


def _components(axes: Any, r: LiquidReport) -> None:
    for i, path in enumerate(r.components):
        axes.plot(path[:, 0], path[:, 1], lw=0.8, color=f"C{i}")
        axes.plot(path[-1, 0], path[-1, 1], "o", color=f"C{i}", ms=4)
    share = ", ".join(f"{x:.0%}" for x in r.component_share)
    _label(
        axes, f"states of {len(r.components)} inputs to their ends ({share} of variance)", "component 1", "component 2"
    )


def _visible(distance: Any) -> Any:
    """Zeros left out, which an axis of logarithms has no place for."""
    return np.where(distance > 0, distance, np.nan)


def _label(axes: Any, title: str, x: str, y: str, legend: bool = False) -> None:
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(x, fontsize=8)
    axes.set_ylabel(y, fontsize=8)
    axes.tick_params(labelsize=7, which="both")
    if legend:
        axes.legend(fontsize=7, frameon=False, loc="best")
