"""Debugging: stepping, replay, faults, divergence, attribution, pictures and `neurosim debug`."""

import contextlib
import functools
import itertools
import json
import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import matplotlib.image
import numpy as np
import pytest
from hypothesis import given, settings
from small_networks import SMALL
from strategies import busy_graded_network, graded_inputs, register_networks
from test_cli import neurosim, refused

import neurosim as ns
from compiler import Network, Program, compile
from neurosim.debugging.attribution import print_attribution
from neurosim.debugging.decision import feature_kernels
from neurosim.debugging.divergence import agreement
from neurosim.debugging.outcomes import rows_of
from neurosim.debugging.state import register_bits, thresholds
from neurosim.readouts.classifier import LiquidClassifier
from neurosim.readouts.features import form, parts, starts, traces
from neurosim.readouts.host_integers import host_scores
from neurosim.readouts.quantise import to_chip

CHIPS = ("loihi1", "loihi2", "odin", "truenorth")


@functools.cache
def small(name: str) -> Program:
    """A small network, compiled for the first chip that has its neurons."""
    for chip in CHIPS:
        with contextlib.suppress(ns.NeurosimError):
            return compile(SMALL[name](), chip)
    raise LookupError(name)


def small_liquid(seed: int = 1, chip: str = "tiny", **settings: Any) -> Program:
    overrides = {"core.neurons": 16} if chip == "loihi1" else {}
    return compile(ns.liquid((2, 3, 4), channels=4, gain=1.5, seed=seed, **settings), ns.load_chip(chip, overrides))


@functools.cache
def liquid() -> Program:
    """Two cores of sixteen neurons at most."""
    return small_liquid(chip="loihi1")


def random_spikes(n_channels: int, steps: int, seed: int, rate: float = 0.3) -> np.ndarray:
    return np.argwhere(np.random.default_rng(seed).random((steps, n_channels)) < rate)


def stepped(stepper: ns.Stepper, rows: np.ndarray, cuts: list[int]) -> np.ndarray:
    """Spikes of the pieces between the cuts."""
    out = []
    for begin, end in itertools.pairwise(cuts):
        part = rows[(rows[:, 0] >= begin) & (rows[:, 0] < end)].copy()
        part[:, 0] -= begin
        out.append(stepper.advance(end - begin, part if len(part) else None))
    return np.concatenate(out)


def same_counts(a: Any, b: Any) -> None:
    for name in ("core", "neurons", "steps", "total", "per_step", "busiest_link", "busiest_border"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def equals_run(program: Program, rows: np.ndarray, steps: int, cuts: list[int], seed: int = 0) -> None:
    """Spikes, counts, energy and the last states are those of one run."""
    result = ns.run(program, rows, steps, probe=np.arange(program.n_neurons), seed=seed, threads=1)
    stepper = ns.Stepper(program, seed)
    found = stepped(stepper, rows, cuts)
    wanted = result.spikes(0)
    if found.shape[1] == 3:
        assert np.array_equal(found, rows_of(result, 0))
    assert np.array_equal(found[:, :2], wanted)
    same_counts(stepper.counts, result.counts)
    assert ns.energy(stepper.counts, program.chip).dynamic_pj == ns.energy(result.counts, program.chip).dynamic_pj
    assert np.array_equal(
        ns.latency(stepper.counts, program.chip).step_ns, ns.latency(result.counts, program.chip).step_ns
    )
    assert stepper.step_index == steps
    assert np.array_equal(stepper.state().v, result.probes.v[-1])


@st.composite
def cuttings(draw: st.DrawFn, steps: int) -> list[int]:
    inner = draw(st.lists(st.integers(1, steps - 1), unique=True, max_size=12))
    return [0, *sorted(inner), steps]


# ---------------------------------------------------------------- stepping


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(SMALL)), cuts=cuttings(90), seed=st.integers(0, 2**31))
def test_any_cutting_of_the_steps_gives_the_bits_of_one_run(name: str, cuts: list[int], seed: int) -> None:
    program = small(name)
    equals_run(program, random_spikes(program.n_channels, 90, seed), 90, cuts, seed)


@settings(max_examples=25, deadline=None)
@given(network=register_networks(), cuts=cuttings(40), seed=st.integers(0, 2**31))
def test_random_networks_in_registers_step_as_they_run(network: Network, cuts: list[int], seed: int) -> None:
    program = compile(network, "ideal")
    equals_run(program, random_spikes(program.n_channels, 40, seed), 40, cuts)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**31), cuts=cuttings(30))
