"""Pieces: cut a crossbar network into pieces that each fit one core, with the copies that fan-out needs.

A line is a source with one delay, one class (see axon_types.py) and one layer of parallel synapses; on every core
that it reaches it takes one axon.
A neuron has one target axon, so it needs a slot for each axon that it reaches: itself, and copies of it in the same
core, which get the same input and fire with it.  Neurons that draw random numbers are not copied (a copy would draw
others on the chip), and those that reach more axons than a core has neurons cannot be: they get relays (slots.py).

Growth as in ../partition.py; slots depend on where everybody else goes, so they are estimated and the growth is
repeated.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.crossbar.lower import LoweredCrossbar
from compiler.crossbar.tables import TYPES
from compiler.output_axons import ExpectedAxons

_NO_LIMIT = np.iinfo(np.int64).max
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lines:
    """Sources by delay and class; each takes one axon on every core that it reaches."""

    source: Ints  # [line]
    delay: Ints  # [line]
    layer: Ints  # [line]
    line_of: Ints  # [synapse]


@dataclass(frozen=True, slots=True)
class Pieces:
    """The piece of each neuron, and the axons of each piece.  Pieces are numbered from 0; none is empty."""

    piece_of: npt.NDArray[np.int32]  # [neuron]
    n_pieces: int
    axon_line: Ints  # [axon in use], by piece, then line
    axon_piece: Ints  # [axon in use]
    relayed: npt.NDArray[np.bool_]  # [neuron], sends through relays


def lines_of(net: LoweredCrossbar, class_of: npt.NDArray[np.uint8]) -> Lines:
    """The lines of a network, whose synapses have these classes."""
    kinds = TYPES * (int(net.layer.max(initial=0)) + 1)
    key = (net.source * 256 + net.delay) * kinds + net.layer * TYPES + class_of
    keys, line_of = np.unique(key, return_inverse=True)
    return Lines(keys // kinds // 256, keys // kinds % 256, keys % kinds // TYPES, line_of.astype(np.int64))


def cut(net: LoweredCrossbar, lines: Lines, chip: ChipProfile) -> Pieces:
    """Give every neuron a piece such that axons and slots fit a core; the number of cores is not looked at."""
    graph = _Graph(net, lines)
    slots = chip.core.neurons or 0
    random, axons = draws(net), ExpectedAxons(1, graph.most_axons())
    for expected in axons.rounds():
        piece_of = graph.grow(np.where(random, 1, np.minimum(expected, slots)), chip)
        made = graph.axons_reached(piece_of)
        relayed = (random & (made > 1)) | (made > slots)
        needed = np.where(relayed, -(-made // slots), np.maximum(made, 1))
        if (np.bincount(piece_of, weights=needed) <= slots).all():
            break
        axons.needed(needed)
    axon_line, axon_piece = graph.axons(piece_of)
    return Pieces(piece_of, int(piece_of.max()) + 1, axon_line, axon_piece, relayed)


def draws(net: LoweredCrossbar) -> npt.NDArray[np.bool_]:
    """Neurons that draw random numbers: [neuron]."""
    r = net.registers
    return (r["stochastic_weights"] > 0) | (r["stochastic_leak"] > 0) | (r["threshold_mask"] > 0)


class _Graph:
    """Who listens to which line, in the form that growth.py reads."""

    def __init__(self, net: LoweredCrossbar, lines: Lines) -> None:
        self.n, self.n_lines = net.n_neurons, len(lines.source)
        self.line_source = lines.source
        pairs = np.unique(net.target * max(1, self.n_lines) + lines.line_of)
        neuron, self.in_line = np.divmod(pairs, max(1, self.n_lines))
        self.in_ptr = _pointers(neuron, self.n)
        back = np.unique(lines.line_of * self.n + net.target)
        line, self.out_target = np.divmod(back, self.n)
        self.out_ptr = _pointers(line, self.n_lines)

    def grow(self, slots: Ints, chip: ChipProfile) -> npt.NDArray[np.int32]:
        from compiler.kernels.growth import grow  # numba is loaded only when there is something to grow

        # output axons: one a slot; no list memory and no pool
        limits = [chip.core.neurons, chip.core.input_axons, chip.core.neurons, None, None, 0, 0, 0]
        piece_of: npt.NDArray[np.int32] = grow(
            self.in_ptr,
            self.in_line.astype(np.int32),
            np.ones(len(self.in_line), np.int32),
            np.arange(self.n_lines, dtype=np.int32),
            np.zeros(self.n_lines, np.int64),
            self.out_ptr,
            self.out_target.astype(np.int32),
            slots,
            np.zeros(len(slots), np.int64),
            np.array([[_NO_LIMIT if limit is None else limit for limit in limits]], np.int64),
            np.array([1, 0, 1], np.int64),
            np.ones(self.n_lines, np.int64),
            np.ones(self.n, np.int64),
        )
        return piece_of

    def axons(self, piece_of: npt.NDArray[np.int32]) -> tuple[Ints, Ints]:
        """Every (line, piece that it reaches) once, by piece and line."""
        line = np.repeat(np.arange(self.n_lines), np.diff(self.out_ptr))
        keys = np.unique(piece_of[self.out_target].astype(np.int64) * max(1, self.n_lines) + line)
        piece, line = np.divmod(keys, max(1, self.n_lines))
        return line, piece

    def axons_reached(self, piece_of: npt.NDArray[np.int32]) -> Ints:
        """Axons that each neuron reaches: [neuron]."""
        sender = self.line_source[self.axons(piece_of)[0]]
        return np.bincount(sender[sender < self.n], minlength=self.n)

    def most_axons(self) -> Ints:
        """An upper bound of `axons_reached`, whatever the pieces."""
        each = np.diff(self.out_ptr)
        inside = self.line_source < self.n
        most = np.bincount(self.line_source[inside], weights=each[inside], minlength=self.n)
        return np.maximum(most, 1).astype(np.int64)


def _pointers(owner: Ints, n: int) -> Ints:
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n))]).astype(np.int64)
