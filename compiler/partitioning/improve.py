"""Improve: fewer cores, then fewer packets, than pieces that were grown.

Several starts from multilevel.py, at the fewest pieces that could hold the network and at a few more, and the grown
pieces themselves, annealed.  The best that fits is kept: on fewest cores, then of fewest packets.  Of networks with
more than VERY_LARGE pairs of source and target the grown pieces are annealed alone, briefly, and mended first where a
few exceed a limit: with all limits of a chip, cuts of so many pieces have not been found to fit.  How much is tried
depends on the network alone, never on a clock, so that the same seed gives the same pieces.  Loaded only when there is
something to improve, as it loads numba.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.kernels.pieces import Level, Limits
from compiler.lowering.lowered import LoweredNetwork
from compiler.partitioning.grown import rated
from compiler.partitioning.hypergraph import Hypergraph
from compiler.partitioning.kahypar import kahypar_cut
from compiler.partitioning.multilevel import (
    GENTLE,
    QUENCH,
    SWEEPS,
    Search,
    annealed,
    cores_needed,
    finest,
    is_limited,
    multilevel,
    pooled,
    repair,
    scarcest,
    state_of,
)
from compiler.partitioning.piece_use import Partition, net_bits, own_pool_bits, piece_limits
from compiler.partitioning.problem import Problem

Found = tuple[int, int, npt.NDArray[np.int32]]  # pieces, their cost, the piece of each neuron
Cut = Callable[[int], tuple[npt.NDArray[np.int32], int] | None]  # so many pieces that fit, and their cost

RANDOM = 0.7  # of the pieces that sources would reach with targets anywhere: there is no structure to find
FLAT_HOT, FLAT_WORK, FLAT_SWEEPS = 0.1, 12_000_000_000, (8, 400)  # of grown pieces, where there is none
REACH = 3.0  # pieces that a source reaches, weighted by its pins
DENSE = Search(clusters=16, hot=0.6, warm=0.6, work=200_000_000, starts=1, cycles=0)
BRISK = Search(clusters=16, hot=0.6, warm=0.6, work=DENSE.work, starts=1, cycles=0, coarse=1)
MUCH = 5_000_000  # work of a sweep over a network that is cut briskly
# Layers: where to cut is less plain, but it is cheap to try.
LOOSE = Search(clusters=10, hot=1.0, warm=0.6, work=500_000_000, starts=2, cycles=8)
HURRY = Search(clusters=8, hot=0.3, warm=0.3, work=0, starts=1, cycles=0)
VERY_LARGE = 2_000_000  # pairs of source and target: those of a network that is not cut
BRIEF = 4, 1  # sweeps over a very large network: at a temperature, and then without
SMALL = 200_000  # work of a sweep over a network that is taken to have structure
CHEAP = 2_000_000  # that of one which is cut from four starts
TRIES = 4  # numbers of pieces
HOPELESS = 0.5  # of the grown pieces' use of a resource; no cut is expected to need less


def limits_for(chip: ChipProfile, most: npt.NDArray[np.int64]) -> Limits:
    """What pieces hold, `most` [piece, 8] of it, with the packing of the chip's lists."""
    lists = chip.lists
    packing = [lists.block_synapses, lists.block_header_bits, lists.word_bits, lists.layout == "row"]
    far = chip.core.output_axons is not None or chip.pool is not None
    return Limits(most, np.array(packing, np.int64), np.array([far]))


def level_for(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile, rate: npt.NDArray[np.float64]) -> Level:
    """The level of neurons, with lists only where the chip limits what they take."""
    listed = chip.core.synapse_memory_bits is not None or chip.pool is not None or chip.lists.layout == "row"
    return finest(graph, rate, own_pool_bits(net, chip), net_bits(net, graph) if listed else None)


