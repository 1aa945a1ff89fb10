"""Pictures of one run: who fired when, how the state of a population moves, and what a decision rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.debugging.attribution import Attribution
from neurosim.debugging.outcomes import length, rows_of
from neurosim.metrics.components import principal_components
from neurosim.metrics.states import exponential_filter
from neurosim.png import save_png

Floats = npt.NDArray[np.float64]
MAX_BYTES = 4 * 2**30  # of filtered spikes of all samples


@dataclass(frozen=True, eq=False)
class Trajectory:
    """States of a population in few dimensions: principal components of its filtered spikes."""

    samples: tuple[int, ...]
    points: tuple[Floats, ...]  # of each sample [step, component]
    explained: Floats  # [component], share of the variance
    tau_ms: float
    dt_ms: float


def trajectory_pca(
    result: Any,
    population: str | None = None,
    samples: Sequence[int] | None = None,
    *,
    tau_ms: float = 20.0,
    components: int = 3,
) -> Trajectory:
    """How the state of a population moves: spikes filtered by exp(-t / tau), in their first principal components.

    Args:
        result: a run, of a program or in floating point.
        population: which neurons; None for all.
        samples: which samples; None for all.  The components are of all of them together.
        tau_ms: time constant of the filter.
        components: how many; fewer where neurons or steps are fewer.

    Raises:
        RunError: a name or number is unknown or out of range, or the states would be too large to keep.
    """
    chosen = tuple(range(result.n_samples)) if samples is None else tuple(int(i) for i in samples)
    if not chosen:
        raise RunError("samples is empty: name at least one")
    if not (np.isfinite(tau_ms) and tau_ms > 0):
        raise RunError(f"tau_ms is {tau_ms}, but must be positive")
    start, n = result.range_of(population)
    total = sum(length(result, i) for i in chosen)
    if total * n * 8 > MAX_BYTES:
        raise RunError(
            f"states of {n:,} neurons in {total:,} steps need {total * n * 8:,} bytes, more than "
            f"{MAX_BYTES:,}: choose fewer samples or a smaller population"
        )
    states = [exponential_filter(_dense(result, i, start, n), tau_ms / result.dt_ms) for i in chosen]
    every = np.concatenate(states)
    most = min(components, *every.shape)
    if most < 1:
        raise RunError(f"components is {components}, but at least one is needed")
    if not every.any():
        raise RunError("no neuron of the population fires in these samples: there is no trajectory to show")
    points, explained = principal_components(states, most)
    return Trajectory(chosen, points, explained, tau_ms, float(result.dt_ms))


def draw_raster(
    result: Any, sample: int, path: str | Path, population: str | None = None, *, title: str | None = None
) -> Path:
    """Spikes of one sample as dots, step by neuron, under a title (by default the sample); returns the PNG's path.

    Raises:
        RunError: sample or population is unknown.
        NeurosimError: the file cannot be written.
    """
    steps = length(result, sample)
    rows = rows_of(result, sample)
    start, n = result.range_of(population)
    figure, axes = _figure(9, 5)
    rows = rows[(rows[:, 1] >= start) & (rows[:, 1] < start + n)]
    axes.plot(rows[:, 0], rows[:, 1] - start, "|", ms=max(1.0, min(6.0, 300 / n)), color="black")
    axes.set(xlim=(-0.5, steps - 0.5), ylim=(-0.5, n - 0.5), xlabel="step", ylabel=f"neuron of {population or 'all'}")
    axes.set_title(f"{title or f'sample {sample}'}: {len(rows):,} spikes in {steps:,} steps")
    return _save(figure, path)


def draw_trajectory(
    result: Any,
    path: str | Path,
    population: str | None = None,
    samples: Sequence[int] | None = None,
    labels: Sequence[object] | None = None,
    *,
    tau_ms: float = 20.0,
) -> Path:
    """The first two principal components of the states, and the first three over time; returns the path of the PNG.

    Args:
        result: see `trajectory_pca`, as `population`, `samples` and `tau_ms`.
        path: where to.
        population: which neurons.
        samples: which samples.
        labels: of the samples drawn, in their order; equal labels have one colour.
        tau_ms: of the filter.

    Raises:
        RunError: as `trajectory_pca`; or labels are not as many as samples.
        NeurosimError: the file cannot be written.
    """
    found = trajectory_pca(result, population, samples, tau_ms=tau_ms)
    names = [str(label) for label in labels] if labels is not None else [f"sample {i}" for i in found.samples]
    if len(names) != len(found.samples):
        raise RunError(f"there are {len(names)} labels for {len(found.samples)} samples: give one for each")
    color = {name: f"C{i % 10}" for i, name in enumerate(dict.fromkeys(names))}
    figure, axes = _figure(11, 5, 2)
    said: set[str] = set()
    for points, name in zip(found.points, names, strict=True):
        label = None if name in said or len(color) > 10 else name
        said.add(name)
        second = points[:, 1] if points.shape[1] > 1 else np.zeros(len(points))
        axes[0].plot(points[:, 0], second, lw=0.8, color=color[name], label=label)
        axes[0].plot(points[0, 0], second[0], "o", ms=3, color=color[name])
        for i, style in zip(range(points.shape[1]), ("-", "--", ":"), strict=False):
            axes[1].plot(np.arange(len(points)) * found.dt_ms, points[:, i], style, lw=0.8, color=color[name])
    share = [f"component {i + 1} ({e:.0%} of the variance)" for i, e in enumerate(found.explained)]
    axes[0].set(xlabel=share[0], ylabel=share[1] if len(share) > 1 else "")
    axes[1].set(xlabel="time (ms)", ylabel="components 1 (-), 2 (--), 3 (:)")
    figure.suptitle(f"{population or 'all neurons'}: spikes filtered with tau = {tau_ms:g} ms, principal components")
    if said and len(color) <= 10:
        axes[0].legend(fontsize=7, frameon=False)
    return _save(figure, path)


def draw_attribution(attribution: Attribution, path: str | Path, k: int = 15) -> Path:
    """The neurons that weigh most, and the sum up to each step; returns the path of the PNG.

    Raises:
        NeurosimError: the file cannot be written.
    """
    figure, axes = _figure(11, 4.5, 2)
    top = attribution.top_neurons(k)[::-1]
    values = [float(value) for _, value in top]
    axes[0].barh(np.arange(len(top)), values, color=["C0" if value > 0 else "C3" for value in values])
    axes[0].set_yticks(np.arange(len(top)), [f"neuron {neuron}" for neuron, _ in top], fontsize=7)
    axes[0].set_xlabel(f"for class {attribution.class_a} (right) or {attribution.class_b} (left)")
    axes[1].step(np.arange(len(attribution.by_step)), np.cumsum(attribution.by_step.astype(np.float64)), where="post")
    axes[1].axhline(0, lw=0.5, color="black")
    axes[1].set(xlabel="step of the spikes", ylabel="sum of contributions up to the step")
    return _save(figure, path)


def _dense(result: Any, sample: int, start: int, n: int) -> Floats:
    rows = rows_of(result, sample)
    inside = (rows[:, 1] >= start) & (rows[:, 1] < start + n)
    dense = np.zeros((length(result, sample), n))
    dense[rows[inside, 0], rows[inside, 1] - start] = rows[inside, 2]
    return dense


def _figure(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # no pyplot: no global state, no display

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns)
    for each in np.atleast_1d(axes):
        each.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: str | Path) -> Path:
    save_png(figure, path)
    return Path(path)
