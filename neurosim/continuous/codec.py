"""Codec: signals to payloads, payloads to states, for a network that `to_network` made."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.continuous.circuit import STATE
from neurosim.continuous.model import Floats, as_signal
from neurosim.result import RunResult
from neurosim.spikes import SpikeTrains

Coding = Literal["value", "sigma_delta"]


@dataclass(frozen=True)
class Quantisation:
    """What the integers of a chip make of a model's numbers.

    Attributes:
        weight_rms: root mean square of the error of a weight, over that of the weights.
        weight_worst: largest error of a weight, over the largest weight into the same unit.
        register_worst: largest error of a keep or gain, as a fraction of 1.
        bias_worst: largest error of a bias, over the largest bias; 0 if there is none.
    """

    weight_rms: float
    weight_worst: float
    register_worst: float
    bias_worst: float

    def __str__(self) -> str:
        """One line."""
        return (
            f"weights off by {self.weight_rms:.2%} (rms; worst {self.weight_worst:.2%} of a unit's largest), "
            f"keep and gain by at most {self.register_worst:.4f}, biases by {self.bias_worst:.2%}"
        )


@dataclass(frozen=True, eq=False)
class Codec:
    """How numbers enter and leave.

    Attributes:
        coding: "value" or "sigma_delta".
        inputs: signals.
        period: steps of the chip for each step of the model; the input is held for so long.
        input_scale: payload of an input of 1.0.
        input_bound: largest |u| that the sums have room for.
        state_scale: payload of a state of 1.0.
        offset: added to each decoded state.
        constants: payloads of the constant channels, which carry the biases; they begin with the input, so that a
            network without input rests.
        initial: [unit], the state in which the chip starts.
        quantisation: the errors of the integers.
    """

    coding: Coding
    inputs: int
    period: int
    input_scale: float
    input_bound: float
    state_scale: float
    offset: Floats | float
    constants: tuple[int, ...]
    initial: Floats
    quantisation: Quantisation

    def encode(self, u: Any) -> SpikeTrains:
        """Payloads of one input sequence ([step, input], or [step]), or of a list of them, one sample each.

        A sample of T steps takes `period` T + 1 steps of the chip: the last for the last state to be made.

        Raises:
            RunError: a sequence has the wrong shape, or |u| exceeds `input_bound`.
        """
        parts = list(u) if isinstance(u, list | tuple) and np.ndim(u[0]) > 0 else [u]
        samples = [self._rows(as_signal(part, self.inputs)) for part in parts]
        return SpikeTrains.from_samples(
            [rows for rows, _ in samples], [steps * self.period + 1 for _, steps in samples]
        )

    def decode(self, result: RunResult, sample: int = 0) -> Floats:
        """States after each step of the model: [step, unit]."""
        sent = result.trajectory(STATE, sample=sample, coding=self.coding)
        states: Floats = sent[self.period :: self.period] / self.state_scale + self.offset
        return states

    def _rows(self, signal: Floats) -> tuple[npt.NDArray[np.int64], int]:
        largest = float(np.abs(signal).max())
        if largest > self.input_bound * (1 + 1e-9):
            raise RunError(
                f"an input of {largest:.4g} exceeds the input_bound of {self.input_bound:.4g}, for which the sums have "
                "room: pass a larger input_bound to to_network, or scale the input"
            )
        payload = np.rint(signal * self.input_scale).astype(np.int64)
        payload = np.hstack([payload, np.tile(np.array(self.constants, np.int64), (len(payload), 1))])
        held = np.repeat(payload, self.period, axis=0)
        if self.coding == "sigma_delta":
            held = np.diff(held, axis=0, prepend=0)
        step, channel = np.nonzero(held)
        return np.stack([step, channel, held[step, channel]], axis=1), len(signal)
