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
    from compiler import CrossbarNetwork, Network, Program, Tolerance, Usage, compile, usage
    from neurosim.calibration import calibrate
    from neurosim.comparison import Comparison, compare
    from neurosim.continuous.closed_form import ClosedFormCell
    from neurosim.continuous.echo_state import EchoState, check_echo_state, echo_state
    from neurosim.continuous.from_ncps import cfc_from_ncps, ltc_from_ncps
    from neurosim.continuous.ode import LiquidODE, LiquidTimeConstant
    from neurosim.counts import Counts
    from neurosim.generators.column import Column, maass_column
    from neurosim.generators.liquids import liquid
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
    "compiler": "CrossbarNetwork Network Program Tolerance Usage compile usage",
    "neurosim.calibration": "calibrate",
    "neurosim.generators.column": "Column maass_column",
    "neurosim.comparison": "Comparison compare",
    "neurosim.continuous.closed_form": "ClosedFormCell",
    "neurosim.continuous.from_ncps": "cfc_from_ncps ltc_from_ncps",
    "neurosim.continuous.echo_state": "EchoState check_echo_state echo_state",
    "neurosim.continuous.ode": "LiquidODE LiquidTimeConstant",
    "neurosim.counts": "Counts",
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
    "ClosedFormCell",
    "Column",
    "Comparison",
    "Counts",
    "CrossbarNetwork",
    "DoesNotFit",
    "EchoState",
    "Energy",
    "ExperimentError",
    "Latency",
    "LiquidODE",
    "LiquidTimeConstant",
    "Network",
    "NetworkError",
    "NeurosimError",
    "ProfileError",
    "Program",
    "ProgramError",
    "RunError",
    "RunResult",
    "SpikeTrains",
    "Tolerance",
    "Usage",
    "calibrate",
    "cfc_from_ncps",
    "check_echo_state",
    "compare",
    "compile",
    "echo_state",
    "energy",
    "latency",
    "liquid",
    "list_chips",
    "load_chip",
    "ltc_from_ncps",
    "maass_column",
    "run",
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
