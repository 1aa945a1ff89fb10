"""Blocks: entries of a large table in turns, by who owns them, so that what a pass holds at a time stays small.

A table of few entries is one block, and is then not copied.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

SMALL = 1_000_000  # entries that are one block
PARTS = 8  # of a large table, about


def blocks(owner: npt.NDArray[Any], n_owners: int) -> Iterator[tuple[int, int, npt.NDArray[np.int64] | slice]]:
    """Ranges of owners that follow each other, and the entries of each.

    Args:
        owner: [entry], in any order.
        n_owners: how many there are.

    Yields:
        (first, last, entries): `entries` index the arrays of entries whose owner is in [first, last), in their order.
    """
    if len(owner) <= SMALL:
        yield 0, n_owners, slice(None)
        return
    end = np.cumsum(np.bincount(owner, minlength=n_owners))
    most, first = max(SMALL, len(owner) // PARTS), 0
    while first < n_owners:
        before = end[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(end, before + most, side="right")))
        yield first, last, np.flatnonzero((owner >= first) & (owner < last))
        first = last
