"""States: what a readout sees of a run, as arrays.

A state is the exponentially filtered spikes of each neuron, x[t] = exp(-1 / tau) x[t-1] + spikes[t], as Maass,
Natschlaeger and Markram 2002 use it; tau is 30 ms where nothing else is said (assumed).  Or it is the spike count
(`RunResult.spike_counts`).  A spike that carries a payload counts as much as its payload.
"""

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.result import RunResult

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TAU_MS = 30.0
MAX_CELLS = 2**28  # of a dense array: 2 GB of float64


def exponential_filter(values: npt.ArrayLike, tau_steps: float) -> Floats:
    """Filter along the first axis: [step, ...] -> the same shape, from zero before the first step.

    Raises:
        RunError: tau_steps is not positive.
    """
    from scipy.signal import lfilter

    keep = np.exp(-1 / _positive(tau_steps, "tau_steps"))
    return np.asarray(lfilter([1.0], [1.0, -keep], np.asarray(values, np.float64), axis=0), np.float64)


def final_states(result: RunResult, population: str | None = None, tau_ms: float = TAU_MS) -> Floats:
    """Filtered spikes at the end of each sample: [sample, neuron].

    Raises:
        RunError: tau_ms is not positive, or the population is unknown.
    """
    sample, step, neuron, value, n = _spikes(result, population)
    check_cells(result.n_samples * n, "a matrix of states")
    age = result.counts.steps[sample] - 1 - step
    return _sum(sample, neuron, value * np.exp(-age * _per_step(result, tau_ms)), result.n_samples, n)


def periodic_states(
    result: RunResult, every: int, population: str | None = None, sample: int = 0, tau_ms: float = TAU_MS
) -> Floats:
    """Filtered spikes of one sample at the end of every `every` steps: [period, neuron]; the last may be cut short.

    Raises:
        RunError: as `final_states`, or `every` is not positive.
    """
    if every < 1:
        raise RunError(f"states are wanted every {every} steps, but it must be at least 1")
    of, step, neuron, value, n = _spikes(result, population)
    periods = -(-int(result.counts.steps[sample]) // every)
    check_cells(periods * n, "a matrix of states")
    here, decay = of == sample, _per_step(result, tau_ms)
    step, neuron, value = step[here], neuron[here], value[here]
    fresh = value * np.exp(-(every - 1 - step % every) * decay)  # as it stands at the end of its period
    return exponential_filter(_sum(step // every, neuron, fresh, periods, n), 1 / (every * decay))


def state_trajectory(
    result: RunResult, population: str | None = None, sample: int = 0, tau_ms: float = TAU_MS
) -> Floats:
    """Filtered spikes of one sample in every step: [step, neuron].

    Raises:
        RunError: as `final_states`, or too large to keep.
    """
    _, n = result.range_of(population)
    check_cells(int(result.counts.steps[sample]) * n, "a trajectory of states")
    return exponential_filter(result.trajectory(population, sample), _positive(tau_ms, "tau_ms") / result.dt_ms)


def check_cells(n: int, what: str) -> None:
    """Refuse an array before memory is taken.

    Raises:
        RunError: it is too large.
    """
    if n > MAX_CELLS:
        raise RunError(f"{what} has {n:,} numbers, but at most {MAX_CELLS:,} are kept: use fewer steps or neurons")


def _spikes(result: RunResult, population: str | None) -> tuple[Ints, Ints, Ints, Floats, int]:
    """Sample, step, neuron within the population and payload of its spikes; and its size."""
    inside, sample, step, neuron = result.events_of(population)
    value = np.ones(len(step)) if result.spike_value is None else result.spike_value[inside].astype(np.float64)
    return sample, step, neuron, value, result.range_of(population)[1]


def _sum(row: Ints, column: Ints, value: Floats, rows: int, columns: int) -> Floats:
    flat = np.bincount(row * columns + column, weights=value, minlength=rows * columns)
    return flat.reshape(rows, columns).astype(np.float64)


def _per_step(result: RunResult, tau_ms: float) -> float:
    """Decay of the logarithm in one step."""
    return result.dt_ms / _positive(tau_ms, "tau_ms")


def _positive(value: float, name: str) -> float:
    if not (np.isfinite(value) and value > 0):
        raise RunError(f"{name} is {value}, but a time constant is positive")
    return float(value)
