"""Units that send numbers: held against tests/reference_graded.py; test_continuous.py has what they are for."""

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import simulate
from reference_graded import GradedOutcome, simulate_graded, tanh
from strategies import GRADED_KINDS, busy_graded_network, graded_inputs, graded_networks, register_networks

from chips import CannotRepresent, ChipProfile, ProgramError, RunError, load_chip
from chips.kinds import SECTIONS_OF
from compiler import Network, Program, compile
from compiler.check import check_faithful, check_program
from compiler.emit import emit
from compiler.lowering.lower import lower
from compiler.lowering.registers import MODELS
from compiler.parameters import PARAMETERS
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import Placement
from compiler.validate import validate
from neurosim import RunResult, SpikeTrains, run
from neurosim.simulation import graded_units
from neurosim.simulation.graded_machine import build_graded_machine
from neurosim.tanh_table import lookup, tanh_table

STEPS = 25
Rows = list[tuple[int, int, int]]


@functools.cache
def chip(**overrides: Any) -> ChipProfile:
    return load_chip("loihi2", {key.replace("__", "."): value for key, value in overrides.items()})


def probed(program: Program, rows: Rows, steps: int = STEPS, **settings: Any) -> RunResult:
    inputs = np.array(rows, np.int64).reshape(-1, 3)
    return run(program, inputs, steps, probe=np.arange(program.n_neurons), **settings)


def assert_equals(result: RunResult, wanted: GradedOutcome) -> None:
    assert result.probes is not None
    assert np.array_equal(result.trajectory(), np.array(wanted.sent))
    assert np.array_equal(result.probes.u, np.array(wanted.u))
    assert np.array_equal(result.probes.v, np.array(wanted.v))
    assert result.counts.sum("spikes") == result.n_spikes == wanted.n_messages
    assert result.counts.sum("synaptic_events") == wanted.n_synaptic_events


@st.composite
def driven(draw: st.DrawFn) -> tuple[Network, Rows]:
    net = draw(graded_networks() | st.integers(0, 2**32 - 1).map(busy_graded_network))
    return net, draw(graded_inputs(net, STEPS))


# ---------------------------------------------------------------- the oracle


@given(driven(), st.sampled_from([None, 1, 2, 3]), st.integers(0, 5))
@settings(max_examples=400, deadline=None)
def test_a_compiled_network_does_what_the_oracle_does(
    case: tuple[Network, Rows], neurons: int | None, seed: int
) -> None:
    net, rows = case
    profile = chip(core__neurons=neurons) if neurons else chip()
    result = probed(compile(net, profile, seed=seed), rows)
    assert_equals(result, simulate_graded(net, rows, STEPS, profile))


