"""Readouts in a loop: FORCE learning, and learning from reward.

Both drive a system step by step that is given as a function, `step(feedback) -> state`: a rate network, or a liquid on
a chip behind `neurosim.debugging`'s stepper, an encoder and a filter.  The output z = w x goes back into it.

FORCE (Sussillo and Abbott 2009): recursive least squares on w in every step while the output is fed back, so that the
error is small from the start and the loop learns to hold itself.

Reward-modulated Hebbian learning (after Hoerzer, Legenstein and Maass 2014): the output explores, z' = z + noise; the
reward is compared with its own running mean, and only if it was better, w <- w + rate noise x.  No target is told.  In
the paper the synapse does not know the noise, and takes the output's deviation from its running mean in its place.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import RunError

Floats = npt.NDArray[np.float64]
Step = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Loop:
    """What a loop learned, and its output on the way."""

    weights: Floats  # [output, state]
    output: Floats  # [step, output]


def force(step: Step, targets: Floats, *, alpha: float = 1.0, every: int = 1, weights: Floats | None = None) -> Loop:
    """Learn to make `targets` while the output is fed back.

    Args:
        step: one step of the system: feedback [output] -> state [state].
        targets: [step, output].
        alpha: ridge penalty of the recursive least squares, whose inverse is the learning rate of the first steps.
        every: steps between two updates.
        weights: [output, state] to start from; zeros by default.

    Raises:
        RunError: a setting is out of range, or a state is not finite.
    """
    wanted = _targets(targets)
    if not 0 < alpha < np.inf or every < 1:
        raise RunError(f"force: alpha is {alpha} (positive) and every is {every} (at least 1), which cannot learn")
    state = _state(step(np.zeros(wanted.shape[1])), 0)
    w = np.zeros((wanted.shape[1], len(state))) if weights is None else weights.copy()
    inverse = np.eye(len(state)) / alpha
    output = np.zeros_like(wanted)
    for t, target in enumerate(wanted):
        output[t] = w @ state
        if t % every == 0:
            px = inverse @ state
            gain = px / (1 + state @ px)
            inverse -= np.outer(gain, px)
            w += np.outer(target - output[t], gain)
        state = _state(step(w @ state), t)
    return Loop(w, output)


def free_run(step: Step, weights: Floats, steps: int, state: Floats) -> Floats:
    """The output, [step, output], of a loop that learns no more, from a state on.

    Raises:
        RunError: a state is not finite.
    """
    output = np.zeros((steps, len(weights)))
    for t in range(steps):
        output[t] = weights @ state
        state = _state(step(output[t]), t)
    return output


def reward_modulated(
    step: Step,
    reward: Callable[[int, Floats], float],
    n_outputs: int,
    steps: int,
    *,
    rate: float = 1e-3,
    noise: float = 0.2,
    mean: float = 0.8,
    seed: int = 0,
) -> Loop:
    """Learn from a reward alone.

    Args:
        step: as for `force`.
        reward: (step, output) -> how good that was; only its rise above its running mean counts.
        n_outputs: outputs.
        steps: to learn for.
        rate: of learning; falls as 1 / (1 + t / 20 % of the steps).
        noise: standard deviation of the exploration.
        mean: share of the old in the running mean of the reward, 0 to 1.
        seed: of the exploration.

    Raises:
        RunError: a setting is out of range, or a state is not finite.
    """
    if not (rate > 0 and noise > 0 and 0 <= mean < 1 and n_outputs >= 1 and steps >= 1):
        raise RunError(
            f"reward_modulated: rate {rate} and noise {noise} must be positive, mean {mean} from 0 to below 1, "
            f"n_outputs {n_outputs} and steps {steps} at least 1"
        )
    rng = np.random.default_rng(seed)
    state = _state(step(np.zeros(n_outputs)), 0)
    w, output = np.zeros((n_outputs, len(state))), np.zeros((steps, n_outputs))
    usual = -np.inf
    for t in range(steps):
        tried = noise * rng.standard_normal(n_outputs)
        output[t] = w @ state + tried
        got = float(reward(t, output[t]))
        if got > usual > -np.inf:
            w += rate / (1 + 5 * t / steps) * np.outer(tried, state)
        usual = got if t == 0 else mean * usual + (1 - mean) * got
        state = _state(step(output[t]), t)
    return Loop(w, output)


def _targets(targets: Floats) -> Floats:
    wanted = np.asarray(targets, np.float64)
    wanted = wanted[:, None] if wanted.ndim == 1 else wanted
    if wanted.ndim != 2 or not len(wanted) or not np.isfinite(wanted).all():
        raise RunError(f"force: targets have shape {np.shape(targets)}; finite numbers [step, output] are needed")
    return wanted


def _state(state: Floats, t: int) -> Floats:
    state = np.asarray(state, np.float64)
    if state.ndim != 1 or not np.isfinite(state).all():
        raise RunError(f"the system's state after step {t} is not a list of finite numbers: the loop has run away")
    return state
