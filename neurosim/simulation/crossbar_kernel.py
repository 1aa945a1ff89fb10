"""The compiled loop of crossbar chips: exact integers, core by core, every event counted.

A tick: each core takes the axons on which a spike arrives now and adds the weight of the axon's type to every neuron
that a crosspoint joins to it; then each neuron leaks, is compared and reset, and a spike goes to its target axon.

    v += S[type], or for a stochastic weight: v += sign(S) if |S| >= random number
    v += leak * (sign(v) if leak_reversal else 1), or for a stochastic leak its sign if |leak| >= random number
    v is held within its bits
    eta = random number & threshold_mask;  fire if v >= threshold + eta
    on fire:   reset mode 0: v = reset_potential       1: v -= threshold + eta               2: nothing
    else if negative_saturates:  v < -negative_threshold: v = -negative_threshold
    else if v < -(negative_threshold + eta):
               reset mode 0: v = -reset_potential     1: v += negative_threshold + eta    2: nothing

after Merolla et al. 2014 (supplement) and Cassidy et al. 2013; that saturation takes no random number is from the
public simulator NeMo.  An axon holds one bit a tick: spikes that meet there merge, and are counted.

A spike is sent once all neurons have been compared.  Threads of one sample take cores of their own: each updates its
cores and lists who fired, all meet, each takes from every list what arrives at its cores, all meet.  Nothing is
written by two, so the result is the same for any number of them.

A random number is a hash (the finaliser of splitmix64) of seed, tick, neuron and purpose, so that the state of
the generator is the seed and the tick: any tick can be replayed, and nothing depends on the order of the cores.
"""

import threading
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.crossbar_links import busiest_of_pairs, busiest_of_runs, mark
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
from neurosim.simulation.lanes import LANES, add_each, add_one, cross_each, leak_and_cross, lowest, meet, ones, prefetch
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
    SYNAPTIC_EVENTS,
)

DRAWS_WEIGHT, DRAWS_LEAK, REVERSES_LEAK = 1, 2, 4  # what a core has
PLAIN, SAME_RULE, SAME_WEIGHT = 8, 16, 32  # what its neurons share: a leak and a negative threshold, ...; a bit a type
# columns of what a core's neurons share, and of a neuron's rule
SHARED_LEAK, SHARED_NEGATIVE, SHARED_WEIGHT = range(3)
MASK, RESET_MODE, RESET_POTENTIAL, SATURATES = range(4)
# columns of a way; one number holds the delay, and whether the spike is the network's and leaves its core
TO_AXON, DELAY, TO_X, TO_Y = range(4)
REPORTS, LEAVES = 256, 512
AHEAD = 8  # spikes, of which the way is prefetched
DELAY_AT = 48  # bit of a message where its delay stands, above the axon
AXON_BITS = (1 << DELAY_AT) - 1


class CrossbarMachine(NamedTuple):
    """A program, laid out for the loop."""

    core_ptr: npt.NDArray[np.int64]  # [core + 1], into slots
    has: npt.NDArray[np.int32]  # [core], DRAWS_WEIGHT ...
    axon_words: int  # of a core, 64 axons each
    axon_type: npt.NDArray[np.uint8]  # [axon]; an axon is core * 64 * axon_words + axon of the core
    axon_key: npt.NDArray[np.int64]  # [axon]
    row_words: int  # of an axon
    row: npt.NDArray[np.uint64]  # [axon * row_words], bit j: a crosspoint with neuron j of the core
    weight: npt.NDArray[np.int16]  # [type * slots + slot]
    stochastic_weights: npt.NDArray[np.uint8]  # [slot]
    leak: npt.NDArray[np.int16]  # [slot]
    leak_reversal: npt.NDArray[np.uint8]  # [slot]
    stochastic_leak: npt.NDArray[np.uint8]  # [slot]
    threshold: npt.NDArray[Any]  # [slot], in 16 bits where all fit; so is the next
    negative_threshold: npt.NDArray[Any]  # [slot]
    rule: npt.NDArray[np.int32]  # [slot, then core, 4], MASK (of the threshold's random number) ...
    shared: npt.NDArray[np.int32]  # [core, 8], SHARED_LEAK ...; like rules of cores read where neurons have the same
    potential: npt.NDArray[np.int32]  # [slot], at the start
    neuron_key: npt.NDArray[np.int64]  # [slot], names the neuron in random numbers: copies share it
    way: npt.NDArray[np.int32]  # [slot, 4], TO_AXON (-1: none) ...: where a spike goes, in tiles too
    crossings: npt.NDArray[np.int32]  # [slot, 4], hops and borders in x, y; empty where they are those of TO_X, TO_Y
    tile_x: npt.NDArray[np.int32]  # [core]
    tile_y: npt.NDArray[np.int32]  # [core]
    height: int  # tiles of the block of chips in use, north-south
    tiles: int  # of that block
    chip_width: int  # tiles of a chip
    chip_height: int
    merged: bool  # whether the edge of a chip has one link for all its tiles
    pair: npt.NDArray[np.int32]  # [slot], into pairs: ways that are not plain, around disabled links; -1: none
    pair_link_ptr: npt.NDArray[np.int64]  # [pair + 1]
    pair_link: npt.NDArray[np.int32]
    n_inside: int  # of the links of pairs, those inside chips stand first
    input_ptr: npt.NDArray[np.int64]  # [channel + 1]
    input_target: npt.NDArray[np.int64]  # axon
    input_delay: npt.NDArray[np.uint8]
    rows: int  # ticks that the axons look ahead: longest delay + 1
    v_limit: int
    random_shift: int  # of a 64-bit number, to as many bits as the chip draws
    max_delay: int


