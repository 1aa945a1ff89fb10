"""The promise of an explanation: its tables are those of the program, and every advice was tried and is true."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import register_networks
from test_accounting import with_settings
from test_cli import neurosim
from test_mapping import CHIP, layered

import neurosim as ns
from compiler.check import check_faithful, check_program
from compiler.check_routes import check_routes
from compiler.lowering.lower import lower
from compiler.lowering.relower import relowered
from compiler.partitioning.sequential import sequential
from compiler.route import route
from compiler.validate import validate
from neurosim import Mapping
from neurosim.explaining.advice import SHARES, pruned

# ---------------------------------------------------------------- a program


def test_bounds_are_below_what_is_used_and_every_core_is_bound_by_something() -> None:
    found = ns.explain(ns.compile(layered(100), CHIP))
    use = found.usage
    assert sum(bound.binds_on for bound in found.bounds) == len(use.core)
    assert all(bound.cores >= 1 and bound.gap == len(use.core) - bound.cores >= 0 for bound in found.bounds)
    assert max(bound.cores for bound in found.bounds) == use.cores_lower_bound
    filled = {bound.resource: bound.mean_fill for bound in found.bounds}
    assert filled["neurons"] == pytest.approx(ns.compile(layered(100), CHIP).n_neurons / 16 / len(use.core))


def test_traffic_is_that_of_usage() -> None:
    program = ns.compile(layered(100), CHIP)
    found, use = ns.explain(program).traffic, ns.usage(program)
    assert (found.packets_per_spike, found.hops_per_spike) == (use.packets_per_spike, use.hops_per_spike)


@pytest.mark.parametrize("border", ["per_tile", "merged"])
def test_the_hottest_links_are_the_fullest_and_join_neighbours(border: str) -> None:
    chip = with_settings(
        "loihi1", core__neurons=8, mesh__chips_x=2, mesh__tiles_x=2, mesh__tiles_y=2, mesh__border=border
    )
    program = ns.compile(layered(100), chip)
    found, use = ns.explain(program), ns.usage(program)
    packets = [link.packets for link in found.links]
    assert packets == sorted(packets, reverse=True)
    inside = [link.packets for link in found.links if not link.border]
    across = [link.packets for link in found.links if link.border]
    assert max(inside, default=0) == use.busiest_link_packets or len(inside) == 0
    assert max(across, default=0) == use.busiest_border_packets or len(across) == 0
    for link in found.links:
        assert abs(link.x - link.to_x) + abs(link.y - link.to_y) == 1
        assert (link.x // 2 != link.to_x // 2 or link.y // 2 != link.to_y // 2) == link.border


def test_quantisation_is_told_by_population() -> None:
    program = ns.compile(layered(), CHIP)
    found = ns.explain(program).quantisation
    assert set(found) == {"cells", "relay", "out"}
    assert sum(map(len, found.values())) == len(program.errors)
    into_cells = [error.where for error in found["cells"] if error.parameter == "weight"]
    assert len(into_cells) == 3
    assert all(where.endswith("-> 'cells'") for where in into_cells)


def test_crossbars_are_explained_but_not_cut_in_order() -> None:
    program = ns.compile(layered(30), "truenorth", approximate=True)
    found = ns.explain(program)
    assert found.sequential is None
    assert found.traffic.cores == program.n_cores
    json.dumps(found.to_dict())


@given(register_networks(), st.sampled_from([3, 8, None]), st.sampled_from([4, 9, None]))
@settings(max_examples=40, deadline=None)
def test_a_program_tells_its_network_and_in_order_it_is_a_program_too(
    net: ns.Network, neurons: int | None, axons: int | None
) -> None:
    chip = with_settings("loihi1", core__neurons=neurons, core__input_axons=axons)
    try:
        program = ns.compile(net, chip)
    except (ns.DoesNotFit, ns.CannotRepresent, ns.NetworkError):
        return
    check_faithful(program, relowered(program))
    made = sequential(program)
    assert made.program is not None
    check_program(made.program)
    check_faithful(made.program, lower(validate(net), chip))
    check_routes(made.program, route(made.program))
    assert (np.diff(made.program.tables.neuron_of) == 1).all()
    use = ns.usage(made.program)
    assert made.packets_per_spike == pytest.approx(use.packets_per_spike)
    assert made.packets_between_cores_per_spike == pytest.approx(use.packets_between_cores_per_spike)


def test_in_order_cores_are_filled_until_a_limit_is_met() -> None:
    made = sequential(ns.compile(layered(100), CHIP))
    assert made.program is not None
    assert np.diff(made.program.tables.core_ptr)[:-1].tolist() == [16] * (made.cores - 1)


def test_too_few_cores_for_the_simplest_way_are_told() -> None:
    """A neighbourhood that one core holds, but not in the order of the numbers."""
    n = 64
    net = ns.Network()
    net.add_lif("a", n)
    near = np.arange(n).reshape(8, 8).T.ravel()  # eight cliques, dealt out over the numbers
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b and a // 8 == b // 8]
    source, target = near[np.array(pairs).T]
    net.connect("a", "a", source, target, 1.0)
    chip = with_settings("loihi1", core__neurons=8, core__input_axons=8, mesh__tiles_x=2, mesh__tiles_y=1)
    found = ns.explain(ns.compile(net, chip))
    assert found.sequential is not None
    assert found.sequential.cores > 8
    assert found.sequential.hops_per_spike is None


# ---------------------------------------------------------------- advice


def refusal(net: ns.Network, chip: ns.ChipProfile, **how: Any) -> ns.DoesNotFit:
    with pytest.raises(ns.DoesNotFit) as found:
        ns.compile(net, chip, **how)
    return found.value


SMALL = with_settings("tiny", core__neurons=16, core__input_axons=64, core__output_axons=64)


@pytest.fixture(scope="module")
def advice() -> ns.Advice:
    net = layered(60)
    return ns.advise(net, SMALL, refusal(net, SMALL))


def test_it_says_which_limit_and_by_how_much(advice: ns.Advice) -> None:
    assert (advice.key, advice.limit) == ("cores", 4)
    assert advice.needed is not None
    assert advice.needed > 4
    assert str(refusal(layered(60), SMALL)) == advice.reason


def test_what_is_said_to_fit_fits(advice: ns.Advice) -> None:
    fitting = [each for each in advice.tries if each.fits and each.setting]
    assert any("mesh.chips_x" in each.setting for each in fitting)
    assert any(each.setting == "--chip loihi1" for each in fitting)
    for each in fitting:
        option, _, value = each.setting.partition(" ")
        chip = ns.load_chip(value) if option == "--chip" else None
        if option == "--set":
            key, _, number = value.partition("=")
            chip = ns.load_chip("tiny", {**SMALL.overrides, key: int(number)})
        if chip is not None:
            assert ns.compile(layered(60), chip, partition="greedy").n_cores == each.cores


def test_what_is_said_not_to_fit_does_not(advice: ns.Advice) -> None:
    tried = [each for each in advice.tries if each.fits is False and each.setting.startswith("--chip")]
    assert tried
    for each in tried:
        with pytest.raises(ns.NeurosimError):
            ns.compile(layered(60), each.setting.removeprefix("--chip "))
    assert all(each.result.startswith("tried: ") for each in advice.tries if each.fits is not None)
    assert all(each.result.startswith("not tried") for each in advice.tries if each.fits is None)


def test_the_smallest_share_of_synapses_is_found() -> None:
    chip = with_settings("loihi1", core__neurons=64, core__synapse_memory_bits=4096, mesh__tiles_x=1, mesh__tiles_y=1)
    net = layered(150)
    found = next(t for t in ns.advise(net, chip, refusal(net, chip)).tries if "pruned" in t.change)
    assert found.fits
    share = round(float(found.change.partition("%")[0]) / 100 * SHARES)
    assert ns.compile(pruned(net, share / SHARES), chip).n_cores == found.cores
    refusal(pruned(net, (share - 1) / SHARES), chip)


def test_pruning_takes_the_smallest_weights_and_nothing_else() -> None:
    net = ns.Network()
    net.add_lif("a", 4)
    net.connect("a", "a", [0, 1, 2, 3], [1, 2, 3, 0], [0.5, -2.0, 1.0, -0.25], [1, 2, 3, 4])
    kept = pruned(net, 0.5).projections[0]
    assert kept.weights.tolist() == [-2.0, 1.0]
    assert (kept.sources.tolist(), kept.delays.tolist()) == ([1, 2], [2, 3])
    assert net.projections[0].n_synapses == 4


def test_a_limit_of_single_cores_is_told_as_one() -> None:
    chip = with_settings("loihi1", core__input_axons=3)
    net = layered(60)
    found = ns.advise(net, chip, refusal(net, chip))
    assert (found.key, found.limit) == ("core.input_axons", 3)
    assert not any("mesh" in each.setting for each in found.tries)
    assert any(each.fits and "pruned" in each.change for each in found.tries)


def test_a_chip_of_one_bit_weights_is_refused_and_not_stumbled_over() -> None:
    with pytest.raises(ns.CannotRepresent, match=r"1 bit \(synapse.weight_bits"):
        ns.compile(layered(), with_settings("loihi1", synapse__weight_bits=[1]))


def test_without_the_mapping_is_tried() -> None:
    mapping = Mapping(forbidden_cores=range(126))
    net = layered(60)
    found = ns.advise(net, CHIP, refusal(net, CHIP, mapping=mapping), mapping=mapping)
    assert found.tries[0].change == "without the mapping"
    assert found.tries[0].fits


def test_advice_is_the_same_every_time(advice: ns.Advice) -> None:
    net = layered(60)
    assert ns.advise(net, SMALL, refusal(net, SMALL)) == advice


def test_what_is_too_large_to_try_is_named_and_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.explaining.advice.WORK", 3000)
    net = layered(60)
    tries = ns.advise(net, SMALL, refusal(net, SMALL)).tries
    assert sum(each.fits is not None for each in tries) <= 3
    assert any("too large" in each.result for each in tries)


# ---------------------------------------------------------------- the command line


def test_explain_on_the_command_line(tmp_path: Path) -> None:
    layered(60).save(tmp_path / "net.npz")
    command = ["compile", "net.npz", "-c", "loihi1", "--set", "core.neurons=16", "--explain"]
    plain = neurosim(*command, cwd=tmp_path)
    assert plain.returncode == 0, plain.stderr
    for words in ("lower bounds", "in order", "hottest links", "quantisation", "used beyond"):
        assert words in plain.stdout
    data = json.loads(neurosim(*command, "--json", cwd=tmp_path).stdout)
    assert data["explanation"] == json.loads(json.dumps(ns.explain(ns.compile(layered(60), CHIP)).to_dict()))


def test_advice_comes_after_the_same_refusal(tmp_path: Path) -> None:
    layered(60).save(tmp_path / "net.npz")
    bare = neurosim("compile", "net.npz", "-c", "tiny", cwd=tmp_path)
    told = neurosim("compile", "net.npz", "-c", "tiny", "--explain", cwd=tmp_path)
    assert (bare.returncode, told.returncode) == (1, 1)
    assert bare.stderr == told.stderr
    assert "tried: fits on" in told.stdout
    data = json.loads(neurosim("compile", "net.npz", "-c", "tiny", "--explain", "--json", cwd=tmp_path).stdout)
    assert f"error: {data['error']}\n" == bare.stderr
    assert any(each["fits"] for each in data["advice"]["tries"])
    assert not (tmp_path / "program.npz").exists()
