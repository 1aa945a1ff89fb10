"""Attribution: which neurons and which times made a linear readout prefer one class to another.

The score of class c is a linear functional of the spikes of a sample,

    score_c = bias_c + sum over features f, neurons i, spikes s of i:  W[f, i, c] * kernel[f, step(s)] * value(s)

so score_a - score_b is a sum with one term a spike, and its parts by neuron and by step add up to it without
approximation: as integers where weights and kernels are integers, else correctly rounded (math.fsum).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.numbers import is_whole
from neurosim.readouts.features import Feature


@dataclass(frozen=True, eq=False)
class Attribution:
    """What spoke for class a (positive) and for class b (negative) in one sample."""

    class_a: int
    class_b: int
    by_neuron: npt.NDArray[Any]  # [neuron]
    by_step: npt.NDArray[Any]  # [step]
    spikes: npt.NDArray[np.int64]  # [spike, 2], rows of (step, neuron)
    by_spike: npt.NDArray[Any]  # [spike]
    total: int | float  # score_a - score_b without the biases

    def top_neurons(self, k: int = 10) -> list[tuple[int, Any]]:
        """The `k` neurons that weigh most, as (neuron, contribution), largest magnitude first."""
        return _top(self.by_neuron, k)

    def top_steps(self, k: int = 10) -> list[tuple[int, Any]]:
        """The `k` steps that weigh most, as (step, contribution), largest magnitude first."""
        return _top(self.by_step, k)


def attribute(
    spikes: npt.ArrayLike,
    steps: int,
    weights: npt.ArrayLike,
    kernels: npt.ArrayLike | None = None,
    a: int = 0,
    b: int = 1,
) -> Attribution:
    """Divide score_a - score_b (without the biases) among neurons and steps.

    Args:
        spikes: of one sample, rows (step, neuron) or (step, neuron, value), as `RunResult.spikes` gives them; neurons
            in the numbering of the weights.
        steps: length of the sample.
        weights: [feature, neuron, class], or [neuron, class] for one feature.
        kernels: [feature, step], what a spike in a step adds to a feature (`leaky_kernel`), or [step] for one feature;
            None counts spikes.
        a: the class that contributions speak for.
        b: the class that they speak against.

    Raises:
        RunError: shapes do not fit, a class, step or neuron is unknown, or a number is not finite.
    """
    rows = _rows(spikes, steps)
    w = _numbers(weights, "weights")
    w = w[None] if w.ndim == 2 else w
    if w.ndim != 3:
        raise RunError(f"weights have shape {w.shape}, but [feature, neuron, class] is needed")
    kernel = _numbers(np.ones((1, steps), np.int64) if kernels is None else kernels, "kernels")
    kernel = kernel[None] if kernel.ndim == 1 else kernel
    if kernel.shape != (len(w), steps):
        raise RunError(f"kernels have shape {kernel.shape}, but {len(w)} features of {steps} steps are needed")
    for name, c in (("a", a), ("b", b)):
        if not is_whole(c, 0, w.shape[2] - 1):
            raise RunError(f"class {name} is {c!r}, but weights have classes 0 to {w.shape[2] - 1}")
    n = w.shape[1]
    if len(rows) and rows[:, 1].max() >= n:
        raise RunError(f"a spike is of neuron {rows[:, 1].max()}, but weights are of {n} neurons: 0 to {n - 1}")
    terms = _terms(rows, w, kernel, int(a), int(b))  # [feature, spike]
    return Attribution(
        class_a=int(a),
        class_b=int(b),
        by_neuron=_sums(terms, rows[:, 1], n),
        by_step=_sums(terms, rows[:, 0], steps),
        spikes=rows[:, :2],
        by_spike=_sums(terms, np.arange(len(rows)), len(rows)),
        total=_sum(terms),
    )


def leaky_kernel(steps: int, start: int = 0, tau_ms: float = math.inf, dt_ms: float = 1.0) -> npt.NDArray[Any]:
    """What a spike adds to a feature that counts from step `start` and leaks with `tau_ms`, read after the last step.

    exp(-(steps - 1 - t) * dt_ms / tau_ms) for t >= start, else 0: [step]; whole numbers (0 and 1) where tau is inf.

    Raises:
        RunError: a value is out of range.
    """
    if steps < 1 or not 0 <= start < steps or not tau_ms > 0 or not (math.isfinite(dt_ms) and dt_ms > 0):
        raise RunError(f"no kernel of {steps} steps from step {start} with tau {tau_ms} ms and steps of {dt_ms} ms")
    return Feature(start, tau_ms).weights(np.arange(steps), steps, dt_ms)


def print_attribution(attribution: Attribution, k: int = 10, names: Sequence[str] | None = None) -> None:
    """The neurons and steps that weigh most, as a table; `names` are those of the classes."""
    from neurosim.cli.printing import print_table

    label = [str(c) if names is None else names[c] for c in (attribution.class_a, attribution.class_b)]
    neurons, steps = attribution.top_neurons(k), attribution.top_steps(k)
    rows = [[""] * 4 for _ in range(max(len(neurons), len(steps)))]
    for i, (neuron, value) in enumerate(neurons):
        rows[i][:2] = str(neuron), f"{value:+,.6g}"
    for i, (step, value) in enumerate(steps):
        rows[i][2:] = str(step), f"{value:+,.6g}"
    side = f"for {label[0]}, against {label[1]}"
    print_table(["neuron", side, "step", side], rows, right=(0, 1, 2, 3))


def _rows(spikes: npt.ArrayLike, steps: int) -> npt.NDArray[np.int64]:
    rows = np.asarray(spikes)
    if not is_whole(steps, 1):
        raise RunError(f"steps is {steps!r}, but a whole number from 1 is needed")
    if rows.size == 0:
        return np.zeros((0, 3), np.int64)
    if rows.ndim != 2 or rows.shape[1] not in (2, 3) or rows.dtype.kind not in "iu":
        raise RunError(f"spikes have shape {rows.shape}, but whole numbers in rows of (step, neuron) are needed")
    rows = rows.astype(np.int64)
    if rows[:, :2].min() < 0 or rows[:, 0].max() >= steps:
        raise RunError(f"a spike is outside the sample: steps are 0 to {steps - 1}, neurons count from 0")
    return rows if rows.shape[1] == 3 else np.pad(rows, ((0, 0), (0, 1)), constant_values=1)


def _numbers(values: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise RunError(f"{what} must be finite numbers")
    return array


def _terms(
    rows: npt.NDArray[np.int64], w: npt.NDArray[Any], kernel: npt.NDArray[Any], a: int, b: int
) -> npt.NDArray[Any]:
    """The contribution of every spike through every feature: [feature, spike].

    Whole numbers are Python's where 64 bits might not hold their sum.
    """
    whole = w.dtype.kind in "iu" and kernel.dtype.kind in "iu"
    if not whole:
        difference = w[:, :, a].astype(np.float64) - w[:, :, b].astype(np.float64)
        products: npt.NDArray[Any] = difference[:, rows[:, 1]] * kernel[:, rows[:, 0]].astype(np.float64) * rows[:, 2]
        return products
    largest = [_largest(x) for x in (w, kernel, rows[:, 2])]
    bound = 2 * largest[0] * largest[1] * largest[2] * max(1, w.shape[0] * len(rows))
    dtype: Any = np.int64 if bound < 2**63 else object
    difference = w[:, :, a].astype(dtype) - w[:, :, b].astype(dtype)
    terms: npt.NDArray[Any] = difference[:, rows[:, 1]] * kernel[:, rows[:, 0]].astype(dtype) * rows[:, 2].astype(dtype)
    return terms


def _largest(array: npt.NDArray[Any]) -> int:
    return max(abs(int(array.max())), abs(int(array.min()))) if array.size else 0


def _sums(terms: npt.NDArray[Any], index: npt.NDArray[np.int64], n: int) -> npt.NDArray[Any]:
    """Sums of terms [feature, spike] by the index of the spike: [n]."""
    sums = np.zeros(n, terms.dtype)
    if terms.dtype == object:
        sums[:] = 0
    if terms.dtype.kind != "f":
        for feature in terms:
            np.add.at(sums, index, feature)
        return sums
    order = np.argsort(index, kind="stable")
    cuts = np.searchsorted(index[order], np.arange(n + 1))
    for i in np.flatnonzero(np.diff(cuts)):
        sums[i] = math.fsum(terms[:, order[cuts[i] : cuts[i + 1]]].ravel().tolist())
    return sums


def _sum(terms: npt.NDArray[Any]) -> int | float:
    return math.fsum(terms.ravel().tolist()) if terms.dtype.kind == "f" else int(sum(terms.ravel().tolist()))


def _top(values: npt.NDArray[Any], k: int) -> list[tuple[int, Any]]:
    order = sorted(range(len(values)), key=lambda i: (-abs(values[i]), i))
    return [(i, values[i].item() if hasattr(values[i], "item") else values[i]) for i in order[:k] if values[i]]
