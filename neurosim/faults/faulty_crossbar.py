"""Tables of a faulty crossbar chip: crosspoints that read 0, weights with flipped bits, cores that are dead."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from compiler import Program
from compiler.crossbar.tables import CrossbarTables
from neurosim.faults.faults import FLIPPED, STUCK, Faults

_SILENT = {"leak": 0, "stochastic_leak": 0, "leak_reversal": 0, "stochastic_weights": 0, "potential": 0}
"""Registers of a dead neuron; its weights are 0 too, so that its potential stays 0, below its threshold."""


def faulty_crossbar(program: Program, faults: Faults) -> CrossbarTables:
    """The tables of a crossbar program with the faults; what they hold stays within the limits of the chip.

    Packets to a dead core arrive and its crosspoints are read as before, so both are counted.
    """
    t = program.crossbar
    registers = dict(t.registers)
    if faults.flipped_weight_bits:
        registers |= _flipped(registers, program.chip.bars.axon_types, program.chip.bars.weight_bits, faults)
    dead = np.isin(t.core, faults.dead_cores)[t.slot_core()]
    if dead.any():
        registers |= _silenced(registers, dead)
    crossbar = _without_stuck(t, faults) if faults.stuck_synapses else t.crossbar
    return replace(t, registers=registers, crossbar=crossbar)


def _flipped(registers: dict[str, Any], types: int, bits: int, faults: Faults) -> dict[str, npt.NDArray[Any]]:
    """Weights for each type of axon, in two's complement, with bits flipped: register -> [slot]."""
    random, made = faults.random(FLIPPED), {}
    for name in (f"weight_{g}" for g in range(types)):
        stored = registers[name].astype(np.int64) & ((1 << bits) - 1)
        for bit in range(bits):
            stored ^= (random.random(len(stored)) < faults.flipped_weight_bits).astype(np.int64) << bit
        negative = stored >> (bits - 1) & 1
        made[name] = (stored - (negative << bits)).astype(registers[name].dtype)
    return made


def _silenced(registers: dict[str, Any], dead: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[Any]]:
    """Registers with which the slots `dead` never fire: register -> [slot]."""
    values = _SILENT | {name: 0 for name in registers if name.startswith("weight_")} | {"threshold": 1}
    return {name: np.where(dead, registers[name].dtype.type(value), registers[name]) for name, value in values.items()}


def _without_stuck(t: CrossbarTables, faults: Faults) -> npt.NDArray[np.uint8]:
    """Crosspoints without those that are stuck; core by core, as all at once would take 64 times the table."""
    random = faults.random(STUCK)
    made = t.crossbar.reshape(len(t.core), -1).copy()
    for rows in made:
        works = random.random(len(rows) * 8) >= faults.stuck_synapses
        rows &= np.packbits(works, bitorder="little")
    return made.reshape(-1)
