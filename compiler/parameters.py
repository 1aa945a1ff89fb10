"""What a neuron's parameters are, and what values they may have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_NEURONS = 2**31 - 1
MAX_DELAY_STEPS = 255
NO_LEAK_STEPS = 2.0**60  # a tau_mem_ms of so many steps or more is no leak: float64 rounds its factor to 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one neuron parameter may be."""

    default: float
    low: float
    high: float
    low_is_legal: bool = True
    integer: bool = False

    def accepts(self, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which of `values` are legal."""
        above = values >= self.low if self.low_is_legal else values > self.low
        whole = values == np.round(values) if self.integer else True
        accepted: npt.NDArray[np.bool_] = np.isfinite(values) & above & (values <= self.high) & whole
        return accepted

    def __str__(self) -> str:
        """The range in words."""
        kind = "an integer" if self.integer else "finite"
        low = f"at least {self.low:g}" if self.low_is_legal else f"above {self.low:g}"
        if np.isinf(self.low):
            return kind
        return f"{kind}, {low}" + ("" if np.isinf(self.high) else f" and at most {self.high:g}")


_INF = float("inf")
_WORD = 2**31 - 1
_GRADED = {  # defaults of 4096 and 32768 are 1.0 where decay_bits is 12 and fraction_bits 15, as on Loihi 2
    "shift": Parameter(0, 0, 39, integer=True),
    "bias": Parameter(0, -_WORD, _WORD, integer=True),
    "keep": Parameter(0, 0, 2**16, integer=True),
    "gain": Parameter(4096, -(2**16), 2**16, integer=True),
    "threshold": Parameter(0, 0, _WORD, integer=True),
    "sigma": Parameter(0, 0, 1, integer=True),
    "delta": Parameter(0, 0, 1, integer=True),
}
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "lif": {
        "tau_mem_ms": Parameter(20.0, 0.0, _INF, low_is_legal=False),
        "tau_syn_ms": Parameter(5.0, 0.0, _INF),
        "v_threshold": Parameter(1.0, -_INF, _INF),
        "v_leak": Parameter(0.0, -_INF, _INF),
        "r": Parameter(1.0, 0.0, _INF, low_is_legal=False),
        "bias": Parameter(0.0, -_INF, _INF),
        "refractory_ms": Parameter(0.0, 0.0, _INF),
        "adaptation": Parameter(0.0, 0.0, _INF),
        "tau_adaptation_ms": Parameter(100.0, 0.0, _INF, low_is_legal=False),
    },
    "registers": {
        "du": Parameter(0, 0, 2**16, integer=True),
        "dv": Parameter(0, 0, 2**16, integer=True),
        "vth": Parameter(1, 0, 2**31 - 1, integer=True),
        "bias_mantissa": Parameter(0, -(2**15), 2**15 - 1, integer=True),
        "bias_exponent": Parameter(0, 0, 15, integer=True),
        "refractory": Parameter(1, 1, 255, integer=True),
    },
    "truenorth": {
        "leak": Parameter(0, -(2**15), 2**15 - 1, integer=True),
        "leak_reversal": Parameter(0, 0, 1, integer=True),
        "stochastic_leak": Parameter(0, 0, 1, integer=True),
        "stochastic_weights": Parameter(0, 0, 1, integer=True),
        "threshold": Parameter(1, 0, 2**29 - 1, integer=True),
        "threshold_mask": Parameter(0, 0, 2**16 - 1, integer=True),
        "negative_threshold": Parameter(0, 0, 2**29 - 1, integer=True),
        "negative_saturates": Parameter(1, 0, 1, integer=True),
        "reset_mode": Parameter(0, 0, 2, integer=True),
        "reset_potential": Parameter(0, -(2**29), 2**29 - 1, integer=True),
        "potential": Parameter(0, -(2**29), 2**29 - 1, integer=True),
    },
    "linear_lif": {
        "leak": Parameter(0, 0, 2**16 - 1, integer=True),
        "threshold": Parameter(1, 1, 2**16 - 1, integer=True),
    },
    "linear": _GRADED,
    "hardtanh": _GRADED | {"limit": Parameter(32768, 0, _WORD, integer=True)},
    "tanh": _GRADED,
    "square": _GRADED,
    "liquid_time_constant": _GRADED
    | {"keep": Parameter(4096, 0, 2**16, integer=True), "reversal": Parameter(32768, -_WORD, _WORD, integer=True)},
    "resonate_and_fire": {
        "cos": Parameter(4096, -(2**16), 2**16, integer=True),
        "sin": Parameter(0, -(2**16), 2**16, integer=True),
        "shift": Parameter(0, 0, 39, integer=True),
        "bias": Parameter(0, -_WORD, _WORD, integer=True),
        "threshold": Parameter(0, 0, _WORD, integer=True),
        "magnitude": Parameter(1, 0, 1, integer=True),
    },
}
"""kind of population -> its parameters."""

LATER: Mapping[str, tuple[str, ...]] = {"lif": ("adaptation", "tau_adaptation_ms")}
"""kind of population -> parameters that old files lack; where they are at their default no file names them."""

NATIVE = tuple(kind for kind in PARAMETERS if kind != "lif")
"""Kinds in a chip's own integers."""
