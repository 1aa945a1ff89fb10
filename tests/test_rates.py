"""The promise of rates: those of a run, in the order that the compiler takes, or a clear refusal."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_accounting import with_settings
from test_cli import neurosim, refused
from test_mapping import CHIP, layered, spikes

import neurosim as ns
from neurosim import SpikeTrains
from neurosim.rates import QUICK_SAMPLES, QUICK_STEPS, rates_for

TRAINS = SpikeTrains.from_samples(
    [[(step, step % 5) for step in range(40)], [(step, 0) for step in range(0, 90, 3)]], [40, 90]
)


@pytest.fixture(scope="module")
def result() -> ns.RunResult:
    return ns.run(ns.compile(layered(), CHIP), TRAINS)


def test_rates_are_spikes_per_step_mean_over_samples(result: ns.RunResult) -> None:
    rates = ns.rates_of(result, TRAINS)
    assert result.n_spikes > 0
    for neuron in range(86):
        mine = [(result.spikes(i)[:, 1] == neuron).sum() / result.steps[i] for i in range(2)]
        assert rates[neuron] == pytest.approx(np.mean(mine))
    assert rates[86:] == pytest.approx([(8 / 40 + 30 / 90) / 2, *[8 / 40 / 2] * 4])


def test_channels_without_their_spikes_count_as_the_mean_neuron(result: ns.RunResult) -> None:
    rates = ns.rates_of(result)
    assert rates[86:] == pytest.approx([rates[:86].mean()] * 5)


@pytest.mark.parametrize("method", ["greedy", "multilevel"])
def test_rates_change_where_neurons_are_and_no_spike(result: ns.RunResult, method: Any) -> None:
    plain = ns.compile(layered(), CHIP, partition=method)
    rated = ns.compile(layered(), CHIP, partition=method, rates=ns.rates_of(result, TRAINS))
    assert (spikes(rated) == spikes(plain)).all()
    again = ns.compile(layered(), CHIP, partition=method, rates=ns.rates_of(result, TRAINS))
    assert again.digest == rated.digest


def test_placement_brings_those_together_that_talk_most() -> None:
    """Six cores in a row, a ring of neurons, and one pair that exchanges far more than all others."""
    n = 6
    chip = with_settings("loihi1", core__neurons=1, mesh__tiles_x=6, mesh__tiles_y=1, mesh__cores_per_tile=1)
    for loud in ((0, 5), (1, 4), (2, 3)):
        few = ns.Network()
        few.add_lif("a", n)
        few.connect("a", "a", [*loud, *range(n)], [*loud[::-1], *((np.arange(n) + 1) % n)], 1.0)
        rates = np.full(n, 0.01)
        rates[list(loud)] = 1.0
        program = ns.compile(few, chip, rates=rates)
        core = program.tables.core[np.argsort(program.tables.neuron_of)]
        assert abs(int(core[loud[0]]) - int(core[loud[1]])) == 1


def test_a_quick_run_is_short() -> None:
    many = SpikeTrains.from_samples([[(5, 1), (900, 2)]] * 40, 1000)
    rates = ns.quick_rates(layered(), CHIP, many)
    part = SpikeTrains.from_samples([[(5, 1)]] * QUICK_SAMPLES, QUICK_STEPS)
    assert (rates == ns.rates_of(ns.run(ns.compile(layered(), CHIP), part), part)).all()


# ---------------------------------------------------------------- refusals


def test_rates_of_another_length_or_below_zero_are_refused() -> None:
    with pytest.raises(ns.NetworkError, match=r"shape \(3,\).*86 neurons and 5 input channels"):
        ns.compile(layered(), CHIP, rates=[1.0, 2.0, 3.0])
    with pytest.raises(ns.NetworkError, match=r"rates\[4\] is -1"):
        ns.compile(layered(), CHIP, rates=[1.0] * 4 + [-1.0] + [1.0] * 86)
    with pytest.raises(ns.NetworkError, match=r"rates\[0\] is nan"):
        ns.compile(layered(), CHIP, rates=[np.nan] * 91)


def test_a_run_of_another_network_or_other_inputs_is_refused(result: ns.RunResult) -> None:
    with pytest.raises(ns.RunError, match=r"another network: it has 'cells' of 60.* but the network 'cells' of 63"):
        rates_for(layered(63), result)
    with pytest.raises(ns.RunError, match="2 samples of 130 steps"):
        ns.rates_of(result, TRAINS[:1])
    with pytest.raises(ns.RunError, match="channel 7"):
        ns.rates_of(result, SpikeTrains.from_samples([[(0, 7)], [(0, 1)]], [40, 90]))


# ---------------------------------------------------------------- the command line, and experiments


@pytest.fixture
def files(tmp_path: Path) -> Path:
    layered().save(tmp_path / "net.npz")
    layered(63).save(tmp_path / "other.npz")
    TRAINS.save(tmp_path / "spikes.npz")
    program = ns.compile(layered(), CHIP)
    ns.run(program, TRAINS).save(tmp_path / "run.npz")
    return tmp_path


COMPILE = ["compile", "net.npz", "-c", "loihi1", "--set", "core.neurons=16", "--partition", "multilevel"]


def test_on_the_command_line(files: Path, result: ns.RunResult) -> None:
    done = neurosim(*COMPILE, "--rates", "run.npz", "--input", "spikes.npz", "--json", cwd=files)
    assert done.returncode == 0, done.stderr
    rated = ns.compile(layered(), CHIP, partition="multilevel", rates=ns.rates_of(result, TRAINS))
    assert json.loads(done.stdout)["digest"] == rated.digest
    done = neurosim(*COMPILE, "--rates", "quick", "--input", "spikes.npz", "--json", cwd=files)
    assert json.loads(done.stdout)["digest"] == rated.digest  # the run is short enough to be the quick one
    assert neurosim(*COMPILE, "--rates", "run.npz", cwd=files).returncode == 0


def test_refusals_on_the_command_line(files: Path) -> None:
    refused(neurosim(*COMPILE, "--rates", "quick", cwd=files), "--input")
    refused(neurosim(*COMPILE, "--rates", "spikes.npz", cwd=files), "neurosim-run/2")
    refused(neurosim(*COMPILE, "--rates", "missing.npz", cwd=files), "missing.npz")
    refused(neurosim(*COMPILE, "--input", "spikes.npz", cwd=files), "--rates")
    refused(neurosim("compile", "other.npz", "-c", "loihi1", "--rates", "run.npz", cwd=files), "another network")
    refused(neurosim(*COMPILE, "--rates", "run.npz", "-o", "run.npz", cwd=files), "written over")
    refused(
        neurosim("compile", "net.npz", "-c", "truenorth", "--approximate", "--rates", "run.npz", cwd=files), "crossbars"
    )


def test_an_experiment_can_ask_for_a_quick_run(tmp_path: Path) -> None:
    text = """
format: neurosim-experiment/1
name: rated
data: {file: data.npz}
liquid: {shape: [3, 3, 3], target_rate: null, gain: 3.0}
readout: {bins: [1]}
chips:
  - {chip: loihi1, set: {core.neurons: 12}, partition: multilevel, rates: quick, mapping: {forbidden_cores: [0]}}
"""
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "data.npz",
        values=rng.random((120, 3)),
        length=np.full(12, 10),
        label=np.arange(12) % 2,
        is_test=np.arange(12) >= 8,
    )
    (tmp_path / "rated.yaml").write_text(text)
    row = ns.compare(tmp_path / "rated.yaml").rows[0]
    assert row["cores_used"] == 3
    (tmp_path / "rated.yaml").write_text(text.replace("rates: quick", "rates: fast"))
    with pytest.raises(ns.ExperimentError, match=r"rated.yaml:8"):
        ns.compare(tmp_path / "rated.yaml")
