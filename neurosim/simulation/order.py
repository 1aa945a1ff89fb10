"""Order: from flags of who fired to lists; the spikes of a sample by step and neuron, wherever neurons were placed."""

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.lanes import lowest
from neurosim.simulation.vectors import WORD

Ints32 = npt.NDArray[np.int32]
WORD_BITS = WORD.bit_length() - 1
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
    some = np.zeros(-(-len(fired) // WORD), np.uint64)
    payload = np.zeros(n if len(value) else 0, np.int32)
    _write_in_order(step, slot, value, neuron_of, fired, some, payload, neuron, carried)
    return neuron[: len(slot)], carried


@jit
def _write_in_order(step, slot, value, neuron_of, fired, some, payload, neuron, carried):
    """Mark who fires in a step, then read the marks off: many spikes need no comparison with each other.

    `some` marks the words of `fired` that are not 0, so that few spikes of many neurons are found at once.
    """
    begin, n, bit, low = 0, len(slot), np.uint64(1), np.uint64(WORD - 1)
    while begin < n:
        end, now = begin, step[begin]
        while end < n and step[end] == now:
            who = np.uint64(np.uint32(neuron_of[np.uint64(np.uint32(slot[end]))]))  # no index is tested for its sign
            word = who >> np.uint64(WORD_BITS)
            fired[word] |= bit << (who & low)
            some[word >> np.uint64(WORD_BITS)] |= bit << (word & low)
            if len(value):
                payload[who] = value[end]
            end += 1
        _read_off(fired, some, neuron, begin)
        if len(value):
            for i in range(begin, end):
                carried[i] = payload[neuron[i]]
        begin = end


@jit(inline="always")
def _read_off(fired, some, neuron, n):
    """Write who is marked to `neuron` from the n-th place on, and forget the marks."""
    for k in range(len(some)):
        left = some[k]
        while left:
            word = k * WORD + lowest(left)
            left &= left - np.uint64(1)
            n = append_bits(fired[word], word * WORD, neuron, n)
            fired[word] = 0
        some[k] = 0


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
