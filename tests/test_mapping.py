"""The promise of a mapping: neurons are where the user wants them, every limit holds, and no spike changes."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_accounting import with_settings

import neurosim as ns
from compiler.check import check_program
from neurosim import Mapping


def layered(n: int = 60, seed: int = 0) -> ns.Network:
    """Three populations and an input, wired at random."""
    rng = np.random.default_rng(seed)
    net = ns.Network()
    sizes = {"cells": n, "relay": n // 3, "out": 6}
    for name, size in sizes.items():
        net.add_lif(name, size)
    net.add_input("in", 5)
    for source, target in (("in", "cells"), ("cells", "cells"), ("cells", "relay"), ("relay", "out"), ("out", "cells")):
        m = 4 * sizes[target]
        net.connect(source, target, rng.integers(0, sizes.get(source, 5), m), rng.integers(0, sizes[target], m), 0.6, 1)
    return net


CHIP = with_settings("loihi1", core__neurons=16)


def cores(program: ns.Program, population: str) -> npt.NDArray[np.int32]:
    """The core of each neuron of a population."""
    of_slot = np.repeat(program.tables.core, np.diff(program.tables.core_ptr))
    span = program.span(population)
    return of_slot[program.slot_of[span.start : span.start + span.n]]


def spikes(program: ns.Program) -> Any:
    rows = [(step, step % 5) for step in range(40)]
    return ns.run(program, rows, steps=50).raster()


# ---------------------------------------------------------------- what is asked for, is

METHODS = pytest.mark.parametrize("method", ["greedy", "multilevel"])


@METHODS
def test_a_limit_of_neurons_holds_on_every_core(method: Any) -> None:
    program = ns.compile(layered(), CHIP, partition=method, mapping=Mapping(neurons_per_core=7))
    assert np.diff(program.tables.core_ptr).max() <= 7
    assert program.n_cores >= 13


@METHODS
def test_a_population_with_a_limit_of_its_own_has_cores_of_its_own(method: Any) -> None:
    program = ns.compile(layered(), CHIP, partition=method, mapping=Mapping(neurons_per_core={"relay": 3}))
    relay = cores(program, "relay")
    assert np.bincount(relay).max() <= 3
    assert not set(relay) & {*cores(program, "cells"), *cores(program, "out")}


@METHODS
def test_pinned_populations_are_on_their_cores_alone(method: Any) -> None:
    mapping = Mapping(pinned={"relay": [9, 4], "out": [30]})
    program = ns.compile(layered(), CHIP, partition=method, mapping=mapping)
    assert set(cores(program, "relay")) == {4, 9}
    assert set(cores(program, "out")) == {30}
    assert not set(cores(program, "cells")) & {4, 9, 30}


def test_populations_pinned_to_the_same_cores_share_them() -> None:
    program = ns.compile(layered(), CHIP, mapping=Mapping(pinned={"relay": [5, 6], "out": [5, 6]}))
    assert {*cores(program, "relay"), *cores(program, "out")} == {5, 6}


@METHODS
def test_forbidden_cores_are_empty_and_the_chip_stays_the_same(method: Any) -> None:
    plain = ns.compile(layered(), CHIP, partition=method)
    gone = plain.tables.core[:3].tolist()
    program = ns.compile(layered(), CHIP, partition=method, mapping=Mapping(forbidden_cores=gone))
    assert not set(program.tables.core.tolist()) & set(gone)
    assert program.limits_hash == plain.limits_hash
    assert program.chip == CHIP


@METHODS
def test_a_group_shares_a_core(method: Any) -> None:
    mapping = Mapping(together=[["out", "cells[10:14]"], [("relay", slice(0, 4)), "relay[15:18]"]])
    program = ns.compile(layered(), CHIP, partition=method, mapping=mapping)
    assert len({*cores(program, "out"), *cores(program, "cells")[10:14]}) == 1
    assert len({*cores(program, "relay")[:4], *cores(program, "relay")[15:18]}) == 1


def test_a_group_follows_the_pin_of_one_member() -> None:
    mapping = Mapping(pinned={"out": [7]}, together=[["out", "cells[0:3]"]])
    assert set(cores(ns.compile(layered(), CHIP, mapping=mapping), "cells")[:3]) == {7}


def test_an_empty_mapping_says_nothing() -> None:
    assert ns.compile(layered(), CHIP, mapping=Mapping()).digest == ns.compile(layered(), CHIP).digest


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    chosen: dict[str, Any] = {}
    limit = st.integers(4, 16)
    chosen["neurons_per_core"] = draw(st.none() | limit | st.dictionaries(st.sampled_from(["cells", "relay"]), limit))
    chosen["forbidden_cores"] = sorted(draw(st.sets(st.integers(0, 15), max_size=6)))
    first = draw(st.integers(1, 8))
    chosen["together"] = draw(st.sampled_from([[], [[f"relay[0:{first}]", f"cells[{3 * first}:{4 * first}]"]]]))
    if draw(st.booleans()):
        chosen["pinned"] = {"out": [draw(st.integers(16, 40))]}
    return Mapping(**chosen)


@given(mappings(), st.sampled_from(["greedy", "multilevel"]), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_whatever_is_asked_limits_hold_and_spikes_do_not_change(mapping: Mapping, method: Any, seed: int) -> None:
    chip = with_settings("loihi1", core__neurons=16, core__input_axons=40, core__output_axons=40)
    net = layered()
    try:
        program = ns.compile(net, chip, seed, partition=method, mapping=mapping)
    except (ns.DoesNotFit, ns.MappingError):
        return
    check_program(program)
    assert program.digest == ns.compile(net, chip, seed, partition=method, mapping=mapping).digest
    assert not set(program.tables.core.tolist()) & set(mapping.forbidden_cores)
    assert (spikes(program) == spikes(ns.compile(net, CHIP))).all()


def test_mappings_hold_on_boards_of_several_chips() -> None:
    board = with_settings(
        "loihi1", core__neurons=6, mesh__chips_x=2, mesh__chips_y=2, mesh__tiles_x=2, mesh__tiles_y=1,
        mesh__cores_per_tile=4,
    )  # fmt: skip
    mapping = Mapping(pinned={"out": [7, 31]}, forbidden_cores=[0, 1], neurons_per_core=5)
    program = ns.compile(layered(), board, mapping=mapping)
    assert set(cores(program, "out")) == {7, 31}
    assert not {0, 1, 7, 31} & {*cores(program, "cells"), *cores(program, "relay")}
    assert (spikes(program) == spikes(ns.compile(layered(), CHIP))).all()


# ---------------------------------------------------------------- what contradicts is refused


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"pinned": {"out": [500]}}, ["'out'", "core 500", "0 to 127"]),
        ({"pinned": {"out": [3]}, "forbidden_cores": [3]}, ["'out'", "core 3", "forbidden_cores"]),
        ({"pinned": {"cells": [1, 2]}}, ["'cells'", "cores 1-2", "16 neurons", "core.neurons", "4 cores"]),
        ({"pinned": {"out": [2]}, "neurons_per_core": 5}, ["'out'", "core 2", "neurons_per_core", "2 cores"]),
        ({"pinned": {"out": [2], "relay": [2, 3]}}, ["'out'", "'relay'", "core 2"]),
        ({"pinned": {"out": [2], "relay": [4, 5]}, "together": [["out", "relay[0:2]"]]}, ["'out'", "'relay'", "core"]),
        ({"pinned": {"in": [2]}}, ["'in'", "input"]),
        ({"pinned": {"ou": [2]}}, ["'ou'", "'out'"]),
        ({"pinned": {"out": []}}, ["'out'", "no cores"]),
        ({"pinned": {"out": [1, 1]}}, ["'out'", "twice"]),
        ({"pinned": {"out": 3}}, ["'out'", "list"]),
        ({"together": [["cells"]]}, ["60 neurons", "16", "core.neurons"]),
        ({"together": [["cells[0:12]"]], "neurons_per_core": 10}, ["12 neurons", "10", "neurons_per_core"]),
        ({"together": [["cells[0:100]"]]}, ["cells[0:100]", "0 to 59"]),
        ({"together": [[5]]}, ["5"]),
        ({"together": [["cells[0:2]", "relay"]], "neurons_per_core": {"relay": 9}}, ["relay", "9"]),
        ({"neurons_per_core": 17}, ["17", "16", "core.neurons"]),
        ({"neurons_per_core": 0}, ["0", "at least 1"]),
        ({"neurons_per_core": {"nobody": 3}}, ["'nobody'"]),
        ({"forbidden_cores": [128]}, ["128", "0 to 127"]),
        ({"forbidden_cores": range(128)}, ["none is left"]),
        ({"forbidden_cores": range(125)}, ["6 cores", "has 3", "forbids 125 cores"]),
        ({"forbidden_cores": range(126), "pinned": {"out": [127]}}, ["'cells'", "has 1", "forbids 126"]),
    ],
)
def test_refusals(wishes: Any, words: list[str]) -> None:
    with pytest.raises((ns.MappingError, ns.DoesNotFit)) as refusal:
        ns.compile(layered(), CHIP, mapping=Mapping(**wishes))
    for word in words:
        assert word in str(refusal.value), str(refusal.value)


def test_a_group_with_too_many_sources_is_refused_with_the_limit() -> None:
    chip = with_settings("loihi1", core__neurons=64, core__input_axons=30)
    with pytest.raises(ns.DoesNotFit, match=r"together.* sources, but a loihi1 core holds 30 \(core.input_axons\)"):
        ns.compile(layered(), chip, mapping=Mapping(together=[["cells"]]))


def test_disabled_cores_of_the_profile_contradict_a_pin() -> None:
    chip = with_settings("loihi1", core__neurons=16, mesh__disabled_cores=[4])
    with pytest.raises(ns.MappingError, match=r"core 4, which is disabled on loihi1 \(mesh.disabled_cores\)"):
        ns.compile(layered(), chip, mapping=Mapping(pinned={"out": [4]}))


def test_crossbar_chips_take_no_mapping() -> None:
    with pytest.raises(ns.MappingError, match="crossbars"):
        ns.compile(layered(), "truenorth", approximate=True, mapping=Mapping(forbidden_cores=[0]))


# ---------------------------------------------------------------- in an experiment file


def experiment(tmp_path: Path, mapping: str) -> Path:
    text = f"""
