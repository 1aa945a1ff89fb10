"""Order: from flags of who fired to lists; the spikes of a sample by step and neuron, wherever neurons were placed."""

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.lanes import lowest
from neurosim.simulation.vectors import WORD

Ints32 = npt.NDArray[np.int32]
SPARE = 2  # places behind a list that `append_bits` may write to


def by_neuron(step: Ints32, slot: Ints32, value: Ints32, neuron_of: Ints32) -> tuple[Ints32, Ints32]:
    """Neurons and payloads of spikes that ascend by step, in the order of neurons within each step.

    Args:
        step: [spike].
        slot: [spike]; no slot comes twice in a step.
        value: [spike], payloads; empty where none are kept.
        neuron_of: [slot].
    """
    neuron, carried = np.empty(len(slot) + SPARE, np.int32), np.empty(len(value), np.int32)
    n = len(neuron_of)
    fired = np.zeros(-(-n // WORD), np.uint64)
    _write_in_order(step, slot, value, neuron_of, fired, np.zeros(n if len(value) else 0, np.int32), neuron, carried)
    return neuron[: len(slot)], carried


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
            at = append_bits(fired[word], word * WORD, neuron, at)
            fired[word] = 0
        if len(value):
            for i in range(begin, end):
                carried[i] = payload[neuron[i]]
        begin = end


@jit(inline="always")
def append_bits(bits, first, places, n):
    """Write first + the number of each bit that is set to `places` from the n-th on; returns how many there are then.

    Two are written whether they are set or not: more are rare, and a branch that is hard to foretell takes longer.
    """
    for _ in range(SPARE):
        places[n] = first + lowest(bits)
        n += bits != 0
        bits &= bits - np.uint64(1)
    while bits:
        places[n] = first + lowest(bits)
        n += 1
        bits &= bits - np.uint64(1)
    return n
