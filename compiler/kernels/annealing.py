"""The compiled loop of place.py: simulated annealing of pieces on slots, by the price of their hops alone."""

import numpy as np

from compiler.jit import jit, lean_jit


@jit
def anneal(ptr, other, weight, slot_x, slot_y, slot_of, group_of, group_ptr, moves, hot, cold, state):
    """Move and swap pieces between slots while packets x distance falls; the best arrangement seen.

    Piece p exchanges `weight[k]` packets with `other[k]`, k from `ptr[p]` to `ptr[p + 1]`, in each of the two.  A piece
    of group g keeps to the slots from `group_ptr[g]` to `group_ptr[g + 1]`.  Temperatures fall from `hot` to `cold`.
    """
    n, n_slots = len(slot_of), len(slot_x)
    slot_of = slot_of.copy()
    piece_at = np.full(n_slots, -1, np.int32)
    x, y = np.empty(n), np.empty(n)
    for p in range(n):
        piece_at[slot_of[p]] = p
        x[p], y[p] = slot_x[slot_of[p]], slot_y[slot_of[p]]
    best, cost, best_cost = slot_of.copy(), 0.0, 0.0
    temperature, cooling = hot, (cold / hot) ** (n / moves)
    for i in range(moves):
        if i % n == n - 1:
            temperature *= cooling
        p, slot = random_move(n, group_of, group_ptr, state)
        old = slot_of[p]
        to_x, to_y, from_x, from_y = slot_x[slot], slot_y[slot], x[p], y[p]
        if to_x == from_x and to_y == from_y:
            continue
        q = piece_at[slot]
        change = move_cost(p, to_x, to_y, q, ptr, other, weight, x, y)
        if q >= 0:
            change += move_cost(q, from_x, from_y, p, ptr, other, weight, x, y)
        if change > 0 and random(state) >= np.exp(-change / temperature):
            continue
        slot_of[p], x[p], y[p] = slot, to_x, to_y
        piece_at[slot], piece_at[old] = p, q
        if q >= 0:
            slot_of[q], x[q], y[q] = old, from_x, from_y
        cost += change
        if cost < best_cost - 1e-9:
            best_cost = cost
            best[:] = slot_of
    return best


@lean_jit
def move_cost(p, to_x, to_y, swapped, ptr, other, weight, x, y):
    """Change of cost when piece p goes to (to_x, to_y); its distance to `swapped` stays the same in a swap."""
    change, from_x, from_y = 0.0, x[p], y[p]
    for k in range(ptr[p], ptr[p + 1]):
        o = other[k]
        if o != swapped:
            change += weight[k] * (abs(to_x - x[o]) + abs(to_y - y[o]) - abs(from_x - x[o]) - abs(from_y - y[o]))
    return change


@lean_jit
def random_move(n, group_of, group_ptr, state):
    """A piece, and a slot of its group."""
    p = int(random(state) * n)
    first, end = group_ptr[group_of[p]], group_ptr[group_of[p] + 1]
    return p, first + int(random(state) * (end - first))


@lean_jit
def random(state):
    """Uniform in [0, 1): splitmix64, whose state is the caller's."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0
