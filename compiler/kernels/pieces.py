"""The state that partitioning by moves keeps: who reaches which piece how often, and what each piece uses.

A vertex is a neuron, or a cluster of neurons at a coarser level.  A source has two pins in each vertex that listens to
it, and one in the vertex that it is in, so that the number of pins in a piece tells whether it has a listener there.
`move` changes all of it by one vertex, exactly, and says what that costs; the cost is the sum over sources of rate x
distinct pieces with pins, but for the one in which the source itself is.
Arrays are made by the caller, so nothing is counted or freed in these loops.
"""

from typing import Any, NamedTuple

from compiler.jit import lean_jit

NEURONS, INPUTS, OUTPUTS, BITS, OWN = range(5)  # columns of State.used
POOL = 4  # Limits.most has the pool in the place of OWN
LISTENS, ITSELF = 2, 1  # pins of a vertex in a source to which it listens, or that is in it


class Level(NamedTuple):
    """The network between vertices; all arrays."""

    weight: Any  # int64 [vertex], neurons
    own_bits: Any  # int64 [vertex], of the pool, on top of a neuron's share
    in_ptr: Any  # int64 [vertex + 1], into in_source
    in_source: Any  # int32, distinct sources of each vertex
    home: Any  # int32 [source], the vertex that it is in; -1: external
    own_ptr: Any  # int64 [vertex + 1], into own_source
    own_source: Any  # int32, the sources in each vertex
    deaf: Any  # bool [source], whether the vertex that it is in does not listen to it
    rate: Any  # float64 [source]
    list_ptr: Any  # int64 [vertex + 1], into list_net; all 0 where memory has no limit
    list_net: Any  # int32, distinct nets of each vertex
    list_count: Any  # int32, their synapses on it
    net_bits: Any  # int64 [net], of one synapse


class State(NamedTuple):
    """Pieces, and what follows from them; all arrays, changed in place."""

    piece_of: Any  # int32 [vertex]
    used: Any  # int64 [piece, 5]: neurons, input axons, output axons, bits of lists, own bits of the pool
    row_ptr: Any  # int64 [source + 1], room of each source in rows
    rows: Any  # int32 [., 2]: a piece that the source reaches or is in, and its pins there
    row_n: Any  # int32 [source], pieces in its row
    list_row_ptr: Any  # int64 [net + 1], as row_ptr
    list_rows: Any  # int32 [., 2]: a piece that the net reaches, and its synapses there
    list_row_n: Any  # int32 [net]


class Limits(NamedTuple):
    """What a piece holds."""

    most: Any  # int64 [piece, 8]: of the columns of State.used, with the pool for the last; what three take of it
    packing: Any  # int64 [4]: synapses of a block, header bits, word bits, 1 where a list is whole blocks (a row)
    far: Any  # bool [1]: whether a move can fill pieces that it does not touch (output axons are limited)


@lean_jit
def build(level, state):
    """Fill `used` and the rows of a state from its `piece_of`; gives the cost."""
    state.used[:] = 0
    state.row_n[:] = 0
    state.list_row_n[:] = 0
    for v in range(len(level.weight)):
        piece = state.piece_of[v]
        state.used[piece, NEURONS] += level.weight[v]
        state.used[piece, OWN] += level.own_bits[v]
        for k in range(level.in_ptr[v], level.in_ptr[v + 1]):
            _add(level.in_source[k], piece, LISTENS, state.row_ptr, state.rows, state.row_n)
        for k in range(level.own_ptr[v], level.own_ptr[v + 1]):
            _add(level.own_source[k], piece, ITSELF, state.row_ptr, state.rows, state.row_n)
        for k in range(level.list_ptr[v], level.list_ptr[v + 1]):
            _add(level.list_net[k], piece, level.list_count[k], state.list_row_ptr, state.list_rows, state.list_row_n)
    for s in range(len(level.home)):
        for k in range(state.row_ptr[s], state.row_ptr[s] + state.row_n[s]):
            if state.rows[k, 1] >= LISTENS:
                state.used[state.rows[k, 0], INPUTS] += 1
                if level.home[s] >= 0:
                    state.used[state.piece_of[level.home[s]], OUTPUTS] += 1
    return cost(level, state)


@lean_jit
def cost(level, state):
    """The sum over sources of rate x pieces reached, but for their own; source by source, so it has no history."""
    total = 0.0
    for s in range(len(level.home)):
        total += (state.row_n[s] - int(level.home[s] >= 0)) * level.rate[s]
    return total


@lean_jit
def build_lists(level, state, packing):
    """Add what lists take to `used`: bits, and an input axon each where they are rows."""
    if packing[3]:
        state.used[:, INPUTS] = 0
    for net in range(len(level.net_bits)):
        for k in range(state.list_row_ptr[net], state.list_row_ptr[net] + state.list_row_n[net]):
            piece = state.list_rows[k, 0]
            state.used[piece, BITS] += list_bits(state.list_rows[k, 1], level.net_bits[net], packing)
            state.used[piece, INPUTS] += packing[3]