def improve(grown: Partition, problem: Problem) -> Partition:
    """Pieces as good as `grown` or better, for these rates of all sources; parts keep their neurons.

    Raises:
        NetworkError: the package of the first cut is missing.
    """
    task = _task(grown, problem)
    level, limits, work = task.level, task.limits, task.work
    best: Found = (grown.n_pieces, task.cost, grown.piece_of)
    if grown.part_of is None:
        best = min([best, *_cuts(task, grown.n_pieces, problem)], key=lambda found: found[:2])
    if best[0] < grown.n_pieces:
        return _numbered(best[2], grown)
    starts = [grown]
    if grown.part_of is None and np.ptp(problem.rate) > 0:
        by_rates = rated(problem.net, problem.graph, problem.chip, problem.rate)
        starts = [by_rates] if task.is_flat else [grown, by_rates]
    sweeps, hot = task.sweeps, GENTLE
    quench = BRIEF[1] if task.is_very_large else QUENCH
    if task.is_flat and not task.is_very_large:
        sweeps, hot = int(np.clip(FLAT_WORK // max(1, work), *FLAT_SWEEPS)), FLAT_HOT
    for start in starts:
        best = min(best, _annealed(level, start, limits, sweeps, hot, problem.seed, quench), key=lambda b: b[:2])
    return _numbered(best[2], grown)


def cut(rough: Partition, problem: Problem) -> Partition | None:
    """Fewer pieces than `rough`, which may be beyond its limits; None where no cut that fits is found.

    Raises:
        NetworkError: as `improve`.
    """
    found = _cuts(_task(rough, problem), rough.n_pieces - 1, problem)
    return _numbered(min(found, key=lambda one: one[:2])[2], rough) if found else None


def mended(rough: Partition, problem: Problem) -> Partition | None:
    """Pieces of a very large network, some beyond their limits, repaired and annealed; None where some stay beyond."""
    chip, group = problem.chip, np.zeros(rough.n_pieces, np.int32)
    hard = limits_for(chip, piece_limits(chip).repeat(rough.n_pieces, axis=0))
    level = level_for(problem.net, problem.graph, chip, problem.rate)
    state, _ = state_of(level, rough.piece_of.copy(), rough.n_pieces, hard)
    if not repair(level, state, hard, group):
        return None
    repaired, chance = state.piece_of, np.array([2 * problem.seed + 1], np.uint64)
    del state  # as large as the one that follows
    piece_of, _, fit = annealed(level, repaired, hard, group, BRIEF[0], GENTLE, chance, BRIEF[1])
    return _numbered(piece_of, rough) if fit else None


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be cut, and how much work that is."""

    level: Level
    limits: Limits  # of one piece
    cost: int  # of the grown pieces
    used: npt.NDArray[np.int64]  # by all of them, of each resource
    work: int  # of a sweep, about
    is_flat: bool  # whether there is no structure to find

    @property
    def is_very_large(self) -> bool:
        """Whether grown pieces are annealed alone, and briefly."""
        return len(self.level.source) > VERY_LARGE

    @property
    def search(self) -> Search:
        if self.work < REACH * len(self.level.source):
            return LOOSE
        return DENSE if self.work < MUCH else BRISK

    @property
    def sweeps(self) -> int:
        """Over the neurons."""
        if self.is_very_large:
            return BRIEF[0]
        return int(np.clip(self.search.work // max(1, self.work), *SWEEPS))


def _task(grown: Partition, problem: Problem) -> _Task:
    limits = limits_for(problem.chip, piece_limits(problem.chip))
    level = level_for(problem.net, problem.graph, problem.chip, problem.rate)
    state, cost = state_of(level, grown.piece_of.copy(), grown.n_pieces, limits)
    pins = np.diff(level.pin_ptr)
    work = int(pins @ state.row_n.astype(np.int64))
    is_flat = work > max(SMALL, RANDOM * float(pins @ _reached_at_random(pins, grown.n_pieces)))
    return _Task(level, limits, cost, pooled(state.used.sum(axis=0), limits), work, is_flat)


def _cuts(task: _Task, most: int, problem: Problem) -> list[Found]:
    """Cuts into the smallest number of pieces, of a few up to `most`, for which one fits.

    None for flat networks, and for very large ones.
    """
    level, limits, search, sweeps, seed = task.level, task.limits, task.search, task.sweeps, problem.seed
    if problem.method == "multilevel" and (task.is_flat or task.is_very_large):
        return []
    numbers = range(max(search.starts, 4 if task.work <= CHEAP else 1))
    cuts: list[Cut] = [partial(multilevel, level, limits, search, sweeps, 1000 * seed + number) for number in numbers]
    if problem.method == "mtkahypar":
        cuts = [partial(_repaired_kahypar, level, limits, sweeps, seed)]
    n_pieces = _fewest(task)
    if is_limited(limits) and 2 <= n_pieces <= most:
        n_pieces = max(n_pieces, cores_needed(level, limits, HURRY, SWEEPS[0], seed, n_pieces))
    for _ in range(TRIES):
        if not 2 <= n_pieces <= most:
            break
        tried = [made for cut in cuts if (made := cut(n_pieces)) is not None]
        if tried:
            return [(_n(piece_of), cost, piece_of) for piece_of, cost in tried]
        n_pieces += max(1, n_pieces // 20)
    return []


def _repaired_kahypar(
    level: Level, limits: Limits, sweeps: int, seed: int, n_pieces: int
) -> tuple[npt.NDArray[np.int32], int] | None:
    """As `multilevel`, from the cut of mt-kahypar."""
    piece_of = kahypar_cut(level, n_pieces, int(limits.most[0, 0]), seed)
    hard = limits._replace(most=limits.most.repeat(n_pieces, axis=0))
    chance = np.array([2 * seed + 1], np.uint64)
    piece_of, cost, fit = annealed(level, piece_of, hard, np.zeros(n_pieces, np.int32), sweeps, GENTLE, chance)
    return (piece_of, cost) if fit else None


def _reached_at_random(pins: npt.NDArray[np.int64], n_pieces: int) -> npt.NDArray[np.float64]:
    """Pieces that so many pins are in on average, if each is in any piece."""
    return n_pieces * (1 - (1 - 1 / n_pieces) ** pins.astype(np.float64))


def _annealed(level: Level, grown: Partition, limits: Limits, sweeps: int, hot: float, seed: int, quench: int) -> Found:
    """Grown pieces, annealed where that is better: their number, their cost, and the piece of each neuron."""
    hard = limits._replace(most=limits.most.repeat(grown.n_pieces, axis=0))
    group = np.zeros(grown.n_pieces, np.int32) if grown.part_of is None else grown.part_of
    before = state_of(level, grown.piece_of.copy(), grown.n_pieces, hard)[1]
    chance = np.array([2 * seed + 1], np.uint64)
    piece_of, cost, fit = annealed(level, grown.piece_of, hard, group, sweeps, hot, chance, quench)
    if fit and cost < before:
        return _n(piece_of), cost, piece_of
    return grown.n_pieces, before, grown.piece_of


def _fewest(task: _Task) -> int:
    """The fewest pieces worth a try: all that is scarcest must fit, and half of what is used now of anything else."""
    level, limits = task.level, task.limits
    weight, most = scarcest(level, limits)
    used = HOPELESS * task.used / limits.most[0, :5]
    return max(1, int(np.ceil(max(weight.sum() / most, len(level.weight) / limits.most[0, 0], used.max()))))


def _n(piece_of: npt.NDArray[np.int32]) -> int:
    return len(np.unique(piece_of))


def _numbered(piece_of: npt.NDArray[np.int32], grown: Partition) -> Partition:
    """Pieces numbered without those that came out empty."""
    kept, numbered = np.unique(piece_of, return_inverse=True)
    part_of = None if grown.part_of is None else grown.part_of[kept]
    return Partition(numbered.astype(np.int32), len(kept), part_of)
