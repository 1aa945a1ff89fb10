"""Echo state and fading memory: whether a system forgets where it began, and what happened long ago.

Jaeger 2001 (GMD report 148): a system has echo states if all initial states converge under one input.  It has fading
memory (Maass, Natschlaeger and Markram 2002, after Boyd and Chua 1985) if inputs that differ only in the far past lead
to states that do not differ.  Both are tried, not proved: some states or pasts, one input, a stated number of steps.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.metrics.lyapunov import Step
from neurosim.metrics.pairs import mean_log_growth, pair_distances, unrelated_distance
from neurosim.metrics.states import Floats
from neurosim.metrics.stimuli import Raster, stream
from neurosim.spikes import SpikeTrains

TOLERANCE = 0.01  # of the distance that is left, as a share of the largest; assumed
LIQUID_TOLERANCE = 0.1  # the same for spiking programs, where a late spike lasts for long; assumed
_TAIL = 10  # steps whose largest distance is the one at the end


@dataclass(frozen=True, eq=False)
class Convergence:
    """A verdict, and the distances that it rests on."""

    converged: bool  # every pair has come within `tolerance` times `scale`
    start_distance: float  # mean over pairs, in the first step of the common input
    end_distance: float  # mean over pairs, largest of the last steps
    rate_per_step: float | None  # mean growth of ln(distance); below 0: it shrinks; None: there is no difference
    distance: Floats  # [pair, step]
    tolerance: float
    scale: float | None  # distance that shares are of; None: the largest of each pair

    @property
    def left_share(self) -> float:
        """Distance at the end as a part of the scale, of the worst pair."""
        return float(_left(self.distance, self.scale).max())


def judge_convergence(distance: npt.ArrayLike, tolerance: float = TOLERANCE, scale: float | None = None) -> Convergence:
    """Whether distances [pair, step] come down to `tolerance` times a scale, and stay there at the end.

    Args:
        distance: at least 0, over at least two steps.
        tolerance: above 0.
        scale: above 0; None takes the largest distance of each pair.

    Raises:
        RunError: an argument is out of range.
    """
    d = np.asarray(distance, np.float64)
    if (
        d.ndim != 2
        or d.shape[0] < 1
        or d.shape[1] < 2
        or not (d >= 0).all()
        or not tolerance > 0
        or not (scale is None or scale > 0)
    ):
        raise RunError(f"distances of shape {d.shape} tolerance {tolerance}, scale {scale} cannot be judged")
    converged = bool((_left(d, scale) <= tolerance).all())
    return Convergence(converged, float(d[:, 0].mean()), float(_end(d).mean()), mean_log_growth(d), d, tolerance, scale)


def echo_state_test(
    step: Step, states: npt.ArrayLike, inputs: npt.ArrayLike, tolerance: float = TOLERANCE
) -> Convergence:
    """Whether the initial `states` [k, ...] of x <- step(x, input) converge under `inputs` [step, ...].

    Each state after the first is compared with the first, by the norm of the difference.  Include states far apart: for
    odd systems a state and its negative.

    Raises:
        RunError: fewer than two states or steps, or a state leaves the finite numbers.
    """
    first = np.asarray(states, np.float64)
    if first.ndim < 1 or len(first) < 2:
        raise RunError("an echo state test compares at least two initial states")
    runs = [_trajectory(step, x, np.asarray(inputs, np.float64)) for x in first]
    return judge_convergence(_norms(runs), tolerance)


def fading_memory_test(
    step: Step, state: npt.ArrayLike, pasts: npt.ArrayLike, inputs: npt.ArrayLike, tolerance: float = TOLERANCE
) -> Convergence:
    """Whether `pasts` [k, step, ...] before the common `inputs` [step, ...] are forgotten, from one initial `state`.

    Raises:
        RunError: as `echo_state_test`.
    """
    before, common = np.asarray(pasts, np.float64), np.asarray(inputs, np.float64)
    if before.ndim < 2 or len(before) < 2:
        raise RunError("a fading memory test compares at least two pasts")
    start = np.asarray(state, np.float64)
    runs = [_trajectory(step, start, np.concatenate([past, common]))[len(past) :] for past in before]
    return judge_convergence(_norms(runs), tolerance)


def liquid_echo_state(
    program: Program,
    trains: SpikeTrains,
    *,
    pairs: int = 8,
    before_steps: int = 200,
    common_steps: int = 800,
    tolerance: float = LIQUID_TOLERANCE,
) -> Convergence:
    """Whether a program forgets its initial state: silence before the common input, against twice the usual input.

    A program starts at rest, so other initial states are made by what comes before the common input.

    Raises:
        RunError: an argument is out of range, or the input does not fit the program.
    """
    _check(trains, pairs, before_steps, common_steps)
    rasters = _streams(program, trains, pairs, before_steps + common_steps)
    quiet, loud = [], []
    for i, raster in enumerate(rasters):
        other = rasters[(i + 1) % pairs]
        busy = np.where(raster != 0, raster, other)[:before_steps]
        quiet.append(np.concatenate([np.zeros_like(busy), raster[before_steps:]]))
        loud.append(np.concatenate([busy, raster[before_steps:]]))
    return _judge(program, quiet, loud, before_steps, tolerance)


def liquid_fading_memory(
    program: Program,
    trains: SpikeTrains,
    *,
    pairs: int = 8,
    before_steps: int = 200,
    common_steps: int = 800,
    tolerance: float = LIQUID_TOLERANCE,
) -> Convergence:
    """Whether a program forgets the far past: two usual inputs before the common one.

    Raises:
        RunError: an argument is out of range, or the input does not fit the program.
    """
    _check(trains, pairs, before_steps, common_steps)
    if len(trains) < 2:
        raise RunError("a fading memory test compares two pasts, but there is one sample: give at least two")
    one = _streams(program, trains, pairs, before_steps + common_steps)
    pasts = [stream(trains, i + 1, before_steps, program.n_channels) for i in range(pairs)]
    other = [np.concatenate([past, raster[before_steps:]]) for past, raster in zip(pasts, one, strict=True)]
    return _judge(program, one, other, before_steps, tolerance)


def _judge(program: Program, one: list[Raster], other: list[Raster], start: int, tolerance: float) -> Convergence:
    """The verdict on pairs of runs; shares are of the distance of states under unrelated inputs, if there is any."""
    scale = unrelated_distance(program, one, start) if len(one) > 1 else 0.0
    return judge_convergence(pair_distances(program, one, other, start), tolerance, scale if scale > 0 else None)


def _end(distance: Floats) -> Floats:
    return np.asarray(distance[:, -min(_TAIL, distance.shape[1] - 1) :].max(axis=1), np.float64)


def _left(distance: Floats, scale: float | None) -> Floats:
    """Largest distance of the last steps over the scale, 0 where there is none: [pair]."""
    largest = distance.max(axis=1) if scale is None else np.full(len(distance), scale)
    return np.asarray(np.divide(_end(distance), largest, out=np.zeros(len(largest)), where=largest > 0), np.float64)


def _streams(program: Program, trains: SpikeTrains, pairs: int, steps: int) -> list[Raster]:
    return [stream(trains, i, steps, program.n_channels) for i in range(pairs)]


def _check(trains: SpikeTrains, pairs: int, before_steps: int, common_steps: int) -> None:
    if pairs < 1 or before_steps < 1 or common_steps < 2:
        raise RunError(
            f"pairs is {pairs} (at least 1), before_steps {before_steps} (at least 1), common_steps {common_steps} "
            "(at least 2)"
        )


def _trajectory(step: Step, state: Floats, inputs: Floats) -> Floats:
    """[step + 1, ...]: the state before the first input, and after each."""
    states = [state]
    for now in inputs:
        states.append(np.asarray(step(states[-1], now), np.float64))
        if not np.isfinite(states[-1]).all():
            raise RunError(
                f"the state is not finite after step {len(states) - 2}: the system explodes, use fewer steps"
            )
    return np.stack(states)


def _norms(runs: list[Floats]) -> Floats:
    """Distance of each run after the first from the first: [run, step]."""
    apart = np.stack([run - runs[0] for run in runs[1:]])
    return np.asarray(np.sqrt((apart.reshape(*apart.shape[:2], -1) ** 2).sum(axis=2)), np.float64)
