"""Spikes of a sample from the order of slots, in which loops write them, to that of neurons."""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.lanes import lowest


@jit
def by_neuron(step, slot, value, neuron_of, neurons, values):
    """Write the spikes of each step in the order of neurons.

    Args:
        step: [spike], ascending.
        slot: [spike], each once in a step.
        value: [spike], payloads; empty: none are kept.
        neuron_of: [slot].
        neurons: [spike], written.
        values: [spike] like `value`, written.
    """
    n, first, kept = len(neuron_of), 0, len(value) > 0
    words, payload = np.zeros(n // 64 + 1, np.uint64), np.zeros(n, np.int32)
    for end in range(1, len(step) + 1):
        if end < len(step) and step[end] == step[first]:
            continue
        for i in range(first, end):
            neuron = np.uint64(neuron_of[slot[i]])
            words[neuron >> np.uint64(6)] |= np.uint64(1) << (neuron & np.uint64(63))
            if kept:
                payload[neuron] = value[i]
        _write(words, payload, first, neurons, values, kept)
        first = end


@jit
def _write(words, payload, at, neurons, values, kept):
    """Write the neurons whose bits are set, and forget them."""
    for k in range(len(words)):
        word = words[k]
        words[k] = 0
        while word:
            neuron = k * 64 + lowest(word)
            neurons[at] = neuron
            if kept:
                values[at] = payload[neuron]
            at += 1
            word &= word - np.uint64(1)
