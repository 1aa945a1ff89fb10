"""A program as a faulty chip holds it: other weights in the same lists, so whatever runs a program runs it."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from compiler.lowering.grid import Grid
from compiler.lowering.lowered import SynapseFormat
from compiler.program import PacketLoss, Tables, with_digest
from neurosim.faults.faults import FLIPPED, STUCK, Faults, note_of
from neurosim.faults.faulty_crossbar import faulty_crossbar
from neurosim.simulation.run_inputs import check_program_type

_BIASES = ("bias_mantissa", "bias")


def with_faults(program: Program, faults: Faults) -> Program:
    """The program with the faults in its tables; its notes name them, and its digest is another.

    Every weight stays one that the format can hold.

    Args:
        program: what the chip was loaded with.
        faults: what is broken.

    Raises:
        RunError: a dead core is not on the mesh, or bits are to flip where rows are read.
    """
    check_program_type(program)
    if not isinstance(faults, Faults):
        raise RunError(f"faults is {type(faults).__name__}, but Faults(...) is needed")
    if faults.flipped_weight_bits and not program.is_crossbar and program.chip.lists.layout == "row":
        raise RunError("flipped_weight_bits: weights of a chip that reads rows share their signs: leave it out")
    n_cores = program.chip.mesh.n_cores
    if beyond := [core for core in faults.dead_cores if core >= n_cores]:
        raise RunError(
            f"dead core {beyond[0]} is not on the mesh of {program.chip.name}, which has 0 to {n_cores - 1:,}"
        )
    tables = faulty_crossbar(program, faults) if program.is_crossbar else _faulty_lists(program, faults)
    changed = replace(program, tables=tables, notes=(*program.notes, note_of(faults)))
    if faults.dropped_packets:
        changed = replace(changed, packet_loss=PacketLoss(float(faults.dropped_packets), int(faults.seed)))
    return with_digest(changed)


def _faulty_lists(program: Program, faults: Faults) -> Tables:
    tables = program.lists
    weight = tables.synapse_weight.copy()
    of_list = np.repeat(np.arange(len(tables.list_core)), np.diff(tables.list_ptr))
    if faults.flipped_weight_bits:
        flipped = _flipped(program.formats, tables.list_format[of_list], weight, faults)
        weight = flipped
    if faults.stuck_synapses:
        weight[faults.random(STUCK).random(len(weight)) < faults.stuck_synapses] = 0
    dead = np.isin(tables.core, faults.dead_cores)
    weight[dead[tables.list_core[of_list]]] = 0
    registers = dict(tables.registers)
    slots = np.repeat(dead, np.diff(tables.core_ptr))
    for name in _BIASES:
        if name in registers and slots.any():
            registers[name] = np.where(slots, registers[name].dtype.type(0), registers[name])
    return replace(tables, synapse_weight=weight, registers=registers)


def _flipped(
    formats: tuple[SynapseFormat, ...], format_of: npt.NDArray[Any], weight: npt.NDArray[np.int16], faults: Faults
) -> npt.NDArray[np.int16]:
    """Mantissas with bits flipped: `weight_bits` bits each, in two's complement where signs are mixed."""
    random = faults.random(FLIPPED)
    widest = max(form.weight_bits for form in formats)
    pattern = np.zeros(len(weight), np.int64)
    for bit in range(widest):
        pattern |= (random.random(len(weight)) < faults.flipped_weight_bits).astype(np.int64) << bit
    made = weight.copy()
    for i, form in enumerate(formats):
        mine = np.flatnonzero(format_of == i)
        grid = Grid(form.sign, form.weight_bits, form.exponent)  # type: ignore[arg-type]
        mask = (1 << form.weight_bits) - 1
        stored = np.abs(weight[mine].astype(np.int64)) if form.sign != "mixed" else weight[mine].astype(np.int64)
        stored = (stored // grid.step & mask) ^ (pattern[mine] & mask)
        if form.sign == "mixed":
            stored = np.where(stored >> (form.weight_bits - 1) & 1, stored - (1 << form.weight_bits), stored)
        made[mine] = stored * grid.step * (-1 if form.sign == "inhibitory" else 1)
    return made
