"""The compiled loop for programs with neurons that send numbers: exact integers, event by event, as kernel.py.

One neuron at a time, all in 64 bits; the equations are at the top of compiler/lower_graded.py.  State u is the input
that the neuron used (s; the current of a LIF neuron; the real part of a resonator), v is its state (y; the voltage; the
imaginary part).  Sums of weight * payload are exact, as lowering proves, so the order of the messages does not matter.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.counting import count_spikes, largest
from neurosim.simulation.layout import WRAP_ONCE

CUBA_LIF, LINEAR, HARDTANH, TANH, SQUARE, LIQUID_TIME_CONSTANT, RESONATE_AND_FIRE = range(7)


class GradedMachine(NamedTuple):
    """A program, laid out for the loop.  What both kernels have is called as in kernel.Machine."""

    core_of: npt.NDArray[np.int32]  # [slot]
    synapse_ptr: npt.NDArray[np.int64]  # [source + 1]
    target: npt.NDArray[np.uint32]  # [synapse]
    weight: npt.NDArray[np.int32]  # [synapse]
    delay: npt.NDArray[np.uint8]  # [synapse]
    source_counts: npt.NDArray[np.int32]  # [source, N_COUNTS]
    axon_ptr: npt.NDArray[np.int64]  # [source + 1]
    axon_core: npt.NDArray[np.int32]  # [axon]
    axon_counts: npt.NDArray[np.int32]  # [axon, N_COUNTS]
    axon_pair: npt.NDArray[np.int32]  # [axon]
    pair_link_ptr: npt.NDArray[np.int64]  # [pair + 1]
    pair_link: npt.NDArray[np.int32]
    n_inside: int  # links inside chips, which stand first; the others are borders
    max_delay: int
    code: npt.NDArray[np.uint8]  # [slot], which equations: CUBA_LIF ...
    # registers of LIF neurons, 0 elsewhere
    keep_u: npt.NDArray[np.int64]  # [slot], 2^lif_bits - decay, not below 0
    keep_v: npt.NDArray[np.int64]  # [slot]
    lif_threshold: npt.NDArray[np.int64]  # [slot], shifted
    lif_bias: npt.NDArray[np.int64]  # [slot]
    refractory: npt.NDArray[np.uint8]  # [slot]
    keep_a: npt.NDArray[np.int64]  # [slot], 2^lif_bits - decay of the threshold's state
    jump: npt.NDArray[np.int64]  # [slot], of that state at a spike, shifted; 0 where thresholds are fixed
    a_max: int
    lif_bits: int
    weight_shift: int
    u_limit: int
    u_rule: int
    v_limit: int
    v_rule: int
    # registers of the others, 0 elsewhere; `keep` and `gain` hold cos and sin of resonators
    shift: npt.NDArray[np.int64]  # [slot]
    bias: npt.NDArray[np.int64]  # [slot]
    keep: npt.NDArray[np.int64]  # [slot]
    gain: npt.NDArray[np.int64]  # [slot]
    threshold: npt.NDArray[np.int64]  # [slot]
    bound: npt.NDArray[np.int64]  # [slot], limit of hardtanh, reversal of liquid_time_constant
    sigma: npt.NDArray[np.uint8]  # [slot]
    delta: npt.NDArray[np.uint8]  # [slot]
    magnitude: npt.NDArray[np.uint8]  # [slot]
    table: npt.NDArray[np.int64]  # of tanh
    segment_bits: int
    fraction_bits: int
    decay_bits: int
    sum_max: int
    state_max: int
    message_max: int


class GradedState(NamedTuple):
    """What a sample carries from step to step."""

    u: npt.NDArray[np.int64]  # [slot]
    v: npt.NDArray[np.int64]  # [slot]
    sent: npt.NDArray[np.int64]  # [slot], r: what the receivers know
    waiting: npt.NDArray[np.uint8]  # [slot], steps of refractoriness left
    ring: npt.NDArray[np.int64]  # [(max_delay + 1) * slots], sums of weight * payload by arrival step
    adapted: npt.NDArray[np.int64]  # [slot], a: what own spikes have added to the threshold of a LIF neuron


@jit
def advance(m, s, b, input_ptr, input_channel, start, stop, halt):
    """Advance as kernel.advance does; payloads of input spikes are in `b.input_value`, of spikes in `b.spike_value`."""
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
        begin, end = input_ptr[t], input_ptr[t + 1]
        channels, slots = input_channel[begin:end], b.spike_slot[first:n_spikes]
        _deliver(m, s, b, channels, b.input_value[begin:end], n)
        _deliver(m, s, b, slots, b.spike_value[first:n_spikes], 0)
        count_spikes(m, b, channels, n, b.counts[row])
        count_spikes(m, b, slots, 0, b.counts[row])
        b.busiest_link[row] = largest(b.link_load[: m.n_inside])
        b.busiest_border[row] = largest(b.link_load[m.n_inside :])
    return stop, n_spikes


@jit
def _deliver(m, s, b, spikes, values, offset):
    """Deliver the messages of sources `offset + spikes`."""
    for i in range(len(spikes)):
        source, value = offset + spikes[i], np.int64(values[i])
        for k in range(m.synapse_ptr[source], m.synapse_ptr[source + 1]):
            s.ring[b.row_of_delay[m.delay[k]] + np.int64(m.target[k])] += np.int64(m.weight[k]) * value


@jit
def _update(m, s, b, t, n_spikes):
    """Update every neuron; append the messages to the spike buffer."""
    row = b.row_of_delay[0]
    for i in range(len(m.core_of)):
        a = _clamp(s.ring[row + i], m.sum_max)
        s.ring[row + i] = 0
        if m.code[i] == CUBA_LIF:
            message = _lif(m, s, i, a)
        elif m.code[i] == RESONATE_AND_FIRE:
            message = _resonator(m, s, i, a)
        else:
            message = _unit(m, s, i, a)
        if message != 0:
            b.spike_step[n_spikes] = t
            b.spike_slot[n_spikes] = i
            b.spike_value[n_spikes] = message
            n_spikes += 1
    return n_spikes


@jit
def _unit(m, s, i, a):
    """linear, hardtanh, tanh, square and liquid_time_constant."""
    if m.sigma[i]:
        a = _clamp(s.u[i] + a, m.sum_max)
    s.u[i] = a
    y, code = s.v[i], m.code[i]
    z = _clamp(_scaled(a, m.shift[i]) + m.bias[i], m.state_max)
    if code == LIQUID_TIME_CONSTANT:
        one = np.int64(1) << m.fraction_bits
        gate = _scaled(m.gain[i] * _scaled(one + _tanh(m, _scaled(z, 1)), 1), m.fraction_bits)
        y = m.keep[i] * y + gate * (m.bound[i] - y)
    else:
        if code == HARDTANH:
            z = _clamp(z, m.bound[i])
        elif code == TANH:
            z = _tanh(m, z)
        elif code == SQUARE:
            z = _clamp(_scaled(z * z, m.fraction_bits), m.state_max)
        y = m.keep[i] * y + m.gain[i] * z
    y = _clamp(_scaled(y, m.decay_bits), m.state_max)
    s.v[i] = y
    message = _clamp(y - s.sent[i], m.message_max)
    if abs(message) <= m.threshold[i]:
        return np.int64(0)
    if m.delta[i]:
        s.sent[i] += message
    return message


@jit
def _resonator(m, s, i, a):
    x, y, cos, sin = s.u[i], s.v[i], m.keep[i], m.gain[i]
    drive = _scaled(a, m.shift[i]) + m.bias[i]
    s.u[i] = _clamp(_scaled(cos * x - sin * y, m.decay_bits) + drive, m.state_max)
    s.v[i] = _clamp(_scaled(sin * x + cos * y, m.decay_bits), m.state_max)
    if not (y < 0 <= s.v[i] and s.u[i] > m.threshold[i]):
        return np.int64(0)
    return _clamp(s.u[i], m.message_max) if m.magnitude[i] else np.int64(1)


@jit
def _lif(m, s, i, a):
    """The arithmetic of kernel.py, for one neuron, with the threshold of compiler/lower.py that adapts."""
    u = _limited(_decayed(s.u[i], m.keep_u[i], m.lif_bits) + (a << m.weight_shift), m.u_limit, m.u_rule)
    v = _limited(_decayed(s.v[i], m.keep_v[i], m.lif_bits) + u + m.lif_bias[i], m.v_limit, m.v_rule)
    s.u[i] = u
    waiting = s.waiting[i]
    adapted = _decayed(s.adapted[i], m.keep_a[i], m.lif_bits)
    fires = not waiting and v > m.lif_threshold[i] + adapted
    s.adapted[i] = min(adapted + m.jump[i], m.a_max) if fires else adapted
    s.v[i] = 0 if waiting or fires else v
    left = m.refractory[i] if fires else waiting
    s.waiting[i] = left - 1 if left else 0
    return np.int64(fires)


@jit
def _decayed(x, keep, bits):
    """Scale x by keep / 2^bits, toward zero, without leaving 64 bits."""
    size, low = abs(x), (np.int64(1) << bits) - 1
    left = (size >> bits) * keep + (((size & low) * keep) >> bits)
    return left if x >= 0 else -left


@jit
def _limited(x, limit, rule):
    if rule == WRAP_ONCE:
        return x - 2 * limit if x > limit else (x + 2 * limit if x <= -limit else x)
    return _clamp(x, limit - 1)


@jit
def _clamp(x, largest):
    return min(max(x, -largest), largest)


@jit
def _scaled(x, bits):
    """Scale x by 1 / 2^bits, toward zero."""
    return x >> bits if x >= 0 else -(-x >> bits)


@jit
def _tanh(m, z):
    """neurosim.tanh_table.lookup, compiled."""
    size = abs(z)
    i = size >> m.segment_bits
    if i + 1 < len(m.table):
        j = size - (i << m.segment_bits)
        size = m.table[i] + _scaled((m.table[i + 1] - m.table[i]) * j, m.segment_bits)
    else:
        size = m.table[len(m.table) - 1]
    return size if z >= 0 else -size
