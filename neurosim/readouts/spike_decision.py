"""Spike decision: the class of a sample as a spike of the chip, so that no host reads and compares membranes.

Every pair of classes has a neuron, whose membrane holds the score of the higher class less that of the lower.  The
constant term, which arrives in the sample's last step, is larger by exactly the threshold, so the neuron fires if the
higher class wins, and is silent if the lower one does, also on equal scores:

    v = score_b - score_a + threshold > threshold        for classes a < b

Two classes have one such neuron: the readout's own.  With more, a step later, a neuron for each class counts the pairs
("readout_vote"; its input "readout_vote_query" fires with the pairs).  Class c fires if it won all of them, as the
largest score, the first of equal ones, does and no other:

    v = W + W (pairs a < c that fired) - W (pairs c < b that fired) > W (c + 1/2)

so the chip decides what `decide` decides on the host's integers, on every sample whose sums stay below the threshold.
A pair needs one step, while the liquid is still active: a ramp that raises K scores to a threshold, of which the first
to fire decides, needs many, in which the liquid's next spikes would change the scores.  Voting over pairs is that of
Friedman 1996 and of support vector machines; as the pairs' weights are differences, no vote can run in a circle.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import CannotRepresent, ChipProfile
from compiler import Network, Program
from compiler.lowering.grid import Grid
from neurosim.readouts.chip_readout import ChipReadout, attach, population_name, with_signals
from neurosim.result import RunResult
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

VOTE, QUERY = "readout_vote", "readout_vote_query"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SpikeDecision:
    """A readout whose neurons decide.

    Attributes:
        readout: of pairs: output p is for the p-th of (0, 1), (0, 2), ..., (1, 2), ...; the threshold is in its bias.
        n_classes: 2 or more.
        vote: weight of a pair's vote; 0 with two classes, whose one pair decides.
    """

    readout: ChipReadout
    n_classes: int
    vote: int

    @property
    def population(self) -> str:
        """Whose spikes decide: one neuron for the second of two classes, or one for each of more."""
        return VOTE if self.vote else population_name(0)


def spike_decision(readout: ChipReadout, chip: ChipProfile) -> SpikeDecision:
    """Let a readout decide in spikes.

    Args:
        readout: of the classes' scores, made by `to_chip(..., for_spikes=True)`.
        chip: what it was made for.

    Raises:
        CannotRepresent: as `cannot_decide`, or the readout was not made for spikes.
    """
    if reason := cannot_decide(readout, chip):
        raise CannotRepresent(reason)
    pairs, grid = pairs_of(readout), Grid("mixed", max(chip.lists.weight_bits), 0)
    room, lifted = room_to_fire(pairs), pairs.bias.sum(axis=0) + readout.threshold
    exponent = _smallest_exponent(pairs.weights, grid)
    on_grid = not (pairs.weights % (grid.step << exponent)).any() and not (lifted % grid.step).any()
    if not on_grid or exponent > chip.lif.weight_exponent_max or readout.threshold > room:
        raise CannotRepresent(
            f"the readout's threshold of {readout.threshold:,} or its weights leave no room to decide in spikes on "
            f"{chip.name} (threshold up to {room:,}, cuba_lif.u_bits; weights of {grid.weight_bits} bits whose "
            "differences fit too): make it by to_chip(..., for_spikes=True)"
        )
    bias = _in_channels(lifted, grid, chip.lif.weight_exponent_max)
    vote = grid.step if readout.n_outputs > 1 else 0
    return SpikeDecision(replace(pairs, bias=bias), max(2, readout.n_outputs), vote)


def cannot_decide(readout: ChipReadout, chip: ChipProfile) -> str:
    """Why a readout's decision cannot be made in spikes; empty if it can."""
    n, bits = len(readout.features), max(chip.lists.weight_bits)
    if n > 1:
        return (
            f"the readout has {n} features, each in neurons of its own, and no neuron holds their sum to compare it: "
            "use one feature, or let the host read the membranes"
        )
    if readout.n_outputs > 1 and readout.leak[0]:
        return (
            f"the readout's feature '{readout.features[0]}' leaks, and as every step of a leak rounds, the difference "
            f"of two of its {readout.n_outputs} scores is not the membrane of the difference: use a count, or let the "
            "host read the membranes"
        )
    if readout.n_outputs > 1 and bits < 3:
        return (
            f"weights of {chip.name} have {bits} bits (synapse.weight_bits), and differences of weights need 3: use "
            "wider weights, or let the host read the membranes"
        )
    return ""


