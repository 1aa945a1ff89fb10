"""Liquids of numbers: echo state networks, liquid differential equations, and their way onto chips.

A model is a frozen dataclass of arrays with `run(u)`, in floating point, and `circuit()`, the graded units that do the
same.  `to_network` puts a circuit on the integers of a chip, `convert` replaces units by spiking neurons.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim.continuous.against_float import FloatComparison, compare_to_float
    from neurosim.continuous.codec import Codec
    from neurosim.continuous.conversion import Conversion, convert
    from neurosim.continuous.integers import to_network
    from neurosim.continuous.steps import StepReport, check_step, discretise

_HOME = {
    "against_float": "FloatComparison compare_to_float",
    "codec": "Codec",
    "conversion": "Conversion convert",
    "integers": "to_network",
    "steps": "StepReport check_step discretise",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "Codec",
    "Conversion",
    "FloatComparison",
    "StepReport",
    "check_step",
    "compare_to_float",
    "convert",
    "discretise",
    "to_network",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'neurosim.continuous' has no attribute {name!r}")
    return getattr(importlib.import_module(f"neurosim.continuous.{_MODULE_OF[name]}"), name)
