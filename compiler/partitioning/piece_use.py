"""Piece use: what pieces of a network take of a core, and what a core holds.  For partition.py and those around it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.packing import list_bits, synapse_bits
from chips.profile import ChipProfile
from compiler.lowering.lowered import LoweredNetwork
from compiler.lowering.registers import ADAPTIVE
from compiler.partitioning.bounds import POOL, pooled_bits, resource_limits
from compiler.partitioning.hypergraph import Hypergraph, destinations, source_pieces

_NO_LIMIT = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Partition:
    """The piece each neuron went to.  Pieces are numbered from 0; none is empty."""

    piece_of: npt.NDArray[np.int32]  # [neuron]
    n_pieces: int
    part_of: npt.NDArray[np.int32] | None = None  # [piece], a part goes to one chip; None: all pieces are one part
    cores_of: tuple[tuple[int, ...] | None, ...] = ()  # [part], the cores it goes to; None, and beyond: place chooses


def piece_limits(chip: ChipProfile) -> npt.NDArray[np.int64]:
    """Neurons, input axons, output axons, synapse bits and pool of a core, and the pool's share of the first three."""
    core, pool = chip.core, chip.pool
    limits = [core.neurons, core.input_axons, core.output_axons, core.synapse_memory_bits, None, 0, 0, 0]
    if pool:
        limits[4:] = [pool.memory_bits, pool.neuron_bits, pool.input_axon_bits, pool.output_axon_bits]
    return np.array([[_NO_LIMIT if limit is None else limit for limit in limits]], np.int64)


def own_pool_bits(net: LoweredNetwork, chip: ChipProfile) -> npt.NDArray[np.int64]:
    """What each neuron takes of a pool on top of a neuron's share."""
    return np.where(net.model == ADAPTIVE, chip.pool.adaptation_bits if chip.pool else 0, 0).astype(np.int64)


def net_bits(net: LoweredNetwork, graph: Hypergraph) -> npt.NDArray[np.int64]:
    """Bits of one synapse of each net, without padding."""
    each = [synapse_bits(f.weight_bits, f.index_bits, f.delay_bits) for f in net.formats]
    return np.array(each, np.int64)[graph.net_format] if each else np.zeros(0, np.int64)


def beyond_limits(
    net: LoweredNetwork,
    graph: Hypergraph,
    piece_of: npt.NDArray[np.int32],
    made: npt.NDArray[np.int64],
    chip: ChipProfile,
) -> int:
    """How many grown pieces exceed limits that growth only estimates; `made`: output axons of each neuron."""
    exceeds = np.zeros(int(piece_of.max()) + 1, np.bool_)
    if chip.core.output_axons is not None:
        exceeds |= np.bincount(piece_of, weights=made) > chip.core.output_axons
    if chip.pool is not None:
        exceeds |= pooled_of(net, graph, piece_of, made, chip) > chip.pool.memory_bits
    return int(exceeds.sum())


def pooled_of(
    net: LoweredNetwork,
    graph: Hypergraph,
    piece_of: npt.NDArray[np.int32],
    made: npt.NDArray[np.int64],
    chip: ChipProfile,
) -> npt.NDArray[np.int64]:
    """Bits of the pool that each piece takes; `made`: output axons of each neuron."""
    pool, n_pieces = chip.pool, int(piece_of.max()) + 1
    if pool is None:
        return np.zeros(n_pieces, np.int64)
    synapse = synapse_bits_of(net, graph, piece_of, chip)
    axons_in = np.bincount(source_pieces(graph, piece_of)[1], minlength=n_pieces)
    axons_out = np.zeros(n_pieces, np.int64)
    np.add.at(axons_out, piece_of, made)
    adaptive = np.bincount(piece_of[net.model == ADAPTIVE], minlength=n_pieces)
    bits: npt.NDArray[np.int64] = pooled_bits(pool, np.bincount(piece_of), axons_in, axons_out, synapse)
    return bits + adaptive * pool.adaptation_bits


def synapse_bits_of(
    net: LoweredNetwork, graph: Hypergraph, piece_of: npt.NDArray[np.int32], chip: ChipProfile
) -> npt.NDArray[np.int64]:
    """Bits of the lists of each piece, none of them dense: [piece]."""
    n_pieces = int(piece_of.max()) + 1
    neuron = np.repeat(np.arange(net.n_neurons), np.diff(graph.in_ptr))
    lists, which = np.unique(graph.in_net.astype(np.int64) * n_pieces + piece_of[neuron], return_inverse=True)
    length = np.bincount(which, weights=graph.in_count, minlength=len(lists)).astype(np.int64)
    each = net_bits(net, graph)[lists // n_pieces]
    kinds, kind = np.unique(np.stack([length, each], axis=1), axis=0, return_inverse=True)
    table = np.array([list_bits(int(n), int(bits), chip.lists) for n, bits in kinds], np.int64)
    synapse = np.zeros(n_pieces, np.int64)
    np.add.at(synapse, lists % n_pieces, table[kind.ravel()])
    return synapse


def mean_fill(
    net: LoweredNetwork, graph: Hypergraph, piece_of: npt.NDArray[np.int32], chip: ChipProfile
) -> dict[str, float]:
    """Resource -> used share of its limit, mean over pieces; bits without padding.  Unlimited ones are left out."""
    each = np.array([synapse_bits(f.weight_bits, f.index_bits, f.delay_bits) for f in net.formats], np.int64)
    axons = destinations(graph, piece_of)
    used = {
        "neurons": net.n_neurons,
        "input_axons": int(axons.sum()),
        "output_axons": int(axons[: net.n_neurons].sum()),
        "synapse_memory_bits": int(each[net.format_of].sum()) if len(each) else 0,
    }
    n_pieces = int(piece_of.max()) + 1
    if chip.pool:
        adaptive = int((net.model == ADAPTIVE).sum())
        used[POOL] = int(pooled_bits(chip.pool, *used.values())) + adaptive * chip.pool.adaptation_bits
    return {key: used[key] / n_pieces / limit for key, limit in resource_limits(chip).items() if limit is not None}