def test_random_networks_that_send_numbers_step_as_they_run(data: st.DataObject, seed: int, cuts: list[int]) -> None:
    program = compile(busy_graded_network(seed), "loihi2")
    rows = np.array(data.draw(graded_inputs(program, 30)), np.int64).reshape(-1, 3)
    equals_run(program, rows, 30, cuts)


@pytest.mark.parametrize("name", ["lif_delays", "linear_leak", "truenorth_random", "mixed"])
def test_single_steps_over_a_long_run_equal_it(name: str) -> None:
    program = small(name)
    equals_run(program, random_spikes(program.n_channels, 700, 5), 700, list(range(701)), 12345)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_state_after_any_step_is_what_a_probe_sees(name: str) -> None:
    program = small(name)
    rows = random_spikes(program.n_channels, 30, 2)
    probes = ns.run(program, rows, 30, probe=np.arange(program.n_neurons), threads=1).probes
    stepper = ns.Stepper(program)
    for t in range(30):
        stepped(stepper, np.column_stack([rows[rows[:, 0] == t][:, 0] - t, rows[rows[:, 0] == t][:, 1]]), [0, 1])
        state = stepper.state()
        assert state.step_index == t + 1
        assert np.array_equal(state.v, probes.v[t])
        assert program.is_crossbar or np.array_equal(state.u, probes.u[t])


def test_pending_input_is_the_sum_of_weights_that_will_arrive() -> None:
    net = Network()
    net.add_input("in", 2)
    net.add_registers("a", 3, vth=1000, du=4095, dv=0)
    net.connect("in", "a", [0, 0, 1], [0, 1, 1], [10, 20, 4], [1, 3, 2])
    stepper = ns.Stepper(compile(net, "ideal"))
    stepper.advance(7)
    stepper.advance(1, [(0, 0), (0, 1)])
    pending = stepper.state().pending
    assert pending[0].tolist() == [10, 0, 0]
    assert pending[1].tolist() == [0, 4, 0]
    assert pending[2].tolist() == [0, 20, 0]


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(sorted(SMALL)), at=st.integers(0, 40), seed=st.integers(0, 2**31))
def test_a_restored_snapshot_goes_on_as_before(name: str, at: int, seed: int) -> None:
    program = small(name)
    rows = random_spikes(program.n_channels, 100, seed)
    stepper = ns.Stepper(program, seed)
    if at:
        stepped(stepper, rows, [0, at])
    saved = stepper.snapshot()
    first = stepped(stepper, rows, [at, 60, 100])
    counts, state = stepper.counts, stepper.state()
    for _ in range(2):
        stepper.restore(saved)
        assert stepper.step_index == at
        assert np.array_equal(stepped(stepper, rows, [at, 100]), first)
        same_counts(stepper.counts, counts)
    other = ns.Stepper(program, seed + 1)
    other.advance(3)
    other.restore(saved)
    assert np.array_equal(stepped(other, rows, [at, 77, 100]), first)
    for variable in ("u", "v", "waiting", "adapted", "pending"):
        assert np.array_equal(getattr(other.state(), variable), getattr(state, variable))


