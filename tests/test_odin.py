"""ODIN: exact integers event by event, whole rows, the published power, and approximations that are stated."""

import functools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import synapses
from reference_odin import Slow
from strategies import networks

from chips import CannotRepresent, ChipProfile, DoesNotFit, NetworkError, ProfileError, ProgramError, load_chip
from chips.kinds import chips_with
from compiler import Network, Program, compile, usage
from compiler.emit import emit
from compiler.lowering.approximations import RULES
from compiler.lowering.lower import lower
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import Placement
from compiler.validate import validate
from neurosim import RunResult, compare, energy, latency, liquid, run
from neurosim.experiment import Configuration, Liquid, load_experiment
from neurosim.pricing import power_mw

ROW = 256  # as the Verilog has it

VOWELS = load_experiment(Path(__file__).parent.parent / "examples" / "vowels.yaml")
Spikes = list[tuple[int, int]]


@functools.cache
def odin(**overrides: Any) -> ChipProfile:
    return load_chip("odin", {key.replace("__", "."): value for key, value in overrides.items()})


CROSSBAR_RULES = {"four_weights", "fan_in_tree", "relay_tick"}


def network(seed: int, sizes: list[int], channels: int, density: float, weight: int = 7) -> Network:
    """Neurons of one sign each, channels of both signs, at most one synapse of a sign on each place."""
    rng = np.random.default_rng(seed)
    net = Network()
    names = [f"p{i}" for i in range(len(sizes))]
    for name, n in zip(names, sizes, strict=True):
        most = rng.choice([8, 30, 256])
        net.add(name, n, "linear_lif", leak=rng.integers(0, 4, n), threshold=rng.integers(1, most, n))
    signs = {name: np.where(rng.random(n) < 0.4, -1, 1) for name, n in zip(names, sizes, strict=True)}
    if channels:
        net.add_input("in", channels)
    for target, n in zip(names, sizes, strict=True):
        for source in names:
            i, j = np.nonzero(rng.random((len(signs[source]), n)) < density)
            net.connect(source, target, i, j, signs[source][i] * rng.integers(0, weight + 1, len(i)))
        if channels:
            i, j = np.nonzero(rng.random((channels, n)) < density)
            net.connect("in", target, i, j, rng.integers(-weight, weight + 1, len(i)))
    return net


def some_spikes(channels: int, steps: int, seed: int, rate: float = 0.4) -> Spikes:
    hit = np.argwhere(np.random.default_rng(seed).random((steps, channels)) < rate)
    return [(int(t), int(c)) for t, c in hit]


def rows(spikes: Spikes) -> np.ndarray:
    return np.array(spikes, np.int64).reshape(-1, 2)


def assert_equals(result: RunResult, wanted: Slow) -> None:
    assert result.probes is not None
    assert np.array_equal(result.raster(), np.array(wanted.spikes))
    assert np.array_equal(result.probes.v, np.array(wanted.v))
    assert result.n_spikes == np.sum(wanted.spikes)  # no neuron twice in a step


def probed(program: Program, spikes: Spikes, steps: int) -> RunResult:
    return run(program, rows(spikes), steps, probe=np.arange(program.n_neurons))


seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.lists(st.integers(1, 12), min_size=1, max_size=3), st.integers(0, 6), st.floats(0, 0.9))
@settings(max_examples=120, deadline=None)
def test_random_networks_equal_the_oracle_bit_for_bit(
    seed: int, sizes: list[int], channels: int, density: float
) -> None:
    net, steps = network(seed, sizes, channels, density), 30
    spikes = some_spikes(channels, steps, seed)
    assert_equals(probed(compile(net, odin()), spikes, steps), Slow(net, spikes, steps))


def test_a_full_chip_equals_the_oracle_and_is_busy() -> None:
    net, steps = network(1, [150, 66], 20, 0.2), 40
    spikes = some_spikes(20, steps, 2)
    wanted = Slow(net, spikes, steps)
    assert 0.05 < np.mean(wanted.spikes) < 0.9
    assert_equals(probed(compile(net, odin()), spikes, steps), wanted)


