"""Whether a packet gets lost; packet_loss.py tells what that means."""

from compiler.jit import jit
from neurosim.simulation.crossbar_neurons import random

LOSS = 3  # purpose of the random number, beside those of crossbar_neurons.py
SHIFT = 2  # of a number of 64 bits


@jit(inline="always")
def is_lost(seed, t, key, limit):
    """Whether the packet `key` of step t is lost."""
    return random(seed, t, key, LOSS, SHIFT) < limit
