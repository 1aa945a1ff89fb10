"""Emit: write the tables of every core.

Cores in the order of the mesh, neurons within a core in the order of the network.  A list whose synapses
reach every neuron of its core exactly once takes the dense format, which stores no index.  After route.py,
before check.py.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.lowered import LoweredNetwork, SynapseFormat
from compiler.partition import Partition
from compiler.place import Placement
from compiler.program import Program, Tables, with_digest
from compiler.registers import registers_of


def emit(net: LoweredNetwork, partition: Partition, placement: Placement, chip: ChipProfile, seed: int = 0) -> Program:
    """The program of `net` for `chip`."""
    core, used = np.unique(placement.core_of, return_inverse=True)
    core_index = used[partition.piece_of]  # [neuron], index into core
    slots = np.argsort(core_index, kind="stable")  # [slot] -> neuron
    core_ptr = np.concatenate([[0], np.cumsum(np.bincount(core_index, minlength=len(core)))]).astype(np.int64)
    slot_of = np.empty(net.n_neurons, np.int64)
    slot_of[slots] = np.arange(net.n_neurons)
    order, source = _synapse_order(net, slot_of, core_index, len(core))
    target = slot_of[net.target[order]]
    target_core = core_index[net.target[order]]
    index = target - core_ptr[target_core]
    starts = _list_starts(source, target_core, net.format_of[order])
    list_ptr = np.append(starts, len(order)).astype(np.int64)
    list_core = target_core[starts]
    dense = _dense_lists(index, list_ptr, np.diff(core_ptr)[list_core])
    list_format, formats = _formats(net.format_of[order][starts], dense, net.formats, chip)
    n_sources = net.n_neurons + net.n_channels
    tables = Tables(
        core=core.astype(np.int32),
        core_ptr=core_ptr,
        neuron_of=slots.astype(np.int32),
        model=net.model[slots],
        registers={name: net.registers[name][slots].astype(kind) for name, kind in registers_of(net.model).items()},
        source_ptr=np.searchsorted(source[starts], np.arange(n_sources + 1)).astype(np.int64),
        list_core=list_core.astype(np.int32),
        list_format=list_format,
        list_ptr=list_ptr,
        synapse_index=index.astype(np.int32),
        synapse_weight=net.weight[order],
        synapse_delay=net.delay[order],
    )
    return with_digest(Program(chip, net.spans, net.dt_ms, seed, formats, net.errors, tables, digest=""))


def _synapse_order(
    net: LoweredNetwork, slot_of: npt.NDArray[np.int64], core_index: npt.NDArray[np.int64], n_cores: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Synapses by source, core, format, target, then delay and weight; and the source of each in that order."""
    inside = net.source < net.n_neurons
    source = net.source.astype(np.int64)
    source[inside] = slot_of[net.source[inside]]
    owner = source * n_cores + core_index[net.target]
    place = net.format_of.astype(np.int64) * net.n_neurons + slot_of[net.target]
    content = net.delay.astype(np.int32) * 2**16 + net.weight + 2**15
    order = np.lexsort((content, place, owner))
    return order, source[order]


def _list_starts(
    source: npt.NDArray[np.int64], core: npt.NDArray[np.int64], format_of: npt.NDArray[np.uint8]
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
