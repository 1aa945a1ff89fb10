"""Faults: one bit flipped in the state or in a table, and where two runs of a program first differ.

The search runs both in lockstep and compares their whole state (u, v, refractoriness, pending input) before every step,
so it finds the step, the neuron and the bits exactly, in the memory of two states, however long the run.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from compiler.parameters import PARAMETERS
from compiler.program import table_arrays, with_digest
from neurosim.debugging.state import State, Variable, flipped, register_bits
from neurosim.debugging.stepper import Stepper, sample_until
from neurosim.numbers import is_whole
from neurosim.spikes import SpikeTrains

_Part = Literal["u", "v", "waiting", "adapted", "pending"]
_VALUES = ("synapse_weight", "synapse_delay", "synapse_index", "crossbar", "axon_type", "target_delay", "channel_delay")
"""Tables beside the registers whose entries may be wrong without leading out of the other tables."""


@dataclass(frozen=True)
class Upset:
    """One bit of a neuron's u or v flips before step `step`; give it to `find_fault`, or call it before every step."""

    step: int
    neuron: int
    variable: Variable
    bit: int

    def __call__(self, stepper: Stepper) -> None:
        """Flip the bit if this is the step."""
        if stepper.step_index == self.step:
            stepper.flip_bit(self.neuron, self.variable, self.bit)


@dataclass(frozen=True)
class Fault:
    """The first difference of two states.  Before step `step` they differ, and before no earlier one."""

    step: int
    neuron: int  # the first that differs; of pending input the one that it is for (linear_lif: from; crossbar: axon)
    variable: _Part  # "u", "v", "waiting" (refractoriness), "adapted" (threshold), "pending" (input)
    good: int
    faulty: int
    bits: tuple[int, ...]  # that differ, from 0, the least, in two's complement
    arrives: int | None  # step in which pending input arrives; None for the others
    n_different: int  # entries of the state that differ in this step


def with_flipped_bit(program: Program, table: str, entry: int, bit: int) -> Program:
    """A copy of a program with one bit of one entry of a table flipped, unchecked: it may break limits of the chip.

    Args:
        program: what to change; it stays as it is.
        table: "synapse_weight" (mantissas), "synapse_delay", "synapse_index", a register such as "vth" or "threshold",
            or of crossbars "crossbar" (crosspoints, eight an entry), "axon_type", "target_delay", "channel_delay".
        entry: index into the table (compiler/program.py, crossbar/tables.py).
        bit: from 0, the least, in two's complement.

    Raises:
        RunError: there is no such table, entry or bit; or the simulator cannot follow: the entry would name a neuron,
            axon type or delay that is not there.
    """
    arrays = table_arrays(program)
    registers = program.tables.registers
    known = sorted([name for name in _VALUES if name in arrays] + list(registers))
    if table not in known:
        raise RunError(f"table is {table!r}, but bits are flipped in one of {', '.join(known)}")
    array = arrays[table]
    if not is_whole(entry, 0, len(array) - 1):
        raise RunError(f"entry is {entry!r}, but table {table!r} has entries 0 to {len(array) - 1}")
    bits, signed = _field(program, table, array) if table in registers else _whole(array)
    value = flipped(int(array[entry]), bit, bits, signed)
    _refuse_lost(program, table, int(entry), value)
    changed = array.copy()
    changed[entry] = value
    tables: Any = program.tables
    if table in registers:
        tables = replace(tables, registers={**registers, table: changed})
    else:
        tables = replace(tables, **{table: changed})
    return with_digest(replace(program, tables=tables))


def _whole(array: npt.NDArray[Any]) -> tuple[int, bool]:
    return array.dtype.itemsize * 8, array.dtype.kind == "i"


def _field(program: Program, register: str, array: npt.NDArray[Any]) -> tuple[int, bool]:
    """Bits of a register that any model of the program has, and whether they are signed: from its range."""
    if register in ("du", "dv", "adaptation_decay"):
        return program.chip.lif.decay_bits, False
    rules = [rules[register] for rules in PARAMETERS.values() if register in rules]
    whole = [rule for rule in rules if float(rule.low).is_integer() and np.isfinite(rule.high)]
    if not whole:
        return _whole(array)
    low, high = min(int(rule.low) for rule in whole), max(int(rule.high) for rule in whole)
    bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + (low < 0)
    most, signed = _whole(array)
    return min(bits, most), low < 0 and signed


