"""A run in a flat dictionary: counts, energy in joules, time in seconds.  The stable keys of `--json`."""

from dataclasses import asdict
from typing import Any

from chips import ChipProfile
from neurosim.counts import Counts
from neurosim.pricing import energy, prices_pj
from neurosim.result import RunResult
from neurosim.statistics import Summary
from neurosim.timing import latency

J_PER_PJ, S_PER_NS = 1e-12, 1e-9


def event_counts(counts: Counts) -> dict[str, int]:
    """Totals of all samples and cores."""
    return {
        "steps": int(counts.steps.sum()),
        "neuron_updates": counts.sum("neuron_updates"),
        "spikes": counts.sum("spikes"),
        "input_packets": counts.sum("input_packets"),
        "synaptic_events": counts.sum("synaptic_events"),
        "packets": counts.sum("packets_out"),
        "merged_packets": counts.sum("merged_packets"),
        "packets_between_cores": counts.sum("packets_between_cores"),
        "hops": counts.sum("hops_x") + counts.sum("hops_y"),
        "hops_between_chips": counts.sum("borders_x") + counts.sum("borders_y"),
    }


def costs(result: RunResult, chip: ChipProfile) -> dict[str, Any]:
    """Energy and time: totals of all samples, and the distribution over samples (inferences) and steps."""
    spent, time = energy(result.counts, chip), latency(result.counts, chip)
    static = (spent.static_pj or 0.0) * J_PER_PJ
    return {
        "energy_j": spent.dynamic_pj * J_PER_PJ,
        "static_energy_j": static,
        "energy_by_event_j": {event: pj * J_PER_PJ for event, pj in spent.by_event.items()},
        "charged_events": spent.charged,
        "prices_pj": prices_pj(chip),
        **_spread("energy_per_inference", "j", spent.per_sample, J_PER_PJ),
        "static_energy_per_inference_j": static / result.n_samples,
        "latency_s": time.total_ns * S_PER_NS,
        **_spread("latency_per_inference", "s", time.per_sample, S_PER_NS),
        "latency_by_bound_s": {bound: ns * S_PER_NS for bound, ns in time.by_bound_ns.items()},
        **_spread("step_time", "s", time.per_step, S_PER_NS),
        "overruns": time.overruns,
    }


def _spread(name: str, unit: str, values: Summary, factor: float) -> dict[str, float]:
    """name_unit is the mean; name_p50_unit, name_p99_unit and name_worst_unit the rest."""
    return {
        (f"{name}_{unit}" if part == "mean" else f"{name}_{part}_{unit}"): value * factor
        for part, value in asdict(values).items()
    }
