"""The compiled simulation loop: exact integers, event by event, every event counted.

One call advances one sample by up to a buffer of steps.  A step: spikes that arrive now are taken from the ring;
all neurons are updated, block by block so that the update vectorises; then every spike, external or own, is
counted and delivered.  layout.py tells how a program lies in memory.

A spike reads one run of synapses and one row of counts, which lie anywhere in memory: both are prefetched two spikes
ahead.  Decay rounds toward zero, in integers that vectorise: with x = 2^16 a + b, |x| * k / 2^16 is |a| * k plus
|b| * k / 2^16, and k <= 2^16, as registers have at most 16 bits.  Shifts by a constant take half the time of others.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.lanes import lowest, prefetch
from neurosim.simulation.layout import (
    BLOCK,
    BORDERS_X,
    BORDERS_Y,
    INPUT_PACKETS,
    MERGED_PACKETS,
    N_ARRIVING,
    N_HOME,
    PACKED_TARGET_BITS,
    PACKETS_IN,
    ROW_CHUNK,
    SYNAPTIC_EVENTS,
    WIDE_TARGET_BITS,
    WRAP_ONCE,
)

AHEAD = 2  # spikes, of which a run is prefetched
MOST_LINES = 64  # of a run that are prefetched
LINE_BYTES = 64


@jit
def advance(m, s, b, input_ptr, input_channel, start, stop, halt):
    """Advance from step `start` to `stop`, or until the spike buffer is full or `halt[0]` is set.

    `input_ptr[t] : input_ptr[t + 1]` are the external spikes of step t in `input_channel`.
    Returns the step reached and the number of spikes written.
    """
    n, n_spikes, n_rows = len(m.core_of), 0, m.max_delay + 1
    # in variables, as numba counts references of every array that is read from a tuple
    core_of, home_of, counts, home = m.core_of, m.home, b.counts, b.home
    arriving, row_of_delay, n_cores = b.arriving, b.row_of_delay, b.counts.shape[1]
    links = N_ARRIVING * n_cores
    rows, ring, synapse_ptr, words = m.rows, s.ring, m.synapse_ptr, m.synapse
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        row = t - start
        for d in range(n_rows):
            row_of_delay[d] = (t + d) % n_rows * n
        first = n_spikes
        n_spikes = _update(m, s, b, t, n_spikes)
        for i in range(len(b.probe_slot)):
            b.probe_u[row, i] = s.u[b.probe_slot[i]]
            b.probe_v[row, i] = s.v[b.probe_slot[i]]
        if input_ptr[t + 1] > input_ptr[t]:
            channels = input_channel[input_ptr[t] : input_ptr[t + 1]]
            _deliver(m, n_cores, rows, arriving, ring, row_of_delay, synapse_ptr, words, channels, n)
        _note_arrivals(counts, row, arriving, INPUT_PACKETS)
        if n_spikes > first:
            spikes = b.spike_slot[first:n_spikes]
            _count_at_home(core_of, home_of, home, spikes)
            _deliver(m, n_cores, rows, arriving, ring, row_of_delay, synapse_ptr, words, spikes, 0)
        _note_arrivals(counts, row, arriving, PACKETS_IN)
        _note_events(counts, row, home, arriving)
        b.busiest_link[row] = _note_largest(arriving, links, links + m.n_inside)
        b.busiest_border[row] = _note_largest(arriving, links + m.n_inside, links + m.n_links)
    return stop, n_spikes


@jit(inline="always")
def _deliver(m, n_cores, rows, arriving, ring, row_of_delay, synapse_ptr, words, spikes, offset):
    """Count where they arrive, and deliver, the spikes of sources `offset + spikes`; external ones have an offset.

    Functions are called once a step, not once a spike, and with arrays, not with all of the machine; or are inlined.
    """
    n = len(m.core_of)
    if m.has_rows:
        _count_rows(rows, arriving, spikes, offset)
    else:
        axons = (m.axon_ptr, m.axon_core, m.axon_counts, m.axon_pair, m.pair_link_ptr, m.pair_link)
        _count_axons(axons, arriving, n_cores, spikes, offset)
    if m.is_packed and m.max_delay == 1:
        _scatter_next(ring[row_of_delay[1] : row_of_delay[1] + n], synapse_ptr, words, spikes, offset)
    elif m.is_packed:
        _scatter_packed(ring, row_of_delay, synapse_ptr, words, spikes, offset)
    else:
        _scatter_wide(ring, row_of_delay, synapse_ptr, words, m.wide_weight, spikes, offset)


@jit
def _count_at_home(core_of, of_spike, counts, spikes):
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            prefetch(of_spike, np.int64(spikes[i + AHEAD]) * N_HOME)
        core = core_of[spikes[i]]
        for c in range(N_HOME):
            counts[core, c] += of_spike[spikes[i], c]


@jit
def _count_rows(rows, arriving, spikes, offset):
    width, per_line = np.int64(len(arriving)), LINE_BYTES // rows.itemsize
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            ahead = (offset + np.int64(spikes[i + AHEAD])) * width
            for k in range(ahead, ahead + width, per_line):
                prefetch(rows, k)
        begin = (offset + np.int64(spikes[i])) * width
        for chunk in range(0, width, ROW_CHUNK):
            some, row = arriving[chunk : chunk + ROW_CHUNK], rows[begin + chunk : begin + chunk + ROW_CHUNK]
            for c in range(ROW_CHUNK):  # of constant length, so that nothing is left over to be added one by one
                some[c] += row[c]


@jit
def _count_axons(axons, arriving, n_cores, spikes, offset):
    axon_ptr, axon_core, axon_counts, axon_pair, pair_link_ptr, pair_link = axons
    for i in range(len(spikes)):
        source = offset + spikes[i]
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            for c in range(N_ARRIVING):
                arriving[c * n_cores + axon_core[a]] += axon_counts[a, c]
            pair = axon_pair[a]
            if pair >= 0:
                for k in range(pair_link_ptr[pair], pair_link_ptr[pair + 1]):
                    arriving[N_ARRIVING * n_cores + pair_link[k]] += 1


@jit(inline="always")
def _note_arrivals(counts, row, arriving, kind):
    """Write the packets that arrived at each core, and forget them."""
    for core in range(counts.shape[1]):
        counts[row, core, kind] = arriving[core]
        arriving[core] = 0


@jit(inline="always")
def _note_events(counts, row, home, arriving):
    """Write the other counts of each core, and forget them."""
    n_cores = counts.shape[1]
    for core in range(n_cores):
        for c in range(PACKETS_IN):
            counts[row, core, c] = home[core, c]
        counts[row, core, MERGED_PACKETS] = 0
        counts[row, core, BORDERS_X] = home[core, PACKETS_IN]
        counts[row, core, BORDERS_Y] = home[core, PACKETS_IN + 1]
        for c in range(N_HOME):
            home[core, c] = 0
        for c in range(1, N_ARRIVING):
            counts[row, core, SYNAPTIC_EVENTS + c - 1] = arriving[c * n_cores + core]
            arriving[c * n_cores + core] = 0


@jit(inline="always")
def _note_largest(arriving, first, last):
    """The largest load of some links, which are forgotten."""
    largest = np.int32(0)
    for k in range(first, last):
        largest = max(largest, arriving[k])
        arriving[k] = 0
    return largest


@jit
def _scatter_next(next_row, synapse_ptr, words, spikes, offset):
    """Packed synapses, all with a delay of one step."""
    one = next_row.dtype.type
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            ahead = offset + spikes[i + AHEAD]
            _prefetch_run(words, synapse_ptr[ahead], synapse_ptr[ahead + 1])
        source = offset + spikes[i]
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            word = words[k]  # unsigned, so that no index is tested for its sign
            next_row[word & np.uint32(2**PACKED_TARGET_BITS - 1)] += one(np.int32(word) >> np.int32(24))


@jit
def _scatter_packed(ring, row_of_delay, synapse_ptr, words, spikes, offset):
    one = ring.dtype.type
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            ahead = offset + spikes[i + AHEAD]
            _prefetch_run(words, synapse_ptr[ahead], synapse_ptr[ahead + 1])
        source = offset + spikes[i]
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            word = words[k]
            row = np.uint64(row_of_delay[(word >> np.uint32(PACKED_TARGET_BITS)) & np.uint32(15)])
            target = row + np.uint64(word & np.uint32(2**PACKED_TARGET_BITS - 1))
            ring[target] += one(np.int32(word) >> np.int32(24))


@jit
def _scatter_wide(ring, row_of_delay, synapse_ptr, words, weights, spikes, offset):
    one = ring.dtype.type
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            ahead = offset + spikes[i + AHEAD]
            _prefetch_run(words, synapse_ptr[ahead], synapse_ptr[ahead + 1])
            _prefetch_run(weights, synapse_ptr[ahead], synapse_ptr[ahead + 1])
        source = offset + spikes[i]
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            row = np.uint64(row_of_delay[words[k] >> np.uint32(WIDE_TARGET_BITS)])
            target = row + np.uint64(words[k] & np.uint32(2**WIDE_TARGET_BITS - 1))
            ring[target] += one(weights[k])


@jit(inline="always")
def _prefetch_run(values, begin, end):
    """Ask for the cache lines of `values[begin:end]`, up to MOST_LINES of them: the processor follows long runs."""
    for k in range(begin, min(end, begin + MOST_LINES * LINE_BYTES // 4), LINE_BYTES // 4):
        prefetch(values, k)


@jit(inline="always")
def _update(m, s, b, t, n_spikes):
    """Update every neuron; append those that fire to the spike buffer."""
    n = len(m.core_of)
    arriving = s.ring[b.row_of_delay[0] : b.row_of_delay[0] + n]
    all_u, all_v, all_fired, fired_words = s.u, s.v, s.fired, s.fired_words
    all_bias, all_threshold, all_keep_u, all_keep_v, is_same = m.bias, m.threshold, m.keep_u, m.keep_v, m.is_same
    spike_step, spike_slot = b.spike_step, b.spike_slot
    rules = (m.weight_shift, m.u_limit, m.v_limit)
    for begin in range(0, n, BLOCK):
        end = min(begin + BLOCK, n)
        u, v, fired = all_u[begin:end], all_v[begin:end], all_fired[begin:end]
        a, bias, threshold = arriving[begin:end], all_bias[begin:end], all_threshold[begin:end]
        keep_u, keep_v = all_keep_u[begin:end], all_keep_v[begin:end]
        if m.is_usual and is_same[begin // BLOCK]:
            _step_same(u, v, a, bias, threshold, fired, keep_u, keep_v, rules)
        elif m.is_usual:
            _step(u, v, a, bias, threshold, fired, keep_u, keep_v, rules)
        else:
            _integrate_u(u, a, keep_u, m.weight_shift, m.u_limit, m.u_rule)
            _integrate_v(v, u, bias, keep_v, m.v_limit, m.v_rule)
            _fire(v, fired, threshold, s.waiting[begin:end], m.refractory[begin:end])
        n_spikes = _append(spike_step, spike_slot, n_spikes, t, begin, fired_words[begin // 8 : (end + 7) // 8])
    return n_spikes


@jit(inline="always")
def _append(spike_step, spike_slot, n_spikes, t, first, words):
    """Append who fired to the spike buffer; eight neurons a word, the first in its lowest byte."""
    for k in range(len(words)):
        word = words[k]
        while word:
            spike_step[n_spikes] = t
            spike_slot[n_spikes] = first + k * 8 + lowest(word) // 8
            n_spikes += 1
            word &= word - np.uint64(1)
    return n_spikes


@jit(inline="always")
def _decayed(x, keep, one, whole):
    """Scale x, of type `one`, by keep / 2^16, toward zero; keep is of type `whole`, x's without a sign."""
    size = whole(abs(x))
    left = one(whole(whole(size >> whole(16)) * keep) + whole(whole(whole(size & whole(65535)) * keep) >> whole(16)))
    return left if x >= 0 else one(-left)


