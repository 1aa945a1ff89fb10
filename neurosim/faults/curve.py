"""Accuracy of an experiment against the rate of faults: a readout trained on a sound chip, tested on a faulty one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chips import RunError, load_chip
from compiler import Program, compile
from neurosim.evaluation import calibrated_liquid
from neurosim.experiment import Experiment, load_experiment
from neurosim.faults.faults import Faults
from neurosim.faults.faulty_program import with_faults
from neurosim.generators.liquids import LIQUID
from neurosim.readouts.linear import accuracy
from neurosim.simulate import run
from neurosim.task import prepare

KINDS = ("dead_cores", "stuck_synapses", "flipped_weight_bits", "dropped_packets")
Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FaultCurve:
    """Rows of kind, rate, seed, accuracy, spikes, dead cores of those in use, and the chip that they were found on."""

    chip: str
    rows: list[dict[str, Any]]


def fault_curve(
    experiment: Experiment | str,
    rates: Sequence[float],
    kinds: Sequence[str] = KINDS,
    seeds: int = 1,
    chip: str | None = None,
    report: Report = lambda what, done, of: None,
    *,
    approximate: bool = False,
) -> FaultCurve:
    """Accuracy at the host, of counts of spikes, for each kind and rate of faults.

    Args:
        experiment: an experiment, or the path of its file; its first chip is taken.
        rates: fractions of cores in use, synapses, bits of weights or packets; cores are rounded to whole ones.
        kinds: of `KINDS`.
        seeds: draws of each rate.
        chip: a profile in place of the experiment's first.
        report: called with what is being done, how much is done, and of how much.
        approximate: allow the approximations that the chip needs, as the experiment's own key does.

    Raises:
        RunError: an unknown kind, or rates or seeds that are none.
        NeurosimError: as `compare`.
    """
    _check(rates, kinds, seeds)
    if not isinstance(experiment, Experiment):
        experiment = load_experiment(experiment)
    chosen = experiment.chips[0]
    profile = load_chip(chip) if chip else load_chip(chosen.chip, dict(chosen.set))
    task = prepare(experiment)
    report("calibrating and compiling", 0, 1)
    allowed = approximate or chosen.approximate
    network, _ = calibrated_liquid(task, profile, experiment.liquid.recurrence, allowed)
    program = compile(network, profile, chosen.seed, approximate=allowed)
    bins = task.bins[-1]

    def features(which: Program) -> Any:
        result = run(which, task.trains, per_step=False, seed=chosen.seed)
        return result.n_spikes, np.sqrt(result.spike_counts(LIQUID, bins))

    sound_spikes, sound = features(program)
    each = dict.fromkeys(kinds), dict.fromkeys(rates), range(seeds)  # a name given twice is one
    points = [(kind, rate, seed) for kind in each[0] for rate in each[1] for seed in each[2]]
    rows = []
    for i, (kind, rate, seed) in enumerate(points):
        report("faulty chips", i, len(points))
        faults = _draw(program, kind, rate, seed)
        spikes, table = (sound_spikes, sound) if rate == 0 else features(with_faults(program, faults))
        mixed = np.where(task.data.is_test[:, None], table, sound)
        right = accuracy(mixed, task.data, experiment.readout.alpha)
        row = {"kind": kind, "rate": rate, "seed": seed, "accuracy": right, "spikes": spikes}
        rows.append(row | {"dead_cores": len(faults.dead_cores), "cores": program.n_cores})
    return FaultCurve(profile.name, rows)


def _check(rates: Sequence[float], kinds: Sequence[str], seeds: int) -> None:
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise RunError(f"{unknown[0]!r} is no kind of fault: known are {', '.join(KINDS)}")
    if not rates or not all(0 <= rate <= 1 for rate in rates):
        raise RunError(f"rates are {list(rates)}, but fractions from 0 to 1 are needed")
    if not 1 <= seeds <= 10_000:
        raise RunError(f"{seeds:,} seeds, but 1 to 10,000 are needed")


def _draw(program: Program, kind: str, rate: float, seed: int) -> Faults:
    if kind != "dead_cores":
        chosen: dict[str, Any] = {kind: rate}
        return Faults(**chosen, seed=seed)
    order = np.random.default_rng([seed, 3]).permutation(program.tables.core)
    return Faults(dead_cores=tuple(order[: round(rate * len(order))].tolist()), seed=seed)
