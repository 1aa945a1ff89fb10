"""Liquids of numbers: echo state networks, liquid differential equations, and their way onto chips.

A model is a frozen dataclass of arrays with `run(u)`, in floating point, and `circuit()`, the graded units that do the
same.  `to_network` puts a circuit on the integers of a chip, `convert` replaces units by spiking neurons.
"""

from typing import TYPE_CHECKING

from neurosim._lazy import loader

if TYPE_CHECKING:
    from neurosim.continuous.against_float import FloatComparison, compare_to_float
    from neurosim.continuous.codec import Codec
    from neurosim.continuous.conversion import Conversion, convert
    from neurosim.continuous.integers import to_network
    from neurosim.continuous.steps import StepReport, check_step, discretise

_HOME = {
    "neurosim.continuous.against_float": "FloatComparison compare_to_float",
    "neurosim.continuous.codec": "Codec",
    "neurosim.continuous.conversion": "Conversion convert",
    "neurosim.continuous.integers": "to_network",
    "neurosim.continuous.steps": "StepReport check_step discretise",
}
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


__getattr__ = loader(__name__, _HOME, globals())
