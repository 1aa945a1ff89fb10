"""Memory capacity: how far back a linear readout can tell what the input was.

Jaeger 2001 (GMD report 152): MC = sum over k >= 1 of the squared correlation, on data that the readout was not trained
on, of its output with the input k steps ago, for an i.i.d. input.  A system of N linear units has at most N (over k >=
0).  By chance alone a delay without memory scores about 1 / (test steps).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.metrics.rank import finite_matrix
from neurosim.metrics.states import TAU_MS, Floats, periodic_states
from neurosim.metrics.stimuli import modulated, to_trains, usual_value
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

ALPHAS = 10.0 ** np.arange(-6, 7)  # ridge penalties to choose from, per delay, by leave-one-out error in training


@dataclass(frozen=True, eq=False)
class MemoryCapacity:
    """The memory curve and its sum."""

    by_delay: Floats  # [delay], squared correlation with the input 0, 1, ... steps ago
    n_test: int  # steps that it was measured on
    steps_per_value: int = 1  # for how many steps of the chip a value of the input was held

    @property
    def total(self) -> float:
        """Jaeger's capacity: the sum over delays of at least 1."""
        return float(self.by_delay[1:].sum())

    @property
    def chance(self) -> float:
        """What a system without memory would score in all."""
        return (len(self.by_delay) - 1) / self.n_test


def memory_capacity(
    states: npt.ArrayLike,
    inputs: npt.ArrayLike,
    *,
    max_delay: int,
    discard: int = 0,
    test_share: float = 0.3,
    alpha: float | None = None,
) -> MemoryCapacity:
    """The capacity of any system: `states` [step, unit] under the i.i.d. `inputs` [step].

    Args:
        states: after the input of the same step was taken in.
        inputs: independent, identically distributed numbers.
        max_delay: largest delay that is tried; each begins the training later.
        discard: first steps left out, so that the start is forgotten.
        test_share: the last part of the steps, for the test.
        alpha: ridge penalty on states of mean variance 1; None chooses one per delay by leave-one-out error.

    Raises:
        RunError: arrays that do not match, or too few steps.
    """
    x, u = finite_matrix(states, "states"), np.asarray(inputs, np.float64).reshape(-1)
    if len(x) != len(u) or not np.isfinite(u).all():
        raise RunError(f"{len(x):,} states but {len(u):,} inputs: one finite input for each step is needed")
    if max_delay < 1 or discard < 0 or not 0 < test_share < 1:
        raise RunError(
            f"max_delay is {max_delay} (at least 1), discard {discard} (at least 0), test_share {test_share} (0 to 1)"
        )
    start = max(discard, max_delay)
    n_test = int((len(u) - start) * test_share)
    if n_test < 10 or len(u) - start - n_test < 10:
        raise RunError(f"{len(u):,} steps are too few for delays up to {max_delay}: use at least {start + 40:,}")
    wanted = np.stack([u[start - k : len(u) - k] for k in range(max_delay + 1)], axis=1)  # [step, delay]
    guess = _readout(x[start:], wanted, n_test, alpha)
    score = [_squared_correlation(guess[:, k], wanted[-n_test:, k]) for k in range(max_delay + 1)]
    return MemoryCapacity(np.array(score), n_test)


def liquid_memory_capacity(
    program: Program,
    trains: SpikeTrains,
    *,
    max_delay: int = 20,
    values: int = 1200,
    steps_per_value: int = 10,
    population: str | None = None,
    tau_ms: float = TAU_MS,
    seed: int = 0,
) -> MemoryCapacity:
    """The capacity of a liquid whose channels fire at rates set by an i.i.d. input, uniform within 0 .. 1.

    The state is the filtered spikes at the end of each value; delays count values.

    Args:
        program: what to run.
        trains: inputs that the liquid is meant for; each channel keeps its mean rate.
        max_delay: largest delay, in values.
        values: how many; a tenth is left out at the start, three tenths of the rest are the test.
        steps_per_value: for how long each is held.
        population: whose states; None for all neurons.
        tau_ms: of the filter of the states.
        seed: of the input.

    Raises:
        RunError: an argument is out of range, or the input does not fit the program.
    """
    if steps_per_value < 1 or values < 10:
        raise RunError(f"steps_per_value is {steps_per_value} (at least 1) and values {values} (at least 10)")
    rng = np.random.default_rng([seed, 2])
    u = rng.random(values)
    rate = np.bincount(trains.channel, minlength=program.n_channels) / trains.steps.sum()
    if len(rate) > program.n_channels:
        raise RunError(f"a spike is on channel {len(rate) - 1}, but the program has {program.n_channels} channels")
    raster = modulated(u, rate, steps_per_value, rng, usual_value(trains))
    result = run(program, to_trains([raster]), per_step=False)
    states = periodic_states(result, steps_per_value, population, tau_ms=tau_ms)
    found = memory_capacity(states, u, max_delay=max_delay, discard=values // 10)
    return MemoryCapacity(found.by_delay, found.n_test, steps_per_value)


def _readout(x: Floats, wanted: Floats, n_test: int, alpha: float | None) -> Floats:
    """What a ridge readout of the training part says in the test part: [test step, delay]."""
    from sklearn.linear_model import Ridge, RidgeCV

    train, test = x[:-n_test], x[-n_test:]
    mean = train.mean(axis=0)
    scale = float(np.sqrt(train.var(axis=0).mean()))  # one for all, so that no unit that hardly moved is blown up
    if scale <= 1e-12 * float(np.abs(train).max()):
        return np.zeros((n_test, wanted.shape[1]))
    model = RidgeCV(alphas=ALPHAS, alpha_per_target=True) if alpha is None else Ridge(alpha=alpha)
    model.fit((train - mean) / scale, wanted[:-n_test])
    return np.asarray(model.predict((test - mean) / scale), np.float64)


def _squared_correlation(a: Floats, b: Floats) -> float:
    spread = float(a.std() * b.std())
    return (float(((a - a.mean()) * (b - b.mean())).mean()) / spread) ** 2 if spread > 1e-12 else 0.0
