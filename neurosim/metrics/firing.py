"""Activity: how often a liquid fires, which neurons never do, and how its excitation and inhibition compare."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compiler import Program
from neurosim.metrics.rank import participation_ratio
from neurosim.metrics.states import Floats
from neurosim.result import RunResult

SATURATED_RATE = 0.25  # spikes per neuron and step: half of what a refractory time of two steps leaves; assumed


@dataclass(frozen=True, eq=False)
class Activity:
    """How a liquid fires."""

    rate: Floats  # [neuron], spikes per step
    silent_share: float  # neurons that never fire
    saturated_share: float  # neurons above `saturated_rate`
    saturated_rate: float
    excitation_over_inhibition: float | None  # of recurrent synapses; None: no inhibition arrives, or it is not known
    dimension: float  # participation ratio of the spike counts over samples
    dt_ms: float

    @property
    def mean_rate(self) -> float:
        """Spikes per neuron and step."""
        return float(self.rate.mean())

    @property
    def mean_rate_hz(self) -> float:
        """Spikes per neuron and second of the network's time."""
        return self.mean_rate / (self.dt_ms / 1000)


def activity(
    program: Program, result: RunResult, population: str | None = None, saturated_rate: float = SATURATED_RATE
) -> Activity:
    """Rates and balance of a run of `program`.

    Raises:
        RunError: the population is unknown.
    """
    start, n = result.range_of(population)
    counts = result.spike_counts(population)
    rate = counts.sum(axis=0) / result.counts.steps.sum()
    return Activity(
        rate=rate,
        silent_share=float((rate == 0).mean()),
        saturated_share=float((rate > saturated_rate).mean()),
        saturated_rate=saturated_rate,
        excitation_over_inhibition=_balance(program, result, start, n),
        dimension=participation_ratio(counts),
        dt_ms=result.dt_ms,
    )


def recurrent_synapses(
    program: Program,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Source neuron, target neuron and weight (in the chip's integers) of synapses between neurons: [synapse] each.

    Raises:
        LookupError: the program's cores are crossbars, whose weights belong to pairs of neuron and axon type.
    """
    t = program.lists
    list_source = np.repeat(np.arange(len(t.source_ptr) - 1), np.diff(t.source_ptr))
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    exponent = np.array([f.exponent for f in program.formats] or [0], np.int64)
    source = list_source[list_of]
    inner = source < program.n_neurons
    slot = (t.core_ptr[t.list_core[list_of]] + t.synapse_index)[inner]
    weight = (t.synapse_weight.astype(np.int64) << exponent[t.list_format[list_of]])[inner]
    return t.neuron_of[source[inner]].astype(np.int64), t.neuron_of[slot].astype(np.int64), weight


def _balance(program: Program, result: RunResult, start: int, n: int) -> float | None:
    """Sum of weights that recurrent spikes bring to the population, positive over negative, in the chip's integers.

    `calibration.balance_of` is the inverse, of the network's weights within the liquid, as calibration needs it on
    crossbars too.
    """
    if program.is_crossbar:
        return None
    source, target, weight = recurrent_synapses(program)
    spikes = np.bincount(result.spike_neuron, minlength=program.n_neurons)
    brought = (spikes[source] * weight)[(target >= start) & (target < start + n)]
    negative = -int(brought[brought < 0].sum())
    return int(brought[brought > 0].sum()) / negative if negative else None
