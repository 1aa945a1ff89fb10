"""The compiled loop for programs with neurons that send numbers: exact integers, event by event, as kernel.py.

The equations are at the top of compiler/lower_graded.py, a step of the neurons is in graded_units.py.  State u is the
input that the neuron used (s; the current of a LIF neuron; the real part of a resonator), v is its state (y; the
voltage; the imaginary part).

Only senders cost anything in delivery.  A message passes over the runs of its source, which are synapses of one byte on
targets that follow each other, and over its other synapses, which are words (layout.py).  Sums of weight * payload are
exact, as lowering proves, so the order in which they are added does not matter.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.counting import count_arrivals, count_own, note_inputs, note_step
from neurosim.simulation.graded_units import update
from neurosim.simulation.lanes import lowest
from neurosim.simulation.layout import PACKED_TARGET_BITS, WIDE_TARGET_BITS, Caused
from neurosim.simulation.scatter import prefetch_run

AHEAD = 2  # messages, of which a run is prefetched


class GradedMachine(NamedTuple):
    """A program, laid out for the loop.  What both kernels have is called as in layout.Machine, and means the same."""

    n: int  # neurons
    run_ptr: npt.NDArray[np.int64]  # [source + 1]
    run_begin: npt.NDArray[np.int64]  # [run + 1], into run_weight
    run_target: npt.NDArray[np.uint32]  # [run], the first target and the delay, as a wide word
    run_weight: npt.NDArray[np.int8]  # [synapse of a run], in units
    synapse_ptr: npt.NDArray[np.int64]  # [source + 1]
    synapse: npt.NDArray[np.uint32]  # [synapse of no run], words
    wide_weight: npt.NDArray[np.int32]  # [synapse of no run], in units; empty where words are packed
    is_packed: bool
    unit: int  # weights count in units of 2^unit
    caused: Caused
    max_delay: int
    block_begin: npt.NDArray[np.int64]  # [block], slot; neurons of a block have the same equations
    block_end: npt.NDArray[np.int64]  # [block]
    block_code: npt.NDArray[np.uint8]  # [block], which: CUBA_LIF ..., ascending
    code_ptr: npt.NDArray[np.int64]  # [code + 1], blocks
    # registers of LIF neurons, 0 elsewhere
    keep_u: npt.NDArray[np.int32]  # [slot], 2^lif_bits - decay, not below 0
    keep_v: npt.NDArray[np.int32]  # [slot]
    lif_threshold: npt.NDArray[np.int64]  # [slot], shifted
    lif_bias: npt.NDArray[np.int64]  # [slot]
    refractory: npt.NDArray[np.uint8]  # [slot]
    keep_a: npt.NDArray[np.int32]  # [slot], 2^lif_bits - decay of the threshold's state
    jump: npt.NDArray[np.int64]  # [slot], of that state at a spike, shifted; 0 where thresholds are fixed
    a_max: int
    lif_bits: int
    weight_shift: int
    u_limit: int
    u_rule: int
    v_limit: int
    v_rule: int
    # registers of the others, 0 elsewhere; `keep` and `gain` hold cos and sin of resonators
    shift: npt.NDArray[np.uint8]  # [slot]
    bias: npt.NDArray[np.int32]  # [slot]
    keep: npt.NDArray[np.int32]  # [slot]
    gain: npt.NDArray[np.int32]  # [slot]
    threshold: npt.NDArray[np.int32]  # [slot]
    bound: npt.NDArray[np.int32]  # [slot], limit of hardtanh, reversal of liquid_time_constant; largest state of linear
    sigma: npt.NDArray[np.uint8]  # [slot]
    delta: npt.NDArray[np.uint8]  # [slot]
    magnitude: npt.NDArray[np.uint8]  # [slot]
    table: npt.NDArray[np.int64]  # of tanh
    rise: npt.NDArray[np.int64]  # of the table to its next entry; 0 at its end
    segment_bits: int
    fraction_bits: int
    decay_bits: int
    sum_max: int
    state_max: int
    message_max: int


class GradedState(NamedTuple):
    """What a sample carries from step to step, and room to work."""

    u: npt.NDArray[np.int64]  # [slot]
    v: npt.NDArray[np.int64]  # [slot]
    sent: npt.NDArray[np.int64]  # [slot], r: what the receivers know
    waiting: npt.NDArray[np.uint8]  # [slot], steps of refractoriness left
    ring: npt.NDArray[np.int64]  # [(max_delay + 1) * slots], sums of weight * payload by arrival step
    adapted: npt.NDArray[np.int64]  # [slot], a: what own spikes have added to the threshold of a LIF neuron
    message: npt.NDArray[np.int32]  # [slot], scratch: what each neuron sends
    fired: npt.NDArray[np.uint8]  # [slot, padded to whole words], scratch: 1 for who sends
    fired_words: npt.NDArray[np.uint64]  # the same memory
    still: npt.NDArray[np.uint8]  # [block], scratch: 1 for those that wait for input


@jit
def advance(m, s, b, input_ptr, input_channel, start, stop, halt):
    """Advance as kernel.advance does; payloads of input spikes are in `b.input_value`, of spikes in `b.spike_value`."""
    n, n_spikes, n_rows = m.n, 0, m.max_delay + 1
    s.still[:] = 0  # whoever called may have changed the state
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        row, first = t - start, n_spikes
        for d in range(n_rows):
            b.row_of_delay[d] = (t + d) % n_rows * n
        update(m, s, b.row_of_delay[0])
        n_spikes = append(b.spike_step, b.spike_slot, b.spike_value, n_spikes, t, s.message, s.fired_words)
        for i in range(len(b.probe_slot)):
            b.probe_u[row, i] = s.u[b.probe_slot[i]]
            b.probe_v[row, i] = s.v[b.probe_slot[i]]
        if input_ptr[t + 1] > input_ptr[t]:
            begin, end = input_ptr[t], input_ptr[t + 1]
            channels = input_channel[begin:end]
            count_arrivals(m.caused, b, channels, n)
            add(m, s, b, channels, b.input_value[begin:end], n)
        note_inputs(b, row)
        if n_spikes > first:
            spikes = b.spike_slot[first:n_spikes]
            count_own(m.caused, b, spikes)
            add(m, s, b, spikes, b.spike_value[first:n_spikes], np.int64(0))
        note_step(m.caused, b, row)
    return stop, n_spikes


@jit(inline="always")
def append(spike_step, spike_slot, spike_value, n_spikes, t, message, words):
    """Append the messages to the spike buffer; eight neurons a word, the first in its lowest byte."""
    for k in range(len(words)):
        word = words[k]
        while word:
            slot = k * 8 + lowest(word) // 8
            spike_step[n_spikes] = t
            spike_slot[n_spikes] = slot
            spike_value[n_spikes] = message[slot]
            n_spikes += 1
            word &= word - np.uint64(1)
    return n_spikes


@jit
def add(m, s, b, spikes, values, offset):
    """Add the messages of sources `offset + spikes` to the ring; external ones have an offset."""
    if len(m.run_target):
        runs = (m.run_ptr, m.run_begin, m.run_target, m.run_weight)
        _add_runs(s.ring, b.row_of_delay, runs, spikes, values, offset, m.unit)
    if m.is_packed:
        _add_packed(s.ring, b.row_of_delay, m.synapse_ptr, m.synapse, spikes, values, offset, m.unit)
    else:
        _add_wide(s.ring, b.row_of_delay, m.synapse_ptr, m.synapse, m.wide_weight, spikes, values, offset, m.unit)


@jit
def _add_runs(ring, row_of_delay, runs, spikes, values, offset, unit):
    run_ptr, run_begin, run_target, run_weight = runs
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            ahead = offset + spikes[i + AHEAD]
            prefetch_run(run_weight, run_begin[run_ptr[ahead]], run_begin[run_ptr[ahead + 1]])
        source, value = offset + spikes[i], np.int64(values[i]) << unit
        for r in range(run_ptr[source], run_ptr[source + 1]):
            word, begin, end = run_target[r], run_begin[r], run_begin[r + 1]
            first = row_of_delay[word >> np.uint32(WIDE_TARGET_BITS)] + (word & np.uint32(2**WIDE_TARGET_BITS - 1))
            weight, sums = run_weight[begin:end], ring[first : first + end - begin]
            for k in range(len(weight)):
                sums[k] += weight[k] * value


@jit
def _add_packed(ring, row_of_delay, synapse_ptr, words, spikes, values, offset, unit):
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            ahead = offset + spikes[i + AHEAD]
            prefetch_run(words, synapse_ptr[ahead], synapse_ptr[ahead + 1])
        source, value = offset + spikes[i], np.int64(values[i]) << unit
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            word = words[k]
            row = np.uint64(row_of_delay[(word >> np.uint32(PACKED_TARGET_BITS)) & np.uint32(15)])
            target = row + np.uint64(word & np.uint32(2**PACKED_TARGET_BITS - 1))
            ring[target] += np.int64(np.int32(word) >> np.int32(24)) * value


@jit
def _add_wide(ring, row_of_delay, synapse_ptr, words, weights, spikes, values, offset, unit):
    for i in range(len(spikes)):
        if i + AHEAD < len(spikes):
            ahead = offset + spikes[i + AHEAD]
            prefetch_run(words, synapse_ptr[ahead], synapse_ptr[ahead + 1])
            prefetch_run(weights, synapse_ptr[ahead], synapse_ptr[ahead + 1])
        source, value = offset + spikes[i], np.int64(values[i]) << unit
        for k in range(np.uint64(synapse_ptr[source]), np.uint64(synapse_ptr[source + 1])):
            row = np.uint64(row_of_delay[words[k] >> np.uint32(WIDE_TARGET_BITS)])
            target = row + np.uint64(words[k] & np.uint32(2**WIDE_TARGET_BITS - 1))
            ring[target] += np.int64(weights[k]) * value
