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

SENT, DEPARTED, HAS_ROOM, ARRIVED, SERVED = range(5)
NONE = -1

# columns of the tables
HEAD, LAST, HELD, ROOM, ASKS_NEXT, ASKED_AT, IS_LEAVING = range(7)  # of a queue; first and last packet, packets
ASKS_FIRST, ASKS_LAST, USER, ROOM_AT, LATENCY, OCCUPIED, WAITED = range(7)  # of a resource; queues, times in ps
NEXT, END, SENDS, RECEIVES, IS_BLOCKED, INPUT, SERVING, SENT_AT, RECEIVED_AT, N_RECEIVED, TAIL = range(11)  # of a core
BEHIND, PLACE, WORK, SERVICE = range(4)  # of a packet; the next one of its queue, into path
TIME, ORDER, KIND, WHAT = range(4)  # of an event; row 0 of the heap holds its size and how many there ever were


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
    heap: npt.NDArray[np.int64]  # [event, column], from row 1


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
        np.zeros((n_resources + n_cores, 7), np.int64),
        np.zeros((n_resources, 7), np.int64),
        np.zeros((n_cores, 11), np.int64),
        np.zeros((most, 4), np.int64),
        mesh.path,
        np.zeros((most + 3 * n_cores + n_resources + 1, 4), np.int64),
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
        _play(s.queue, s.resource, s.core, s.packet, s.path, s.heap, exclusive)
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
    s.heap[0] = 0
    s.queue[:, HEAD] = NONE
    s.queue[:, HELD] = 0
    s.queue[:, IS_LEAVING] = 0
    s.resource[:, ASKS_FIRST] = NONE
    s.resource[:, USER] = NONE
    s.resource[:, ROOM_AT] = 0
    s.resource[:, WAITED] = 0
    for c in range(mesh.n_cores):
        s.core[c] = 0
        s.core[c, NEXT] = messages.first[step, c] - base
        s.core[c, END] = messages.first[step, c + 1] - base
        s.core[c, TAIL] = messages.tail[step, c]
        s.core[c, INPUT] = messages.inputs[step, c]
    for p in range(messages.first[step, mesh.n_cores] - base):
        s.packet[p, PLACE] = mesh.path_ptr[messages.pair[base + p]]
        s.packet[p, WORK] = messages.work[base + p]
        s.packet[p, SERVICE] = messages.service[base + p]


@jit
def _play(queue, resource, core, packet, path, heap, exclusive):
    """One step, until nothing happens any more."""
    queue, resource = _borrowed(queue), _borrowed(resource)
    core, packet = _borrowed(core), _borrowed(packet)
    path, heap = _borrowed(path), _borrowed(heap)
    n_resources = len(resource)
    n_links = n_resources - len(core)
    for c in range(len(core)):
        _work(queue, resource, core, packet, heap, c, 0, exclusive)
    while heap[0, 0]:
        t, kind, what = _pop(heap)
        if kind == ARRIVED:
            r = path[packet[what, PLACE] - 1]
            _append(queue, packet, r, what)
            if r >= n_links:
                _work(queue, resource, core, packet, heap, r - n_links, t, exclusive)
            elif queue[r, HEAD] == what and not queue[r, IS_LEAVING]:
                _ask(queue, resource, packet, path, heap, r, t)
        elif kind == DEPARTED:
            q = resource[what, USER]
            _depart(queue, resource, packet, path, heap, what, q, t)
            c = q - n_resources
            if c >= 0 and core[c, IS_BLOCKED]:
                core[c, IS_BLOCKED] = 0
                _inject(queue, resource, core, packet, path, heap, c, t)
                _work(queue, resource, core, packet, heap, c, t, exclusive)
            _grant(queue, resource, packet, heap, what, t)
        elif kind == HAS_ROOM:
            _grant(queue, resource, packet, heap, what, t)
        elif kind == SENT:
            core[what, SENDS] = 0
            core[what, SENT_AT] = t
            if core[what, NEXT] == core[what, END]:
                core[what, NEXT] += 1  # the tail is done
            elif queue[n_resources + what, HELD] < queue[n_resources + what, ROOM]:
                _inject(queue, resource, core, packet, path, heap, what, t)
            else:
                core[what, IS_BLOCKED] = 1
            _work(queue, resource, core, packet, heap, what, t, exclusive)
        else:
            core[what, RECEIVES] = 0
            core[what, RECEIVED_AT] = t
            core[what, N_RECEIVED] += core[what, SERVING]
            _work(queue, resource, core, packet, heap, what, t, exclusive)


