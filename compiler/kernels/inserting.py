"""The compiled loops of keep.py: vertices that are in no piece yet are put where they cost least, or taken out.

A vertex that is nowhere has the last piece in `piece_of`, which has no limits, and no pins in the rows of its sources.
"""

import numpy as np

from compiler.jit import lean_jit
from compiler.kernels.pieces import BITS, INPUTS, NEURONS, OUTPUTS, OWN, fits, fits_after, list_bits, weigh


@lean_jit
def insert_all(order, level, state, limits, group, scratch):
    """Put each of these vertices in the piece of its group where it saves most and all limits hold.

    `group` [piece]; the group of a vertex that is nowhere is in scratch.  Gives how many stayed nowhere.
    """
    gain, stamp, touched, group_of = scratch
    stamp[:] = 0
    left = 0
    for i in range(len(order)):
        v = order[i]
        weigh(v, level, state, gain, stamp, i + 1, touched)
        nowhere = state.piece_of[v]
        while True:
            best = -1
            for piece in range(len(group) - 1):
                if group[piece] != group_of[v]:
                    continue
                if stamp[piece] != i + 1:
                    stamp[piece] = i + 1
                    gain[piece] = 0.0
                if gain[piece] < 0:
                    continue
                if state.used[piece, NEURONS] + level.weight[v] > limits.most[piece, NEURONS]:
                    continue
                if best < 0 or gain[piece] > gain[best]:
                    best = piece
            if best < 0:
                left += 1
                break
            insert(v, best, level, state, limits.packing)
            if fits_after(v, level, state, limits):
                break
            remove(v, nowhere, level, state, limits.packing)
            gain[best] = -1.0  # not there
    return left


@lean_jit
def remove_some(piece, order, level, state, limits):
    """Take vertices out of a piece, in this order, until it fits, then back those that did not help."""
    nowhere = len(state.used) - 1
    out = 0
    while out < len(order) and not fits(piece, state.used, limits.most):
        remove(order[out], nowhere, level, state, limits.packing)
        out += 1
    for i in range(out - 1, -1, -1):
        insert(order[i], piece, level, state, limits.packing)
        if not fits_after(order[i], level, state, limits):
            remove(order[i], nowhere, level, state, limits.packing)


@lean_jit
def ties(members, level, state, scratch, tie):
    """Into `tie`: rate of what each vertex shares with its piece, less what it would share with the best other one."""
    gain, stamp, touched = scratch[0], scratch[1], scratch[2]
    stamp[:] = 0
    for i in range(len(members)):
        n_touched, base = weigh(members[i], level, state, gain, stamp, i + 1, touched)
        best = 0.0
        for j in range(n_touched):
            best = max(best, gain[touched[j]])
        tie[i] = -base - best


@lean_jit
def insert(v, to, level, state, packing):
    """Put vertex v, which is nowhere, into piece `to`."""
    used, is_row = state.used, packing[3] == 1
    used[to, NEURONS] += level.weight[v]
    used[to, OWN] += level.own_bits[v]
    state.piece_of[v] = to
    for j in range(level.own_ptr[v], level.own_ptr[v + 1]):
        used[to, OUTPUTS] += state.row_n[level.own_source[j]]
    for k in range(level.in_ptr[v], level.in_ptr[v + 1]):
        s = level.in_source[k]
        if _pin(s, to, 1, state.row_ptr, state.rows, state.row_n) == 1:
            if not is_row:
                used[to, INPUTS] += 1
            if level.home[s] >= 0:
                used[state.piece_of[level.home[s]], OUTPUTS] += 1
    for k in range(level.list_ptr[v], level.list_ptr[v + 1]):
        net, count = level.list_net[k], level.list_count[k]
        now = _pin(net, to, count, state.list_row_ptr, state.list_rows, state.list_row_n)
        each = level.net_bits[net]
        used[to, BITS] += list_bits(now, each, packing) - list_bits(now - count, each, packing)
        if is_row and now == count:
            used[to, INPUTS] += 1


@lean_jit
def remove(v, nowhere, level, state, packing):
    """Take vertex v out of its piece."""
    used, is_row, old = state.used, packing[3] == 1, state.piece_of[v]
    used[old, NEURONS] -= level.weight[v]
    used[old, OWN] -= level.own_bits[v]
    for k in range(level.in_ptr[v], level.in_ptr[v + 1]):
        s = level.in_source[k]
        if _pin(s, old, -1, state.row_ptr, state.rows, state.row_n) == 0:
            if not is_row:
                used[old, INPUTS] -= 1
            if level.home[s] >= 0:
                used[state.piece_of[level.home[s]], OUTPUTS] -= 1
    for j in range(level.own_ptr[v], level.own_ptr[v + 1]):
        used[old, OUTPUTS] -= state.row_n[level.own_source[j]]
        used[nowhere, OUTPUTS] += state.row_n[level.own_source[j]]
    state.piece_of[v] = nowhere
    for k in range(level.list_ptr[v], level.list_ptr[v + 1]):
        net, count = level.list_net[k], level.list_count[k]
        left = _pin(net, old, -count, state.list_row_ptr, state.list_rows, state.list_row_n)
        each = level.net_bits[net]
        used[old, BITS] += list_bits(left, each, packing) - list_bits(left + count, each, packing)
        if is_row and left == 0:
            used[old, INPUTS] -= 1


@lean_jit
def _pin(row, piece, count, ptr, rows, n):
    """Add so many pins in a piece to a row; gives how many are there now."""
    last = ptr[row] + n[row]
    for k in range(ptr[row], last):
        if rows[k, 0] == piece:
            rows[k, 1] += count
            now = rows[k, 1]
            if now == 0:
                rows[k, 0] = rows[last - 1, 0]
                rows[k, 1] = rows[last - 1, 1]
                n[row] -= 1
            return np.int64(now)
    rows[last, 0] = piece
    rows[last, 1] = count
    n[row] += 1
    return np.int64(count)
