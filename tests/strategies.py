"""Random small networks, for properties that hold for every network."""

from typing import Any

import hypothesis.strategies as st
import numpy as np

from compiler.network import Network
from compiler.parameters import PARAMETERS

GRADED_KINDS = ("linear", "hardtanh", "tanh", "square", "liquid_time_constant", "resonate_and_fire")
WEIGHT_TYPES = (
    np.float64,
    np.float32,
    np.float16,
    np.int64,
    np.int32,
    np.int16,
    np.int8,
    np.uint8,
    np.uint64,
)
_PLAIN_NAMES = st.sampled_from(["liquid", "readout", "exc", "inh", "a", "b", "input", "neurons"])
_ODD_NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)
_TRICKY_NAMES = st.sampled_from(["null", "true", "1", "1e-9", "~", "- x", "a: b", '"', "\\", "'", "#", "{", "é", "😀"])

_LIF_VALUES = {
    "tau_mem_ms": st.floats(0.5, 200),
    "tau_syn_ms": st.floats(0, 50),
    "v_threshold": st.floats(0.125, 100),
    "v_leak": st.floats(-100, 0),
    "r": st.floats(0.01, 100),
    "bias": st.floats(-50, 50),
    "refractory_ms": st.floats(0, 10),
}
_ANY_REGISTERS = {key: st.integers(int(rule.low), int(rule.high)) for key, rule in PARAMETERS["registers"].items()}
_ANY_GRADED = {
    kind: {key: st.integers(int(rule.low), int(rule.high)) for key, rule in PARAMETERS[kind].items()}
    for kind in GRADED_KINDS
}
_LOIHI_REGISTERS = {
    "du": st.integers(0, 4095),
    "dv": st.integers(0, 4095),
    "vth": st.integers(100, 3000) | st.integers(100, 3000) | st.integers(0, 131071),
    "bias_mantissa": st.integers(-5, 5) | st.integers(-5, 200) | st.integers(-4095, 4095),
    "bias_exponent": st.just(0) | st.just(0) | st.integers(0, 7),
    "refractory": st.just(1) | st.integers(1, 5) | st.integers(1, 63),
}
_LOIHI_WEIGHTS = (
    st.integers(-127, 127).map(lambda half: 2 * half),
    st.integers(0, 255),
    st.integers(-255, 0),
)


def names() -> st.SearchStrategy[str]:
    """Names of populations and inputs, from plain to nasty for a file format."""
    odd = _ODD_NAMES.filter(lambda name: bool(name.strip()) and name.isprintable())
    return _PLAIN_NAMES | _TRICKY_NAMES | odd


@st.composite
def networks(draw: st.DrawFn, max_neurons: int = 6, max_synapses: int = 12) -> Network:
    """Any network: all kinds of neuron, scalar and array parameters, all types of weights."""
    network = Network(draw(st.sampled_from([1.0, 0.1, 2.5])))
    for name in draw(st.lists(names(), min_size=1, max_size=5, unique=True)):
        n = draw(st.integers(1, max_neurons))
        kind = draw(st.sampled_from(["lif", "lif", "registers", "registers", "input", *GRADED_KINDS]))
        if kind == "input":
            network.add_input(name, n)
        elif kind == "lif":
            network.add_lif(name, n, **_parameters(draw, _LIF_VALUES, n))
        elif kind in GRADED_KINDS:
            network.add(name, n, kind, **_parameters(draw, _ANY_GRADED[kind], n))
        else:
            network.add_registers(name, n, **_parameters(draw, _ANY_REGISTERS, n))
    for _ in range(draw(st.integers(0, 4)) if network.populations else 0):
        m = draw(st.sampled_from([0, 1, 2]) | st.integers(0, max_synapses))
        dtype = draw(st.sampled_from(WEIGHT_TYPES))
        _connect(draw, network, np.array(_many(draw, _weights(dtype), m), dtype), st.integers(1, 255))
    return network


