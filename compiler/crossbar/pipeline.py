"""Compile for a crossbar chip: the passes in order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent, DoesNotFit
from chips.profile import ChipProfile
from compiler.board import room_for, tile_position, usable_cores
from compiler.check_routes import check_routes
from compiler.crossbar import axon_types
from compiler.crossbar.axon_types import Disagreement, Floats
from compiler.crossbar.check import check_crossbar
from compiler.crossbar.check_faithful import check_faithful_crossbar
from compiler.crossbar.emit import emit_crossbar
from compiler.crossbar.fan_in import spread_fan_in
from compiler.crossbar.lower import LoweredCrossbar, lower_crossbar
from compiler.crossbar.pieces import Lines, Pieces, cut, lines_of
from compiler.crossbar.slots import LAYER_SHIFT, Slots, lay_out
from compiler.crossbar.tables import COPY, RELAY
from compiler.crossbar.unsuited import refuse_size
from compiler.lowering import approximations
from compiler.lowering.lower import check_delays, check_kinds, check_plasticity
from compiler.lowering.lowered import LoweringError, Tolerance
from compiler.partitioning.divide import UNIT, divide
from compiler.partitioning.hypergraph import Hypergraph
from compiler.placement.place import place_pieces
from compiler.program import Program
from compiler.route import route
from compiler.validate import ValidNetwork

ROUNDING = 0.005  # of a neuron's largest weight: what whole numbers cost anyway, half of one in 127


def compile_crossbar(
    valid: ValidNetwork, chip: ChipProfile, seed: int, tolerance: Tolerance | None, approximate: bool
) -> Program:
    """The program of a network for a crossbar chip.

    Raises:
        CannotRepresent: a neuron, weight or delay is not the chip's, or a rule is needed and not allowed.
        DoesNotFit: the network needs more cores than there are.
    """
    tolerance = tolerance or Tolerance()
    check_kinds(valid, chip)
    check_plasticity(valid, chip)
    check_delays(valid, chip)
    net = spread_fan_in(lower_crossbar(valid, chip, approximate), chip, approximate)
    typed = _with_types(net, chip, tolerance)
    slots = lay_out(net, typed.lines, typed.pieces, chip)
    later = np.flatnonzero(slots.later)
    if len(later):
        where = f"{net.owner(int(later[0]))}, which needs relays,"
        approximations.require_allowed(where, {"relay_tick"}, approximate, chip.name)
    refuse_size(net, typed.lines, typed.pieces, slots, chip)
    core_of = place_pieces(_traffic(slots), chip, seed, _parts(slots, chip)).core_of
    _check_reach(slots, core_of, chip)
    program, neuron = emit_crossbar(
        net,
        typed.lines,
        typed.pieces,
        slots,
        typed.axon_of,
        typed.types,
        typed.weights,
        core_of,
        chip,
        seed,
        (*net.errors, *_weight_errors(net, typed), *_relay_errors(slots)),
        (*net.notes, *_notes(net, slots)),
    )
    routes = route(program)
    check_crossbar(program)
    check_routes(program, routes)
    check_faithful_crossbar(program, net, neuron, slots.later)
    return program


@dataclass(frozen=True, slots=True)
class _Typed:
    """Pieces, and the types of their axons."""

    lines: Lines
    pieces: Pieces
    axon_of: npt.NDArray[np.int64]  # [synapse], axon in use
    types: npt.NDArray[np.uint8]  # [axon in use]
    weights: Floats  # [neuron, type]
    error: Floats  # [synapse], relative to the largest weight of its neuron


def _with_types(net: LoweredCrossbar, chip: ChipProfile, tolerance: Tolerance) -> _Typed:
    """The cheaper way of axon_types.py where it is good enough, else the closer one where it fits."""
    mixed = bool(net.exact.any()) and not bool(net.exact.all())
    shared = None if mixed else _shared(net, chip)
    if shared and shared.error.max(initial=0.0) <= tolerance.weight:
        return shared
    try:
        split = _split(net, chip)
    except Disagreement as found:
        neuron = found.neuron
        raise CannotRepresent(
            f"{net.owner(neuron)} receives {len(np.unique(net.weight[net.target == neuron]))} different weights, but a "
            f"{chip.name} neuron has one for each of {chip.bars.axon_types} axon types (crossbar.axon_types): use "
            "fewer different weights"
        ) from None
    if shared and split.pieces.n_pieces > usable_cores(chip.mesh).sum() >= shared.pieces.n_pieces:
        return shared
    return split


def _shared(net: LoweredCrossbar, chip: ChipProfile) -> _Typed | None:
    lines = lines_of(net, axon_types.shared_classes(net))
    pieces = cut(net, lines, chip)
    axon_of = axon_types.axon_of_synapse(net, lines, pieces)
    try:
        types = axon_types.assign_shared(net, pieces, axon_of, chip.bars.axon_types)
    except Disagreement:
        return None
    return _typed(net, lines, pieces, axon_of, types)


def _split(net: LoweredCrossbar, chip: ChipProfile) -> _Typed:
    classes = axon_types.split_classes(net, chip.bars.axon_types)
    lines = lines_of(net, classes)
    pieces = cut(net, lines, chip)
    axon_of = axon_types.axon_of_synapse(net, lines, pieces)
    types = np.zeros(len(pieces.axon_line), np.uint8)
    types[axon_of] = classes  # an axon has synapses of one class
    return _typed(net, lines, pieces, axon_of, types)


def _typed(
    net: LoweredCrossbar,
    lines: Lines,
    pieces: Pieces,
    axon_of: npt.NDArray[np.int64],
    types: npt.NDArray[np.uint8],
) -> _Typed:
    weights = axon_types.mean_weights(net, types[axon_of])
    held = weights[net.target, types[axon_of]]
    largest = np.zeros(net.n_neurons)
    np.maximum.at(largest, net.target, np.abs(net.weight))
    error = np.abs(held - net.weight) / np.maximum(largest[net.target], 1e-300)
    return _Typed(lines, pieces, axon_of, types, weights, error)


def _weight_errors(net: LoweredCrossbar, typed: _Typed) -> list[LoweringError]:
    """What the types cost each population in precision."""
    errors = []
    for span in net.spans:
        mine = (net.target >= span.start) & (net.target < span.start + span.n) & (net.target < net.n_network)
        if span.kind != "input" and mine.any():
            error = typed.error[mine]
            rule = "four_weights" if error.max() > ROUNDING else "weight"
            note = "relative to the largest weight of the neuron"
            errors.append(approximations.stated(f"population {span.name!r}", rule, error, note))
    return errors


def _relay_errors(slots: Slots) -> list[LoweringError]:
    n = int(slots.later.sum())
    return [approximations.stated("fan-out", "relay_tick", note=f"{n:,} neurons (no figure)")] if n else []


def _notes(net: LoweredCrossbar, slots: Slots) -> list[str]:
    """What the crossbar cost in neurons, axons and ticks."""
    notes = []
    if copies := int((slots.role == COPY).sum()):
        notes.append(f"fan-out: {copies:,} copies of neurons, to reach more axons than one each; no ticks")
    if relays := int((slots.role == RELAY).sum()):
        cores = len(np.unique(slots.piece[slots.role == RELAY]))
        later = f"; what {int(slots.later.sum()):,} neurons send comes one tick later" if slots.later.any() else ""
        notes.append(f"fan-out: {relays:,} relays on {cores:,} cores of their own{later}")
    first, last = net.n_network * 256, (net.n_network + net.n_channels) * 256
    source = slots.axon_key & ((1 << LAYER_SHIFT) - 1)
    entering = int(((source >= first) & (source < last)).sum())
    notes.append(f"axons: {len(slots.axon_piece):,} in use, of which {entering:,} for input")
    return notes


def _traffic(slots: Slots) -> npt.NDArray[np.float64]:
    """Packets from piece to piece when every slot fires once: [from, to]."""
    sends = slots.target >= 0
    n = slots.n_pieces
    flat = slots.piece[sends] * n + slots.axon_piece[slots.target[sends]]
    packets = np.bincount(flat, minlength=n * n).reshape(n, n).astype(np.float64)
    np.fill_diagonal(packets, 0)
    return packets


def _parts(slots: Slots, chip: ChipProfile) -> npt.NDArray[np.int32] | None:
    """The chip that each piece goes to, by number of the part, where one chip does not hold them all: [piece]."""
    room, n = room_for(chip.mesh, slots.n_pieces), slots.n_pieces
    if len(room) == 1:
        return None
    sends = slots.target >= 0
    source, target = np.divmod(
        np.unique(slots.piece[sends] * n + slots.axon_piece[slots.target[sends]]), n
    )  # who listens to whom, pieces as neurons
    back = np.lexsort((source, target))
    graph = Hypergraph(
        n_neurons=n,
        n_sources=n,
        net_source=np.arange(n, dtype=np.int32),
        net_format=np.zeros(n, np.uint8),
        in_ptr=np.searchsorted(target[back], np.arange(n + 1)).astype(np.int64),
        in_net=source[back].astype(np.int32),
        in_count=np.ones(len(source), np.int32),
        out_ptr=np.searchsorted(source, np.arange(n + 1)).astype(np.int64),
        out_target=target.astype(np.int32),
    )
    parts = divide(graph, np.full(n, UNIT, np.int64), room, balanced=False)
    return np.unique(parts, return_inverse=True)[1].astype(np.int32)


def _check_reach(slots: Slots, core_of: npt.NDArray[np.int32], chip: ChipProfile) -> None:
    """No packet goes further than the chip's addresses reach."""
    reach, sends = chip.mesh.reach_tiles, np.flatnonzero(slots.target >= 0)
    if reach is None or not len(sends):
        return
    x, y = tile_position(core_of, chip.mesh)
    start, end = slots.piece[sends], slots.axon_piece[slots.target[sends]]
    far = np.maximum(np.abs(x[start] - x[end]), np.abs(y[start] - y[end]))
    if far.max() > reach:
        i = int(far.argmax())
        raise DoesNotFit(
            f"core {core_of[start[i]]} sends {far[i]} tiles far to core {core_of[end[i]]}, but a packet of {chip.name} "
            f"goes {reach} at most in each direction (mesh.reach_tiles): make connections more local"
        )
