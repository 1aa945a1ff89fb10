"""Check: verify a crossbar program against its chip.  Shares no code with the passes; see ../check.py."""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import NetworkError, ProgramError
from chips.profile import ChipProfile
from compiler.check import check_board, require, within
from compiler.crossbar.native import CrossbarNetwork
from compiler.crossbar.tables import NEURON, ROLES, CrossbarTables
from compiler.lowering.registers import REGISTERS
from compiler.program import Program, program_digest

MAX_CHANNELS = 2**24  # of a native network


def check_native(native: CrossbarNetwork, chip: ChipProfile) -> None:
    """Verify that a native description fits together and on the chip.

    Raises:
        NetworkError: naming the array and the limit.
    """
    _demand(native.axon_type.ndim == 2, "axon_type needs a shape of [core, axon]")
    _demand(native.input_channel.ndim == 1, "input_channel needs a shape of [entry]")
    is_count = isinstance(native.channels, int) and 0 <= native.channels <= MAX_CHANNELS
    _demand(is_count, f"channels is {native.channels!r}, but needs a whole number from 0 to {MAX_CHANNELS:,}")
    n_cores, n_axons = native.axon_type.shape
    n = native.target_core.shape[1] if native.target_core.ndim == 2 else 0
    shapes = {
        "crossbar": (native.crossbar.shape[:2], (n_cores, n_axons)),
        **{name: (getattr(native, name).shape, (n_cores, n)) for name in ("target_axon", "target_delay")},
        **{name: (values.shape, (n_cores, n)) for name, values in native.registers.items()},
        **{
            name: (getattr(native, name).shape, native.input_channel.shape)
            for name in ("input_core", "input_axon", "input_delay")
        },
    }
    for name, (found, wanted) in shapes.items():
        _demand(found == wanted, f"{name} has shape {found}, but {wanted} is needed")
    _demand(native.crossbar.ndim == 3 and n <= native.crossbar.shape[2] * 8, "crossbar has too few bits in a row")
    _demand(n_cores >= 1 and n >= 1 and n_axons >= 1, "there is no core, no axon or no neuron")
    is_step = isinstance(native.dt_ms, int | float) and 0 < native.dt_ms <= sys.float_info.max
    _demand(is_step, "dt_ms must be a positive number")
    for name, size, key in (("neurons", n, "core.neurons"), ("axons", n_axons, "core.input_axons")):
        limit = chip.core.neurons if name == "neurons" else chip.core.input_axons
        _demand(
            limit is None or size <= limit, f"a core has {size:,} {name}, but {chip.name} holds at most {limit} ({key})"
        )
    _demand(
        n_cores <= chip.mesh.n_cores,
        f"the network has {n_cores:,} cores, but {chip.name} has {chip.mesh.n_cores:,} (mesh.tiles_x x mesh.tiles_y)",
    )
    indices: dict[str, tuple[npt.NDArray[Any], int, int]] = {
        "target_core": (native.target_core, -1, n_cores - 1),
        "target_axon": (native.target_axon, 0, n_axons - 1),
        "target_delay": (native.target_delay, 1, chip.core.delay_steps_max),
        "input_channel": (native.input_channel, 0, native.channels - 1),
        "input_core": (native.input_core, 0, n_cores - 1),
        "input_axon": (native.input_axon, 0, n_axons - 1),
        "input_delay": (native.input_delay, 0, chip.core.delay_steps_max),
    }
    for name, (values, low, high) in indices.items():
        wrong = (values < low) | (values > high)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise NetworkError(f"{name}{list(at)} is {values[at]}, but must be from {low} to {high}")
    _demand(bool((np.diff(native.input_channel) >= 0).all()), "input_channel must ascend")


def check_crossbar(program: Program) -> None:
    """Verify structure, limits and digest of a crossbar program.

    Raises:
        ProgramError: naming the table, the entry and the limit.
    """
    _check_shapes(program)
    _check_indices(program)
    _check_registers(program)
    _check_capacity(program)
    check_board(program)
    require(
        program.digest == program_digest(program),
        "the tables differ from what was compiled (digest mismatch): an entry was changed; compile again",
    )


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise NetworkError(f"crossbar network: {message}")


def _check_shapes(program: Program) -> None:
    t = program.crossbar
    if program.chip.crossbar is None:
        raise ProgramError(f"the program has crossbar cores, which {program.chip.name} has not (section crossbar)")
    n_cores, n_slots, n_axons = len(t.core), len(t.role), program.chip.core.input_axons or 0
    require(n_cores >= 1 and n_slots >= 1, "the program has no neurons")
    require(len(t.axon_type) % n_cores == 0 and 1 <= t.axons <= n_axons, "table axon_type has a wrong length")
    require(len(t.crossbar) % len(t.axon_type) == 0, "table crossbar has a wrong length")
    require(len(t.axon_key) == len(t.axon_type), "table axon_key has a wrong length")
    for name in ("neuron_of", "target", "target_delay", *t.registers):
        values = t.registers[name] if name in t.registers else getattr(t, name)
        require(len(values) == n_slots, f"table {name} has a wrong length")
    require(set(t.registers) == set(REGISTERS["truenorth"]), "the registers are not those of the neuron")
    for name, pointer, n, end in (
        ("core_ptr", t.core_ptr, n_cores, n_slots),
        ("channel_ptr", t.channel_ptr, None, len(t.channel_target)),
    ):
        require(len(pointer) >= 1 and (n is None or len(pointer) == n + 1), f"table {name} has a wrong length")
        spans = pointer[0] == 0 and pointer[-1] == end and pointer.min() >= 0 and pointer.max() <= end
        require(spans, f"table {name} does not span its entries")
        require((np.diff(pointer) >= 0).all(), f"table {name} runs backwards")
    require(len(t.channel_delay) == len(t.channel_target), "table channel_delay has a wrong length")
    require((np.diff(t.core_ptr) <= t.row_bytes * 8).all(), "a core has more neurons than a row has bits")
    _check_spans(program)


