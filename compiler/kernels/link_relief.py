"""The second compiled loop of place.py: moves and swaps that also count the load of the busiest link.

Every trial puts the packets of the pieces that move on other links, so it takes longer than one of annealing.py; the
loop begins where that one ended, and stays cold.
"""

import numpy as np

from compiler.jit import jit, lean_jit
from compiler.kernels.annealing import move_cost, random, random_move


@jit
def relieve(
    ptr, other, weight, sent, received, slot_x, slot_y, tile_x, tile_y, link, occupied,
    slot_of, group_of, group_ptr, moves, link_weight, hot, cold, state,
):  # fmt: skip
    """Move and swap pieces while packets x distance + link_weight x busiest link falls; the best arrangement seen.

    As `anneal`; piece p sends `sent[k]` packets to `other[k]` and gets `received[k]`.  Tiles are coordinates of
    `link` [x, y, direction], the link that leaves a tile; a packet occupies link l for `occupied[l]`.
    """
    n, n_slots = len(slot_of), len(slot_x)
    slot_of = slot_of.copy()
    piece_at = np.full(n_slots, -1, np.int32)
    x, y = np.empty(n), np.empty(n)
    for p in range(n):
        piece_at[slot_of[p]] = p
        x[p], y[p] = slot_x[slot_of[p]], slot_y[slot_of[p]]
    load = link_loads(ptr, other, sent, tile_x, tile_y, link, occupied, slot_of)
    trial, busiest = load.copy(), load.max()
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
        allowed = -temperature * np.log(1.0 - random(state))
        if change - link_weight * busiest > allowed:
            continue  # not even without any load
        trial[:] = load
        _load_of(p, -1, -1.0, ptr, other, sent, received, tile_x, tile_y, link, occupied, slot_of, trial)
        if q >= 0:
            _load_of(q, p, -1.0, ptr, other, sent, received, tile_x, tile_y, link, occupied, slot_of, trial)
            slot_of[q] = old
        slot_of[p] = slot
        _load_of(p, -1, 1.0, ptr, other, sent, received, tile_x, tile_y, link, occupied, slot_of, trial)
        if q >= 0:
            _load_of(q, p, 1.0, ptr, other, sent, received, tile_x, tile_y, link, occupied, slot_of, trial)
        highest = trial.max()
        change += link_weight * (highest - busiest)
        if change > allowed:
            slot_of[p] = old
            if q >= 0:
                slot_of[q] = slot
            continue
        load, trial, busiest = trial, load, highest
        x[p], y[p] = to_x, to_y
        piece_at[slot], piece_at[old] = p, q
        if q >= 0:
            x[q], y[q] = from_x, from_y
        cost += change
        if cost < best_cost - 1e-9:
            best_cost = cost
            best[:] = slot_of
    return best


@jit
def link_loads(ptr, other, sent, tile_x, tile_y, link, occupied, slot_of):
    """How long all packets occupy each link: [link]."""
    load, nothing = np.zeros(len(occupied)), np.zeros(len(sent))
    for p in range(len(slot_of)):
        _load_of(p, -1, 1.0, ptr, other, sent, nothing, tile_x, tile_y, link, occupied, slot_of, load)
    return load


@lean_jit
def _load_of(p, but, sign, ptr, other, sent, received, tile_x, tile_y, link, occupied, slot_of, load):
    """Add what piece p sends and gets to the load of links, `sign` times; packets to and from piece `but` left out."""
    ax, ay = tile_x[slot_of[p]], tile_y[slot_of[p]]
    for k in range(ptr[p], ptr[p + 1]):
        if other[k] != but:
            bx, by = tile_x[slot_of[other[k]]], tile_y[slot_of[other[k]]]
            if sent[k] != 0:
                _load_way(ax, ay, bx, by, sign * sent[k], link, occupied, load)
            if received[k] != 0:
                _load_way(bx, by, ax, ay, sign * received[k], link, occupied, load)


@lean_jit
def _load_way(ax, ay, bx, by, packets, link, occupied, load):
    """Add packets to the links of the XY way from a to b: see the directions of route.py."""
    step, direction = (1, 0) if bx > ax else (-1, 1)
    for tile in range(ax, bx, step):
        number = link[tile, ay, direction]
        load[number] += packets * occupied[number]
    step, direction = (1, 2) if by > ay else (-1, 3)
    for tile in range(ay, by, step):
        number = link[bx, tile, direction]
        load[number] += packets * occupied[number]
