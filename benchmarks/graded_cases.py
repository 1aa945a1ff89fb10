"""The networks of graded_speed.py: neurons that send numbers on the profile loihi2."""

from typing import Any, NamedTuple

import bars  # noqa: F401 - finds neurosim
import numpy as np

import neurosim as ns

LAYERS, WIDTH = 3, 1_000  # of the sigma-delta network
GROUP = 10  # neurons of a layer that one input channel drives
PERIOD = (67, 200)  # steps in which a resonator turns
MOVING: dict[str, dict[str, Any]] = {
    "linear": {"keep": 4095, "gain": 1, "bias": 2**22, "threshold": 2**31 - 1},
    "hardtanh": {"keep": 4095, "gain": 1, "bias": 2**22, "limit": 2**21, "threshold": 2**31 - 1},
    "tanh": {"keep": 4095, "gain": 1, "bias": 2**14, "threshold": 2**31 - 1},
    "square": {"keep": 4095, "gain": 1, "bias": 2**14, "threshold": 2**31 - 1},
    "liquid_time_constant": {"keep": 4095, "gain": 2, "bias": 100, "reversal": 2**20, "threshold": 2**31 - 1},
    "resonate_and_fire": {"cos": 4076, "sin": 407, "bias": 1000, "threshold": 2**31 - 1},
    "lif": {"tau_mem_ms": 4000.0, "bias": 100.0, "v_threshold": 100.0, "adaptation": 0.1},
}
"""Parameters with which a neuron of each model changes in every step for some thousands of them, and sends nothing."""


class Case(NamedTuple):
    """A program, what it is given, and for how long it is timed."""

    name: str
    program: ns.Program
    inputs: np.ndarray | None  # rows of step, channel, payload
    warm: int  # steps before those that are timed
    steps: int


