"""The network as a hypergraph: a source and all its targets are one hyperedge.

A core receives one packet per spike of a source, however many of its neurons listen, so hyperedges (not
edges) are what a partition should not cut.  Synapses of one source and one format share a list in a core's
memory; such a pair is called a net here.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from compiler.blocks import blocks
from compiler.lowering.lowered import LoweredNetwork


@dataclass(frozen=True, slots=True)
class Hypergraph:
    """Who listens to whom, without parallel synapses.  Sources are neurons, then input channels."""

    n_neurons: int
    n_sources: int
    net_source: npt.NDArray[np.int32]  # [net]
    net_format: npt.NDArray[np.uint8]  # [net]
    in_ptr: npt.NDArray[np.int64]  # [neuron + 1], into in_net
    in_net: npt.NDArray[np.int32]  # nets that reach the neuron, ascending: those of one source stand together
    in_count: npt.NDArray[np.int32]  # synapses of that net on the neuron
    out_ptr: npt.NDArray[np.int64]  # [source + 1], into out_target
    out_target: npt.NDArray[np.int32]  # distinct targets, ascending

    @property
    def fan_out(self) -> npt.NDArray[np.int64]:
        """Distinct targets of each source."""
        return np.diff(self.out_ptr)

    @property
    def fan_in_axons(self) -> npt.NDArray[np.int64]:
        """Distinct sources of each neuron."""
        return np.bincount(self.out_target, minlength=self.n_neurons)


def hypergraph(net: LoweredNetwork) -> Hypergraph:
    """The hypergraph of a lowered network.  Cost: one sort of the synapses."""
    n_sources, n_formats = net.n_neurons + net.n_channels, max(1, len(net.formats))
    key = net.source.astype(np.int64) * n_formats + net.format_of
    is_net = np.zeros(n_sources * n_formats, np.bool_)
    is_net[key] = True
    nets = np.flatnonzero(is_net)
    net_of = (np.cumsum(is_net, dtype=np.int32) - 1)[key]
    del key
    in_ptr, in_net, in_count = _grouped(net.target, net_of, net.n_neurons, max(1, len(nets)))
    del net_of
    out_ptr, out_target, _ = _grouped(net.source, net.target, n_sources, net.n_neurons)
    return Hypergraph(
        n_neurons=net.n_neurons,
        n_sources=n_sources,
        net_source=(nets // n_formats).astype(np.int32),
        net_format=(nets % n_formats).astype(np.uint8),
        in_ptr=in_ptr,
        in_net=in_net,
        in_count=in_count,
        out_ptr=out_ptr,
        out_target=out_target,
    )


def restrict(graph: Hypergraph, members: npt.NDArray[np.int64]) -> Hypergraph:
    """The part of `graph` that reaches the neurons `members`, numbered anew; sources and nets keep their numbers."""
    number = np.full(graph.n_neurons, -1, np.int32)
    number[members] = np.arange(len(members))
    sizes = np.diff(graph.in_ptr)[members]
    ends = np.cumsum(sizes)
    entry = np.repeat(graph.in_ptr[members] - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)
    target = number[graph.out_target]
    source = np.repeat(np.arange(graph.n_sources), graph.fan_out)[target >= 0]
    return replace(
        graph,
        n_neurons=len(members),
        in_ptr=np.concatenate([[0], ends]).astype(np.int64),
        in_net=graph.in_net[entry],
        in_count=graph.in_count[entry],
        out_ptr=_pointers(source, graph.n_sources),
        out_target=target[target >= 0],
    )


def alone(graph: Hypergraph, members: npt.NDArray[np.int64]) -> Hypergraph:
    """As `restrict`, with sources numbered anew too: neurons `members` first, all other sources are external."""
    part = restrict(graph, members)
    order = np.concatenate([members, np.setdiff1d(np.arange(graph.n_sources), members)])
    number = np.empty(graph.n_sources, np.int32)
    number[order] = np.arange(graph.n_sources)
    target = np.split(part.out_target, part.out_ptr[1:-1])
    return replace(
        part,
        net_source=number[graph.net_source],
        out_ptr=np.concatenate([[0], np.cumsum(part.fan_out[order])]).astype(np.int64),
        out_target=np.concatenate([target[source] for source in order]).astype(np.int32),
    )


def joined(graph: Hypergraph, vertex_of: npt.NDArray[np.int32]) -> Hypergraph:
    """The hypergraph whose neurons are these sets of neurons; sources and nets stay those of single neurons."""
    n, n_nets = int(vertex_of.max()) + 1, max(1, len(graph.net_source))
    of_entry = np.repeat(vertex_of, np.diff(graph.in_ptr)).astype(np.int64)
    pairs, place = np.unique(of_entry * n_nets + graph.in_net, return_inverse=True)
    vertex, net = np.divmod(pairs, n_nets)
    links = np.repeat(np.arange(graph.n_sources), graph.fan_out) * n + vertex_of[graph.out_target]
    source, target = np.divmod(np.unique(links), n)
    return replace(
        graph,
        n_neurons=n,
        in_ptr=_pointers(vertex, n),
        in_net=net.astype(np.int32),
        in_count=np.bincount(place, weights=graph.in_count, minlength=len(pairs)).astype(np.int32),
        out_ptr=_pointers(source, graph.n_sources),
        out_target=target.astype(np.int32),
    )


def contract(graph: Hypergraph, piece_of: npt.NDArray[np.int32]) -> Hypergraph:
    """The hypergraph of pieces: every piece is a neuron whose targets are those of all its neurons.

    Only for counting who reaches whom: synapses are not told apart by format.
    """
    n_pieces = int(piece_of.max()) + 1
    home = np.concatenate([piece_of, n_pieces + np.arange(graph.n_sources - graph.n_neurons)])
    source = home[np.repeat(np.arange(graph.n_sources), graph.fan_out)].astype(np.int64)
    n_sources = n_pieces + graph.n_sources - graph.n_neurons
    source, target = np.divmod(np.unique(source * n_pieces + piece_of[graph.out_target]), n_pieces)
    order = np.lexsort((source, target))
    return Hypergraph(
        n_neurons=n_pieces,
        n_sources=n_sources,
        net_source=np.arange(n_sources, dtype=np.int32),
        net_format=np.zeros(n_sources, np.uint8),
        in_ptr=_pointers(target, n_pieces),
        in_net=source[order].astype(np.int32),
        in_count=np.ones(len(source), np.int32),
        out_ptr=_pointers(source, n_sources),
        out_target=target.astype(np.int32),
    )


def source_pieces(
    graph: Hypergraph, piece_of: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Every (source, piece that it reaches) once, own piece included, ascending: two arrays [axon]."""
    n_pieces = int(piece_of.max()) + 1
    source = np.repeat(np.arange(graph.n_sources), graph.fan_out)
    pairs, _ = _distinct(source * n_pieces + piece_of[graph.out_target])
    axon_source, axon_piece = np.divmod(pairs, n_pieces)
    return axon_source.astype(np.int32), axon_piece.astype(np.int32)


def destinations(graph: Hypergraph, piece_of: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """How many pieces each source reaches, its own included: [source]."""
    return np.bincount(source_pieces(graph, piece_of)[0], minlength=graph.n_sources)


def _grouped(
    owner: npt.NDArray[Any], other: npt.NDArray[Any], n_owners: int, n_others: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Distinct pairs of entries: where those of each owner begin, their others, ascending, and how often each is."""
    sizes = np.zeros(n_owners, np.int64)
    others, counts = [], []
    for _, _, entries in blocks(owner, n_owners):
        pairs, times = _distinct(owner[entries].astype(np.int64) * n_others + other[entries])
        of, who = np.divmod(pairs, n_others)
        sizes += np.bincount(of, minlength=n_owners)
        others.append(who.astype(np.int32))
        counts.append(times.astype(np.int32))
    return np.append(0, np.cumsum(sizes)), np.concatenate(others), np.concatenate(counts)


def _distinct(keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Distinct keys, ascending, and how often each is there; `keys` is sorted in place, faster than hashing."""
    keys.sort()
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
    return keys[first], np.diff(np.append(first, len(keys)))


def _pointers(owner: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n))]).astype(np.int64)
