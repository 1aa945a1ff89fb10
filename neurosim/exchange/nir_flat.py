"""A NIR graph without graphs inside: nodes by full name ("outer.inner"), and edges between them.

Edges into a graph lead to its Input, those out of it come from its Output; both are left as nodes that change nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chips import NetworkError

MAX_DEPTH = 32  # of graphs in graphs
MAX_NODES = 100_000


@dataclass(frozen=True)
class FlatGraph:
    """Nodes and edges, in the order of the graph.

    Attributes:
        nodes: full name -> node of NIR.
        edges: (from, to), of full names.
        inputs: Input nodes of the outermost graph.
        outputs: Output nodes of the outermost graph.
    """

    nodes: Mapping[str, Any]
    edges: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @cached_property
    def before(self) -> dict[str, list[str]]:
        """Node -> the nodes that lead to it."""
        return _lists(self.nodes, ((target, source) for source, target in self.edges))

    @cached_property
    def after(self) -> dict[str, list[str]]:
        """Node -> the nodes that it leads to."""
        return _lists(self.nodes, self.edges)


def _lists(nodes: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in nodes}
    for first, second in pairs:
        found[first].append(second)
    return found


def kind_of(node: Any) -> str:
    """The name of a node's type."""
    return type(node).__name__


def described(name: str, node: Any) -> str:
    """A node as refusals name it."""
    return f"node {name!r} ({kind_of(node)})"


def flatten(graph: Any) -> FlatGraph:
    """The graph with its inner graphs opened.

    Raises:
        NetworkError: edges lead nowhere, an inner graph has several inputs or outputs, or graphs are too deep.
    """
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    faults: list[str] = []
    _open(graph, "", 0, nodes, edges, faults)
    twice = [edge for edge, n in Counter(edges).items() if n > 1]
    faults += [f"edge {source!r} -> {target!r} stands twice: leave one out" for source, target in twice]
    if faults:
        raise NetworkError("\n".join(faults))
    top = {name: kind_of(node) for name, node in graph.nodes.items()}
    return FlatGraph(
        nodes,
        tuple(edges),
        tuple(name for name, kind in top.items() if kind == "Input"),
        tuple(name for name, kind in top.items() if kind == "Output"),
    )


def _open(
    graph: Any, prefix: str, depth: int, nodes: dict[str, Any], edges: list[tuple[str, str]], faults: list[str]
) -> None:
    if depth > MAX_DEPTH:
        raise NetworkError(f"graphs stand in graphs more than {MAX_DEPTH} deep: open the inner ones")
    ends: dict[str, tuple[str | None, str | None]] = {}  # name here -> full name as a target, and as a source
    for name, node in graph.nodes.items():
        full = f"{prefix}{name}"
        ends[name] = full, full
        if kind_of(node) == "NIRGraph":
            _open(node, f"{full}.", depth + 1, nodes, edges, faults)
            ends[name] = tuple(_only(node, kind, full, faults) for kind in ("Input", "Output"))  # type: ignore[assignment]
            continue
        if full in nodes:
            faults.append(f"node {full!r} stands twice, once in a graph inside: give one another name")
        nodes[full] = node
        if len(nodes) > MAX_NODES:
            raise NetworkError(f"more than {MAX_NODES:,} nodes: no network of layers has so many")
    for source, target in graph.edges:
        missing = [end for end in (source, target) if end not in ends]
        if missing:
            faults.append(f"edge {prefix}{source} -> {prefix}{target}: there is no node {missing[0]!r}")
            continue
        a, b = ends[source][1], ends[target][0]
        if a is not None and b is not None:
            edges.append((a, b))


def _only(graph: Any, kind: str, full: str, faults: list[str]) -> str | None:
    """The Input or Output of an inner graph."""
    found = [name for name, node in graph.nodes.items() if kind_of(node) == kind]
    if len(found) == 1:
        return f"{full}.{found[0]}"
    faults.append(f"node {full!r} (NIRGraph) has {len(found)} nodes of type {kind}: one is needed, open the graph")
    return None
