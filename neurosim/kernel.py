"""The compiled simulation loop: exact integers, event by event, every event counted.

One call advances one sample by up to a buffer of steps.  A step: spikes that arrive now are taken from the ring;
all neurons are updated, block by block so that the update vectorises; then every spike, external or own, is
delivered along its lists and counted on each core and link that it touches.

Decay rounds toward zero.  In int32, trunc(x * (k / 4096)) in float64 is exact, as |x| * 4096 < 2^53, and
vectorises; in int64 it is done in integers.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

BLOCK = 512  # neurons; a block that fires is scanned again for who did
WRAP_ONCE, SATURATE = 0, 1

# columns of the counts of a core in a step: first what a spike adds at home, then what it adds where it arrives
SPIKES, PACKETS_OUT, PACKETS_BETWEEN_CORES, HOPS_X, HOPS_Y = range(5)
PACKETS_IN, INPUT_PACKETS, SYNAPTIC_EVENTS, SYNAPTIC_EVENTS_DENSE, SYNAPSE_WORDS = range(5, 10)
MERGED_PACKETS = 10  # of a crossbar: packets that met another on their axon
BORDERS_X, BORDERS_Y = range(11, 13)  # at home
N_COUNTS = 13


class Machine(NamedTuple):
    """A program, laid out for the loop.  Slots, sources, axons: see compiler/program.py and route.py."""

    core_of: npt.NDArray[np.int32]  # [slot]
    decay_u: npt.NDArray[np.float64]  # [slot], factor per step
    decay_v: npt.NDArray[np.float64]  # [slot]
    threshold: npt.NDArray[np.int32]  # [slot], shifted
    bias: npt.NDArray[np.int32]  # [slot]
    refractory: npt.NDArray[np.uint8]  # [slot]
    synapse_ptr: npt.NDArray[np.int64]  # [source + 1]
    target: npt.NDArray[np.uint32]  # [synapse], slot; unsigned, so that no index is tested for its sign
    weight: npt.NDArray[np.int32]  # [synapse], mantissa * 2^exponent
    delay: npt.NDArray[np.uint8]  # [synapse]
    source_counts: npt.NDArray[np.int32]  # [source, N_COUNTS], what one spike adds on its own core
    axon_ptr: npt.NDArray[np.int64]  # [source + 1]
    axon_core: npt.NDArray[np.int32]  # [axon]
    axon_counts: npt.NDArray[np.int32]  # [axon, N_COUNTS], what one spike adds on the destination core
    axon_pair: npt.NDArray[np.int32]  # [axon]
    pair_link_ptr: npt.NDArray[np.int64]  # [pair + 1]
    pair_link: npt.NDArray[np.int32]
    n_inside: int  # links inside chips, which stand first; the others are borders
    max_delay: int
    weight_shift: int
    u_limit: int
    u_rule: int
    v_limit: int
    v_rule: int
    has_refractory: bool


class State(NamedTuple):
    """What a sample carries from step to step.  u, v and ring are int32 where a proof allows, else int64."""

    u: npt.NDArray[Any]  # [slot]
    v: npt.NDArray[Any]  # [slot]
    waiting: npt.NDArray[np.uint8]  # [slot], steps of refractoriness left
    ring: npt.NDArray[Any]  # [(max_delay + 1) * slots], weight sums by arrival step
    fired: npt.NDArray[np.uint8]  # [slot], scratch


class Buffers(NamedTuple):
    """Where a call writes.  Rows are steps from the first step of the call."""

    counts: npt.NDArray[np.int32]  # [row, core, N_COUNTS]
    busiest_link: npt.NDArray[np.int32]  # [row], inside chips
    busiest_border: npt.NDArray[np.int32]  # [row], between chips
    spike_step: npt.NDArray[np.int32]  # [capacity]
    spike_slot: npt.NDArray[np.int32]  # [capacity]
    probe_slot: npt.NDArray[np.int64]  # [probe]
    probe_u: npt.NDArray[np.int64]  # [row, probe]
    probe_v: npt.NDArray[np.int64]  # [row, probe]
    link_load: npt.NDArray[np.int32]  # [link], scratch
    row_of_delay: npt.NDArray[np.int64]  # [max_delay + 1], scratch
    spike_value: npt.NDArray[np.int32]  # [capacity], payloads; written by graded_kernel.py only, like the next
    input_value: npt.NDArray[np.int32]  # [external spike of the sample], payloads; read


@njit(cache=True, nogil=True)
def advance(m, s, b, input_ptr, input_channel, start, stop, halt):
    """Advance from step `start` to `stop`, or until the spike buffer is full or `halt[0]` is set.

    `input_ptr[t] : input_ptr[t + 1]` are the external spikes of step t in `input_channel`.
    Returns the step reached and the number of spikes written.
    """
    n = len(m.core_of)
    n_spikes = 0
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        row = t - start
        b.counts[row] = 0
        b.link_load[:] = 0
        for d in range(m.max_delay + 1):
            b.row_of_delay[d] = (t + d) % (m.max_delay + 1) * n
        first = n_spikes
        n_spikes = _update(m, s, b, t, n_spikes)
        for i in range(len(b.probe_slot)):
            b.probe_u[row, i] = s.u[b.probe_slot[i]]
            b.probe_v[row, i] = s.v[b.probe_slot[i]]
        _deliver(m, s, b, input_channel[input_ptr[t] : input_ptr[t + 1]], n, b.counts[row])
        _deliver(m, s, b, b.spike_slot[first:n_spikes], 0, b.counts[row])
        b.busiest_link[row] = _largest(b.link_load[: m.n_inside])
        b.busiest_border[row] = _largest(b.link_load[m.n_inside :])
    return stop, n_spikes


@njit(cache=True, nogil=True)
def _largest(load):
    return load.max() if len(load) else np.int32(0)


@njit(cache=True, nogil=True)
def _deliver(m, s, b, spikes, offset, counts):
    """Deliver and count the spikes of sources `offset + spikes`; external ones have an offset and no core."""
    ring, target, weight, delay, synapse_ptr = s.ring, m.target, m.weight, m.delay, m.synapse_ptr
    axon_ptr, axon_core, axon_counts, axon_pair = m.axon_ptr, m.axon_core, m.axon_counts, m.axon_pair
    pair_link_ptr, pair_link, link_load = m.pair_link_ptr, m.pair_link, b.link_load
    source_counts, core_of, row_of_delay = m.source_counts, m.core_of, b.row_of_delay
    next_row = ring[row_of_delay[1] : row_of_delay[1] + len(core_of)]
    for i in range(len(spikes)):
        source = offset + spikes[i]
        if offset == 0:
            for c in range(PACKETS_IN):
                counts[core_of[source], c] += source_counts[source, c]
            for c in range(BORDERS_X, N_COUNTS):
                counts[core_of[source], c] += source_counts[source, c]
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            for c in range(PACKETS_IN, BORDERS_X):
                counts[axon_core[a], c] += axon_counts[a, c]
            pair = axon_pair[a]
            if pair >= 0:
                for k in range(pair_link_ptr[pair], pair_link_ptr[pair + 1]):
                    link_load[pair_link[k]] += 1
        begin, end = np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])
        if m.max_delay == 1:
            for k in range(begin, end):
                next_row[target[k]] += weight[k]
        else:
            for k in range(begin, end):
                ring[np.uint64(row_of_delay[delay[k]]) + target[k]] += weight[k]


@njit(cache=True, nogil=True)
def _update(m, s, b, t, n_spikes):
    """Update every neuron; append those that fire to the spike buffer."""
    n = len(m.core_of)
    arriving = s.ring[b.row_of_delay[0] : b.row_of_delay[0] + n]
    for begin in range(0, n, BLOCK):
        end = min(begin + BLOCK, n)
        u, v, fired = s.u[begin:end], s.v[begin:end], s.fired[begin:end]
        a = arriving[begin:end]
        _decay(u, m.decay_u[begin:end])
        _integrate_u(u, a, m.weight_shift, m.u_limit, m.u_rule)
        _decay(v, m.decay_v[begin:end])
        _integrate_v(v, u, m.bias[begin:end], m.v_limit, m.v_rule)
        if m.has_refractory:
            any_fired = _fire_refractory(
                v, fired, m.threshold[begin:end], s.waiting[begin:end], m.refractory[begin:end]
            )
        else:
            any_fired = _fire(v, fired, m.threshold[begin:end])
        if any_fired:
            for i in range(end - begin):
                if fired[i]:
                    b.spike_step[n_spikes] = t
                    b.spike_slot[n_spikes] = begin + i
                    n_spikes += 1
    return n_spikes


@njit(cache=True, nogil=True)
def _decay(x, factor):
    """Multiply by a factor, rounding toward zero; factors are whole 65536ths (chip registers have at most 16 bits)."""
    if x.itemsize == 4:
        one = x.dtype.type
        for i in range(len(x)):
            x[i] = one(x[i] * factor[i])
    else:
        for i in range(len(x)):
            k = np.int64(factor[i] * 65536.0)
            size = abs(np.int64(x[i]))
            left = (size >> 16) * k + (((size & 65535) * k) >> 16)
            x[i] = left if x[i] >= 0 else -left


@njit(cache=True, nogil=True)
def _integrate_u(u, a, shift, limit, rule):
    one = u.dtype.type
    top, turn = one(limit), one(2 * limit)
    by = one(shift)
    if rule == WRAP_ONCE:
        for i in range(len(u)):
            x = one(u[i] + one(a[i] << by))
            x = one(x - turn) if x > top else (one(x + turn) if x <= -top else x)
            u[i] = x
            a[i] = 0
    else:
        for i in range(len(u)):
            x = one(u[i] + one(a[i] << by))
            u[i] = min(max(x, one(1 - top)), one(top - 1))
            a[i] = 0


@njit(cache=True, nogil=True)
def _integrate_v(v, u, bias, limit, rule):
    one = v.dtype.type
    top, turn = one(limit), one(2 * limit)
    if rule == WRAP_ONCE:
        for i in range(len(v)):
            x = one(v[i] + one(u[i] + bias[i]))
            v[i] = one(x - turn) if x > top else (one(x + turn) if x <= -top else x)
    else:
        for i in range(len(v)):
            x = one(v[i] + one(u[i] + bias[i]))
            v[i] = min(max(x, one(1 - top)), one(top - 1))


@njit(cache=True, nogil=True)
def _fire(v, fired, threshold):
    any_fired = np.uint8(0)
    for i in range(len(v)):
        f = np.uint8(v[i] > threshold[i])
        fired[i] = f
        any_fired |= f
        v[i] = 0 if f else v[i]
    return any_fired


@njit(cache=True, nogil=True)
def _fire_refractory(v, fired, threshold, waiting, refractory):
    """A waiting neuron has v = 0, which is never above its threshold."""
    any_fired = np.uint8(0)
    for i in range(len(v)):
        w = waiting[i]
        x = 0 if w else v[i]
        f = np.uint8(x > threshold[i])
        fired[i] = f
        any_fired |= f
        v[i] = 0 if f else x
        left = refractory[i] if f else w
        waiting[i] = left - 1 if left else 0
    return any_fired
