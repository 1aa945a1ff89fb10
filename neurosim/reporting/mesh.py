"""The part of a report on the mesh: how full each core is, what it takes, and what each link carries."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips import ChipProfile
from compiler import Program, route, usage
from compiler.board import tile_position
from neurosim.explaining.links import link_ends
from neurosim.pricing import energy
from neurosim.reporting.page import Figure, Section
from neurosim.result import RunResult

Ints = npt.NDArray[np.int64]
MOST_LINKS = 6000  # drawn, the fullest


def mesh_section(result: RunResult, fired: Ints, program: Program | None, chip: ChipProfile) -> Section:
    """A map of the cores in use; with fill and links where the program is given.  `fired`: spikes of each neuron."""
    counts, mesh = result.counts, chip.mesh
    x, y = tile_position(counts.core, mesh)
    side = int(np.ceil(np.sqrt(mesh.cores_per_tile)))
    column, row = np.divmod(counts.core % mesh.cores_per_tile, side)
    data: dict[str, Any] = {
        "side": side,
        "cores": np.stack([x, y, column, row, counts.core], axis=1).tolist(),
        "values": [
            {
                "name": "dynamic energy",
                "unit": "J",
                "values": (energy(counts, chip).core_pj.sum(axis=1) * 1e-12).tolist(),
            },
            {"name": "spikes", "unit": "", "values": counts.of("spikes").sum(axis=0).tolist()},
            {"name": "neurons", "unit": "", "values": counts.neurons.tolist()},
        ],
        "chip": [mesh.tiles_x, mesh.tiles_y],
        "links": [],
        "link_label": "",
    }
    note = "Squares are the cores in use; spikes and neurons are counted, energy is modelled."
    if program is None:
        note += " Fill and links need the program: give it with --program."
        tiles = np.stack([x, y], axis=1).astype(np.int64)
    else:
        use = usage(program)
        data["values"].insert(0, {"name": "fill", "unit": "%", "values": _fill(use).tolist()})
        load, ends, is_border, said = run_load(fired, program)
        order = np.argsort(-load, kind="stable")[:MOST_LINKS]
        shown = order[::-1]  # the fullest are drawn last, on top
        data["links"] = np.column_stack([ends, load, is_border])[shown].tolist()
        data["link_label"] = said
        note += f" Fill is the share of the limit that binds. Arrows are links in use: {said} (counted)."
        if len(order) < len(load):
            note += f" The {len(order):,} fullest of {len(load):,} links are drawn."
        tiles = np.concatenate([np.stack([x, y], axis=1), ends[:, :2], ends[:, 2:]]).astype(np.int64)
    low, high = tiles.min(axis=0), tiles.max(axis=0)
    data["shown"] = [int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1]
    title = f"The mesh of {chip.name}, tiles {low[0]}-{high[0]} by {low[1]}-{high[1]}"
    return Section(
        "mesh", "Mesh", [Figure("mesh", title, data, note, "Map of the cores in use and the links between them")]
    )


def run_load(spikes_of: Ints, program: Program) -> tuple[Ints, Ints, Ints, str]:
    """Packets over each link in use, the tiles at its ends, whether it is a border, and what the packets are.

    Of this run, where each packet takes the way of its pair of cores; else (multicast, crossbars, whose relays send
    packets that no spike of the network shows) those of each neuron firing once.  `spikes_of`: [neuron].
    """
    routes = route(program)
    load, ends, is_border = link_ends(program, routes)
    border = is_border.astype(np.int64)
    if program.is_crossbar or routes.trees is not None:
        return load, ends, border, "packets when every neuron fires once"
    fired = spikes_of[program.tables.neuron_of]
    axons = np.diff(routes.axon_ptr)
    spikes = np.zeros(len(axons), np.int64)
    spikes[: len(fired)] = fired
    inside = routes.axon_pair >= 0
    packets = np.bincount(
        routes.axon_pair[inside], weights=np.repeat(spikes, axons)[inside], minlength=len(routes.pair_from)
    )
    along = np.repeat(packets, np.diff(routes.pair_link_ptr))
    ran = np.bincount(routes.pair_link, weights=along, minlength=len(routes.link)).astype(np.int64)
    return ran, ends, border, "packets of this run"


def _fill(use: Any) -> npt.NDArray[np.float64]:
    """Share of the limit that binds, in percent: [used core]; 100 where nothing is limited."""
    shares = [use.used[name] / limit for name, limit in use.limit.items() if limit is not None]
    fill: npt.NDArray[np.float64] = 100.0 * np.max(shares, axis=0) if shares else np.full(len(use.core), 100.0)
    return fill
