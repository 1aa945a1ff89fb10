"""Partition: cut a network into pieces that each fit one core.

A network that does not fit one chip is first divided between chips (divide.py), and each part then cut for itself.
Constraint-aware greedy growth on the hypergraph (one hyperedge per source: the source and its targets) finds pieces
that fit; improve.py then makes them fewer, and their packets, unless the growth alone is asked for.  A
piece starts at the first free neuron and takes, one at a time, the neuron that adds the fewest input axons,
until a limit of the core is met.  Output axons depend on where everybody else goes, so they are estimated
from the previous round and the growth is repeated until the true numbers fit.  After lower.py, before
place.py.  Cost: rounds x synapses; the loop itself is in growth.py.
"""

import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from chips.errors import DoesNotFit, NetworkError
from chips.packing import list_bits, synapse_bits
from chips.profile import ChipProfile
from compiler.board import room_for, usable_cores
from compiler.bounds import POOL, limit_key, pooled_bits, resource_limits
from compiler.divide import UNIT, divide
from compiler.hypergraph import Hypergraph, contract, destinations, restrict, source_pieces
from compiler.lowered import LoweredNetwork
from compiler.registers import ADAPTIVE

ROUNDS = 12  # of output-axon estimates; the last one uses the fan-out, which is always enough
_NO_LIMIT = np.iinfo(np.int64).max
LARGE = 500_000  # pairs of source and target: a network that is cut before its growth heeds output axons
VERY_LARGE = 2_000_000  # those of a network that is not cut, see improve.py
FEW = 0.1  # of the pieces of such a network, that are mended where they exceed a limit
WORTH = 16  # of an axon whose source fires at the mean rate
Method = Literal["multilevel", "greedy", "mtkahypar"]
DEFAULT: Method = "multilevel"


@dataclass(frozen=True, slots=True)
class Partition:
    """The piece each neuron went to.  Pieces are numbered from 0; none is empty."""

    piece_of: npt.NDArray[np.int32]  # [neuron]
    n_pieces: int
    part_of: npt.NDArray[np.int32] | None = None  # [piece], a part goes to one chip; None: all pieces are one part
    cores_of: tuple[tuple[int, ...] | None, ...] = ()  # [part], the cores it goes to; None, and beyond: place chooses


def partition(
    net: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    rates: npt.ArrayLike | None = None,
    method: Method = DEFAULT,
    seed: int = 0,
) -> Partition:
    """Give every neuron a piece such that no piece exceeds `chip.core`, on as few cores as it finds, then few packets.

    Args:
        net: the network in integers.
        graph: of the same network.
        chip: the limits.
        rates: of each neuron, then of each input channel, in any unit: [source]; None takes them as equal.
        method: "greedy" grows pieces; "multilevel" improves on that, see multilevel.py and improve.py; "mtkahypar"
            does so from a cut of that package.
        seed: of all but "greedy".

    Raises:
        DoesNotFit: a neuron exceeds a core by itself, or more pieces are needed than the chip has cores.
        NetworkError: `rates` has a wrong length, or a rate is negative or not a number; no such method, or its
            package is missing.
    """
    if method not in get_args(Method):
        raise NetworkError(f"partition is {method!r}, but must be one of {', '.join(get_args(Method))}")
    rate = checked_rates(rates, graph)
    check_single_neurons(net, graph, chip)
    usable = usable_cores(chip.mesh)
    whole = _whole(net, graph, chip, rate, method, seed)
    if whole.n_pieces > usable.sum():
        _refuse_pieces(net, graph, whole.piece_of, chip)
    if chip.lists.layout == "row":
        _check_rows(net, whole.piece_of, chip)
    if whole.n_pieces <= usable.max():
        return whole
    divided = _over_chips(net, graph, chip, whole)
    if method == "greedy":
        return divided
    from compiler.improve import improve

    return improve(divided, net, graph, chip, rate, seed)


def _whole(
    net: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    rate: npt.NDArray[np.float64],
    method: Method,
    seed: int,
) -> Partition:
    """Pieces of the whole network, as if all cores were on one chip.

    In a large network, growth until the output axons fit takes longest.  The first round needs fewer pieces than those
    that heed output axons, as a rule: a cut on fewer still, within all limits, is taken without them.  In a very large
    one, a round of which few pieces exceed a limit is the last, if these can be mended by moves.
    """
    rounds = _rounds(net, graph, chip, np.zeros(net.n_neurons, np.int32))
    if method == "greedy":
        return _last(rounds)
    from compiler.improve import cut, improve, mended  # numba is loaded only when there is something to improve

    for number, (grown, beyond) in enumerate(rounds):
        found = None
        if beyond and len(graph.out_target) > VERY_LARGE and method == "multilevel":
            found = mended(grown, net, graph, chip, rate, seed) if beyond <= FEW * grown.n_pieces else None
        elif beyond and len(graph.out_target) > LARGE and number == 0:
            found = cut(grown, net, graph, chip, rate, seed, method)
        if found is not None:
            return found
    return improve(grown, net, graph, chip, rate, seed, method) if grown.n_pieces > 1 else grown


