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
from neurosim.noc.event_queue import add, is_empty, new_calendar, new_order, take

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
    )
    for q in range(n_resources + n_cores):
        s.queue[q, ROOM] = max(1, mesh.room[q] // mesh.flits)  # of packets; one in any case
    for r in range(n_resources):
        s.resource[r, LATENCY] = mesh.latency[r]
        s.resource[r, OCCUPIED] = mesh.occupied[r]
        if r >= n_resources - n_cores:  # a core begins with a whole packet
            s.resource[r, LATENCY] += (mesh.flits - 1) * mesh.cycle
    for step in range(n_steps):
        calendar = new_calendar(most + 3 * n_cores + n_resources, 6)
        _begin(mesh, messages, s, step)
        _play(s.queue, s.resource, s.core, s.packet, s.path, calendar.slot, calendar.node, calendar.bits, calendar.clock, exclusive)
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
def _play(queue, resource, core, packet, path, slot, node, bits, clock, exclusive):
    """One step, until nothing happens any more."""
    queue, resource = _borrowed(queue), _borrowed(resource)
    core, packet = _borrowed(core), _borrowed(packet)
    path = _borrowed(path)
    slot, node = _borrowed(slot), _borrowed(node)
    bits, clock = _borrowed(bits), _borrowed(clock)
    n_resources = len(queue) - len(core)
    n_links = n_resources - len(core)
    for c in range(len(core)):
        _send(resource, core, packet, slot, node, bits, clock, c, 0, exclusive)
        _receive(queue, resource, core, packet, slot, node, bits, clock, c, 0, 0, exclusive)
    while not is_empty(bits):
        t, order, event = take(slot, node, bits, clock)
        kind, what = event & 7, event >> KIND_BITS
        if kind == ARRIVED:
            r = path[packet[what, PLACE] - 1]
            _append(queue, packet, r, what)
            if r >= n_links:
                _receive(queue, resource, core, packet, slot, node, bits, clock, r - n_links, t, order, exclusive)
            elif queue[r, HEAD] == what:
                _ask(queue, resource, packet, path, slot, node, bits, clock, r, t, order)
        elif kind == DEPARTED:
            q = resource[what, USER]
            _vacate(queue, resource, what, t)
            if q < n_resources:
                _grant(queue, resource, packet, slot, node, bits, clock, q, t, order)
            if queue[q, HEAD] != NONE:
                _ask(queue, resource, packet, path, slot, node, bits, clock, q, t, order)
            if q >= n_resources and resource[q, ASKS_FIRST] != NONE:  # a core that waited
                c = q - n_resources
                resource[q, ASKS_FIRST] = NONE
                _inject(queue, resource, core, packet, path, slot, node, bits, clock, c, t, order)
                _send(resource, core, packet, slot, node, bits, clock, c, t, exclusive)
                if exclusive:
                    _receive(queue, resource, core, packet, slot, node, bits, clock, c, t, order, exclusive)
            _grant(queue, resource, packet, slot, node, bits, clock, what, t, order)
        elif kind == HAS_ROOM:
            _grant(queue, resource, packet, slot, node, bits, clock, what, t, order)
        elif kind == SENT:
            core[what, SENDS] = 0
            core[what, SENT_AT] = t
            q = n_resources + what
            if core[what, NEXT] == core[what, END]:
                core[what, NEXT] += 1  # the tail is done
            elif _has_room(queue, resource, slot, node, bits, clock, q, t, order):
                _inject(queue, resource, core, packet, path, slot, node, bits, clock, what, t, order)
            else:
                resource[q, ASKS_FIRST] = q
            _send(resource, core, packet, slot, node, bits, clock, what, t, exclusive)
            if exclusive:
                _receive(queue, resource, core, packet, slot, node, bits, clock, what, t, order, exclusive)
        else:
            core[what, SERVED_AT] = -1
            if exclusive:
                _send(resource, core, packet, slot, node, bits, clock, what, t, exclusive)
            _receive(queue, resource, core, packet, slot, node, bits, clock, what, t, order, exclusive)


@jit(inline="always")
def _send(resource, core, packet, slot, node, bits, clock, c, t, exclusive):
    """Let core `c` begin to send, if it can."""
    p = core[c, NEXT]
    is_blocked = resource[len(resource) - len(core) + c, ASKS_FIRST] != NONE
    if p > core[c, END] or core[c, SENDS] or is_blocked or (exclusive and core[c, SERVED_AT] == ADDED):
        return
    if p < core[c, END]:
        core[c, SENDS] = 1
        add(slot, node, bits, clock, t + packet[p, WORK], new_order(clock), (c << KIND_BITS) + SENT)
    elif exclusive:
        core[c, SENDS] = 1
        add(slot, node, bits, clock, t + core[c, TAIL], new_order(clock), (c << KIND_BITS) + SENT)
    else:
        core[c, NEXT] = p + 1
        core[c, SENT_AT] = t + core[c, TAIL]


@jit(inline="always")
def _receive(queue, resource, core, packet, slot, node, bits, clock, c, t, order, exclusive):
    """Let core `c` begin to receive, if it can."""
    if exclusive and core[c, SENDS]:
        return
    q = len(resource) - 2 * len(core) + c
    if not _is_past(core[c, SERVED_AT], core[c, SERVED_ORDER], t, order):
        if queue[q, HEAD] != NONE and core[c, SERVED_AT] != ADDED:
            add(slot, node, bits, clock, core[c, SERVED_AT], core[c, SERVED_ORDER], (c << KIND_BITS) + SERVED)
            core[c, SERVED_AT] = ADDED
        return
    p = queue[q, HEAD]
    if core[c, INPUT] > 0:
        end = t + core[c, INPUT]
        core[c, INPUT] = 0
    elif p != NONE:
        end = t + packet[p, SERVICE]
        core[c, N_RECEIVED] += 1
        queue[q, HEAD] = packet[p, BEHIND]
        queue[q, HELD] -= 1
    else:
        return
    core[c, RECEIVED_AT] = end
    core[c, SERVED_ORDER] = new_order(clock)
    if exclusive or queue[q, HEAD] != NONE:
        add(slot, node, bits, clock, end, core[c, SERVED_ORDER], (c << KIND_BITS) + SERVED)
        end = ADDED
    core[c, SERVED_AT] = end
    if p != NONE and resource[q, ASKS_FIRST] != NONE:
        add(slot, node, bits, clock, t, new_order(clock), (q << KIND_BITS) + HAS_ROOM)  # after all that happens now


@jit(inline="always")
def _inject(queue, resource, core, packet, path, slot, node, bits, clock, c, t, order):
    """Put the next packet of core `c` between it and its router."""
    p, q = core[c, NEXT], len(resource) - len(core) + c
    core[c, NEXT] += 1
    queue[q, HELD] += 1
    _append(queue, packet, q, p)
    if queue[q, HEAD] == p:
        _ask(queue, resource, packet, path, slot, node, bits, clock, q, t, order)


@jit(inline="always")
def _append(queue, packet, q, p):
    packet[p, BEHIND] = NONE
    if queue[q, HEAD] == NONE:
        queue[q, HEAD] = p
    else:
        packet[queue[q, LAST], BEHIND] = p
    queue[q, LAST] = p


@jit(inline="always")
def _ask(queue, resource, packet, path, slot, node, bits, clock, q, t, order):
    """The head of a queue asks for its next resource, as soon as the tail before it has left."""
    if _is_leaving(queue, resource, q, t, order):
        _await(resource, slot, node, bits, clock, queue[q, LEAVES_BY])
        return
    r = path[packet[queue[q, HEAD], PLACE]]
    queue[q, ASKED_AT] = t
    queue[q, ASKS_NEXT] = NONE
    if resource[r, ASKS_FIRST] == NONE:
        resource[r, ASKS_FIRST] = q
    else:
        queue[resource[r, ASKS_LAST], ASKS_NEXT] = q
    resource[r, ASKS_LAST] = q
    _grant(queue, resource, packet, slot, node, bits, clock, r, t, order)


@jit(inline="always")
def _grant(queue, resource, packet, slot, node, bits, clock, r, t, order):
    """Give a free resource with room behind it to the queue that asked first."""
    q = resource[r, ASKS_FIRST]
    if q == NONE:
        return
    _settle(queue, resource, r, t, order)
    if resource[r, USER] != NONE:
        _await(resource, slot, node, bits, clock, r)
        return
    if not _has_room(queue, resource, slot, node, bits, clock, r, t, order):
        return
    resource[r, ASKS_FIRST] = queue[q, ASKS_NEXT]
    resource[r, USER] = q
    queue[r, HELD] += 1
    queue[q, LEAVES_BY] = r
    p = queue[q, HEAD]
    queue[q, HEAD] = packet[p, BEHIND]  # now, as the head may stand in its next queue before the tail leaves this
    packet[p, PLACE] += 1
    # a link that had no room behind it is not what a packet waited for (ROOM_AT is 0 for the port of a core)
    resource[r, WAITED] += t - max(queue[q, ASKED_AT], queue[r, ROOM_AT])
    resource[r, FREE_AT] = t + resource[r, OCCUPIED]
    resource[r, FREE_ORDER] = new_order(clock)
    if queue[q, HEAD] != NONE or resource[r, ASKS_FIRST] != NONE or resource[q, ASKS_FIRST] != NONE:
        _await(resource, slot, node, bits, clock, r)
    add(slot, node, bits, clock, t + resource[r, LATENCY], new_order(clock), (p << KIND_BITS) + ARRIVED)


@jit(inline="always")
def _has_room(queue, resource, slot, node, bits, clock, q, t, order):
    """Whether a queue takes one more; if not, someone waits for what leaves it."""
    is_leaving = _is_leaving(queue, resource, q, t, order)
    if queue[q, HELD] < queue[q, ROOM]:
        return True
    if is_leaving:
        _await(resource, slot, node, bits, clock, queue[q, LEAVES_BY])
    return False


@jit(inline="always")
def _is_leaving(queue, resource, q, t, order):
    """Whether a packet's tail is still in queue `q` while its head is on its way."""
    r = queue[q, LEAVES_BY]
    if r == NONE:
        return False
    _settle(queue, resource, r, t, order)
    return queue[q, LEAVES_BY] != NONE


@jit(inline="always")
def _settle(queue, resource, r, t, order):
    """Note a departure from resource `r` that has taken place by now."""
    if resource[r, USER] != NONE and _is_past(resource[r, FREE_AT], resource[r, FREE_ORDER], t, order):
        _vacate(queue, resource, r, resource[r, FREE_AT])


@jit(inline="always")
def _vacate(queue, resource, r, t):
    """The tail of a packet left resource `r`, and the queue before it, at `t`."""
    q = resource[r, USER]
    resource[r, USER] = NONE
    queue[q, LEAVES_BY] = NONE
    if queue[q, HELD] == queue[q, ROOM]:
        queue[q, ROOM_AT] = t
    queue[q, HELD] -= 1


@jit(inline="always")
def _await(resource, slot, node, bits, clock, r):
    """Make an event of the departure from resource `r`, as someone waits for it."""
    if resource[r, FREE_AT] != ADDED:
        add(slot, node, bits, clock, resource[r, FREE_AT], resource[r, FREE_ORDER], (r << KIND_BITS) + DEPARTED)
        resource[r, FREE_AT] = ADDED


@jit(inline="always")
def _is_past(at, its_order, t, order):
    return at < t or (at == t and its_order < order)
