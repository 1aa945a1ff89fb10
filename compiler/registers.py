"""Registers: the neuron models that a program can hold, and the registers of each."""

from collections.abc import Iterable, Mapping
from typing import Any

REGISTERS: Mapping[str, Mapping[str, str]] = {
    "cuba_lif": {
        "du": "uint16",
        "dv": "uint16",
        "vth": "int32",
        "bias_mantissa": "int16",
        "bias_exponent": "uint8",
        "refractory": "uint8",
    },
    "linear_lif": {
        "leak": "uint16",
        "threshold": "uint16",
    },
}
"""model -> register -> its type in a table."""

MODELS = tuple(REGISTERS)
"""The number of a model is its place here."""


def registers_of(models: Iterable[Any]) -> dict[str, str]:
    """Registers of all the models of these numbers, each once."""
    return {name: kind for model in sorted({int(m) for m in models}) for name, kind in REGISTERS[MODELS[model]].items()}
