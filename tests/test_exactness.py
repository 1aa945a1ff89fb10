"""The promise of exact integers: whatever the chip, the partition and the run, the arithmetic is the same.

Held against rasters of public emulators (folder golden) and against tests/reference.py.
"""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numba.core import types
from numba.extending import intrinsic
from reference import Outcome, simulate
from strategies import register_networks

import neurosim.simulation.buffers
from chips import ChipProfile, load_chip
from compiler import Network, Program, compile
from compiler.check import check_faithful, check_program
from compiler.emit import emit
from compiler.lowering.lower import lower
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import Placement
from compiler.validate import validate
from neurosim import RunResult, SpikeTrains, run
from neurosim.simulation import lif_lanes
from neurosim.simulation.layout import BLOCK
from neurosim.simulation.machine import build_machine
from neurosim.simulation.sample_loop import SampleLoop
from neurosim.simulation.vectors import WIDTH, Numbers

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.stem for path in GOLDEN.glob("loihi_*.json"))

Spikes = list[tuple[int, int]]


@functools.cache
def chip(name: str, **overrides: Any) -> ChipProfile:
    """A profile; sections and keys of overrides are parted by two underscores."""
    return load_chip(name, {key.replace("__", "."): value for key, value in overrides.items()})


def assert_equals(result: RunResult, wanted: Outcome, sample: int = 0) -> None:
    """Spikes, u and v of a run that probed all neurons are those of the oracle."""
    assert result.probes is not None
    end = int(result.counts.steps[: sample + 1].sum())
    part = slice(end - len(wanted.u), end)
    assert np.array_equal(result.raster(sample), np.array(wanted.spikes))
    assert np.array_equal(result.probes.u[part], np.array(wanted.u))
    assert np.array_equal(result.probes.v[part], np.array(wanted.v))


def probed(program: Program, spikes: Any, steps: Any, **settings: Any) -> RunResult:
    return run(program, spikes, steps, probe=np.arange(program.n_neurons), **settings)


def rows(spikes: Spikes) -> np.ndarray:
    return np.array(spikes, np.int64).reshape(-1, 2)


# ---------------------------------------------------------------- random networks in registers


