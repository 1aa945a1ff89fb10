"""Grown: pieces from greedy growth, in rounds, as output axons depend on where everybody else goes.

A piece starts at the first free neuron and takes, one at a time, the neuron that adds the fewest input axons, until a
limit of the core is met.  Output axons are estimated from the previous round and the growth is repeated until the true
numbers fit.  Cost: rounds x synapses; the loop itself is in kernels/growth.py.
"""

from collections import deque
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.lowering.lowered import LoweredNetwork
from compiler.output_axons import ExpectedAxons
from compiler.partitioning.bounds import resource_limits
from compiler.partitioning.hypergraph import Hypergraph, destinations, restrict
from compiler.partitioning.piece_use import (
    Partition,
    beyond_limits,
    net_bits,
    own_pool_bits,
    piece_limits,
    synapse_bits_of,
)
from compiler.partitioning.refused_pieces import refuse_output_axons

WORTH = 16  # of an axon whose source fires at the mean rate


def rated(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile, rate: npt.NDArray[np.float64]) -> Partition:
    """Grown pieces for which an axon counts as often as its source fires."""
    worth = np.maximum(1, np.rint(rate * WORTH)).astype(np.int64)
    return fitting_pieces(net, graph, chip, np.zeros(net.n_neurons, np.int32), worth)


def fitting_pieces(
    net: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    part_of: npt.NDArray[np.int32],
    worth: npt.NDArray[np.int64] | None = None,
) -> Partition:
    """Pieces that fit a core, none with neurons of two parts; `part_of` is of neurons, `worth` as in growth.py."""
    return last_of(rounds_of_growth(net, graph, chip, part_of, worth))


def last_of(rounds: Iterator[tuple[Partition, int]]) -> Partition:
    """The pieces of the last round, which fit."""
    return deque(rounds, maxlen=1)[0][0]


def rounds_of_growth(
    net: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    part_of: npt.NDArray[np.int32],
    worth: npt.NDArray[np.int64] | None = None,
) -> Iterator[tuple[Partition, int]]:
    """The pieces of each round of growth, and how many are beyond a limit: of the last, none.

    Arguments are as of `fitting_pieces`.

    Raises:
        DoesNotFit: there is no such round.
    """
    worth = np.ones(graph.n_sources, np.int64) if worth is None else worth
    if not part_of.any() and _one_core_suffices(net, graph, chip):
        yield Partition(np.zeros(net.n_neurons, np.int32), 1), 0
        return
    members = [np.flatnonzero(part_of == part) for part in np.unique(part_of)]
    graphs = [graph] if len(members) == 1 else [restrict(graph, inside) for inside in members]
    own_bits, axons = own_pool_bits(net, chip), ExpectedAxons(0, graph.fan_out[: net.n_neurons])
    for expected in axons.rounds():
        piece_of, n_pieces = np.zeros(net.n_neurons, np.int32), 0
        for inside, part in zip(members, graphs, strict=True):
            piece_of[inside] = n_pieces + _grow(net, part, chip, expected[inside], own_bits[inside], worth)
            n_pieces = int(piece_of[inside].max()) + 1
        first = np.unique(piece_of, return_index=True)[1]  # a neuron of each piece
        made = destinations(graph, piece_of)[: net.n_neurons]
        beyond = beyond_limits(net, graph, piece_of, made, chip)
        yield Partition(piece_of, n_pieces, None if len(members) == 1 else part_of[first]), beyond
        if not beyond:
            return
        axons.needed(made)
    refuse_output_axons(net, graph, piece_of, made, chip)


def _one_core_suffices(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile) -> bool:
    """Whether the whole network fits one core: then there is nothing to grow."""
    sends = graph.fan_out > 0
    needs = {
        "neurons": net.n_neurons,
        "input_axons": int(sends.sum()),
        "output_axons": int(sends[: net.n_neurons].sum()),
    }
    limits = resource_limits(chip)
    if any(limit is not None and needs[key] > limit for key, limit in limits.items() if key in needs):
        return False
    whole, memory = np.zeros(net.n_neurons, np.int32), chip.core.synapse_memory_bits
    if memory is not None and synapse_bits_of(net, graph, whole, chip).sum() > memory:
        return False
    return not beyond_limits(net, graph, whole, sends[: net.n_neurons].astype(np.int64), chip)


def _grow(
    net: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    out_axons: npt.NDArray[np.int64],
    own_bits: npt.NDArray[np.int64],
    worth: npt.NDArray[np.int64],
) -> npt.NDArray[np.int32]:
    from compiler.kernels.growth import grow  # numba is loaded only when there is something to grow

    packing = [chip.lists.block_synapses, chip.lists.block_header_bits, chip.lists.word_bits]
    piece_of: npt.NDArray[np.int32] = grow(
        graph.in_ptr,
        graph.in_net,
        graph.in_count,
        graph.net_source,
        net_bits(net, graph),
        graph.out_ptr,
        graph.out_target,
        out_axons,
        own_bits,
        piece_limits(chip),
        np.array(packing, np.int64),
        worth,
        np.ones(graph.n_neurons, np.int64),
    )
    return piece_of
