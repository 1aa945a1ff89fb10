"""Liquids of numbers: the equations, what fits a chip, and what a chip's integers or spikes make of them."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from chips import CannotRepresent, DoesNotFit, NetworkError, RunError
from neurosim.continuous import check_step, compare_to_float, convert, discretise, to_network
from neurosim.continuous.closed_form import ACTIVATIONS, closed_form_cell
from neurosim.continuous.echo_state import GUARANTEED, LIKELY, NONE
from neurosim.continuous.ode import METHODS
from neurosim.continuous.spiking_input import SpikingInput

CODINGS = (("value", 0.0), ("sigma_delta", 0.01))
GRADED = ns.load_chip("loihi2")
T = np.arange(200)
U = 0.5 * np.sin(T / 7) + 0.3 * np.sin(T / 2.3)
Arrays = dict[str, np.ndarray]


def wave(inputs: int, steps: int = 60) -> np.ndarray:
    return np.stack([np.roll(U, 13 * i) for i in range(inputs)], axis=1)[:steps]


def show(capsys: Any, text: str) -> None:
    with capsys.disabled():
        print(f"\n{text}", end="")


def liquid_arrays(n: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """W, V, b, tau."""
    rng = np.random.default_rng(seed)
    w = ns.echo_state(n, seed=seed, density=0.4).weights
    return w, rng.uniform(-1, 1, (n, 1)), 0.3 * rng.normal(size=n), rng.uniform(0.5, 2, n)


# ---------------------------------------------------------------- echo states


@given(st.integers(1, 30), st.integers(1, 3), st.floats(0.1, 0.99), st.floats(0.05, 1), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_drawn_network_has_the_radius_asked_for_and_is_the_same_for_the_same_seed(
    n: int, inputs: int, radius: float, leak: float, seed: int
) -> None:
    made = [ns.echo_state(n, inputs, spectral_radius=radius, density=1.0, leak=leak, seed=seed) for _ in range(2)]
    assert np.abs(np.linalg.eigvals(made[0].weights)).max() == pytest.approx(radius, rel=1e-6)
    assert np.array_equal(made[0].weights, made[1].weights)
    assert np.array_equal(made[0].input_weights, made[1].input_weights)


@pytest.mark.parametrize("f", ["tanh", "hardtanh", "hardtanh01", "linear"])
def test_an_echo_state_network_computes_its_equation(f: Any) -> None:
    model = ns.echo_state(7, 2, leak=0.4, bias_scale=0.5, f=f, seed=1)
    function = {
        "tanh": np.tanh,
        "hardtanh": lambda z: min(max(z, -1), 1),
        "hardtanh01": lambda z: min(max(z, 0), 1),
        "linear": lambda z: z,
    }[f]
    states, x = model.run(wave(2)), np.zeros(7)
    for u, state in zip(wave(2), states, strict=True):
        z = [sum(model.weights[i] * x) + sum(model.input_weights[i] * u) + model.bias[i] for i in range(7)]  # type: ignore[index]
        x = np.array([0.6 * x[i] + 0.4 * function(z[i]) for i in range(7)])
        assert state == pytest.approx(x, abs=1e-12)


def test_the_verdicts_on_three_reservoirs() -> None:
    rng = np.random.default_rng(0)
    w = rng.normal(size=(40, 40))
    small = ns.check_echo_state(0.9 * w / np.linalg.norm(w, 2), leak=0.5)
    assert (small.verdict, small.forgets) == (GUARANTEED, True)
    likely = ns.check_echo_state(0.9 * w / np.abs(np.linalg.eigvals(w)).max())
    assert (likely.verdict, likely.forgets) == (LIKELY, True)
    assert likely.largest_singular_value > 1 > likely.spectral_radius
    positive = ns.check_echo_state(0.1 * rng.random((100, 100)))
    assert positive.verdict == NONE
    assert positive.spectral_radius == pytest.approx(5, abs=0.2)
    assert not positive.forgets  # opposite states stay opposite


@given(st.integers(2, 15), st.floats(0.05, 1), st.integers(0, 2**32 - 1), st.sampled_from(["tanh", "hardtanh"]))
@settings(max_examples=40, deadline=None)
def test_what_is_guaranteed_holds(n: int, leak: float, seed: int, f: str) -> None:
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(n, n))
    report = ns.check_echo_state(0.8 * w / np.linalg.norm(w, 2), leak, rng.normal(size=(n, 1)), f, seed)
    assert report.verdict == GUARANTEED
    assert report.spectral_radius < 1
    assert report.forgetting <= (1 - 0.2 * leak) ** 500 * 1.01 + 1e-12


@given(st.integers(2, 15), st.floats(0.05, 1), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_network_without_echo_is_refused_and_the_factor_named_mends_it(n: int, leak: float, seed: int) -> None:
    w = np.random.default_rng(seed).uniform(0, 4 / n, (n, n)) + 1.2 * np.eye(n)
    v = np.ones((n, 1))
    with pytest.raises(NetworkError, match=r"spectral radius of .* must be below 1: multiply W by"):
        ns.EchoState(w, v, leak=leak)
    assert ns.EchoState(w, v, leak=leak, check=False).n == n
    scale = ns.check_echo_state(w, leak).scale
    mended = ns.check_echo_state(ns.EchoState(w * scale, v, leak=leak).weights, leak)
    assert mended.spectral_radius == pytest.approx(max(0.95, 1 - leak / 20))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"weights": np.ones((2, 3))}, r"weights has shape \(2, 3\), but \(2, 2\)"),
        ({"input_weights": np.ones(2)}, r"input_weights has shape \(2,\), but \(2, any\)"),
        ({"weights": [["a", 1], [0, 0]]}, "weights is not an array of numbers"),
        ({"weights": [[np.nan, 0], [0, 0]]}, "weights holds a number that is not finite"),
        ({"leak": 0}, "leak is 0, but a number above 0"),
        ({"f": "relu"}, "f is 'relu', but known are tanh, hardtanh"),
    ],
)
def test_what_is_no_echo_state_network_is_refused(arguments: dict[str, Any], words: str) -> None:
    good = {"weights": np.zeros((2, 2)), "input_weights": np.ones((2, 1))}
    with pytest.raises(NetworkError, match=words):
        ns.EchoState(**(good | arguments))  # type: ignore[arg-type]


def test_a_drawn_network_without_echo_is_refused_or_taken_as_it_is() -> None:
    with pytest.raises(NetworkError, match="check=False"):
        ns.echo_state(10, spectral_radius=1.5)
    assert ns.check_echo_state(ns.echo_state(10, spectral_radius=1.5, check=False).weights).verdict == NONE
    for seed in (-1, 1.5):
        with pytest.raises(NetworkError, match=f"seed is {seed}"):
            ns.echo_state(3, seed=seed)  # type: ignore[arg-type]


def test_inputs_of_the_wrong_shape_are_refused() -> None:
    model = ns.echo_state(5, 2, density=1.0)
    for wrong in (U, np.zeros((0, 2)), [["a", "b"]], [[np.inf, 0.0]], np.zeros((3, 3))):
        with pytest.raises(RunError, match=r"^u "):
            model.run(wrong)
    with pytest.raises(RunError, match="initial state has shape"):
        model.run(np.zeros((3, 2)), initial=[0.0])


# ---------------------------------------------------------------- on a chip's integers


@pytest.mark.parametrize("f", ["tanh", "hardtanh", "hardtanh01", "linear"])
@pytest.mark.parametrize(("coding", "threshold"), CODINGS)
def test_an_echo_state_network_on_the_chip_follows_the_float_one(
    f: Any, coding: Any, threshold: float, capsys: Any
) -> None:
    model = ns.echo_state(60, leak=0.3, bias_scale=0.2, f=f, seed=3)
    made = compare_to_float(model, U, GRADED, coding, threshold)
    show(capsys, f"leaky ESN of 60 {f} units, {coding}: {made}; {made.quantisation}")
    assert made.nrmse < 0.05
    assert made.quantisation.weight_rms < 0.02
    assert (made.dense_share < 0.9) == (made.synaptic_events_saved > 0.1) == (coding == "sigma_delta")


def test_a_core_of_hardtanh_units_is_exact_where_its_weights_are_on_the_grid() -> None:
    """h <- clip(W h + V u, 0, 1) with weights in 64ths: the chip's numbers are those of whole numbers of 2^-15."""
    rng, n = np.random.default_rng(2), 30
    w = rng.integers(-60, 61, (n, n)) / 64 * (rng.random((n, n)) < 0.15)
    model = ns.EchoState(w, rng.integers(-64, 65, (n, 1)) / 64, f="hardtanh01", check=False)
    for coding in ("value", "sigma_delta"):
        made = compare_to_float(model, U, GRADED, coding)  # type: ignore[arg-type]
        assert made.quantisation.weight_worst == made.quantisation.bias_worst == 0
        g, half = np.zeros(n, np.int64), 2**14  # h - 1/2, in 2^-15
        for u, row in zip(U, made.made, strict=True):
            z = np.rint(64 * w @ (g + half) + 64 * model.input_weights[:, 0] * np.rint(u * 2**15)) - 64 * half
            g = np.clip(np.trunc(z / 64), -half, half).astype(np.int64)
            assert np.array_equal(row * 2**15, g + half)