@given(seeds, st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_the_place_of_a_neuron_does_not_matter(seed: int, n_pieces: int) -> None:
    """On a chip of several such cores, neurons anywhere, in any order of cores."""
    chip = odin(mesh__tiles_x=3, mesh__tiles_y=2)
    net, steps = network(seed, [9, 4], 3, 0.4), 20
    rng = np.random.default_rng(seed)
    pieces = Partition(rng.permutation(np.arange(13) % n_pieces).astype(np.int32), n_pieces)
    place = Placement(rng.choice(6, n_pieces, replace=False).astype(np.int32))
    program = emit(lower(validate(net), chip), pieces, place, chip)
    spikes = some_spikes(3, steps, seed)
    assert_equals(probed(program, spikes, steps), Slow(net, spikes, steps))


def test_calls_of_the_kernel_in_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    net, steps = network(3, [20], 4, 0.4), 50
    spikes = some_spikes(4, steps, 5)
    program, wanted = compile(net, odin()), Slow(net, spikes, steps)
    monkeypatch.setattr("neurosim.simulation.buffers._ROWS", 7)
    result = run(program, [rows(spikes), rows([]), rows(spikes)], steps, probe=np.arange(20))
    for sample in (0, 2):
        assert np.array_equal(result.raster(sample), np.array(wanted.spikes))
    assert not result.raster(1).any()


def one_neuron(weights: list[int], threshold: int, leak: int = 0) -> Network:
    """A channel for each weight, in order."""
    net = Network()
    net.add_input("in", len(weights))
    net.add("p", 1, "linear_lif", threshold=threshold, leak=leak)
    net.connect("in", "p", np.arange(len(weights)), np.zeros(len(weights), int), weights)
    return net


@pytest.mark.parametrize(
    ("weights", "threshold", "v", "fires"),
    [
        ([7, 7], 14, 0, True),  # at the threshold, not above it
        ([7, 6], 14, 13, False),
        ([7, -7, 7], 14, 7, False),  # the sum matters after each event only
        ([7, 7, -7], 14, 0, True),  # fires before the inhibition comes, which stops at zero
        ([-7, 7, 6], 14, 13, False),
        ([7, 7, 3], 7, 3, True),  # fires twice, sends one spike
    ],
)
def test_events_come_one_after_the_other(weights: list[int], threshold: int, v: int, fires: bool) -> None:
    result = probed(compile(one_neuron(weights, threshold), odin()), [(0, c) for c in range(len(weights))], 2)
    assert result.probes is not None
    assert result.probes.v[1, 0] == v
    assert result.raster()[:, 0].tolist() == [False, fires]


def test_v_stops_at_its_largest_value_and_leaks_to_zero() -> None:
    net = one_neuron([7] * 40, threshold=300, leak=100)
    chip = odin(linear_lif__threshold_bits=9)
    result = probed(compile(net, chip), [(0, c) for c in range(40)], 5)
    assert result.probes is not None
    assert result.probes.v[:, 0].tolist() == [0, 155, 55, 0, 0]


# ---------------------------------------------------------------- counts, energy, time


def test_an_event_reads_its_whole_row_whatever_is_set() -> None:
    net, steps = network(7, [12], 4, 0.3), 25
    spikes = some_spikes(4, steps, 8)
    program = compile(net, odin())
    counts = run(program, rows(spikes), steps).counts
    raster = run(program, rows(spikes), steps).raster()
    signs: dict[int, set[bool]] = {}
    for source, _, weight, _ in sorted(synapses(net), key=lambda synapse: synapse[2] == 0):
        if weight or source not in signs:  # a weight of zero needs no row where there is one already
            signs.setdefault(source, set()).add(weight < 0)
    events = [(t, int(i)) for t, i in np.argwhere(raster)] + [(t, 12 + c) for t, c in spikes]
    wanted = Counter(dict.fromkeys(range(steps), 0))
    for t, source in events:
        wanted[t] += ROW * len(signs.get(source, ()))
    assert counts.step_of("synaptic_events")[:, 0].tolist() == [wanted[t] for t in range(steps)]
    packets = counts.sum("packets_in") + counts.sum("input_packets")
    assert counts.sum("synaptic_events") == ROW * packets > 0
    assert counts.sum("spikes") == raster.sum()
    assert counts.sum("synaptic_events_dense") == 0


def test_rows_fill_the_memory() -> None:
    made = usage(compile(network(7, [12], 4, 0.3), odin()))
    n_rows = int(made.used["input_axons"][0])
    assert n_rows > 12
    assert made.used["synapse_memory_bits"].tolist() == [n_rows * ROW * 4]
    assert made.limit["synapse_memory_bits"] == 256 * ROW * 4


@pytest.mark.parametrize(("mhz", "sop_per_s", "published_uw"), [(75, 37.5e6, 477), (1.3, 650e3, 35)])
def test_the_published_power_is_reproduced(mhz: float, sop_per_s: float, published_uw: float) -> None:
    chip = odin(clock__mhz=mhz)
    assert power_mw(chip, {"synaptic_event": sop_per_s}) * 1e3 == pytest.approx(published_uw, rel=0.01)
    assert 1e9 / chip.clock.ns(chip.clock.synaptic_event_cycles) == pytest.approx(sop_per_s)


def test_the_power_of_a_run_that_does_nothing_else_is_that_of_the_formula() -> None:
    """Events without a pause: 2 clocks each, but for one clock a packet and the leak of one neuron."""
    net = one_neuron([1] * 200, threshold=255)
    chip = odin()
    spikes = [(t, c) for t in range(20) for c in range(200)]
    counts = run(compile(net, chip), rows(spikes), 20).counts
    bill, time = energy(counts, chip), latency(counts, chip)
    assert time.total_ns == pytest.approx(20 * (200 * 513 + 2) / 75e-3)
    assert bill.static_pj is not None
    assert (bill.dynamic_pj + bill.static_pj) / time.total_ns == pytest.approx(0.477, rel=0.01)


def test_the_clock_changes_power_and_time_but_no_limit() -> None:
    net, slow = network(7, [12], 4, 0.3), odin(clock__mhz=7.5)
    counts = run(compile(net, odin()), rows(some_spikes(4, 25, 8)), 25).counts
    assert latency(counts, slow).total_ns == pytest.approx(10 * latency(counts, odin()).total_ns)
    assert energy(counts, slow).dynamic_pj == energy(counts, odin()).dynamic_pj
    assert slow.standing_mw == pytest.approx(0.0273 + 7.5 * 0.00178)
    assert load_chip("loihi1").standing_mw == load_chip("loihi1").power.static_mw


# ---------------------------------------------------------------- what does not fit is refused with a reason


def small(**changes: Any) -> Network:
    values: dict[str, Any] = {"leak": 0, "threshold": 5, "weights": [1, 2], "delays": 1, "targets": [0, 1], **changes}
    net = Network()
    net.add_input("in", 2)
    net.add("p", 3, "linear_lif", leak=values["leak"], threshold=values["threshold"])
    net.connect("in", "p", [0, 0], values["targets"], values["weights"], values["delays"])
    net.connect("p", "p", [0, 0], [1, 2], values.get("own", [1, 1]))
    return net


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"leak": 128}, ["leak of neuron 0 is 128", "127", "linear_lif.leak_bits"]),
        ({"threshold": [1, 256, 1]}, ["threshold of neuron 1 is 256", "255", "linear_lif.threshold_bits"]),
        ({"weights": [1, 8]}, ["weight into neuron 1 is 8", "7", "synapse.weight_bits"]),
        ({"weights": [0.5, 1]}, ["0.5", "whole numbers"]),
        ({"delays": [1, 2]}, ["2 steps", "core.delay_steps_max"]),
        ({"own": [1, -1]}, ["neuron 0 of population 'p'", "both signs", "synapse.layout"]),
        ({"targets": [1, 1]}, ["channel 0 of input 'in'", "neuron 1 of population 'p'", "one place"]),
    ],
)
def test_what_the_integers_cannot_hold_is_refused_by_name(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(CannotRepresent) as refusal:
        compile(small(**changes), odin(), approximate=True)
    assert all(word in str(refusal.value) for word in words)
    compile(small(), odin())


def test_rows_are_shared_by_neurons_and_channels() -> None:
    for channels, fits in ((128, True), (129, False)):
        net = Network()
        net.add_input("in", channels)
        net.add("p", 2, "linear_lif")
        source = np.repeat(np.arange(channels), 2)
        net.connect("in", "p", source, np.tile([0, 1], channels), np.tile([1, -1], channels))
        if fits:
            assert usage(compile(net, odin())).used["input_axons"].tolist() == [256]
        else:
            with pytest.raises(DoesNotFit, match=r"258 rows \(129 of them .* 256 \(core.input_axons\)"):
                compile(net, odin())
    many = Network()
    many.add("p", 257, "linear_lif")
    with pytest.raises(DoesNotFit):
        compile(many, odin())


def test_kinds_go_to_the_chips_that_have_them() -> None:
    net = Network()
    net.add_registers("p", 1)
    with pytest.raises(CannotRepresent, match="'registers', which odin does not have"):
        compile(net, odin())
    with pytest.raises(CannotRepresent, match="'linear_lif', which loihi1 does not have"):
        compile(small(), "loihi1")
    assert chips_with("linear_lif") == ["odin"]


@pytest.mark.parametrize("settings", [{"synapse.layout": "list"}, {"core.delay_steps_max": 2}])
def test_a_profile_that_contradicts_the_neuron_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ProfileError, match="linear_lif"):
        load_chip("odin", settings)