def test_without_counts_per_step_memory_stays_bounded_and_totals_are_those_of_the_run() -> None:
    rows = random_spikes(4, 500, 3)
    stepper = ns.Stepper(liquid(), per_step=False)
    stepped(stepper, rows, list(range(0, 501, 5)))
    result = ns.run(liquid(), rows, 500, per_step=False, threads=1)
    same_counts(stepper.counts, result.counts)
    assert stepper.counts.per_step is None
    for _ in range(2_500):  # CPython keeps up to 2,000 freed tuples of a size, which tracemalloc takes for held
        stepper.advance(1, [(0, 1)])
    tracemalloc.start()
    held = []
    for _ in range(4):
        for _ in range(400):
            stepper.advance(1, [(0, 1)])
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert min(np.diff(held)) < 8_000  # bytes; counts of 400 steps on two cores would be 41,600


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.advance(0), ["steps is 0", "from 1"]),
        (lambda s: s.advance(2.5), ["steps is 2.5"]),
        (lambda s: s.advance(2, [(2, 0)]), ["step 2", "outside"]),
        (lambda s: s.advance(2, [(-1, 0)]), ["step -1"]),
        (lambda s: s.advance(2, [(0, 99)]), ["channel 99", "4 input channels"]),
        (lambda s: s.advance(2, [(0, 1), (0, 1)]), ["fires twice"]),
        (lambda s: s.advance(2, [(0, 1, 7)]), ["payload 7", "LIF"]),
        (lambda s: s.advance(2, [0, 1, 2, 3, 4]), ["rows of"]),
        (lambda s: s.flip_bit(24, "v", 0), ["neuron 24", "0 to 23"]),
        (lambda s: s.flip_bit(-1, "v", 0), ["neuron -1"]),
        (lambda s: s.flip_bit(0, "w", 0), ["'w'", "'u' or 'v'"]),
        (lambda s: s.flip_bit(0, "u", 24), ["24", "0 to 23"]),
        (lambda s: s.restore(ns.Stepper(small("lif_ring")).snapshot()), ["another program"]),
        (lambda s: ns.Stepper(liquid()).counts, ["advance first"]),
        (lambda s: ns.Stepper("liquid"), ["Program is needed"]),
        (lambda s: ns.Stepper(liquid(), -1), ["seed is -1"]),
        (lambda s: ns.replay(liquid(), ns.SpikeTrains.from_samples([[]], 5), 1, 0), ["sample 1"]),
        (lambda s: ns.replay(liquid(), ns.SpikeTrains.from_samples([[]], 5), 0, 5), ["step 5", "0 to 4"]),
    ],
)
def test_refusals_say_what_is_wrong_and_run_nothing(call: Callable[[ns.Stepper], Any], words: list[str]) -> None:
    stepper = ns.Stepper(liquid())
    stepper.advance(3)
    with pytest.raises(ns.RunError) as refusal:
        call(stepper)
    for word in words:
        assert word in str(refusal.value)
    assert stepper.step_index == 3


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(sorted(SMALL)), sample=st.integers(0, 2), step=st.integers(0, 29), seed=st.integers(0, 99))
def test_replay_stands_just_after_its_step_with_the_bits_of_the_run(
    name: str, sample: int, step: int, seed: int
) -> None:
    program = small(name)
    rows = [random_spikes(program.n_channels, 30, seed + i) for i in range(3)]
    trains = ns.SpikeTrains.from_samples(rows, 30)
    result = ns.run(program, trains, probe=np.arange(program.n_neurons), seed=seed, threads=1)
    stepper = ns.replay(program, trains, sample, step, seed)
    assert stepper.step_index == step + 1
    assert np.array_equal(stepper.state().v, result.probes.v[30 * sample + step])
    if step < 29:
        rest = stepped(stepper, rows[sample], [step + 1, 30])
        wanted = result.spikes(sample)
        assert np.array_equal(rest[:, :2], wanted[wanted[:, 0] > step])


# ---------------------------------------------------------------- faults


@settings(max_examples=40, deadline=None)
@given(
    liquid_seed=st.integers(0, 5),
    neuron=st.integers(0, 23),
    step=st.integers(0, 60),
    variable=st.sampled_from(["u", "v"]),
    bit=st.integers(0, 23),
    seed=st.integers(0, 99),
)
def test_an_upset_is_located_at_its_step_neuron_and_bit(
    liquid_seed: int, neuron: int, step: int, variable: Any, bit: int, seed: int
) -> None:
    program = small_liquid(liquid_seed)
    trains = ns.SpikeTrains.from_samples([random_spikes(4, 60, seed + i) for i in range(2)], 60)
    found = ns.find_fault(program, ns.Upset(step, neuron, variable, bit), trains, 1, seed=seed)
    assert found is not None
    assert (found.step, found.neuron, found.variable, found.bits) == (step, neuron, variable, (bit,))
    assert found.n_different == 1


@pytest.mark.parametrize("name", sorted(SMALL))
def test_upsets_are_located_in_every_kind_of_program(name: str) -> None:
    program = small(name)
    trains = ns.SpikeTrains.from_samples([random_spikes(program.n_channels, 20, 1)], 20)
    for bit in range(register_bits(program, 0, "v")[0]):
        found = ns.find_fault(program, ns.Upset(11, 0, "v", bit), trains)
        assert found is not None
        assert (found.step, found.neuron, found.variable, found.bits) == (11, 0, "v", (bit,))
    assert ns.find_fault(program, program, trains) is None


