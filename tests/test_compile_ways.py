"""However a network is cut and placed: the same spikes; and cuts by mt-kahypar, by all small ways, and by rates."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_accounting import restless, some_spikes, with_settings
from test_partition import cut, packets, random_network

from chips import NetworkError
from compiler import Network, compile, usage
from neurosim import run

N = 60
RATES = np.random.default_rng(5).lognormal(size=N + 3)
WAYS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"core__neurons": 7}, {"partition": "greedy"}),
    ({"core__neurons": 7}, {"seed": 0}),
    ({"core__neurons": 7}, {"seed": 1}),
    ({"core__neurons": 7}, {"rates": RATES}),
    ({"core__neurons": 20}, {"rates": RATES, "seed": 4}),
    ({"core__neurons": 7, "core__input_axons": 40}, {}),
    ({"core__neurons": 3, "mesh__tiles_x": 4, "mesh__tiles_y": 16}, {}),
    ({"core__neurons": 7, "mesh__packets": "multicast"}, {"seed": 2}),
    ({"core__neurons": 5, "mesh__tiles_x": 2, "mesh__tiles_y": 1, "mesh__chips_x": 2, "mesh__chips_y": 2}, {}),
]


def test_ten_ways_to_compile_a_network_give_the_same_spikes() -> None:
    net, spikes = restless(N, 3, 600, 2), some_spikes(3, 60, 1)
    seen, digests = set(), set()
    for overrides, options in WAYS:
        program = compile(net, with_settings("loihi1", **overrides), **options)
        result = run(program, spikes, 60)
        seen.add((result.n_spikes, result.spike_step.tobytes(), result.spike_neuron.tobytes()))
        digests.add(program.digest)
    assert len(digests) == len(WAYS) == 10
    assert len(seen) == 1
    assert next(iter(seen))[0] > 100


def test_rates_weigh_where_cores_are_placed() -> None:
    net = Network()
    net.add_lif("cells", 6)
    net.connect("cells", "cells", [0, 2, 4, 0], [2, 4, 0, 4], 1.0)
    net.connect("cells", "cells", [0, 1, 2, 3, 4, 5], [1, 0, 3, 2, 5, 4], [1.0] * 6)
    chip = with_settings("loihi1", core__neurons=2, mesh__cores_per_tile=1, mesh__tiles_x=1, mesh__tiles_y=3)
    for loud, wanted in (([9, 1, 1, 1, 1, 1], 0), ([1, 1, 9, 1, 1, 1], 2), ([1, 1, 1, 1, 9, 1], 4)):
        program = compile(net, chip, rates=loud)
        t = program.tables
        core = np.repeat(t.core, np.diff(t.core_ptr))[program.slot_of]
        reached = {target for source, target in ((0, 2), (0, 4), (2, 4), (4, 0)) if source == wanted}
        assert sum(abs(int(core[wanted]) - int(core[target])) for target in reached) == len({*reached})


@given(st.integers(0, 10**6), st.integers(3, 9))
@settings(max_examples=15, deadline=None)
def test_no_cut_of_a_small_network_under_all_limits_is_much_better(seed: int, axons: int) -> None:
    chip = with_settings("loihi1", core__neurons=3, core__input_axons=axons, core__output_axons=2 * axons)
    found = cut(random_network(6, 2, seed), chip, "multilevel")
    if found is None:
        return
    _, graph, made = found
    equal = np.ones(graph.n_sources)
    best = min((n, packets(graph, way, equal)) for way, n in all_ways(6) if fits(graph, way, n, 3, axons))
    assert made.n_pieces <= best[0] + 1
    if made.n_pieces == best[0]:
        assert packets(graph, made.piece_of, equal) <= best[1] + 2


def all_ways(n: int) -> list[tuple[npt.NDArray[np.int32], int]]:
    """Every way to put n neurons into pieces, with their number."""
    ways = [[0]]
    for _ in range(n - 1):
        ways = [[*way, piece] for way in ways for piece in range(max(way) + 2)]
    return [(np.array(way, np.int32), max(way) + 1) for way in ways]


def fits(graph: Any, way: npt.NDArray[np.int32], n_pieces: int, full: int, axons: int) -> bool:
    reached = [{*way[graph.out_target[a:b]].tolist()} for a, b in zip(graph.out_ptr, graph.out_ptr[1:], strict=False)]
    inputs = [sum(p in r for r in reached) for p in range(n_pieces)]
    outputs = [sum(len(reached[v]) for v in np.flatnonzero(way == p)) for p in range(n_pieces)]
    return bool(np.bincount(way).max() <= full and max(inputs) <= axons and max(outputs) <= 2 * axons)


# ---------------------------------------------------------------- mt-kahypar


def fake_kahypar() -> Any:
    """A module that fills parts in order, as the real one is called."""

    class Context:
        def set_partitioning_parameters(self, parts: int, slack: float, objective: str) -> None:
            assert objective == "km1"
            self.parts, self.slack = parts, slack

    class Hypergraph:
        def __init__(self, context: Context, n: int, m: int, nets: Any, weights: Any, rates: Any) -> None:
            assert len(nets) == m == len(rates)
            assert weights == [1] * n
            self.n = n

        def partition(self, context: Context) -> Any:
            full = -(-self.n // context.parts)
            return SimpleNamespace(block_id=lambda v: v // full)

    tool = SimpleNamespace(context_from_preset=lambda preset: Context(), create_hypergraph=Hypergraph)
    return SimpleNamespace(
        initialize=lambda threads: tool,
        set_seed=lambda seed: None,
        PresetType=SimpleNamespace(DETERMINISTIC="deterministic"),
        Objective=SimpleNamespace(KM1="km1"),
    )


@given(st.integers(20, 60), st.integers(1, 6), st.integers(8, 40), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_a_cut_of_mt_kahypar_is_made_to_fit_and_is_never_worse_than_the_greedy(
    n: int, fan_out: int, axons: int, seed: int
) -> None:
    net, chip = random_network(n, fan_out, seed), with_settings("loihi1", core__neurons=12, core__input_axons=axons)
    greedy = cut(net, chip)
    if greedy is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mtkahypar", fake_kahypar())
        found = cut(net, chip, "mtkahypar")
        program = compile(net, chip, partition="mtkahypar")
    assert found is not None
    (_, graph, before), (_, _, after) = greedy, found
    rate = np.ones(graph.n_sources)
    assert (after.n_pieces, packets(graph, after.piece_of, rate)) <= (
        before.n_pieces,
        packets(graph, before.piece_of, rate),
    )
    assert usage(program).used["input_axons"].max() <= axons


def test_a_missing_mt_kahypar_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mtkahypar", None)
    with pytest.raises(NetworkError, match=r"pip install neurosim-toolchain\[mtkahypar\]"):
        compile(random_network(40, 3, 0), with_settings("loihi1", core__neurons=10), partition="mtkahypar")


def test_the_real_mt_kahypar_cuts_the_same_twice() -> None:
    pytest.importorskip("mtkahypar", reason="mtkahypar is not installed: its cuts are tested with a fake alone")
    net, chip = random_network(200, 6, 0), with_settings("loihi1", core__neurons=25)
    assert len({compile(net, chip, partition="mtkahypar").digest for _ in range(2)}) == 1
