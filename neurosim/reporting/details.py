"""Sizes, calibration and traffic of each row, and what its numbers rest on."""

from collections.abc import Callable, Sequence

from neurosim.reporting.page import COUNTED, MODELLED, Cell, Column, Section, Table, number
from neurosim.reporting.rows import Row, part, percent
from neurosim.reporting.rows_tables import MOST_ROWS, rests

Read = Callable[[Row], Cell | None]  # None where a row does not tell


def details_section(done: Sequence[Row]) -> list[Section]:
    """Numbers that cost and accuracy follow from; no section if no row tells any."""
    tables = [table for caption, columns in _TABLES.items() if (table := _table(done, caption, columns)) is not None]
    return [Section("details", "Sizes and traffic", tables)] if tables else []


def _table(done: Sequence[Row], caption: str, columns: Sequence[tuple[Column, Read]]) -> Table | None:
    """A table without the columns of which no row tells; None if none is left."""
    known = [(column, read) for column, read in columns if any(read(row) is not None for row in done)]
    heads = [Column("configuration"), *(column for column, _ in known)]
    rows = [[Cell(row.name), *(read(row) or Cell("-") for _, read in known)] for row in done[:MOST_ROWS]]
    return Table(caption, heads, rows, max(0, len(done) - MOST_ROWS)) if known else None


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


def _error(row: Row) -> Cell | None:
    error = row.measures.get("largest_weight_error")
    return None if error is None else number(error, percent(error))


_TABLES: dict[str, list[tuple[Column, Read]]] = {
    "Sizes, and what was reached by lowering and calibration": [
        (Column("cores at least", "no partition needs fewer", is_number=True), _count("cores_lower_bound")),
        (Column("neurons", COUNTED, is_number=True), _count("neurons")),
        (Column("neurons on the chip", f"{COUNTED}; with copies and relays", is_number=True), _count("chip_neurons")),
        (Column("synapses", COUNTED, is_number=True), _count("synapses")),
        (Column("largest weight error", COUNTED, is_number=True), _error),
        (Column("calibrated rate", f"{COUNTED}; spikes per neuron and step", is_number=True), _rate),
        (Column("calibrated balance", f"{COUNTED}; inhibition over excitation", is_number=True), _balance),
        (Column("approximations"), _approximations),
    ],
    "Traffic of all samples": [
        (Column("samples", COUNTED, is_number=True), _count("samples")),
        (Column("steps", COUNTED, is_number=True), _count("steps")),
        (Column("spikes", f"{COUNTED}; copies included", is_number=True), _count("spikes")),
        (Column("synaptic events", COUNTED, is_number=True), _count("synaptic_events")),
        (Column("packets", COUNTED, is_number=True), _count("packets")),
        (Column("packets between cores", COUNTED, is_number=True), _count("packets_between_cores")),
        (Column("hops", COUNTED, is_number=True), _count("hops")),
        (Column("hops between chips", COUNTED, is_number=True), _count("hops_between_chips")),
        (Column("steps longer than the tick", MODELLED, is_number=True), _count("overruns")),
    ],
    "What the numbers rest on: how many numbers of the profile, and of what kind": [
        (Column("energies rest on"), _rests("energy")),
        (Column("times rest on"), _rests("time")),
        (Column("static power rests on"), _rests("static_power")),
    ],
}
