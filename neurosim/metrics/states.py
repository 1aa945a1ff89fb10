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
    start, n = neuron_range(result, population)
    keep = 1 / (_positive(tau_ms, "tau_ms") / result.dt_ms)
    sample = np.repeat(np.arange(result.n_samples), np.diff(result.sample_ptr))
    inside = (result.spike_neuron >= start) & (result.spike_neuron < start + n)
    sample, neuron = sample[inside], result.spike_neuron[inside] - start
    age = result.counts.steps[sample] - 1 - result.spike_step[inside]
    size = np.exp(-keep * age)
    if result.spike_value is not None:
        size = size * result.spike_value[inside]
    flat = np.bincount(sample * n + neuron, weights=size, minlength=result.n_samples * n)
    return flat.reshape(result.n_samples, n).astype(np.float64)


def state_trajectory(
    result: RunResult, population: str | None = None, sample: int = 0, tau_ms: float = TAU_MS
) -> Floats:
    """Filtered spikes of one sample in every step: [step, neuron].

    Raises:
        RunError: as `final_states`, or too large to keep.
    """
    _, n = neuron_range(result, population)
    check_cells(int(result.counts.steps[sample]) * n, "a trajectory of states")
    return exponential_filter(result.trajectory(population, sample), _positive(tau_ms, "tau_ms") / result.dt_ms)


def neuron_range(result: RunResult, population: str | None) -> tuple[int, int]:
    """First neuron and number of neurons of a population; of all if None.

    Raises:
        RunError: the population is unknown.
    """
    if population is None:
        return 0, result.n_neurons
    for span in result.spans:
        if span.name == population and span.kind != "input":
            return span.start, span.n
    known = ", ".join(repr(span.name) for span in result.spans if span.kind != "input")
    raise RunError(f"unknown population {population!r}; known are {known}")


def check_cells(n: int, what: str) -> None:
    """Refuse an array before memory is taken.

    Raises:
        RunError: it is too large.
    """
    if n > MAX_CELLS:
        raise RunError(f"{what} has {n:,} numbers, but at most {MAX_CELLS:,} are kept: use fewer steps or neurons")


def _positive(value: float, name: str) -> float:
    if not (np.isfinite(value) and value > 0):
        raise RunError(f"{name} is {value}, but a time constant is positive")
    return float(value)
