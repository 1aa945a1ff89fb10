"""The page of a comparison or a study: configurations side by side, and which of them nothing beats."""

from collections.abc import Mapping, Sequence
from typing import Any

from neurosim.provenance import in_words
from neurosim.reporting.causes import baseline_table, sensitivity_table
from neurosim.reporting.page import COUNTED, MODELLED, Cell, Column, Fact, Figure, Page, Section, Table, number
from neurosim.reporting.rows import OBJECTIVES, Row, measured
from neurosim.units import si

MOST_ROWS, MOST_BARS = 2000, 60


def rows_page(name: str, rows: Sequence[Row], objectives: Sequence[str], description: str = "") -> Page:
    """The page of rows; `objectives` are names of OBJECTIVES, the first two drawn first."""
    done = [row for row in rows if row.is_done]
    failed = [row for row in rows if not row.is_done]
    sections = [_summary(rows, done, description)]
    if done:
        sections.append(Section("pareto", "Pareto chart", [_scatter(done, objectives)]))
        sections.append(Section("rows", "Configurations", [_table(done, objectives)]))
        sections.append(Section("energy", "Energy", _energy(done)))
        tables = [table for table in (baseline_table(done), sensitivity_table(done)) if table is not None]
        if tables:
            sections.append(Section("causes", "What makes the difference", tables))
    if failed:
        columns = [Column("configuration"), Column("status"), Column("reason")]
        cells = [[Cell(row.name), Cell(row.status), Cell(row.reason)] for row in failed[:MOST_ROWS]]
        table = Table("What did not run, and why", columns, cells, max(0, len(failed) - MOST_ROWS))
        sections.append(Section("refused", "Not done", [table]))
    subtitle = "Configurations side by side: counts are exact, energy and time are modelled, not measured."
    return Page(name, subtitle, sections)


def _summary(rows: Sequence[Row], done: Sequence[Row], description: str) -> Section:
    facts: list[Fact | str] = [description] if description else []
    facts += [Fact("configurations", f"{len(rows):,}", COUNTED), Fact("done", f"{len(done):,}", COUNTED)]
    for name, words in (("accuracy", "highest"), ("energy_per_inference", "least"), ("latency", "least")):
        values = [(value, row) for row in done if (value := measured(row.measures, name)) is not None]
        if not values:
            continue
        value, row = (max if words == "highest" else min)(values, key=lambda pair: pair[0])
        kind = COUNTED if name == "accuracy" else MODELLED
        facts.append(Fact(f"{words} {OBJECTIVES[name].words}", shown(value, name), kind, row.name))
    return Section("summary", "Summary", facts)


def _scatter(done: Sequence[Row], objectives: Sequence[str]) -> Figure:
    names = [
        n for n in dict.fromkeys([*objectives, *OBJECTIVES]) if any(measured(r.measures, n) is not None for r in done)
    ]
    axes = [
        {
            "name": OBJECTIVES[n].words,
            "unit": OBJECTIVES[n].unit,
            "maximise": OBJECTIVES[n].maximise,
            "kind": OBJECTIVES[n].kind,
        }
        for n in names
    ]
    points = [[row.name, [measured(row.measures, n) for n in names], row.is_feasible] for row in done]
    data = {"axes": axes, "points": points}
    note = "Filled points are those that no other beats in both numbers shown, which are chosen above the chart."
    if not all(row.is_feasible for row in done):
        note += " Crosses break a constraint of the study, and are never on the front."
    return Figure(
        "scatter", "What each configuration reaches, and costs", data, note, "Points, one for each configuration"
    )


def _table(done: Sequence[Row], objectives: Sequence[str]) -> Table:
    settings = list(dict.fromkeys(key for row in done for key in row.settings))
    names = [
        n for n in dict.fromkeys([*objectives, *OBJECTIVES]) if any(measured(r.measures, n) is not None for r in done)
    ]
    columns = [
        Column("configuration"),
        *(Column(key) for key in settings),
        *(Column(OBJECTIVES[n].words, OBJECTIVES[n].kind, is_number=True) for n in names),
        Column("prices rest on"),
    ]
    rows = []
    for row in done[:MOST_ROWS]:
        cells = [Cell(row.name), *(_setting(row.settings.get(key)) for key in settings)]
        for name in names:
            value = measured(row.measures, name)
            cells.append(Cell("-") if value is None else number(value, shown(value, name)))
        rows.append([*cells, Cell(_rests(row.measures, "energy"))])
    return Table(
        "Configurations; means over samples where a number is of an inference",
        columns,
        rows,
        max(0, len(done) - MOST_ROWS),
    )


def _energy(done: Sequence[Row]) -> list[Figure | str]:
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
        "Modelled. Prices: "
        + "; ".join(dict.fromkeys(f"{r.chip}: {_rests(r.measures, 'energy')}" for r in drawn))
        + "."
    )
    if len(drawn) < len(with_events):
        note += f" The first {len(drawn)} of {len(with_events):,}."
    return [
        Figure("bars", "Dynamic energy per inference, by event", data, note, "Stacked bars, one for each configuration")
    ]


def shown(value: float, name: str) -> str:
    """A value of an objective, for people."""
    unit = OBJECTIVES[name].unit
    if unit == "%":
        return f"{100 * value:.2f} %"
    return si(value, unit) if unit else f"{value:,.6g}"


def _setting(value: Any) -> Cell:
    if value is None:
        return Cell("")
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else Cell(str(value))


def _rests(measures: Mapping[str, Any], part: str) -> str:
    found = measures.get("rests_on")
    kinds = found.get(part) if isinstance(found, Mapping) else None
    return in_words(dict(kinds)) if isinstance(kinds, Mapping) else "not said"
