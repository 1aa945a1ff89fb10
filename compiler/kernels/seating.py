"""The compiled loops of keep.py: vertices are put in pieces, or taken out, one at a time and exactly.

A vertex is a neuron, or neurons that must share a core.  One that is in no piece has the last piece, which has no
limits and is reached by nobody.  Arrays are made by the caller.
"""

from typing import Any, NamedTuple

import numpy as np

from compiler.jit import lean_jit
from compiler.kernels.pieces import BITS, INPUTS, NEURONS, OUTPUTS, OWN, fits, list_bits


class Guests(NamedTuple):
    """The vertices; all arrays."""

    weight: Any  # int64 [vertex], neurons
    own_bits: Any  # int64 [vertex], of the pool, on top of a neuron's share
    group: Any  # int32 [vertex], that of the pieces it may be in
    in_ptr: Any  # int64 [vertex + 1], into in_net
    in_net: Any  # int32, distinct nets that reach the vertex; those of one source stand together
    in_count: Any  # int32, their synapses on it
    net_source: Any  # int32 [net]
    net_bits: Any  # int64 [net], of one synapse
    own_ptr: Any  # int64 [vertex + 1], into own_source
    own_source: Any  # int32, the sources in each vertex
    home: Any  # int32 [source], the vertex that it is in; -1: external
    rate: Any  # float64 [source]


class Seats(NamedTuple):
    """Pieces, and what follows from who is in them; all arrays, changed in place."""

    group: Any  # int32 [piece]; that of the last is nobody's
    piece_of: Any  # int32 [vertex]
    used: Any  # int64 [piece, 5], as in pieces.py
    row_ptr: Any  # int64 [source + 1], room of each source in rows
    rows: Any  # int32 [., 2]: a piece that the source reaches, and the vertices that listen to it there
    row_n: Any  # int32 [source], pieces reached
    list_ptr: Any  # int64 [net + 1], as row_ptr
    lists: Any  # int32 [., 2]: a piece that the net reaches, and its synapses there
    list_n: Any  # int32 [net]


@lean_jit
def seat(pieces, guests, seats, packing):
    """Put every vertex, all of which are in no piece, in these: [vertex]; the last piece is none."""
    for v in range(len(pieces)):
        if pieces[v] != len(seats.used) - 1:
            insert(v, pieces[v], guests, seats, packing)


@lean_jit
def seat_best(order, guests, seats, limits, gain):
    """Put each of these vertices in the piece of its group where it saves most and all limits hold.

    Gives how many stayed in none; `gain` [piece] is scratch.
    """
    left = 0
    for i in range(len(order)):
        v = order[i]
        savings(v, guests, seats, gain)
        while True:
            best = -1
            for piece in range(len(gain) - 1):
                if seats.group[piece] != guests.group[v] or gain[piece] < 0:
                    continue
                if seats.used[piece, NEURONS] + guests.weight[v] > limits.most[piece, NEURONS]:
                    continue
                if best < 0 or gain[piece] > gain[best]:
                    best = piece
            if best < 0:
                left += 1
                break
            insert(v, best, guests, seats, limits.packing)
            if _fits_after(v, guests, seats, limits):
                break
            remove(v, guests, seats, limits.packing)
            gain[best] = -1.0  # not there
    return left


@lean_jit
def unseat_some(piece, order, guests, seats, limits):
    """Take vertices out of a piece, in this order, until it fits, then put back those that did not help."""
    out = 0
    while out < len(order) and not fits(piece, seats.used, limits.most):
        remove(order[out], guests, seats, limits.packing)
        out += 1
    for i in range(out - 1, -1, -1):
        insert(order[i], piece, guests, seats, limits.packing)
        if not _fits_after(order[i], guests, seats, limits):
            remove(order[i], guests, seats, limits.packing)


@lean_jit
def ties(members, guests, seats, gain, tie):
    """Into `tie`: what each vertex shares with its piece, in rates, less what it would with the best other one."""
    for i in range(len(members)):
        v = members[i]
        piece = seats.piece_of[v]
        savings(v, guests, seats, gain)
        best = 0.0
        for other in range(len(gain) - 1):
            if other != piece:
                best = max(best, gain[other])
        tie[i] = gain[piece] - best


