"""From the tables of a crossbar program to what its kernel needs, without changing what they say."""

from typing import Any

import numpy as np
import numpy.typing as npt

from compiler import Program, route
from compiler.board import tile_position
from compiler.crossbar.tables import NEURON, CrossbarTables, row_synapses
from neurosim.simulation import crossbar_kernel
from neurosim.simulation.crossbar_kernel import CrossbarMachine

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
    # positions within the block of chips in use, however large the board is
    tile_x = tile_x - tile_x.min() // chip.mesh.tiles_x * chip.mesh.tiles_x
    tile_y = tile_y - tile_y.min() // chip.mesh.tiles_y * chip.mesh.tiles_y

    def any_of(slots: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        """Cores with at least one of these slots: [core]."""
        return (np.bincount(slot_core[slots], minlength=n_cores) > 0).astype(np.uint8)

    draws = crossbar_kernel.DRAW_WEIGHT * any_of(r["stochastic_weights"] > 0)
    draws += crossbar_kernel.DRAW_LEAK * any_of(r["stochastic_leak"] > 0)
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
        plain_core=1 - any_of(r["leak_reversal"] > 0),
        target=target,
        target_delay=t.target_delay,
        target_core=target_core,
        **_ways(program, slot_core, target_core),
        tile_x=tile_x,
        tile_y=tile_y,
        height=int(tile_y.max()) + 1,
        tiles=(int(tile_x.max()) + 1) * (int(tile_y.max()) + 1),
        chip_width=chip.mesh.tiles_x,
        chip_height=chip.mesh.tiles_y,
        merged=chip.mesh.border == "merged",
        input_ptr=t.channel_ptr,
        input_target=t.channel_target // t.axons * axons + t.channel_target % t.axons,
        input_delay=t.channel_delay,
        rows=longest + 1,
        v_limit=2 ** (chip.bars.potential_bits - 1),
        random_shift=64 - chip.bars.random_bits,
        max_delay=longest,
    )


def _ways(program: Program, slot_core: npt.NDArray[np.int64], target_core: npt.NDArray[np.int32]) -> dict[str, Any]:
    """The fields that say which links a slot's packet takes; lists of links only where some are disabled."""
    t, mesh = program.crossbar, program.chip.mesh
    x, y = tile_position(t.core, mesh)
    to_x, to_y = x[target_core] - x[slot_core], y[target_core] - y[slot_core]
    over_x = np.abs(x[target_core] // mesh.tiles_x - x[slot_core] // mesh.tiles_x)
    over_y = np.abs(y[target_core] // mesh.tiles_y - y[slot_core] // mesh.tiles_y)
    hops = np.stack([np.abs(to_x), np.abs(to_y), over_x, over_y], axis=1).astype(np.int32)
    none = np.zeros(0, np.int32)
    ways: dict[str, Any] = {"pair": none, "pair_link_ptr": np.zeros(1, np.int64), "pair_link": none, "n_inside": 0}
    if mesh.cut_links:
        routes = route(program)
        sends = routes.axon_pair >= 0
        pair = routes.axon_pair[sends]
        columns = (routes.pair_hops_x, routes.pair_hops_y, routes.pair_borders_x, routes.pair_borders_y)
        of_slot = np.full(t.n_slots, -1, np.int32)
        of_slot[t.target >= 0] = pair
        hops[t.target >= 0] = np.stack(columns, axis=1)[pair]
        ways = {
            "pair": of_slot,
            "pair_link_ptr": routes.pair_link_ptr,
            "pair_link": routes.pair_link,
            "n_inside": routes.n_inside,
        }
    return {"hops": hops, "to_x": to_x.astype(np.int32), "to_y": to_y.astype(np.int32), **ways}


def _pad(values: npt.NDArray[Any], n_cores: int, axons: int) -> npt.NDArray[Any]:
    """Per-axon values with as many axons in a core as the kernel has."""
    wide = np.zeros((n_cores, axons), values.dtype)
    table = values.reshape(n_cores, -1)
    wide[:, : table.shape[1]] = table
    return wide.ravel()


def _rows(t: CrossbarTables, axons: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """The crosspoints of each axon as lists: pointers [axon + 1], and neurons within the core."""
    n_cores = len(t.core)
    sizes = np.zeros((n_cores, axons), np.int64)
    sizes[:, : t.axons] = row_synapses(t).reshape(n_cores, t.axons)
    pointer = np.concatenate([[0], np.cumsum(sizes.ravel())])
    row = np.empty(int(pointer[-1]), np.uint8 if t.row_bytes <= 32 else np.uint16)
    bits = t.crossbar.reshape(n_cores, t.axons, t.row_bytes)
    at = 0
    for first in range(0, n_cores, _CORES_AT_ONCE):
        some = np.unpackbits(bits[first : first + _CORES_AT_ONCE], axis=2, bitorder="little")
        neuron = np.flatnonzero(some.view(np.bool_)) % some.shape[2]
        row[at : at + len(neuron)] = neuron
        at += len(neuron)
    return pointer, row
