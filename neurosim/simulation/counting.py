"""Counting what spikes cause: added up as they are sent, written once a step for each core.

What arrives is kept apart by kind, then by core, with the load of every link behind; it is known when a program is laid
out (spike_counts.py).  A spike reads one row of it, which lies anywhere in memory, so rows are prefetched.  Functions
are called once a step, not once a spike, and with arrays, not with all of the machine; or are inlined.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.lanes import prefetch
from neurosim.simulation.layout import (
    BORDERS_X,
    BORDERS_Y,
    INPUT_PACKETS,
    N_HOME,
    PACKETS_IN,
    SYNAPTIC_EVENTS,
    WORD,
)
from neurosim.simulation.lif_lanes import ROWS_AT_ONCE, add_row, sum_rows

AHEAD = 16  # spikes, of which a row at home is prefetched


@jit(inline="always")
def count_arrivals(caused, b, spikes, offset):
    """Count where they arrive the spikes of sources `offset + spikes`; external ones have an offset."""
    if caused.row_width:
        count_rows(caused.rows, b.arriving, caused.row_width, spikes, offset)
    else:
        axons = (
            caused.axon_ptr, caused.axon_core, caused.axon_counts,
            caused.axon_pair, caused.pair_link_ptr, caused.pair_link,
        )  # fmt: skip
        count_axons(axons, b.arriving, b.counts.shape[1], spikes, offset)


@jit(inline="always")
def count_axon(arriving, n_cores, axon_core, axon_counts, a):
    """Add what a packet on an axon counts where it arrives."""
    for c in range(axon_counts.shape[1]):
        arriving[c * n_cores + axon_core[a]] += axon_counts[a, c]


@jit(inline="always")
def load_links(arriving, first, pair_link_ptr, pair_link, pair):
    """Add a packet to the links of its way, whose loads begin at `first`; a negative pair has none."""
    if pair >= 0:
        for k in range(pair_link_ptr[pair], pair_link_ptr[pair + 1]):
            arriving[first + pair_link[k]] += 1


@jit
def fill_rows(rows, n_cores, axon_ptr, axon_core, axon_counts, axon_pair, pair_link_ptr, pair_link):
    """Write what `count_axons` would add for each source, to rows of zeros [source, width]."""
    n_kinds = axon_counts.shape[1]
    for source in range(len(axon_ptr) - 1):
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            count_axon(rows[source], n_cores, axon_core, axon_counts, a)
            load_links(rows[source], n_kinds * n_cores, pair_link_ptr, pair_link, axon_pair[a])


@jit(inline="always")
def count_own(caused, b, spikes):
    """Count the spikes of own neurons, at home and where they arrive."""
    count_at_home(caused.core_of, caused.home, b.home, spikes)
    count_arrivals(caused, b, spikes, np.int64(0))  # a literal 0 is a type of its own: all would be compiled twice


@jit
def count_at_home(core_of, of_spike, counts, spikes):
    """Add what each spike counts on its own core, `of_spike` [slot * N_HOME], to `counts` [core * N_HOME]."""
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            prefetch(of_spike, np.int64(spikes[i + AHEAD]) * N_HOME)
            prefetch(core_of, np.int64(spikes[i + AHEAD]))
        slot = np.int64(spikes[i])
        add_row(counts, np.int64(core_of[slot]) * N_HOME, of_spike, slot * N_HOME)


@jit
def count_rows(rows, arriving, width, spikes, offset):
    """Add the rows of sources `offset + spikes`, each of `width` numbers, to `arriving`."""
    for first in range(0, len(spikes), ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, len(spikes))
        for at in range(0, width, WORD):
            sum_rows(arriving, at, rows, width, spikes, offset, first, last)


@jit
def count_axons(axons, arriving, n_cores, spikes, offset):
    """The same axon by axon, and link by link on the way."""
    axon_ptr, axon_core, axon_counts, axon_pair, pair_link_ptr, pair_link = axons
    n_kinds = axon_counts.shape[1]
    for i in range(len(spikes)):
        source = offset + spikes[i]
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            count_axon(arriving, n_cores, axon_core, axon_counts, a)
            load_links(arriving, n_kinds * n_cores, pair_link_ptr, pair_link, axon_pair[a])


@jit(inline="always")
def note_inputs(b, row):
    """Write what came from outside, once that is counted and nothing else."""
    _note_packets(b, row, INPUT_PACKETS)


@jit(inline="always")
def note_step(caused, b, row):
    """Write all other counts of a step, and forget them."""
    _note_packets(b, row, PACKETS_IN)
    _note_events(b.counts, row, caused.kinds, b.home, b.arriving)
    links = len(caused.kinds) * b.counts.shape[1]
    borders = links + caused.n_inside
    b.busiest_link[row] = _note_largest(b.arriving, links, borders)
    b.busiest_border[row] = _note_largest(b.arriving, borders, links + caused.n_links)


@jit(inline="always")
def _note_packets(b, row, kind):
    """Write the packets that arrived at each core, and forget them."""
    for core in range(b.counts.shape[1]):
        b.counts[row, core, kind] = b.arriving[core]
        b.arriving[core] = 0


@jit(inline="always")
def _note_events(counts, row, kinds, home, arriving):
    """Write the other counts of each core, and forget them."""
    n_cores = counts.shape[1]
    for core in range(n_cores):
        for c in range(PACKETS_IN):
            counts[row, core, c] = home[core * N_HOME + c]
        counts[row, core, BORDERS_X] = home[core * N_HOME + PACKETS_IN]
        counts[row, core, BORDERS_Y] = home[core * N_HOME + PACKETS_IN + 1]
        for c in range(N_HOME):
            home[core * N_HOME + c] = 0
        for kind in range(SYNAPTIC_EVENTS, BORDERS_X):  # those that do not occur stay 0
            counts[row, core, kind] = 0
        for c in range(1, len(kinds)):
            counts[row, core, kinds[c]] = arriving[c * n_cores + core]
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
def add_up(rows, total):
    """Add counts of steps [step, core, kind] to `total` [core, kind], int64."""
    sums = total.reshape(total.size)
    for step in range(len(rows)):
        counts = rows[step].reshape(total.size)
        for i in range(len(sums)):
            sums[i] += counts[i]
