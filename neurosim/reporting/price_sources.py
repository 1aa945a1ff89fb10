"""The prices that rows were charged, of what kind each is, and where it comes from."""

from collections.abc import Sequence

from neurosim.reporting.page import Cell, Column, Table, number
from neurosim.reporting.rows import Row, part

MOST_ROWS = 2000
_UNTOLD = "the rows do not say; in the profile: neurosim chips show"


def prices_table(done: Sequence[Row]) -> Table | None:
    """Each price of each list of prices once; None where rows do not hold prices."""
    rows = [cells for name, row in _price_lists(done) for cells in _prices(name, row)]
    columns = [
        Column("prices of"),
        Column("event"),
        Column("price", "pJ each", is_number=True),
        Column("share", "of dynamic energy", is_number=True),
        Column("kind"),
        Column("source"),
    ]
    caption = "Prices that were charged, and where each comes from"
    return Table(caption, columns, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS)) if rows else None


def _price_lists(done: Sequence[Row]) -> list[tuple[str, Row]]:
    """A row for each list of prices, and what the list is called: its chip, or a row where a chip has several."""
    found: dict[tuple[str, str, str], Row] = {}
    for row in done:
        prices, kinds = (str(sorted(part(row, key).items())) for key in ("prices_pj", "price_kinds"))
        found.setdefault((row.chip, prices, kinds), row)
    chips = [chip for chip, *_ in found]
    return [(row.name if chips.count(row.chip) > 1 else row.chip, row) for row in found.values()]


def _prices(name: str, row: Row) -> list[list[Cell]]:
    spent, cells = part(row, "energy_by_event_j"), []
    whole = sum(spent.values()) or 1.0
    for event, price in part(row, "prices_pj").items():
        if price and (share := spent.get(event, 0.0) / whole):
            kind = part(row, "price_kinds").get(event, "")
            shown = [number(price, f"{price:g}"), number(share, f"{100 * share:.1f} %")]
            cells.append([Cell(name), Cell(event.replace("_", " ")), *shown, Cell(kind), Cell(_source(row, event))])
    return cells


def _source(row: Row, event: str) -> str:
    """Where a price comes from, as the row says."""
    if f"energy.{event}_pj" in row.settings or f"chip.energy.{event}_pj" in row.settings:
        return "set by whoever ran it"
    return str(part(row, "price_sources").get(event) or _UNTOLD)
