"""From the tables of a crossbar program to what its kernel needs, without changing what they say."""

from typing import Any

import numpy as np
import numpy.typing as npt

from compiler import Program
from compiler.crossbar.tables import NEURON, CrossbarTables, row_synapses
from compiler.place import tile_position
from neurosim import crossbar_kernel
from neurosim.crossbar_kernel import CrossbarMachine

_CORES_AT_ONCE = 64  # crosspoints are unpacked a few cores at a time, to bound memory


def build_crossbar_machine(program: Program) -> CrossbarMachine:
    """The kernel's view of a crossbar program."""
    t, chip = program.crossbar, program.chip
    r = {name: values.astype(np.int32) for name, values in t.registers.items()}
    axons = -(-t.axons // 8) * 8
    slot_core, n_cores = t.slot_core(), len(t.core)
    target = np.where(t.target >= 0, t.target // t.axons * axons + t.target % t.axons, -1)
    target_core = np.where(t.target >= 0, t.target // t.axons, slot_core).astype(np.int32)
    tile_x, tile_y = tile_position(t.core, chip.mesh)
    draws = (
        crossbar_kernel.DRAW_WEIGHT * _any_of(r["stochastic_weights"] > 0, t)
        + crossbar_kernel.DRAW_LEAK * _any_of(r["stochastic_leak"] > 0, t)
        + crossbar_kernel.DRAW_THRESHOLD * _any_of(r["threshold_mask"] > 0, t)
    )
    longest = max(int(t.target_delay.max(initial=1)), int(t.channel_delay.max(initial=0)))
    row_ptr, row = _rows(t, axons)
    return CrossbarMachine(
        core_ptr=t.core_ptr,
        axons=axons,
        axon_type=_pad(t.axon_type, n_cores, axons),
        axon_key=_pad(t.axon_key, n_cores, axons),
        row_ptr=row_ptr,
        row=row,
        weight=np.stack([r[f"weight_{g}"] for g in range(4)]),
        stochastic_weights=t.registers["stochastic_weights"],
        leak=r["leak"],
        leak_reversal=t.registers["leak_reversal"],
        stochastic_leak=t.registers["stochastic_leak"],
        threshold=r["threshold"],
        threshold_mask=r["threshold_mask"],
        negative_threshold=r["negative_threshold"],
        negative_saturates=t.registers["negative_saturates"],
        reset_mode=t.registers["reset_mode"],
        reset_potential=r["reset_potential"],
        potential=r["potential"],
        neuron_key=t.neuron_of.astype(np.int64),
        reports=(t.role == NEURON).astype(np.uint8),
        draws=draws,
        plain_core=1 - _any_of(r["leak_reversal"] > 0, t),
        target=target,
        target_delay=t.target_delay,
        target_core=target_core,
        hops_x=tile_x[target_core] - tile_x[slot_core],
        hops_y=tile_y[target_core] - tile_y[slot_core],
        tile_x=tile_x,
        tile_y=tile_y,
        height=chip.mesh.height,
        input_ptr=t.channel_ptr,
        input_target=t.channel_target // t.axons * axons + t.channel_target % t.axons,
        input_delay=t.channel_delay,
        rows=longest + 1,
        v_limit=2 ** (chip.bars.potential_bits - 1),
        random_shift=64 - chip.bars.random_bits,
        max_delay=longest,
    )


def _any_of(slots: npt.NDArray[np.bool_], t: CrossbarTables) -> npt.NDArray[np.uint8]:
    """Cores with at least one of these slots: [core]."""
    return (np.bincount(t.slot_core()[slots], minlength=len(t.core)) > 0).astype(np.uint8)


def _pad(values: npt.NDArray[Any], n_cores: int, axons: int) -> npt.NDArray[Any]:
    """Per-axon values with as many axons in a core as the kernel has."""
    wide = np.zeros((n_cores, axons), values.dtype)
    table = values.reshape(n_cores, -1)
    wide[:, : table.shape[1]] = table
    return wide.ravel()


def _rows(t: CrossbarTables, axons: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """The crosspoints of each axon as lists: pointers [axon + 1], and neurons within the core."""
    n_cores = len(t.core)
    sizes = np.zeros((n_cores, axons), np.int64)
    sizes[:, : t.axons] = row_synapses(t).reshape(n_cores, t.axons)
    pointer = np.concatenate([[0], np.cumsum(sizes.ravel())])
    row = np.empty(int(pointer[-1]), np.uint8)
    bits = t.crossbar.reshape(n_cores, t.axons, t.row_bytes)
    at = 0
    for first in range(0, n_cores, _CORES_AT_ONCE):
        some = np.unpackbits(bits[first : first + _CORES_AT_ONCE], axis=2, bitorder="little")
        neuron = np.flatnonzero(some.view(np.bool_)) % some.shape[2]
        row[at : at + len(neuron)] = neuron
        at += len(neuron)
    return pointer, row
