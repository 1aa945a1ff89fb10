"""Sequential: the same network as the simplest compiler would map it, to compare with.

Neurons fill cores in their order, each core until a limit is met, and cores are taken in the order of their numbers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.board import compact_chips, compact_cores, usable_cores
from compiler.emit import emit
from compiler.kernels.in_order import fill
from compiler.lowering.lowered import LoweredNetwork
from compiler.lowering.relower import relowered
from compiler.output_axons import ExpectedAxons
from compiler.partitioning.hypergraph import Hypergraph, destinations, hypergraph
from compiler.partitioning.improve import level_for, limits_for
from compiler.partitioning.multilevel import fitting, state_of
from compiler.partitioning.piece_use import Partition, net_bits, own_pool_bits, piece_limits
from compiler.placement.place import Placement, piece_traffic
from compiler.program import Program


@dataclass(frozen=True, slots=True)
class Sequential:
    """A network in order; packets per spike when every neuron fires once."""

    cores: int
    packets_per_spike: float  # own core included
    packets_between_cores_per_spike: float
    program: Program | None  # None: the chip has not so many cores


def sequential(program: Program) -> Sequential:
    """The network of a program of lists in order; its own program is not checked."""
    net, chip = relowered(program), program.chip
    graph = hypergraph(net)
    piece_of = _filled(net, graph, chip)
    pieces = Partition(piece_of, int(piece_of.max()) + 1)
    cores = _cores_in_order(chip, pieces.n_pieces)
    fits = len(cores) == pieces.n_pieces
    return Sequential(
        cores=pieces.n_pieces,
        packets_per_spike=float(destinations(graph, piece_of)[: net.n_neurons].sum()) / net.n_neurons,
        packets_between_cores_per_spike=float(piece_traffic(pieces, graph).sum()) / net.n_neurons,
        program=emit(net, pieces, Placement(cores), chip, program.seed) if fits else None,
    )


def _filled(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile) -> npt.NDArray[np.int32]:
    """Pieces within all limits; output axons are estimated from the round before, as in grown.py."""
    lists, bits, own = chip.lists, net_bits(net, graph), own_pool_bits(net, chip)
    packing = np.array([lists.block_synapses, lists.block_header_bits, lists.word_bits], np.int64)
    level = level_for(net, graph, chip, np.ones(graph.n_sources))
    axons = ExpectedAxons(0, graph.fan_out[: net.n_neurons], margin=0.0)
    for expected in axons.rounds():
        piece_of: npt.NDArray[np.int32] = fill(
            graph.in_ptr,
            graph.in_net,
            graph.in_count,
            graph.net_source,
            graph.n_sources,
            bits,
            expected,
            own,
            piece_limits(chip),
            packing,
        )
        n_pieces = int(piece_of.max()) + 1
        limits = limits_for(chip, piece_limits(chip).repeat(n_pieces, axis=0))
        if fitting(state_of(level, piece_of.copy(), n_pieces, limits)[0], limits):
            break
        axons.needed(destinations(graph, piece_of)[: net.n_neurons])
    return piece_of


def _cores_in_order(chip: ChipProfile, n: int) -> npt.NDArray[np.int32]:
    """The first cores of a compact block of the fewest chips; fewer than `n`, if there are not so many."""
    usable, mesh = usable_cores(chip.mesh), chip.mesh
    if n <= usable.max():
        return compact_cores(mesh, int((usable >= n).argmax()), n)[:n]
    for size in range(2, mesh.n_chips + 1):
        chips = compact_chips(mesh, size)
        if usable[chips].sum() >= n:
            return np.concatenate([compact_cores(mesh, int(one), int(usable[one])) for one in chips])[:n]
    return np.zeros(0, np.int32)
