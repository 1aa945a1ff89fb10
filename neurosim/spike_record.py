"""The spikes of a run, whatever made them: a chip's program, floating point, or lowered integers."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Span
from neurosim.spikes import counts_in_bins, sample_of_spikes

Ints = npt.NDArray[np.int64]


class SpikeRecord:
    """What results have in common: spikes sorted by sample, step and neuron, and the populations that sent them."""

    spans: tuple[Span, ...]
    dt_ms: float
    sample_ptr: npt.NDArray[np.int64]  # [sample + 1], into spike_step and spike_neuron
    spike_step: npt.NDArray[np.int32]  # [spike], from 0 in each sample
    spike_neuron: npt.NDArray[np.int32]  # [spike], in the network's numbering

    if TYPE_CHECKING:  # a field of one result, derived in the other; a property here would be the field's default

        @property
        def steps(self) -> npt.NDArray[np.int64]:
            """Length of each sample in steps: [sample]."""
            ...

    @property
    def n_samples(self) -> int:
        """How many samples."""
        return len(self.sample_ptr) - 1

    @property
    def n_spikes(self) -> int:
        """Spikes of all neurons in all samples."""
        return len(self.spike_step)

    @property
    def n_neurons(self) -> int:
        """Neurons of the network."""
        return sum(span.n for span in self.spans if span.kind != "input")

    def range_of(self, population: str | None) -> tuple[int, int]:
        """First neuron and number of neurons of a population; of all for None.

        Raises:
            RunError: the population is unknown.
        """
        if population is None:
            return 0, self.n_neurons
        for span in self.spans:
            if span.name == population and span.kind != "input":
                return span.start, span.n
        known = ", ".join(repr(span.name) for span in self.spans if span.kind != "input")
        raise RunError(f"unknown population {population!r}; known are {known}")

    def events_of(self, population: str | None) -> tuple[npt.NDArray[np.bool_], Ints, Ints, Ints]:
        """Which spikes are of a population, and their samples, steps and neurons, these numbered within it.

        Raises:
            RunError: the population is unknown.
        """
        start, n = self.range_of(population)
        inside = (self.spike_neuron >= start) & (self.spike_neuron < start + n)
        sample = sample_of_spikes(self.sample_ptr)[inside]
        step, neuron = self.spike_step[inside].astype(np.int64), self.spike_neuron[inside].astype(np.int64) - start
        return inside, sample, step, neuron

    def spike_counts(self, population: str | None = None, bins: int = 1) -> npt.NDArray[np.int64]:
        """Spikes of each neuron in equal parts of each sample: [sample, bins * neuron], bins outermost.

        Args:
            population: which neurons; None for all.
            bins: parts of a sample; step t of a sample of T steps is in bin t * bins // T.

        Raises:
            RunError: the population is unknown.
        """
        _, sample, step, neuron = self.events_of(population)
        return counts_in_bins(sample, step, neuron, self.steps, self.range_of(population)[1], bins)

    def spikes(self, sample: int = 0) -> npt.NDArray[np.int32]:
        """Spikes of one sample as rows of (step, neuron): shape (k, 2), sorted."""
        part = slice(self.sample_ptr[sample], self.sample_ptr[sample + 1])
        return np.stack([self.spike_step[part], self.spike_neuron[part]], axis=1)

    def raster(self, sample: int = 0) -> npt.NDArray[np.bool_]:
        """Spikes of one sample as a dense array [step, neuron]."""
        step, neuron = self.spikes(sample).T
        dense = np.zeros((int(self.steps[sample]), self.n_neurons), np.bool_)
        dense[step, neuron] = True
        return dense