class CrossbarState(NamedTuple):
    """What a sample carries from tick to tick, and scratch for each of the threads that share it ("parts")."""

    v: npt.NDArray[np.int32]  # [slot]
    axon: npt.NDArray[np.uint64]  # [row of the tick, core, word], flat: bits of the axons where a spike arrives
    seed: npt.NDArray[np.uint64]  # [1]
    part: npt.NDArray[np.int64]  # [part + 1], first core
    u: npt.NDArray[np.int32]  # [slot], v before it is compared, where that is probed
    crossed: npt.NDArray[np.uint64]  # [part, word of a core], bits of who crossed a threshold
    fired: npt.NDArray[np.int32]  # [slot], who fired, from the first slot of a part
    message: npt.NDArray[np.int64]  # [slot], likewise: axon and delay of their packets
    row_of_delay: npt.NDArray[np.int64]  # [part, delay; padded], where the row of a later tick stands in `axon`
    n_fired: npt.NDArray[np.int64]  # [part, 8], who fired, who of them is reported, who sends; padded
    load_x: npt.NDArray[np.int32]  # [part, direction, tile]: where runs of links begin and end
    load_y: npt.NDArray[np.int32]
    load: npt.NDArray[np.int32]  # [part, link]
    gate: npt.NDArray[np.int64]  # [2], where the parts meet; whether to halt


def advance_crossbar(m, s, b, input_ptr, input_channel, start, stop, halt):
    """As `kernel.advance`; slots of copies, relays and partial sums are not reported."""
    given = (m, s, b, input_ptr, input_channel, start, stop, halt)
    s.gate[:] = 0
    others = [threading.Thread(target=_advance_part, args=(*given, part)) for part in range(1, len(s.part) - 1)]
    for thread in others:
        thread.start()
    done = _advance_part(*given, 0)
    for thread in others:
        thread.join()
    return done


@jit
def _advance_part(m, s, b, input_ptr, input_channel, start, stop, halt, part):
    """The cores of one part; returns the step reached and the spikes written by all, as every part counts them."""
    n, parts = len(s.v), len(s.part) - 1
    n_spikes, arrivals = 0, np.int64(0)
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot):
            return t, n_spikes
        row = t - start
        counts = b.counts[row]
        counts[s.part[part] : s.part[part + 1]] = 0
        if input_ptr[t + 1] > input_ptr[t]:
            _take_input(m, s, t, input_channel[input_ptr[t] : input_ptr[t + 1]], part, counts)
        _update(m, s, t, part, counts, len(b.probe_slot) > 0)
        _send(m, s, part, counts)
        if part == 0:
            s.gate[1] = halt[0]
        if parts > 1:
            arrivals += parts
            meet(s.gate, arrivals)
        halted = s.gate[1]
        n_spikes = _collect(m, s, b, t, n_spikes, part)
        _take_packets(m, s, t, part, counts)
        if part == 0:
            for i in range(len(b.probe_slot)):
                b.probe_u[row, i] = s.u[b.probe_slot[i]]
                b.probe_v[row, i] = s.v[b.probe_slot[i]]
            b.busiest_link[row], b.busiest_border[row] = _busiest(m, s)
        if parts > 1:
            arrivals += parts
            meet(s.gate, arrivals)
        if halted:
            return t + 1, n_spikes
    return stop, n_spikes


