"""Compile: the passes in order."""

from chips.load import load_chip
from chips.profile import ChipProfile
from compiler.check import check_faithful, check_program
from compiler.check_routes import check_routes
from compiler.crossbar.native import CrossbarNetwork, compile_native
from compiler.crossbar.pipeline import compile_crossbar
from compiler.emit import emit
from compiler.hypergraph import hypergraph
from compiler.lower import lower
from compiler.lowered import Tolerance
from compiler.network import Network
from compiler.partition import partition
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
) -> Program:
    """Compile `network` for `chip`: integers, cores, places, tables.

    Args:
        network: populations, inputs and projections; or the cores of a crossbar chip as they are.
        chip: a profile, or the name or path of one.
        seed: of the placement's annealing; the same seed gives the same bytes.
        tolerance: the largest errors that lowering may make; a rule that `approximate` allows has no bound, but its
            error is stated.
        approximate: allow the rules of approximations.py on a chip that cannot do without; the program states those
            that were used.

    Raises:
        NetworkError: the network is empty.
        CannotRepresent: a parameter is outside the chip's integers by more than `tolerance`, or a rule of
            approximation is needed and not allowed.
        DoesNotFit: a limit of the chip is exceeded.
    """
    if not isinstance(chip, ChipProfile):
        chip = load_chip(chip)
    if isinstance(network, CrossbarNetwork):
        return compile_native(network, chip, seed)
    check_room(network, chip)
    valid = validate(network)
    if chip.crossbar is not None:
        return compile_crossbar(valid, chip, seed, tolerance, approximate)
    lowered = lower(valid, chip, tolerance, approximate)
    graph = hypergraph(lowered)
    pieces = partition(lowered, graph, chip)
    placement = place(pieces, graph, chip, seed)
    program = emit(lowered, pieces, placement, chip, seed)
    routes = route(program)
    check_program(program)
    check_faithful(program, lowered)
    check_routes(program, routes)
    return program
