"""The part of a comparison's page on accuracy: of the liquid, of what it is held against, and of the readout."""

from collections.abc import Mapping, Sequence
from typing import Any

from neurosim.reporting.page import COUNTED, MODELLED, Cell, Column, Section, Table, number
from neurosim.reporting.rows import Row, part, percent
from neurosim.units import si

BASELINES = {
    "linear_raw": ("baseline_accuracy_by_bins", "linear model on the {raw}"),
    "linear_encoder": ("encoder_accuracy_by_bins", "linear model on the encoder's spikes"),
}
"""Model without a liquid -> the key of a row that repeats its accuracies, and what it is called."""


def in_bins(bins: Any) -> str:
    """As "2 bins"."""
    return f"{bins} bin" if str(bins) == "1" else f"{bins} bins"


def bins_of_accuracy(row: Row) -> str:
    """The bins that a row's `accuracy` is of, the last of its list; nothing where it has none."""
    by_bins = part(row, "accuracy_by_bins")
    return in_bins(list(by_bins)[-1]) if by_bins else ""


def scores_section(done: Sequence[Row], baselines: Mapping[str, Mapping[Any, float]], raw: str) -> Section:
    """Accuracies by bins.

    Args:
        done: rows with numbers.
        baselines: model -> bins -> accuracy; where empty, what the rows repeat of them.
        raw: what the model `linear_raw` sees.
    """
    tables = [_by_bins(done, baselines or _of_rows(done), raw), _readouts(done)]
    found = [table for table in tables if table is not None]
    return Section("scores", "Accuracy", found or ["These rows do not hold accuracies by bins."])


def _of_rows(done: Sequence[Row]) -> dict[str, Mapping[Any, float]]:
    return {model: part(done[0], key) for model, (key, _) in BASELINES.items()}


def _by_bins(done: Sequence[Row], baselines: Mapping[str, Mapping[Any, float]], raw: str) -> Table | None:
    rows = [
        [
            Cell(row.name),
            number(int(bins)),
            _share(score),
            _share(_alone(row, bins)),
        ]
        for row in done
        for bins, score in part(row, "accuracy_by_bins").items()
    ]
    for model, (_, words) in BASELINES.items():
        for bins, score in baselines.get(model, {}).items():
            rows.append([Cell(words.format(raw=raw)), number(int(bins)), _share(score), Cell("no liquid")])
    columns = [
        Column("configuration, or a model without a liquid"),
        Column("bins", "of spike counts in a sample", is_number=True),
        Column("accuracy", f"{COUNTED}; on the test samples", is_number=True),
        Column("without recurrence", f"{COUNTED}; the same liquid, neurons not connected", is_number=True),
    ]
    caption = (
        "Accuracy of a linear readout at the host. Where a model without a liquid, or a liquid without recurrence,"
    )
    return Table(f"{caption} does as well, the task does not need them", columns, rows) if rows else None


def _readouts(done: Sequence[Row]) -> Table | None:
    """The readouts that were compiled beside the liquid."""
    columns = [
        Column("configuration"),
        Column("on the chip", COUNTED, is_number=True),
        Column("in floating point", "counted; at the host", is_number=True),
        Column("features"),
        Column("cores", f"{COUNTED}; of the readout", is_number=True),
        Column("neurons", f"{COUNTED}; of the readout", is_number=True),
        Column("energy per inference", f"{MODELLED}; of the readout", is_number=True),
        Column("note"),
    ]
    rows = []
    for row in done:
        if found := part(row, "readout"):
            joule = found.get("readout_dynamic_energy_j")
            cells = [_share(found.get(key)) for key in ("accuracy", "float_accuracy")]
            cells.append(Cell(", ".join(found.get("features", []))))
            cells += [_count(found.get(key)) for key in ("readout_cores", "readout_neurons")]
            cells.append(Cell("-") if joule is None else number(joule, si(joule, "J")))
            rows.append([Cell(row.name), *cells, Cell("" if found.get("on_chip", True) else _at_host(found))])
    return Table("Accuracy of the readout that is compiled to the chip", columns, rows) if rows else None


def _at_host(found: Mapping[str, Any]) -> str:
    return f"at the host: {found.get('reason', '')}".rstrip(": ")


def _alone(row: Row, bins: Any) -> float | None:
    """The accuracy without recurrence in so many bins, whose number JSON made text of."""
    by_bins = part(row, "no_recurrence_accuracy_by_bins")
    return next((score for key, score in by_bins.items() if str(key) == str(bins)), None)


def _share(value: float | None) -> Cell:
    return Cell("-") if value is None else number(value, percent(value))


def _count(value: int | None) -> Cell:
    return Cell("-") if value is None else number(value)
