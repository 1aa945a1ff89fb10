"""From a program's tables to what the kernel needs, without changing what they say."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips.packing import places
from compiler import Program, Routes, route
from compiler.usage import list_memory_bits
from neurosim import kernel, odin_kernel
from neurosim.kernel import Machine

RULES = {"wrap_once": kernel.WRAP_ONCE, "saturate": kernel.SATURATE}


def build_machine(program: Program) -> tuple[Machine, type]:
    """The kernel's view of `program`, and the integer type that its state needs."""
    t, chip = program.lists, program.chip
    neuron = chip.lif
    full = 2**neuron.decay_bits
    r = t.registers
    machine = Machine(
        **delivery(program),
        decay_u=np.maximum(full - (r["du"].astype(np.float64) + neuron.decay_u_offset), 0) / full,
        decay_v=(full - r["dv"].astype(np.float64)) / full,
        threshold=r["vth"].astype(np.int64) << neuron.weight_shift,
        bias=r["bias_mantissa"].astype(np.int32) << r["bias_exponent"],
        refractory=r["refractory"],
        weight_shift=neuron.weight_shift,
        u_limit=2 ** (neuron.u_bits - 1),
        u_rule=RULES[neuron.u_overflow],
        v_limit=2 ** (neuron.v_bits - 1),
        v_rule=RULES[neuron.v_overflow],
        has_refractory=bool((r["refractory"] > 1).any()),
    )
    state = _state_type(machine)
    return machine._replace(threshold=machine.threshold.astype(state)), state


def delivery(program: Program) -> dict[str, Any]:
    """The fields of a machine that say where a spike goes and what is counted on its way, whatever sends it."""
    t = program.lists
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    exponent = np.array([f.exponent for f in program.formats], np.int32)
    target = (t.core_ptr[t.list_core[list_of]] + t.synapse_index).astype(np.uint32)
    weight = t.synapse_weight.astype(np.int32) << exponent[t.list_format[list_of]] if len(list_of) else _NONE
    routes = route(program)
    axon_counts, source_counts = _counts_per_spike(program, routes)
    return {
        "core_of": np.repeat(np.arange(len(t.core), dtype=np.int32), np.diff(t.core_ptr)),
        "synapse_ptr": t.list_ptr[t.source_ptr],
        "target": target,
        "weight": weight,
        "delay": t.synapse_delay,
        "source_counts": source_counts,
        "axon_ptr": routes.axon_ptr,
        "axon_core": routes.axon_core,
        "axon_counts": axon_counts,
        "axon_pair": routes.axon_pair,
        "pair_link_ptr": routes.pair_link_ptr,
        "pair_link": routes.pair_link,
        "n_inside": routes.n_inside,
        "max_delay": int(t.synapse_delay.max(initial=1)),
    }


_NONE = np.zeros(0, np.int32)


def build_linear_machine(program: Program) -> odin_kernel.Machine:
    """The view of odin_kernel.py of a program of linear_lif neurons."""
    t = program.lists
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    routes = route(program)
    axon_counts, source_counts = _counts_per_spike(program, routes)
    return odin_kernel.Machine(
        order=program.slot_of,
        core_of=np.repeat(np.arange(len(t.core), dtype=np.int32), np.diff(t.core_ptr)),
        threshold=t.registers["threshold"].astype(np.int32),
        leak=t.registers["leak"].astype(np.int32),
        synapse_ptr=t.list_ptr[t.source_ptr],
        target=t.core_ptr[t.list_core[list_of]] + t.synapse_index,
        weight=t.synapse_weight.astype(np.int32),
        source_counts=source_counts,
        axon_ptr=routes.axon_ptr,
        axon_core=routes.axon_core,
        axon_counts=axon_counts,
        axon_pair=routes.axon_pair,
        pair_link_ptr=routes.pair_link_ptr,
        pair_link=routes.pair_link,
        n_inside=routes.n_inside,
        v_max=2**program.chip.linear.v_bits - 1,
        max_delay=1,
    )


def _state_type(machine: Machine) -> type:
    """int32 where sums provably fit, else int64.

    With |weight sums| << shift at most 2 u_limit, one wrap brings u back into its range in every step;
    likewise v, where it wraps, with u + bias at most 2 v_limit.  Then u + v + bias stays below 2^31.
    """
    worst = np.zeros(len(machine.core_of), np.int64)
    np.add.at(worst, machine.target, np.abs(machine.weight))
    largest = int(worst.max(initial=0)) << machine.weight_shift
    bias = int(np.abs(machine.bias).max(initial=0))
    room = 2**31 - 1 - 2 * max(machine.u_limit, machine.v_limit) - bias
    safe = largest <= min(2 * machine.u_limit, room) and machine.threshold.max(initial=0) < 2**30
    if machine.v_rule == kernel.WRAP_ONCE:
        safe = safe and machine.u_limit + bias <= 2 * machine.v_limit
    return np.int32 if safe else np.int64


def _counts_per_spike(program: Program, routes: Routes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """What one spike adds to the counts: [axon, kind] on the destination core, [source, kind] on its own."""
    t = program.lists
    n_sources, n_cores = len(t.source_ptr) - 1, len(t.core)
    axon_source = np.repeat(np.arange(n_sources), np.diff(routes.axon_ptr))
    list_source = np.repeat(np.arange(n_sources), np.diff(t.source_ptr))
    axon_of_list = np.searchsorted(axon_source * n_cores + routes.axon_core, list_source * n_cores + t.list_core)
    length = np.array([places(int(n), program.chip.lists) for n in np.diff(t.list_ptr)], np.int64)
    is_dense = np.array([f.index_bits == 0 for f in program.formats], np.bool_)[t.list_format]
    external = routes.axon_pair < 0
    n_axons = len(routes.axon_core)
    there = np.zeros((n_axons, kernel.N_COUNTS), np.int32)
    rows = np.bincount(axon_of_list, minlength=n_axons)  # each row is an event of its own
    packets = rows if program.chip.lists.layout == "row" else np.ones(n_axons, np.int64)
    there[:, kernel.PACKETS_IN] = ~external * packets
    there[:, kernel.INPUT_PACKETS] = external * packets
    there[:, kernel.SYNAPTIC_EVENTS] = np.bincount(axon_of_list, weights=length, minlength=n_axons)
    there[:, kernel.SYNAPTIC_EVENTS_DENSE] = np.bincount(axon_of_list, weights=length * is_dense, minlength=n_axons)
    words = -(-list_memory_bits(program) // program.chip.lists.word_bits)
    there[:, kernel.SYNAPSE_WORDS] = np.bincount(axon_of_list, weights=words, minlength=n_axons)
    here = np.zeros((n_sources, kernel.N_COUNTS), np.int32)
    here[: program.n_neurons, kernel.SPIKES] = 1
    pair, sender = routes.axon_pair[~external], axon_source[~external]
    leaves = routes.pair_from[pair] != routes.pair_to[pair]
    for column, values in (
        (kernel.PACKETS_OUT, np.ones(len(pair))),
        (kernel.PACKETS_BETWEEN_CORES, leaves),
        (kernel.HOPS_X, routes.pair_hops_x[pair]),
        (kernel.HOPS_Y, routes.pair_hops_y[pair]),
        (kernel.BORDERS_X, routes.pair_borders_x[pair]),
        (kernel.BORDERS_Y, routes.pair_borders_y[pair]),
    ):
        here[:, column] = np.bincount(sender, weights=values, minlength=n_sources)
    return there, here
