"""Keep: the pieces of an older program, changed only where the new network no longer fits them.

Neurons are matched by population and number within it.  Those whose core would exceed a limit, or that a mapping wants
elsewhere, are taken out, as few as a simple search finds; they and new neurons go, one at a time, where they cost the
fewest packets, on further cores only where no room is left.  In place of partition.py; kept pieces keep their cores.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.errors import ProgramError
from chips.profile import ChipProfile
from compiler.board import usable_cores
from compiler.kernels.inserting import insert_all, remove_some, ties
from compiler.kernels.pieces import Level, Limits, State, fits
from compiler.moves import old_cores
from compiler.multilevel import state_of
from compiler.partition import Partition
from compiler.partition_by_rules import Ground
from compiler.program import Program
from compiler.validate import Span

Ints32 = npt.NDArray[np.int32]
_NO_LIMIT = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Seats:
    """Pieces: those of the older program, then further ones, then one for vertices that are nowhere."""

    core: npt.NDArray[np.int64]  # [piece], on the mesh; -1: to be placed
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
            "(mesh, core, synapse or neuron): compile without it, or for its chip"
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
    more = 0
    while True:
        seats = _seats(on, core, kept, more)
        piece_of = _settled(on, core, seats)
        if piece_of is not None:
            return _partition(on, seats, piece_of)
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
        weight = np.bincount(on.group_of[here], weights=on.level.weight[here])
        wanted[here & (on.group_of != weight.argmax())] = -1
    return wanted


def _seats(on: Ground, core: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], more: int) -> _Seats:
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
    return _Seats(np.array([*cores, -1]), group_of, limits)


def _settled(on: Ground, wanted: npt.NDArray[np.int64], seats: _Seats) -> Ints32 | None:
    """The piece of each vertex, all within their limits; None if some found no room."""
    n_pieces, nowhere = len(seats.group), len(seats.group) - 1
    seat = {core: piece for piece, core in enumerate(seats.core.tolist()) if core >= 0}
    piece_of = np.array([seat.get(int(c), nowhere) for c in wanted], np.int32)
    state = _state(on, piece_of, seats)
    scratch = (np.empty(n_pieces), np.zeros(n_pieces, np.int64), np.empty(n_pieces, np.int32), on.group_of)
    for piece in range(nowhere):
        if not fits(piece, state.used, seats.limits.most):
            members = np.flatnonzero(state.piece_of == piece).astype(np.int32)
            tie = np.empty(len(members))
            ties(members, on.level, state, scratch, tie)
            remove_some(piece, members[np.argsort(tie, kind="stable")], on.level, state, seats.limits)
    loose = np.flatnonzero(state.piece_of == nowhere).astype(np.int32)
    left = insert_all(loose, on.level, state, seats.limits, seats.group, scratch)
    return None if left else state.piece_of


def _state(on: Ground, piece_of: Ints32, seats: _Seats) -> State:
    """The state of all vertices, without the pins of those that are nowhere."""
    level, nowhere = on.level, len(seats.group) - 1
    room = state_of(level, piece_of, nowhere + 1, seats.limits)[0]
    state, _ = state_of(_without_pins(on, piece_of == nowhere), piece_of, nowhere + 1, seats.limits)
    # rows need room for the pins that are still to come
    room.used[:], room.row_n[:], room.list_row_n[:] = state.used, state.row_n, state.list_row_n
    _copy_rows(room.row_ptr, room.rows, state.row_ptr, state.rows, state.row_n)
    _copy_rows(room.list_row_ptr, room.list_rows, state.list_row_ptr, state.list_rows, state.list_row_n)
    return room


def _without_pins(on: Ground, absent: npt.NDArray[np.bool_]) -> Level:
    """The level where these vertices listen to nobody."""
    level = on.level
    in_size = np.where(absent, 0, np.diff(level.in_ptr))
    list_size = np.where(absent, 0, np.diff(level.list_ptr))
    here = np.repeat(~absent, np.diff(level.in_ptr))
    listed = np.repeat(~absent, np.diff(level.list_ptr))
    return level._replace(
        in_ptr=np.append(0, np.cumsum(in_size)),
        in_source=level.in_source[here],
        list_ptr=np.append(0, np.cumsum(list_size)),
        list_net=level.list_net[: len(listed)][listed],
        list_count=level.list_count[: len(listed)][listed],
    )


def _copy_rows(
    to_ptr: npt.NDArray[np.int64],
    to: Ints32,
    from_ptr: npt.NDArray[np.int64],
    rows: Ints32,
    n: Ints32,
) -> None:
    row = np.repeat(np.arange(len(n)), n)
    at = np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n)
    to[to_ptr[row] + at] = rows[from_ptr[row] + at]


def _partition(on: Ground, seats: _Seats, piece_of: Ints32) -> Partition:
    """Pieces numbered without empty ones; each kept one is bound to its core, further ones to what is left."""
    used, numbered = np.unique(piece_of, return_inverse=True)
    core, taken = seats.core[used], {*on.chip.mesh.disabled_cores, *seats.core[used].tolist()}
    free = tuple(c for c in range(on.chip.mesh.n_cores) if c not in taken)
    part_of = np.arange(len(used), dtype=np.int32)
    part_of[core < 0] = (core >= 0).sum()
    part_of[core >= 0] = np.arange((core >= 0).sum())
    cores_of = tuple((int(c),) for c in core if c >= 0) + ((free,) if (core < 0).any() else ())
    return Partition(numbered.astype(np.int32)[on.rules.vertex_of], len(used), part_of, cores_of)
