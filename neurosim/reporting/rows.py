"""Rows of a comparison or a study, in one form."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neurosim.reporting.page import COUNTED, MODELLED
from neurosim.reporting.row_checks import Measures, Named, checked
from neurosim.studies.objectives import MEASURES
from neurosim.units import si


@dataclass(frozen=True, slots=True)
class Objective:
    """A number of a row that can be drawn."""

    keys: tuple[str, ...]  # that lead to it
    words: str
    unit: str  # "J", "s", "%" of a fraction, or "" for a count
    kind: str
    maximise: bool = False


MAIN = {
    "energy_per_inference": "dynamic energy per inference",
    "accuracy": "accuracy",
    "latency": "time per inference",
    "cores": "cores",
    "accuracy_on_chip": "accuracy on chip",
    "static_energy_per_inference": "static energy per inference",
    "latency_p99": "time per inference, p99",
    "step_time_p99": "time of a step, p99",
}
"""Objectives that stand in the first table of rows -> what they are called; other objectives are counts."""


def _objective(name: str) -> Objective:
    measure = MEASURES[name]
    kind = MODELLED if measure.unit in ("J", "s") else COUNTED
    return Objective(measure.keys, MAIN.get(name, name.replace("_", " ")), measure.unit, kind, measure.maximise)


OBJECTIVES = {name: _objective(name) for name in dict.fromkeys([*MAIN, *MEASURES])}
"""The objectives of a study, those that are drawn first in front."""


@dataclass(frozen=True, slots=True)
class Row:
    """A configuration, and what it did."""

    name: str
    chip: str
    settings: Mapping[str, Any]
    measures: Mapping[str, Any]  # keys of `compare --json`; those of `row_checks.Measures` are sound if it is done
    status: str = "done"
    reason: str = ""
    is_feasible: bool = True
    is_on_front: bool | None = None  # None where nobody said
    is_of_study: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it has numbers."""
        return self.status == "done"


def measured(measures: Mapping[str, Any], name: str) -> float | None:
    """The number of an objective; None where a row has none."""
    value: Any = measures
    for key in OBJECTIVES[name].keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def shown(value: float, name: str) -> str:
    """A value of an objective, for people."""
    unit = OBJECTIVES[name].unit
    if unit == "%":
        return percent(value)
    return si(value, unit) if unit else f"{value:,.6g}"


def percent(share: float) -> str:
    """A fraction as a percentage."""
    return f"{100 * share:.2f} %"


def part(row: Row, key: str) -> Mapping[str, Any]:
    """What stands under a key of a row's measures, empty where it is none or no mapping."""
    found = row.measures.get(key)
    return found if isinstance(found, Mapping) else {}


def comparison_rows(rows: Sequence[Any], file: str) -> list[Row]:
    """Rows as `compare --json` prints them.

    Args:
        rows: of the file, the first is row 1.
        file: what the rows stand in.

    Raises:
        NeurosimError: one is no such row; the first missing or damaged key is named.
    """
    return [_comparison_row(row, f"{file}: row {number}") for number, row in enumerate(rows, 1)]


def _comparison_row(row: Any, where: str) -> Row:
    remedy = "give rows as neurosim compare writes them"
    named = checked(Named, row, where, remedy)
    name = ", ".join([named.chip, *(f"{key} = {value}" for key, value in named.overrides.items())])
    if named.error is not None:
        return Row(name, named.chip, named.overrides, {}, "refused", named.error)
    found = checked(Measures, row, f"{where} ({named.chip})", remedy)
    return Row(name, named.chip, named.overrides, row, is_on_front=found.on_front)
