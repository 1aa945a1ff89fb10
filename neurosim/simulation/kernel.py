"""The compiled simulation loop of LIF neurons: exact integers, event by event, every event counted.

One call advances one sample by up to a buffer of steps.  A step: spikes that arrive now are taken from the ring; all
neurons are updated, 64 at a time (lif_lanes.py); then every spike, external or own, is counted and delivered
(counting.py, scatter.py).  layout.py tells how a program lies in memory.

Blocks of neurons at rest are skipped: where u is 0, v stays as it is, nobody waits and nothing arrives, nothing will
change until a spike arrives.  Each block is looked at now and then, so looking costs next to nothing where all neurons
are busy, and a skipped block costs a look at its arriving input.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.counting import count_arrivals, count_at_home, note_arrivals, note_events, note_largest
from neurosim.simulation.layout import BLOCK, INPUT_PACKETS, PACKETS_IN, SAME, WORD, WRAP_ONCE
from neurosim.simulation.lif_lanes import differ, is_set, step_each, step_same
from neurosim.simulation.order import SPARE, append_bits
from neurosim.simulation.scatter import scatter_next, scatter_packed, scatter_wide

LOOK = 16  # steps between two looks at a block, a power of two


@jit
def advance(m, s, b, input_ptr, input_channel, start, stop, halt):
    """Advance from step `start` to `stop`, or until the spike buffer is full or `halt[0]` is set.

    `input_ptr[t] : input_ptr[t + 1]` are the external spikes of step t in `input_channel`.
    Returns the step reached and the number of spikes written.
    """
    n, n_spikes, n_rows, wide = len(m.core_of), 0, m.max_delay + 1, len(s.u)
    # in variables, as numba counts references of every array that is read from a tuple
    core_of, home_of, kinds, rows, row_width = m.core_of, m.home, m.kinds, m.rows, m.row_width
    synapse_ptr, words, wide_weight, is_packed = m.synapse_ptr, m.synapse, m.wide_weight, m.is_packed
    axons = (m.axon_ptr, m.axon_core, m.axon_counts, m.axon_pair, m.pair_link_ptr, m.pair_link)
    bias, threshold, keep_u, keep_v = m.bias, m.threshold, m.keep_u, m.keep_v
    update, refractory = m.update, m.refractory
    u, v, ring, waiting, at_rest, before = s.u, s.v, s.ring, s.waiting, s.at_rest, s.before
    counts, home, arriving, row_of_delay = b.counts, b.home, b.arriving, b.row_of_delay
    spike_step, spike_slot, busiest_link, busiest_border = b.spike_step, b.spike_slot, b.busiest_link, b.busiest_border
    probe_slot, probe_u, probe_v = b.probe_slot, b.probe_u, b.probe_v
    n_cores = counts.shape[1]
    links, borders, n_kept = len(kinds) * n_cores, len(kinds) * n_cores + m.n_inside, len(spike_slot) - n - SPARE
    one, none = u.dtype.type, np.int64(0)  # a literal 0 is a type of its own, for which all is compiled again
    rules = one(m.weight_shift), one(m.u_limit), one(m.v_limit), m.u_rule == WRAP_ONCE, m.v_rule == WRAP_ONCE
    for t in range(start, stop):
        if n_spikes > n_kept or halt[0]:
            return t, n_spikes
        row, place = t - start, t % n_rows
        for d in range(n_rows):
            row_of_delay[d] = place * wide
            place = place + 1 if place + 1 < n_rows else 0
        first = n_spikes
        n_spikes = _update(
            u, v, ring, waiting, at_rest, before, bias, threshold, keep_u, keep_v, update, refractory, rules,
            spike_step, spike_slot, n_spikes, n, t, row_of_delay[0],
        )  # fmt: skip
        for i in range(len(probe_slot)):
            probe_u[row, i] = u[probe_slot[i]]
            probe_v[row, i] = v[probe_slot[i]]
        if input_ptr[t + 1] > input_ptr[t]:
            channels = input_channel[input_ptr[t] : input_ptr[t + 1]]
            count_arrivals(rows, row_width, axons, arriving, n_cores, channels, n)
            _scatter(ring, row_of_delay, synapse_ptr, words, wide_weight, is_packed, channels, n)
        note_arrivals(counts, row, arriving, INPUT_PACKETS)
        if n_spikes > first:
            spikes = spike_slot[first:n_spikes]
            count_at_home(core_of, home_of, home, spikes)
            count_arrivals(rows, row_width, axons, arriving, n_cores, spikes, none)
            _scatter(ring, row_of_delay, synapse_ptr, words, wide_weight, is_packed, spikes, none)
        note_arrivals(counts, row, arriving, PACKETS_IN)
        note_events(counts, row, kinds, home, arriving)
        busiest_link[row] = note_largest(arriving, links, borders)
        busiest_border[row] = note_largest(arriving, borders, links + m.n_links)
    return stop, n_spikes


@jit(inline="always")
def _scatter(ring, row_of_delay, synapse_ptr, words, wide_weight, is_packed, spikes, offset):
    """Deliver them."""
    if is_packed and len(row_of_delay) == 2:
        row = ring[row_of_delay[1] : row_of_delay[1] + len(ring) // 2]
        scatter_next(row, synapse_ptr, words, spikes, offset)
    elif is_packed:
        scatter_packed(ring, row_of_delay, synapse_ptr, words, spikes, offset)
    else:
        scatter_wide(ring, row_of_delay, synapse_ptr, words, wide_weight, spikes, offset)


@jit(inline="always")
def _update(
    u, v, ring, waiting, at_rest, before, bias, threshold, keep_u, keep_v, update, refractory, rules,
    spike_step, spike_slot, n_spikes, n, t, now,
):  # fmt: skip
    """Update every neuron; append those that fire to the spike buffer.  What arrives stands in the ring from `now`."""
    wide, (shift, u_limit, v_limit, u_wraps, v_wraps) = len(u), rules
    already = n_spikes
    beyond = (np.uint64(1) << np.uint64(n % WORD)) - np.uint64(1)  # who exists in the last word
    for begin in range(0, wide, BLOCK):
        block, end = begin // BLOCK, min(begin + BLOCK, wide)
        if at_rest[block]:
            if not _is_any_set(ring, now + begin, end - begin):
                continue
            at_rest[block] = 0
        looks = (t + block) % LOOK == 0 and _is_still(u, ring, now, waiting, begin, end)
        first = n_spikes
        for at in range(begin, end, WORD):
            if looks:
                for i in range(WORD):
                    before[at - begin + i] = v[at + i]
            if update[block] == SAME:
                fired = step_same(
                    u, v, ring, bias, at, now + at, keep_u[begin], keep_v[begin], threshold[begin],
                    shift, u_limit, v_limit,
                )  # fmt: skip
            else:
                fired = step_each(
                    u, v, ring, bias, at, now + at, keep_u, keep_v, threshold,
                    shift, u_limit, v_limit, waiting, refractory, u_wraps, v_wraps,
                )  # fmt: skip
            if at + WORD == wide and beyond:
                fired &= beyond
            n_spikes = append_bits(fired, at, spike_slot, n_spikes)
        if looks and n_spikes == first:
            at_rest[block] = not _is_any_changed(v, begin, before, end - begin)
    spike_step[already:n_spikes] = t
    return n_spikes


@jit(inline="always")
def _is_still(u, ring, now, waiting, begin, end):
    """Whether u is 0 in a block, nothing arrives, and nobody waits."""
    n = end - begin
    return not (_is_any_set(u, begin, n) or _is_any_set(ring, now + begin, n) or _is_any_set(waiting, begin, n))


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
