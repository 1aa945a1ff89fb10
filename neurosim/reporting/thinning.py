"""Thinning: as much of a long series or a large raster as a page can show."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
MOST_MARKS = 40_000  # of a raster
MOST_COLUMNS, MOST_ROWS = 1600, 800  # of a raster, before marks are counted
MOST_POINTS = 1500  # of a series


def thin_raster(counts: Ints) -> tuple[int, int, Ints, Ints, Ints]:
    """Cells of a raster that hold a spike, few enough to draw.

    Args:
        counts: [column, row], spikes of each cell.

    Returns:
        How many columns and rows are taken together, and the column, row and spikes of each cell that holds any, by
        column.
    """
    wide = high = 1
    while np.count_nonzero(counts) > MOST_MARKS:
        if counts.shape[0] > counts.shape[1]:
            counts, wide = _pairs(counts), 2 * wide
        else:
            counts, high = _pairs(counts.T).T, 2 * high
    column, row = np.nonzero(counts)
    return wide, high, column, row, counts[column, row]


def _pairs(counts: Ints) -> Ints:
    """Each two neighbours along the first axis added up."""
    even = np.pad(counts, ((0, len(counts) % 2), (0, 0)))
    return even[::2] + even[1::2]


def bins_of(n: int, most: int = MOST_POINTS) -> tuple[int, Ints]:
    """How many neighbours share a point, and where each point begins: [point]."""
    width = max(1, -(-n // most))
    return width, np.arange(0, n, width)