@jit(inline="always")
def _usual(u, v, a, bias, threshold, keep_u, keep_v, rules, one, whole):
    """A neuron whose u wraps once and whose v saturates: u, v before it is reset, and whether it fires."""
    shift, u_limit, v_limit = rules
    top, turn = one(u_limit), one(2 * u_limit)
    x = one(_decayed(u, keep_u, one, whole) + one(one(a) << one(shift & 31)))
    x = one(x - turn) if x > top else (one(x + turn) if x <= -top else x)
    y = one(_decayed(v, keep_v, one, whole) + one(x + bias))
    y = min(max(y, one(1 - v_limit)), one(v_limit - 1))
    return x, y, y > threshold


@jit(inline="always")
def _step_same(u, v, a, bias, threshold, fired, keep_u, keep_v, rules):
    """A block of usual neurons that never wait, with the same decays and threshold, all in one pass."""
    one, whole = u.dtype.type, keep_u.dtype.type
    keep_of_u, keep_of_v, limit = keep_u[0], keep_v[0], threshold[0]
    for i in range(len(u)):
        x, y, f = _usual(u[i], v[i], a[i], bias[i], limit, keep_of_u, keep_of_v, rules, one, whole)
        u[i] = x
        a[i] = 0
        fired[i] = f
        v[i] = one(0) if f else y


