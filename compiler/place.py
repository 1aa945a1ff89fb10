"""Place: give every piece a core of the mesh, so that packets travel few hops.

Parts first get chips: a compact block of as few as there are parts, swapped in pairs until those that exchange much
are neighbours.  Within each chip, spectral coordinates of the traffic between pieces (two eigenvectors of its
Laplacian) are matched to the tiles of a compact block by linear assignment, then improved by simulated annealing on
packets x Manhattan distance, over all chips together, no piece leaving its own.
After partition.py, before route.py.  The compiled annealing loop is in annealing.py.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile, Mesh
from compiler.board import compact_chips, compact_cores, tile_position, usable_cores
from compiler.hypergraph import Hypergraph, source_pieces
from compiler.partition import Partition

Floats = npt.NDArray[np.float64]
SWEEPS = 200  # annealing moves per piece and slot, in sweeps over the pieces
_SPECTRAL_MAX = 4096  # pieces; a dense eigendecomposition beyond this would take minutes


@dataclass(frozen=True, slots=True)
class Placement:
    """The mesh core of each piece; no two share one."""

    core_of: npt.NDArray[np.int32]  # [piece]


def place(partition: Partition, graph: Hypergraph, chip: ChipProfile, seed: int = 0) -> Placement:
    """Place the pieces of `partition` on the mesh of `chip`, those of a part on one chip, and on no disabled core."""
    return place_pieces(piece_traffic(partition, graph), chip, seed, partition.part_of)


def place_pieces(
    traffic: npt.NDArray[np.float64], chip: ChipProfile, seed: int = 0, part_of: npt.NDArray[np.int32] | None = None
) -> Placement:
    """Place pieces that exchange these packets, both directions added: [piece, piece]; `part_of` as in `Partition`."""
    mesh, n = chip.mesh, len(traffic)
    part_of = np.zeros(n, np.int32) if part_of is None else part_of
    sizes = np.bincount(part_of)
    chips = _chip_of_parts(_sum_by(traffic, part_of), sizes, mesh)
    slots = [compact_cores(mesh, int(c), int(size)) for c, size in zip(chips, sizes, strict=True)]
    if n == 1:
        return Placement(slots[0][:1])
    from compiler.kernels.annealing import anneal

    slot, first = np.concatenate(slots), np.concatenate([[0], np.cumsum([len(s) for s in slots])]).astype(np.int64)
    tile_x, tile_y = tile_position(slot, mesh)
    start = _start(traffic, tile_x, tile_y, part_of, first)
    slot_of = anneal(traffic, tile_x, tile_y, start, part_of, first, SWEEPS, seed)
    return Placement(slot[slot_of].astype(np.int32))


def _chip_of_parts(traffic: Floats, sizes: npt.NDArray[np.int64], mesh: Mesh) -> npt.NDArray[np.int64]:
    """The chip of each part: compact, large enough, and such that parts that exchange much are neighbours."""
    usable, n = usable_cores(mesh), len(sizes)
    if n == 1:
        return np.flatnonzero(usable >= sizes[0])[:1]
    need = np.sort(sizes)[::-1]
    for size in range(n, mesh.n_chips + 1):
        chips = compact_chips(mesh, size)
        chips = np.sort(chips[np.argsort(-usable[chips], kind="stable")[:n]])  # the roomiest, all of them if whole
        if (need <= np.sort(usable[chips])[::-1]).all():
            break
    room, (x, y) = usable[chips], np.divmod(chips, mesh.chips_y)
    distance = np.abs(x[:, None] - x) + np.abs(y[:, None] - y)
    by_size = np.empty(n, np.int64)
    by_size[np.argsort(-sizes, kind="stable")] = np.argsort(-room, kind="stable")  # fits, if anything does
    starts = [by_size, _spectral_assignment(traffic, x, y).astype(np.int64)]
    found = [_swapped(start, traffic, distance, sizes, room) for start in starts if (sizes <= room[start]).all()]
    return chips[min(found, key=lambda at: float((traffic * distance[np.ix_(at, at)]).sum()))]


def _swapped(
    start: npt.NDArray[np.int64],
    traffic: Floats,
    distance: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    room: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Parts swapped in pairs for as long as packets x distance falls and both fit."""
    at, better = start.copy(), True
    while better:
        better = False
        for p, q in itertools.combinations(range(len(at)), 2):
            if sizes[p] > room[at[q]] or sizes[q] > room[at[p]]:
                continue
            nearer = (distance[at[q]][at] - distance[at[p]][at]) * (traffic[p] - traffic[q])
            nearer[[p, q]] = 0  # these two stay as far apart as they are
            if nearer.sum() < -1e-9:
                at[p], at[q] = at[q], at[p]
                better = True
    return at


