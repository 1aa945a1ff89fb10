"""Faults in the chip: dead cores, stuck synapses, flipped bits of weights, and accuracy against their rate."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import neurosim as ns
from neurosim.cli.app import app

SPIKES = [(step, channel) for step in range(100) for channel in range(8) if step % (channel + 2) == 0]


def program(chip="loihi1", **overrides):
    network = ns.liquid(shape=(4, 4, 8), channels=8, gain=1.0, seed=1)
    return ns.compile(network, ns.load_chip(chip, {"core.neurons": 32} | overrides))


def same(a, b):
    pairs = ((a.spike_step, b.spike_step), (a.spike_neuron, b.spike_neuron), (a.spike_value, b.spike_value))
    return all(np.array_equal(*pair) for pair in pairs)


def test_no_faults_change_nothing():
    sound = program()
    assert same(ns.run(sound, SPIKES, 100), ns.run(sound, SPIKES, 100, faults=ns.Faults(seed=5)))


def test_dead_cores_never_fire_and_nothing_else_is_touched():
    sound = program()
    dead = int(sound.tables.core[1])
    faulty = ns.with_faults(sound, ns.Faults(dead_cores=(dead,)))
    result = ns.run(faulty, SPIKES, 100)
    of_core = np.repeat(np.arange(sound.n_cores), np.diff(sound.tables.core_ptr))
    fired = of_core[sound.slot_of[result.spike_neuron]]
    assert len(fired)
    assert not (fired == 1).any()
    kept = np.repeat(sound.lists.list_core != 1, np.diff(sound.lists.list_ptr))
    assert np.array_equal(faulty.lists.synapse_weight[kept], sound.lists.synapse_weight[kept])


def test_dead_cores_with_biases_stay_silent():
    network = ns.Network()
    network.add_lif("cells", 4, bias=3.0)
    compiled = ns.compile(network, ns.load_chip("loihi1"))
    assert ns.run(compiled, None, 50).n_spikes
    assert not ns.run(compiled, None, 50, faults=ns.Faults(dead_cores=tuple(compiled.tables.core.tolist()))).n_spikes


@pytest.mark.parametrize("kind", ["stuck_synapses", "flipped_weight_bits"])
def test_rates_are_kept_and_grow(kind):
    sound = program()
    before = sound.lists.synapse_weight
    hit = [
        ns.with_faults(sound, ns.Faults(**{kind: rate}, seed=3)).lists.synapse_weight != before
        for rate in (0.0, 0.05, 0.2)
    ]
    assert not hit[0].any()
    assert not (hit[1] & ~hit[2]).any()
    expected = [rate if kind == "stuck_synapses" else 1 - (1 - rate) ** 8 for rate in (0.05, 0.2)]
    assert np.allclose([h.mean() for h in hit[1:]], expected, atol=0.05)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("sign", [-1.0, 1.0, 0.0])
def test_a_faulty_program_is_one_that_the_chip_could_hold(tmp_path, bits, sign):
    rng = np.random.default_rng(0)
    network = ns.Network()
    network.add_input("in", 20)
    network.add_lif("cells", 20)
    weights = rng.normal(size=400) if sign == 0 else sign * (1 + rng.random(400))
    network.connect("in", "cells", np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20), weights)
    loose = ns.Tolerance(weight=2)
    sound = ns.compile(network, ns.load_chip("loihi1", {"synapse.weight_bits": [bits]}), tolerance=loose)
    faulty = ns.with_faults(sound, ns.Faults(flipped_weight_bits=0.5, stuck_synapses=0.1, seed=bits))
    faulty.save(tmp_path / "a.npz")
    back = ns.Program.load(tmp_path / "a.npz")  # checks every weight against its format
    assert back.digest == faulty.digest != sound.digest
    assert "faults: " in back.notes[-1]


def crossbar():
    network = ns.liquid(shape=(4, 4, 8), channels=8, gain=1.5, seed=1)
    return ns.compile(network, ns.load_chip("truenorth", {"core.neurons": 64}), approximate=True)


def test_crosspoints_stuck_at_0_are_the_share_asked_for_and_stay_so():
    bars = [
        ns.with_faults(crossbar(), ns.Faults(stuck_synapses=rate, seed=3)).crossbar.crossbar for rate in (0, 0.1, 0.4)
    ]
    n = [int(np.bitwise_count(bar).sum()) for bar in bars]
    assert n[1] / n[0] == pytest.approx(0.9, abs=0.03)
    assert n[2] / n[0] == pytest.approx(0.6, abs=0.03)
    assert not (bars[1] & ~bars[0]).any()
    assert not (bars[2] & ~bars[1]).any()


def test_a_faulty_crossbar_is_one_that_the_chip_could_hold(tmp_path):
    sound = crossbar()
    faulty = ns.with_faults(sound, ns.Faults((int(sound.tables.core[0]),), 0.1, 0.3, seed=2))
    faulty.save(tmp_path / "a.npz")
    assert ns.Program.load(tmp_path / "a.npz").digest == faulty.digest != sound.digest


def test_weights_of_a_crossbar_flip_bits_as_often_as_asked():
    sound, bits = crossbar(), 9
    faulty = ns.with_faults(sound, ns.Faults(flipped_weight_bits=0.1, seed=2))
    flips = sum(
        np.bitwise_count((sound.tables.registers[name] ^ faulty.tables.registers[name]).astype(np.int64) & 0x1FF).sum()
        for name in (f"weight_{g}" for g in range(4))
    )
    assert flips / (4 * bits * len(sound.crossbar.role)) == pytest.approx(0.1, abs=0.02)


def test_dead_crossbar_cores_never_fire_but_are_still_sent_to():
    sound = crossbar()
    assert ns.run(sound, SPIKES, 100).n_spikes
    result = ns.run(sound, SPIKES, 100, faults=ns.Faults(dead_cores=(int(sound.tables.core[0]),)))
    of_core = np.repeat(np.arange(sound.n_cores), np.diff(sound.tables.core_ptr))
    fired = of_core[sound.slot_of[result.spike_neuron]]
    assert not (fired == 0).any()
    assert result.counts.of("spikes")[0, 0] == 0
    assert (result.counts.of("packets_in") + result.counts.of("input_packets"))[0, 0] > 0
    dead = ns.run(sound, SPIKES, 100, faults=ns.Faults(dead_cores=tuple(sound.tables.core.tolist())))
    assert dead.n_spikes == 0
    assert dead.counts.sum("synaptic_events") > 0


M64 = 2**64 - 1


def mixed(z):
    """The finaliser of splitmix64, in Python's whole numbers."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M64
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M64
    return z ^ z >> 31


