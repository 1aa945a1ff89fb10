"""compiler: a network and a chip profile in, a program out.  One file per pass; see pipeline.py."""

from compiler.crossbar.native import CrossbarNetwork
from compiler.lowering.lowered import LoweringError, SynapseFormat, Tolerance
from compiler.mapping import Mapping
from compiler.moves import Moves, moves
from compiler.network import Input, Network, Population, Projection
from compiler.pipeline import compile
from compiler.plasticity import ShortTermPlasticity
from compiler.program import Program, Tables
from compiler.route import Routes, route
from compiler.usage import Usage, usage
from compiler.validate import Span

__project__ = "neurosim-toolchain"

__all__ = [
    "CrossbarNetwork",
    "Input",
    "LoweringError",
    "Mapping",
    "Moves",
    "Network",
    "Population",
    "Program",
    "Projection",
    "Routes",
    "ShortTermPlasticity",
    "Span",
    "SynapseFormat",
    "Tables",
    "Tolerance",
    "Usage",
    "compile",
    "moves",
    "route",
    "usage",
]
