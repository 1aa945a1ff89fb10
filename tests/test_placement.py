"""The promise of placement and routes: each piece has a core of its own, hops cost little, copies are counted once."""

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import synapses
from test_accounting import restless, scattered, some_spikes
from test_boards import Walk, boards, column, with_settings

from chips import ChipProfile, NetworkError, ProfileError, ProgramError, RunError, load_chip
from compiler import Program, compile, route, usage
from compiler.board import chip_of, compact_cores
from compiler.check_routes import check_routes
from compiler.lowering.lower import lower
from compiler.partitioning.hypergraph import hypergraph
from compiler.partitioning.partition import partition
from compiler.placement.place import piece_traffic, place, place_pieces
from compiler.placement.placement_cost import LINK_WEIGHT
from compiler.validate import validate
from neurosim import RunResult, energy, latency, network_time, run

Traffic = np.ndarray[Any, Any]


def some_traffic(n: int, seed: int, density: float = 0.5) -> Traffic:
    """Packets from piece to piece, none to itself."""
    rng = np.random.default_rng(seed)
    traffic = rng.integers(1, 100, (n, n)) * (rng.random((n, n)) < density)
    np.fill_diagonal(traffic, 0)
    return traffic.astype(np.float64)


def costs(traffic: Traffic, core: Traffic, chip: ChipProfile) -> Traffic:
    """Of arrangements [arrangement, piece]: energy of all hops on plain ways, and the busiest link at so many hops."""
    walk, prices = Walk(load_chip("loihi1", _whole(chip))), chip.energy
    is_free = prices.hop_x_pj + prices.hop_y_pj == 0
    hop = {True: 1.0 if is_free else prices.hop_x_pj, False: 1.0 if is_free else prices.hop_y_pj}
    used = np.unique(core)
    at = np.searchsorted(used, core)
    price, crossed = np.zeros((len(used), len(used))), {}
    for i, j in itertools.permutations(range(len(used)), 2):
        for a, b in walk.way(walk.tile(int(used[i])), walk.tile(int(used[j]))) or []:
            crosses = walk.chip(a) != walk.chip(b)
            is_dear = crosses and prices.border_pj is not None
            price[i, j] += prices.border_pj if is_dear else hop[a[1] == b[1]]
            link = walk.link((a, b)) if crosses else (a, b)
            crossed.setdefault(link, np.zeros(price.shape))[i, j] = 1
    total, load = np.zeros(len(core)), np.zeros((len(core), len(crossed)))
    ways = np.stack([*crossed.values()], axis=-1) if crossed else np.zeros((*price.shape, 0))
    for p, q in zip(*np.nonzero(traffic), strict=True):
        total += traffic[p, q] * price[at[:, p], at[:, q]]
        load += traffic[p, q] * ways[at[:, p], at[:, q]]
    return total / (sum(hop.values()) / 2) + LINK_WEIGHT * load.max(axis=1, initial=0)


def cost(traffic: Traffic, core: Traffic, chip: ChipProfile) -> float:
    """Of one arrangement: [piece]."""
    return float(costs(traffic, core[None], chip)[0])


def _whole(chip: ChipProfile) -> dict[str, Any]:
    return {key: value for key, value in chip.overrides.items() if "disabled" not in key}


# ---------------------------------------------------------------- placement


@given(boards(), st.integers(1, 30), st.integers(0, 10**6), st.sampled_from([None, 0.0, 50.0]))
@settings(max_examples=80, deadline=None)
def test_every_piece_has_a_free_core_and_costs_no_more_than_in_order(
    chip: ChipProfile, n: int, seed: int, border: float | None
) -> None:
    chip = load_chip("loihi1", {**chip.overrides, "energy.border_pj": border})
    mesh = chip.mesh
    usable = np.setdiff1d(np.arange(mesh.n_cores), mesh.disabled_cores).astype(np.int32)
    roomiest = np.bincount(chip_of(usable, mesh), minlength=mesh.n_chips)
    n = min(n, int(roomiest.max()))
    traffic = some_traffic(n, seed)
    core = place_pieces(traffic, chip, seed).core_of
    assert len(set(core.tolist())) == n
    assert set(core.tolist()) <= set(usable.tolist())
    assert len(np.unique(chip_of(core, mesh))) == 1
    in_order = compact_cores(mesh, int(chip_of(core, mesh)[0]), n)[:n]
    assert cost(traffic, core, chip) <= cost(traffic, in_order, chip) * (1 + 1e-9)
    assert place_pieces(traffic, chip, seed).core_of.tobytes() == core.tobytes()