def _start(
    traffic: Floats,
    tile_x: npt.NDArray[np.int32],
    tile_y: npt.NDArray[np.int32],
    part_of: npt.NDArray[np.int32],
    first: npt.NDArray[np.int64],
) -> npt.NDArray[np.int32]:
    """Slot of each piece: part by part, each turned so that it lies well to those before it."""
    start = np.zeros(len(part_of), np.int32)
    # pieces that have no slot yet are taken to be in the middle of their chip
    x, y = (np.add.reduceat(t, first[:-1]) / np.diff(first) for t in (tile_x, tile_y))
    at_x, at_y = x[part_of], y[part_of]
    for part in range(len(first) - 1):
        mine, slots = np.flatnonzero(part_of == part), slice(first[part], first[part + 1])
        others = np.flatnonzero(part_of != part)
        distance = np.abs(at_x[others, None] - tile_x[slots]) + np.abs(at_y[others, None] - tile_y[slots])
        pull = traffic[np.ix_(mine, others)] @ distance if len(others) else None
        start[mine] = first[part] + _spectral_assignment(
            traffic[np.ix_(mine, mine)], tile_x[slots], tile_y[slots], pull
        )
        at_x[mine], at_y[mine] = tile_x[start[mine]], tile_y[start[mine]]
    return start


def _sum_by(traffic: Floats, part_of: npt.NDArray[np.int32]) -> Floats:
    """Traffic between parts, nothing within: [part, part]."""
    member = np.eye(int(part_of.max()) + 1)[part_of]
    between: Floats = member.T @ traffic @ member
    np.fill_diagonal(between, 0)
    return between


def piece_traffic(partition: Partition, graph: Hypergraph) -> npt.NDArray[np.float64]:
    """Packets between pieces when every neuron fires once, both directions added: [piece, piece]."""
    source, reached = source_pieces(graph, partition.piece_of)
    inside = source < graph.n_neurons  # external spikes come from no core
    n = partition.n_pieces
    flat = partition.piece_of[source[inside]].astype(np.int64) * n + reached[inside]
    packets = np.bincount(flat, minlength=n * n).reshape(n, n).astype(np.float64)
    np.fill_diagonal(packets, 0)
    return packets + packets.T


def _spectral_assignment(
    traffic: Floats, tile_x: npt.NDArray[Any], tile_y: npt.NDArray[Any], pull: Floats | None = None
) -> npt.NDArray[np.int32]:
    """Slot of each piece: pieces near in traffic go to tiles near on the mesh.

    `pull` [piece, slot] is the cost of traffic with the outside; of the four ways to turn the pieces over, the one with
    the lowest is taken.
    """
    from scipy.linalg import eigh
    from scipy.optimize import linear_sum_assignment

    n = len(traffic)
    if not 2 < n <= _SPECTRAL_MAX:
        return np.arange(n, dtype=np.int32)
    laplacian = np.diag(traffic.sum(1)) - traffic
    _, vectors = eigh(laplacian, subset_by_index=[1, 2])
    vectors *= np.where(vectors[np.abs(vectors).argmax(0), [0, 1]] < 0, -1, 1)  # one sign, whatever the solver
    rank = vectors.round(9).argsort(0, kind="stable").argsort(0, kind="stable") / (n - 1)
    x, y = tile_x - tile_x.min(), tile_y - tile_y.min()
    wide, narrow = (x, y) if x.max() >= y.max() else (y, x)
    found = []
    for turn in [(False, False), (False, True), (True, False), (True, True)][: 1 if pull is None else 4]:
        turned = np.where(turn, 1 - rank, rank)
        goal = [turned[:, 0] * wide.max(), turned[:, 1] * narrow.max()]
        cost = (goal[0][:, None] - wide) ** 2 + (goal[1][:, None] - narrow) ** 2
        slot = linear_sum_assignment(cost)[1].astype(np.int32)
        found.append((0.0 if pull is None else float(pull[np.arange(n), slot].sum()), slot))
    return min(found, key=lambda option: option[0])[1]
