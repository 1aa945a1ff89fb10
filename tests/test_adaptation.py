"""Spike-frequency adaptation: in floating point against a closed form, on a chip against the oracle bit for bit."""

from pathlib import Path

import hypothesis.strategies as st
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from reference_adaptive import simulate_adaptive
from test_exactness import assert_equals, chip, some_spikes

import neurosim as ns
from chips import CannotRepresent, ProfileError, ProgramError, list_chips
from compiler import Network
from compiler.check import check_program
from compiler.lowering.lower import lower
from compiler.lowering.registers import MODELS
from compiler.program import with_digest
from compiler.validate import validate
from neurosim.debugging.float_run import run_float
from neurosim.debugging.lowered_run import run_lowered


def driven_neuron(n: int = 1, **parameters: float | list[float]) -> Network:
    net = Network()
    net.add_input("in", 1)
    net.add_lif("a", n, **parameters)
    net.connect("in", "a", np.zeros(n), np.arange(n), 1.0)
    return net


def test_the_adapted_interval_is_that_of_the_closed_form() -> None:
    """At a steady interval of T: bias (1 - exp(-T / tau_mem)) = threshold + a, a = jump / (exp(T / tau_a) - 1)."""
    bias, tau_mem, jump, tau_a, dt = 3.0, 20.0, 0.4, 150.0, 0.01
    net = Network(dt)
    net.add_lif("a", 1, bias=bias, tau_mem_ms=tau_mem, adaptation=jump, tau_adaptation_ms=tau_a)
    step = run_float(net, steps=200_000).spike_step * dt
    low, high = 1.0, 1000.0
    while high - low > 1e-9:
        t = (low + high) / 2
        short = bias * -np.expm1(-t / tau_mem) < 1 + jump / np.expm1(t / tau_a)
        low, high = (t, high) if short else (low, t)
    intervals = np.diff(step)
    assert intervals[0] < 0.5 * intervals[-1]
    assert intervals[-10:].mean() == pytest.approx(low, rel=2e-3)


def test_loihi2_adapts_as_floating_point_does() -> None:
    """Spike counts within 3 % in all, and far fewer than without adaptation."""
    net = driven_neuron(20, bias=np.linspace(1.2, 5, 20).tolist(), adaptation=0.3, refractory_ms=1)
    still = driven_neuron(20, bias=np.linspace(1.2, 5, 20).tolist(), refractory_ms=1)
    exact = run_float(net, steps=1000).spike_counts()[0]
    made = ns.run(ns.compile(net, "loihi2"), steps=1000, threads=1).spike_counts()[0]
    assert made.sum() == pytest.approx(exact.sum(), rel=0.03)
    assert made.sum() < 0.5 * run_float(still, steps=1000).n_spikes


