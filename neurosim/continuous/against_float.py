"""Against float: how far a model on a chip's integers is from itself in floating point, and what the coding saves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, load_chip
from compiler import compile
from neurosim.continuous.codec import Coding, Quantisation
from neurosim.continuous.integers import to_network
from neurosim.continuous.model import Floats, Model, as_signal
from neurosim.result import RunResult
from neurosim.simulate import run


@dataclass(frozen=True, eq=False)
class FloatComparison:
    """A run on a chip beside the run in floating point.

    Attributes:
        nrmse: root mean square of the difference of states, over the standard deviation of the float states, all units
            and steps together.
        messages: sent by units.
        dense_share: messages over those of units that send in every step of the chip.
        synaptic_events: messages, and inputs, times the synapses that they reach.
        synaptic_events_saved: fraction of the events of dense messages that did not happen.
        quantisation: errors of the integers.
        made: [step, unit], of the chip.
        wanted: [step, unit], in floating point.
        result: of the run, for `energy` and `latency`.
    """

    nrmse: float
    messages: int
    dense_share: float
    synaptic_events: int
    synaptic_events_saved: float
    quantisation: Quantisation
    made: Floats
    wanted: Floats
    result: RunResult

    def __str__(self) -> str:
        """One line."""
        return (
            f"NRMSE {self.nrmse:.2%}, {self.messages:,} messages ({self.dense_share:.0%} of dense), "
            f"{self.synaptic_events:,} synaptic events ({self.synaptic_events_saved:.0%} saved)"
        )


def compare_to_float(
    model: Model,
    u: npt.ArrayLike,
    chip: str | ChipProfile = "loihi2",
    coding: Coding = "value",
    threshold: float = 0.0,
) -> FloatComparison:
    """Run `model` on `chip` and in floating point, from the same initial state, on one input sequence.

    Args:
        model: an echo state network, a liquid of differential equations, a closed-form cell, ...
        u: [step, input], or [step]; its largest magnitude is the input_bound.
        chip: a profile or its name.
        coding: see `to_network`.
        threshold: see `to_network`.

    Raises:
        RunError: u has another shape, or the model is unstable.
        CannotRepresent, DoesNotFit: as `to_network` and `compile`.
    """
    signal = as_signal(u, model.inputs)
    profile = load_chip(chip) if isinstance(chip, str) else chip
    network, codec = to_network(model, profile, coding, threshold, max(float(np.abs(signal).max()), 1e-6))
    wanted = model.run(signal, codec.initial)
    result = run(compile(network, profile), codec.encode(signal), threads=1)
    made = codec.decode(result)
    steps = int(result.counts.steps.sum())
    events = result.counts.sum("synaptic_events")
    dense = network.n_synapses * steps
    return FloatComparison(
        nrmse=nrmse(made, wanted),
        messages=result.n_spikes,
        dense_share=result.n_spikes / (network.n_neurons * steps),
        synaptic_events=events,
        synaptic_events_saved=1 - events / max(dense, 1),
        quantisation=codec.quantisation,
        made=made,
        wanted=wanted,
        result=result,
    )


def nrmse(made: Floats, wanted: Floats) -> float:
    """Root mean square of the difference over the standard deviation of `wanted`, everything together."""
    spread = float(np.std(wanted))
    error = float(np.sqrt(np.mean((made - wanted) ** 2)))
    return error / spread if spread > 0 else (0.0 if error == 0 else np.inf)
