"""Place: give every piece a core of the mesh, so that packets travel few and cheap hops, and no link is crowded.

Parts first get chips (place_chips.py), and the pieces of each part slots in a compact block of its chip.  Annealing by
the price of hops, all chips together, starts from a spectral arrangement (spectral.py) several times; the best
arrangement is then improved with the load of the busiest link counted too.  What is small is stated in
placement_cost.py.  After partition.py, before route.py.  The compiled loops are kernels/annealing.py and
kernels/link_relief.py; how long they run depends on sizes alone, never on a clock.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.board import compact_cores
from compiler.partitioning.hypergraph import Hypergraph, source_pieces
from compiler.partitioning.piece_use import Partition
from compiler.placement.place_chips import chip_of_parts
from compiler.placement.placement_cost import LINK_WEIGHT, Ground, ground
from compiler.placement.spectral import spectral_start
from compiler.values import as_rates

Floats = npt.NDArray[np.float64]
Ints32 = npt.NDArray[np.int32]

STARTS = 6  # annealings, of which the best is kept
SWEEPS = 100, 1000, 8000  # of an annealing, a move for each piece: for each piece, at least, at most
HOT, COLD = 0.5, 0.03  # temperatures of annealing, in hops of all packets of a mean piece
RELIEF_SWEEPS = 400
RELIEF_HOT, RELIEF_COLD = 0.03, 0.003
FEW, FEW_HOT = 16, 2.0  # pieces that are relieved from every start and from a higher temperature, as it takes no time
VISITS = 4 * 10**8  # in all annealings: bounds the time of large or dense placements
RELIEF_VISITS = 10**8


@dataclass(frozen=True, slots=True)
class Placement:
    """The mesh core of each piece; no two share one."""

    core_of: Ints32  # [piece]


def place(
    partition: Partition, graph: Hypergraph, chip: ChipProfile, seed: int = 0, rates: npt.ArrayLike | None = None
) -> Placement:
    """Place the pieces of `partition` on the mesh of `chip`, those of a part on one chip, and on no disabled core.

    Args:
        partition: the piece of each neuron.
        graph: who listens to whom.
        chip: whose mesh and prices.
        seed: of the annealing.
        rates: spikes of each neuron in some unit, which weight its packets: [neuron]; None: all equal.

    Raises:
        NetworkError: `rates` has another length, or holds a negative number or none.
    """
    return place_pieces(piece_traffic(partition, graph, rates), chip, seed, partition.part_of, partition.cores_of)


def place_pieces(
    traffic: Floats,
    chip: ChipProfile,
    seed: int = 0,
    part_of: Ints32 | None = None,
    cores_of: tuple[tuple[int, ...] | None, ...] = (),
) -> Placement:
    """Place pieces of which row p sends these packets to column q, the diagonal 0.

    `part_of` and `cores_of` are as in `Partition`; cores that are named there are disabled for all other parts.
    """
    n = len(traffic)
    part_of = np.zeros(n, np.int32) if part_of is None else part_of
    exchanged = traffic + traffic.T
    slots = _slots(_sum_by(exchanged, part_of), np.bincount(part_of), chip, cores_of)
    slot, first = np.concatenate(slots), np.append(0, np.cumsum([len(s) for s in slots])).astype(np.int64)
    in_order = (first[part_of] + _rank_in_part(part_of)).astype(np.int32)
    if not exchanged.any() or len(slot) == len(first) - 1:  # or each piece is bound to a core
        return Placement(slot[in_order])
    on = ground(slot, chip)
    starts = [in_order, spectral_start(exchanged, on.x, on.y, part_of, first)]
    return Placement(slot[_improved(starts, _Packets.of(traffic), on, part_of, first, seed)])


def _slots(
    exchanged: Floats, sizes: npt.NDArray[np.int64], chip: ChipProfile, cores_of: tuple[tuple[int, ...] | None, ...]
) -> list[Ints32]:
    """The cores for each part: those that it is bound to, or a compact block of its chip."""
    given = {part: np.sort(np.array(cores, np.int32)) for part, cores in enumerate(cores_of) if cores is not None}
    free = np.array([part for part in range(len(sizes)) if part not in given], np.int64)
    chips = chip_of_parts(exchanged[np.ix_(free, free)], sizes[free], chip) if len(free) else free
    blocks = {
        part: compact_cores(chip.mesh, int(on), int(sizes[part])) for part, on in zip(free.tolist(), chips, strict=True)
    }
    return [(given | blocks)[part] for part in range(len(sizes))]


@dataclass(frozen=True, slots=True)
class _Packets:
    """Who exchanges packets with whom; a mean piece sends and gets 1 altogether."""

    ptr: npt.NDArray[np.int64]  # [piece + 1], into neighbours
    other: Ints32  # [neighbour]
    weight: Floats  # [neighbour], sent and received
    sent: Floats  # [neighbour]
    received: Floats  # [neighbour]

    @classmethod
    def of(cls, traffic: Floats) -> "_Packets":
        traffic = traffic * (len(traffic) / (2 * traffic.sum()))
        piece, other = np.nonzero((traffic > 0) | (traffic.T > 0))
        sent, received = traffic[piece, other], traffic[other, piece]
        ptr = np.searchsorted(piece, np.arange(len(traffic) + 1)).astype(np.int64)
        return cls(ptr, other.astype(np.int32), sent + received, sent, received)

    def moves(self, sweeps: int, visits: int, beside: int) -> int:
        """Moves of so many sweeps, or as many as take so many visits; at least 50 sweeps.

        A move visits the neighbours of two pieces, and takes as long as `beside` visits more.
        """
        n = len(self.ptr) - 1
        return n * max(50, min(sweeps, visits // (2 * len(self.other) + beside * n)))


def _improved(
    starts: list[Ints32], packets: _Packets, on: Ground, part_of: Ints32, first: npt.NDArray[np.int64], seed: int
) -> Ints32:
    """Slot of each piece; costs no more than any of `starts`."""
    from compiler.kernels.annealing import anneal
    from compiler.kernels.link_relief import relieve

    p, groups = packets, (part_of.astype(np.int32), first)
    hops = (p.ptr, p.other, p.weight, on.x, on.y)
    links = (on.tile_x, on.tile_y, on.link, on.occupied)
    state = np.array([seed * 2 + 1], np.uint64)
    each, least, most = SWEEPS
    moves = p.moves(min(max(each * len(part_of), least), most), VISITS // STARTS, 10)
    found = [anneal(*hops, starts[-1], *groups, moves, HOT, COLD, state) for _ in range(STARTS)]
    best = min(found, key=lambda slots: _hop_cost(slots, p, on))
    moves, few = p.moves(RELIEF_SWEEPS, RELIEF_VISITS, len(on.occupied) // 2), len(part_of) <= FEW
    limits = (FEW_HOT, COLD) if few else (RELIEF_HOT, RELIEF_COLD)
    network = (p.ptr, p.other, p.weight, p.sent, p.received, on.x, on.y, *links)
    relieved = [
        relieve(*network, slots, *groups, moves, LINK_WEIGHT, *limits, state) for slots in (found if few else [best])
    ]
    return min([*relieved, *starts], key=lambda slots: _cost(slots, p, on))


def _hop_cost(slot_of: Ints32, packets: _Packets, on: Ground) -> float:
    """Packets x price of their hops."""
    piece = np.repeat(np.arange(len(slot_of)), np.diff(packets.ptr))
    a, b = slot_of[piece], slot_of[packets.other]
    return float((packets.sent * (np.abs(on.x[a] - on.x[b]) + np.abs(on.y[a] - on.y[b]))).sum())


def _cost(slot_of: Ints32, packets: _Packets, on: Ground) -> float:
    """What placement_cost.py defines."""
    from compiler.kernels.link_relief import link_loads

    p = packets
    load = link_loads(p.ptr, p.other, p.sent, on.tile_x, on.tile_y, on.link, on.occupied, slot_of)
    return _hop_cost(slot_of, p, on) + LINK_WEIGHT * float(load.max(initial=0.0))


def _rank_in_part(part_of: Ints32) -> npt.NDArray[np.int64]:
    """How many pieces of its part stand before each piece."""
    rank = np.empty(len(part_of), np.int64)
    for part in range(int(part_of.max()) + 1):
        mine = np.flatnonzero(part_of == part)
        rank[mine] = np.arange(len(mine))
    return rank


def _sum_by(traffic: Floats, part_of: Ints32) -> Floats:
    """Traffic between parts, nothing within: [part, part]."""
    member = np.eye(int(part_of.max()) + 1)[part_of]
    between: Floats = member.T @ traffic @ member
    np.fill_diagonal(between, 0)
    return between


def piece_traffic(partition: Partition, graph: Hypergraph, rates: npt.ArrayLike | None = None) -> Floats:
    """Packets from piece to piece when every neuron fires once, or `rates` [neuron] times: [from, to].

    Raises:
        NetworkError: `rates` has another length, or holds a negative number or none.
    """
    source, reached = source_pieces(graph, partition.piece_of)
    inside = source < graph.n_neurons  # external spikes come from no core
    fired = None if rates is None else as_rates(rates, graph.n_neurons)[source[inside]]
    n = partition.n_pieces
    flat = partition.piece_of[source[inside]].astype(np.int64) * n + reached[inside]
    packets = np.bincount(flat, weights=fired, minlength=n * n).reshape(n, n).astype(np.float64)
    np.fill_diagonal(packets, 0)
    return packets