def is_lost(faults, sample_seed, step, source, core):
    """Whether the packet of a source to a core gets lost, by the equations that packet_loss.py states."""
    key = ((core << 32 | source) + faults.seed * 0x9E3779B97F4A7C15) & M64
    z = mixed((sample_seed + step * 0x9E3779B97F4A7C15) & M64)
    z = mixed((z + key * 0xD1B54A32D192ED03) & M64)
    return mixed((z + 3) & M64) >> 2 < round(faults.dropped_packets * 2**62)


def resonators():
    """Units that send numbers, on two cores: long runs of synapses from every channel, and single ones."""
    rng, network = np.random.default_rng(4), ns.Network()
    network.add_input("in", 8)
    network.add("cells", 48, "resonate_and_fire", cos=3500, sin=2000, threshold=100)
    network.connect("in", "cells", np.repeat(np.arange(8), 48), np.tile(np.arange(48), 8), 60)
    source, target = rng.integers(0, 48, (2, 200))
    network.connect("cells", "cells", source, target, rng.choice([-60, 60], 200), rng.integers(1, 4, 200))
    return ns.compile(network, ns.load_chip("loihi2", {"core.neurons": 24}))


def rows():
    """Neurons of a chip that reads a row for each event."""
    rng, network = np.random.default_rng(5), ns.Network()
    network.add_input("in", 8)
    network.add("cells", 48, "linear_lif", leak=1, threshold=rng.integers(5, 12, 48))
    network.connect("in", "cells", np.repeat(np.arange(8), 48), np.tile(np.arange(48), 8), rng.integers(1, 4, 384))
    source, target = np.unique(rng.integers(0, 48, (2, 200)), axis=1)
    network.connect("cells", "cells", source, target, rng.integers(1, 4, len(source)))
    return ns.compile(network, "odin")


