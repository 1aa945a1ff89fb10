"""The language of networks: named populations, named inputs, and projections between them.

Neurons are current-based leaky integrate-and-fire, given in physical units or in chip registers.  Inside
there are arrays only, so a million neurons and a hundred million synapses fit in memory.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chips.errors import NetworkError

if TYPE_CHECKING:
    import networkx as nx

Values = float | npt.ArrayLike
MAX_NEURONS = 2**31 - 1
MAX_DELAY_STEPS = 255
MAX_NAMES = 10_000  # populations and inputs; each is looked up by its name, one after the other


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one neuron parameter may be."""

    default: float
    low: float
    high: float
    low_is_legal: bool = True
    integer: bool = False

    def accepts(self, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which of `values` are legal."""
        above = values >= self.low if self.low_is_legal else values > self.low
        whole = values == np.round(values) if self.integer else True
        accepted: npt.NDArray[np.bool_] = np.isfinite(values) & above & (values <= self.high) & whole
        return accepted

    def __str__(self) -> str:
        """The range in words."""
        kind = "an integer" if self.integer else "finite"
        low = f"at least {self.low:g}" if self.low_is_legal else f"above {self.low:g}"
        if np.isinf(self.low):
            return kind
        return f"{kind}, {low}" + ("" if np.isinf(self.high) else f" and at most {self.high:g}")


_INF = float("inf")
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "lif": {
        "tau_mem_ms": Parameter(20.0, 0.0, _INF, low_is_legal=False),
        "tau_syn_ms": Parameter(5.0, 0.0, _INF),
        "v_threshold": Parameter(1.0, -_INF, _INF),
        "v_leak": Parameter(0.0, -_INF, _INF),
        "r": Parameter(1.0, 0.0, _INF, low_is_legal=False),
        "bias": Parameter(0.0, -_INF, _INF),
        "refractory_ms": Parameter(0.0, 0.0, _INF),
    },
    "registers": {
        "du": Parameter(0, 0, 2**16, integer=True),
        "dv": Parameter(0, 0, 2**16, integer=True),
        "vth": Parameter(1, 0, 2**31 - 1, integer=True),
        "bias_mantissa": Parameter(0, -(2**15), 2**15 - 1, integer=True),
        "bias_exponent": Parameter(0, 0, 15, integer=True),
        "refractory": Parameter(1, 1, 255, integer=True),
    },
}
"""kind of population -> its parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Neurons of one kind.

    kind "lif", physical units (NIR's vocabulary), v measured from v_leak, which is also the reset:
        tau_syn dI/dt = -I;  I += weight at each arriving spike
        tau_mem dv/dt = -(v - v_leak) + r I + bias;  spike at v > v_threshold; then silent for refractory_ms
    kind "registers", the chip's own integers: du, dv, vth, bias_mantissa, bias_exponent, refractory.
    """

    name: str
    n: int
    kind: str
    parameters: Mapping[str, npt.NDArray[Any]]  # name -> shape () or (n,)

    def values(self, parameter: str) -> npt.NDArray[Any]:
        """One parameter, a value per neuron: shape (n,)."""
        return np.broadcast_to(self.parameters[parameter], (self.n,))


@dataclass(frozen=True, slots=True)
class Input:
    """External spike channels."""

    name: str
    channels: int


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Synapses from one population or input to one population, as parallel arrays."""

    source: str
    target: str
    sources: npt.NDArray[np.int32]  # [synapse], index within the source population or input
    targets: npt.NDArray[np.int32]  # [synapse], index within the target population
    weights: npt.NDArray[Any]  # [synapse], a jump of I ("lif") or an integer on the chip's grid ("registers")
    delays: npt.NDArray[np.uint8]  # [synapse], steps, at least 1

    @property
    def n_synapses(self) -> int:
        """How many synapses."""
        return len(self.sources)


@dataclass(eq=False)
class Network:
    """Populations, inputs and projections, in the order in which they were added.

    Attributes:
        dt_ms: length of a step in milliseconds.
    """

    dt_ms: float = 1.0
    populations: list[Population] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)

    def __post_init__(self) -> None:
        number = isinstance(self.dt_ms, int | float | np.integer | np.floating)
        if not number or isinstance(self.dt_ms, bool) or not 0 < self.dt_ms <= sys.float_info.max:
            raise NetworkError(f"dt_ms is {self.dt_ms!r}, but a step needs a positive length in milliseconds")
        self.dt_ms = float(self.dt_ms)

    def add_input(self, name: str, channels: int) -> Input:
        """Add named external spike channels.

        Raises:
            NetworkError: the name is taken, or there is no channel.
        """
        new = Input(self._free_name(name), _count(f"input {name!r}", "channels", channels))
        self.inputs.append(new)
        return new

    def add_lif(self, name: str, n: int, **parameters: Values) -> Population:
        """Add `n` neurons in physical units; see `Population` for the equations.

        Args:
            name: unique name.
            n: number of neurons.
            **parameters: tau_mem_ms (20), tau_syn_ms (5; 0 is a current that lasts one step),
                v_threshold (1), v_leak (0), r (1), bias (0, in units of v), refractory_ms (0); each a scalar
                or an array (n,).

        Raises:
            NetworkError: the name is taken, a parameter is unknown, of the wrong shape, or out of range.
        """
        return self._add_population(name, n, "lif", parameters)

    def add_registers(self, name: str, n: int, **parameters: Values) -> Population:
        """Add `n` neurons in chip registers; see `Population`.

        Args:
            name: unique name.
            n: number of neurons.
            **parameters: du (0), dv (0), vth (1), bias_mantissa (0), bias_exponent (0), refractory (1: blocks
                nothing); each a scalar or an array (n,) of integers.

        Raises:
            NetworkError: as `add_lif`.
        """
        return self._add_population(name, n, "registers", parameters)

    def connect(
        self,
        source: str,
        target: str,
        sources: npt.ArrayLike,
        targets: npt.ArrayLike,
        weights: npt.ArrayLike,
        delays: npt.ArrayLike = 1,
    ) -> Projection:
        """Add synapses from population or input `source` to population `target`.

        Args:
            source: name of a population or an input.
            target: name of a population.
            sources: index of each synapse's source, shape (m,).
            targets: index of each synapse's target, shape (m,).
            weights: a scalar or shape (m,).
            delays: steps, at least 1; a scalar or shape (m,).

        Raises:
            NetworkError: an unknown name, an index out of range, a weight that is not finite, a delay of
                zero, or arrays of different lengths.
        """
        label = f"projection {source!r} -> {target!r}"
        n_sources, n_targets = self._size(source, label), self._population(target, label).n
        source_index = _indices(sources, n_sources, f"{label}: source")
        target_index = _indices(targets, n_targets, f"{label}: target")
        if len(source_index) != len(target_index):
            raise NetworkError(f"{label}: {len(source_index):,} sources but {len(target_index):,} targets")
        new = Projection(
            source,
            target,
            source_index,
            target_index,
            _weights(weights, len(source_index), label),
            _delays(delays, len(source_index), label),
        )
        self.projections.append(new)
        return new

    def save(self, path: str | Path) -> None:
        """Write the network to a file: `.yaml` to read and edit by hand, `.npz` for any size.

        Raises:
            NetworkError: another extension, or too large for YAML.
            NeurosimError: the file cannot be written; what was there before is left as it was.
        """
        from compiler.network_files import save_network

        save_network(self, path)

    @staticmethod
    def load(path: str | Path) -> "Network":
        """Read a network from a `.yaml` or `.npz` file.

        Raises:
            NetworkError: the file is missing, damaged or foreign, or what it says is not a network.
        """
        from compiler.network_files import load_network

        return load_network(path)

    def to_networkx(self) -> "nx.DiGraph[Any]":
        """The network as a graph, without loss; see network_graph.py for the attributes.

        Raises:
            NetworkError: too many neurons for a graph of Python objects.
        """
        from compiler.network_graph import network_to_graph

        return network_to_graph(self)

    @staticmethod
    def from_networkx(graph: "nx.DiGraph[Any]", dt_ms: float = 1.0) -> "Network":
        """The network of a directed graph, made by `to_networkx` or from scratch; see network_graph.py.

        Raises:
            NetworkError: the graph is undirected, an edge has no weight, or an attribute has no legal value.
        """
        from compiler.network_graph import network_from_graph

        return network_from_graph(graph, dt_ms)

    @property
    def n_neurons(self) -> int:
        """Neurons of all populations."""
        return sum(population.n for population in self.populations)

    @property
    def n_channels(self) -> int:
        """Channels of all inputs."""
        return sum(item.channels for item in self.inputs)

    @property
    def n_synapses(self) -> int:
        """Synapses of all projections."""
        return sum(projection.n_synapses for projection in self.projections)

    def __repr__(self) -> str:
        """One line of sizes."""
        return (
            f"Network({self.n_neurons:,} neurons in {len(self.populations)} populations, "
            f"{self.n_channels:,} input channels, {self.n_synapses:,} synapses, dt {self.dt_ms:g} ms)"
        )

    def __eq__(self, other: object) -> bool:
        """Same names, same order, same values, same array types."""
        if not isinstance(other, Network):
            return NotImplemented
        return (
            self.dt_ms == other.dt_ms
            and self.inputs == other.inputs
            and len(self.populations) == len(other.populations)
            and len(self.projections) == len(other.projections)
            and all(map(_same_population, self.populations, other.populations))
            and all(map(_same_projection, self.projections, other.projections))
        )

    __hash__ = None  # type: ignore[assignment]

    def _free_name(self, name: str) -> str:
        if not isinstance(name, str) or not name.strip() or len(name) > 200 or not name.isprintable():
            raise NetworkError(f"{name!r} is not a name: use 1 to 200 printable characters")
        if name in self._names():
            raise NetworkError(f"the name {name!r} is used twice: give each population and input its own")
        if len(self.populations) + len(self.inputs) >= MAX_NAMES:
            raise NetworkError(f"more than {MAX_NAMES:,} populations and inputs: join some of them")
        return name

    def _names(self) -> list[str]:
        return [population.name for population in self.populations] + [item.name for item in self.inputs]

    def _size(self, name: str, label: str) -> int:
        for item in self.inputs:
            if item.name == name:
                return item.channels
        return self._population(name, label).n

    def _population(self, name: str, label: str) -> Population:
        for population in self.populations:
            if population.name == name:
                return population
        if any(item.name == name for item in self.inputs):
            raise NetworkError(f"{label}: {name!r} is an input; only populations can receive synapses")
        known = ", ".join(repr(known) for known in self._names()) or "none yet"
        raise NetworkError(f"{label}: unknown population {name!r}; known are {known}")

    def _add_population(self, name: str, n: int, kind: str, given: Mapping[str, Values]) -> Population:
        label = f"population {self._free_name(name)!r}"
        n = _count(label, "neurons", n)
        legal = PARAMETERS[kind]
        if unknown := sorted(set(given) - set(legal)):
            raise NetworkError(f"{label}: unknown parameter {unknown[0]!r}; a {kind} neuron has {', '.join(legal)}")
        values = {key: _parameter(label, key, rule, n, given.get(key)) for key, rule in legal.items()}
        new = Population(name, n, kind, values)
        if kind == "lif":
            _check_threshold(new)
        self.populations.append(new)
        return new


def _count(label: str, what: str, n: int) -> int:
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise NetworkError(f"{label}: {what} is {n!r}, but it must be a whole number")
    if not 1 <= n <= MAX_NEURONS:
        raise NetworkError(f"{label}: {n:,} {what}; needed are 1 to {MAX_NEURONS:,}")
    return int(n)


def _parameter(label: str, key: str, rule: Parameter, n: int, given: Values | None) -> npt.NDArray[Any]:
    dtype: type = np.int32 if rule.integer else np.float64
    if given is None:
        return np.array(rule.default, dtype)
    values = _numbers(given, f"{label}: {key}").astype(np.float64)
    if values.shape not in ((), (n,)):
        raise NetworkError(f"{label}: {key} has shape {values.shape}, but needs a scalar or ({n},)")
    wrong = ~np.atleast_1d(rule.accepts(values))
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(f"{label}: {key} of neuron {first} is {np.atleast_1d(values)[first]:g}, but must be {rule}")
    return values.astype(dtype)


def _check_threshold(population: Population) -> None:
    low = np.atleast_1d(population.parameters["v_threshold"] <= population.parameters["v_leak"])
    if low.any():  # compared as given: scalars stay scalars, however many neurons there are
        raise NetworkError(
            f"population {population.name!r}: v_threshold of neuron {int(low.argmax())} is not above its "
            "v_leak, so it would fire without input: raise v_threshold"
        )


def _numbers(values: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    """An array of at most 64 bits per number, in the machine's byte order."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise NetworkError(f"{what}: not a number or an array of numbers") from error
    if array.dtype.kind not in "iuf":
        if array.size == 0:
            return np.zeros(array.shape, np.float64)
        raise NetworkError(f"{what}: not a number or an array of numbers")
    if array.dtype.itemsize > 8:
        with np.errstate(over="ignore"):
            return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _indices(values: npt.ArrayLike, n: int, what: str) -> npt.NDArray[np.int32]:
    array = _numbers(values, f"{what}s")
    if array.ndim != 1:
        raise NetworkError(f"{what}s have shape {array.shape}, but a list of indices is needed")
    wrong = _outside(array, 0, n - 1)
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(f"{what} {array[first]} of synapse {first} is out of range: legal are 0 to {n - 1}")
    return array.astype(np.int32, copy=False)


def _weights(values: npt.ArrayLike, m: int, label: str) -> npt.NDArray[Any]:
    array = _fill(_numbers(values, f"{label}: weights"), m, f"{label}: weights")
    wrong = ~np.isfinite(array)
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(f"{label}: weight of synapse {first} is {array[first]}, but must be finite")
    return array.copy()  # the caller may go on writing to the original


def _delays(values: npt.ArrayLike, m: int, label: str) -> npt.NDArray[np.uint8]:
    array = _fill(_numbers(values, f"{label}: delays"), m, f"{label}: delays")
    wrong = _outside(array, 1, MAX_DELAY_STEPS)
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(
            f"{label}: delay of synapse {first} is {array[first]}, but delays are whole steps from 1 to "
            f"{MAX_DELAY_STEPS} (1 arrives in the next step)"
        )
    return array.astype(np.uint8)


def _outside(array: npt.NDArray[Any], low: int, high: int) -> npt.NDArray[np.bool_]:
    """Which entries are not whole numbers from `low` to `high`; NaN is none."""
    inside: npt.NDArray[np.bool_] = array >= low
    inside &= array <= high
    if array.dtype.kind == "f":
        inside &= array == np.floor(array)
    return ~inside


def _fill(array: npt.NDArray[Any], m: int, what: str) -> npt.NDArray[Any]:
    if array.ndim == 0:
        return np.full(m, array)
    if array.shape != (m,):
        raise NetworkError(f"{what} have shape {array.shape}, but need a scalar or ({m},)")
    return array


def _same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and bool(np.array_equal(a, b))


def _same_population(a: Population, b: Population) -> bool:
    return (a.name, a.n, a.kind) == (b.name, b.n, b.kind) and all(
        _same(a.parameters[key], b.parameters[key]) for key in PARAMETERS[a.kind]
    )


def _same_projection(a: Projection, b: Projection) -> bool:
    return (a.source, a.target) == (b.source, b.target) and all(
        _same(getattr(a, key), getattr(b, key)) for key in ("sources", "targets", "weights", "delays")
    )
