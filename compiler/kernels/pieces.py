"""The state that partitioning by moves keeps: who reaches which piece how often, and what each piece uses.

A vertex is a neuron, or a cluster of neurons at a coarser level.  The sources of a vertex are those to which it listens
and those that are in it.  A source has two pins in a vertex that listens to it and one more in the vertex that it is
in, so that the number of its pins in a piece tells whether it has a listener there.  `move` changes all of it by one
vertex, exactly, and says what that costs; the cost is the sum over sources of rate x distinct pieces with pins, but for
the one in which the source itself is.  Rates are whole numbers, so sums have no history.

What a move would save is summed from the rows of the sources of a vertex, or read from a table of every vertex and
piece, which each move brings up to date: that is faster where sources reach many pieces, and little is moved.
Arrays are made by the caller, so nothing is counted or freed in these loops.
"""

from typing import Any, NamedTuple

from compiler.jit import lean_jit

NEURONS, INPUTS, OUTPUTS, BITS, OWN = range(5)  # columns of State.used
POOL = 4  # Limits.most has the pool in the place of OWN
LISTENS, ITSELF = 2, 1  # pins in a vertex that listens to the source, and in the one that it is in
PIECE, PINS, VERTICES = range(3)  # columns of State.rows; the last is the exclusive or of all vertices with pins


class Level(NamedTuple):
    """The network between vertices; all arrays."""

    weight: Any  # int64 [vertex], neurons
    own_bits: Any  # int64 [vertex], of the pool, on top of a neuron's share
    source_ptr: Any  # int64 [vertex + 1], into source
    source: Any  # int32, distinct sources of each vertex
    pin_ptr: Any  # int64 [source + 1], into pin
    pin: Any  # int32, the vertices of each source, ascending
    home: Any  # int32 [source], the vertex that it is in; -1: external
    deaf: Any  # bool [source], whether the vertex that it is in does not listen to it
    rate: Any  # int64 [source]
    total: Any  # int64 [vertex], rates of all its sources
    list_ptr: Any  # int64 [vertex + 1], into list_net; all 0 where memory has no limit
    list_net: Any  # int32, distinct nets of each vertex
    list_count: Any  # int32, their synapses on it
    net_bits: Any  # int64 [net], of one synapse


class State(NamedTuple):
    """Pieces, and what follows from them; all arrays, changed in place."""

    piece_of: Any  # int32 [vertex]
    used: Any  # int64 [piece, 5]: neurons, input axons, output axons, bits of lists, own bits of the pool
    row_ptr: Any  # int64 [source + 1], room of each source in rows
    rows: Any  # int32 [., 3]: a piece with pins of the source, how many, and in which vertices
    row_n: Any  # int32 [source], pieces in its row
    shared: Any  # int32 [vertex, piece]: rates of the sources of the vertex that have pins in the piece; or empty
    alone: Any  # int64 [vertex]: rates of its sources with no other vertex in its piece; or empty
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
    """Fill a state from its `piece_of`, but for what lists take; gives the cost."""
    state.used[:] = 0
    state.row_n[:] = 0
    state.list_row_n[:] = 0
    for v in range(len(level.weight)):
        piece = state.piece_of[v]
        state.used[piece, NEURONS] += level.weight[v]
        state.used[piece, OWN] += level.own_bits[v]
        for k in range(level.source_ptr[v], level.source_ptr[v + 1]):
            s = level.source[k]
            at = _add(s, piece, _pins(v, s, level), state.row_ptr, state.rows, state.row_n)
            state.rows[at, VERTICES] ^= v
        for k in range(level.list_ptr[v], level.list_ptr[v + 1]):
            _add(level.list_net[k], piece, level.list_count[k], state.list_row_ptr, state.list_rows, state.list_row_n)
    for s in range(len(level.home)):
        for k in range(state.row_ptr[s], state.row_ptr[s] + state.row_n[s]):
            if state.rows[k, PINS] >= LISTENS:
                state.used[state.rows[k, PIECE], INPUTS] += 1
                if level.home[s] >= 0:
                    state.used[state.piece_of[level.home[s]], OUTPUTS] += 1
    if len(state.alone):
        _build_table(level, state)
    return cost(level, state)


@lean_jit
def _build_table(level, state):
    state.shared[:] = 0
    state.alone[:] = 0
    for s in range(len(level.home)):
        for k in range(state.row_ptr[s], state.row_ptr[s] + state.row_n[s]):
            _share(s, state.rows[k, PIECE], level.rate[s], level, state)
            if _is_one_vertex(s, state.rows[k, PINS], level):
                state.alone[state.rows[k, VERTICES]] += level.rate[s]


