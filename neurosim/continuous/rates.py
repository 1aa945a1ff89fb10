"""Rates: an echo state network of LIF neurons whose filtered rates are the states.

The Neural Engineering Framework (Eliasmith and Anderson 2003, principles 1 to 3).  Each unit becomes `neurons` LIF
neurons, half for z (push, e = 1), half for -z (pull, e = -1), with thresholds spread evenly over the middle of what z
was in the float run.  Decoders d are least squares, with noise, from rates to f(z); the synapse's filter is the leak:

    x = filtered sum of d_i spikes_i          drive of neuron i = gain_i e_i (W x + V u + b) + bias_i
    1 - a = exp(-steps dt / tau_syn)

so a step of the model takes `steps` of the chip, and a weight is gain_i e_i W_jl d_l: full between two connected units.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chips import RunError
from compiler import Network
from neurosim.continuous.echo_state import EchoState
from neurosim.continuous.model import FUNCTIONS, Floats
from neurosim.continuous.spiking_input import SpikingInput

INPUT, UNITS = "input", "units"
TAU_MEM_MS, REFRACTORY_MS, DT_MS = 20.0, 1.0, 1.0
SLOWEST, FASTEST = 0.08, 0.25  # spikes a step at the end of the range of z
LEVELS = 64  # channels of an input and sign
NOISE = 0.1  # of the rates, relative to the fastest, for which decoders are solved
MOST_LEAK = 0.9
COARSE = 0.02  # biases are multiples of it: a tiny one, of no effect, has no register within tolerance
LONGEST_DELAY = 62  # steps, of Loihi


@dataclass(frozen=True, eq=False)
class SpikingNetwork:
    """A network of LIF neurons, and how its spikes are read.

    Attributes:
        network: population "units", input "input", in physical units.
        encoder: of the input.
        decoders: [neuron, unit], of a filtered spike.
        offset: [unit], added to decoded states.
        alpha: of the filter, a step of the chip.
    """

    network: Network
    encoder: SpikingInput
    decoders: Floats
    offset: Floats
    alpha: float

    def decode(self, raster: Any) -> Floats:
        """States after each step of the model, from spikes [step of the chip, neuron]: [step, unit]."""
        spikes = np.asarray(raster[1:], np.float64) @ self.decoders  # the first step has no input yet
        states, x = np.empty((len(spikes) // self.encoder.steps, spikes.shape[1])), np.zeros(spikes.shape[1])
        for t, now in enumerate(spikes):
            x = self.alpha * x + (1 - self.alpha) * now
            states[t // self.encoder.steps] = x
        return states + self.offset


def to_rates(model: EchoState, signal: Floats, bound: float, neurons: int, steps: int, seed: int) -> SpikingNetwork:
    """The LIF network of `model`, tuned to the range of z under `signal`, its input scaled to |u| <= bound.

    Raises:
        RunError: the leak is above 0.9: a unit without memory has no time to average spikes.
    """
    if model.leak > MOST_LEAK:
        raise RunError(
            f"leak is {model.leak:g}, but rates need a memory over which they are averaged: choose a leak of at most "
            f"{MOST_LEAK:g}, or how='threshold'"
        )
    tau = -steps * DT_MS / np.log1p(-model.leak)
    alpha = float(np.exp(-DT_MS / tau))
    rng = np.random.default_rng(seed)
    gain, bias, sign, decoders = _tuned(model, signal, neurons, rng)  # each [unit, neuron]
    encoder = SpikingInput.reaching(model.inputs, LEVELS, alpha, steps, max(1, steps // 4), bound)
    slope = gain * sign
    net = Network(DT_MS)
    net.add_input(INPUT, encoder.channels)
    net.add_lif(
        UNITS,
        model.n * neurons,
        tau_mem_ms=TAU_MEM_MS,
        tau_syn_ms=tau,
        refractory_ms=REFRACTORY_MS,
        bias=np.round((bias + slope * np.asarray(model.bias)[:, None]).ravel() / COARSE) * COARSE,
    )
    inward = slope[:, :, None] * encoder.weights(model.input_weights)[:, None, :]
    connect(net, INPUT, inward.reshape(model.n * neurons, -1))
    between = np.einsum("jm,jl,li->jmli", slope, model.weights, decoders * (1 - alpha))
    # a step of the model sees the last one's states for all its length: half a step late on average
    connect(net, UNITS, between.reshape(model.n * neurons, -1), max(1, min(steps // 2, LONGEST_DELAY)))
    place = np.zeros((model.n, neurons, model.n))
    place[np.arange(model.n), :, np.arange(model.n)] = decoders
    return SpikingNetwork(net, encoder, place.reshape(model.n * neurons, model.n), np.zeros(model.n), alpha)


def drives(model: EchoState, signal: Floats) -> Floats:
    """What f receives in each step of a run in floating point: [step, unit]."""
    before = np.vstack([np.zeros(model.n), model.run(signal)[:-1]])
    return np.asarray(before @ model.weights.T + signal @ model.input_weights.T + model.bias)


def _tuned(model: EchoState, signal: Floats, k: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """Gain, bias, sign and decoder of each neuron: four arrays [unit, neuron]."""
    reach = 1.2 * np.abs(drives(model, signal)).max(axis=0) + 1e-3  # [unit]
    shape = (model.n, k)
    sign = np.broadcast_to(np.where(np.arange(k) % 2, -1.0, 1.0), shape)
    spread = (np.argsort(rng.random(shape), axis=1) + rng.random(shape)) / k  # even, in an order of its own
    intercept = (1.2 * spread - 0.6) * reach[:, None]
    fastest = rng.uniform(SLOWEST, FASTEST, shape)
    most = 1 / -np.expm1(-(1 / fastest - REFRACTORY_MS / DT_MS - 0.5) * DT_MS / TAU_MEM_MS)
    gain = (most - 1) / (reach[:, None] - intercept)
    bias = 1 - gain * intercept
    decoders = np.empty(shape)
    for j in range(model.n):
        grid = np.linspace(-reach[j], reach[j], 101)
        rates = _rate(gain[j] * sign[j] * grid[:, None] + bias[j])
        square = rates.T @ rates + len(grid) * (NOISE * rates.max()) ** 2 * np.eye(k)
        decoders[j] = np.linalg.solve(square, rates.T @ FUNCTIONS[model.f](grid))
    return gain, bias, sign, decoders


def _rate(drive: Floats) -> Floats:
    """Spikes a step of a LIF neuron under constant drive, threshold 1; whole steps are half a step late on average."""
    above = np.maximum(drive, 1 + 1e-9)
    interval = (REFRACTORY_MS + TAU_MEM_MS * np.log(above / (above - 1))) / DT_MS + 0.5
    return np.where(drive > 1, 1 / interval, 0.0)


def connect(net: Network, source: str, weights: Floats, delay: int = 1) -> None:
    """Synapses from `source` to the units where weights [target, source] are not 0."""
    target, origin = np.nonzero(weights)
    net.connect(source, UNITS, origin, target, weights[target, origin], delay)
