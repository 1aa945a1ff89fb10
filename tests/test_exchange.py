"""Exports for SANA-FE and Brian2, and spikes from and to CSV and Neo."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import neurosim as ns
from neurosim.cli.app import app

SPIKES = [(step, channel) for step in range(60) for channel in range(8) if step % (channel + 2) == 0]


def peer(name):
    """The interpreter of a peer that benchmarks/peers.py has installed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurosim-benchmarks"
    python = cache / f"{name}-py{sys.version_info.major}.{sys.version_info.minor}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{name} is not installed: run its benchmark once (benchmarks/peers.py installs it)")
    return python


def run_there(python, script):
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run([python, script, "--json"], capture_output=True, text=True, env=clean, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def liquid():
    return ns.liquid(shape=(4, 4, 4), channels=8, gain=0.8, seed=1)


def program(chip="loihi1_sanafe", **overrides):
    return ns.compile(liquid(), ns.load_chip(chip, {"core.neurons": 20} | overrides))


# ---------------------------------------------------------------- SANA-FE


def test_energy_and_time_agree_with_sanafe(tmp_path):
    made = ns.to_sanafe(program(), tmp_path, SPIKES, 60)
    assert not made.own_spikes  # its neurons round otherwise, so they are told when to fire
    found = run_there(peer("sanafe"), tmp_path / "check.py")
    assert found["spikes"] > 50
    assert found["agrees"]
    assert max(found["energy_difference"], found["time_difference"]) < 1e-9


def test_neurons_that_both_compute_exactly_fire_by_themselves(tmp_path):
    network = ns.Network()
    network.add_input("in", 4)
    network.add_registers("cells", 40, du=4095, vth=3, bias_mantissa=7)
    rng = np.random.default_rng(0)
    network.connect("in", "cells", np.repeat(np.arange(4), 10), np.arange(40), 2)
    network.connect("cells", "cells", rng.integers(0, 40, 200), rng.integers(0, 40, 200), 2 * rng.integers(-2, 3, 200))
    compiled = ns.compile(network, ns.load_chip("loihi1_sanafe", {"core.neurons": 16}))
    made = ns.to_sanafe(compiled, tmp_path, [(t, t % 4) for t in range(50)], 50)
    assert made.own_spikes
    found = run_there(peer("sanafe"), tmp_path / "check.py")
    assert found["spikes_that_differ"] == 0
    assert found["agrees"]


def test_neurons_with_dense_and_sparse_synapses(tmp_path):
    network = ns.Network()
    network.add_registers("first", 16, du=4095, vth=0, bias_mantissa=1)
    network.add_registers("second", 16, du=4095, vth=131071)
    network.connect("first", "second", np.repeat(np.arange(16), 16), np.tile(np.arange(16), 16), 2)
    network.connect("first", "second", [0, 1], [3, 4], 1)
    compiled = ns.compile(network, ns.load_chip("loihi1_sanafe", {"core.neurons": 16}))
    ns.to_sanafe(compiled, tmp_path, None, 8)
    assert run_there(peer("sanafe"), tmp_path / "check.py")["agrees"]


def test_where_times_cannot_agree_it_is_said(tmp_path):
    made = ns.to_sanafe(program("loihi1"), tmp_path, SPIKES, 60)
    assert "adds sending and receiving" in made.no_time[0]
    found = run_there(peer("sanafe"), tmp_path / "check.py")
    assert found["agrees"]
    assert found["energy_difference"] < 1e-9


def test_the_same_export_has_the_same_bytes(tmp_path):
    for name in "ab":
        ns.to_sanafe(program(), tmp_path / name, SPIKES, 60)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_what_sanafe_has_no_counterpart_of_is_refused(tmp_path):
    network = ns.Network()
    network.add("cells", 2, "truenorth")
    with pytest.raises(ns.NeurosimError, match="crossbars"):
        ns.to_sanafe(ns.compile(network, ns.load_chip("truenorth")), tmp_path, None, 5)
    with pytest.raises(ns.NeurosimError, match=r"mesh\.packets"):
        ns.to_sanafe(program(**{"mesh.packets": "multicast"}), tmp_path, SPIKES, 60)
    with pytest.raises(ns.NeurosimError, match="2 samples"):
        ns.to_sanafe(program(), tmp_path, [SPIKES, SPIKES], 60)
    with pytest.raises(ns.NeurosimError, match="own_spikes"):
        ns.to_sanafe(program(), tmp_path, SPIKES, 60, own_spikes=True)


# ---------------------------------------------------------------- Brian2


def test_spikes_are_those_of_brian2(tmp_path):
    network = ns.liquid(shape=(4, 4, 4), channels=8, gain=1.2, seed=1)
    network.add_lif("tired", 2, adaptation=0.2, refractory_ms=3, bias=[1.5, 2.5], v_leak=-1, v_threshold=0)
    network.connect("tired", "liquid", [0, 1], [0, 1], 3.0, [1, 7])
    result = ns.to_brian2(network, tmp_path / "net.py", SPIKES, 60)
    assert len(result.spike_step) > 50
    found = run_there(peer("brian2"), tmp_path / "net.py")
    assert found["spikes"] == len(result.spike_step)
    assert found["spikes_that_differ"] == 0


def test_what_the_script_lacks_is_refused(tmp_path):
    with pytest.raises(ns.NetworkError, match="short-term plasticity"):
        ns.to_brian2(ns.liquid(shape=(2, 2, 2), channels=1, stp="maass"), tmp_path / "a.py", None, 5)
    with pytest.raises(ns.RunError, match=r"NAME\.py"):
        ns.to_brian2(liquid(), tmp_path / "a.txt", None, 5)


# ---------------------------------------------------------------- the command


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_export_on_the_command_line(tmp_path):
    network, compiled, spikes = tmp_path / "net.npz", tmp_path / "program.npz", tmp_path / "spikes.csv"
    liquid().save(network)
    program().save(compiled)
    ns.write_spikes(ns.SpikeTrains.from_samples([SPIKES], 60), spikes)
    done = invoke("export", compiled, "--to", "sanafe", "-o", tmp_path / "s", "-i", spikes, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["spikes_are"] == "given to SANA-FE"
    done = invoke("export", network, "--to", "brian2", "-o", tmp_path / "b.py", "-i", spikes)
    assert done.exit_code == 0
    assert "b.npz" in done.stdout
    checked = invoke(
        "export", network, "--to", "brian2", "-o", tmp_path / "b.py", "-i", spikes, "--python", peer("brian2")
    )
    assert checked.exit_code == 0
    assert " 0 differ" in checked.stdout


def test_an_export_replaces_an_earlier_one_and_nothing_else(tmp_path):
    network, compiled, folder = tmp_path / "net.npz", tmp_path / "program.npz", tmp_path / "s"
    liquid().save(network)
    program().save(compiled)
    folder.mkdir()
    for path in (folder / "network.yaml", tmp_path / "mine.npz", tmp_path / "script.py"):
        path.write_text("mine")
    for target, source, output in (
        ("sanafe", compiled, folder),
        ("brian2", network, tmp_path / "mine.py"),
        ("brian2", network, tmp_path / "script.py"),
    ):
        refused = invoke("export", source, "--to", target, "-o", output, "--steps", 5).exception
        assert "no export wrote it" in str(refused)
    assert (folder / "network.yaml").read_text() == (tmp_path / "mine.npz").read_text() == "mine"
    for target, source, output in (("sanafe", compiled, tmp_path / "t"), ("brian2", network, tmp_path / "b.py")):
        for steps in (5, 6):
            assert invoke("export", source, "--to", target, "-o", output, "--steps", steps).exit_code == 0


def test_synapses_that_nir_adds_up_are_counted(tmp_path):
    network = ns.Network(dt_ms=1.0)
    network.add_input("in", 2)
    network.add_lif("cells", 2, tau_mem_ms=10.0)
    network.connect("in", "cells", [0, 0, 1, 0], [1, 1, 1, 1], weights=[1.0, 2.0, 3.0, 4.0], delays=[1, 1, 1, 2])
    network.save(tmp_path / "net.npz")
    done = invoke("export", tmp_path / "net.npz", "--to", "nir", "-o", tmp_path / "net.nir", "--json")
    assert "NIR has one weight for a pair and a delay: 1 synapses" in json.loads(done.stdout)["note"]
    assert "check the path" in str(
        invoke("export", tmp_path / "no.nir", "--to", "nir", "-o", "x.nir", "--dt-ms", 1).exception
    )


def test_nir_on_the_command_line(tmp_path):
    pytest.importorskip("nir", reason="NIR's own package is needed: pip install '.[dev]'")
    network, graph = tmp_path / "net.npz", tmp_path / "net.nir"
    plain = ns.Network()
    plain.add_input("in", 2)
    plain.add_lif("cells", 3)
    plain.connect("in", "cells", [0, 1], [1, 2], 3.0)
    plain.save(network)
    assert invoke("export", network, "--to", "nir", "-o", graph).exit_code == 0
    done = invoke("compile", graph, "--chip", "loihi1", "--dt-ms", 1, "-o", tmp_path / "p.npz", "--json")
    assert done.exit_code == 0, done.exception
    without = invoke("compile", graph, "--chip", "loihi1", "-o", tmp_path / "p.npz").exception
    assert isinstance(without, ns.NetworkError)
    assert "--dt-ms" in str(without)


# ---------------------------------------------------------------- spikes


def same(a, b):
    return all(np.array_equal(getattr(a, key), getattr(b, key)) for key in ("steps", "sample_ptr", "step", "channel"))


def test_spikes_come_back_from_csv(tmp_path):
    for trains in [
        ns.SpikeTrains.from_samples([SPIKES, [], [(3, 2)]], [60, 5, 9]),
        ns.SpikeTrains.from_samples([[(0, 1, -7), (2, 1, 5)]], 4),
        ns.SpikeTrains.from_samples([[]], 4),
    ]:
        ns.write_spikes(trains, tmp_path / "a.csv")
        back = ns.read_spikes(tmp_path / "a.csv")
        assert same(trains, back)
        assert np.array_equal(trains.value, back.value)
        ns.write_spikes(trains, tmp_path / "a.npz")
        assert same(trains, ns.read_spikes(tmp_path / "a.npz"))


def test_csv_by_hand(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("channel, step\n3,0\n\n2,5\n")
    trains = ns.read_spikes(path, 10)
    assert (trains.step.tolist(), trains.channel.tolist(), trains.steps.tolist()) == ([0, 5], [3, 2], [10])
    with pytest.raises(ns.RunError, match="give the number of steps"):
        ns.read_spikes(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepp,channel\n0,0\n", "a.csv:1: unknown column 'stepp': did you mean 'step'"),
        ("step\n0\n", "a.csv:1: there is no column 'channel'"),
        ("step,channel,step\n0,0,0\n", "stands twice"),
        ("", "there is no column"),
        ("step,channel\n-1,0\n", "a.csv:2: step is -1, but counts from 0"),
        ("step,channel\n1.5,0\n", "a.csv:2: step is '1.5', but a whole number"),
        ("step,channel\n1,x\n", "a.csv:2: channel is 'x'"),
        ("step,channel\n1,99999999999999999999\n", "too large"),
        ("step,channel\n1,4294967296\n", "channel 4294967296 is unknown"),
        ("step,channel\n1\n", "a.csv:2: 1 entries, but the head names 2"),
        ("step,channel\n50,0\n", "outside the run"),
        ("sample,step,channel\n999999999,0,0\n", "names sample"),
        ("# steps: 0\nstep,channel\n", "at least one step"),
        ("# steps: 1e3\nstep,channel\n", "a.csv:1: steps is '1e3'"),
    ],
)
def test_faulty_csv_is_refused_with_the_line(tmp_path, text, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ns.RunError) as refusal:
        ns.read_spikes(path, None if text.startswith("#") else 10)
    assert message in str(refusal.value)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00step")
    with pytest.raises(ns.RunError, match="UTF-8"):
        ns.read_spikes(tmp_path / "a.csv", 5)
    with pytest.raises(ns.RunError, match=r"no format of spikes: use \.npz or \.csv"):
        ns.read_spikes(tmp_path / "a.txt", 5)
    with pytest.raises(ns.RunError, match="cannot read"):
        ns.read_spikes(tmp_path / "missing.csv", 5)


def test_a_run_writes_its_spikes_as_csv(tmp_path):
    program().save(tmp_path / "p.npz")
    ns.write_spikes(ns.SpikeTrains.from_samples([SPIKES], 60), tmp_path / "in.csv")
    done = invoke("run", tmp_path / "p.npz", "-i", tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--quiet")
    assert done.exit_code == 0
    result = ns.run(program(), SPIKES, 60)
    back = ns.read_spikes(tmp_path / "out.csv")
    assert np.array_equal(back.step, result.spike_step)
    assert np.array_equal(back.channel, result.spike_neuron)


def test_spikes_come_back_from_neo():
    neo = pytest.importorskip("neo", reason="Neo is needed: pip install '.[dev]'")
    trains = ns.SpikeTrains.from_samples([SPIKES, [(3, 2)]], [60, 9])
    block = ns.to_neo(trains, 0.1)
    assert [len(segment.spiketrains) for segment in block.segments] == [8, 1]
    assert same(trains, ns.read_spikes(block, dt_ms=0.1))
    one = neo.SpikeTrain([0.002, 0.005], t_stop=0.01, units="s")
    found = ns.read_spikes([one], dt_ms=1)
    assert (found.step.tolist(), found.steps.tolist()) == ([2, 5], [10])
    with pytest.raises(ns.RunError, match="dt_ms"):
        ns.read_spikes(block)
    with pytest.raises(ns.RunError, match="fires twice"):
        ns.read_spikes([one], dt_ms=10)
    with pytest.raises(ns.RunError, match="holds no spike trains"):
        ns.read_spikes([1, 2], dt_ms=1)


def test_a_spike_on_a_channel_that_is_not_there_is_told_with_its_file(tmp_path):
    program().save(tmp_path / "p.npz")
    (tmp_path / "s.csv").write_text("sample,step,channel\n0,1,2\n0,3,99\n")
    said = str(invoke("run", tmp_path / "p.npz", "-i", tmp_path / "s.csv", "--steps", 9).exception)
    assert f"{tmp_path / 's.csv'}: spike 1 (step 3) is on channel 99, but the program has 8" in said
