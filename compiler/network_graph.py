"""Networks as networkx graphs, there and back without loss.

Nodes are (name, index), with attributes population, index, kind (see parameters.py, or "input") and the
neuron's parameters.  An edge has weight, delay (steps), projection and position (the place among the
network's projections and within one): numbers, or tuples of equal length when several synapses join the same
pair.  `graph.graph["neurosim"]` holds what nodes and edges cannot: dt_ms, which parameters are one number for
a whole population, and of each projection its ends, the type of its weights and its short-term plasticity.

A graph from scratch needs only edges with a weight.  Nodes may have any name; `population` is "neurons" if
missing ("inputs" for kind "input"), `kind` is "lif", parameters and `delay` have their defaults, and synapses
are grouped by the populations at their ends.  Neurons are numbered by `index`, those without one after the
others, in the order of the nodes.  Attributes that mean nothing here are ignored, unless they look like a
parameter misspelt.
"""

import math
import sys
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chips.errors import NetworkError
from chips.hints import nearest
from compiler.network import Network, Population
from compiler.parameters import MAX_DELAY_STEPS, PARAMETERS
from compiler.plasticity import ShortTermPlasticity
from compiler.weight_types import WEIGHT_TYPES, cast, from_numbers

if TYPE_CHECKING:
    import networkx as nx

MAX_NODES = 10_000_000  # networkx takes about a kilobyte for each

_KINDS = (*PARAMETERS, "input")
_OWN = {"population", "index", "kind", "weight", "delay", "projection", "position"}
_EDGE = ("weight", "delay", "projection", "position")

Node = Hashable
Attributes = Mapping[str, Any]


# ---------------------------------------------------------------- network to graph


def network_to_graph(network: Network) -> "nx.DiGraph[Any]":
    """The network as a graph.

    Raises:
        NetworkError: more than `MAX_NODES` neurons and channels.
    """
    import networkx as nx

    if network.n_neurons + network.n_channels > MAX_NODES:
        raise NetworkError(
            f"{network.n_neurons + network.n_channels:,} neurons and channels, but a graph of Python objects "
            f"takes at most {MAX_NODES:,}: save the network as .npz instead"
        )
    graph: nx.DiGraph[Any] = nx.DiGraph(neurosim=_record(network))
    for population in network.populations:
        graph.add_nodes_from(_neurons(population))
    for item in network.inputs:
        common = {"population": item.name, "kind": "input"}
        graph.add_nodes_from(((item.name, i), {**common, "index": i}) for i in range(item.channels))
    graph.add_edges_from((*pair, attributes) for pair, attributes in _edges(network).items())
    return graph


def _record(network: Network) -> dict[str, Any]:
    """What nodes and edges cannot carry, in plain data."""
    return {
        "dt_ms": network.dt_ms,
        "scalars": {p.name: [key for key in p.written if p.parameters[key].ndim == 0] for p in network.populations},
        "projections": [
            {"source": p.source, "target": p.target, "weight_type": p.weights.dtype.name}
            | ({"stp": p.stp.to_json()} if p.stp else {})
            for p in network.projections
        ],
    }


def _neurons(population: Population) -> Iterable[tuple[Node, dict[str, Any]]]:
    common = {"population": population.name, "kind": population.kind}
    columns = {key: population.values(key).tolist() for key in population.written}
    for i in range(population.n):
        values = {key: column[i] for key, column in columns.items()}
        yield (population.name, i), {**common, "index": i, **values}


def _edges(network: Network) -> dict[tuple[Node, Node], dict[str, Any]]:
    """(source, target) -> attributes of the edge."""
    synapses: dict[tuple[Node, Node], list[tuple[Any, ...]]] = {}
    for i, projection in enumerate(network.projections):
        columns = (projection.sources, projection.targets, projection.weights, projection.delays)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for position, (source, target, weight, delay) in enumerate(rows):
            pair = ((projection.source, source), (projection.target, target))
            synapses.setdefault(pair, []).append((weight, delay, i, position))
    return {pair: _bundle(rows) for pair, rows in synapses.items()}


