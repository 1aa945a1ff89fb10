"""Readout cost: what the readout's neurons and synapses add to a liquid, by running both."""

from dataclasses import dataclass

from chips import ChipProfile
from compiler import Program
from neurosim.pricing import energy
from neurosim.result import RunResult
from neurosim.timing import latency


@dataclass(frozen=True)
class ReadoutCost:
    """The liquid with its readout, and how much of it is the readout's; energies and times are means of a sample.

    Reading the readout's membranes at the end of a sample, which a host or an embedded processor does, is not priced.
    """

    cores: int
    readout_cores: int  # more than the liquid alone takes
    neurons: int
    readout_neurons: int
    synapses: int
    readout_synapses: int
    dynamic_energy_j: float
    readout_dynamic_energy_j: float
    static_energy_j: float
    latency_s: float
    words_read: int  # membranes that the host reads at the end of a sample; none where spikes decide

    def __str__(self) -> str:
        """Two lines."""
        return (
            f"{self.cores} cores, {self.neurons:,} neurons, {self.synapses:,} synapses, of which the readout's are "
            f"{self.readout_cores}, {self.readout_neurons:,} and {self.readout_synapses:,}\n"
            f"{self.dynamic_energy_j * 1e6:.3f} uJ dynamic a sample ({self.readout_dynamic_energy_j * 1e6:.3f} the "
            f"readout's), {self.static_energy_j * 1e6:.1f} uJ static, {self.latency_s * 1e3:.3f} ms"
        )


def readout_cost(
    liquid: Program, alone: RunResult, whole: Program, together: RunResult, chip: ChipProfile
) -> ReadoutCost:
    """Compare a liquid's run with one of the liquid and its readout on the same samples.

    Args:
        liquid: the program without readout.
        alone: its run on the same samples.
        whole: the program with readout.
        together: its run, with counts per step, and with probes of the membranes that a host reads, if any.
        chip: the prices.
    """
    without, spent, time = energy(alone.counts, chip), energy(together.counts, chip), latency(together.counts, chip)
    added = whole.n_neurons - liquid.n_neurons
    return ReadoutCost(
        cores=whole.n_cores,
        readout_cores=whole.n_cores - liquid.n_cores,
        neurons=whole.n_neurons,
        readout_neurons=added,
        synapses=whole.n_synapses,
        readout_synapses=whole.n_synapses - liquid.n_synapses,
        dynamic_energy_j=spent.per_sample.mean * 1e-12,
        readout_dynamic_energy_j=(spent.per_sample.mean - without.per_sample.mean) * 1e-12,
        static_energy_j=(spent.static_pj or 0.0) / together.n_samples * 1e-12,
        latency_s=time.per_sample.mean * 1e-9,
        words_read=0 if together.probes is None else len(together.probes.neuron),
    )
