"""The compiled loop of run_float: LIF neurons in float64, one sample, step by step.

A step t, in the order of compiler/lower.py, with v and the threshold measured from v_leak:

    I <- alpha I + sum of what arrives      a <- gamma a      v <- beta v + (1 - beta) (r I + bias)
    silent steps left: v <- 0;   else v > threshold + a: spike, v <- 0, a <- a + jump, and `silent` steps of silence

then every spike of step t is added to the sums of step t + delay, neurons in order.  What one neuron sends through a
projection is a bundle; a bundle with short-term plasticity (compiler/plasticity.py) has a state of its own, which
changes with the time since the bundle's last spike.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit


class FloatMachine(NamedTuple):
    """A network, laid out for the loop.  Sources are neurons, then channels."""

    alpha: npt.NDArray[np.float64]  # [neuron], factor of I per step
    beta: npt.NDArray[np.float64]  # [neuron], of v
    gamma: npt.NDArray[np.float64]  # [neuron], of a
    gain: npt.NDArray[np.float64]  # [neuron], (1 - beta) r
    push: npt.NDArray[np.float64]  # [neuron], (1 - beta) bias
    threshold: npt.NDArray[np.float64]  # [neuron], above v_leak
    jump: npt.NDArray[np.float64]  # [neuron], of a at a spike
    silent: npt.NDArray[np.int64]  # [neuron], steps without spikes after one
    bundle_ptr: npt.NDArray[np.int64]  # [source + 1]
    synapse_ptr: npt.NDArray[np.int64]  # [bundle + 1]
    stp: npt.NDArray[np.float64]  # [bundle, 3]: u, steps of tau_rec and of tau_facil; u = -1: not plastic
    target: npt.NDArray[np.int32]  # [synapse]
    weight: npt.NDArray[np.float64]  # [synapse]
    delay: npt.NDArray[np.uint8]  # [synapse]
    max_delay: int


class FloatState(NamedTuple):
    """What a sample carries from step to step; all zero at its start."""

    current: npt.NDArray[np.float64]  # [neuron]
    v: npt.NDArray[np.float64]  # [neuron]
    a: npt.NDArray[np.float64]  # [neuron], of the threshold
    waiting: npt.NDArray[np.int64]  # [neuron], steps of silence left
    ring: npt.NDArray[np.float64]  # [max_delay + 1, neuron], sums of weights by arrival step
    used: npt.NDArray[np.float64]  # [bundle], u of short-term plasticity at the last spike
    left: npt.NDArray[np.float64]  # [bundle], R of short-term plasticity at the last spike
    last: npt.NDArray[np.int64]  # [bundle], 1 + step of the last spike; 0: none yet


@jit
def advance_float(m, s, input_ptr, input_channel, start, stop, probe, kept_u, kept_v, spike_step, spike_neuron, halt):
    """Advance from step `start` to `stop`, or until the spike buffer is full or `halt[0]` is set.

    `input_ptr[t] : input_ptr[t + 1]` are the external spikes of step t in `input_channel`.  Row t of `kept_u` and
    `kept_v` takes I and v of the neurons of `probe`.  Returns the step reached and the number of spikes written.
    """
    n = len(m.alpha)
    n_spikes = 0
    for t in range(start, stop):
        if n_spikes + n > len(spike_step) or halt[0]:
            return t, n_spikes
        first = n_spikes
        n_spikes = _update(m, s, t, n_spikes, spike_step, spike_neuron)
        for i in range(len(probe)):
            kept_u[t, i] = s.current[probe[i]]
            kept_v[t, i] = s.v[probe[i]]
        for k in range(first, n_spikes):
            _send(m, s, t, spike_neuron[k])
        for k in range(input_ptr[t], input_ptr[t + 1]):
            _send(m, s, t, n + input_channel[k])
    return stop, n_spikes


@jit
def _update(m, s, t, n_spikes, spike_step, spike_neuron):
    """Update every neuron; append those that fire."""
    arriving = s.ring[t % (m.max_delay + 1)]
    for i in range(len(m.alpha)):
        s.current[i] = m.alpha[i] * s.current[i] + arriving[i]
        s.a[i] *= m.gamma[i]
        v = m.beta[i] * s.v[i] + (m.gain[i] * s.current[i] + m.push[i])
        arriving[i] = 0.0
        if s.waiting[i] > 0:
            s.waiting[i] -= 1
            v = 0.0
        elif v > m.threshold[i] + s.a[i]:
            spike_step[n_spikes] = t
            spike_neuron[n_spikes] = i
            n_spikes += 1
            v = 0.0
            s.a[i] += m.jump[i]
            s.waiting[i] = m.silent[i]
        s.v[i] = v
    return n_spikes


@jit
def _send(m, s, t, source):
    for b in range(m.bundle_ptr[source], m.bundle_ptr[source + 1]):
        strength = 1.0
        if m.stp[b, 0] >= 0:
            strength = _strength(m, s, t, b)
        for k in range(m.synapse_ptr[b], m.synapse_ptr[b + 1]):
            s.ring[(t + m.delay[k]) % (m.max_delay + 1), m.target[k]] += m.weight[k] * strength


@jit
def _strength(m, s, t, b):
    """What multiplies the weights of a bundle at a spike in step t: u R."""
    most = m.stp[b, 0]
    u, r = most, 1.0
    if s.last[b] > 0:
        gap = t + 1 - s.last[b]
        recovery = np.exp(-gap / m.stp[b, 1]) if m.stp[b, 1] > 0 else 0.0
        facilitation = np.exp(-gap / m.stp[b, 2]) if m.stp[b, 2] > 0 else 0.0
        u = most + s.used[b] * (1 - most) * facilitation
        r = 1 + (s.left[b] - s.used[b] * s.left[b] - 1) * recovery
    s.used[b], s.left[b], s.last[b] = u, r, t + 1
    return u * r
