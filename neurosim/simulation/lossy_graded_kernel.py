"""The compiled loop of neurons that send numbers where packets get lost (packet_loss.py); else as graded_kernel.py."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.counting import count_at_home, note_inputs, note_step
from neurosim.simulation.graded_kernel import GradedMachine, add, append
from neurosim.simulation.graded_units import update
from neurosim.simulation.layout import Caused
from neurosim.simulation.loss_kernel import Packets, arriving, has_room


class LossyGradedMachine(NamedTuple):
    """A program, laid out for the loop."""

    sound: GradedMachine  # axons are its sources
    caused: Caused  # that of the packets, where every loop has it
    packets: Packets
    max_delay: int


class LossyGradedState(NamedTuple):
    """GradedState, the sample's seed, and the packets of a step that arrive."""

    u: npt.NDArray[np.int64]
    v: npt.NDArray[np.int64]
    sent: npt.NDArray[np.int64]
    waiting: npt.NDArray[np.uint8]
    ring: npt.NDArray[np.int64]
    adapted: npt.NDArray[np.int64]
    message: npt.NDArray[np.int32]
    fired: npt.NDArray[np.uint8]
    fired_words: npt.NDArray[np.uint64]
    still: npt.NDArray[np.uint8]
    seed: npt.NDArray[np.uint64]  # [1]
    axon: npt.NDArray[np.int32]  # [axon], scratch
    carried: npt.NDArray[np.int32]  # [axon], scratch: payloads


@jit
def advance_lossy_graded(m, s, b, input_ptr, input_channel, start, stop, halt):
    """As `graded_kernel.advance`."""
    n, n_spikes, n_rows = m.sound.n, 0, m.max_delay + 1
    s.still[:] = 0  # whoever called may have changed the state
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        row, first, begin, end = t - start, n_spikes, input_ptr[t], input_ptr[t + 1]
        for d in range(n_rows):
            b.row_of_delay[d] = (t + d) % n_rows * n
        update(m.sound, s, b.row_of_delay[0])
        n_spikes = append(b.spike_step, b.spike_slot, b.spike_value, n_spikes, t, s.message, s.fired_words)
        for i in range(len(b.probe_slot)):
            b.probe_u[row, i] = s.u[b.probe_slot[i]]
            b.probe_v[row, i] = s.v[b.probe_slot[i]]
        _arrive(m, s, b, t, input_channel[begin:end], b.input_value[begin:end], n)
        note_inputs(b, row)
        spikes = b.spike_slot[first:n_spikes]
        count_at_home(m.caused.core_of, m.caused.home, b.home, spikes)
        _arrive(m, s, b, t, spikes, b.spike_value[first:n_spikes], np.int64(0))
        note_step(m.caused, b, row)
    return stop, n_spikes


@jit
def _arrive(m, s, b, t, spikes, values, offset):
    """Count and add the messages of sources `offset + spikes` whose packets are not lost; all load their links."""
    n, none = 0, np.int64(0)
    for i in range(len(spikes)):
        source = offset + np.int64(spikes[i])
        if not has_room(m.packets, source, s.axon, n):
            add(m.sound, s, b, s.axon[:n], s.carried[:n], none)
            n = 0
        before = n
        n = arriving(m.packets, b, s.seed[0], t, source, s.axon, n)
        s.carried[before:n] = values[i]
    add(m.sound, s, b, s.axon[:n], s.carried[:n], none)
