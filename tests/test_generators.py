"""Generators: every wiring follows its law, and a liquid can be made of each."""

import hashlib
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import neurosim as ns
from chips import ExperimentError, NetworkError
from neurosim.experiment import Liquid, load_experiment
from neurosim.generators.column import C
from neurosim.generators.draws import draw_subsets

PAIRS = ("EE", "EI", "IE", "II")
DRAWN: dict[str, Callable[..., ns.Wiring]] = {
    "maass": lambda **more: ns.maass_column((4, 5, 6), **more),
    "erdos_renyi": lambda **more: ns.erdos_renyi(120, 0.1, **more),
    "small_world": lambda **more: ns.small_world(120, 10, 0.3, **more),
    "ring": lambda **more: ns.ring(120, 10, **more),
    "layered": lambda **more: ns.layered([50, 40, 30], 0.1, 0.05, 0.2, **more),
}


def matrix(wiring: ns.Wiring) -> npt.NDArray[np.bool_]:
    """Connected [source, target]; no pair twice, none with itself, sources ascending."""
    connected = np.zeros((wiring.n, wiring.n), bool)
    connected[wiring.sources, wiring.targets] = True
    assert connected.sum() == len(wiring.sources)
    assert not connected.diagonal().any()
    assert (np.diff(wiring.sources) >= 0).all()
    return connected


def kind_pairs(wiring: ns.Wiring) -> dict[str, npt.NDArray[np.bool_]]:
    """Which [source, target] are of each pair of kinds."""
    kind = np.array(["E", "I"])[wiring.inhibitory.astype(int)]
    return {pair: (kind[:, None] == pair[0]) & (kind[None] == pair[1]) for pair in PAIRS}


def assert_frequency(connected: npt.NDArray[np.bool_], p: float, what: object) -> None:
    """Within 3 sigma of `p`, one connection apart from rounding."""
    n, slack = connected.size, 0.0 if p in (0, 1) else 1.0
    assert abs(int(connected.sum()) - n * p) <= 3 * np.sqrt(n * p * (1 - p)) + slack, what


@pytest.mark.parametrize(
    ("reach", "inhibitory"), [(2.0, 0.2), (1.2, 0.5), ({"EE": 1.0, "EI": 2.0, "IE": 3.0, "II": 1.5}, 0.5)]
)
def test_a_columns_connections_follow_their_law(reach: Any, inhibitory: float) -> None:
    """C exp(-(D / lambda)^2), for each pair of kinds and each distance up to 3."""
    column = ns.maass_column((12, 12, 12), reach=reach, inhibitory=inhibitory, seed=5)
    connected = matrix(column)
    assert column.position is not None
    square = ((column.position[:, None].astype(int) - column.position[None]) ** 2).sum(axis=2)
    for pair, mask in kind_pairs(column).items():
        lam = reach[pair] if isinstance(reach, dict) else reach
        for d2 in (1, 2, 3, 4, 5, 6, 9):
            assert_frequency(connected[mask & (square == d2)], C[pair] * np.exp(-d2 / lam**2), (pair, d2))


def test_one_reach_for_all_pairs_is_the_number() -> None:
    one, each = (ns.maass_column((4, 4, 4), reach=r, seed=3) for r in (1.7, dict.fromkeys(PAIRS, 1.7)))
    assert (one.sources == each.sources).all()
    assert (one.targets == each.targets).all()


@pytest.mark.parametrize("p", [0.02, 0.7, {"EE": 0.0, "EI": 0.3, "IE": 1.0, "II": 0.05}])
def test_erdos_renyi_connects_with_its_probability(p: Any) -> None:
    """For each pair of kinds, in all and in each quarter of the matrix."""
    graph = ns.erdos_renyi(500, p, inhibitory=0.3, seed=4)
    connected, off_diagonal = matrix(graph), ~np.eye(500, dtype=bool)
    for pair, mask in kind_pairs(graph).items():
        wanted = p[pair] if isinstance(p, dict) else p
        for rows in (slice(0, 250), slice(250, 500)):
            for columns in (slice(0, 250), slice(250, 500)):
                here = (mask & off_diagonal)[rows, columns]
                assert_frequency(connected[rows, columns][here], wanted, (pair, rows, columns))
    assert graph.position is None


