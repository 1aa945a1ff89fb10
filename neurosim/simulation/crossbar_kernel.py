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

A random number is a hash (the finaliser of splitmix64) of seed, tick, neuron and purpose, so that the state of
the generator is the seed and the tick: any tick can be replayed, and nothing depends on the order of the cores.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
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

DRAW_WEIGHT, DRAW_LEAK = 1, 2
LEAK, THRESHOLD, SYNAPSE = 1, 2, 16  # purposes of a random number; of a synapse: SYNAPSE + key of the axon


class CrossbarMachine(NamedTuple):
    """A program, laid out for the loop."""

    core_ptr: npt.NDArray[np.int64]  # [core + 1], into slots
    axons: int  # of a core, a multiple of 8
    axon_type: npt.NDArray[np.uint8]  # [axon]
    axon_key: npt.NDArray[np.int64]  # [axon]
    row_ptr: npt.NDArray[np.int64]  # [axon + 1], into row
    row: npt.NDArray[Any]  # [crosspoint], neuron within its core; 8 bits where they are enough
    weight: npt.NDArray[np.int32]  # [type, slot]
    stochastic_weights: npt.NDArray[np.uint8]  # [slot]
    leak: npt.NDArray[np.int32]  # [slot]
    leak_reversal: npt.NDArray[np.uint8]  # [slot]
    stochastic_leak: npt.NDArray[np.uint8]  # [slot]
    threshold: npt.NDArray[np.int32]  # [slot]
    threshold_mask: npt.NDArray[np.int32]  # [slot]
    negative_threshold: npt.NDArray[np.int32]  # [slot]
    negative_saturates: npt.NDArray[np.uint8]  # [slot]
    reset_mode: npt.NDArray[np.uint8]  # [slot]
    reset_potential: npt.NDArray[np.int32]  # [slot]
    potential: npt.NDArray[np.int32]  # [slot], at the start
    neuron_key: npt.NDArray[np.int64]  # [slot], names the neuron in random numbers: copies share it
    reports: npt.NDArray[np.uint8]  # [slot], whether its spikes are the network's
    draws: npt.NDArray[np.uint8]  # [core], for what its neurons draw numbers: bits DRAW_...
    plain_core: npt.NDArray[np.uint8]  # [core], whether no neuron reverses its leak
    target: npt.NDArray[np.int64]  # [slot], axon or -1
    target_delay: npt.NDArray[np.uint8]  # [slot]
    target_core: npt.NDArray[np.int32]  # [slot], core of the target
    hops: npt.NDArray[np.int32]  # [slot, 4]: links that its packet takes in x and y, and borders among them
    to_x: npt.NDArray[np.int32]  # [slot], tiles to the east
    to_y: npt.NDArray[np.int32]  # [slot], tiles to the north
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
    """What a sample carries from tick to tick."""

    v: npt.NDArray[np.int32]  # [slot]
    u: npt.NDArray[np.int32]  # [slot], v before it is compared
    axon: npt.NDArray[np.uint8]  # [row of the tick, axon], flat: 1 where a spike arrives
    axon_words: npt.NDArray[np.uint64]  # the same memory, eight axons a word
    seed: npt.NDArray[np.uint64]  # [1]
    load_x: npt.NDArray[np.int32]  # [direction, tile], scratch: where runs of links begin and end
    load_y: npt.NDArray[np.int32]


@jit
def advance_crossbar(m, s, b, input_ptr, input_channel, start, stop, halt):
    """As `kernel.advance`; slots of copies, relays and partial sums are not reported."""
    n = len(s.v)
    n_spikes = 0
    n_cores = len(m.core_ptr) - 1
    n_axons = n_cores * m.axons
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        counts = b.counts[t - start]
        counts[:] = 0
        s.load_x[:] = 0
        s.load_y[:] = 0
        b.link_load[:] = 0
        for k in range(input_ptr[t], input_ptr[t + 1]):
            channel = input_channel[k]
            for e in range(m.input_ptr[channel], m.input_ptr[channel + 1]):
                _arrive(m, s, (t + m.input_delay[e]) % m.rows * n_axons, m.input_target[e], counts, INPUT_PACKETS)
        now = t % m.rows * n_axons
        for core in range(n_cores):
            _integrate(m, s, t, core, now + core * m.axons, counts)
            n_spikes = _fire(m, s, b, t, core, n_axons, counts, n_spikes)
        for i in range(len(b.probe_slot)):
            b.probe_u[t - start, i] = s.u[b.probe_slot[i]]
            b.probe_v[t - start, i] = s.v[b.probe_slot[i]]
        b.busiest_link[t - start], b.busiest_border[t - start] = _busiest(m, s, b.link_load)
    return stop, n_spikes


