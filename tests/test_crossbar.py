"""The promises of crossbar chips: exact neurons in every mode, and networks that stay what they were."""

import functools
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from published import simulated_mw
from reference_crossbar import simulate_cores, simulate_graph

from chips import (
    CannotRepresent,
    ChipProfile,
    DoesNotFit,
    NetworkError,
    NeurosimError,
    ProfileError,
    ProgramError,
    RunError,
    load_chip,
)
from compiler import CrossbarNetwork, Network, Program, compile, route, usage
from compiler.board import tile_position
from compiler.check_routes import check_routes
from compiler.crossbar import pipeline
from compiler.crossbar.axon_types import _levels
from compiler.crossbar.check import check_crossbar
from compiler.crossbar.check_faithful import check_faithful_crossbar
from compiler.crossbar.tables import CROSSBAR_DTYPES, ROLES
from compiler.lowering.registers import REGISTERS
from compiler.program import table_arrays, with_digest
from neurosim import energy, liquid, run
from neurosim.counts import KINDS
from neurosim.simulation import crossbar_kernel, layout
from neurosim.simulation.crossbar_layout import empty_state
from neurosim.simulation.crossbar_machine import build_crossbar_machine

GOLDEN = Path(__file__).parent / "golden"
BOARD = {"mesh__chips_x": 2, "mesh__chips_y": 2, "mesh__tiles_x": 3, "mesh__tiles_y": 3}
slow = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])


@functools.cache
def chip(**overrides: Any) -> ChipProfile:
    """TrueNorth; sections and keys of overrides are parted by two underscores."""
    return load_chip("truenorth", {key.replace("__", "."): value for key, value in overrides.items()})


def small(neurons: int, axons: int) -> ChipProfile:
    return chip(core__neurons=neurons, core__input_axons=axons)


def spikes(rng: np.random.Generator, channels: int, steps: int, rate: float = 0.3) -> np.ndarray:
    return np.argwhere(rng.random((steps, channels)) < rate)


def probed(program: Program, inputs: Any, steps: int, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    result = run(program, inputs, steps, probe=np.arange(program.n_neurons), **settings)
    assert result.probes is not None
    return result.raster(), result.probes.v


# ---------------------------------------------------------------- the neuron


@pytest.mark.parametrize("case", ["truenorth_mixed", "truenorth_absolute"])
def test_rasters_of_ranc_are_repeated(case: str) -> None:
    spec = json.loads((GOLDEN / f"{case}.json").read_text())
    with np.load(GOLDEN / f"{case}.npz") as wanted:
        spikes_wanted, v_wanted = wanted["spikes"], wanted["v"]
    n, axons = spec["n"], spec["n_axons"]
    bits = np.zeros((1, axons, n), np.bool_)
    for axon, neuron in spec["conn"]:
        bits[0, axon, neuron] = True
    column = {key: np.array([[r[key] for r in spec["neurons"]]]) for key in spec["neurons"][0]}
    network = CrossbarNetwork.make(
        bits,
        [spec["axon_type"]],
        0,
        column["dest_axon"],
        column["delay"] + 1,
        [(a, 0, a, 1) for a in range(axons)],
        **{f"weight_{g}": column["weights"][:, :, g] for g in range(4)},
        leak=column["leak"],
        threshold=column["vth"],
        negative_threshold=-column["vneg"],
        negative_saturates=0,
        reset_mode=column["reset_mode"],
        reset_potential=column["reset"],
    )
    raster, v = probed(compile(network, "truenorth"), np.array(spec["input_spikes"]), spec["steps"])
    assert np.array_equal(raster, spikes_wanted)
    assert np.array_equal(v, v_wanted)


def random_cores(rng: np.random.Generator, n_cores: int, axons: int, n: int, wild: bool) -> CrossbarNetwork:
    """Cores with every mode of the neuron mixed; wild ones leave the range of the potential."""
    shape = (n_cores, n)
    size = 255 if wild else 12
    top = 2**18 - 1 if wild else 30
    return CrossbarNetwork.make(
        rng.random((n_cores, axons, n)) < 0.4,
        rng.integers(0, 4, (n_cores, axons)),
        rng.integers(-1, n_cores, shape),
        rng.integers(0, axons, shape),
        rng.integers(1, 16, shape),
        [(c, rng.integers(n_cores), rng.integers(axons), rng.integers(0, 16)) for c in range(4) for _ in range(2)],
        **{f"weight_{g}": rng.integers(-size, size + 1, shape) for g in range(4)},
        stochastic_weights=rng.integers(0, 16, shape),
        leak=rng.integers(-255 if wild else -3, 256 if wild else 4, shape),
        leak_reversal=rng.integers(0, 2, shape),
        stochastic_leak=rng.integers(0, 2, shape),
        threshold=rng.integers(0, top, shape),
        threshold_mask=rng.integers(0, 256, shape) * rng.integers(0, 2, shape),
        negative_threshold=rng.integers(0, top, shape),
        negative_saturates=rng.integers(0, 2, shape),
        reset_mode=rng.integers(0, 3, shape),
        reset_potential=rng.integers(-20, 20, shape),
        potential=rng.integers(-(2**19), 2**19, shape) if wild else rng.integers(-20, 20, shape),
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 12), st.integers(1, 20), st.booleans())
@slow
def test_native_cores_equal_the_oracle_in_every_mode(seed: int, n_cores: int, axons: int, n: int, wild: bool) -> None:
    rng = np.random.default_rng(seed)
    network = random_cores(rng, n_cores, axons, n, wild)
    inputs, steps = spikes(rng, network.channels, 30), 30
    raster, v, merged = simulate_cores(network, inputs.tolist(), steps, chip().bars, seed=seed)
    program = compile(network, "truenorth")
    made, made_v = probed(program, inputs, steps, seed=seed)
    assert np.array_equal(made, np.array(raster))
    assert np.array_equal(made_v, np.array(v))
    assert run(program, inputs, steps, seed=seed).counts.sum("merged_packets") == merged


