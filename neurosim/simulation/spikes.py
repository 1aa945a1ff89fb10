"""Delivery of spikes: what each adds to the counts where it arrives, and to the ring of arriving input.

A spike reads one run of synapses and one row of counts, which lie anywhere in memory: both are prefetched some spikes
ahead.  Functions are called once a step, not once a spike, and with arrays, not with all of the machine.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.lanes import prefetch
from neurosim.simulation.layout import N_HOME, PACKED_TARGET_BITS, WIDE_TARGET_BITS, WORD
from neurosim.simulation.lif_lanes import ROWS_AT_ONCE, add_row, add_rows

AHEAD = 2  # spikes, of which a run is prefetched
ROWS_AHEAD = 16  # spikes, of which a row is prefetched
MOST_LINES = 64  # of a run that are prefetched
LINE_BYTES = 64


@jit
def fill_rows(rows, n_cores, axon_ptr, axon_core, axon_counts, axon_pair, pair_link_ptr, pair_link):
    """Write what `count_axons` would add for each source, to rows of zeros [source, width]."""
    n_kinds = axon_counts.shape[1]
    for source in range(len(axon_ptr) - 1):
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            for c in range(n_kinds):
                rows[source, c * n_cores + axon_core[a]] += axon_counts[a, c]
            pair = axon_pair[a]
            if pair >= 0:
                for k in range(pair_link_ptr[pair], pair_link_ptr[pair + 1]):
                    rows[source, n_kinds * n_cores + pair_link[k]] += 1


@jit
def count_at_home(core_of, of_spike, counts, spikes):
    """Add what each spike counts on its own core, `of_spike` [slot * N_HOME], to `counts` [core * N_HOME]."""
    for i in range(len(spikes)):
        if i + ROWS_AHEAD < len(spikes):
            prefetch(of_spike, np.int64(spikes[i + ROWS_AHEAD]) * N_HOME)
        slot = np.int64(spikes[i])
        add_row(counts, np.int64(core_of[slot]) * N_HOME, of_spike, slot * N_HOME)


@jit
def count_rows(rows, arriving, width, spikes, offset):
    """Add the rows of sources `offset + spikes`, each of `width` numbers, to `arriving`; the last row is of zeros."""
    n, zeros = len(spikes), len(rows) - width
    for i in range(0, n, ROWS_AT_ONCE):
        for j in range(i + ROWS_AHEAD, min(i + ROWS_AHEAD + ROWS_AT_ONCE, n)):
            ahead = (offset + np.int64(spikes[j])) * width
            for k in range(ahead, ahead + width, LINE_BYTES // rows.itemsize):
                prefetch(rows, k)
        first = (offset + np.int64(spikes[i])) * width
        second = (offset + np.int64(spikes[i + 1])) * width if i + 1 < n else zeros
        third = (offset + np.int64(spikes[i + 2])) * width if i + 2 < n else zeros
        fourth = (offset + np.int64(spikes[i + 3])) * width if i + 3 < n else zeros
        for k in range(0, width, WORD):
            add_rows(arriving, k, rows, first + k, second + k, third + k, fourth + k)


@jit
def count_axons(axons, arriving, n_cores, spikes, offset):
    """The same axon by axon, and link by link on the way."""
    axon_ptr, axon_core, axon_counts, axon_pair, pair_link_ptr, pair_link = axons
    n_kinds = axon_counts.shape[1]
    for i in range(len(spikes)):
        source = offset + spikes[i]
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            for c in range(n_kinds):
                arriving[c * n_cores + axon_core[a]] += axon_counts[a, c]
            pair = axon_pair[a]
            if pair >= 0:
                for k in range(pair_link_ptr[pair], pair_link_ptr[pair + 1]):
                    arriving[n_kinds * n_cores + pair_link[k]] += 1


@jit
def scatter_next(next_row, synapse_ptr, words, spikes, offset):
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
def scatter_packed(ring, row_of_delay, synapse_ptr, words, spikes, offset):
    """Packed synapses, with delays that differ."""
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
def scatter_wide(ring, row_of_delay, synapse_ptr, words, weights, spikes, offset):
    """Synapses whose weights stand apart."""
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
