"""What the known errors of prices, times and powers allow, for each total of each row."""

from collections.abc import Sequence
from typing import Any

from neurosim.reporting.page import MODELLED, Cell, Column, Table, number
from neurosim.reporting.rows import Row, part
from neurosim.units import si

MOST_ROWS = 2000
_TOTALS = {  # key of a total -> what it is called, its unit, the key of its p99, and the parts of a profile behind it
    "energy_per_inference_j": ("dynamic energy per inference", "J", "energy_per_inference_p99_j", ("energy",)),
    "static_energy_per_inference_j": ("static energy per inference", "J", "", ("power", "time")),
    "latency_per_inference_s": ("time per inference", "s", "latency_per_inference_p99_s", ("time",)),
}


def bounds_table(done: Sequence[Row]) -> Table | None:
    """The range of each total; None where rows do not hold any."""
    rows = [_cells(row, total) for row in done if part(row, "ranges") for total in _TOTALS]
    columns = [
        Column("configuration"),
        Column("total"),
        Column("as modelled", MODELLED, is_number=True),
        Column("least", f"{MODELLED}; known errors allow", is_number=True),
        Column("most", f"{MODELLED}; known errors allow", is_number=True),
        Column("p99 of samples", MODELLED, is_number=True),
        Column("without known error"),
    ]
    caption = "What known errors allow: all prices, times and powers at their lower bounds, and all at their upper ones"
    return Table(caption, columns, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS)) if rows else None


def range_in_words(row: Row, total: str) -> str:
    """As "known errors allow 1 uJ to 2 uJ"; nothing where the row does not tell."""
    if total not in part(row, "ranges"):
        return ""
    ends, unit = part(row, "ranges")[total], _TOTALS[total][1]
    return (
        "its error is not known" if ends is None else f"known errors allow {si(ends[0], unit)} to {si(ends[1], unit)}"
    )


def _cells(row: Row, total: str) -> list[Cell]:
    words, unit, p99, parts = _TOTALS[total]
    ends: list[float | None] = part(row, "ranges").get(total) or [None, None]
    cells = [_number(value, unit, "not known") for value in ends]
    value, high = _number(row.measures.get(total), unit), _number(row.measures.get(p99), unit)
    return [Cell(row.name), Cell(words), value, *cells, high, Cell(_without(row, parts))]


def _number(value: float | None, unit: str, other: str = "-") -> Cell:
    return Cell(other) if value is None else number(value, si(value, unit))


def _without(row: Row, parts: Sequence[str]) -> str:
    """The share of energy, or the keys, whose sources state no error."""
    found: dict[str, Any] = part(row, "ranges").get("not_known") or {}
    if parts == ("energy",):
        shares = found.get("energy") or {}
        events = ", ".join(event.replace("_", " ") for event in shares)
        return f"{100 * sum(shares.values()):.0f} % of it" + (f": {events}" if events else "")
    return ", ".join(key for name in parts for key in found.get(name) or []) or "none"
