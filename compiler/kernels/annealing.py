"""The compiled loop of place.py: simulated annealing of pieces on slots."""

import numpy as np
import numpy.typing as npt

from compiler.jit import jit


def anneal(
    traffic: npt.NDArray[np.float64],
    tile_x: npt.NDArray[np.int32],
    tile_y: npt.NDArray[np.int32],
    slot_of: npt.NDArray[np.int32],
    group_of: npt.NDArray[np.int32],
    group_ptr: npt.NDArray[np.int64],
    sweeps: int,
    seed: int,
) -> npt.NDArray[np.int32]:
    """Move and swap pieces between slots while packets x distance falls; the best arrangement seen.

    `traffic` is symmetric; slots are given by the coordinates of their tiles.  A piece of group g keeps to the slots
    from `group_ptr[g]` to `group_ptr[g + 1]`.
    """
    piece, other = np.nonzero(traffic)
    ptr = np.searchsorted(piece, np.arange(len(traffic) + 1)).astype(np.int64)
    weight = traffic[piece, other]
    state = np.array([seed * 2 + 1], np.uint64)
    start = slot_of.astype(np.int32)
    return _anneal(ptr, other.astype(np.int32), weight, tile_x, tile_y, start, group_of, group_ptr, sweeps, state)


@jit
def _anneal(ptr, other, weight, tile_x, tile_y, slot_of, group_of, group_ptr, sweeps, state):
    n, n_slots = len(slot_of), len(tile_x)
    piece_at = np.full(n_slots, -1, np.int32)
    for p in range(n):
        piece_at[slot_of[p]] = p
    best = slot_of.copy()
    cost = 0.0
    best_cost = 0.0
    mean = weight.sum() / max(1, n)  # traffic of a piece: the scale of one move
    start, end = 0.3 * mean, 0.001 * mean
    moves = sweeps * n
    for i in range(moves):
        temperature = start * (end / start) ** (i / moves) if start > 0 else 0.0
        p = int(_random(state) * n)
        first, end_of_group = group_ptr[group_of[p]], group_ptr[group_of[p] + 1]
        slot = first + int(_random(state) * (end_of_group - first))
        old = slot_of[p]
        if slot == old or (tile_x[slot] == tile_x[old] and tile_y[slot] == tile_y[old]):
            continue
        q = piece_at[slot]
        change = _move_cost(p, slot, q, ptr, other, weight, tile_x, tile_y, slot_of)
        if q >= 0:
            change += _move_cost(q, old, p, ptr, other, weight, tile_x, tile_y, slot_of)
        if change <= 0 or _random(state) < np.exp(-change / max(temperature, 1e-300)):
            slot_of[p] = slot
            piece_at[slot] = p
            piece_at[old] = q
            if q >= 0:
                slot_of[q] = old
            cost += change
            if cost < best_cost - 1e-9:
                best_cost = cost
                best[:] = slot_of
    return best


@jit
def _move_cost(p, slot, swapped, ptr, other, weight, tile_x, tile_y, slot_of):
    """Change of cost when piece p goes to `slot`; its distance to `swapped` stays the same in a swap."""
    old = slot_of[p]
    change = 0.0
    for k in range(ptr[p], ptr[p + 1]):
        if other[k] == swapped:
            continue
        at = slot_of[other[k]]
        near = abs(tile_x[slot] - tile_x[at]) + abs(tile_y[slot] - tile_y[at])
        far = abs(tile_x[old] - tile_x[at]) + abs(tile_y[old] - tile_y[at])
        change += weight[k] * (near - far)
    return change


@jit
def _random(state):
    """Uniform in [0, 1): splitmix64, whose state is the caller's."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0
