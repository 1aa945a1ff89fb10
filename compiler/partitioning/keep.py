"""Keep: the pieces of an older program, changed only where the new network no longer fits them.

Neurons are matched by population and number within it.  Those whose core would exceed a limit, or that a mapping wants
elsewhere, are taken out, as few as a simple search finds; they and new neurons go, one at a time, where they cost the
fewest packets, on further cores only where no room is left.  In place of partition.py; kept pieces keep their cores.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.errors import ProgramError
from chips.limits import in_which_limits
from chips.profile import ChipProfile
from compiler.board import usable_cores
from compiler.kernels.pieces import NEURONS, OUTPUTS, Limits, fits
from compiler.kernels.seating import Guests, Seats, remove, seat, seat_best, ties, unseat_some
from compiler.moves import old_cores
from compiler.partitioning.partition_by_rules import Ground
from compiler.partitioning.piece_use import Partition, net_bits
from compiler.program import Program
from compiler.validate import Span

Ints32 = npt.NDArray[np.int32]
RELIEFS, SHARE = 8, 8  # how often an eighth of a piece whose output axons are nearly used up is taken out too
NEARLY = 0.98
_NO_LIMIT = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces: those of the older program, then further ones, then the one of vertices that are in none."""

    core: npt.NDArray[np.int64]  # [piece], on the mesh; -1: to be placed, or none
    group: Ints32  # [piece]
    limits: Limits


def check_like(old: Program, spans: tuple[Span, ...], chip: ChipProfile) -> None:
    """Refuse an older program that has nothing to say about this network and chip.

    Raises:
        ProgramError: it is for another chip, or has no population of the network, or one of another kind.
    """
    if old.is_crossbar or old.limits_hash != chip.limits_hash:
        raise ProgramError(
            f"the program to keep to was compiled for {old.chip.name!r}, and {chip.name!r} as given has other limits "
            f"({in_which_limits(chip, old.chip)}): compile without it, or for its chip"
        )
    kinds = {span.name: span.kind for span in old.spans if span.kind != "input"}
    shared = [span for span in spans if span.name in kinds and span.kind != "input"]
    if not shared:
        raise ProgramError(
            f"the program to keep to has no population of this network: it has {', '.join(map(repr, kinds))}"
        )
    for span in shared:
        if kinds[span.name] != span.kind:
            raise ProgramError(
                f"population {span.name!r} is of kind {span.kind!r}, but of kind {kinds[span.name]!r} in the program "
                "to keep to: it is another network"
            )


def partition_like(on: Ground, old: Program) -> Partition | None:
    """Pieces as close to those of `old` as limits and rules allow; None where that finds no room for all."""
    core = _wanted(on, old_cores(old, on.net.spans, on.net.n_neurons))
    kept = np.unique(core[core >= 0])
    spare = max(0, int(usable_cores(on.chip.mesh).sum()) - len(kept))
    guests, more = _guests(on), 0
    while True:
        pieces = _pieces(on, core, kept, more)
        piece_of = _settled(guests, core, pieces)
        if piece_of is not None:
            return _partition(on, pieces, piece_of)
        if more >= spare:
            return None
        more = min(spare, max(1, 2 * more))


