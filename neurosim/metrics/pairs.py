"""Pairs: two runs of one program on two inputs, and how far apart its state is in every step.

The state is u and v of the neurons, on the chip's integers.  The distance is sqrt((mean (u1 - u2)^2 / mean u^2 + mean
(v1 - v2)^2 / mean v^2) / 2), means over neurons, those below the line over steps and runs too: 0 for equal states,
about 1 for unrelated ones.  Spikes on their way along a delay are not in it, so two runs count as one only after the
longest delay.  Chips that draw random numbers draw the same in both runs.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from compiler import Program
from neurosim.metrics.states import Floats, check_cells
from neurosim.metrics.stimuli import Raster, to_trains
from neurosim.simulate import run

MAX_NEURONS = 512  # whose u and v are kept: evenly spread over all


def pair_distances(program: Program, one: Sequence[Raster], other: Sequence[Raster], start: int = 0) -> Floats:
    """Distance of the states of run `one[i]` and run `other[i]`: [pair, step], from step `start` on.

    All rasters have the same number of steps.

    Raises:
        RunError: the input does not fit the program, or the runs are too long to keep.
    """
    return _distance(*(_states(program, rasters, start) for rasters in (one, other)))


def unrelated_distance(program: Program, rasters: Sequence[Raster], start: int = 0) -> float:
    """Median distance of the states under inputs that have nothing to do with each other; 1 if there is only one.

    Raises:
        RunError: as `pair_distances`.
    """
    if len(rasters) < 2:
        return 1.0
    states = _states(program, rasters, start)
    return float(np.median(_distance(states, np.roll(states, 1, axis=0))))


def mean_log_growth(distance: Floats, ceiling: float = np.inf, settle: int = 0) -> float | None:
    """Growth of the logarithm of `distance` [pair, step] per step, the mean over all steps of all pairs that count.

    A pair counts from `settle` steps after it first differs to the last step before it is equal again or reaches
    `ceiling` (or twice its largest distance while it settles, if that is more); where nothing is left after settling,
    from where it first differs.  None if no pair counts.
    """
    growth, steps = 0.0, 0
    for row in distance:
        apart = np.flatnonzero(row > 0)
        if len(apart) == 0:
            continue
        first = int(apart[0])
        most = max(ceiling, 2 * float(row[first : first + settle + 1].max()))
        ends = np.flatnonzero((row[first:] == 0) | (row[first:] >= most))
        last = first + int(ends[0]) - 1 if len(ends) else len(row) - 1
        begin = first + settle if last - first > settle else first
        if last > begin:
            growth += float(np.log(row[last] / row[begin]))
            steps += last - begin
    return growth / steps if steps else None


def _states(program: Program, rasters: Sequence[Raster], start: int) -> npt.NDArray[np.float64]:
    """U and v: [run, step, 2, neuron]."""
    n = program.n_neurons
    chosen = np.unique(np.linspace(0, n - 1, min(n, MAX_NEURONS)).astype(np.int64))
    length = len(rasters[0])
    check_cells(4 * len(rasters) * length * len(chosen), "the states of two runs")
    probes = run(program, to_trains(rasters), probe=chosen, per_step=False).probes
    assert probes is not None  # asked for
    both = np.stack([probes.u, probes.v], axis=1).astype(np.float64)
    return both.reshape(len(rasters), length, 2, len(chosen))[:, start:]


def _distance(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> Floats:
    size = ((one**2).mean(axis=(0, 1, 3)) + (other**2).mean(axis=(0, 1, 3))) / 2  # of u and of v
    square = ((one - other) ** 2).mean(axis=3)  # [pair, step, 2]
    share = np.divide(square, size, out=np.zeros_like(square), where=size > 0)
    return np.asarray(np.sqrt(share.mean(axis=2)), np.float64)
