"""Rates: how often neurons and channels fire, for the compiler to weigh packets with."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError
from compiler import Mapping, Network, Tolerance, compile
from compiler.validate import validate
from neurosim.sequences import spread
from neurosim.simulate import run
from neurosim.spike_record import SpikeRecord
from neurosim.spikes import SpikeTrains, sample_of_spikes

Floats = npt.NDArray[np.float64]
QUICK_SAMPLES, QUICK_STEPS = 10, 300  # of a quick run, at most


def rates_of(result: SpikeRecord, inputs: SpikeTrains | None = None) -> Floats:
    """Spikes per step of each neuron, then of each input channel, mean over samples: what `compile(rates=...)` takes.

    Args:
        result: a run, of a program or in floating point.
        inputs: the spikes that it ran on, which a result does not keep; without them every channel gets the mean rate
            of all neurons.

    Raises:
        RunError: `inputs` are not those of the run: another number of samples, other lengths, or unknown channels.
    """
    n = result.n_neurons
    channels = sum(span.n for span in result.spans if span.kind == "input")
    neurons = _mean_rates(result.sample_ptr, result.spike_neuron, result.steps, n)
    if inputs is None:
        return np.append(neurons, np.full(channels, neurons.mean()))
    if inputs.n_samples != result.n_samples or (inputs.steps != result.steps).any():
        raise RunError(
            f"the run has {result.n_samples:,} samples of {int(result.steps.sum()):,} steps in all, the inputs "
            f"{inputs.n_samples:,} of {int(inputs.steps.sum()):,}: give the spikes that it ran on"
        )
    if len(inputs.channel) and inputs.channel.max() >= channels:
        raise RunError(f"the inputs name channel {inputs.channel.max():,}, but the run has {channels:,} channels")
    return np.append(neurons, _mean_rates(inputs.sample_ptr, inputs.channel, inputs.steps, channels))


def rates_for(network: Network, result: SpikeRecord, inputs: SpikeTrains | None = None) -> Floats:
    """As `rates_of`, for a network that must be the one that ran.

    Raises:
        NetworkError: the network is empty.
        RunError: as `rates_of`, or the run is of another network.
    """
    ran, wanted = ({span.name: span.n for span in spans} for spans in (result.spans, validate(network).spans))
    if list(ran.items()) != list(wanted.items()):
        raise RunError(
            f"the run is of another network: it has {_in_words(ran)}, but the network {_in_words(wanted)}: run this one"
        )
    return rates_of(result, inputs)


def quick_rates(
    network: Network,
    chip: ChipProfile | str,
    inputs: SpikeTrains,
    seed: int = 0,
    tolerance: Tolerance | None = None,
    *,
    approximate: bool = False,
    mapping: Mapping | None = None,
) -> Floats:
    """Rates of a quick simulation first: some hundred steps of a few samples, on a program of the greedy partition.

    Raises:
        NeurosimError: as `compile` and `run`.
    """
    program = compile(network, chip, seed, tolerance, approximate=approximate, mapping=mapping)
    part = _beginning(inputs)
    return rates_of(run(program, part, per_step=False, seed=seed), part)


def _beginning(trains: SpikeTrains) -> SpikeTrains:
    """The first steps of some samples, spread over all of them."""
    some = trains[spread(trains.n_samples, QUICK_SAMPLES)]
    sample = sample_of_spikes(some.sample_ptr)
    steps = np.minimum(some.steps, QUICK_STEPS)
    kept = some.step < steps[sample]
    value = None if some.value is None else some.value[kept]
    return SpikeTrains.from_events(some.step[kept], some.channel[kept], steps, sample[kept], value)


def _mean_rates(ptr: npt.NDArray[np.int64], index: npt.NDArray[Any], steps: npt.NDArray[np.int64], n: int) -> Floats:
    per_spike = 1 / steps[sample_of_spikes(ptr)]
    return np.bincount(index, weights=per_spike, minlength=n)[:n] / len(steps)


def _in_words(sizes: dict[str, int]) -> str:
    words = [f"{name!r} of {n:,}" for name, n in sizes.items()]
    return ", ".join(words if len(words) <= 6 else [*words[:5], f"{len(words) - 5:,} more"])
