"""Metrics of liquids, each against a case whose answer is known."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from chips import RunError
from neurosim import metrics as m
from neurosim.metrics.lyapunov import Step
from neurosim.metrics.picture import save_report
from neurosim.metrics.readings import readings
from neurosim.metrics.stimuli import jittered, mixed, modulated, stream, to_raster, to_trains, toggled

LOIHI = "loihi1"


def relay(n: int) -> ns.Program:
    """Each channel makes its own neuron fire once for each spike, one step later; nothing is kept."""
    network = ns.Network()
    network.add_input("in", n)
    network.add_registers("p", n, du=4095, dv=4095, vth=1)
    network.connect("in", "p", np.arange(n), np.arange(n), 64)
    return ns.compile(network, LOIHI)


def tree(levels: int) -> ns.Program:
    """A spike of the channel reaches one neuron, then two, then four ..., a level in each step."""
    n = 2**levels - 1
    network = ns.Network()
    network.add_input("in", 1)
    network.add_registers("p", n, du=4095, dv=4095, vth=1)
    network.connect("in", "p", [0], [0], 64)
    child = np.arange(1, n)
    network.connect("p", "p", (child - 1) // 2, child, 64)
    return ns.compile(network, LOIHI)


def membrane(tau_mem_ms: float, tau_syn_ms: float, n: int = 4, weight: float = 0.05) -> ns.Program:
    """Neurons that no usual input makes fire: their state decays with the slower of two time constants."""
    network = ns.Network()
    network.add_input("in", n)
    network.add_lif("p", n, tau_mem_ms=tau_mem_ms, tau_syn_ms=tau_syn_ms, v_threshold=100.0)
    network.connect("in", "p", np.arange(n), np.arange(n), weight * 100)
    return ns.compile(network, LOIHI)


def latch() -> ns.Program:
    """Two neurons that, once excited, keep each other firing for ever."""
    network = ns.Network()
    network.add_input("in", 1)
    network.add_registers("p", 2, du=4095, dv=4095, vth=1)
    network.connect("in", "p", [0], [0], 64)
    network.connect("p", "p", [0, 1], [1, 0], 64)
    return ns.compile(network, LOIHI)


# ---------------------------------------------------------------- states


def test_filter_decays_by_e_in_tau_and_agrees_at_the_end() -> None:
    pulse = np.zeros((31, 1))
    pulse[0] = 1
    assert m.exponential_filter(pulse, 30.0)[-1, 0] == pytest.approx(np.exp(-1))
    program = relay(3)
    result = ns.run(program, m.poisson_trains(3, 50, 4, 0.3, seed=1))
    states = m.final_states(result, tau_ms=10.0)
    for i in range(4):
        every = m.state_trajectory(result, "p", i, 10.0)
        assert every[-1] == pytest.approx(states[i])
        assert m.periodic_states(result, 7, "p", i, 10.0)[:7] == pytest.approx(every[6:49:7])
    with pytest.raises(RunError, match="tau_ms"):
        m.final_states(result, tau_ms=0)
    with pytest.raises(RunError, match="'q'"):
        m.final_states(result, "q")


def test_payloads_count_in_a_state() -> None:
    network = ns.Network()
    network.add_input("in", 1)
    network.add("p", 1, "linear", keep=0, gain=4096)
    network.connect("in", "p", [0], [0], 2)
    result = ns.run(ns.compile(network, "loihi2"), [[(0, 0, 50)]], 2)
    assert m.final_states(result, tau_ms=30.0)[0, 0] == 100


# ---------------------------------------------------------------- stimuli


def test_poisson_rate_is_within_three_sigma() -> None:
    trains = m.poisson_trains(10, 200, 20, 0.1, seed=3)
    n = 10 * 200 * 20
    assert abs(len(trains.step) - 0.1 * n) < 3 * np.sqrt(n * 0.09)
    with pytest.raises(RunError, match="at most one"):
        m.poisson_trains(1, 10, 1, 1.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 5), st.floats(0, 1))
def test_stimuli_stay_inside_and_keep_their_extremes(seed: int, sd: float, share: float) -> None:
    """Rasters become trains and rasters again; no jitter and no mixing change nothing, full mixing changes all."""
    rng = np.random.default_rng(seed)
    one, other = ((rng.random((30, 4)) < 0.3).astype(np.int32) for _ in range(2))
    assert (to_raster(to_trains([other, one]), 1, 4) == one).all()
    assert (jittered(one, 0.0, rng) == one).all()
    assert 0 <= jittered(one, sd, rng).sum() <= one.sum()
    assert (mixed(one, other, 1.0, rng) == other).all()
    between = mixed(one, other, share, rng)
    assert ((between == one) | (between == other)).all()
    assert (toggled(one, 5, 2) != one).sum() == 1


def test_a_stream_lays_samples_end_to_end() -> None:
    trains = ns.SpikeTrains.from_samples([[(0, 0)], [(1, 0)]], [2, 3])
    assert stream(trains, 1, 9, 1)[:, 0].tolist() == [0, 1, 0, 1, 0, 0, 1, 0, 1]


def test_modulation_keeps_the_mean_rate_of_each_channel() -> None:
    rate = np.array([0.05, 0.1, 0.2, 0.4])
    spikes = modulated(np.random.default_rng(0).random(2000), rate, 5, np.random.default_rng(1))
    assert spikes.mean(axis=0) == pytest.approx(rate, rel=0.03)


# ---------------------------------------------------------------- ranks


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_rank_of_a_product_is_its_inner_size(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = np.linalg.qr(rng.normal(size=(20, k)))[0], np.linalg.qr(rng.normal(size=(12, k)))[0]
    found = m.state_rank(left @ right.T)
    assert (found.rank, found.n_inputs, found.n_neurons) == (k, 20, 12)


def test_rank_counts_singular_values_above_its_tolerance() -> None:
    states = np.diag([10.0, 1.0, 0.05, 0.0])
    assert [m.state_rank(states, t).rank for t in (0.5, 0.01, 0.001, 0.0)] == [1, 2, 3, 3]
    assert m.state_rank(np.zeros((3, 2))).rank == 0
    for bad in (np.zeros((0, 2)), np.zeros(3), [[np.nan]]):
        with pytest.raises(RunError, match="matrix"):
            m.state_rank(bad)


def test_participation_ratio_counts_equal_directions() -> None:
    states = np.concatenate([np.eye(5), -np.eye(5)])
    assert m.participation_ratio(states) == pytest.approx(5)
    assert m.participation_ratio(np.outer(np.arange(9.0), np.ones(4))) == pytest.approx(1)
    assert m.participation_ratio(np.ones((3, 3))) == 0


def test_a_relay_has_as_much_kernel_quality_as_channels() -> None:
    program = relay(12)
    one_each = ns.SpikeTrains.from_samples([[(3, i)] for i in range(12)], 10)
    assert m.kernel_quality(program, one_each).rank == 12
    assert m.kernel_quality(program, m.poisson_trains(12, 60, 40, 0.2)).rank == 12
    same = ns.SpikeTrains.from_samples([[(i % 9, 3)] for i in range(12)], 10)
    assert m.kernel_quality(program, same).rank == 1


def test_copies_without_noise_have_rank_1_and_noise_adds_to_it() -> None:
    program, trains = relay(12), m.poisson_trains(12, 60, 3, 0.2)
    assert m.generalisation_rank(program, trains, copies=20, jitter_steps=0).rank == 1
    assert 1 < m.generalisation_rank(program, trains, copies=20, jitter_steps=4).rank <= 12
    with pytest.raises(RunError, match="copies"):
        m.generalisation_rank(program, trains, copies=0)


# ---------------------------------------------------------------- separation


def test_distance_is_0_for_equal_and_1_for_orthogonal() -> None:
    assert m.normalised_distance([1.0, 2.0], [1.0, 2.0]) == 0
    assert m.normalised_distance([1.0, 0.0], [0.0, 3.0]) == 1
    assert m.normalised_distance([0.0], [0.0]) == 0
    with pytest.raises(RunError, match="shape"):
        m.normalised_distance([1.0], [1.0, 2.0])


def test_class_separation_is_between_over_within() -> None:
    states = np.array([[0.0, 1.0], [0.0, -1.0], [6.0, 1.0], [6.0, -1.0]])
    assert m.class_separation(states, ["a", "a", "b", "b"]) == 6
    assert m.class_separation(states, [0, 1, 0, 1]) == pytest.approx(2 / 3)
    assert m.class_separation(np.eye(2), [0, 1]) == np.inf
    assert m.class_separation(np.ones((2, 2)), [0, 1]) == 0
    with pytest.raises(RunError, match="two classes"):
        m.class_separation(states, [0, 0, 0, 0])


def test_a_relay_keeps_distances_as_they_are() -> None:
    """Its state is its input, one step later: ratio 1 at every level, ordered d(.4) > d(.2) > d(.1)."""
    found = m.liquid_separation(relay(8), m.poisson_trains(8, 100, 8, 0.1), shares=(0.1, 0.2, 0.4), steps=400)
    assert found.state_distance == pytest.approx(found.input_distance, rel=0.02)
    assert found.ordered
    assert found.ratio == pytest.approx(1, rel=0.02)


def test_a_deaf_liquid_separates_nothing() -> None:
    found = m.liquid_separation(membrane(10, 5), m.poisson_trains(4, 100, 4, 0.05))
    assert found.ratio == 0
    assert not found.ordered


# ---------------------------------------------------------------- memory


def test_a_delay_line_of_n_steps_remembers_n() -> None:
    u = np.random.default_rng(0).uniform(-1, 1, 3000)
    n = 10
    line = np.stack([np.concatenate([np.zeros(k), u[: len(u) - k]]) for k in range(1, n + 1)], axis=1)
    found = m.memory_capacity(line, u, max_delay=2 * n)
    assert found.total == pytest.approx(n, abs=0.1)
    assert found.by_delay[1 : n + 1] == pytest.approx(1, abs=1e-6)
    assert found.by_delay[n + 1 :].max() < 0.02


@pytest.mark.parametrize("n", [8, 12])
def test_a_linear_orthogonal_reservoir_remembers_its_size(n: int) -> None:
    """N units keep N values of the input, the present one included (Jaeger 2001; White, Lee and Sompolinsky 2004)."""
    rng = np.random.default_rng(1)
    w = 0.9 * np.linalg.qr(rng.normal(size=(n, n)))[0]
    v, u = rng.normal(size=n), rng.uniform(-1, 1, 6000)
    states, x = np.zeros((len(u), n)), np.zeros(n)
    for t, now in enumerate(u):
        x = w @ x + v * now
        states[t] = x
    found = m.memory_capacity(states, u, max_delay=60, discard=200)
    assert found.total + found.by_delay[0] == pytest.approx(n, rel=0.05)


def test_no_memory_scores_by_chance_alone() -> None:
    rng = np.random.default_rng(2)
    found = m.memory_capacity(rng.normal(size=(2000, 5)), rng.normal(size=2000), max_delay=10)
    assert found.total < 4 * found.chance
    assert m.memory_capacity(np.ones((200, 3)), rng.normal(size=200), max_delay=5).total == 0
    with pytest.raises(RunError, match="too few"):
        m.memory_capacity(np.ones((30, 3)), np.arange(30.0), max_delay=20)
    with pytest.raises(RunError, match="one finite input"):
        m.memory_capacity(np.ones((30, 3)), np.arange(29.0), max_delay=2)


def test_a_unit_that_hardly_fires_spoils_no_memory() -> None:
    """Neither does one that fires in the test part alone, nor a constant one."""
    u = np.random.default_rng(0).uniform(-1, 1, 1000)
    line = np.stack([np.roll(u, 1), np.roll(u, 2), np.zeros(1000), np.zeros(1000), np.full(1000, 0.1)], axis=1)
    line[[300, 800, 900], 2] = 1
    line[[310, 700], 2] = 0.01
    line[950, 3] = 1
    assert m.memory_capacity(line, u, max_delay=4).total == pytest.approx(2, abs=0.1)


def test_a_filter_that_forgets_within_a_value_remembers_none() -> None:
    """A relay has no state; what it remembers is what the filter of its spikes keeps."""
    program, trains = relay(20), m.poisson_trains(20, 200, 5, 0.2)
    fast = m.liquid_memory_capacity(program, trains, tau_ms=2.0, values=600, max_delay=8)
    slow = m.liquid_memory_capacity(program, trains, tau_ms=60.0, values=600, max_delay=8)
    assert fast.by_delay[0] > 0.5  # the present value is there
    assert fast.total < 4 * fast.chance
    assert slow.total > 8 * slow.chance


# ---------------------------------------------------------------- Lyapunov exponent


@pytest.mark.parametrize(
    ("step", "start", "expected", "within"),
    [
        (lambda x, u: 4 * x * (1 - x), [0.3], np.log(2), 0.01),
        (lambda x, u: 1.3 * x, [1e-3], np.log(1.3), 1e-4),
        (lambda x, u: 0.5 * x + u, [1.0], np.log(0.5), 1e-4),
        (lambda x, u: np.array([[0.9, 0.0], [0.0, 0.2]]) @ x, [1.0, 1.0], np.log(0.9), 1e-3),
    ],
    ids=["logistic map", "expansion", "contraction", "larger of two"],
)
def test_exponent_of_maps_with_known_answers(step: Step, start: list[float], expected: float, within: float) -> None:
    steps = 20_000 if len(start) == 1 and start[0] == 0.3 else 40 if expected > 0 else 1000
    found = m.lyapunov_exponent(step, start, np.zeros(steps), discard=min(100, steps // 4))
    assert found == pytest.approx(expected, abs=within)


def test_a_map_that_forgets_at_once_or_explodes_is_told() -> None:
    assert m.lyapunov_exponent(lambda x, u: 0 * x, [1.0], np.zeros(200)) == -np.inf
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(RunError, match="explodes"):
        m.lyapunov_exponent(lambda x, u: np.where(x > 3, np.inf, x + 1), [2.0], np.zeros(200))
    with pytest.raises(RunError, match="raise size"):
        m.lyapunov_exponent(lambda x, u: 2 * x, [1.0], np.zeros(200))


def test_a_difference_in_a_tree_doubles_in_every_step() -> None:
    """2^k neurons differ after k steps, so the distance grows by the root of two."""
    quiet = ns.SpikeTrains.from_samples([np.zeros((0, 2))] * 2, 30)
    found = m.liquid_lyapunov(tree(8), quiet, pairs=3, settle_steps=0, before_steps=2, after_steps=12)
    assert found.exponent_per_step == pytest.approx(np.log(2) / 2)
    assert found.healed_share == 1  # the last level leads nowhere


@pytest.mark.parametrize(("tau_mem_ms", "tau_syn_ms"), [(20.0, 5.0), (4.0, 12.0)])
def test_a_difference_below_threshold_decays_with_the_slower_time_constant(
    tau_mem_ms: float, tau_syn_ms: float
) -> None:
    program, trains = membrane(tau_mem_ms, tau_syn_ms), m.poisson_trains(4, 100, 4, 0.02)
    found = m.liquid_lyapunov(program, trains, settle_steps=40, after_steps=90)
    assert found.exponent_per_step == pytest.approx(-1 / max(tau_mem_ms, tau_syn_ms), rel=0.1)


def test_a_spike_that_reaches_nobody_makes_no_difference() -> None:
    network = ns.Network()
    network.add_input("in", 1)
    network.add_registers("p", 1, vth=1)
    found = m.liquid_lyapunov(ns.compile(network, LOIHI), m.poisson_trains(1, 50, 2, 0.5), pairs=2)
    assert found.exponent_per_step is None
    assert found.healed_share == 1


def test_recurrence_raises_the_exponent_of_a_liquid() -> None:
    trains, found = m.poisson_trains(8, 200, 10, 0.1), []
    for recurrence in (0.0, 1.0):
        program = ns.compile(ns.liquid((3, 3, 6), 8, gain=3.0, recurrence=recurrence, seed=2), LOIHI)
        found.append(m.liquid_lyapunov(program, trains).exponent_per_step)
    assert found[0] is not None
    assert found[1] is not None
    assert found[0] < 0 < found[1]


# ---------------------------------------------------------------- echo state and fading memory


def echo(radius: float, n: int = 50) -> Step:
    """A tanh network with the spectral radius given."""
    w = np.random.default_rng(3).normal(size=(n, n))
    w *= radius / m.spectral_radius(w)
    return lambda x, u: np.tanh(w @ x + u)


def test_contractions_have_echo_states_and_expansions_do_not() -> None:
    starts, quiet = np.random.default_rng(0).uniform(-1, 1, (4, 50)), np.zeros((300, 50))
    small, large = m.echo_state_test(echo(0.5), starts, quiet), m.echo_state_test(echo(3.0), starts, quiet)
    assert (small.converged, large.converged) == (True, False)
    assert small.rate_per_step is not None
    assert small.rate_per_step == pytest.approx(np.log(0.5), rel=0.1)
    linear = m.echo_state_test(lambda x, u: 1.05 * x + u, [[0.0], [1.0]], np.ones(100))
    assert not linear.converged
    assert linear.rate_per_step == pytest.approx(np.log(1.05))


def test_a_matrix_of_positive_weights_is_flagged() -> None:
    """0.1 * U(0, 1) of 100 units: spectral radius about 5, two states that never meet."""
    w = 0.1 * np.random.default_rng(0).random((100, 100))
    found = m.spectral_report(w)
    assert found.spectral_radius == pytest.approx(5, abs=0.2)
    assert found.echo_state == "ruled out"
    x = np.random.default_rng(1).random(100)
    assert not m.echo_state_test(lambda x, u: np.tanh(w @ x + u), [x, -x], np.zeros(200)).converged
    assert m.spectral_report(0.1 * w).echo_state == "certain"
    assert m.spectral_report([[0.5, 4.0], [0.0, 0.5]]).echo_state == "possible"
    with pytest.raises(RunError, match="square"):
        m.spectral_radius(np.ones((2, 3)))


def test_memory_fades_in_a_leak_and_stays_in_a_sum() -> None:
    pasts, inputs = np.array([np.zeros(20), np.ones(20)]), np.random.default_rng(0).random(100)
    leak = m.fading_memory_test(lambda x, u: 0.8 * x + u, [0.0], pasts, inputs)
    total = m.fading_memory_test(lambda x, u: x + u, [0.0], pasts, inputs)
    assert (leak.converged, total.converged) == (True, False)
    assert leak.rate_per_step == pytest.approx(np.log(0.8))
    assert total.end_distance == pytest.approx(20)


def test_verdicts_need_pairs_and_steps() -> None:
    step: Step = lambda x, u: x  # noqa: E731
    for act in (
        lambda: m.echo_state_test(step, [[1.0]], np.zeros(5)),
        lambda: m.fading_memory_test(step, [0.0], [[1.0]], np.zeros(5)),
        lambda: m.judge_convergence(np.zeros((1, 1))),
        lambda: m.judge_convergence(-np.ones((1, 5))),
    ):
        with pytest.raises(RunError):
            act()


@pytest.mark.parametrize("test", [m.liquid_echo_state, m.liquid_fading_memory])
def test_programs_without_recurrence_forget_and_latches_do_not(test: Callable[..., m.Convergence]) -> None:
    for program in (relay(4), membrane(5, 2, weight=20.0)):
        found = test(program, m.poisson_trains(4, 100, 8, 0.1), common_steps=300)
        assert found.converged
        assert found.left_share == 0
    silent_or_not = ns.SpikeTrains.from_samples([np.zeros((0, 2)), [(0, 0)]], 100)
    found = test(latch(), silent_or_not, pairs=2, before_steps=100, common_steps=60)
    assert not found.converged


# ---------------------------------------------------------------- activity


def test_activity_of_a_network_with_known_rates() -> None:
    """One neuron fires always, one in every fourth step, one whenever the first did alone, one never."""
    network = ns.Network()
    network.add_input("in", 2)
    network.add_registers("p", 4, du=4095, dv=4095, vth=1)
    network.connect("in", "p", [0, 1], [0, 1], 64)
    network.connect("p", "p", [0, 1], [2, 2], [64, -128])
    program = ns.compile(network, LOIHI)
    spikes = [(t, 0) for t in range(100)] + [(t, 1) for t in range(0, 100, 4)]
    found = m.activity(program, ns.run(program, spikes, steps=101), saturated_rate=0.5)
    assert found.rate * 101 == pytest.approx([100, 25, 74, 0])  # the last spike of the first arrives too late
    assert (found.silent_share, found.saturated_share) == (0.25, 0.5)
    assert found.excitation_over_inhibition == pytest.approx(100 * 64 / (25 * 128))
    assert found.mean_rate_hz == pytest.approx(found.mean_rate * 1000)
    source, target, weight = m.recurrent_synapses(program)
    assert sorted(zip(source.tolist(), target.tolist(), weight.tolist(), strict=True)) == [(0, 2, 64), (1, 2, -128)]


# ---------------------------------------------------------------- all together


@pytest.fixture(scope="module")
def report() -> ns.LiquidReport:
    program = ns.compile(ns.liquid((3, 3, 6), 8, gain=3.0, seed=2), LOIHI)
    return ns.inspect_liquid(program, m.poisson_trains(8, 100, 30, 0.1), population="liquid")


def test_a_report_is_plain_finite_data_with_all_metrics(report: ns.LiquidReport) -> None:
    data = report.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert {r.name for r in readings(report)} == {r["metric"] for r in data["readings"]}
    assert all(r.meaning and r.good and r.source for r in readings(report))
    assert data["kernel_rank"] == report.kernel.rank <= 30
    assert data["rate_hz"] == pytest.approx(data["rate_per_neuron_and_step"] / data["step_s"])


def test_same_seed_same_report(report: ns.LiquidReport) -> None:
    program = ns.compile(ns.liquid((3, 3, 6), 8, gain=3.0, seed=2), LOIHI)
    trains = m.poisson_trains(8, 100, 30, 0.1)
    assert ns.inspect_liquid(program, trains, population="liquid").to_dict() == report.to_dict()
    assert ns.inspect_liquid(program, trains, population="liquid", seed=1).to_dict() != report.to_dict()


def test_a_report_is_drawn(report: ns.LiquidReport, tmp_path: Path) -> None:
    picture = save_report(report, tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "liquid.json").read_text()) == report.to_dict()


@pytest.mark.parametrize(
    ("trains", "labels", "word"),
    [
        (ns.SpikeTrains.from_samples([[(0, 0)]], 10), None, "two inputs"),
        (ns.SpikeTrains.from_samples([np.zeros((0, 2))] * 3, 10), None, "no spike"),
        (ns.SpikeTrains.from_samples([[(0, 0)]] * 3, 10), [0, 1], "labels"),
        (ns.SpikeTrains.from_samples([[(0, 9)]] * 3, 10), None, "channel 9"),
        (np.zeros((3, 2)), None, "trains is of type ndarray, but SpikeTrains are needed"),
    ],
)
def test_what_cannot_be_inspected_is_refused(trains: ns.SpikeTrains, labels: list[int] | None, word: str) -> None:
    with pytest.raises(RunError, match=word):
        ns.inspect_liquid(relay(3), trains, labels)


@pytest.mark.parametrize("program", [relay(3), membrane(10, 5)], ids=["relay", "silent"])
def test_odd_liquids_are_reported_and_drawn_too(program: ns.Program, tmp_path: Path) -> None:
    found = ns.inspect_liquid(program, m.poisson_trains(program.n_channels, 60, 4, 0.1), [0, 0, 1, 1])
    save_report(found, tmp_path)