def _beyond(
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
        exceeds |= _pooled(net, graph, piece_of, made, chip) > chip.pool.memory_bits
    return int(exceeds.sum())


def checked_rates(rates: npt.ArrayLike | None, graph: Hypergraph) -> npt.NDArray[np.float64]:
    """Rates with a mean of 1; equal ones where none are given, or nothing fires."""
    if rates is None:
        return np.ones(graph.n_sources)
    try:
        rate = np.asarray(rates, np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"rates are not numbers: {error}") from error
    if rate.shape != (graph.n_sources,):
        raise NetworkError(
            f"rates has shape {rate.shape}, but the network has {graph.n_neurons:,} neurons and "
            f"{graph.n_sources - graph.n_neurons:,} input channels: give one rate for each, neurons first"
        )
    if not (np.isfinite(rate) & (rate >= 0)).all():
        worst = int((~(np.isfinite(rate) & (rate >= 0))).argmax())
        raise NetworkError(f"rates[{worst}] is {rate[worst]:g}, but a rate is a number of at least 0")
    return rate / rate.mean() if rate.any() else np.ones(graph.n_sources)


def _over_chips(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile, whole: Partition) -> Partition:
    """The network on as few chips as `whole` needs, so that few packets leave their chip.

    Its pieces as they are, divided between chips; or the neurons divided first and then cut into cores, unless a part
    needs more cores then than its chip has.
    """
    room = room_for(chip.mesh, whole.n_pieces)
    one_each = np.full(whole.n_pieces, UNIT, np.int64)
    kept = divide(contract(graph, whole.piece_of), one_each, room, balanced=False)
    found = [(whole, kept)]
    load = UNIT // np.bincount(whole.piece_of)[whole.piece_of]  # [neuron]
    with contextlib.suppress(DoesNotFit):  # more cores, so more output axons
        made = _cores(net, graph, chip, divide(graph, load, room))
        if made.part_of is not None and (np.bincount(made.part_of, minlength=len(room)) <= room).all():
            found.append((made, made.part_of))
    made, part_of = min(found, key=lambda pair: _reached(graph, pair[0].piece_of, pair[1]))
    numbered = np.unique(part_of, return_inverse=True)[1]  # a part may have come out empty
    return Partition(made.piece_of, made.n_pieces, numbered.astype(np.int32))


def _reached(graph: Hypergraph, piece_of: npt.NDArray[np.int32], part_of: npt.NDArray[np.int32]) -> tuple[int, int]:
    """Chips, and cores, that all sources reach."""
    return int(destinations(graph, part_of[piece_of]).sum()), int(destinations(graph, piece_of).sum())


def rated(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile, rate: npt.NDArray[np.float64]) -> Partition:
    """Grown pieces for which an axon counts as often as its source fires."""
    worth = np.maximum(1, np.rint(rate * WORTH)).astype(np.int64)
    return _cores(net, graph, chip, np.zeros(net.n_neurons, np.int32), worth)


def _cores(
    net: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    part_of: npt.NDArray[np.int32],
    worth: npt.NDArray[np.int64] | None = None,
) -> Partition:
    """Pieces that fit a core, none with neurons of two parts; `part_of` is of neurons, `worth` as in growth.py."""
    return _last(_rounds(net, graph, chip, part_of, worth))


def _last(rounds: Iterator[tuple[Partition, int]]) -> Partition:
    return deque(rounds, maxlen=1)[0][0]


def _rounds(
    net: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    part_of: npt.NDArray[np.int32],
    worth: npt.NDArray[np.int64] | None = None,
) -> Iterator[tuple[Partition, int]]:
    """The pieces of each round of growth, arguments as of `_cores`, and how many are beyond a limit: of the last, none.

    Raises:
        DoesNotFit: there is no such round.
    """
    worth = np.ones(graph.n_sources, np.int64) if worth is None else worth
    if not part_of.any() and _one_core_suffices(net, graph, chip):
        yield Partition(np.zeros(net.n_neurons, np.int32), 1), 0
        return
    members = [np.flatnonzero(part_of == part) for part in np.unique(part_of)]
    graphs = [graph] if len(members) == 1 else [restrict(graph, inside) for inside in members]
    estimate = np.zeros(net.n_neurons, np.int64)
    own_bits = own_pool_bits(net, chip)
    for round_number in range(ROUNDS + 1):
        if round_number == ROUNDS:
            estimate = graph.fan_out[: net.n_neurons].astype(np.int64)
        piece_of, n_pieces = np.zeros(net.n_neurons, np.int32), 0
        for inside, part in zip(members, graphs, strict=True):
            piece_of[inside] = n_pieces + _grow(net, part, chip, estimate[inside], own_bits[inside], worth)
            n_pieces = int(piece_of[inside].max()) + 1
        first = np.unique(piece_of, return_index=True)[1]  # a neuron of each piece
        made = destinations(graph, piece_of)[: net.n_neurons]
        beyond = _beyond(net, graph, piece_of, made, chip)
        yield Partition(piece_of, n_pieces, None if len(members) == 1 else part_of[first]), beyond
        if not beyond:
            return
        estimate = np.maximum(estimate, np.ceil(made * (1 + 0.01 * round_number)).astype(np.int64))
    _refuse_output_axons(net, graph, piece_of, made, chip)


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
    if memory is not None and _synapse_bits(net, graph, whole, chip).sum() > memory:
        return False
    return not _beyond(net, graph, whole, sends[: net.n_neurons].astype(np.int64), chip)


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


def _pooled(
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
    synapse = _synapse_bits(net, graph, piece_of, chip)
    axons_in = np.bincount(source_pieces(graph, piece_of)[1], minlength=n_pieces)
    axons_out = np.zeros(n_pieces, np.int64)
    np.add.at(axons_out, piece_of, made)
    adaptive = np.bincount(piece_of[net.model == ADAPTIVE], minlength=n_pieces)
    bits: npt.NDArray[np.int64] = pooled_bits(pool, np.bincount(piece_of), axons_in, axons_out, synapse)
    return bits + adaptive * pool.adaptation_bits


def _synapse_bits(
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


# ---------------------------------------------------------------- refusals


def check_single_neurons(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile) -> None:
    """Refuse a neuron that exceeds a core by itself."""
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
    pooled = _pooled(net, graph, alone, np.minimum(graph.fan_out[: net.n_neurons], 1), chip)
    if chip.pool and pooled.max() > chip.pool.memory_bits:
        _refuse_pool(net, graph, int(pooled.argmax()), int(pooled.max()), chip)
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


def _check_rows(net: LoweredNetwork, piece_of: npt.NDArray[np.int32], chip: ChipProfile) -> None:
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


def _refuse_pool(net: LoweredNetwork, graph: Hypergraph, neuron: int, bits: int, chip: ChipProfile) -> None:
    limit = chip.pool.memory_bits if chip.pool else 0
    raise DoesNotFit(
        f"{net.owner(neuron)}, with its {graph.fan_in_axons[neuron]:,} sources and {graph.fan_out[neuron]:,} targets, "
        f"takes {bits:,} bits, but a {chip.name} core holds {limit:,} in all (pool.memory_bits): cut its "
        f"fan-in or fan-out, use fewer weight bits, or set pool.memory_bits={bits}",
        "pool.memory_bits",
        bits,
        limit,
    )


def _refuse_output_axons(
    net: LoweredNetwork,
    graph: Hypergraph,
    piece_of: npt.NDArray[np.int32],
    made: npt.NDArray[np.int64],
    chip: ChipProfile,
) -> None:
    worst, most = int(made.argmax()), int(np.bincount(piece_of, weights=made).max())
    if chip.core.output_axons is None or most <= chip.core.output_axons:
        pooled = _pooled(net, graph, piece_of, made, chip)
        _refuse_pool(net, graph, int((piece_of == pooled.argmax()).argmax()), int(pooled.max()), chip)
    raise DoesNotFit(
        f"{net.owner(worst)} reaches {made[worst]:,} cores, but a {chip.name} core has "
        f"{chip.core.output_axons:,} output axons (core.output_axons): cut its fan-out, or set "
        f"core.output_axons={most}",
        "core.output_axons",
        most,
        chip.core.output_axons,
    )


def _refuse_pieces(net: LoweredNetwork, graph: Hypergraph, piece_of: npt.NDArray[np.int32], chip: ChipProfile) -> None:
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


_REMEDIES = {
    "neurons": "with fewer neurons",
    "input_axons": "make connections more local, or fewer, so that neurons of a core share their sources",
    "output_axons": "make connections more local, or fewer, so that a neuron reaches fewer cores",
    "synapse_memory_bits": "with fewer synapses, or fewer weight bits",
    POOL: "with fewer neurons or synapses, or fewer weight bits",
}


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
