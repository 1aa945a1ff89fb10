"""How full a compiled crossbar chip is; see ../usage.py."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from chips.profile import Packets
from compiler.board import chip_of, tile_position
from compiler.crossbar.tables import NEURON, row_synapses
from compiler.partitioning.bounds import RESOURCES, lower_bounds
from compiler.program import Program
from compiler.route import Routes, route
from compiler.usage import Usage

Ints = npt.NDArray[np.int64]
T = TypeVar("T")


def crossbar_usage(program: Program) -> Usage:
    """Measure a crossbar program's use of its chip; synapse memory is the crosspoints that are set."""
    t, chip = program.crossbar, program.chip
    n_cores, slot_core = len(t.core), t.slot_core()
    sends = np.flatnonzero(t.target >= 0)
    start, end = slot_core[sends], t.target[sends] // t.axons
    mesh = chip.mesh
    x, y = tile_position(t.core, mesh)
    hops = np.abs(x[start] - x[end]) + np.abs(y[start] - y[end])
    borders = np.abs(x[start] // mesh.tiles_x - x[end] // mesh.tiles_x)
    borders = borders + np.abs(y[start] // mesh.tiles_y - y[end] // mesh.tiles_y)
    detours, routes = 0, route(program) if mesh.cut_links else None
    if routes:
        pair = routes.axon_pair[routes.axon_pair >= 0]
        hops = (routes.pair_hops_x + routes.pair_hops_y)[pair]
        borders = (routes.pair_borders_x + routes.pair_borders_y)[pair]
        detours = int(routes.pair_detours.sum())
    on_chip = chip_of(t.core, mesh)
    inside, border = _loads(program, routes, start, end)
    used_axon = (t.axon_key >= 0) & ((row_synapses(t) > 0) | np.isin(np.arange(len(t.axon_key)), t.target[sends]))
    synapses = row_synapses(t).reshape(n_cores, -1).sum(axis=1)
    used = {
        "neurons": np.diff(t.core_ptr),
        "input_axons": used_axon.reshape(n_cores, -1).sum(axis=1),
        "output_axons": np.bincount(start, minlength=n_cores),
        "synapse_memory_bits": synapses,
    }
    n = t.n_neurons
    senders = int(((t.role == NEURON) & (t.target >= 0)).sum())
    channels = int((np.diff(t.channel_ptr) > 0).sum())
    return Usage(
        core=t.core,
        used={key: values.astype(np.int64) for key, values in used.items()},
        limit={key: getattr(chip.core, key) for key in RESOURCES},
        lower_bound=lower_bounds(chip, n, senders + channels, senders, 0),
        packets_per_spike=len(sends) / n,
        packets_between_cores_per_spike=float((start != end).sum()) / n,
        packets_between_chips_per_spike=float((on_chip[start] != on_chip[end]).sum()) / n,
        hops_per_spike=float(hops.sum()) / n,
        hops_between_chips_per_spike=float(borders.sum()) / n,
        busiest_link_packets=inside,
        busiest_border_packets=border,
        hops_per_spike_by_packets=_both(float(hops.sum()) / n),
        busiest_link_by_packets=_both(inside),
        busiest_border_by_packets=_both(border),
        chips_used=len(np.unique(on_chip)),
        pairs_of_cores=len(np.unique((start * n_cores + end)[start != end])),
        pairs_around_disabled_links=detours,
    )


def _both(value: T) -> dict[Packets, T]:
    """A slot has one destination, so its packet is never copied."""
    return {"unicast": value, "multicast": value}


def _loads(program: Program, routes: Routes | None, start: Ints, end: Ints) -> tuple[int, int]:
    """Packets over the busiest link inside chips and over the busiest border, when each slot sends once.

    Plain ways are runs, east-west first: sums of their ends, so that a million of them take no lists of links.
    """
    mesh = program.chip.mesh
    if routes:
        load = routes.link_load
        return int(load[: routes.n_inside].max(initial=0)), int(load[routes.n_inside :].max(initial=0))
    x, y = (position.astype(np.int64) for position in tile_position(program.crossbar.core, mesh))
    inside = border = 0
    for sign in (1, -1):
        right, up = sign * (x[end] - x[start]) > 0, sign * (y[end] - y[start]) > 0
        across = np.zeros((mesh.width + 1, mesh.height), np.int64)  # the link from tile x to x + 1
        along = np.zeros((mesh.height + 1, mesh.width), np.int64)
        for ends, step in ((np.minimum, 1), (np.maximum, -1)):
            np.add.at(across, (ends(x[start], x[end])[right], y[start][right]), step)
            np.add.at(along, (ends(y[start], y[end])[up], x[end][up]), step)
        for load, size, other in ((across, mesh.tiles_x, mesh.tiles_y), (along, mesh.tiles_y, mesh.tiles_x)):
            load = load.cumsum(axis=0)[:-1]
            is_border = (np.arange(len(load)) + 1) % size == 0
            edges = load[is_border]
            if mesh.border == "merged":
                edges = edges.reshape(len(edges), -1, other).sum(axis=2)
            inside, border = max(inside, int(load[~is_border].max(initial=0))), max(border, int(edges.max(initial=0)))
    return inside, border
