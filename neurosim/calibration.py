"""Calibration: the gain at which a liquid fires at a wanted rate, on the chip's own integers."""

from collections.abc import Callable

import numpy as np

from chips import ChipProfile, RunError
from compiler import Network, compile
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

LOWEST, HIGHEST = 1e-2, 1e2
HALVINGS = 14  # of the logarithm of the gain: 0.06 % at the end


def calibrate(
    build: Callable[[float], Network],
    chip: ChipProfile,
    inputs: SpikeTrains,
    target_rate: float,
    *,
    approximate: bool = False,
) -> float:
    """Find the gain that gives `target_rate` spikes per neuron and step.

    Args:
        build: network for a gain; the rate must grow with the gain.
        chip: whose integers count.
        inputs: training data only.
        target_rate: above 0, below 1.
        approximate: as for `compile`.

    Raises:
        RunError: the rate is out of reach: too little input, or too much inhibition.
    """
    if not 0 < target_rate < 1:
        raise RunError(f"target_rate is {target_rate}, but spikes per neuron and step lie between 0 and 1")
    low, high = LOWEST, HIGHEST
    rate = _rate(build(high), chip, inputs, approximate)
    if rate < target_rate:
        raise RunError(
            f"the liquid fires {rate:.4f} spikes per neuron and step even at gain {high:g}, below the target_rate of "
            f"{target_rate:g}: lower target_rate or inhibition, or raise input_density"
        )
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        if _rate(build(middle), chip, inputs, approximate) > target_rate:
            high = middle
        else:
            low = middle
    return float(np.sqrt(low * high))


def _rate(network: Network, chip: ChipProfile, inputs: SpikeTrains, approximate: bool) -> float:
    result = run(compile(network, chip, approximate=approximate), inputs, per_step=False)
    return result.n_spikes / (network.n_neurons * int(inputs.steps.sum()))
