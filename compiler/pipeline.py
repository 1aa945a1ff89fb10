"""Compile: the passes in order."""

import numpy.typing as npt

from chips.errors import DoesNotFit, MappingError
from chips.load import load_chip
from chips.profile import ChipProfile
from compiler.check import check_faithful, check_program
from compiler.check_routes import check_routes
from compiler.crossbar.native import CrossbarNetwork, compile_native
from compiler.crossbar.pipeline import compile_crossbar
from compiler.emit import emit
from compiler.hypergraph import Hypergraph, hypergraph
from compiler.lower import lower
from compiler.lowered import LoweredNetwork, Tolerance
from compiler.mapping import Mapping
from compiler.mapping_rules import Rules, rules_of
from compiler.network import Network
from compiler.partition import Method, Partition, checked_rates
from compiler.partition import partition as cut
from compiler.place import place
from compiler.program import Program
from compiler.room import check_room
from compiler.route import route
from compiler.validate import validate


def compile(
    network: Network | CrossbarNetwork,
    chip: ChipProfile | str,
    seed: int = 0,
    tolerance: Tolerance | None = None,
    *,
    approximate: bool = False,
    partition: Method = "greedy",
    rates: npt.ArrayLike | None = None,
    mapping: Mapping | None = None,
    like: Program | None = None,
) -> Program:
    """Compile `network` for `chip`: integers, cores, places, tables.

    Args:
        network: populations, inputs and projections; or the cores of a crossbar chip as they are.
        chip: a profile, or the name or path of one.
        seed: of all annealing; the same seed gives the same bytes.
        tolerance: the largest errors that lowering may make; a rule that `approximate` allows has no bound, but its
            error is stated.
        approximate: allow the rules of approximations.py on a chip that cannot do without; the program states those
            that were used.
        partition: how neurons are cut into cores: "multilevel" finds fewer cores and packets than "greedy", and takes
            longer.  Crossbar chips have a way of their own.
        rates: of each neuron, then of each input channel, in any unit: what packets are weighed with, by "multilevel"
            and in placement; None takes them as equal.
        mapping: where neurons may go; None leaves all of it to the compiler.  Not for crossbar chips.
        like: an older program for the same chip, of a network with populations of the same names: neurons keep their
            cores wherever all limits still hold, whatever `partition` says; `moves` tells what moved.  Not for crossbar
            chips.

    Raises:
        NetworkError: the network is empty, or `rates` has a wrong length, or one that is negative or not a number.
        ProgramError: `like` is of another chip, or of a network without a population in common.
        MappingError: `mapping` names what is not there, or contradicts itself or the chip.
        CannotRepresent: a parameter is outside the chip's integers by more than `tolerance`, or a rule of
            approximation is needed and not allowed.
        DoesNotFit: a limit of the chip is exceeded.
    """
    if not isinstance(chip, ChipProfile):
        chip = load_chip(chip)
    mapping = mapping or None
    if (mapping or like) and (isinstance(network, CrossbarNetwork) or chip.crossbar is not None):
        raise MappingError(
            f"{chip.name} is a chip of crossbars, whose cores are cut by the types of their axons, and takes no "
            "mapping and no program to keep to: set core.neurons or mesh.disabled_cores of the profile instead"
        )
    if isinstance(network, CrossbarNetwork):
        return compile_native(network, chip, seed)
    check_room(network, chip)
    valid = validate(network)
    if chip.crossbar is not None:
        return compile_crossbar(valid, chip, seed, tolerance, approximate)
    lowered = lower(valid, chip, tolerance, approximate)
    graph = hypergraph(lowered)
    if mapping or like:
        pieces, left = _cut_by(mapping or Mapping(), like, lowered, graph, chip, rates, partition, seed)
    else:
        pieces, left = cut(lowered, graph, chip, rates, partition, seed), chip
    fired = None if rates is None else checked_rates(rates, graph)[: lowered.n_neurons]
    placement = place(pieces, graph, left, seed, fired)
    program = emit(lowered, pieces, placement, chip, seed)
    routes = route(program)
    check_program(program)
    check_faithful(program, lowered)
    check_routes(program, routes)
    return program


def _cut_by(
    mapping: Mapping,
    like: Program | None,
    lowered: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    rates: npt.ArrayLike | None,
    method: Method,
    seed: int,
) -> tuple[Partition, ChipProfile]:
    """Pieces under a mapping, close to those of an older program, and the chip as placement may use it."""
    rules = rules_of(mapping, lowered.spans, chip)
    if like is not None:
        kept = _kept(like, lowered, graph, chip, rules, rates)
        if kept is not None:
            return kept, rules.chip
    if not rules.is_plain:
        from compiler.partition_by_rules import partition_by_rules  # it loads numba

        return partition_by_rules(lowered, graph, chip, rules, rates, method, seed), rules.chip
    try:
        return cut(lowered, graph, rules.chip, rates, method, seed), rules.chip
    except DoesNotFit as error:
        raise DoesNotFit(f"{error}; the mapping {rules.words}" if rules.words else str(error)) from error


def _kept(
    like: Program,
    lowered: LoweredNetwork,
    graph: Hypergraph,
    chip: ChipProfile,
    rules: Rules,
    rates: npt.ArrayLike | None,
) -> Partition | None:
    """Pieces close to those of an older program; None where that leaves no room, and all must be cut anew."""
    from compiler.keep import check_like, partition_like  # they load numba
    from compiler.partition_by_rules import ground_of

    check_like(like, lowered.spans, chip)
    return partition_like(ground_of(lowered, graph, chip, rules, rates), like)
