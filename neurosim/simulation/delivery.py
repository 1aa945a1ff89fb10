"""Delivery: where the spikes of a program of synapse lists go, and what is counted on their way."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips.packing import places
from compiler import Program, Routes, route
from compiler.usage import list_memory_bits
from neurosim.simulation import layout


def delivery(program: Program) -> dict[str, Any]:
    """The fields of a machine that say where a spike goes and what is counted on its way, whatever sends it."""
    t = program.lists
    target, weight = synapses(program)
    routes = route(program)
    axon_counts, source_counts = counts_per_spike(program, routes)
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


def synapses(program: Program) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Target slot and weight, mantissa * 2^exponent, of each synapse."""
    t = program.lists
    list_of = np.repeat(np.arange(len(t.list_core), dtype=np.int32), np.diff(t.list_ptr))
    target = (t.core_ptr[t.list_core].astype(np.uint32)[list_of] + t.synapse_index).astype(np.uint32)
    exponent = np.array([f.exponent for f in program.formats], np.int32)
    if not len(exponent):
        return target, np.zeros(0, np.int32)
    return target, t.synapse_weight.astype(np.int32) << exponent[t.list_format][list_of]


def _places(length: npt.NDArray[np.int64], program: Program) -> npt.NDArray[np.int64]:
    """Places that lists of so many synapses have."""
    table = [places(n, program.chip.lists) for n in range(int(length.max(initial=0)) + 1)]
    return np.array(table, np.int64)[length]


def counts_per_spike(program: Program, routes: Routes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """What one spike adds to the counts: [axon, kind] on the destination core, [source, kind] on its own."""
    t = program.lists
    n_sources, n_cores = len(t.source_ptr) - 1, len(t.core)
    axon_source = np.repeat(np.arange(n_sources), np.diff(routes.axon_ptr))
    list_source = np.repeat(np.arange(n_sources), np.diff(t.source_ptr))
    axon_of_list = np.searchsorted(axon_source * n_cores + routes.axon_core, list_source * n_cores + t.list_core)
    length = _places(np.diff(t.list_ptr), program)
    is_dense = np.array([f.index_bits == 0 for f in program.formats], np.bool_)[t.list_format]
    external = routes.axon_pair < 0
    n_axons = len(routes.axon_core)
    there = np.zeros((n_axons, layout.N_COUNTS), np.int32)
    rows = np.bincount(axon_of_list, minlength=n_axons)  # each row is an event of its own
    packets = rows if program.chip.lists.layout == "row" else np.ones(n_axons, np.int64)
    there[:, layout.PACKETS_IN] = ~external * packets
    there[:, layout.INPUT_PACKETS] = external * packets
    there[:, layout.SYNAPTIC_EVENTS] = np.bincount(axon_of_list, weights=length, minlength=n_axons)
    there[:, layout.SYNAPTIC_EVENTS_DENSE] = np.bincount(axon_of_list, weights=length * is_dense, minlength=n_axons)
    words = -(-list_memory_bits(program) // program.chip.lists.word_bits)
    there[:, layout.SYNAPSE_WORDS] = np.bincount(axon_of_list, weights=words, minlength=n_axons)
    here = np.zeros((n_sources, layout.N_COUNTS), np.int32)
    here[: program.n_neurons, layout.SPIKES] = 1
    pair, sender = routes.axon_pair[~external], axon_source[~external]
    leaves = routes.pair_from[pair] != routes.pair_to[pair]
    for column, values in (
        (layout.PACKETS_OUT, np.ones(len(pair))),
        (layout.PACKETS_BETWEEN_CORES, leaves),
        (layout.HOPS_X, routes.pair_hops_x[pair]),
        (layout.HOPS_Y, routes.pair_hops_y[pair]),
        (layout.BORDERS_X, routes.pair_borders_x[pair]),
        (layout.BORDERS_Y, routes.pair_borders_y[pair]),
    ):
        here[:, column] = np.bincount(sender, weights=values, minlength=n_sources)
    return there, here
