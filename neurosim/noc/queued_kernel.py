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
from neurosim.noc.event_queue import Calendar, add, clear, is_empty, new_calendar, new_order, take

SENT, DEPARTED, HAS_ROOM, ARRIVED, SERVED = range(5)
KIND_BITS = 3  # of an event, below what it happens to: a core, resource or packet
NONE = -1
ADDED = np.iinfo(np.int64).max  # time of a departure that is an event now

# columns of the tables
HEAD, LAST, HELD, ROOM, ASKS_NEXT, ASKED_AT, LEAVES_BY, ROOM_AT = range(8)  # of a queue; first and last packet, packets
ASKS_FIRST, ASKS_LAST, USER, FREE_AT, FREE_ORDER, LATENCY, OCCUPIED, WAITED = range(8)  # of a resource; queues, ps
NEXT, END, SENDS, INPUT, SERVED_AT, SERVED_ORDER, SENT_AT, RECEIVED_AT, N_RECEIVED, TAIL = range(10)
BEHIND, PLACE, WORK, SERVICE = range(4)  # of a packet; the next one of its queue, into path


class Finish(NamedTuple):
    """What a kernel writes."""

    sent: npt.NDArray[np.int64]  # [step, core], ps at which the core's sending ended
    received: npt.NDArray[np.int64]  # [step, core], ps at which its last packet was served
    n_received: npt.NDArray[np.int64]  # [step, core], packets
    waited: npt.NDArray[np.int64]  # [step, resource], ps that packets waited for it, not for what lies behind it


class _State(NamedTuple):
    """The tables."""

    queue: npt.NDArray[np.int64]  # [queue, column]; those behind resources first, then those of cores
    resource: npt.NDArray[np.int64]  # [resource, column]
    core: npt.NDArray[np.int64]  # [core, column]
    packet: npt.NDArray[np.int64]  # [packet of the step, column]
    path: npt.NDArray[np.int64]  # see Mesh
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
    s = _State(
        np.zeros((n_resources + n_cores, 8), np.int64),
        np.zeros((n_resources + n_cores, 8), np.int64),
        np.zeros((n_cores, 10), np.int64),
        np.zeros((most, 4), np.int64),
        mesh.path,
        new_calendar(most + 3 * n_cores + n_resources, 6),
    )
    for q in range(n_resources + n_cores):
        s.queue[q, ROOM] = max(1, mesh.room[q] // mesh.flits)  # of packets; one in any case
    for r in range(n_resources):
        s.resource[r, LATENCY] = mesh.latency[r]
        s.resource[r, OCCUPIED] = mesh.occupied[r]
        if r >= n_resources - n_cores:  # a core begins with a whole packet
            s.resource[r, LATENCY] += (mesh.flits - 1) * mesh.cycle
    for step in range(n_steps):
        _begin(mesh, messages, s, step)
        clear(s.calendar)
        _play(s, exclusive)
        for c in range(n_cores):
            finish.sent[step, c] = s.core[c, SENT_AT]
            finish.received[step, c] = s.core[c, RECEIVED_AT]
            finish.n_received[step, c] = s.core[c, N_RECEIVED]
        for r in range(n_resources):
            finish.waited[step, r] = s.resource[r, WAITED]
        if s.core[:, N_RECEIVED].sum() < messages.first[step, n_cores] - messages.first[step, 0]:
            return step
    return -1


@jit
def _begin(mesh, messages, s, step):
    """Empty queues, and the packets of a step."""
    base = messages.first[step, 0]
    s.queue[:, HEAD] = NONE
    s.queue[:, HELD] = 0
    s.queue[:, LEAVES_BY] = NONE
    s.queue[:, ROOM_AT] = 0
    s.resource[:, ASKS_FIRST] = NONE
    s.resource[:, USER] = NONE
    s.resource[:, WAITED] = 0
    for c in range(mesh.n_cores):
        s.core[c] = 0
        s.core[c, SERVED_AT] = -1
        s.core[c, NEXT] = messages.first[step, c] - base
        s.core[c, END] = messages.first[step, c + 1] - base
        s.core[c, TAIL] = messages.tail[step, c]
        s.core[c, INPUT] = messages.inputs[step, c]
    for p in range(messages.first[step, mesh.n_cores] - base):
        s.packet[p, PLACE] = mesh.path_ptr[messages.pair[base + p]]
        s.packet[p, WORK] = messages.work[base + p]
        s.packet[p, SERVICE] = messages.service[base + p]


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
            _borrowed(tables.calendar.node),
            _borrowed(tables.calendar.bits),
            _borrowed(tables.calendar.clock),
        ),
    )
    n_resources = len(s.queue) - len(s.core)
    n_links = n_resources - len(s.core)
    for c in range(len(s.core)):
        _send(s, c, 0, exclusive)
        _receive(s, c, 0, 0, exclusive)
    while not is_empty(s.calendar):
        t, order, event = take(s.calendar)
        kind, what = event & 7, event >> KIND_BITS
        if kind == ARRIVED:
            r = s.path[s.packet[what, PLACE] - 1]
            _append(s, r, what)
            if r >= n_links:
                _receive(s, r - n_links, t, order, exclusive)
            elif s.queue[r, HEAD] == what:
                _ask(s, r, t, order)
        elif kind == DEPARTED:
            q = s.resource[what, USER]
            _vacate(s, what, t)
            if q < n_resources:
                _grant(s, q, t, order)
            if s.queue[q, HEAD] != NONE:
                _ask(s, q, t, order)
            if q >= n_resources and s.resource[q, ASKS_FIRST] != NONE:  # a core that waited
                c = q - n_resources
                s.resource[q, ASKS_FIRST] = NONE
                _inject(s, c, t, order)
                _send(s, c, t, exclusive)
                if exclusive:
                    _receive(s, c, t, order, exclusive)
            _grant(s, what, t, order)
        elif kind == HAS_ROOM:
            _grant(s, what, t, order)
        elif kind == SENT:
            s.core[what, SENDS] = 0
            s.core[what, SENT_AT] = t
            q = n_resources + what
            if s.core[what, NEXT] == s.core[what, END]:
                s.core[what, NEXT] += 1  # the tail is done
            elif _has_room(s, q, t, order):
                _inject(s, what, t, order)
            else:
                s.resource[q, ASKS_FIRST] = q
            _send(s, what, t, exclusive)
            if exclusive:
                _receive(s, what, t, order, exclusive)
        else:
            s.core[what, SERVED_AT] = -1
            if exclusive:
                _send(s, what, t, exclusive)
            _receive(s, what, t, order, exclusive)


