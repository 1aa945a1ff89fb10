"""Compare: one task, one liquid, several chip configurations, side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, NeurosimError
from compiler import compile
from neurosim.differences import baseline_of, energy_difference, label, latency_difference
from neurosim.elasticity import elasticities
from neurosim.evaluation import Report, calibrated_liquid, evaluate, measures, readout_measures, scores
from neurosim.experiment import Configuration, Experiment, load_experiment, profile_of
from neurosim.generators.liquids import LIQUID
from neurosim.readouts.linear import accuracy, mean_per_bin
from neurosim.simulate import run
from neurosim.spikes import counts_in_bins, sample_of_spikes
from neurosim.studies.front import pareto_front
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
    baseline: str = ""  # the label of the row that others are held against

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        return {"name": self.name, "rows": self.rows, "baselines": self.baselines, "raw": self.raw} | {
            "baseline": self.baseline
        }


def compare(
    experiment: Experiment | str | Path,
    chips: Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    report: Report | None = None,
    *,
    approximate: bool = False,
    baseline: str | None = None,
) -> Comparison:
    """Run an experiment on every chip configuration.

    Args:
        experiment: the experiment, or the path of its file.
        chips: names or paths of profiles, in place of the experiment's configurations.
        overrides: set on every profile, on top of what the experiment sets.
        report: called with what is being done, how much is done, and of how much.
        approximate: allow every configuration the approximations that its chip needs.
        baseline: the chip, or the label as "loihi1 (core.neurons=32)", of the row that energy and time of others are
            held against, or the profile's path as it was given; the first that has numbers by default.

    Raises:
        ExperimentError: the file is faulty.
        NeurosimError: the data cannot be read, every configuration was refused (then the first reason), or none is
            called `baseline`.
    """
    if not isinstance(experiment, Experiment):
        experiment = load_experiment(experiment)
    report = report or (lambda what, done, of: None)
    configurations = [Configuration(chip=chip) for chip in chips] if chips else list(experiment.chips)
    profiles = [profile_of(c, overrides or {}) for c in configurations]
    baseline = _by_path(baseline, configurations, profiles)
    baseline_of([{"chip": chip.name, "overrides": chip.overrides} for chip in profiles], baseline)
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
    chosen = baseline_of(rows, baseline)
    _compare_rows(rows, chosen)
    return Comparison(experiment.name, rows, baselines, task.raw, label(chosen))


def _by_path(name: str | None, configurations: Sequence[Configuration], profiles: Sequence[ChipProfile]) -> str | None:
    """The label of the profile whose path `name` is, as it was given; else the name."""
    for chosen, chip in zip(configurations, profiles, strict=True):
        if name is not None and chosen.chip == name and name != chip.name:
            return label({"chip": chip.name, "overrides": chip.overrides})
    return name


FRONT = {"energy_per_inference_j": False, "latency_per_inference_s": False, "accuracy": True, "cores_used": False}
"""Keys of a row that its place on the Pareto front is of -> whether more is better."""


def is_priced(row: Mapping[str, Any]) -> bool:
    """Whether a row's chip has any price and any time: one that has none is not cheap, but not known.

    Such a row, as of the profile `ideal`, would beat all others in energy or time, so it is left out of the front.
    """
    return any(row["prices_pj"].values()) and row["latency_per_inference_s"] > 0


def _compare_rows(rows: list[dict[str, Any]], baseline: Mapping[str, Any]) -> None:
    """Mark the rows on the Pareto front, and say what parts the energy and time of each from the baseline's."""
    good = [row for row in rows if "error" not in row]
    values = [[row[key] if is_priced(row) else math.nan for key in FRONT] for row in good]
    on_front = pareto_front(values, list(FRONT.values()))
    for row, is_on in zip(good, on_front.tolist(), strict=True):
        row["on_front"] = is_on if is_priced(row) else None
        row["against_baseline"] = energy_difference(row, baseline) | latency_difference(row, baseline)


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
    name = label({"chip": chip.name, "overrides": chip.overrides})
    done = evaluate(task, chip, chosen, approximate, lambda what, n, of: report(f"{name}: {what}", n, of))
    report(f"{name}: the liquid without recurrence", 0, 1)
    how: dict[str, Any] = {"approximate": approximate, "partition": chosen.partition, "mapping": chosen.mapping}
    alone = compile(calibrated_liquid(task, chip, 0.0, approximate)[0], chip, chosen.seed, **how)
    without = scores(task, run(alone, task.trains, per_step=False, seed=chosen.seed))
    silent = int((done.result.spike_counts(LIQUID, 1).sum(axis=0) == 0).sum())
    return {
        **measures(done),
        "test_samples": int(task.data.is_test.sum()),
        "silent_neurons": silent,  # of the liquid, in all samples
        "sensitivity": elasticities(done.result.counts, chip),
        "no_recurrence_accuracy": without[task.bins[-1]],
        "no_recurrence_accuracy_by_bins": without,
        "readout": readout_measures(done),
    }
