"""Objectives: what a study may want, where a row holds it, in which unit, and which way is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """A number of a row."""

    keys: tuple[str, ...]  # that lead to it among the measures of a row
    unit: str  # in which it is shown: "J", "s", "%" (of a fraction), or "" for a count
    maximise: bool = False

    @property
    def unit_in_files(self) -> str:
        """The unit of the number as rows hold it: a fraction is not in per cent there."""
        return "1" if self.unit == "%" else self.unit


MEASURES = {
    "energy_per_inference": Measure(("energy_per_inference_j",), "J"),
    "static_energy_per_inference": Measure(("static_energy_per_inference_j",), "J"),
    "accuracy": Measure(("accuracy",), "%", maximise=True),
    "accuracy_on_chip": Measure(("readout", "accuracy"), "%", maximise=True),
    "latency": Measure(("latency_per_inference_s",), "s"),
    "latency_p99": Measure(("latency_per_inference_p99_s",), "s"),
    "step_time_p99": Measure(("step_time_p99_s",), "s"),
    "cores": Measure(("cores_used",), ""),
    "neurons": Measure(("neurons",), ""),
    "synapses": Measure(("synapses",), ""),
    "spikes": Measure(("spikes",), ""),
    "synaptic_events": Measure(("synaptic_events",), ""),
    "packets": Measure(("packets",), ""),
    "hops": Measure(("hops",), ""),
    "largest_weight_error": Measure(("largest_weight_error",), "%"),
}
FRACTIONS = ("accuracy", "accuracy_on_chip")  # of a whole, so from 0 to 1
ON_CHIP = "accuracy_on_chip"  # the one that needs a readout compiled


def measured(name: str, row: Mapping[str, Any]) -> float | None:
    """The number of an objective; None where a row has none, as a readout that the chip cannot form."""
    value: Any = row
    for key in MEASURES[name].keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return None if value is None else float(value)
