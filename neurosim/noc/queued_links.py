"""Queues and resources of the queued model: who asks for a resource, gets it, and leaves.

A departure is noted at its resource, and who looks at the resource, or at the queue before it, later takes it down.
It becomes an event only when someone waits for it: the next packet of the queue, another queue that asked for the
resource, or whoever asked for a place in the queue.  It then stands where it would have stood from the beginning, by
the time and the order that were noted.
"""

import numpy as np

from compiler.jit import jit
from neurosim.noc.event_queue import NONE, add, new_order
from neurosim.noc.queued_tables import ADDED, ARRIVED, DEPARTED


@jit(forceinline=True)
def append(s, q, p):
    """Put packet `p` behind those of a queue."""
    queue = s.queue[q]
    s.packet[p].behind = NONE
    if queue.head == NONE:
        queue.head = p
    else:
        s.packet[queue.last].behind = p
    queue.last = p


@jit(forceinline=True)
def ask(s, q, t, order):
    """The head of a queue asks for its next resource, as soon as the tail before it has left."""
    queue = s.queue[q]
    if _is_leaving(s, q, t, order):
        _await(s, queue.leaves_by)
        return
    r = s.path[s.packet[queue.head].place]
    resource = s.resource[r]
    queue.asked_at = t
    queue.asks_next = NONE
    if resource.asks_first == NONE:
        resource.asks_first = q
    else:
        s.queue[resource.asks_last].asks_next = q
    resource.asks_last = q
    grant(s, r, t, order)


@jit(forceinline=True)
def grant(s, r, t, order):
    """Give a free resource with room behind it to the queue that asked first."""
    resource = s.resource[r]
    q = resource.asks_first
    if q == NONE:
        return
    _settle(s, r, t, order)
    if resource.user != NONE:
        _await(s, r)
        return
    if not has_room(s, r, t, order):
        return
    queue = s.queue[q]
    resource.asks_first = queue.asks_next
    resource.user = q
    s.queue[r].held += 1
    queue.leaves_by = r
    p = queue.head
    queue.head = s.packet[p].behind  # now, as the head may stand in its next queue before the tail leaves this
    s.packet[p].place += 1
    # a link that had no room behind it is not what a packet waited for (room_at is 0 for the port of a core)
    resource.waited += t - max(queue.asked_at, s.queue[r].room_at)
    resource.free_at = t + resource.occupied
    resource.free_order = new_order(s.calendar)
    if queue.head != NONE or resource.asks_first != NONE or s.resource[q].asks_first != NONE:
        _await(s, r)
    add(s.calendar, t + resource.latency, new_order(s.calendar), ARRIVED, p, r)


@jit(forceinline=True)
def has_room(s, q, t, order):
    """Whether a queue takes one more; if not, someone waits for what leaves it."""
    is_leaving = _is_leaving(s, q, t, order)
    if s.queue[q].held < s.queue[q].room:
        return True
    if is_leaving:
        _await(s, s.queue[q].leaves_by)
    return False


@jit(forceinline=True)
def _is_leaving(s, q, t, order):
    """Whether a packet's tail is still in queue `q` while its head is on its way."""
    if s.queue[q].leaves_by == NONE:
        return False
    _settle(s, s.queue[q].leaves_by, t, order)
    return s.queue[q].leaves_by != NONE


@jit(forceinline=True)
def _settle(s, r, t, order):
    """Note a departure from resource `r` that has taken place by now."""
    resource = s.resource[r]
    if resource.user != NONE and is_past(resource.free_at, resource.free_order, t, order):
        vacate(s, r, resource.free_at)


@jit(forceinline=True)
def vacate(s, r, t):
    """The tail of a packet left resource `r`, and the queue before it, at `t`."""
    queue = s.queue[s.resource[r].user]
    s.resource[r].user = NONE
    queue.leaves_by = NONE
    if queue.held == queue.room:
        queue.room_at = t
    queue.held -= 1


@jit(forceinline=True)
def _await(s, r):
    """Make an event of the departure from resource `r`, as someone waits for it."""
    resource = s.resource[r]
    if resource.free_at != ADDED:
        c = np.uint32(resource.user - (len(s.queue) - len(s.core)))  # where a core sends over it
        add(s.calendar, resource.free_at, resource.free_order, DEPARTED, c, r)
        resource.free_at = ADDED


@jit(forceinline=True)
def is_past(at, its_order, t, order):
    """Whether an event would stand before another, by time and order."""
    return at < t or (at == t and its_order < order)
