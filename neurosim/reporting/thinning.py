"""Thinning: as much of a long series or a large raster as a page can show."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
MOST_MARKS = 40_000  # of a raster
MOST_COLUMNS, MOST_ROWS = 1600, 800  # of a raster, before marks are counted
MOST_POINTS = 1500  # of a series


def thin_raster(step: Ints, neuron: Ints, n_steps: int, n_neurons: int) -> tuple[int, int, Ints, Ints]:
    """Cells of a raster that hold a spike, fine enough to see and few enough to draw.

    Args:
        step: [spike].
        neuron: [spike].
        n_steps: length of the raster.
        n_neurons: height of the raster.

    Returns:
        Steps of a cell, neurons of a cell, and the column and row of each cell that holds a spike, sorted.
    """
    wide, high = max(1, -(-n_steps // MOST_COLUMNS)), max(1, -(-n_neurons // MOST_ROWS))
    while True:
        rows = -(-n_neurons // high)
        cell = np.unique(step // wide * rows + neuron // high)
        if len(cell) <= MOST_MARKS:
            column, row = np.divmod(cell, rows)
            return wide, high, column, row
        if n_steps / wide > n_neurons / high:
            wide *= 2
        else:
            high *= 2


def bins_of(n: int, most: int = MOST_POINTS) -> tuple[int, Ints]:
    """How many neighbours share a point, and where each point begins: [point]."""
    width = max(1, -(-n // most))
    return width, np.arange(0, n, width)
