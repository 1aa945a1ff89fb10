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
from neurosim.simulation.counting import count_arrivals, count_own, note_inputs, note_step
from neurosim.simulation.layout import Caused


class Machine(NamedTuple):
    """A program, laid out for the loop.  Slots, sources, axons: see compiler/program.py and route.py."""

    order: npt.NDArray[np.int64]  # [neuron in the network's numbering], slot
    n: int  # neurons
    threshold: npt.NDArray[np.int32]  # [slot]
    leak: npt.NDArray[np.int32]  # [slot]
    synapse_ptr: npt.NDArray[np.int64]  # [source + 1]
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


@jit
def advance(m, s, b, input_ptr, input_channel, start, stop, halt):
    """Advance from step `start` to `stop`; arguments and result are those of kernel.advance, u is always zero."""
    n, n_spikes = m.n, 0
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot) or halt[0]:
            return t, n_spikes
        row, first = t - start, n_spikes
        _events(m, s, input_channel[input_ptr[max(t, 1) - 1] : input_ptr[t]])
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
        count_arrivals(m.caused, b, input_channel[input_ptr[t] : input_ptr[t + 1]], n)
        note_inputs(b, row)
        count_own(m.caused, b, b.spike_slot[first:n_spikes])
        note_step(m.caused, b, row)
    return stop, n_spikes


@jit
def _events(m, s, channels):
    """The events of a step: own spikes of the step before, then external ones."""
    s.fired[:] = 0
    for slot in m.order:
        if s.sent[slot]:
            _event(m, s, slot)
    for channel in channels:
        _event(m, s, m.n + channel)


@jit
def _event(m, s, source):
    for k in range(m.synapse_ptr[source], m.synapse_ptr[source + 1]):
        i = m.target[k]
        v = min(max(s.v[i] + m.weight[k], 0), m.v_max)
        if v >= m.threshold[i]:
            s.fired[i] = 1
            v = 0
        s.v[i] = v
