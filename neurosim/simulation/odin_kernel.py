"""The compiled simulation loop of linear-leak neurons (section linear_lif): one event after the other.

A step on a chip like ODIN.  First an event for each neuron that fired in the step before, ascending in the numbering
of the network; then one for each external spike of the step before, by channel, the excitatory row first where a
channel has two.  An event passes over its row:

    v <- min(max(v + weight, 0), v_max);  v >= threshold: the neuron fires and v <- 0

Then the time reference event: v <- max(v - leak, 0).  It makes nobody fire, as v is below the threshold by then.  A
neuron that fires more than once in a step is reset each time, but sends one spike, which is an event of the next step.

Counted are spikes and what they cause, in the step of the spike, as in kernel.py.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.counting import count_arrivals, count_at_home, count_own, note_inputs, note_step
from neurosim.simulation.layout import Caused
from neurosim.simulation.loss_kernel import Packets, arriving, is_lost


class Machine(NamedTuple):
    """A program, laid out for the loop.  Slots, sources, axons: see compiler/program.py and route.py."""

    order: npt.NDArray[np.int64]  # [neuron in the network's numbering], slot
    n: int  # neurons
    threshold: npt.NDArray[np.int32]  # [slot]
    leak: npt.NDArray[np.int32]  # [slot]
    packets: Packets
    target: npt.NDArray[np.int64]  # [synapse], slot
    weight: npt.NDArray[np.int32]  # [synapse]
    caused: Caused
    v_max: int
    max_delay: int


class State(NamedTuple):
    """What a sample carries from step to step."""

    v: npt.NDArray[np.int32]  # [slot]
    sent: npt.NDArray[np.uint8]  # [slot], whether it fired in the step before
    fired: npt.NDArray[np.uint8]  # [slot], whether it has fired in this step
    seed: npt.NDArray[np.uint64]  # [1]
    axon: npt.NDArray[np.int32]  # [axon], scratch


@jit
def advance(m, s, b, input_ptr, input_channel, start, stop, halt):
    """Advance from step `start` to `stop`; arguments and result are those of kernel.advance, u is always zero."""
    n, n_spikes = m.n, 0
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        row, first = t - start, n_spikes
        _events(m, s, t - 1, input_channel[input_ptr[max(t, 1) - 1] : input_ptr[t]])
        for i in range(n):
            s.v[i] = max(s.v[i] - m.leak[i], 0)
            s.sent[i] = s.fired[i]
            if s.fired[i]:
                b.spike_step[n_spikes] = t
                b.spike_slot[n_spikes] = i
                n_spikes += 1
        for i in range(len(b.probe_slot)):
            b.probe_u[row, i] = 0
            b.probe_v[row, i] = s.v[b.probe_slot[i]]
        channels, spikes = input_channel[input_ptr[t] : input_ptr[t + 1]], b.spike_slot[first:n_spikes]
        if m.packets.limit:
            _count(m, s, b, t, channels, n)
            note_inputs(b, row)
            count_at_home(m.caused.core_of, m.caused.home, b.home, spikes)
            _count(m, s, b, t, spikes, np.int64(0))
        else:
            count_arrivals(m.caused, b, channels, n)
            note_inputs(b, row)
            count_own(m.caused, b, spikes)
        note_step(m.caused, b, row)
    return stop, n_spikes


@jit
def _count(m, s, b, t, spikes, offset):
    """Count the packets of sources `offset + spikes` where some get lost."""
    for i in range(len(spikes)):
        arriving(m.packets, b, s.seed[0], t, offset + np.int64(spikes[i]), s.axon, 0)


@jit
def _events(m, s, before, channels):
    """The events of a step: own spikes of the step `before`, then its external ones."""
    s.fired[:] = 0
    for slot in m.order:
        if s.sent[slot]:
            _event(m, s, before, slot)
    for channel in channels:
        _event(m, s, before, m.n + channel)


@jit
def _event(m, s, before, source):
    """The event of a spike, on every core that its packet of the step `before` has reached."""
    ptr, packets = m.packets.caused.axon_ptr, m.packets
    for a in range(ptr[source], ptr[source + 1]):
        if packets.limit and is_lost(s.seed[0], before, packets.key[a], packets.limit):
            continue
        for k in range(packets.synapse_ptr[a], packets.synapse_ptr[a + 1]):
            i = m.target[k]
            v = min(max(s.v[i] + m.weight[k], 0), m.v_max)
            if v >= m.threshold[i]:
                s.fired[i] = 1
                v = 0
            s.v[i] = v