def one_core(model, chip, **parameters):
    """Six cells that only listen."""
    network = ns.Network()
    network.add_input("in", 8)
    source, target = np.repeat(np.arange(8), 6), np.tile(np.arange(6), 8)
    if model == "lif":
        network.add_lif("cells", 6, v_threshold=1.0)
        network.connect("in", "cells", source, target, 0.1 + 0.05 * (source + target))
    else:
        network.add("cells", 6, model, **parameters)
        network.connect("in", "cells", source, target, 1 + (source + target) % 7)
    return ns.compile(network, ns.load_chip(chip))


@pytest.mark.parametrize(
    ("model", "chip", "parameters"),
    [
        ("lif", "loihi1", {}),
        ("tanh", "loihi2", {"keep": 1024, "gain": 3072}),
        ("linear_lif", "odin", {"leak": 1, "threshold": 9}),
    ],
)
def test_what_is_lost_is_what_the_hash_says(model, chip, parameters):
    compiled, faults = one_core(model, chip, **parameters), ns.Faults(dropped_packets=0.3, seed=11)
    core = int(compiled.tables.core[0])
    kept = [(t, c) for t, c in SPIKES if not is_lost(faults, 5, t, 6 + c, core)]
    lossy, filtered = ns.run(compiled, SPIKES, 100, faults=faults, seed=5), ns.run(compiled, kept, 100)
    assert same(lossy, filtered)
    assert 0.6 < len(kept) / len(SPIKES) < 0.8
    # packets of the cells themselves go nowhere, so all counts must agree
    assert np.array_equal(lossy.counts.total, filtered.counts.total)


@pytest.mark.parametrize("make", [program, crossbar, resonators, rows])
def test_lost_packets_are_sent_but_do_not_arrive(make):
    sound = ns.run(make(), SPIKES, 100)
    for rate in (1e-12, 0.2, 1.0):
        lossy = ns.run(make(), SPIKES, 100, faults=ns.Faults(dropped_packets=rate, seed=3)).counts
        received = lossy.sum("packets_in") + lossy.sum("input_packets")
        sent = lossy.sum("packets_out") + sound.counts.sum("input_packets")
        assert 1 - received / sent == pytest.approx(rate, abs=0.04)
        if rate < 0.1:
            assert np.array_equal(lossy.total, sound.counts.total)
    assert received == lossy.sum("synaptic_events") == lossy.sum("synapse_words") == 0


@pytest.mark.parametrize("make", [program, crossbar, resonators, rows])
def test_losses_depend_on_no_thread_no_file_and_no_cutting_of_steps(make, tmp_path):
    faults = ns.Faults(dropped_packets=0.1, seed=7)
    lossy = ns.with_faults(make(), faults)
    samples = [SPIKES] * 5
    whole, other = (ns.run(lossy, samples, 100, seed=4, threads=threads) for threads in (1, 2))
    assert same(whole, other)
    assert not np.array_equal(whole.spikes(0), whole.spikes(1))
    lossy.save(tmp_path / "p.npz")
    again = ns.Program.load(tmp_path / "p.npz")
    assert again.packet_loss == lossy.packet_loss
    assert same(whole, ns.run(again, samples, 100, seed=4))
    stepper, steps = ns.Stepper(lossy, seed=4), range(0, 100, 10)
    parts = [stepper.advance(10, [(t - at, c) for t, c in SPIKES if at <= t < at + 10]) for at in steps]
    assert np.array_equal(np.concatenate(parts)[:, :2], whole.spikes(0))  # a stepper gives payloads too
    streamed = ns.run_to_disk(
        lossy, ns.SpikeTrains.from_samples(samples, 100), None, tmp_path / "s", chunk_steps=7, seed=4
    )
    assert same(whole, streamed.collect())


