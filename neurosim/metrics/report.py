"""Inspect a liquid: all metrics of one program under the inputs that it is meant for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from compiler.lowering.approximations import RULES
from neurosim.metrics.components import principal_components
from neurosim.metrics.convergence import Convergence, liquid_echo_state, liquid_fading_memory
from neurosim.metrics.distances import Separation, class_separation, liquid_separation
from neurosim.metrics.firing import Activity, activity
from neurosim.metrics.lyapunov import Perturbation, liquid_lyapunov
from neurosim.metrics.memory import MemoryCapacity, liquid_memory_capacity
from neurosim.metrics.rank import StateRank, generalisation_rank, state_rank
from neurosim.metrics.states import TAU_MS, Floats, final_states, state_trajectory
from neurosim.metrics.stimuli import jittered, to_raster, to_trains
from neurosim.result import RunResult
from neurosim.sequences import check_trains
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

MOST_INPUTS = 200  # of the ranks
_SHOWN = 4  # trajectories in the picture
_CLASSES, _COPIES = 5, 10  # noisy copies as classes, where there are no labels
Report = Callable[[str, int, int], None]  # what is being done, done, in all


@dataclass(frozen=True, eq=False)
class LiquidReport:
    """All metrics of a liquid, and what a picture of them needs."""

    chip: str
    program_digest: str
    approximations: tuple[str, ...]  # that the compiler used, by name
    n_neurons: int
    n_channels: int
    n_inputs: int  # samples that activity and ranks were measured on
    dt_ms: float
    tau_ms: float  # of the filter of the states
    jitter_steps: float
    activity: Activity
    kernel: StateRank
    generalisation: StateRank
    class_separation: float  # infinite if noise makes no difference
    has_labels: bool  # whether classes are labels, or else noisy copies of inputs
    separation: Separation
    memory: MemoryCapacity
    perturbation: Perturbation
    echo_state: Convergence
    fading_memory: Convergence
    raster: npt.NDArray[np.int32]  # [spike, 2], step and neuron in the population, of the first sample
    components: tuple[Floats, ...]  # trajectories of states [step, 2] on their two largest principal components
    component_share: Floats  # [component], share of the variance

    def __repr__(self) -> str:
        """One line of the figures that matter most."""
        return (
            f"LiquidReport({self.n_neurons:,} neurons on {self.chip}: rate {self.activity.mean_rate:.3f} a step, ranks "
            f"{self.kernel.rank} and {self.generalisation.rank} of {self.n_inputs}, memory {self.memory.total:.1f})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys, in SI units; what is not finite is None."""
        from neurosim.metrics.readings import report_data

        return report_data(self)


