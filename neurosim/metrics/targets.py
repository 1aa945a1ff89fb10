"""Targets of `neurosim liquid inspect`: an experiment or a network file, as a program and the inputs it is meant for.

A network file says nothing of its input, so it gets Poisson spikes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from chips import NetworkError, RunError, load_chip
from chips.reading import read_yaml
from compiler import Program, compile
from compiler.network_files import load_any
from neurosim.evaluation import calibrated_liquid
from neurosim.experiment import load_experiment
from neurosim.generators.liquids import LIQUID
from neurosim.metrics.report import MOST_INPUTS
from neurosim.metrics.stimuli import poisson_trains
from neurosim.spikes import SpikeTrains
from neurosim.task import prepare

FEWEST_INPUTS = 20  # of Poisson input


@dataclass(frozen=True, eq=False)
class Target:
    """What is inspected."""

    name: str
    program: Program
    trains: SpikeTrains
    labels: npt.NDArray[Any] | None  # [sample]
    population: str | None
    input: str  # in words


def read_target(
    path: Path,
    chip: str | None,
    overrides: Mapping[str, object],
    *,
    seed: int = 0,
    rate_hz: float | None = None,
    steps: int | None = None,
    approximate: bool = False,
) -> Target:
    """Compile what a file says.

    Args:
        path: an experiment (its liquid, calibrated on the chip, under its training data), or a network.
        chip: name or path of a profile; None takes an experiment's first configuration, and is refused for a network.
        overrides: set on the profile.
        seed: of the placement, and of Poisson input.
        rate_hz: of every channel of a network's Poisson input; 50 if None.
        steps: of a sample of it; 200 if None.
        approximate: as for `compile`.

    Raises:
        NeurosimError: the file is neither, or whatever is wrong with it, with the profile, or with an argument.
    """
    if not path.is_file():
        raise RunError(f"there is no file {path}: name an experiment (.yaml) or a network (.yaml, .npz)")
    if _is_experiment(path):
        if rate_hz is not None or steps is not None:
            raise RunError(f"{path} is an experiment, which has its own input: leave out --rate-hz and --steps")
        return _of_experiment(path, chip, overrides, seed, approximate)
    network = load_any(path)  # first: a file that is none needs no chip
    if chip is None:
        raise NetworkError(f"{path} is a network, which names no chip: give one with --chip")
    program = compile(network, load_chip(chip, overrides), seed, approximate=approximate)
    return _of_network(path, program, seed, 50.0 if rate_hz is None else rate_hz, steps or 200)


def _is_experiment(path: Path) -> bool:
    if path.suffix.lower() not in (".yaml", ".yml"):
        return False
    document = read_yaml(path)  # faults are told by whoever reads it next
    found = document.data.get("format") if isinstance(document.data, dict) else None
    return str(found).startswith("neurosim-experiment/")


def _of_experiment(
    path: Path, chip: str | None, overrides: Mapping[str, object], seed: int, approximate: bool
) -> Target:
    experiment = load_experiment(path)
    first = experiment.chips[0]
    profile = load_chip(chip, overrides) if chip else load_chip(first.chip, {**first.set, **overrides})
    allowed = approximate or (chip is None and first.approximate)
    task = prepare(experiment)
    network, _ = calibrated_liquid(task, profile, experiment.liquid.recurrence, allowed)
    training = ~task.data.is_test
    return Target(
        experiment.name,
        compile(network, profile, seed, approximate=allowed),
        task.trains[training],
        task.data.label[training],
        LIQUID,
        f"{int(training.sum()):,} training samples of the experiment, by its encoder",
    )


def _of_network(path: Path, program: Program, seed: int, rate_hz: float, steps: int) -> Target:
    if program.n_channels == 0:
        raise NetworkError(f"{path} has no input channel, so there is nothing to drive it with: add an input")
    rate = rate_hz * program.dt_ms / 1000
    if not 0 < rate <= 1:
        most = 1000 / program.dt_ms
        raise RunError(
            f"--rate-hz {rate_hz:g} is {rate:g} spikes a step of {program.dt_ms:g} ms, but a channel holds one: "
            f"give more than 0, at most {most:g}"
        )
    samples = min(max(program.n_neurons, FEWEST_INPUTS), MOST_INPUTS)
    trains = poisson_trains(program.n_channels, steps, samples, rate, seed)
    told = f"{samples} samples of {steps} steps, Poisson spikes of {rate_hz:g} Hz on every channel"
    return Target(path.stem, program, trains, None, None, told)
