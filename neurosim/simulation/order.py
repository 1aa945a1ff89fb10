"""Order: the spikes of a sample by step and neuron, wherever the neurons were placed."""

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.lanes import lowest
from neurosim.simulation.vectors import WORD

Ints32 = npt.NDArray[np.int32]


def by_neuron(step: Ints32, slot: Ints32, value: Ints32, neuron_of: Ints32) -> tuple[Ints32, Ints32]:
    """Neurons and payloads of spikes that ascend by step, in the order of neurons within each step.

    Args:
        step: [spike].
        slot: [spike]; no slot comes twice in a step.
        value: [spike], payloads; empty where none are kept.
        neuron_of: [slot].
    """
    neuron, carried = np.empty(len(slot), np.int32), np.empty(len(value), np.int32)
    n = len(neuron_of)
    fired = np.zeros(-(-n // WORD), np.uint64)
    _write_in_order(step, slot, value, neuron_of, fired, np.zeros(n if len(value) else 0, np.int32), neuron, carried)
    return neuron, carried


@jit
def _write_in_order(step, slot, value, neuron_of, fired, payload, neuron, carried):
    """Mark who fires in a step, then read the marks off: many spikes need no comparison with each other."""
    begin = 0
    while begin < len(slot):
        end = begin
        first, last = len(fired), -1
        while end < len(slot) and step[end] == step[begin]:
            who = neuron_of[slot[end]]
            word = int(who) // WORD
            fired[word] |= np.uint64(1) << np.uint64(who % WORD)
            if len(value):
                payload[who] = value[end]
            first, last, end = min(first, word), max(last, word), end + 1
        at = begin
        for word in range(first, last + 1):
            bits = fired[word]
            fired[word] = 0
            while bits:
                who = word * WORD + lowest(bits)
                bits &= bits - np.uint64(1)
                neuron[at] = who
                if len(value):
                    carried[at] = payload[who]
                at += 1
        begin = end
