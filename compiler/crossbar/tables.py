"""The tables of a crossbar program: what the cores of a chip such as TrueNorth are loaded with.

Neurons stand in the order of their cores ("slots"), as in other programs.  A slot is a neuron of the network, a
copy of one (which fires with it, to reach one more axon), a relay, or a partial sum of a fan-in tree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

NEURON, COPY, RELAY, PARTIAL = range(4)
TYPES = 4  # of axons, at most; a chip may have fewer
ROLES = ("neuron", "copy", "relay", "partial sum")


@dataclass(frozen=True, slots=True)
class CrossbarTables:
    """The arrays of a program; an axon is `core * axons + axon`, with cores as indices into `core`."""

    core: npt.NDArray[np.int32]  # [used core], number on the mesh, ascending
    core_ptr: npt.NDArray[np.int64]  # [used core + 1], into slots
    neuron_of: npt.NDArray[np.int32]  # [slot], neuron in the network's numbering; -1 for relays and partial sums
    role: npt.NDArray[np.uint8]  # [slot], number in ROLES
    registers: Mapping[str, npt.NDArray[Any]]  # register -> [slot]
    axon_type: npt.NDArray[np.uint8]  # [axon]
    axon_key: npt.NDArray[np.int64]  # [axon], who sends on it: names it in random numbers; -1: nobody
    crossbar: npt.NDArray[
        np.uint8
    ]  # [axon * row_bytes], bit j of a row (least first): a synapse on neuron j of the core
    target: npt.NDArray[np.int64]  # [slot], axon; -1: none
    target_delay: npt.NDArray[np.uint8]  # [slot], ticks
    channel_ptr: npt.NDArray[np.int64]  # [channel + 1], into channel_target
    channel_target: npt.NDArray[np.int64]  # axons that an external spike enters
    channel_delay: npt.NDArray[np.uint8]

    @property
    def n_neurons(self) -> int:
        """Neurons of the network; without copies, relays and partial sums."""
        return int((self.role == NEURON).sum())

    @property
    def n_slots(self) -> int:
        """Neurons of the chip in use."""
        return len(self.role)

    @property
    def row_bytes(self) -> int:
        """Bytes of a crossbar row."""
        return len(self.crossbar) // max(1, len(self.axon_type))

    @property
    def axons(self) -> int:
        """Axons of a core."""
        return len(self.axon_type) // max(1, len(self.core))

    def slot_core(self) -> npt.NDArray[np.int64]:
        """Core of each slot, as an index into `core`: [slot]."""
        return np.repeat(np.arange(len(self.core)), np.diff(self.core_ptr))


CROSSBAR_DTYPES = {
    "core": "int32",
    "core_ptr": "int64",
    "neuron_of": "int32",
    "role": "uint8",
    "axon_type": "uint8",
    "axon_key": "int64",
    "crossbar": "uint8",
    "target": "int64",
    "target_delay": "uint8",
    "channel_ptr": "int64",
    "channel_target": "int64",
    "channel_delay": "uint8",
}


def crossbar_arrays(tables: CrossbarTables) -> dict[str, npt.NDArray[Any]]:
    """The tables by name."""
    plain = {field.name: getattr(tables, field.name) for field in fields(tables) if field.name != "registers"}
    return plain | dict(tables.registers)


def own_synapses(tables: CrossbarTables) -> int:
    """Crosspoints of all slots but copies and relays."""
    helpers = np.flatnonzero((tables.role == COPY) | (tables.role == RELAY))
    core = tables.slot_core()[helpers]
    column = helpers - tables.core_ptr[core]
    rows = tables.crossbar.reshape(len(tables.core), tables.axons, tables.row_bytes)
    theirs = 0
    for byte, bit in {(int(c) // 8, int(c) % 8) for c in column}:
        cores = core[(column // 8 == byte) & (column % 8 == bit)]
        theirs += int((rows[cores, :, byte] >> bit & 1).sum(dtype=np.int64))
    return int(row_synapses(tables).sum()) - theirs


def row_synapses(tables: CrossbarTables) -> npt.NDArray[np.int64]:
    """Synapses of each axon: [axon]."""
    counts = np.bitwise_count(tables.crossbar).reshape(len(tables.axon_type), -1)
    sums: npt.NDArray[np.int64] = counts.sum(axis=1, dtype=np.int64)
    return sums
