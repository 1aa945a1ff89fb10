"""How a program lies in memory is chosen by its size: every choice gives the same spikes and counts."""

from unittest.mock import patch

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import neurosim as ns
from neurosim.result import RunResult
from neurosim.simulation import kernel, machine, spike_counts, synapse_words
from neurosim.simulation.lif_lanes import ROWS_AT_ONCE


def network(weight: int = 20, delay: int = 3, n: int = 60, fan_out: int = 12) -> ns.Network:
    """Neurons that drive each other, with two input channels."""
    rng = np.random.default_rng(n + weight)
    net = ns.Network()
    net.add_input("in", 2)
    net.add_registers("p", n, du=1000, dv=200, vth=400, bias_mantissa=rng.integers(0, 900, n), bias_exponent=4)
    sources, targets = np.repeat(np.arange(n), fan_out), rng.integers(0, n, n * fan_out)
    weights = 2 * rng.integers(-weight // 2, weight // 2 + 1, n * fan_out)
    net.connect("p", "p", sources, targets, weights, rng.integers(1, delay + 1, n * fan_out))
    net.connect("in", "p", np.repeat([0, 1], n), np.tile(np.arange(n), 2), 40)
    return net


def run_of(net: ns.Network, **overrides: int) -> RunResult:
    program = ns.compile(net, ns.load_chip("loihi1", {"core.neurons": 7, **overrides}))
    return ns.run(program, [(t, t % 2) for t in range(0, 80, 3)], 80)


def same(a: RunResult, b: RunResult) -> bool:
    assert a.counts.per_step is not None
    assert b.counts.per_step is not None
    assert a.n_spikes > 50
    pairs = [(a.spike_step, b.spike_step), (a.spike_neuron, b.spike_neuron), (a.counts.total, b.counts.total)]
    pairs += [(a.counts.per_step, b.counts.per_step), (a.counts.busiest_link, b.counts.busiest_link)]
    return all(np.array_equal(x, y) for x, y in pairs)


@pytest.mark.parametrize("cores_per_tile", [1, 4])
def test_rows_and_axons_count_alike(cores_per_tile: int) -> None:
    runs = []
    for chosen in (True, False):
        with patch.object(spike_counts, "rows_are_chosen", return_value=chosen):
            runs.append(run_of(network(), **{"mesh.cores_per_tile": cores_per_tile}))
    assert same(*runs)


def test_more_spikes_in_a_step_than_are_summed_at_once_are_all_counted() -> None:
    n = 2 * ROWS_AT_ONCE + 3
    net = ns.Network()
    net.add_registers("p", n, du=1000, dv=200, vth=100, bias_mantissa=900, bias_exponent=4)
    net.connect("p", "p", np.repeat(np.arange(n), 250), np.tile(np.arange(250), n), 2)
    runs = []
    for chosen in (True, False):
        with patch.object(spike_counts, "rows_are_chosen", return_value=chosen):
            runs.append(ns.run(ns.compile(net, "loihi1"), None, 20))
    assert np.bincount(runs[0].spike_step).max() == n
    assert same(*runs)
    assert runs[0].counts.sum("synaptic_events") == 250 * runs[0].n_spikes


def test_few_cores_are_counted_in_rows_and_many_in_axons() -> None:
    net = network(n=600, fan_out=2)
    forms = []
    for neurons in (1024, 5):
        program = ns.compile(net, ns.load_chip("loihi1", {"core.neurons": neurons}))
        forms.append(machine.build_machine(program).machine.caused.row_width > 0)
    assert forms == [True, False]


@pytest.mark.parametrize("delay", [1, 3])
def test_packed_and_wide_synapses_give_the_same_bits(delay: int) -> None:
    net = network(delay=delay)
    packed = machine.build_machine(ns.compile(net, ns.load_chip("loihi1")))
    assert packed.machine.is_packed
    with patch.object(synapse_words, "PACKED_WEIGHT_BITS", 1):
        wide = machine.build_machine(ns.compile(net, ns.load_chip("loihi1")))
        assert not wide.machine.is_packed
        other = run_of(net)
    assert same(run_of(net), other)


def test_long_delays_and_weights_of_several_exponents_are_wide() -> None:
    net = network()
    net.connect("p", "p", [0], [1], 127 * 64)
    assert not machine.build_machine(ns.compile(net, ns.load_chip("loihi1"))).machine.is_packed
    slow = network(delay=40)
    assert not machine.build_machine(ns.compile(slow, ns.load_chip("loihi1"))).machine.is_packed


def test_the_ring_is_of_16_bits_where_all_of_a_neurons_synapses_fit_at_once() -> None:
    few, many = network(fan_out=12), network(weight=250, fan_out=600)
    rings = [machine.build_machine(ns.compile(net, ns.load_chip("loihi1"))).ring for net in (few, many)]
    assert rings == [np.int16, np.int32]


def test_a_packed_synapse_takes_four_bytes() -> None:
    program = ns.compile(network(), ns.load_chip("loihi1"))
    made = machine.build_machine(program).machine
    assert made.synapse.nbytes + made.wide_weight.nbytes == 4 * program.n_synapses


def test_other_sizes_need_no_other_compilation() -> None:
    run_of(network(n=40))
    before = len(signatures())
    run_of(network(n=90, delay=2))
    assert len(signatures()) == before


def signatures() -> list[object]:
    loop = kernel.advance
    assert isinstance(loop, Dispatcher)
    return list(loop.signatures)
