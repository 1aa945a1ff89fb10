"""From a program's tables to what kernel.py needs, without changing what they say."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compiler import Program, Routes, route
from neurosim.simulation import layout
from neurosim.simulation.delivery import counts_per_spike, synapses
from neurosim.simulation.layout import (
    ARRIVING,
    AT_HOME,
    N_HOME,
    PACKED_DELAY_BITS,
    PACKED_TARGET_BITS,
    PACKED_WEIGHT_BITS,
    WIDE_TARGET_BITS,
    Machine,
)
from neurosim.simulation.spikes import fill_rows

RULES = {"wrap_once": layout.WRAP_ONCE, "saturate": layout.SATURATE}


class Layout(NamedTuple):
    """A machine, and the integer types that its state needs."""

    machine: Machine
    n_links: int  # in use
    state: type  # of u and v
    ring: type
    unit: int  # the ring counts in units of 2^unit


def build_machine(program: Program) -> Layout:
    """The kernel's view of `program`, and the integer types that its state needs."""
    t, neuron = program.lists, program.chip.lif
    full, r = 2**neuron.decay_bits, t.registers
    target, weight = synapses(program)
    unit = _unit(weight)
    words, wide_weight = _words(target, weight >> unit, t.synapse_delay)
    worst = int(np.bincount(target, np.abs(weight)).max(initial=0))  # every synapse of a neuron at once
    routes = route(program)
    arriving, home = counts_per_spike(program, routes)
    keep_u = np.maximum(full - (r["du"].astype(np.int64) + neuron.decay_u_offset), 0) << 16 - neuron.decay_bits
    keep_v = full - r["dv"].astype(np.int64) << 16 - neuron.decay_bits
    machine = Machine(
        core_of=np.repeat(np.arange(len(t.core), dtype=np.int32), np.diff(t.core_ptr)),
        update=_updates(program, keep_u, keep_v),
        keep_u=_padded(keep_u),
        keep_v=_padded(keep_v),
        threshold=_padded(r["vth"].astype(np.int64) << neuron.weight_shift),
        bias=_padded(r["bias_mantissa"].astype(np.int32) << r["bias_exponent"]),
        refractory=_padded(r["refractory"]),
        synapse_ptr=t.list_ptr[t.source_ptr],
        synapse=words,
        wide_weight=wide_weight,
        home=_home(home[: program.n_neurons]),
        **_counted(program, routes, arriving),
        is_packed=len(wide_weight) == 0,
        n_links=len(routes.link),
        n_inside=routes.n_inside,
        max_delay=int(t.synapse_delay.max(initial=1)),
        weight_shift=neuron.weight_shift + unit,
        u_limit=2 ** (neuron.u_bits - 1),
        u_rule=RULES[neuron.u_overflow],
        v_limit=2 ** (neuron.v_bits - 1),
        v_rule=RULES[neuron.v_overflow],
    )
    state = _state_type(machine, worst << neuron.weight_shift)
    ring = np.int16 if state is np.int32 and worst >> unit < 2**15 else state
    own = {name: getattr(machine, name).astype(state) for name in ("threshold", "keep_u", "keep_v")}
    return Layout(machine._replace(**own), len(routes.link), state, ring, unit)


def _padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Registers of whole words of slots, the last neuron's again, so that a block of equals stays one."""
    return np.pad(values, (0, layout.padded(len(values)) - len(values)), mode="edge" if len(values) else "constant")