@st.composite
def register_networks(draw: st.DrawFn, max_neurons: int = 8, max_synapses: int = 30, max_delay: int = 8) -> Network:
    """A network in registers that the first Loihi holds without rounding, made to spike now and then.

    Weights are even if their signs are mixed within a projection, as the chip stores them.
    """
    network = Network()
    network.add_input("in", draw(st.integers(1, max_neurons)))
    if draw(st.booleans()):
        network.add_input("more", draw(st.integers(1, 3)))
    for i in range(draw(st.integers(1, 3))):
        n = draw(st.integers(1, max_neurons))
        network.add_registers(f"p{i}", n, **_parameters(draw, _LOIHI_REGISTERS, n))
    for _ in range(draw(st.integers(0, 5))):
        m = draw(st.integers(0, max_synapses))
        weights = np.array(_many(draw, draw(st.sampled_from(_LOIHI_WEIGHTS)), m), np.int16)
        _connect(draw, network, weights, st.integers(1, max_delay))
    return network


_SCALES = st.sampled_from([20, 2000, 100_000, 8_388_607])


def _signed(most: int) -> st.SearchStrategy[int]:
    return st.integers(-most, most)


_STATE = _SCALES.flatmap(_signed)
_UNIT = {
    "shift": st.integers(0, 8) | st.integers(0, 31),
    "bias": st.just(0) | _STATE,
    "keep": st.just(0) | st.integers(0, 4096),
    "gain": st.just(4096) | _signed(4096),
    "threshold": st.just(0) | _STATE.map(abs) | st.integers(0, 2**31 - 1),
    "sigma": st.integers(0, 1),
    "delta": st.integers(0, 1),
}
_LOIHI2_VALUES = {
    "linear": _UNIT,
    "hardtanh": _UNIT | {"limit": _STATE.map(abs)},
    "tanh": _UNIT,
    "square": _UNIT,
    "liquid_time_constant": _UNIT | {"reversal": _STATE},
    "resonate_and_fire": {
        "cos": _signed(4096),
        "sin": _signed(4096) | st.integers(500, 4096),
        "shift": st.integers(0, 8),
        "bias": st.just(0) | _STATE,
        "threshold": st.just(0) | _STATE.map(abs),
        "magnitude": st.integers(0, 1),
    },
}
_LOIHI2_WEIGHTS = (*_LOIHI_WEIGHTS, st.integers(-127, 127).map(lambda half: 256 * half))


@st.composite
def graded_networks(draw: st.DrawFn, max_neurons: int = 5, max_synapses: int = 20, max_delay: int = 8) -> Network:
    """A network of units that send numbers, with LIF neurons among them, that loihi2 holds without rounding."""
    network = Network()
    network.add_input("in", draw(st.integers(1, max_neurons)))
    kinds = draw(st.lists(st.sampled_from(GRADED_KINDS), min_size=1, max_size=3))
    for i, kind in enumerate([*kinds, *draw(st.sampled_from([[], ["registers"]]))]):
        n = draw(st.integers(1, max_neurons))
        values = _LOIHI_REGISTERS if kind == "registers" else _LOIHI2_VALUES[kind]
        network.add(f"p{i}", n, kind, **_parameters(draw, values, n))
    for _ in range(draw(st.integers(1, 6))):
        m = draw(st.integers(0, max_synapses))
        weights = np.array(_many(draw, draw(st.sampled_from(_LOIHI2_WEIGHTS)), m), np.int32)
        _connect(draw, network, weights, st.just(1) | st.integers(1, max_delay))
    return network