def bounded_cores(rng: np.random.Generator, n_cores: int, axons: int, n: int, alike: bool, top: int) -> CrossbarNetwork:
    """Cores whose potentials have bounds, near `top`; all neurons of a core alike or each as it likes."""
    shape = (n_cores, n)

    def drawn(low: int, high: int) -> np.ndarray:
        return np.broadcast_to(rng.integers(low, high, (n_cores, 1) if alike else shape), shape)

    return CrossbarNetwork.make(
        rng.random((n_cores, axons, n)) < 0.5,
        rng.integers(0, 4, (n_cores, axons)),
        rng.integers(-1, n_cores, shape),
        rng.integers(0, axons, shape),
        rng.integers(1, 4, shape),
        [(c, rng.integers(n_cores), rng.integers(axons), 1) for c in range(4) for _ in range(axons // 2)],
        **{f"weight_{g}": drawn(-255, 256) for g in range(4)},
        leak=drawn(-20, 256),
        threshold=drawn(max(1, top - 500), top),
        negative_threshold=drawn(0, top),
        negative_saturates=drawn(0, 2),
        reset_mode=drawn(0, 2),
        reset_potential=drawn(-top, top),
        potential=rng.integers(-top, top, shape),
    )


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.sampled_from([20, 64, 70, 130]),
    st.booleans(),
    st.sampled_from([300, 2**15 - 2500, 2**15, 2**15 + 200]),
)
@slow
def test_potentials_in_16_bits_are_those_in_as_many_as_the_chip_has(
    seed: int, axons: int, n: int, alike: bool, top: int
) -> None:
    rng = np.random.default_rng(seed)
    network = bounded_cores(rng, 2, axons, n, alike, top)
    inputs, steps = spikes(rng, network.channels, 25), 25
    raster, v, _ = simulate_cores(network, inputs.tolist(), steps, chip().bars, seed=seed)
    program = compile(network, "truenorth")
    made, made_v = probed(program, inputs, steps, seed=seed)
    assert np.array_equal(made, np.array(raster))
    assert np.array_equal(made_v, np.array(v))


@pytest.mark.parametrize(
    ("registers", "bits"),
    [
        ({"threshold": 2**14}, 16),
        ({"threshold": 2**15 - 12}, 16),  # 10 axons of weight 1, and the leak
        ({"threshold": 2**15 - 11}, 32),
        ({"threshold": 2**14, "reset_mode": 1}, 16),
        ({"threshold": 10, "reset_mode": 1}, 32),  # a tick adds more than a spike takes
        ({"threshold": 2**14, "reset_mode": 2}, 32),
        ({"threshold": 2**14, "reset_potential": -(2**16)}, 32),
        ({"threshold": 2**14, "potential": 2**15}, 32),
        ({"threshold": 2**15 - 50, "threshold_mask": 255}, 32),
    ],
)
def test_potentials_take_16_bits_only_where_their_bounds_are_proved(registers: dict[str, int], bits: int) -> None:
    rows = np.ones((1, 10, 5), np.bool_)
    network = CrossbarNetwork.make(rows, np.zeros((1, 10), int), inputs=[(0, 0, 0, 1)], weight_0=1, leak=1, **registers)
    program = compile(network, "truenorth")
    assert 8 * empty_state(build_crossbar_machine(program)).v.itemsize == bits


def test_a_sample_is_replayed_from_its_own_seed_on_any_number_of_threads() -> None:
    rng = np.random.default_rng(3)
    network = random_cores(rng, 2, 10, 20, wild=False)
    program = compile(network, "truenorth")
    samples = [spikes(rng, network.channels, 40) for _ in range(5)]
    together = run(program, samples, 40, seed=11, threads=1)
    threads = run(program, samples, 40, seed=11, threads=4)
    assert np.array_equal(together.spike_neuron, threads.spike_neuron)
    assert np.array_equal(together.counts.total, threads.counts.total)
    alone = run(program, samples[3], 40, seed=14)
    assert np.array_equal(together.spikes(3), alone.spikes())
    other = run(program, samples[3], 40, seed=15)
    assert not np.array_equal(other.spikes(), alone.spikes())


@pytest.mark.parametrize("threads", [1, 3])
def test_axons_whose_numbers_are_wide_change_nothing(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.simulate.MIN_NEURONS_OF_A_THREAD", 1)
    network = random_cores(np.random.default_rng(3), 5, 70, 90, wild=True)
    inputs = spikes(np.random.default_rng(4), network.channels, 50)
    narrow = run(compile(network, chip()), inputs, 50)
    monkeypatch.setattr("neurosim.simulation.crossbar_machine.WIDE_WAY", 0)
    wide = run(compile(network, chip()), inputs, 50, threads=threads)
    assert np.array_equal(narrow.spikes(), wide.spikes())
    assert np.array_equal(narrow.counts.per_step, wide.counts.per_step)


def test_threads_that_cannot_be_started_are_said_so_and_none_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.simulate.MIN_NEURONS_OF_A_THREAD", 1)
    rng = np.random.default_rng(0)
    program = compile(random_cores(rng, 5, 70, 90, wild=False), chip())
    before = threading.active_count()

    class Scarce(threading.Thread):
        def start(self) -> None:
            if threading.active_count() >= before + 2:
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(crossbar_kernel, "Thread", Scarce)
    with pytest.raises(RunError, match=r"4 threads cannot share .* no more than 3 .* fewer threads"):
        run(program, None, 50, threads=4)
    assert threading.active_count() == before
    assert run(program, None, 50, threads=3).n_spikes == run(program, None, 50, threads=1).n_spikes


NARROW = {
    "crossbar__potential_bits": 11,
    "crossbar__random_bits": 5,
    "crossbar__threshold_bits": 9,
    "crossbar__weight_bits": 6,
    "crossbar__leak_bits": 5,
}


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads_that_share_a_sample_change_nothing(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.simulate.MIN_NEURONS_OF_A_THREAD", 1)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        network = random_cores(rng, 5, 70, 90, wild=bool(seed % 2))
        program, inputs = compile(network, chip()), spikes(rng, network.channels, 50)
        alone, shared = (run(program, inputs, 50, seed=seed, probe=[3, 400], threads=n) for n in (1, threads))
        for name in ("spike_step", "spike_neuron"):
            assert np.array_equal(getattr(alone, name), getattr(shared, name))
        for name in ("per_step", "busiest_link", "busiest_border"):
            assert np.array_equal(getattr(alone.counts, name), getattr(shared.counts, name))
        assert alone.probes is not None
        assert shared.probes is not None
        assert np.array_equal(alone.probes.u, shared.probes.u)
        assert np.array_equal(alone.probes.v, shared.probes.v)


@given(st.integers(0, 2**32 - 1))
@settings(slow, max_examples=25)
def test_other_widths_are_exact_too(seed: int) -> None:
    """A chip with narrow registers: potentials saturate at 11 bits, random numbers have 5."""
    rng, profile = np.random.default_rng(seed), chip(**NARROW)
    made = random_cores(rng, 2, 10, 12, wild=False)
    big = {f"weight_{g}": rng.integers(-32, 32, (2, 12)) for g in range(4)}
    network = replace(
        made,
        registers={
            **made.registers,
            **{name: values.astype(np.int16) for name, values in big.items()},
            "threshold": rng.integers(100, 512, (2, 12)).astype(np.int32),
            "threshold_mask": rng.integers(0, 32, (2, 12)).astype(np.int32),
            "negative_threshold": rng.integers(100, 512, (2, 12)).astype(np.int32),
            "negative_saturates": np.zeros((2, 12), np.uint8),
        },
    )
    inputs = spikes(rng, network.channels, 40)
    raster, v, _ = simulate_cores(network, inputs.tolist(), 40, profile.bars, seed=seed)
    made_raster, made_v = probed(compile(network, profile), inputs, 40, seed=seed)
    assert np.array_equal(made_raster, np.array(raster))
    assert np.array_equal(made_v, np.array(v))


def test_saturation_takes_no_random_number() -> None:
    """The floor is the negative threshold itself, whatever the mask (Cassidy et al. 2013; NeMo)."""
    network = CrossbarNetwork.make(
        np.zeros((1, 8, 8), np.bool_), np.zeros((1, 8), int), leak=-10, threshold=1000, threshold_mask=255
    )
    result = run(compile(network, "truenorth"), None, 100, probe=[0])
    assert result.probes is not None
    assert (result.probes.v == 0).all()
    assert (result.probes.u == -10).all()  # before it is compared


def test_more_cores_than_are_unpacked_at_once() -> None:
    rng = np.random.default_rng(17)
    network = random_cores(rng, 150, 4, 6, wild=False)
    inputs = spikes(rng, network.channels, 15)
    raster, _, _ = simulate_cores(network, inputs.tolist(), 15, chip().bars, seed=1)
    assert np.array_equal(probed(compile(network, "truenorth"), inputs, 15, seed=1)[0], np.array(raster))


def test_no_spike_is_lost_when_a_buffer_is_full() -> None:
    network = CrossbarNetwork.make(
        np.zeros((1, 8, 256), np.bool_), np.zeros((1, 8), int), target_core=-1, leak=1, threshold=1
    )
    assert run(compile(network, "truenorth"), None, 400).n_spikes == 400 * 256


def test_random_numbers_have_the_stated_odds() -> None:
    """A stochastic leak of 63 steps in 64 of 256 ticks; bits of the threshold's mask are even."""
    n = 256
    network = CrossbarNetwork.make(
        np.zeros((1, 8, n), np.bool_), np.zeros((1, 8), int), leak=63, stochastic_leak=1, threshold=1, target_core=-1
    )
    rate = run(compile(network, "truenorth"), None, 1000).n_spikes / (n * 1000)
    assert rate == pytest.approx(0.25, abs=0.005)


# ---------------------------------------------------------------- networks


def random_graph(rng: np.random.Generator, n: int, synapses: int, weights: Any, delay: int = 1) -> Network:
    network = Network()
    network.add_input("in", 5)
    network.add(
        "a",
        n,
        "truenorth",
        threshold=rng.integers(1, 9, n),
        leak=rng.integers(-2, 2, n),
        leak_reversal=rng.integers(0, 2, n),
        negative_threshold=rng.integers(0, 9, n),
        negative_saturates=rng.integers(0, 2, n),
        reset_mode=rng.integers(0, 3, n),
        reset_potential=rng.integers(-3, 3, n),
        potential=rng.integers(-3, 3, n),
    )
    network.connect("in", "a", rng.integers(0, 5, n), np.arange(n), rng.choice(weights, n))
    ends = rng.integers(0, n, (2, synapses))  # some pairs are joined more than once
    network.connect("a", "a", *ends, rng.choice(weights, synapses), rng.integers(delay, 16, synapses))
    return network


def assert_unchanged(network: Network, profile: ChipProfile, rng: np.random.Generator, seed: int = 0) -> Program:
    """The compiled network does what the uncompiled one does."""
    inputs, steps = spikes(rng, network.n_channels, 40), 40
    raster, v = simulate_graph(network, inputs.tolist(), steps, profile.bars, seed)
    program = compile(network, profile)
    made, made_v = probed(program, inputs, steps, seed=seed)
    assert np.array_equal(made, np.array(raster))
    assert np.array_equal(made_v, np.array(v))
    return program


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(0, 120), st.sampled_from([256, 32]))
@slow
def test_any_network_on_any_cores_does_what_it_did_uncompiled(seed: int, n: int, synapses: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.choice([-255, -7, -2, -1, 1, 3, 100, 255], 3, replace=False)
    network = random_graph(rng, n, synapses, weights)
    fan_in = np.bincount(np.concatenate([p.targets for p in network.projections]))
    assume(fan_in.max() <= size)  # beyond it a tree is needed, which changes the network
    assert_unchanged(network, small(size, size), rng)


def test_one_target_neurons_need_neither_copies_nor_relays() -> None:
    rng = np.random.default_rng(1)
    n = 400
    network = Network()
    network.add_input("in", 40)
    network.add("a", n, "truenorth", threshold=rng.integers(1, 5, n))
    network.connect("in", "a", rng.integers(0, 40, n), np.arange(n), 2)
    network.connect("a", "a", np.arange(n), rng.permutation(n), rng.choice([1, 2], n), rng.integers(1, 16, n))
    program = assert_unchanged(network, chip(), rng)
    assert set(np.unique(program.crossbar.role)) == {ROLES.index("neuron")}
    assert not [note for note in program.notes if note.startswith("fan-out")]


def test_fan_out_to_several_cores_takes_copies_and_no_ticks() -> None:
    rng = np.random.default_rng(2)
    program = assert_unchanged(random_graph(rng, 120, 700, [-1, 2]), small(32, 32), rng)
    copies = int((program.crossbar.role == ROLES.index("copy")).sum())
    assert copies > 100
    assert f"{copies:,} copies" in " ".join(program.notes)


def test_a_random_neuron_is_relayed_not_copied() -> None:
    """Its delays are 2 or more, so the relay's tick is taken off them and nothing changes."""
    rng = np.random.default_rng(4)
    network = random_graph(rng, 80, 300, [-1, 2], delay=2)
    network.add("noise", 6, "truenorth", leak=30, stochastic_leak=1, threshold=2, threshold_mask=3)
    network.connect("noise", "a", np.repeat(np.arange(6), 40), rng.integers(0, 80, 240), 2, rng.integers(2, 9, 240))
    program = assert_unchanged(network, small(48, 48), rng, seed=5)
    roles = program.crossbar.role
    noise = program.crossbar.neuron_of >= 80
    assert (roles == ROLES.index("relay")).sum() > 20
    assert (roles[noise] == ROLES.index("neuron")).all()
    assert "relays on" in " ".join(program.notes)
    assert "later" not in " ".join(program.notes)


def test_a_relay_without_room_in_the_delay_makes_all_paths_of_the_neuron_one_tick_longer() -> None:
    network = Network()
    network.add("noise", 1, "truenorth", leak=1, threshold=3, stochastic_leak=0, threshold_mask=1)
    network.add("a", 12, "truenorth")
    network.connect("noise", "a", np.zeros(12, int), np.arange(12), 1, [1, 3] * 6)
    with pytest.raises(CannotRepresent, match=r"neuron 0 of population 'noise'.*relay_tick"):
        compile(network, small(8, 8))
    program = compile(network, small(8, 8), approximate=True)
    assert "what 1 neurons send comes one tick later" in " ".join(program.notes)
    assert "relay_tick" in {error.parameter for error in program.errors}
    raster = run(program, None, 40).raster()
    source = np.flatnonzero(raster[:, 0])
    for neuron, delay in zip(range(1, 13), [1, 3] * 6, strict=True):
        expected = source + delay + 1
        assert np.array_equal(np.flatnonzero(raster[:, neuron]), expected[expected < 40])


def test_stochastic_weights_are_drawn_by_neuron_and_source_wherever_they_are() -> None:
    rng = np.random.default_rng(6)
    network = Network()
    network.add_input("in", 9)
    network.add("a", 30, "truenorth", stochastic_weights=1, threshold=3)
    network.connect("in", "a", np.repeat(np.arange(9), 30), np.tile(np.arange(30), 9), 90)
    for size in (256, 16):
        assert_unchanged(network, small(size, size), np.random.default_rng(7), seed=int(rng.integers(99)))


def test_a_neuron_that_reaches_more_axons_than_copies_fit_is_relayed_and_unchanged() -> None:
    rng = np.random.default_rng(31)
    network = Network()
    network.add_input("in", 2)
    network.add("hub", 2, "truenorth", threshold=2)
    network.add("a", 120, "truenorth", threshold=[1, 2] * 60)
    network.connect("in", "hub", [0, 1], [0, 1], 1)
    network.connect("hub", "a", np.repeat([0, 1], 120), np.tile(np.arange(120), 2), 1, rng.integers(2, 9, 240))
    program = assert_unchanged(network, small(8, 8), rng)
    roles = program.crossbar.role
    assert (roles == ROLES.index("relay")).sum() > 20
    is_random = Network()
    is_random.add("hub", 1, "truenorth", leak=9, stochastic_leak=1)
    is_random.add("a", 120, "truenorth")
    is_random.connect("hub", "a", np.zeros(120, int), np.arange(120), 1, 2)
    with pytest.raises(DoesNotFit, match=r"draws random numbers and reaches"):
        compile(is_random, small(8, 8))


def test_parallel_synapses_draw_for_themselves() -> None:
    """Two synapses of one source and delay on a stochastic neuron: none, one or both add, as 1 : 2 : 1."""
    network = Network()
    network.add_input("in", 1)
    network.add("a", 40, "truenorth", stochastic_weights=1, threshold=2**17)
    network.connect("in", "a", np.zeros(80, int), np.repeat(np.arange(40), 2), 127)
    inputs = [(t, 0) for t in range(100)]
    result = run(compile(network, "truenorth"), inputs, 101, probe=np.arange(40), seed=4)
    assert result.probes is not None
    assert np.array_equal(result.probes.v, np.array(simulate_graph(network, inputs, 101, chip().bars, 4)[1]))
    share = np.bincount(np.diff(result.probes.v, axis=0).ravel().astype(int), minlength=3) / 4000
    assert share == pytest.approx([0.25, 0.5, 0.25], abs=0.04)


# ---------------------------------------------------------------- what does not fit


def wide(fan_in: int, delay: int | list[int] = 1, **registers: int) -> Network:
    network = Network()
    network.add_input("in", fan_in)
    network.add("a", 1, "truenorth", **{"threshold": 50, "negative_threshold": 100, "reset_mode": 1, **registers})
    network.connect("in", "a", np.arange(fan_in), np.zeros(fan_in, int), 1, delay)
    return network


def test_fan_in_above_the_axons_is_refused_unless_a_tree_is_allowed() -> None:
    with pytest.raises(CannotRepresent, match=r"300 sources.*core.input_axons.*fan_in_tree.*approximate"):
        compile(wide(300), "truenorth")
    program = compile(wide(300), "truenorth", approximate=True)
    assert "1 of them get all inputs one tick later" in " ".join(program.notes)
    assert any(error.parameter == "fan_in_tree" for error in program.errors)


def test_a_fan_in_tree_keeps_the_sum_up_to_what_is_left_in_it() -> None:
    """Every input fires once in 300 ticks; the neuron, which only adds, fires as often as the sum says."""
    program = compile(wide(300, delay=2), "truenorth", approximate=True)
    assert "later" not in " ".join(program.notes)
    inputs = np.stack([np.arange(300), np.arange(300)], axis=1)
    result = run(program, inputs, 310, probe=[0])
    assert result.probes is not None
    total = 50 * result.n_spikes + result.probes.v[-1, 0]
    quantum = int(program.crossbar.registers["threshold"][program.crossbar.role == ROLES.index("partial sum")][0])
    assert 300 - quantum < total <= 300


def tree(signs: list[int], delay: int = 3) -> Network:
    """A neuron that only adds, with 300 inputs of these signs in turn."""
    network = Network()
    network.add_input("in", 300)
    network.add("a", 1, "truenorth", threshold=2**17, negative_threshold=2**17)
    network.connect("in", "a", np.arange(300), np.zeros(300, int), np.resize(signs, 300), delay)
    return network


@pytest.mark.parametrize("signs", [[1], [-1], [1, -1, -1]])
@pytest.mark.parametrize("delay", [1, 3])
def test_a_tree_adds_up_both_signs_and_no_path_is_early(signs: list[int], delay: int) -> None:
    """What comes through equals the sum but for less than a quantum of each sign; nothing comes before its delay."""
    program = compile(tree(signs, delay), "truenorth", approximate=True)
    result = run(program, [(0, c) for c in range(300)], 80, probe=[0])
    assert result.probes is not None
    v = result.probes.v[:, 0]
    first = delay + (delay == 1)  # all paths one tick later, as no tick can be taken off
    assert (v[:first] == 0).all()
    assert v[first] != 0
    quanta = program.crossbar.registers["threshold"][program.crossbar.role == ROLES.index("partial sum")]
    assert abs(v[-1] - np.resize(signs, 300).sum()) < quanta.sum()


def test_single_draws_cannot_go_through_a_tree() -> None:
    network = Network()
    network.add_input("in", 300)
    network.add("a", 1, "truenorth", stochastic_weights=1)
    network.connect("in", "a", np.arange(300), np.zeros(300, int), 5)
    with pytest.raises(CannotRepresent, match="stochastic weights"):
        compile(network, "truenorth", approximate=True)


def test_delays_and_ways_beyond_the_chip_are_refused() -> None:
    network = wide(2)
    network.connect("in", "a", [0], [0], 1, 16)
    with pytest.raises(CannotRepresent, match=r"16 steps.*core.delay_steps_max"):
        compile(network, "truenorth")
    rng = np.random.default_rng(2)
    with pytest.raises(DoesNotFit, match=r"mesh.reach_tiles"):
        compile(random_graph(rng, 120, 700, [-1, 2]), chip(core__neurons=32, core__input_axons=32, mesh__reach_tiles=1))
    far = CrossbarNetwork.make(
        np.zeros((130, 4, 4), np.bool_), np.zeros((130, 4), int), target_core=np.full((130, 4), 129)
    )
    with pytest.raises(ProgramError, match=r"mesh.reach_tiles"):
        compile(far, chip(mesh__reach_tiles=1))


def test_networks_without_synapses_run() -> None:
    network = Network()
    network.add_input("in", 2)
    network.add("a", 5, "truenorth", leak=1, threshold=3)
    network.connect("in", "a", [0, 1], [0, 1], 0)
    assert_unchanged(network, chip(), np.random.default_rng(0))


def test_more_weights_than_types_are_refused_with_the_neuron() -> None:
    network = Network()
    network.add_input("in", 5)
    network.add("a", 2, "truenorth", threshold=9)
    network.connect("in", "a", [0, 1, 2, 3, 4], [1] * 5, [1, 2, 3, 4, 5])
    with pytest.raises(CannotRepresent, match=r"neuron 1 of population 'a' receives 5 different weights.*axon_types"):
        compile(network, "truenorth")


def test_axons_that_neurons_weigh_differently_are_split() -> None:
    """Pairs of neurons weigh pairs of axons alike and apart, so that no four types serve whole axons."""
    rng = np.random.default_rng(8)
    network = Network()
    network.add_input("in", 12)
    network.add("a", 60, "truenorth", threshold=3)
    source, target = np.divmod(np.arange(12 * 60), 60)
    network.connect("in", "a", source, target, rng.choice([1, -1], 12 * 60))
    program = assert_unchanged(network, chip(), rng)
    assert program.crossbar.channel_ptr[-1] > 12


@pytest.mark.parametrize(
    ("registers", "words"),
    [
        ({"leak": 256}, "leak of neuron 0 is 256.*crossbar.leak_bits"),
        ({"threshold": 2**18}, "threshold.*crossbar.threshold_bits"),
        ({"threshold_mask": 256}, "threshold_mask.*crossbar.random_bits"),
        ({"potential": 2**19}, "potential.*crossbar.potential_bits"),
    ],
)
def test_registers_out_of_range_are_refused(registers: dict[str, int], words: str) -> None:
    with pytest.raises(CannotRepresent, match=words):
        compile(wide(3, **registers), "truenorth")


@pytest.mark.parametrize("weight", [256, -257, 0.5])
def test_weights_out_of_range_are_refused(weight: float) -> None:
    network = wide(1)
    network.connect("in", "a", [0], [0], [weight], 2)
    with pytest.raises(CannotRepresent, match=r"crossbar\.weight_bits"):
        compile(network, "truenorth")


def test_a_kind_that_the_chip_lacks_is_refused_with_chips_that_have_it() -> None:
    with pytest.raises(CannotRepresent, match=r"'a' is of kind 'truenorth', which loihi1 does not have.*truenorth"):
        compile(wide(3), "loihi1")
    network = Network()
    network.add_registers("a", 1)
    with pytest.raises(CannotRepresent, match=r"'a' is of kind 'registers', which truenorth does not have.*loihi1"):
        compile(network, "truenorth")
    with pytest.raises(CannotRepresent, match="loihi1 has no crossbar cores"):
        compile(random_cores(np.random.default_rng(0), 1, 2, 3, wild=False), "loihi1")


def test_an_unsuited_network_is_told_what_binds_and_what_would_fit() -> None:
    rng = np.random.default_rng(0)
    network = Network()
    network.add("a", 600, "truenorth", threshold=9)
    network.connect("a", "a", rng.integers(0, 600, 24000), rng.integers(0, 600, 24000), 1)
    profile = chip(mesh__tiles_x=4, mesh__tiles_y=4)
    with pytest.raises(DoesNotFit) as refusal:
        compile(network, profile)
    words = str(refusal.value)
    assert "binds" in words
    assert "mean fan-in of" in words
    assert "near neurons" in words


# ---------------------------------------------------------------- lowering


def test_physical_neurons_need_leave_to_be_approximated() -> None:
    network = liquid((3, 3, 3), 4)
    with pytest.raises(CannotRepresent, match=r"linear_leak.*approximate=True"):
        compile(network, "truenorth")
    program = compile(network, "truenorth", approximate=True)
    rules = {error.parameter for error in program.errors}
    assert {"linear_leak", "delta_synapse", "no_refractory"} <= rules
    assert "four_weights" in rules or "weight" in rules


def test_a_lowered_neuron_is_the_one_that_the_rules_describe() -> None:
    """Its largest jump fills the weight, its threshold keeps the ratio, and its leak goes to rest from both sides."""
    network = Network()
    network.add_input("in", 2)
    network.add_lif("a", 1, tau_mem_ms=20, tau_syn_ms=5, v_threshold=3, v_leak=1)
    network.connect("in", "a", [0, 1], [0, 0], [4.0, -2.0])
    program = compile(network, "truenorth", approximate=True)
    r = {name: int(values[0]) for name, values in program.crossbar.registers.items()}
    jump = 4 * (1 - np.exp(-1 / 20)) / (1 - np.exp(-1 / 5))
    scale = 255 / jump
    assert sorted({r[f"weight_{g}"] for g in range(4)} - {0}) == [-128, 255]
    assert r["threshold"] == round(2 * scale)
    assert r["leak"] == -round(scale * 2 / (2 * np.log(2) * 20))
    assert (r["leak_reversal"], r["reset_mode"], r["reset_potential"]) == (1, 0, 0)
    result = run(program, [(0, 0), (60, 1)], 90, probe=[0])
    assert result.probes is not None
    v = result.probes.v[:, 0]
    assert v[1] == 255 + r["leak"]
    assert abs(v[50]) < -r["leak"]
    assert v[61] < -80
    assert abs(v[85]) < -r["leak"]


def test_a_bias_is_refused_as_the_leak_takes_its_register() -> None:
    network = Network()
    network.add_lif("a", 1, bias=0.5)
    with pytest.raises(CannotRepresent, match="bias"):
        compile(network, "truenorth", approximate=True)


def test_a_liquid_on_truenorth_fires_like_itself() -> None:
    """Rates of neurons follow those on a chip with the whole neuron."""
    network = liquid((4, 4, 4), 8, gain=1.0, recurrence=0.0, seed=2)
    inputs = [(t, c) for t in range(300) for c in range(8) if (t * 7 + c * 3) % 11 < 4]
    exact = run(compile(network, "ideal"), inputs, 320).spike_counts()[0]
    here = run(compile(network, "truenorth", approximate=True), inputs, 320).spike_counts()[0]
    assert np.corrcoef(exact, here)[0, 1] > 0.9


def test_both_kinds_in_one_network_keep_the_exact_one_exact() -> None:
    rng = np.random.default_rng(5)
    network = random_graph(rng, 30, 80, [-1, 2])
    network.add_lif("b", 20)
    network.connect("in", "b", rng.integers(0, 5, 40), rng.integers(0, 20, 40), rng.normal(5, 2, 40))
    alone = random_graph(np.random.default_rng(5), 30, 80, [-1, 2])
    inputs = spikes(rng, 5, 40)
    together = run(compile(network, "truenorth", approximate=True), inputs, 40).raster()[:, :30]
    assert np.array_equal(together, run(compile(alone, "truenorth"), inputs, 40).raster())


def test_few_weights_are_held_to_their_rounding() -> None:
    network = Network()
    network.add_input("in", 20)
    network.add_lif("a", 10, tau_syn_ms=0)
    source, target = np.divmod(np.arange(200), 10)
    network.connect("in", "a", source, target, np.where(source % 2, 3.0, -2.0))
    program = compile(network, "truenorth", approximate=True)
    error = next(e for e in program.errors if e.parameter in ("weight", "four_weights"))
    assert error.max_relative_error < 0.005
    assert "delta_synapse" not in {e.parameter for e in program.errors}


@given(st.lists(st.integers(-50, 50), min_size=5, max_size=9, unique=True), st.integers(2, 4))
@slow
def test_levels_are_the_best_runs(values: list[int], n_types: int) -> None:
    ordered = np.array(sorted(values), float)

    def cost(levels: np.ndarray) -> float:
        return float(sum(((ordered[levels == k] - ordered[levels == k].mean()) ** 2).sum() for k in np.unique(levels)))

    made = cost(_levels(ordered, np.ones(len(values)), n_types))

    def best(first: int, runs: int) -> float:
        if runs == 1:
            return float(((ordered[first:] - ordered[first:].mean()) ** 2).sum())
        ends = range(first + 1, len(ordered))
        return min(
            float(((ordered[first:e] - ordered[first:e].mean()) ** 2).sum()) + best(e, runs - 1)
            for e in ends
            if len(ordered) - e >= runs - 1
        )

    assert made == pytest.approx(best(0, n_types), abs=1e-6)


# ---------------------------------------------------------------- files


def program_of_all_roles() -> Program:
    rng = np.random.default_rng(9)
    network = random_graph(rng, 60, 200, [-1, 2], delay=2)
    network.add("noise", 2, "truenorth", leak=30, stochastic_leak=1, threshold=2)
    network.connect("noise", "a", np.repeat([0, 1], 40), rng.integers(0, 60, 80), 2, 3)
    network.add_input("many", 60)
    network.connect("many", "a", np.arange(60), np.zeros(60, int), 2, 2)
    program = compile(network, small(40, 40), approximate=True)
    assert set(np.unique(program.crossbar.role)) == {0, 1, 2, 3}
    return program


def test_programs_and_native_networks_survive_their_files(tmp_path: Path) -> None:
    program = program_of_all_roles()
    program.save(tmp_path / "p.npz")
    loaded = Program.load(tmp_path / "p.npz")
    assert loaded.digest == program.digest
    assert loaded.notes == program.notes
    a, b = table_arrays(program), table_arrays(loaded)
    assert all(np.array_equal(a[name], b[name]) and a[name].dtype == b[name].dtype for name in a)
    native = random_cores(np.random.default_rng(0), 2, 9, 13, wild=True)
    native.save(tmp_path / "n.npz")
    again = CrossbarNetwork.load(tmp_path / "n.npz")
    assert compile(again, "truenorth").digest == compile(native, "truenorth").digest


@given(st.sampled_from(sorted([*CROSSBAR_DTYPES, *REGISTERS["truenorth"]])), st.data())
@settings(slow, max_examples=150)
def test_a_forged_table_is_refused_or_harmless(name: str, data: st.DataObject) -> None:
    program = functools.cache(program_of_all_roles)()
    array = table_arrays(program)[name].copy()
    bounds = np.iinfo(array.dtype)
    i = data.draw(st.integers(0, len(array) - 1))
    array[i] = data.draw(st.sampled_from([bounds.min, bounds.max, 0, 1]) | st.integers(bounds.min, bounds.max))
    array = array[: data.draw(st.sampled_from([len(array)] * 3 + [len(array) - 1, 0]))]
    registers = dict(program.tables.registers)
    if name in registers:
        tables = replace(program.tables, registers={**registers, name: array})
    else:
        tables = replace(program.tables, **{name: array})
    changed = with_digest(replace(program, tables=tables))
    try:
        check_crossbar(changed)
    except ProgramError as refusal:
        assert "digest" not in str(refusal)
        return
    run(changed, None, 3, threads=1)


@pytest.mark.parametrize(
    "change",
    [
        {"target_core": 5},
        {"target_axon": 99},
        {"target_delay": 16},
        {"inputs": [(0, 9, 0, 1)]},
        {"weight_0": 256},
        {"axon_type": np.full((1, 4), 4)},
        {"speed": 3},
    ],
)
def test_a_native_network_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    given = {"crossbar": np.zeros((1, 4, 6), np.bool_), "axon_type": np.zeros((1, 4), int), **change}
    with pytest.raises(NeurosimError):
        compile(CrossbarNetwork.make(**given), "truenorth")


def test_shapes_of_a_native_network_are_checked() -> None:
    with pytest.raises(NetworkError, match="leak has shape"):
        CrossbarNetwork.make(np.zeros((2, 4, 8), np.bool_), np.zeros((2, 4), int), leak=np.zeros((3, 8), int))
    with pytest.raises(NetworkError, match="crossbar needs Booleans"):
        CrossbarNetwork.make(np.zeros((2, 4, 8)), np.zeros((2, 4), int))


# ---------------------------------------------------------------- accounting


def test_counts_of_a_crossbar_are_what_the_tables_say() -> None:
    """One spike: an event for each crosspoint of the row, hops as far as the cores are apart."""
    bits = np.zeros((2, 8, 16), np.bool_)
    bits[0, 0, 3] = True
    bits[1, 5, :7] = True
    network = CrossbarNetwork.make(
        bits,
        np.zeros((2, 8), int),
        target_core=[[1] * 16, [-1] * 16],
        target_axon=5,
        inputs=[(0, 0, 0, 1)],
        weight_0=1,
        threshold=[[1] * 16, [9] * 16],
    )
    result = run(compile(network, "truenorth"), [[0, 0]], 4)
    counts = result.counts
    assert counts.sum("spikes") == counts.sum("packets_out") == counts.sum("packets_between_cores") == 1
    assert counts.sum("input_packets") == 1
    assert counts.sum("synaptic_events") == 1 + 7
    assert counts.sum("hops_x") + counts.sum("hops_y") == 1
    assert counts.busiest_link is not None
    assert counts.busiest_link.max() == 1
    spent = energy(counts, "truenorth")
    assert spent.dynamic_pj == pytest.approx(8 * 1.48 + 2.45)
    assert spent.static_pj == pytest.approx(64.43 * 4e6)


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(slow, max_examples=20)
def test_every_event_is_counted_once_where_it_happens(seed: int, cut: bool) -> None:
    """Counts of every core and tick, found spike by spike from the description: at home, on the way, and there."""
    rng = np.random.default_rng(seed)
    links = {"mesh__disabled_links": ("1,1-2,1", "0,0>0,1")} if cut else {}
    profile, steps = chip(**BOARD, **links), 15
    network = random_cores(rng, 20, 6, 5, wild=False)
    program = compile(network, profile)
    inputs = spikes(rng, network.channels, steps)
    result = run(program, inputs, steps, seed=seed)
    routes = route(program)
    n, axons = 5, 6
    wanted = np.zeros((steps, 20, len(KINDS)), np.int64)
    active: set[tuple[int, int]] = set()

    def add(step: int, core: int, kind: str, by: int = 1) -> None:
        wanted[step, core, KINDS.index(kind)] += by

    def arrive(sent: int, at: int, axon: int, kind: str) -> None:
        add(sent, axon // axons, kind)
        if (at, axon) in active:
            add(sent, axon // axons, "merged_packets")
        active.add((at, axon))

    sent = [("in", int(t), int(c)) for t, c in inputs] + [("own", int(t), int(j)) for t, j in result.spikes()]
    for kind, step, source in sorted(sent, key=lambda entry: (entry[1], entry[0] != "in")):
        if kind == "in":
            for e in np.flatnonzero(network.input_channel == source):
                axon = int(network.input_core[e]) * axons + int(network.input_axon[e])
                arrive(step, step + int(network.input_delay[e]), axon, "input_packets")
            continue
        core, (home, place) = source // n, divmod(source, n)
        add(step, core, "spikes")
        if network.target_core[home, place] < 0:
            continue
        target = int(network.target_core[home, place])
        pair = routes.axon_pair[routes.axon_ptr[source]]
        add(step, core, "packets_out")
        add(step, core, "packets_between_cores", int(target != core))
        add(step, core, "hops_x", routes.pair_hops_x[pair])
        add(step, core, "hops_y", routes.pair_hops_y[pair])
        add(step, core, "borders_x", routes.pair_borders_x[pair])
        add(step, core, "borders_y", routes.pair_borders_y[pair])
        at = step + int(network.target_delay[home, place])
        arrive(step, at, target * axons + int(network.target_axon[home, place]), "packets_in")
    rows = np.unpackbits(network.crossbar, axis=2).sum(axis=2).ravel()
    for at, axon in active:
        if at < steps:
            add(at, axon // axons, "synaptic_events", rows[axon])
    assert np.array_equal(result.counts.per_step, wanted)


def test_columns_of_the_counts_are_those_of_the_other_kernels() -> None:
    names = ["packets_in", "input_packets", "synaptic_events", "merged_packets"]
    assert [getattr(layout, name.upper()) for name in names] == [KINDS.index(name) for name in names]


def test_usage_of_a_crossbar_program() -> None:
    program = program_of_all_roles()
    use = usage(program)
    assert use.used["neurons"].sum() == program.crossbar.n_slots
    assert (use.used["input_axons"] <= 40).all()
    assert use.used["input_axons"].sum() > 0
    assert use.cores_lower_bound <= program.n_cores
    json.dumps(use.to_dict())


@pytest.mark.parametrize(("rate_hz", "published_mw"), [(11.58, 68), (20.07, 71), (95.93, 94)])
def test_a_full_chip_draws_the_published_power(rate_hz: float, published_mw: float) -> None:
    """All 4,096 cores, 134 million crosspoints; Akopyan et al. 2015, Fig. 17."""
    power, hops = simulated_mw(rate_hz, ticks=20)
    assert hops == pytest.approx(42.6, rel=0.01)
    assert power == pytest.approx(published_mw, rel=0.03)


def parts_of_all_roles() -> tuple[Program, Any, Any, Any]:
    """A program with neurons, copies, relays and partial sums, and what it was made from."""
    found = {}
    original = pipeline.check_faithful_crossbar
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "check_faithful_crossbar", lambda *given: found.update(given=given))
        program_of_all_roles()
    original(*found["given"])
    return found["given"]


@given(st.data())
@settings(slow, max_examples=150)
def test_the_checker_notices_any_change_of_what_a_program_does(data: st.DataObject) -> None:
    """One entry of one table is changed, where it says anything: a crosspoint, a target, a name, a register."""
    program, net, neuron, later = functools.cache(parts_of_all_roles)()
    t = program.crossbar
    name = data.draw(st.sampled_from(["crossbar", "target", "target_delay", "neuron_of", "axon_key", "registers"]))
    if name == "registers":
        used = np.zeros((4, t.n_slots), np.bool_)  # weights that some synapse uses
        axon, column = np.nonzero(np.unpackbits(t.crossbar.reshape(-1, t.row_bytes), axis=1, bitorder="little"))
        used[t.axon_type[axon], t.core_ptr[axon // t.axons] + column] = True
        register = data.draw(st.sampled_from(sorted(t.registers)))
        values = t.registers[register].copy()
        slots = np.flatnonzero(used[int(register[-1])]) if register.startswith("weight_") else np.arange(t.n_slots)
        assume(len(slots) > 0)
        i = int(data.draw(st.sampled_from(slots.tolist())))
        values[i] += 1
        changed = replace(t, registers={**t.registers, register: values})
    else:
        values = getattr(t, name).copy()
        sends = np.flatnonzero(t.target >= 0)
        legal = {"target": sends, "target_delay": sends, "axon_key": np.flatnonzero(t.axon_key >= 0)}
        i = int(data.draw(st.sampled_from(legal.get(name, np.arange(len(values))).tolist())))
        size = np.diff(t.core_ptr)[i // t.row_bytes // t.axons] if name == "crossbar" else 0
        byte = 1 << data.draw(st.integers(0, 7))
        assume(name != "crossbar" or (i % t.row_bytes) * 8 + byte.bit_length() <= size)
        values[i] = values[i] ^ byte if name == "crossbar" else values[i] + 1
        changed = replace(t, **{name: values})
        assume(name != "target" or values[i] < len(t.axon_type))
    with pytest.raises((ProgramError, IndexError)):
        check_faithful_crossbar(with_digest(replace(program, tables=changed)), net, neuron, later)


# ---------------------------------------------------------------- boards and defects


def test_several_chips_change_no_spike_and_count_their_borders() -> None:
    rng = np.random.default_rng(12)
    network = random_graph(rng, 200, 900, [-1, 2])
    profile = chip(core__neurons=48, core__input_axons=48, **BOARD)
    program = assert_unchanged(network, profile, rng)
    assert program.n_cores > 9
    use = usage(program)
    assert use.chips_used > 1
    result = run(program, spikes(np.random.default_rng(1), 5, 40), 40)
    t, counts = program.crossbar, result.counts
    x, y = tile_position(t.core, profile.mesh)
    crossed = abs(x // 3 - (x // 3)[:, None]) + abs(y // 3 - (y // 3)[:, None])
    fired = np.bincount(result.spike_neuron, minlength=program.n_neurons)
    sends = (t.target >= 0) & (t.neuron_of >= 0)
    wanted = (crossed[t.slot_core(), np.where(sends, t.target // t.axons, 0)] * fired[t.neuron_of])[sends].sum()
    assert counts.sum("borders_x") + counts.sum("borders_y") == wanted > 0
    spent = energy(counts, profile)
    assert spent.by_event["border"] == pytest.approx(896 * wanted)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["per_tile", "merged"]), st.booleans())
@settings(slow, max_examples=20)
def test_loads_of_links_are_those_of_a_walk(seed: int, border: str, cut: bool) -> None:
    """The busiest link and border of every tick, found packet by packet; with a broken link, around it."""
    rng = np.random.default_rng(seed)
    links = {"mesh__disabled_links": ("1,1-2,1",)} if cut else {}
    profile = load_chip(
        "truenorth",
        {key.replace("__", "."): value for key, value in {**BOARD, "mesh__border": border, **links}.items()},
    )
    network = random_cores(rng, 30, 8, 8, wild=False)
    program = compile(network, profile)
    result = run(program, spikes(rng, network.channels, 20), 20, seed=seed)
    routes, t = route(program), program.crossbar
    loads = np.zeros((20, len(routes.link)), np.int64)
    for step, neuron in result.spikes().tolist():
        if t.target[neuron] >= 0:
            pair = routes.axon_pair[routes.axon_ptr[neuron]]
            loads[step, routes.pair_link[routes.pair_link_ptr[pair] : routes.pair_link_ptr[pair + 1]]] += 1
    inside, across = loads[:, : routes.n_inside], loads[:, routes.n_inside :]
    assert np.array_equal(result.counts.busiest_link, inside.max(axis=1, initial=0))
    assert np.array_equal(result.counts.busiest_border, across.max(axis=1, initial=0))
    use = usage(program)
    load = routes.link_load
    assert use.busiest_link_packets == load[: routes.n_inside].max(initial=0)
    assert use.busiest_border_packets == load[routes.n_inside :].max(initial=0)


def test_disabled_cores_and_links_are_left_alone() -> None:
    rng = np.random.default_rng(13)
    settings = {"core.neurons": 40, "core.input_axons": 40, "mesh.tiles_x": 8, "mesh.tiles_y": 8}
    profile = load_chip("truenorth", settings | {"mesh.disabled_cores": (0, 9), "mesh.disabled_links": ("0,1-1,1",)})
    program = assert_unchanged(random_graph(rng, 150, 500, [-1, 2]), profile, rng)
    assert not {0, 9} & set(program.crossbar.core.tolist())
    check_routes(program, route(program))
    with pytest.raises(ProgramError, match=r"core 0 is in use.*mesh\.disabled_cores"):
        compile(random_cores(rng, 2, 4, 4, wild=False), profile)


# ---------------------------------------------------------------- chips of other sizes


ODD = {
    "core__neurons": 37,
    "core__input_axons": 45,
    "core__output_axons": None,
    "crossbar__axon_types": 3,
    "crossbar__weight_bits": 6,
    "crossbar__random_bits": 5,
    "mesh__tiles_x": 5,
    "mesh__cores_per_tile": 3,
}


LARGE = {
    "core__neurons": 300,
    "core__input_axons": 500,
    "core__output_axons": None,
    "core__synapse_memory_bits": None,
}


@pytest.mark.parametrize("overrides", [ODD, LARGE])
def test_crossbars_of_any_size_are_exact(overrides: dict[str, Any]) -> None:
    rng = np.random.default_rng(21)
    profile = chip(**overrides)
    network = random_graph(rng, 350, 900, [-1, 2])
    network.add("noise", 3, "truenorth", leak=9, stochastic_leak=1, threshold=2, stochastic_weights=1, threshold_mask=1)
    network.connect("a", "noise", [0, 1, 2, 3], [0, 1, 2, 0], [20, 20, -9, -9])
    network.connect("noise", "a", [0, 1, 2], [5, 6, 7], 2)
    assert_unchanged(network, profile, rng, seed=3)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"core.output_axons": 255}, "core.output_axons"),
        ({"core.input_axons": None}, "give core.neurons and core.input_axons"),
        (
            {"core.input_axons": 100_000, "crossbar.weight_bits": 16, "core.synapse_memory_bits": None},
            "too large to add up",
        ),
        ({"core.synapse_memory_bits": 65535}, "65,536 bits"),
    ],
)
def test_a_crossbar_that_cannot_be_is_refused(overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        load_chip("truenorth", overrides)


def test_random_numbers_do_not_depend_on_trees_elsewhere() -> None:
    """A neuron far from the tree draws what it drew without it."""

    def noisy(fan_in: int) -> Network:
        network = wide(fan_in)
        network.add("noise", 5, "truenorth", stochastic_weights=1, threshold=2)
        network.connect("in", "noise", np.arange(5), np.arange(5), 90)
        return network

    inputs = [(step, channel) for step in range(50) for channel in range(5)]
    rasters = [
        run(compile(network, "truenorth", approximate=True), inputs, 60, seed=2).raster()[:, 1:]
        for network in (noisy(250), noisy(300))
    ]
    assert rasters[0].any()
    few = simulate_graph(noisy(250), inputs, 60, chip().bars, 2)[0]
    assert np.array_equal(rasters[0], np.array(few)[:, 1:])
    many = simulate_graph(noisy(300), inputs, 60, chip().bars, 2)[0]
    assert np.array_equal(rasters[1], np.array(many)[:, 1:])
