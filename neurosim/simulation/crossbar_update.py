"""Cores of crossbar chips: rows of arriving spikes added, neurons updated, spikes listed and sent, core by core."""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.crossbar_layout import (
    DRAWS_LEAK,
    DRAWS_WEIGHT,
    MASK,
    PACE,
    PLAIN,
    RESET_MODE,
    RESET_POTENTIAL,
    REVERSES_LEAK,
    SAME_RULE,
    SAME_WEIGHTS,
    SATURATES,
    SHARED_LEAK,
    SHARED_NEGATIVE,
    SHARED_WEIGHT,
)
from neurosim.simulation.crossbar_neurons import (
    SYNAPSE,
    THRESHOLD,
    hold,
    leak_each,
    leak_random,
    leak_reversed,
    random,
    settled,
)
from neurosim.simulation.crossbar_packets import send
from neurosim.simulation.lanes import LANES, add_each, cross_each, lowest, ones, prefetch, update_block
from neurosim.simulation.layout import SYNAPTIC_EVENTS

IN_REGISTERS = PLAIN | SAME_WEIGHTS  # cores of which a block is updated as a whole
AHEAD = 8  # rows that are asked for before they are added
USUAL = 4  # bits of a word, at most

# Functions that are called for each core, row or block are inlined, and take arrays that stand in variables of their
# caller: numba counts references of each array that is read from a tuple, sliced or passed, which takes as long as to
# add a row.


@jit(_nrt=False)
def update(m, s, t, part, counts, probed):
    """A tick of the cores of a part, with the packets that they send."""
    core_ptr, has, shared, row_words, axon_bits = m.core_ptr, m.has, m.shared, m.row_words, m.axon_bits
    axon_type, row, weight, v, rule = m.axon_type, m.row, m.weight, s.v, m.rule
    threshold, negative = m.threshold, m.negative_threshold
    arrived, row_at, row_weight, crossed = s.arrived[part], s.row_at[part], s.row_weight[part], s.crossed[part]
    fired, messages, sent = s.fired[t % 2, part], s.message[t % 2], s.n_sent[t % 2, part]
    load_x, load_y, load = s.load_x[t % 2, part], s.load_y[t % 2, part], s.load[t % 2, part]
    way, part_of, tile_x, tile_y, crossings = m.way, s.part_of, m.tile_x, m.tile_y, m.crossings
    pair, pair_link_ptr, pair_link, height = m.pair, m.pair_link_ptr, m.pair_link, m.height
    low, top, n, seed = np.int32(-m.v_limit), np.int32(m.v_limit - 1), len(v), s.seed[0]
    first_core, last_core = s.part[part], s.part[part + 1]
    for to in range(len(s.part) - 1):
        sent[to] = s.message_ptr[part, to]
    n_arrived = _take_arrived(s.axon, t % m.rows * (len(core_ptr) - 1), first_core, last_core, axon_bits, arrived)
    i, begin, n_fired, reported = 0, 0, 0, 0
    for core in range(first_core, last_core):
        first, last, own, n_rows, events = core_ptr[core], core_ptr[core + 1], has[core], 0, np.uint64(0)
        while i < n_arrived and arrived[i] < (core + 1) << axon_bits:
            axon = np.int64(arrived[i])
            prefetch(row, np.int64(arrived[i + AHEAD]) * row_words)
            prefetch(axon_type, np.int64(arrived[i + AHEAD]))
            row_at[n_rows] = axon * row_words
            row_weight[n_rows] = shared[core, SHARED_WEIGHT + np.int64(axon_type[axon])]
            for k in range(row_words):
                events += ones(row[axon * row_words + k])
            n_rows += 1
            i += 1
        counts[core, SYNAPTIC_EVENTS] += np.int64(events)
        leak, least = shared[core, SHARED_LEAK], shared[core, SHARED_NEGATIVE]
        if own & IN_REGISTERS != IN_REGISTERS:
            for j in range(n_rows):
                axon = row_at[j] // row_words
                if own & DRAWS_WEIGHT:
                    _add_random(m, v, seed, t, first, axon)
                else:
                    _add(v, first, last, row, row_at[j], weight, np.int64(axon_type[axon]) * n + first)
            n_rows = 0
        if own & PLAIN:
            n_crossed = _update_plain(
                v, first, last, row, row_at, row_weight, n_rows, leak, low, top, threshold, least, crossed
            )
        else:
            _leak(m, seed, t, core, v[first:last])
            hold(v[first:last], low, top)
            n_crossed = _cross(v, first, last, threshold, negative, crossed)
        if probed:
            for slot in range(first, last):
                s.u[slot] = v[slot]
        sending, begin = begin, n_fired
        rule_of_all = n + core if own & SAME_RULE else np.int64(-1)
        for j in range(n_crossed):
            slot = np.int64(crossed[j])
            prefetch(way, slot)
            r, eta = slot if rule_of_all < 0 else rule_of_all, np.int32(0)
            if rule[r, MASK]:
                draw = random(seed, t, m.neuron_key[slot], THRESHOLD, m.random_shift)
                eta = np.int32(draw & rule[r, MASK])
            x, up, down = v[slot], np.int32(threshold[slot]), np.int32(negative[slot])
            v[slot] = settled(x, up, down, eta, rule[r, RESET_MODE], rule[r, RESET_POTENTIAL], rule[r, SATURATES])
            fired[n_fired] = slot
            n_fired += np.int64(x >= up + eta)
        # of the core before, whose ways have come from memory meanwhile
        if core > first_core:
            reported = send(
                core - 1, fired, sending, begin, reported, way, axon_bits, part_of, messages, sent,
                tile_x, tile_y, height, load_x, load_y, crossings, pair, pair_link_ptr, pair_link, load, counts,
            )  # fmt: skip
    reported = send(
        last_core - 1, fired, begin, n_fired, reported, way, axon_bits, part_of, messages, sent,
        tile_x, tile_y, height, load_x, load_y, crossings, pair, pair_link_ptr, pair_link, load, counts,
    )  # fmt: skip
    s.n_reported[t % 2, part * PACE] = reported