@jit
def _arrive(m, s, row, axon, counts, kind):
    """A packet reaches an axon; one that meets another merges with it."""
    core = axon // m.axons
    counts[core, kind] += 1
    if s.axon[row + axon]:
        counts[core, MERGED_PACKETS] += 1
    s.axon[row + axon] = 1


@jit
def _integrate(m, s, t, core, at, counts):
    """Add what the core's axons bring; their bits are cleared."""
    base = m.core_ptr[core]
    v = s.v[base : m.core_ptr[core + 1]]
    events = 0
    for word in range(at // 8, (at + m.axons) // 8):
        if s.axon_words[word] == 0:
            continue
        for bit in range(8):
            place = word * 8 + bit
            if not s.axon[place]:
                continue
            s.axon[place] = 0
            axon = core * m.axons + place - at
            begin, end = m.row_ptr[axon], m.row_ptr[axon + 1]
            weight = m.weight[m.axon_type[axon], base : base + len(v)]
            events += end - begin
            if m.draws[core] & DRAW_WEIGHT:
                _add_random(m, s, t, base, v, weight, m.row[begin:end], m.axon_type[axon], m.axon_key[axon])
            else:
                for k in range(begin, end):
                    v[m.row[k]] += weight[m.row[k]]
    counts[core, SYNAPTIC_EVENTS] += events


@jit
def _add_random(m, s, t, base, v, weight, row, axon_type, key):
    for j in row:
        w = weight[j]
        if m.stochastic_weights[base + j] >> axon_type & 1:
            draw = _random(s.seed[0], t, m.neuron_key[base + j], SYNAPSE + key, m.random_shift)
            w = np.sign(w) if abs(w) >= draw else 0
        v[j] += w


@jit
def _fire(m, s, b, t, core, n_axons, counts, n_spikes):
    """Leak, compare, reset and send."""
    first, last = m.core_ptr[core], m.core_ptr[core + 1]
    v, u = s.v[first:last], s.u[first:last]
    top, low = np.int32(m.v_limit - 1), np.int32(-m.v_limit)
    leak, reversal = m.leak[first:last], m.leak_reversal[first:last]
    if m.draws[core] & DRAW_LEAK:
        stochastic, key = m.stochastic_leak[first:last], m.neuron_key[first:last]
        _leak_random(v, leak, reversal, stochastic, key, s.seed[0], t, m.random_shift)
    elif m.plain_core[core]:
        for j in range(len(v)):
            v[j] += leak[j]
    else:
        for j in range(len(v)):
            v[j] += leak[j] * ((v[j] > 0) - (v[j] < 0)) if reversal[j] else leak[j]
    threshold, negative = m.threshold[first:last], m.negative_threshold[first:last]
    crossed = np.uint8(0)
    for j in range(len(v)):
        x = min(max(v[j], low), top)
        v[j] = x
        u[j] = x
        crossed |= np.uint8(x >= threshold[j]) | np.uint8(x < -negative[j])
    if not crossed:
        return n_spikes
    for j in range(len(v)):
        x, slot = v[j], first + j
        if x < threshold[j] and x >= -negative[j]:
            continue
        eta = np.int32(0)
        if m.threshold_mask[slot]:
            draw = _random(s.seed[0], t, m.neuron_key[slot], THRESHOLD, m.random_shift)
            eta = np.int32(draw & m.threshold_mask[slot])
        mode = m.reset_mode[slot]
        if x >= threshold[j] + eta:
            if mode == 0:
                v[j] = m.reset_potential[slot]
            elif mode == 1:
                v[j] = x - threshold[j] - eta
            n_spikes = _send(m, s, b, t, core, slot, n_axons, counts, n_spikes)
        elif m.negative_saturates[slot]:
            v[j] = max(x, -negative[j])
        elif x < -(negative[j] + eta):
            if mode == 0:
                v[j] = -m.reset_potential[slot]
            elif mode == 1:
                v[j] = x + negative[j] + eta
    return n_spikes


@jit
def _leak_random(v, leak, reversal, stochastic, key, seed, t, shift):
    for j in range(len(v)):
        x = leak[j]
        if stochastic[j]:
            x = np.sign(x) if abs(x) >= _random(seed, t, key[j], LEAK, shift) else np.int32(0)
        v[j] += x * ((v[j] > 0) - (v[j] < 0)) if reversal[j] else x


@jit
def _send(m, s, b, t, core, slot, n_axons, counts, n_spikes):
    """Count a spike, and set its target axon."""
    counts[core, SPIKES] += 1
    if m.reports[slot]:
        b.spike_step[n_spikes] = t
        b.spike_slot[n_spikes] = slot
        n_spikes += 1
    axon = m.target[slot]
    if axon < 0:
        return n_spikes
    counts[core, PACKETS_OUT] += 1
    counts[core, PACKETS_BETWEEN_CORES] += m.target_core[slot] != core
    counts[core, HOPS_X] += m.hops[slot, 0]
    counts[core, HOPS_Y] += m.hops[slot, 1]
    counts[core, BORDERS_X] += m.hops[slot, 2]
    counts[core, BORDERS_Y] += m.hops[slot, 3]
    if len(m.pair):
        for k in range(m.pair_link_ptr[m.pair[slot]], m.pair_link_ptr[m.pair[slot] + 1]):
            b.link_load[m.pair_link[k]] += 1
    elif m.to_x[slot] or m.to_y[slot]:
        _load(m, s, m.tile_x[core], m.tile_y[core], m.to_x[slot], m.to_y[slot])
    _arrive(m, s, (t + m.target_delay[slot]) % m.rows * n_axons, axon, counts, PACKETS_IN)
    return n_spikes


@jit
def _load(m, s, x, y, dx, dy):
    """Mark where the runs of links of a packet begin and end: east-west in row y, then north-south."""
    if dx > 0:
        s.load_x[0, x * m.height + y] += 1
        s.load_x[0, (x + dx) * m.height + y] -= 1
    elif dx < 0:
        s.load_x[1, (x + dx) * m.height + y] += 1
        s.load_x[1, x * m.height + y] -= 1
    at = (x + dx) * m.height
    if dy > 0:
        s.load_y[0, at + y] += 1
        s.load_y[0, at + y + dy] -= 1
    elif dy < 0:
        s.load_y[1, at + y + dy] += 1
        s.load_y[1, at + y] -= 1


@jit
def _busiest(m, s, link_load):
    """Packets over the busiest link inside chips, and over the busiest border."""
    inside, border = np.int32(0), np.int32(0)
    if len(m.pair):
        for k in range(len(link_load)):
            if k < m.n_inside:
                inside = max(inside, link_load[k])
            else:
                border = max(border, link_load[k])
        return inside, border
    n = s.load_x.shape[1]
    width = n // m.height
    for direction in range(2):  # sums along rows and columns of what `_load` marked
        load_x, load_y = s.load_x[direction], s.load_y[direction]
        for tile in range(m.height, n):
            load_x[tile] += load_x[tile - m.height]
        for tile in range(n):
            if tile % m.height:
                load_y[tile] += load_y[tile - 1]
        for x in range(width):
            edge = np.int32(0)
            for y in range(m.height):
                load = load_x[x * m.height + y]
                if (x + 1) % m.chip_width:
                    inside = max(inside, load)
                else:
                    edge = load if not m.merged or y % m.chip_height == 0 else np.int32(edge + load)
                    border = max(border, edge)
        for y in range(m.height):
            edge = np.int32(0)
            for x in range(width):
                load = load_y[x * m.height + y]
                if (y + 1) % m.chip_height:
                    inside = max(inside, load)
                else:
                    edge = load if not m.merged or x % m.chip_width == 0 else np.int32(edge + load)
                    border = max(border, edge)
    return inside, border


@jit
def _random(seed, t, key, purpose, shift):
    """A random number of the chip's width."""
    z = seed + np.uint64(t) * np.uint64(0x9E3779B97F4A7C15)
    z = _mix(z) + np.uint64(key) * np.uint64(0xD1B54A32D192ED03)
    z = _mix(z) + np.uint64(purpose)
    return np.int64(_mix(z) >> np.uint64(shift))


@jit
def _mix(z):
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def begin(machine: CrossbarMachine, state: CrossbarState, seed: int) -> None:
    """The state of a sample before its first tick; all of it was zero."""
    state.v[:] = machine.potential
    state.seed[0] = np.uint64(seed)


def shift(state: CrossbarState, steps: int) -> None:
    """Number ticks anew: what is tick t from now on draws the random numbers of tick t + `steps`.

    `_random` adds tick * constant to the seed, so the seed takes up the difference.
    """
    state.seed[0] = (int(state.seed[0]) + steps * 0x9E3779B97F4A7C15) % 2**64


def empty_state(machine: CrossbarMachine) -> CrossbarState:
    """The arrays of a sample, zero."""
    n, tiles = len(machine.target), machine.tiles
    axon: npt.NDArray[Any] = np.zeros(machine.rows * (len(machine.core_ptr) - 1) * machine.axons, np.uint8)
    return CrossbarState(
        v=np.zeros(n, np.int32),
        u=np.zeros(n, np.int32),
        axon=axon,
        axon_words=axon.view(np.uint64),
        seed=np.zeros(1, np.uint64),
        load_x=np.zeros((2, tiles), np.int32),
        load_y=np.zeros((2, tiles), np.int32),
    )
