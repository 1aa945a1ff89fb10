"""Maass columns: neurons on a grid, connected at random with a probability that falls with distance.

P(a -> b) = C exp(-(D(a, b) / lambda)^2), with C by the kinds of a and b (Maass, Natschlaeger and Markram 2002).
Pairs are drawn one displacement at a time, so the cost grows with the number of neurons, not of pairs;
displacements where P is below NEGLIGIBLE are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import NetworkError

C = {"EE": 0.3, "EI": 0.2, "IE": 0.4, "II": 0.1}
"""Scale of the connection probability, source kind first."""

NEGLIGIBLE = 1e-9


@dataclass(frozen=True, eq=False)
class Column:
    """Where the neurons are, which are inhibitory, and who connects to whom."""

    position: npt.NDArray[np.int32]  # [neuron, 3]
    inhibitory: npt.NDArray[np.bool_]  # [neuron]
    sources: npt.NDArray[np.int32]  # [synapse], ascending
    targets: npt.NDArray[np.int32]  # [synapse]

    @property
    def n(self) -> int:
        """Neurons."""
        return len(self.inhibitory)

    @property
    def distance(self) -> npt.NDArray[np.float64]:
        """Euclidean length of each synapse, in grid units."""
        steps = self.position[self.sources] - self.position[self.targets]
        length: npt.NDArray[np.float64] = np.sqrt((steps.astype(np.float64) ** 2).sum(axis=1))
        return length


def maass_column(
    shape: Sequence[int],
    *,
    c: Mapping[str, float] = C,
    reach: float = 2.0,
    inhibitory: float = 0.2,
    seed: int = 0,
) -> Column:
    """Draw a column of `shape` = (x, y, z) neurons, without self-connections.

    Args:
        shape: neurons along each axis.
        c: probability scale of each pair of kinds, "EE", "EI", "IE", "II".
        reach: lambda, in grid units.
        inhibitory: fraction of inhibitory neurons, drawn at random.
        seed: of all draws.

    Raises:
        NetworkError: a size, a probability or the reach is out of range.
    """
    _check(shape, c, reach, inhibitory)
    rng = np.random.default_rng(seed)
    size = np.array(shape)
    position = np.stack(np.unravel_index(np.arange(size.prod()), shape), axis=1).astype(np.int32)
    n = len(position)
    is_inhibitory = np.zeros(n, np.bool_)
    is_inhibitory[rng.permutation(n)[: round(inhibitory * n)]] = True
    scale = np.array([[c["EE"], c["EI"]], [c["IE"], c["II"]]])
    sources, targets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    stride = np.array([size[1] * size[2], size[2], 1])
    for step in _displacements(size, reach, scale.max()):
        to = position + step
        source = np.flatnonzero(((to >= 0) & (to < size)).all(axis=1))
        target = source + int(step @ stride)
        p = scale[is_inhibitory[source].astype(int), is_inhibitory[target].astype(int)]
        hit = rng.random(len(source)) < p * np.exp(-float(step @ step) / reach**2)
        sources.append(source[hit])
        targets.append(target[hit])
    source, target = np.concatenate(sources), np.concatenate(targets)
    order = np.lexsort((target, source))
    return Column(position, is_inhibitory, source[order].astype(np.int32), target[order].astype(np.int32))


def _displacements(size: npt.NDArray[np.int64], reach: float, largest_c: float) -> list[npt.NDArray[np.int64]]:
    """All non-zero steps on the grid at which a connection is not negligible, in a fixed order."""
    if largest_c <= NEGLIGIBLE:
        return []
    radius = reach * np.sqrt(np.log(largest_c / NEGLIGIBLE))
    spans = [np.arange(-min(int(radius), s - 1), min(int(radius), s - 1) + 1) for s in size]
    steps = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, 3)
    length = (steps**2).sum(axis=1)
    return list(steps[(length > 0) & (length <= radius**2)])


def _check(shape: Sequence[int], c: Mapping[str, float], reach: float, inhibitory: float) -> None:
    if len(shape) != 3 or any(int(s) != s or s < 1 for s in shape):
        raise NetworkError(f"a column's shape is {tuple(shape)}, but needs three whole numbers of at least 1")
    if set(c) != set(C):
        raise NetworkError(f"c has {sorted(c)}, but needs {sorted(C)}")
    for pair, p in c.items():
        if not 0 <= p <= 1:
            raise NetworkError(f"c[{pair!r}] is {p}, but a probability lies between 0 and 1")
    if not (np.isfinite(reach) and reach > 0):
        raise NetworkError(f"reach is {reach}, but must be a positive number of grid units")
    if not 0 <= inhibitory <= 1:
        raise NetworkError(f"inhibitory is {inhibitory}, but a fraction lies between 0 and 1")