def test_a_stepper_with_a_flipped_bit_is_compared_from_where_it_stands() -> None:
    trains = ns.SpikeTrains.from_samples([random_spikes(4, 50, 1)], 50)
    suspect = ns.replay(liquid(), trains, 0, 19)
    assert ns.find_fault(liquid(), suspect, trains) is None
    suspect.flip_bit(7, "v", 13)
    found = ns.find_fault(liquid(), suspect, trains)
    assert found is not None
    assert (found.step, found.neuron, found.variable, found.bits) == (20, 7, "v", (13,))
    assert suspect.step_index == 20


def test_flipping_a_bit_twice_changes_nothing() -> None:
    stepper = ns.Stepper(liquid())
    stepper.advance(20, random_spikes(4, 20, 0))
    before = stepper.state()
    for bit in range(24):
        stepper.flip_bit(3, "u", bit)
        assert stepper.state().u[3] != before.u[3]
        stepper.flip_bit(3, "u", bit)
    assert np.array_equal(stepper.state().u, before.u)


@settings(max_examples=20, deadline=None)
@given(entry=st.integers(0, 10**6), bit=st.integers(1, 7), seed=st.integers(0, 99))
def test_a_flipped_weight_is_located_when_its_synapse_first_speaks(entry: int, bit: int, seed: int) -> None:
    tables = liquid().lists
    entry %= liquid().n_synapses
    faulty = ns.with_flipped_bit(liquid(), "synapse_weight", entry, bit)
    of_list = int(np.searchsorted(tables.list_ptr, entry, side="right")) - 1
    source = int(np.searchsorted(tables.source_ptr, of_list, side="right")) - 1
    slot = int(tables.core_ptr[tables.list_core[of_list]] + tables.synapse_index[entry])
    trains = ns.SpikeTrains.from_samples([random_spikes(4, 80, seed)], 80)
    if source < liquid().n_neurons:
        spikes = ns.run(liquid(), trains, threads=1).spikes(0)
        fired = spikes[spikes[:, 1] == tables.neuron_of[source]][:, 0]
    else:
        fired = trains.step[trains.channel == source - liquid().n_neurons]
    found = ns.find_fault(liquid(), faulty, trains)
    assert (found is None) == (len(fired) == 0)
    if found is not None:
        assert (found.step, found.neuron, found.variable) == (fired[0] + 1, tables.neuron_of[slot], "pending")
        assert found.arrives == fired[0] + tables.synapse_delay[entry]


def test_a_flipped_bit_is_in_a_copy_alone() -> None:
    before = liquid().lists.synapse_weight.copy()
    faulty = ns.with_flipped_bit(liquid(), "synapse_weight", 5, 3)
    assert np.array_equal(liquid().lists.synapse_weight, before)
    assert (faulty.lists.synapse_weight != before).nonzero()[0].tolist() == [5]
    assert faulty.lists.synapse_weight[5] ^ before[5] == 8
    assert faulty.digest != liquid().digest
    assert ns.with_flipped_bit(faulty, "synapse_weight", 5, 3).digest == liquid().digest
    changed = ns.with_flipped_bit(liquid(), "vth", 2, 9).lists.registers["vth"]
    assert (changed ^ liquid().lists.registers["vth"]).tolist() == [0, 0, 512] + [0] * 21


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(SMALL)))
def test_any_flip_that_is_not_refused_runs(data: st.DataObject, name: str) -> None:
    from compiler.program import table_arrays

    program = small(name)
    table = data.draw(st.sampled_from(sorted(table_arrays(program))))
    entry, bit = data.draw(st.integers(0, 40)), data.draw(st.integers(0, 40))
    try:
        faulty = ns.with_flipped_bit(program, table, entry, bit)
    except ns.RunError:
        return
    result = ns.run(faulty, random_spikes(program.n_channels, 60, 0), 60, threads=1)
    assert len(result.spike_neuron) == 0 or result.spike_neuron.max() < program.n_neurons


@pytest.mark.parametrize(
    ("table", "entry", "bit", "words"),
    [
        ("list_ptr", 0, 0, ["'list_ptr'", "synapse_weight"]),
        ("synapse_weight", 10**6, 0, ["entries 0 to"]),
        ("synapse_weight", -1, 0, ["-1"]),
        ("synapse_weight", 0, 16, ["16 bits", "0 to 15"]),
        ("synapse_index", 0, 31, ["would name neuron"]),
        ("du", 0, 12, ["12 bits"]),
    ],
)
def test_flips_that_cannot_be_followed_are_refused(table: str, entry: int, bit: int, words: list[str]) -> None:
    with pytest.raises(ns.RunError) as refusal:
        ns.with_flipped_bit(liquid(), table, entry, bit)
    for word in words:
        assert word in str(refusal.value)


