"""From a program's tables to what kernel.py needs, without changing what they say."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compiler import Program, route
from neurosim.simulation import layout
from neurosim.simulation.aligned import aligned, aligned_copy
from neurosim.simulation.layout import Machine
from neurosim.simulation.spike_counts import caused_by_spikes
from neurosim.simulation.synapse_words import synapses, unit_of, words_of

RULES = {"wrap_once": layout.WRAP_ONCE, "saturate": layout.SATURATE}


class Layout(NamedTuple):
    """A machine, and the integer types that its state needs."""

    machine: Machine
    state: type  # of u and v
    ring: type
    unit: int  # the ring counts in units of 2^unit


def build_machine(program: Program) -> Layout:
    """The kernel's view of `program`, and the integer types that its state needs."""
    t, neuron = program.lists, program.chip.lif
    full, r = 2**neuron.decay_bits, t.registers
    target, weight = synapses(program)
    unit = unit_of(weight)
    words, wide_weight = words_of(target, weight >> unit, t.synapse_delay)
    worst = int(np.bincount(target, np.abs(weight)).max(initial=0))  # every synapse of a neuron at once
    routes = route(program)
    keep_u = np.maximum(full - (r["du"].astype(np.int64) + neuron.decay_u_offset), 0) << 16 - neuron.decay_bits
    keep_v = full - r["dv"].astype(np.int64) << 16 - neuron.decay_bits
    machine = Machine(
        update=_updates(program, keep_u, keep_v),
        keep_u=_padded(keep_u),
        keep_v=_padded(keep_v),
        threshold=_padded(r["vth"].astype(np.int64) << neuron.weight_shift),
        bias=_padded(r["bias_mantissa"].astype(np.int32) << r["bias_exponent"]),
        refractory=_padded(r["refractory"]),
        synapse_ptr=t.list_ptr[t.source_ptr],
        synapse=words,
        wide_weight=wide_weight,
        n=program.n_neurons,
        caused=caused_by_spikes(program, routes),
        is_packed=len(wide_weight) == 0,
        max_delay=int(t.synapse_delay.max(initial=1)),
        weight_shift=neuron.weight_shift + unit,
        u_limit=2 ** (neuron.u_bits - 1),
        u_rule=RULES[neuron.u_overflow],
        v_limit=2 ** (neuron.v_bits - 1),
        v_rule=RULES[neuron.v_overflow],
    )
    state = _state_type(machine, worst << neuron.weight_shift)
    ring = np.int16 if state is np.int32 and worst >> unit < 2**15 else state
    own: dict[str, Any] = {
        name: aligned_copy(getattr(machine, name).astype(state)) for name in ("threshold", "keep_u", "keep_v")
    }
    return Layout(machine._replace(**own), state, ring, unit)


def _padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Registers of whole words of slots, the last neuron's again, so that a block of equals stays one."""
    n, wide = len(values), layout.padded(len(values))
    made = aligned(wide, values.dtype)
    made[:n] = values
    made[n:] = values[-1:] if n else 0
    return made


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
