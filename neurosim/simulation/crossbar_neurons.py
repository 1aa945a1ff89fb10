"""Neurons of crossbar chips: leak, comparison, reset, and random numbers; see crossbar_kernel.py for the equations."""

import numpy as np

from compiler.jit import jit

LEAK, THRESHOLD, SYNAPSE = 1, 2, 16  # purposes of a random number; of a synapse: SYNAPSE + key of the axon


@jit
def leak_all(v, leak):
    """Add one leak to every neuron."""
    for j in range(len(v)):
        v[j] += leak


@jit
def leak_each(v, leak):
    """Add to each neuron its own."""
    for j in range(len(v)):
        v[j] += leak[j]


@jit
def leak_reversed(v, leak, reversal):
    """The same where some leaks go with the sign of v."""
    for j in range(len(v)):
        v[j] += leak[j] * ((v[j] > 0) - (v[j] < 0)) if reversal[j] else leak[j]


@jit
def leak_random(v, leak, reversal, stochastic, key, seed, t, shift):
    """The same where some leaks are drawn."""
    for j in range(len(v)):
        x = np.int32(leak[j])
        if stochastic[j]:
            x = np.sign(x) if abs(x) >= random(seed, t, key[j], LEAK, shift) else np.int32(0)
        v[j] += x * ((v[j] > 0) - (v[j] < 0)) if reversal[j] else x


@jit
def hold(v, low, top):
    """Keep v within its bits."""
    for j in range(len(v)):
        v[j] = min(max(v[j], low), top)


@jit
def cross_up(v, threshold, crossed):
    """Flag who is at the threshold of all, or above."""
    for j in range(len(v)):
        crossed[j] = np.uint8(v[j] >= threshold)


@jit
def cross_up_each(v, threshold, crossed):
    """Flag who is at its own threshold, or above."""
    for j in range(len(v)):
        crossed[j] = np.uint8(v[j] >= threshold[j])


@jit
def cross_down(v, negative, crossed):
    """Flag also who is below minus the negative threshold of all."""
    for j in range(len(v)):
        crossed[j] |= np.uint8(v[j] < -negative)


@jit
def cross_down_each(v, negative, crossed):
    """Flag also who is below minus its own."""
    for j in range(len(v)):
        crossed[j] |= np.uint8(v[j] < -negative[j])


@jit
def settle(v, j, threshold, negative, eta, mode, reset_potential, saturates):
    """Reset a neuron that crossed a threshold, and say whether it fires."""
    x = v[j]
    if x >= threshold + eta:
        if mode == 0:
            v[j] = reset_potential
        elif mode == 1:
            v[j] = x - threshold - eta
        return True
    if saturates:
        v[j] = max(x, -negative)
    elif x < -(negative + eta):
        if mode == 0:
            v[j] = -reset_potential
        elif mode == 1:
            v[j] = x + negative + eta
    return False


@jit
def random(seed, t, key, purpose, shift):
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
