"""Rows of a comparison or a study, in one form."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chips import NeurosimError
from neurosim.reporting.page import COUNTED, MODELLED
from neurosim.studies.objectives import MEASURES


@dataclass(frozen=True, slots=True)
class Objective:
    """A number of a row that can be drawn."""

    keys: tuple[str, ...]  # that lead to it
    words: str
    unit: str  # "J", "s", "%" of a fraction, or "" for a count
    kind: str
    maximise: bool = False


_WORDS = {
    "energy_per_inference": ("dynamic energy per inference", MODELLED),
    "accuracy": ("accuracy", COUNTED),
    "latency": ("time per inference", MODELLED),
    "cores": ("cores", COUNTED),
    "accuracy_on_chip": ("accuracy on chip", COUNTED),
    "static_energy_per_inference": ("static energy per inference", MODELLED),
    "latency_p99": ("time per inference, p99", MODELLED),
    "step_time_p99": ("time of a step, p99", MODELLED),
    "neurons": ("neurons", COUNTED),
    "synapses": ("synapses", COUNTED),
    "spikes": ("spikes", COUNTED),
    "synaptic_events": ("synaptic events", COUNTED),
    "packets": ("packets", COUNTED),
    "hops": ("hops", COUNTED),
    "largest_weight_error": ("largest weight error", COUNTED),
}
OBJECTIVES = {
    name: Objective(MEASURES[name].keys, words, MEASURES[name].unit, kind, MEASURES[name].maximise)
    for name, (words, kind) in _WORDS.items()
}
"""The objectives of a study, those that are drawn first in front."""


@dataclass(frozen=True, slots=True)
class Row:
    """A configuration, and what it did."""

    name: str
    chip: str
    settings: Mapping[str, Any]
    measures: Mapping[str, Any]  # keys of `compare --json`
    status: str = "done"
    reason: str = ""
    is_feasible: bool = True

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


def comparison_rows(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows as `compare --json` prints them.

    Raises:
        NeurosimError: one is no such row.
    """
    return [_comparison_row(row) for row in rows]


def _comparison_row(row: Any) -> Row:
    if not isinstance(row, Mapping) or not isinstance(row.get("overrides", {}), Mapping):
        raise NeurosimError("a row of the comparison is no row of neurosim compare: compare again")
    chip, settings = str(row.get("chip", row.get("name", "?"))), dict(row.get("overrides", {}))
    name = ", ".join([chip, *(f"{key} = {value}" for key, value in settings.items())])
    refused = "refused" if "error" in row else "done"
    return Row(name, chip, settings, row, refused, str(row.get("error", "")))


def study_rows(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows as a study keeps them: `settings`, `status`, `reason`, `measures`, `feasible`.

    Raises:
        NeurosimError: one is no such row.
    """
    return [_study_row(row, number) for number, row in enumerate(rows)]


def _study_row(row: Any, number: int) -> Row:
    whole = isinstance(row, Mapping)
    settings, measures = (row.get("settings") or {}, row.get("measures") or {}) if whole else (None, None)
    if not isinstance(settings, Mapping) or not isinstance(measures, Mapping):
        raise NeurosimError("a row of the study is no row of neurosim sweep: run the study again")
    name = ", ".join(f"{key} = {value}" for key, value in settings.items())
    status = str(row.get("status"))
    feasible = bool(row.get("feasible", True))
    chip = str(measures.get("chip", settings.get("chip", "chip")))
    return Row(
        f"{row.get('point', number)}: {name}", chip, settings, measures, status, str(row.get("reason", "")), feasible
    )
