"""Random draws that every generator shares; their cost grows with what is drawn, not with what could be.

Independent yes-or-no draws of probability p are drawn as the gaps between hits, which are geometric (Batagelj and
Brandes 2005, Phys. Rev. E 71, 036113).  No array of all pairs is made.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


def draw_inhibitory(rng: np.random.Generator, n: int, fraction: float) -> npt.NDArray[np.bool_]:
    """`round(fraction * n)` of `n` neurons, any with the same chance."""
    inhibitory = np.zeros(n, np.bool_)
    inhibitory[rng.permutation(n)[: round(fraction * n)]] = True
    return inhibitory


def draw_hits(rng: np.random.Generator, n: int, p: float) -> Indices:
    """Which of range(n) hit, each with probability `p` by itself; ascending."""
    if p >= 1:
        return np.arange(n)
    found: list[Indices] = [np.zeros(0, np.int64)]
    last = -1
    while p > 0 and last < n - 1:
        expected = (n - 1 - last) * p
        gaps = rng.geometric(p, int(expected + 4 * np.sqrt(expected) + 16))
        found.append(last + np.cumsum(np.minimum(gaps, n + 1)))  # a gap of n + 1 is past the end; no sum overflows
        last = int(found[-1][-1])
    hits = np.concatenate(found)
    return hits[: np.searchsorted(hits, n)]


def draw_pairs(rng: np.random.Generator, sources: Indices, targets: Indices, p: float) -> tuple[Indices, Indices]:
    """Pairs of a source and a target, each connected with probability `p` by itself.

    The two groups are one and the same, and then no neuron is paired with itself, or they share no neuron.
    """
    within = sources is targets
    others = len(targets) - within
    row, column = np.divmod(draw_hits(rng, len(sources) * others, p), max(others, 1))
    if within:
        column += column >= row
    return sources[row], targets[column]


def draw_subsets(rng: np.random.Generator, sizes: Indices, choices: Indices) -> tuple[Indices, Indices]:
    """For each row, `sizes[row]` different numbers below `choices[row]`, every subset with the same chance.

    Returns:
        The row and the number of each draw, rows ascending, then numbers.
    """
    dense = 2 * sizes > choices  # there, those left out are drawn: so at least every other draw finds a new number
    drawn = _draw_distinct(rng, np.where(dense, choices - sizes, sizes), choices)
    stride = int(choices.max(initial=0)) + 1
    row, number = np.divmod(drawn, stride)
    start = np.cumsum(np.where(dense, choices, 0)) - np.where(dense, choices, 0)
    stays = np.ones(int(choices[dense].sum()), np.bool_)
    left_out = dense[row]
    stays[start[row[left_out]] + number[left_out]] = False
    dense_row = np.repeat(np.flatnonzero(dense), choices[dense])
    dense_number = np.arange(len(stays)) - start[dense_row]
    keys = np.concatenate([drawn[~left_out], (dense_row * stride + dense_number)[stays]])
    row, number = np.divmod(np.sort(keys), stride)
    return row, number


def _draw_distinct(rng: np.random.Generator, sizes: Indices, choices: Indices) -> Indices:
    """Keys row * (largest choice + 1) + number, drawn until each row has `sizes[row]` different ones."""
    stride = int(choices.max(initial=0)) + 1
    done: list[Indices] = [np.zeros(0, np.int64)]
    keys, missing = done[0], sizes
    while missing.any():
        row = np.repeat(np.arange(len(sizes)), missing)
        keys = np.concatenate([keys, row * stride + rng.integers(0, choices[row])])
        keys.sort()
        keys = keys[np.diff(keys, prepend=-1) > 0]
        has = np.bincount(keys // stride, minlength=len(sizes))
        missing = np.where(missing > 0, sizes - has, 0)
        full = missing[keys // stride] == 0
        done.append(keys[full])
        keys = keys[~full]
    return np.concatenate(done)


def join(parts: Sequence[tuple[Indices, Indices]], n: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Sources and targets of all parts, by source, then by target."""
    keys = np.concatenate([source * n + target for source, target in parts])
    keys.sort()
    source, target = np.divmod(keys, n)
    return source.astype(np.int32), target.astype(np.int32)