@given(st.integers(1, 12), st.integers(0, 2**32 - 1), st.sampled_from(["tanh", "hardtanh", "hardtanh01", "linear"]))
@settings(max_examples=25, deadline=None)
def test_with_a_threshold_of_zero_both_codings_give_the_same_states(n: int, seed: int, f: Any) -> None:
    rng = np.random.default_rng(seed)
    leak = float(rng.uniform(0.1, 1))
    model = ns.echo_state(n, 2, density=1.0, leak=leak, bias_scale=1.0, f=f, seed=seed)
    value, change = (compare_to_float(model, wave(2, 30), GRADED, coding) for coding in ("value", "sigma_delta"))  # type: ignore[arg-type]
    assert np.array_equal(value.made, change.made)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_numbers_of_any_size_run_or_are_refused(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    w, v = rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.5), rng.normal(size=(n, 2)) * (rng.random((n, 2)) < 0.7)
    sizes = 10 ** rng.uniform(-5, 4, 5) * (rng.random(5) < 0.9)
    f: Any = rng.choice(["tanh", "hardtanh", "hardtanh01", "linear"])
    tau = 10 ** rng.uniform(-2, 2, n)
    dt = float(min(1, tau.min() * rng.uniform(0.01, 1)))
    models: list[Any] = [
        ns.EchoState(w * 0.9 / max(np.linalg.norm(w, 2), 1), v * sizes[0], sizes[1] * v[:, 0], dt / tau.min(), f),
        ns.LiquidODE(w * sizes[2], v * sizes[0], sizes[1] * v[:, 0], tau, dt, rng.choice(["euler", "exponential"]), f),
        ns.LiquidTimeConstant(w * sizes[2], v * sizes[0], sizes[1], tau, dt, reversal=sizes[4] * v[:, 1]),
    ]
    for model in models:
        for coding in ("value", "sigma_delta"):
            try:
                made = compare_to_float(model, sizes[3] * rng.normal(size=(12, 2)), GRADED, coding)  # type: ignore[arg-type]
                assert np.isfinite(made.made).all()
            except ns.NeurosimError as refused:
                assert ":" in str(refused)


