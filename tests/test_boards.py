"""The promise of a board: what crosses from chip to chip is counted and priced, and what is disabled is left alone."""

import functools
import re
from collections import Counter, deque
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import synapses
from test_accounting import restless, scattered, some_spikes, with_settings

from chips import ChipProfile, DoesNotFit, ProfileError, ProgramError, load_chip
from compiler import Network, Program, Routes, compile, route, usage
from compiler.board import chip_of, compact_chips, compact_cores, usable_cores
from compiler.check import check_program
from compiler.check_routes import check_routes
from compiler.emit import emit
from compiler.kernels.refinement import refine
from compiler.lowering.lower import lower
from compiler.partitioning.hypergraph import hypergraph
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import Placement
from compiler.program import program_digest
from compiler.validate import validate
from neurosim import RunResult, energy, latency, run
from neurosim.generators.column import maass_column
from neurosim.timing import chips_used

Tile = tuple[int, int]
Link = tuple[Tile, Tile]

# ---------------------------------------------------------------- boards and networks


@st.composite
def boards(draw: st.DrawFn, cut: bool = True) -> ChipProfile:
    """A board of few small chips; some of its cores and links are disabled if `cut`."""
    sizes = {key: draw(st.integers(1, 3)) for key in ("chips_x", "chips_y", "tiles_x", "tiles_y")}
    overrides: dict[str, Any] = {f"mesh.{key}": size for key, size in sizes.items()}
    overrides |= {"mesh.cores_per_tile": draw(st.integers(1, 2)), "mesh.border": draw(_BORDERS)}
    mesh = load_chip("loihi1", overrides).mesh
    if cut:
        lost = draw(st.sets(st.integers(0, mesh.n_cores - 1), max_size=min(6, mesh.n_cores - 1)))
        links = [f"{a[0]},{a[1]}>{b[0]},{b[1]}" for a, b in _all_links(mesh.width, mesh.height)]
        broken = draw(st.sets(st.sampled_from(links), max_size=8)) if links else set()
        overrides |= {"mesh.disabled_cores": sorted(lost), "mesh.disabled_links": sorted(broken)}
    return load_chip("loihi1", overrides)


_BORDERS = st.sampled_from(["per_tile", "merged"])


def _all_links(width: int, height: int) -> list[Link]:
    tiles = [(x, y) for x in range(width) for y in range(height)]
    return [(a, b) for a in tiles for b in tiles if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1]


def tight(chip: ChipProfile, neurons: int) -> ChipProfile:
    """The same board with small cores."""
    return load_chip("loihi1", {**chip.overrides, "core.neurons": neurons})


def column(shape: tuple[int, int, int]) -> Network:
    """Neurons on a grid that know their neighbours."""
    drawn = maass_column(shape, seed=1)
    net = Network()
    net.add_registers("p", drawn.n, vth=50)
    net.connect("p", "p", drawn.sources, drawn.targets, 2)
    return net


def ring(n: int) -> Network:
    """Every neuron fires in every step and tells the next."""
    net = Network()
    net.add_registers("p", n, vth=1, bias_mantissa=100)
    net.connect("p", "p", np.arange(n), (np.arange(n) + 1) % n, -1)
    return net


def on_cores(net: Network, chip: ChipProfile, cores: list[int]) -> Program:
    """Neuron i on core cores[i]."""
    pieces = Partition(np.arange(len(cores), dtype=np.int32), len(cores))
    return emit(lower(validate(net), chip), pieces, Placement(np.array(cores, np.int32)), chip)


# ---------------------------------------------------------------- an oracle of ways


