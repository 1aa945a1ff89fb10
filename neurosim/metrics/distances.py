"""Separation: whether inputs further apart lead to states further apart, and classes to states of their own.

Maass, Natschlaeger and Markram 2002 (Neural Computation 14, 2531), figure 2: pairs of inputs at a given distance, and
the distance of the liquid's states; d(.4) > d(.2) > d(.1).  Both distances are those of trains under one exponential
filter, here as a share of their size, |a - b| / sqrt(|a|^2 + |b|^2): 0 for equal trains, 1 for trains that share
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.metrics.rank import finite_matrix
from neurosim.metrics.states import TAU_MS, Floats, exponential_filter, state_trajectory
from neurosim.metrics.stimuli import mixed, stream, to_trains
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)


@dataclass(frozen=True, eq=False)
class Separation:
    """Distances of states against distances of inputs, each the mean over pairs."""

    share: Floats  # [level], part of the second input that is another input
    input_distance: Floats  # [level]
    state_distance: Floats  # [level]
    n_pairs: int

    @property
    def ratio(self) -> float:
        """State distance over input distance, the mean over levels; 0 if the inputs do not differ."""
        apart = self.input_distance > 0
        return float((self.state_distance[apart] / self.input_distance[apart]).mean()) if apart.any() else 0.0

    @property
    def ordered(self) -> bool:
        """Whether states are further apart whenever inputs are."""
        order = np.argsort(self.input_distance)
        return bool((np.diff(self.state_distance[order]) > 0).all())


def normalised_distance(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """|a - b| / sqrt(|a|^2 + |b|^2): 0 for equal arrays (both zero too), 1 for orthogonal ones.

    Raises:
        RunError: the shapes differ.
    """
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.shape != y.shape:
        raise RunError(f"a distance needs arrays of one shape, not {x.shape} and {y.shape}")
    size = float((x**2).sum() + (y**2).sum())
    return float(np.sqrt(((x - y) ** 2).sum() / size)) if size > 0 else 0.0


def class_separation(states: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Mean distance between the means of classes, over the mean distance of a state from the mean of its class.

    Args:
        states: [sample, neuron].
        labels: [sample], class of each.

    Returns:
        The ratio; infinite if classes differ and states within a class do not, 0 if classes do not differ.

    Raises:
        RunError: fewer than two classes, or arrays that do not match.
    """
    matrix, label = finite_matrix(states, "states"), np.asarray(labels).reshape(-1)
    classes, index = np.unique(label, return_inverse=True)
    if len(label) != len(matrix) or len(classes) < 2:
        raise RunError(f"{len(label):,} labels of {len(classes)} classes for {len(matrix):,} states: give two classes")
    centre = np.stack([matrix[index == i].mean(axis=0) for i in range(len(classes))])
    first, second = np.triu_indices(len(classes), 1)
    between = float(np.linalg.norm(centre[first] - centre[second], axis=1).mean())
    within = float(np.linalg.norm(matrix - centre[index], axis=1).mean())
    if within == 0:
        return float("inf") if between > 0 else 0.0
    return between / within


def liquid_separation(
    program: Program,
    trains: SpikeTrains,
    *,
    shares: Sequence[float] = SHARES,
    pairs: int = 8,
    steps: int = 300,
    population: str | None = None,
    tau_ms: float = TAU_MS,
    seed: int = 0,
) -> Separation:
    """Distances of states against distances of inputs.

    The second input of a pair is the first with a share of its cells (step, channel) taken from an unrelated input.

    Args:
        program: what to run.
        trains: inputs that the liquid is meant for, at least two.
        shares: levels, each above 0 and at most 1.
        pairs: of every level.
        steps: length of an input; samples are laid end to end or cut.
        population: whose states; None for all neurons.
        tau_ms: of the filter of states and inputs.
        seed: of the mixing.

    Raises:
        RunError: an argument is out of range, or the input does not fit the program.
    """
    if len(trains) < 2 or pairs < 1 or steps < 1 or not shares or not all(0 < share <= 1 for share in shares):
        raise RunError(
            f"separation: {len(trains)} samples (at least 2), pairs {pairs} (at least 1), steps {steps} (at least 1), "
            f"shares {tuple(shares)} (each above 0, at most 1)"
        )
    rng = np.random.default_rng([seed, 3])
    rasters = []
    for i in range(pairs):
        one, other = (stream(trains, 2 * i + j, steps, program.n_channels) for j in (0, 1))
        rasters += [one, *(mixed(one, other, share, rng) for share in shares)]
    result = run(program, to_trains(rasters), per_step=False)
    tau_steps = tau_ms / program.dt_ms
    levels = len(shares)
    distance = np.zeros((2, pairs, levels))
    for i in range(pairs):
        base = i * (levels + 1)
        inputs, states = (
            exponential_filter(rasters[base], tau_steps),
            state_trajectory(result, population, base, tau_ms),
        )
        for k in range(levels):
            at = base + 1 + k
            distance[0, i, k] = normalised_distance(inputs, exponential_filter(rasters[at], tau_steps))
            distance[1, i, k] = normalised_distance(states, state_trajectory(result, population, at, tau_ms))
    mean = distance.mean(axis=1)
    return Separation(np.array(shares, np.float64), mean[0], mean[1], pairs)