def test_a_network_without_input_rests_whatever_its_biases() -> None:
    network, codec = to_network(ns.echo_state(10, bias_scale=0.5), GRADED)
    assert ns.run(ns.compile(network, GRADED), None, 20).n_spikes == 0
    states = codec.decode(ns.run(ns.compile(network, GRADED), codec.encode([U[:9], U[:5]])), sample=1)
    assert states.shape == (5, 10)


def test_no_sum_saturates_at_the_bound_of_the_input() -> None:
    model = ns.EchoState(np.zeros((3, 3)), np.full((3, 40), 1.0), f="linear")
    made = compare_to_float(model, 100 * np.ones((5, 40)), GRADED)
    assert made.made == pytest.approx(np.full((5, 3), 4000), rel=1e-3)


def test_what_no_chip_holds_is_refused_with_the_remedy() -> None:
    model = ns.echo_state(5, density=1.0)
    with pytest.raises(CannotRepresent, match=r"loihi1 sends no numbers .*neurosim\.continuous\.convert"):
        to_network(model, "loihi1")
    with pytest.raises(RunError, match="coding is 'rate'"):
        to_network(model, GRADED, "rate")  # type: ignore[arg-type]
    with pytest.raises(RunError, match="threshold is -1"):
        to_network(model, GRADED, threshold=-1)
    with pytest.raises(RunError, match=r"input of 2 exceeds the input_bound of 1"):
        to_network(model, GRADED)[1].encode([2.0])
    with pytest.raises(CannotRepresent, match=r"inputs add up to .*lower input_bound"):
        to_network(ns.EchoState(np.zeros((1, 1)), [[1e3]]), GRADED, input_bound=1e3)


# ---------------------------------------------------------------- differential equations


def test_the_largest_stable_step_of_a_decay_is_the_textbooks() -> None:
    """x' = -x / tau: 2 tau for Euler, 2.785 tau for RK4 (real axis), no limit for exponential Euler."""
    limits = {"euler": 2.0, "rk4": 2.7853, "exponential": np.inf}
    for method in METHODS:
        model = ns.LiquidODE(np.zeros((1, 1)), np.ones((1, 1)), tau=0.7, dt=0.01, method=method)  # type: ignore[arg-type]
        assert check_step(model, U[:5]).largest_stable_dt == pytest.approx(0.7 * limits[method], rel=1e-3)


@pytest.mark.parametrize("kind", [ns.LiquidODE, ns.LiquidTimeConstant])
def test_errors_fall_with_the_order_of_the_method(kind: Any) -> None:
    w, v, b, tau = liquid_arrays(10)
    for method, least in (("euler", 1.8), ("exponential", 1.8), ("rk4", 12)):
        coarse, fine = (
            check_step(kind(w, v, b, tau, dt, method), np.repeat(U[:20], k)) for dt, k in ((0.1, 1), (0.05, 2))
        )
        assert coarse.stable
        assert coarse.reference_error > least * fine.reference_error
        assert coarse.halving_error < coarse.reference_error * 1.1


