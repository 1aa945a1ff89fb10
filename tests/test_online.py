"""Readouts that learn sample by sample, and in a loop."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from chips import RunError
from neurosim.readouts.feedback import force, free_run, reward_modulated
from neurosim.readouts.online import LeastMeanSquares, RecursiveLeastSquares


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 3), st.floats(1e-3, 1e3))
@settings(max_examples=60, deadline=None)
def test_without_forgetting_it_is_batch_ridge(seed: int, n_inputs: int, outputs: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(150, n_inputs)), rng.normal(size=(150, outputs))
    online = RecursiveLeastSquares(alpha=alpha).fit(x[:70], y[:70]).partial_fit(x[70:], y[70:])
    batch = Ridge(alpha=alpha, fit_intercept=False).fit(np.column_stack([x, np.ones(len(x))]), y)
    whole = np.column_stack([online.coef_, online.intercept_])
    assert np.abs(whole - np.atleast_2d(batch.coef_)).max() <= 1e-6 * max(1, np.abs(batch.coef_).max())


def test_on_the_counts_of_a_liquid_it_is_batch_ridge_too() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.poisson(3.0, size=(3000, 128)).astype(float), rng.normal(size=3000)
    online = RecursiveLeastSquares(alpha=10.0, constant=0.0).fit(x, y)
    batch = Ridge(alpha=10.0, fit_intercept=False).fit(x, y)
    assert np.abs(online.coef_ - batch.coef_).max() <= 1e-6 * np.abs(batch.coef_).max()


def changing(n: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """A linear task whose weights change half way."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 10))
    w = np.where(np.arange(n)[:, None] < n // 2, rng.normal(size=10), rng.normal(size=10))
    return x, (w * x).sum(axis=1) + 0.05 * rng.normal(size=n)


def errors(model: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared error of each sample before it is learned from."""
    found = []
    model.fit(x[:1], y[:1])
    for i in range(1, len(x)):
        found.append((model.predict(x[i : i + 1])[0] - y[i]) ** 2)
        model.partial_fit(x[i : i + 1], y[i : i + 1])
    return np.array(found)


def test_forgetting_recovers_from_a_change_that_a_long_memory_does_not() -> None:
    x, y = changing()
    late = slice(-200, None)
    forgets = errors(RecursiveLeastSquares(forgetting=0.97), x, y)[late].mean()
    remembers = errors(RecursiveLeastSquares(), x, y)[late].mean()
    gradient = errors(LeastMeanSquares(rate=0.5), x, y)[late].mean()
    assert forgets < 0.01 < remembers
    assert gradient < remembers / 10


def test_directions_that_are_never_heard_do_not_wind_up() -> None:
    x = np.zeros((5000, 3))
    x[:, 0] = 1
    model = RecursiveLeastSquares(forgetting=0.9).fit(x, np.ones(5000))
    assert np.isfinite(model.inverse_).all()
    assert model.predict([[1, 1, 1]])[0] == pytest.approx(1, abs=0.5)


@parametrize_with_checks([RecursiveLeastSquares(), RecursiveLeastSquares(forgetting=0.99), LeastMeanSquares()])
def test_they_are_estimators_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    "model",
    [
        RecursiveLeastSquares(forgetting=0),
        RecursiveLeastSquares(forgetting=1.1),
        RecursiveLeastSquares(alpha=0),
        LeastMeanSquares(rate=2.0),
        LeastMeanSquares(floor=-1.0),
    ],
)
def test_a_setting_out_of_range_is_refused(model: Any) -> None:
    with pytest.raises(RunError, match=r"but"):
        model.fit([[1.0], [2.0]], [1.0, 2.0])


# ---------------------------------------------------------------- loops


class Rates:
    """A chaotic network of tanh rates that hears its own output."""

    def __init__(self, n: int = 200, gain: float = 1.5, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.w = gain * rng.normal(size=(n, n)) / np.sqrt(n)
        self.back = rng.uniform(-1, 1, n)
        self.x = 0.5 * rng.normal(size=n)

    def __call__(self, feedback: np.ndarray) -> np.ndarray:
        self.x += 0.1 * (-self.x + self.w @ np.tanh(self.x) + self.back * feedback[0])
        return np.tanh(self.x)


def test_force_teaches_a_chaotic_network_a_rhythm_that_it_then_holds() -> None:
    wave = np.sin(2 * np.pi * np.arange(6000) / 60)
    system = Rates()
    learned = force(system, wave, alpha=1.0)
    made = free_run(system, learned.weights, 600, np.tanh(system.x))[:, 0]
    spectrum = np.abs(np.fft.rfft(made))
    assert spectrum.argmax() == 10  # 600 steps hold ten periods
    assert 0.8 < made[60:].max() < 1.2
    assert np.abs(learned.output[-600:, 0] - wave[-600:]).max() < 0.1


def test_reward_alone_teaches_a_target() -> None:
    """A slow wave from states that turn with it, told only how good each try was."""
    rng = np.random.default_rng(0)
    phase = 2 * np.pi * np.arange(100) / 100
    basis = np.cos(phase[:, None] + rng.uniform(0, 2 * np.pi, 40)) / np.sqrt(20)
    wanted, place = 0.8 * np.sin(phase), [0]

    def step(feedback: np.ndarray) -> np.ndarray:
        place[0] = (place[0] + 1) % 100
        return basis[place[0]]

    def reward(t: int, output: np.ndarray) -> float:
        return -float((output[0] - wanted[place[0]]) ** 2)

    learned = reward_modulated(step, reward, 1, 20_000, rate=0.05, noise=0.2)
    before, after = np.abs(wanted).mean(), np.abs(basis @ learned.weights[0] - wanted).mean()
    assert after < before / 4


def test_a_loop_that_runs_away_is_refused() -> None:
    state = [np.ones(3)]

    def step(feedback: np.ndarray) -> np.ndarray:
        state[0] = state[0] * 1e60
        return state[0]

    with pytest.raises(RunError, match="run away"):
        force(step, np.ones(10))
