"""Thresholds: an echo state network of binary neurons, f replaced by a step of two levels.

    x <- (1 - a) x + a q(z)      q = high or low, as z is above or below its middle

The middle of each unit is the median of z in the float run, and low and high are the means of f(z) on either side: the
two-level quantiser of least squares for that threshold (Lloyd 1982).  A LIF neuron whose voltage forgets within a step
spikes where q is high, and its synapse's filter is the leak: one neuron a unit, one step of the chip a step.  What f
says within a level is lost; the leak averages some of it back.
"""

import numpy as np

from compiler import Network
from neurosim.continuous.echo_state import EchoState
from neurosim.continuous.model import FUNCTIONS, Floats
from neurosim.continuous.rates import DT_MS, INPUT, UNITS, SpikingNetwork, connect, drives
from neurosim.continuous.spiking_input import SpikingInput

LEVELS = 64  # channels of an input and sign
TAU_MEM_MS = 0.15  # shorter than a step: v forgets
SMALLEST = 1e-3  # distance of low and high


def to_thresholds(model: EchoState, signal: Floats, bound: float) -> SpikingNetwork:
    """The binary network of `model`, its levels fitted to z under `signal`, its input scaled to |u| <= bound."""
    z = drives(model, signal)
    middle = np.median(z, axis=0)
    above, sent = z > middle, FUNCTIONS[model.f](z)
    with np.errstate(invalid="ignore"):
        high, low = (np.nan_to_num((sent * side).sum(axis=0) / side.sum(axis=0)) for side in (above, ~above))
    high = np.maximum(high, low + SMALLEST)
    alpha = 1 - model.leak
    tau = 0.0 if alpha == 0 else -DT_MS / np.log(alpha)
    encoder = SpikingInput.reaching(model.inputs, LEVELS, alpha, 1, 1, bound)
    at_rest = model.bias + model.weights @ low - middle  # z above its middle when nobody spikes
    reached = -np.expm1(-DT_MS / TAU_MEM_MS)  # share of its drive that v comes to in a step
    net = Network(DT_MS)
    net.add_input(INPUT, encoder.channels)
    net.add_lif(UNITS, model.n, tau_mem_ms=TAU_MEM_MS, tau_syn_ms=tau, v_threshold=reached, bias=1 + at_rest)
    connect(net, INPUT, encoder.weights(model.input_weights))
    connect(net, UNITS, model.weights * (high - low) * model.leak)
    return SpikingNetwork(net, encoder, np.diag(high - low), low, alpha)