def test_the_seed_of_a_loss_is_signed_and_no_model_of_the_network_guesses_it():
    one, two = (ns.with_faults(program(), ns.Faults(dropped_packets=0.1, seed=seed)) for seed in (1, 2))
    assert one.digest != two.digest
    assert not same(ns.run(one, SPIKES, 100), ns.run(two, SPIKES, 100))
    with pytest.raises(ns.RunError, match="which packets got lost"):
        ns.network_time(ns.run(one, SPIKES, 100), one)


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads():
    faults = ns.Faults(stuck_synapses=0.1, flipped_weight_bits=0.01, seed=7)
    samples = [SPIKES] * 5
    one, two = (ns.run(program(), samples, 100, faults=faults, threads=threads) for threads in (1, 2))
    assert same(one, two)
    other = ns.run(program(), samples, 100, faults=ns.Faults(stuck_synapses=0.1, flipped_weight_bits=0.01, seed=8))
    assert not same(one, other)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"stuck_synapses": 1.5}, "from 0 to 1"),
        ({"flipped_weight_bits": float("nan")}, "from 0 to 1"),
        ({"dead_cores": (-1,)}, "numbers of cores"),
        ({"dead_cores": 3}, "numbers of cores"),
        ({"seed": -1}, "whole number"),
    ],
)
def test_what_is_no_fault_is_refused(given, message):
    with pytest.raises(ns.RunError, match=message):
        ns.Faults(**given)


def test_faults_that_a_chip_cannot_have_are_refused():
    with pytest.raises(ns.RunError, match="not on the mesh"):
        ns.with_faults(program(), ns.Faults(dead_cores=(10**6,)))
    with pytest.raises(ns.RunError, match="not on the mesh"):
        ns.with_faults(crossbar(), ns.Faults(dead_cores=(10**6,)))


def test_faults_as_text_come_back():
    faults = ns.Faults(dead_cores=(7, 3), stuck_synapses=0.01, seed=2)
    assert ns.Faults.parse(str(faults)) == faults
    for text in ["dead_cores=x", "stuck=1", "seed=1,seed=2", "stuck_synapses"]:
        with pytest.raises(ns.RunError, match="faults: "):
            ns.Faults.parse(text)


def test_on_the_command_line(tmp_path):
    program().save(tmp_path / "p.npz")
    ns.SpikeTrains.from_samples([SPIKES], 100).save(tmp_path / "s.npz")
    arguments = ["run", str(tmp_path / "p.npz"), "-i", str(tmp_path / "s.npz"), "--json"]
    sound, faulty = (
        json.loads(CliRunner().invoke(app, [*arguments, *more]).stdout)
        for more in ([], ["--faults", "stuck_synapses=0.5,seed=1"])
    )
    assert faulty["spikes"] != sound["spikes"]
    assert (sound["faults"], faulty["faults"]) == ([], ["stuck_synapses=0.5,seed=1"])


def test_a_run_says_which_faults_its_chip_had(tmp_path):
    faults = ns.Faults(dead_cores=(0,), dropped_packets=0.5, seed=3)
    result = ns.run(program(), [SPIKES], 100, faults=faults)
    result.save(tmp_path / "r.npz")
    assert ns.RunResult.load(tmp_path / "r.npz").faults == (str(faults),)
    page = ns.report(result, program(), tmp_path / "r.html").read_text()
    assert "with faults" in page
    assert "dropped_packets=0.5" in page


def test_accuracy_falls_with_the_rate():
    curve = ns.fault_curve("examples/vowels.yaml", [0, 1.0], ["stuck_synapses"], chip="loihi1")
    sound, broken = (row["accuracy"] for row in curve.rows)
    assert sound > 0.9
    assert broken < 0.5
    assert curve.rows[1]["spikes"] == 0
    with pytest.raises(ns.RunError, match="no kind of fault"):
        ns.fault_curve("examples/vowels.yaml", [0.1], ["dust"])
