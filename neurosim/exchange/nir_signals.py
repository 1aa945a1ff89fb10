"""What reaches each node of a flat NIR graph: the sum of the signals of the nodes before it."""

from collections.abc import Callable, Mapping
from typing import Any

from neurosim.exchange.nir_flat import FlatGraph, described, kind_of
from neurosim.exchange.nir_linear import LINEAR
from neurosim.exchange.nir_neurons import PARAMETERS
from neurosim.exchange.signals import Shape, Signal, UnsuitedError, size

MAX_ELEMENTS = 2**31 - 1
_REMEDIES = {"I": "an integrator grows without bound: use LI with a long tau, or IF"}
_NOTHING = "nothing leads to it: add an edge, or leave it out"


class Faults(list[str]):
    """What is wrong with nodes, each named."""

    def of(self, name: str, node: Any, problem: str) -> None:
        """Note a problem of a node."""
        self.append(f"{described(name, node)}: {problem}")

    def tried(self, name: str, node: Any, work: Callable[..., Any], *args: Any) -> Any:
        """What `work` gives; None where it refuses, which is noted."""
        try:
            return work(*args)
        except UnsuitedError as error:
            self.of(name, node, str(error))
        return None


def signals(graph: FlatGraph, dt_s: float, faults: Faults) -> dict[str, Signal]:
    """Node with neurons, or Output of the outermost graph -> the signal that reaches it.

    A node that cannot be read is noted in `faults`, and so is one that waits for itself without a neuron between.
    """
    sent: dict[str, Signal] = {}
    for name, node in graph.nodes.items():
        if kind_of(node) not in LINEAR and kind_of(node) not in PARAMETERS:
            known = ", ".join(sorted([*LINEAR, *PARAMETERS]))
            faults.of(name, node, f"not supported; {_REMEDIES.get(kind_of(node), 'make it of others')} ({known})")
        made = faults.tried(name, node, _source, graph, name)
        if made is not None:
            sent[name] = made
    _flow(graph, sent, dt_s, faults)
    reached: dict[str, Signal] = {}
    for name, node in graph.nodes.items():
        is_end = name in graph.outputs or (kind_of(node) in PARAMETERS and name in sent)
        if is_end and all(source in sent for source in graph.before[name]):
            total = faults.tried(name, node, _sum, graph, name, sent)
            if total is not None:
                reached[name] = total
    return reached


def _source(graph: FlatGraph, name: str) -> Signal | None:
    """What an Input, or neurons whose number is known, send."""
    node = graph.nodes[name]
    if name in graph.inputs:
        if graph.before[name]:
            raise UnsuitedError(f"{graph.before[name][0]!r} leads to it, but an Input comes from outside: cut the edge")
        return Signal.of_source(name, _checked(node.input_type["input"], "channel"))
    if kind_of(node) not in PARAMETERS:
        return None
    shape = _checked(_own_shape(node), "neuron")
    return Signal.of_source(name, shape) if size(shape) > 1 else None


def _own_shape(node: Any) -> Shape:
    """The shape of a node's parameters; of one number for all it is the shape of what reaches it that counts."""
    return tuple(getattr(getattr(node, PARAMETERS[kind_of(node)][0]), "shape", ()))


def _checked(value: Any, what: str) -> Shape:
    try:
        shape = tuple(int(n) for n in value)
    except (TypeError, ValueError, OverflowError):
        raise UnsuitedError(f"its shape is {value!r}, but whole numbers are needed: mend it") from None
    if any(n < 1 for n in shape) or size(shape) > MAX_ELEMENTS:
        raise UnsuitedError(f"its shape {shape} has no {what}, or more than {MAX_ELEMENTS:,}: mend it")
    return shape


def _flow(graph: FlatGraph, sent: dict[str, Signal], dt_s: float, faults: Faults) -> None:
    """Let signals flow through linear nodes, and through neurons that have one number for all of them."""
    waiting = {name: sum(source not in sent for source in sources) for name, sources in graph.before.items()}
    ready = [name for name in graph.nodes if name not in sent and waiting[name] == 0]
    lone = [name for name in graph.nodes if name not in sent and kind_of(graph.nodes[name]) in PARAMETERS]
    failed: set[str] = set()
    while ready or lone:
        name = ready.pop() if ready else _next_lone(graph, lone, sent)
        if name in lone:
            lone.remove(name)
        node = graph.nodes[name]
        made = faults.tried(name, node, _made, graph, name, sent, dt_s)
        if made is None:
            failed.add(name)
            continue
        sent[name] = made
        for target in graph.after[name]:
            waiting[target] -= 1
            if waiting[target] == 0 and target not in sent:
                ready.append(target)
    if not faults:
        for name, node in graph.nodes.items():
            if name not in sent and name not in failed:
                faults.of(name, node, "stands in a loop without neurons, or behind one: put a neuron into the loop")


def _next_lone(graph: FlatGraph, lone: list[str], sent: Mapping[str, Signal]) -> str:
    """Of neurons in loops, the first that something known leads to."""
    return next((name for name in lone if any(source in sent for source in graph.before[name])), lone[0])


def _made(graph: FlatGraph, name: str, sent: Mapping[str, Signal], dt_s: float) -> Signal | None:
    """What a node sends, of what reaches it."""
    node, kind = graph.nodes[name], kind_of(graph.nodes[name])
    if kind in PARAMETERS:
        known = [sent[source] for source in graph.before[name] if source in sent]
        return Signal.of_source(name, known[0].shape if known else _own_shape(node) or (1,))
    if kind not in LINEAR or name in graph.inputs:
        return None  # noted before
    return LINEAR[kind](node, _sum(graph, name, sent), dt_s)


def _sum(graph: FlatGraph, name: str, sent: Mapping[str, Signal]) -> Signal:
    sources = graph.before[name]
    if not sources:
        raise UnsuitedError(_NOTHING)
    total = sent[sources[0]]
    for source in sources[1:]:
        total = total + sent[source]
    return total