@jit(inline="always")
def _listed(word, base, numbers, n):
    """Write base + j to `numbers` from n on, for each bit j of a word; returns where they end.

    Most words have few bits, and how many is nothing that a processor could guess: so as many as are usual are written
    in any case, and those that are none written over.
    """
    rest = word
    for k in range(USUAL):
        numbers[n + k] = base + lowest(rest)
        rest &= rest - np.uint64(1)
    k = n + USUAL
    while rest:
        numbers[k] = base + lowest(rest)
        rest &= rest - np.uint64(1)
        k += 1
    return n + np.int64(ones(word))


@jit(_nrt=False)
def _take_arrived(axons, ring_row, first_core, last_core, axon_bits, arrived):
    """List the axons of some cores where a spike arrives now, and clear them; returns how many they are."""
    n, begin = 0, ring_row << axon_bits
    for base in range(first_core << axon_bits, last_core << axon_bits, LANES):
        n = _listed(axons[(begin + base) // LANES], base, arrived, n)
        axons[(begin + base) // LANES] = 0
    return n


@jit(inline="always")
def _add(v, first, last, row, at, weight, weight_first):
    """Add weights where a row has crosspoints."""
    whole = (last - first) // LANES
    for k in range(whole):
        add_each(v, first + k * LANES, row[at + k], weight, weight_first + k * LANES)
    if first + whole * LANES < last:
        bits = row[at + whole]
        while bits:
            j = whole * LANES + lowest(bits)
            v[first + j] += weight[weight_first + j]
            bits &= bits - np.uint64(1)


@jit(_nrt=False)
def _add_random(m, v, seed, t, first, axon):
    of_type, key = np.int64(m.axon_type[axon]), m.axon_key[axon]
    for word in range(m.row_words):
        bits = m.row[axon * m.row_words + word]
        while bits:
            slot = first + word * LANES + lowest(bits)
            bits &= bits - np.uint64(1)
            w = np.int32(m.weight[of_type * len(v) + slot])
            if m.stochastic_weights[slot] >> of_type & 1:
                draw = random(seed, t, m.neuron_key[slot], SYNAPSE + key, m.random_shift)
                w = np.sign(w) if abs(w) >= draw else np.int32(0)
            v[slot] += w


@jit(inline="always")
def _update_plain(v, first, last, row, row_at, row_weight, n_rows, leak, low, top, threshold, negative, crossed):
    """Add rows, leak, keep v within its bits, and list who crosses a threshold; returns how many they are.

    All have the same leak, negative threshold and, if there are rows, weights.
    """
    n, whole = 0, (last - first) // LANES
    for k in range(whole):
        at = first + k * LANES
        bits = update_block(v, at, row, k, row_at, row_weight, n_rows, leak, low, top, threshold, negative)
        n = _listed(bits, at, crossed, n)
    begin = first + whole * LANES
    if begin < last:
        for j in range(n_rows):
            bits = row[row_at[j] + whole]
            while bits:
                v[begin + lowest(bits)] += row_weight[j]
                bits &= bits - np.uint64(1)
        for slot in range(begin, last):
            v[slot] = min(max(np.int32(v[slot] + leak), low), top)
            crossed[n] = slot
            n += np.int64(v[slot] >= threshold[slot] or v[slot] < -negative)
    return n


@jit(inline="always")
def _cross(v, first, last, threshold, negative, crossed):
    """List who crosses a threshold; returns how many they are."""
    n, whole = 0, (last - first) // LANES
    for k in range(whole):
        at = first + k * LANES
        n = _listed(cross_each(v, at, threshold, negative), at, crossed, n)
    for slot in range(first + whole * LANES, last):
        crossed[n] = slot
        n += np.int64(v[slot] >= threshold[slot] or v[slot] < -negative[slot])
    return n


@jit(_nrt=False)
def _leak(m, seed, t, core, v):
    first, has = m.core_ptr[core], m.has[core]
    leak, reversal = m.leak[first : first + len(v)], m.leak_reversal[first : first + len(v)]
    if has & DRAWS_LEAK:
        stochastic, key = m.stochastic_leak[first : first + len(v)], m.neuron_key[first : first + len(v)]
        leak_random(v, leak, reversal, stochastic, key, seed, t, m.random_shift)
    elif has & REVERSES_LEAK:
        leak_reversed(v, leak, reversal)
    else:
        leak_each(v, leak)