def inspect_liquid(
    program: Program,
    trains: SpikeTrains,
    labels: npt.ArrayLike | None = None,
    *,
    population: str | None = None,
    tau_ms: float = TAU_MS,
    jitter_steps: float = 2.0,
    seed: int = 0,
    report: Report | None = None,
) -> LiquidReport:
    """Measure a compiled liquid on the chip's integers.

    Args:
        program: what to run.
        trains: at least two inputs that the liquid is meant for (training data); the first 200 are ranked.
        labels: class of each input; None takes noisy copies of a few inputs as classes.
        population: whose states; None for all neurons.
        tau_ms: time constant of the filter that makes states of spikes.
        jitter_steps: standard deviation by which spikes of noisy copies are moved.
        seed: of everything that is drawn: the same one gives the same report.
        report: called with what is being done, how much is done, and of how much.

    Raises:
        RunError: fewer than two inputs, no spike in them, labels that do not match, or an input that does not fit.
    """
    check_trains("trains", trains)
    label = _labels(trains, labels)
    if len(trains.step) == 0:
        raise RunError("the inputs hold no spike: raise the rate of the input")
    say = _counter(report)
    some = trains[: min(len(trains), MOST_INPUTS)]
    say("activity and kernel quality")
    result = run(program, some, per_step=False)
    active = activity(program, result, population)
    kernel = state_rank(final_states(result, population, tau_ms))
    say("generalisation rank")
    shared: dict[str, Any] = {"population": population, "tau_ms": tau_ms}
    middle = int(np.argsort(np.diff(some.sample_ptr), kind="stable")[len(some) // 2])  # an input of usual size
    noisy = generalisation_rank(
        program, some, copies=len(some), sample=middle, jitter_steps=jitter_steps, seed=seed, **shared
    )
    say("separation")
    classes = _class_separation(program, some, result, label, jitter_steps, seed, shared)
    separation = liquid_separation(program, trains, seed=seed, **shared)
    say("memory capacity")
    memory = liquid_memory_capacity(program, trains, seed=seed, **shared)
    say("one spike more or less")
    perturbation = liquid_lyapunov(program, trains, seed=seed)
    say("echo state and fading memory")
    echo, fading = liquid_echo_state(program, trains), liquid_fading_memory(program, trains)
    components, share = _components([state_trajectory(result, population, i, tau_ms) for i in range(_shown(some))])
    start, n = result.range_of(population)
    raster = result.spikes(0) - np.array([0, start], np.int32)
    return LiquidReport(
        chip=program.chip.name,
        program_digest=program.digest,
        approximations=tuple(sorted({e.parameter for e in program.errors if e.parameter in RULES})),
        n_neurons=n,
        n_channels=program.n_channels,
        n_inputs=len(some),
        dt_ms=program.dt_ms,
        tau_ms=tau_ms,
        jitter_steps=jitter_steps,
        activity=active,
        kernel=kernel,
        generalisation=noisy,
        class_separation=classes,
        has_labels=label is not None,
        separation=separation,
        memory=memory,
        perturbation=perturbation,
        echo_state=echo,
        fading_memory=fading,
        raster=raster[(raster[:, 1] >= 0) & (raster[:, 1] < n)],
        components=components,
        component_share=share,
    )


_STAGES = 6


def _counter(report: Report | None) -> Callable[[str], None]:
    done = 0

    def say(what: str) -> None:
        nonlocal done
        if report:
            report(what, done, _STAGES)
        done += 1

    return say


def _labels(trains: SpikeTrains, labels: npt.ArrayLike | None) -> npt.NDArray[Any] | None:
    if len(trains) < 2:
        raise RunError("a liquid is inspected on at least two inputs, as its metrics compare them: give more samples")
    if labels is None:
        return None
    label = np.asarray(labels).reshape(-1)
    if len(label) != len(trains):
        raise RunError(f"{len(label):,} labels for {len(trains):,} inputs: give one for each")
    label = label[:MOST_INPUTS]
    return label if len(np.unique(label)) > 1 else None


def _class_separation(
    program: Program,
    trains: SpikeTrains,
    result: RunResult,
    label: npt.NDArray[Any] | None,
    jitter_steps: float,
    seed: int,
    shared: dict[str, Any],
) -> float:
    if label is not None:
        return class_separation(final_states(result, **shared), label)
    rng = np.random.default_rng([seed, 5])
    rasters = [to_raster(trains, i, program.n_channels) for i in range(min(_CLASSES, len(trains)))]
    noisy = run(program, to_trains([jittered(r, jitter_steps, rng) for r in rasters for _ in range(_COPIES)]))
    return class_separation(final_states(noisy, **shared), np.repeat(np.arange(len(rasters)), _COPIES))


def _shown(trains: SpikeTrains) -> int:
    return min(_SHOWN, len(trains))


def _components(trajectories: list[Floats]) -> tuple[tuple[Floats, ...], Floats]:
    """Trajectories on the two largest principal components of all of them, and the share of variance of each."""
    every = np.concatenate(trajectories)
    if every.shape[1] < 2 or not every.std(axis=0).any():  # nothing moves
        return tuple(np.zeros((len(x), 2)) for x in trajectories), np.zeros(2)
    return principal_components(trajectories, 2)