def _refuse_lost(program: Program, table: str, entry: int, value: int) -> None:
    """Refuse an entry that would lead the simulator out of its tables."""
    if table == "synapse_index":
        tables = program.lists
        core = tables.list_core[np.searchsorted(tables.list_ptr, entry, side="right") - 1]
        n = int(np.diff(tables.core_ptr)[core])
        if not 0 <= value < n:
            raise RunError(f"synapse {entry} would name neuron {value} of a core with {n}: choose another bit")
    elif table == "crossbar":
        bars = program.crossbar
        row, byte = divmod(entry, bars.row_bytes)
        n = int(np.diff(bars.core_ptr)[row // bars.axons])
        if value >> max(0, n - 8 * byte):
            raise RunError(f"entry {entry} would join neurons beyond the {n} of its core: choose another bit")
    elif table == "axon_type" and not 0 <= value < 4:
        raise RunError(f"axon {entry} would be of type {value}, but there are types 0 to 3: choose another bit")
    elif table in ("synapse_delay", "target_delay") and value == 0:
        raise RunError(f"entry {entry} would have a delay of 0 steps, which no chip has: choose another bit")


def find_fault(
    program: Program,
    suspect: Program | Stepper | Callable[[Stepper], None],
    trains: SpikeTrains,
    sample: int = 0,
    *,
    seed: int = 0,
) -> Fault | None:
    """Where a faulty run of `program` first differs from what the program does.

    Args:
        program: as it should be.
        suspect: what is faulty: a program with the same neurons (`with_flipped_bit`); or what is done to a run of
            `program` before each of its steps (an `Upset`, or any function of a stepper); or a stepper, which is
            compared from where it stands to the end of the sample, and left where it stood.
        trains: external spikes.
        sample: which of them.
        seed: as of `run`.

    Returns:
        The first difference, or None if there is none up to the end of the sample, its last state included.

    Raises:
        RunError: there is no such sample, or the suspect has other neurons.
    """
    last = int(trains.steps[sample]) - 1 if isinstance(sample, int) and 0 <= sample < trains.n_samples else -1
    whole = sample_until(trains, sample, last)
    good = Stepper(program, seed + sample, per_step=False)
    if isinstance(suspect, Stepper):
        return _from_stepper(good, suspect, whole)
    faulty = Stepper(suspect if isinstance(suspect, Program) else program, seed + sample, per_step=False)
    _check_same(program, faulty.program)
    return _lockstep(good, faulty, whole, None if isinstance(suspect, Program) else suspect)


def _from_stepper(good: Stepper, suspect: Stepper, whole: SpikeTrains) -> Fault | None:
    _check_same(good.program, suspect.program)
    steps = int(whole.steps[0])
    if suspect.step_index > steps:
        raise RunError(f"the stepper stands before step {suspect.step_index}, but the sample has {steps} steps")
    if suspect.step_index:
        good.advance(suspect.step_index, sample_until(whole, 0, suspect.step_index - 1))
    here = suspect.snapshot()
    try:
        return _lockstep(good, suspect, whole, None)
    finally:
        suspect.restore(here)


def _lockstep(
    good: Stepper, faulty: Stepper, whole: SpikeTrains, disturb: Callable[[Stepper], None] | None
) -> Fault | None:
    steps = int(whole.steps[0])
    pointer = np.searchsorted(whole.step, np.arange(steps + 1))
    for t in range(good.step_index, steps + 1):
        if disturb is not None:
            disturb(faulty)
        found = _difference(good.program, good.state(), faulty.state())
        if found is not None or t == steps:
            return found
        part = slice(pointer[t], pointer[t + 1])
        columns = [np.zeros(pointer[t + 1] - pointer[t], np.int64), whole.channel[part]]
        if whole.value is not None:
            columns.append(whole.value[part])
        spikes = np.stack(columns, axis=1)
        good.advance(1, spikes)
        faulty.advance(1, spikes)
    return None


def _check_same(program: Program, other: Program) -> None:
    same = (other.n_neurons, other.n_channels, other.is_crossbar)
    if same != (program.n_neurons, program.n_channels, program.is_crossbar):
        raise RunError(
            f"the suspect has {other.n_neurons:,} neurons and {other.n_channels:,} channels, the program "
            f"{program.n_neurons:,} and {program.n_channels:,}: compare programs of one network"
        )


_PARTS: tuple[_Part, ...] = ("u", "v", "waiting", "adapted", "pending")


def _difference(program: Program, good: State, faulty: State) -> Fault | None:
    """The first entry that differs: u of all neurons before v, and so on."""
    found: Fault | None = None
    n_different = 0
    for variable in _PARTS:
        a, b = _alike(getattr(good, variable), getattr(faulty, variable))
        differs = a != b
        n = int(differs.sum())
        n_different += n
        if not n or found is not None:
            continue
        ahead, neuron = divmod(int(differs.ravel().argmax()), a.shape[-1])
        x, y = int(a.ravel()[differs.argmax()]), int(b.ravel()[differs.argmax()])
        bits = register_bits(program, neuron, variable)[0] if variable == "u" or variable == "v" else 64
        pattern = (x ^ y) & ((1 << bits) - 1)
        which = tuple(i for i in range(bits) if pattern >> i & 1)
        arrives = good.step_index + ahead if variable == "pending" else None
        found = Fault(good.step_index, neuron, variable, x, y, which, arrives, 0)
    return None if found is None else replace(found, n_different=n_different)


def _alike(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pending input of programs whose longest delays differ, as far ahead as the longer one."""
    if a.ndim == 1 or len(a) == len(b):
        return a, b
    rows = max(len(a), len(b))
    return np.pad(a, ((0, rows - len(a)), (0, 0))), np.pad(b, ((0, rows - len(b)), (0, 0)))