@jit(inline="always")
def _work(queue, resource, core, packet, heap, c, t, exclusive):
    """Let core `c` begin what it can: to send first, then to receive."""
    p = core[c, NEXT]
    if p <= core[c, END] and not (core[c, SENDS] or core[c, IS_BLOCKED] or (exclusive and core[c, RECEIVES])):
        core[c, SENDS] = 1
        _push(heap, t + (packet[p, WORK] if p < core[c, END] else core[c, TAIL]), SENT, c)
    if core[c, RECEIVES] or (exclusive and core[c, SENDS]):
        return
    q = len(resource) - len(core) + c
    p = queue[q, HEAD]
    if core[c, INPUT] > 0:
        core[c, RECEIVES], core[c, SERVING] = 1, 0
        _push(heap, t + core[c, INPUT], SERVED, c)
        core[c, INPUT] = 0
    elif p != NONE:
        core[c, RECEIVES], core[c, SERVING] = 1, 1
        _push(heap, t + packet[p, SERVICE], SERVED, c)
        queue[q, HEAD] = packet[p, BEHIND]
        queue[q, HELD] -= 1
        if resource[q, ASKS_FIRST] != NONE:
            _push(heap, t, HAS_ROOM, q)  # after all that happens now


@jit(inline="always")
def _inject(queue, resource, core, packet, path, heap, c, t):
    """Put the next packet of core `c` between it and its router."""
    p, q = core[c, NEXT], len(resource) + c
    core[c, NEXT] += 1
    queue[q, HELD] += 1
    _append(queue, packet, q, p)
    if queue[q, HEAD] == p and not queue[q, IS_LEAVING]:
        _ask(queue, resource, packet, path, heap, q, t)


@jit(inline="always")
def _append(queue, packet, q, p):
    packet[p, BEHIND] = NONE
    if queue[q, HEAD] == NONE:
        queue[q, HEAD] = p
    else:
        packet[queue[q, LAST], BEHIND] = p
    queue[q, LAST] = p


@jit(inline="always")
def _ask(queue, resource, packet, path, heap, q, t):
    """The head of a queue asks for its next resource."""
    r = path[packet[queue[q, HEAD], PLACE]]
    queue[q, ASKED_AT] = t
    queue[q, ASKS_NEXT] = NONE
    if resource[r, ASKS_FIRST] == NONE:
        resource[r, ASKS_FIRST] = q
    else:
        queue[resource[r, ASKS_LAST], ASKS_NEXT] = q
    resource[r, ASKS_LAST] = q
    _grant(queue, resource, packet, heap, r, t)


@jit(inline="always")
def _grant(queue, resource, packet, heap, r, t):
    """Give a free resource with room behind it to the queue that asked first."""
    q = resource[r, ASKS_FIRST]
    if q == NONE or resource[r, USER] != NONE or queue[r, HELD] >= queue[r, ROOM]:
        return
    resource[r, ASKS_FIRST] = queue[q, ASKS_NEXT]
    resource[r, USER] = q
    queue[r, HELD] += 1
    queue[q, IS_LEAVING] = 1
    p = queue[q, HEAD]
    queue[q, HEAD] = packet[p, BEHIND]  # now, as the head may stand in its next queue before the tail leaves this
    packet[p, PLACE] += 1
    # a link that had no room behind it is not what a packet waited for (ROOM_AT is 0 for the port of a core)
    resource[r, WAITED] += t - max(queue[q, ASKED_AT], resource[r, ROOM_AT])
    _push(heap, t + resource[r, OCCUPIED], DEPARTED, r)
    _push(heap, t + resource[r, LATENCY], ARRIVED, p)


@jit(inline="always")
def _depart(queue, resource, packet, path, heap, r, q, t):
    """The tail of a packet has left queue `q` and resource `r`."""
    resource[r, USER] = NONE
    queue[q, IS_LEAVING] = 0
    if q < len(resource) and queue[q, HELD] == queue[q, ROOM]:
        resource[q, ROOM_AT] = t
    queue[q, HELD] -= 1
    if q < len(resource):
        _grant(queue, resource, packet, heap, q, t)
    if queue[q, HEAD] != NONE:
        _ask(queue, resource, packet, path, heap, q, t)


@jit(inline="always")
def _push(heap, t, kind, what):
    heap[0, 0] += 1
    heap[0, 1] += 1
    i = heap[0, 0]
    while i > 1 and heap[i // 2, TIME] > t:  # where times are equal, the one made earlier stays above
        _copy(heap, i // 2, i)
        i //= 2
    heap[i, TIME], heap[i, ORDER], heap[i, KIND], heap[i, WHAT] = t, heap[0, 1], kind, what


@jit(inline="always")
def _pop(heap):
    t, kind, what = heap[1, TIME], heap[1, KIND], heap[1, WHAT]
    n = heap[0, 0]
    heap[0, 0] = n - 1
    last_t, last_order = heap[n, TIME], heap[n, ORDER]
    i = 1
    while 2 * i < n:
        j = 2 * i
        if j + 1 < n and (
            heap[j + 1, TIME] < heap[j, TIME]
            or (heap[j + 1, TIME] == heap[j, TIME] and heap[j + 1, ORDER] < heap[j, ORDER])
        ):
            j += 1
        if last_t < heap[j, TIME] or (last_t == heap[j, TIME] and last_order < heap[j, ORDER]):
            break
        _copy(heap, j, i)
        i = j
    _copy(heap, n, i)
    return t, kind, what


@jit(inline="always")
def _copy(heap, a, b):
    for column in range(4):  # not heap[b] = heap[a], which counts references
        heap[b, column] = heap[a, column]
