"""Cores of crossbar chips: rows of arriving spikes added, neurons updated, spikes listed and sent, core by core."""

import numpy as np

from compiler.jit import lean_jit
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
    SAME_THRESHOLD,
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
AHEAD = 8  # axons, of which the row is asked for
USUAL = 4  # bits of a word, at most


@lean_jit
def update(m, s, t, part, counts, probed):
    """A tick of the cores of a part, with the packets that they send; `counts` are those of the tick, [core, kind]."""
    first_core, last_core = s.part[part], s.part[part + 1]
    for to in range(len(s.part) - 1):
        s.n_sent[t % 2, part, to] = s.message_ptr[part, to]
    n_arrived = _list_arrived(m, s, t, part, first_core, last_core)
    i, begin, n_fired, reported = 0, 0, 0, 0
    for core in range(first_core, last_core):
        first, last = m.core_ptr[core], m.core_ptr[core + 1]
        n_rows, events = _list_rows(m, s, part, core, i, n_arrived)
        counts[core, SYNAPTIC_EVENTS] = events
        i += n_rows
        if m.has[core] & IN_REGISTERS != IN_REGISTERS:
            _add_rows(m, s, t, part, core, first, last, n_rows)
            n_rows = 0
        if m.has[core] & PLAIN:
            n_crossed = _update_plain(m, s, part, core, first, last, n_rows)
        else:
            n_crossed = _update_each(m, s, t, part, core, first, last)
        if probed:
            for slot in range(first, last):
                s.u[slot] = s.v[slot]
        if core > first_core:  # what the core before sends, as its ways have come from memory meanwhile
            reported = send(m, s, t, part, core - 1, begin, n_fired, reported, counts)
        begin = n_fired
        n_fired = _fire(m, s, t, part, core, n_crossed, n_fired)
    reported = send(m, s, t, part, last_core - 1, begin, n_fired, reported, counts)
    s.n_reported[t % 2, part * PACE] = reported


@lean_jit(inline="always")
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


