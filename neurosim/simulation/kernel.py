"""The compiled simulation loop of LIF neurons: exact integers, event by event, every event counted.

One call advances one sample by up to a buffer of steps.  A step: spikes that arrive now are taken from the ring; all
neurons are updated, 64 at a time (lif_lanes.py); then every spike, external or own, is counted and delivered
(counting.py, scatter.py).  layout.py tells how a program lies in memory.

Blocks of neurons at rest are skipped: where u is 0, v stays as it is, nobody waits and nothing arrives, nothing will
change until a spike arrives.  Each block is looked at now and then, so looking costs next to nothing where all neurons
are busy, and a skipped block costs a look at its arriving input.
"""

import numpy as np

from compiler.jit import jit, lean_jit
from neurosim.simulation.counting import count_arrivals, count_own, note_inputs, note_step
from neurosim.simulation.layout import BLOCK, SAME, WORD, WRAP_ONCE
from neurosim.simulation.lif_lanes import differ, is_set, step_each, step_same
from neurosim.simulation.order import SPARE, append_bits
from neurosim.simulation.scatter import scatter_next, scatter_packed, scatter_wide

LOOK = 16  # steps between two looks at a block, a power of two


@lean_jit
def advance(m, s, b, input_ptr, input_channel, start, stop, halt):
    """Advance from step `start` to `stop`, or until the spike buffer is full or `halt[0]` is set.

    `input_ptr[t] : input_ptr[t + 1]` are the external spikes of step t in `input_channel`.
    Returns the step reached and the number of spikes written.
    """
    n, n_spikes, n_rows, wide = m.n, 0, m.max_delay + 1, len(s.u)
    s.at_rest[:] = 0  # whoever called may have changed the state
    for t in range(start, stop):
        if n_spikes + n + SPARE > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        row, place = t - start, t % n_rows
        for d in range(n_rows):
            b.row_of_delay[d] = place * wide
            place = place + 1 if place + 1 < n_rows else 0
        first = n_spikes
        n_spikes = update(m, s, b, t, n_spikes)
        for i in range(len(b.probe_slot)):
            b.probe_u[row, i] = s.u[b.probe_slot[i]]
            b.probe_v[row, i] = s.v[b.probe_slot[i]]
        if input_ptr[t + 1] > input_ptr[t]:
            channels = input_channel[input_ptr[t] : input_ptr[t + 1]]
            count_arrivals(m.caused, b, channels, n)
            deliver(m, s, b, channels, n)
        note_inputs(b, row)
        if n_spikes > first:
            spikes = b.spike_slot[first:n_spikes]
            count_own(m.caused, b, spikes)
            deliver(m, s, b, spikes, np.int64(0))
        note_step(m.caused, b, row)
    return stop, n_spikes


@jit(inline="always")
def deliver(m, s, b, spikes, offset):
    """Deliver the spikes of sources `offset + spikes`; external ones have an offset."""
    if m.is_packed and m.max_delay == 1:
        row = s.ring[b.row_of_delay[1] : b.row_of_delay[1] + len(s.u)]
        scatter_next(row, m.synapse_ptr, m.synapse, spikes, offset)
    elif m.is_packed:
        scatter_packed(s.ring, b.row_of_delay, m.synapse_ptr, m.synapse, spikes, offset)
    else:
        scatter_wide(s.ring, b.row_of_delay, m.synapse_ptr, m.synapse, m.wide_weight, spikes, offset)


@jit(inline="always")
def update(m, s, b, t, n_spikes):
    """Update every neuron; append those that fire to the spike buffer."""
    n, wide, now, already, one = m.n, len(s.u), b.row_of_delay[0], n_spikes, s.u.dtype.type
    rules = one(m.weight_shift), one(m.u_limit), one(m.v_limit)
    beyond = (np.uint64(1) << np.uint64(n % WORD)) - np.uint64(1)  # who exists in the last word
    for begin in range(0, wide, BLOCK):
        block, end = begin // BLOCK, min(begin + BLOCK, wide)
        if s.at_rest[block]:
            if not _is_any_set(s.ring, now + begin, end - begin):
                continue
            s.at_rest[block] = 0
        looks = (t + block) % LOOK == 0 and _is_still(s, now, begin, end)
        first = n_spikes
        for at in range(begin, end, WORD):
            if looks:
                for i in range(WORD):
                    s.before[at - begin + i] = s.v[at + i]
            fired = _step(m, s, begin, at, now + at, rules)
            if at + WORD == wide and beyond:
                fired &= beyond
            n_spikes = append_bits(fired, at, b.spike_slot, n_spikes)
        if looks and n_spikes == first:
            s.at_rest[block] = not _is_any_changed(s.v, begin, s.before, end - begin)
    b.spike_step[already:n_spikes] = t
    return n_spikes


@jit(inline="always")
def _step(m, s, begin, at, ring_at, rules):
    """A step of the WORD neurons from `at` on, of the block from `begin` on; the word of who fires."""
    shift, u_limit, v_limit = rules
    if m.update[begin // BLOCK] == SAME:
        keep_u, keep_v, threshold = m.keep_u[begin], m.keep_v[begin], m.threshold[begin]
        return step_same(s.u, s.v, s.ring, m.bias, at, ring_at, keep_u, keep_v, threshold, shift, u_limit, v_limit)
    return step_each(
        s.u, s.v, s.ring, m.bias, at, ring_at, m.keep_u, m.keep_v, m.threshold, shift, u_limit, v_limit,
        s.waiting, m.refractory, m.u_rule == WRAP_ONCE, m.v_rule == WRAP_ONCE,
    )  # fmt: skip


@jit(inline="always")
def _is_still(s, now, begin, end):
    """Whether u is 0 in a block, nothing arrives, and nobody waits."""
    n = end - begin
    return not (_is_any_set(s.u, begin, n) or _is_any_set(s.ring, now + begin, n) or _is_any_set(s.waiting, begin, n))


@jit(inline="always")
def _is_any_set(values, at, n):
    some = np.uint64(0)
    for k in range(0, n, WORD):
        some |= is_set(values, at + k)
    return some != 0


@jit(inline="always")
def _is_any_changed(values, at, before, n):
    some = np.uint64(0)
    for k in range(0, n, WORD):
        some |= differ(values, at + k, before, k)
    return some != 0
