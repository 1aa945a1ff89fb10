"""The promise of an incremental compile: what fits stays where it was, and the program is as good as any other."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_accounting import with_settings
from test_cli import neurosim, refused
from test_mapping import CHIP, cores, layered, spikes

import neurosim as ns
from compiler.kernels.seating import insert, remove, seat
from compiler.lowering.lower import lower
from compiler.mapping_rules import rules_of
from compiler.partitioning.hypergraph import hypergraph
from compiler.partitioning.keep import _empty, _guests
from compiler.partitioning.multilevel import state_of
from compiler.partitioning.partition_by_rules import ground_of
from compiler.validate import validate
from neurosim import Mapping


def reweighted(net: ns.Network, factor: float) -> ns.Network:
    """The same network with other weights."""
    made = ns.Network()
    for population in net.populations:
        made.add_lif(population.name, population.n)
    made.add_input("in", 5)
    for p in net.projections:
        made.connect(p.source, p.target, p.sources, p.targets, p.weights * factor, p.delays)
    return made


@pytest.mark.parametrize("method", ["greedy", "multilevel"])
def test_a_change_of_weights_moves_nothing(method: Any) -> None:
    net = layered(200)
    old = ns.compile(net, CHIP, partition=method)
    new = ns.compile(reweighted(net, 1.7), CHIP, like=old)
    moved = ns.moves(old, new)
    assert moved.moved == 0
    assert moved.cores_changed == moved.cores_added == moved.cores_removed == ()
    assert (new.tables.neuron_of == old.tables.neuron_of).all()
    assert new.digest != old.digest


def test_the_same_network_gives_the_same_program() -> None:
    old = ns.compile(layered(), CHIP, partition="multilevel")
    assert ns.compile(layered(), CHIP, like=old).digest == old.digest


def test_only_as_many_neurons_move_as_are_too_many() -> None:
    old = ns.compile(layered(200), CHIP)
    new = ns.compile(layered(200), CHIP, like=old, mapping=Mapping(neurons_per_core=14))
    before = np.diff(old.tables.core_ptr)
    assert ns.moves(old, new).moved == np.maximum(before - 14, 0).sum()
    assert np.diff(new.tables.core_ptr).max() <= 14


def test_neurons_of_a_core_that_is_now_forbidden_move_and_no_others() -> None:
    old = ns.compile(layered(), CHIP)
    gone = int(old.tables.core[1])
    new = ns.compile(layered(), CHIP, like=old, mapping=Mapping(forbidden_cores=[gone]))
    assert ns.moves(old, new).moved == np.diff(old.tables.core_ptr)[1]
    assert ns.moves(old, new).cores_removed == (gone,)


def test_neurons_that_a_mapping_pins_move_to_their_core() -> None:
    old = ns.compile(layered(), CHIP)
    new = ns.compile(layered(), CHIP, like=old, mapping=Mapping(pinned={"out": [99]}, together=[["relay[0:5]"]]))
    assert set(cores(new, "out")) == {99}
    assert len(set(cores(new, "relay")[:5])) == 1


def test_new_neurons_are_added_and_old_ones_taken_away() -> None:
    old = ns.compile(layered(60), CHIP)
    more = ns.compile(layered(90), CHIP, like=old)
    moved = ns.moves(old, more)
    assert [p.added for p in moved.populations] == [30, 10, 0]
    assert moved.moved == 0
    less = ns.moves(more, ns.compile(layered(60), CHIP, like=more))
    assert [p.removed for p in less.populations] == [30, 10, 0]
    assert less.moved == 0


def test_a_new_neuron_goes_to_those_it_talks_with() -> None:
    """Two cliques on two cores with room; a neuron that hears one of them joins it."""
    pairs = [(a, b) for a in range(6) for b in range(6) if a != b]
    source, target = np.array([(a + o, b + o) for o in (0, 6) for a, b in pairs]).T
    net = ns.Network()
    net.add_lif("a", 12)
    net.connect("a", "a", source, target, 1.0)
    chip = with_settings("loihi1", core__neurons=7)
    old = ns.compile(net, chip, mapping=Mapping(neurons_per_core=6))
    assert len(set(cores(old, "a")[:6])) == 1
    for clique in (0, 6):
        grown = ns.Network()
        grown.add_lif("a", 12)
        grown.add_lif("b", 1)
        grown.connect("a", "a", source, target, 1.0)
        grown.connect("a", "b", np.arange(clique, clique + 6), np.zeros(6, np.int64), 1.0)
        new = ns.compile(grown, chip, like=old)
        assert cores(new, "b")[0] == cores(old, "a")[clique]


LIMIT = st.none() | st.integers(24, 60)


@given(st.integers(10, 70), st.integers(10, 70), st.integers(0, 3), LIMIT, LIMIT, st.sampled_from([None, 4096, 12000]))
@settings(max_examples=40, deadline=None)
def test_whatever_changed_limits_hold_and_spikes_are_the_same(
    before: int, after: int, seed: int, inputs: int | None, outputs: int | None, bits: int | None
) -> None:
    chip = with_settings(
        "loihi1",
        core__neurons=9,
        core__input_axons=inputs,
        core__output_axons=outputs,
        core__synapse_memory_bits=bits,
    )
    net = layered(after, seed + 1)
    try:
        old = ns.compile(layered(before, seed), chip)
        fresh = ns.compile(net, chip)
    except ns.DoesNotFit:
        return
    new = ns.compile(net, chip, like=old)
    assert (spikes(new) == spikes(fresh)).all()
    assert ns.compile(net, chip, like=old).digest == new.digest


def test_pooled_chips_are_kept_to_as_well() -> None:
    chip = with_settings("loihi2", core__neurons=16, pool__memory_bits=20000)
    old = ns.compile(layered(100), chip)
    new = ns.compile(layered(120), chip, like=old)
    assert (spikes(new) == spikes(ns.compile(layered(120), chip))).all()
    assert ns.moves(old, ns.compile(reweighted(layered(100), 0.5), chip, like=old)).moved == 0


# ---------------------------------------------------------------- refusals, and the command line


def test_programs_of_other_chips_and_networks_are_refused() -> None:
    old = ns.compile(layered(), CHIP)
    with pytest.raises(ns.ProgramError, match="other limits"):
        ns.compile(layered(), "loihi1", like=old)
    other = ns.Network()
    other.add_lif("strangers", 3)
    with pytest.raises(ns.ProgramError, match=r"no population of this network: it has 'cells'"):
        ns.compile(other, CHIP, like=old)
    other.add_registers("cells", 3)
    with pytest.raises(ns.ProgramError, match=r"'cells' is of kind 'registers', but of kind 'lif'"):
        ns.compile(other, CHIP, like=old)


def test_on_the_command_line(tmp_path: Path) -> None:
    layered(60).save(tmp_path / "a.npz")
    layered(63).save(tmp_path / "b.npz")
    chip = ["-c", "loihi1", "--set", "core.neurons=16"]
    done = neurosim("compile", "a.npz", *chip, "-o", "old.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = neurosim("compile", "b.npz", *chip, "-o", "new.npz", "--like", "old.npz", "--json", cwd=tmp_path)
    data = json.loads(done.stdout)["moves"]
    assert data["moved"] == 0
    assert [each["added"] for each in data["populations"]] == [3, 1, 0]
    plain = neurosim("compile", "b.npz", *chip, "-o", "new.npz", "--like", "old.npz", cwd=tmp_path)
    assert "stayed" in plain.stdout
    refused(neurosim("compile", "b.npz", "-c", "loihi1", "--like", "old.npz", cwd=tmp_path), "other limits")
    refused(neurosim("compile", "b.npz", *chip, "-o", "old.npz", "--like", "old.npz", cwd=tmp_path), "written over")
    refused(neurosim("compile", "b.npz", *chip, "--like", "a.npz", cwd=tmp_path), "neurosim-program/2")


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
@settings(max_examples=30, deadline=None)
def test_what_pieces_use_is_exact_after_any_moves(seed: int, pooled: bool, joined: bool) -> None:
    """Vertices come and go; what each piece uses is in the end as if counted anew."""
    chip = with_settings("loihi2" if pooled else "loihi1", core__neurons=16)
    low = lower(validate(layered(30, seed % 7)), chip)
    rules = rules_of(Mapping(together=[["out", "cells[3:6]"]] if joined else []), low.spans, chip)
    on = ground_of(low, hypergraph(low), chip, rules, None)
    guests, rng, n = _guests(on), np.random.default_rng(seed), len(on.weight)
    group = np.array([0] * 5 + [-1], np.int32)
    seats, packing = _empty(guests, group), on.limits(group[:1]).packing
    seat(rng.integers(0, 6, n).astype(np.int32), guests, seats, packing)
    for v in rng.integers(0, n, 60):
        if seats.piece_of[v] < 5:
            remove(v, guests, seats, packing)
        else:
            insert(v, int(rng.integers(0, 5)), guests, seats, packing)
    for v in np.flatnonzero(seats.piece_of == 5):
        insert(v, 2, guests, seats, packing)
    counted = state_of(on.level, seats.piece_of.copy(), 5, on.limits(group[:5]))[0]
    assert (seats.used[:5] == counted.used).all()


def test_a_core_without_output_axons_left_gives_some_of_its_neurons_away() -> None:
    """The new neurons listen to those of a full core, and fit only elsewhere: less than everything moves."""
    chip = with_settings("loihi1", core__neurons=16, core__output_axons=16)
    n = 16
    net = ns.Network()
    net.add_lif("a", n)
    net.connect("a", "a", np.arange(n), (np.arange(n) + 1) % n, 1.0)
    net.add_lif("b", 48)
    net.connect("b", "b", np.arange(48), (np.arange(48) + 1) % 48, 1.0)
    old = ns.compile(net, chip, mapping=Mapping(pinned={"a": [0]}))
    net.add_lif("new", 4)
    net.connect("a", "new", np.arange(4), np.arange(4), 1.0)
    new = ns.compile(net, chip, like=old)
    assert set(cores(new, "b")) == set(cores(old, "b"))
    assert 0 < ns.moves(old, new).moved < n
