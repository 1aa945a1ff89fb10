"""The part of a report on energy: by event, and by core."""

import numpy as np

from chips import ChipProfile
from neurosim.pricing import EVENTS, energy
from neurosim.provenance import in_words, rests_on
from neurosim.reporting.page import Cell, Column, Figure, Section, Table, number
from neurosim.result import RunResult
from neurosim.units import si

MOST_BARS, MOST_ROWS = 96, 1000  # cores


def source_of(chip: ChipProfile, key: str) -> tuple[Cell, Cell]:
    """How a number of a profile was reached, and where it stands."""
    source = chip.sources.get(key)
    return (Cell(source.kind), Cell(source.source)) if source else (Cell("assumed"), Cell("no source"))


def energy_section(result: RunResult, chip: ChipProfile) -> Section:
    """Dynamic energy by event and core, and static energy where the run has a time."""
    spent = energy(result.counts, chip)
    rows = [
        [
            Cell(event.replace("_", " ")),
            number(pj * 1e-12, si(pj * 1e-12, "J")),
            number(share := pj / (spent.dynamic_pj or 1.0), f"{100 * share:.1f} %"),
            *source_of(chip, f"energy.{event}_pj"),
        ]
        for event, pj in spent.by_event.items()
        if event != "border" or chip.energy.border_pj is not None
    ]
    if spent.static_pj is not None:
        static = number(spent.static_pj * 1e-12, si(spent.static_pj * 1e-12, "J"))
        rows.append([Cell("static, apart"), static, Cell(""), *source_of(chip, "power.static_mw")])
    columns = [
        Column("energy of"),
        Column("energy", "modelled", is_number=True),
        Column("share", "of dynamic energy", is_number=True),
        Column("kind"),
        Column("source"),
    ]
    by_event = Table(
        "Energy by event: the number counted times the price, whose kind and source stand beside it", columns, rows
    )
    note = f"Modelled; prices: {in_words(rests_on(chip)['energy'])}."
    return Section(
        "energy", "Energy", [by_event, _bars(result, spent.core_pj, note), _cores(result, spent.core_pj, note)]
    )


def _bars(result: RunResult, core_pj: np.ndarray, note: str) -> Figure:
    total = core_pj.sum(axis=1)
    order = np.sort(np.argsort(-total, kind="stable")[:MOST_BARS])
    scale = 1e-12
    series = [
        {"name": event.replace("_", " "), "values": (core_pj[order, i] * scale).tolist()}
        for i, event in enumerate(EVENTS)
        if core_pj[order, i].any()
    ]
    if len(order) < len(total):
        note += f" The {len(order)} cores of {len(total):,} that take most; the table has more."
    data = {
        "names": [str(core) for core in result.counts.core[order].tolist()],
        "series": series,
        "x": {"label": "core, by its number on the mesh"},
        "y": {"label": "dynamic energy", "unit": "J"},
    }
    return Figure("bars", "Dynamic energy of each core, by event", data, note, "Stacked bars, one for each core")


def _cores(result: RunResult, core_pj: np.ndarray, note: str) -> Table:
    counts, total = result.counts, core_pj.sum(axis=1)
    order = np.argsort(-total, kind="stable")[:MOST_ROWS]
    kinds = ("spikes", "synaptic_events", "packets_out", "packets_in", "input_packets")
    sums = {kind: counts.of(kind).sum(axis=0) for kind in kinds}
    columns = [
        Column("core", is_number=True),
        Column("neurons", "counted", is_number=True),
        *(Column(kind.replace("_", " "), "counted", is_number=True) for kind in kinds),
        Column("dynamic energy", "modelled", is_number=True),
    ]
    rows = [
        [
            number(int(counts.core[i])),
            number(int(counts.neurons[i])),
            *(number(int(sums[kind][i])) for kind in kinds),
            number(float(total[i]) * 1e-12, si(float(total[i]) * 1e-12, "J")),
        ]
        for i in order
    ]
    return Table(f"Cores, those that take most energy first. {note}", columns, rows, len(total) - len(order))
