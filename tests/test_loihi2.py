"""Loihi 2 as a chip: one memory for everything in a core, and a step as long as its largest term."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chips import ChipProfile, DoesNotFit, ProfileError, ProgramError, load_chip
from chips.packing import list_bits
from compiler import Network, Program, compile, usage
from compiler.check import _check_capacity, check_program
from neurosim import energy, latency, run

LOIHI2 = load_chip("loihi2")


def chip(**overrides: Any) -> ChipProfile:
    return load_chip("loihi2", {key.replace("__", "."): value for key, value in overrides.items()})


# ---------------------------------------------------------------- the profile


def test_the_profile_holds_the_published_structure() -> None:
    assert LOIHI2.mesh.n_cores == 128
    assert LOIHI2.core.neurons == 8192
    assert LOIHI2.core.delay_steps_max == 62
    assert LOIHI2.numbers.message_bits == 32
    assert max(LOIHI2.lists.weight_bits) == 8
    assert LOIHI2.core.synapse_memory_bits == 128 * 1024 * 8
    assert LOIHI2.pool is not None
    assert LOIHI2.pool.memory_bits == 192 * 1024 * 8
    assert "120" in LOIHI2.sources["mesh.tiles_x"].note


def test_times_are_those_of_the_first_loihi_by_the_vendors_ratios() -> None:
    fitted, mine = load_chip("loihi1_sanafe").time, LOIHI2.time
    ratios = {"neuron_update": 2, "spike": 10, "packet_out": 10, "packet_in": 5, "synaptic_event": 5}
    ratios["synaptic_event_dense"] = 5
    for event, ratio in ratios.items():
        assert getattr(mine, f"{event}_ns") == pytest.approx(getattr(fitted, f"{event}_ns") / ratio)
        assert LOIHI2.sources[f"time.{event}_ns"].kind in ("inherited", "assumed")


def test_energies_are_inherited_and_say_so() -> None:
    fitted = load_chip("loihi1_sanafe").energy
    for key, value in LOIHI2.energy:
        if value is None:  # nobody knows; not even inherited
            continue
        source = LOIHI2.sources[f"energy.{key}"]
        assert source.kind == "inherited"
        assert "loihi1" in source.source
        assert value == getattr(fitted, key) or key == "hop_y_pj"
    net = Network()
    net.add("p", 1, "linear", bias=1)
    priced = energy(run(compile(net, "loihi2"), None, 3).counts, "loihi2")
    assert set(priced.kinds.values()) == {"inherited"}
    assert priced.by_event["spike"] == pytest.approx(3 * 69.3)


def test_a_table_with_empty_segments_is_refused() -> None:
    with pytest.raises(ProfileError, match="segments would be empty"):
        chip(graded__tanh_table_bits=12, graded__fraction_bits=5, graded__tanh_range_bits=3)


# ---------------------------------------------------------------- pooled memory

SMALL = {
    "core__neurons": 64,
    "pool__memory_bits": 4096,
    "pool__neuron_bits": 100,
    "pool__input_axon_bits": 30,
    "pool__output_axon_bits": 20,
}


def random_network(seed: int, n: int, synapses: int) -> Network:
    rng = np.random.default_rng(seed)
    net = Network()
    net.add_input("in", 5)
    net.add("a", n, "tanh")
    net.add_registers("b", n)
    for source, size in (("in", 5), ("a", n), ("b", n)):
        for target in ("a", "b"):
            weights = 2 * rng.integers(-60, 60, synapses)
            net.connect(source, target, rng.integers(0, size, synapses), rng.integers(0, n, synapses), weights)
    return net


def pooled(program: Program) -> np.ndarray:
    """Bits of the pool of each core, counted list by list."""
    t, pool = program.tables, program.chip.pool
    assert pool is not None
    bits = np.diff(t.core_ptr) * pool.neuron_bits
    axons_in: set[tuple[int, int]] = set()
    for source in range(len(t.source_ptr) - 1):
        for k in range(t.source_ptr[source], t.source_ptr[source + 1]):
            core, form = int(t.list_core[k]), program.formats[t.list_format[k]]
            width = form.weight_bits + form.index_bits + form.delay_bits
            bits[core] += list_bits(int(t.list_ptr[k + 1] - t.list_ptr[k]), width, program.chip.lists)
            axons_in.add((source, core))
    for source, core in axons_in:
        bits[core] += pool.input_axon_bits
        if source < program.n_neurons:
            home = int(np.searchsorted(t.core_ptr, source, side="right")) - 1
            bits[home] += pool.output_axon_bits
    return bits


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(0, 40), st.sampled_from([3500, 5000, 20_000]))
@settings(max_examples=60, deadline=None)
def test_no_core_exceeds_its_pool_and_the_report_says_what_is_used(
    seed: int, n: int, synapses: int, memory: int
) -> None:
    profile = chip(**{**SMALL, "pool__memory_bits": memory})
    program = compile(random_network(seed, n, synapses), profile)
    used = usage(program)
    assert used.used["pooled_memory_bits"].tolist() == pooled(program).tolist()
    assert used.used["pooled_memory_bits"].max() <= memory == used.limit["pooled_memory_bits"]
    assert program.n_cores >= used.lower_bound["pooled_memory_bits"]


def test_the_pool_decides_how_many_neurons_share_a_core() -> None:
    net = Network()
    net.add("p", 100, "linear")
    program = compile(net, chip(**SMALL))
    assert np.diff(program.tables.core_ptr).tolist() == [40, 40, 20]
    assert usage(program).binding == ["pooled memory bits".replace(" ", "_")] * 3


def test_a_full_core_of_neurons_fits_beside_its_synapses() -> None:
    net = Network()
    net.add("p", 8192, "linear")
    net.connect("p", "p", np.arange(8192), np.arange(8192), 2)
    program = compile(net, "loihi2")  # each neuron takes 64 + 32 + 32 bits, and a word of memory: 192 KB in all
    assert program.n_cores == 1
    assert usage(program).used["pooled_memory_bits"].tolist() == [192 * 1024 * 8]
    assert compile(net, chip(pool__memory_bits=192 * 1024 * 8 - 1)).n_cores == 2


def test_chips_without_a_pool_report_none() -> None:
    net = Network()
    net.add_registers("p", 3)
    assert "pooled_memory_bits" not in usage(compile(net, "loihi1")).to_dict()["used"]


def test_a_neuron_that_fills_a_pool_alone_is_refused() -> None:
    net = Network()
    net.add_input("in", 201)
    net.add("p", 1, "linear")
    net.connect("in", "p", np.arange(200), np.zeros(200, int), 2)
    with pytest.raises(DoesNotFit) as refused:
        compile(net, chip(**SMALL))
    words = ["neuron 0 of population 'p'", "200 sources", "4,096", "pool.memory_bits", "cut its fan-in"]
    assert all(word in str(refused.value) for word in words)


def test_a_neuron_that_reaches_too_many_cores_for_a_pool_is_refused() -> None:
    net = Network()
    net.add("hub", 1, "linear")
    net.add("p", 64, "linear")
    net.connect("hub", "p", np.zeros(64, int), np.arange(64), 2)
    profile = chip(**SMALL | {"core__neurons": 1, "pool__output_axon_bits": 1000})
    with pytest.raises(DoesNotFit, match=r"neuron 0 of population 'hub'.*pool.memory_bits=64100"):
        compile(net, profile)


def test_too_many_cores_are_refused_by_the_pool() -> None:
    net = Network()
    net.add("p", 128 * 40 + 1, "linear")
    with pytest.raises(DoesNotFit, match=r"needs 129 cores, filled to .* of pool.memory_bits"):
        compile(net, chip(**SMALL))


def test_the_checker_finds_a_core_that_exceeds_its_pool() -> None:
    program = compile(random_network(0, 20, 30), chip(**SMALL))
    check_program(program)
    full = int(usage(program).used["pooled_memory_bits"].max())
    _check_capacity(replace(program, chip=chip(**SMALL | {"pool__memory_bits": full})))
    with pytest.raises(ProgramError, match=r"memory bits, but loihi2 allows .* \(pool.memory_bits\)"):
        _check_capacity(replace(program, chip=chip(**SMALL | {"pool__memory_bits": full - 1})))


# ---------------------------------------------------------------- the time of a step

QUIET = {
    "time__neuron_update_ns": 0.0,
    "time__spike_ns": 0.0,
    "time__packet_out_ns": 0.0,
    "time__packet_in_ns": 0.0,
    "time__synaptic_event_ns": 0.0,
    "time__synaptic_event_dense_ns": 0.0,
    "time__memory_word_ns": 0.0,
    "time__link_packet_ns": 0.0,
    "time__barrier__time_ns": [0.0],
}


def bound(**prices: Any) -> tuple[float, str]:
    """The second step of 10 units that all send to 10 others on a core one tile south, and what binds it."""
    net = Network()
    net.add("a", 10, "linear", bias=7)
    net.add("b", 10, "linear", threshold=2**31 - 1)
    net.connect("a", "b", np.repeat(np.arange(10), 8), np.tile(np.arange(8), 10), 201)
    profile = chip(core__neurons=10, mesh__cores_per_tile=1, **QUIET | prices)
    program = compile(net, profile, partition="greedy")
    assert program.n_cores == 2
    time = latency(run(program, None, 2).counts, profile)
    return float(time.step_ns[1]), str(time.bound_by[1])


# 10 updates on each core; core a sends 10 packets over one link; core b reads 10 lists of 8 synapses of 8 + 6 bits and
# 10 of header, which are 122 bits: two words each
HAND_COUNTS = [
    ("time__neuron_update_ns", 3.0, 10 * 3.0, "sending"),
    ("time__spike_ns", 3.0, 10 * 3.0, "sending"),
    ("time__packet_out_ns", 3.0, 10 * 3.0, "sending"),
    ("time__packet_in_ns", 3.0, 10 * 3.0, "receiving"),
    ("time__synaptic_event_ns", 3.0, 80 * 3.0, "receiving"),
    ("time__memory_word_ns", 3.0, 20 * 3.0, "memory"),
    ("time__link_packet_ns", 3.0, 10 * 3.0, "link"),
    ("time__barrier__time_ns", [77.0], 77.0, "barrier"),
]


@pytest.mark.parametrize(("key", "price", "step_ns", "binds"), HAND_COUNTS)
def test_each_term_alone_is_its_hand_count(key: str, price: Any, step_ns: float, binds: str) -> None:
    assert bound(**{key: price}) == (step_ns, binds)


@pytest.mark.parametrize(("key", "price", "step_ns", "binds"), HAND_COUNTS)
def test_a_step_lasts_its_largest_term_and_no_longer(key: str, price: Any, step_ns: float, binds: str) -> None:
    below = {other: least for other, _, _, kind in HAND_COUNTS if kind != binds for least in [0.01]}
    below = {other: [0.01] if "barrier" in other else least for other, least in below.items()}
    assert bound(**below | {key: price}) == (step_ns, binds)


def test_without_a_time_for_words_memory_never_binds() -> None:
    assert bound(time__memory_word_ns=None, time__synaptic_event_ns=1.0) == (80.0, "receiving")


def test_words_are_counted_list_by_list_and_belong_to_the_receiving_core() -> None:
    net = Network()
    net.add_input("in", 2)
    net.add("p", 100, "linear", threshold=2**31 - 1)
    net.connect("in", "p", np.zeros(100, int), np.arange(100), 201)  # dense: 64 x 8 + 10 bits, then 36 x 8 + 10
    net.connect("in", "p", [1], [5], [201], [3])  # 8 + 7 + 2 + 10 bits
    program = compile(net, "loihi2")
    counts = run(program, [(0, 0), (0, 1), (2, 1)], 4).counts
    assert counts.step_of("synapse_words").ravel().tolist() == [9 + 5 + 1, 0, 1, 0]
    assert counts.sum("synapse_words") == 16


def test_the_first_loihi_counts_words_too_and_prices_none() -> None:
    net = Network()
    net.add_input("in", 1)
    net.add_registers("p", 4)
    net.connect("in", "p", [0, 0], [0, 2], 201)
    result = run(compile(net, "loihi1"), [(1, 0)], 3)
    assert result.counts.step_of("synapse_words").ravel().tolist() == [0, 1, 0]
    assert "memory" not in latency(result.counts, "loihi1").bound_by
