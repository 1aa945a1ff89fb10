"""The compiled loop of LIF neurons where packets get lost (packet_loss.py); else as kernel.py.

It is a loop of its own, so that the usual one pays nothing for it: packets are taken one by one, with the synapses that
each reaches, and not source by source.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit, lean_jit
from neurosim.simulation.counting import count_at_home, note_inputs, note_step
from neurosim.simulation.kernel import update
from neurosim.simulation.layout import PACKED_TARGET_BITS, WIDE_TARGET_BITS, Caused, Machine
from neurosim.simulation.loss_kernel import is_lost
from neurosim.simulation.order import SPARE


class LossyMachine(NamedTuple):
    """A program, laid out for the loop."""

    sound: Machine
    caused: Caused  # what a spike adds to the counts, by axons
    axon_synapse_ptr: npt.NDArray[np.int64]  # [axon + 1], into the synapses
    axon_key: npt.NDArray[np.int64]  # [axon]
    limit: int  # see packet_loss.py
    max_delay: int


class LossyState(NamedTuple):
    """layout.State, and the sample's seed."""

    u: npt.NDArray[Any]
    v: npt.NDArray[Any]
    waiting: npt.NDArray[np.uint8]
    ring: npt.NDArray[Any]
    at_rest: npt.NDArray[np.uint8]
    before: npt.NDArray[Any]
    seed: npt.NDArray[np.uint64]  # [1]


@lean_jit
def advance_lossy(m, s, b, input_ptr, input_channel, start, stop, halt):
    """As `kernel.advance`."""
    n, n_spikes, n_rows, wide = m.sound.n, 0, m.max_delay + 1, len(s.u)
    s.at_rest[:] = 0  # whoever called may have changed the state
    for t in range(start, stop):
        if n_spikes + n + SPARE > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        row, first = t - start, n_spikes
        for d in range(n_rows):
            b.row_of_delay[d] = (t + d) % n_rows * wide
        n_spikes = update(m.sound, s, b, t, n_spikes)
        for i in range(len(b.probe_slot)):
            b.probe_u[row, i] = s.u[b.probe_slot[i]]
            b.probe_v[row, i] = s.v[b.probe_slot[i]]
        _arrive(m, s, b, t, input_channel[input_ptr[t] : input_ptr[t + 1]], n)
        note_inputs(b, row)
        count_at_home(m.caused.core_of, m.caused.home, b.home, b.spike_slot[first:n_spikes])
        _arrive(m, s, b, t, b.spike_slot[first:n_spikes], np.int64(0))
        note_step(m.caused, b, row)
    return stop, n_spikes


@jit
def _arrive(m, s, b, t, spikes, offset):
    """Count and deliver the packets of sources `offset + spikes` that are not lost; all load their links."""
    caused, seed, n_cores, limit = m.caused, s.seed[0], b.counts.shape[1], m.limit
    axon_ptr, axon_core, axon_counts, axon_pair = (
        caused.axon_ptr,
        caused.axon_core,
        caused.axon_counts,
        caused.axon_pair,
    )
    link_ptr, link, arriving, keys = caused.pair_link_ptr, caused.pair_link, b.arriving, m.axon_key
    n_kinds = axon_counts.shape[1]
    for i in range(len(spikes)):
        source = offset + np.int64(spikes[i])
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            pair = axon_pair[a]
            if pair >= 0:
                for k in range(link_ptr[pair], link_ptr[pair + 1]):
                    arriving[n_kinds * n_cores + link[k]] += 1
            if is_lost(seed, t, keys[a], limit):
                continue
            for c in range(n_kinds):
                arriving[c * n_cores + axon_core[a]] += axon_counts[a, c]
            _add(m, s.ring, b.row_of_delay, m.axon_synapse_ptr[a], m.axon_synapse_ptr[a + 1])


@jit
def _add(m, ring, row_of_delay, begin, end):
    """Add the synapses of a packet to the ring."""
    one, words, weights = ring.dtype.type, m.sound.synapse, m.sound.wide_weight
    if m.sound.is_packed:
        for k in range(begin, end):
            word = words[k]
            row = np.uint64(row_of_delay[(word >> np.uint32(PACKED_TARGET_BITS)) & np.uint32(15)])
            target = row + np.uint64(word & np.uint32(2**PACKED_TARGET_BITS - 1))
            ring[target] += one(np.int32(word) >> np.int32(24))
    else:
        for k in range(begin, end):
            row = np.uint64(row_of_delay[words[k] >> np.uint32(WIDE_TARGET_BITS)])
            ring[row + np.uint64(words[k] & np.uint32(2**WIDE_TARGET_BITS - 1))] += one(weights[k])
