"""Compile: the passes in order."""

from chips.load import load_chip
from chips.profile import ChipProfile
from compiler.check import check_faithful, check_program
from compiler.check_routes import check_routes
from compiler.emit import emit
from compiler.hypergraph import hypergraph
from compiler.lower import lower
from compiler.lowered import Tolerance
from compiler.network import Network
from compiler.partition import partition
from compiler.place import place
from compiler.program import Program
from compiler.route import route
from compiler.validate import validate


def compile(network: Network, chip: ChipProfile | str, seed: int = 0, tolerance: Tolerance | None = None) -> Program:
    """Compile `network` for `chip`: integers, cores, places, tables.

    Args:
        network: populations, inputs and projections.
        chip: a profile, or the name or path of one.
        seed: of the placement's annealing; the same seed gives the same bytes.
        tolerance: the largest errors that lowering may make.

    Raises:
        NetworkError: the network is empty.
        CannotRepresent: a parameter is outside the chip's integers by more than `tolerance`.
        DoesNotFit: a limit of the chip is exceeded.
    """
    if isinstance(chip, str):
        chip = load_chip(chip)
    valid = validate(network)
    lowered = lower(valid, chip, tolerance)
    graph = hypergraph(lowered)
    pieces = partition(lowered, graph, chip)
    placement = place(pieces, graph, chip, seed)
    program = emit(lowered, pieces, placement, chip, seed)
    routes = route(program)
    check_program(program)
    check_faithful(program, lowered)
    check_routes(program, routes)
    return program