def _bundle(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    if len(rows) == 1:
        return dict(zip(_EDGE, rows[0], strict=True))
    return dict(zip(_EDGE, zip(*rows, strict=True), strict=True))


# ---------------------------------------------------------------- graph to network


@dataclass(frozen=True, slots=True)
class _Record:
    """What `graph.graph["neurosim"]` says."""

    dt_ms: float
    scalars: Mapping[str, Any]  # population -> parameters that are one number
    projections: tuple[tuple[str, str, str], ...]  # source, target, weight type
    stp: tuple[ShortTermPlasticity | None, ...]  # of each projection


@dataclass(frozen=True, slots=True)
class _Synapse:
    """One synapse of one edge."""

    source: tuple[str, int]  # population or input, and index in it
    target: tuple[str, int]
    weight: float
    delay: int
    projection: float  # infinite if the edge does not say; those stand last
    position: float  # likewise


def network_from_graph(graph: "nx.DiGraph[Any]", dt_ms: float = 1.0) -> Network:
    """The network of a directed graph (or multigraph).

    Args:
        graph: made by `network_to_graph`, or from scratch; see the head of this file.
        dt_ms: length of a step, for a graph that does not say.

    Raises:
        NetworkError: the graph is undirected, an edge has no weight, or an attribute has no legal value.
    """
    import networkx as nx

    if not isinstance(graph, nx.Graph) or not graph.is_directed():
        raise NetworkError(
            f"a {type(graph).__name__} is no directed graph: give a networkx.DiGraph; to_directed() of an "
            "undirected graph has each edge in both directions"
        )
    record = _read_record(graph.graph.get("neurosim"), dt_ms)
    network = Network(record.dt_ms)
    members = _members(graph)
    for name, nodes in members.items():
        _add_nodes(network, name, nodes, record.scalars.get(name, ()))
    place = {node: (name, i) for name, nodes in members.items() for i, (node, _) in enumerate(nodes)}
    _add_projections(network, record, _synapses(graph, place))
    return network


def _read_record(given: Any, dt_ms: float) -> _Record:
    if given is None:
        return _Record(dt_ms, {}, (), ())
    try:
        projections = tuple((p["source"], p["target"], p["weight_type"]) for p in given["projections"])
        scalars = {name: tuple(keys) for name, keys in given["scalars"].items()}
        texts = [text for row in (*projections, *scalars.values()) for text in row]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("a name")
        stp = tuple(ShortTermPlasticity.from_json(p.get("stp")) for p in given["projections"])
        return _Record(given["dt_ms"], scalars, projections, stp)
    except (KeyError, TypeError, AttributeError) as error:
        raise NetworkError(
            f"the graph's attribute 'neurosim' lacks or garbles {error}: delete it, or make the graph again"
        ) from error


def _members(graph: "nx.DiGraph[Any]") -> dict[str, list[tuple[Node, Attributes]]]:
    """Population or input -> its nodes in the order of their numbers."""
    members: dict[str, list[tuple[Node, Attributes]]] = {}
    for node, attributes in graph.nodes(data=True):
        default = "inputs" if attributes.get("kind") == "input" else "neurons"
        name = attributes.get("population", default)
        if not isinstance(name, str):
            raise NetworkError(f"node {node!r}: population is {name!r}, but a name is needed")
        members.setdefault(name, []).append((node, attributes))
    for nodes in members.values():
        nodes.sort(key=_index)
    return members


def _index(item: tuple[Node, Attributes]) -> float:
    node, attributes = item
    return _whole(f"node {node!r}: index", attributes["index"], 0) if "index" in attributes else math.inf


def _add_nodes(network: Network, name: str, nodes: list[tuple[Node, Attributes]], scalars: Iterable[str]) -> None:
    kind = nodes[0][1].get("kind", "lif")
    if kind not in _KINDS:
        raise NetworkError(f"node {nodes[0][0]!r}: kind is {kind!r}, but must be one of {', '.join(_KINDS)}")
    for node, attributes in nodes:
        if attributes.get("kind", "lif") != kind:
            raise NetworkError(
                f"node {node!r}: kind is {attributes.get('kind', 'lif')!r}, but others of {name!r} are "
                f"{kind!r}: give each kind a population of its own"
            )
    if kind == "input":
        network.add_input(name, len(nodes))
        return
    _refuse_misspelt(nodes, kind)
    values = {key: _column(nodes, kind, key) for key in PARAMETERS[kind] if any(key in a for _, a in nodes)}
    for key in scalars:
        if key in values and (values[key] == values[key][0]).all():
            values[key] = values[key][0]
    network.add(name, len(nodes), kind, **values)


def _refuse_misspelt(nodes: list[tuple[Node, Attributes]], kind: str) -> None:
    legal = PARAMETERS[kind]
    seen: set[Any] = {*_OWN, *legal}
    for node, attributes in nodes:
        for key in attributes:
            if key not in seen and isinstance(key, str):
                if any(key in parameters for parameters in PARAMETERS.values()):
                    raise NetworkError(f"node {node!r}: {key} is no parameter of kind {kind!r}: change the kind")
                if near := nearest(key, legal):
                    raise NetworkError(f"node {node!r}: unknown attribute {key!r}: did you mean {near!r}?")
            seen.add(key)


def _column(nodes: list[tuple[Node, Attributes]], kind: str, key: str) -> npt.NDArray[np.float64]:
    """One parameter of all nodes."""
    rule = PARAMETERS[kind][key]
    values = np.array(
        [_number(f"node {node!r}: {key}", attributes.get(key, rule.default)) for node, attributes in nodes],
        np.float64,
    )
    wrong = np.flatnonzero(~rule.accepts(values))
    if wrong.size:
        raise NetworkError(f"node {nodes[wrong[0]][0]!r}: {key} is {values[wrong[0]]:g}, but must be {rule}")
    return values


def _synapses(graph: "nx.DiGraph[Any]", place: Mapping[Node, tuple[str, int]]) -> list[_Synapse]:
    return [
        _Synapse(place[source], place[target], *row)
        for source, target, attributes in graph.edges(data=True)
        for row in _unbundle(f"edge {source!r} -> {target!r}", attributes)
    ]


def _unbundle(label: str, attributes: Attributes) -> list[tuple[float, int, float, float]]:
    """Weight, delay, projection and position of each synapse of an edge."""
    if "weight" not in attributes:
        raise NetworkError(f"{label} has no weight: set the edge's attribute 'weight' to a number")
    defaults = {"delay": 1, "projection": math.inf, "position": math.inf}
    given = {**defaults, **{key: attributes[key] for key in _EDGE if key in attributes}}
    lengths = {key: len(value) for key, value in given.items() if isinstance(value, tuple)}
    if len(set(lengths.values())) > 1 or (lengths and "weight" not in lengths):
        told = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise NetworkError(f"{label}: tuples of different lengths ({told}): give one value for each synapse")
    n = lengths.get("weight", 1)
    columns = [given[key] if key in lengths else (given[key],) * n for key in _EDGE]
    return [
        (
            _number(f"{label}: weight", weight),
            _whole(f"{label}: delay", delay, 1, MAX_DELAY_STEPS),
            projection if projection == math.inf else _whole(f"{label}: projection", projection, 0),
            position if position == math.inf else _whole(f"{label}: position", position, 0),
        )
        for weight, delay, projection, position in zip(*columns, strict=True)
    ]


def _add_projections(network: Network, record: _Record, synapses: list[_Synapse]) -> None:
    """Connect the synapses, grouped by projection and ends; projections without synapses come back too."""
    groups: dict[tuple[float, str, str], list[_Synapse]] = {}
    for synapse in synapses:
        key = (synapse.projection, synapse.source[0], synapse.target[0])
        groups.setdefault(key, []).append(synapse)
    present = {number for number, _, _ in groups}
    names = {population.name for population in network.populations} | {item.name for item in network.inputs}
    for i, (source, target, _) in enumerate(record.projections):
        if i not in present and {source, target} <= names:
            groups[i, source, target] = []
    for number, source, target in sorted(groups, key=lambda key: key[0]):
        group = sorted(groups[number, source, target], key=lambda synapse: synapse.position)
        known = number < len(record.projections)
        weight_type = record.projections[int(number)][2] if known else None
        network.connect(
            source,
            target,
            [synapse.source[1] for synapse in group],
            [synapse.target[1] for synapse in group],
            _weights(group, weight_type),
            [synapse.delay for synapse in group],
            record.stp[int(number)] if known else None,
        )


def _weights(group: list[_Synapse], weight_type: str | None) -> npt.NDArray[Any]:
    """The weights in the type that they had; changed ones that do not fit it choose their own."""
    weights = from_numbers([synapse.weight for synapse in group])
    made = cast(weights, weight_type) if weight_type in WEIGHT_TYPES else None
    return weights if made is None else made


def _number(label: str, value: Any) -> Any:
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not is_number or not abs(value) <= sys.float_info.max:
        raise NetworkError(f"{label} is {value!r}, but a finite number is needed")
    return value


def _whole(label: str, value: Any, low: int, high: int | None = None) -> int:
    if _number(label, value) != int(value) or value < low or (high is not None and value > high):
        legal = f"at least {low}" if high is None else f"from {low} to {high}"
        raise NetworkError(f"{label} is {value!r}, but must be a whole number, {legal}")
    return int(value)
