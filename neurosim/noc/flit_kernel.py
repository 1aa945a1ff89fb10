"""The flit model, compiled: the reference, cycle by cycle.  Slow and plain, it shares no code with the queued model.

A mesh of wormhole routers without virtual channels.  In each cycle every link, and every port to a core, takes at most
one flit, from a queue whose first flit wants to go there, if the queue behind it has a place (a credit).  The head of
a packet takes the link, its tail gives it back; between packets queues take turns (round robin).  What is decided in a
cycle shows in the next: a place left free, a flit that has moved, which can go on after the latency of its hop, in
whole cycles and at least one.

Cores work in picoseconds: what they make enters at the next cycle, and what arrives is served from that cycle on.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit

NONE, NEVER = -1, 2**62


class _Queues(NamedTuple):
    """Flits in order, in rings.  Q queues, R resources."""

    start: npt.NDArray[np.int64]  # [queue + 1], into what follows
    packet: npt.NDArray[np.int64]  # [place]
    hop: npt.NDArray[np.int64]  # [place], into path, where this flit goes next
    number: npt.NDArray[np.int64]  # [place], of the flit in its packet
    ready: npt.NDArray[np.int64]  # [place], cycle from which it can go on
    first: npt.NDArray[np.int64]  # [queue]
    n: npt.NDArray[np.int64]  # [queue], those on their way included
    freed: npt.NDArray[np.int64]  # [queue], places left in this cycle
    turn: npt.NDArray[np.int64]  # [resource], position of the feeder that is first in turn
    owner: npt.NDArray[np.int64]  # [resource], queue whose packet is crossing
    idle_from: npt.NDArray[np.int64]  # [resource], cycle from which it takes a flit again


class _Cores(NamedTuple):
    next_packet: npt.NDArray[np.int64]  # [core]
    sending_until: npt.NDArray[np.int64]  # [core], ps; NEVER: does not
    receiving_until: npt.NDArray[np.int64]  # [core]
    is_blocked: npt.NDArray[np.bool_]  # [core]
    input_left: npt.NDArray[np.int64]  # [core]
    serving: npt.NDArray[np.int64]  # [core]


@jit
def flit_steps(mesh, feeder_ptr, feeder, messages, finish, exclusive):
    """Play all steps; `feeder` are the queues that feed each resource.

    Returns the first step in which flits wait for each other in a circle, else -1.
    """
    n_queues, n_resources, n_cores = len(mesh.room), len(mesh.latency), mesh.n_cores
    start = np.zeros(n_queues + 1, np.int64)
    for i in range(n_queues):
        room = mesh.room[i]
        start[i + 1] = start[i] + (max(room, mesh.flits) if i >= n_resources - n_cores else room)
    places = start[n_queues]
    q = _Queues(
        start, np.empty(places, np.int64), np.empty(places, np.int64), np.empty(places, np.int64),
        np.empty(places, np.int64), np.empty(n_queues, np.int64), np.empty(n_queues, np.int64),
        np.empty(n_queues, np.int64), np.empty(n_resources, np.int64), np.empty(n_resources, np.int64),
        np.empty(n_resources, np.int64),
    )  # fmt: skip
    c = _Cores(
        np.empty(n_cores, np.int64), np.empty(n_cores, np.int64), np.empty(n_cores, np.int64),
        np.empty(n_cores, np.bool_), np.empty(n_cores, np.int64), np.empty(n_cores, np.int64),
    )  # fmt: skip
    for step in range(len(messages.tail)):
        if not _play(mesh, feeder_ptr, feeder, messages, finish, exclusive, q, c, step):
            return step
    return -1


@jit
def _play(mesh, feeder_ptr, feeder, messages, finish, exclusive, q, c, step):
    n_cores = mesh.n_cores
    q.first[:] = 0
    q.n[:] = 0
    q.freed[:] = 0
    q.turn[:] = 0
    q.owner[:] = NONE
    q.idle_from[:] = 0
    c.sending_until[:] = NEVER
    c.receiving_until[:] = NEVER
    c.is_blocked[:] = False
    c.serving[:] = NONE
    for core in range(n_cores):
        c.next_packet[core] = messages.first[step, core]
        c.input_left[core] = messages.inputs[step, core]
        _begin(mesh, messages, exclusive, q, c, step, core, 0)
    cycle = 0
    while True:
        q.freed[:] = 0
        now = cycle * mesh.cycle
        worked = False
        for core in range(n_cores):
            worked |= _work(mesh, messages, finish, exclusive, q, c, step, core, cycle, now)
        moved = False
        for r in range(len(mesh.latency)):
            moved |= _move(mesh, feeder_ptr, feeder, messages, finish, q, step, r, cycle)
        for i in range(len(q.n)):
            q.n[i] -= q.freed[i]
        if moved or worked:
            cycle += 1
            continue
        later = _next(mesh, q, c, cycle)
        if later == NEVER:
            break
        cycle = max(cycle + 1, later)
    received = 0
    for core in range(n_cores):
        received += finish.n_received[step, core]
    return received == messages.first[step, n_cores] - messages.first[step, 0]


@jit
def _work(mesh, messages, finish, exclusive, q, c, step, core, cycle, now):
    """What a core ends and begins up to now, in order; whether that was anything."""
    injection = len(mesh.latency) + core
    worked = False
    while True:
        t = min(c.sending_until[core], c.receiving_until[core])
        if c.is_blocked[core] and q.n[injection] + mesh.flits <= q.start[injection + 1] - q.start[injection]:
            c.is_blocked[core] = False
            _inject(mesh, messages, q, c, step, core, cycle)
            t = now
        elif t > now:
            return _begin(mesh, messages, exclusive, q, c, step, core, now) or worked
        elif c.sending_until[core] == t:
            c.sending_until[core] = NEVER
            finish.sent[step, core] = t
            if c.next_packet[core] == messages.first[step, core + 1]:
                c.next_packet[core] += 1  # the tail is done
            elif q.n[injection] + mesh.flits <= q.start[injection + 1] - q.start[injection]:
                _inject(mesh, messages, q, c, step, core, cycle)
            else:
                c.is_blocked[core] = True
        else:
            c.receiving_until[core] = NEVER
            finish.received[step, core] = t
            if c.serving[core] != NONE:
                finish.n_received[step, core] += 1
            c.serving[core] = NONE
        _begin(mesh, messages, exclusive, q, c, step, core, t)
        worked = True


@jit
def _begin(mesh, messages, exclusive, q, c, step, core, t):
    """Begin what a core can: to send first, then to receive; whether that left a place in a queue."""
    end, p = messages.first[step, core + 1], c.next_packet[core]
    is_free = not exclusive or c.receiving_until[core] == NEVER
    if p <= end and c.sending_until[core] == NEVER and not c.is_blocked[core] and is_free:
        c.sending_until[core] = t + (messages.work[p] if p < end else messages.tail[step, core])
    if c.receiving_until[core] != NEVER or (exclusive and c.sending_until[core] != NEVER):
        return False
    queue = len(mesh.latency) - mesh.n_cores + core
    if c.input_left[core] > 0:
        c.receiving_until[core] = t + c.input_left[core]
        c.input_left[core] = 0
        return False
    n = q.n[queue] - q.freed[queue]
    size = q.start[queue + 1] - q.start[queue]
    tail = q.start[queue] + (q.first[queue] + mesh.flits - 1) % size
    if n < mesh.flits or q.ready[tail] * mesh.cycle > t:
        return False
    c.serving[core] = q.packet[tail]
    c.receiving_until[core] = t + messages.service[q.packet[tail]]
    q.first[queue] = (q.first[queue] + mesh.flits) % size
    q.freed[queue] += mesh.flits
    return True


@jit
def _inject(mesh, messages, q, c, step, core, cycle):
    """Put the next packet between a core and its router."""
    p, queue = c.next_packet[core], len(mesh.latency) + core
    for i in range(mesh.flits):
        _put(q, queue, p, mesh.path_ptr[messages.pair[p]], i, cycle)
    c.next_packet[core] += 1


@jit
def _put(q, queue, packet, hop, number, ready):
    at = q.start[queue] + (q.first[queue] + q.n[queue] - q.freed[queue]) % (q.start[queue + 1] - q.start[queue])
    q.packet[at], q.hop[at], q.number[at], q.ready[at] = packet, hop, number, ready
    q.n[queue] += 1


@jit
def _move(mesh, feeder_ptr, feeder, messages, finish, q, step, r, cycle):
    """Let one flit cross resource `r`; whether one did."""
    if q.idle_from[r] > cycle or q.n[r] >= q.start[r + 1] - q.start[r]:
        return False
    chosen, n = NONE, feeder_ptr[r + 1] - feeder_ptr[r]
    if q.owner[r] != NONE:
        if _wants(mesh, q, q.owner[r], r, cycle):
            chosen = q.owner[r]
    else:
        for k in range(n):
            position = (q.turn[r] + k) % n
            queue = feeder[feeder_ptr[r] + position]
            if not _wants(mesh, q, queue, r, cycle):
                continue
            if chosen == NONE:
                chosen = queue
                q.turn[r] = (position + 1) % n
                break
    if chosen == NONE:
        return False
    at = q.start[chosen] + q.first[chosen]
    is_tail = q.number[at] == mesh.flits - 1
    q.owner[r] = NONE if is_tail else chosen
    q.idle_from[r] = cycle + max(1, _cycles(mesh.occupied[r], mesh.cycle) // mesh.flits)
    if q.number[at] == 0:
        finish.waited[step, r] += (cycle - q.ready[at]) * mesh.cycle
    _put(q, r, q.packet[at], q.hop[at] + 1, q.number[at], cycle + max(1, _cycles(mesh.latency[r], mesh.cycle)))
    q.first[chosen] = (q.first[chosen] + 1) % (q.start[chosen + 1] - q.start[chosen])
    q.freed[chosen] += 1
    return True


@jit
def _wants(mesh, q, queue, r, cycle):
    """Whether the first flit of a queue can go on, to `r`; a queue gives one flit a cycle."""
    if q.n[queue] == 0 or q.freed[queue] > 0:
        return False
    at = q.start[queue] + q.first[queue]
    return q.ready[at] <= cycle and mesh.path[q.hop[at]] == r


@jit
def _cycles(ps, cycle):
    """Whole cycles, the nearest number."""
    return (ps + cycle // 2) // cycle


@jit
def _next(mesh, q, c, cycle):
    """The next cycle in which anything can happen after one in which nothing did; NEVER if nothing will."""
    found = NEVER
    for core in range(mesh.n_cores):
        t = min(c.sending_until[core], c.receiving_until[core])
        if t < NEVER:
            found = min(found, -(-t // mesh.cycle))
    for queue in range(len(q.n)):
        for i in range(q.n[queue]):
            at = q.start[queue] + (q.first[queue] + i) % (q.start[queue + 1] - q.start[queue])
            if q.ready[at] > cycle:
                found = min(found, q.ready[at])
    for r in range(len(q.idle_from)):
        if q.idle_from[r] > cycle:
            found = min(found, q.idle_from[r])
    return found
