"""Partition by rules: cut a network into pieces where the user has a say (mapping_rules.py).

Every group is grown for itself, as in grown.py, from vertices instead of neurons: what must share a core is one.
Output axons are estimated and grown again until all limits hold; but for "greedy", all pieces are then annealed, each
vertex within its group.  Pieces of a pinned group go to its cores; those of the others are divided between chips.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.errors import DoesNotFit
from chips.profile import ChipProfile
from compiler.board import room_for, usable_cores
from compiler.kernels.growth import grow
from compiler.kernels.pieces import INPUTS, OUTPUTS, POOL, Level, Limits
from compiler.lowering.lowered import LoweredNetwork
from compiler.mapping_rules import Rules, refuse_more
from compiler.output_axons import ExpectedAxons
from compiler.partitioning.bounds import limit_key
from compiler.partitioning.divide import UNIT, divide
from compiler.partitioning.hypergraph import Hypergraph, alone, contract, destinations, joined, restrict
from compiler.partitioning.improve import DENSE, level_for, limits_for
from compiler.partitioning.multilevel import GENTLE, SWEEPS, annealed, fitting, merged, repair, state_of
from compiler.partitioning.partition import checked_rates
from compiler.partitioning.piece_use import Partition, mean_fill, net_bits, own_pool_bits, piece_limits
from compiler.partitioning.problem import DEFAULT, Method
from compiler.partitioning.refused_pieces import check_single_neurons

Ints32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
_NO_LIMIT = np.iinfo(np.int64).max
_COLUMNS = ("neurons", "input_axons", "output_axons", "synapse_memory_bits", "pooled_memory_bits")


@dataclass(frozen=True, slots=True)
class Ground:
    """What pieces are made of: the network by vertices, and what a piece of each group holds."""

    net: LoweredNetwork
    graph: Hypergraph  # of neurons
    vertices: Hypergraph  # the same by vertices
    rules: Rules
    level: Level  # of vertices
    rate: npt.NDArray[np.float64]  # [source]
    group_of: Ints32  # [vertex]
    weight: Ints  # [vertex], neurons
    own_bits: Ints  # [vertex], of a pool, on top of a neuron's share
    most: Ints  # [group, 8], see Limits

    @property
    def chip(self) -> ChipProfile:
        """What is left of the chip for those that are not pinned."""
        return self.rules.chip

    def limits(self, group_of_piece: Ints32) -> Limits:
        """The limits of pieces of these groups."""
        return limits_for(self.chip, self.most[group_of_piece])


def ground_of(
    net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile, rules: Rules, rates: npt.ArrayLike | None
) -> Ground:
    """The ground for pieces under rules.

    Raises:
        DoesNotFit: a neuron, or what is to stay together, exceeds a core by itself.
        NetworkError: `rates` has a wrong length, or a rate is negative or not a number.
    """
    rate = checked_rates(rates, graph)
    check_single_neurons(net, graph, chip)
    level = level_for(net, graph, chip, rate)
    if rules.n_vertices < net.n_neurons:
        level = merged(level, rules.vertex_of)[0]
    group_of = np.zeros(rules.n_vertices, np.int32)
    group_of[rules.vertex_of] = rules.group_of
    most = piece_limits(chip).repeat(len(rules.groups), axis=0)
    most[:, 0] = [_NO_LIMIT if group.neurons is None else group.neurons for group in rules.groups]
    weight = np.bincount(rules.vertex_of)
    own_bits = np.bincount(rules.vertex_of, weights=own_pool_bits(net, chip)).astype(np.int64)
    vertices = joined(graph, rules.vertex_of) if rules.n_vertices < net.n_neurons else graph
    made = Ground(net, graph, vertices, rules, level, rate, group_of, weight, own_bits, most)
    if rules.n_vertices < net.n_neurons:
        _check_vertices(made, chip)
    return made


def partition_by_rules(
    net: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    rules: Rules,
    rates: npt.ArrayLike | None = None,
    method: Method = DEFAULT,
    seed: int = 0,
) -> Partition:
    """As `partition`, under rules.

    Raises:
        DoesNotFit: what is to stay together exceeds a core, a group needs more cores than there are for it, or as
            `partition`.
        NetworkError: as `partition`.
    """
    on = ground_of(net, graph, chip, rules, rates)
    piece_of, group_of_piece = _grown(on)
    if method != "greedy" and len(group_of_piece) > 1:
        piece_of = _improved(on, piece_of, group_of_piece, seed)
    kept, numbered = np.unique(piece_of, return_inverse=True)
    return with_parts(on, numbered.astype(np.int32), group_of_piece[kept])


def with_parts(on: Ground, piece_of: Ints32, group_of_piece: Ints32) -> Partition:
    """The pieces of vertices as pieces of neurons, with the cores or the chip that each goes to.

    Raises:
        DoesNotFit: a group has more pieces than cores.
    """
    rules, of_neuron = on.rules, piece_of[on.rules.vertex_of]
    n_pieces = len(group_of_piece)
    part_of = np.zeros(n_pieces, np.int32)
    cores_of: list[tuple[int, ...] | None] = []
    for i, group in enumerate(rules.groups):
        mine = group_of_piece == i
        if group.cores is not None:
            if mine.sum() > len(group.cores):
                refuse_more(group, int(mine.sum()), rules, _fill(on, of_neuron))
            part_of[mine] = len(cores_of)
            cores_of.append(group.cores)
    free = np.flatnonzero([rules.groups[g].cores is None for g in group_of_piece])
    if len(free):
        usable = usable_cores(on.chip.mesh)
        if len(free) > usable.sum():
            loose = next(group for group in rules.groups[::-1] if group.cores is None)
            refuse_more(loose, len(free), rules, _fill(on, of_neuron))
        part_of[free] = len(cores_of) + _chips_of(on, of_neuron, free)
    return Partition(of_neuron, n_pieces, part_of, tuple(cores_of))


def _chips_of(on: Ground, piece_of: Ints32, free: npt.NDArray[np.int64]) -> Ints32:
    """The part of each free piece: one for each chip that they need."""
    room = room_for(on.chip.mesh, len(free))
    if len(room) == 1:
        return np.zeros(len(free), np.int32)
    among = alone(contract(on.graph, piece_of), free)
    parts = divide(among, np.full(len(free), UNIT, np.int64), room, balanced=False)
    return np.unique(parts, return_inverse=True)[1].astype(np.int32)


def _grown(on: Ground) -> tuple[Ints32, Ints32]:
    """Pieces of vertices that are within all limits, and the group of each piece."""
    members = [np.flatnonzero(on.group_of == i) for i in range(len(on.rules.groups))]
    graph = on.vertices
    graphs = [graph] if len(members) == 1 else [restrict(graph, inside) for inside in members]
    weight, bits = on.weight, net_bits(on.net, on.graph)
    packing = np.array(on.limits(np.zeros(1, np.int32)).packing[:3])
    n = on.net.n_neurons
    axons = ExpectedAxons(0, np.minimum(graph.fan_out[:n], len(weight)))
    for expected in axons.rounds():
        out_axons = np.bincount(on.rules.vertex_of, weights=expected).astype(np.int64)
        piece_of, groups = np.zeros(len(weight), np.int32), np.zeros(0, np.int32)
        for i, (inside, part) in enumerate(zip(members, graphs, strict=True)):
            found = grow(
                part.in_ptr,
                part.in_net,
                part.in_count,
                part.net_source,
                bits,
                part.out_ptr,
                part.out_target,
                out_axons[inside],
                on.own_bits[inside],
                on.most[i : i + 1],
                packing,
                np.ones(part.n_sources, np.int64),
                weight[inside],
            )
            piece_of[inside] = len(groups) + found
            groups = np.append(groups, np.full(int(found.max()) + 1, i, np.int32))
        state, _ = state_of(on.level, piece_of.copy(), len(groups), on.limits(groups))
        if fitting(state, on.limits(groups)) or repair(on.level, state, on.limits(groups), groups):
            return state.piece_of, groups
        axons.needed(destinations(on.graph, piece_of[on.rules.vertex_of])[:n])
    raise DoesNotFit(
        f"no cut under the mapping keeps every core of {on.chip.name} within its limits: neurons reach too many cores "
        "(core.output_axons), or one core has too many sources (core.input_axons); ask for less of the mapping"
    )


def _improved(on: Ground, piece_of: Ints32, group_of_piece: Ints32, seed: int) -> Ints32:
    """The pieces annealed, where that saves packets."""
    limits, n_pieces = on.limits(group_of_piece), len(group_of_piece)
    before = state_of(on.level, piece_of.copy(), n_pieces, limits)[1]
    reached = destinations(on.graph, piece_of[on.rules.vertex_of])
    work = int((reached * on.graph.fan_out).sum())  # of a sweep, about
    sweeps = int(np.clip(DENSE.work // max(1, work), *SWEEPS))
    chance = np.array([2 * seed + 1], np.uint64)
    found, cost, fit = annealed(on.level, piece_of, limits, group_of_piece, sweeps, GENTLE, chance)
    return found if fit and cost < before else piece_of


def _check_vertices(on: Ground, chip: ChipProfile) -> None:
    """Refuse what is to stay together but exceeds a core."""
    level, n = on.level, len(on.weight)
    limits = on.limits(on.group_of)
    used = state_of(level, np.arange(n, dtype=np.int32), n, limits)[0].used
    sends = on.graph.fan_out[: on.net.n_neurons] > 0
    used[:, OUTPUTS] = np.bincount(on.rules.vertex_of, weights=sends, minlength=n)  # a core each, at least
    pooled = used[:, :3] * np.where(limits.most[:, 5:] == _NO_LIMIT, 0, limits.most[:, 5:])
    used[:, POOL] += pooled.sum(axis=1) + used[:, POOL - 1]
    too_much = used > limits.most[:, :5]
    if not too_much.any():
        return
    vertex = int(too_much.any(axis=1).argmax())
    column = int(too_much[vertex].argmax())
    resource, limit = _COLUMNS[column], int(limits.most[vertex, column])
    members = np.flatnonzero(on.rules.vertex_of == vertex)
    own = resource == "neurons" and limit != chip.core.neurons
    what = "sources" if column == INPUTS else resource.replace("_", " ")
    raise DoesNotFit(
        f"together: the {len(members):,} neurons from {on.net.owner(int(members[0]))} to "
        f"{on.net.owner(int(members[-1]))} that are to share a core take {used[vertex, column]:,} {what}, but a "
        f"{chip.name} core holds {limit:,} ({'neurons_per_core' if own else limit_key(resource)}): make the group "
        "smaller",
        "neurons_per_core" if own else limit_key(resource),
        int(used[vertex, column]),
        limit,
    )


def _fill(on: Ground, piece_of: Ints32) -> str:
    """What binds on average, in words."""
    fill = mean_fill(on.net, on.graph, piece_of, on.chip)
    if not fill:
        return ""
    binding = max(fill, key=lambda key: fill[key])
    return f", filled to {fill[binding]:.0%} of {limit_key(binding)} on average"