def pairs_of(readout: ChipReadout) -> ChipReadout:
    """The readout of all pairs of classes, in one bias; a readout of two classes is one already."""
    if readout.n_outputs == 1:
        return readout
    low, high = np.triu_indices(readout.n_outputs, 1)
    bias = readout.bias.sum(axis=0, keepdims=True)
    return replace(
        readout,
        weights=readout.weights[:, :, high] - readout.weights[:, :, low],
        bias=bias[:, high] - bias[:, low],
    )


def room_to_fire(pairs: ChipReadout) -> int:
    """The highest threshold at which no current overflows when the constant term lifts the membranes by it.

    In the last step come the threshold, the constant term and what the liquid's neurons weigh, each at most once; or,
    as no sum before or after reaches the threshold, at most twice the threshold.
    """
    neuron = pairs.neuron
    limit = (1 << (min(neuron.u_bits, neuron.v_bits) - 1 - neuron.weight_shift)) - 1
    at_once = np.maximum(pairs.weights, 0).sum(axis=(0, 1)) + np.maximum(pairs.bias.sum(axis=0), 0)
    room = max(limit // 3, limit - int(at_once.max()))
    if neuron.v_overflow != "saturate":  # a membrane that is lifted to twice the threshold must not wrap
        room = min(room, limit // 2)
    return min(room, pairs.threshold)


def attach_decision(network: Network, decision: SpikeDecision) -> Network:
    """The network with the deciding neurons, inputs and synapses added; the liquid's spikes stay as they are.

    Raises:
        NetworkError: a name of the readout is taken.
    """
    whole = attach(network, decision.readout)
    if not decision.vote:
        return whole
    k, full = decision.n_classes, 2**decision.readout.neuron.decay_bits
    low, high = np.triu_indices(k, 1)
    pair = np.arange(len(low))
    whole.add_input(QUERY, 1)
    # a vote is forgotten within a step; what a leak of (full - 1) / full leaves of k votes is far below half a vote
    thresholds = decision.vote * np.arange(k) + decision.vote // 2
    whole.add_registers(VOTE, k, du=full - 1, dv=full - 1, vth=thresholds)
    weights = np.repeat([decision.vote, -decision.vote], len(pair))
    whole.connect(population_name(0), VOTE, np.tile(pair, 2), np.concatenate([high, low]), weights)
    whole.connect(QUERY, VOTE, np.zeros(k, np.int64), np.arange(k), decision.vote)
    return whole


def run_decision(
    program: Program, decision: SpikeDecision, trains: SpikeTrains, n_channels: int, **settings: Any
) -> RunResult:
    """Run a liquid and its deciding readout on what the liquid hears; no membrane is kept.

    A sample of T steps takes T + 1 with two classes, and T + 2 with more.

    Args:
        program: the network of `attach_decision`, compiled.
        decision: what was attached.
        trains: what the liquid hears.
        n_channels: of the liquid's own inputs.
        **settings: of `run`.

    Raises:
        RunError: as `run` and `with_signals`.
    """
    signals = with_signals(trains, decision.readout, n_channels)
    if decision.vote:
        query = n_channels + decision.readout.n_signals
        every = np.arange(trains.n_samples)
        signals = signals.longer(1, trains.steps, np.full(len(every), query), every)
    return run(program, signals, **settings)


def chip_decisions(result: RunResult, decision: SpikeDecision) -> Integers:
    """What the chip decided in a run of `run_decision`: [sample], numbers of classes.

    Raises:
        RunError: the run is of another network.
    """
    _, sample, step, neuron = result.events_of(decision.population)
    last = step == result.steps[sample] - 1
    fired = np.zeros((result.n_samples, result.range_of(decision.population)[1]), np.int64)
    fired[sample[last], neuron[last]] = 1
    decided: Integers = fired.argmax(axis=1) if decision.vote else fired[:, 0]
    return decided


def _in_channels(amounts: Integers, grid: Grid, exponent_max: int) -> Integers:
    """Amounts on the grid's finest step as sums of weights: [channel, output], each channel of one exponent."""
    channels, left = [], amounts
    while left.any():
        step = grid.step << min(_smallest_exponent(left, grid), exponent_max)
        # to the nearest: half a step is left, which a smaller exponent reaches with any number of weight bits
        nearest = np.rint(left / step).astype(np.int64)
        part = np.clip(nearest, grid.low // grid.step, grid.high // grid.step) * step
        channels.append(part)
        left = left - part
    return np.stack(channels)


def _smallest_exponent(amounts: Integers, grid: Grid) -> int:
    """Of the grids that reach all amounts, the finest."""
    exponent = 0
    while amounts.max() > grid.high << exponent or amounts.min() < grid.low << exponent:
        exponent += 1
    return exponent
