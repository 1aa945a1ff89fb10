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
from neurosim.simulation.layout import Caused, Machine
from neurosim.simulation.loss_kernel import Packets, arriving, has_room
from neurosim.simulation.order import SPARE
from neurosim.simulation.scatter import scatter_packed, scatter_wide


class LossyMachine(NamedTuple):
    """A program, laid out for the loop."""

    sound: Machine
    caused: Caused  # that of the packets, where every loop has it
    packets: Packets
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
    axon: npt.NDArray[np.int32]  # [axon], scratch: those of packets that arrive


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
    n = 0
    for i in range(len(spikes)):
        source = offset + np.int64(spikes[i])
        if not has_room(m.packets, source, s.axon, n):
            _deliver(m, s, b, s.axon[:n])
            n = 0
        n = arriving(m.packets, b, s.seed[0], t, source, s.axon, n)
    _deliver(m, s, b, s.axon[:n])


@jit
def _deliver(m, s, b, axons):
    """As `kernel.deliver`, of axons."""
    ptr, none = m.packets.synapse_ptr, np.int64(0)
    if m.sound.is_packed:
        scatter_packed(s.ring, b.row_of_delay, ptr, m.sound.synapse, axons, none)
    else:
        scatter_wide(s.ring, b.row_of_delay, ptr, m.sound.synapse, m.sound.wide_weight, axons, none)
