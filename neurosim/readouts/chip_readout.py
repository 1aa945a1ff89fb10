"""Chip readout: a trained linear readout as neurons and synapses of the chip.

For each feature a population of neurons, one for each output (class), in registers: a current that lasts one step, a
membrane that adds up (or leaks with the feature's time constant), a threshold that sums do not reach.  The weights of
all features share one scale, so that an output is the plain sum of its neurons' membranes when the sample ends:

    output_k = sum over features f of v[k, f]        v[k, f] <- leak(v[k, f]) + 2^shift sum of m[k, f, i] over spikes i

Two external inputs come with it: "readout_reset", whose spike makes the neurons of a feature fire and so forget what
came before its start, and "readout_bias", whose spike in the last step adds the constant term.  A spike takes a step
to arrive, so a sample of T steps takes T + 1.

host_integers.py computes the same sums from the liquid's spikes alone: the chip's decision is held against them.
quantise.py finds the whole numbers; spike_decision.py lets the chip compare the outputs itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from chips.profile import CubaLif
from compiler import Network, Program, Span
from neurosim.readouts.features import Feature
from neurosim.result import RunResult
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

READOUT, RESET, BIAS = "readout", "readout_reset", "readout_bias"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ChipReadout:
    """A readout in a chip's integers.

    Attributes:
        features: what is weighed, each by its own population of readout neurons.
        weights: [feature, neuron, output], whole numbers on the chip's grid.
        bias: [channel, output], whole numbers; the constant term is the sum over the channels.
        scale: whole numbers per unit of the float readout's outputs.
        leak: [feature], decay register dv.
        threshold: register vth of the readout's neurons, which no sum may reach.
        resets: synapses that one reset takes; 0 where no feature starts late.
        reset_weight: of each.
        neuron: the chip's neuron arithmetic.
    """

    features: tuple[Feature, ...]
    weights: Integers
    bias: Integers
    scale: float
    leak: Integers
    threshold: int
    resets: int
    reset_weight: int
    neuron: CubaLif
    population: str
    weight_error: float  # root mean square, relative to that of the weights

    @property
    def n_outputs(self) -> int:
        """Outputs: classes, or values."""
        return int(self.bias.shape[1])

    @property
    def unit(self) -> float:
        """What an output of 1 of the float readout is in a membrane."""
        return self.scale * 2.0**self.neuron.weight_shift

    @property
    def starts(self) -> tuple[int, ...]:
        """Steps in which a reset is due, each once."""
        return tuple(sorted({feature.start for feature in self.features if feature.start}))

    @property
    def n_signals(self) -> int:
        """Channels of its two inputs, which stand behind the liquid's."""
        return len(self.starts) * self.resets + len(self.bias)


def attach(network: Network, readout: ChipReadout) -> Network:
    """The network with the readout's neurons, inputs and synapses added; the liquid's spikes stay as they are.

    Raises:
        NetworkError: a name of the readout is taken.
    """
    whole = Network(network.dt_ms, [*network.populations], [*network.inputs], [*network.projections])
    k = readout.n_outputs
    if readout.starts:
        whole.add_input(RESET, len(readout.starts) * readout.resets)
    whole.add_input(BIAS, len(readout.bias))
    for f, feature in enumerate(readout.features):
        name = population_name(f)
        whole.add_registers(
            name, k, du=2**readout.neuron.decay_bits - 1, dv=int(readout.leak[f]), vth=readout.threshold
        )
        source, target = np.nonzero(readout.weights[f])
        whole.connect(readout.population, name, source, target, readout.weights[f][source, target])
        if feature.start:
            first = readout.starts.index(feature.start) * readout.resets
            channel = np.repeat(np.arange(first, first + readout.resets), k)
            whole.connect(RESET, name, channel, np.tile(np.arange(k), readout.resets), readout.reset_weight)
    earliest = min(
        range(len(readout.features)), key=lambda f: readout.features[f].start
    )  # no sample is too short for it
    for i, share in enumerate(readout.bias):  # each a projection, as each has its own exponent
        whole.connect(BIAS, population_name(earliest), np.full(k, i), np.arange(k), share)
    return whole


def population_name(f: int) -> str:
    """The population of the f-th feature."""
    return f"{READOUT}_{f}"


def with_signals(trains: SpikeTrains, readout: ChipReadout, n_channels: int) -> SpikeTrains:
    """Trains one step longer, with the spikes that reset the readout and add its constant term.

    Args:
        trains: what the liquid hears.
        readout: what reads it.
        n_channels: of the liquid's own inputs, which come first.

    Raises:
        RunError: a sample is over before any feature starts.
    """
    shortest, first = int(trains.steps.min()), min(feature.start for feature in readout.features)
    if first >= shortest:
        raise RunError(
            f"the first feature starts at step {first}, but the shortest sample has {shortest} steps: start it earlier"
        )
    n = trains.n_samples
    resets = len(readout.starts) * readout.resets
    # a feature that a sample is too short for is emptied when it ends
    step_of_reset = np.repeat(np.array(readout.starts, np.int64), readout.resets)
    step_of_reset = np.minimum(step_of_reset, trains.steps[:, None]).ravel() - 1  # [sample * reset]
    every = np.arange(n)
    return trains.longer(
        1,
        np.concatenate([step_of_reset, np.repeat(trains.steps - 1, len(readout.bias))]),
        n_channels + np.concatenate([np.tile(np.arange(resets), n), np.tile(resets + np.arange(len(readout.bias)), n)]),
        np.concatenate([np.repeat(every, resets), np.repeat(every, len(readout.bias))]),
    )


def readout_neurons(spans: Sequence[Span], readout: ChipReadout) -> npt.NDArray[np.int64]:
    """Numbers of the readout's neurons: [feature * output], features outermost; what to probe."""
    start = {span.name: span.start for span in spans}
    first = [start[population_name(f)] for f in range(len(readout.features))]
    return (np.array(first, np.int64)[:, None] + np.arange(readout.n_outputs)).ravel()


def run_with_readout(
    program: Program, readout: ChipReadout, trains: SpikeTrains, n_channels: int, **settings: Any
) -> RunResult:
    """Run a liquid and its readout on what the liquid hears, and keep the readout's last membranes.

    Args:
        program: the network of `attach`, compiled.
        readout: what was attached.
        trains: what the liquid hears.
        n_channels: of the liquid's own inputs.
        **settings: of `run`.

    Raises:
        RunError: as `run` and `with_signals`.
    """
    signals = with_signals(trains, readout, n_channels)
    return run(program, signals, probe=readout_neurons(program.spans, readout), probe_last_only=True, **settings)


def chip_scores(result: RunResult, readout: ChipReadout) -> Integers:
    """What the chip computed: [sample, output], sums of the membranes of a run with probes of last steps.

    Raises:
        RunError: the run kept no such probes.
    """
    if result.probes is None or not result.probes.last_only:
        raise RunError(
            "the run kept no last membranes: run it with probe=readout_neurons(...) and probe_last_only=True"
        )
    v = result.probes.v.reshape(-1, len(readout.features), readout.n_outputs)
    return np.asarray(v.sum(axis=1), np.int64)
