"""The language of networks: named populations, named inputs, and projections between them.

Neurons are current-based leaky integrate-and-fire, given in physical units or in chip registers, or units that
send numbers.  Inside there are arrays only, so a million neurons and a hundred million synapses fit in memory.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chips.errors import NetworkError
from compiler.parameters import LATER, PARAMETERS
from compiler.plasticity import ShortTermPlasticity
from compiler.values import Values, as_count, as_delays, as_indices, as_parameter, as_weights

if TYPE_CHECKING:
    import networkx as nx

MAX_NAMES = 10_000  # populations and inputs; each is looked up by its name, one after the other


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Neurons of one kind.

    kind "lif", physical units (NIR's vocabulary), v measured from v_leak, which is also the reset:
        tau_syn dI/dt = -I;  I += weight at each arriving spike
        tau_mem dv/dt = -(v - v_leak) + r I + bias;  spike at v > v_threshold + a; then silent for refractory_ms
        tau_adaptation da/dt = -a;  a += adaptation at each own spike (spike-frequency adaptation, 0 leaves it out)
    Steps of dt_ms are exponential Euler with I held over a step (see lower.py), so a short current does a little more
    than in continuous time: its effect grows with dt_ms / tau_syn_ms.
    kind "registers", the chip's own integers: du, dv, vth, bias_mantissa, bias_exponent, refractory.
    kind "linear_lif", a chip's own integers: leak, threshold (see neurosim/odin_kernel.py for the order of events):
        v <- v + weight, kept within 0 and the chip's largest v, at each event; v >= threshold: spike and v <- 0
        v <- max(v - leak, 0) at the end of each step; at most one spike a step is sent.
    kind "truenorth", the registers of a crossbar neuron (neurosim/crossbar_kernel.py has the equations); its incoming
    weights are whole numbers, four different ones at most.
    kinds "linear", "hardtanh", "tanh", "square", "liquid_time_constant" and "resonate_and_fire" send numbers, and are
    in the chip's own integers too; their equations are at the top of lower_graded.py.
    """

    name: str
    n: int
    kind: str
    parameters: Mapping[str, npt.NDArray[Any]]  # name -> shape () or (n,)

    def values(self, parameter: str) -> npt.NDArray[Any]:
        """One parameter, a value per neuron: shape (n,)."""
        return np.broadcast_to(self.parameters[parameter], (self.n,))

    @property
    def adapts(self) -> bool:
        """Whether the threshold of any neuron rises with its own spikes."""
        return self.kind == "lif" and bool(self.parameters["adaptation"].any())

    @property
    def written(self) -> tuple[str, ...]:
        """The parameters that a file names: all but the later ones that are one number, their default."""
        rules = PARAMETERS[self.kind]
        later = LATER.get(self.kind, ())
        at_default = [
            key for key in later if self.parameters[key].ndim == 0 and self.parameters[key] == rules[key].default
        ]
        return tuple(key for key in rules if key not in at_default)


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
    weights: npt.NDArray[Any]  # [synapse], a jump of I ("lif") or an integer on the chip's grid (other kinds)
    delays: npt.NDArray[np.uint8]  # [synapse], steps, at least 1
    stp: ShortTermPlasticity | None = None  # of all its synapses; weights are those of u R = 1

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
        new = Input(self._free_name(name), as_count(f"input {name!r}", "channels", channels))
        self.inputs.append(new)
        return new

    def add_lif(self, name: str, n: int, **parameters: Values) -> Population:
        """Add `n` neurons in physical units; see `Population` for the equations.

        Args:
            name: unique name.
            n: number of neurons.
            **parameters: tau_mem_ms (20), tau_syn_ms (5; 0 is a current that lasts one step),
                v_threshold (1), v_leak (0), r (1), bias (0, in units of v), refractory_ms (0), adaptation (0, in
                units of v), tau_adaptation_ms (100); each a scalar or an array (n,).

        Raises:
            NetworkError: the name is taken, a parameter is unknown, of the wrong shape, or out of range.
        """
        return self.add(name, n, "lif", **parameters)

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
        return self.add(name, n, "registers", **parameters)

    def add(self, name: str, n: int, kind: str, **parameters: Values) -> Population:
        """Add `n` neurons of any kind; parameters.py lists the kinds and the parameters of each.

        Raises:
            NetworkError: as `add_lif`, or the kind is unknown.
        """
        label = f"population {self._free_name(name)!r}"
        if kind not in PARAMETERS:
            raise NetworkError(f"{label}: unknown kind {kind!r}; known are {', '.join(PARAMETERS)}")
        n = as_count(label, "neurons", n)
        legal = PARAMETERS[kind]
        if unknown := sorted(set(parameters) - set(legal)):
            raise NetworkError(f"{label}: unknown parameter {unknown[0]!r}; a {kind} neuron has {', '.join(legal)}")
        values = {key: as_parameter(label, key, rule, n, parameters.get(key)) for key, rule in legal.items()}
        new = Population(name, n, kind, values)
        if kind == "lif":
            _check_threshold(new)
        self.populations.append(new)
        return new

    def connect(
        self,
        source: str,
        target: str,
        sources: npt.ArrayLike,
        targets: npt.ArrayLike,
        weights: npt.ArrayLike,
        delays: npt.ArrayLike = 1,
        stp: ShortTermPlasticity | None = None,
    ) -> Projection:
        """Add synapses from population or input `source` to population `target`.

        Args:
            source: name of a population or an input.
            target: name of a population.
            sources: index of each synapse's source, shape (m,).
            targets: index of each synapse's target, shape (m,).
            weights: a scalar or shape (m,).
            delays: steps, at least 1; a scalar or shape (m,).
            stp: short-term plasticity of all its synapses; `run_float` has it, no chip does.

        Raises:
            NetworkError: an unknown name, an index out of range, a weight that is not finite, a delay of
                zero, arrays of different lengths, or an stp that is none.
        """
        label = f"projection {source!r} -> {target!r}"
        if not isinstance(stp, ShortTermPlasticity | None):
            raise NetworkError(
                f"{label}: stp is {stp!r}, but must be a ShortTermPlasticity(u, tau_rec_ms, tau_facil_ms)"
            )
        n_sources, n_targets = self._size(source, label), self._population(target, label).n
        source_index = as_indices(sources, n_sources, f"{label}: source")
        target_index = as_indices(targets, n_targets, f"{label}: target")
        if len(source_index) != len(target_index):
            raise NetworkError(f"{label}: {len(source_index):,} sources but {len(target_index):,} targets")
        new = Projection(
            source,
            target,
            source_index,
            target_index,
            as_weights(weights, len(source_index), label),
            as_delays(delays, len(source_index), label),
            stp,
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


def _check_threshold(population: Population) -> None:
    low = np.atleast_1d(population.parameters["v_threshold"] <= population.parameters["v_leak"])
    if low.any():  # compared as given: scalars stay scalars, however many neurons there are
        raise NetworkError(
            f"population {population.name!r}: v_threshold of neuron {int(low.argmax())} is not above its "
            "v_leak, so it would fire without input: raise v_threshold"
        )


def _same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and bool(np.array_equal(a, b))


def _same_population(a: Population, b: Population) -> bool:
    return (a.name, a.n, a.kind) == (b.name, b.n, b.kind) and all(
        _same(a.parameters[key], b.parameters[key]) for key in PARAMETERS[a.kind]
    )


def _same_projection(a: Projection, b: Projection) -> bool:
    return (a.source, a.target, a.stp) == (b.source, b.target, b.stp) and all(
        _same(getattr(a, key), getattr(b, key)) for key in ("sources", "targets", "weights", "delays")
    )