@given(boards(), st.integers(2, 4), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_parts_stay_on_a_chip_of_their_own(chip: ChipProfile, parts: int, seed: int) -> None:
    mesh = chip.mesh
    usable = np.setdiff1d(np.arange(mesh.n_cores), mesh.disabled_cores)
    room = np.bincount(chip_of(usable.astype(np.int32), mesh), minlength=mesh.n_chips)
    assume((room > 0).sum() >= parts)
    sizes = np.minimum(np.sort(room)[::-1][:parts], 3)
    part_of = np.repeat(np.arange(parts), sizes).astype(np.int32)
    core = place_pieces(some_traffic(len(part_of), seed), chip, seed, part_of).core_of
    assert len(set(core.tolist())) == len(core)
    on = chip_of(core, mesh)
    assert len({(p, c) for p, c in zip(part_of.tolist(), on.tolist(), strict=True)}) == parts == len(set(on.tolist()))


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("name", ["loihi1", "ideal"])
def test_few_pieces_are_placed_as_well_as_by_trying_all_orders(n: int, name: str) -> None:
    chip = with_settings(name, mesh__cores_per_tile=1, mesh__tiles_x=4, mesh__tiles_y=4)
    orders = np.array(list(itertools.permutations(compact_cores(chip.mesh, 0, n).tolist())))
    for seed in range(3):
        traffic = some_traffic(n, seed)
        found = cost(traffic, place_pieces(traffic, chip, seed).core_of, chip)
        assert found == pytest.approx(costs(traffic, orders, chip).min())


def test_a_dear_direction_is_avoided() -> None:
    chain = np.zeros((12, 12))
    chain[np.arange(11), np.arange(1, 12)] = 1
    for key, along in (("energy.hop_y_pj", "x"), ("energy.hop_x_pj", "y")):
        mesh = {"mesh.cores_per_tile": 1, "mesh.tiles_x": 4, "mesh.tiles_y": 4}
        chip = load_chip("loihi1", {**mesh, "energy.hop_x_pj": 1.0, "energy.hop_y_pj": 1.0, key: 40.0})
        x, y = np.divmod(place_pieces(chain, chip).core_of, 4)
        steps = {"x": np.abs(np.diff(x)).sum(), "y": np.abs(np.diff(y)).sum()}
        assert steps[along] > steps["y" if along == "x" else "x"]


# ---------------------------------------------------------------- rates


def test_rates_weight_the_packets_of_each_source() -> None:
    net, chip = restless(20, 2, 60, 1), with_settings("loihi1", core__neurons=4)
    lowered = lower(validate(net), chip)
    graph = hypergraph(lowered)
    pieces = partition(lowered, graph, chip)
    rates = np.random.default_rng(0).random(20) * np.arange(20)
    wanted = np.zeros((pieces.n_pieces, pieces.n_pieces))
    piece = pieces.piece_of.tolist()
    for source, to in {(s, piece[t]) for s, t, _, _ in synapses(net) if s < 20}:
        wanted[piece[source], to] += rates[source] * (piece[source] != to)
    np.testing.assert_allclose(piece_traffic(pieces, graph, rates), wanted)
    alike = [place(pieces, graph, chip, 3, r).core_of.tobytes() for r in (None, np.ones(20), np.full(20, 4))]
    assert alike[0] == alike[1] == alike[2]
    for wrong, message in (([1, 2], "rates have shape"), (-np.ones(20), "rate of neuron 0 is -1"), ("many", "rates")):
        with pytest.raises(NetworkError, match=message):
            place(pieces, graph, chip, 3, wrong)
    nothing = np.full(20, np.nan)
    with pytest.raises(NetworkError, match="rate of neuron 0 is nan"):
        place(pieces, graph, chip, 3, nothing)


# ---------------------------------------------------------------- multicast


def multicast(chip: ChipProfile) -> ChipProfile:
    """The same board, whose packets are copied on their way."""
    return load_chip("loihi1", {**chip.overrides, "mesh.packets": "multicast"})


def united(program: Program, source_cores: dict[int, set[int]], home: int, source: int, walk: Walk) -> set[Any]:
    """The links, tile to tile, that one spike crosses."""
    ways = [walk.way(walk.tile(home), walk.tile(core)) for core in source_cores.get(source, ())]
    return {link for way in ways for link in way or []}


def reached_cores(net: Any, program: Program) -> tuple[dict[int, int], dict[int, set[int]]]:
    tables = program.tables
    cores = np.repeat(tables.core, np.diff(tables.core_ptr)).tolist()
    core_of = dict(zip(tables.neuron_of.tolist(), cores, strict=True))
    reached: dict[int, set[int]] = {}
    for source, target, _, _ in synapses(net):
        reached.setdefault(source, set()).add(core_of[target])
    return core_of, reached


def check_run(net: Any, program: Program, result: RunResult, walk: Walk, steps: int) -> None:
    """All that a run says of packets on their way, against the unions of walks."""
    used, (core_of, reached) = program.tables.core.tolist(), reached_cores(net, program)
    events: Counter[Any] = Counter()
    inside: Counter[Any] = Counter()
    between: Counter[Any] = Counter()
    for t, source in zip(result.spike_step.tolist(), result.spike_neuron.tolist(), strict=True):
        home = core_of[source]
        events[t, home, "packets_out"] += source in reached
        events[t, home, "packets_between_cores"] += bool(reached.get(source, set()) - {home})
        for core in reached.get(source, ()):
            events[t, core, "packets_in"] += 1
        for a, b in united(program, reached, home, source, walk):
            axis, crosses = "x" if a[1] == b[1] else "y", walk.chip(a) != walk.chip(b)
            events[t, home, f"hops_{axis}"] += 1
            events[t, home, f"borders_{axis}"] += crosses
            if crosses:
                between[t, walk.link((a, b))] += 1
            else:
                inside[t, (a, b)] += 1
    counts = result.counts
    for kind in ("packets_out", "packets_between_cores", "packets_in", "hops_x", "hops_y", "borders_x", "borders_y"):
        assert counts.step_of(kind).tolist() == [[events[t, c, kind] for c in used] for t in range(steps)], kind
    for found, load in ((counts.busiest_link, inside), (counts.busiest_border, between)):
        assert found is not None
        assert found.tolist() == [max((v for (at, _), v in load.items() if at == t), default=0) for t in range(steps)]


@given(boards(), st.integers(2, 24), st.integers(5, 80), st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_a_multicast_packet_crosses_each_link_of_the_united_ways_once(
    chip: ChipProfile, n: int, m: int, seed: int
) -> None:
    chip, steps = multicast(chip), 8
    net, walk = restless(n, 2, m, seed), Walk(chip)
    program = scattered(net, chip, 8, seed)
    used = program.tables.core.tolist()
    assume(all(walk.way(walk.tile(a), walk.tile(b)) is not None for a in used for b in used))
    check_routes(program, route(program))
    check_run(net, program, run(program, some_spikes(2, steps, seed), steps), walk, steps)


def test_many_cores_are_counted_axon_by_axon_with_the_same_trees() -> None:
    chip = multicast(with_settings("loihi1", core__neurons=2))
    net = restless(200, 2, 500, 5)
    program = scattered(net, chip, 100, 5)
    check_run(net, program, run(program, some_spikes(2, 6, 5), 6), Walk(chip), 6)


@given(boards(), st.integers(2, 24), st.integers(5, 80), st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_the_report_tells_hops_and_loads_of_both(chip: ChipProfile, n: int, m: int, seed: int) -> None:
    net, walk = restless(n, 2, m, seed), Walk(chip)
    programs = [scattered(net, c, 8, seed) for c in (chip, multicast(chip))]
    used = programs[0].tables.core.tolist()
    assume(all(walk.way(walk.tile(a), walk.tile(b)) is not None for a in used for b in used))
    core_of, reached = reached_cores(net, programs[0])
    loads: dict[str, Counter[Any]] = {"unicast": Counter(), "multicast": Counter()}
    for source, home in core_of.items():
        for core in reached.get(source, ()):
            loads["unicast"].update(walk.way(walk.tile(home), walk.tile(core)) or [])
        loads["multicast"].update(united(programs[0], reached, home, source, walk))
    for program, own in zip(programs, loads, strict=True):
        use = usage(program)
        for kind, load in loads.items():
            assert use.hops_per_spike_by_packets[kind] == pytest.approx(sum(load.values()) / n)
            inside = [v for (a, b), v in load.items() if walk.chip(a) == walk.chip(b)]
            assert use.busiest_link_by_packets[kind] == max(inside, default=0)
            border: Counter[Any] = Counter()
            for link, v in load.items():
                border[walk.link(link)] += v * (walk.chip(link[0]) != walk.chip(link[1]))
            assert use.busiest_border_by_packets[kind] == max(border.values(), default=0)
        assert use.hops_per_spike == use.hops_per_spike_by_packets[own]
        assert use.busiest_link_packets == use.busiest_link_by_packets[own]


def test_multicast_changes_no_spike_and_costs_less() -> None:
    net = column((6, 6, 20))
    spent = []
    for chip in (with_settings("loihi1", core__neurons=8), multicast(with_settings("loihi1", core__neurons=8))):
        net = restless(200, 2, 2000, 4)
        result = run(compile(net, chip), some_spikes(2, 50, 1), 50)
        spent.append((energy(result.counts, chip).by_event, latency(result.counts, chip).total_ns, result))
    one, other = spent
    assert one[2].spike_step.tobytes() == other[2].spike_step.tobytes()
    assert one[2].spike_neuron.tobytes() == other[2].spike_neuron.tobytes()
    assert 0 < other[0]["hop_x"] + other[0]["hop_y"] < 0.8 * (one[0]["hop_x"] + one[0]["hop_y"])
    assert other[1] < one[1]
    for event in ("synaptic_event", "packet_in", "neuron_update", "spike"):
        assert one[0][event] == other[0][event]


@given(boards(), st.integers(3, 16), st.integers(0, 10**6), st.data())
@settings(max_examples=60, deadline=None)
def test_a_forged_tree_is_noticed(chip: ChipProfile, n: int, seed: int, data: st.DataObject) -> None:
    walk, chip = Walk(chip), multicast(chip)
    program = scattered(restless(n, 1, 60, seed), chip, 8, seed)
    used = program.tables.core.tolist()
    assume(all(walk.way(walk.tile(a), walk.tile(b)) is not None for a in used for b in used))
    routes = route(program)
    assert routes.trees is not None
    name = data.draw(st.sampled_from(["link", "hops_x", "borders_y", "ptr"]))
    table = getattr(routes.trees, name).copy()
    assume(len(table) > 0 and len(routes.link) > 1)
    i = data.draw(st.integers(0, len(table) - 1))
    table[i] = (table[i] + 1) % len(routes.link) if name == "link" else table[i] + 1
    with pytest.raises(ProgramError, match=r"route|tree"):
        check_routes(program, replace(routes, trees=replace(routes.trees, **{name: table})))
    with pytest.raises(ProgramError, match="no trees"):
        check_routes(program, replace(routes, trees=None))


def test_packets_are_one_or_the_other_and_the_queued_model_refuses_copies() -> None:
    with pytest.raises(ProfileError, match="must be unicast or multicast, not 'broadcast'"):
        load_chip("loihi1", {"mesh.packets": "broadcast"})
    assert load_chip("loihi1").mesh.packets == "unicast"
    chip = load_chip("loihi1", {"core.neurons": 8, "mesh.packets": "multicast"})
    program = compile(restless(20, 2, 60, 1), chip)
    result = run(program, some_spikes(2, 5, 1), 5)
    assert network_time(result, program, model="analytic").total_ns > 0
    with pytest.raises(RunError, match=r"copied on their way.*mesh.packets"):
        network_time(result, program)
