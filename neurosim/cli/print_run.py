"""What `neurosim run` prints: counts, energy and time of a result, or of a run that was streamed to disk."""

from pathlib import Path
from typing import Any

from chips import ChipProfile
from neurosim.cli.printing import MODELLED, console, print_table
from neurosim.counts import Counts
from neurosim.pricing import energy, price_kinds
from neurosim.provenance import in_words, rests_on
from neurosim.result import RunResult
from neurosim.streaming.streamed_run import StreamedRun
from neurosim.summaries import J_PER_PJ, S_PER_NS, costs, event_counts
from neurosim.units import si


def run_data(result: RunResult, chip: ChipProfile, output: Path | None) -> dict[str, Any]:
    """What `neurosim run --json` prints: totals of all samples."""
    return {
        "result": None if output is None else str(output),
        "chip": chip.name,
        "overrides": dict(chip.overrides),
        "cores_used": len(result.counts.core),
        "neurons": result.n_neurons,
        "samples": result.n_samples,
        **event_counts(result.counts),
        **costs(result, chip),
        "seed": result.seed,
        "faults": list(result.faults),
        "price_kinds": price_kinds(chip),
        "rests_on": rests_on(chip),
    }


def stream_data(run: StreamedRun, totals: Counts, chip: ChipProfile) -> dict[str, Any]:
    """What `neurosim run --stream --json` prints: totals of all that is done."""
    spent = energy(totals, chip)
    chunks = list(run.costs(chip))
    latency_s = sum(cost.latency_ns for cost in chunks) * S_PER_NS
    return {
        "folder": str(run.folder),
        "complete": run.is_complete,
        "chunks": len(chunks),
        "chip": chip.name,
        "overrides": dict(chip.overrides),
        "cores_used": len(totals.core),
        "samples": len(totals.steps),
        **event_counts(totals),
        "energy_j": spent.dynamic_pj * J_PER_PJ,
        "static_energy_j": sum(cost.static_pj for cost in chunks) * J_PER_PJ,
        "energy_by_event_j": {event: pj * J_PER_PJ for event, pj in spent.by_event.items()},
        "latency_s": latency_s,
        "step_time_s": latency_s / run.steps_done,
        "step_time_worst_s": max(cost.longest_step_ns for cost in chunks) * S_PER_NS,
        "overruns": sum(cost.overruns for cost in chunks),
        "seed": run.header.seed,
        "price_kinds": price_kinds(chip),
        "rests_on": rests_on(chip),
    }


def print_stream(run: StreamedRun, chip: ChipProfile) -> None:
    """Counts, energy by event, time."""
    totals = run.totals()
    data = stream_data(run, totals, chip)
    _print_counts(totals)
    _print_energy(data, chip)
    mean_and_worst = f"{si(data['step_time_s'], 's')}, {si(data['step_time_worst_s'], 's')}"
    _print_times([["all steps", si(data["latency_s"], "s")], ["a step: mean, worst", mean_and_worst]], data, chip)
    console().print(f"{data['chunks']:,} of {len(run.all_chunks):,} chunks are in {run.folder}", markup=False)


def print_run(result: RunResult, chip: ChipProfile, output: Path | None) -> None:
    """Counts, energy by event, time."""
    data = run_data(result, chip, None)
    _print_counts(result.counts)
    for faults in result.faults:
        console().print(f"on a chip with faults: {faults}", markup=False)
    _print_energy(data, chip)
    times = [
        ["all samples", si(data["latency_s"], "s")],
        ["a sample: mean, p50, p99, worst", _four(data, "latency_per_inference{}_s")],
        ["a step: mean, p99, worst", _three(data)],
    ]
    _print_times(times, data, chip)
    if output is not None:
        console().print(f"written to {output}", markup=False)


def _print_counts(counts: Counts) -> None:
    rows = [[kind.replace("_", " "), f"{n:,}"] for kind, n in event_counts(counts).items()]
    print_table(["counted", ""], rows, right=(1,))


def _print_energy(data: dict[str, Any], chip: ChipProfile) -> None:
    rows = [
        [event.replace("_", " "), si(joules, "J"), *_source(chip, f"energy.{event}_pj")]
        for event, joules in data["energy_by_event_j"].items()
        if event != "border" or (data["hops_between_chips"] and chip.energy.border_pj is not None)
    ]
    if data["hops_between_chips"] and chip.energy.border_pj is None:
        rows.append(["border", "in the hops", *_source(chip, "energy.border_pj")])
    rows.append(["dynamic energy", si(data["energy_j"], "J"), "", ""])
    rows.append(["static energy", si(data["static_energy_j"], "J"), *_source(chip, "power.static_mw")])
    if chip.clock:
        rows.append(
            [
                "  of it the clock's",
                f"{1 - chip.power.static_mw / chip.standing_mw:.0%}" if chip.standing_mw else "",
                *_source(chip, "clock.mw_per_mhz"),
            ]
        )
    print_table(["energy", "", "price is", "source"], rows, right=(1,))


def _print_times(times: list[list[str]], data: dict[str, Any], chip: ChipProfile) -> None:
    if chip.time.tick_ns is not None:
        times.append([f"steps longer than the tick of {si(chip.time.tick_ns * 1e-9, 's')}", f"{data['overruns']:,}"])
    times.append(["the times of events are", in_words(rests_on(chip)["time"])])
    print_table(["time", ""], times, right=(1,))
    console().print(MODELLED)


def _source(chip: ChipProfile, path: str) -> list[str]:
    """How a number was reached, and where it stands."""
    source = chip.sources.get(path)  # a key with a default may have none
    return [source.kind, source.source] if source else ["", ""]


def _four(data: dict[str, Any], key: str) -> str:
    return ", ".join(si(data[key.format(part)], "s") for part in ("", "_p50", "_p99", "_worst"))


def _three(data: dict[str, Any]) -> str:
    return ", ".join(si(data[f"step_time{part}_s"], "s") for part in ("", "_p99", "_worst"))
