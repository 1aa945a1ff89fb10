"""Features: how the spikes of a liquid's neurons become the numbers that a linear readout weighs.

One feature gives one number a neuron, when a sample of T steps ends:

    x = sum over its spikes, in steps t from `start` on (and in the part, if any), of exp(-(T - 1 - t) dt / tau)

A chip forms it in the readout's own neurons: the membrane is a sum (without leak for tau = inf, with a register's leak
otherwise), and a reset empties it at `start`.  It cannot form a root, nor a part of a sample that ends before it does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError
from neurosim.spike_record import SpikeRecord

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Feature:
    """One number a neuron; see the head of the file.

    Attributes:
        start: first step whose spikes count, from the start of the sample.
        tau_ms: time constant with which spikes are forgotten; infinite: they are counted.
        part: (k, n): only the k-th of n equal parts of the sample, from 0; its ends depend on the sample's length.
        root: take the square root, which evens out the variance of counts.
    """

    start: int = 0
    tau_ms: float = float("inf")
    part: tuple[int, int] | None = None
    root: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.start, bool) or not isinstance(self.start, int | np.integer) or self.start < 0:
            raise RunError(f"feature: start is {self.start!r}, but a whole number of steps from 0 is needed")
        if not self.tau_ms > 0:
            raise RunError(f"feature: tau_ms is {self.tau_ms}, but must be above 0, or infinite for plain counts")
        if self.part is not None and not (len(self.part) == 2 and 0 <= self.part[0] < self.part[1]):
            raise RunError(f"feature: part is {self.part}, but (k, n) with 0 <= k < n is needed")

    def weights(self, step: Integers, steps: Integers | int, dt_ms: float) -> npt.NDArray[Any]:
        """What spikes in steps `step` of samples of `steps` steps add, before any root; whole numbers if they count."""
        counts = step >= self.start
        if self.part is not None:
            counts &= step * self.part[1] // steps == self.part[0]
        if np.isinf(self.tau_ms):
            return counts.astype(np.int64)
        decayed: Floats = counts * np.exp(-(steps - 1 - step) * dt_ms / self.tau_ms)
        return decayed

    def __str__(self) -> str:
        """In words."""
        words = "count" if np.isinf(self.tau_ms) else f"trace of {self.tau_ms:g} ms"
        if self.start:
            words += f" from step {self.start}"
        if self.part is not None:
            words += f" in part {self.part[0] + 1} of {self.part[1]}"
        return f"root of the {words}" if self.root else words


COUNT = (Feature(),)
"""Spikes over the whole sample: one bin, which any chip can count."""


def parts(n: int, root: bool = False) -> tuple[Feature, ...]:
    """Spike counts in n equal parts of each sample."""
    return tuple(Feature(part=(k, n), root=root) for k in range(n))


def starts(*steps: int, tau_ms: float = float("inf")) -> tuple[Feature, ...]:
    """Counts from several steps on: linear readouts of these are readouts of the bins between the steps."""
    return tuple(Feature(start=step, tau_ms=tau_ms) for step in steps)


def traces(*tau_ms: float) -> tuple[Feature, ...]:
    """Low-pass filtered spikes with several time constants, as they are when the sample ends."""
    return tuple(Feature(tau_ms=tau) for tau in tau_ms)


def cannot_form(feature: Feature, chip: ChipProfile) -> str:
    """Why a chip cannot form a feature in its readout neurons; empty if it can."""
    if chip.cuba_lif is None:
        return (
            f"{chip.name} has no neuron that adds trained weights of either sign without a leak (cuba_lif): its "
            "readout stays at the host"
        )
    if chip.cuba_lif.decay_u_offset == 0:
        return f"a current of {chip.name} lasts longer than one step (cuba_lif.decay_u_offset): sums would smear"
    if feature.root:
        return "a neuron adds, and takes no roots: use plain counts"
    if feature.part is not None:
        return (
            "where a part of a sample ends is known only when the sample is over: use starts(...) with steps, or "
            "traces(...)"
        )
    return ""


def form(features: Sequence[Feature], result: SpikeRecord, population: str | None = None) -> Floats:
    """The numbers of each sample: [sample, feature * neuron], features outermost."""
    _, sample, step, neuron = result.events_of(population)
    n_samples, n = result.n_samples, result.range_of(population)[1]
    cell, length = sample * n + neuron, result.steps[sample]
    columns = []
    for feature in features:
        weight = feature.weights(step, length, result.dt_ms)
        table = np.bincount(cell, weight, n_samples * n).astype(np.float64).reshape(n_samples, n)
        columns.append(np.sqrt(table) if feature.root else table)
    return np.concatenate(columns, axis=1)
