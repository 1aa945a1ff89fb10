"""Lyapunov exponent: whether a small difference grows or dies, in logarithm per step.

For a system given as a step function, the method of Benettin, Galgani, Giorgilli and Strelcyn (1980): a second
trajectory a tiny distance away is advanced with the first, the logarithm of the growth of the distance is noted in
every step, and the distance is set back to its size.  A spiking program cannot be set back, so there two runs are
compared whose inputs differ by one spike (as in Legenstein and Maass 2007): the mean growth of the logarithm of the
distance of their states, from some steps after they first differ to where the difference is gone, or has grown to half
of that of unrelated inputs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.metrics.pairs import mean_log_growth, pair_distances, unrelated_distance
from neurosim.metrics.states import Floats
from neurosim.metrics.stimuli import stream, toggled, usual_value
from neurosim.spikes import SpikeTrains

Step = Callable[[Floats, Floats], npt.ArrayLike]  # state and input of a step -> next state


@dataclass(frozen=True, eq=False)
class Perturbation:
    """What becomes of one external spike more or less."""

    exponent_per_step: float | None  # None: no spike made any difference
    distance: Floats  # [pair, lag], from the step of the spike on
    unrelated_distance: float  # of states under inputs that have nothing to do with each other
    healed_share: float  # pairs without any difference at the end


def lyapunov_exponent(
    step: Step, state: npt.ArrayLike, inputs: npt.ArrayLike, *, discard: int = 100, size: float = 1e-8, seed: int = 0
) -> float:
    """The largest exponent of x <- step(x, input), by Benettin's method.

    Args:
        step: the map; takes a state and the input of a step (of the shapes given).
        state: where to begin, any shape.
        inputs: [step, ...]; a map without input takes zeros, one for each step.
        discard: first steps left out of the mean, so that the trajectory settles.
        size: distance of the second trajectory, small against the state.
        seed: of the direction of the first difference.

    Returns:
        The exponent per step, -inf if the difference vanishes.

    Raises:
        RunError: too few steps, or the state grows beyond all numbers, or beyond the precision of `size`.
    """
    x, u = np.array(state, np.float64), np.asarray(inputs, np.float64)
    if not 0 <= discard < len(u) or not size > 0:
        raise RunError(f"{len(u):,} inputs, discard {discard}, size {size}: leave some steps, and a positive size")
    direction = np.random.default_rng(seed).normal(size=x.shape)
    y = x + size * direction / np.linalg.norm(direction)
    growth = np.zeros(len(u))
    for t, now in enumerate(u):
        before = float(np.linalg.norm(y - x))  # what rounding made of `size`
        x, y = np.asarray(step(x, now), np.float64), np.asarray(step(y, now), np.float64)
        after = float(np.linalg.norm(y - x))
        if not np.isfinite(after):
            raise RunError(f"the state is not finite after step {t}: the system explodes, use fewer steps")
        if before == 0:
            raise RunError(f"a difference of {size} is lost in the rounding of the state in step {t}: raise size")
        if after == 0:
            return -np.inf
        growth[t] = np.log(after / before)
        y = x + (y - x) * (size / after)
    return float(growth[discard:].mean())


def liquid_lyapunov(
    program: Program,
    trains: SpikeTrains,
    *,
    pairs: int = 24,
    settle_steps: int = 5,
    before_steps: int = 100,
    after_steps: int = 200,
    seed: int = 0,
) -> Perturbation:
    """The growth of a one-spike difference of the input of a program.

    Args:
        program: what to run.
        trains: inputs that the liquid is meant for; pair i begins with sample i.
        pairs: runs with one spike toggled each, on a random channel.
        settle_steps: left out after the first difference, in which the synapses only take it in.
        before_steps: before the spike.
        after_steps: after it.
        seed: of channels.

    Raises:
        RunError: an argument is out of range, or the input does not fit the program.
    """
    if pairs < 1 or settle_steps < 0 or before_steps < 0 or after_steps < 2 or program.n_channels < 1:
        raise RunError(
            f"pairs is {pairs} (at least 1), settle_steps {settle_steps}, before_steps {before_steps} (at least 0), "
            f"after_steps {after_steps} (at least 2), on {program.n_channels} channels (at least 1)"
        )
    rng = np.random.default_rng([seed, 4])
    n = program.n_channels
    one = [stream(trains, i, before_steps + after_steps, n) for i in range(pairs)]
    other = [toggled(raster, before_steps, int(rng.integers(n)), usual_value(trains)) for raster in one]
    distance = pair_distances(program, one, other, before_steps)
    most = unrelated_distance(program, one[: min(pairs, len(trains))], before_steps)
    exponent = mean_log_growth(distance, most / 2 if most > 0 else np.inf, settle_steps)
    return Perturbation(exponent, distance, most, float((distance[:, -1] == 0).mean()))
