"""What a network did outside a chip: spikes and probes of a run in floating point, or of the lowered integers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Span
from neurosim.simulation.run_inputs import probed_neurons
from neurosim.spike_record import SpikeRecord
from neurosim.spikes import SpikeTrains

MAX_PROBE_BYTES = 4 * 2**30


@dataclass(frozen=True, eq=False)
class FloatProbes:
    """State of chosen neurons in every step: u after decay and input, v after reset.

    From `run_float` they are float64: u is the current I, and v is measured from v_leak, both in the units of the
    network.  From `run_lowered` they are int64, the chip's registers, as `neurosim.result.Probes` has them.
    """

    neuron: npt.NDArray[np.int32]  # [probe], in the network's numbering
    u: npt.NDArray[Any]  # [step of all samples, probe]
    v: npt.NDArray[Any]  # [step of all samples, probe]


@dataclass(frozen=True, eq=False)
class FloatResult(SpikeRecord):
    """Spikes of a run without cores and packets, sorted by sample, step and neuron as those of `RunResult`."""

    spans: tuple[Span, ...]  # populations, then inputs
    dt_ms: float
    steps: npt.NDArray[np.int64]  # [sample], length in steps
    sample_ptr: npt.NDArray[np.int64]  # [sample + 1], into spike_step and spike_neuron
    spike_step: npt.NDArray[np.int32]  # [spike], from 0 in each sample
    spike_neuron: npt.NDArray[np.int32]  # [spike], in the network's numbering
    probes: FloatProbes | None = None

    def __repr__(self) -> str:
        """One line of sizes."""
        return (
            f"FloatResult({self.n_samples:,} samples, {int(self.steps.sum()):,} steps, {self.n_spikes:,} spikes of "
            f"{self.n_neurons:,} neurons)"
        )


def check_inputs(trains: SpikeTrains, n_channels: int) -> None:
    """Refuse spikes that neurons of a LIF network cannot take.

    Raises:
        RunError: a channel is unknown, or a spike carries a payload.
    """
    if len(trains.channel) and trains.channel.max() >= n_channels:
        raise RunError(f"a spike is on channel {trains.channel.max()}, but the network has {n_channels} input channels")
    if trains.value is not None and (trains.value != 1).any():
        first = int((trains.value != 1).argmax())
        raise RunError(
            f"spike {first} carries payload {trains.value[first]}, but all neurons of the network are LIF, and take "
            "spikes of payload 1 only: leave the values out"
        )


def neurons_to_probe(probe: npt.ArrayLike | None, n_neurons: int, trains: SpikeTrains) -> npt.NDArray[np.int32]:
    """The neurons of `probe`, [probe]; none for None.

    Raises:
        RunError: a neuron is unknown, or what is to be kept takes too much memory.
    """
    neuron = probed_neurons(probe, n_neurons)
    needed = int(trains.steps.sum()) * len(neuron) * 16
    if needed > MAX_PROBE_BYTES:
        raise RunError(
            f"u and v of {len(neuron):,} neurons in {trains.steps.sum():,} steps need {needed:,} bytes, more than "
            f"{MAX_PROBE_BYTES:,}: probe fewer neurons, or run fewer steps at a time"
        )
    return neuron.astype(np.int32)