def test_connections_of_erdos_renyi_are_independent() -> None:
    """Out-degrees and in-degrees are binomial: their variance is n p (1 - p), within 3 sigma of its own spread."""
    connected = matrix(ns.erdos_renyi(2000, 0.05, seed=1))
    for axis in (0, 1):
        degrees = connected.sum(axis=axis)
        variance = 1999 * 0.05 * 0.95
        assert abs(degrees.var() / variance - 1) < 3 * np.sqrt(2 / 2000)
    both = connected & connected.T
    assert_frequency(both[np.triu_indices(2000, 1)], 0.05**2, "both directions")


@pytest.mark.parametrize("neighbours", [0, 1, 4, 5, 10])
def test_a_ring_connects_the_nearest(neighbours: int) -> None:
    """Ahead and back in turn, ahead first; the distance runs along the ring."""
    wiring = ns.ring(11, neighbours, seed=2)
    ahead = [(-1) ** i * (i // 2 + 1) % 11 for i in range(neighbours)]
    for neuron in range(11):
        assert wiring.targets[wiring.sources == neuron].tolist() == sorted((neuron + a) % 11 for a in ahead)
    assert wiring.distance.max(initial=0) == (neighbours + 1) // 2
    assert wiring.extent == 5


@pytest.mark.parametrize(
    ("n", "neighbours", "rewire", "seeds"),
    [(600, 6, 0.25, 4), (40, 30, 0.7, 100), (41, 7, 1.0, 100), (30, 28, 0.5, 100), (30, 29, 0.5, 2), (50, 6, 0.0, 2)],
)
def test_a_small_world_follows_its_law(n: int, neighbours: int, rewire: float, seeds: int) -> None:
    """The chance of a connection at each way ahead is that in rings.py, and each neuron keeps its fan-out."""
    ahead = [(-1) ** i * (i // 2 + 1) % n for i in range(neighbours)]
    others = np.setdiff1d(np.arange(1, n), ahead)
    lost = np.arange(neighbours + 1)
    free = np.maximum(n - 1 - neighbours + lost, 1)
    far = float((stats.binom.pmf(lost, neighbours, rewire) * lost / free).sum())
    near = (neighbours - len(others) * far) / neighbours
    by_way = []  # [neuron, way ahead], of all seeds
    for seed in range(seeds):
        connected = matrix(ns.small_world(n, neighbours, rewire, seed=1000 + seed))
        assert (connected.sum(axis=1) == neighbours).all()
        by_way.append(np.stack([np.roll(connected[a], -a) for a in range(n)]))
    ways = np.concatenate(by_way)
    for way in ahead:
        assert_frequency(ways[:, way], min(round(near, 12), 1.0), way)
    for group in np.array_split(others, min(len(others), 6) or 1):
        assert_frequency(ways[:, group], far, group)


@given(st.data(), st.integers(1, 30), st.floats(0, 1), st.integers(0, 2**32))
def test_any_wiring_is_a_simple_graph(data: st.DataObject, n: int, p: float, seed: int) -> None:
    """No pair twice and no self-connection, whatever the size and the probability; small worlds keep their fan-out."""
    k = data.draw(st.integers(0, n - 1))
    assert (matrix(ns.small_world(n, k, p, seed=seed)).sum(axis=1) == k).all()
    matrix(ns.erdos_renyi(n, p, inhibitory=p, seed=seed))
    matrix(ns.layered([n, 1, k + 1], p, 1 - p, p / 2, seed=seed))
    matrix(ns.maass_column((1, k + 1, 2), c=p, reach=p + 0.1, seed=seed))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_subsets_have_the_same_chance(size: int) -> None:
    """All subsets of five, by chi squared; a fixed seed, so 0.1 % of laws would fail by chance."""
    rows, numbers = draw_subsets(np.random.default_rng(3), np.full(20_000, size), np.full(20_000, 5))
    assert (rows == np.repeat(np.arange(20_000), size)).all()
    codes = (1 << numbers.reshape(-1, size)).sum(axis=1)
    counts = [int((codes == sum(1 << i for i in subset)).sum()) for subset in combinations(range(5), size)]
    assert sum(counts) == 20_000
    assert stats.chisquare(counts).pvalue > 0.001


def test_layers_connect_to_their_neighbours() -> None:
    """Each pair of layers has its probability; layers further apart have no connection."""
    sizes, p = [200, 150, 250, 100], {1: 0.1, 0: 0.05, -1: 0.2}
    wiring = ns.layered(sizes, forward=p[1], lateral=p[0], backward=p[-1], inhibitory=0.3, seed=6)
    connected, layer = matrix(wiring), np.repeat(np.arange(4), sizes)
    for a in range(4):
        assert wiring.inhibitory[layer == a].sum() == round(0.3 * sizes[a])
        for b in range(4):
            here = (layer[:, None] == a) & (layer[None] == b) & ~np.eye(700, dtype=bool)
            assert_frequency(connected[here], p.get(b - a, 0.0), (a, b))


@pytest.mark.parametrize("name", DRAWN)
def test_same_seed_same_wiring(name: str) -> None:
    def bytes_of(seed: int) -> list[bytes]:
        wiring = DRAWN[name](seed=seed)
        assert wiring.sources.dtype == wiring.targets.dtype == np.int32
        return [wiring.inhibitory.tobytes(), wiring.sources.tobytes(), wiring.targets.tobytes()]

    assert bytes_of(7) == bytes_of(7)
    assert bytes_of(7) != bytes_of(8)


@pytest.mark.parametrize("name", DRAWN)
def test_the_inhibitory_fraction_is_kept(name: str) -> None:
    for fraction in (0.0, 0.3, 1.0):
        assert DRAWN[name](inhibitory=fraction).inhibitory.sum() == fraction * 120


@pytest.mark.parametrize(
    ("wiring", "n_synapses"),
    [
        (ns.maass_column((1, 1, 1)), 0),
        (ns.maass_column((3, 3, 3), c=0.0), 0),
        (ns.maass_column((2, 3, 2), c=1.0, reach=1e200), 12 * 11),
        (ns.maass_column((2, 3, 2), reach=1e-200), 0),
        (ns.erdos_renyi(1, 1.0), 0),
        (ns.erdos_renyi(40, 0.0), 0),
        (ns.erdos_renyi(40, 1.0), 40 * 39),
        (ns.erdos_renyi(40, 1e-300), 0),
        (ns.erdos_renyi(2, 1.0, inhibitory=0.5), 2),
        (ns.small_world(1, 0, 0.5), 0),
        (ns.small_world(2, 1, 1.0), 2),
        (ns.small_world(9, 8, 0.5), 72),
        (ns.ring(1, 0), 0),
        (ns.ring(10, 9), 90),
        (ns.layered([1], 1.0, 1.0, 1.0), 0),
        (ns.layered([3, 1, 2], 1.0), 5),
        (ns.layered([3, 1, 2], 1.0, 1.0, 1.0), 5 + 5 + 6 + 2),
        (ns.layered([3, 1, 2], 0.0), 0),
    ],
)
def test_the_smallest_and_the_fullest(wiring: ns.Wiring, n_synapses: int) -> None:
    assert matrix(wiring).sum() == n_synapses
    assert ns.liquid(wiring=wiring, channels=2).projections[1].n_synapses == n_synapses


@pytest.mark.parametrize(
    ("draw", "word"),
    [
        (lambda: ns.maass_column((0, 3, 3)), "shape"),
        (lambda: ns.maass_column((3, 3)), "shape"),
        (lambda: ns.maass_column((2.5, 3, 3)), "shape"),  # type: ignore[arg-type]
        (lambda: ns.maass_column((10**4, 10**4, 10**4)), "shape"),
        (lambda: ns.maass_column((400, 400, 400), reach=1e6), "reach"),
        (lambda: ns.maass_column((30, 30, 30), c=1.0, reach=1e6), "reach"),
        (lambda: ns.maass_column((3, 3, 3), reach={"EE": 1.0}), "reach"),
        (lambda: ns.maass_column((3, 3, 3), reach={**C, "II": 0.0}), "II"),
        (lambda: ns.maass_column((3, 3, 3), reach=float("nan")), "reach"),
        (lambda: ns.maass_column((3, 3, 3), c={**C, "IE": 2.0}), "IE"),
        (lambda: ns.maass_column((3, 3, 3), seed=-1), "seed"),
        (lambda: ns.erdos_renyi(0, 0.5), "n is 0"),
        (lambda: ns.erdos_renyi(True, 0.5), "n is True"),
        (lambda: ns.erdos_renyi(10, -0.1), "p is"),
        (lambda: ns.erdos_renyi(10, "0.1"), "p is"),  # type: ignore[arg-type]
        (lambda: ns.erdos_renyi(10, {"EE": 0.1, "XX": 0.2}), "p has"),
        (lambda: ns.erdos_renyi(10_000_000, 0.5), "lower n or p"),
        (lambda: ns.erdos_renyi(10, 0.5, inhibitory=1.1), "inhibitory"),
        (lambda: ns.erdos_renyi(10, 0.5, seed=0.5), "seed"),  # type: ignore[arg-type]
        (lambda: ns.small_world(10, 10, 0.5), "neighbours"),
        (lambda: ns.small_world(10, 2, 1.5), "rewire"),
        (lambda: ns.small_world(10**7, 1000, 0.5), "neighbours"),
        (lambda: ns.ring(10, -1), "neighbours"),
        (lambda: ns.ring(10, 2.0), "neighbours"),  # type: ignore[arg-type]
        (lambda: ns.ring(10, 2, inhibitory=-0.1), "inhibitory"),
        (lambda: ns.layered([], 0.5), "sizes"),
        (lambda: ns.layered(5, 0.5), "sizes"),  # type: ignore[arg-type]
        (lambda: ns.layered([3, 0], 0.5), r"sizes\[1\]"),
        (lambda: ns.layered([3, 3], 1.5), "forward"),
        (lambda: ns.layered([3, 3], 0.5, backward=float("nan")), "backward"),
        (lambda: ns.layered([10**6, 10**6], 0.5), "sizes"),
        (lambda: ns.layered([10**8, 10**8], 0.0), "sizes"),
        (lambda: ns.Wiring(np.zeros(2, bool), np.array([0]), np.array([2])), "targets"),
        (lambda: ns.Wiring(np.zeros(2, bool), np.array([0]), np.array([1, 0])), "sources"),
        (lambda: ns.Wiring(np.zeros(0, bool), np.array([], int), np.array([], int)), "inhibitory"),
        (lambda: ns.erdos_renyi(3, 0.5).distance, "positions"),
    ],
)
def test_bad_arguments_are_refused(draw: Callable[[], object], word: str) -> None:
    """One NetworkError that names the argument; what is too large is refused before it is drawn."""
    with pytest.raises(NetworkError, match=word):
        draw()


def test_columns_are_what_they_were() -> None:
    """Digests of who connects to whom, made when `reach` was a number only."""
    for column, digest in (
        (ns.maass_column((5, 5, 8), seed=2), "fa2193a120991152"),
        (ns.maass_column((4, 4, 12), reach=1.3, inhibitory=0.4, seed=7), "7f117630c304a9ae"),
    ):
        found = hashlib.sha256(column.sources.tobytes() + column.targets.tobytes() + column.inhibitory.tobytes())
        assert found.hexdigest()[:16] == digest


def test_liquids_are_what_they_were() -> None:
    """Digests of synapses and delays, and sums of weights, made before liquids took wirings."""
    network = ns.liquid((5, 5, 8), channels=3, seed=2)
    was = [("fbb3c54a85dcbb9d", -9.298956407577432), ("1c3f44dd3a9b0bc9", 112.05293363046181)]
    for projection, (digest, weight) in zip(network.projections, was, strict=True):
        arrays = (projection.sources, projection.targets, projection.delays)
        assert hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()[:16] == digest
        assert projection.weights.sum() == pytest.approx(weight, rel=1e-12)
    assert network.populations[0].values("tau_mem_ms").sum() == pytest.approx(3603.044086282781, rel=1e-12)


def test_a_shape_is_its_columns_wiring() -> None:
    column = ns.maass_column((4, 4, 5), reach=1.5, inhibitory=0.3, seed=9)
    assert ns.liquid(wiring=column, channels=3, seed=9) == ns.liquid((4, 4, 5), 3, reach=1.5, inhibitory=0.3, seed=9)
    assert ns.liquid(seed=9) == ns.liquid((4, 4, 12), seed=9)


@pytest.mark.parametrize("name", DRAWN)
def test_a_liquid_of_any_wiring_keeps_dales_law(name: str) -> None:
    """All weights of a neuron have its sign; the same seed gives the same liquid; it compiles and runs."""
    wiring = DRAWN[name](inhibitory=0.25, seed=1)
    network = ns.liquid(wiring=wiring, channels=4, gain=2.0, seed=3)
    recurrent = network.projections[1]
    assert (recurrent.sources == wiring.sources).all()
    assert (recurrent.targets == wiring.targets).all()
    assert (np.sign(recurrent.weights) == np.where(wiring.inhibitory[recurrent.sources], -1, 1)).all()
    assert network == ns.liquid(wiring=wiring, channels=4, gain=2.0, seed=3)
    assert network != ns.liquid(wiring=wiring, channels=4, gain=2.0, seed=4)
    result = ns.run(ns.compile(network, "ideal"), [(step, step % 4) for step in range(50)], steps=50)
    assert result.n_spikes > 0


@pytest.mark.parametrize("name", ["maass", "small_world", "ring"])
def test_longer_connections_take_longer(name: str) -> None:
    wiring = DRAWN[name]()
    delays = ns.liquid(wiring=wiring, max_delay=40).projections[1].delays.astype(int)
    order = np.argsort(wiring.distance, kind="stable")
    assert (np.diff(delays[order]) >= 0).all()
    assert delays.min() >= 1
    assert delays.max() <= 40
    assert len(np.unique(delays)) > 3


@pytest.mark.parametrize("name", ["erdos_renyi", "layered"])
def test_without_positions_every_delay_has_the_same_chance(name: str) -> None:
    delays = ns.liquid(wiring=DRAWN[name](), max_delay=5).projections[1].delays
    for delay in range(1, 6):
        assert_frequency(delays == delay, 0.2, delay)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"shape": (3, 3, 3)}, "shape"),
        ({"c": C}, "c describes"),
        ({"reach": 2.0}, "reach"),
        ({"inhibitory": 0.2}, "inhibitory"),
        ({"wiring": (3, 3, 3)}, "generator"),
        ({"recurrence": float("nan")}, "recurrence"),
        ({"inhibition": -1.0}, "inhibition"),
        ({"weight_cap": float("inf")}, "weight_cap"),
        ({"max_delay": 0}, "max_delay"),
        ({"max_delay": 256}, "max_delay"),
        ({"tau_syn_ms": (5.0, 3.0)}, "tau_syn_ms"),
        ({"tau_mem_ms": "fast"}, "tau_mem_ms"),
        ({"adaptation": -0.1}, "adaptation"),
        ({"stp": "mass"}, "stp"),
        ({"stp": {"EX": None}}, "EX"),
        ({"seed": -1}, "seed"),
        ({"channels": 10**9}, "channels"),
    ],
)
def test_bad_settings_of_a_liquid_are_refused(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(NetworkError, match=word):
        ns.liquid(**{"wiring": ns.ring(20, 2), **settings})


@pytest.mark.parametrize("stp", ["maass", {"EI": ns.ShortTermPlasticity(u=0.05, tau_rec_ms=125, tau_facil_ms=1200)}])
def test_plasticity_comes_in_a_projection_for_each_pair_of_kinds(stp: Any) -> None:
    """The same synapses, weights and delays as without, and the values of Maass, Natschlaeger and Markram 2002."""
    settings: dict[str, Any] = {"shape": (4, 4, 6), "channels": 3, "inhibitory": 0.4, "seed": 1}
    plain, plastic = ns.liquid(**settings).projections[1], ns.liquid(**settings, stp=stp).projections[1:]
    kinds = np.array(["E", "I"])[ns.maass_column((4, 4, 6), inhibitory=0.4, seed=1).inhibitory.astype(int)]
    published = {"EE": (0.5, 1100, 50), "EI": (0.05, 125, 1200), "IE": (0.25, 700, 20), "II": (0.32, 144, 60)}
    for pair, projection in zip(PAIRS, plastic, strict=True):
        assert set(np.char.add(kinds[projection.sources], kinds[projection.targets])) == {pair}
        if stp == "maass" or pair in stp:
            found = projection.stp
            assert found is not None
            assert (found.u, found.tau_rec_ms, found.tau_facil_ms) == pytest.approx(published[pair])
        else:
            assert projection.stp is None
    for array in ("weights", "delays"):
        joined = np.concatenate([getattr(p, array) for p in plastic])
        ends = [np.concatenate([getattr(p, side) for p in plastic]) for side in ("targets", "sources")]
        assert (joined[np.lexsort(ends)] == getattr(plain, array)).all()


def test_depressing_synapses_deliver_less_in_floating_point() -> None:
    """A liquid with plasticity runs in floating point; excitation alone fires less than without."""
    spikes = [(step, channel) for step in range(100) for channel in range(8) if step % (channel + 2) == 0]
    settings: dict[str, Any] = {"shape": (3, 3, 6), "channels": 8, "inhibitory": 0.0, "gain": 2.0, "seed": 1}
    static, plastic = (ns.run_float(ns.liquid(**settings, stp=stp), spikes, 100) for stp in (None, "maass"))
    assert 0 < plastic.n_spikes < static.n_spikes


def test_adaptation_is_the_populations() -> None:
    """Passed on where it is wanted; without, the liquid is the one that it was."""
    adapting = ns.liquid((3, 3, 3), adaptation=0.5, tau_adaptation_ms=80.0).populations[0]
    assert adapting.values("adaptation").tolist() == [0.5] * 27
    assert adapting.values("tau_adaptation_ms").tolist() == [80.0] * 27
    assert ns.liquid((3, 3, 3)) == ns.liquid((3, 3, 3), adaptation=0.0, tau_adaptation_ms=80.0)
    with pytest.raises(NetworkError, match="tau_adaptation_ms"):
        ns.liquid((3, 3, 3), adaptation=0.5, tau_adaptation_ms=0.0)


EXPERIMENT = """
format: neurosim-experiment/1
name: small
data: {file: data.npz}
liquid: {%s}
chips: [{chip: loihi1}]
"""


def read(path: Path, liquid: str) -> Liquid:
    (path / "experiment.yaml").write_text(EXPERIMENT % liquid)
    return load_experiment(path / "experiment.yaml").liquid


@pytest.mark.parametrize(
    ("text", "wiring"),
    [
        ("{kind: maass, shape: [2, 3, 4], reach: {EE: 1, EI: 2.0, IE: 1.0, II: 1.0}}", None),
        ("{kind: maass, shape: [2, 3, 4], c: 0.5, inhibitory: 0.5}", ns.maass_column((2, 3, 4), c=0.5, inhibitory=0.5)),
        ("{kind: erdos_renyi, n: 30, p: 0.2}", ns.erdos_renyi(30, 0.2, seed=4)),
        ("{kind: erdos_renyi, n: 30, p: {EE: 0.1, EI: 0, IE: 1, II: 0.5}}", None),
        ("{kind: small_world, n: 30, neighbours: 4, rewire: 0.2}", ns.small_world(30, 4, 0.2, seed=4)),
        ("{kind: ring, n: 30, neighbours: 4, inhibitory: 0.1}", ns.ring(30, 4, inhibitory=0.1, seed=4)),
        ("{kind: layered, sizes: [10, 5], forward: 0.5, backward: 0.1}", ns.layered([10, 5], 0.5, 0.0, 0.1, seed=4)),
    ],
)
def test_an_experiment_names_its_wiring(tmp_path: Path, text: str, wiring: ns.Wiring | None) -> None:
    """The wiring is the generator's, drawn from the liquid's seed."""
    settings = read(tmp_path, f"wiring: {text}, seed: {4 if 'maass' not in text else 0}").settings()
    network = ns.liquid(channels=3, **settings)
    if wiring is not None:
        assert (network.projections[1].sources == wiring.sources).all()
        assert (network.projections[1].targets == wiring.targets).all()


def test_an_experiment_of_a_shape_is_a_column(tmp_path: Path) -> None:
    settings = read(tmp_path, "shape: [3, 3, 3], reach: {EE: 1.0, EI: 2, IE: 1.0, II: 1.5}, inhibitory: 0.5").settings()
    reach = {"EE": 1.0, "EI": 2.0, "IE": 1.0, "II": 1.5}
    assert ns.liquid(channels=2, **settings) == ns.liquid((3, 3, 3), 2, reach=reach, inhibitory=0.5)
    assert ns.liquid(channels=2, **read(tmp_path, "shape: [3, 3, 3]").settings()) == ns.liquid((3, 3, 3), 2)


@pytest.mark.parametrize(
    ("liquid", "place", "words"),
    [
        ("seed: 0", "liquid", "either shape or wiring"),
        ("shape: [2, 2, 2], wiring: {kind: ring, n: 9, neighbours: 2}", "liquid", "either shape or wiring"),
        ("wiring: {kind: ring, n: 9, neighbours: 2}, reach: 1", "liquid", "inside wiring"),
        ("wiring: ring", "liquid.wiring", "mapping with the key kind"),
        ("wiring: {n: 3}", "liquid.wiring", "maass, erdos_renyi"),
        ("wiring: {kind: rings, n: 3}", "liquid.wiring.kind", "did you mean 'ring'"),
        ("wiring: {kind: [ring]}", "liquid.wiring.kind", "legal are maass"),
        ("wiring: {kind: ring, n: 0, neighbours: 2}", "liquid.wiring.n", "at least 1"),
        ("wiring: {kind: ring, n: 3}", "liquid.wiring.neighbours", "missing"),
        ("wiring: {kind: ring, n: 3, neighbours: 1, rewir: 0.1}", "liquid.wiring.rewir", "legal here are kind, n, nei"),
        (
            "wiring: {kind: small_world, n: 3, neighbours: 1, rewire: 0, inhibitry: 0}",
            "liquid.wiring.inhibitry",
            "'inhibitory'",
        ),
        ("wiring: {kind: small_world, n: 3, neighbours: 1.5, rewire: 0}", "liquid.wiring.neighbours", "number"),
        ("wiring: {kind: erdos_renyi, n: 3, p: 1.5}", "liquid.wiring.p", "at most 1"),
        ("wiring: {kind: erdos_renyi, n: 3, p: {EE: 1, EI: 1, IE: 1}}", "liquid.wiring.p.II", "missing"),
        ("wiring: {kind: layered, sizes: [], forward: 0.5}", "liquid.wiring.sizes", "empty"),
        ("wiring: {kind: layered, sizes: [3, x], forward: 0.5}", "liquid.wiring.sizes[1]", "number"),
        ("wiring: {kind: maass, shape: [2, 2]}", "liquid.wiring.shape", "too few"),
        ("shape: [2, 2, 2], reach: {EE: 1, EI: 1, IE: 1, II: -1}", "liquid.reach.II", "above 0"),
        ("shape: [2, 2, 2], reach: {EE: 1, EI: 1, IE: 1, II: 1, E: 1}", "liquid.reach.E", "legal here are EE, EI"),
        ("shape: [2, 2, 2], reach: [1]", "liquid.reach", "a list"),
        ("shape: [2, 2, 2], adaptation: -1", "liquid.adaptation", "at least 0"),
        ("shape: [2, 2, 2], tau_adaptation_ms: 0", "liquid.tau_adaptation_ms", "above 0"),
    ],
)
def test_faults_of_an_experiments_wiring_are_placed(tmp_path: Path, liquid: str, place: str, words: str) -> None:
    """One fault, with its line, the key as it stands in the file, and the remedy."""
    with pytest.raises(ExperimentError) as error:
        read(tmp_path, liquid)
    (fault,) = error.value.faults
    assert fault.path == place
    assert words in fault.message
    assert fault.where.endswith(":5")


def test_a_wiring_that_cannot_be_is_refused_when_it_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="neighbours"):
        read(tmp_path, "wiring: {kind: ring, n: 3, neighbours: 3}").settings()


def test_an_experiment_of_another_wiring_is_compared(tmp_path: Path) -> None:
    """A small world of 48 neurons learns the vowels far above chance, which is one in nine."""
    vowels = load_experiment(Path(__file__).parent.parent / "examples" / "vowels.yaml")
    liquid = read(tmp_path, "wiring: {kind: small_world, n: 48, neighbours: 6, rewire: 0.2}, calibration_samples: 3")
    row = ns.compare(vowels.model_copy(update={"liquid": liquid}), chips=["loihi1"]).rows[0]
    assert row["neurons"] == 48
    assert row["accuracy"] > 0.7


def test_an_experiment_passes_adaptation_on(tmp_path: Path) -> None:
    settings = read(tmp_path, "shape: [2, 2, 2], adaptation: 0.2, tau_adaptation_ms: 50").settings()
    network = ns.liquid(channels=2, **settings)
    assert network.populations[0].values("adaptation").tolist() == [0.2] * 8
    assert ns.compile(network, "loihi2").n_neurons == 8
