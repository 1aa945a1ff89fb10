"""Compile: the passes in order."""

import numpy.typing as npt

from chips.load import load_chip
from chips.profile import ChipProfile
from compiler.check import check_faithful, check_program
from compiler.check_routes import check_routes
from compiler.crossbar.native import CrossbarNetwork, compile_native
from compiler.crossbar.pipeline import compile_crossbar
from compiler.emit import emit
from compiler.lowering.lower import lower
from compiler.lowering.lowered import Tolerance
from compiler.mapping import Mapping
from compiler.network import Network
from compiler.partitioning.hypergraph import hypergraph
from compiler.partitioning.partition import checked_rates
from compiler.partitioning.problem import DEFAULT, Method
from compiler.placement.place import place
from compiler.program import Program
from compiler.room import check_room
from compiler.route import route
from compiler.validate import validate
from compiler.wishes import cut_as_wished, refuse_wishes


def compile(
    network: Network | CrossbarNetwork,
    chip: ChipProfile | str,
    seed: int = 0,
    tolerance: Tolerance | None = None,
    *,
    approximate: bool = False,
    partition: Method = DEFAULT,
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
            longer; "mtkahypar" starts from a cut of that package, `pip install neurosim-toolchain[mtkahypar]`.  How
            much is tried depends on the network alone, never on a clock.  Crossbar chips have a way of their own.
        rates: of each neuron, then of each input channel, in any unit: what packets are weighed with when neurons are
            cut into cores and cores are placed; None: all equal.  "greedy" cuts without.
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
    if chip.crossbar is not None:
        refuse_wishes(chip, mapping, like)
    if isinstance(network, CrossbarNetwork):
        return compile_native(network, chip, seed)
    check_room(network, chip)
    valid = validate(network)
    if chip.crossbar is not None:
        return compile_crossbar(valid, chip, seed, tolerance, approximate)
    lowered = lower(valid, chip, tolerance, approximate)
    graph = hypergraph(lowered)
    pieces, left = cut_as_wished(lowered, graph, chip, rates, partition, seed, mapping, like)
    fired = None if rates is None else checked_rates(rates, graph)[: lowered.n_neurons]
    placement = place(pieces, graph, left, seed, fired)
    program = emit(lowered, pieces, placement, chip, seed)
    routes = route(program)
    check_program(program)
    check_faithful(program, lowered)
    check_routes(program, routes)
    return program


def cores_needed(
    network: Network,
    chip: ChipProfile,
    seed: int = 0,
    tolerance: Tolerance | None = None,
    *,
    approximate: bool = False,
    partition: Method = DEFAULT,
    mapping: Mapping | None = None,
) -> int:
    """How many cores `compile` would use, without the passes after that; crossbar chips need most of them.

    Raises:
        NeurosimError: as `compile`.
    """
    if chip.crossbar is not None:
        return compile(network, chip, seed, tolerance, approximate=approximate, mapping=mapping).n_cores
    check_room(network, chip)
    lowered = lower(validate(network), chip, tolerance, approximate)
    return cut_as_wished(lowered, hypergraph(lowered), chip, None, partition, seed, mapping)[0].n_pieces