@jit(forceinline=True)
def _send(s, c, t, exclusive):
    """Let core `c` begin to send, if it can."""
    p = s.core[c, NEXT]
    is_blocked = s.resource[len(s.resource) - len(s.core) + c, ASKS_FIRST] != NONE
    if p > s.core[c, END] or s.core[c, SENDS] or is_blocked or (exclusive and s.core[c, SERVED_AT] == ADDED):
        return
    if p < s.core[c, END]:
        s.core[c, SENDS] = 1
        add(s.calendar, t + s.packet[p, WORK], new_order(s.calendar), (c << KIND_BITS) + SENT)
    elif exclusive:
        s.core[c, SENDS] = 1
        add(s.calendar, t + s.core[c, TAIL], new_order(s.calendar), (c << KIND_BITS) + SENT)
    else:
        s.core[c, NEXT] = p + 1
        s.core[c, SENT_AT] = t + s.core[c, TAIL]


@jit(forceinline=True)
def _receive(s, c, t, order, exclusive):
    """Let core `c` begin to receive, if it can."""
    if exclusive and s.core[c, SENDS]:
        return
    q = len(s.resource) - 2 * len(s.core) + c
    if not _is_past(s.core[c, SERVED_AT], s.core[c, SERVED_ORDER], t, order):
        if s.queue[q, HEAD] != NONE and s.core[c, SERVED_AT] != ADDED:
            add(s.calendar, s.core[c, SERVED_AT], s.core[c, SERVED_ORDER], (c << KIND_BITS) + SERVED)
            s.core[c, SERVED_AT] = ADDED
        return
    p = s.queue[q, HEAD]
    if s.core[c, INPUT] > 0:
        end = t + s.core[c, INPUT]
        s.core[c, INPUT] = 0
    elif p != NONE:
        end = t + s.packet[p, SERVICE]
        s.core[c, N_RECEIVED] += 1
        s.queue[q, HEAD] = s.packet[p, BEHIND]
        s.queue[q, HELD] -= 1
    else:
        return
    s.core[c, RECEIVED_AT] = end
    s.core[c, SERVED_ORDER] = new_order(s.calendar)
    if exclusive or s.queue[q, HEAD] != NONE:
        add(s.calendar, end, s.core[c, SERVED_ORDER], (c << KIND_BITS) + SERVED)
        end = ADDED
    s.core[c, SERVED_AT] = end
    if p != NONE and s.resource[q, ASKS_FIRST] != NONE:
        add(s.calendar, t, new_order(s.calendar), (q << KIND_BITS) + HAS_ROOM)  # after all that happens now


