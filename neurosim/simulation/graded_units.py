"""A step of the neurons of graded_kernel.py: block after block of one model each, in loops that vectorise.

All in 64 bits, as equations and bounds are those of compiler/lower_graded.py.  A block that received nothing, sent
nothing and whose state did not change would do the same again: until something arrives, it is left out.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.layout import WRAP_ONCE

CUBA_LIF, HARDTANH, TANH, SQUARE, LIQUID_TIME_CONSTANT, RESONATE_AND_FIRE = range(6)
BLOCK = 256  # neurons that are updated together, at most


@jit(inline="always")
def update(m, s, row):
    """Update every neuron with what arrives in the ring from index `row` on, and forget that.

    Afterwards `s.message` holds what each neuron sends, and `s.fired` is 1 where that is not 0.
    """
    block_ptr, codes, still, ring = m.block_ptr, m.block_code, s.still, s.ring
    for k in range(len(codes)):
        begin, end, code = block_ptr[k], block_ptr[k + 1], codes[k]
        a = ring[row + begin : row + end]
        if still[k] and not _any(a):
            continue
        if code == CUBA_LIF:
            changed = _lif(m, s, begin, end, a)
        elif code == RESONATE_AND_FIRE:
            changed = _resonators(m, s, begin, end, a)
        else:
            changed = _units(m, s, begin, end, a, code)
        still[k] = changed == 0


@jit(inline="always")
def _units(m, s, begin, end, a, code):
    """linear and hardtanh, tanh, square and liquid_time_constant; whether anything happened."""
    u, v, sent, message, fired = (
        s.u[begin:end],
        s.v[begin:end],
        s.sent[begin:end],
        s.message[begin:end],
        s.fired[begin:end],
    )
    shift, bias, keep, gain = m.shift[begin:end], m.bias[begin:end], m.keep[begin:end], m.gain[begin:end]
    threshold, bound = m.threshold[begin:end], m.bound[begin:end]
    sigma, delta = m.sigma[begin:end], m.delta[begin:end]
    changed = _take_in(u, a, shift, bias, sigma, message, m.sum_max, m.state_max)
    limits = (m.decay_bits, m.state_max, m.message_max)
    if code == LIQUID_TIME_CONSTANT:
        _open_gates(message, gain, m.table, m.rise, m.segment_bits, m.fraction_bits)
        return changed | _approach(v, sent, message, fired, keep, bound, threshold, delta, limits)
    if code == HARDTANH:
        _clip(message, bound)
    elif code == TANH:
        _bend(message, m.table, m.rise, m.segment_bits)
    else:
        _square(message, m.fraction_bits, m.state_max)
    return changed | _leak(v, sent, message, fired, keep, gain, threshold, delta, limits)


@jit(inline="always")
def _take_in(u, a, shift, bias, sigma, z, sum_max, state_max):
    """The input u that a neuron uses, what arrived or all that ever did, and z of it."""
    changed = np.int64(0)
    for i in range(len(u)):
        x = clamp((u[i] if sigma[i] else np.int64(0)) + clamp(a[i], sum_max), sum_max)
        changed |= a[i] | (x ^ u[i])
        a[i] = 0
        u[i] = x
        z[i] = clamp(scaled(x, np.int64(shift[i])) + np.int64(bias[i]), state_max)
    return changed


@jit(inline="always")
def _clip(z, bound):
    """f of hardtanh; of linear with the largest state as its bound."""
    for i in range(len(z)):
        z[i] = min(max(z[i], -bound[i]), bound[i])


@jit(inline="always")
def _bend(z, table, rise, bits):
    for i in range(len(z)):
        z[i] = tanh(np.int64(z[i]), table, rise, bits)


@jit(inline="always")
def _square(z, fraction_bits, state_max):
    for i in range(len(z)):
        z[i] = clamp((np.int64(z[i]) * np.int64(z[i])) >> fraction_bits, state_max)


@jit(inline="always")
def _open_gates(z, gain, table, rise, bits, fraction_bits):
    """g of liquid_time_constant, in place of z."""
    one = np.int64(1) << fraction_bits
    for i in range(len(z)):
        sigmoid = (one + tanh(scaled(np.int64(z[i]), 1), table, rise, bits)) >> 1
        z[i] = scaled(np.int64(gain[i]) * sigmoid, fraction_bits)


@jit(inline="always")
def _leak(v, sent, z, fired, keep, gain, threshold, delta, limits):
    """The state of a unit that leaks and takes f(z), and the message, in place of it."""
    decay_bits, state_max, message_max = limits
    changed = np.int64(0)
    for i in range(len(v)):
        y = clamp(scaled(np.int64(keep[i]) * v[i] + np.int64(gain[i]) * np.int64(z[i]), decay_bits), state_max)
        message = _message(y, sent[i], np.int64(threshold[i]), message_max)
        changed |= (y ^ v[i]) | message
        v[i] = y
        sent[i] += message if delta[i] else np.int64(0)
        z[i] = message
        fired[i] = message != 0
    return changed


@jit(inline="always")
def _approach(v, sent, gate, fired, keep, reversal, threshold, delta, limits):
    """The state of a unit that goes to its reversal as far as its gate is open, and the message, in place of the gate."""
    decay_bits, state_max, message_max = limits
    changed = np.int64(0)
    for i in range(len(v)):
        change = np.int64(gate[i]) * (np.int64(reversal[i]) - v[i])
        y = clamp(scaled(np.int64(keep[i]) * v[i] + change, decay_bits), state_max)
        message = _message(y, sent[i], np.int64(threshold[i]), message_max)
        changed |= (y ^ v[i]) | message
        v[i] = y
        sent[i] += message if delta[i] else np.int64(0)
        gate[i] = message
        fired[i] = message != 0
    return changed


@jit(inline="always")
def _message(y, sent, threshold, message_max):
    """What a unit in state y sends to receivers that know `sent`; 0: nothing."""
    message = clamp(y - sent, message_max)
    return message if abs(message) > threshold else np.int64(0)


@jit(inline="always")
def _resonators(m, s, begin, end, a):
    u, v, message, fired = s.u[begin:end], s.v[begin:end], s.message[begin:end], s.fired[begin:end]
    cosine, sine = m.keep[begin:end], m.gain[begin:end]
    shift, bias, threshold = m.shift[begin:end], m.bias[begin:end], m.threshold[begin:end]
    magnitude = m.magnitude[begin:end]
    sum_max, state_max, message_max, decay_bits = m.sum_max, m.state_max, m.message_max, m.decay_bits
    changed = np.int64(0)
    for i in range(len(v)):
        cos, sin = np.int64(cosine[i]), np.int64(sine[i])
        drive = scaled(clamp(a[i], sum_max), np.int64(shift[i])) + np.int64(bias[i])
        x = clamp(scaled(cos * u[i] - sin * v[i], decay_bits) + drive, state_max)
        y = clamp(scaled(sin * u[i] + cos * v[i], decay_bits), state_max)
        sends = (v[i] < 0) & (y >= 0) & (x > np.int64(threshold[i]))
        size = clamp(x, message_max) if magnitude[i] else np.int64(1)
        changed |= a[i] | (x ^ u[i]) | (y ^ v[i]) | np.int64(sends)
        a[i] = 0
        u[i] = x
        v[i] = y
        message[i] = size if sends else np.int64(0)
        fired[i] = sends
    return changed


@jit(inline="always")
def _lif(m, s, begin, end, a):
    """The arithmetic of kernel.py, with the threshold of compiler/lower_lif.py that adapts."""
    u, v, adapted, waiting = s.u[begin:end], s.v[begin:end], s.adapted[begin:end], s.waiting[begin:end]
    message, fired = s.message[begin:end], s.fired[begin:end]
    keep_u, keep_v, keep_a = m.keep_u[begin:end], m.keep_v[begin:end], m.keep_a[begin:end]
    limit, bias, jump = m.lif_threshold[begin:end], m.lif_bias[begin:end], m.jump[begin:end]
    refractory = m.refractory[begin:end]
    bits, weight_shift, a_max, sum_max = m.lif_bits, m.weight_shift, m.a_max, m.sum_max
    u_limit, u_wraps, v_limit, v_wraps = m.u_limit, m.u_rule == WRAP_ONCE, m.v_limit, m.v_rule == WRAP_ONCE
    changed = np.int64(0)
    for i in range(len(v)):
        x = _decayed(u[i], np.int64(keep_u[i]), bits) + (clamp(a[i], sum_max) << weight_shift)
        x = _wrapped(x, u_limit) if u_wraps else clamp(x, u_limit - 1)
        y = _decayed(v[i], np.int64(keep_v[i]), bits) + x + bias[i]
        y = _wrapped(y, v_limit) if v_wraps else clamp(y, v_limit - 1)
        high = _decayed(adapted[i], np.int64(keep_a[i]), bits)
        wait = waiting[i]
        fires = (wait == 0) & (y > limit[i] + high)
        high = min(high + jump[i], a_max) if fires else high
        y = np.int64(0) if (wait != 0) | fires else y
        left = refractory[i] if fires else wait
        left = np.uint8(left - (left != 0))
        changed |= a[i] | (x ^ u[i]) | (y ^ v[i]) | (high ^ adapted[i]) | np.int64(left ^ wait) | np.int64(fires)
        a[i] = 0
        u[i] = x
        v[i] = y
        adapted[i] = high
        waiting[i] = left
        message[i] = fires
        fired[i] = fires
    return changed


@jit(inline="always")
def _any(values):
    """Whether any of some numbers is not 0."""
    found = np.int64(0)
    for i in range(len(values)):
        found |= values[i]
    return found != 0


@jit(inline="always")
def _decayed(x, keep, bits):
    """Scale x by keep / 2^bits, toward zero, without leaving 64 bits."""
    size, low = abs(x), (np.int64(1) << bits) - 1
    left = (size >> bits) * keep + (((size & low) * keep) >> bits)
    return left if x >= 0 else -left


@jit(inline="always")
def _wrapped(x, limit):
    return x - 2 * limit if x > limit else (x + 2 * limit if x <= -limit else x)


@jit(inline="always")
def clamp(x, largest):
    """Hold x in [-largest, largest]."""
    return min(max(x, -largest), largest)


@jit(inline="always")
def scaled(x, bits):
    """Scale x by 1 / 2^bits, toward zero."""
    return (x + ((x >> np.int64(63)) & ((np.int64(1) << bits) - 1))) >> bits


@jit(inline="always")
def tanh(z, table, rise, bits):
    """neurosim.tanh_table.lookup, compiled: `rise` [segment] is what `table` gains in it, and 0 beyond its end."""
    size = abs(z)
    i = np.uint64(min(size >> bits, np.int64(len(table) - 1)))
    size = table[i] + ((rise[i] * (size & ((np.int64(1) << bits) - 1))) >> bits)
    return size if z >= 0 else -size