@st.composite
def adaptive_networks(draw: st.DrawFn) -> Network:
    """Populations in physical units, at least one with adaptation, perhaps units that send numbers beside."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    net = Network()
    net.add_input("in", 3)
    for i in range(draw(st.integers(1, 3))):
        n = draw(st.integers(1, 6))
        net.add_lif(
            f"p{i}",
            n,
            tau_mem_ms=rng.uniform(5, 30, n),
            tau_syn_ms=rng.uniform(2, 8, n),
            bias=rng.uniform(0, 3, n) * draw(st.integers(0, 1)),
            refractory_ms=rng.integers(0, 3, n),
            adaptation=rng.uniform(0.1, 1, n) * (i == 0 or draw(st.booleans())),
            tau_adaptation_ms=rng.uniform(10, 100, n),
        )
    sizes = {p.name: p.n for p in net.populations} | {"in": 3}
    for target in [p.name for p in net.populations]:
        for source in sizes:
            m = int(rng.integers(1, 12))
            ends = rng.integers(0, sizes[source], m), rng.integers(0, sizes[target], m)
            net.connect(source, target, *ends, rng.uniform(-5, 12, m), rng.integers(1, 4, m))
    return net


@settings(max_examples=40, deadline=None)
@given(adaptive_networks(), st.integers(0, 1000), st.booleans())
def test_the_compiled_program_is_the_oracle_bit_for_bit(net: Network, seed: int, narrow: bool) -> None:
    """Also where the state of the threshold saturates, and where sums are clamped."""
    tight = {"cuba_lif__v_bits": 16, "cuba_lif__u_bits": 18, "cuba_lif__adaptation_bits": 16, "graded__sum_bits": 16}
    profile = chip("loihi2", **(tight if narrow else {}))
    loose = ns.Tolerance(1e9, 1e9, 1e9, 1e9)
    lowered = lower(validate(net), profile, loose)
    assert "adaptive_lif" in {MODELS[i] for i in lowered.model}
    spikes = some_spikes(net, 40, seed)
    probe = np.arange(net.n_neurons)
    ran = ns.run(ns.compile(net, profile, tolerance=loose), spikes, 40, probe=probe, threads=1)
    if not narrow:  # the oracle knows of no clamped sums
        assert_equals(ran, simulate_adaptive(lowered, spikes, 40, profile))
    made = run_lowered(net, profile, spikes, 40, probe=probe, tolerance=loose)
    assert np.array_equal(made.raster(), ran.raster())
    assert made.probes is not None
    assert ran.probes is not None
    assert np.array_equal(made.probes.u, ran.probes.u)
    assert np.array_equal(made.probes.v, ran.probes.v)


def test_adaptation_goes_with_units_that_send_numbers() -> None:
    net = driven_neuron(3, adaptation=0.2, bias=2.0)
    net.add("b", 3, "linear")
    net.connect("a", "b", [0, 1, 2], [0, 1, 2], 100)
    result = ns.run(ns.compile(net, "loihi2"), steps=50, threads=1)
    assert result.spike_counts("a").sum() > 3
    assert result.spike_counts("b").sum() == result.spike_counts("a").sum()


@pytest.mark.parametrize("name", [name for name in list_chips() if name != "loihi2"])
def test_other_chips_refuse_and_say_where_it_runs(name: str) -> None:
    net = driven_neuron(3, adaptation=[0, 0.25, 0])
    with pytest.raises(CannotRepresent) as refused:
        ns.compile(net, name, approximate=True)
    for word in ("population 'a'", "adaptation of neuron 1 is 0.25", name, "(loihi2)", "set adaptation to 0"):
        assert word in str(refused.value)


def test_without_adaptation_programs_are_those_of_the_plain_neuron() -> None:
    plain, zero = driven_neuron(3), driven_neuron(3, adaptation=0.0, tau_adaptation_ms=7.0)
    programs = [ns.compile(net, "loihi2") for net in (plain, zero)]
    assert programs[0].digest == programs[1].digest
    assert set(programs[1].tables.model) == {MODELS.index("cuba_lif")}


def test_the_error_of_adaptation_is_stated_and_bounded() -> None:
    errors = {e.parameter: e for e in ns.compile(driven_neuron(2, adaptation=[0.03, 0.5]), "loihi2").errors}
    assert 0 <= errors["adaptation"].max_relative_error <= 0.02
    assert 0 < errors["tau_adaptation_ms"].max_relative_error <= 0.05
    with pytest.raises(CannotRepresent, match="adaptation of neuron 0"):
        ns.compile(driven_neuron(2, adaptation=[1e-7, 0.5]), "loihi2")
    with pytest.raises(CannotRepresent, match="tau_adaptation_ms of neuron 0"):
        ns.compile(driven_neuron(2, adaptation=0.5, tau_adaptation_ms=1e6), "loihi2")


def test_a_neuron_that_adapts_takes_one_more_word_of_the_pool() -> None:
    used = [ns.usage(ns.compile(driven_neuron(8, adaptation=a), "loihi2")).used["pooled_memory_bits"] for a in (0, 0.3)]
    assert used[1].sum() - used[0].sum() == 8 * 64
    profile = chip("loihi2", pool__memory_bits=1400)
    cores = [ns.compile(driven_neuron(40, adaptation=a), profile).n_cores for a in (0, 0.3)]
    assert cores[1] > cores[0]


def test_a_changed_register_is_refused() -> None:
    program = ns.compile(driven_neuron(2, adaptation=0.5), "loihi2")
    for key, value in (("adaptation_jump", -1), ("adaptation_jump", 131072), ("adaptation_decay", 4096)):
        kept = program.tables.registers[key].copy()
        program.tables.registers[key][1] = value
        with pytest.raises(ProgramError, match=key):
            check_program(with_digest(program))
        program.tables.registers[key][:] = kept
    check_program(program)


def test_a_profile_whose_thresholds_cannot_rise_high_enough_is_refused() -> None:
    with pytest.raises(ProfileError, match="as high as v"):
        chip("loihi2", cuba_lif__adaptation_bits=23)
    with pytest.raises(ProfileError, match="section graded"):
        chip("loihi1", cuba_lif__adaptation_bits=24)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_bad_adaptation_is_refused(value: float) -> None:
    with pytest.raises(ns.NetworkError, match="adaptation"):
        driven_neuron(1, adaptation=value)
    with pytest.raises(ns.NetworkError, match="tau_adaptation_ms"):
        driven_neuron(1, tau_adaptation_ms=0)


@pytest.mark.parametrize("adaptation", [0.0, 0.5, [0.0, 0.0], [0.1, 0.7]])
def test_files_keep_adaptation_and_old_files_load(tmp_path: Path, adaptation: float | list[float]) -> None:
    net = driven_neuron(2, adaptation=adaptation)
    for name in ("net.yaml", "net.npz"):
        net.save(tmp_path / name)
        assert Network.load(tmp_path / name) == net
    graph = net.to_networkx()
    assert isinstance(graph, nx.DiGraph)
    assert Network.from_networkx(graph) == net
    named = "adaptation" in (tmp_path / "net.yaml").read_text()
    assert named == (adaptation != 0.0)  # at the default a file is as it was before there was adaptation
