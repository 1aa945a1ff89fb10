"""Tables of a comparison's page on causes: what parts rows from the baseline, and which numbers move a total most."""

from collections.abc import Mapping, Sequence
from typing import Any

from neurosim.reporting.page import MODELLED, Cell, Column, Table, number
from neurosim.reporting.row_checks import LARGEST
from neurosim.reporting.rows import Row
from neurosim.units import si

MOST_KEYS = 5  # of each total of a row
MOST_ROWS = 2000
_TOTALS = {
    "energy_per_inference_j": "dynamic energy per inference",
    "static_energy_per_inference_j": "static energy per inference",
    "latency_per_inference_s": "time per inference",
}


def baseline_table(done: Sequence[Row], baseline: str) -> Table | None:
    """The terms of each row's difference from the row called `baseline`; None where there are none."""
    rows = [cells for row in done for cells in _terms(row)]
    columns = [
        Column("configuration"),
        Column("total"),
        Column("term"),
        Column("difference", MODELLED, is_number=True),
        Column("by counts", MODELLED, is_number=True),
        Column("by prices", MODELLED, is_number=True),
    ]
    of = f"the baseline, {baseline}" if baseline else "the baseline"
    caption = f"What parts each configuration from {of}: energy by event, time by what steps were bound by"
    return Table(caption, columns, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS)) if rows else None


def _terms(row: Row) -> list[list[Cell]]:
    found = _mapping(row.measures, "against_baseline")
    cells = []
    for event, term in _mapping(found, "terms").items():
        parts = [_number(term, key) for key in ("energy_per_inference_j", "from_counts_j", "from_prices_j")]
        shown = [Cell("-") if value is None else number(value, si(value, "J")) for value in parts]
        cells.append([Cell(row.name), Cell("dynamic energy"), Cell(str(event).replace("_", " ")), *shown])
    times = _mapping(found, "latency_terms_s")
    for bound in times:
        if (value := _number(times, bound)) is not None:
            cells.append(
                [Cell(row.name), Cell("time"), Cell(str(bound)), number(value, si(value, "s")), *[Cell("")] * 2]
            )
    return cells


def sensitivity_table(done: Sequence[Row]) -> Table | None:
    """The keys of each row's profile that move a total most; None where rows do not tell."""
    rows = [cells for row in done for total, words in _TOTALS.items() for cells in _largest(row, total, words)]
    columns = [
        Column("configuration"),
        Column("total"),
        Column("key of the profile"),
        Column("elasticity", f"{MODELLED}; % of the total for each % of the key", is_number=True),
    ]
    caption = f"Sensitivity: the {MOST_KEYS} numbers of the profile that move each total most"
    return Table(caption, columns, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS)) if rows else None


def _largest(row: Row, total: str, words: str) -> list[list[Cell]]:
    of_key = _mapping(_mapping(row.measures, "sensitivity"), total)
    sizes = [(str(key), size) for key in of_key if (size := _number(of_key, key)) is not None]
    largest = sorted(sizes, key=lambda item: (-abs(item[1]), item[0]))[:MOST_KEYS]
    return [[Cell(row.name), Cell(words), Cell(key), number(size, f"{size:+.3f}")] for key, size in largest]


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What stands under a key of a file's data, empty unless it is a mapping."""
    found = holder.get(key)
    return found if isinstance(found, Mapping) else {}


def _number(holder: Any, key: str) -> float | None:
    """The finite number under a key of a file's data, or None."""
    value = holder.get(key) if isinstance(holder, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        return None
    return float(value)