@jit(inline="always")
def _step(u, v, a, bias, threshold, fired, keep_u, keep_v, rules):
    """The same, each with its own."""
    one, whole = u.dtype.type, keep_u.dtype.type
    for i in range(len(u)):
        x, y, f = _usual(u[i], v[i], a[i], bias[i], threshold[i], keep_u[i], keep_v[i], rules, one, whole)
        u[i] = x
        a[i] = 0
        fired[i] = f
        v[i] = one(0) if f else y


@jit
def _integrate_u(u, a, keep, shift, limit, rule):
    one, whole = u.dtype.type, keep.dtype.type
    top, turn = one(limit), one(2 * limit)
    by = one(shift & 31)
    if rule == WRAP_ONCE:
        for i in range(len(u)):
            x = one(_decayed(u[i], keep[i], one, whole) + one(one(a[i]) << by))
            x = one(x - turn) if x > top else (one(x + turn) if x <= -top else x)
            u[i] = x
            a[i] = 0
    else:
        for i in range(len(u)):
            x = one(_decayed(u[i], keep[i], one, whole) + one(one(a[i]) << by))
            u[i] = min(max(x, one(1 - top)), one(top - 1))
            a[i] = 0


@jit
def _integrate_v(v, u, bias, keep, limit, rule):
    one, whole = v.dtype.type, keep.dtype.type
    top, turn = one(limit), one(2 * limit)
    if rule == WRAP_ONCE:
        for i in range(len(v)):
            x = one(_decayed(v[i], keep[i], one, whole) + one(u[i] + bias[i]))
            v[i] = one(x - turn) if x > top else (one(x + turn) if x <= -top else x)
    else:
        for i in range(len(v)):
            x = one(_decayed(v[i], keep[i], one, whole) + one(u[i] + bias[i]))
            v[i] = min(max(x, one(1 - top)), one(top - 1))


@jit
def _fire(v, fired, threshold, waiting, refractory):
    """A waiting neuron has v = 0, which is never above its threshold."""
    for i in range(len(v)):
        w = waiting[i]
        x = 0 if w else v[i]
        f = np.uint8(x > threshold[i])
        fired[i] = f
        v[i] = 0 if f else x
        left = refractory[i] if f else w
        waiting[i] = left - 1 if left else 0