def _updates(program: Program, keep_u: npt.NDArray[Any], keep_v: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """How each block is updated: [block]."""
    rules, r = program.chip.lif, program.lists.registers
    same = _same_in_blocks(keep_u) & _same_in_blocks(keep_v) & _same_in_blocks(r["vth"])
    waits = np.maximum.reduceat(r["refractory"], np.arange(0, len(keep_u), layout.BLOCK)) > 1 if len(keep_u) else same
    usual = (rules.u_overflow, rules.v_overflow) == ("wrap_once", "saturate")
    return np.where(same & ~waits & usual, layout.SAME, layout.EACH).astype(np.uint8)


def _same_in_blocks(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether all neurons of a block have the same: [block]."""
    first = values[:: layout.BLOCK]
    differ = np.flatnonzero(values != np.repeat(first, layout.BLOCK)[: len(values)]) // layout.BLOCK
    same: npt.NDArray[np.bool_] = np.bincount(differ, minlength=len(first)) == 0
    return same


def _unit(weight: npt.NDArray[np.int32]) -> int:
    """The power of two that divides every weight."""
    bits = int(np.bitwise_or.reduce(weight, initial=0))
    return (bits & -bits).bit_length() - 1 if bits else 0


def _words(
    target: npt.NDArray[np.uint32], weight: npt.NDArray[np.int32], delay: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Synapses as words, and their weights apart where these do not go into them: see layout.py."""
    most = 2 ** (PACKED_WEIGHT_BITS - 1)
    narrow = len(weight) == 0 or (-most <= weight.min() and weight.max() < most)
    near = target.max(initial=0) < 2**PACKED_TARGET_BITS and delay.max(initial=0) < 2**PACKED_DELAY_BITS
    if not (narrow and near):
        return target | delay.astype(np.uint32) << np.uint32(WIDE_TARGET_BITS), weight
    byte = weight.astype(np.int8).view(np.uint8).astype(np.uint32)
    low = target | delay.astype(np.uint32) << np.uint32(PACKED_TARGET_BITS)
    return low | byte << np.uint32(PACKED_TARGET_BITS + PACKED_DELAY_BITS), np.zeros(0, np.int32)


def _state_type(machine: Machine, largest: int) -> type:
    """int32 where sums provably fit, else int64.

    `largest` is the largest |weight sum| << shift.  With at most 2 u_limit, one wrap brings u back into its range in
    every step; likewise v, where it wraps, with u + bias at most 2 v_limit.  Then u + v + bias stays below 2^31.
    """
    bias = int(np.abs(machine.bias).max(initial=0))
    room = 2**31 - 1 - 2 * max(machine.u_limit, machine.v_limit) - bias
    safe = largest <= min(2 * machine.u_limit, room) and machine.threshold.max(initial=0) < 2**30
    if machine.v_rule == layout.WRAP_ONCE:
        safe = safe and machine.u_limit + bias <= 2 * machine.v_limit
    return np.int32 if safe else np.int64


def _home(counts: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
    rows = np.zeros((len(counts), N_HOME), np.int32)
    rows[:, : len(AT_HOME)] = counts[:, AT_HOME]
    flat = rows.reshape(-1)
    return flat.astype(np.uint16) if flat.max(initial=0) < 2**16 else flat


def _counted(program: Program, routes: Routes, counts: npt.NDArray[np.int32]) -> dict[str, Any]:
    """What a spike adds where it arrives and on its way, in the smaller of two forms: see layout.py."""
    arriving = counts[:, ARRIVING]
    arriving[:, 0] += counts[:, layout.INPUT_PACKETS]
    occur = np.append(True, arriving[:, 1:].any(axis=0))
    arriving, kinds = arriving[:, occur], np.array(ARRIVING, np.int64)[occur]
    n_sources = len(routes.axon_ptr) - 1
    width = layout.padded(len(kinds) * program.n_cores + len(routes.link))
    row_type: type = np.uint8 if arriving.max(initial=0) < 2**8 else np.uint16
    in_rows = n_sources * width * np.dtype(row_type).itemsize
    in_axons = sum(a.nbytes for a in (arriving, routes.axon_core, routes.axon_pair, routes.pair_link))
    if arriving.max(initial=0) < 2**16 and rows_are_chosen(width, in_rows, in_axons):
        none = {"axon_ptr": _NONE.astype(np.int64), "axon_core": _NONE, "axon_counts": _NONE[:, None]}
        none |= {"axon_pair": _NONE, "pair_link_ptr": _NONE.astype(np.int64), "pair_link": _NONE}
        rows = _rows(routes, arriving, width, program.n_cores, row_type)
        return {"kinds": kinds, "rows": rows, "row_width": width, **none}
    return {
        "kinds": kinds,
        "rows": np.zeros(0, np.uint8),
        "row_width": 0,
        "axon_ptr": routes.axon_ptr,
        "axon_core": routes.axon_core,
        "axon_counts": np.ascontiguousarray(arriving),
        "axon_pair": routes.axon_pair,
        "pair_link_ptr": routes.pair_link_ptr,
        "pair_link": routes.pair_link,
    }


_NONE = np.zeros(0, np.int32)


def rows_are_chosen(width: int, in_rows: int, in_axons: int) -> bool:
    """Whether rows take no more bytes than axons, or a row is short enough to be read at once."""
    return width <= layout.WORD or in_rows <= in_axons


def _rows(
    routes: Routes, arriving: npt.NDArray[np.int32], width: int, n_cores: int, row_type: type
) -> npt.NDArray[Any]:
    """[(source + 1) * width]: counts of all cores by kind, then loads of links; zeros at the end.

    A link is crossed by at most as many packets of a spike as there are cores, and those are fewer than 256 where rows
    are chosen.
    """
    rows: npt.NDArray[Any] = np.zeros((len(routes.axon_ptr), width), row_type)
    fill_rows(
        rows, n_cores, routes.axon_ptr, routes.axon_core, arriving,
        routes.axon_pair, routes.pair_link_ptr, routes.pair_link,
    )  # fmt: skip
    return rows.reshape(-1)
