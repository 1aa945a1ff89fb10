"""From the tables of a crossbar program to what its kernel needs, without changing what they say."""

from typing import Any

import numpy as np
import numpy.typing as npt

from compiler import Program, route
from compiler.board import tile_position
from compiler.crossbar.tables import NEURON, TYPES, CrossbarTables
from neurosim.simulation import crossbar_layout as layout
from neurosim.simulation.aligned import aligned_copy
from neurosim.simulation.crossbar_layout import CrossbarMachine
from neurosim.simulation.crossbar_range import potentials_fit
from neurosim.simulation.lanes import LANES
from neurosim.simulation.packet_loss import keys_of, limit_of

RULE = ("threshold_mask", "reset_mode", "reset_potential", "negative_saturates")  # columns of a rule
WIDE_WAY = 2**31  # from here on ways take 64 bits: some four million axons


def build_crossbar_machine(program: Program) -> CrossbarMachine:
    """The kernel's view of a crossbar program."""
    t, chip = program.crossbar, program.chip
    r = {name: values.astype(np.int32) for name, values in t.registers.items()}
    row_words = -(-t.row_bytes // (LANES // 8))
    axon_bits = max(LANES.bit_length() - 1, (t.axons - 1).bit_length())
    axons = 1 << axon_bits
    slot_core, n_cores = t.slot_core(), len(t.core)
    tile_x, tile_y = tile_position(t.core, chip.mesh)
    # positions within the block of chips in use, however large the board is
    tile_x = tile_x - tile_x.min() // chip.mesh.tiles_x * chip.mesh.tiles_x
    tile_y = tile_y - tile_y.min() // chip.mesh.tiles_y * chip.mesh.tiles_y
    small = potentials_fit(t, r, slot_core)
    width = np.int16 if small else np.int32  # one for all: the loop is compiled for two, not for eight
    longest = max(int(t.target_delay.max(initial=1)), int(t.channel_delay.max(initial=0)))
    return CrossbarMachine(
        core_ptr=t.core_ptr,
        has=_has(t, r, slot_core),
        axon_bits=axon_bits,
        axon_type=_pad(t.axon_type, n_cores, axons),
        axon_key=_pad(t.axon_key, n_cores, axons),
        row_words=row_words,
        row=aligned_copy(_rows(t, axons, row_words)),
        weight=np.concatenate([r[f"weight_{g}"] for g in range(TYPES)]).astype(np.int16),
        stochastic_weights=t.registers["stochastic_weights"],
        leak=r["leak"].astype(np.int16),
        leak_reversal=t.registers["leak_reversal"],
        stochastic_leak=t.registers["stochastic_leak"],
        threshold=aligned_copy(r["threshold"].astype(width)),
        negative_threshold=aligned_copy(r["negative_threshold"].astype(width)),
        rule=np.stack([np.append(r[name], r[name][t.core_ptr[:-1]]) for name in RULE], axis=1),
        shared=_shared(t, r),
        potential=r["potential"],
        small=small,
        neuron_key=t.neuron_of.astype(np.int64),
        **_ways(program, slot_core, axons),
        tile_x=tile_x.astype(np.int16),
        tile_y=tile_y.astype(np.int16),
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
        loss_limit=limit_of(program.packet_loss),
        **_keys(program, slot_core),
    )


def _keys(program: Program, slot_core: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Names of packets where some get lost: of a slot by its core and its place there, of an input by its entry."""
    t = program.crossbar
    if program.packet_loss is None:
        return dict.fromkeys(("way_key", "input_key"), np.zeros(0, np.int64))
    entry = np.arange(len(t.channel_target))
    return {
        "way_key": keys_of(program.packet_loss, np.arange(t.n_slots) - t.core_ptr[slot_core], t.core[slot_core]),
        "input_key": keys_of(program.packet_loss, entry, np.full(len(entry), program.chip.mesh.n_cores)),
    }


def _has(t: CrossbarTables, r: dict[str, Any], slot_core: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """What each core has, and what its neurons share: [core]."""
    n_cores = len(t.core)
    has = np.zeros(n_cores, np.int32)
    for flag, slots in (
        (layout.DRAWS_WEIGHT, r["stochastic_weights"] > 0),
        (layout.DRAWS_LEAK, r["stochastic_leak"] > 0),
        (layout.REVERSES_LEAK, r["leak_reversal"] > 0),
    ):
        has[np.bincount(slot_core[slots], minlength=n_cores) > 0] |= flag
    for flag, names, unless in (
        (layout.PLAIN, ("leak", "negative_threshold"), layout.DRAWS_LEAK | layout.REVERSES_LEAK),
        (layout.SAME_RULE, RULE, 0),
        (layout.SAME_THRESHOLD, ("threshold",), 0),
        (layout.SAME_WEIGHTS, tuple(f"weight_{g}" for g in range(TYPES)), layout.DRAWS_WEIGHT),
    ):
        alike = np.logical_and.reduce([_alike(r[name], t, slot_core) for name in names])
        has[alike & (has & unless == 0)] |= flag
    return has


def _alike(values: npt.NDArray[Any], t: CrossbarTables, slot_core: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Cores whose neurons have all the same value: [core]."""
    differ = slot_core[values != values[t.core_ptr[:-1]][slot_core]]
    alike: npt.NDArray[np.bool_] = np.bincount(differ, minlength=len(t.core)) == 0
    return alike


def _shared(t: CrossbarTables, r: dict[str, Any]) -> npt.NDArray[np.int32]:
    """Registers of the first neuron of each core: [core, 8]."""
    first, shared = t.core_ptr[:-1], np.zeros((len(t.core), 8), np.int32)
    shared[:, layout.SHARED_LEAK] = r["leak"][first]
    shared[:, layout.SHARED_NEGATIVE] = r["negative_threshold"][first]
    for g in range(TYPES):
        shared[:, layout.SHARED_WEIGHT + g] = r[f"weight_{g}"][first]
    return shared


def _ways(program: Program, slot_core: npt.NDArray[np.int64], axons: int) -> dict[str, Any]:
    """The fields that say where a slot's packet goes; lists of links only where some are disabled."""
    t, mesh = program.crossbar, program.chip.mesh
    sends = t.target >= 0
    target_core = np.where(sends, t.target // t.axons, slot_core)
    x, y = tile_position(t.core, mesh)
    to_x, to_y = x[target_core] - x[slot_core], y[target_core] - y[slot_core]
    over_x = np.abs(x[target_core] // mesh.tiles_x - x[slot_core] // mesh.tiles_x)
    over_y = np.abs(y[target_core] // mesh.tiles_y - y[slot_core] // mesh.tiles_y)
    hops = [np.abs(to_x), np.abs(to_y), over_x, over_y]
    none = np.zeros(0, np.int32)
    links: dict[str, Any] = {"pair": none, "pair_link_ptr": np.zeros(1, np.int64), "pair_link": none, "n_inside": 0}
    if mesh.cut_links:
        routes = route(program)
        pair = routes.axon_pair[routes.axon_pair >= 0]
        of_slot = np.full(t.n_slots, -1, np.int32)
        of_slot[sends] = pair
        columns = (routes.pair_hops_x, routes.pair_hops_y, routes.pair_borders_x, routes.pair_borders_y)
        for column, of_pair in zip(hops, columns, strict=True):
            column[sends] = of_pair[pair]
        links = {
            "pair": of_slot,
            "pair_link_ptr": routes.pair_link_ptr,
            "pair_link": routes.pair_link,
            "n_inside": routes.n_inside,
        }
    crossings = np.stack(hops, axis=1).astype(np.int32)
    if not mesh.cut_links and not crossings[:, 2:].any():
        crossings = np.zeros((0, 4), np.int32)
    axon = t.target // t.axons * axons + t.target % t.axons
    way = np.where(sends, axon << layout.WAY_BITS | t.target_delay, 0)
    way |= (t.role == NEURON).astype(np.int64) << layout.REPORTS_BIT
    if way.max(initial=0) < WIDE_WAY:
        way = way.astype(np.int32)
    return {"way": way, "crossings": crossings, **links}


def _pad(values: npt.NDArray[Any], n_cores: int, axons: int) -> npt.NDArray[Any]:
    """Per-axon values with as many axons in a core as the kernel has."""
    wide = np.zeros((n_cores, axons), values.dtype)
    table = values.reshape(n_cores, -1)
    wide[:, : table.shape[1]] = table
    return wide.ravel()


def _rows(t: CrossbarTables, axons: int, row_words: int) -> npt.NDArray[np.uint64]:
    """Crosspoints as words; the program's own memory where it has whole words."""
    n_cores, wide = len(t.core), row_words * LANES // 8
    if t.axons == axons and t.row_bytes == wide:
        return t.crossbar.view("<u8")
    table = np.zeros((n_cores, axons, wide), np.uint8)
    table[:, : t.axons, : t.row_bytes] = t.crossbar.reshape(n_cores, t.axons, t.row_bytes)
    return table.reshape(-1).view("<u8")
