"""Compare: one task, one liquid, several chip configurations, side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, NeurosimError, load_chip
from compiler import Network, compile, usage
from compiler.approximations import RULES
from neurosim.calibration import Calibration, calibrate
from neurosim.experiment import Configuration, Experiment, load_experiment
from neurosim.generators.liquids import LIQUID, liquid
from neurosim.pricing import price_kinds
from neurosim.provenance import rests_on
from neurosim.rates import quick_rates
from neurosim.readouts.compiled import compiled_readout
from neurosim.readouts.linear import accuracy, mean_per_bin
from neurosim.result import RunResult
from neurosim.simulate import run
from neurosim.spikes import counts_in_bins, sample_of_spikes
from neurosim.summaries import costs, event_counts
from neurosim.task import Task, prepare

Report = Callable[[str, int, int], None]  # what is being done, done, in all


@dataclass(frozen=True)
class Comparison:
    """What each configuration did on the task.

    Counts, energies and latency of a row are totals of all samples; `*_per_inference_*` are of one sample.
    Units are SI.  A configuration that was refused has the key `error` and its reason.
    """

    name: str
    rows: list[dict[str, Any]]
    baselines: dict[str, dict[int, float]]  # model -> bins -> accuracy
    raw: str = "raw input"  # what the model linear_raw sees

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        return {"name": self.name, "rows": self.rows, "baselines": self.baselines, "raw": self.raw}


def compare(
    experiment: Experiment | str | Path,
    chips: Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    report: Report | None = None,
    *,
    approximate: bool = False,
) -> Comparison:
    """Run an experiment on every chip configuration.

    Args:
        experiment: the experiment, or the path of its file.
        chips: names or paths of profiles, in place of the experiment's configurations.
        overrides: set on every profile, on top of what the experiment sets.
        report: called with what is being done, how much is done, and of how much.
        approximate: allow every configuration the approximations that its chip needs.

    Raises:
        ExperimentError: the file is faulty.
        NeurosimError: the data cannot be read, or every configuration was refused (then the first reason).
    """
    if not isinstance(experiment, Experiment):
        experiment = load_experiment(experiment)
    report = report or (lambda what, done, of: None)
    configurations = [Configuration(chip=chip) for chip in chips] if chips else list(experiment.chips)
    profiles = [load_chip(c.chip, {**c.set, **(overrides or {})}) for c in configurations]
    task = prepare(experiment)
    baselines = _baselines(task)
    rows, refusals = [], []
    for configuration, chip in zip(configurations, profiles, strict=True):
        try:
            row = _row(task, chip, configuration, report, approximate or configuration.approximate)
        except NeurosimError as error:
            refusals.append(error)
            row = {"error": str(error)}
        rows.append({"chip": chip.name, "overrides": dict(chip.overrides), **row, **_baseline_keys(task, baselines)})
    if len(refusals) == len(rows):
        raise refusals[0]
    return Comparison(experiment.name, rows, baselines, task.raw)


def _baselines(task: Task) -> dict[str, dict[int, float]]:
    """Linear readouts without any liquid: of what the encoder sees, and of its spikes."""
    return {
        "linear_raw": {b: accuracy(mean_per_bin(task.data.sequences, b), task.data) for b in task.bins},
        "linear_encoder": {b: accuracy(np.sqrt(_encoder_counts(task, b)), task.data) for b in task.bins},
    }


def _encoder_counts(task: Task, bins: int) -> npt.NDArray[np.int64]:
    trains = task.trains
    sample = sample_of_spikes(trains.sample_ptr)
    return counts_in_bins(sample, trains.step, trains.channel, trains.steps, task.channels, bins)


def _baseline_keys(task: Task, baselines: Mapping[str, Mapping[int, float]]) -> dict[str, Any]:
    return {
        "baseline_accuracy": baselines["linear_raw"][task.bins[-1]],
        "baseline_accuracy_by_bins": baselines["linear_raw"],
        "encoder_accuracy_by_bins": baselines["linear_encoder"],
    }


def _row(task: Task, chip: ChipProfile, chosen: Configuration, report: Report, approximate: bool) -> dict[str, Any]:
    label, seed = _label(chip), chosen.seed
    how: dict[str, Any] = {"approximate": approximate, "partition": chosen.partition, "mapping": chosen.mapping}
    report(f"{label}: calibrating", 0, 1)
    network, found = calibrated_liquid(task, chip, task.experiment.liquid.recurrence, approximate)
    report(f"{label}: compiling", 0, 1)
    rates = None
    if chosen.rates == "quick":
        rates = quick_rates(network, chip, task.calibration, seed, approximate=approximate, mapping=chosen.mapping)
    program = compile(network, chip, seed, rates=rates, **how)
    result = run(program, task.trains, seed=seed, progress=lambda done, of: report(f"{label}: utterances", done, of))
    report(f"{label}: the liquid without recurrence", 0, 1)
    alone = compile(calibrated_liquid(task, chip, 0.0, approximate)[0], chip, seed, **how)
    without = run(alone, task.trains, per_step=False, seed=seed)
    scores, scores_without = _scores(task, result), _scores(task, without)
    use = usage(program)
    counts, spent, readout = result.counts, costs(result, chip), task.experiment.readout
    return {
        "cores_used": program.n_cores,
        "cores_lower_bound": use.cores_lower_bound,
        "binding": sorted(set(use.binding)),
        "neurons": program.n_neurons,
        "chip_neurons": len(program.tables.neuron_of),  # with copies, relays and partial sums
        "synapses": program.n_synapses,
        "samples": result.n_samples,
        **event_counts(counts),
        "calibration": None if found is None else found.to_dict(),  # rate and balance as reached, on its samples
        "rate_per_neuron_and_step": result.n_spikes / (program.n_neurons * int(counts.steps.sum())),
        "accuracy": scores[task.bins[-1]],
        "accuracy_by_bins": scores,
        "no_recurrence_accuracy": scores_without[task.bins[-1]],
        "no_recurrence_accuracy_by_bins": scores_without,
        "readout": compiled_readout(
            network,
            program,
            chip,
            task.trains,
            result,
            task.data,
            readout.alpha,
            seed,
            approximate,
            readout.features(),
            chosen.partition,
            chosen.mapping,
        ),
        **spent,
        "largest_weight_error": max(
            (e.max_relative_error for e in program.errors if e.parameter in _WEIGHT), default=0.0
        ),
        "approximations": sorted({e.parameter for e in program.errors if e.parameter in RULES}),
        "price_kinds": price_kinds(chip),
        "rests_on": rests_on(chip),
        "largest_source": _largest_source(spent["energy_by_event_j"], chip),
    }


def _largest_source(energy_by_event: Mapping[str, float], chip: ChipProfile) -> str:
    """The source of the price of the event that takes most dynamic energy."""
    event = max(energy_by_event, key=lambda name: energy_by_event[name])
    source = chip.sources.get(f"energy.{event}_pj")
    return source.source if source else ""


_WEIGHT = ("weight", "coarse_weight", "four_weights")  # what errors of weights are called


def calibrated_liquid(
    task: Task, chip: ChipProfile, recurrence: float, approximate: bool
) -> tuple[Network, Calibration | None]:
    """The experiment's liquid, calibrated on the chip's integers, every variant for itself; and what was found."""
    chosen = task.experiment.liquid
    settings = {**chosen.settings(), "recurrence": recurrence}

    def build(gain: float, inhibition: float) -> Network:
        return liquid(channels=task.channels, gain=gain, **settings | {"inhibition": inhibition})

    if chosen.target_rate is None:
        return build(chosen.gain, chosen.inhibition), None
    balance = chosen.balance if recurrence > 0 else None
    found = calibrate(
        build,
        chip,
        task.calibration,
        chosen.target_rate,
        balance=balance,
        inhibition=chosen.inhibition,
        even_out=chosen.even_out,
        approximate=approximate,
    )
    return found.network, found


def _scores(task: Task, result: RunResult) -> dict[int, float]:
    """Test accuracy by number of bins, on the square root of spike counts (which evens out their variance)."""
    alpha = task.experiment.readout.alpha
    return {b: accuracy(np.sqrt(result.spike_counts(LIQUID, b)), task.data, alpha) for b in task.bins}


def _label(chip: ChipProfile) -> str:
    settings = ", ".join(f"{key}={value}" for key, value in chip.overrides.items())
    return f"{chip.name} ({settings})" if settings else chip.name