def test_exponential_euler_is_exact_where_its_rates_are_constant() -> None:
    v, b, tau = np.zeros((3, 1)), np.array([0.1, -0.5, 2.0]), np.array([0.3, 1.0, 4.0])
    for kind in (ns.LiquidODE, ns.LiquidTimeConstant):
        report = check_step(kind(np.zeros((3, 3)), v, b, tau, 0.5, "exponential"), U[:20])
        assert max(report.halving_error, report.reference_error) < 1e-4


@pytest.mark.parametrize("kind", [ns.LiquidODE, ns.LiquidTimeConstant])
def test_a_step_is_taken_where_it_is_good_and_refused_where_it_is_not(kind: Any) -> None:
    """The input is held for 0.4, however many steps that takes."""
    model, u = kind(*liquid_arrays(), dt=0.01), U[:20]
    assert discretise(model, 0.01, np.repeat(u, 40)).dt == 0.01
    assert discretise(model, 0.2, np.repeat(u, 2), "rk4").method == "rk4"
    with pytest.raises(RunError, match=r"dt 3 is unstable with euler: the largest stable step is 0\.\d+ \(bisection"):
        discretise(model, 3, u)
    with pytest.raises(RunError, match=r"dt 0.4 with euler is off by .* use dt (0\.\d+) or less") as refused:
        discretise(model, 0.4, u)
    named = float(str(refused.value).split("use dt ")[1].split(" ")[0])
    k = int(np.ceil(0.4 / named))
    assert discretise(model, 0.4 / k, np.repeat(u, k)).dt == 0.4 / k


def test_beside_the_largest_stable_step_a_run_stays_or_leaves() -> None:
    model = ns.LiquidODE(np.zeros((2, 2)), np.ones((2, 1)), tau=[0.5, 2.0])
    limit = check_step(model, U[:5]).largest_stable_dt
    start = [1.0, 1.0]
    for factor, leaves in ((0.99, False), (1.01, True)):
        run = ns.LiquidODE(model.weights, model.input_weights, 0, model.tau, factor * limit).run(np.zeros(2000), start)
        assert (np.abs(run[-1]).max() > 1) == leaves


@pytest.mark.parametrize(("coding", "threshold"), CODINGS)
@pytest.mark.parametrize("case", ["euler", "exponential", "hardtanh", "hardtanh01", "linear", "ltc"])
def test_a_liquid_of_differential_equations_follows_the_float_one(
    case: str, coding: Any, threshold: float, capsys: Any
) -> None:
    w, v, b, tau = liquid_arrays(48, 5)
    if case == "ltc":
        reversal = np.random.default_rng(1).choice([-1.0, 1.0], 48)
        model: Any = ns.LiquidTimeConstant(w, v, b, tau, reversal=reversal)
    elif case in METHODS:
        model = ns.LiquidODE(w, v, b, tau, method=case)  # type: ignore[arg-type]
    else:
        model = ns.LiquidODE(0.5 * w, v, b, tau, f=case)  # type: ignore[arg-type]
    made = compare_to_float(model, U, GRADED, coding, threshold)
    show(capsys, f"liquid of 48 units, {case}, steps of 0.05, {coding}: {made}")
    assert made.nrmse < 0.05
    assert (made.dense_share < 0.7) == (coding == "sigma_delta")


def test_steps_that_have_no_units_are_refused() -> None:
    w, v, b, tau = liquid_arrays(4)
    for model, words in (
        (ns.LiquidODE(w, v, b, tau, method="rk4"), "rk4 have no circuit: choose method 'euler' or 'exponential'"),
        (ns.LiquidTimeConstant(w, v, b, tau, method="exponential"), "choose method 'euler'"),
        (ns.LiquidODE(w, v, b, tau, dt=1.9), "dt 1.9 exceeds tau"),
    ):
        with pytest.raises(CannotRepresent, match=words):
            to_network(model, GRADED)
    with pytest.raises(NetworkError, match="tau of unit 1 is 0"):
        ns.LiquidODE(w, v, tau=[1, 0, 1, 1])
    with pytest.raises(RunError, match="no longer finite in step"):
        ns.LiquidODE(w, v, dt=9.0, f="linear").run(np.ones(900))


# ---------------------------------------------------------------- closed-form cells


