"""The queued model, compiled: packets as a whole, first come first served, through finite buffers.

A packet at the head of a queue asks for the next resource of its path.  It gets it when the resource is free and the
queue behind it has room; then the resource is occupied until the packet's tail has left, which frees its old place, and
the head arrives a latency after it was granted (virtual cut-through).  Who asked first, goes first.  A full receive
queue so holds up the port, the port the buffers before it, and those in the end the sending cores.

Each core sends (work, then a packet) and receives (service) side by side, or in turn where `exclusive`: then it sends
while it can, and receives while its packet waits for room.

Events are taken from a binary heap by time, then by the order in which they were made: the same bits every time.
All compiled functions of the loop stand in this file: numba's cache looks for changes in one file only.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

SENT, DEPARTED, ARRIVED, SERVED = range(4)
NONE = -1


class Finish(NamedTuple):
    """What a kernel writes."""

    sent: npt.NDArray[np.int64]  # [step, core], ps at which the core's sending ended
    received: npt.NDArray[np.int64]  # [step, core], ps at which its last packet was served
    n_received: npt.NDArray[np.int64]  # [step, core], packets
    waited: npt.NDArray[np.int64]  # [step, resource], ps that packets waited for it, not for what lies behind it


class _Heap(NamedTuple):
    time: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    what: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]  # [events in the heap, events ever made]


class _State(NamedTuple):
    """R resources, Q queues, C cores, P packets of the step."""

    head: npt.NDArray[np.int64]  # [queue], packet
    last: npt.NDArray[np.int64]  # [queue]
    behind: npt.NDArray[np.int64]  # [packet], the next one of its queue
    held: npt.NDArray[np.int64]  # [queue], places taken, those on their way included
    place: npt.NDArray[np.int64]  # [packet], into path, the resource that it needs next
    asks_first: npt.NDArray[np.int64]  # [resource], queue
    asks_last: npt.NDArray[np.int64]  # [resource]
    asks_next: npt.NDArray[np.int64]  # [queue]
    asked_at: npt.NDArray[np.int64]  # [queue]
    is_leaving: npt.NDArray[np.bool_]  # [queue], whether a packet is on its way out, and the next one must not ask
    user: npt.NDArray[np.int64]  # [resource], queue whose packet is crossing
    room_at: npt.NDArray[np.int64]  # [resource], when its queue was last full
    next_packet: npt.NDArray[np.int64]  # [core]
    is_sending: npt.NDArray[np.bool_]  # [core]
    is_receiving: npt.NDArray[np.bool_]  # [core]
    is_blocked: npt.NDArray[np.bool_]  # [core]
    input_left: npt.NDArray[np.int64]  # [core]
    serving: npt.NDArray[np.int64]  # [core], packet


@njit(cache=True, nogil=True)
def queued_steps(mesh, messages, finish, exclusive):
    """Play all steps.  Returns the first step in which packets wait for each other in a circle, else -1."""
    n_steps, n_cores = messages.tail.shape
    most = 0
    for step in range(n_steps):
        most = max(most, messages.first[step, n_cores] - messages.first[step, 0])
    s = _new_state(len(mesh.latency), n_cores, most)
    size = most + 3 * n_cores + len(mesh.latency)
    h = _Heap(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64),
        np.zeros(2, np.int64),
    )  # fmt: skip
    for step in range(n_steps):
        if not _play(mesh, messages, finish, exclusive, s, h, step):
            return step
    return -1


@njit(cache=True, nogil=True)
def _new_state(n_resources, n_cores, most):
    n_queues = n_resources + n_cores
    q, r, c, p = (n_queues, n_resources, n_cores, most)
    return _State(
        np.empty(q, np.int64), np.empty(q, np.int64), np.empty(p, np.int64), np.empty(q, np.int64),
        np.empty(p, np.int64), np.empty(r, np.int64), np.empty(r, np.int64), np.empty(q, np.int64),
        np.empty(q, np.int64), np.empty(q, np.bool_), np.empty(r, np.int64), np.empty(r, np.int64),
        np.empty(c, np.int64), np.empty(c, np.bool_), np.empty(c, np.bool_), np.empty(c, np.bool_),
        np.empty(c, np.int64), np.empty(c, np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _play(mesh, messages, finish, exclusive, s, h, step):
    """One step; whether every packet arrived."""
    n_cores = mesh.n_cores
    base = messages.first[step, 0]
    s.head[:] = NONE
    s.held[:] = 0
    s.asks_first[:] = NONE
    s.is_leaving[:] = False
    s.user[:] = NONE
    s.room_at[:] = 0
    s.is_sending[:] = False
    s.is_receiving[:] = False
    s.is_blocked[:] = False
    s.serving[:] = NONE
    h.size[:] = 0
    for c in range(n_cores):
        s.next_packet[c] = messages.first[step, c]
        s.input_left[c] = messages.inputs[step, c]
        _work(mesh, messages, s, h, step, c, 0, exclusive)
    n_links = len(mesh.latency) - n_cores
    n_received = 0
    while h.size[0]:
        t, kind, what = _pop(h)
        if kind == SENT:
            s.is_sending[what] = False
            finish.sent[step, what] = t
            p = s.next_packet[what]
            if p == messages.first[step, what + 1]:
                s.next_packet[what] = p + 1  # the tail is done
            elif s.held[len(mesh.latency) + what] < _places(mesh, len(mesh.latency) + what):
                _inject(mesh, messages, finish, s, h, step, what, t)
            else:
                s.is_blocked[what] = True
            _work(mesh, messages, s, h, step, what, t, exclusive)
        elif kind == DEPARTED:
            _depart(mesh, messages, finish, s, h, step, what, t, exclusive)
        elif kind == ARRIVED:
            r = mesh.path[s.place[what] - 1]
            _append(s, r, what)
            if r >= n_links:
                _work(mesh, messages, s, h, step, r - n_links, t, exclusive)
            elif s.head[r] == what and not s.is_leaving[r]:
                _ask(mesh, finish, s, h, step, r, t)
        else:
            s.is_receiving[what] = False
            finish.received[step, what] = t
            if s.serving[what] != NONE:
                finish.n_received[step, what] += 1
                n_received += 1
            s.serving[what] = NONE
            _work(mesh, messages, s, h, step, what, t, exclusive)
    return n_received == messages.first[step, n_cores] - base


@njit(cache=True, nogil=True)
def _places(mesh, queue):
    """Packets that a queue holds; it takes one in any case."""
    return max(1, mesh.room[queue] // mesh.flits)


@njit(cache=True, nogil=True)
def _work(mesh, messages, s, h, step, c, t, exclusive):
    """Let core `c` begin what it can: to send first, then to receive."""
    end = messages.first[step, c + 1]
    p = s.next_packet[c]
    if p <= end and not s.is_sending[c] and not s.is_blocked[c] and not (exclusive and s.is_receiving[c]):
        s.is_sending[c] = True
        _push(h, t + (messages.work[p] if p < end else messages.tail[step, c]), SENT, c)
    if s.is_receiving[c] or (exclusive and s.is_sending[c]):
        return
    queue = len(mesh.latency) - mesh.n_cores + c
    if s.input_left[c] > 0:
        s.is_receiving[c] = True
        _push(h, t + s.input_left[c], SERVED, c)
        s.input_left[c] = 0
    elif s.head[queue] != NONE:
        s.is_receiving[c] = True
        s.serving[c] = s.head[queue]
        base = messages.first[step, 0]
        _push(h, t + messages.service[base + s.serving[c]], SERVED, c)
        s.head[queue] = s.behind[s.head[queue]]
        _free(mesh, s, queue, t)
        # whoever waited for room asks again in an event of its own, after all that happens now
        _push(h, t, DEPARTED, -1 - queue)


@njit(cache=True, nogil=True)
def _inject(mesh, messages, finish, s, h, step, c, t):
    """Put the next packet of core `c` between it and its router."""
    p = s.next_packet[c] - messages.first[step, 0]
    queue = len(mesh.latency) + c
    s.place[p] = mesh.path_ptr[messages.pair[s.next_packet[c]]]
    s.next_packet[c] += 1
    s.held[queue] += 1
    _append(s, queue, p)
    if s.head[queue] == p and not s.is_leaving[queue]:
        _ask(mesh, finish, s, h, step, queue, t)


@njit(cache=True, nogil=True)
def _append(s, queue, p):
    s.behind[p] = NONE
    if s.head[queue] == NONE:
        s.head[queue] = p
    else:
        s.behind[s.last[queue]] = p
    s.last[queue] = p


@njit(cache=True, nogil=True)
def _free(mesh, s, queue, t):
    """A place of a queue is free again."""
    if queue < len(s.room_at) and s.held[queue] >= _places(mesh, queue):
        s.room_at[queue] = t
    s.held[queue] -= 1


@njit(cache=True, nogil=True)
def _ask(mesh, finish, s, h, step, queue, t):
    """The head of a queue asks for its next resource."""
    r = mesh.path[s.place[s.head[queue]]]
    s.asked_at[queue] = t
    s.asks_next[queue] = NONE
    if s.asks_first[r] == NONE:
        s.asks_first[r] = queue
    else:
        s.asks_next[s.asks_last[r]] = queue
    s.asks_last[r] = queue
    _grant(mesh, finish, s, h, step, r, t)


@njit(cache=True, nogil=True)
def _grant(mesh, finish, s, h, step, r, t):
    """Give a free resource with room behind it to the queue that asked first."""
    queue = s.asks_first[r]
    if queue == NONE or s.user[r] != NONE or s.held[r] >= _places(mesh, r):
        return
    s.asks_first[r] = s.asks_next[queue]
    s.user[r] = queue
    s.is_leaving[queue] = True
    s.held[r] += 1
    p = s.head[queue]
    s.head[queue] = s.behind[p]  # now, as the packet may stand in its next queue before its tail has left this one
    s.place[p] += 1
    is_port = r >= len(mesh.latency) - mesh.n_cores
    # a link that had no room is not what a packet waited for, but the way behind it; a core is
    since = s.asked_at[queue] if is_port else max(s.asked_at[queue], s.room_at[r])
    finish.waited[step, r] += t - since
    _push(h, t + mesh.occupied[r], DEPARTED, r)
    tail = (mesh.flits - 1) * mesh.cycle if is_port else 0  # a core begins with a whole packet
    _push(h, t + mesh.latency[r] + tail, ARRIVED, p)


@njit(cache=True, nogil=True)
def _depart(mesh, messages, finish, s, h, step, r, t, exclusive):
    """The tail has left resource `r`, or (r < 0) queue -1 - r has room again."""
    if r < 0:
        _grant(mesh, finish, s, h, step, -1 - r, t)
        return
    queue = s.user[r]
    s.user[r] = NONE
    s.is_leaving[queue] = False
    _free(mesh, s, queue, t)
    if queue < len(mesh.latency):
        _grant(mesh, finish, s, h, step, queue, t)
    if s.head[queue] != NONE:
        _ask(mesh, finish, s, h, step, queue, t)
    c = queue - len(mesh.latency)
    if c >= 0 and s.is_blocked[c]:
        s.is_blocked[c] = False
        _inject(mesh, messages, finish, s, h, step, c, t)
        _work(mesh, messages, s, h, step, c, t, exclusive)
    _grant(mesh, finish, s, h, step, r, t)


@njit(cache=True, nogil=True)
def _push(h, t, kind, what):
    i = h.size[0]
    order = h.size[1]
    h.size[0] += 1
    h.size[1] += 1
    while i:
        up = (i - 1) // 2
        if h.time[up] <= t:  # made earlier, so before it where times are equal
            break
        h.time[i], h.order[i], h.kind[i], h.what[i] = h.time[up], h.order[up], h.kind[up], h.what[up]
        i = up
    h.time[i], h.order[i], h.kind[i], h.what[i] = t, order, kind, what


@njit(cache=True, nogil=True)
def _pop(h):
    t, kind, what = h.time[0], h.kind[0], h.what[0]
    h.size[0] -= 1
    n = h.size[0]
    last_t, last_order, last_kind, last_what = h.time[n], h.order[n], h.kind[n], h.what[n]
    i = 0
    while 2 * i + 1 < n:
        down = 2 * i + 1
        if down + 1 < n and _is_before(h, down + 1, down):
            down += 1
        if last_t < h.time[down] or (last_t == h.time[down] and last_order < h.order[down]):
            break
        h.time[i], h.order[i], h.kind[i], h.what[i] = h.time[down], h.order[down], h.kind[down], h.what[down]
        i = down
    h.time[i], h.order[i], h.kind[i], h.what[i] = last_t, last_order, last_kind, last_what
    return t, kind, what


@njit(cache=True, nogil=True)
def _is_before(h, a, b):
    return h.time[a] < h.time[b] or (h.time[a] == h.time[b] and h.order[a] < h.order[b])
