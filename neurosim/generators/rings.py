"""Rings: neurons on a closed line, connected to their nearest ones, some of them rewired (a small world).

ring: neuron a connects to a + 1, a - 1, a + 2, a - 2, ... (modulo n), `neighbours` targets in all; an odd number
reaches one further ahead than back.
small_world (after Watts and Strogatz 1998, directed): each connection of the ring keeps its source, and with
probability b = rewire, by itself, loses its target.  The R lost targets of a neuron are replaced by R different ones,
every subset of the neurons that are neither it nor a target it kept with the same chance.  So each neuron keeps exactly
k = neighbours targets, and with R of the binomial distribution B(k, b) a connection exists with probability
E[R / (n - 1 - k + R)] where the ring has none; the ring's own have what is left of k, in equal parts.
b = 0 is the ring, b = 1 draws k of the n - 1 others.
"""

import numpy as np
import numpy.typing as npt

from neurosim.generators.checks import MAX_NEURONS, check_fraction, check_seed, check_synapses, check_whole
from neurosim.generators.draws import Indices, draw_hits, draw_inhibitory, draw_subsets, join
from neurosim.generators.wiring import Wiring


def ring(n: int, neighbours: int, *, inhibitory: float = 0.2, seed: int = 0) -> Wiring:
    """Connect each of `n` neurons on a ring to its nearest `neighbours`.

    Args:
        n: neurons.
        neighbours: targets of each neuron, 0 to n - 1; ahead and back in turn.
        inhibitory: fraction of inhibitory neurons, drawn at random.
        seed: of the choice of inhibitory neurons.

    Raises:
        NetworkError: a value is out of range, or there are more synapses than can be held.
    """
    return _rewired("ring", n, neighbours, 0.0, inhibitory, seed)


def small_world(n: int, neighbours: int, rewire: float, *, inhibitory: float = 0.2, seed: int = 0) -> Wiring:
    """Connect a ring, and give each connection another target with probability `rewire`.

    Args:
        n: neurons.
        neighbours: targets of each neuron, 0 to n - 1.
        rewire: probability that a connection of the ring loses its target and gets another.
        inhibitory: fraction of inhibitory neurons, drawn at random.
        seed: of all draws.

    Raises:
        NetworkError: a value is out of range, or there are more synapses than can be held.
    """
    return _rewired("small_world", n, neighbours, check_fraction("small_world: rewire", rewire), inhibitory, seed)


def _rewired(what: str, n: int, neighbours: int, rewire: float, inhibitory: float, seed: int) -> Wiring:
    n = check_whole(f"{what}: n", n, 1, MAX_NEURONS)
    k = check_whole(f"{what}: neighbours", neighbours, 0, n - 1)
    check_fraction(f"{what}: inhibitory", inhibitory)
    rng = np.random.default_rng(check_seed(what, seed))
    check_synapses(what, n * k, "lower n or neighbours")
    is_inhibitory = draw_inhibitory(rng, n, inhibitory)
    kept = np.ones(n * k, np.bool_)
    kept[draw_hits(rng, n * k, rewire)] = False
    source, which = np.divmod(np.flatnonzero(kept), max(k, 1))
    parts = [(source, _ahead(n, k)[which])]
    parts.append(_other_targets(rng, n, k, *parts[0]))
    ends = [(source, (source + ahead) % n) for source, ahead in parts]
    position = np.arange(n, dtype=np.int32)[:, None]
    return Wiring(is_inhibitory, *join(ends, n), position, circumference=n)


def _ahead(n: int, k: int) -> Indices:
    """How far ahead, 1 to n - 1, the targets of a neuron are: of +1, -1, +2, -2, ... the first `k`, ascending."""
    ahead = (k + 1) // 2
    return np.concatenate([np.arange(1, ahead + 1), np.arange(n - (k - ahead), n)])


def _other_targets(
    rng: np.random.Generator, n: int, k: int, source: Indices, ahead: Indices
) -> tuple[Indices, Indices]:
    """A source and a way ahead for each lost connection, given those that were kept, in order."""
    n_kept: npt.NDArray[np.int64] = np.bincount(source, minlength=n)
    row, rank = draw_subsets(rng, k - n_kept, n - 1 - n_kept)
    # the rank-th way ahead that was not kept: rank + 1, and one more for each kept one up to there
    before = np.cumsum(n_kept) - n_kept
    free_before = ahead - 1 - (np.arange(len(ahead)) - before[source])  # ways below a kept one that were not kept
    skipped = np.searchsorted(source * n + free_before, row * n + rank, side="right") - before[row]
    return row, rank + 1 + skipped
