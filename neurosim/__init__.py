"""neurosim: build spiking networks, compile them to neuromorphic chips, run them exactly, price what happened.

A user imports this package alone.  Names are loaded when first used, so that `import neurosim` and the command
line's help need neither numpy nor a compiler of Python code.
"""

import importlib
from typing import TYPE_CHECKING, Any

from neurosim._neighbours import check_neighbours

__project__ = "neurosim-toolchain"
__version__ = "0.1.0"

check_neighbours()

if TYPE_CHECKING:
    from chips import (
        CannotRepresent,
        ChipProfile,
        DoesNotFit,
        ExperimentError,
        NetworkError,
        NeurosimError,
        ProfileError,
        ProgramError,
        RunError,
        list_chips,
        load_chip,
    )
    from compiler import CrossbarNetwork, Network, Program, ShortTermPlasticity, Tolerance, Usage, compile, usage
    from neurosim.calibration import calibrate
    from neurosim.comparison import Comparison, compare
    from neurosim.counts import Counts
    from neurosim.debugging.float_result import FloatProbes, FloatResult
    from neurosim.debugging.float_run import run_float
    from neurosim.debugging.lowered_run import run_lowered
    from neurosim.generators.column import maass_column
    from neurosim.generators.graphs import erdos_renyi, layered
    from neurosim.generators.liquids import liquid
    from neurosim.generators.rings import ring, small_world
    from neurosim.generators.wiring import Wiring
    from neurosim.pricing import Energy, energy
    from neurosim.result import RunResult
    from neurosim.simulate import run
    from neurosim.spikes import SpikeTrains
    from neurosim.timing import Latency, latency

_HOME = {
    "chips": (
        "CannotRepresent ChipProfile DoesNotFit ExperimentError NetworkError NeurosimError ProfileError "
        "ProgramError RunError list_chips load_chip"
    ),
    "compiler": "CrossbarNetwork Network Program ShortTermPlasticity Tolerance Usage compile usage",
    "neurosim.calibration": "calibrate",
    "neurosim.generators.column": "maass_column",
    "neurosim.generators.graphs": "erdos_renyi layered",
    "neurosim.generators.rings": "ring small_world",
    "neurosim.generators.wiring": "Wiring",
    "neurosim.comparison": "Comparison compare",
    "neurosim.counts": "Counts",
    "neurosim.debugging.float_result": "FloatProbes FloatResult",
    "neurosim.debugging.float_run": "run_float",
    "neurosim.debugging.lowered_run": "run_lowered",
    "neurosim.pricing": "Energy energy",
    "neurosim.timing": "Latency latency",
    "neurosim.generators.liquids": "liquid",
    "neurosim.result": "RunResult",
    "neurosim.simulate": "run",
    "neurosim.spikes": "SpikeTrains",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "CannotRepresent",
    "ChipProfile",
    "Comparison",
    "Counts",
    "CrossbarNetwork",
    "DoesNotFit",
    "Energy",
    "ExperimentError",
    "FloatProbes",
    "FloatResult",
    "Latency",
    "Network",
    "NetworkError",
    "NeurosimError",
    "ProfileError",
    "Program",
    "ProgramError",
    "RunError",
    "RunResult",
    "ShortTermPlasticity",
    "SpikeTrains",
    "Tolerance",
    "Usage",
    "Wiring",
    "calibrate",
    "compare",
    "compile",
    "energy",
    "erdos_renyi",
    "latency",
    "layered",
    "liquid",
    "list_chips",
    "load_chip",
    "maass_column",
    "ring",
    "run",
    "run_float",
    "run_lowered",
    "small_world",
    "usage",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'neurosim' has no attribute {name!r}")
    # no module carries a public name: importing it would hide the function
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted([*__all__, "__project__", "__version__"])
