"""Events by time, then by the order in which they were made: a calendar.

A ring of slots, each for a stretch of time (2^shift ps).  A slot lists its events in order, those of this round of the
ring before those of later ones; a bit for each slot says whether it has any, so that empty ones are passed over 64 at
a time.  With slots about as long as the time between two events, to add one and to take one cost the same however many
wait.

The order is a number of its own, so that an event may be noted first and added later, when it is known to be needed.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.lanes import lowest

SLOTS = 4096  # one word says which words of bits are not 0, so at most 64 * 64
WORDS = SLOTS // 64
NONE = np.uint32(2**32 - 1)

EVENT = np.dtype(
    [
        ("time", np.int64),
        ("order", np.int64),
        ("next", np.uint32),  # of its slot, the first after the last; of unused ones, any other
        ("kind", np.uint32),
        ("what", np.uint32),
        ("where", np.uint32),
    ]
)


class Calendar(NamedTuple):
    """The tables."""

    slot: npt.NDArray[np.uint32]  # [slot], its last event
    event: npt.NDArray[np.void]  # [event], EVENT
    bits: npt.NDArray[np.uint64]  # [word], slots that have events; then the words that are not 0
    clock: npt.NDArray[np.int64]  # the slot of now, counted on and on; the last order given; shift
    unused: npt.NDArray[np.uint32]  # [1], an event that is free


NOW, ORDERS, SHIFT = range(3)  # of the clock


@jit
def new_calendar(events, delay):
    """A calendar for events mostly about `delay` ps ahead, given a table of EVENT as long as many may wait; `clear` it.

    A slot is a 64th of the delay or somewhat longer: where a mesh is busy, about the time between two events.
    """
    shift, length = 0, delay // 64
    while length > 0:
        shift, length = shift + 1, length // 2
    slot, bits = np.empty(SLOTS, np.uint32), np.empty(WORDS + 1, np.uint64)
    for i in range(len(events)):
        events[i].next = i + 1
    clock = np.zeros(3, np.int64)
    clock[SHIFT] = shift
    return Calendar(slot, events, bits, clock, np.zeros(1, np.uint32))


@jit
def clear(calendar):
    """Begin at time 0, without events."""
    calendar.slot[:] = NONE
    calendar.bits[:] = 0
    calendar.clock[NOW], calendar.clock[ORDERS] = 0, 0


@jit(forceinline=True)
def new_order(calendar):
    """The next number in the order of events."""
    calendar.clock[ORDERS] += 1
    return calendar.clock[ORDERS]


@jit(forceinline=True)
def is_empty(calendar):
    """Whether nothing waits."""
    return calendar.bits[WORDS] == 0


@jit(forceinline=True)
def add(calendar, time, order, kind, what, where):
    """Add an event, not before the last one taken."""
    events = calendar.event
    i = calendar.unused[0]
    calendar.unused[0] = events[i].next
    events[i].time, events[i].order = time, order
    events[i].kind, events[i].what, events[i].where = kind, what, where
    s = np.uint32(time >> calendar.clock[SHIFT]) & np.uint32(SLOTS - 1)
    last = calendar.slot[s]
    if last == NONE:
        calendar.slot[s] = i
        events[i].next = i
        _mark(calendar, s)
        return
    if _is_before(events, last, time, order):
        calendar.slot[s] = i
    else:
        while _is_before(events, events[last].next, time, order):
            last = events[last].next
    events[i].next = events[last].next
    events[last].next = i


@jit(forceinline=True)
def take(calendar):
    """Take the first of the events there are: its time, order, kind, what and where."""
    events, shift = calendar.event, calendar.clock[SHIFT]
    now = calendar.clock[NOW]
    end = now + SLOTS
    last = calendar.slot[now & (SLOTS - 1)]
    while last == NONE or events[events[last].next].time >> shift != now:
        now = _next_marked(calendar, now + 1)
        if now > end:
            now = _earliest(calendar) >> shift
        last = calendar.slot[now & (SLOTS - 1)]
    calendar.clock[NOW] = now
    i = events[last].next
    if i == last:
        _unmark(calendar, np.uint32(now) & np.uint32(SLOTS - 1))
    else:
        events[last].next = events[i].next
    events[i].next = calendar.unused[0]
    calendar.unused[0] = i
    return events[i].time, events[i].order, events[i].kind, events[i].what, events[i].where


@jit(forceinline=True)
def _is_before(events, i, time, order):
    return events[i].time < time or (events[i].time == time and events[i].order < order)


@jit(forceinline=True)
def _bit(i):
    return np.uint64(1) << np.uint64(i & 63)


@jit(forceinline=True)
def _mark(calendar, s):
    """Note that slot `s` has events."""
    word = s >> np.uint32(6)
    calendar.bits[word] |= _bit(s)
    calendar.bits[WORDS] |= _bit(word)


@jit(forceinline=True)
def _unmark(calendar, s):
    """Note that slot `s` has none."""
    calendar.slot[s] = NONE
    word = s >> np.uint32(6)
    calendar.bits[word] &= ~_bit(s)
    if calendar.bits[word] == 0:
        calendar.bits[WORDS] &= ~_bit(word)


@jit(forceinline=True)
def _next_marked(calendar, now):
    """The first slot from `now` on, counted on and on, that has events."""
    s = now & (SLOTS - 1)
    word = s >> 6
    rest = calendar.bits[word] >> np.uint64(s & 63)
    if rest != 0:
        return now + lowest(rest)
    begin = now - s
    words = calendar.bits[WORDS] & (~np.uint64(1) << np.uint64(word))  # those after this one
    if words == 0:
        words = calendar.bits[WORDS]
        begin += SLOTS
    word = lowest(words)
    return begin + word * 64 + lowest(calendar.bits[word])


@jit
def _earliest(calendar):
    """Time of the first event, looked for in all slots: where nothing happens for a whole round."""
    first = np.iinfo(np.int64).max
    for word in range(WORDS):
        rest = calendar.bits[word]
        while rest != 0:
            last = calendar.slot[word * 64 + lowest(rest)]
            first = min(first, calendar.event[calendar.event[last].next].time)
            rest &= rest - np.uint64(1)
    return first
