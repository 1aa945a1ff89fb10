"""Counts: of what spikes cause, axon by axon, for loops that have no faster way; and sums of those of all steps."""

import numpy as np

from compiler.jit import jit


@jit
def count_spikes(m, b, spikes, offset, counts):
    """Count the spikes of sources `offset + spikes`; external ones have an offset and no core.

    `counts` [core, kind] and `b.link_load` [link] are added to; `m` is any machine with the fields of delivery.py.
    """
    for i in range(len(spikes)):
        source = offset + spikes[i]
        if offset == 0:
            for c in range(counts.shape[1]):
                counts[m.core_of[source], c] += m.source_counts[source, c]
        for a in range(m.axon_ptr[source], m.axon_ptr[source + 1]):
            for c in range(counts.shape[1]):
                counts[m.axon_core[a], c] += m.axon_counts[a, c]
            pair = m.axon_pair[a]
            if pair >= 0:
                for k in range(m.pair_link_ptr[pair], m.pair_link_ptr[pair + 1]):
                    b.link_load[m.pair_link[k]] += 1


@jit
def largest(load):
    """The largest of some loads, 0 if there are none."""
    return load.max() if len(load) else np.int32(0)


@jit
def add_up(rows, total):
    """Add counts of steps [step, core, kind] to `total` [core, kind], int64."""
    sums = total.reshape(total.size)
    for step in range(len(rows)):
        counts = rows[step].reshape(total.size)
        for i in range(len(sums)):
            sums[i] += counts[i]