# ---------------------------------------------------------------- divergence


@settings(max_examples=30, deadline=None)
@given(step=st.integers(1, 60), neuron=st.integers(0, 23), seed=st.integers(0, 99))
def test_the_first_divergence_is_the_first_line_that_differs(step: int, neuron: int, seed: int) -> None:
    """Against a plain comparison of sets, on a run and the same run with one neuron's threshold changed."""
    rows = [random_spikes(4, 60, seed + i) for i in range(2)]
    trains = ns.SpikeTrains.from_samples(rows, 60)
    probe = np.arange(liquid().n_neurons)
    other = ns.with_flipped_bit(liquid(), "vth", neuron, 5)
    a, b = (ns.run(p, trains, probe=probe, threads=1) for p in (liquid(), other))
    sets = [{(i, *row) for i in range(2) for row in r.spikes(i).tolist()} for r in (a, b)]
    lone = sorted(sets[0] ^ sets[1])
    found = ns.first_divergence(a, b)
    assert (found is None or found.spikes is None) == (not lone)
    if lone:
        assert found is not None
        assert found.spikes is not None
        sample, t, first = lone[0]
        assert (found.spikes.sample, found.spikes.step, found.spikes.neuron) == (sample, t, first)
        here = {n for i, s, n in lone if (i, s) == (sample, t)}
        assert set(found.spikes.only_a) | set(found.spikes.only_b) == here
        assert all((sample, t, n) in sets[0] for n in found.spikes.only_a)
    differs = np.argwhere((a.probes.u != b.probes.u) | (a.probes.v != b.probes.v))
    assert (found is None or found.state is None) == (not len(differs))
    if len(differs):
        row, n = differs[0]
        assert (found.state.sample, found.state.step, found.state.neuron) == (row // 60, row % 60, n)
        assert found.where == min(found.where, (found.state.sample, found.state.step, found.state.neuron))
    both = len(sets[0]) + len(sets[1])
    assert agreement(a, b) == (2 * len(sets[0] & sets[1]) / both if both else 1.0)


def test_payloads_that_differ_are_a_divergence() -> None:
    program, rows = small("echo_state"), random_spikes(3, 20, 0)
    a, b = (ns.run(p, rows, 20, threads=1) for p in (program, ns.with_flipped_bit(program, "gain", 0, 8)))
    found = ns.first_divergence(a, b)
    assert found is not None
    assert found.spikes is not None
    assert [neuron for neuron, _, _ in found.spikes.values] == [program.lists.neuron_of[0]]


def test_results_of_other_inputs_or_networks_are_refused() -> None:
    a = ns.run(liquid(), None, 10)
    with pytest.raises(ns.RunError, match="lengths"):
        ns.first_divergence(a, ns.run(liquid(), None, 11))
    with pytest.raises(ns.RunError, match="24 and 6 neurons"):
        ns.first_divergence(a, ns.run(small("lif_ring"), None, 10))


def test_a_compiled_run_equals_the_lowered_integers_and_parts_from_floating_point_where_stated() -> None:
    network = ns.liquid((3, 3, 4), channels=4, gain=2.0, seed=2)
    trains = ns.SpikeTrains.from_samples([random_spikes(4, 150, i) for i in range(3)], 150)
    report = ns.compare_runs(network, "loihi1", trains, threads=1)
    by_rounding, by_mapping, in_all = report.pairs
    assert by_mapping.divergence is None
    assert by_mapping.agreement == 1
    assert by_rounding.divergence == in_all.divergence
    assert 0.5 < by_rounding.agreement < 1
    place = by_rounding.divergence.spikes
    v = by_rounding.v_over_threshold
    silent = "integers" if place.neuron in place.only_a else "floating point"
    assert 0.9 < v[silent] <= 1 + 1e-9
    assert v["integers" if silent == "floating point" else "floating point"] == 0
    assert report.spikes["integers"] == ns.run(compile(network, "loihi1"), trains, threads=1).n_spikes
    json.dumps(report.to_dict())
    for word in ("floating point / integers", "integers / compiled: 100.00%", "nothing differs", "v / threshold"):
        assert word in str(report)


@pytest.mark.parametrize("chip", ["truenorth", "odin"])
def test_a_chip_without_such_integers_is_compared_with_floating_point_alone(chip: str) -> None:
    network = ns.liquid((2, 3, 3), channels=4, gain=3.0, seed=1, max_delay=1)
    trains = ns.SpikeTrains.from_samples([random_spikes(4, 60, 1)], 60)
    with pytest.raises(ns.CannotRepresent, match="approximate=True"):
        ns.compare_runs(network, chip, trains, threads=1)
    report = ns.compare_runs(network, chip, trains, threads=1, approximate=True)
    assert [(pair.a, pair.b) for pair in report.pairs] == [("floating point", "compiled")]
    assert set(report.spikes) == {"floating point", "compiled"}


# ---------------------------------------------------------------- attribution


@settings(max_examples=60, deadline=None)
@given(data=st.data(), size=st.sampled_from([3, 127, 2**31 - 1, 2**62]), seed=st.integers(0, 2**31))
def test_contributions_add_up_to_the_difference_of_scores_exactly(data: st.DataObject, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, steps, features, classes = 6, 25, data.draw(st.integers(1, 3)), 4
    spikes = np.argwhere(rng.random((steps, n)) < data.draw(st.sampled_from([0.0, 0.3])))
    weights = rng.integers(-size, size, (features, n, classes), endpoint=True)
    kernels = rng.integers(0, min(size, 1000), (features, steps))
    a, b = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
    found = ns.attribute(spikes, steps, weights, kernels, a, b)
    scores = [
        sum(int(weights[f, i, c]) * int(kernels[f, t]) for f in range(features) for t, i in spikes.tolist())
        for c in range(classes)
    ]
    for shares in (found.by_neuron, found.by_step, found.by_spike):
        assert sum(shares.tolist()) == scores[a] - scores[b]
    assert found.total == scores[a] - scores[b]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_contributions_of_leaking_features_add_up_to_their_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, steps = 5, 40
    spikes = np.argwhere(rng.random((steps, n)) < 0.3)
    kernels = np.stack(
        [ns.leaky_kernel(steps, 10, 20.0, 0.5), ns.leaky_kernel(steps, 0), ns.leaky_kernel(steps, 5, 3.0)]
    )
    weights = rng.normal(size=(3, n, 3))
    features = np.zeros((3, n))
    for f, (start, tau, dt) in enumerate([(10, 20.0, 0.5), (0, math.inf, 1.0), (5, 3.0, 1.0)]):
        for t, i in spikes.tolist():
            features[f, i] += math.exp(-(steps - 1 - t) * dt / tau) if t >= start else 0
    scores = np.einsum("fi,fic->c", features, weights)
    found = ns.attribute(spikes, steps, weights, kernels, 2, 0)
    assert found.total == pytest.approx(scores[2] - scores[0], abs=1e-12)
    assert math.fsum(found.by_neuron) == pytest.approx(found.total, abs=1e-12)
    assert math.fsum(found.by_step) == pytest.approx(found.total, abs=1e-12)


def test_the_neurons_that_weigh_most_stand_first(capsys: pytest.CaptureFixture[str]) -> None:
    weights = np.zeros((3, 2), np.int64)
    weights[:, 0] = [1, -5, 2]
    found = ns.attribute([(0, 0), (1, 1), (2, 2), (2, 0)], 4, weights)
    assert found.top_neurons() == [(1, -5), (0, 2), (2, 2)]
    assert found.top_steps(1) == [(1, -5)]
    print_attribution(found, names=["yes", "no"])
    assert "for yes, against no" in capsys.readouterr().out


def test_payloads_multiply_contributions() -> None:
    assert ns.attribute([(0, 0, 7)], 1, [[2, 1]]).total == 7


@pytest.mark.parametrize(
    ("spikes", "steps", "weights", "kernels", "classes", "word"),
    [
        ([(0, 2)], 3, np.ones((2, 2)), None, (0, 1), "neuron 2"),
        ([(3, 0)], 3, np.ones((2, 2)), None, (0, 1), "outside"),
        ([(0, 0)], 3, np.ones((2, 2)), np.ones((1, 4)), (0, 1), "1 features of 3 steps"),
        ([(0, 0)], 3, np.ones((2, 2)), None, (0, 2), "class b"),
        ([(0, 0)], 3, np.full((2, 2), np.nan), None, (0, 1), "finite"),
        ([(0.5, 0)], 3, np.ones((2, 2)), None, (0, 1), "whole"),
        ([(0, 0)], 3, np.ones(2), None, (0, 1), "[feature, neuron, class]"),
    ],
)
def test_attribution_refuses_what_does_not_fit(
    spikes: Any, steps: int, weights: Any, kernels: Any, classes: tuple[int, int], word: str
) -> None:
    with pytest.raises(ns.RunError) as refusal:
        ns.attribute(spikes, steps, weights, kernels, *classes)
    assert word in str(refusal.value)


@pytest.fixture(scope="module")
def taught() -> tuple[LiquidClassifier, Any]:
    """A classifier of three rates of input, with counts from several steps on, and what its liquid did."""
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 3
    rows = [np.argwhere(rng.random((60, 6)) < 0.05 + 0.1 * (np.arange(6) // 2 == label)) for label in labels]
    trains = ns.SpikeTrains.from_samples(rows, 60)
    model = LiquidClassifier((2, 3, 4), features=(*starts(0, 20), *traces(15.0)), on_chip=False, threads=1)
    model.fit(trains, labels)
    return model, ns.run(model.liquid_program_, trains, seed=model.random_state, per_step=False, threads=1)


def test_a_decision_of_a_trained_readout_is_divided_whole(taught: tuple[LiquidClassifier, Any]) -> None:
    model, shown = taught
    scores = form(model.features, shown, "liquid") @ model.coef_.T
    for sample in range(5):
        found = ns.attribute_decision(shown, model, sample)
        a, b = found.class_a, found.class_b
        best = np.argsort(-(scores[sample] + model.intercept_))
        assert [a, b] == best[:2].tolist()
        assert found.total == pytest.approx(scores[sample, a] - scores[sample, b], abs=1e-9)
        assert math.fsum(found.by_neuron) == pytest.approx(found.total, abs=1e-9)


def test_a_readout_that_is_not_fitted_is_refused(taught: tuple[LiquidClassifier, Any]) -> None:
    for readout in (LiquidClassifier(), taught[0].chip_readout_):
        with pytest.raises(ns.RunError, match="which has no coef_: give a LiquidClassifier after fit"):
            ns.attribute_decision(taught[1], readout)


def test_a_chips_decision_is_divided_in_whole_numbers(taught: tuple[LiquidClassifier, Any]) -> None:
    """Against the host's integer sums, which share no code with the attribution."""
    model, shown = taught
    n = model.coef_.shape[1] // 3 * 2
    readout = to_chip(model.coef_[:, :n], model.intercept_, model.features[:2], model.chip_, shown, "liquid")
    sums = (host_scores(shown, readout) >> readout.neuron.weight_shift) - readout.bias.sum(axis=0)
    for sample in range(5):
        found = ns.attribute_decision(shown, readout, sample, 2, 0)
        assert isinstance(found.total, int)
        assert found.total == sums[sample, 2] - sums[sample, 0]
        assert found.by_neuron.sum() == found.by_step.sum() == found.total


def test_of_two_classes_the_one_output_speaks_for_the_second(taught: tuple[LiquidClassifier, Any]) -> None:
    shown = taught[1]
    for constant, winner in ((1e9, 1), (-1e9, 0)):
        coef = np.arange(24.0)[None]
        readout = SimpleNamespace(coef_=coef, intercept_=np.array([constant]), features=starts(0))
        found = ns.attribute_decision(shown, readout, 3)
        assert (found.class_a, found.class_b) == (winner, 1 - winner)
        assert found.total == (1 if winner else -1) * (coef @ shown.spike_counts("liquid")[3])[0]


def test_roots_are_not_divided(taught: tuple[LiquidClassifier, Any]) -> None:
    with pytest.raises(ns.RunError, match="root of the count"):
        feature_kernels(parts(2, root=True), 10, 1.0)
    with pytest.raises(ns.RunError, match="sample 30"):
        ns.attribute_decision(taught[1], taught[0], 30)


# ---------------------------------------------------------------- pictures


@pytest.fixture(scope="module")
def result() -> Any:
    trains = ns.SpikeTrains.from_samples([random_spikes(4, 80, i) for i in range(4)], 80)
    return ns.run(liquid(), trains, threads=1)


def test_pictures_are_written_whole_and_the_same_again(result: Any, tmp_path: Path) -> None:
    found = ns.attribute(result.spikes(0), 80, np.arange(48).reshape(24, 2) % 7)
    draw = {
        "raster": lambda path: ns.draw_raster(result, 1, path, "liquid"),
        "trajectory": lambda path: ns.draw_trajectory(result, path, "liquid", [0, 1, 3], ["a", "b", "a"]),
        "attribution": lambda path: ns.draw_attribution(found, path),
    }
    for name, make in draw.items():
        path = make(tmp_path / f"{name}.png")
        assert path == tmp_path / f"{name}.png"
        assert min(matplotlib.image.imread(path).shape[:2]) > 300
        assert make(tmp_path / "again.png").read_bytes() == path.read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_the_trajectory_is_the_projection_of_filtered_spikes(result: Any) -> None:
    found = ns.trajectory_pca(result, "liquid", [1, 2], tau_ms=15.0, components=24)
    states = []
    for sample in (1, 2):
        state, kept = np.zeros(24), []
        for fired in result.raster(sample):
            state = state * math.exp(-1 / 15) + fired
            kept.append(state)
        states.append(np.array(kept))
    assert found.explained.sum() == pytest.approx(1)
    for points, state in zip(found.points, states, strict=True):
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        assert steps == pytest.approx(np.linalg.norm(np.diff(state, axis=0), axis=1))


def test_pictures_refuse_what_is_not_there(result: Any, tmp_path: Path) -> None:
    for call, word in (
        (lambda: ns.draw_raster(result, 4, tmp_path / "x.png"), "sample 4"),
        (lambda: ns.draw_raster(result, 0, tmp_path / "x.png", "soup"), "'soup'"),
        (lambda: ns.draw_trajectory(result, tmp_path / "x.png", labels=["a"]), "1 labels for 4 samples"),
        (lambda: ns.trajectory_pca(result, tau_ms=0), "tau_ms"),
        (lambda: ns.trajectory_pca(result, components=0), "components"),
        (lambda: ns.trajectory_pca(ns.run(liquid(), None, 5)), "no neuron"),
    ):
        with pytest.raises(ns.RunError) as refusal:
            call()
        assert word in str(refusal.value)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- command line


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("debug")
    liquid().save(folder / "program.npz")
    compile(ns.liquid((2, 3, 4), channels=4, gain=1.4, seed=1), ns.load_chip("loihi1")).save(folder / "other.npz")
    ns.SpikeTrains.from_samples([random_spikes(4, 60, i) for i in range(2)], 60).save(folder / "spikes.npz")
    return folder


def test_the_command_says_who_fires_next_and_where_another_program_parts(files: Path) -> None:
    program, spikes = files / "program.npz", files / "spikes.npz"
    options = ("--against", files / "other.npz", "--raster", files / "r.png", "--trajectory", files / "t.png")
    done = neurosim("debug", program, "-i", spikes, "--sample", 1, "--to-step", 20, *options, "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    trains = ns.SpikeTrains.load(spikes)
    result = ns.run(liquid(), trains, probe=np.arange(24), threads=1)
    raster = result.raster(1)
    assert [n["neuron"] for n in data["fired"]] == np.flatnonzero(raster[20]).tolist()
    assert [n["neuron"] for n in data["fires_next"]] == np.flatnonzero(raster[21]).tolist()
    v = result.probes.v[80]
    assert all(n["v"] == v[n["neuron"]] for n in data["neurons"])
    ratios = [n["v_over_threshold"] for n in data["neurons"]]
    assert ratios == sorted(v / thresholds(liquid()), reverse=True)[:10]
    other = ns.run(Program.load(files / "other.npz"), trains, probe=np.arange(24), threads=1)
    lone = min(set(map(tuple, result.spikes(1).tolist())) ^ set(map(tuple, other.spikes(1).tolist())))
    assert [data["against"]["divergence"]["spikes"][key] for key in ("step", "neuron")] == list(lone)
    assert data["against"]["divergence"]["spikes"]["sample"] == 1
    assert (files / "r.png").stat().st_size > 1000
    assert (files / "t.png").stat().st_size > 1000


def test_the_command_prints_a_table(files: Path) -> None:
    done = neurosim("debug", files / "program.npz", "-i", files / "spikes.npz")
    assert done.returncode == 0, done.stderr
    for word in ("after step 59", "beyond the sample", "v / threshold", "liquid["):
        assert word in done.stdout


def test_the_command_refuses_what_is_not_there(files: Path) -> None:
    program, spikes = files / "program.npz", files / "spikes.npz"
    refused(neurosim("debug", program, "-i", spikes, "--to-step", 60), "step 60", "0 to 59")
    refused(neurosim("debug", program, "-i", spikes, "--sample", 2), "sample 2")
    refused(neurosim("debug", program, "-i", spikes, "--raster", spikes), "written over")
