"""The queued model, compiled: packets as a whole, first come first served, through finite buffers.

A packet at the head of a queue asks for the next resource of its path.  It gets it when the resource is free and the
queue behind it has room; then the resource is occupied until the packet's tail has left, which frees its old place, and
the head arrives a latency after it was granted (virtual cut-through).  Who asked first, goes first.  A full receive
queue so holds up the port, the port the buffers before it, and those in the end the sending cores.

Each core sends (work, then a packet) and receives (service) side by side, or in turn where `exclusive`: then it sends
while it can, and receives while its packet waits for room.

Events are taken by time, then by the order in which they were made (`event_queue.py`): the same bits every time.
There is none where it would change nothing: when nobody waits for what leaves (`queued_links.py`), when a core has
received its last packet so far, and when it ends sending, unless it sends and receives in turn.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.noc.event_queue import EVENT, NONE, add, clear, is_empty, new_calendar, new_order, take
from neurosim.noc.queued_links import append, ask, grant, has_room, is_past, vacate
from neurosim.noc.queued_tables import (
    ADDED,
    ARRIVED,
    CORE,
    DEPARTED,
    HAS_ROOM,
    PACKET,
    QUEUE,
    RESOURCE,
    SENT,
    SERVED,
    Tables,
    borrowed,
)
from neurosim.simulation.lanes import prefetch


class Finish(NamedTuple):
    """What a kernel writes."""

    sent: npt.NDArray[np.int64]  # [step, core], ps at which the core's sending ended
    received: npt.NDArray[np.int64]  # [step, core], ps at which its last packet was served
    n_received: npt.NDArray[np.int64]  # [step, core], packets
    waited: npt.NDArray[np.int64]  # [step, resource], ps that packets waited for it, not for what lies behind it


@jit
def queued_steps(mesh, messages, finish, exclusive):
    """Play all steps.  Returns the first step in which packets wait for each other in a circle, else -1."""
    n_steps, n_cores = messages.tail.shape
    n_resources = len(mesh.latency)
    most = 0
    for step in range(n_steps):
        most = max(most, messages.first[step, n_cores] - messages.first[step, 0])
    delay = (mesh.latency.sum() + mesh.occupied.sum()) // n_resources
    s = Tables(
        np.zeros(n_resources + n_cores, QUEUE),
        np.zeros(n_resources + n_cores, RESOURCE),
        np.zeros(n_cores, CORE),
        np.zeros(most, PACKET),
        mesh.path,
        new_calendar(np.zeros(most + 3 * n_cores + n_resources, EVENT), delay),
    )
    for q in range(n_resources + n_cores):
        s.queue[q].room = max(1, mesh.room[q] // mesh.flits)  # of packets; one in any case
    for r in range(n_resources):
        s.resource[r].latency = mesh.latency[r]
        s.resource[r].occupied = mesh.occupied[r]
        if r >= n_resources - n_cores:  # a core begins with a whole packet
            s.resource[r].latency += (mesh.flits - 1) * mesh.cycle
    for step in range(n_steps):
        _begin(mesh, messages, s, step)
        _play(s, exclusive)
        received = 0
        for c in range(n_cores):
            finish.sent[step, c] = s.core[c].sent_at
            finish.received[step, c] = s.core[c].received_at
            finish.n_received[step, c] = s.core[c].n_received
            received += s.core[c].n_received
        for r in range(n_resources):
            finish.waited[step, r] = s.resource[r].waited
        if received < messages.first[step, n_cores] - messages.first[step, 0]:
            return step
    return -1


@jit
def _begin(mesh, messages, s, step):
    """Empty queues, and the packets of a step."""
    base = messages.first[step, 0]
    clear(s.calendar)
    for q in range(len(s.queue)):
        queue, resource = s.queue[q], s.resource[q]
        queue.head = queue.leaves_by = resource.asks_first = resource.user = NONE
        queue.held = queue.room_at = resource.waited = 0
    for c in range(mesh.n_cores):
        core = s.core[c]
        core.next = messages.first[step, c] - base
        core.end = messages.first[step, c + 1] - base
        core.tail = messages.tail[step, c]
        core.input = messages.inputs[step, c]
        core.sends = core.sent_at = core.received_at = core.n_received = 0
        core.served_at = -1
    for p in range(messages.first[step, mesh.n_cores] - base):
        packet = s.packet[p]
        packet.place = mesh.path_ptr[messages.pair[base + p]]
        packet.work = messages.work[base + p]
        packet.service = messages.service[base + p]


@jit
def _play(tables, exclusive):
    """One step, until nothing happens any more."""
    s = borrowed(tables)
    n_resources = len(s.queue) - len(s.core)
    n_links = n_resources - len(s.core)
    for c in range(np.uint32(len(s.core))):
        _send(s, c, 0, exclusive)
        _receive(s, c, 0, 0, exclusive)
    while not is_empty(s.calendar):
        t, order, kind, what, where = take(s.calendar)
        if kind == ARRIVED:
            append(s, where, what)
            if where >= n_links:
                _receive(s, np.uint32(where - n_links), t, order, exclusive)
            elif s.queue[where].head == what:
                ask(s, where, t, order)
        elif kind == DEPARTED:
            q = s.resource[where].user
            vacate(s, where, t)
            if q < n_resources:
                grant(s, q, t, order)
            if s.queue[q].head != NONE:
                ask(s, q, t, order)
            if q >= n_resources and s.resource[q].asks_first != NONE:  # a core that waited
                s.resource[q].asks_first = NONE
                _inject(s, what, t, order)
                _send(s, what, t, exclusive)
                if exclusive:
                    _receive(s, what, t, order, exclusive)
            grant(s, where, t, order)
        elif kind == HAS_ROOM:
            grant(s, where, t, order)
        elif kind == SENT:
            s.core[what].sends = 0
            s.core[what].sent_at = t
            if s.core[what].next == s.core[what].end:
                s.core[what].next += 1  # the tail is done
            elif has_room(s, where, t, order):
                _inject(s, what, t, order)
            else:
                s.resource[where].asks_first = where
            _send(s, what, t, exclusive)
            if exclusive:
                _receive(s, what, t, order, exclusive)
        else:
            s.core[what].served_at = -1
            if exclusive:
                _send(s, what, t, exclusive)
            _receive(s, what, t, order, exclusive)


@jit(forceinline=True)
def _send(s, c, t, exclusive):
    """Let core `c` begin to send, if it can."""
    core, q = s.core[c], _injection(s, c)
    is_blocked = s.resource[q].asks_first != NONE
    if core.next > core.end or core.sends or is_blocked or (exclusive and core.served_at == ADDED):
        return
    if core.next < core.end:
        core.sends = 1
        prefetch(s.path, np.int64(s.packet[core.next].place))
        add(s.calendar, t + s.packet[core.next].work, new_order(s.calendar), SENT, c, q)
    elif exclusive:
        core.sends = 1
        add(s.calendar, t + core.tail, new_order(s.calendar), SENT, c, q)
    else:
        core.next += 1
        core.sent_at = t + core.tail


@jit(forceinline=True)
def _receive(s, c, t, order, exclusive):
    """Let core `c` begin to receive, if it can."""
    core = s.core[c]
    if exclusive and core.sends:
        return
    q = np.uint32(len(s.queue) - 2 * len(s.core) + c)
    queue = s.queue[q]
    if not is_past(core.served_at, core.served_order, t, order):
        if queue.head != NONE and core.served_at != ADDED:
            add(s.calendar, core.served_at, core.served_order, SERVED, c, q)
            core.served_at = ADDED
        return
    makes_room = False
    if core.input > 0:
        end = t + core.input
        core.input = 0
    elif queue.head != NONE:
        packet = s.packet[queue.head]
        end = t + packet.service
        queue.head = packet.behind
        queue.held -= 1
        core.n_received += 1
        makes_room = True
    else:
        return
    core.received_at = end
    core.served_at = end
    core.served_order = new_order(s.calendar)
    if exclusive or queue.head != NONE:
        add(s.calendar, end, core.served_order, SERVED, c, q)
        core.served_at = ADDED
    if makes_room and s.resource[q].asks_first != NONE:
        add(s.calendar, t, new_order(s.calendar), HAS_ROOM, c, q)  # after all that happens now


@jit(forceinline=True)
def _injection(s, c):
    """The queue between core `c` and its router."""
    return np.uint32(len(s.queue) - len(s.core) + c)


@jit(forceinline=True)
def _inject(s, c, t, order):
    """Put the next packet of core `c` between it and its router."""
    p, q = np.uint32(s.core[c].next), _injection(s, c)
    s.core[c].next += 1
    s.queue[q].held += 1
    append(s, q, p)
    if s.queue[q].head == p:
        ask(s, q, t, order)