@jit(inline="always")
def _arrive(axons, place, bit, counts, core, kind):
    """A packet reaches an axon; one that meets another merges with it."""
    counts[core, kind] += 1
    if axons[place] & bit:
        counts[core, MERGED_PACKETS] += 1
    axons[place] |= bit


@jit
def _take_input(m, s, t, channels, part, counts):
    """External spikes on axons of the part's cores."""
    per_core = m.axon_words * LANES
    first, last = s.part[part] * per_core, s.part[part + 1] * per_core
    n_words = (len(m.core_ptr) - 1) * m.axon_words
    for channel in channels:
        for e in range(m.input_ptr[channel], m.input_ptr[channel + 1]):
            axon = m.input_target[e]
            if first <= axon < last:
                place = (t + m.input_delay[e]) % m.rows * n_words + axon // LANES
                bit = np.uint64(1) << np.uint64(axon % LANES)
                _arrive(s.axon, place, bit, counts, axon // per_core, INPUT_PACKETS)


@jit
def _take_packets(m, s, t, part, counts):
    """Packets of all parts on axons of this one's cores."""
    per_core = m.axon_words * LANES
    first, last = s.part[part] * per_core, s.part[part + 1] * per_core
    axons, row_of_delay = s.axon, s.row_of_delay[part]
    for delay in range(m.rows):
        row_of_delay[delay] = (t + delay) % m.rows * (len(m.core_ptr) - 1) * m.axon_words
    for other in range(len(s.part) - 1):
        begin = m.core_ptr[s.part[other]]
        messages = s.message[begin : begin + s.n_fired[other, 2]]
        for i in range(len(messages)):
            if i + AHEAD < len(messages):
                ahead = messages[i + AHEAD]
                prefetch(axons, row_of_delay[ahead >> DELAY_AT] + (ahead & AXON_BITS) // LANES)
            axon = messages[i] & AXON_BITS
            if first <= axon < last:
                place = row_of_delay[messages[i] >> DELAY_AT] + axon // LANES
                _arrive(axons, place, np.uint64(1) << np.uint64(axon % LANES), counts, axon // per_core, PACKETS_IN)


# Functions that are called for each core, row or block are inlined, and take arrays that stand in variables of their
# caller: numba counts references of each array that is read from a tuple, sliced or passed, which takes as long as to
# add a row.


@jit
def _update(m, s, t, part, counts, probed):
    """Update the cores of a part, and list who fires."""
    core_ptr, has, shared, axon_words, row_words = m.core_ptr, m.has, m.shared, m.axon_words, m.row_words
    axon_type, row, weight, v, axons = m.axon_type, m.row, m.weight, s.v, s.axon
    threshold, negative, crossed, fired, rule = m.threshold, m.negative_threshold, s.crossed[part], s.fired, m.rule
    low, top, n = np.int32(-m.v_limit), np.int32(m.v_limit - 1), len(v)
    now, begin = t % m.rows * (len(core_ptr) - 1) * axon_words, core_ptr[s.part[part]]
    n_fired = begin
    for core in range(s.part[part], s.part[part + 1]):
        at, first, last, own = now + core * axon_words, core_ptr[core], core_ptr[core + 1], has[core]
        if core + 1 < s.part[part + 1]:
            _prefetch_rows(axons, at + axon_words, row, axon_type, (core + 1) * axon_words, axon_words, row_words)
        events = np.uint64(0)
        for word in range(axon_words):
            bits = axons[at + word]
            axons[at + word] = 0
            while bits:
                axon = (core * axon_words + word) * LANES + lowest(bits)
                bits &= bits - np.uint64(1)
                events += _row_events(row, axon * row_words, row_words)
                of_type = np.int64(axon_type[axon])
                if own & DRAWS_WEIGHT:
                    _add_random(m, v, s.seed[0], t, first, axon)
                elif own & (SAME_WEIGHT << of_type):
                    _add_same(v, first, last, row, axon * row_words, shared[core, SHARED_WEIGHT + of_type])
                else:
                    _add(v, first, last, row, axon * row_words, weight, of_type * n + first)
        counts[core, SYNAPTIC_EVENTS] += events
        if own & PLAIN:
            of_all = shared[core, SHARED_LEAK], shared[core, SHARED_NEGATIVE]
            _leak_and_cross(v, first, last, of_all[0], low, top, threshold, of_all[1], crossed)
        else:
            _leak(m, s.seed[0], t, core, v[first:last])
            hold(v[first:last], low, top)
            _cross(v, first, last, threshold, negative, crossed)
        if probed:
            s.u[first:last] = v[first:last]
        rule_of_all = n + core if own & SAME_RULE else np.int64(-1)
        for word in range((last - first + LANES - 1) // LANES):
            bits = crossed[word]
            while bits:
                slot = first + word * LANES + lowest(bits)
                bits &= bits - np.uint64(1)
                r, eta = slot if rule_of_all < 0 else rule_of_all, np.int32(0)
                if rule[r, MASK]:
                    draw = random(s.seed[0], t, m.neuron_key[slot], THRESHOLD, m.random_shift)
                    eta = np.int32(draw & rule[r, MASK])
                x, up, down = v[slot], np.int32(threshold[slot]), np.int32(negative[slot])
                v[slot] = settled(x, up, down, eta, rule[r, RESET_MODE], rule[r, RESET_POTENTIAL], rule[r, SATURATES])
                if x >= up + eta:
                    fired[n_fired] = slot
                    n_fired += 1
    s.n_fired[part, 0] = n_fired - begin


@jit(inline="always")
def _prefetch_rows(axons, at, row, axon_type, first_word, axon_words, row_words):
    for word in range(axon_words):
        bits = axons[at + word]
        while bits:
            axon = (first_word + word) * LANES + lowest(bits)
            prefetch(row, axon * row_words)
            prefetch(axon_type, axon)
            bits &= bits - np.uint64(1)


@jit(inline="always")
def _row_events(row, at, row_words):
    """Crosspoints of a row."""
    events = np.uint64(0)
    for k in range(row_words):
        events += ones(row[at + k])
    return events


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


@jit(inline="always")
def _add_same(v, first, last, row, at, weight):
    whole = (last - first) // LANES
    for k in range(whole):
        add_one(v, first + k * LANES, row[at + k], weight)
    if first + whole * LANES < last:
        bits = row[at + whole]
        while bits:
            v[first + whole * LANES + lowest(bits)] += weight
            bits &= bits - np.uint64(1)


@jit
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
def _leak_and_cross(v, first, last, leak, low, top, threshold, negative, crossed):
    """Leak, keep v within its bits, and flag who crosses a threshold; one leak and negative threshold for all."""
    whole = (last - first) // LANES
    for k in range(whole):
        crossed[k] = leak_and_cross(v, first + k * LANES, leak, low, top, threshold, negative)
    if first + whole * LANES < last:
        some = np.uint64(0)
        for i in range(first + whole * LANES, last):
            v[i] = min(max(np.int32(v[i] + leak), low), top)
            if v[i] >= threshold[i] or v[i] < -negative:
                some |= np.uint64(1) << np.uint64(i - first - whole * LANES)
        crossed[whole] = some


@jit(inline="always")
def _cross(v, first, last, threshold, negative, crossed):
    """Flag who crosses a threshold."""
    whole = (last - first) // LANES
    for k in range(whole):
        crossed[k] = cross_each(v, first + k * LANES, threshold, negative)
    if first + whole * LANES < last:
        some = np.uint64(0)
        for i in range(first + whole * LANES, last):
            if v[i] >= threshold[i] or v[i] < -negative[i]:
                some |= np.uint64(1) << np.uint64(i - first - whole * LANES)
        crossed[whole] = some


@jit
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


@jit
def _send(m, s, part, counts):
    """Count the spikes of a part, and list their packets; reported slots are left in the list of who fired."""
    load_x, load_y, fired, way, messages = s.load_x[part], s.load_y[part], s.fired, m.way, s.message
    core_ptr, tile_x, tile_y, height = m.core_ptr, m.tile_x, m.tile_y, m.height
    pair, crossings = m.pair, m.crossings
    begin = core_ptr[s.part[part]]
    end = begin + s.n_fired[part, 0]
    reported, sent, i = begin, begin, begin
    for core in range(s.part[part], s.part[part + 1]):
        first, sent_before, last = i, sent, core_ptr[core + 1]
        between, hops_x, hops_y = np.int64(0), np.int64(0), np.int64(0)
        borders_x, borders_y = np.int64(0), np.int64(0)
        while i < end and fired[i] < last:
            if i + AHEAD < end:
                prefetch(way, np.int64(fired[i + AHEAD]) * way.shape[1])
            slot = fired[i]
            i += 1
            if way[slot, DELAY] & REPORTS:
                fired[reported] = slot
                reported += 1
            if way[slot, TO_AXON] < 0:
                continue
            messages[sent] = np.int64(way[slot, TO_AXON]) | np.int64(way[slot, DELAY] & (REPORTS - 1)) << DELAY_AT
            sent += 1
            between += np.int64(way[slot, DELAY] & LEAVES > 0)
            if len(crossings):
                hops_x += crossings[slot, 0]
                hops_y += crossings[slot, 1]
                borders_x += crossings[slot, 2]
                borders_y += crossings[slot, 3]
            else:
                hops_x += abs(way[slot, TO_X])
                hops_y += abs(way[slot, TO_Y])
            if len(pair):
                for k in range(m.pair_link_ptr[pair[slot]], m.pair_link_ptr[pair[slot] + 1]):
                    s.load[part, m.pair_link[k]] += 1
            elif way[slot, TO_X] or way[slot, TO_Y]:
                mark(load_x, load_y, height, tile_x[core], tile_y[core], way[slot, TO_X], way[slot, TO_Y])
        counts[core, SPIKES] += i - first
        counts[core, PACKETS_OUT] += sent - sent_before
        counts[core, PACKETS_BETWEEN_CORES] += between
        counts[core, HOPS_X] += hops_x
        counts[core, HOPS_Y] += hops_y
        counts[core, BORDERS_X] += borders_x
        counts[core, BORDERS_Y] += borders_y
    s.n_fired[part, 1], s.n_fired[part, 2] = reported - begin, sent - begin


@jit
def _collect(m, s, b, t, n_spikes, part):
    """Write the part's spikes behind those of parts with lower cores; returns how many all parts have written."""
    for other in range(len(s.part) - 1):
        if other == part:
            begin = m.core_ptr[s.part[part]]
            for i in range(s.n_fired[part, 1]):
                b.spike_step[n_spikes + i] = t
                b.spike_slot[n_spikes + i] = s.fired[begin + i]
        n_spikes += s.n_fired[other, 1]
    return n_spikes


@jit
def _busiest(m, s):
    """Packets over the busiest link inside chips and the busiest border, of all parts; the loads are forgotten."""
    for part in range(1, len(s.part) - 1):
        s.load[0] += s.load[part]
        s.load_x[0] += s.load_x[part]
        s.load_y[0] += s.load_y[part]
        s.load[part] = 0
        s.load_x[part] = 0
        s.load_y[part] = 0
    if len(m.pair):
        return busiest_of_pairs(s.load[0], m.n_inside)
    return busiest_of_runs(m, s.load_x[0], s.load_y[0])


def begin(machine: CrossbarMachine, state: CrossbarState, seed: int) -> None:
    """The state of a sample before its first tick; all of it was zero."""
    state.v[:] = machine.potential
    state.seed[0] = np.uint64(seed)


def shift(state: CrossbarState, steps: int) -> None:
    """Number ticks anew: what is tick t from now on draws the random numbers of tick t + `steps`.

    `random` adds tick * constant to the seed, so the seed takes up the difference.
    """
    state.seed[0] = (int(state.seed[0]) + steps * 0x9E3779B97F4A7C15) % 2**64


def empty_state(machine: CrossbarMachine, parts: int = 1) -> CrossbarState:
    """The arrays of a sample, zero, for so many threads or fewer."""
    n, n_cores = len(machine.leak), len(machine.core_ptr) - 1
    parts = max(1, min(parts, n_cores))
    widest = int(np.diff(machine.core_ptr).max(initial=1))
    links = int(machine.pair_link.max(initial=-1)) + 1
    return CrossbarState(
        v=np.zeros(n, np.int32),
        axon=np.zeros(machine.rows * n_cores * machine.axon_words, np.uint64),
        seed=np.zeros(1, np.uint64),
        part=np.linspace(0, n_cores, parts + 1).astype(np.int64),
        u=np.zeros(n, np.int32),
        crossed=np.zeros((parts, -(-widest // LANES)), np.uint64),
        fired=np.zeros(n, np.int32),
        message=np.zeros(n, np.int64),
        row_of_delay=np.zeros((parts, machine.rows + 8), np.int64),
        n_fired=np.zeros((parts, 8), np.int64),
        load_x=np.zeros((parts, 2, machine.tiles), np.int32),
        load_y=np.zeros((parts, 2, machine.tiles), np.int32),
        load=np.zeros((parts, links), np.int32),
        gate=np.zeros(2, np.int64),
    )
