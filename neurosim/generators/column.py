"""Maass columns: neurons on a grid, connected at random with a probability that falls with distance.

P(a -> b) = C exp(-(D(a, b) / lambda)^2), with C, and lambda if wanted, by the kinds of a and b (Maass, Natschlaeger and
Markram 2002).  Pairs are drawn one displacement at a time, so the cost grows with the number of neurons, not of pairs;
displacements where P is below NEGLIGIBLE are left out.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chips import NetworkError
from neurosim.generators.checks import (
    MAX_NEURONS,
    PAIRS,
    PerPair,
    check_fraction,
    check_positive,
    check_seed,
    check_synapses,
    check_whole,
    per_pair,
)
from neurosim.generators.draws import draw_inhibitory
from neurosim.generators.wiring import Wiring

C = {"EE": 0.3, "EI": 0.2, "IE": 0.4, "II": 0.1}
"""Scale of the connection probability, source kind first."""

NEGLIGIBLE = 1e-9
MAX_STEPS, MAX_DRAWS = 2**24, 2**34  # displacements, and pairs that are near enough to be drawn for: some minutes


def maass_column(
    shape: Sequence[int],
    *,
    c: PerPair = C,
    reach: PerPair = 2.0,
    inhibitory: float = 0.2,
    seed: int = 0,
) -> Wiring:
    """Draw a column of `shape` = (x, y, z) neurons, without self-connections.

    Args:
        shape: neurons along each axis.
        c: probability scale of each pair of kinds, "EE", "EI", "IE", "II", or one for all.
        reach: lambda in grid units, one for all or one for each pair of kinds.
        inhibitory: fraction of inhibitory neurons, drawn at random.
        seed: of all draws.

    Raises:
        NetworkError: a size, a probability or the reach is out of range, or there are too many neurons or pairs.
    """
    size = _size(shape)
    scales = per_pair("maass_column: c", c, check_fraction)
    reaches = per_pair("maass_column: reach", reach, _check_reach)
    check_fraction("maass_column: inhibitory", inhibitory)
    rng = np.random.default_rng(check_seed("maass_column", seed))
    steps = _displacements(size, max(_radius(scales[pair], reaches[pair]) for pair in PAIRS))
    _check_work(size, steps, scales, reaches)
    n = int(size.prod())
    position = np.stack(np.unravel_index(np.arange(n), tuple(size)), axis=1).astype(np.int32)
    is_inhibitory = draw_inhibitory(rng, n, inhibitory)
    kind = is_inhibitory.astype(int)
    sources, targets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    stride = np.array([size[1] * size[2], size[2], 1])
    for step in steps:
        to = position + step
        source = np.flatnonzero(((to >= 0) & (to < size)).all(axis=1))
        target = source + int(step @ stride)
        p = _probability(step, scales, reaches)
        hit = rng.random(len(source)) < p[kind[source], kind[target]]
        sources.append(source[hit])
        targets.append(target[hit])
    source, target = np.concatenate(sources), np.concatenate(targets)
    order = np.lexsort((target, source))
    return Wiring(is_inhibitory, source[order].astype(np.int32), target[order].astype(np.int32), position)


def _size(shape: Sequence[int]) -> npt.NDArray[np.int64]:
    if not isinstance(shape, Sequence | np.ndarray) or isinstance(shape, str) or len(shape) != 3:
        raise NetworkError(f"maass_column: shape is {shape!r}, but needs three whole numbers of at least 1")
    sizes = [check_whole(f"maass_column: shape[{i}]", s, 1, MAX_NEURONS) for i, s in enumerate(shape)]
    check_whole("maass_column: the product of shape", sizes[0] * sizes[1] * sizes[2], 1, MAX_NEURONS)
    return np.array(sizes)


def _check_reach(what: str, reach: object) -> float:
    return float(np.clip(check_positive(what, reach), 1e-100, 1e100))  # the square of any other is 0 or infinite


def _radius(scale: float, reach: float) -> float:
    """The distance beyond which a connection is negligible."""
    return reach * float(np.sqrt(np.log(scale / NEGLIGIBLE))) if scale > NEGLIGIBLE else 0.0


def _displacements(size: npt.NDArray[np.int64], radius: float) -> npt.NDArray[np.int64]:
    """All non-zero steps on the grid up to `radius`, in a fixed order: shape (steps, 3)."""
    radius = min(radius, float(size.sum()))  # beyond which there is no neuron
    spans = [np.arange(-m, m + 1) for m in (int(min(radius, s - 1)) for s in size)]
    n_steps = len(spans[0]) * len(spans[1]) * len(spans[2])
    if n_steps > MAX_STEPS:
        raise NetworkError(f"maass_column: {n_steps:,} displacements within reach, at most {MAX_STEPS:,}: lower reach")
    steps = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, 3)
    length = (steps**2).sum(axis=1)
    near: npt.NDArray[np.int64] = steps[(length > 0) & (length <= radius**2)]
    return near


def _check_work(
    size: npt.NDArray[np.int64], steps: npt.NDArray[np.int64], scales: dict[str, float], reaches: dict[str, float]
) -> None:
    """Refuse what would take hours or more memory than there is, before anything large is drawn."""
    near = (size - np.abs(steps)).prod(axis=1).astype(np.float64)  # [step], pairs of neurons at each displacement
    if near.sum() > MAX_DRAWS:
        raise NetworkError(
            f"maass_column: {near.sum():,.0f} pairs of neurons are within reach, but at most {MAX_DRAWS:,} are drawn "
            "for: lower shape or reach"
        )
    far = max(reaches.values())
    expected = max(scales.values()) * near * np.exp(-((steps / far) ** 2).sum(axis=1))  # all pairs as the densest one
    check_synapses("maass_column", float(expected.sum()), "lower shape, c or reach")


def _probability(
    step: npt.NDArray[np.int64], scales: dict[str, float], reaches: dict[str, float]
) -> npt.NDArray[np.float64]:
    """Of a connection over one displacement: [kind of source, kind of target]."""
    square = -float(step @ step)
    return np.array([scales[pair] * np.exp(square / reaches[pair] ** 2) for pair in PAIRS]).reshape(2, 2)
