"""Parts that the pages of a comparison and a study share: a chart, a table and energies of all rows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from neurosim.provenance import in_words
from neurosim.reporting.page import SETTING, Cell, Column, Figure, Section, Table, number
from neurosim.reporting.rows import MAIN, OBJECTIVES, Row, measured, shown

MOST_ROWS, MOST_BARS = 2000, 60


def refused_section(rows: Sequence[Row]) -> list[Section]:
    """What has no numbers, and why; no section where all have."""
    failed = [row for row in rows if not row.is_done]
    if not failed:
        return []
    columns = [Column("configuration"), Column("status"), Column("reason")]
    cells = [[Cell(row.name), Cell(row.status), Cell(row.reason)] for row in failed[:MOST_ROWS]]
    table = Table("What did not run, and why", columns, cells, max(0, len(failed) - MOST_ROWS))
    return [Section("refused", "Not done", [table])]


def scatter(done: Sequence[Row], objectives: Mapping[str, bool]) -> Figure:
    """Two numbers of each row at a time.

    Args:
        done: rows with numbers.
        objectives: names of OBJECTIVES that are drawn first -> whether more of it is better; others are as usual.
    """
    names = _known(done, objectives)
    axes = [
        {
            "name": OBJECTIVES[n].words,
            "unit": OBJECTIVES[n].unit,
            "maximise": objectives.get(n, OBJECTIVES[n].maximise),
            "kind": OBJECTIVES[n].kind,
        }
        for n in names
    ]
    points = [[row.name, [measured(row.measures, n) for n in names], row.is_feasible] for row in done]
    data = {"axes": axes, "points": points}
    note = "Filled points are those that no other beats in both numbers shown, which are chosen above the chart."
    if not all(row.is_feasible for row in done):
        note += " Crosses break a constraint of the study, or lack numbers, and are never on the front."
    return Figure(
        "scatter", "What each configuration reaches, and costs", data, note, "Points, one for each configuration"
    )


def rows_table(done: Sequence[Row], objectives: Collection[str], caption: str) -> Table:
    """The settings and numbers of each row, and how it stands among the others."""
    settings = list(dict.fromkeys(key for row in done for key in row.settings))
    names = [name for name in _known(done, objectives) if name in MAIN or name in objectives]
    standing = [(name, cell) for name, cell in _STANDING.items() if any(cell(row) is not None for row in done)]
    columns = [
        Column("configuration"),
        *(Column(key, SETTING) for key in settings),
        *(Column(name) for name, _ in standing),
        *(Column(OBJECTIVES[n].words, OBJECTIVES[n].kind, is_number=True) for n in names),
    ]
    rows = []
    for row in done[:MOST_ROWS]:
        cells = [Cell(row.name), *(setting(row.settings.get(key)) for key in settings)]
        cells += [Cell(yes_or_no(cell(row))) for _, cell in standing]
        for name in names:
            value = measured(row.measures, name)
            cells.append(Cell("-") if value is None else number(value, shown(value, name)))
        rows.append(cells)
    return Table(caption, columns, rows, max(0, len(done) - MOST_ROWS))


_STANDING: dict[str, Callable[[Row], bool | None]] = {
    "feasible": lambda row: row.is_feasible if row.is_of_study else None,
    "on the front": lambda row: row.is_on_front,
}


def _known(done: Sequence[Row], objectives: Collection[str]) -> list[str]:
    """The numbers that any row has, those of the study in front."""
    names = dict.fromkeys([*objectives, *OBJECTIVES])
    return [name for name in names if any(measured(row.measures, name) is not None for row in done)]


def yes_or_no(value: bool | None) -> str:
    """As words; nothing where it is not known."""
    return "" if value is None else "yes" if value else "no"


def energy_figure(done: Sequence[Row]) -> list[Figure | str]:
    """Dynamic energy of each row, by event."""
    with_events = [row for row in done if isinstance(row.measures.get("energy_by_event_j"), Mapping)]
    if not with_events:
        return ["These rows do not hold energy by event."]
    drawn = with_events[:MOST_BARS]
    events = list(dict.fromkeys(event for row in drawn for event in row.measures["energy_by_event_j"]))
    series: list[dict[str, Any]] = []
    for event in events:
        values = [
            float(row.measures["energy_by_event_j"].get(event, 0.0)) / int(row.measures.get("samples", 1))
            for row in drawn
        ]
        if any(values):
            series.append({"name": event.replace("_", " "), "values": values})
    data = {
        "names": [row.name for row in drawn],
        "series": series,
        "x": {"label": ""},
        "y": {"label": "dynamic energy per inference", "unit": "J"},
    }
    note = (
        "Modelled. Prices: " + "; ".join(dict.fromkeys(f"{r.chip}: {rests(r.measures, 'energy')}" for r in drawn)) + "."
    )
    if len(drawn) < len(with_events):
        note += f" The first {len(drawn)} of {len(with_events):,}."
    return [
        Figure("bars", "Dynamic energy per inference, by event", data, note, "Stacked bars, one for each configuration")
    ]


def setting(value: Any) -> Cell:
    """A value of a setting."""
    if value is None:
        return Cell("")
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return number(value) if is_number else Cell(str(value))


def rests(measures: Mapping[str, Any], part: str) -> str:
    """What a part of a row's numbers rests on, in words."""
    found = measures.get("rests_on")
    kinds = found.get(part) if isinstance(found, Mapping) else None
    return in_words(dict(kinds)) if isinstance(kinds, Mapping) else "not said"