def sigma_delta(fan_out: int, share: float, steps: int) -> Case:
    """Three layers of which a share sends a change in each step; dense where the fan-out is the width.

    Channels in turn raise and lower their neurons far above the threshold; what the layer before sends moves a neuron
    by less than the threshold, most of the time.
    """
    rng, net, channels = np.random.default_rng(0), ns.Network(), WIDTH // GROUP
    net.add_input("in", channels)
    for k in range(LAYERS):
        net.add(f"layer{k}", WIDTH, "hardtanh", sigma=1, delta=1, shift=9, limit=2**22, threshold=2**14)
        net.connect("in", f"layer{k}", np.arange(WIDTH) // GROUP, rng.permutation(WIDTH), 128)
        if k:
            targets = np.tile(np.arange(WIDTH), WIDTH) if fan_out == WIDTH else rng.integers(0, WIDTH, fan_out * WIDTH)
            weights = 2 * rng.choice([-1, 1], fan_out * WIDTH)
            net.connect(f"layer{k - 1}", f"layer{k}", np.repeat(np.arange(WIDTH), fan_out), targets, weights)
    warm = 20
    fires = rng.random((warm + steps, channels)) < share
    step, channel = np.nonzero(fires)
    sign = 1 - 2 * ((np.cumsum(fires, axis=0)[step, channel] - 1) % 2)
    rows = np.c_[step, channel, 2**17 * sign]
    name = f"sigma-delta 3 x {WIDTH:,}, fan-out {fan_out:,}, {share:.0%}"
    return Case(name, ns.compile(net, "loihi2"), rows, warm, steps)


def echo_state(n: int, steps: int) -> Case:
    """A dense reservoir of tanh units that all send their value in every step."""
    rng, net = np.random.default_rng(0), ns.Network()
    net.add("a", n, "tanh", shift=9, bias=rng.integers(-20_000, 20_000, n), keep=2048, gain=2048)
    weights = 2 * rng.integers(-30, 31, n * n)
    net.connect("a", "a", np.repeat(np.arange(n), n), np.tile(np.arange(n), n), weights)
    return Case(f"echo state {n:,}, dense, 100%", ns.compile(net, "loihi2"), None, 20, steps)


def resonators(n: int, fan_out: int, steps: int) -> Case:
    """Resonators that grow to their limit and each send their magnitude once a turn, about every 100 steps."""
    rng, net = np.random.default_rng(0), ns.Network()
    angle = 2 * np.pi / rng.uniform(*PERIOD, n)
    cos, sin = (np.round(4100 * part(angle)).clip(-4096, 4096) for part in (np.cos, np.sin))
    net.add("a", n, "resonate_and_fire", cos=cos, sin=sin, shift=10, bias=1_000, threshold=1_000)
    _recurrent(net, n, fan_out, rng)
    return Case(f"resonators {n:,}, fan-out {fan_out}", ns.compile(net, "loihi2"), None, 1_000, steps)


def adaptive(n: int, fan_out: int, steps: int) -> Case:
    """LIF neurons whose threshold adapts, driven to about 1 %."""
    rng, net = np.random.default_rng(0), ns.Network(dt_ms=0.1)
    bias = rng.uniform(1.3, 3.0, n)
    net.add_lif("a", n, tau_mem_ms=10.0, tau_syn_ms=5.0, bias=bias, adaptation=0.1, tau_adaptation_ms=20.0)
    targets, weights = rng.integers(0, n, n * fan_out), 0.25 * rng.integers(-2, 3, n * fan_out)
    net.connect("a", "a", np.repeat(np.arange(n), fan_out), targets, weights)
    return Case(f"adaptive LIF {n:,}, fan-out {fan_out}", ns.compile(net, "loihi2"), None, 1_000, steps)


def payloads(n: int, fan_out: int, steps: int) -> Case:
    """Half LIF neurons, half linear units that spikes move and that send them numbers."""
    rng, net, half = np.random.default_rng(0), ns.Network(), n // 2
    period = rng.uniform(67, 200, half)
    net.add_registers("a", half, du=4095, dv=0, vth=2_000, bias_mantissa=np.round(128_000 / period))
    net.add("b", half, "linear", keep=2048, threshold=8)
    for source, target, largest in (("a", "b", 4), ("b", "a", 1)):
        targets, weights = (
            rng.integers(0, half, half * fan_out),
            2 * rng.integers(-largest, largest + 1, half * fan_out),
        )
        net.connect(source, target, np.repeat(np.arange(half), fan_out), targets, weights)
    return Case(f"LIF and linear {n:,}, fan-out {fan_out}", ns.compile(net, "loihi2"), None, 300, steps)


def moving(model: str, n: int, steps: int) -> Case:
    """Neurons of one model that change in every step, and send nothing."""
    net = ns.Network()
    net.add("a", n, model, **MOVING[model])
    return Case(model, ns.compile(net, "loihi2"), None, 100, steps)


def resting(n: int, steps: int) -> Case:
    """Sigma-delta units that receive nothing."""
    net = ns.Network()
    net.add("a", n, "hardtanh", sigma=1, delta=1, bias=100, limit=2**22)
    return Case("at rest", ns.compile(net, "loihi2"), None, 100, steps)


def cases(quick: bool) -> list[Case]:
    """The networks with synapses; a quick look has fewer steps and no 100 %."""
    n = 4 if quick else 1
    return [
        *(sigma_delta(100, share, steps // n) for share, steps in ((0.01, 8_000), (0.1, 2_000), (1.0, 400))),
        *(sigma_delta(WIDTH, share, steps // n) for share, steps in ((0.01, 2_000), (0.1, 400), (1.0, 100))),
        echo_state(WIDTH, 200 // n),
        resonators(10_000, 100, 1_000 // n),
        adaptive(10_000, 100, 1_000 // n),
        payloads(10_000, 100, 400 // n),
    ]


def _recurrent(net: ns.Network, n: int, fan_out: int, rng: np.random.Generator) -> None:
    weights = 2 * rng.integers(-4, 5, n * fan_out)
    net.connect("a", "a", np.repeat(np.arange(n), fan_out), rng.integers(0, n, n * fan_out), weights)