def cfc_state(inputs: int, n: int, mode: str, backbone: int, layers: int, seed: int = 0) -> Arrays:
    """Parameters as ncps' CfCCell has them, drawn."""
    rng, state, width = np.random.default_rng(seed), {}, inputs + n
    names = ["ff1"] if mode == "pure" else ["ff1", "ff2", "time_a", "time_b"]
    for i in range(layers):
        state[f"backbone.{2 * i}.weight"] = rng.normal(size=(backbone, width)) / np.sqrt(width)
        state[f"backbone.{2 * i}.bias"] = 0.1 * rng.normal(size=backbone)
        width = backbone
    for name in names:
        state[f"{name}.weight"] = rng.normal(size=(n, width)) / np.sqrt(width)
        state[f"{name}.bias"] = 0.1 * rng.normal(size=n)
    if mode == "pure":
        state |= {"w_tau": rng.normal(size=(1, n)), "A": np.ones((1, n))}
    return state


def cfc_reference(state: Arrays, mode: str, u: np.ndarray, ts: float, layers: int) -> np.ndarray:
    """The published equations, one step after the other: Hasani et al. 2022, as ncps has them."""
    n = len(state["ff1.bias"])
    hidden, out = np.zeros(n), []
    for now in u:
        x = np.concatenate([now, hidden])
        for i in range(layers):
            x = 1.7159 * np.tanh(0.666 * (state[f"backbone.{2 * i}.weight"] @ x + state[f"backbone.{2 * i}.bias"]))
        mask = state.get("sparsity_mask", 1.0)
        ff1 = (state["ff1.weight"] * mask) @ x + state["ff1.bias"]
        if mode == "pure":
            a, w_tau = state["A"][0], state["w_tau"][0]
            hidden = -a * np.exp(-ts * (np.abs(w_tau) + np.abs(ff1))) * ff1 + a
        else:
            ff1, ff2 = np.tanh(ff1), np.tanh((state["ff2.weight"] * mask) @ x + state["ff2.bias"])
            t_a = state["time_a.weight"] @ x + state["time_a.bias"]
            t_b = state["time_b.weight"] @ x + state["time_b.bias"]
            t_interp = 1 / (1 + np.exp(-(t_a * ts + t_b)))
            hidden = ff1 + t_interp * ff2 if mode == "no_gate" else ff1 * (1 - t_interp) + t_interp * ff2
        out.append(hidden)
    return np.array(out)


@pytest.mark.parametrize("mode", ["default", "no_gate", "pure"])
@pytest.mark.parametrize(("backbone", "layers"), [(0, 0), (9, 1), (9, 12)])
def test_a_closed_form_cell_of_ncps_computes_the_published_equations(mode: Any, backbone: int, layers: int) -> None:
    state = cfc_state(2, 6, mode, backbone, layers)
    model = ns.cfc_from_ncps({f"rnn_cell.{key}": value.tolist() for key, value in state.items()}, mode, ts=0.7)
    assert (model.inputs, model.n) == (2, 6)
    assert model.run(wave(2)) == pytest.approx(cfc_reference(state, mode, wave(2), 0.7, layers), abs=1e-12)


def test_a_layer_of_a_wired_cell_has_its_mask() -> None:
    state = cfc_state(2, 6, "default", 0, 0)
    state["sparsity_mask"] = (np.random.default_rng(1).random((6, 8)) < 0.5).astype(float)
    model = ns.cfc_from_ncps({f"layer_0.{key}": value for key, value in state.items()}, prefix="layer_0.")
    assert model.run(wave(2)) == pytest.approx(cfc_reference(state, "default", wave(2), 1.0, 0), abs=1e-12)


@pytest.mark.parametrize(("coding", "threshold"), CODINGS)
@pytest.mark.parametrize(("mode", "backbone"), [("default", 0), ("default", 20), ("no_gate", 0)])
def test_a_closed_form_cell_on_the_chip_follows_the_float_one(
    mode: Any, backbone: int, coding: Any, threshold: float, capsys: Any
) -> None:
    state = cfc_state(2, 24, mode, backbone, int(backbone > 0))
    if mode == "no_gate":
        state["ff1.weight"] *= 0.7
    made = compare_to_float(ns.cfc_from_ncps(state, mode), wave(2, 100), GRADED, coding, threshold / 2)
    show(capsys, f"closed-form cell of 24 units, {mode}, backbone {backbone}, {coding}: {made}")
    assert made.nrmse < 0.05
    assert (made.dense_share < 0.5) == (coding == "sigma_delta")