def test_a_program_survives_its_file_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    program = compile(small(), odin())
    program.save(tmp_path / "p.npz")
    assert Program.load(tmp_path / "p.npz").digest == program.digest
    chip = odin()
    net = lower(validate(small()), chip)
    net.registers["threshold"][1] = 0
    wrong = emit(net, Partition(np.zeros(3, np.int32), 1), Placement(np.zeros(1, np.int32)), chip)
    wrong.save(tmp_path / "w.npz")
    with pytest.raises(ProgramError, match="threshold"):
        Program.load(tmp_path / "w.npz")


def test_a_network_survives_its_file(tmp_path: Path) -> None:
    for name in ("net.yaml", "net.npz"):
        small().save(tmp_path / name)
        assert Network.load(tmp_path / name) == small()


# ---------------------------------------------------------------- physical units


def vowels(gain: float = 1.5) -> Network:
    return liquid((4, 4, 12), 24, gain=gain, seed=1)


def test_physical_units_are_refused_until_approximations_are_allowed() -> None:
    with pytest.raises(CannotRepresent) as refusal:
        compile(vowels(), odin())
    for word in ["population 'liquid'", "delta_synapse", "linear_leak", "no_refractory", "unit_delay", "--approximate"]:
        assert word in str(refusal.value)
    assert "approximate=True" in str(refusal.value)


