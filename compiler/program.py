"""The program: what a chip is loaded with, as tables.

Neurons stand in the order of their cores ("slots"); a source is a slot, or n_neurons + input channel.  A list
is one run of synapses in a core's memory: the synapses of one source, in one format, on one core.  Lists of
a source stand together and ascend by core, so those of one core are one input axon.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import profile_from_json, profile_to_json
from chips.errors import ProfileError, ProgramError
from chips.limits import in_which_limits
from chips.profile import ChipProfile
from compiler.crossbar.tables import CROSSBAR_DTYPES, NEURON, CrossbarTables, crossbar_arrays, own_synapses
from compiler.lowering.lowered import LoweringError, SynapseFormat
from compiler.lowering.registers import MODELS, REGISTERS, registers_of
from compiler.npz import Array, read_npz, write_npz
from compiler.validate import Span, spans_from_json, spans_to_json

FORMAT = "neurosim-program/2"


@dataclass(frozen=True, slots=True)
class Tables:
    """The arrays of a program."""

    core: npt.NDArray[np.int32]  # [used core], number on the mesh, ascending
    core_ptr: npt.NDArray[np.int64]  # [used core + 1], into slots
    neuron_of: npt.NDArray[np.int32]  # [slot], neuron in the network's numbering
    model: npt.NDArray[np.uint8]  # [slot], number in MODELS
    registers: Mapping[str, npt.NDArray[Any]]  # register -> [slot]; 0 where the slot's model has no such register
    source_ptr: npt.NDArray[np.int64]  # [source + 1], into lists
    list_core: npt.NDArray[np.int32]  # [list], index into core
    list_format: npt.NDArray[np.uint8]  # [list]
    list_ptr: npt.NDArray[np.int64]  # [list + 1], into synapses
    synapse_index: npt.NDArray[np.int32]  # [synapse], neuron within the core
    synapse_weight: npt.NDArray[np.int16]  # [synapse], mantissa
    synapse_delay: npt.NDArray[np.uint8]  # [synapse], steps


@dataclass(frozen=True, slots=True)
class PacketLoss:
    """A faulty network on chip: each packet to a core gets lost with this probability, drawn by this seed."""

    probability: float
    seed: int

    def __post_init__(self) -> None:
        """Refuse what is no probability or seed.

        Raises:
            ValueError: it is none.
        """
        is_number = isinstance(self.probability, int | float) and 0 < self.probability <= 1
        if not is_number or not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise ValueError("packet_loss")


TABLE_DTYPES: Mapping[str, Any] = {
    "core": np.int32,
    "core_ptr": np.int64,
    "neuron_of": np.int32,
    "model": np.uint8,
    "source_ptr": np.int64,
    "list_core": np.int32,
    "list_format": np.uint8,
    "list_ptr": np.int64,
    "synapse_index": np.int32,
    "synapse_weight": np.int16,
    "synapse_delay": np.uint8,
}


@dataclass(frozen=True)
class Program:
    """A network compiled for one chip, complete: tables, names, and the profile it was compiled for."""

    chip: ChipProfile
    spans: tuple[Span, ...]
    dt_ms: float
    seed: int
    formats: tuple[SynapseFormat, ...]
    errors: tuple[LoweringError, ...]  # what lowering cost in precision
    tables: Tables | CrossbarTables  # see `lists` and `crossbar`
    digest: str  # of everything above but prices; a changed entry anywhere changes it
    notes: tuple[str, ...] = ()  # what the compiler did that a user should know
    packet_loss: PacketLoss | None = None  # a fault of the chip that no table can hold

    def __repr__(self) -> str:
        """One line of sizes."""
        return (
            f"Program({self.n_neurons:,} neurons, {self.n_channels:,} input channels, {self.n_synapses:,} synapses on "
            f"{self.n_cores:,} cores of {self.chip.name})"
        )

    @property
    def is_crossbar(self) -> bool:
        """Whether the cores are crossbars, and not lists of synapses."""
        return isinstance(self.tables, CrossbarTables)

    @property
    def crossbar(self) -> CrossbarTables:
        """The tables, where the caller knows that the cores are crossbars."""
        if not isinstance(self.tables, CrossbarTables):
            raise LookupError("the program keeps its synapses in lists")
        return self.tables

    @property
    def lists(self) -> Tables:
        """The tables, where the caller knows that synapses are kept in lists."""
        if not isinstance(self.tables, Tables):
            raise LookupError("the program has crossbar cores")
        return self.tables

    @property
    def n_neurons(self) -> int:
        """Neurons of the network."""
        return self.crossbar.n_neurons if self.is_crossbar else len(self.tables.neuron_of)

    @property
    def n_channels(self) -> int:
        """Input channels."""
        if self.is_crossbar:
            return len(self.crossbar.channel_ptr) - 1
        return len(self.lists.source_ptr) - 1 - self.n_neurons

    @property
    def n_synapses(self) -> int:
        """Synapses of the network; on a crossbar, crosspoints but for those of copies and relays."""
        if self.is_crossbar:
            return own_synapses(self.crossbar)
        return len(self.lists.synapse_index)

    @property
    def n_cores(self) -> int:
        """Cores in use."""
        return len(self.tables.core)

    @cached_property
    def slot_of(self) -> npt.NDArray[np.int64]:
        """Slot of each neuron, in the network's numbering."""
        if not self.is_crossbar:
            return np.argsort(self.tables.neuron_of, kind="stable")
        own = np.flatnonzero(self.crossbar.role == NEURON)
        return own[np.argsort(self.crossbar.neuron_of[own], kind="stable")]

    @cached_property
    def slots_are_neurons(self) -> bool:
        """Whether slot i holds neuron i, for all of them."""
        return bool(np.array_equal(self.tables.neuron_of, np.arange(len(self.tables.neuron_of))))

    @cached_property
    def limits_hash(self) -> str:
        """That of its chip, which is work to find."""
        return self.chip.limits_hash

    def span(self, name: str) -> Span:
        """The neurons of a population or channels of an input.

        Raises:
            ProgramError: there is none of that name.
        """
        for span in self.spans:
            if span.name == name:
                return span
        raise ProgramError(f"the program has no {name!r}; it has {', '.join(repr(s.name) for s in self.spans)}")

    def check_chip(self, chip: ChipProfile) -> None:
        """Refuse a profile whose limits are not those that the program was compiled for; prices may differ.

        Raises:
            ProgramError: the limits differ.
        """
        if chip.limits_hash != self.limits_hash:
            raise ProgramError(
                f"the program was compiled for {self.chip.name!r}, and {chip.name!r} as given has other limits "
                f"({in_which_limits(chip, self.chip)}): compile the network for that profile"
            )

    def save(self, path: str | Path) -> None:
        """Write the program as one file.

        Raises:
            NeurosimError: the file cannot be written.
        """
        header = {
            "format": FORMAT,
            "digest": self.digest,
            "limits_hash": self.limits_hash,
            "chip": profile_to_json(self.chip),
            **_names(self),
        }
        write_npz(path, header, table_arrays(self))

    @staticmethod
    def load(path: str | Path) -> "Program":
        """Read a program and check everything it holds.

        Raises:
            ProgramError: the file is damaged, foreign, of another version, or breaks a limit of its chip.
        """
        from compiler.check import check_program
        from compiler.crossbar.check import check_crossbar

        header, arrays = read_npz(path, FORMAT, ProgramError)
        try:
            program = _from_parts(header, arrays)
        except (ProfileError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ProgramError(f"{path} lacks or garbles {error}: make it again") from error
        if header.get("limits_hash") != program.chip.limits_hash:
            raise ProgramError(f"{path}: the profile inside is not the one that the program was compiled for")
        (check_crossbar if program.is_crossbar else check_program)(program)
        return program


def with_digest(program: Program) -> Program:
    """The program, signed."""
    return replace(program, digest=program_digest(program))


def table_arrays(program: Program) -> dict[str, Array]:
    """The tables by name."""
    if program.is_crossbar:
        return crossbar_arrays(program.crossbar)
    tables = program.lists
    plain = {field.name: getattr(tables, field.name) for field in fields(tables) if field.name != "registers"}
    return plain | dict(tables.registers)


def program_digest(program: Program) -> str:
    """SHA-256 of names, limits and tables."""
    digest = hashlib.sha256(program.chip.limits_hash.encode())
    digest.update(json.dumps(_names(program), sort_keys=True).encode())
    for name, array in table_arrays(program).items():
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _names(program: Program) -> dict[str, Any]:
    loss = program.packet_loss
    return {
        **({} if loss is None else {"packet_loss": [loss.probability, loss.seed]}),
        "tables": "crossbar" if program.is_crossbar else "lists",
        "notes": list(program.notes),
        "spans": spans_to_json(program.spans),
        "dt_ms": program.dt_ms,
        "seed": program.seed,
        "formats": [[f.sign, f.weight_bits, f.exponent, f.index_bits, f.delay_bits] for f in program.formats],
        "errors": [
            [e.where, e.parameter, e.max_relative_error, e.rms_relative_error, float(e.tolerance), e.note]
            for e in program.errors
        ],
    }


def _from_parts(header: dict[str, Any], arrays: dict[str, Array]) -> Program:
    is_crossbar = {"crossbar": True, "lists": False}[header["tables"]]
    registers = dict(REGISTERS["truenorth"]) if is_crossbar else _list_registers(arrays)
    types = {**(CROSSBAR_DTYPES if is_crossbar else TABLE_DTYPES), **registers}
    if set(arrays) != set(types):
        raise ValueError(f"tables {sorted(set(arrays) ^ set(types))}")
    for name, dtype in types.items():
        if arrays[name].dtype != dtype or arrays[name].ndim != 1:
            raise ValueError(f"table {name!r}")
    tables: dict[str, Any] = {name: array for name, array in arrays.items() if name not in registers}
    tables["registers"] = {name: arrays[name] for name in registers}
    return Program(
        chip=profile_from_json(header["chip"]),
        spans=spans_from_json(header["spans"]),
        dt_ms=float(header["dt_ms"]),
        seed=int(header["seed"]),
        formats=tuple(
            SynapseFormat(str(sign), int(w), int(e), int(i), int(d)) for sign, w, e, i, d in header["formats"]
        ),
        errors=tuple(
            LoweringError(str(a), str(b), float(c), float(d), float(e), str(f)) for a, b, c, d, e, f in header["errors"]
        ),
        tables=CrossbarTables(**tables) if is_crossbar else Tables(**tables),
        notes=tuple(str(note) for note in header["notes"]),
        digest=str(header["digest"]),
        packet_loss=PacketLoss(*header["packet_loss"]) if "packet_loss" in header else None,
    )


def _list_registers(arrays: dict[str, Array]) -> dict[str, str]:
    models = np.unique(arrays["model"])
    if models.dtype != np.uint8 or models.max(initial=0) >= len(MODELS):
        raise ValueError("table 'model'")
    return registers_of(models)
