"""What else is known of each row: sizes, calibration, traffic, and what its numbers rest on."""

from collections.abc import Callable, Sequence

from neurosim.reporting.page import COUNTED, MODELLED, Cell, Column, Section, Table, number
from neurosim.reporting.rows import Row, part, percent
from neurosim.reporting.rows_tables import MOST_ROWS, rests

Read = Callable[[Row], Cell | None]  # None where a row does not tell


def details_section(done: Sequence[Row]) -> list[Section]:
    """Numbers that are no objectives; columns of which no row tells are left out, and the section if none tells."""
    known = [(column, read) for column, read in _COLUMNS if any(read(row) is not None for row in done)]
    columns = [Column("configuration"), *(column for column, _ in known)]
    rows = [[Cell(row.name), *(read(row) or Cell("-") for _, read in known)] for row in done[:MOST_ROWS]]
    caption = "Sizes, calibration, traffic, and what the numbers rest on; counts are of all samples"
    table = Table(caption, columns, rows, max(0, len(done) - MOST_ROWS))
    return [Section("details", "Sizes and traffic", [table])] if known else []


def _count(key: str) -> Read:
    def read(row: Row) -> Cell | None:
        value = row.measures.get(key)
        return None if value is None else number(value)

    return read


def _rate(row: Row) -> Cell | None:
    rate = part(row, "calibration").get("rate")
    return None if rate is None else number(rate, percent(rate))


def _balance(row: Row) -> Cell | None:
    balance = part(row, "calibration").get("balance")
    return None if balance is None else number(balance, f"{balance:.2f}")


def _approximations(row: Row) -> Cell | None:
    found = row.measures.get("approximations")
    return Cell(", ".join(name.replace("_", " ") for name in found)) if found else None


def _rests(name: str) -> Read:
    return lambda row: Cell(rests(row.measures, name)) if name in part(row, "rests_on") else None


_COLUMNS: list[tuple[Column, Read]] = [
    (Column("cores at least", "no partition needs fewer", is_number=True), _count("cores_lower_bound")),
    (Column("neurons on the chip", f"{COUNTED}; with copies and relays", is_number=True), _count("chip_neurons")),
    (Column("calibrated rate", f"{COUNTED}; spikes per neuron and step", is_number=True), _rate),
    (Column("calibrated balance", f"{COUNTED}; inhibition over excitation", is_number=True), _balance),
    (Column("samples", COUNTED, is_number=True), _count("samples")),
    (Column("steps", COUNTED, is_number=True), _count("steps")),
    (Column("packets between cores", COUNTED, is_number=True), _count("packets_between_cores")),
    (Column("hops between chips", COUNTED, is_number=True), _count("hops_between_chips")),
    (Column("steps longer than the tick", MODELLED, is_number=True), _count("overruns")),
    (Column("approximations"), _approximations),
    (Column("energies rest on"), _rests("energy")),
    (Column("times rest on"), _rests("time")),
    (Column("static power rests on"), _rests("static_power")),
]
