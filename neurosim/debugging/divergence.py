"""Where two results of one network and input part: the first spike that only one has, the first state that differs.

Results are anything with sample_ptr, spike_step, spike_neuron and, where states were probed, probes: runs of a program,
in floating point, or of lowered integers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.spikes import sample_of_spikes

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class StateDivergence:
    """The first probed state that differs: before every other by sample, step, neuron; u before v."""

    sample: int
    step: int
    neuron: int
    variable: str  # "u" or "v"
    a: int | float
    b: int | float


@dataclass(frozen=True)
class SpikeDivergence:
    """The first step of the first sample in which not the same neurons fired (or sent the same numbers)."""

    sample: int
    step: int
    neuron: int  # the first that differs
    only_a: tuple[int, ...]  # neurons that fired in this step in a alone
    only_b: tuple[int, ...]
    values: tuple[tuple[int, int, int], ...] = ()  # (neuron, payload in a, payload in b) of those that sent others


@dataclass(frozen=True)
class Divergence:
    """Where two results part; a state may differ long before a spike does, or for ever without one."""

    spikes: SpikeDivergence | None
    state: StateDivergence | None  # None too where not both results are integers with probes of the same neurons

    @property
    def where(self) -> tuple[int, int, int]:
        """Sample, step and neuron of the earlier of both."""
        places = [(d.sample, d.step, d.neuron) for d in (self.spikes, self.state) if d is not None]
        return min(places)


def first_divergence(a: Any, b: Any) -> Divergence | None:
    """The first difference of two results of the same network on the same input, or None.

    Spikes are compared by sample, step, neuron and payload.  States are compared where both results have probes of
    integers; of floating point and integers only the spikes are.

    Raises:
        RunError: samples, their lengths or neurons differ, so that the results are not of one network and input.
    """
    steps = a.steps
    if not np.array_equal(steps, b.steps):
        raise RunError("the two results have samples of other lengths: compare runs of the same input")
    if a.n_neurons != b.n_neurons:
        raise RunError(f"the two results have {a.n_neurons:,} and {b.n_neurons:,} neurons: compare one network")
    spikes, state = _spikes(a, b, steps), _states(a, b, steps)
    return None if spikes is None and state is None else Divergence(spikes, state)


def agreement(a: Any, b: Any) -> float:
    """Share of spikes that agree: 2 x those that both have / spikes of a and of b; 1 where there are none.

    Raises:
        RunError: as `first_divergence`.
    """
    x, y = _codes(a, a.steps), _codes(b, b.steps)
    both, every = len(np.intersect1d(x, y, assume_unique=True)), len(x) + len(y)
    return 2 * both / every if every else 1.0


def _codes(result: Any, steps: Ints) -> Ints:
    """One number a spike, ascending by sample, step and neuron."""
    first = np.concatenate([[0], np.cumsum(steps)])
    sample = sample_of_spikes(result.sample_ptr)
    codes: Ints = (first[sample] + result.spike_step) * np.int64(max(1, result.n_neurons)) + result.spike_neuron
    return codes


def _spikes(a: Any, b: Any, steps: Ints) -> SpikeDivergence | None:
    codes_a, codes_b = _codes(a, steps), _codes(b, steps)
    common, at_a, at_b = np.intersect1d(codes_a, codes_b, assume_unique=True, return_indices=True)
    x, y = _values(a)[at_a], _values(b)[at_b]
    other = common[x != y]
    lone = np.setxor1d(codes_a, codes_b, assume_unique=True)
    every = np.concatenate([lone, other])
    if not len(every):
        return None
    n = max(1, a.n_neurons)
    row = int(every.min()) // n
    sample, step = _place(steps, row)

    lone = lone[lone // n == row]
    here = (x != y) & (common // n == row)
    values = zip((common[here] % n).tolist(), x[here].tolist(), y[here].tolist(), strict=True)
    only_a, only_b = (tuple((np.setdiff1d(lone, codes) % n).tolist()) for codes in (codes_b, codes_a))
    return SpikeDivergence(sample, step, int(every.min()) % n, only_a, only_b, tuple(values))


def _values(result: Any) -> Ints:
    value = getattr(result, "spike_value", None)
    return np.ones(len(result.spike_step), np.int64) if value is None else value.astype(np.int64)


def _place(steps: Ints, row: int) -> tuple[int, int]:
    """Sample and step of a step of all samples."""
    first = np.concatenate([[0], np.cumsum(steps)])
    sample = int(np.searchsorted(first, row, side="right")) - 1
    return sample, row - int(first[sample])


def _states(a: Any, b: Any, steps: Ints) -> StateDivergence | None:
    p, q = a.probes, b.probes
    if p is None or q is None or any(x.v.dtype.kind not in "iu" or len(x.v) != steps.sum() for x in (p, q)):
        return None
    neuron, at_p, at_q = np.intersect1d(p.neuron, q.neuron, return_indices=True)
    if not len(neuron):
        return None
    found: list[tuple[int, int, str]] = []
    for variable in ("u", "v"):
        x, y = getattr(p, variable), getattr(q, variable)
        for begin in range(0, len(x), 4096):  # not all at once, to bound memory
            differs = x[begin : begin + 4096, at_p] != y[begin : begin + 4096, at_q]
            if differs.any():
                row, column = divmod(int(differs.argmax()), len(neuron))
                found.append((begin + row, column, variable))
                break
    if not found:
        return None
    row, column, variable = min(found)
    values = (int(getattr(probes, variable)[row, at[column]]) for probes, at in ((p, at_p), (q, at_q)))
    return StateDivergence(*_place(steps, row), int(neuron[column]), variable, *values)