format: neurosim-experiment/1
name: mapped
data: {{file: data.npz}}
liquid: {{shape: [2, 2, 2]}}
chips:
  - chip: loihi1
    partition: multilevel
    mapping: {mapping}
"""
    (tmp_path / "mapped.yaml").write_text(text)
    return tmp_path / "mapped.yaml"


def test_an_experiment_file_says_it_too(tmp_path: Path) -> None:
    from neurosim.experiment import load_experiment

    text = "{neurons_per_core: 4, pinned: {liquid: [3, 5]}, forbidden_cores: [0], together: [['liquid[0:3]']]}"
    chosen = load_experiment(experiment(tmp_path, text)).chips[0]
    assert chosen.mapping == Mapping(4, {"liquid": (3, 5)}, (0,), (("liquid[0:3]",),))
    assert chosen.partition == "multilevel"


@pytest.mark.parametrize(
    ("mapping", "words"),
    [("{neurons_per_cor: 4}", "neurons_per_core"), ("{forbidden_cores: 3}", "list"), ("7", "neurons_per_core")],
)
def test_its_faults_are_told_with_their_line(tmp_path: Path, mapping: str, words: str) -> None:
    from neurosim.experiment import load_experiment

    with pytest.raises(ns.ExperimentError) as refusal:
        load_experiment(experiment(tmp_path, mapping))
    assert "mapped.yaml:9" in str(refusal.value)
    assert words in str(refusal.value)
