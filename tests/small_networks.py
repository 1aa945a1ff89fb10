"""Small networks of every kind of neuron, by name, for tests that run them all on every chip.

Weights in registers are few and round, so that chips with few weight bits hold them too.
"""

from collections.abc import Callable

import numpy as np

from compiler import Network


def _drive(net: Network, n: int, weight: float, channels: int = 3) -> None:
    """An input that reaches every neuron of "a" once."""
    net.add_input("in", channels)
    net.connect("in", "a", np.arange(n) % channels, np.arange(n), weight)


def one_lif() -> Network:
    net = Network()
    net.add_lif("a", 1)
    _drive(net, 1, 30.0)
    return net


def lif_ring() -> Network:
    """A ring with an inhibitory neuron, all delays one step."""
    net = Network()
    net.add_lif("a", 6, tau_mem_ms=[10, 15, 20, 20, 25, 30])
    _drive(net, 6, 20.0)
    net.connect("a", "a", np.arange(6), (np.arange(6) + 1) % 6, [9.0] * 5 + [-6.0])
    return net


def lif_delays() -> Network:
    net = Network()
    net.add_lif("a", 5, refractory_ms=2)
    _drive(net, 5, 25.0)
    net.connect("a", "a", [0, 1, 2, 3], [1, 2, 3, 4], 12.0, [1, 2, 3, 4])
    return net


def lif_adaptive() -> Network:
    """Thresholds that rise with own spikes, in all but one neuron."""
    net = Network()
    net.add_lif("a", 5, adaptation=[0.2, 0.5, 0.0, 0.3, 0.4], tau_adaptation_ms=[20, 50, 50, 100, 100])
    _drive(net, 5, 25.0)
    net.connect("a", "a", [0, 1, 2, 3], [1, 2, 3, 4], 12.0, [1, 1, 2, 2])
    return net


def registers() -> Network:
    net = Network()
    net.add_registers("a", 6, du=1000, dv=[10, 200, 200, 400, 0, 4095], vth=60, refractory=[1, 1, 2, 3, 1, 1])
    _drive(net, 6, 64)
    net.connect("a", "a", [0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0], [64, -64, 128, 64, -64, 64], [1, 2, 3, 1, 2, 3])
    return net


def silent_registers() -> Network:
    """No input and no synapse: a bias alone."""
    net = Network()
    net.add_registers("a", 3, vth=5, bias_mantissa=[0, 100, 200])
    return net


def linear_leak() -> Network:
    net = Network()
    net.add("a", 6, "linear_lif", leak=[0, 1, 1, 2, 0, 3], threshold=[5, 6, 7, 8, 9, 10])
    _drive(net, 6, 5)
    net.connect("a", "a", [0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [3, 7, -2, 4, 6])
    return net


def truenorth_ring() -> Network:
    """Every neuron has one target."""
    net = Network()
    net.add("a", 6, "truenorth", threshold=[2, 3, 1, 4, 2, 2], leak=[0, -1, 0, 1, 0, 0], reset_mode=[0, 1, 2, 0, 1, 0])
    _drive(net, 6, 2)
    net.connect("a", "a", np.arange(6), (np.arange(6) + 1) % 6, [1, 2, 1, 2, -1, 1], [1, 2, 3, 4, 5, 15])
    return net


def truenorth_random() -> Network:
    """Stochastic leak, threshold and weights; fan-out through copies."""
    net = Network()
    net.add("a", 5, "truenorth", threshold=4, stochastic_weights=[1, 0, 1, 0, 1], negative_threshold=9)
    net.add("noise", 1, "truenorth", leak=99, stochastic_leak=1, threshold_mask=3)
    _drive(net, 5, 100)
    net.connect("a", "a", [0, 0, 1, 2, 3], [1, 2, 3, 4, 0], [100, -5, 100, 100, -5], [2, 2, 3, 4, 5])
    net.connect("noise", "a", [0, 0], [0, 1], 100, 2)
    return net


def echo_state() -> Network:
    net = Network()
    net.add("a", 4, "tanh", keep=1024, gain=3072)
    _drive(net, 4, 2000)
    net.connect("a", "a", [0, 1, 2, 3], [1, 2, 3, 0], [2, -2, 4, 2], [1, 1, 2, 1])
    return net


def sigma_delta() -> Network:
    net = Network()
    net.add("a", 4, "hardtanh", sigma=1, delta=1, threshold=3, limit=500)
    _drive(net, 4, 20)
    net.connect("a", "a", [0, 1, 2], [1, 2, 3], [2, -2, 4])
    return net


def resonators() -> Network:
    net = Network()
    net.add("a", 3, "resonate_and_fire", cos=3500, sin=2000, threshold=100)
    _drive(net, 3, 120)
    net.connect("a", "a", [0, 1], [1, 2], [60, -60])
    return net


def mixed() -> Network:
    """Spiking and number-sending neurons in one network."""
    net = Network()
    net.add_registers("a", 3, vth=50, dv=100)
    net.add("b", 3, "linear", shift=2, keep=2048)
    _drive(net, 3, 40)
    net.connect("a", "b", [0, 1, 2], [0, 1, 2], [100, -100, 60])
    net.connect("b", "a", [0, 1, 2], [2, 0, 1], [2, -2, 2], 2)
    return net


SMALL: dict[str, Callable[[], Network]] = {
    make.__name__: make
    for make in (
        *(
            one_lif,
            lif_ring,
            lif_delays,
            lif_adaptive,
            registers,
            silent_registers,
            linear_leak,
            truenorth_ring,
            truenorth_random,
        ),
        *(echo_state, sigma_delta, resonators, mixed),
    )
}
"""Name -> what makes the network."""