def test_a_liquid_compiles_runs_and_states_every_rule() -> None:
    program = compile(vowels(), odin(), approximate=True)
    stated = {error.parameter: error for error in program.errors}
    assert set(stated) == set(RULES) - CROSSBAR_RULES
    assert stated["unit_delay"].max_relative_error == pytest.approx(1 / 2)  # two steps
    assert 0.2 < stated["linear_leak"].max_relative_error < 1
    assert 0.07 < stated["coarse_weight"].max_relative_error < 1
    assert "no figure" in stated["event_order"].note
    assert usage(program).used["neurons"].tolist() == [192]
    result = run(program, rows(some_spikes(24, 300, 1, 0.1)), 300)
    rate = result.n_spikes / 300 / 192
    assert 0.01 < rate < 0.5
    assert energy(result.counts, odin()).dynamic_pj > 0


def test_the_command_line_asks_for_the_flag_and_reports_the_rules(tmp_path: Path) -> None:
    liquid((2, 2, 3), 3, gain=2.0, seed=1).save(tmp_path / "net.npz")
    ask = [sys.executable, "-m", "neurosim.cli", "compile", str(tmp_path / "net.npz"), "-c", "odin", "--json"]
    ask += ["-o", str(tmp_path / "p.npz")]
    refused = subprocess.run(ask, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "--approximate" in refused.stderr
    assert not (tmp_path / "p.npz").exists()
    made = subprocess.run([*ask, "--approximate"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert {"delta_synapse", "linear_leak"} <= {entry["parameter"] for entry in json.loads(made.stdout)["lowering"]}


def test_a_comparison_allows_approximations_where_it_is_told_to() -> None:
    small = {**VOWELS.liquid.model_dump(), "shape": (4, 4, 4), "calibration_samples": 5}
    chips = tuple(Configuration(chip="odin", approximate=choice) for choice in (True, False))
    made = compare(VOWELS.model_copy(update={"liquid": Liquid(**small), "chips": chips}))
    assert made.rows[0]["accuracy"] > 0.9
    assert set(made.rows[0]["approximations"]) == set(RULES) - CROSSBAR_RULES
    assert "approximate=True" in made.rows[1]["error"]


def test_the_same_network_gives_the_same_program() -> None:
    assert compile(vowels(), odin(), approximate=True).digest == compile(vowels(), odin(), approximate=True).digest


def test_rules_that_are_not_needed_are_not_stated() -> None:
    net = Network()
    net.add_input("in", 1)
    net.add_lif("p", 1, tau_syn_ms=0.0)
    net.connect("in", "p", [0], [0], [5.0])
    program = compile(net, odin(), approximate=True)
    assert {error.parameter for error in program.errors} == {"linear_leak", "event_order", "coarse_weight"}


def physical(net: Network) -> Network:
    made = Network(net.dt_ms, inputs=net.inputs)
    for p in net.populations:
        values = {**p.parameters, "bias": 0.0} if p.kind == "lif" else {}
        made.add_lif(p.name, p.n, **values)
    for p in net.projections:
        ends = np.unique(np.stack([p.sources, p.targets]), axis=1)
        made.connect(p.source, p.target, *ends, np.abs(p.weights.astype(float))[: ends.shape[1]] % 9 + 1e-3)
    return made


@given(networks())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_network_in_physical_units_is_approximated_or_refused(net: Network) -> None:
    """Made physical, without bias, and with excitatory neurons and channels, so that not all are refused."""
    net = physical(net)
    try:
        program = compile(net, odin(), approximate=True)
    except (CannotRepresent, DoesNotFit, NetworkError):
        return
    for error in program.errors:
        assert 0 <= error.rms_relative_error <= error.max_relative_error * (1 + 1e-9) < np.inf
    channels = [(t, c) for t in range(5) for c in range(program.n_channels)]
    assert run(program, rows(channels), 6).counts.sum("neuron_updates") == 6 * net.n_neurons


def test_a_bias_has_no_place() -> None:
    net = Network()
    net.add_lif("p", 2, bias=[0.0, 0.1])
    with pytest.raises(CannotRepresent, match="bias of neuron 1"):
        compile(net, odin(), approximate=True)


@pytest.mark.parametrize("tau", [8.0, 20.0, 60.0])
def test_a_charge_moves_v_as_far_and_it_decays_as_long(tau: float) -> None:
    """In units of the threshold: the jump is the charge of the current; half is left after tau ln 2."""
    net = Network()
    net.add_input("in", 1)
    net.add_lif("p", 1, tau_mem_ms=tau, tau_syn_ms=5.0, v_threshold=2.0, v_leak=-1.0, r=0.5)
    net.connect("in", "p", [0], [0], [3.0])
    tables = compile(net, odin(), approximate=True).tables
    threshold, leak = (int(tables.registers[name][0]) for name in ("threshold", "leak"))
    charge = 0.5 * 3.0 * (1 - np.exp(-1 / tau)) / (1 - np.exp(-1 / 5))
    assert tables.synapse_weight[0] / threshold == pytest.approx(charge / 3, rel=0.15)
    assert threshold / 2 / leak == pytest.approx(tau * np.log(2), rel=0.3)
