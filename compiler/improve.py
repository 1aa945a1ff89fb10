"""Improve: fewer cores, then fewer packets, than pieces that were grown.

Several starts from multilevel.py, at the fewest pieces that could hold the network and at a few more, and the grown
pieces themselves, annealed.  The best that fits is kept: on fewest cores, then of fewest packets.  How much is tried
depends on the network alone, never on a clock, so that the same seed gives the same pieces.
"""

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.hypergraph import Hypergraph
from compiler.lowered import LoweredNetwork
from compiler.partition import Partition, net_bits, own_pool_bits, piece_limits

STARTS_WORK = 1_500_000  # pins of a network that is cut from two starts
TRIES = 4  # numbers of pieces
HOPELESS = 0.5  # of the grown pieces' use of a resource; no cut is expected to need less


def improve(
    grown: Partition, net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile, rate: npt.NDArray[np.float64], seed: int
) -> Partition:
    """Pieces that are as good as `grown` or better; parts keep their neurons."""
    from compiler.kernels.pieces import Limits  # numba is loaded only when there is something to improve
    from compiler.multilevel import GENTLE, SWEEPS, WORK, annealed, finest, multilevel, state_of

    most, memory = piece_limits(chip), chip.core.synapse_memory_bits
    is_row = chip.lists.layout == "row"
    packing = [chip.lists.block_synapses, chip.lists.block_header_bits, chip.lists.word_bits, is_row]
    far = chip.core.output_axons is not None or chip.pool is not None
    limits = Limits(most, np.array(packing, np.int64), np.array([far]))
    listed = memory is not None or chip.pool is not None or is_row
    level = finest(graph, rate, own_pool_bits(net, chip), net_bits(net, graph) if listed else None)
    pins = max(1, len(level.in_source))
    sweeps = int(np.clip(WORK // pins // 10, *SWEEPS))
    hard = limits._replace(most=most.repeat(grown.n_pieces, axis=0))
    group = np.zeros(grown.n_pieces, np.int32) if grown.part_of is None else grown.part_of
    state, start = state_of(level, grown.piece_of.copy(), grown.n_pieces, hard)
    best = (grown.n_pieces, start, grown.piece_of)
    chance = np.array([2 * seed + 1], np.uint64)
    piece_of, cost, fit = annealed(level, grown.piece_of, hard, group, sweeps, GENTLE, chance)
    if fit and cost < start:
        best = (_n(piece_of), cost, piece_of)
    if grown.part_of is None:
        n_pieces = _fewest(state.used, most[0])
        for _ in range(TRIES):
            if n_pieces > best[0] or n_pieces < 2:
                break
            for start_number in range(2 if pins <= STARTS_WORK else 1):
                made = multilevel(level, n_pieces, limits, sweeps, 1000 * seed + start_number)
                if made and (_n(made[0]), made[1]) < best[:2]:
                    best = (_n(made[0]), made[1], made[0])
            if made:
                break
            n_pieces += max(1, (grown.n_pieces - n_pieces) // 3)
    return _numbered(best[2], grown)


def _fewest(used: npt.NDArray[np.int64], most: npt.NDArray[np.int64]) -> int:
    """The fewest pieces worth a try: all neurons must fit, and half of the axons and bits that are used now."""
    total = used.sum(axis=0)
    pooled = int(total[:3] @ most[5:] + total[3] + total[4])
    needs = [int(total[0]), *(int(HOPELESS * n) for n in (*total[1:4], pooled))]
    return max(1, *(-(-need // int(limit)) for need, limit in zip(needs, most[:5], strict=True)))


def _n(piece_of: npt.NDArray[np.int32]) -> int:
    return len(np.unique(piece_of))


def _numbered(piece_of: npt.NDArray[np.int32], grown: Partition) -> Partition:
    """Pieces numbered without those that came out empty."""
    kept, numbered = np.unique(piece_of, return_inverse=True)
    part_of = None if grown.part_of is None else grown.part_of[kept]
    return Partition(numbered.astype(np.int32), len(kept), part_of)
