"""Compare: one task, one liquid, several chip configurations, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, NeurosimError, load_chip
from compiler import compile
from neurosim.evaluation import Report, calibrated_liquid, evaluate, measures, readout_measures, scores
from neurosim.experiment import Configuration, Experiment, load_experiment
from neurosim.readouts.linear import accuracy, mean_per_bin
from neurosim.simulate import run
from neurosim.spikes import counts_in_bins, sample_of_spikes
from neurosim.task import Task, prepare


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
    label = _label(chip)
    done = evaluate(task, chip, chosen, approximate, lambda what, n, of: report(f"{label}: {what}", n, of))
    report(f"{label}: the liquid without recurrence", 0, 1)
    how: dict[str, Any] = {"approximate": approximate, "partition": chosen.partition, "mapping": chosen.mapping}
    alone = compile(calibrated_liquid(task, chip, 0.0, approximate)[0], chip, chosen.seed, **how)
    without = scores(task, run(alone, task.trains, per_step=False, seed=chosen.seed))
    return {
        **measures(done),
        "no_recurrence_accuracy": without[task.bins[-1]],
        "no_recurrence_accuracy_by_bins": without,
        "readout": readout_measures(done),
    }


def _label(chip: ChipProfile) -> str:
    settings = ", ".join(f"{key}={value}" for key, value in chip.overrides.items())
    return f"{chip.name} ({settings})" if settings else chip.name