def test_cells_without_units_are_refused_and_wrong_states_named() -> None:
    with pytest.raises(CannotRepresent, match="'pure' needs exp"):
        to_network(ns.cfc_from_ncps(cfc_state(1, 3, "pure", 0, 0), "pure"), GRADED)
    with pytest.raises(CannotRepresent, match="backbone's relu has no graded unit"):
        to_network(ns.cfc_from_ncps(cfc_state(1, 3, "default", 4, 1), activation="relu"), GRADED)
    state = cfc_state(1, 3, "default", 0, 0)
    for wrong, words in (
        ({"ff2.weight": None}, "'ff2.weight' of the state"),
        ({"ff2.weight": np.ones((3, 7))}, r"ff2.weight has shape \(3, 7\), but \(3, 4\)"),
        ({"sparsity_mask": np.ones((2, 2))}, r"sparsity_mask has shape \(2, 2\)"),
        ({"lstm.input_map.weight": np.ones(1)}, "mixed memory"),
        ({"layer_0.ff1.weight": np.ones(1)}, "wired CfC: read each for itself, from prefix='layer_0.' on"),
    ):
        with pytest.raises(NetworkError, match=words):
            ns.cfc_from_ncps(state | wrong)  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match=r"the state has no 'time_a.weight'; it has ff1.bias"):
        ns.cfc_from_ncps({key: value for key, value in state.items() if "time_a" not in key})
    with pytest.raises(NetworkError, match="mode 'gated'"):
        ns.cfc_from_ncps(state, "gated")  # type: ignore[arg-type]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_runs(activation: str) -> None:
    assert np.isfinite(ns.cfc_from_ncps(cfc_state(1, 3, "default", 4, 1), activation=activation).run(U)).all()


# ---------------------------------------------------------------- conductances


def ltc_state(inputs: int, n: int, density: float, seed: int = 0, outputs: int = 1) -> Arrays:
    """Parameters as ncps' LTCCell draws them, on a sparse random wiring."""
    rng = np.random.default_rng(seed)
    state = {"gleak": rng.uniform(0.001, 1, n), "vleak": rng.uniform(-0.2, 0.2, n), "cm": rng.uniform(0.4, 0.6, n)}
    for before, m in (("", n), ("sensory_", inputs)):
        sign = rng.choice([-1.0, 1.0], (m, n)) * (rng.random((m, n)) < density)
        state[before + "erev"], state[before + "sparsity_mask"] = sign, np.abs(sign)
        for key, (low, high) in {"w": (0.001, 1), "sigma": (3, 8), "mu": (0.3, 0.8)}.items():
            state[before + key] = rng.uniform(low, high, (m, n))
    state |= {"input_w": rng.uniform(0.5, 1.5, inputs), "input_b": rng.uniform(-0.2, 0.2, inputs)}
    return state | {"output_w": rng.uniform(0.5, 1.5, outputs), "output_b": rng.uniform(-0.2, 0.2, outputs)}


def ltc_reference(p: Arrays, u: np.ndarray, unfolds: int, ts: float, positive: Any) -> tuple[np.ndarray, np.ndarray]:
    """The semi-implicit solver, synapse by synapse: Lechner et al. 2020; Hasani et al. 2021, algorithm 1."""
    n, v, states = len(p["cm"]), np.zeros(len(p["cm"])), []
    for now in u * p["input_w"] + p["input_b"]:
        for _ in range(unfolds):
            new = np.empty(n)
            for j in range(n):
                cm_t = positive(p["cm"][j]) / (ts / unfolds)
                top = cm_t * v[j] + positive(p["gleak"][j]) * p["vleak"][j]
                bottom = cm_t + positive(p["gleak"][j])
                for before, values in (("sensory_", now), ("", v)):
                    for i, x in enumerate(values):
                        s = 1 / (1 + np.exp(-p[before + "sigma"][i, j] * (x - p[before + "mu"][i, j])))
                        s *= positive(p[before + "w"][i, j]) * p[before + "sparsity_mask"][i, j]
                        top, bottom = top + s * p[before + "erev"][i, j], bottom + s
                new[j] = top / (bottom + 1e-8)
            v = new
        states.append(v)
    made = np.array(states)
    return made, made[:, : len(p["output_w"])] * p["output_w"] + p["output_b"]


@pytest.mark.parametrize("implicit", [False, True])
def test_a_cell_of_ncps_computes_the_published_equations(implicit: bool) -> None:
    state = ltc_state(2, 6, 0.5, outputs=2)
    model = ns.ltc_from_ncps(
        {f"rnn_cell.{key}": value for key, value in state.items()},
        ode_unfolds=4,
        ts=0.7,
        implicit_param_constraints=implicit,
    )
    positive = (lambda x: np.log1p(np.exp(x))) if implicit else (lambda x: x)
    states, outputs = ltc_reference(state, wave(2, 20), 4, 0.7, positive)
    assert model.run(wave(2, 20)) == pytest.approx(states, abs=1e-12)
    assert model.outputs(states) == pytest.approx(outputs, abs=1e-12)


