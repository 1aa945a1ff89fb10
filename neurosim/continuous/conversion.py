"""Conversion: an echo state network for chips that send spikes only, by a named method, with its loss reported.

Nothing is converted silently: compiling graded units for such a chip is refused.  "rate" (rates.py) makes each unit a
group of LIF neurons; "threshold" (thresholds.py) makes it one binary neuron.  The report holds the states of both, and
the error of a trained readout on a task before and after, on steps that the readout never saw.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError
from compiler import compile
from neurosim.continuous.against_float import nrmse
from neurosim.continuous.echo_state import EchoState
from neurosim.continuous.model import Floats, as_signal
from neurosim.continuous.rates import SpikingNetwork, to_rates
from neurosim.continuous.thresholds import to_thresholds
from neurosim.numbers import is_whole
from neurosim.result import RunResult
from neurosim.simulate import run

HOW = ("rate", "threshold")
RIDGE = 1e-4  # for each step


@dataclass(frozen=True, eq=False)
class Conversion:
    """A converted network, and what was lost.

    Attributes:
        how: "rate" or "threshold".
        spiking: the network in physical units, its encoder and its decoders.
        nrmse: of the decoded states against the float states, after the washout.
        task_before: NRMSE of a ridge readout of the float states, trained on the first half of the steps, on the other.
        task_after: the same for a readout of the decoded states, trained on them.
        n_neurons: LIF neurons.
        spikes_per_step: of all neurons, in a step of the model.
        wanted: float states [step, unit].
        made: decoded states [step, unit].
        result: of the run, for `energy` and `latency`.
    """

    how: str
    spiking: SpikingNetwork
    nrmse: float
    task_before: float
    task_after: float
    n_neurons: int
    spikes_per_step: float
    wanted: Floats
    made: Floats
    result: RunResult

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.how}: {self.n_neurons:,} LIF neurons, {self.spikes_per_step:.1f} spikes a step; states off by "
            f"{self.nrmse:.1%} NRMSE; task error {self.task_before:.3f} before, {self.task_after:.3f} after"
        )


def convert(
    model: EchoState,
    how: Literal["rate", "threshold"],
    u: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    chip: str | ChipProfile = "loihi1",
    *,
    neurons: int = 20,
    steps: int = 20,
    washout: int = 50,
    seed: int = 0,
    approximate: bool = False,
) -> Conversion:
    """Replace the units of an echo state network by LIF neurons, run them on `chip`, and say what was lost.

    Args:
        model: the network; "rate" needs a leak of at most 0.9.
        how: "rate" or "threshold".
        u: [step, input], or [step]; its range scales the input, and its first half tunes the neurons.
        target: [step], what the readout learns; None: the first input one step ahead.
        chip: a profile or its name, with LIF neurons.
        neurons: of each unit ("rate"), 2 to 200.
        steps: of the chip for each step of the model ("rate"), 1 to 1,000; "threshold" takes one.
        washout: steps at the beginning that are not judged.
        seed: of the neurons ("rate").
        approximate: as for `compile`.

    Raises:
        RunError: a setting is out of range, the model cannot be converted so, or u is too short or zero.
        NeurosimError: the network does not fit the chip, as `compile`.
    """
    if not isinstance(model, EchoState):
        raise RunError(f"only an EchoState is converted to spiking neurons, not a {type(model).__name__}")
    if how not in HOW:
        raise RunError(f"how is {how!r}, but must be one of {', '.join(HOW)}")
    for name, value, low, high in (
        ("neurons", neurons, 2, 200),
        ("steps", steps, 1, 1000),
        ("washout", washout, 0, 10**6),
    ):
        if not is_whole(value, low, high):
            raise RunError(f"{name} is {value!r}, but a whole number from {low} to {high:,} is needed")
    signal = as_signal(u, model.inputs)
    if len(signal) < washout + 20:
        raise RunError(f"u has {len(signal):,} steps, but a washout of {washout} needs at least {washout + 20}")
    goal = _target(signal, target)
    bound, seen = float(np.abs(signal).max()), signal[: len(signal) // 2]
    if not seen.any():
        raise RunError(
            f"u is zero in its first {len(seen):,} steps, which tune the neurons, so nothing tells what they are to "
            "reach: give a signal that moves from the start"
        )
    spiking = to_rates(model, seen, bound, neurons, steps, seed) if how == "rate" else to_thresholds(model, seen, bound)
    result = run(compile(spiking.network, chip, approximate=approximate), spiking.encoder.encode(signal), threads=1)
    made, wanted = spiking.decode(result.raster()), model.run(signal)
    return Conversion(
        how=how,
        spiking=spiking,
        nrmse=nrmse(made[washout:], wanted[washout:]),
        task_before=_task_error(wanted[washout:-1], goal[washout:-1]),
        task_after=_task_error(made[washout:-1], goal[washout:-1]),
        n_neurons=spiking.network.n_neurons,
        spikes_per_step=result.n_spikes / len(signal),
        wanted=wanted,
        made=made,
        result=result,
    )


def _target(signal: Floats, target: npt.ArrayLike | None) -> Floats:
    if target is None:
        return np.append(signal[1:, 0], signal[-1, 0])  # the last step, which has no next, is not judged
    goal = as_signal(target, 1)[:, 0]
    if len(goal) != len(signal):
        raise RunError(f"target has {len(goal):,} steps, but u has {len(signal):,}: give one for each")
    return goal


def _task_error(states: Floats, goal: Floats) -> float:
    """NRMSE of a ridge readout on the second half of the steps."""
    from sklearn.linear_model import Ridge

    half = len(states) // 2
    readout = Ridge(alpha=RIDGE * half).fit(states[:half], goal[:half])
    return nrmse(readout.predict(states[half:]), goal[half:])
