"""Partition: cut a network into pieces that each fit one core.

A network that does not fit one chip is first divided between chips (divide.py), and each part then cut for itself.
Constraint-aware greedy growth on the hypergraph (one hyperedge per source: the source and its targets) finds pieces
that fit (grown.py); improve.py then makes them fewer, and their packets, unless the growth alone is asked for.  After
lower.py, before place.py.
"""

import contextlib
from typing import get_args

import numpy as np
import numpy.typing as npt

from chips.errors import DoesNotFit, NetworkError
from chips.profile import ChipProfile
from compiler.board import room_for, usable_cores
from compiler.lowering.lowered import LoweredNetwork
from compiler.partitioning.divide import UNIT, divide
from compiler.partitioning.grown import fitting_pieces, last_of, rounds_of_growth
from compiler.partitioning.hypergraph import Hypergraph, contract, destinations
from compiler.partitioning.piece_use import Partition
from compiler.partitioning.problem import DEFAULT, Method, Problem
from compiler.partitioning.refused_pieces import check_rows, check_single_neurons, refuse_pieces

LARGE = 500_000  # pairs of source and target: a network that is cut before its growth heeds output axons
FEW = 0.1  # of the pieces of a very large network (improve.py), that are mended where they exceed a limit


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
    problem = Problem(net, graph, chip, checked_rates(rates, graph), method, seed)
    check_single_neurons(net, graph, chip)
    usable = usable_cores(chip.mesh)
    whole = _whole(problem)
    if whole.n_pieces > usable.sum():
        refuse_pieces(net, graph, whole.piece_of, chip)
    if chip.lists.layout == "row":
        check_rows(net, whole.piece_of, chip)
    if whole.n_pieces <= usable.max():
        return whole
    divided = _over_chips(net, graph, chip, whole)
    if method == "greedy":
        return divided
    from compiler.partitioning.improve import improve

    return improve(divided, problem)


def _whole(problem: Problem) -> Partition:
    """Pieces of the whole network, as if all cores were on one chip."""
    nowhere = np.zeros(problem.net.n_neurons, np.int32)
    rounds = rounds_of_growth(problem.net, problem.graph, problem.chip, nowhere)
    if problem.method == "greedy":
        return last_of(rounds)
    is_first = True
    for grown, beyond in rounds:
        found = _without_more_growth(grown, beyond, is_first, problem) if beyond else None
        if found is not None:
            return found
        is_first = False
    if grown.n_pieces == 1:
        return grown
    from compiler.partitioning.improve import improve  # numba is loaded only when there is something to improve

    return improve(grown, problem)


def _without_more_growth(grown: Partition, beyond: int, is_first: bool, problem: Problem) -> Partition | None:
    """What ends the growth of a large network after a round that is `beyond` limits, as its last rounds take longest.

    The first round needs fewer pieces than those that heed output axons, as a rule: a cut on fewer still, within all
    limits, is taken instead.  In a very large network, pieces of which few exceed a limit are mended by moves, if that
    can be done.  None: it has to go on.
    """
    pairs = len(problem.graph.out_target)
    if pairs <= LARGE:
        return None
    from compiler.partitioning.improve import VERY_LARGE, cut, mended

    if pairs > VERY_LARGE and problem.method == "multilevel":
        return mended(grown, problem) if beyond <= FEW * grown.n_pieces else None
    return cut(grown, problem) if is_first else None


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
        made = fitting_pieces(net, graph, chip, divide(graph, load, room))
        if made.part_of is not None and (np.bincount(made.part_of, minlength=len(room)) <= room).all():
            found.append((made, made.part_of))
    made, part_of = min(found, key=lambda pair: _reached(graph, pair[0].piece_of, pair[1]))
    numbered = np.unique(part_of, return_inverse=True)[1]  # a part may have come out empty
    return Partition(made.piece_of, made.n_pieces, numbered.astype(np.int32))


def _reached(graph: Hypergraph, piece_of: npt.NDArray[np.int32], part_of: npt.NDArray[np.int32]) -> tuple[int, int]:
    """Chips, and cores, that all sources reach."""
    return int(destinations(graph, part_of[piece_of]).sum()), int(destinations(graph, piece_of).sum())
