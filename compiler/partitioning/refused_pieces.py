"""Refused pieces: what no core, or not the whole chip, can hold, said with the limit, the amount and the remedy."""

import numpy as np
import numpy.typing as npt

from chips.errors import DoesNotFit
from chips.packing import list_bits
from chips.profile import ChipProfile
from compiler.lowering.lowered import LoweredNetwork
from compiler.partitioning.bounds import POOL, limit_key
from compiler.partitioning.hypergraph import Hypergraph
from compiler.partitioning.piece_use import mean_fill, net_bits, pooled_of

_REMEDIES = {
    "neurons": "with fewer neurons",
    "input_axons": "make connections more local, or fewer, so that neurons of a core share their sources",
    "output_axons": "make connections more local, or fewer, so that a neuron reaches fewer cores",
    "synapse_memory_bits": "with fewer synapses, or fewer weight bits",
    POOL: "with fewer neurons or synapses, or fewer weight bits",
}


def check_single_neurons(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile) -> None:
    """Refuse a neuron that exceeds a core by itself.

    Raises:
        DoesNotFit: it does.
    """
    axons = graph.fan_in_axons
    limit = chip.core.input_axons
    if limit is not None and axons.max() > limit:
        worst = int(axons.argmax())
        raise DoesNotFit(
            f"{net.owner(worst)} listens to {axons[worst]:,} sources, but a {chip.name} core has {limit:,} input "
            f"axons (core.input_axons): cut its fan-in to {limit:,}, or set core.input_axons={axons[worst]}",
            "core.input_axons",
            int(axons[worst]),
            limit,
        )
    alone = np.arange(net.n_neurons, dtype=np.int32)
    pooled = pooled_of(net, graph, alone, np.minimum(graph.fan_out[: net.n_neurons], 1), chip)
    if chip.pool and pooled.max() > chip.pool.memory_bits:
        refuse_pool(net, graph, int(pooled.argmax()), int(pooled.max()), chip)
    memory = chip.core.synapse_memory_bits
    if memory is None or not len(graph.in_net):
        return
    each = net_bits(net, graph)[graph.in_net]
    synapse = chip.lists
    most = int(graph.in_count.max())
    table = np.array([[list_bits(n, int(b), synapse) for n in range(most + 1)] for b in range(int(each.max()) + 1)])
    bits = np.zeros(net.n_neurons, np.int64)
    np.add.at(bits, np.repeat(np.arange(net.n_neurons), np.diff(graph.in_ptr)), table[each, graph.in_count])
    if bits.max() > memory:
        worst = int(bits.argmax())
        share = bits[worst] / max(1, axons[worst])
        raise DoesNotFit(
            f"{net.owner(worst)} needs {bits[worst]:,} synapse bits, but a {chip.name} core holds {memory:,} "
            f"(core.synapse_memory_bits): cut its fan-in from {axons[worst]:,} to {int(memory / share):,}, use "
            f"fewer weight bits, or set core.synapse_memory_bits={bits[worst]}",
            "core.synapse_memory_bits",
            int(bits[worst]),
            memory,
        )


def check_rows(net: LoweredNetwork, piece_of: npt.NDArray[np.int32], chip: ChipProfile) -> None:
    """A source takes a row for each sign that it has on a core, which the growth does not know."""
    limit = chip.core.input_axons
    if limit is None or not len(net.source):
        return
    n_pieces, n_formats = int(piece_of.max()) + 1, len(net.formats)
    rows = np.unique((net.source.astype(np.int64) * n_formats + net.format_of) * n_pieces + piece_of[net.target])
    used = np.bincount(rows % n_pieces)
    if used.max() > limit:
        both = len(rows) - len(np.unique(rows // n_pieces // n_formats * n_pieces + rows % n_pieces))
        raise DoesNotFit(
            f"the sources of a core need {used.max():,} rows ({both:,} of them because input channels have synapses of "
            f"both signs), but a {chip.name} core has {limit:,} (core.input_axons): give channels one sign, or use "
            "fewer channels or neurons",
            "core.input_axons",
            int(used.max()),
            limit,
        )


def refuse_pool(net: LoweredNetwork, graph: Hypergraph, neuron: int, bits: int, chip: ChipProfile) -> None:
    """Refuse a neuron that takes too much of a pool.

    Raises:
        DoesNotFit: always.
    """
    limit = chip.pool.memory_bits if chip.pool else 0
    raise DoesNotFit(
        f"{net.owner(neuron)}, with its {graph.fan_in_axons[neuron]:,} sources and {graph.fan_out[neuron]:,} targets, "
        f"takes {bits:,} bits, but a {chip.name} core holds {limit:,} in all (pool.memory_bits): cut its "
        f"fan-in or fan-out, use fewer weight bits, or set pool.memory_bits={bits}",
        "pool.memory_bits",
        bits,
        limit,
    )


def refuse_output_axons(
    net: LoweredNetwork,
    graph: Hypergraph,
    piece_of: npt.NDArray[np.int32],
    made: npt.NDArray[np.int64],
    chip: ChipProfile,
) -> None:
    """Refuse pieces whose output axons, or pools, exceed a core; `made`: output axons of each neuron.

    Raises:
        DoesNotFit: always.
    """
    worst, most = int(made.argmax()), int(np.bincount(piece_of, weights=made).max())
    if chip.core.output_axons is None or most <= chip.core.output_axons:
        pooled = pooled_of(net, graph, piece_of, made, chip)
        refuse_pool(net, graph, int((piece_of == pooled.argmax()).argmax()), int(pooled.max()), chip)
    raise DoesNotFit(
        f"{net.owner(worst)} reaches {made[worst]:,} cores, but a {chip.name} core has "
        f"{chip.core.output_axons:,} output axons (core.output_axons): cut its fan-out, or set "
        f"core.output_axons={most}",
        "core.output_axons",
        most,
        chip.core.output_axons,
    )


def refuse_pieces(net: LoweredNetwork, graph: Hypergraph, piece_of: npt.NDArray[np.int32], chip: ChipProfile) -> None:
    """Refuse more pieces than the chip has cores.

    Raises:
        DoesNotFit: always.
    """
    mesh, n_pieces, lost = chip.mesh, int(piece_of.max()) + 1, len(chip.mesh.disabled_cores)
    rows = -(-(n_pieces + lost) // (mesh.n_cores // mesh.tiles_y))
    columns = -(-(n_pieces + lost) // (mesh.n_cores // mesh.chips_x))
    board = f" on {mesh.chips_x} x {mesh.chips_y} chips" if mesh.n_chips > 1 else ""
    without = f", without the {lost:,} of mesh.disabled_cores" if lost else ""
    fill = mean_fill(net, graph, piece_of, chip)
    binding = max(fill, key=lambda key: fill[key])
    largest = max((s for s in net.spans if s.kind != "input"), key=lambda s: s.n)
    raise DoesNotFit(
        f"the network needs {n_pieces:,} cores, filled to {fill[binding]:.0%} of {limit_key(binding)} on average, but "
        f"{chip.name} has {mesh.n_cores - lost:,} (mesh.tiles_x x mesh.tiles_y x mesh.cores_per_tile{board}{without}); "
        f"the largest population is {largest.name!r} with {largest.n:,} neurons: it fits with mesh.tiles_y={rows} or "
        f"mesh.chips_x={columns}, or {_REMEDIES[binding]}",
        "cores",
        n_pieces,
        mesh.n_cores - lost,
    )
