"""The network in a chip's integers, and what it cost in precision: what lower.py makes and later passes read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compiler.validate import Span


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The largest relative error that lowering may make; weights are relative to their projection's largest.

    The default for weights admits half a step of a half-filled 4-bit grid.
    """

    time_constant: float = 0.05
    threshold: float = 0.02
    bias: float = 0.05
    weight: float = 0.15


@dataclass(frozen=True, slots=True)
class LoweringError:
    """The error made in one parameter of one population or projection."""

    where: str
    parameter: str
    max_relative_error: float
    rms_relative_error: float
    tolerance: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class SynapseFormat:
    """How a list of synapses is stored: the grid of its weights, and widths in bits."""

    sign: str  # "mixed", "excitatory" or "inhibitory"
    weight_bits: int
    exponent: int
    index_bits: int  # 0: dense, one synapse for each neuron of the core in order
    delay_bits: int


@dataclass(frozen=True, slots=True)
class LoweredNetwork:
    """The network in the chip's integers, in the numbering of `ValidNetwork`."""

    spans: tuple[Span, ...]
    dt_ms: float
    n_neurons: int
    n_channels: int
    model: npt.NDArray[np.uint8]  # [neuron], number in MODELS
    registers: Mapping[str, npt.NDArray[np.int32]]  # register -> [neuron]; 0 where the model has no such register
    source: npt.NDArray[np.int32]  # [synapse], neuron or N + channel
    target: npt.NDArray[np.int32]  # [synapse], neuron
    weight: npt.NDArray[np.int16]  # [synapse], mantissa: the weight is weight * 2^exponent of its format
    delay: npt.NDArray[np.uint8]  # [synapse], steps
    format_of: npt.NDArray[np.uint8]  # [synapse]
    formats: tuple[SynapseFormat, ...]
    errors: tuple[LoweringError, ...]

    def owner(self, index: int) -> str:
        """What to call neuron or channel `index` in a message."""
        return next(
            f"{'channel' if s.kind == 'input' else 'neuron'} {index - s.start} of "
            f"{'input' if s.kind == 'input' else 'population'} {s.name!r}"
            for s in self.spans
            if s.start <= index < s.start + s.n
        )