def _wanted(on: Ground, core: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The core at which each vertex stays if it can; -1 where it must or may go anywhere."""
    first = np.full(len(on.group_of), len(core), np.int64)
    placed = np.flatnonzero(core >= 0)
    np.minimum.at(first, on.rules.vertex_of[placed], placed)
    wanted = np.where(first < len(core), core[np.minimum(first, len(core) - 1)], -1)
    for i, group in enumerate(on.rules.groups):
        mine = on.group_of == i
        taken = on.chip.mesh.disabled_cores
        legal = ~np.isin(wanted, taken) if group.cores is None else np.isin(wanted, group.cores)
        wanted[mine & ~legal] = -1
    for one in np.unique(wanted[wanted >= 0]):  # a core is of one group, that of most of its neurons
        here = wanted == one
        weight = np.bincount(on.group_of[here], weights=on.weight[here])
        wanted[here & (on.group_of != weight.argmax())] = -1
    return wanted


def _pieces(on: Ground, core: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], more: int) -> _Pieces:
    """The kept pieces, those that pinned groups have left, and `more` for each of the others."""
    owner = np.zeros(len(kept), np.int32)
    owner[np.searchsorted(kept, core[core >= 0])] = on.group_of[core >= 0]
    cores, groups = kept.tolist(), owner.tolist()
    for i, group in enumerate(on.rules.groups):
        further = [-1] * more if group.cores is None else [c for c in group.cores if c not in kept]
        cores += further
        groups += [i] * len(further)
    group_of = np.array([*groups, -1], np.int32)
    limits = on.limits(group_of)
    limits.most[-1, :5], limits.most[-1, 5:] = _NO_LIMIT, 0
    return _Pieces(np.array([*cores, -1]), group_of, limits)


def _guests(on: Ground) -> Guests:
    """The vertices, as the loops see them."""
    graph, n = on.vertices, on.net.n_neurons
    home = np.full(graph.n_sources, -1, np.int32)
    home[:n] = on.rules.vertex_of
    return Guests(
        weight=on.weight,
        own_bits=on.own_bits,
        group=on.group_of,
        in_ptr=graph.in_ptr,
        in_net=graph.in_net,
        in_count=graph.in_count,
        net_source=graph.net_source,
        net_bits=net_bits(on.net, on.graph),
        own_ptr=np.append(0, np.cumsum(on.weight)),
        own_source=np.argsort(on.rules.vertex_of, kind="stable").astype(np.int32),
        home=home,
        rate=on.rate,
    )


def _settled(guests: Guests, wanted: npt.NDArray[np.int64], pieces: _Pieces) -> Ints32 | None:
    """The piece of each vertex, all within their limits; None if some found no room."""
    limits, nowhere = pieces.limits, len(pieces.group) - 1
    seat_at = {core: piece for piece, core in enumerate(pieces.core.tolist()) if core >= 0}
    seats = _empty(guests, pieces.group)
    seat(np.array([seat_at.get(int(c), nowhere) for c in wanted], np.int32), guests, seats, limits.packing)
    gain = np.empty(len(pieces.group))
    for piece in range(nowhere):
        if not fits(piece, seats.used, limits.most):
            unseat_some(piece, _loosest_first(piece, guests, seats, gain), guests, seats, limits)
    for _ in range(RELIEFS):
        loose = np.flatnonzero(seats.piece_of == nowhere).astype(np.int32)
        if not seat_best(loose, guests, seats, limits, gain):
            piece_of: Ints32 = seats.piece_of
            return piece_of
        # an empty piece is of no use to those whose sources have no output axon left
        full = _homes(guests, seats)
        full = full[seats.used[full, OUTPUTS] > NEARLY * limits.most[full, OUTPUTS]]
        if not len(full) or seats.used[:nowhere, NEURONS].all():
            break
        for piece in full.tolist():
            members = _loosest_first(piece, guests, seats, gain)
            for vertex in members[: -(-len(members) // SHARE)]:
                remove(vertex, guests, seats, limits.packing)
            limits.most[piece, NEURONS] = seats.used[piece, NEURONS]  # or they would come back at once
    return None


def _homes(guests: Guests, seats: Seats) -> npt.NDArray[np.int64]:
    """The pieces of those to whom vertices listen that are in none."""
    nowhere = len(seats.used) - 1
    listens = np.repeat(seats.piece_of == nowhere, np.diff(guests.in_ptr))
    home = guests.home[guests.net_source[guests.in_net[listens]]]
    found = np.unique(seats.piece_of[home[home >= 0]])
    return found[found < nowhere]


def _loosest_first(piece: int, guests: Guests, seats: Seats, gain: npt.NDArray[np.float64]) -> Ints32:
    """The vertices of a piece, those first that share least with it."""
    members = np.flatnonzero(seats.piece_of == piece).astype(np.int32)
    tie = np.empty(len(members))
    ties(members, guests, seats, gain, tie)
    return members[np.argsort(tie, kind="stable")]


def _empty(guests: Guests, group: Ints32) -> Seats:
    """Pieces of these groups, with nobody in them."""
    n_pieces, n_nets = len(group), len(guests.net_source)
    vertex = np.repeat(np.arange(len(guests.weight)), np.diff(guests.in_ptr))
    # the nets of one source stand together, so a source is as often in a vertex as its number changes there
    source = guests.net_source[guests.in_net]
    first = np.append(True, (np.diff(source) != 0) | (np.diff(vertex) != 0)) if len(source) else np.zeros(0, np.bool_)
    row_ptr = _room(source[first], len(guests.home), n_pieces)
    list_ptr = _room(guests.in_net, n_nets, n_pieces)
    return Seats(
        group=group,
        piece_of=np.full(len(guests.weight), n_pieces - 1, np.int32),
        used=np.zeros((n_pieces, 5), np.int64),
        row_ptr=row_ptr,
        rows=np.empty((row_ptr[-1], 2), np.int32),
        row_n=np.zeros(len(guests.home), np.int32),
        list_ptr=list_ptr,
        lists=np.empty((list_ptr[-1], 2), np.int32),
        list_n=np.zeros(n_nets, np.int32),
    )


def _room(index: Ints32, n: int, n_pieces: int) -> npt.NDArray[np.int64]:
    return np.append(0, np.cumsum(np.minimum(np.bincount(index, minlength=n), n_pieces))).astype(np.int64)


def _partition(on: Ground, pieces: _Pieces, piece_of: Ints32) -> Partition:
    """Pieces numbered without empty ones; each kept one is bound to its core, further ones to what is left."""
    used, numbered = np.unique(piece_of, return_inverse=True)
    core, taken = pieces.core[used], {*on.chip.mesh.disabled_cores, *pieces.core[used].tolist()}
    free = tuple(c for c in range(on.chip.mesh.n_cores) if c not in taken)
    part_of = np.arange(len(used), dtype=np.int32)
    part_of[core < 0] = (core >= 0).sum()
    part_of[core >= 0] = np.arange((core >= 0).sum())
    cores_of = tuple((int(c),) for c in core if c >= 0) + ((free,) if (core < 0).any() else ())
    return Partition(numbered.astype(np.int32)[on.rules.vertex_of], len(used), part_of, cores_of)