def test_a_state_of_ncps_is_read_with_the_constraints_that_its_module_has_by_default() -> None:
    state = ltc_state(2, 6, 0.5)
    runs = {}
    for implicit in (False, True, None):
        for prefix in ("", "rnn_cell.", "body.rnn_cell."):
            named = {prefix + key: value for key, value in state.items()}
            more = {"implicit_param_constraints": implicit, "prefix": prefix}
            runs[implicit, prefix] = ns.ltc_from_ncps(named, **more).run(wave(2, 20))  # type: ignore[arg-type]
    assert (runs[None, ""] == runs[False, ""]).all()
    assert (runs[None, "rnn_cell."] == runs[True, "rnn_cell."]).all()
    assert (runs[None, "body.rnn_cell."] == runs[True, ""]).all()
    assert np.abs(runs[True, ""] - runs[False, ""]).max() > 0.01


@pytest.mark.parametrize(("coding", "threshold"), [("value", 0.0), ("sigma_delta", 0.001)])
def test_a_sparse_cell_of_ncps_on_the_chip_follows_the_float_one(coding: Any, threshold: float, capsys: Any) -> None:
    fused = ns.ltc_from_ncps(ltc_state(2, 12, 0.25))
    made = compare_to_float(fused.explicit(), wave(2), GRADED, coding, threshold)
    wanted = fused.run(wave(2))
    of_fused = np.sqrt(np.mean((made.made - wanted) ** 2)) / wanted.std()
    units = fused.explicit().circuit().n_units
    show(capsys, f"LTC cell of 12 units as {units}, {coding}: {made}; against fused {of_fused:.2%}")
    assert made.nrmse < 0.05
    assert of_fused < 0.05
    assert (made.dense_share < 0.3) == (coding == "sigma_delta")


def test_a_neural_circuit_policy_of_ncps_fits_and_follows(capsys: Any) -> None:
    wirings = pytest.importorskip("ncps.wirings", reason="ncps is not installed: its wirings cannot be tried")
    wiring = wirings.AutoNCP(12, 1)
    wiring.build(2)
    state = ltc_state(2, 12, 1.0)
    for before, matrix in (("", wiring.adjacency_matrix), ("sensory_", wiring.sensory_adjacency_matrix)):
        state |= {before + "erev": matrix, before + "sparsity_mask": np.abs(matrix)}
    model = ns.ltc_from_ncps(state).explicit()
    made = compare_to_float(model, wave(2), GRADED)
    show(capsys, f"AutoNCP(12, 1) as {model.circuit().n_units} units: {made}")
    assert made.nrmse < 0.05


def test_more_euler_steps_come_nearer_to_the_equation() -> None:
    fused = ns.ltc_from_ncps(ltc_state(2, 8, 0.5))
    fine = fused.explicit(2000).run(wave(2, 20))
    errors = [np.abs(fused.explicit(k).run(wave(2, 20)) - fine).max() for k in (20, 40, 80)]
    assert errors[0] > 1.8 * errors[1] > 3.2 * errors[2]


def test_synapses_of_one_source_and_sigmoid_share_a_unit() -> None:
    state = ltc_state(1, 5, 1.0)
    for key in ("sigma", "mu", "sensory_sigma", "sensory_mu"):
        state[key] = np.full_like(state[key], 0.5)
    model = ns.ltc_from_ncps(state).explicit()
    assert model.circuit().n_units == 5 + 1 + 3 * 5
    assert compare_to_float(model, U[:40], GRADED).nrmse < 0.05


def test_cells_that_fit_no_chip_or_make_no_sense_are_refused() -> None:
    state = ltc_state(2, 6, 1.0)
    fused = ns.ltc_from_ncps(state)
    with pytest.raises(CannotRepresent, match=r"fused step divides.*model\.explicit\(\)"):
        to_network(fused, GRADED)
    tiny = ns.load_chip("loihi2", {"core.neurons": 1, "mesh.tiles_x": 2, "mesh.tiles_y": 2})
    with pytest.raises(DoesNotFit, match=r"needs 66 graded units, but loihi2 has 16"):
        to_network(fused.explicit(), tiny)
    with pytest.raises(CannotRepresent, match="1 euler steps a step are unstable"):
        to_network(fused.explicit(1), GRADED)
    with pytest.raises(NetworkError, match="w has -1, but must not be negative"):
        ns.ltc_from_ncps(state | {"w": -np.ones((6, 6))})
    with pytest.raises(NetworkError, match=r"mu has shape \(5, 6\), but \(6, 6\)"):
        ns.ltc_from_ncps(state | {"mu": np.ones((5, 6))})
    with pytest.raises(NetworkError, match="the state has no 'cm'"):
        ns.ltc_from_ncps({})


# ---------------------------------------------------------------- as spikes


