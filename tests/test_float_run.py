"""Runs in floating point and in lowered integers: against closed forms, and against the compiled program."""

import time
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from test_exactness import driven

import neurosim as ns
from compiler import Network
from neurosim.debugging.float_run import run_float
from neurosim.debugging.lowered_run import run_lowered
from neurosim.spikes import SpikeTrains


def one_neuron(**parameters: float) -> Network:
    net = Network(dt_ms=parameters.pop("dt_ms", 1.0))
    net.add_input("in", 1)
    net.add_lif("a", 1, **parameters)
    return net


def test_a_spike_makes_the_closed_form_potential() -> None:
    """v(m) = (1 - beta) r w (beta^m - alpha^m) / (beta - alpha), m steps from the arrival on, from any v_leak."""
    net = one_neuron(tau_mem_ms=20.0, tau_syn_ms=5.0, v_threshold=9.0, v_leak=-3.0, r=2.0)
    net.connect("in", "a", [0], [0], 1.5, 3)
    result = run_float(net, [(4, 0)], steps=60, probe=[0])
    alpha, beta = np.exp(-1 / 5), np.exp(-1 / 20)
    m = np.arange(60 - 7) + 1
    assert result.probes is not None
    assert not result.probes.v[:7].any()
    np.testing.assert_allclose(result.probes.u[7:, 0], 1.5 * alpha ** (m - 1), rtol=1e-12)
    expected = (1 - beta) * 2 * 1.5 * (beta**m - alpha**m) / (beta - alpha)
    np.testing.assert_allclose(result.probes.v[7:, 0], expected, rtol=1e-12)
    assert result.n_spikes == 0


@pytest.mark.parametrize(("bias", "refractory_ms"), [(1.1, 0), (1.5, 0), (2.0, 3), (40.0, 5)])
def test_the_interval_under_constant_bias_is_that_of_the_closed_form(bias: float, refractory_ms: float) -> None:
    """tau_mem ln(bias / (bias - 1)), rounded up to steps, and the refractory time."""
    net = one_neuron(tau_mem_ms=20.0, bias=bias, refractory_ms=refractory_ms)
    step = run_float(net, steps=500).spike_step
    interval = np.floor(20 * np.log(bias / (bias - 1))) + 1 + refractory_ms
    assert len(step) > 5
    assert (np.diff(step) == interval).all()


def test_a_long_interval_is_within_a_hair_of_continuous_time() -> None:
    net = one_neuron(tau_mem_ms=20.0, bias=1.2, dt_ms=0.01)
    step = run_float(net, steps=20_000).spike_step
    assert np.diff(step).mean() * 0.01 == pytest.approx(20 * np.log(1.2 / 0.2), abs=0.01)


def test_spikes_arrive_delay_steps_later() -> None:
    """A relay of neurons that fire at once: each spike comes as late as the sum of the delays."""
    net = Network()
    net.add_input("in", 1)
    net.add_lif("a", 3, tau_syn_ms=0, tau_mem_ms=1e-3)
    net.connect("in", "a", [0], [0], 2.0, 7)
    net.connect("a", "a", [0, 1], [1, 2], 2.0, [1, 255])
    assert run_float(net, [(2, 0)], steps=400).spikes().tolist() == [[9, 0], [10, 1], [265, 2]]


def test_results_are_sorted_counted_and_the_same_for_any_number_of_threads() -> None:
    net = ns.liquid((3, 3, 3), channels=4, gain=0.8, seed=1)
    trains = random_trains(samples=5, steps=80, channels=4)
    one, two = (run_float(net, trains, probe=[3, 1], threads=threads) for threads in (1, 2))
    assert one.n_spikes > 0
    for key in ("sample_ptr", "spike_step", "spike_neuron"):
        assert (getattr(one, key) == getattr(two, key)).all()
    assert one.probes is not None
    assert two.probes is not None
    assert (one.probes.u == two.probes.u).all()
    assert one.probes.v.shape == (400, 2)
    counts = one.spike_counts("liquid", bins=4)
    assert counts.shape == (5, 4 * 27)
    assert counts.sum() == one.n_spikes == sum(one.raster(i).sum() for i in range(5))
    rows = one.spikes(2).tolist()
    assert rows == sorted(rows)
    alone = run_float(net, trains[[2]])
    assert alone.spikes().tolist() == rows


