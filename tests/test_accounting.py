"""The promise of the bill: every event is counted once, where it happens, and charged once."""

import functools
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import synapses

from chips import ChipProfile, RunError, load_chip
from chips.keys import KEYS
from compiler import Network, Program, compile
from compiler.emit import emit
from compiler.lowering.lower import lower
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import Placement
from compiler.validate import validate
from neurosim import Counts, RunResult, energy, latency, run
from neurosim.timing import chips_used

EVENTS = [path.removeprefix("energy.").removesuffix("_pj") for path in KEYS if path.startswith("energy.")]
PRIMES = dict(zip(EVENTS, [3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0], strict=True))


def with_settings(name: str, **overrides: Any) -> ChipProfile:
    """A profile; sections and keys of overrides are parted by two underscores."""
    return load_chip(name, {key.replace("__", "."): value for key, value in overrides.items()})


# ---------------------------------------------------------------- a run, and a slow count of its events


def scattered(net: Network, chip: ChipProfile, n_pieces: int, seed: int) -> Program:
    """Neurons dealt out over random cores, so that packets cross the mesh in all directions."""
    rng = np.random.default_rng(seed)
    n_pieces = min(n_pieces, net.n_neurons, chip.mesh.n_cores)
    piece_of = rng.permutation(np.arange(net.n_neurons) % n_pieces)
    cores = rng.choice(chip.mesh.n_cores, n_pieces, replace=False)
    pieces = Partition(piece_of.astype(np.int32), n_pieces)
    return emit(lower(validate(net), chip), pieces, Placement(cores.astype(np.int32)), chip)


def restless(n: int, channels: int, m: int, seed: int) -> Network:
    """Neurons that fire at various rates and inhibit one another, and inputs that touch some of them."""
    rng = np.random.default_rng(seed)
    net = Network()
    net.add_input("in", channels)
    net.add_registers("p", n, vth=rng.integers(1, 60, n), dv=200, du=2000, bias_mantissa=500)
    net.connect("p", "p", rng.integers(0, n, m), rng.integers(0, n, m), -rng.integers(0, 20, m))
    # every other channel reaches all neurons once, so that some lists are dense
    everyone = np.arange(n)
    for channel in range(0, channels, 2):
        net.connect("in", "p", np.full(n, channel), everyone, 1 + rng.integers(0, 9, n))
    return net


def some_spikes(channels: int, steps: int, seed: int) -> np.ndarray:
    return np.argwhere(np.random.default_rng(seed).random((steps, channels)) < 0.3)


