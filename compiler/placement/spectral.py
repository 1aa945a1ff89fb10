"""Place, the start: pieces near in traffic go to tiles near on the mesh.

Two eigenvectors of the Laplacian of the traffic are coordinates of the pieces; linear assignment matches them to slots.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_MOST = 4096  # pieces; a dense eigendecomposition beyond this would take minutes


def spectral_start(
    traffic: Floats,
    x: Floats,
    y: Floats,
    part_of: npt.NDArray[np.int32],
    first: npt.NDArray[np.int64],
) -> npt.NDArray[np.int32]:
    """Slot of each piece: part by part, each turned so that it lies well to those before it.

    Args:
        traffic: packets between pieces, symmetric: [piece, piece].
        x, y: where slots are: [slot].
        part_of: [piece].
        first: the slots of a part begin here: [part + 1].
    """
    start = np.zeros(len(part_of), np.int32)
    # pieces that have no slot yet are taken to be in the middle of their chip
    middle_x, middle_y = (np.add.reduceat(at, first[:-1]) / np.diff(first) for at in (x, y))
    at_x, at_y = middle_x[part_of], middle_y[part_of]
    for part in range(len(first) - 1):
        mine, slots = np.flatnonzero(part_of == part), slice(first[part], first[part + 1])
        others = np.flatnonzero(part_of != part)
        distance = np.abs(at_x[others, None] - x[slots]) + np.abs(at_y[others, None] - y[slots])
        pull = traffic[np.ix_(mine, others)] @ distance if len(others) else None
        start[mine] = first[part] + spectral_assignment(traffic[np.ix_(mine, mine)], x[slots], y[slots], pull)
        at_x[mine], at_y[mine] = x[start[mine]], y[start[mine]]
    return start


def spectral_assignment(traffic: Floats, x: Floats, y: Floats, pull: Floats | None = None) -> npt.NDArray[np.int32]:
    """Slot of each piece, for slots at (x, y).

    `pull` [piece, slot] is the cost of traffic with the outside; of the four ways to turn the pieces over, the one with
    the lowest is taken.
    """
    from scipy.linalg import eigh
    from scipy.optimize import linear_sum_assignment

    n = len(traffic)
    if not 2 < n <= _MOST:
        return np.arange(n, dtype=np.int32)
    laplacian = np.diag(traffic.sum(1)) - traffic
    _, vectors = eigh(laplacian, subset_by_index=[1, 2])
    vectors *= np.where(vectors[np.abs(vectors).argmax(0), [0, 1]] < 0, -1, 1)  # one sign, whatever the solver
    rank = vectors.round(9).argsort(0, kind="stable").argsort(0, kind="stable") / (n - 1)
    x, y = x - x.min(), y - y.min()
    wide, narrow = (x, y) if x.max() >= y.max() else (y, x)
    found = []
    for turn in [(False, False), (False, True), (True, False), (True, True)][: 1 if pull is None else 4]:
        turned = np.where(turn, 1 - rank, rank)
        goal = [turned[:, 0] * wide.max(), turned[:, 1] * narrow.max()]
        cost = (goal[0][:, None] - wide) ** 2 + (goal[1][:, None] - narrow) ** 2
        slot = linear_sum_assignment(cost)[1].astype(np.int32)
        found.append((0.0 if pull is None else float(pull[np.arange(n), slot].sum()), slot))
    return min(found, key=lambda option: option[0])[1]