@lean_jit
def savings(v, guests, seats, gain):
    """Into `gain` [piece]: rates of the packets that vertex v would not add, or would end, in each piece."""
    gain[:] = 0.0
    last = -1
    for k in range(guests.in_ptr[v], guests.in_ptr[v + 1]):
        s = guests.net_source[guests.in_net[k]]
        home = guests.home[s]
        if s == last or home == v:
            continue
        last = s
        at_home = False
        for j in range(seats.row_ptr[s], seats.row_ptr[s] + seats.row_n[s]):
            gain[seats.rows[j, 0]] += guests.rate[s]
            at_home = at_home or (home >= 0 and seats.rows[j, 0] == seats.piece_of[home])
        if home >= 0 and not at_home:
            gain[seats.piece_of[home]] += guests.rate[s]
    for i in range(guests.own_ptr[v], guests.own_ptr[v + 1]):
        s = guests.own_source[i]
        for j in range(seats.row_ptr[s], seats.row_ptr[s] + seats.row_n[s]):
            gain[seats.rows[j, 0]] += guests.rate[s]


@lean_jit
def insert(v, to, guests, seats, packing):
    """Put vertex v, which is in no piece, into piece `to`."""
    used = seats.used
    used[to, NEURONS] += guests.weight[v]
    used[to, OWN] += guests.own_bits[v]
    seats.piece_of[v] = to
    for i in range(guests.own_ptr[v], guests.own_ptr[v + 1]):
        used[to, OUTPUTS] += seats.row_n[guests.own_source[i]]
    _listen(v, to, 1, guests, seats, packing)


@lean_jit
def remove(v, guests, seats, packing):
    """Take vertex v out of its piece."""
    used, old = seats.used, seats.piece_of[v]
    _listen(v, old, -1, guests, seats, packing)
    used[old, NEURONS] -= guests.weight[v]
    used[old, OWN] -= guests.own_bits[v]
    for i in range(guests.own_ptr[v], guests.own_ptr[v + 1]):
        used[old, OUTPUTS] -= seats.row_n[guests.own_source[i]]
    seats.piece_of[v] = len(used) - 1


@lean_jit
def _listen(v, piece, step, guests, seats, packing):
    """Vertex v begins (step 1) or ceases (-1) to listen in a piece, to all of its sources."""
    used, is_row = seats.used, packing[3] == 1
    last = -1
    for k in range(guests.in_ptr[v], guests.in_ptr[v + 1]):
        net = guests.in_net[k]
        s = guests.net_source[net]
        if s != last:
            now = _count(s, piece, step, seats.row_ptr, seats.rows, seats.row_n)
            if now == (1 if step > 0 else 0):
                used[piece, INPUTS] += 0 if is_row else step
                if guests.home[s] >= 0:
                    used[seats.piece_of[guests.home[s]], OUTPUTS] += step
            last = s
        change = step * np.int64(guests.in_count[k])
        held = _count(net, piece, change, seats.list_ptr, seats.lists, seats.list_n)
        each = guests.net_bits[net]
        used[piece, BITS] += list_bits(held, each, packing) - list_bits(held - change, each, packing)
        if is_row and held == (change if step > 0 else 0):
            used[piece, INPUTS] += step


@lean_jit
def _count(row, piece, change, ptr, rows, n):
    """Add to what a row has in a piece; gives what it has there now."""
    last = ptr[row] + n[row]
    for k in range(ptr[row], last):
        if rows[k, 0] == piece:
            rows[k, 1] += change
            now = rows[k, 1]
            if now == 0:
                rows[k, 0] = rows[last - 1, 0]
                rows[k, 1] = rows[last - 1, 1]
                n[row] -= 1
            return np.int64(now)
    rows[last, 0] = piece
    rows[last, 1] = change
    n[row] += 1
    return np.int64(change)


@lean_jit
def _fits_after(v, guests, seats, limits):
    """Whether all pieces that the last insertion of v may have filled are within their limits."""
    if not fits(seats.piece_of[v], seats.used, limits.most):
        return False
    if limits.far[0]:
        for k in range(guests.in_ptr[v], guests.in_ptr[v + 1]):
            home = guests.home[guests.net_source[guests.in_net[k]]]
            if home >= 0 and not fits(seats.piece_of[home], seats.used, limits.most):
                return False
    return True
