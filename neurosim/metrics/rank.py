"""Kernel quality and generalisation rank: how many inputs a liquid tells apart, and how much noise it lets through.

Legenstein and Maass 2007 (Neural Networks 20, 323): kernel quality is the rank of the matrix of states [input, neuron]
at the end of m distinct inputs, generalisation rank that of m noisy versions of one input.  A good liquid has much of
the first and little of the second.  The rank is the number of singular values above a share of the largest; the share,
1 %, is assumed (a rank of real numbers is full with any noise at all), and is an argument.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.metrics.states import TAU_MS, Floats, final_states
from neurosim.metrics.stimuli import jittered, to_raster, to_trains
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class StateRank:
    """The rank of a matrix of states."""

    rank: int
    singular_values: Floats  # [min(input, neuron)], descending
    n_inputs: int
    n_neurons: int
    tolerance: float


def state_rank(states: npt.ArrayLike, tolerance: float = TOLERANCE) -> StateRank:
    """Singular values of `states` [input, neuron], and how many are above `tolerance` times the largest.

    Raises:
        RunError: the states are no finite matrix, or the tolerance is not within 0 and 1.
    """
    matrix = finite_matrix(states, "states")
    if not 0 <= tolerance < 1:
        raise RunError(f"tolerance is {tolerance}, but a share of the largest singular value is at least 0, below 1")
    values = np.linalg.svd(matrix, compute_uv=False).astype(np.float64)
    least = max(tolerance, max(matrix.shape) * np.finfo(np.float64).eps)
    rank = int((values > least * values[0]).sum())
    n_inputs, n_neurons = matrix.shape
    return StateRank(rank, values, n_inputs, n_neurons, tolerance)


def kernel_quality(
    program: Program,
    trains: SpikeTrains,
    *,
    population: str | None = None,
    tau_ms: float = TAU_MS,
    tolerance: float = TOLERANCE,
) -> StateRank:
    """The rank of the states at the end of each of the samples of `trains`.

    Raises:
        RunError: an argument is out of range, or the input does not fit the program.
    """
    result = run(program, trains, per_step=False)
    return state_rank(final_states(result, population, tau_ms), tolerance)


def generalisation_rank(
    program: Program,
    trains: SpikeTrains,
    *,
    copies: int,
    sample: int = 0,
    jitter_steps: float = 2.0,
    population: str | None = None,
    tau_ms: float = TAU_MS,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> StateRank:
    """The rank of the states at the end of `copies` noisy versions of one sample of `trains`.

    Args:
        program: what to run.
        trains: the inputs.
        copies: how many versions; as many as inputs of the kernel quality that it is compared with.
        sample: which input.
        jitter_steps: standard deviation by which each spike is moved; 0 for no noise (2 steps are assumed).
        population: whose states; None for all neurons.
        tau_ms: of the filter of the states.
        tolerance: of the rank.
        seed: of the noise.

    Raises:
        RunError: an argument is out of range, or the input does not fit the program.
    """
    if copies < 1 or not (np.isfinite(jitter_steps) and jitter_steps >= 0):
        raise RunError(f"copies is {copies} (at least 1) and jitter_steps {jitter_steps} (at least 0)")
    rng = np.random.default_rng(seed)
    raster = to_raster(trains, sample, program.n_channels)
    noisy = to_trains([jittered(raster, jitter_steps, rng) for _ in range(copies)])
    return kernel_quality(program, noisy, population=population, tau_ms=tau_ms, tolerance=tolerance)


def participation_ratio(states: npt.ArrayLike) -> float:
    """Effective dimension of `states` [observation, neuron]: (sum of variances)^2 / sum of squared variances.

    The variances are those of the principal components; k equal ones give k.  0 for states that do not vary.

    Raises:
        RunError: the states are no finite matrix.
    """
    matrix = finite_matrix(states, "states")
    variance = np.linalg.svd(matrix - matrix.mean(axis=0), compute_uv=False) ** 2
    total = float((variance**2).sum())
    return float(variance.sum() ** 2) / total if total > 0 else 0.0


def finite_matrix(values: npt.ArrayLike, what: str) -> Floats:
    """`values` as a float matrix with at least one entry.

    Raises:
        RunError: they are none.
    """
    try:
        matrix = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise RunError(f"{what} are no array of numbers") from None
    if matrix.ndim != 2 or matrix.size == 0 or not np.isfinite(matrix).all():
        raise RunError(f"{what} of shape {matrix.shape} are not a matrix of finite numbers")
    return matrix