class Walk:
    """Ways through a mesh, one tile after the other."""

    def __init__(self, chip: ChipProfile) -> None:
        self.mesh = chip.mesh
        self.broken: set[Link] = set()
        for text in chip.mesh.disabled_links:
            ax, ay, bx, by = (int(word) for word in re.findall(r"\d+", text))
            self.broken.add(((ax, ay), (bx, by)))
            if "-" in text:
                self.broken.add(((bx, by), (ax, ay)))

    def tile(self, core: int) -> Tile:
        tile = core // self.mesh.cores_per_tile
        return tile // self.mesh.height, tile % self.mesh.height

    def chip(self, tile: Tile) -> Tile:
        return tile[0] // self.mesh.tiles_x, tile[1] // self.mesh.tiles_y

    def next_to(self, tile: Tile) -> list[Tile]:
        """Where the links of a tile lead: east, west, north, south."""
        x, y = tile
        around = [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
        inside = [(a, b) for a, b in around if 0 <= a < self.mesh.width and 0 <= b < self.mesh.height]
        return [to for to in inside if (tile, to) not in self.broken]

    def distances(self, goal: Tile) -> dict[Tile, int]:
        tiles = [(x, y) for x in range(self.mesh.width) for y in range(self.mesh.height)]
        found, waiting = {goal: 0}, deque([goal])
        while waiting:
            to = waiting.popleft()
            for tile in tiles:
                if tile not in found and to in self.next_to(tile):
                    found[tile] = found[to] + 1
                    waiting.append(tile)
        return found

    @functools.cache  # noqa: B019
    def way(self, start: Tile, goal: Tile) -> list[Link] | None:
        """East-west first, or else a shortest way; None: there is none."""
        plain, at = [], start
        while at != goal:
            x, y = at
            to = (x + (goal[0] > x) - (goal[0] < x), y) if x != goal[0] else (x, y + (goal[1] > y) - (goal[1] < y))
            plain.append((at, to))
            at = to
        if not self.broken.intersection(plain):
            return plain
        far = self.distances(goal)
        if start not in far:
            return None
        around, at = [], start
        while at != goal:
            to = next(to for to in self.next_to(at) if far.get(to) == far[at] - 1)
            around.append((at, to))
            at = to
        return around

    def link(self, link: Link) -> Any:
        """What is loaded by a packet over a link between chips."""
        a, b = link
        return (self.chip(a), self.chip(b)) if self.mesh.border == "merged" else link


def slow_counts(net: Network, program: Program, result: RunResult, walk: Walk) -> tuple[Any, Any, Any]:
    """Hops and borders by (step, core, kind), and the loads of links inside and between chips by (step, link)."""
    tables = program.tables
    cores = np.repeat(tables.core, np.diff(tables.core_ptr)).tolist()
    core_of = dict(zip(tables.neuron_of.tolist(), cores, strict=True))
    reached: dict[int, set[int]] = {}
    for source, target, _, _ in synapses(net):
        reached.setdefault(source, set()).add(core_of[target])
    events: Counter[Any] = Counter()
    inside: Counter[Any] = Counter()
    between: Counter[Any] = Counter()
    for t, source in zip(result.spike_step.tolist(), result.spike_neuron.tolist(), strict=True):
        home = core_of[source]
        for core in reached.get(source, ()):
            way = walk.way(walk.tile(home), walk.tile(core))
            assert way is not None
            for a, b in way:
                axis = "x" if a[1] == b[1] else "y"
                events[t, home, f"hops_{axis}"] += 1
                if walk.chip(a) == walk.chip(b):
                    inside[t, (a, b)] += 1
                else:
                    events[t, home, f"borders_{axis}"] += 1
                    between[t, walk.link((a, b))] += 1
    return events, inside, between


# ---------------------------------------------------------------- what is counted


@given(boards(), st.integers(2, 24), st.integers(5, 80), st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_hops_and_borders_are_those_of_a_walk(chip: ChipProfile, n: int, m: int, seed: int) -> None:
    net, steps, walk = restless(n, 2, m, seed), 8, Walk(chip)
    program = scattered(net, chip, 8, seed)
    used = program.tables.core.tolist()
    assume(all(walk.way(walk.tile(a), walk.tile(b)) is not None for a in used for b in used))
    result = run(program, some_spikes(2, steps, seed), steps)
    events, inside, between = slow_counts(net, program, result, walk)
    for kind in ("hops_x", "hops_y", "borders_x", "borders_y"):
        wanted = [[events[t, c, kind] for c in used] for t in range(steps)]
        assert result.counts.step_of(kind).tolist() == wanted, kind
    for found, load in ((result.counts.busiest_link, inside), (result.counts.busiest_border, between)):
        assert found is not None
        assert found.tolist() == [max((v for (at, _), v in load.items() if at == t), default=0) for t in range(steps)]


@given(boards(), st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_spikes_do_not_depend_on_the_board(chip: ChipProfile, neurons: int, seed: int) -> None:
    net, steps = restless(20, 3, 60, seed), 15
    spikes = some_spikes(3, steps, seed)
    alone = run(compile(net, "ideal"), spikes, steps)
    try:
        program = compile(net, tight(chip, neurons), seed=seed)
    except DoesNotFit:
        return
    there = run(program, spikes, steps)
    assert there.spikes().tolist() == alone.spikes().tolist()
    assert there.counts.sum("synaptic_events") == alone.counts.sum("synaptic_events")


def two_chips(**overrides: Any) -> tuple[Program, ChipProfile]:
    """Two chips side by side, 1 x 2 tiles each; four neurons on the western one tell those on the eastern one."""
    mesh = {"mesh__chips_x": 2, "mesh__tiles_x": 1, "mesh__tiles_y": 2, "mesh__cores_per_tile": 2}
    chip = with_settings("loihi1", **{**mesh, **overrides})
    net = Network()
    net.add_registers("west", 4, vth=1, bias_mantissa=100)
    net.add_registers("east", 4, vth=131071)
    net.connect("west", "east", np.arange(4), np.arange(4), -1)
    return on_cores(net, chip, list(range(8))), chip


@pytest.mark.parametrize(("border", "busiest"), [("per_tile", 2), ("merged", 4)])
def test_a_merged_border_carries_what_crosses_the_edge(border: str, busiest: int) -> None:
    program, chip = two_chips(mesh__border=border)
    counts = run(program, None, 5).counts
    assert counts.busiest_link is not None
    assert counts.busiest_border is not None
    assert counts.busiest_link.tolist() == [0] * 5
    assert counts.busiest_border.tolist() == [busiest] * 5
    assert counts.sum("borders_x") == counts.sum("hops_x") == 4 * 5
    assert usage(program).busiest_border_packets == busiest
    assert chips_used(counts, chip) == 2


def test_a_result_keeps_its_borders(tmp_path: Any) -> None:
    result = run(two_chips()[0], None, 5)
    result.save(tmp_path / "run.npz")
    again = RunResult.load(tmp_path / "run.npz")
    assert again.counts.busiest_border is not None
    assert again.counts.busiest_border.tolist() == [2] * 5
    assert again.counts.sum("borders_x") == 20


# ---------------------------------------------------------------- what it costs


def test_a_price_for_borders_replaces_that_of_hops() -> None:
    program, chip = two_chips(energy__hop_x_pj=3.0)
    counts = run(program, None, 5).counts
    plain = energy(counts, chip)
    assert chip.energy.border_pj is None
    assert (plain.by_event["hop_x"], plain.by_event["border"]) == (3.0 * 20, 0)
    bills = [energy(counts, two_chips(energy__hop_x_pj=3.0, energy__border_pj=pj)[1]) for pj in (50.0, 100.0)]
    assert [(bill.by_event["hop_x"], bill.by_event["border"]) for bill in bills] == [(0, 1000), (0, 2000)]
    for bill in bills:
        rest = {event: pj for event, pj in bill.by_event.items() if event not in ("hop_x", "border")}
        assert rest == {event: plain.by_event[event] for event in rest}
        assert bill.step_pj is not None
        assert bill.step_pj.sum() == pytest.approx(bill.dynamic_pj)
        assert bill.core_pj.sum() == pytest.approx(bill.dynamic_pj)
        assert bill.dynamic_pj - plain.dynamic_pj == pytest.approx(bill.by_event["border"] - 60)


@pytest.mark.parametrize(
    ("border", "link_ns", "border_ns", "step_ns", "bound_by"),
    [
        ("per_tile", 1000.0, None, 2000, "border"),
        ("per_tile", 1000.0, 3000.0, 6000, "border"),
        ("merged", 1000.0, 3000.0, 12000, "border"),
        ("merged", None, 3000.0, 12000, "border"),
        ("per_tile", None, None, 113, "core"),
        ("merged", 1000.0, 0.0, 113, "core"),
    ],
)
def test_a_border_has_its_own_capacity(
    border: str, link_ns: float | None, border_ns: float | None, step_ns: float, bound_by: str
) -> None:
    free = {f"time__{key}_ns": 0.0 for key in ("neuron_update", "spike", "packet_out", "synaptic_event")}
    free |= {"time__synaptic_event_dense_ns": 113.0, "time__barrier__chips_time_ns": [0.0, 0.0, 0.0]}
    program, chip = two_chips(
        mesh__border=border, time__link_packet_ns=link_ns, time__border_packet_ns=border_ns, **free
    )
    time = latency(run(program, None, 5).counts, chip)
    assert time.step_ns.tolist() == [step_ns] * 5
    assert time.bound_by.tolist() == [bound_by] * 5


@pytest.mark.parametrize(
    ("cores", "chips", "times", "between", "barrier_ns"),
    [
        ([0, 1], [1, 3], [700.0, 900.0], "linear", 5),  # one chip: tiles count
        ([0, 4], [], [], "linear", 5),  # nothing is known of chips
        ([0, 4], [1, 3], [700.0, 900.0], "linear", 800),
        ([0, 4], [1, 3], [700.0, 900.0], "step", 700),
        ([0, 4], [5], [700.0], "step", 700),
        ([0, 2, 4, 6], [1, 3], [700.0, 900.0], "linear", 900),
    ],
)
def test_the_barrier_depends_on_the_chips_in_use(
    cores: list[int], chips: list[int], times: list[float], between: str, barrier_ns: float
) -> None:
    """4 chips in a row of 1 x 1 tiles of two cores."""
    mesh = {"mesh__chips_x": 4, "mesh__tiles_x": 1, "mesh__tiles_y": 1, "mesh__cores_per_tile": 2}
    barrier = {"tiles": [1], "time_ns": [5.0], "between": between, "chips": chips, "chips_time_ns": times}
    chip = with_settings("loihi1", **mesh, **{f"time__barrier__{key}": value for key, value in barrier.items()})
    counts = run(on_cores(ring(len(cores)), chip, cores), None, 3).counts
    assert latency(counts, chip).barrier_ns == barrier_ns


def test_loihi_has_the_published_barrier_across_chips_and_no_price_of_borders() -> None:
    chip = load_chip("loihi1")
    assert dict(zip(chip.time.barrier.chips, chip.time.barrier.chips_time_ns, strict=True))[768] == 16200
    assert chip.sources["time.barrier.chips_time_ns"].kind == "measured"
    assert chip.energy.border_pj is None
    assert chip.sources["energy.border_pj"].kind == "assumed"


# ---------------------------------------------------------------- where things go


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_network_is_on_as_few_chips_as_its_cores_need(chips_x: int, chips_y: int, neurons: int, seed: int) -> None:
    """Chips of 2 x 2 cores."""
    mesh = {"mesh.chips_x": chips_x, "mesh.chips_y": chips_y, "mesh.tiles_x": 2, "mesh.tiles_y": 2}
    chip = load_chip("loihi1", {**mesh, "mesh.cores_per_tile": 1, "core.neurons": neurons})
    n = int(np.random.default_rng(seed).integers(1, 16 * chips_x * chips_y))
    try:
        program = compile(ring(n), chip)
    except DoesNotFit:
        assert -(-n // neurons) > chip.mesh.n_cores
        return
    used = len(set(chip_of(program.tables.core, chip.mesh).tolist()))
    assert used == -(-n // (4 * neurons))


def test_a_network_that_fits_one_chip_is_laid_out_as_without_the_others() -> None:
    net = column((5, 5, 8))
    alone = compile(net, with_settings("loihi1", core__neurons=20))
    board = compile(net, with_settings("loihi1", core__neurons=20, mesh__chips_x=2, mesh__chips_y=3))
    for name in ("core_ptr", "neuron_of", "list_core", "synapse_index", "synapse_weight"):
        assert np.array_equal(getattr(alone.tables, name), getattr(board.tables, name)), name
    assert usage(board).chips_used == 1
    one, other = usage(alone), usage(board)
    assert (one.hops_per_spike, one.busiest_link_packets) == (other.hops_per_spike, other.busiest_link_packets)


def test_keys_that_a_profile_does_not_use_leave_its_programs_alone() -> None:
    plain = load_chip("loihi1")
    same = load_chip("loihi1", {"mesh.border": "per_tile", "mesh.disabled_cores": [], "energy.border_pj": 5.0})
    assert plain.limits_hash == same.limits_hash
    for key, value in (("border", "merged"), ("disabled_cores", [1]), ("disabled_links", ["0,0>1,0"])):
        assert load_chip("loihi1", {f"mesh.{key}": value}).limits_hash != plain.limits_hash


def test_cutting_between_chips_first_keeps_packets_on_their_chip() -> None:
    """Against the same number of cores placed on the whole board at once, as if it were one chip."""
    mesh = {"mesh__tiles_x": 4, "mesh__tiles_y": 4, "mesh__cores_per_tile": 1, "core__neurons": 32}
    net = column((8, 8, 25))
    board = compile(net, with_settings("loihi1", **mesh, mesh__chips_x=2, mesh__chips_y=2))
    one = compile(net, with_settings("loihi1", **{**mesh, "mesh__tiles_x": 8, "mesh__tiles_y": 8}))
    cut = route(board).pair_packets[crosses(board, 4)].sum()
    uncut = route(one).pair_packets[crosses(one, 4)].sum()
    assert usage(board).packets_between_chips_per_spike == pytest.approx(cut / net.n_neurons)
    assert usage(board).chips_used == 4
    assert cut < 0.85 * uncut
    assert usage(board).hops_per_spike < 1.2 * usage(one).hops_per_spike


def crosses(program: Program, size: int) -> np.ndarray:
    """Pairs of cores in different blocks of `size` x `size` tiles of one core."""
    routes, height = route(program), program.chip.mesh.height
    block = program.tables.core // height // size * 100 + program.tables.core % height // size
    return block[routes.pair_from] != block[routes.pair_to]


@given(boards())
@settings(max_examples=60, deadline=None)
def test_compact_places_are_usable_and_distinct(chip: ChipProfile) -> None:
    mesh, usable = chip.mesh, usable_cores(chip.mesh)
    assert usable.sum() == mesh.n_cores - len(mesh.disabled_cores)
    for number in np.flatnonzero(usable):
        for n in range(1, int(usable[number]) + 1):
            cores = compact_cores(mesh, int(number), n)
            assert n <= len(set(cores.tolist())) == len(cores)
            assert (chip_of(cores, mesh) == number).all()
            assert not set(cores.tolist()) & set(mesh.disabled_cores)
    for n in range(1, int((usable > 0).sum()) + 1):
        chips = compact_chips(mesh, n)
        assert len(set(chips.tolist())) == n
        assert (usable[chips] > 0).all()


def test_the_report_tells_inside_from_across() -> None:
    program = compile(column((6, 6, 20)), with_settings("loihi1", core__neurons=4, mesh__chips_x=2, mesh__chips_y=2))
    use, walk, n = usage(program), Walk(program.chip), program.n_neurons
    core, routes = program.tables.core.tolist(), route(program)
    total: Counter[str] = Counter()
    border: Counter[Any] = Counter()
    ends = zip(routes.pair_from.tolist(), routes.pair_to.tolist(), routes.pair_packets.tolist(), strict=True)
    for a, b, packets in ends:
        way = walk.way(walk.tile(core[a]), walk.tile(core[b]))
        assert way is not None
        crossed = [link for link in way if walk.chip(link[0]) != walk.chip(link[1])]
        total["across"] += packets * (walk.chip(walk.tile(core[a])) != walk.chip(walk.tile(core[b])))
        total["hops"] += packets * len(way)
        total["borders"] += packets * len(crossed)
        border.update(dict.fromkeys(crossed, packets))
    assert use.chips_used > 1
    assert use.packets_between_chips_per_spike == pytest.approx(total["across"] / n)
    assert use.hops_per_spike == pytest.approx(total["hops"] / n)
    assert use.hops_between_chips_per_spike == pytest.approx(total["borders"] / n)
    assert use.busiest_border_packets == max(border.values())
    assert 0 < use.packets_between_chips_per_spike < use.packets_between_cores_per_spike < use.packets_per_spike


# ---------------------------------------------------------------- what is disabled


@given(boards(), st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_nothing_touches_what_is_disabled(chip: ChipProfile, neurons: int, seed: int) -> None:
    chip, walk = tight(chip, neurons), Walk(chip)
    net = restless(20, 2, 60, seed)
    try:
        program = compile(net, chip, seed=seed)
    except DoesNotFit as refusal:
        words = str(refusal)
        assert "mesh.disabled_links" in words or "mesh.tiles_x" in words
        assert not chip.mesh.disabled_cores or "disabled" in words
        return
    core, routes = program.tables.core.tolist(), route(program)
    assert not set(core) & set(chip.mesh.disabled_cores)
    around, undisturbed = 0, Walk(load_chip("loihi1", _whole(chip)))
    for i, (a, b) in enumerate(zip(routes.pair_from.tolist(), routes.pair_to.tolist(), strict=True)):
        way = walk.way(walk.tile(core[a]), walk.tile(core[b]))
        assert way is not None
        assert not walk.broken.intersection(way)
        assert len(way) == routes.pair_hops_x[i] + routes.pair_hops_y[i]
        around += len(way) > 0 and way != undisturbed.way(way[0][0], way[-1][1])
    assert usage(program).pairs_around_disabled_links == around


def _whole(chip: ChipProfile) -> dict[str, Any]:
    return {key: value for key, value in chip.overrides.items() if "disabled" not in key}


def signed(program: Program) -> Program:
    return replace(program, digest=program_digest(program))


def test_a_program_on_a_disabled_core_is_refused() -> None:
    program = compile(ring(8), with_settings("loihi1", core__neurons=2))
    used = int(program.tables.core[1])
    chip = with_settings("loihi1", core__neurons=2, mesh__disabled_cores=[used])
    with pytest.raises(ProgramError, match=rf"core {used} is in use, but loihi1 disables it \(mesh.disabled_cores\)"):
        check_program(signed(replace(program, chip=chip)))
    assert used not in compile(ring(8), chip).tables.core


CORNER = {"mesh__tiles_x": 2, "mesh__tiles_y": 2, "mesh__cores_per_tile": 1, "core__neurons": 1}


def test_tiles_that_are_cut_off_are_refused_by_name() -> None:
    alone = ["0,0-1,0", "0,0>0,1"]  # nothing leaves tile 0,0
    chip = with_settings("loihi1", **CORNER, mesh__disabled_links=alone)
    with pytest.raises(DoesNotFit, match=r"on tile 0,0 sends to core \d on tile \d,\d, but the disabled links"):
        compile(ring(4), chip)
    good = compile(ring(4), with_settings("loihi1", **CORNER))
    with pytest.raises(ProgramError, match=r"leave no way between them \(mesh.disabled_links\)"):
        check_program(signed(replace(good, chip=chip)))
    without = with_settings("loihi1", **CORNER, mesh__disabled_links=alone, mesh__disabled_cores=[0])
    assert compile(ring(3), without).tables.core.tolist() == [1, 2, 3]


def test_disabled_cores_shrink_the_chip_and_the_remedy_works() -> None:
    lost = {"core__neurons": 1, "mesh__disabled_cores": [0, 5, 9]}
    assert compile(ring(125), with_settings("loihi1", **lost)).n_cores == 125
    with pytest.raises(DoesNotFit, match=r"has 125 .*without the 3 of mesh.disabled_cores") as refusal:
        compile(ring(126), with_settings("loihi1", **lost))
    remedies = re.findall(r"(mesh.tiles_y|mesh.chips_x)=(\d+)", str(refusal.value))
    assert len(remedies) == 2
    for key, value in remedies:
        more = with_settings("loihi1", **lost, **{key.replace(".", "__"): int(value)})
        assert compile(ring(126), more).n_cores == 126


def test_a_board_that_is_full_but_for_its_disabled_cores_is_filled() -> None:
    mesh = {"mesh__chips_x": 3, "mesh__chips_y": 2, "mesh__tiles_x": 2, "mesh__tiles_y": 2, "mesh__cores_per_tile": 1}
    chip = with_settings("loihi1", **mesh, core__neurons=4, mesh__disabled_cores=[0, 1, 2, 9])
    program = compile(ring(80), chip)
    assert program.n_cores == 20
    assert usage(program).chips_used == 6


@given(boards(), st.integers(2, 16), st.integers(0, 10**6), st.data())
@settings(max_examples=80, deadline=None)
def test_a_forged_route_is_noticed(chip: ChipProfile, n: int, seed: int, data: st.DataObject) -> None:
    walk = Walk(chip)
    program = scattered(restless(n, 1, 60, seed), chip, 8, seed)
    used = program.tables.core.tolist()
    assume(all(walk.way(walk.tile(a), walk.tile(b)) is not None for a in used for b in used))
    routes = route(program)
    check_routes(program, routes)
    assume(len(routes.pair_link) > 0)
    i = data.draw(st.integers(0, len(routes.pair_link) - 1))
    kinds = ("pair_link", "pair_hops_x", "pair_borders_y", "pair_link_ptr", "n_inside")
    name = data.draw(st.sampled_from(kinds))
    with pytest.raises(ProgramError, match="route"):
        check_routes(program, forged(routes, name, i))


def forged(routes: Routes, name: str, i: int) -> Routes:
    """The routes with one entry changed."""
    if name == "n_inside":
        return replace(routes, n_inside=routes.n_inside + (1 if routes.n_inside < len(routes.link) else -1))
    table = getattr(routes, name).copy()
    if name == "pair_link":
        other = np.append(routes.link, routes.link.max() + 1)
        link = np.append(routes.link, other[-1])
        table[i] = (table[i] + 1) % len(link)
        return replace(routes, pair_link=table, link=link)
    i = i % len(table)
    table[i if name != "pair_link_ptr" else -1] += 1
    return replace(routes, **{name: table})


FAULTY = {
    "core": ({"mesh.disabled_cores": [3, 128]}, "core 128 is not on the mesh, whose cores are 0 to 127"),
    "core twice": ({"mesh.disabled_cores": [3, 3]}, "core 3 stands there twice"),
    "all cores": ({"mesh.disabled_cores": list(range(128))}, "all 128 cores are disabled"),
    "negative": ({"mesh.disabled_cores": [-1]}, "must be 0 or more, not -1"),
    "far": ({"mesh.disabled_links": ["0,0>2,0"]}, "'0,0>2,0' does not join two neighbours"),
    "diagonal": ({"mesh.disabled_links": ["0,0-1,1"]}, "does not join two neighbours"),
    "itself": ({"mesh.disabled_links": ["1,1>1,1"]}, "does not join two neighbours"),
    "outside": ({"mesh.disabled_links": ["7,0>8,0"]}, "'7,0>8,0' leaves the mesh of 8 x 4 tiles"),
    "unreadable": ({"mesh.disabled_links": ["0,0:1,0"]}, "write it as '0,0>1,0'"),
    "number": ({"mesh.disabled_links": [5]}, "entry 1: must be text, not 5"),
    "border": ({"mesh.border": "shared"}, "must be per_tile or merged, not 'shared'"),
    "barrier": ({"time.barrier.chips": [2]}, "chips has 1 entries but chips_time_ns has 3"),
    "order": ({"time.barrier.chips": [9, 8, 7]}, "chips must increase"),
    "price": ({"energy.border_pj": -1}, "must be 0 or more, not -1"),
}


@pytest.mark.parametrize("case", FAULTY)
def test_what_a_board_cannot_be_is_a_fault_of_the_profile(case: str) -> None:
    overrides, message = FAULTY[case]
    with pytest.raises(ProfileError) as refusal:
        load_chip("loihi1", overrides)
    assert message in str(refusal.value)


def test_a_link_between_chips_can_be_disabled() -> None:
    chip = load_chip("loihi1", {"mesh.chips_x": 2, "mesh.disabled_links": ["7,0-8,0"]})
    assert chip.mesh.cut_links == {(7, 0, 8, 0), (8, 0, 7, 0)}


# ---------------------------------------------------------------- the cut


@given(st.integers(2, 30), st.integers(0, 90), st.integers(2, 4), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_refinement_only_improves_a_cut_and_overfills_nothing(n: int, m: int, parts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = Network()
    net.add_registers("p", n)
    net.add_input("in", 2)
    net.connect("p", "p", rng.integers(0, n, m), rng.integers(0, n, m), 1)
    net.connect("in", "p", rng.integers(0, 2, m), rng.integers(0, n, m), 1)
    graph = hypergraph(lower(validate(net), load_chip("loihi1")))
    part_of = rng.integers(0, parts, n).astype(np.int32)
    load = rng.integers(1, 5, n)
    full = np.bincount(part_of, weights=load, minlength=parts).astype(np.int64) + rng.integers(0, 9, parts)
    before = pairs_between(net, part_of.tolist())
    refine(graph.in_ptr, graph.in_net, graph.net_source, graph.out_ptr, graph.out_target, load, full, 30, part_of)
    assert pairs_between(net, part_of.tolist()) <= before
    assert (np.bincount(part_of, weights=load, minlength=parts) <= full).all()
    for v in range(n):  # and no single move is left that helps and fits
        for to in range(parts):
            moved = part_of.copy()
            moved[v] = to
            if np.bincount(moved, weights=load, minlength=parts)[to] <= full[to]:
                assert pairs_between(net, moved.tolist()) >= pairs_between(net, part_of.tolist())


def pairs_between(net: Network, part_of: list[int]) -> int:
    """Neurons and foreign parts that they reach."""
    reached = {(s, part_of[t]) for s, t, _, _ in synapses(net) if s < len(part_of)}
    return sum(part_of[s] != part for s, part in reached)