def _check_spans(program: Program) -> None:
    at, inputs_begun = 0, False
    for span in program.spans:
        inputs_begun = inputs_begun or span.kind == "input"
        is_kind = span.kind == "input" or (span.kind in ("lif", "truenorth") and not inputs_begun)
        require(span.start == at and span.n >= 1 and is_kind, f"population {span.name!r} is out of place")
        at += span.n
    n_channels = sum(span.n for span in program.spans if span.kind == "input")
    require(len(program.crossbar.channel_ptr) - 1 == n_channels, "table channel_ptr is not one of the inputs")
    own = np.sort(program.crossbar.neuron_of[program.crossbar.role == NEURON])
    is_all = len(own) == at - n_channels and np.array_equal(own, np.arange(len(own)))
    require(is_all, "table neuron_of does not name every neuron once")
    require(np.isfinite(program.dt_ms) and program.dt_ms > 0, "dt_ms is not a length of a step")


def _check_indices(program: Program) -> None:
    t, chip = program.crossbar, program.chip
    n_axons = len(t.axon_type)
    within(t.role, 0, len(ROLES) - 1, "role", "the program")
    require((np.diff(t.core.astype(np.int64)) > 0).all(), "table core does not ascend")
    within(t.core, 0, chip.mesh.n_cores - 1, "core", f"{chip.name} (mesh)")
    helpers = t.role > 1
    require(
        (t.neuron_of[helpers] == -1).all() and (t.neuron_of[~helpers] >= 0).all(), "table neuron_of contradicts role"
    )
    n = int((t.role == NEURON).sum())
    require((t.neuron_of < n).all(), "table neuron_of names no neuron")
    within(t.axon_type, 0, chip.bars.axon_types - 1, "axon_type", f"{chip.name} (crossbar.axon_types)")
    within(t.target, -1, n_axons - 1, "target", "the program")
    within(t.target_delay, 1, chip.core.delay_steps_max, "target_delay", f"{chip.name} (core.delay_steps_max)")
    within(t.channel_target, 0, n_axons - 1, "channel_target", "the program")
    within(t.channel_delay, 0, chip.core.delay_steps_max, "channel_delay", f"{chip.name} (core.delay_steps_max)")
    _check_rows(t)
    reach = chip.mesh.reach_tiles
    if reach is not None:
        sends = np.flatnonzero(t.target >= 0)
        tile = t.core // chip.mesh.cores_per_tile
        start, end = tile[t.slot_core()[sends]], tile[t.target[sends] // t.axons]
        height = chip.mesh.height
        far = np.maximum(abs(start // height - end // height), abs(start % height - end % height))
        require((far <= reach).all(), f"a packet goes further than {reach} tiles (mesh.reach_tiles)")


def _check_rows(t: CrossbarTables) -> None:
    """No crosspoint beyond the neurons of a core."""
    sizes = np.diff(t.core_ptr)
    rows = t.crossbar.reshape(len(t.core), t.axons, t.row_bytes)
    for size in np.unique(sizes):
        spare = np.ones(t.row_bytes * 8, np.bool_)
        spare[:size] = False
        mask = np.packbits(spare, bitorder="little")
        if mask.any():
            require(not (rows[sizes == size] & mask).any(), "a crosspoint names no neuron of its core")


def _check_registers(program: Program) -> None:
    r, bars, name = program.crossbar.registers, program.chip.bars, program.chip.name
    weight, leak = 1 << (bars.weight_bits - 1), 1 << (bars.leak_bits - 1)
    potential, threshold = 1 << (bars.potential_bits - 1), (1 << bars.threshold_bits) - 1
    limits = {
        **{f"weight_{g}": (-weight, weight - 1, "crossbar.weight_bits") for g in range(4)},
        "stochastic_weights": (0, (1 << bars.axon_types) - 1, "crossbar.axon_types"),
        "leak": (-leak, leak - 1, "crossbar.leak_bits"),
        "threshold": (0, threshold, "crossbar.threshold_bits"),
        "negative_threshold": (0, threshold, "crossbar.threshold_bits"),
        "threshold_mask": (0, (1 << bars.random_bits) - 1, "crossbar.random_bits"),
        "reset_mode": (0, 2, "crossbar"),
        "reset_potential": (1 - potential, potential - 1, "crossbar.potential_bits"),
        "potential": (-potential, potential - 1, "crossbar.potential_bits"),
        **dict.fromkeys(("leak_reversal", "stochastic_leak", "negative_saturates"), (0, 1, "crossbar")),
    }
    for register, (low, high, key) in limits.items():
        within(r[register], low, high, register, f"{name} ({key})")


def _check_capacity(program: Program) -> None:
    limit, sizes = program.chip.core.neurons, np.diff(program.crossbar.core_ptr)
    if limit is not None and sizes.max() > limit:
        i = int(sizes.argmax())
        raise ProgramError(
            f"core {program.crossbar.core[i]} holds {sizes[i]:,} neurons, but {program.chip.name} allows {limit:,} "
            "(core.neurons)"
        )