@st.composite
def dense_networks(draw: st.DrawFn, wild: bool) -> Network:
    """One to three populations, up to two inputs, many synapses with weights on the grid, all from one seed.

    Wild ones have slow decays, the largest exponents and many parallel synapses, so that u and v leave their
    ranges.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    net = Network()
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    for name in names:
        n = draw(st.integers(1, 10))
        slow = wild or draw(st.booleans())
        net.add_registers(
            name,
            n,
            du=rng.integers(0, 64 if slow else 4096, n),
            dv=rng.integers(0, 64 if slow else 4096, n),
            vth=rng.integers(0, 131072 if wild else 400, n),
            bias_mantissa=rng.integers(-4095, 4096, n) if wild else rng.integers(-200, 400, n),
            bias_exponent=rng.integers(0, 8 if wild else 3, n),
            refractory=rng.integers(1, 8, n) if draw(st.booleans()) else 1,
        )
    channels = [f"in{i}" for i in range(draw(st.integers(0, 2)))]
    for name in channels:
        net.add_input(name, draw(st.integers(1, 5)))
    sizes = {p.name: p.n for p in net.populations} | {i.name: i.channels for i in net.inputs}
    for _ in range(draw(st.integers(0, 4))):
        source, target = draw(st.sampled_from(names + channels)), draw(st.sampled_from(names))
        m = draw(st.integers(0, 60))
        longest = draw(st.sampled_from([1, 2, 8]))
        net.connect(
            source,
            target,
            rng.integers(0, sizes[source], m),
            rng.integers(0, sizes[target], m),
            grid_weights(rng, m, draw(st.sampled_from(["mixed", "excitatory", "inhibitory"])), wild),
            rng.integers(1, longest + 1, m),
        )
    return net


def grid_weights(rng: np.random.Generator, m: int, sign: str, wild: bool) -> np.ndarray:
    mantissa = {
        "mixed": 2 * rng.integers(-128, 128, m),
        "excitatory": rng.integers(0, 256, m),
        "inhibitory": rng.integers(-255, 1, m),
    }[sign]
    return mantissa * 2 ** (rng.integers(5, 8) if wild else rng.integers(0, 3))


@st.composite
def driven(draw: st.DrawFn, wild: bool = False) -> tuple[Network, Spikes, int]:
    """A network, its external spikes, and a number of steps."""
    tame = register_networks() | dense_networks(wild=False)
    net = draw(dense_networks(wild=True) if wild else tame)
    steps = draw(st.integers(1, 40))
    return net, some_spikes(net, steps, draw(st.integers(0, 2**32 - 1))), steps


def some_spikes(net: Network, steps: int, seed: int) -> Spikes:
    fires = np.random.default_rng(seed).random((steps, net.n_channels)) < 0.4
    return [(int(t), int(c)) for t, c in np.argwhere(fires)]


# ---------------------------------------------------------------- golden rasters


@functools.cache
def golden(case: str) -> tuple[Network, np.ndarray, int, dict[str, np.ndarray]]:
    spec = json.loads((GOLDEN / f"{case}.json").read_text())
    net = Network()
    net.add_input("in", spec["n_in"])
    net.add_registers(
        "p",
        spec["n"],
        du=spec["du"],
        dv=spec["dv"],
        vth=spec["vth"],
        bias_mantissa=spec["bias"],
        refractory=spec["refractory"],
    )
    for source, key in (("p", "edges"), ("in", "in_edges")):
        edge = np.array(spec[key])
        net.connect(source, "p", edge[:, 0], edge[:, 1], edge[:, 2], edge[:, 3] + 1)
    with np.load(GOLDEN / f"{case}.npz") as file:
        raster = {name: file[name] for name in file.files}
    return net, np.array(spec["input_spikes"]), spec["steps"], raster


CHIPS = {
    "loihi1": chip("loihi1"),
    "loihi1_sanafe": chip("loihi1_sanafe"),
    "ideal": chip("ideal"),
    "cores of 16": chip("loihi1_sanafe", core__neurons=16),
    "cores of 1": chip("loihi1", core__neurons=1),
    "few axons": chip("loihi1", core__input_axons=40),
    "tiny, taller": chip("tiny", mesh__tiles_y=4),
}


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("case", CASES)
def test_an_emulators_raster_is_repeated_on_any_chip(case: str, name: str) -> None:
    net, spikes, steps, raster = golden(case)
    result = probed(compile(net, CHIPS[name]), spikes, steps)
    assert result.probes is not None
    assert np.array_equal(result.raster(), raster["spikes"])
    assert np.array_equal(result.probes.u, raster["u"])
    assert np.array_equal(result.probes.v, raster["v"])


def test_there_are_four_golden_cases_and_all_of_them_fire() -> None:
    assert len(CASES) == 4
    assert all(golden(case)[3]["spikes"].any() for case in CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_oracle_repeats_the_emulators_too(case: str) -> None:
    net, spikes, steps, raster = golden(case)
    made = simulate(net, spikes, steps, chip("loihi1").lif)
    assert np.array_equal(np.array(made.spikes), raster["spikes"])
    assert np.array_equal(np.array(made.u), raster["u"])
    assert np.array_equal(np.array(made.v), raster["v"])


# ---------------------------------------------------------------- random networks, any chip, any partition


@given(driven(), st.sampled_from([None, 1, 2, 3, 7]), st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_a_compiled_network_does_what_the_oracle_does(
    case: tuple[Network, Spikes, int], neurons: int | None, seed: int
) -> None:
    net, spikes, steps = case
    profile = chip("loihi1", core__neurons=neurons) if neurons else chip("loihi1")
    wanted = simulate(net, spikes, steps, profile.lif)
    result = probed(compile(net, profile, seed=seed), rows(spikes), steps)
    assert_equals(result, wanted)
    assert result.counts.sum("spikes") == result.n_spikes == wanted.n_spikes
    assert result.counts.sum("synaptic_events") == wanted.n_synaptic_events


@given(driven(), st.integers(0, 2**32 - 1))
@settings(max_examples=200, deadline=None)
def test_any_partition_on_any_cores_does_the_same(case: tuple[Network, Spikes, int], seed: int) -> None:
    net, spikes, steps = case
    profile, rng = chip("loihi1"), np.random.default_rng(seed)
    lowered = lower(validate(net), profile)
    n_pieces = int(rng.integers(1, net.n_neurons + 1))
    piece_of = np.concatenate([np.arange(n_pieces), rng.integers(0, n_pieces, net.n_neurons - n_pieces)])
    pieces = Partition(rng.permutation(piece_of).astype(np.int32), n_pieces)
    cores = rng.choice(profile.mesh.n_cores, n_pieces, replace=False)
    program = emit(lowered, pieces, Placement(cores.astype(np.int32)), profile)
    check_program(program)
    check_faithful(program, lowered)
    wanted = simulate(net, spikes, steps, profile.lif)
    result = probed(program, rows(spikes), steps)
    assert_equals(result, wanted)
    assert result.counts.sum("synaptic_events") == wanted.n_synaptic_events


RULES = [
    {"cuba_lif__u_overflow": u, "cuba_lif__v_overflow": v, "cuba_lif__u_bits": bits, "cuba_lif__v_bits": bits}
    for u in ("wrap_once", "saturate")
    for v in ("wrap_once", "saturate")
    for bits in (16, 24, 31)
]


@given(driven(wild=True), st.sampled_from(RULES), st.sampled_from([0, 1]))
@settings(max_examples=300, deadline=None)
def test_every_rule_of_overflow_is_followed_to_the_last_bit(
    case: tuple[Network, Spikes, int], rules: dict[str, Any], offset: int
) -> None:
    net, spikes, steps = case
    profile = chip("loihi1", **rules, cuba_lif__decay_u_offset=offset)
    result = probed(compile(net, profile), rows(spikes), steps)
    assert_equals(result, simulate(net, spikes, steps, profile.lif))


# ---------------------------------------------------------------- extremes


def crowd(fan_in: int, weight: int, **registers: Any) -> Network:
    """Channels that all reach one neuron, and one more that makes the grid a mixed one; see `every_step`."""
    net = Network()
    net.add_input("in", fan_in + 1)
    net.add_registers("p", 1, **registers)
    other = -2 if weight > 0 else 2
    weights = [weight] * fan_in + [other] * (weight % 256 == 0)
    net.connect("in", "p", np.arange(len(weights)), np.zeros(len(weights), int), weights)
    return net


def every_step(steps: int, channels: int) -> Spikes:
    """The first channels fire in every step."""
    return [(t, c) for t in range(steps) for c in range(channels)]


@pytest.mark.parametrize("weight", [254 * 128, -256 * 128, 255 * 128, -255 * 128])
@pytest.mark.parametrize("fan_in", [1, 8, 9, 40])
def test_the_largest_weights_wrap_u(weight: int, fan_in: int) -> None:
    net, steps = crowd(fan_in, weight, du=0, dv=0, vth=131071), 30
    spikes, neuron = every_step(steps, fan_in), chip("loihi1").lif
    wanted = simulate(net, spikes, steps, neuron)
    assert_equals(probed(compile(net, chip("loihi1")), rows(spikes), steps), wanted)
    assert simulate(net, spikes, steps, neuron.model_copy(update={"u_bits": 31})) != wanted  # it did wrap


def test_inhibition_clips_v_and_does_not_wrap_it() -> None:
    net = crowd(3, -255 * 128, du=4095, dv=0)
    result = probed(compile(net, chip("loihi1")), rows(every_step(10, 3)), 10)
    assert result.probes is not None
    assert result.probes.v[2:, 0].tolist() == [-(2**23 - 1)] * 8


def test_both_widths_of_state_are_exercised_and_agree() -> None:
    narrow, wide = crowd(8, 254 * 128), crowd(40, 254 * 128)
    kinds = [build_machine(compile(net, chip("loihi1"))).state for net in (narrow, wide)]
    assert kinds == [np.int32, np.int64]


def test_a_threshold_that_exceeds_32_bits_when_shifted_is_one_that_is_never_reached() -> None:
    net = Network()
    net.add_registers("p", 1, vth=2**26, dv=0, bias_mantissa=4095, bias_exponent=7)
    profile = chip("loihi1", cuba_lif__vth_mantissa_bits=30)
    result = probed(compile(net, profile), None, 50)
    assert result.n_spikes == 0
    assert_equals(result, simulate(net, [], 50, profile.lif))


def test_v_may_wrap_at_fewer_bits_than_u() -> None:
    net = crowd(8, 254 * 128, du=0, dv=0, vth=131071, bias_mantissa=-4095, bias_exponent=7)
    profile = chip("loihi1", cuba_lif__v_overflow="wrap_once", cuba_lif__v_bits=9, cuba_lif__u_bits=31)
    spikes = every_step(60, 8)
    result = probed(compile(net, profile), rows(spikes), 60)
    assert_equals(result, simulate(net, spikes, 60, profile.lif))


def test_the_longest_delays_and_refractory_periods_are_exact() -> None:
    net = Network()
    net.add_input("in", 2)
    net.add_registers("p", 3, du=[4095, 100, 0], dv=[0, 4095, 50], vth=20, refractory=[63, 1, 20])
    net.connect("in", "p", [0, 1, 0, 1], [0, 1, 2, 2], [200, 200, 200, 100], [63, 1, 30, 62])
    net.connect("p", "p", [0, 1, 2, 2], [1, 2, 0, 2], [100, 100, -100, 50], [63, 7, 33, 1])
    spikes = some_spikes(net, 300, 1)
    result = probed(compile(net, chip("loihi1", core__neurons=1)), rows(spikes), 300)
    wanted = simulate(net, spikes, 300, chip("loihi1").lif)
    assert wanted.n_spikes > 20
    assert_equals(result, wanted)


# ---------------------------------------------------------------- however it is run


@functools.cache
def busy() -> tuple[Program, list[np.ndarray], list[int], list[Outcome]]:
    """A program on several cores, samples of several lengths, and what the oracle makes of each."""
    rng = np.random.default_rng(5)
    net = Network()
    net.add_input("in", 6)
    net.add_registers("p", 24, du=rng.integers(100, 2000, 24), dv=200, vth=150, refractory=3)
    net.connect("in", "p", rng.integers(0, 6, 60), rng.integers(0, 24, 60), 2 * rng.integers(0, 120, 60), 2)
    m = 150
    weights = 2 * rng.integers(-100, 110, m)
    net.connect("p", "p", rng.integers(0, 24, m), rng.integers(0, 24, m), weights, rng.integers(1, 9, m))
    lengths = [60, 1, 45, 60, 7]
    samples = [some_spikes(net, length, i) for i, length in enumerate(lengths)]
    samples[3] = []
    profile = chip("loihi1", core__neurons=7)
    outcomes = [simulate(net, s, n, profile.lif) for s, n in zip(samples, lengths, strict=True)]
    assert outcomes[0].n_spikes > 50
    return compile(net, profile), [rows(s) for s in samples], lengths, outcomes


def same(a: RunResult, b: RunResult, per_step: bool = True) -> None:
    assert np.array_equal(a.sample_ptr, b.sample_ptr)
    assert np.array_equal(a.spike_step, b.spike_step)
    assert np.array_equal(a.spike_neuron, b.spike_neuron)
    assert np.array_equal(a.counts.total, b.counts.total)
    if per_step:
        assert np.array_equal(a.counts.per_step, b.counts.per_step)
        assert np.array_equal(a.counts.busiest_link, b.counts.busiest_link)
    assert (a.probes is None) == (b.probes is None)
    if a.probes is not None and b.probes is not None:
        assert np.array_equal(a.probes.u, b.probes.u)
        assert np.array_equal(a.probes.v, b.probes.v)


def test_each_of_many_samples_starts_from_rest() -> None:
    program, samples, lengths, outcomes = busy()
    result = probed(program, samples, lengths, threads=1)
    for i, wanted in enumerate(outcomes):
        assert_equals(result, wanted, sample=i)
    assert not result.raster(3).any()  # no input after a busy sample: nothing is left over


def test_many_samples_in_one_call_equal_each_sample_alone() -> None:
    program, samples, lengths, _ = busy()
    together = probed(program, samples, lengths)
    start = 0
    for i, (sample, length) in enumerate(zip(samples, lengths, strict=True)):
        alone = probed(program, sample, length)
        part = slice(start, start + length)
        start += length
        assert np.array_equal(together.raster(i), alone.raster())
        assert np.array_equal(together.counts.total[i], alone.counts.total[0])
        assert together.counts.per_step is not None
        assert together.counts.busiest_link is not None
        assert np.array_equal(together.counts.per_step[part], alone.counts.per_step)
        assert np.array_equal(together.counts.busiest_link[part], alone.counts.busiest_link)


@pytest.mark.parametrize("threads", [2, 3, 16])
def test_the_number_of_threads_changes_nothing(threads: int) -> None:
    program, samples, lengths, _ = busy()
    many, many_lengths = samples * 4, lengths * 4
    same(probed(program, many, many_lengths, threads=1), probed(program, many, many_lengths, threads=threads))


def test_leaving_out_the_counts_per_step_changes_nothing_else() -> None:
    program, samples, lengths, _ = busy()
    kept, left_out = (probed(program, samples, lengths, per_step=choice) for choice in (True, False))
    assert left_out.counts.per_step is None
    same(kept, left_out, per_step=False)


@pytest.mark.parametrize("some", [[3], [5, 0], [], [2, 2]])
def test_probes_show_the_neurons_that_were_asked_for(some: list[int]) -> None:
    program, samples, lengths, _ = busy()
    every, chosen = probed(program, samples, lengths), run(program, samples, lengths, probe=some)
    assert every.probes is not None
    assert chosen.probes is not None
    assert np.array_equal(chosen.probes.v, every.probes.v[:, some])
    assert np.array_equal(chosen.probes.u, every.probes.u[:, some])


@pytest.mark.parametrize("rows_per_call", [1, 7, 59])
def test_a_sample_longer_than_one_call_of_the_kernel_is_the_same(
    rows_per_call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, samples, lengths, _ = busy()
    whole = probed(program, samples, lengths)
    monkeypatch.setattr(neurosim.simulation.buffers, "_ROWS", rows_per_call)
    same(whole, probed(program, samples, lengths))


def test_more_spikes_than_the_buffer_holds_are_all_kept() -> None:
    n, steps = 700, 300
    rng = np.random.default_rng(0)
    net = Network()
    bias = rng.integers(60, 1000, n)
    net.add_registers("p", n, vth=1, dv=rng.integers(0, 4096, n), bias_mantissa=bias)
    net.connect("p", "p", np.arange(n), rng.permutation(n), -1, rng.integers(1, 9, n))
    wanted = simulate(net, [], steps, chip("loihi1").lif)
    assert wanted.n_spikes > 65536 + 2 * n
    assert_equals(probed(compile(net, chip("loihi1", core__neurons=128)), None, steps), wanted)


def test_spikes_are_sorted_by_sample_step_and_neuron() -> None:
    program, samples, lengths, _ = busy()
    result = run(program, samples, lengths)
    sample = np.repeat(np.arange(len(samples)), np.diff(result.sample_ptr))
    order = np.lexsort((result.spike_neuron, result.spike_step, sample))
    assert np.array_equal(order, np.arange(result.n_spikes))


def test_the_order_of_the_given_spikes_does_not_matter() -> None:
    program, samples, lengths, _ = busy()
    shuffled = [np.random.default_rng(0).permutation(sample) for sample in samples]
    same(probed(program, samples, lengths), probed(program, shuffled, lengths))


def test_spike_trains_and_arrays_are_the_same_input() -> None:
    program, samples, lengths, _ = busy()
    trains = SpikeTrains.from_samples(samples, lengths)
    same(run(program, samples, lengths), run(program, trains))


def test_no_input_is_an_empty_input() -> None:
    program, *_ = busy()
    same(run(program, None, 20), run(program, np.zeros((0, 2), int), 20))


def decayed(typing_context: object, x: types.Array, keep: types.Array, at: types.Integer) -> tuple[object, object]:
    """Scale numbers of x, from one on, as the loop does."""

    def code(context: object, builder: object, signature: object, arguments: list[object]) -> object:
        kinds = signature.args  # type: ignore[attr-defined]
        xs, keeps = (Numbers(context, builder, kinds[i], arguments[i], arguments[2]) for i in (0, 1))
        xs.store(0, lif_lanes._decayed(builder, xs.load(0), keeps.load(0), xs.bits))
        return context.get_dummy_value()  # type: ignore[attr-defined]

    return types.void(x, keep, types.int64), code


@pytest.mark.parametrize(("one", "largest"), [(np.int32, 2**31), (np.int64, 2**50)])
def test_decay_is_exact_however_large_u_grows(one: type, largest: int) -> None:
    """A u that wraps only once a step grows without bound under absurd input; float64 would lose its last bits."""
    scaled = intrinsic(decayed)

    @njit
    def decay(x: np.ndarray, keep: np.ndarray) -> None:
        for at in range(0, len(x), WIDTH):
            scaled(x, keep, at)

    rng = np.random.default_rng(0)
    x = rng.integers(1 - largest, largest, 13 * WIDTH).astype(one)
    keep = rng.integers(0, 2**16 + 1, len(x)).astype(one)
    x[:2], keep[:3] = (largest - 1, 1 - largest), 2**16
    wanted = [int(np.sign(a)) * ((abs(int(a)) * int(b)) >> 16) for a, b in zip(x, keep, strict=True)]
    decay(x, keep)
    assert x.tolist() == wanted


@pytest.mark.parametrize("refractory", [1, 4])
def test_blocks_at_rest_wake_with_the_same_bits(refractory: int) -> None:
    """Two blocks of neurons, some with a bias that is too small to fire, and long silences between input spikes."""
    rng, n = np.random.default_rng(0), BLOCK + 70
    net = Network()
    net.add_input("in", 2)
    bias = np.where(np.arange(n) < 100, rng.integers(0, 9, n), 0)
    net.add_registers("p", n, du=1500, dv=300, vth=300, bias_mantissa=bias, bias_exponent=6, refractory=refractory)
    pairs = rng.integers(0, n, (2, 6 * n))
    net.connect("p", "p", *pairs, 2 * rng.integers(-12, 13, 6 * n), rng.integers(1, 7, 6 * n))
    net.connect("in", "p", np.repeat([0, 1], 40), np.append(np.arange(40), n - 1 - np.arange(40)), 250)
    given, steps = [(5, 0), (6, 1), (160, 1), (161, 1), (280, 0)], 400
    program = compile(net, chip("loihi1"))
    result = probed(program, rows(given), steps)
    assert result.n_spikes > 100
    assert_equals(result, simulate(net, given, steps, chip("loihi1").lif))
    loop = SampleLoop(program, 50)
    loop.begin(0)
    step, channel = np.array(given, np.int32).T
    rested = [loop.state.at_rest.copy() for _ in loop.advance(steps, step, channel)]
    assert len({tuple(blocks) for blocks in rested}) > 1
    assert rested[-1].all()


def test_what_came_to_rest_in_a_sample_begins_the_next_anew() -> None:
    """Neurons whose bias takes v to a limit below the threshold, where it stays."""
    net = Network()
    net.add_registers("p", 40, du=4095, dv=1024, vth=3000, bias_mantissa=np.arange(40), bias_exponent=6)
    program = compile(net, chip("loihi1"))
    alone, both = probed(program, None, 200), probed(program, [rows([])] * 2, 200, threads=1)
    assert alone.probes is not None
    assert both.probes is not None
    assert len(np.unique(alone.probes.v[:, 39])) > 10
    assert np.array_equal(both.probes.v, np.concatenate([alone.probes.v] * 2))


def test_a_lone_weight_of_minus_256_is_held_as_one_of_mixed_sign() -> None:
    net = Network()
    net.add_registers("a", 2, du=4095, vth=100)
    net.connect("a", "a", [0, 1], [1, 0], [-32768, -256])
    program = compile(net, "loihi1")
    assert program.formats[0].sign == "mixed"
    assert sorted((program.lists.synapse_weight.astype(int) << program.formats[0].exponent).tolist()) == [-32768, -256]