def busy_graded_network(seed: int) -> Network:
    """As `graded_networks`, from one seed: dense, with values of one size, so that most units send and some clip."""
    rng = np.random.default_rng(seed)
    size = int(rng.choice([50, 5000, 500_000, 8_000_000]))
    network = Network()
    network.add_input("in", 3)
    kinds = rng.permutation(GRADED_KINDS)[: rng.integers(1, 4)].tolist() + ["registers"] * int(rng.integers(0, 2))
    for i, kind in enumerate(kinds):
        n = int(rng.integers(1, 6))
        angle = rng.uniform(0.3, 2, n)
        unit = {
            "shift": rng.integers(0, 12, n),
            "bias": rng.integers(-size, size + 1, n) * rng.integers(0, 2),
            "keep": rng.integers(0, 4097, n),
            "gain": rng.integers(-4096, 4097, n),
            "threshold": rng.integers(0, size // 4, n) * rng.integers(0, 2),
        }
        coding = {key: int(rng.integers(0, 2)) for key in ("sigma", "delta")}
        values: dict[str, dict[str, Any]] = {
            "registers": {"du": 2000, "dv": 500, "vth": rng.integers(0, 2000, n), "refractory": rng.integers(1, 4, n)},
            "hardtanh": unit | coding | {"limit": rng.integers(0, size, n)},
            "liquid_time_constant": unit | coding | {"reversal": rng.integers(-size, size, n)},
            "resonate_and_fire": {
                **{key: unit[key] for key in ("shift", "bias", "threshold")},
                "cos": np.round(4096 * np.cos(angle)),
                "sin": np.round(4096 * np.sin(angle)) * rng.choice([-1, 1]),
                "magnitude": rng.integers(0, 2, n),
            },
        }
        network.add(f"p{i}", n, kind, **values.get(kind, unit | coding))
    sizes = {p.name: p.n for p in network.populations} | {"in": 3}
    for target in [p.name for p in network.populations]:
        for source in ["in", *rng.choice(sorted(sizes), 2, replace=True).tolist()]:
            m = int(rng.integers(1, 15))
            ends = rng.integers(0, sizes[source], m), rng.integers(0, sizes[target], m)
            network.connect(source, target, *ends, 2 * rng.integers(-127, 128, m), rng.integers(1, 4, m))
    return network


@st.composite
def graded_inputs(draw: st.DrawFn, network: Network, steps: int) -> list[tuple[int, int, int]]:
    """Rows of (step, channel, value): payloads small and large, at most one a step and channel."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    most = draw(st.sampled_from([1, 100, 40_000, 2**31 - 1]))
    rows = []
    for step, channel in np.argwhere(rng.random((steps, network.n_channels)) < 0.5).tolist():
        rows.append((step, channel, int(rng.integers(1, most + 1)) * (1 if most == 1 else int(rng.choice([-1, 1])))))
    return rows


def _parameters(draw: st.DrawFn, values: dict[str, st.SearchStrategy[Any]], n: int) -> dict[str, Any]:
    """Each parameter is left out, one number, or one number per neuron."""
    shapes = {key: draw(st.sampled_from(["none", "scalar", "array"])) for key in values}
    scalars = {key: draw(values[key]) for key, shape in shapes.items() if shape == "scalar"}
    return scalars | {key: _many(draw, values[key], n) for key, shape in shapes.items() if shape == "array"}


def _connect(draw: st.DrawFn, network: Network, weights: Any, delays: st.SearchStrategy[int]) -> None:
    sizes = {p.name: p.n for p in network.populations} | {i.name: i.channels for i in network.inputs}
    source = draw(st.sampled_from(sorted(sizes)))
    target = draw(st.sampled_from([p.name for p in network.populations]))
    m = len(weights)
    network.connect(
        source,
        target,
        _many(draw, st.integers(0, sizes[source] - 1), m),
        _many(draw, st.integers(0, sizes[target] - 1), m),
        weights,
        _many(draw, delays, m),
    )


def _weights(dtype: Any) -> st.SearchStrategy[Any]:
    if np.issubdtype(dtype, np.floating):
        return st.floats(-1e4, 1e4, width=np.dtype(dtype).itemsize * 8).map(dtype)  # type: ignore[arg-type]
    limits = np.iinfo(dtype)
    return st.integers(-3, 3).filter(lambda w: w >= limits.min) | st.integers(int(limits.min), int(limits.max))


def _many(draw: st.DrawFn, values: st.SearchStrategy[Any], n: int) -> list[Any]:
    return draw(st.lists(values, min_size=n, max_size=n))
