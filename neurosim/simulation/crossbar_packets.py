"""Packets of crossbar chips: counted and listed where they leave, put on axons where they arrive."""

import numpy as np

from compiler.jit import lean_jit
from neurosim.simulation.crossbar_layout import DELAY_BITS, REPORTS_BIT, WAY_BITS
from neurosim.simulation.crossbar_links import mark
from neurosim.simulation.lanes import LANES, prefetch
from neurosim.simulation.layout import (
    BORDERS_X,
    BORDERS_Y,
    HOPS_X,
    HOPS_Y,
    INPUT_PACKETS,
    MERGED_PACKETS,
    PACKETS_BETWEEN_CORES,
    PACKETS_IN,
    PACKETS_OUT,
    SPIKES,
)
from neurosim.simulation.loss_kernel import is_lost

AHEAD = 32  # packets, of which the axon is asked for
DELAY = (1 << DELAY_BITS) - 1  # of a way


@lean_jit
def take_input(m, s, t, channels, part, counts):
    """External spikes on axons of the part's cores."""
    first, last = s.part[part], s.part[part + 1]
    ring_row = (len(m.core_ptr) - 1) << m.axon_bits
    for channel in channels:
        for e in range(m.input_ptr[channel], m.input_ptr[channel + 1]):
            core = m.input_target[e] >> m.axon_bits
            if first <= core < last and not (m.loss_limit and is_lost(s.seed[0], t, m.input_key[e], m.loss_limit)):
                at = (t + m.input_delay[e]) % m.rows * ring_row + m.input_target[e]
                _arrive(s.axon, at, counts, core, INPUT_PACKETS)


@lean_jit
def take_packets(m, s, t, part, counts):
    """What all parts have sent to axons of this one's cores."""
    axons, row_of_delay, axon_bits = s.axon, s.row_of_delay[part], m.axon_bits
    messages, n_sent = s.message[t % 2], s.n_sent[t % 2]
    for delay in range(m.rows):
        row_of_delay[delay] = ((t + delay) % m.rows * (len(m.core_ptr) - 1)) << axon_bits
    for other in range(len(s.part) - 1):
        for i in range(s.message_ptr[other, part], n_sent[other, part]):
            ahead, here = np.int64(messages[i + AHEAD]), np.int64(messages[i])
            prefetch(axons, (row_of_delay[ahead & DELAY] + (ahead >> WAY_BITS)) // LANES)
            axon = here >> WAY_BITS
            _arrive(axons, row_of_delay[here & DELAY] + axon, counts, axon >> axon_bits, PACKETS_IN)


@lean_jit(inline="always")
def _arrive(axons, at, counts, core, kind):
    """A packet reaches an axon; one that meets another merges with it."""
    word, j = axons[at // LANES], np.uint64(at % LANES)
    counts[core, kind] += 1
    counts[core, MERGED_PACKETS] += np.int32((word >> j) & np.uint64(1))
    axons[at // LANES] = word | np.uint64(1) << j


@lean_jit(inline="always")
def send(m, s, t, part, core, begin, end, reported, counts):
    """Count the spikes `fired[begin:end]` of a core, list their packets, and put who is reported in front.

    Returns how many have been reported.
    """
    if m.loss_limit:
        return _send(m, s, t, part, core, begin, end, reported, counts, True)
    return _send(m, s, t, part, core, begin, end, reported, counts, False)


@lean_jit(inline="always")
def _send(m, s, t, part, core, begin, end, reported, counts, loses):
    """`send`; `loses` is written out where this is called, so that a loop without losses never asks for it."""
    fired, messages, sent = s.fired[part], s.message[t % 2], s.n_sent[t % 2, part]
    load_x, load_y, load = s.load_x[t % 2, part], s.load_y[t % 2, part], s.load[t % 2, part]
    out, between, hops_x, hops_y = 0, np.int64(0), np.int64(0), np.int64(0)
    borders_x, borders_y = np.int64(0), np.int64(0)
    x, y = np.int64(m.tile_x[core]), np.int64(m.tile_y[core])
    for i in range(begin, end):
        slot = fired[i]
        to = np.int64(m.way[slot])
        fired[reported] = slot
        reported += to >> REPORTS_BIT & 1
        if to & DELAY == 0:
            continue
        target = to >> (WAY_BITS + m.axon_bits)
        if not (loses and is_lost(s.seed[0], t, m.way_key[slot], m.loss_limit)):
            to_part = s.part_of[target]
            messages[sent[to_part]] = to
            sent[to_part] += 1
        out += 1
        between += np.int64(target != core)
        to_x, to_y = np.int64(m.tile_x[target]), np.int64(m.tile_y[target])
        if len(m.crossings):
            hops_x += m.crossings[slot, 0]
            hops_y += m.crossings[slot, 1]
            borders_x += m.crossings[slot, 2]
            borders_y += m.crossings[slot, 3]
        else:
            hops_x += abs(to_x - x)
            hops_y += abs(to_y - y)
        if len(m.pair):
            for k in range(m.pair_link_ptr[m.pair[slot]], m.pair_link_ptr[m.pair[slot] + 1]):
                load[m.pair_link[k]] += 1
        else:
            mark(load_x, load_y, m.height, x, y, to_x, to_y)
    counts[core, SPIKES] += end - begin
    counts[core, PACKETS_OUT] += out
    counts[core, PACKETS_BETWEEN_CORES] += between
    counts[core, HOPS_X] += hops_x
    counts[core, HOPS_Y] += hops_y
    counts[core, BORDERS_X] += borders_x
    counts[core, BORDERS_Y] += borders_y
    return reported
