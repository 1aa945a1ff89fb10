"""Slots: the neurons of each core as the chip has them, with copies and relays, and the axon that each sends to.

A relayed neuron (see pieces.py) sends to one axon of a relay core, whose row joins it to as many relays as the
neuron reaches axons: neurons that fire when it fired, one tick later.  Where all its delays are 2 or more, the tick is
taken off them; else everything that it sends comes one tick later, the same on all paths.

After pieces.py, before emit.py.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.errors import DoesNotFit
from chips.profile import ChipProfile
from compiler.crossbar.lower import LoweredCrossbar
from compiler.crossbar.pieces import Lines, Pieces, draws
from compiler.crossbar.tables import COPY, RELAY

Ints = npt.NDArray[np.int64]
LAYER_SHIFT = 44  # of the layer in the key of an axon, above source * 256 + delay


@dataclass(frozen=True, slots=True)
class Slots:
    """Neurons and axons of all cores; pieces of relays stand after the others.

    Axons are those in use (`Pieces`), then the relays' own.
    """

    piece: Ints  # [slot], ascending
    neuron: Ints  # [slot], -1 for relays
    role: npt.NDArray[np.uint8]  # [slot]
    target: Ints  # [slot], axon; -1: none
    delay: Ints  # [slot]
    relay_axon: Ints  # [relay], axon that it listens to
    axon_piece: Ints  # [axon]
    axon_place: Ints  # [axon], number within its piece
    axon_key: Ints  # [axon]
    n_pieces: int
    later: npt.NDArray[np.bool_]  # [neuron], sends one tick later


def lay_out(net: LoweredCrossbar, lines: Lines, pieces: Pieces, chip: ChipProfile) -> Slots:
    """Give every neuron its slots, and every slot its target.

    Raises:
        DoesNotFit: a neuron that draws random numbers reaches more axons than a core has neurons.
    """
    size, axons = chip.core.neurons or 0, chip.core.input_axons or 0
    n_axons = len(pieces.axon_line)
    source = lines.source[pieces.axon_line]
    order = np.argsort(source, kind="stable")
    bounds = np.searchsorted(source[order], np.arange(net.n_neurons + 1))
    delay = lines.delay[pieces.axon_line]
    later, random = np.zeros(net.n_neurons, np.bool_), draws(net)
    rows: list[tuple[int, int, int, int, int]] = []  # piece, neuron, role, target, delay
    relays = _Relays(pieces.n_pieces, n_axons, size, axons)
    for neuron in range(net.n_neurons):
        reached = order[bounds[neuron] : bounds[neuron + 1]]
        piece, role = int(pieces.piece_of[neuron]), int(net.role[neuron])
        if pieces.relayed[neuron]:
            later[neuron] = bool((delay[reached] < 2).any())
            legs = delay[reached] - 1 + later[neuron]
            ends = [(axon, 1) for axon in relays.serve(neuron, reached, legs)]
            if len(ends) > size:
                raise DoesNotFit(
                    f"{net.owner(neuron)} reaches {len(reached):,} axons, but through relays {size * size:,} at most "
                    f"(core.neurons x core.neurons): cut its fan-out"
                )
            if len(ends) > 1 and random[neuron]:
                raise DoesNotFit(
                    f"{net.owner(neuron)} draws random numbers and reaches {len(reached):,} axons, but its relays fit "
                    f"on one core of {size} neurons (core.neurons): cut its fan-out, or make it deterministic"
                )
        else:
            ends = [(int(axon), int(delay[axon])) for axon in reached] or [(-1, 1)]
        for i, (target, ticks) in enumerate(ends):
            rows.append((piece, neuron, role if i == 0 or role else COPY, target, ticks))
    rows += relays.rows
    table = np.array(rows, np.int64)
    table = table[np.argsort(table[:, 0], kind="stable")]
    axon_piece = np.concatenate([pieces.axon_piece, np.array(relays.axon_piece, np.int64)])
    start = np.searchsorted(pieces.axon_piece, pieces.axon_piece)
    place = np.concatenate([np.arange(n_axons) - start, np.array(relays.axon_place, np.int64)])
    key = net.key_of(np.concatenate([source, np.array(relays.axon_source, np.int64)])) * 256
    key += np.concatenate([delay, np.ones(len(relays.axon_source), np.int64)])
    key[:n_axons] += lines.layer[pieces.axon_line] << LAYER_SHIFT
    return Slots(
        piece=table[:, 0],
        neuron=table[:, 1],
        role=table[:, 2].astype(np.uint8),
        target=table[:, 3],
        delay=table[:, 4],
        relay_axon=np.array(relays.listens, np.int64),
        axon_piece=axon_piece,
        axon_place=place,
        axon_key=key,
        n_pieces=relays.piece + 1 if relays.rows else pieces.n_pieces,
        later=later,
    )


class _Relays:
    """Relay cores in the making, filled one after the other."""

    def __init__(self, n_pieces: int, n_axons: int, size: int, axons: int) -> None:
        self.piece, self.n_axons, self.size, self.axons = n_pieces, n_axons, size, axons
        self.used_slots = self.used_axons = 0
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.listens: list[int] = []
        self.axon_piece: list[int] = []
        self.axon_place: list[int] = []
        self.axon_source: list[int] = []

    def serve(self, neuron: int, reached: Ints, legs: Ints) -> list[int]:
        """Relays to all the axons reached; returns the axons that the neuron must send to."""
        ends = []
        for at in range(0, len(reached), self.size):
            part = reached[at : at + self.size]
            if self.used_slots + len(part) > self.size or self.used_axons == self.axons:
                self.piece += 1
                self.used_slots = self.used_axons = 0
            axon = self.n_axons + len(self.axon_piece)
            self.axon_piece.append(self.piece)
            self.axon_place.append(self.used_axons)
            self.axon_source.append(neuron)
            for target, leg in zip(part.tolist(), legs[at : at + self.size].tolist(), strict=True):
                self.rows.append((self.piece, -1, RELAY, target, leg))
                self.listens.append(axon)
            self.used_slots += len(part)
            self.used_axons += 1
            ends.append(axon)
        return ends
