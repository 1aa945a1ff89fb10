"""The queued model, compiled: packets as a whole, first come first served, through finite buffers.

A packet at the head of a queue asks for the next resource of its path.  It gets it when the resource is free and the
queue behind it has room; then the resource is occupied until the packet's tail has left, which frees its old place, and
the head arrives a latency after it was granted (virtual cut-through).  Who asked first, goes first.  A full receive
queue so holds up the port, the port the buffers before it, and those in the end the sending cores.

Each core sends (work, then a packet) and receives (service) side by side, or in turn where `exclusive`: then it sends
while it can, and receives while its packet waits for room.

Events are taken from a binary heap by time, then by the order in which they were made: the same bits every time.
State lies in few tables, and what is called for each event is inlined: numba counts references of every array that
a call takes, which took more time than all the rest.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.core import cgutils
from numba.extending import intrinsic

from compiler.jit import jit
from neurosim.noc.event_queue import EVENT, NONE, Calendar, add, clear, is_empty, new_calendar, new_order, take
from neurosim.simulation.lanes import prefetch

SENT, DEPARTED, HAS_ROOM, ARRIVED, SERVED = range(5)  # kinds of events
ADDED = np.iinfo(np.int64).max  # time of an end that is an event now

QUEUE = np.dtype(
    [
        ("head", np.uint32),  # first packet
        ("last", np.uint32),
        ("asks_next", np.uint32),  # the queue that asked for the same resource after this one
        ("leaves_by", np.uint32),  # the resource over which a packet leaves whose tail is still here
        ("held", np.int64),  # packets
        ("room", np.int64),  # packets
        ("asked_at", np.int64),  # ps
        ("room_at", np.int64),  # ps, when it was last full no more
    ]
)
RESOURCE = np.dtype(
    [
        ("asks_first", np.uint32),  # queues that ask for it
        ("asks_last", np.uint32),
        ("user", np.uint32),  # the queue that it was granted to
        ("unused", np.uint32),
        ("free_at", np.int64),  # ps, when its user's packet has left; ADDED if there is an event
        ("free_order", np.int64),  # of that event
        ("latency", np.int64),  # ps
        ("occupied", np.int64),  # ps
        ("waited", np.int64),  # ps
        ("padding", np.int64),  # to a row of 64 bytes
    ]
)
CORE = np.dtype(
    [
        ("next", np.int64),  # packet to send; `end`: its tail
        ("end", np.int64),
        ("tail", np.int64),  # ps
        ("input", np.int64),  # ps, of what comes from outside and was not received yet
        ("sends", np.int64),
        ("sent_at", np.int64),  # ps
        ("served_at", np.int64),  # ps, when it has received; ADDED if there is an event
        ("served_order", np.int64),  # of that event
        ("received_at", np.int64),  # ps
        ("n_received", np.int64),
    ]
)
PACKET = np.dtype(
    [
        ("behind", np.uint32),  # the next one of its queue
        ("place", np.uint32),  # into path, of the resource to ask for next
        ("work", np.int64),  # ps
        ("service", np.int64),  # ps
    ]
)


class Finish(NamedTuple):
    """What a kernel writes."""

    sent: npt.NDArray[np.int64]  # [step, core], ps at which the core's sending ended
    received: npt.NDArray[np.int64]  # [step, core], ps at which its last packet was served
    n_received: npt.NDArray[np.int64]  # [step, core], packets
    waited: npt.NDArray[np.int64]  # [step, resource], ps that packets waited for it, not for what lies behind it


class _State(NamedTuple):
    """The tables."""

    queue: npt.NDArray[np.void]  # [queue], QUEUE; those behind resources first, then those of cores
    resource: npt.NDArray[np.void]  # [resource], RESOURCE
    core: npt.NDArray[np.void]  # [core], CORE
    packet: npt.NDArray[np.void]  # [packet of the step], PACKET
    path: npt.NDArray[np.uint32]  # see Mesh
    calendar: Calendar


def _borrowed_code(typing_context, array):
    """The array without its owner: its references are not counted, so the owner must outlive it."""

    def emit(context, builder, signature, arguments):
        table = context.make_array(array)(context, builder, arguments[0])
        table.meminfo = cgutils.get_null_value(table.meminfo.type)
        return table._getvalue()

    return array(array), emit


_borrowed: Any = intrinsic(_borrowed_code)


@jit
def queued_steps(mesh, messages, finish, exclusive):
    """Play all steps.  Returns the first step in which packets wait for each other in a circle, else -1."""
    n_steps, n_cores = messages.tail.shape
    n_resources = len(mesh.latency)
    most = 0
    for step in range(n_steps):
        most = max(most, messages.first[step, n_cores] - messages.first[step, 0])
    delay = (mesh.latency.sum() + mesh.occupied.sum()) // n_resources
    s = _State(
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
    s = _State(
        _borrowed(tables.queue),
        _borrowed(tables.resource),
        _borrowed(tables.core),
        _borrowed(tables.packet),
        _borrowed(tables.path),
        Calendar(
            _borrowed(tables.calendar.slot),
            _borrowed(tables.calendar.event),
            _borrowed(tables.calendar.bits),
            _borrowed(tables.calendar.clock),
            _borrowed(tables.calendar.unused),
        ),
    )
    n_resources = len(s.queue) - len(s.core)
    n_links = n_resources - len(s.core)
    for c in range(np.uint32(len(s.core))):
        _send(s, c, 0, exclusive)
        _receive(s, c, 0, 0, exclusive)
    while not is_empty(s.calendar):
        t, order, kind, what, where = take(s.calendar)
        if kind == ARRIVED:
            _append(s, where, what)
            if where >= n_links:
                _receive(s, np.uint32(where - n_links), t, order, exclusive)
            elif s.queue[where].head == what:
                _ask(s, where, t, order)
        elif kind == DEPARTED:
            q = s.resource[where].user
            _vacate(s, where, t)
            if q < n_resources:
                _grant(s, q, t, order)
            if s.queue[q].head != NONE:
                _ask(s, q, t, order)
            if q >= n_resources and s.resource[q].asks_first != NONE:  # a core that waited
                s.resource[q].asks_first = NONE
                _inject(s, what, t, order)
                _send(s, what, t, exclusive)
                if exclusive:
                    _receive(s, what, t, order, exclusive)
            _grant(s, where, t, order)
        elif kind == HAS_ROOM:
            _grant(s, where, t, order)
        elif kind == SENT:
            s.core[what].sends = 0
            s.core[what].sent_at = t
            if s.core[what].next == s.core[what].end:
                s.core[what].next += 1  # the tail is done
            elif _has_room(s, where, t, order):
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
    if not _is_past(core.served_at, core.served_order, t, order):
        if queue.head != NONE and core.served_at != ADDED:
            add(s.calendar, core.served_at, core.served_order, SERVED, c, q)
            core.served_at = ADDED
        return
    has_room = False
    if core.input > 0:
        end = t + core.input
        core.input = 0
    elif queue.head != NONE:
        packet = s.packet[queue.head]
        end = t + packet.service
        queue.head = packet.behind
        queue.held -= 1
        core.n_received += 1
        has_room = True
    else:
        return
    core.received_at = end
    core.served_at = end
    core.served_order = new_order(s.calendar)
    if exclusive or queue.head != NONE:
        add(s.calendar, end, core.served_order, SERVED, c, q)
        core.served_at = ADDED
    if has_room and s.resource[q].asks_first != NONE:
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
    _append(s, q, p)
    if s.queue[q].head == p:
        _ask(s, q, t, order)


@jit(forceinline=True)
def _append(s, q, p):
    queue = s.queue[q]
    s.packet[p].behind = NONE
    if queue.head == NONE:
        queue.head = p
    else:
        s.packet[queue.last].behind = p
    queue.last = p


@jit(forceinline=True)
def _ask(s, q, t, order):
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
    _grant(s, r, t, order)


@jit(forceinline=True)
def _grant(s, r, t, order):
    """Give a free resource with room behind it to the queue that asked first."""
    resource = s.resource[r]
    q = resource.asks_first
    if q == NONE:
        return
    _settle(s, r, t, order)
    if resource.user != NONE:
        _await(s, r)
        return
    if not _has_room(s, r, t, order):
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
def _has_room(s, q, t, order):
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
    if resource.user != NONE and _is_past(resource.free_at, resource.free_order, t, order):
        _vacate(s, r, resource.free_at)


@jit(forceinline=True)
def _vacate(s, r, t):
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
def _is_past(at, its_order, t, order):
    return at < t or (at == t and its_order < order)
