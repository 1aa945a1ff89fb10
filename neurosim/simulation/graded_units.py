"""A step of the neurons of graded_kernel.py: block after block of one model each, in loops that vectorise.

All in 64 bits, as equations and bounds are those of compiler/lower_graded.py.  A block that received nothing, sent
nothing and whose state did not change would do the same again: until something arrives, it is left out.

A loop goes over whole arrays with unsigned indices, as slices cost more than a short block; they are read from the
machine once a step, as numba counts references of each.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.layout import WRAP_ONCE

CUBA_LIF, RESONATE_AND_FIRE, LIQUID_TIME_CONSTANT, HARDTANH, TANH, SQUARE = range(6)
N_CODES = 6
BLOCK = 256  # neurons that are updated together, at most


@jit(inline="always")
def update(m, s, row):
    """Update every neuron with what arrives in the ring from index `row` on, and forget that.

    Afterwards `s.message` holds what each neuron sends, and `s.fired` is 1 where that is not 0.
    """
    lif, resonators, n_blocks = m.code_ptr[CUBA_LIF + 1], m.code_ptr[RESONATE_AND_FIRE + 1], len(m.block_code)
    if lif > 0:
        _update_lif(m, s, row, 0, lif)
    if resonators > lif:
        _update_resonators(m, s, row, lif, resonators)
    if n_blocks > resonators:
        _update_units(m, s, row, resonators, n_blocks)


@jit(inline="always")
def _update_units(m, s, row, first, last):
    """Linear and hardtanh, tanh, square and liquid_time_constant."""
    begins, ends, codes, still, ring = m.block_begin, m.block_end, m.block_code, s.still, s.ring
    u, v, sent, z, fired = s.u, s.v, s.sent, s.message, s.fired
    shift, bias, keep, gain, threshold, bound = m.shift, m.bias, m.keep, m.gain, m.threshold, m.bound
    sigma, delta, table, rise = m.sigma, m.delta, m.table, m.rise
    limits = (m.decay_bits, m.state_max, m.message_max)
    for k in range(first, last):
        begin, end, code = begins[k], ends[k], codes[k]
        if still[k] and _nothing(ring, row + begin, row + end):
            continue
        changed = _take_in(begin, end, row, u, ring, shift, bias, sigma, z, m.sum_max, m.state_max)
        if code == LIQUID_TIME_CONSTANT:
            _open_gates(begin, end, z, gain, table, rise, m.segment_bits, m.fraction_bits)
            changed |= _approach(begin, end, v, sent, z, fired, keep, bound, threshold, delta, limits)
        else:
            if code == HARDTANH:
                _clip(begin, end, z, bound)
            elif code == TANH:
                _bend(begin, end, z, table, rise, m.segment_bits)
            else:
                _square(begin, end, z, m.fraction_bits, m.state_max)
            changed |= _leak(begin, end, v, sent, z, fired, keep, gain, threshold, delta, limits)
        still[k] = changed == 0


@jit
def _take_in(begin, end, row, u, ring, shift, bias, sigma, z, sum_max, state_max):
    """The input u that a neuron uses, what arrived or all that ever did, and z of it."""
    changed, at = np.int64(0), np.uint64(row)
    for i in range(np.uint64(begin), np.uint64(end)):
        a = ring[at + i]
        ring[at + i] = 0
        x = clamp((u[i] if sigma[i] else np.int64(0)) + clamp(a, sum_max), sum_max)
        changed |= a | (x ^ u[i])
        u[i] = x
        z[i] = clamp(scaled(x, np.int64(shift[i])) + np.int64(bias[i]), state_max)
    return changed


@jit
def _clip(begin, end, z, bound):
    """F of hardtanh; of linear with the largest state as its bound."""
    for i in range(np.uint64(begin), np.uint64(end)):
        z[i] = min(max(z[i], -bound[i]), bound[i])


@jit
def _bend(begin, end, z, table, rise, bits):
    for i in range(np.uint64(begin), np.uint64(end)):
        z[i] = tanh(np.int64(z[i]), table, rise, bits)


@jit
def _square(begin, end, z, fraction_bits, state_max):
    for i in range(np.uint64(begin), np.uint64(end)):
        z[i] = clamp((np.int64(z[i]) * np.int64(z[i])) >> fraction_bits, state_max)


@jit
def _open_gates(begin, end, z, gain, table, rise, bits, fraction_bits):
    """The gate of liquid_time_constant, in place of z."""
    one = np.int64(1) << fraction_bits
    for i in range(np.uint64(begin), np.uint64(end)):
        sigmoid = (one + tanh(scaled(np.int64(z[i]), 1), table, rise, bits)) >> 1
        z[i] = scaled(np.int64(gain[i]) * sigmoid, fraction_bits)


@jit
def _leak(begin, end, v, sent, z, fired, keep, gain, threshold, delta, limits):
    """The state of a unit that leaks and takes f(z), and the message, in place of it."""
    decay_bits, state_max, message_max = limits
    changed = np.int64(0)
    for i in range(np.uint64(begin), np.uint64(end)):
        y = clamp(scaled(np.int64(keep[i]) * v[i] + np.int64(gain[i]) * np.int64(z[i]), decay_bits), state_max)
        message = _message(y, sent[i], np.int64(threshold[i]), message_max)
        changed |= (y ^ v[i]) | message
        v[i] = y
        sent[i] += message if delta[i] else np.int64(0)
        z[i] = message
        fired[i] = message != 0
    return changed


@jit
def _approach(begin, end, v, sent, gate, fired, keep, reversal, threshold, delta, limits):
    """The state of a unit that goes to its reversal as its gate is open, and the message, in place of the gate."""
    decay_bits, state_max, message_max = limits
    changed = np.int64(0)
    for i in range(np.uint64(begin), np.uint64(end)):
        change = np.int64(gate[i]) * (np.int64(reversal[i]) - v[i])
        y = clamp(scaled(np.int64(keep[i]) * v[i] + change, decay_bits), state_max)
        message = _message(y, sent[i], np.int64(threshold[i]), message_max)
        changed |= (y ^ v[i]) | message
        v[i] = y
        sent[i] += message if delta[i] else np.int64(0)
        gate[i] = message
        fired[i] = message != 0
    return changed


@jit
def _message(y, sent, threshold, message_max):
    """What a unit in state y sends to receivers that know `sent`; 0: nothing."""
    message = clamp(y - sent, message_max)
    return message if abs(message) > threshold else np.int64(0)


@jit(inline="always")
def _update_resonators(m, s, row, first, last):
    begins, ends, still, ring = m.block_begin, m.block_end, s.still, s.ring
    u, v, message, fired = s.u, s.v, s.message, s.fired
    cos, sin, shift, bias, threshold, magnitude = m.keep, m.gain, m.shift, m.bias, m.threshold, m.magnitude
    limits = (m.sum_max, m.decay_bits, m.state_max, m.message_max)
    for k in range(first, last):
        begin, end = begins[k], ends[k]
        if still[k] and _nothing(ring, row + begin, row + end):
            continue
        changed = _turn(
            begin, end, row, ring, u, v, message, fired, cos, sin, shift, bias, threshold, magnitude, limits
        )
        still[k] = changed == 0


@jit(inline="always")
def _turn(begin, end, row, ring, u, v, message, fired, cos, sin, shift, bias, threshold, magnitude, limits):
    """A step of resonators u + i v, each turned and drawn in by cos + i sin."""
    sum_max, decay_bits, state_max, message_max = limits
    changed, at = np.int64(0), np.uint64(row)
    for i in range(np.uint64(begin), np.uint64(end)):
        a, c, d = ring[at + i], np.int64(cos[i]), np.int64(sin[i])
        ring[at + i] = 0
        drive = scaled(clamp(a, sum_max), np.int64(shift[i])) + np.int64(bias[i])
        x = clamp(scaled(c * u[i] - d * v[i], decay_bits) + drive, state_max)
        y = clamp(scaled(d * u[i] + c * v[i], decay_bits), state_max)
        sends = (v[i] < 0) & (y >= 0) & (x > np.int64(threshold[i]))
        size = clamp(x, message_max) if magnitude[i] else np.int64(1)
        changed |= a | (x ^ u[i]) | (y ^ v[i]) | np.int64(sends)
        u[i] = x
        v[i] = y
        message[i] = size if sends else np.int64(0)
        fired[i] = sends
    return changed


@jit(inline="always")
def _update_lif(m, s, row, first, last):
    begins, ends, still, ring = m.block_begin, m.block_end, s.still, s.ring
    u, v, adapted, waiting, message, fired = s.u, s.v, s.adapted, s.waiting, s.message, s.fired
    keep_u, keep_v, keep_a, limit, bias = m.keep_u, m.keep_v, m.keep_a, m.lif_threshold, m.lif_bias
    jump, refractory = m.jump, m.refractory
    rules = (m.u_limit, m.u_rule == WRAP_ONCE, m.v_limit, m.v_rule == WRAP_ONCE)
    for k in range(first, last):
        begin, end = begins[k], ends[k]
        if still[k] and _nothing(ring, row + begin, row + end):
            continue
        changed = _charge(
            begin, end, row, ring, u, v, keep_u, keep_v, bias, m.lif_bits, m.weight_shift, m.sum_max, rules
        )
        changed |= _fire(
            begin, end, v, adapted, waiting, message, fired, keep_a, limit, jump, refractory, m.lif_bits, m.a_max
        )
        still[k] = changed == 0


@jit(inline="always")
def _charge(begin, end, row, ring, u, v, keep_u, keep_v, bias, bits, weight_shift, sum_max, rules):
    """Current and voltage of LIF neurons, before those that fire are reset: the arithmetic of kernel.py."""
    u_limit, u_wraps, v_limit, v_wraps = rules
    changed, at = np.int64(0), np.uint64(row)
    for i in range(np.uint64(begin), np.uint64(end)):
        a = ring[at + i]
        ring[at + i] = 0
        x = _decayed(u[i], np.int64(keep_u[i]), bits) + (clamp(a, sum_max) << weight_shift)
        x = _wrapped(x, u_limit) if u_wraps else clamp(x, u_limit - 1)
        y = _decayed(v[i], np.int64(keep_v[i]), bits) + x + bias[i]
        y = _wrapped(y, v_limit) if v_wraps else clamp(y, v_limit - 1)
        changed |= a | (x ^ u[i]) | (y ^ v[i])
        u[i] = x
        v[i] = y
    return changed


@jit(inline="always")
def _fire(begin, end, v, adapted, waiting, message, fired, keep_a, limit, jump, refractory, bits, a_max):
    """Who fires, with a threshold that adapts (compiler/lower_lif.py); those that fired of late wait."""
    changed = np.int64(0)
    for i in range(np.uint64(begin), np.uint64(end)):
        high, wait = _decayed(adapted[i], np.int64(keep_a[i]), bits), waiting[i]
        fires = (wait == 0) & (v[i] > limit[i] + high)
        high = min(high + jump[i], a_max) if fires else high
        left = refractory[i] if fires else wait
        left = np.uint8(left - (left != 0))
        changed |= (high ^ adapted[i]) | np.int64(left ^ wait) | np.int64(fires)
        v[i] = np.int64(0) if (wait != 0) | fires else v[i]
        adapted[i] = high
        waiting[i] = left
        message[i] = fires
        fired[i] = fires
    return changed


@jit
def _nothing(ring, begin, end):
    """Whether nothing arrives."""
    found = np.int64(0)
    for i in range(np.uint64(begin), np.uint64(end)):
        found |= ring[i]
    return found == 0


@jit
def _decayed(x, keep, bits):
    """Scale x by keep / 2^bits, toward zero, without leaving 64 bits."""
    size, low = abs(x), (np.int64(1) << bits) - 1
    left = (size >> bits) * keep + (((size & low) * keep) >> bits)
    return left if x >= 0 else -left


@jit
def _wrapped(x, limit):
    return x - 2 * limit if x > limit else (x + 2 * limit if x <= -limit else x)


@jit
def clamp(x, largest):
    """Hold x in [-largest, largest]."""
    return min(max(x, -largest), largest)


@jit
def scaled(x, bits):
    """Scale x by 1 / 2^bits, toward zero."""
    return (x + ((x >> np.int64(63)) & ((np.int64(1) << bits) - 1))) >> bits


@jit
def tanh(z, table, rise, bits):
    """neurosim.tanh_table.lookup, compiled: `rise` [segment] is what `table` gains in it, and 0 beyond its end."""
    size = abs(z)
    i = np.uint64(min(size >> bits, np.int64(len(table) - 1)))
    size = table[i] + ((rise[i] * (size & ((np.int64(1) << bits) - 1))) >> bits)
    return size if z >= 0 else -size
