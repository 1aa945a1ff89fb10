"""Scatter: the weights of the synapses of each spike are added to the ring of arriving input.

A spike reads one run of synapses, which lies anywhere in memory: it is prefetched some spikes ahead, so that about as
many synapses lie between as are added while memory answers; where the run lies, as far ahead again.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.lanes import prefetch
from neurosim.simulation.layout import PACKED_TARGET_BITS, WIDE_TARGET_BITS
from neurosim.simulation.vectors import LINE_BYTES

SYNAPSES_AHEAD = 200  # that are added before a run that is prefetched
MOST_AHEAD = 16  # spikes
MOST_LINES = 64  # of a run that are prefetched: the processor follows long ones


@jit
def scatter_next(next_row, synapse_ptr, words, spikes, offset):
    """Packed synapses, all with a delay of one step."""
    one, ahead = next_row.dtype.type, spikes_ahead(words, synapse_ptr)
    for i in range(len(spikes)):
        if i + 2 * ahead < len(spikes):
            prefetch(synapse_ptr, offset + np.int64(spikes[i + 2 * ahead]))
        if i + ahead < len(spikes):
            coming = offset + spikes[i + ahead]
            prefetch_run(words, synapse_ptr[coming], synapse_ptr[coming + 1])
        source = offset + spikes[i]
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            word = words[k]  # unsigned, so that no index is tested for its sign
            next_row[word & np.uint32(2**PACKED_TARGET_BITS - 1)] += one(np.int32(word) >> np.int32(24))


@jit
def scatter_packed(ring, row_of_delay, synapse_ptr, words, spikes, offset):
    """Packed synapses, with delays that differ."""
    one, ahead = ring.dtype.type, spikes_ahead(words, synapse_ptr)
    for i in range(len(spikes)):
        if i + 2 * ahead < len(spikes):
            prefetch(synapse_ptr, offset + np.int64(spikes[i + 2 * ahead]))
        if i + ahead < len(spikes):
            coming = offset + spikes[i + ahead]
            prefetch_run(words, synapse_ptr[coming], synapse_ptr[coming + 1])
        source = offset + spikes[i]
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            word = words[k]
            row = np.uint64(row_of_delay[(word >> np.uint32(PACKED_TARGET_BITS)) & np.uint32(15)])
            target = row + np.uint64(word & np.uint32(2**PACKED_TARGET_BITS - 1))
            ring[target] += one(np.int32(word) >> np.int32(24))


@jit
def scatter_wide(ring, row_of_delay, synapse_ptr, words, weights, spikes, offset):
    """Synapses whose weights stand apart."""
    one, ahead = ring.dtype.type, spikes_ahead(words, synapse_ptr)
    for i in range(len(spikes)):
        if i + 2 * ahead < len(spikes):
            prefetch(synapse_ptr, offset + np.int64(spikes[i + 2 * ahead]))
        if i + ahead < len(spikes):
            coming = offset + spikes[i + ahead]
            prefetch_run(words, synapse_ptr[coming], synapse_ptr[coming + 1])
            prefetch_run(weights, synapse_ptr[coming], synapse_ptr[coming + 1])
        source = offset + spikes[i]
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            row = np.uint64(row_of_delay[words[k] >> np.uint32(WIDE_TARGET_BITS)])
            target = row + np.uint64(words[k] & np.uint32(2**WIDE_TARGET_BITS - 1))
            ring[target] += one(weights[k])


@jit(inline="always")
def spikes_ahead(words, synapse_ptr):
    """How far ahead runs of so many synapses are prefetched, in spikes."""
    return min(max(SYNAPSES_AHEAD * len(synapse_ptr) // (len(words) + 1), 2), MOST_AHEAD)


@jit(inline="always")
def prefetch_run(values, begin, end):
    """Ask for the cache lines of `values[begin:end]`, up to MOST_LINES of them."""
    per_line = LINE_BYTES // values.itemsize
    for k in range(begin, min(end, begin + MOST_LINES * per_line), per_line):
        prefetch(values, k)
