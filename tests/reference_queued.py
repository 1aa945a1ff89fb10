"""The queued model of the network on chip in plain Python: every event is made, and taken from a heap.

Slow, and without the shortcuts of `neurosim/noc/`: each departure, each end of sending and each end of service is an
event, in the order of time, then of making.  What comes out must be the same to the picosecond.
"""

import heapq
from collections import deque
from itertools import count

import numpy as np


def queued_step(mesh, messages, step, exclusive):
    """When each core has sent and received, how many packets, and what was waited for each resource."""
    return _Step(mesh, messages, step, exclusive).play()


class _Step:
    def __init__(self, mesh, messages, step, exclusive):
        self.exclusive = exclusive
        self.n_cores, self.n = mesh.n_cores, len(mesh.latency)
        self.occupied, self.latency = mesh.occupied.tolist(), mesh.latency.tolist()
        for port in range(self.n - self.n_cores, self.n):
            self.latency[port] += (mesh.flits - 1) * mesh.cycle
        self.room = [max(1, int(flits) // mesh.flits) for flits in mesh.room]
        queues = range(self.n + self.n_cores)
        self.queue, self.held = [deque() for _ in queues], [0 for _ in queues]
        self.leaving, self.asked_at, self.room_at = [False for _ in queues], [0 for _ in queues], [0 for _ in queues]
        self.asking, self.user = [deque() for _ in range(self.n)], [None] * self.n
        self.waited = [0] * self.n
        first = messages.first[step].tolist()
        self.to_send = [deque(range(first[c], first[c + 1])) for c in range(self.n_cores)]
        self.work, self.service = messages.work.tolist(), messages.service.tolist()
        self.tail, self.inputs = messages.tail[step].tolist(), messages.inputs[step].tolist()
        self.way = {
            p: deque(mesh.path[mesh.path_ptr[messages.pair[p]] : mesh.path_ptr[messages.pair[p] + 1]].tolist())
            for p in range(first[0], first[-1])
        }
        self.sends, self.receives, self.blocked = ([False] * self.n_cores for _ in range(3))
        self.sent, self.received, self.n_received = ([0] * self.n_cores for _ in range(3))
        self.events, self.order = [], count()

    def play(self):
        for c in range(self.n_cores):
            self.work_on(c, 0)
        while self.events:
            time, _, happens, arguments = heapq.heappop(self.events)
            happens(time, *arguments)
        return tuple(np.array(found) for found in (self.sent, self.received, self.n_received, self.waited))

    def add(self, time, happens, *arguments):
        heapq.heappush(self.events, (time, next(self.order), happens, arguments))

    def work_on(self, c, t):
        has_more = self.to_send[c] or self.tail[c] is not None
        in_turn = self.exclusive and self.receives[c]
        if has_more and not self.sends[c] and not self.blocked[c] and not in_turn:
            self.sends[c] = True
            self.add(t + (self.work[self.to_send[c][0]] if self.to_send[c] else self.tail[c]), self.has_sent, c)
        if self.receives[c] or (self.exclusive and self.sends[c]):
            return
        port = self.n - self.n_cores + c
        if self.inputs[c]:
            self.receives[c] = True
            self.add(t + self.inputs[c], self.has_received, c, 0)
            self.inputs[c] = 0
        elif self.queue[port]:
            self.receives[c] = True
            self.add(t + self.service[self.queue[port].popleft()], self.has_received, c, 1)
            self.held[port] -= 1
            if self.asking[port]:
                self.add(t, self.grant, port)

    def has_received(self, t, c, packets):
        self.receives[c] = False
        self.received[c] = t
        self.n_received[c] += packets
        self.work_on(c, t)

    def has_sent(self, t, c):
        self.sends[c] = False
        self.sent[c] = t
        if not self.to_send[c]:
            self.tail[c] = None
        elif self.held[self.n + c] < self.room[self.n + c]:
            self.inject(t, c)
        else:
            self.blocked[c] = True
        self.work_on(c, t)

    def inject(self, t, c):
        self.held[self.n + c] += 1
        self.join(t, self.to_send[c].popleft(), self.n + c)

    def join(self, t, p, q):
        self.queue[q].append(p)
        if len(self.queue[q]) == 1 and not self.leaving[q]:
            self.ask(t, q)

    def ask(self, t, q):
        r = self.way[self.queue[q][0]][0]
        self.asked_at[q] = t
        self.asking[r].append(q)
        self.grant(t, r)

    def grant(self, t, r):
        if not self.asking[r] or self.user[r] is not None or self.held[r] >= self.room[r]:
            return
        q = self.user[r] = self.asking[r].popleft()
        self.held[r] += 1
        self.leaving[q] = True
        p = self.queue[q].popleft()
        self.way[p].popleft()
        self.waited[r] += t - max(self.asked_at[q], self.room_at[r])
        self.add(t + self.occupied[r], self.departs, r)
        self.add(t + self.latency[r], self.arrives, p, r)

    def departs(self, t, r):
        q, self.user[r] = self.user[r], None
        self.leaving[q] = False
        if self.held[q] == self.room[q]:
            self.room_at[q] = t
        self.held[q] -= 1
        if q < self.n:
            self.grant(t, q)
        if self.queue[q]:
            self.ask(t, q)
        c = q - self.n
        if c >= 0 and self.blocked[c]:
            self.blocked[c] = False
            self.inject(t, c)
            self.work_on(c, t)
        self.grant(t, r)

    def arrives(self, t, p, r):
        if r < self.n - self.n_cores:
            self.join(t, p, r)
        else:
            self.queue[r].append(p)
            self.work_on(r - (self.n - self.n_cores), t)