@lean_jit
def cost(level, state):
    """The sum over sources of rate x pieces reached, but for their own."""
    total = 0
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
    has_table = len(state.alone) > 0
    change = alone = 0
    for k in range(level.source_ptr[v], level.source_ptr[v + 1]):
        s = level.source[k]
        pins, home, before = _pins(v, s, level), level.home[s], state.row_n[s]
        left, came, who_left, who_was = _shift_pins(s, v, pins, old, to, state.row_ptr, state.rows, state.row_n)
        came_new, left_empty = came == pins, left == 0
        change += level.rate[s] * (int(came_new) - int(left_empty))
        if pins != ITSELF:
            ended, began = int(left < LISTENS), int(came - pins < LISTENS)
            used[old, INPUTS] -= axons * ended
            used[to, INPUTS] += axons * began
            if home == v:
                used[old, OUTPUTS] -= before
                used[to, OUTPUTS] += before - ended + began
            elif home >= 0:
                used[state.piece_of[home], OUTPUTS] += began - ended
        else:
            reached = before - int(left_empty)
            used[old, OUTPUTS] -= reached
            used[to, OUTPUTS] += reached
        if has_table:
            rate = level.rate[s]
            if left_empty:
                _share(s, old, -rate, level, state)
            elif _is_one_vertex(s, left, level):
                state.alone[who_left] += rate
            if came_new:
                alone += rate
                _share(s, to, rate, level, state)
            elif _is_one_vertex(s, came - pins, level):
                state.alone[who_was] -= rate
    if has_table:
        state.alone[v] = alone
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
    return _of_pool(piece, used, most) <= most[piece, POOL]


@lean_jit
def _of_pool(piece, used, most):
    pooled = used[piece, BITS] + used[piece, OWN]
    for resource in range(BITS):
        pooled += used[piece, resource] * most[piece, 5 + resource]
    return pooled


@lean_jit
def excess(piece, used, most):
    """By how much a piece is beyond its limits, in shares of them; 0 where it fits."""
    total = 0.0
    for resource in range(POOL):
        total += max(0.0, used[piece, resource] / most[piece, resource] - 1.0)
    return total + max(0.0, _of_pool(piece, used, most) / most[piece, POOL] - 1.0)


@lean_jit
def fits_after(v, level, state, limits, spared):
    """Whether all pieces that the last move of v may have filled, but for one, are within their limits."""
    piece = state.piece_of[v]
    if piece != spared and not fits(piece, state.used, limits.most):
        return False
    if limits.far[0]:
        for k in range(level.source_ptr[v], level.source_ptr[v + 1]):
            home = level.home[level.source[k]]
            if home >= 0:
                piece = state.piece_of[home]
                if piece != spared and not fits(piece, state.used, limits.most):
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
    if len(state.alone):
        for piece in range(len(state.used)):
            if state.shared[v, piece] > 0 and piece != old:
                stamp[piece] = now
                gain[piece] = state.shared[v, piece]
                touched[n_touched] = piece
                n_touched += 1
        return n_touched, state.alone[v] - level.total[v]
    rows = state.rows
    base = -level.total[v]
    for k in range(level.source_ptr[v], level.source_ptr[v + 1]):
        s = level.source[k]
        pins, rate = _pins(v, s, level), level.rate[s]
        for j in range(state.row_ptr[s], state.row_ptr[s] + state.row_n[s]):
            piece = rows[j, PIECE]
            if stamp[piece] != now:
                stamp[piece] = now
                gain[piece] = 0
                touched[n_touched] = piece
                n_touched += 1
            gain[piece] += rate
            if piece == old and rows[j, PINS] == pins:
                base += rate
    return n_touched, base


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
def _pins(v, s, level):
    """Pins of a source in one of its vertices."""
    if level.home[s] != v:
        return LISTENS
    return ITSELF if level.deaf[s] else LISTENS + ITSELF


@lean_jit
def _is_one_vertex(s, pins, level):
    """Whether so many pins of a source in a piece are in a single vertex."""
    return 0 < pins <= LISTENS or (pins == LISTENS + ITSELF and level.home[s] >= 0 and not level.deaf[s])


@lean_jit
def _share(s, piece, rate, level, state):
    """Source s has got its first pin in a piece, or with a negative rate lost its last: tell all its vertices."""
    for k in range(level.pin_ptr[s], level.pin_ptr[s + 1]):
        state.shared[level.pin[k], piece] += rate


@lean_jit
def _shift_pins(s, v, pins, old, to, ptr, rows, n):
    """As `_shift`, of the pins of source s in vertex v; and the vertices that are left, and that were there before."""
    first, last = ptr[s], ptr[s] + n[s]
    at_old = at_to = -1
    for k in range(first, last):
        if rows[k, PIECE] == old:
            at_old = k
        elif rows[k, PIECE] == to:
            at_to = k
    left, who_left = rows[at_old, PINS] - pins, rows[at_old, VERTICES] ^ v
    if at_to < 0 and left == 0:  # the entry is handed on
        rows[at_old, PIECE] = to
        return left, pins, 0, 0
    came, who_was = pins, 0
    if at_to < 0:
        rows[last, PIECE] = to
        rows[last, PINS] = pins
        rows[last, VERTICES] = v
        n[s] += 1
    else:
        who_was = rows[at_to, VERTICES]
        rows[at_to, PINS] += pins
        rows[at_to, VERTICES] = who_was ^ v
        came = rows[at_to, PINS]
    rows[at_old, PINS] = left
    rows[at_old, VERTICES] = who_left
    if left == 0:
        for column in range(3):
            rows[at_old, column] = rows[last - 1, column]
        n[s] -= 1
    return left, came, who_left, who_was


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
    """Add pins, and say where in `rows` they are."""
    last = ptr[row] + n[row]
    for k in range(ptr[row], last):
        if rows[k, 0] == piece:
            rows[k, 1] += count
            return k
    for column in range(2, rows.shape[1]):
        rows[last, column] = 0
    rows[last, 0] = piece
    rows[last, 1] = count
    n[row] += 1
    return last
