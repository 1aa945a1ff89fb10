"""Front: the points that no other point beats in every objective at once."""

import numpy as np
import numpy.typing as npt


def pareto_front(values: npt.ArrayLike, maximise: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which points are on the Pareto front; equal points are on it together.

    A point is off it if another is at least as good in every objective, and better in one.  A point with an objective
    that is not a number is never on it, and beats none.

    Args:
        values: [point, objective].
        maximise: [objective], whether more is better.

    Returns:
        [point]
    """
    more = np.asarray(maximise, np.bool_)
    table = np.asarray(values, np.float64).reshape(-1, len(more))
    table = np.where(more, -table, table)
    known = np.array([not np.isnan(row).any() for row in table], np.bool_)
    on = np.array(known)
    for i in np.flatnonzero(known):
        no_worse = (table[known] <= table[i]).all(axis=1)
        better = (table[known] < table[i]).any(axis=1)
        on[i] = not (no_worse & better).any()
    return on
