"""Multilevel: pieces of few packets, from clusters of neurons down to neurons.

Neurons that share sources are joined, level by level, until a piece is a dozen clusters; these are grown into pieces,
and every level, from the coarsest to the neurons, anneals them by moves and swaps on exact changes of

    sum over sources of rate x (distinct pieces that it reaches, but for its own).

Until there are pieces of neurons only what is scarcest is limited, and clusters, too coarse to fill pieces exactly, may
fill them beyond that; then what is too much is moved out, and from there on every limit holds.  Called by partition.py.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compiler.kernels import coarsening, moving, pieces
from compiler.kernels.pieces import Level, Limits, State
from compiler.partitioning.hypergraph import Hypergraph

Pieces = npt.NDArray[np.int32]  # [vertex]
_NO_LIMIT = np.iinfo(np.int64).max

FINEST = 2**30  # sum of all rates, in their unit
EVEN = 1.02  # what a piece may hold while pieces are looked for, in that of the mean piece, if bits are scarce
TABLE = 4  # of the table of savings, for each pin, at most
JOIN_PINS = 200_000  # that a vertex looks at to find its partner
JOIN_WORK = 50_000_000  # that all of them look at, of a large level
LARGE_LEVEL = 800_000  # its pins, from here on
QUENCH = 10  # sweeps at the end that only take what saves something
GENTLE, COLD = 0.02, 0.003  # temperatures, of grown pieces and at the end, in units of the mean cost of a vertex
SLOW = 0.9  # of what is too much: a round of repair that leaves more is the last
ROUGH = 20_000  # vertices of the finest level that a cut in a hurry anneals
LONG = 30  # sweeps; fewer begin colder, as they could not cool down from there
SWEEPS = 8, 100  # over the neurons, least and most


@dataclass(frozen=True, slots=True)
class Search:
    """How pieces are looked for."""

    clusters: int  # of a piece, at the coarsest level
    hot: float  # temperature at the start of each level, in units of the mean cost of a vertex
    warm: float  # likewise, where there are pieces already
    work: int  # rows of sources that all sweeps over the neurons would look at without a table, about
    starts: int  # of which the best is kept
    cycles: int  # that coarsen anew, joining within pieces alone, and anneal the pieces that are there on every level
    coarse: int = 2  # sweeps over clusters for each over the neurons


def finest(
    graph: Hypergraph,
    rate: npt.NDArray[np.float64],
    own_bits: npt.NDArray[np.int64],
    net_bits: npt.NDArray[np.int64] | None,
) -> Level:
    """The level of neurons; `net_bits` [net] of one synapse, None where the memory of lists has no limit.

    Rates become whole numbers that fit 31 bits all together.
    """
    n = graph.n_neurons
    listens = coarsening.transpose(graph.out_ptr, graph.out_target, n)
    ptr, source, deaf = coarsening.with_itself(*listens, graph.n_sources)
    pin_ptr, pin = coarsening.transpose(ptr, source, graph.n_sources)
    whole = np.rint(rate * (FINEST / rate.sum())).astype(np.int64)
    listed = net_bits is not None
    return Level(
        weight=np.ones(n, np.int64),
        own_bits=own_bits,
        source_ptr=ptr,
        source=source,
        pin_ptr=pin_ptr,
        pin=pin,
        home=np.where(np.arange(graph.n_sources) < n, np.arange(graph.n_sources), -1).astype(np.int32),
        deaf=deaf,
        rate=whole,
        total=coarsening.totals(ptr, source, whole),
        list_ptr=graph.in_ptr if listed else np.zeros(n + 1, np.int64),
        list_net=graph.in_net if listed else np.zeros(0, np.int32),
        list_count=graph.in_count if listed else np.zeros(0, np.int32),
        net_bits=net_bits if net_bits is not None else np.zeros(0, np.int64),
    )


def coarser(level: Level, heaviest: int, rng: np.random.Generator, piece_of: Pieces) -> tuple[Level, Pieces]:
    """A level with vertices of a piece joined, none beyond `heaviest` neurons, and the cluster of each vertex."""
    n = len(level.weight)
    leader, weight = np.empty(n, np.int32), np.empty(n, np.int64)
    scratch = np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32)
    order = rng.permutation(n).astype(np.int32)
    work = max(1, min(JOIN_PINS, JOIN_WORK // n)) if len(level.source) > LARGE_LEVEL else JOIN_PINS
    coarsening.join(level, heaviest, work, piece_of, order, *scratch, leader, weight)
    return merged(level, np.unique(leader, return_inverse=True)[1].astype(np.int32))


def merged(level: Level, cluster_of: Pieces) -> tuple[Level, Pieces]:
    """The level whose vertices are these clusters."""
    n, n_sources = int(cluster_of.max()) + 1, len(level.home)
    member = np.argsort(cluster_of, kind="stable").astype(np.int32)
    member_ptr = _pointers(cluster_of, n)
    nothing = np.zeros(0, np.int32)
    ptr, source, _ = coarsening.merge(level.source_ptr, level.source, nothing, member_ptr, member, n_sources)
    list_ptr, list_net, list_count = coarsening.merge(
        level.list_ptr, level.list_net, level.list_count, member_ptr, member, len(level.net_bits)
    )
    pin_ptr, pin = coarsening.transpose(ptr, source, n_sources)
    return level._replace(
        weight=np.bincount(cluster_of, weights=level.weight).astype(np.int64),
        own_bits=np.bincount(cluster_of, weights=level.own_bits).astype(np.int64),
        source_ptr=ptr,
        source=source,
        pin_ptr=pin_ptr,
        pin=pin,
        home=np.where(level.home >= 0, cluster_of[level.home], -1).astype(np.int32),
        deaf=coarsening.still_deaf(level, cluster_of),
        total=coarsening.totals(ptr, source, level.rate),
        list_ptr=list_ptr,
        list_net=list_net,
        list_count=list_count,
    ), cluster_of


def state_of(level: Level, piece_of: Pieces, n_pieces: int, limits: Limits, table: bool = False) -> tuple[State, int]:
    """The state of these pieces (taken over, not copied), with a table of savings or without, and its cost."""
    n = len(level.weight)
    reached = np.minimum(np.diff(level.pin_ptr), n_pieces)
    row_ptr = _ends(reached)
    listed = np.bincount(level.list_net[: level.list_ptr[-1]], minlength=len(level.net_bits))
    list_row_ptr = _ends(np.minimum(listed, n_pieces))
    state = State(
        piece_of=piece_of,
        used=np.zeros((n_pieces, 5), np.int64),
        row_ptr=row_ptr,
        rows=np.empty((row_ptr[-1], 3), np.int32),
        row_n=np.zeros(len(level.home), np.int32),
        shared=np.empty((n, n_pieces) if table else (0, 0), np.int32),
        alone=np.empty(n if table else 0, np.int64),
        list_row_ptr=list_row_ptr,
        list_rows=np.empty((list_row_ptr[-1], 2), np.int32),
        list_row_n=np.zeros(len(level.net_bits), np.int32),
    )
    cost = pieces.build(level, state)
    pieces.build_lists(level, state, limits.packing)
    return state, cost


def scratch_for(level: Level, n_pieces: int) -> tuple[Any, ...]:
    """Scratch arrays of the loops in moving.py."""
    return (
        np.empty(n_pieces, np.int64),
        np.zeros(n_pieces, np.int64),
        np.empty(n_pieces, np.int32),
        np.arange(len(level.weight), dtype=np.int32),
        np.empty(n_pieces * n_pieces, np.int32),
    )


def fitting(state: State, limits: Limits) -> bool:
    """Whether every piece is within all limits."""
    return all(pieces.fits(p, state.used, limits.most) for p in range(len(state.used)))


def repair(level: Level, state: State, limits: Limits, group: Pieces, rounds: int = 30) -> bool:
    """Move vertices out of pieces that are too full, the cheapest first; whether all pieces fit in the end."""
    n_pieces = len(group)
    scratch = scratch_for(level, n_pieces)
    if (pooled(state.used.sum(axis=0), limits) > limits.most[:, :5].sum(axis=0, dtype=np.float64)).any():
        return False
    beyond = np.inf
    for _ in range(rounds):
        full = [p for p in range(n_pieces) if not pieces.fits(p, state.used, limits.most)]
        if not full:
            return True
        before_that, beyond = beyond, sum(pieces.excess(p, state.used, limits.most) for p in full)
        if beyond > SLOW * before_that:
            break
        before = state.piece_of.copy()
        for p in full:
            members = np.flatnonzero(state.piece_of == p).astype(np.int32)
            cost = np.empty(len(members))
            moving.offers(members, level, state, limits, group, scratch, cost)
            order = members[np.argsort(cost, kind="stable")]
            moving.relieve(order, level, state, limits, group, scratch)
        if np.array_equal(before, state.piece_of):
            break
    return fitting(state, limits)


def annealed(
    level: Level,
    piece_of: Pieces,
    limits: Limits,
    group: Pieces,
    sweeps: int,
    hot: float,
    chance: npt.NDArray[np.uint64],
    quench: int = QUENCH,
) -> tuple[Pieces, int, bool]:
    """Pieces repaired and annealed, what they cost, and whether all are within their limits."""
    n_pieces = len(group)
    table = len(level.weight) * n_pieces <= TABLE * len(level.source)
    state, cost = state_of(level, piece_of.copy(), n_pieces, limits, table)
    repair(level, state, limits, group)
    unit = cost / max(1, len(level.weight))
    if unit > 0:
        scratch = scratch_for(level, n_pieces)
        moving.anneal(level, state, limits, group, hot * unit, COLD * unit, sweeps, quench, scratch, chance)
    return state.piece_of, pieces.cost(level, state), fitting(state, limits)


def multilevel(
    level: Level, limits: Limits, search: Search, sweeps: int, seed: int, n_pieces: int
) -> tuple[Pieces, int] | None:
    """So many pieces of the neurons within `limits` [1 piece], and their cost; None where some do not fit."""
    rng, chance = np.random.default_rng(seed), np.array([2 * seed + 1], np.uint64)
    bare, most = _bare(level, limits, n_pieces)
    piece_of, cost, fit = _cycle(bare, n_pieces, most, None, search, sweeps, rng, chance)
    for _ in range(search.cycles):
        again = _cycle(bare, n_pieces, most, piece_of, search, sweeps, rng, chance)
        if again[2] and (again[1] < cost or not fit):
            piece_of, cost, fit = again
    if is_limited(limits):
        hard = limits._replace(most=limits.most.repeat(n_pieces, axis=0))
        group = np.zeros(n_pieces, np.int32)
        piece_of, cost, fit = annealed(level, piece_of, hard, group, sweeps // 2, GENTLE, chance)
    return (piece_of, cost) if fit else None


def cores_needed(level: Level, limits: Limits, search: Search, sweeps: int, seed: int, n_pieces: int) -> int:
    """How many pieces hold what so many pieces, cut in a hurry, use altogether."""
    rng, chance = np.random.default_rng(seed), np.array([2 * seed + 1], np.uint64)
    bare, most = _bare(level, limits, n_pieces)
    piece_of = _cycle(bare, n_pieces, most, None, search, sweeps, rng, chance, ROUGH)[0]
    total = pooled(state_of(level, piece_of, n_pieces, limits)[0].used.sum(axis=0), limits)
    return int(np.ceil((total / limits.most[0, :5]).max()))


def pooled(total: npt.NDArray[np.int64], limits: Limits) -> npt.NDArray[np.int64]:
    """Columns of `State.used` with what is used of the pool for the last."""
    return np.append(total[:4], total[:3] @ limits.most[0, 5:] + total[3] + total[4])


def is_limited(limits: Limits) -> bool:
    """Whether anything but neurons has a limit."""
    return bool((limits.most[0, 1:5] < _NO_LIMIT).any())


def scarcest(level: Level, limits: Limits) -> tuple[npt.NDArray[np.int64], int]:
    """What every vertex takes, and a piece holds, of what is scarcest: neurons, bits of synapses, or the pool."""
    bits = coarsening.bits(level.list_ptr, level.list_net, level.list_count, level.net_bits)
    most = limits.most[0]
    weights = [level.weight, bits, level.weight * most[5] + level.own_bits + bits]
    shares = [weight.sum() / limit for weight, limit in zip(weights, most[[0, 3, 4]], strict=True)]
    which = int(np.argmax(shares))
    return np.maximum(1, weights[which]), int(most[[0, 3, 4]][which])


def _bare(level: Level, limits: Limits, n_pieces: int) -> tuple[Level, int]:
    """The level with what is scarcest for weights, and how much of it a piece may hold while pieces are looked for.

    Nothing else is limited then: few packets need few axons, and those that are too many can be moved out afterwards,
    while pieces that are full of axons from the start would hold everything in its place.
    """
    weight, most = scarcest(level, limits)
    bare = level._replace(weight=weight, list_ptr=np.zeros_like(level.list_ptr), net_bits=np.zeros(0, np.int64))
    if most == limits.most[0, 0]:
        return bare, most
    return bare, min(most, int(np.ceil(EVEN * weight.sum() / n_pieces)) + int(weight.max()))


def _cycle(
    level: Level,
    n_pieces: int,
    most: int,
    piece_of: Pieces | None,
    search: Search,
    sweeps: int,
    rng: np.random.Generator,
    chance: npt.NDArray[np.uint64],
    finest: int = _NO_LIMIT,
) -> tuple[Pieces, int, bool]:
    """Down to clusters and up again, from pieces or from none: pieces of at most so many neurons, as `annealed`.

    Levels of more than `finest` vertices are left as those below them come out.
    """
    mean = -(-int(level.weight.sum()) // n_pieces)
    levels, clusters = [level], []
    inside = np.zeros(len(level.weight), np.int32) if piece_of is None else piece_of
    while len(levels[-1].weight) > search.clusters * n_pieces:
        made, cluster_of = coarser(levels[-1], max(2, mean // search.clusters), rng, inside)
        if len(made.weight) > 0.95 * len(levels[-1].weight):
            break
        levels.append(made)
        clusters.append(cluster_of)
        below = np.empty(len(made.weight), np.int32)
        below[cluster_of] = inside
        inside = below
    group = np.zeros(n_pieces, np.int32)
    hot = search.hot if piece_of is None else search.warm
    cool = hot * min(1.0, sweeps / LONG)
    at = _split(levels[-1], n_pieces, most, cool, sweeps, rng, chance) if piece_of is None else inside
    cost, fit = 0, False
    for i in reversed(range(len(levels))):
        if len(levels[i].weight) > finest:
            at = at[clusters[i - 1]] if i else at
            continue
        roomy = max(most, mean + int(levels[i].weight.max())) if i else most
        at, cost, fit = annealed(
            levels[i],
            at,
            _neurons_only(np.full(n_pieces, roomy)),
            group,
            search.coarse * sweeps if i else sweeps,
            cool,
            chance,
        )
        if i:
            at = at[clusters[i - 1]]
    return at, cost, fit


def _neurons_only(most: npt.NDArray[np.int64]) -> Limits:
    """Limits of nothing but neurons: [piece]."""
    limits = np.full((len(most), 8), _NO_LIMIT, np.int64)
    limits[:, 0], limits[:, 5:] = most, 0
    return Limits(limits, np.array([1, 0, 1, 0], np.int64), np.zeros(1, np.bool_))


def _split(
    level: Level,
    n_pieces: int,
    full: int,
    hot: float,
    sweeps: int,
    rng: np.random.Generator,
    chance: npt.NDArray[np.uint64],
) -> Pieces:
    """Pieces of about equal weight: all in one, then each split in two at random and all annealed, again and again."""
    mean, heaviest = level.weight.sum() / n_pieces, int(level.weight.max())
    final = np.array([n_pieces])  # pieces that will be made of each
    piece_of = np.zeros(len(level.weight), np.int32)
    while final.max() > 1:
        first = np.concatenate([[0], np.cumsum(np.minimum(final, 2))])
        order = rng.permutation(len(piece_of))
        order = order[np.argsort(piece_of[order], kind="stable")]
        weight = np.cumsum(level.weight[order])
        ends = np.searchsorted(piece_of[order], np.arange(len(final) + 1))
        halves = np.empty_like(piece_of)
        for p in range(len(final)):
            inside = slice(ends[p], ends[p + 1])
            share = weight[inside] - (weight[ends[p] - 1] if ends[p] else 0)
            second = share * final[p] > final[p] // 2 * share[-1:] if final[p] > 1 else np.zeros(len(share), np.bool_)
            halves[order[inside]] = first[p] + second
        final = np.concatenate([[n // 2, n - n // 2] if n > 1 else [1] for n in final])
        limits = _neurons_only(np.maximum(final * full, np.ceil(final * mean).astype(np.int64) + heaviest))
        group = np.zeros(len(final), np.int32)
        piece_of = annealed(level, halves, limits, group, sweeps, hot, chance)[0]
    return piece_of


def _pointers(owner: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
    return _ends(np.bincount(owner, minlength=n))


def _ends(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
