"""The compiled loops that improve pieces: annealing by moves and swaps, and moving out of pieces that are too full."""

import numpy as np

from compiler.jit import lean_jit
from compiler.kernels.annealing import random
from compiler.kernels.pieces import INPUTS, NEURONS, excess, fits, fits_after, move, weigh

NONE = -1  # no piece
COLD = 14.0  # what is worse than the best by this many temperatures is not drawn


@lean_jit
def anneal(level, state, limits, group, start, end, sweeps, quench, scratch, chance):
    """Move vertices, at a falling temperature, to pieces drawn by what they save; gives the change of cost.

    No piece that is within its limits leaves them.  A vertex whose piece is full changes places with one that wants to
    go the other way.  `group` [piece]: vertices stay in pieces of their group.  After `sweeps` sweeps from temperature
    `start` to `end`, at most `quench` sweeps that only take what saves something.  Scratch is that of `scratch_for`;
    `chance` is the state of the random numbers.
    """
    gain, stamp, touched, order, wish = scratch
    n, n_pieces = len(level.weight), len(group)
    wish[:] = -1
    stamp[:] = now = 0
    total = 0
    for sweep in range(sweeps + quench):
        cold = sweep >= sweeps
        temperature = start * (end / start) ** (sweep / sweeps) if not cold else 0.0
        _shuffle(order, chance)
        moved = 0
        for i in range(n):
            v = order[i]
            old = state.piece_of[v]
            now += 1
            n_touched, base = weigh(v, level, state, gain, stamp, now, touched)
            if n_touched == 0:
                continue
            to = _draw(old, n_touched, base, gain, touched, group, temperature, cold, chance)
            if to == old:
                continue
            if state.used[to, NEURONS] + level.weight[v] > limits.most[to, NEURONS]:
                u = wish[to * n_pieces + old]
                if u < 0 or state.piece_of[u] != to:
                    wish[old * n_pieces + to] = v
                    continue
                change = _swap(v, u, level, state, limits, temperature, cold, chance)
                wish[to * n_pieces + old] = -1
            else:
                change = move(v, to, level, state, limits.packing)
                if not fits_after(v, level, state, limits, NONE):
                    move(v, old, level, state, limits.packing)
                    change = 0
            if state.piece_of[v] != old:
                moved += 1
                total += change
        if cold and moved == 0:
            break
    return total


@lean_jit
def relieve(members, level, state, limits, group, scratch):
    """Move vertices of one piece, in the order given, to where they cost least, until it fits; gives the cost."""
    gain, stamp, touched = scratch[0], scratch[1], scratch[2]
    stamp[:] = now = 0
    total = 0
    for i in range(len(members)):
        v = members[i]
        old = state.piece_of[v]
        if fits(old, state.used, limits.most):
            break
        now += 1
        to = _best_with_room(v, level, state, limits, group, gain, stamp, now, touched)
        if to == old:
            continue
        before = excess(old, state.used, limits.most)
        change = move(v, to, level, state, limits.packing)
        if excess(old, state.used, limits.most) < before and fits_after(v, level, state, limits, old):
            total += change
        else:
            move(v, old, level, state, limits.packing)
    return total


@lean_jit
def offers(members, level, state, limits, group, scratch, cost):
    """What the cheapest move of each vertex would cost, into `cost`; infinite where no piece has room."""
    gain, stamp, touched = scratch[0], scratch[1], scratch[2]
    stamp[:] = 0
    for i in range(len(members)):
        v = members[i]
        to = _best_with_room(v, level, state, limits, group, gain, stamp, i + 1, touched)
        cost[i] = np.inf if to == state.piece_of[v] else -gain[to]


@lean_jit
def _best_with_room(v, level, state, limits, group, gain, stamp, now, touched):
    """The piece with room for v where it saves most, all of it left in `gain`; its own, if none has room."""
    old = state.piece_of[v]
    _, base = weigh(v, level, state, gain, stamp, now, touched)
    best = old
    n_in = level.source_ptr[v + 1] - level.source_ptr[v]
    for piece in range(len(group)):
        if piece == old or group[piece] != group[old]:
            continue
        if state.used[piece, NEURONS] + level.weight[v] > limits.most[piece, NEURONS]:
            continue
        gain[piece] = base + (gain[piece] if stamp[piece] == now else 0)
        if best != old and gain[piece] <= gain[best]:
            continue
        room = limits.most[piece, INPUTS] - state.used[piece, INPUTS]
        if room >= n_in or _fits_there(v, piece, level, state, limits):
            best = piece
    return best


@lean_jit
def _fits_there(v, piece, level, state, limits):
    old = state.piece_of[v]
    move(v, piece, level, state, limits.packing)
    fit = fits(piece, state.used, limits.most)
    move(v, old, level, state, limits.packing)
    return fit


@lean_jit
def _draw(old, n_touched, base, gain, touched, group, temperature, cold, chance):
    """The piece to go to: the best, or at a temperature one drawn by Boltzmann's weights; staying is one of them."""
    best, most = old, 0
    for i in range(n_touched):
        piece = touched[i]
        saved = base + gain[piece]
        if saved > most and group[piece] == group[old]:
            best, most = piece, saved
    if cold:
        return best
    floor = most - COLD * temperature
    drawn = old
    weight = np.exp(-most / temperature)
    for i in range(n_touched):
        piece = touched[i]
        saved = base + gain[piece]
        if saved < floor or group[piece] != group[old]:
            continue
        each = np.exp((saved - most) / temperature)
        weight += each
        if random(chance) * weight < each:
            drawn = piece
    return drawn


@lean_jit
def _swap(v, u, level, state, limits, temperature, cold, chance):
    """Exchange v, which wants to, and u, if limits and the temperature allow; gives the change of cost."""
    here, there = state.piece_of[v], state.piece_of[u]
    change = move(v, there, level, state, limits.packing)
    second = move(u, here, level, state, limits.packing)
    worse = change + second if cold else second
    taken = worse < 0 or (not cold and random(chance) < np.exp(-worse / temperature))
    if taken and fits_after(v, level, state, limits, NONE) and fits_after(u, level, state, limits, NONE):
        return change + second
    move(u, there, level, state, limits.packing)
    move(v, here, level, state, limits.packing)
    return 0


@lean_jit
def _shuffle(order, chance):
    for i in range(len(order) - 1, 0, -1):
        j = int(random(chance) * (i + 1))
        order[i], order[j] = order[j], order[i]
