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
    calendar.clock[SHIFT] = shift
    return calendar


@jit
def clear(calendar):
    """Begin at time 0, without events."""
    shift = calendar.clock[SHIFT]
    calendar.slot[:] = NONE
    calendar.bits[:] = 0
    calendar.clock[:] = 0
    calendar.clock[SHIFT] = shift
    for i in range(len(calendar.node)):
        calendar.node[i, NEXT] = i + 1


@jit(forceinline=True)
def new_order(calendar):
    """The next number in the order of events."""
    calendar.clock[ORDERS] += 1
    return calendar.clock[ORDERS]


@jit(forceinline=True)
def add(calendar, t, order, event):
    """Add an event, not before the last one taken."""
    i = calendar.clock[FREE]
    calendar.clock[FREE] = calendar.node[i, NEXT]
    calendar.node[i, TIME], calendar.node[i, ORDER], calendar.node[i, EVENT] = t, order, event
    s = (t >> calendar.clock[SHIFT]) & (SLOTS - 1)
    last = calendar.slot[s]
    if last == NONE:
        calendar.node[i, NEXT] = i
        calendar.slot[s] = i
        calendar.bits[s >> 6] |= np.uint64(1) << np.uint64(s & 63)
        calendar.bits[WORDS] |= np.uint64(1) << np.uint64(s >> 6)
        return
    if _is_before(calendar, last, t, order):
        calendar.slot[s] = i
    else:
        while _is_before(calendar, calendar.node[last, NEXT], t, order):
            last = calendar.node[last, NEXT]
    calendar.node[i, NEXT] = calendar.node[last, NEXT]
    calendar.node[last, NEXT] = i


@jit(forceinline=True)
def _is_before(calendar, i, t, order):
    return calendar.node[i, TIME] < t or (calendar.node[i, TIME] == t and calendar.node[i, ORDER] < order)


@jit(forceinline=True)
def take(calendar):
    """Take the first event of those there are: its time, order, and what it is."""
    shift = calendar.clock[SHIFT]
    now = calendar.clock[NOW]
    end = now + SLOTS
    last = calendar.slot[now & (SLOTS - 1)]
    while last == NONE or (calendar.node[calendar.node[last, NEXT], TIME] >> shift) != now:
        now = _next_filled(calendar, now)
        if now > end:
            now = _earliest(calendar, shift)
        last = calendar.slot[now & (SLOTS - 1)]
    calendar.clock[NOW] = now
    i = calendar.node[last, NEXT]
    if i == last:
        s = now & (SLOTS - 1)
        calendar.slot[s] = NONE
        w = s >> 6
        calendar.bits[w] &= ~(np.uint64(1) << np.uint64(s & 63))
        if calendar.bits[w] == np.uint64(0):
            calendar.bits[WORDS] &= ~(np.uint64(1) << np.uint64(w))
    else:
        calendar.node[last, NEXT] = calendar.node[i, NEXT]
    calendar.node[i, NEXT] = calendar.clock[FREE]
    calendar.clock[FREE] = i
    return calendar.node[i, TIME], calendar.node[i, ORDER], calendar.node[i, EVENT]


@jit(forceinline=True)
def is_empty(calendar):
    return calendar.bits[WORDS] == np.uint64(0)


@jit(forceinline=True)
def _next_filled(calendar, now):
    """The number of the next slot with events, after `now`."""
    s = (now + 1) & (SLOTS - 1)
    base = now + 1 - s
    w = s >> 6
    rest = calendar.bits[w] >> np.uint64(s & 63)
    if rest != np.uint64(0):
        return now + 1 + lowest(rest)
    above = np.uint64(0)
    if w < WORDS - 1:
        above = calendar.bits[WORDS] >> np.uint64(w + 1)
    if above != np.uint64(0):
        w = w + 1 + lowest(above)
    else:
        w = lowest(calendar.bits[WORDS])
        base += SLOTS
    return base + w * 64 + lowest(calendar.bits[w])


@jit
def _earliest(calendar, shift):
    """Where nothing happens for a whole round: the number of the slot of the first event."""
    first = np.iinfo(np.int64).max
    for s in range(SLOTS):
        if calendar.slot[s] != NONE:
            first = min(first, calendar.node[calendar.node[calendar.slot[s], NEXT], TIME])
    return first >> shift
