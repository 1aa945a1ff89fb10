"""Rows of a comparison or a study, in one form."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chips import NeurosimError
from neurosim.reporting.page import COUNTED, MODELLED


@dataclass(frozen=True, slots=True)
class Objective:
    """A number of a row that can be drawn."""

    keys: tuple[str, ...]  # that lead to it
    words: str
    unit: str  # "J", "s", "%" of a fraction, or "" for a count
    kind: str
    maximise: bool = False


OBJECTIVES = {
    "energy_per_inference": Objective(("energy_per_inference_j",), "dynamic energy per inference", "J", MODELLED),
    "accuracy": Objective(("accuracy",), "accuracy", "%", COUNTED, maximise=True),
    "latency": Objective(("latency_per_inference_s",), "time per inference", "s", MODELLED),
    "cores": Objective(("cores_used",), "cores", "", COUNTED),
    "accuracy_on_chip": Objective(("readout", "accuracy"), "accuracy on chip", "%", COUNTED, maximise=True),
    "static_energy_per_inference": Objective(
        ("static_energy_per_inference_j",), "static energy per inference", "J", MODELLED
    ),
    "latency_p99": Objective(("latency_per_inference_p99_s",), "time per inference, p99", "s", MODELLED),
    "step_time_p99": Objective(("step_time_p99_s",), "time of a step, p99", "s", MODELLED),
    "neurons": Objective(("neurons",), "neurons", "", COUNTED),
    "synapses": Objective(("synapses",), "synapses", "", COUNTED),
    "spikes": Objective(("spikes",), "spikes", "", COUNTED),
    "synaptic_events": Objective(("synaptic_events",), "synaptic events", "", COUNTED),
    "packets": Objective(("packets",), "packets", "", COUNTED),
    "hops": Objective(("hops",), "hops", "", COUNTED),
    "largest_weight_error": Objective(("largest_weight_error",), "largest weight error", "%", COUNTED),
}
"""Names as objectives of a study."""


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
