"""Networks that the benchmarks share: random, recurrent, driven by a bias of their own to a wanted rate."""

import bars  # noqa: F401 - finds neurosim
import numpy as np

import neurosim as ns

UNLIMITED = {"core.input_axons": None, "core.output_axons": None, "core.synapse_memory_bits": None}
"""Overrides of what SANA-FE does not limit: cores then fill up by neurons alone."""

VTH = 2000  # threshold register: 2000 * 64 in units of v


def perfect_integrators(n: int, fan_out: int, rate: float, seed: int = 0, driven: float = 1.0) -> ns.Network:
    """Neurons without leak whose current lasts one step: v <- v + u + bias, all in whole numbers.

    A neuron's bias alone makes it fire at 0.5 to 1.5 times `rate`; weak weights of mean zero stir the phases.
    Nothing is rounded in this arithmetic, so simulators in floating point make the same spikes.  All but the
    fraction `driven` of the neurons have no bias.
    """
    rng = np.random.default_rng(seed)
    bias = np.round(VTH * 64 * rate * rng.uniform(0.5, 1.5, n))
    bias[round(driven * n) :] = 0
    net = ns.Network()
    net.add_registers("neurons", n, du=4095, dv=0, vth=VTH, bias_mantissa=bias)
    _connect(net, n, fan_out, largest=10, rng=rng)
    return net


def leaky_neurons(
    n: int, fan_out: int, rate: float, seed: int = 0, driven: float = 1.0, longest_delay: int = 1
) -> ns.Network:
    """Leaky neurons with an exponential current: time constants of 200 and 50 steps, as 20 and 5 ms at 0.1 ms.

    The bias of a neuron takes v to 1 / (1 - exp(-T / 200)) thresholds if it is never reset, so it fires every T
    steps; T is 0.67 to 2 times driven / rate, and only the fraction `driven`, drawn at random, has a bias.  Thresholds
    grow with the square root of the fan-out, as the sum of many weights does, so that the rate stays what it is.
    """
    rng = np.random.default_rng(seed)
    period = driven / rate / rng.uniform(0.5, 1.5, n)
    dv, exponent, vth = round(4096 * -np.expm1(-1 / 200)), 3, round(VTH * max(1.0, np.sqrt(fan_out / 100)))
    bias = vth * 64 / -np.expm1(-period / 200) * dv / 4096
    bias[rng.random(n) >= driven] = 0
    net = ns.Network(dt_ms=0.1)
    net.add_registers(
        "neurons",
        n,
        du=round(4096 * -np.expm1(-1 / 50)) - 1,
        dv=dv,
        vth=vth,
        bias_mantissa=np.round(bias / 2**exponent),
        bias_exponent=exponent,
    )
    _connect(net, n, fan_out, largest=2, rng=rng, longest_delay=longest_delay)
    return net


def _connect(
    net: ns.Network, n: int, fan_out: int, largest: int, rng: np.random.Generator, longest_delay: int = 1
) -> None:
    sources = np.repeat(np.arange(n), fan_out)
    targets = rng.integers(0, n, n * fan_out)
    weights = 2 * rng.integers(-largest, largest + 1, n * fan_out)
    delays = rng.integers(1, longest_delay + 1, n * fan_out) if longest_delay > 1 else 1
    net.connect("neurons", "neurons", sources, targets, weights, delays=delays)
