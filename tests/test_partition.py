"""The promise of a partition: every limit holds, whatever the method, and the better one is never the worse."""

from itertools import pairwise, product
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import register_networks
from test_accounting import with_settings

from chips import ChipProfile, DoesNotFit, NetworkError
from chips.packing import list_bits
from compiler import Network, compile, usage
from compiler.check import check_program
from compiler.kernels import pieces
from compiler.lowering.lower import lower
from compiler.lowering.lowered import LoweredNetwork
from compiler.output_axons import ExpectedAxons
from compiler.partitioning import improve as improving
from compiler.partitioning import partition as partitioning
from compiler.partitioning.hypergraph import Hypergraph, hypergraph, source_pieces
from compiler.partitioning.improve import improve
from compiler.partitioning.multilevel import coarser, finest, scratch_for, state_of
from compiler.partitioning.partition import partition
from compiler.partitioning.piece_use import Partition, piece_limits
from compiler.partitioning.problem import Problem
from compiler.validate import validate

LIMITS = ("neurons", "input_axons", "output_axons")


@st.composite
def tight_chips(draw: st.DrawFn) -> ChipProfile:
    """A chip of many small cores, of lists or with a pool on top."""
    limits: dict[str, Any] = {f"core__{key}": draw(st.none() | st.integers(4, 24)) for key in LIMITS}
    limits["core__neurons"] = draw(st.integers(2, 6))
    limits["core__synapse_memory_bits"] = draw(st.none() | st.integers(512, 4096))
    if draw(st.booleans()):
        return with_settings("loihi2", **limits, pool__memory_bits=draw(st.integers(2000, 12000)))
    return with_settings("loihi1", **limits)


def cut(
    net: Network, chip: ChipProfile, method: Any = "greedy", rates: Any = None, seed: int = 0
) -> tuple[LoweredNetwork, Hypergraph, Partition] | None:
    """The pieces, or None where the network was refused."""
    try:
        low = lower(validate(net), chip, None, False)
        graph = hypergraph(low)
        return low, graph, partition(low, graph, chip, rates, method, seed)
    except (DoesNotFit, NetworkError):
        return None


def packets(graph: Hypergraph, piece_of: npt.NDArray[np.int32], rate: npt.NDArray[np.float64]) -> float:
    """Counted source by source: rate x the distinct pieces that it reaches, but for its own."""
    total = 0.0
    for s in range(graph.n_sources):
        reached = set(piece_of[graph.out_target[graph.out_ptr[s] : graph.out_ptr[s + 1]]].tolist())
        total += rate[s] * len(reached - ({int(piece_of[s])} if s < graph.n_neurons else set()))
    return total


def random_network(n: int, fan_out: int, seed: int) -> Network:
    rng = np.random.default_rng(seed)
    net = Network()
    net.add_lif("cells", n)
    net.add_input("in", 5)
    net.connect("cells", "cells", np.repeat(np.arange(n), fan_out), rng.integers(0, n, n * fan_out), 1.0)
    net.connect("in", "cells", rng.integers(0, 5, 3 * n), rng.integers(0, n, 3 * n), -1.0)
    return net


# ---------------------------------------------------------------- whatever the network and the chip


