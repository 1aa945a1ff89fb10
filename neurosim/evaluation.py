"""Evaluation: one liquid on one chip configuration, calibrated, compiled and run, and what is reported of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chips import ChipProfile
from compiler import Network, Program, compile, usage
from compiler.lowering.approximations import RULES
from neurosim.calibration import Calibration, calibrate
from neurosim.experiment import Configuration
from neurosim.generators.liquids import LIQUID, liquid
from neurosim.pricing import price_kinds, price_sources
from neurosim.provenance import rests_on
from neurosim.rates import quick_rates
from neurosim.readouts.compiled import compiled_readout
from neurosim.readouts.linear import accuracy
from neurosim.result import RunResult
from neurosim.simulate import run
from neurosim.summaries import costs, event_counts
from neurosim.task import Task
from neurosim.uncertainty import ranges

Report = Callable[[str, int, int], None]  # what is being done, done, in all
_WEIGHT = ("weight", "coarse_weight", "four_weights")  # what errors of weights are called


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A liquid that ran on a chip."""

    task: Task
    chip: ChipProfile
    chosen: Configuration
    approximate: bool
    network: Network
    calibration: Calibration | None
    program: Program
    result: RunResult


def evaluate(
    task: Task, chip: ChipProfile, chosen: Configuration, approximate: bool, report: Report | None = None
) -> Evaluation:
    """Calibrate the task's liquid on the chip's integers, compile it, and run all samples.

    Args:
        task: data, and the experiment that says which liquid.
        chip: the configuration's profile, with its overrides.
        chosen: seed and settings of the compiler.
        approximate: allow the approximations that the chip needs.
        report: called with what is being done, how much is done, and of how much.

    Raises:
        NeurosimError: as `calibrate`, `compile` and `run`.
    """
    say, seed = report or (lambda what, done, of: None), chosen.seed
    say("calibrating", 0, 1)
    network, found = calibrated_liquid(task, chip, task.experiment.liquid.recurrence, approximate)
    say("compiling", 0, 1)
    rates = None
    if chosen.rates == "quick":
        rates = quick_rates(network, chip, task.calibration, seed, approximate=approximate, mapping=chosen.mapping)
    how: dict[str, Any] = {"approximate": approximate, "partition": chosen.partition, "mapping": chosen.mapping}
    program = compile(network, chip, seed, rates=rates, **how)
    result = run(program, task.trains, seed=seed, progress=lambda done, of: say("utterances", done, of))
    return Evaluation(task, chip, chosen, approximate, network, found, program, result)


def measures(done: Evaluation) -> dict[str, Any]:
    """What a row tells of an evaluation: sizes, counts, energy, time and accuracy, with stable keys and SI units."""
    program, result, chip, task = done.program, done.result, done.chip, done.task
    use, spent, by_bins = usage(program), costs(result, chip), scores(task, result)
    errors = [e.max_relative_error for e in program.errors if e.parameter in _WEIGHT]
    return {
        "cores_used": program.n_cores,
        "cores_lower_bound": use.cores_lower_bound,
        "binding": sorted(set(use.binding)),
        "neurons": program.n_neurons,
        "chip_neurons": len(program.tables.neuron_of),  # with copies, relays and partial sums
        "synapses": program.n_synapses,
        "samples": result.n_samples,
        **event_counts(result.counts),
        # rate and balance as reached, on the samples of the calibration
        "calibration": None if done.calibration is None else done.calibration.to_dict(),
        "rate_per_neuron_and_step": result.n_spikes / (program.n_neurons * int(result.counts.steps.sum())),
        "accuracy": by_bins[task.bins[-1]],
        "accuracy_by_bins": by_bins,
        **spent,
        "ranges": ranges(result.counts, chip),
        "largest_weight_error": max(errors, default=0.0),
        "approximations": sorted({e.parameter for e in program.errors if e.parameter in RULES}),
        "price_kinds": price_kinds(chip),
        "price_sources": price_sources(chip),
        "rests_on": rests_on(chip),
        "largest_source": _largest_source(spent["energy_by_event_j"], chip),
    }


def readout_measures(done: Evaluation) -> dict[str, Any]:
    """The readout, trained and compiled beside the liquid: what it gets right, and what it costs."""
    wanted, chosen, task = done.task.experiment.readout, done.chosen, done.task
    return compiled_readout(
        done.network,
        done.program,
        done.chip,
        task.trains,
        done.result,
        task.data,
        wanted.alpha,
        chosen.seed,
        done.approximate,
        wanted.features(),
        chosen.partition,
        chosen.mapping,
    )


def scores(task: Task, result: RunResult) -> dict[int, float]:
    """Test accuracy by number of bins, on the square root of spike counts (which evens out their variance)."""
    alpha = task.experiment.readout.alpha
    return {b: accuracy(np.sqrt(result.spike_counts(LIQUID, b)), task.data, alpha) for b in task.bins}


def _largest_source(energy_by_event: Mapping[str, float], chip: ChipProfile) -> str:
    """The source of the price of the event that takes most dynamic energy."""
    event = max(energy_by_event, key=lambda name: energy_by_event[name])
    return price_sources(chip).get(event, "")


def calibrated_liquid(
    task: Task, chip: ChipProfile, recurrence: float, approximate: bool
) -> tuple[Network, Calibration | None]:
    """The experiment's liquid, calibrated on the chip's integers, every variant for itself; and what was found."""
    chosen = task.experiment.liquid
    settings = {**chosen.drawn_settings(), "recurrence": recurrence}

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
