"""Registers: the neuron models that a program can hold, and the registers of each."""

from collections.abc import Iterable, Mapping
from typing import Any

_GRADED = {
    "shift": "uint8",
    "bias": "int32",
    "keep": "int32",
    "gain": "int32",
    "threshold": "int32",
    "sigma": "uint8",
    "delta": "uint8",
}
_CUBA_LIF = {
    "du": "uint16",
    "dv": "uint16",
    "vth": "int32",
    "bias_mantissa": "int16",
    "bias_exponent": "uint8",
    "refractory": "uint8",
}
REGISTERS: Mapping[str, Mapping[str, str]] = {
    "cuba_lif": _CUBA_LIF,
    "linear_lif": {
        "leak": "uint16",
        "threshold": "uint16",
    },
    "truenorth": {
        "weight_0": "int16",
        "weight_1": "int16",
        "weight_2": "int16",
        "weight_3": "int16",
        "stochastic_weights": "uint8",
        "leak": "int16",
        "leak_reversal": "uint8",
        "stochastic_leak": "uint8",
        "threshold": "int32",
        "threshold_mask": "int32",
        "negative_threshold": "int32",
        "negative_saturates": "uint8",
        "reset_mode": "uint8",
        "reset_potential": "int32",
        "potential": "int32",
    },
    "linear": _GRADED,
    "hardtanh": _GRADED | {"limit": "int32"},
    "tanh": _GRADED,
    "square": _GRADED,
    "liquid_time_constant": _GRADED | {"reversal": "int32"},
    "resonate_and_fire": {
        "cos": "int32",
        "sin": "int32",
        "shift": "uint8",
        "bias": "int32",
        "threshold": "int32",
        "magnitude": "uint8",
    },
    "adaptive_lif": _CUBA_LIF | {"adaptation_jump": "int32", "adaptation_decay": "uint16"},
}
"""model -> register -> its type in a table."""

MODELS = tuple(REGISTERS)
"""The number of a model is its place here."""

MODEL_OF_KIND: Mapping[str, str] = {"lif": "cuba_lif", "registers": "cuba_lif"}
"""kind of population -> its model, where the two have different names; of "lif" with adaptation it is adaptive_lif."""

ADAPTIVE = MODELS.index("adaptive_lif")
_WITHOUT_NUMBERS = ("cuba_lif", "linear_lif", "adaptive_lif")


def model_number(kind: str, adapts: bool = False) -> int:
    """The number of the model that populations of a kind become; `adapts`: with spike-frequency adaptation."""
    return ADAPTIVE if adapts else MODELS.index(MODEL_OF_KIND.get(kind, kind))


def sends_numbers(models: Iterable[Any]) -> bool:
    """Whether any of the models of these numbers sends payloads other than 1."""
    return any(MODELS[int(model)] not in _WITHOUT_NUMBERS for model in set(models))


def registers_of(models: Iterable[Any]) -> dict[str, str]:
    """Registers of all the models of these numbers, each once."""
    return {name: kind for model in sorted({int(m) for m in models}) for name, kind in REGISTERS[MODELS[model]].items()}