@given(register_networks(), tight_chips(), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_it_fits_whenever_the_greedy_fits_and_is_never_worse(net: Network, chip: ChipProfile, seed: int) -> None:
    greedy, better = cut(net, chip), cut(net, chip, "multilevel", seed=seed)
    assert (greedy is None) or (better is not None)
    if greedy is None or better is None:
        return
    (_, graph, before), (_, _, after) = greedy, better
    equal = np.ones(graph.n_sources)
    assert sorted(set(after.piece_of.tolist())) == list(range(after.n_pieces))
    assert after.n_pieces <= before.n_pieces
    if after.n_pieces == before.n_pieces:
        assert packets(graph, after.piece_of, equal) <= packets(graph, before.piece_of, equal) + 1e-6
    program = compile(net, chip, partition="multilevel", seed=seed)  # its checks share no code with the passes
    assert program.n_cores == after.n_pieces


@given(st.integers(20, 60), st.integers(1, 6), tight_chips(), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_all_limits_hold_as_the_checker_counts_them(n: int, fan_out: int, chip: ChipProfile, seed: int) -> None:
    net = random_network(n, fan_out, seed)
    if cut(net, chip) is None:
        return
    use = usage(compile(net, chip, partition="multilevel"))
    for key, limit in use.limit.items():
        assert limit is None or use.used[key].max() <= limit


@pytest.mark.parametrize(("large", "very_large"), [(0, 10**9), (0, 0)])
@given(n=st.integers(20, 60), fan_out=st.integers(1, 6), chip=tight_chips(), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_networks_that_are_taken_as_large_fit_too(
    large: int, very_large: int, n: int, fan_out: int, chip: ChipProfile, seed: int
) -> None:
    net = random_network(n, fan_out, seed)
    with (
        patch.object(partitioning, "LARGE", large),
        patch.object(improving, "VERY_LARGE", very_large),
        patch.object(partitioning, "FEW", 1.0),
    ):
        found = cut(net, chip, "multilevel", None, seed)
        assert (found is None) == (cut(net, chip) is None)
        if found is None:
            return
        again = cut(net, chip, "multilevel", None, seed)
        assert again is not None
        assert again[2].piece_of.tolist() == found[2].piece_of.tolist()
        check_program(compile(net, chip, seed))  # refuses what is beyond a limit, or lost


@given(st.integers(10, 40), st.integers(1, 5), st.integers(2, 6), st.integers(0, 99), st.booleans())
@settings(max_examples=60, deadline=None)
def test_moves_know_exactly_what_they_change(n: int, fan_out: int, n_pieces: int, seed: int, table: bool) -> None:
    chip = with_settings("loihi1")
    low = lower(validate(random_network(n, fan_out, seed)), chip, None, False)
    graph, rng = hypergraph(low), np.random.default_rng(seed)
    rate = rng.lognormal(size=graph.n_sources)
    each = np.array([f.weight_bits + f.index_bits + f.delay_bits for f in low.formats], np.int64)
    level = finest(graph, rate, np.zeros(n, np.int64), each[graph.net_format])
    cluster_of = np.arange(n, dtype=np.int32)
    if seed % 2:
        level, cluster_of = coarser(level, 3, rng, np.zeros(n, np.int32))
    packing = np.array([64, 10, 64, 0], np.int64)
    limits = pieces.Limits(piece_limits(chip), packing, np.ones(1, np.bool_))
    start = rng.integers(0, n_pieces, len(level.weight)).astype(np.int32)
    state, cost = state_of(level, start, n_pieces, limits, table=table)
    for _ in range(20):
        v, to = int(rng.integers(len(level.weight))), int(rng.integers(n_pieces))
        if to == state.piece_of[v]:
            continue
        gain, stamp, touched, *_ = scratch_for(level, n_pieces)
        _, base = pieces.weigh(v, level, state, gain, stamp, 1, touched)
        saved = base + (gain[to] if stamp[to] == 1 else 0)
        change = pieces.move(v, to, level, state, packing)
        cost += change
        assert change == -saved
    piece_of = state.piece_of[cluster_of]
    assert cost == packets(graph, piece_of, level.rate)
    assert cost == pieces.cost(level, state)
    source, reached = source_pieces(graph, piece_of)
    neuron = source < n
    assert state.used[:, 0].tolist() == np.bincount(piece_of, minlength=n_pieces).tolist()
    assert state.used[:, 1].tolist() == np.bincount(reached, minlength=n_pieces).tolist()
    assert state.used[:, 2].tolist() == np.bincount(piece_of[source[neuron]], minlength=n_pieces).tolist()
    lists, length = np.unique((low.source * 16 + low.format_of) * n_pieces + piece_of[low.target], return_counts=True)
    bits = np.zeros(n_pieces, np.int64)
    for key, count in zip(lists.tolist(), length.tolist(), strict=True):
        bits[key % n_pieces] += list_bits(count, int(each[key // n_pieces % 16]), chip.lists)
    assert state.used[:, 3].tolist() == bits.tolist()


@pytest.mark.parametrize("layout", ["list", "row"])
@given(n=st.integers(1, 300), each=st.integers(1, 40))
def test_lists_take_the_bits_that_the_packing_says(layout: str, n: int, each: int) -> None:
    lists = with_settings("loihi1").lists.model_copy(update={"layout": layout})
    packing = [lists.block_synapses, lists.block_header_bits, lists.word_bits, layout == "row"]
    assert pieces.list_bits(n, each, np.array(packing, np.int64)) == list_bits(n, each, lists)


# ---------------------------------------------------------------- how good


def ring_of_cliques(n_cliques: int, size: int, seed: int) -> Network:
    """Cliques, each with one synapse to the next, neurons in a random order: the best cut is plain."""
    number = np.random.default_rng(seed).permutation(n_cliques * size)
    inside = [
        (c * size + a, c * size + b) for c in range(n_cliques) for a in range(size) for b in range(size) if a != b
    ]
    between = [(c * size, (c * size + size + 1) % (n_cliques * size)) for c in range(n_cliques)]
    pairs = number[np.array(inside + between)]
    net = Network()
    net.add_lif("cells", n_cliques * size)
    net.connect("cells", "cells", pairs[:, 0], pairs[:, 1], 1.0)
    return net


@pytest.mark.parametrize("seed", range(3))
def test_cliques_are_found(seed: int) -> None:
    found = cut(ring_of_cliques(8, 16, seed), with_settings("loihi1", core__neurons=16), "multilevel")
    assert found is not None
    _, graph, made = found
    assert made.n_pieces == 8
    assert packets(graph, made.piece_of, np.ones(graph.n_sources)) == 8


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_small_networks_are_cut_about_as_well_as_can_be(seed: int) -> None:
    net = random_network(8, 2, seed)
    found = cut(net, with_settings("loihi1", core__neurons=4), "multilevel")
    assert found is not None
    _, graph, made = found
    equal = np.ones(graph.n_sources)
    ways = (np.array((0, *way), np.int32) for way in product((0, 1), repeat=7) if sum(way) == 4)
    best = min(packets(graph, way, equal) for way in ways)
    assert packets(graph, made.piece_of, equal) <= best + 2


def test_rates_say_which_packets_are_dear() -> None:
    net = Network()
    net.add_lif("cells", 4)
    net.connect("cells", "cells", [0, 0, 1, 1], [1, 2, 0, 3], 1.0)  # pairs that talk, and each with one more
    chip = with_settings("loihi1", core__neurons=2)
    for rates in ([1, 9, 1, 1], [9, 1, 1, 1]):
        found = cut(net, chip, "multilevel", np.array(rates, float))
        assert found is not None
        _, graph, made = found
        ways = (np.array((0, *way), np.int32) for way in product((0, 1), repeat=3) if sum(way) == 2)
        best = min(packets(graph, way, np.array(rates, float)) for way in ways)
        assert packets(graph, made.piece_of, np.array(rates, float)) == best


# ---------------------------------------------------------------- the same, and refused


def test_one_seed_gives_the_same_bytes() -> None:
    net, chip = random_network(400, 8, 1), with_settings("loihi1", core__neurons=40)
    digests = {compile(net, chip, seed=3, partition="multilevel").digest for _ in range(3)}
    assert len(digests) == 1


def test_parts_keep_their_neurons() -> None:
    net = ring_of_cliques(8, 16, 0)
    board = with_settings(
        "loihi1", core__neurons=16, mesh__tiles_x=1, mesh__tiles_y=1, mesh__cores_per_tile=4, mesh__chips_x=2
    )
    low = lower(validate(net), board, None, False)
    graph = hypergraph(low)
    grown = partition(low, graph, board, method="greedy")
    assert grown.part_of is not None
    better = improve(grown, Problem(low, graph, board, np.ones(graph.n_sources), "multilevel", 0))
    assert better.part_of is not None
    assert (better.part_of[better.piece_of] == grown.part_of[grown.piece_of]).all()


@pytest.mark.parametrize(
    ("rates", "words"),
    [([1.0], "shape"), ([-1.0] * 25, "at least 0"), ([float("nan")] * 25, "at least 0"), (["a"] * 25, "numbers")],
)
def test_rates_that_are_none_are_refused(rates: Any, words: str) -> None:
    with pytest.raises(NetworkError, match=words):
        compile(random_network(20, 2, 0), "loihi1", partition="multilevel", rates=rates)


def test_a_method_that_there_is_not_is_refused() -> None:
    with pytest.raises(NetworkError, match="'best'"):
        compile(random_network(20, 2, 0), "loihi1", partition="best")  # type: ignore[arg-type]


def test_a_round_expects_what_was_needed_and_the_last_the_most_there_can_be() -> None:
    axons, seen = ExpectedAxons(0, np.array([50, 90])), []
    for expected in axons.rounds():
        seen.append(expected.tolist())
        axons.needed(np.array([20, 30]))
    assert seen[:3] == [[0, 0], [20, 30], [21, 31]]  # a hundredth more with each round, rounded up
    assert all(low <= high for one, other in pairwise(seen) for low, high in zip(one, other, strict=True))
    assert seen[-1] == [50, 90]
