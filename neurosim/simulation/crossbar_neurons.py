"""Neurons of crossbar chips: leak, comparison, reset, and random numbers; see crossbar_kernel.py for the equations."""

import numpy as np

from compiler.jit import jit

LEAK, THRESHOLD, SYNAPSE = 1, 2, 16  # purposes of a random number; of a synapse: SYNAPSE + key of the axon


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


@jit(inline="always")
def settled(x, threshold, negative, eta, mode, reset_potential, saturates):
    """V after x has crossed a threshold."""
    if x >= threshold + eta:
        return reset_potential if mode == 0 else (x - threshold - eta if mode == 1 else x)
    if saturates:
        return max(x, -negative)
    if x >= -(negative + eta):
        return x
    return -reset_potential if mode == 0 else (x + negative + eta if mode == 1 else x)


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
