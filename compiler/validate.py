"""Validate: a whole network, as one list of neurons and one list of synapses.

The first pass.  `Network` refuses bad values as they are added; here the network as a whole is checked and
every population, input and projection gets its place in the common numbering:
neurons 0 .. N-1 in the order of the populations, then input channels N .. N+C-1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import NetworkError
from compiler.network import Network


@dataclass(frozen=True, slots=True)
class Span:
    """A named run of neurons or channels in the common numbering."""

    name: str
    kind: str  # of a population (see parameters.py), or "input"
    start: int
    n: int


def spans_to_json(spans: tuple[Span, ...]) -> list[list[Any]]:
    """Spans as plain data, for the header of a file."""
    return [[span.name, span.kind, span.start, span.n] for span in spans]


def spans_from_json(data: Any) -> tuple[Span, ...]:
    """The spans that `spans_to_json` wrote; whoever reads a file checks that they fit it."""
    return tuple(Span(str(name), str(kind), int(start), int(n)) for name, kind, start, n in data)


@dataclass(frozen=True, slots=True)
class ValidNetwork:
    """A network that means something, flattened."""

    network: Network
    spans: tuple[Span, ...]  # populations, then inputs
    n_neurons: int
    n_channels: int
    source: npt.NDArray[np.int32]  # [synapse], neuron or N + channel
    target: npt.NDArray[np.int32]  # [synapse], neuron
    delay: npt.NDArray[np.uint8]  # [synapse], steps
    projection_start: npt.NDArray[np.int64]  # [projection + 1], into the synapses

    def span(self, name: str) -> Span:
        """The span of a population or input."""
        return next(span for span in self.spans if span.name == name)


def require_network(network: object) -> None:
    """Refuse what is no network.

    Raises:
        NetworkError: likewise.
    """
    if not isinstance(network, Network):
        raise NetworkError(f"a Network is needed, not {type(network).__name__}: Network.load reads one from a file")


def validate(network: Network) -> ValidNetwork:
    """Check that `network` is complete, and number its parts.

    Raises:
        NetworkError: there is no neuron, or there are too many.
    """
    require_network(network)
    if not network.populations:
        raise NetworkError("the network has no neurons: add a population with add_lif or add_registers")
    n_neurons, n_channels = network.n_neurons, network.n_channels
    if n_neurons + n_channels > 2**31 - 1:
        raise NetworkError(f"{n_neurons + n_channels:,} neurons and channels; at most {2**31 - 1:,} are supported")
    spans = _spans(network)
    starts = {span.name: span.start for span in spans}
    projections = network.projections
    sizes = [projection.n_synapses for projection in projections]
    none = np.zeros(0, np.int32)
    return ValidNetwork(
        network=network,
        spans=spans,
        n_neurons=n_neurons,
        n_channels=n_channels,
        source=np.concatenate([none, *(p.sources + np.int32(starts[p.source]) for p in projections)]),
        target=np.concatenate([none, *(p.targets + np.int32(starts[p.target]) for p in projections)]),
        delay=np.concatenate([np.zeros(0, np.uint8), *(p.delays for p in projections)]),
        projection_start=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64),
    )


def _spans(network: Network) -> tuple[Span, ...]:
    sizes = [(p.name, p.kind, p.n) for p in network.populations]
    sizes += [(item.name, "input", item.channels) for item in network.inputs]
    spans, start = [], 0
    for name, kind, n in sizes:
        spans.append(Span(name, kind, start, n))
        start += n
    return tuple(spans)
