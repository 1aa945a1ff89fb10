"""Emit: write the tables of every core.

Cores in the order of the mesh, neurons within a core in the order of the network.  A list whose synapses
reach every neuron of its core exactly once takes the dense format, which stores no index.  After route.py,
before check.py.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.blocks import blocks
from compiler.lowering.lowered import LoweredNetwork, SynapseFormat
from compiler.lowering.registers import registers_of
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import Placement
from compiler.program import Program, Tables, with_digest


def emit(net: LoweredNetwork, partition: Partition, placement: Placement, chip: ChipProfile, seed: int = 0) -> Program:
    """The program of `net` for `chip`."""
    core, used = np.unique(placement.core_of, return_inverse=True)
    core_index = used[partition.piece_of]  # [neuron], index into core
    slots = np.argsort(core_index, kind="stable")  # [slot] -> neuron
    core_ptr = np.concatenate([[0], np.cumsum(np.bincount(core_index, minlength=len(core)))]).astype(np.int64)
    slot_of = np.empty(net.n_neurons, np.int64)
    slot_of[slots] = np.arange(net.n_neurons)
    home = np.append(slot_of, np.arange(net.n_neurons, net.n_neurons + net.n_channels)).astype(np.int32)
    source_of = home[net.source]
    parts = [
        _lists(net, entries, source_of[entries], slot_of, core_index, core_ptr)
        for _, _, entries in blocks(source_of, len(home))
    ]
    lists = _Lists(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    list_format, formats = _formats(lists.format, lists.dense, net.formats, chip)
    tables = Tables(
        core=core.astype(np.int32),
        core_ptr=core_ptr,
        neuron_of=slots.astype(np.int32),
        model=net.model[slots],
        registers={name: net.registers[name][slots].astype(kind) for name, kind in registers_of(net.model).items()},
        source_ptr=np.searchsorted(lists.source, np.arange(len(home) + 1)).astype(np.int64),
        list_core=lists.core,
        list_format=list_format,
        list_ptr=np.append(0, np.cumsum(lists.length)).astype(np.int64),
        synapse_index=lists.within,
        synapse_weight=lists.weight,
        synapse_delay=lists.delay,
    )
    return with_digest(Program(chip, net.spans, net.dt_ms, seed, formats, net.errors, tables, digest=""))


class _Lists(NamedTuple):
    """Synapses by source, core, format, target, then delay and weight, and the lists that they make."""

    source: npt.NDArray[np.int32]  # [list], slot or N + channel
    core: npt.NDArray[np.int32]  # [list], index
    format: npt.NDArray[np.uint8]  # [list], of the network
    length: npt.NDArray[np.int64]  # [list]
    dense: npt.NDArray[np.bool_]  # [list], whether it reaches all neurons of its core, each once
    within: npt.NDArray[np.int32]  # [synapse], neuron of the core
    weight: npt.NDArray[np.int16]  # [synapse]
    delay: npt.NDArray[np.uint8]  # [synapse]


def _lists(
    net: LoweredNetwork,
    entries: npt.NDArray[np.int64] | slice,
    source: npt.NDArray[np.int32],
    slot_of: npt.NDArray[np.int64],
    core_index: npt.NDArray[np.int64],
    core_ptr: npt.NDArray[np.int64],
) -> _Lists:
    """The lists of these synapses, which are all of some sources."""
    target, format_of = net.target[entries], net.format_of[entries]
    weight, delay = net.weight[entries], net.delay[entries]
    slot, core = slot_of[target], core_index[target].astype(np.int32)
    owner = source.astype(np.int64) * (len(core_ptr) - 1) + core
    place = format_of.astype(np.int64) * net.n_neurons + slot
    order = np.lexsort((delay.astype(np.int32) * 2**16 + weight + 2**15, place, owner))
    source, core, format_of = source[order], core[order], format_of[order]
    index = slot[order] - core_ptr[core]
    starts = _list_starts(source, core, format_of)
    ptr = np.append(starts, len(order)).astype(np.int64)
    dense = _dense_lists(index, ptr, np.diff(core_ptr)[core[starts]])
    return _Lists(
        source=source[starts],
        core=core[starts],
        format=format_of[starts],
        length=np.diff(ptr),
        dense=dense,
        within=index.astype(np.int32),
        weight=weight[order],
        delay=delay[order],
    )


def _list_starts(
    source: npt.NDArray[np.int32], core: npt.NDArray[np.int32], format_of: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int64]:
    if not len(source):
        return np.zeros(0, np.int64)
    change = (np.diff(source) != 0) | (np.diff(core) != 0) | (np.diff(format_of.astype(np.int64)) != 0)
    return np.concatenate([[0], np.flatnonzero(change) + 1])


def _dense_lists(
    index: npt.NDArray[np.int64], list_ptr: npt.NDArray[np.int64], core_size: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Lists that hold indices 0, 1, ..., core size - 1."""
    length = np.diff(list_ptr)
    in_order = index == np.arange(len(index)) - np.repeat(list_ptr[:-1], length)
    off = np.concatenate([[0], np.cumsum(~in_order)])
    dense: npt.NDArray[np.bool_] = (length == core_size) & (off[list_ptr[1:]] == off[list_ptr[:-1]])
    return dense


def _formats(
    format_of: npt.NDArray[np.uint8],
    dense: npt.NDArray[np.bool_],
    formats: tuple[SynapseFormat, ...],
    chip: ChipProfile,
) -> tuple[npt.NDArray[np.uint8], tuple[SynapseFormat, ...]]:
    """Format of each list, and the table of formats: each sparse one, then its dense twin, those in use.

    Twins stand together, so that the lists of a source and core, sorted by format, stay sorted.
    """
    if 0 not in chip.lists.index_bits:
        dense = np.zeros_like(dense)
    both = [twin for f in formats for twin in (f, replace(f, index_bits=0))]
    used, list_format = np.unique(format_of.astype(np.int64) * 2 + dense, return_inverse=True)
    return list_format.astype(np.uint8), tuple(both[i] for i in used)
