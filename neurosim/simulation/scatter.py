"""Scatter: the weights of the synapses of each spike are added to the ring of arriving input.

A spike reads one run of synapses, which lies anywhere in memory: it is prefetched two spikes ahead.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.lanes import prefetch
from neurosim.simulation.layout import PACKED_TARGET_BITS, WIDE_TARGET_BITS

AHEAD = 2  # spikes, of which a run is prefetched
MOST_LINES = 64  # of a run that are prefetched: the processor follows long ones
LINE_BYTES = 64


@jit
def scatter_next(next_row, synapse_ptr, words, spikes, offset):
    """Packed synapses, all with a delay of one step."""
    one = next_row.dtype.type
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            ahead = offset + spikes[i + AHEAD]
            prefetch_run(words, synapse_ptr[ahead], synapse_ptr[ahead + 1])
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
            prefetch_run(words, synapse_ptr[ahead], synapse_ptr[ahead + 1])
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
            prefetch_run(words, synapse_ptr[ahead], synapse_ptr[ahead + 1])
            prefetch_run(weights, synapse_ptr[ahead], synapse_ptr[ahead + 1])
        source = offset + spikes[i]
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            row = np.uint64(row_of_delay[words[k] >> np.uint32(WIDE_TARGET_BITS)])
            target = row + np.uint64(words[k] & np.uint32(2**WIDE_TARGET_BITS - 1))
            ring[target] += one(weights[k])


@jit(inline="always")
def prefetch_run(values, begin, end):
    """Ask for the cache lines of `values[begin:end]`, up to MOST_LINES of them."""
    per_line = LINE_BYTES // values.itemsize
    for k in range(begin, min(end, begin + MOST_LINES * per_line), per_line):
        prefetch(values, k)