@lean_jit
def move(v, to, level, state, packing):
    """Put vertex v into piece `to`; gives the change of cost.  Moving it back restores all but the order of rows."""
    old, used = state.piece_of[v], state.used
    used[old, NEURONS] -= level.weight[v]
    used[to, NEURONS] += level.weight[v]
    used[old, OWN] -= level.own_bits[v]
    used[to, OWN] += level.own_bits[v]
    state.piece_of[v] = to
    axons = int(packing[3] == 0)  # of a source that begins or ceases to reach a piece; rows are counted below
    change = 0.0
    for k in range(level.in_ptr[v], level.in_ptr[v + 1]):
        s = level.in_source[k]
        pins = LISTENS + int(level.home[s] == v)
        before = state.row_n[s]
        left, came = _shift(s, old, to, pins, state.row_ptr, state.rows, state.row_n)
        change += level.rate[s] * (int(came == pins) - int(left == 0))
        ended, began = int(left < LISTENS), int(came - pins < LISTENS)
        used[old, INPUTS] -= axons * ended
        used[to, INPUTS] += axons * began
        if pins > LISTENS:
            used[old, OUTPUTS] -= before
            used[to, OUTPUTS] += before - ended + began
        elif level.home[s] >= 0:
            used[state.piece_of[level.home[s]], OUTPUTS] += began - ended
    for j in range(level.own_ptr[v], level.own_ptr[v + 1]):
        s = level.own_source[j]
        if level.deaf[s]:
            before = state.row_n[s]
            left, came = _shift(s, old, to, ITSELF, state.row_ptr, state.rows, state.row_n)
            change += level.rate[s] * (int(came == ITSELF) - int(left == 0))
            reached = before - int(left == 0)
            used[old, OUTPUTS] -= reached
            used[to, OUTPUTS] += reached
    for k in range(level.list_ptr[v], level.list_ptr[v + 1]):
        net, count = level.list_net[k], level.list_count[k]
        left, came = _shift(net, old, to, count, state.list_row_ptr, state.list_rows, state.list_row_n)
        each = level.net_bits[net]
        used[old, BITS] += list_bits(left, each, packing) - list_bits(left + count, each, packing)
        used[to, BITS] += list_bits(came, each, packing) - list_bits(came - count, each, packing)
        used[old, INPUTS] -= packing[3] * int(left == 0)
        used[to, INPUTS] += packing[3] * int(came == count)
    return change


@lean_jit
def fits(piece, used, most):
    """Whether a piece is within all limits."""
    for resource in range(POOL):
        if used[piece, resource] > most[piece, resource]:
            return False
    pooled = used[piece, BITS] + used[piece, OWN]
    for resource in range(BITS):
        pooled += used[piece, resource] * most[piece, 5 + resource]
    return pooled <= most[piece, POOL]


@lean_jit
def fits_after(v, level, state, limits):
    """Whether all pieces that the last move of v may have filled are within their limits."""
    if not fits(state.piece_of[v], state.used, limits.most):
        return False
    if limits.far[0]:
        for k in range(level.in_ptr[v], level.in_ptr[v + 1]):
            home = level.home[level.in_source[k]]
            if home >= 0 and not fits(state.piece_of[home], state.used, limits.most):
                return False
    return True


@lean_jit
def weigh(v, level, state, gain, stamp, now, touched):
    """What moving v would save: (pieces listed in `touched`, what any other piece saves).

    `gain` [piece] holds, where `stamp` [piece] is `now`, the saving on top of that of any other piece.
    """
    old = state.piece_of[v]
    stamp[old] = now
    n_touched = 0
    base = 0.0
    for k in range(level.in_ptr[v], level.in_ptr[v + 1]):
        s = level.in_source[k]
        pins = LISTENS + int(level.home[s] == v)
        n_touched, saved = _weigh_source(s, pins, old, level, state, gain, stamp, now, touched, n_touched)
        base += saved
    for j in range(level.own_ptr[v], level.own_ptr[v + 1]):
        s = level.own_source[j]
        if level.deaf[s]:
            n_touched, saved = _weigh_source(s, ITSELF, old, level, state, gain, stamp, now, touched, n_touched)
            base += saved
    return n_touched, base


@lean_jit
def _weigh_source(s, pins, old, level, state, gain, stamp, now, touched, n_touched):
    """As `weigh`, of the pins that one vertex has in a source."""
    rate, rows = level.rate[s], state.rows
    saved = -rate
    for j in range(state.row_ptr[s], state.row_ptr[s] + state.row_n[s]):
        piece = rows[j, 0]
        if stamp[piece] != now:
            stamp[piece] = now
            gain[piece] = 0.0
            touched[n_touched] = piece
            n_touched += 1
        gain[piece] += rate
        if piece == old and rows[j, 1] == pins:
            saved += rate
    return n_touched, saved


@lean_jit
def list_bits(n, each, packing):
    """`chips.packing.list_bits`, compiled; a test holds the two together."""
    block, header, word = packing[0], packing[1], packing[2]
    if packing[3]:
        n = (n + block - 1) // block * block
    full = n // block
    rest = n - full * block
    bits = full * ((block * each + header + word - 1) // word * word)
    if rest:
        bits += (rest * each + header + word - 1) // word * word
    return bits


@lean_jit
def _shift(row, old, to, count, ptr, rows, n):
    """Take `count` pins of a row from piece `old` to piece `to`: what is left there, and what is here now."""
    first, last = ptr[row], ptr[row] + n[row]
    at_old = at_to = -1
    for k in range(first, last):
        if rows[k, 0] == old:
            at_old = k
        elif rows[k, 0] == to:
            at_to = k
    left = rows[at_old, 1] - count
    if at_to < 0 and left == 0:  # the entry is handed on
        rows[at_old, 0] = to
        return left, count
    came = count
    if at_to < 0:
        rows[last, 0] = to
        rows[last, 1] = count
        n[row] += 1
    else:
        rows[at_to, 1] += count
        came = rows[at_to, 1]
    rows[at_old, 1] = left
    if left == 0:
        rows[at_old, 0] = rows[last - 1, 0]
        rows[at_old, 1] = rows[last - 1, 1]
        n[row] -= 1
    return left, came


@lean_jit
def _add(row, piece, count, ptr, rows, n):
    last = ptr[row] + n[row]
    for k in range(ptr[row], last):
        if rows[k, 0] == piece:
            rows[k, 1] += count
            return
    rows[last, 0] = piece
    rows[last, 1] = count
    n[row] += 1
