"""Emit: write the tables of every core of a crossbar program.  After slots.py and placement, before check.py."""

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.crossbar.axon_types import Floats
from compiler.crossbar.lower import LoweredCrossbar
from compiler.crossbar.pieces import Lines, Pieces
from compiler.crossbar.slots import Slots
from compiler.crossbar.tables import RELAY, TYPES, CrossbarTables
from compiler.lowering.lowered import LoweringError
from compiler.lowering.registers import REGISTERS
from compiler.program import Program, with_digest

_RELAY = {"weight_0": 1, "threshold": 1, "negative_saturates": 1}
Ints = npt.NDArray[np.int64]


def emit_crossbar(
    net: LoweredCrossbar,
    lines: Lines,
    pieces: Pieces,
    slots: Slots,
    axon_of: Ints,
    types: npt.NDArray[np.uint8],
    weights: Floats,
    core_of: npt.NDArray[np.int32],
    chip: ChipProfile,
    seed: int,
    errors: tuple[LoweringError, ...],
    notes: tuple[str, ...],
) -> tuple[Program, Ints]:
    """The program, and the neuron of each of its slots (as in `net`, -1 for relays).

    Args:
        net: neurons and synapses.
        lines: by which they are joined.
        pieces: where neurons are.
        slots: with copies and relays.
        axon_of: [synapse], axon in use.
        types: [axon in use].
        weights: [neuron, type].
        core_of: [piece], on the mesh.
        chip: the profile.
        seed: of the placement.
        errors: what lowering cost.
        notes: what a user should know.
    """
    core, rank = np.unique(core_of, return_inverse=True)
    order = np.argsort(rank[slots.piece], kind="stable")
    slot_core = rank[slots.piece][order]
    neuron, role = slots.neuron[order], slots.role[order]
    core_ptr = np.searchsorted(slot_core, np.arange(len(core) + 1)).astype(np.int64)
    n_axons = chip.core.input_axons or 0
    axon = rank[slots.axon_piece] * n_axons + slots.axon_place  # [axon of slots.py] -> axon of the tables
    axon_type = np.zeros(len(core) * n_axons, np.uint8)
    axon_type[axon[: len(types)]] = types
    axon_key = np.full(len(core) * n_axons, -1, np.int64)
    axon_key[axon] = slots.axon_key
    channel = lines.source[pieces.axon_line] - net.n_neurons
    entry = np.flatnonzero(channel >= 0)
    entry = entry[np.argsort(channel[entry], kind="stable")]
    target = np.append(axon, -1)[slots.target][order]  # a target of -1 stays one
    network = np.where((neuron >= 0) & (neuron < net.n_network), neuron, -1)
    tables = CrossbarTables(
        core=core.astype(np.int32),
        core_ptr=core_ptr,
        neuron_of=network.astype(np.int32),
        role=role,
        registers=_registers(net, neuron, role, weights),
        axon_type=axon_type,
        axon_key=axon_key,
        crossbar=_crossbar(net, slots, axon_of, axon, order, core_ptr, slot_core, n_axons, chip.core.neurons or 0),
        target=target.astype(np.int64),
        target_delay=slots.delay[order].astype(np.uint8),
        channel_ptr=np.searchsorted(channel[entry], np.arange(net.n_channels + 1)).astype(np.int64),
        channel_target=axon[entry].astype(np.int64),
        channel_delay=lines.delay[pieces.axon_line][entry].astype(np.uint8),
    )
    made = Program(chip, net.spans, net.dt_ms, seed, (), errors, tables, digest="", notes=notes)
    return with_digest(made), neuron


def _registers(
    net: LoweredCrossbar, neuron: Ints, role: npt.NDArray[np.uint8], weights: Floats
) -> dict[str, npt.NDArray[np.int64]]:
    is_relay = role == RELAY
    columns = {**net.registers, **{f"weight_{g}": weights[:, g] for g in range(TYPES)}}
    return {
        name: np.where(is_relay, _RELAY.get(name, 0), columns[name][neuron]).astype(dtype)
        for name, dtype in REGISTERS["truenorth"].items()
    }


def _crossbar(
    net: LoweredCrossbar,
    slots: Slots,
    axon_of: Ints,
    axon: Ints,
    order: Ints,
    core_ptr: Ints,
    slot_core: Ints,
    n_axons: int,
    n_neurons: int,
) -> npt.NDArray[np.uint8]:
    """Bits of all crosspoints: a synapse has one for each slot of its target; a relay has one."""
    neuron = slots.neuron[order]
    column = np.arange(len(order)) - core_ptr[slot_core]
    own = np.flatnonzero(neuron >= 0)
    by_neuron = own[np.argsort(neuron[own], kind="stable")]
    first = np.searchsorted(neuron[by_neuron], np.arange(net.n_neurons + 1))
    copies = np.diff(first)[net.target]
    synapse = np.repeat(np.arange(len(net.target)), copies)
    within = np.arange(len(synapse)) - np.repeat(np.cumsum(copies) - copies, copies)
    slot = by_neuron[first[net.target[synapse]] + within]
    relay = np.flatnonzero(slots.role[order] == RELAY)
    rank_of_relay = np.cumsum(slots.role == RELAY) - 1  # relays stand in the order in which they were made
    row = np.concatenate([axon[axon_of[synapse]], axon[slots.relay_axon[rank_of_relay[order[relay]]]]])
    bits = np.zeros((len(core_ptr) - 1) * n_axons * (-(-n_neurons // 8) * 8), np.bool_)
    bits[row * (-(-n_neurons // 8) * 8) + np.concatenate([column[slot], column[relay]])] = True
    return np.packbits(bits, bitorder="little")
