"""Spiking input: a signal as counts of spikes that, filtered by the target's synapse, follow it.

Each input has `levels` channels for + and as many for -; a count c lets the first |c| of them fire.  The encoder knows
the target's filter, y <- alpha y + (1 - alpha) size c, and picks c in each step so that y comes nearest to the input:
what is missing is made up in the next step, so the filter does not make the signal late.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.continuous.model import Floats
from neurosim.spikes import SpikeTrains


@dataclass(frozen=True)
class SpikingInput:
    """How a signal becomes spikes.

    Attributes:
        inputs: signals.
        levels: channels of each input and sign.
        alpha: of the target's filter, a step.
        size: of a count of 1 (before the filter's 1 - alpha).
        steps: of the chip for each step of the signal.
        bound: largest |u|.
    """

    inputs: int
    levels: int
    alpha: float
    size: float
    steps: int
    bound: float

    @staticmethod
    def reaching(inputs: int, levels: int, alpha: float, steps: int, within: int, bound: float) -> "SpikingInput":
        """An encoder that gets from -bound to bound in `within` steps of the chip."""
        return SpikingInput(
            inputs, levels, alpha, (1 + alpha**within) * bound / (1 - alpha**within) / levels, steps, bound
        )

    @property
    def channels(self) -> int:
        """Channels: input by input, the + ones first."""
        return 2 * self.levels * self.inputs

    def weights(self, input_weights: Floats) -> Floats:
        """Weights [unit, channel] for input weights [unit, input]."""
        signs = np.repeat([1.0, -1.0], self.levels)
        return np.asarray(np.kron(input_weights, signs * self.size * (1 - self.alpha)), np.float64)

    def encode(self, signal: Floats) -> SpikeTrains:
        """Spikes of a signal [step, input], with one step more for the last to arrive.

        Raises:
            RunError: |u| exceeds the bound.
        """
        if np.abs(signal).max() > self.bound * (1 + 1e-9):
            raise RunError(
                f"an input of {np.abs(signal).max():.4g} exceeds {self.bound:.4g}, for which it was converted"
            )
        held = np.repeat(signal, self.steps, axis=0)
        y, counts = np.zeros(self.inputs), np.empty(held.shape, np.int64)
        for t, wanted in enumerate(held):
            c = np.rint((wanted - self.alpha * y) / ((1 - self.alpha) * self.size))
            counts[t] = np.clip(c, -self.levels, self.levels)
            y = self.alpha * y + (1 - self.alpha) * self.size * counts[t]
        return SpikeTrains.from_events(*self._events(counts), len(held) + 1)

    def _events(self, counts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        rank = np.arange(self.levels)
        fires = np.stack([rank < counts[..., None], rank < -counts[..., None]], axis=2)  # [step, input, sign, level]
        step, channel = np.nonzero(fires.reshape(len(counts), -1))
        return step, channel