@given(st.integers(1, 3), st.floats(0.2, 0.99), st.integers(1, 10), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_signal_in_spikes_is_followed_within_half_a_spike(inputs: int, alpha: float, steps: int, seed: int) -> None:
    signal = np.random.default_rng(seed).uniform(-1, 1, (15, inputs))
    encoder = SpikingInput.reaching(inputs, 32, alpha, steps, 1, 1.0)
    trains = encoder.encode(signal)
    raster = np.zeros((15 * steps, encoder.channels))
    raster[trains.step, trains.channel] = 1
    y = np.zeros(inputs)
    for t, fires in enumerate(raster):
        y = alpha * y + encoder.weights(np.eye(inputs)) @ fires
        assert np.abs(y - signal[t // steps]).max() <= 0.5 * (1 - alpha) * encoder.size + 1e-9


@pytest.mark.parametrize("f", ["tanh", "hardtanh01", "linear"])
def test_rates_keep_the_states_and_the_task(f: Any, capsys: Any) -> None:
    model = ns.echo_state(16, leak=0.3, f=f, seed=1)
    made = convert(model, "rate", U)
    show(capsys, f"ESN of 16 {f} units on loihi1, {made}")
    assert made.n_neurons == 16 * 20
    assert made.nrmse < 0.2
    assert made.task_before < made.task_after < made.task_before + 0.15


def test_thresholds_lose_more_and_cost_less(capsys: Any) -> None:
    model = ns.echo_state(16, leak=0.3, seed=1)
    rate, threshold = convert(model, "rate", U), convert(model, "threshold", U)
    show(capsys, f"ESN of 16 tanh units on loihi1, {threshold}")
    assert threshold.n_neurons == 16
    assert rate.nrmse < threshold.nrmse < 1
    assert rate.task_after < threshold.task_after < 1
    assert threshold.spikes_per_step < rate.spikes_per_step / 10


@pytest.mark.parametrize("leak", [0.4, 1.0])
def test_a_binary_network_computes_the_equation_with_f_replaced_by_a_step(leak: float) -> None:
    """Weights, levels and inputs as the chip has them differ a little, so neurons near their middle may differ."""
    model = ns.echo_state(12, leak=leak, seed=4)
    made = convert(model, "threshold", U, chip="ideal")
    low, span = made.spiking.offset, np.diag(made.spiking.decoders)
    before = np.vstack([np.zeros(12), model.run(U[:100, None])[:-1]])
    middle = np.median(before @ model.weights.T + U[:100, None] * model.input_weights.T, axis=0)
    x, agree = low.copy(), []
    for u, state in zip(U, made.made, strict=True):
        z = model.weights @ x + model.input_weights[:, 0] * u
        x = (1 - leak) * x + leak * (low + span * (z > middle))
        agree.append(np.abs(x - state) < 0.25 * span)
        x = state
    assert np.mean(agree) > 0.95


def test_the_same_seed_gives_the_same_spikes() -> None:
    model = ns.echo_state(6, leak=0.5)
    first, second, other = (convert(model, "rate", U[:80], neurons=6, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.made, second.made)
    assert not np.array_equal(first.made, other.made)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": ns.echo_state(4), "how": "rate"}, "leak is 1, but rates need a memory"),
        ({"how": "magic"}, "how is 'magic', but must be one of rate, threshold"),
        ({"model": closed_form_cell(4)}, "only an EchoState is converted .* not a ClosedFormCell"),
        ({"neurons": 1}, "neurons is 1, but a whole number from 2 to 200"),
        ({"u": U[:30]}, "u has 30 steps, but a washout of 50 needs at least 70"),
        ({"u": np.zeros(200)}, "u is zero in its first 100 steps"),
        ({"target": U[:30]}, "target has 30 steps, but u has 200"),
    ],
)
def test_what_cannot_be_converted_is_refused(arguments: dict[str, Any], words: str) -> None:
    good = {"model": ns.echo_state(4, leak=0.3, density=1.0), "how": "threshold", "u": U}
    with pytest.raises(RunError, match=words):
        convert(**(good | arguments))


def test_a_conversion_may_be_allowed_approximations() -> None:
    """What is in the way of the rates then is another thing."""
    model, chip = ns.echo_state(4, leak=0.3, density=1.0), ns.load_chip("odin")
    with pytest.raises(CannotRepresent, match="allow that with approximate=True"):
        convert(model, "rate", U, chip=chip)
    with pytest.raises(CannotRepresent, match="bias of neuron 0"):
        convert(model, "rate", U, chip=chip, approximate=True)


def test_graded_units_are_never_converted_silently() -> None:
    network, _ = to_network(ns.echo_state(4, density=1.0), GRADED)
    with pytest.raises(CannotRepresent, match=r"kind 'tanh', which loihi1 does not have: choose .*loihi2"):
        ns.compile(network, "loihi1")


def test_the_package_is_lazy_and_names_what_it_lacks() -> None:
    code = "import sys, neurosim.continuous as c; assert 'numpy' not in sys.modules; c.convert; c.nothing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "module 'neurosim.continuous' has no attribute 'nothing'" in done.stderr