@given(driven(), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_any_partition_on_any_cores_does_the_same(case: tuple[Network, Rows], seed: int) -> None:
    net, rows = case
    profile, rng = chip(), np.random.default_rng(seed)
    lowered = lower(validate(net), profile)
    n_pieces = int(rng.integers(1, net.n_neurons + 1))
    piece_of = np.concatenate([np.arange(n_pieces), rng.integers(0, n_pieces, net.n_neurons - n_pieces)])
    pieces = Partition(rng.permutation(piece_of).astype(np.int32), n_pieces)
    cores = rng.choice(profile.mesh.n_cores, n_pieces, replace=False)
    program = emit(lowered, pieces, Placement(cores.astype(np.int32)), profile)
    check_program(program)
    check_faithful(program, lowered)
    assert_equals(probed(program, rows), simulate_graded(net, rows, STEPS, profile))


def test_the_networks_of_these_tests_do_something() -> None:
    """Of 60 busy ones: units of each kind send, more often than not, and states reach their limits."""
    had, sent, clipped = (dict.fromkeys([*GRADED_KINDS, "registers"], 0) for _ in range(3))
    for seed in range(60):
        net = busy_graded_network(seed)
        rng = np.random.default_rng(seed)
        rows = [(t, c, int(rng.integers(1, 40_000)) * int(rng.choice([-1, 1]))) for t in range(STEPS) for c in range(3)]
        outcome, at = simulate_graded(net, rows, STEPS, chip()), 0
        for p in net.populations:
            part = slice(at, at + p.n)
            at += p.n
            had[p.kind] += 1
            sent[p.kind] += any(any(step[part]) for step in outcome.sent)
            clipped[p.kind] += any(abs(v) == 2**23 - 1 for step in outcome.v for v in step[part])
    assert all(had[kind] >= 10 and sent[kind] > had[kind] / 2 for kind in had), (had, sent)
    assert sum(clipped.values()) >= 10


NARROW = {
    "graded__message_bits": 9,
    "graded__state_bits": 12,
    "graded__sum_bits": 16,
    "graded__decay_bits": 12,
    "graded__fraction_bits": 8,
    "graded__tanh_table_bits": 4,
    "graded__tanh_range_bits": 2,
}


@given(driven(), st.sampled_from(["wrap_once", "saturate"]))
@settings(max_examples=200, deadline=None)
def test_every_width_saturates_where_the_oracle_does(case: tuple[Network, Rows], overflow: str) -> None:
    net, rows = case
    profile = chip(**NARROW, cuba_lif__u_overflow=overflow, cuba_lif__v_overflow=overflow)
    rows = [(step, channel, max(-255, min(255, value))) for step, channel, value in rows]
    for p in net.populations:
        if p.kind != "registers":  # bring the parameters into the narrow registers
            most = {"shift": 15, "bias": 2047, "threshold": 255, "limit": 2047, "reversal": 2047}
            p.parameters.update(  # type: ignore[attr-defined]
                {key: np.clip(p.parameters[key], -top, top) for key, top in most.items() if key in p.parameters}
            )
    assert_equals(probed(compile(net, profile), rows), simulate_graded(net, rows, STEPS, profile))


@given(register_networks(), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_lif_neurons_do_the_same_beside_a_unit_as_without(net: Network, seed: int) -> None:
    fires = np.random.default_rng(seed).random((STEPS, net.n_channels)) < 0.4
    rows = [(int(t), int(c)) for t, c in np.argwhere(fires)]
    alone = probed(compile(net, chip()), [(t, c, 1) for t, c in rows])
    net.add("unit", 1, "linear", bias=5)
    beside = probed(compile(net, chip()), [(t, c, 1) for t, c in rows])
    assert alone.probes is not None
    assert beside.probes is not None
    assert alone.spike_value is None
    assert np.array_equal(alone.raster(), beside.raster()[:, :-1])
    assert np.array_equal(alone.probes.u, beside.probes.u[:, :-1])
    assert np.array_equal(alone.probes.v, beside.probes.v[:, :-1])
    assert np.array_equal(alone.raster(), np.array(simulate(net_without_unit(net), rows, STEPS, chip().lif).spikes))


def net_without_unit(net: Network) -> Network:
    return Network(net.dt_ms, net.populations[:-1], net.inputs, net.projections)


@pytest.mark.parametrize("exponent", [0, 8], ids=["weights of a byte", "wider weights"])
@pytest.mark.parametrize("delay", [1, 40])
def test_layers_do_what_the_oracle_does_busy_and_at_rest(exponent: int, delay: int) -> None:
    """Dense and sparse synapses among hundreds of neurons of all models, which fall silent and are woken again."""
    rng, net = np.random.default_rng(exponent + delay), Network()
    net.add_input("in", 8)
    coded = {"shift": 4, "sigma": 1, "delta": 1}
    net.add("a", 600, "hardtanh", limit=rng.integers(1, 4_000, 600), threshold=rng.integers(0, 90, 600), **coded)
    net.add("b", 40, "tanh", shift=2, keep=2048, threshold=30, bias=rng.integers(-30, 31, 40))
    net.add("c", 40, "resonate_and_fire", cos=3_400, sin=rng.integers(500, 2_000, 40), shift=6, threshold=50)
    net.add_registers("d", 40, du=2_000, dv=900, vth=300, refractory=rng.integers(1, 4, 40))
    net.add("e", 40, "liquid_time_constant", shift=3, keep=3_000, gain=900, reversal=9_000, threshold=400)
    net.add("f", 40, "linear", shift=3, keep=1_000, threshold=20, **({"delta": 1} if delay == 1 else {}))
    net.connect("in", "a", np.arange(600) % 8, rng.permutation(600), 2 * rng.integers(-100, 101, 600))
    at = rng.integers(0, 600, 900), rng.integers(0, 40, 900)
    net.connect("a", "b", *at, 2 * rng.integers(-9, 10, 900), rng.integers(1, 9, 900))
    for source, target in zip("bcdef", "cdefb", strict=True):
        weights = 2 * rng.integers(-100, 101, 1600)
        net.connect(source, target, np.repeat(np.arange(40), 40), np.tile(np.arange(40), 40), weights, delay)
    net.connect("in", "d", np.arange(8), np.arange(8), 126 * 2**exponent)
    rows = [(t, c, int(rng.integers(-300, 301))) for t in (0, 1, 2, 90, 91) for c in range(8)]
    profile = chip(**({"core__neurons": 150} if delay == 1 else {}))
    result = probed(compile(net, profile), [row for row in rows if row[2]], 110)
    assert_equals(result, simulate_graded(net, [row for row in rows if row[2]], 110, profile))
    assert all(result.spike_counts(name).sum() > 0 for name in "abcdef")


# ---------------------------------------------------------------- one unit at a time


def one_unit(kind: str, weight: int = 1, **parameters: Any) -> Program:
    net = Network()
    net.add_input("in", 1)
    net.add("p", 1, kind, **parameters)
    net.connect("in", "p", [0], [0], [weight])
    return compile(net, chip())


def response(program: Program, values: list[int], **settings: Any) -> list[int]:
    """What the unit sends in the steps in which the values arrive."""
    rows = [(t, 0, value) for t, value in enumerate(values) if value]
    result = run(program, [np.array(rows).reshape(-1, 3)], len(values) + 1, **settings)
    return result.trajectory("p")[1:, 0].tolist()


def test_a_shift_rounds_toward_zero_on_both_sides() -> None:
    assert response(one_unit("linear", shift=2), [3, 4, 7, 8, -3, -4, -7, -8]) == [0, 1, 1, 2, 0, -1, -1, -2]


def test_the_bias_is_added_after_the_shift() -> None:
    assert response(one_unit("linear", weight=2, shift=3, bias=10), [100, -100, 0]) == [35, -15, 10]


def test_hardtanh_clips_at_its_limit() -> None:
    assert response(one_unit("hardtanh", limit=50), [49, 50, 51, 10**6, -51]) == [49, 50, 50, 50, -50]


def test_a_square_saturates() -> None:
    assert response(one_unit("square"), [2**15, -(2**15), 2**14, 181, 2**22]) == [2**15, 2**15, 2**13, 0, 2**23 - 1]


def test_a_value_is_sent_above_the_threshold_only() -> None:
    assert response(one_unit("linear", threshold=5), [5, 6, -5, -6]) == [0, 6, 0, -6]


def test_a_leak_reaches_zero_and_falls_silent() -> None:
    sent = response(one_unit("linear", keep=2048), [100] + [0] * 10)
    assert sent == [100, 50, 25, 12, 6, 3, 1, 0, 0, 0, 0]
    assert response(one_unit("linear", keep=2048), [-100] + [0] * 10) == [-x for x in sent]


def test_the_state_saturates_at_24_bits_and_not_beyond() -> None:
    most = 2**23 - 1
    assert response(one_unit("linear"), [most, most + 1, 2**31 - 1, -(2**31 - 1)]) == [most, most, most, -most]
    assert response(one_unit("linear", keep=4096), [most - 1, 1, 1, -2]) == [most - 1, most, most, most - 2]


def test_the_sum_saturates_before_the_shift() -> None:
    limit = 2**31 - 1
    assert response(one_unit("linear", weight=64, shift=8), [limit, 2**24, -limit]) == [
        limit >> 8,
        2**22,
        -(limit >> 8),
    ]


def test_changes_are_sent_when_they_exceed_the_threshold_and_leave_no_residue() -> None:
    sent = response(one_unit("linear", sigma=1, delta=1, threshold=3), [10, 2, 2, 0, -1, -3, 0])
    assert sent == [10, 0, 4, 0, 0, -4, 0]


def test_a_gain_of_minus_one_inverts() -> None:
    assert response(one_unit("linear", gain=-4096), [7, -8]) == [-7, 8]


def test_a_resonator_fires_once_a_turn_with_its_magnitude() -> None:
    angle, turns = 2 * np.pi / 10, 5
    cos, sin = round(4096 * np.cos(angle)), round(4096 * np.sin(angle))
    values = [100_000] + [0] * (10 * turns)
    graded = response(one_unit("resonate_and_fire", cos=cos, sin=sin, threshold=600), values)
    at = np.flatnonzero(graded)
    assert len(at) in (turns, turns - 1)
    assert (np.abs(np.diff(at) - 10) <= 1).all()
    assert all(90_000 < graded[t] < 110_000 for t in at)
    plain = response(one_unit("resonate_and_fire", cos=cos, sin=sin, threshold=1000, magnitude=0), values)
    assert set(plain) == {0, 1}
    assert np.flatnonzero(plain).tolist() == at.tolist()


@pytest.mark.parametrize(("threshold", "sent"), [(99, 100), (100, 0), (101, 0)])
def test_a_resonator_fires_above_its_threshold_and_not_at_it(threshold: int, sent: int) -> None:
    """A quarter turn a step: an input of 100 is back on the real axis, from below, after four."""
    program = one_unit("resonate_and_fire", cos=0, sin=4096, threshold=threshold)
    assert response(program, [100, 0, 0, 0, 0, 0]) == [0, 0, 0, 0, sent, 0]


def test_a_liquid_time_constant_goes_to_its_reversal_and_no_further() -> None:
    sent = response(one_unit("liquid_time_constant", keep=4096, gain=2048, reversal=20_000), [2**22] * 40)
    assert sent == sorted(sent)
    assert 19_990 <= sent[-1] <= 20_000


# ---------------------------------------------------------------- tanh


@pytest.mark.parametrize("settings", [{}, NARROW])
def test_the_table_of_tanh_is_monotone_odd_and_near_tanh(settings: dict[str, int]) -> None:
    graded = chip(**settings).numbers
    one, end = 2**graded.fraction_bits, 2 ** (graded.fraction_bits + graded.tanh_range_bits)
    z = np.unique(np.concatenate([np.arange(-end - 5, end + 6, 37 if one > 1000 else 1), np.arange(-300, 300)]))
    made = np.array([lookup(int(x), graded) for x in z])
    assert (np.diff(made) >= 0).all()
    assert [lookup(-int(x), graded) for x in z] == (-made).tolist()
    assert lookup(0, graded) == 0
    assert np.abs(made).max() == tanh_table(graded.fraction_bits, graded.tanh_range_bits, graded.tanh_table_bits)[-1]
    segment = 2.0 ** (graded.tanh_range_bits - graded.tanh_table_bits)
    bound = segment**2 / 8 * 0.77 + 1.5 / one + (1 - np.tanh(2**graded.tanh_range_bits))  # chord, roundings, end
    assert np.abs(made / one - np.tanh(z / one)).max() < bound


@given(st.integers(-(2**23), 2**23) | st.integers(-(2**19), 2**19))
@settings(max_examples=500)
def test_the_table_is_the_definition_of_the_oracle(z: int) -> None:
    assert lookup(z, chip().numbers) == tanh(z, chip().numbers)


def test_the_compiled_table_is_the_same_table() -> None:
    machine = build_graded_machine(one_unit("tanh"))
    for z in [*range(-5000, 5000, 7), 2**18 - 1, 2**18, 2**18 + 1, 2**23 - 1, -(2**18), -(2**18) + 1]:
        assert graded_units.tanh(z, machine.table, machine.rise, machine.segment_bits) == lookup(z, chip().numbers)


# ---------------------------------------------------------------- codings


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_with_a_threshold_of_zero_sigma_delta_is_value_coding(seed: int, n: int) -> None:
    """Leaky units of three kinds in a loop: equal states in every step, and the sums of changes are the values."""
    rng = np.random.default_rng(seed)
    weights = 2 * rng.integers(-12, 13, (n, n))
    inward = 2 * rng.integers(-60, 61, n)
    values = np.cumsum(rng.integers(-200, 201, STEPS))
    results = []
    for coding in (0, 1):
        net = Network()
        net.add_input("in", 1)
        kind = ("linear", "tanh", "hardtanh")[seed % 3]
        net.add("p", n, kind, shift=5, keep=1000, gain=3000, sigma=coding, delta=coding, bias=3)
        net.connect("in", "p", np.zeros(n, int), np.arange(n), inward, 1)
        net.connect("p", "p", np.repeat(np.arange(n), n), np.tile(np.arange(n), n), weights.ravel(), 2)
        sent = np.diff(values, prepend=0) if coding else values
        rows = [(t, 0, int(x)) for t, x in enumerate(sent) if x]
        results.append(probed(compile(net, chip()), rows))
    value, change = results
    assert value.probes is not None
    assert change.probes is not None
    assert np.array_equal(value.probes.v, change.probes.v)
    assert np.array_equal(value.trajectory("p"), change.trajectory("p", coding="sigma_delta"))


def test_sigma_delta_with_a_threshold_sends_less_and_stays_within_it() -> None:
    t = np.arange(200)
    values = np.round(20_000 * np.sin(t / 15)).astype(int)
    changes = np.diff(values, prepend=0)
    exact = one_unit("linear", sigma=1)
    coded = one_unit("linear", sigma=1, delta=1, threshold=2500)
    rows = [(int(i), 0, int(x)) for i, x in enumerate(changes) if x]
    full, sparse = (run(p, [np.array(rows)], 201) for p in (exact, coded))
    error = full.trajectory("p") - sparse.trajectory("p", coding="sigma_delta")
    assert np.abs(error).max() <= 2500
    assert sparse.n_spikes < full.n_spikes / 2


# ---------------------------------------------------------------- payloads in and out


def test_payloads_survive_files(tmp_path: Any) -> None:
    trains = SpikeTrains.from_samples([[(0, 0, 5), (3, 1, -7)], [(1, 0, 1)]], 5)
    trains.save(tmp_path / "a.npz")
    again = SpikeTrains.load(tmp_path / "a.npz")
    assert again.value is not None
    assert again.value.tolist() == [5, -7, 1]
    np.savez(tmp_path / "b.npz", spikes=[(0, 0, 5), (2, 0, 1)])
    assert SpikeTrains.load(tmp_path / "b.npz", steps=3).value.tolist() == [5, 1]  # type: ignore[union-attr]
    result = run(one_unit("linear"), [[(0, 0, 5)], [(1, 0, -9)]], 5)
    result.save(tmp_path / "r.npz")
    loaded = RunResult.load(tmp_path / "r.npz")
    assert loaded.spike_value is not None
    assert loaded.spike_value.tolist() == [5, -9]
    assert np.array_equal(loaded.trajectory(sample=1), result.trajectory(sample=1))


def test_payloads_of_one_are_no_payloads() -> None:
    plain = SpikeTrains.from_samples([[(0, 0), (2, 1)]], 4)
    ones = SpikeTrains.from_events([2, 0], [1, 0], 4, value=[1, 1])
    assert plain.value is None
    assert ones.value is None


def test_payloads_follow_their_spikes_when_sorted() -> None:
    trains = SpikeTrains.from_events([2, 0, 1], [0, 0, 0], 4, value=[30, 10, 20])
    assert trains.value is not None
    assert trains.value.tolist() == [10, 20, 30]


def test_lif_neurons_alone_take_no_payloads() -> None:
    net = Network()
    net.add_input("in", 1)
    net.add_registers("p", 1)
    net.connect("in", "p", [0], [0], [2])
    program = compile(net, chip())
    with pytest.raises(RunError, match=r"spike 1 carries payload 3, but all neurons of the program are LIF"):
        run(program, [(0, 0, 1), (1, 0, 3)], 5)
    assert run(program, [(0, 0, 1)], 5).spike_value is None


def test_a_payload_that_no_message_holds_is_refused() -> None:
    net = Network()
    net.add_input("in", 1)
    net.add("p", 1, "linear")
    program = compile(net, chip(graded__message_bits=8))
    with pytest.raises(RunError, match=r"payload 128, but loihi2 has 8 signed bits \(graded.message_bits\)"):
        run(program, [(0, 0, 128)], 5)
    run(program, [(0, 0, -127)], 5)


def test_an_unknown_coding_is_refused() -> None:
    result = run(one_unit("linear"), None, 2)
    with pytest.raises(RunError, match="'value' or 'sigma_delta'"):
        result.trajectory(coding="delta")  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [1, 3])
def test_samples_start_from_rest_whatever_the_threads(threads: int) -> None:
    program = one_unit("linear", keep=4096, sigma=1, delta=1)
    values = [[(0, 0, 7), (1, 0, -3)], [(0, 0, 7), (1, 0, -3)], []]
    result = run(program, values, 6, threads=threads)
    assert np.array_equal(result.trajectory(sample=0), result.trajectory(sample=1))
    assert not result.trajectory(sample=2).any()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("kind", GRADED_KINDS)
def test_a_kind_that_a_chip_lacks_is_refused_with_the_chips_that_have_it(kind: str) -> None:
    net = Network()
    net.add("p", 1, kind)
    with pytest.raises(CannotRepresent, match=f"kind '{kind}', which loihi1 does not have: choose .*loihi2"):
        compile(net, "loihi1")
    compile(net, "loihi2")


def test_every_kind_says_which_chips_have_it_and_every_model_has_its_code() -> None:
    assert set(SECTIONS_OF) >= set(PARAMETERS)
    assert [name for name in GRADED_KINDS if name not in MODELS] == []


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"bias": [0, 2**23]}, ["bias of neuron 1 is 8,388,608", "graded.state_bits"]),
        ({"keep": 4097}, ["keep of neuron 0", "0 to 4,096", "graded.decay_bits"]),
        ({"gain": -4097}, ["gain of neuron 0", "graded.decay_bits"]),
        ({"shift": 35}, ["shift of neuron 0", "0 to 31", "graded.sum_bits"]),
    ],
)
def test_a_parameter_beyond_its_register_is_refused(parameters: dict[str, Any], words: list[str]) -> None:
    net = Network()
    net.add("p", 2, "linear", **parameters)
    with pytest.raises(CannotRepresent) as refused:
        compile(net, chip())
    assert all(word in str(refused.value) for word in words)


def test_a_sum_that_could_leave_64_bits_is_refused() -> None:
    net, m = Network(), 70_000
    net.add_input("in", m)
    net.add("p", 1, "linear")
    net.connect("in", "p", np.arange(m), np.zeros(m, int), 255 * 128)
    loose = chip(core__synapse_memory_bits=None, pool__memory_bits=10**9)
    with pytest.raises(CannotRepresent, match=r"neuron 0 of population 'p' add up to .* 64-bit sum"):
        compile(net, loose)


def test_a_changed_register_is_found() -> None:
    program = one_unit("linear")
    program.tables.registers["keep"][0] = 5000
    with pytest.raises(ProgramError, match=r"table keep: entry 0 is 5000, but loihi2 \(graded.decay_bits\)"):
        check_program(program)