def test_bad_input_is_refused_in_one_message() -> None:
    net = one_neuron()
    for call, words in (
        (lambda: run_float(net, [(0, 1)], steps=3), "channel 1"),
        (lambda: run_float(net, [(0, 0, 5)], steps=3), "payload 5"),
        (lambda: run_float(net, [(0, 0)]), "steps"),
        (lambda: run_float(net, steps=3, probe=[1]), "probe"),
        (lambda: run_float(net, steps=3, threads=0), "threads"),
        (lambda: run_float(net, steps=2**31 - 2, probe=[0]), "probe fewer"),
        (lambda: run_lowered(net, "odin", steps=3), "odin"),
        (lambda: run_lowered(net, "truenorth", steps=3), "truenorth"),
    ):
        with pytest.raises(ns.RunError, match=words):
            call()
    net.add_registers("b", 2)
    with pytest.raises(ns.RunError, match="'b' is of kind 'registers'"):
        run_float(net, steps=3)
    net.add("c", 2, "tanh")
    with pytest.raises(ns.RunError, match="neuron 0 of population 'c' is of model tanh"):
        run_lowered(net, "loihi2", steps=3)
    with pytest.raises(ns.NetworkError):
        run_float(Network(), steps=3)


@settings(max_examples=60, deadline=None)
@given(driven() | driven(wild=True), st.sampled_from(["loihi1", "loihi2"]))
def test_lowered_integers_are_those_of_the_compiled_program(case: tuple[Network, Any, int], chip: str) -> None:
    """In all registers, also where u and v leave their ranges."""
    net, spikes, steps = case
    check_lowered(net, chip, SpikeTrains.from_samples([spikes, spikes[::2]], steps))


@pytest.mark.parametrize("chip", ["loihi1", "loihi2", "ideal"])
def test_lowered_liquids_are_those_of_the_compiled_program(chip: str) -> None:
    net = ns.liquid((4, 4, 4), channels=4, gain=0.8, seed=3)
    check_lowered(net, chip, random_trains(samples=2, steps=100, channels=4))


def check_lowered(net: Network, chip: str, trains: SpikeTrains) -> None:
    probe = np.arange(net.n_neurons)
    made = run_lowered(net, chip, trains, probe=probe)
    ran = ns.run(ns.compile(net, chip), trains, probe=probe, threads=1)
    for key in ("sample_ptr", "spike_step", "spike_neuron"):
        assert (getattr(made, key) == getattr(ran, key)).all()
    assert made.probes is not None
    assert ran.probes is not None
    assert (made.probes.u == ran.probes.u).all()
    assert (made.probes.v == ran.probes.v).all()


def test_a_small_liquid_counts_nearly_the_same_spikes_on_loihi1() -> None:
    """The chip's rounding moves spikes, not rates: within 3 % in all, and most neurons within two spikes."""
    net = ns.liquid((4, 4, 4), channels=4, gain=0.8, recurrence=0.2, seed=5)
    trains = random_trains(samples=10, steps=200, channels=4)
    exact = run_float(net, trains).spike_counts()
    chip = ns.run(ns.compile(net, "loihi1"), trains, threads=1).spike_counts()
    assert exact.sum() > 500
    assert chip.sum() == pytest.approx(exact.sum(), rel=0.03)
    assert (np.abs(chip - exact) <= 2).mean() > 0.9


def test_a_thousand_neurons_take_a_thousand_steps_in_less_than_a_second() -> None:
    net = ns.liquid((10, 10, 10), channels=8, gain=0.5, seed=1)
    trains = random_trains(samples=1, steps=1000, channels=8)
    run_float(net, trains[[0]])
    began = time.perf_counter()
    assert run_float(net, trains).n_spikes > 1000
    assert time.perf_counter() - began < 1


def random_trains(samples: int, steps: int, channels: int) -> SpikeTrains:
    """Spikes in a fifth of all steps and channels."""
    rng = np.random.default_rng(7)
    return SpikeTrains.from_samples([np.argwhere(rng.random((steps, channels)) < 0.2) for _ in range(samples)], steps)