@lean_jit(inline="always")
def _list_arrived(m, s, t, part, first_core, last_core):
    """List the axons of the part where a spike arrives now, and clear them; returns how many they are."""
    n, begin = 0, (t % m.rows * (len(m.core_ptr) - 1)) << m.axon_bits
    arrived = s.arrived[part]
    for base in range(first_core << m.axon_bits, last_core << m.axon_bits, LANES):
        n = _listed(s.axon[(begin + base) // LANES], base, arrived, n)
        s.axon[(begin + base) // LANES] = 0
    return n


@lean_jit(inline="always")
def _list_rows(m, s, part, core, i, n_arrived):
    """List the rows to add to a core, and what they weigh if all its neurons have the same weights.

    `i` is the first of its axons among those where a spike arrives.  Returns how many they are, and their crosspoints.
    """
    n, events, end = 0, np.uint64(0), (core + 1) << m.axon_bits
    arrived, row_at, row_weight = s.arrived[part], s.row_at[part], s.row_weight[part]
    while i + n < n_arrived and arrived[i + n] < end:
        axon, ahead = np.int64(arrived[i + n]), np.int64(arrived[i + n + AHEAD])
        prefetch(m.row, ahead * m.row_words)
        prefetch(m.axon_type, ahead)
        row_at[n] = axon * m.row_words
        row_weight[n] = m.shared[core, SHARED_WEIGHT + np.int64(m.axon_type[axon])]
        for k in range(m.row_words):
            events += ones(m.row[axon * m.row_words + k])
        n += 1
    return n, np.int64(events)


@lean_jit(inline="always")
def _add_rows(m, s, t, part, core, first, last, n_rows):
    """Add rows one by one, with the weights of each neuron."""
    for j in range(n_rows):
        at = s.row_at[part, j]
        axon = at // m.row_words
        if m.has[core] & DRAWS_WEIGHT:
            _add_random(m, s, t, first, axon)
        else:
            _add(m, s.v, first, last, at, np.int64(m.axon_type[axon]) * len(s.v) + first)


@lean_jit(inline="always")
def _add(m, v, first, last, at, weight_first):
    """Add the weights of a type where a row has crosspoints."""
    whole = (last - first) // LANES
    for k in range(whole):
        add_each(v, first + k * LANES, m.row[at + k], m.weight, weight_first + k * LANES)
    if first + whole * LANES < last:
        bits = m.row[at + whole]
        while bits:
            j = whole * LANES + lowest(bits)
            v[first + j] += m.weight[weight_first + j]
            bits &= bits - np.uint64(1)


@lean_jit
def _add_random(m, s, t, first, axon):
    """The same where weights are drawn."""
    of_type, key, v = np.int64(m.axon_type[axon]), m.axon_key[axon], s.v
    for word in range(m.row_words):
        bits = m.row[axon * m.row_words + word]
        while bits:
            slot = first + word * LANES + lowest(bits)
            bits &= bits - np.uint64(1)
            w = np.int32(m.weight[of_type * len(v) + slot])
            if m.stochastic_weights[slot] >> of_type & 1:
                draw = random(s.seed[0], t, m.neuron_key[slot], SYNAPSE + key, m.random_shift)
                w = np.sign(w) if abs(w) >= draw else np.int32(0)
            v[slot] += w


@lean_jit(inline="always")
def _update_plain(m, s, part, core, first, last, n_rows):
    """Add rows, leak, keep v within its bits, and list who crosses a threshold; returns how many they are.

    All neurons have the same leak, negative threshold and, if there are rows, weights.
    """
    v, threshold, crossed = s.v, m.threshold, s.crossed[part]
    row_at, row_weight = s.row_at[part], s.row_weight[part]
    leak, negative = m.shared[core, SHARED_LEAK], m.shared[core, SHARED_NEGATIVE]
    low, top = np.int32(-m.v_limit), np.int32(m.v_limit - 1)
    n, whole = np.int64(0), (last - first) // LANES
    stride = 0 if m.has[core] & SAME_THRESHOLD else LANES  # from the thresholds of a block to those of the next
    for k in range(whole):
        at, limit = first + k * LANES, first + k * stride
        bits = update_block(v, at, m.row, k, row_at, row_weight, n_rows, leak, low, top, threshold, limit, negative)
        n = _listed(bits, at, crossed, n)
    begin = first + whole * LANES
    if begin < last:
        for j in range(n_rows):
            bits = m.row[row_at[j] + whole]
            while bits:
                v[begin + lowest(bits)] += row_weight[j]
                bits &= bits - np.uint64(1)
        for slot in range(begin, last):
            v[slot] = min(max(np.int32(v[slot] + leak), low), top)
            crossed[n] = slot
            n += np.int64(v[slot] >= threshold[slot] or v[slot] < -negative)
    return n


@lean_jit(inline="always")
def _update_each(m, s, t, part, core, first, last):
    """The same, but for rows, of any neurons."""
    v, threshold, negative, crossed = s.v, m.threshold, m.negative_threshold, s.crossed[part]
    _leak(m, s.seed[0], t, core, v[first:last])
    hold(v[first:last], np.int32(-m.v_limit), np.int32(m.v_limit - 1))
    n, whole = np.int64(0), (last - first) // LANES
    for k in range(whole):
        at = first + k * LANES
        n = _listed(cross_each(v, at, threshold, negative), at, crossed, n)
    for slot in range(first + whole * LANES, last):
        crossed[n] = slot
        n += np.int64(v[slot] >= threshold[slot] or v[slot] < -negative[slot])
    return n


@lean_jit
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


@lean_jit(inline="always")
def _fire(m, s, t, part, core, n_crossed, n_fired):
    """Reset who crossed a threshold, and list who fires behind the `n_fired` before; returns how many they are now."""
    rule, v, fired, has, first = m.rule, s.v, s.fired[part], m.has[core], m.core_ptr[core]
    plain, negative = has & PLAIN, m.shared[core, SHARED_NEGATIVE]
    for j in range(n_crossed):
        slot = np.int64(s.crossed[part, j])
        prefetch(m.way, slot)
        r, eta = len(v) + core if has & SAME_RULE else slot, np.int32(0)
        if rule[r, MASK]:
            draw = random(s.seed[0], t, m.neuron_key[slot], THRESHOLD, m.random_shift)
            eta = np.int32(draw & rule[r, MASK])
        x, up = np.int32(v[slot]), np.int32(m.threshold[first if has & SAME_THRESHOLD else slot])
        down = negative if plain else np.int32(m.negative_threshold[slot])
        v[slot] = settled(x, up, down, eta, rule[r, RESET_MODE], rule[r, RESET_POTENTIAL], rule[r, SATURATES])
        fired[n_fired] = slot
        n_fired += np.int64(x >= up + eta)
    return n_fired
