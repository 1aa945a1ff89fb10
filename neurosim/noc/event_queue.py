"""A queue of events by time, then by the order in which they were made: a calendar.

A ring of slots, each for a stretch of time (2^shift ps).  A slot lists its events in order, those of later rounds of
the ring after those of this one; a bit for each slot says whether it has any, so empty ones are passed over 64 at a
time.  With slots about as long as what lies between two events, both to add and to take one cost the same however
many wait.

Order is a number of its own, so that an event may be noted first and added later, when someone turns out to need it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.lanes import lowest

SLOTS = 4096
WORDS = SLOTS // 64
NONE = -1

TIME, ORDER, NEXT, EVENT = range(4)  # of a node; the list of a slot is a ring, of which `slot` holds the last
NOW, ORDERS, FREE, SHIFT, FILLED = range(5)  # of `clock`: slot number since the start, orders given, unused nodes


class Calendar(NamedTuple):
    """The tables."""

    slot: npt.NDArray[np.int32]  # [slot], its last node
    node: npt.NDArray[np.int64]  # [node, column]
    bits: npt.NDArray[np.uint64]  # [word], of slots that are not empty
    clock: npt.NDArray[np.int64]


@jit
def new_calendar(most, shift):
    """An empty calendar for at most so many events at a time, with slots of 2^shift ps."""
    calendar = Calendar(
        np.full(SLOTS, NONE, np.int32), np.zeros((most, 4), np.int64), np.zeros(WORDS + 1, np.uint64), np.zeros(5, np.int64)
    )
    for i in range(most):
        calendar.node[i, NEXT] = i + 1
    calendar.clock[SHIFT] = shift
    return calendar


@jit(inline="always")
def new_order(clock):
    """The next number in the order of events."""
    clock[ORDERS] += 1
    return clock[ORDERS]


@jit(inline="always")
def add(slot, node, bits, clock, t, order, event):
    """Add an event, not before the last one taken."""
    i = clock[FREE]
    clock[FREE] = node[i, NEXT]
    node[i, TIME], node[i, ORDER], node[i, EVENT] = t, order, event
    s = (t >> clock[SHIFT]) & (SLOTS - 1)
    last = slot[s]
    if last == NONE:
        node[i, NEXT] = i
        slot[s] = i
        bits[s >> 6] |= np.uint64(1) << np.uint64(s & 63)
        bits[WORDS] |= np.uint64(1) << np.uint64(s >> 6)
        return
    if _is_before(node, last, t, order):
        slot[s] = i
    else:
        while _is_before(node, node[last, NEXT], t, order):
            last = node[last, NEXT]
    node[i, NEXT] = node[last, NEXT]
    node[last, NEXT] = i


@jit(inline="always")
def _is_before(node, i, t, order):
    return node[i, TIME] < t or (node[i, TIME] == t and node[i, ORDER] < order)


@jit(inline="always")
def take(slot, node, bits, clock):
    """Take the first event of those there are: its time, order, and what it is."""
    shift = clock[SHIFT]
    now = clock[NOW]
    end = now + SLOTS
    last = slot[now & (SLOTS - 1)]
    while last == NONE or (node[node[last, NEXT], TIME] >> shift) != now:
        now = _next_filled(bits, now)
        if now > end:
            now = _earliest(slot, node, shift)
        last = slot[now & (SLOTS - 1)]
    clock[NOW] = now
    i = node[last, NEXT]
    if i == last:
        s = now & (SLOTS - 1)
        slot[s] = NONE
        w = s >> 6
        bits[w] &= ~(np.uint64(1) << np.uint64(s & 63))
        if bits[w] == np.uint64(0):
            bits[WORDS] &= ~(np.uint64(1) << np.uint64(w))
    else:
        node[last, NEXT] = node[i, NEXT]
    node[i, NEXT] = clock[FREE]
    clock[FREE] = i
    return node[i, TIME], node[i, ORDER], node[i, EVENT]


@jit(inline="always")
def is_empty(bits):
    return bits[WORDS] == np.uint64(0)


@jit(inline="always")
def _next_filled(bits, now):
    """The number of the next slot with events, after `now`."""
    s = (now + 1) & (SLOTS - 1)
    base = now + 1 - s
    w = s >> 6
    rest = bits[w] >> np.uint64(s & 63)
    if rest != np.uint64(0):
        return now + 1 + lowest(rest)
    above = np.uint64(0)
    if w < WORDS - 1:
        above = bits[WORDS] >> np.uint64(w + 1)
    if above != np.uint64(0):
        w = w + 1 + lowest(above)
    else:
        w = lowest(bits[WORDS])
        base += SLOTS
    return base + w * 64 + lowest(bits[w])


@jit
def _earliest(slot, node, shift):
    """Where nothing happens for a whole round: the number of the slot of the first event."""
    first = np.iinfo(np.int64).max
    for s in range(SLOTS):
        if slot[s] != NONE:
            first = min(first, node[node[slot[s], NEXT], TIME])
    return first >> shift