@jit(forceinline=True)
def _inject(s, c, t, order):
    """Put the next packet of core `c` between it and its router."""
    p, q = s.core[c, NEXT], len(s.resource) - len(s.core) + c
    s.core[c, NEXT] += 1
    s.queue[q, HELD] += 1
    _append(s, q, p)
    if s.queue[q, HEAD] == p:
        _ask(s, q, t, order)


@jit(forceinline=True)
def _append(s, q, p):
    s.packet[p, BEHIND] = NONE
    if s.queue[q, HEAD] == NONE:
        s.queue[q, HEAD] = p
    else:
        s.packet[s.queue[q, LAST], BEHIND] = p
    s.queue[q, LAST] = p


@jit(forceinline=True)
def _ask(s, q, t, order):
    """The head of a queue asks for its next resource, as soon as the tail before it has left."""
    if _is_leaving(s, q, t, order):
        _await(s, s.queue[q, LEAVES_BY])
        return
    r = s.path[s.packet[s.queue[q, HEAD], PLACE]]
    s.queue[q, ASKED_AT] = t
    s.queue[q, ASKS_NEXT] = NONE
    if s.resource[r, ASKS_FIRST] == NONE:
        s.resource[r, ASKS_FIRST] = q
    else:
        s.queue[s.resource[r, ASKS_LAST], ASKS_NEXT] = q
    s.resource[r, ASKS_LAST] = q
    _grant(s, r, t, order)


@jit(forceinline=True)
def _grant(s, r, t, order):
    """Give a free resource with room behind it to the queue that asked first."""
    q = s.resource[r, ASKS_FIRST]
    if q == NONE:
        return
    _settle(s, r, t, order)
    if s.resource[r, USER] != NONE:
        _await(s, r)
        return
    if not _has_room(s, r, t, order):
        return
    s.resource[r, ASKS_FIRST] = s.queue[q, ASKS_NEXT]
    s.resource[r, USER] = q
    s.queue[r, HELD] += 1
    s.queue[q, LEAVES_BY] = r
    p = s.queue[q, HEAD]
    s.queue[q, HEAD] = s.packet[p, BEHIND]  # now, as the head may stand in its next queue before the tail leaves this
    s.packet[p, PLACE] += 1
    # a link that had no room behind it is not what a packet waited for (ROOM_AT is 0 for the port of a s.core)
    s.resource[r, WAITED] += t - max(s.queue[q, ASKED_AT], s.queue[r, ROOM_AT])
    s.resource[r, FREE_AT] = t + s.resource[r, OCCUPIED]
    s.resource[r, FREE_ORDER] = new_order(s.calendar)
    if s.queue[q, HEAD] != NONE or s.resource[r, ASKS_FIRST] != NONE or s.resource[q, ASKS_FIRST] != NONE:
        _await(s, r)
    add(s.calendar, t + s.resource[r, LATENCY], new_order(s.calendar), (p << KIND_BITS) + ARRIVED)


@jit(forceinline=True)
def _has_room(s, q, t, order):
    """Whether a queue takes one more; if not, someone waits for what leaves it."""
    is_leaving = _is_leaving(s, q, t, order)
    if s.queue[q, HELD] < s.queue[q, ROOM]:
        return True
    if is_leaving:
        _await(s, s.queue[q, LEAVES_BY])
    return False


@jit(forceinline=True)
def _is_leaving(s, q, t, order):
    """Whether a packet's tail is still in queue `q` while its head is on its way."""
    r = s.queue[q, LEAVES_BY]
    if r == NONE:
        return False
    _settle(s, r, t, order)
    return s.queue[q, LEAVES_BY] != NONE


@jit(forceinline=True)
def _settle(s, r, t, order):
    """Note a departure from resource `r` that has taken place by now."""
    if s.resource[r, USER] != NONE and _is_past(s.resource[r, FREE_AT], s.resource[r, FREE_ORDER], t, order):
        _vacate(s, r, s.resource[r, FREE_AT])


@jit(forceinline=True)
def _vacate(s, r, t):
    """The tail of a packet left resource `r`, and the queue before it, at `t`."""
    q = s.resource[r, USER]
    s.resource[r, USER] = NONE
    s.queue[q, LEAVES_BY] = NONE
    if s.queue[q, HELD] == s.queue[q, ROOM]:
        s.queue[q, ROOM_AT] = t
    s.queue[q, HELD] -= 1


@jit(forceinline=True)
def _await(s, r):
    """Make an event of the departure from resource `r`, as someone waits for it."""
    if s.resource[r, FREE_AT] != ADDED:
        add(s.calendar, s.resource[r, FREE_AT], s.resource[r, FREE_ORDER], (r << KIND_BITS) + DEPARTED)
        s.resource[r, FREE_AT] = ADDED


@jit(forceinline=True)
def _is_past(at, its_order, t, order):
    return at < t or (at == t and its_order < order)
