"""Readouts that learn sample by sample, and in a loop."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
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
    forgets = errors(RecursiveLeastSquares(forgetting=0.97, alpha=0.1), x, y)[late].mean()
    remembers = errors(RecursiveLeastSquares(), x, y)[late].mean()
    gradient = errors(LeastMeanSquares(rate=0.5), x, y)[late].mean()
    assert forgets < 0.01 < remembers
    assert gradient < remembers / 10


def weighted_ridge(x: np.ndarray, y: np.ndarray, forgetting: float, penalty: float) -> np.ndarray:
    """Exponentially weighted ridge regression in closed form; the intercept is a weight like the others."""
    inputs, age = np.column_stack([x, np.ones(len(x))]), np.arange(len(x))[::-1]
    weighted = forgetting**age * inputs.T
    weights: np.ndarray = np.linalg.solve(weighted @ inputs + penalty * np.eye(inputs.shape[1]), weighted @ y)
    return weights


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0.5, 0.9999), st.floats(1e-3, 1e3))
@settings(max_examples=60, deadline=None)
def test_with_forgetting_it_is_weighted_ridge(seed: int, n_inputs: int, forgetting: float, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(300, n_inputs)), rng.normal(size=300)
    online = RecursiveLeastSquares(forgetting, alpha).fit(x[:200], y[:200]).partial_fit(x[200:], y[200:])
    assert 0.9 * alpha <= online.penalty_ <= alpha
    wanted = weighted_ridge(x, y, forgetting, online.penalty_)
    whole = np.append(online.coef_, online.intercept_)
    assert np.abs(whole - wanted).max() <= 1e-6 * max(1, np.abs(wanted).max())


def test_silent_inputs_and_a_large_penalty_do_not_make_all_memories_alike() -> None:
    """A bound on the whole inverse would: what winds up in silent directions then slows the others."""
    x, y = changing(2000)
    silent, after = np.column_stack([x, np.zeros_like(x)]), slice(1000, 1100)
    wrong = [
        errors(RecursiveLeastSquares(forgetting, alpha=10.0), silent, y)[after].mean()
        for forgetting in (0.999, 0.99, 0.97)
    ]
    assert wrong[0] > 2 * wrong[1] > 4 * wrong[2]


def test_directions_that_are_never_heard_do_not_wind_up() -> None:
    """200 memories: the textbook's inverse would have grown to 1 / 0.9^2000 = 1e91; what bounds it holds for ever."""
    x = np.zeros((2000, 3))
    x[:, 0] = 1
    model = RecursiveLeastSquares(forgetting=0.9).fit(x, np.ones(2000))
    assert np.linalg.eigvalsh(model.inverse_).max() <= 1 / 0.9 + 1e-9  # of a penalty of 1, a tenth at most is gone
    assert model.predict([[1, 1, 1]])[0] == pytest.approx(1, abs=0.5)


def test_it_stays_exact_through_rare_and_loud_excitation() -> None:
    """Rounding does not add up over many memories, whatever is heard."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20_000, 6)) * (rng.random((20_000, 6)) < 0.01) * 100
    y = x @ rng.normal(size=6)
    model = RecursiveLeastSquares(forgetting=0.98, alpha=1e-2).fit(x, y)
    wanted = weighted_ridge(x, y, 0.98, model.penalty_)
    assert np.append(model.coef_, model.intercept_) == pytest.approx(wanted, abs=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize("delay", [0, 1, 7, 200])
@pytest.mark.parametrize("model", [RecursiveLeastSquares(0.98), LeastMeanSquares()])
def test_a_prediction_knows_only_the_targets_that_have_arrived(model: Any, delay: int) -> None:
    x, y = changing(100)
    said = clone(model).fit(x[:20], y[:20]).predict_then_learn(x[20:], y[20:], delay)
    for now in (0, 1, 8, 79):
        arrived = 20 + max(0, now - delay)
        assert said[now] == pytest.approx(clone(model).fit(x[:arrived], y[:arrived]).predict(x[20 + now :][:1])[0])


def test_targets_of_several_columns_are_predicted_as_such_and_a_negative_delay_is_refused() -> None:
    x, y = changing(60)
    model = RecursiveLeastSquares().fit(x, np.stack([y, -y], axis=1))
    said = model.predict_then_learn(x, np.stack([y, -y], axis=1))
    assert said.shape == (60, 2)
    assert said[:, 1] == pytest.approx(-said[:, 0])
    with pytest.raises(RunError, match="delay is -1, but"):
        model.predict_then_learn(x, np.stack([y, -y], axis=1), delay=-1)
    with pytest.raises(RunError, match=r"delay is 2\.5, but .* whole samples"):
        model.predict_then_learn(x, np.stack([y, -y], axis=1), delay=2.5)  # type: ignore[arg-type]


@parametrize_with_checks([RecursiveLeastSquares(), RecursiveLeastSquares(forgetting=0.99), LeastMeanSquares()])
def test_they_are_estimators_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    "model",
    [
        RecursiveLeastSquares(forgetting=0),
        RecursiveLeastSquares(forgetting=1.1),
        RecursiveLeastSquares(forgetting="a"),  # type: ignore[arg-type]
        RecursiveLeastSquares(constant=float("nan")),
        LeastMeanSquares(constant=float("nan")),
        LeastMeanSquares(rate="a"),  # type: ignore[arg-type]
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