class Slow:
    """Every event of one sample, found one spike at a time from the network and the place of each neuron."""

    def __init__(self, net: Network, program: Program, result: RunResult, spikes: np.ndarray) -> None:
        tables, self.mesh = program.tables, program.chip.mesh
        sizes = np.diff(tables.core_ptr)
        core_of = dict(zip(tables.neuron_of.tolist(), np.repeat(tables.core, sizes).tolist(), strict=True))
        size_of = dict(zip(tables.core.tolist(), sizes.tolist(), strict=True))
        self.events: Counter[tuple[int, int, str]] = Counter()  # (step, core, kind)
        self.links: Counter[tuple[int, Any]] = Counter()  # (step, link inside a chip)
        self.borders: Counter[tuple[int, Any]] = Counter()  # (step, link between chips)
        reached: dict[int, dict[int, list[int]]] = {}  # source -> core -> targets
        for source, target, _, _ in synapses(net):
            reached.setdefault(source, {}).setdefault(core_of[target], []).append(target)
        own = zip(result.spike_step.tolist(), result.spike_neuron.tolist(), strict=True)
        external = [(t, net.n_neurons + c) for t, c in spikes.tolist()]
        for t, source in [*own, *external]:
            home = core_of.get(source)
            if home is not None:
                self.events[t, home, "spikes"] += 1
            for core, targets in reached.get(source, {}).items():
                dense = sorted(targets) == sorted(i for i, c in core_of.items() if c == core)
                assert not dense or len(targets) == size_of[core]
                self.events[t, core, "synaptic_events"] += len(targets)
                self.events[t, core, "synaptic_events_dense"] += len(targets) * dense
                if home is None:
                    self.events[t, core, "input_packets"] += 1
                else:
                    self._packet(t, home, core)

    def _packet(self, t: int, home: int, core: int) -> None:
        self.events[t, core, "packets_in"] += 1
        self.events[t, home, "packets_out"] += 1
        self.events[t, home, "packets_between_cores"] += home != core
        way = list(self._way(home, core))
        for a, b in way:
            axis = "x" if a[1] == b[1] else "y"
            self.events[t, home, f"hops_{axis}"] += 1
            if self._chip(a) == self._chip(b):
                self.links[t, (a, b)] += 1
            else:
                self.events[t, home, f"borders_{axis}"] += 1
                self.borders[t, (a, b)] += 1

    def _way(self, home: int, core: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Tile to tile, east-west first."""
        x, y = self._tile(home)
        goal_x, goal_y = self._tile(core)
        while (x, y) != (goal_x, goal_y):
            step = (x + np.sign(goal_x - x), y) if x != goal_x else (x, y + np.sign(goal_y - y))
            yield (x, y), step
            x, y = step

    def _chip(self, tile: tuple[int, int]) -> tuple[int, int]:
        return tile[0] // self.mesh.tiles_x, tile[1] // self.mesh.tiles_y

    def _tile(self, core: int) -> tuple[int, int]:
        height = self.mesh.chips_y * self.mesh.tiles_y
        tile = core // self.mesh.cores_per_tile
        return tile // height, tile % height


KINDS = [
    "spikes",
    "packets_out",
    "packets_between_cores",
    "hops_x",
    "hops_y",
    "packets_in",
    "input_packets",
    "synaptic_events",
    "synaptic_events_dense",
    "borders_x",
    "borders_y",
]
MESHES = [
    with_settings("loihi1"),
    with_settings("loihi1", mesh__cores_per_tile=1, mesh__tiles_x=5, mesh__tiles_y=3),
    with_settings("loihi1", mesh__chips_x=2, mesh__chips_y=3, mesh__tiles_x=2, mesh__tiles_y=2),
]


@given(
    st.integers(1, 20),
    st.integers(1, 4),
    st.integers(0, 80),
    st.sampled_from(MESHES),
    st.integers(1, 12),
    st.integers(0, 10**6),
)
@settings(max_examples=150, deadline=None)
def test_every_event_is_counted_in_its_step_and_on_its_core(
    n: int, channels: int, m: int, chip: ChipProfile, n_pieces: int, seed: int
) -> None:
    net, steps = restless(n, channels, m, seed), 12
    program = scattered(net, chip, n_pieces, seed)
    spikes = some_spikes(channels, steps, seed)
    result = run(program, spikes, steps)
    slow = Slow(net, program, result, spikes)
    for kind in KINDS:
        found = result.counts.step_of(kind)
        wanted = [[slow.events[t, c, kind] for c in program.tables.core.tolist()] for t in range(steps)]
        assert found.tolist() == wanted, kind
    for found, links in ((result.counts.busiest_link, slow.links), (result.counts.busiest_border, slow.borders)):
        assert found is not None
        for t in range(steps):
            assert found[t] == max((load for (at, _), load in links.items() if at == t), default=0)


@functools.cache
def example() -> RunResult:
    """Three samples on several cores of a board whose counts are all above zero."""
    net = restless(20, 4, 120, 1)
    program = scattered(net, MESHES[2], 6, 3)
    samples = [some_spikes(4, steps, steps) for steps in (20, 7, 13)]
    result = run(program, samples, [20, 7, 13])
    assert all(result.counts.sum(kind) > 0 for kind in KINDS)
    return result


def test_counts_add_up() -> None:
    counts = example().counts
    assert counts.per_step is not None
    assert counts.sum("packets_in") == counts.sum("packets_out")
    assert counts.sum("spikes") == example().n_spikes
    assert counts.sum("neuron_updates") == 20 * (20 + 7 + 13)
    assert counts.sum("synaptic_events_dense") < counts.sum("synaptic_events")
    starts = np.concatenate([[0], np.cumsum(counts.steps)])
    for i in range(3):
        part = counts.per_step[starts[i] : starts[i + 1]]
        assert np.array_equal(part.sum(axis=0, dtype=np.int64), counts.total[i])


def test_counts_of_a_run_without_steps_refuse_what_needs_them() -> None:
    net = restless(5, 1, 10, 0)
    result = run(compile(net, "loihi1"), None, 5, per_step=False)
    for ask in (lambda: result.counts.step_of("spikes"), lambda: latency(result.counts, result.chip)):
        with pytest.raises(RunError, match="per_step=True"):
            ask()
    bill = energy(result.counts, result.chip)
    assert bill.step_pj is None
    assert bill.static_pj is None
    assert bill.dynamic_pj > 0


# ---------------------------------------------------------------- energy


def repriced(**overrides: Any) -> ChipProfile:
    """The chip of `example` with every price a prime, and some changed."""
    mesh = {"mesh__chips_x": 2, "mesh__chips_y": 3, "mesh__tiles_x": 2, "mesh__tiles_y": 2}
    primes = {f"energy__{event}_pj": price for event, price in PRIMES.items()}
    return with_settings("loihi1", **{**mesh, **primes, **overrides})


def test_energy_is_counts_times_prices_however_it_is_added_up() -> None:
    counts, chip = example().counts, repriced()
    bill = energy(counts, chip)
    n = {kind: counts.sum(kind) for kind in KINDS}
    wanted = {
        "neuron_update": 3 * counts.sum("neuron_updates"),
        "spike": 5 * n["spikes"],
        "packet_out": 7 * n["packets_out"],
        "packet_in": 11 * (n["packets_in"] + n["input_packets"]),
        "synaptic_event": 13 * (n["synaptic_events"] - n["synaptic_events_dense"]),
        "synaptic_event_dense": 17 * n["synaptic_events_dense"],
        "hop_x": 19 * (n["hops_x"] - n["borders_x"]),
        "hop_y": 23 * (n["hops_y"] - n["borders_y"]),
        "border": 29 * (n["borders_x"] + n["borders_y"]),
    }
    assert bill.by_event == wanted
    assert bill.step_pj is not None
    total = pytest.approx(sum(wanted.values()), rel=1e-12)
    assert bill.dynamic_pj == total
    assert bill.core_pj.sum() == total
    assert bill.sample_pj.sum() == total
    assert bill.step_pj.sum() == total
    assert bill.step_pj[:20].sum() == pytest.approx(bill.sample_pj[0], rel=1e-12)


@pytest.mark.parametrize("event", EVENTS)
def test_doubling_one_price_doubles_that_term_and_nothing_else(event: str) -> None:
    counts = example().counts
    plain = energy(counts, repriced())
    double = energy(counts, repriced(**{f"energy__{event}_pj": 2 * PRIMES[event]}))
    for other in EVENTS:
        assert double.by_event[other] == plain.by_event[other] * (2 if other == event else 1)
    assert plain.by_event[event] > 0
    assert double.static_pj == plain.static_pj


def test_static_energy_is_power_times_time_and_stands_apart() -> None:
    counts = example().counts
    plain, double = (energy(counts, repriced(power__static_mw=mw)) for mw in (50.0, 100.0))
    assert double.by_event == plain.by_event
    chips = chips_used(counts, repriced())
    assert chips > 1
    assert plain.static_pj == pytest.approx(50.0 * chips * latency(counts, repriced()).total_ns, rel=1e-12)
    assert double.static_pj == pytest.approx(2 * plain.static_pj, rel=1e-12)


@pytest.mark.parametrize(("core", "chips"), [([0], 1), ([0, 1], 1), ([0, 2], 2), ([0, 6, 9, 15], 4), ([1, 12], 2)])
def test_each_chip_in_use_draws_static_power(core: list[int], chips: int) -> None:
    """2 x 2 chips of 2 x 2 tiles of one core: tile (x, y) has number 4 x + y."""
    overrides = {"mesh__chips_x": 2, "mesh__chips_y": 2, "mesh__tiles_y": 2, "mesh__tiles_x": 2}
    chip = with_settings("loihi1", mesh__cores_per_tile=1, power__static_mw=1.0, **overrides)
    net = Network()
    net.add_registers("p", len(core))
    pieces = Partition(np.arange(len(core), dtype=np.int32), len(core))
    program = emit(lower(validate(net), chip), pieces, Placement(np.array(core, np.int32)), chip)
    counts = run(program, None, 3).counts
    assert energy(counts, chip).static_pj == pytest.approx(chips * latency(counts, chip).total_ns)


def test_the_ideal_chip_costs_nothing() -> None:
    net = restless(20, 4, 120, 1)
    result = run(compile(net, "ideal"), some_spikes(4, 20, 0), 20)
    bill = energy(result.counts, result.chip)
    assert result.n_spikes > 0
    assert set(bill.by_event.values()) == {0.0}
    assert bill.dynamic_pj == bill.static_pj == latency(result.counts, result.chip).total_ns == 0


def test_two_samples_cost_what_each_costs() -> None:
    net = restless(20, 4, 120, 1)
    program = scattered(net, MESHES[2], 6, 3)
    samples = [some_spikes(4, 20, i) for i in range(2)]
    both = run(program, samples, 20).counts
    alone = [run(program, sample, 20).counts for sample in samples]
    prices = repriced()
    assert energy(both, prices).sample_pj.tolist() == [energy(c, prices).sample_pj[0] for c in alone]
    assert latency(both, prices).sample_ns.tolist() == [latency(c, prices).sample_ns[0] for c in alone]


OTHER_LIMITS = {
    "mesh__tiles_x": 6,
    "core__neurons": 512,
    "core__input_axons": 100,
    "synapse__block_header_bits": 12,
    "cuba_lif__u_overflow": "saturate",
}


@pytest.mark.parametrize("key", OTHER_LIMITS)
def test_counts_are_not_priced_on_a_chip_with_other_limits(key: str) -> None:
    other = repriced(**{key: OTHER_LIMITS[key]})
    for price in (energy, latency):
        with pytest.raises(RunError, match="other limits"):
            price(example().counts, other)


# ---------------------------------------------------------------- published closed forms


def dense_layers(n: int) -> Network:
    """`n` neurons that fire in every step, each inhibiting all of `n` that never fire."""
    net = Network()
    net.add_registers("front", n, vth=1, bias_mantissa=100)
    net.add_registers("back", n, vth=131071)
    source, target = np.divmod(np.arange(n * n), n)
    net.connect("front", "back", source, target, -128)  # one bit
    return net


NORTH_SOUTH = {"mesh__cores_per_tile": 1, "mesh__tiles_x": 1, "mesh__tiles_y": 2}


@pytest.mark.parametrize(
    ("n", "mesh", "energy_uj", "time_us"),
    [
        (64, {}, 1.662656, 171.888),
        (64, NORTH_SOUTH, 1.665344, 175.888),
        (256, {}, 24.099584, 2537.328),
    ],
    ids=["64, one tile", "64, next tile", "256, one tile"],
)
def test_dense_layers_cost_what_sana_fe_computes(
    n: int, mesh: dict[str, int], energy_uj: float, time_us: float
) -> None:
    """SANA-FE 2.2.9 with its packaged loihi.yaml and its simple timing, 10 steps."""
    chip = with_settings("loihi1_sanafe", core__neurons=n, **mesh)
    program = compile(dense_layers(n), chip)
    assert program.n_cores == 2
    counts = run(program, None, 10).counts
    assert counts.sum("spikes") == 10 * n
    assert counts.sum("synaptic_events_dense") == 10 * n * n
    assert energy(counts, chip).dynamic_pj == pytest.approx(energy_uj * 1e6, rel=1e-9)
    assert latency(counts, chip).total_ns == pytest.approx(time_us * 1e3, rel=1e-9)


# ---------------------------------------------------------------- latency


TIMES = {
    "time__neuron_update_ns": 3.0,
    "time__spike_ns": 5.0,
    "time__packet_out_ns": 7.0,
    "time__packet_in_ns": 11.0,
    "time__synaptic_event_ns": 13.0,
    "time__synaptic_event_dense_ns": 17.0,
    "time__link_packet_ns": None,
    "time__barrier__tiles": [1],
    "time__barrier__time_ns": [0.0],
    "time__barrier__between": "step",
}


def pair_of_cores(sparse: bool = False, external: int = 0, **overrides: Any) -> tuple[Counts, ChipProfile]:
    """Two neurons on one core that fire in every step; one or both inhibit the two on the next tile."""
    limits = {"core__neurons": 2, "mesh__cores_per_tile": 1}
    chip = with_settings("loihi1", **{**TIMES, **limits, **overrides})
    net = Network()
    net.add_input("in", 2)
    net.add_registers("front", 2, vth=1, bias_mantissa=100)
    net.add_registers("back", 2, vth=131071)
    if sparse:
        net.connect("front", "back", [0], [0], -1)
    else:
        net.connect("front", "back", [0, 0, 1, 1], [0, 1, 0, 1], -1)
    net.connect("in", "front", [0, 1], [0, 0], 0)
    program = compile(net, chip, partition="greedy")
    assert program.n_cores == 2
    spikes = np.array([(t, c) for t in range(4) for c in range(external)], int).reshape(-1, 2)
    return run(program, spikes, 4).counts, chip


@pytest.mark.parametrize(
    ("sparse", "send_receive", "step_ns", "bound_by"),
    [
        # sending 2 x 3 + 2 x 5 + 2 x 7 = 30; receiving 2 x 11 + 4 x 17 = 90, on a core that updates for 6
        (False, "overlap", 90, "receiving"),
        (False, "add", 96, "core"),
        # sending 2 x 3 + 2 x 5 + 7 = 23; receiving 11 + 13 = 24
        (True, "overlap", 24, "receiving"),
        (True, "add", 30, "core"),
    ],
)
def test_a_step_lasts_as_long_as_its_slowest_core(
    sparse: bool, send_receive: str, step_ns: float, bound_by: str
) -> None:
    counts, chip = pair_of_cores(sparse, time__send_receive=send_receive)
    time = latency(counts, chip)
    assert time.step_ns.tolist() == [step_ns] * 4
    assert time.bound_by.tolist() == [bound_by] * 4
    assert time.total_ns == time.sample_ns[0] == 4 * step_ns
    assert time.overruns == 0


def test_a_step_is_bound_by_sending_when_that_takes_longest() -> None:
    counts, chip = pair_of_cores(time__send_receive="overlap", time__spike_ns=100.0)
    time = latency(counts, chip)
    assert time.step_ns.tolist() == [2 * 3 + 2 * 100 + 2 * 7] * 4
    assert time.bound_by.tolist() == ["sending"] * 4


def test_external_packets_take_time_where_they_arrive() -> None:
    counts, chip = pair_of_cores(sparse=True, external=2, time__send_receive="add", time__packet_in_ns=1000.0)
    # core of "front": 6 + 10 + 7 sending, 2 packets of 1000 and 2 sparse events of 13
    assert latency(counts, chip).step_ns.tolist() == [23 + 2000 + 2 * 13] * 4


@pytest.mark.parametrize(
    ("link_ns", "step_ns", "bound_by"), [(50.0, 100, "link"), (45.1, 90.2, "link"), (44.0, 90, "receiving")]
)
def test_the_busiest_link_can_bind(link_ns: float, step_ns: float, bound_by: str) -> None:
    counts, chip = pair_of_cores(time__send_receive="overlap", time__link_packet_ns=link_ns)
    time = latency(counts, chip)  # two packets over the one link
    assert time.step_ns == pytest.approx([step_ns] * 4)
    assert time.bound_by.tolist() == [bound_by] * 4


@pytest.mark.parametrize(
    ("tiles", "time_ns", "between", "barrier_ns"),
    [
        ([1, 2, 4], [100.0, 200.0, 400.0], "step", 200),
        ([1, 3], [100.0, 300.0], "step", 100),
        ([1, 3], [100.0, 300.0], "linear", 200),
        ([1], [100.0], "linear", 100),
        ([3, 4], [100.0, 300.0], "step", 100),
        ([3, 4], [100.0, 300.0], "linear", 100),
    ],
)
def test_the_barrier_depends_on_the_tiles_in_use(
    tiles: list[int], time_ns: list[float], between: str, barrier_ns: float
) -> None:
    barrier = {"tiles": tiles, "time_ns": time_ns, "between": between}
    settings = {f"time__barrier__{key}": value for key, value in barrier.items()}
    counts, chip = pair_of_cores(time__send_receive="overlap", **settings)
    time = latency(counts, chip)
    assert time.barrier_ns == barrier_ns
    assert time.step_ns.tolist() == [90 + barrier_ns] * 4


@pytest.mark.parametrize(
    ("tick_ns", "step_ns", "overruns"), [(1000.0, 1000, 0), (90.0, 90, 0), (89.0, 90, 4), (1.0, 90, 4)]
)
def test_a_tick_stretches_short_steps_and_counts_long_ones(tick_ns: float, step_ns: float, overruns: int) -> None:
    counts, chip = pair_of_cores(time__send_receive="overlap", time__tick_ns=tick_ns)
    time = latency(counts, chip)
    assert time.step_ns.tolist() == [step_ns] * 4
    assert time.needed_ns.tolist() == [90] * 4
    assert time.overruns == overruns
    assert time.tick_ns == tick_ns


def test_times_of_samples_are_sums_of_their_own_steps() -> None:
    counts, chip = example().counts, repriced()
    time = latency(counts, chip)
    bounds = [0, 20, 27, 40]
    wanted = [time.step_ns[a:b].sum() for a, b in itertools.pairwise(bounds)]
    assert time.sample_ns == pytest.approx(wanted, rel=1e-12)
    assert time.per_sample.worst == max(time.sample_ns)
    assert time.per_step.mean == pytest.approx(time.step_ns.mean())


TIME_PRICES = [path.replace(".", "__") for path in KEYS if path.startswith("time.") and path.endswith("_ns")]


@pytest.mark.parametrize("path", TIME_PRICES)
def test_a_higher_price_in_time_lengthens_a_run_and_shortens_no_step(path: str) -> None:
    tiles_only: dict[str, Any] = {"time__barrier__chips": [], "time__barrier__chips_time_ns": []}
    with_chips: dict[str, Any] = {"time__barrier__chips": [2, 9], "time__barrier__chips_time_ns": [1.0, 2.0]}
    plain = with_chips if path == "time__barrier__chips_time_ns" else tiles_only
    higher = [9999.0, 99999.0] if "barrier" in path else 9999.0
    cheap = latency(example().counts, repriced(**plain))
    dear = latency(example().counts, repriced(**{**plain, path: higher}))
    assert (dear.step_ns >= cheap.step_ns).all()
    assert dear.total_ns > cheap.total_ns
