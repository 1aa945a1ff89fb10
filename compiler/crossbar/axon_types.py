"""Axon types: the type of each axon of a core, and the weight of each neuron for each type.

A neuron has one weight for each of (at most) four types.  Two ways:

shared: a line has one class for each sign of its synapses, and one axon on a core.  Axons of a core get types such that
        their synapses agree as well as they can (exactly, where weights must be held exactly: by colouring the graph
        of axons that some neuron weighs differently).
split:  each neuron sorts its own weights into at most four levels, and a synapse's class is its level.  A line takes an
        axon for every level that it meets on a core: closer to the weights, and dearer.

The first is tried first.  Before and after pieces.py, which cuts by the lines that the classes make.
"""

import numpy as np
import numpy.typing as npt

from compiler.crossbar.lower import LoweredCrossbar
from compiler.crossbar.pieces import Lines, Pieces
from compiler.crossbar.tables import TYPES

Floats = npt.NDArray[np.float64]
SWEEPS = 20  # of assigning axons to types and weights to neurons


class Disagreement(Exception):  # noqa: N818 - not an error yet: the other way is tried
    """Axons of a core cannot be given types such that exact weights are held."""

    def __init__(self, neuron: int) -> None:
        self.neuron = neuron
        super().__init__(f"neuron {neuron}")


def shared_classes(net: LoweredCrossbar) -> npt.NDArray[np.uint8]:
    """Class of each synapse: its sign, where weights may be approximated."""
    return ((net.weight < 0) & ~net.exact[net.target]).astype(np.uint8)


def split_classes(net: LoweredCrossbar, n_types: int) -> npt.NDArray[np.uint8]:
    """Class of each synapse: the level of its weight among those of its neuron.

    Raises:
        Disagreement: a neuron that must be exact has more weights than types.
    """
    classes = np.zeros(len(net.weight), np.uint8)
    order = np.argsort(net.target, kind="stable")
    bounds = np.searchsorted(net.target[order], np.arange(net.n_neurons + 1))
    for neuron in range(net.n_neurons):
        mine = order[bounds[neuron] : bounds[neuron + 1]]
        values, which = np.unique(net.weight[mine], return_inverse=True)
        if len(values) <= n_types:
            classes[mine] = which
        elif net.exact[neuron]:
            raise Disagreement(neuron)
        else:
            classes[mine] = _levels(values, np.bincount(which), n_types)[which]
    return classes


def assign_shared(
    net: LoweredCrossbar, pieces: Pieces, axon_of: npt.NDArray[np.int64], n_types: int
) -> npt.NDArray[np.uint8]:
    """Types, found core by core: [axon in use]; `axon_of`: [synapse].

    Raises:
        Disagreement: exact weights are not held by any types that were found.
    """
    types = np.zeros(len(pieces.axon_line), np.uint8)
    order = np.argsort(pieces.piece_of[net.target], kind="stable")
    bounds = np.searchsorted(pieces.piece_of[net.target][order], np.arange(pieces.n_pieces + 1))
    first_axon = np.searchsorted(pieces.axon_piece, np.arange(pieces.n_pieces + 1))
    for piece in range(pieces.n_pieces):
        mine = order[bounds[piece] : bounds[piece + 1]]
        if not len(mine):
            continue
        neurons, column = np.unique(net.target[mine], return_inverse=True)
        table = np.full((first_axon[piece + 1] - first_axon[piece], len(neurons)), np.nan)
        table[axon_of[mine] - first_axon[piece], column] = net.weight[mine]
        exact = bool(net.exact[neurons].any())
        found = _colour(table, neurons, n_types) if exact else _improve(table, n_types)
        types[first_axon[piece] : first_axon[piece + 1]] = found
    return types


def axon_of_synapse(net: LoweredCrossbar, lines: Lines, pieces: Pieces) -> npt.NDArray[np.int64]:
    """The axon in use by which each synapse gets its spikes: [synapse]."""
    n_lines = max(1, len(lines.source))
    keys = pieces.axon_piece * n_lines + pieces.axon_line
    return np.searchsorted(keys, pieces.piece_of[net.target].astype(np.int64) * n_lines + lines.line_of)


def mean_weights(net: LoweredCrossbar, types: npt.NDArray[np.uint8]) -> Floats:
    """The rounded mean of each neuron's weights of each type (types of its synapses): [neuron, type]."""
    flat = net.target * TYPES + types
    total = np.bincount(flat, weights=net.weight, minlength=net.n_neurons * TYPES)
    count = np.bincount(flat, minlength=net.n_neurons * TYPES)
    mean: Floats = np.round(total / np.maximum(count, 1)).reshape(-1, TYPES)
    return mean


def _levels(values: Floats, counts: npt.NDArray[np.int64], n_types: int) -> npt.NDArray[np.uint8]:
    """Sorted values in at most `n_types` runs of least squared error: the run of each (Fisher 1958, exact)."""
    n = len(values)
    sums = [np.concatenate([[0.0], np.cumsum(counts * values**k)]) for k in range(3)]
    first, last = np.triu_indices(n)
    cost = np.full((n, n), np.inf)  # of the run first .. last
    weight, mean, square = (s[last + 1] - s[first] for s in sums)
    cost[first, last] = np.maximum(square - mean**2 / weight, 0)
    best, cuts = cost[0], []
    for _ in range(n_types - 1):
        through = np.concatenate([[np.inf], best[:-1]])[:, None] + cost  # the last run starts at the row
        cuts.append(through.argmin(axis=0))
        best = through.min(axis=0)
    level, end = np.zeros(n, np.uint8), n - 1
    for k in range(n_types - 1, 0, -1):
        start = int(cuts[k - 1][end])
        level[start : end + 1] = k
        end = start - 1
    return level


def _colour(table: Floats, neurons: npt.NDArray[np.int64], n_types: int) -> npt.NDArray[np.uint8]:
    """Types of a core's axons such that every neuron weighs axons of one type alike; the most constrained first.

    `table` holds the weights [axon, neuron], nan where there is no synapse.
    """
    n = len(table)
    conflict = _conflicts(table)
    colour = np.full(n, -1)
    barred = np.zeros((n, n_types), np.bool_)
    degree = conflict.sum(axis=1)
    for _ in range(n):
        open_ = np.flatnonzero(colour < 0)
        axon = open_[np.lexsort((-degree[open_], -barred[open_].sum(axis=1)))[0]]
        free = np.flatnonzero(~barred[axon])
        if not len(free):
            rows = table[[axon, *np.flatnonzero(conflict[axon])]]
            raise Disagreement(int(neurons[np.argmax((~np.isnan(rows)).sum(axis=0))]))
        colour[axon] = free[0]
        barred[conflict[axon], colour[axon]] = True
    return colour.astype(np.uint8)


def _conflicts(table: Floats) -> npt.NDArray[np.bool_]:
    """Axons that some neuron weighs differently: [axon, axon]."""
    present = ~np.isnan(table)
    shared = present.astype(np.float32) @ present.T.astype(np.float32)
    for value in np.unique(table[present]):
        alike = (table == value).astype(np.float32)
        shared -= alike @ alike.T
    return shared > 0.5


def _improve(table: Floats, n_types: int) -> npt.NDArray[np.uint8]:
    """Lloyd's sweeps from two starts: weights are means of their type, axons take the type that errs least."""
    present = ~np.isnan(table)
    weight = np.where(present, table, 0.0)
    mean = weight.sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    rank = np.empty(len(mean), np.int64)
    rank[np.argsort(mean, kind="stable")] = np.arange(len(mean))
    starts = [rank * n_types // len(rank), _by_sign(mean, n_types)]
    ends = [_lloyd(weight, present, start, n_types) for start in starts]
    return min(ends, key=lambda end: end[1])[0].astype(np.uint8)


def _by_sign(mean: Floats, n_types: int) -> npt.NDArray[np.int64]:
    """Half of the types for axons of negative mean, half for the others, each by size."""
    types = np.zeros(len(mean), np.int64)
    half = max(1, n_types // 2)
    for first, mine in ((0, mean < 0), (half % n_types, mean >= 0)):
        at = np.flatnonzero(mine)
        order = at[np.argsort(mean[at], kind="stable")]
        types[order] = first + np.arange(len(order)) * half // max(1, len(order))
    return np.minimum(types, n_types - 1)


def _lloyd(
    weight: Floats, present: npt.NDArray[np.bool_], types: npt.NDArray[np.int64], n_types: int
) -> tuple[npt.NDArray[np.int64], float]:
    square = (weight**2).sum(axis=1)
    error = np.inf
    for _ in range(SWEEPS):
        member = np.eye(n_types)[types]  # [axon, type]
        count = member.T @ present
        mean = (member.T @ weight) / np.maximum(count, 1)  # [type, neuron]
        cost = square[:, None] - 2 * weight @ mean.T + present @ (mean**2).T
        types, before = cost.argmin(axis=1), error
        error = float(cost[np.arange(len(types)), types].sum())
        if error >= before * (1 - 1e-9):
            break
    return types, error
