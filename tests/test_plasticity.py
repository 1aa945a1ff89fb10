"""Short-term plasticity: as published in floating point, kept by files, refused by every chip."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from chips import CannotRepresent, NetworkError, list_chips
from compiler import Network, ShortTermPlasticity
from neurosim.debugging.float_run import run_float
from neurosim.debugging.lowered_run import run_lowered

# (U, D, F) in ms of Maass, Natschlaeger and Markram 2002: means for EE, EI, IE and II
PUBLISHED = [(0.5, 1100, 50), (0.05, 125, 1200), (0.25, 700, 20), (0.32, 144, 60)]


def plastic(stp: ShortTermPlasticity | None, delay: int = 1) -> Network:
    """A neuron whose current lasts one step, so that the probed u is the amplitude of what arrived."""
    net = Network()
    net.add_input("in", 2)
    net.add_lif("a", 2, tau_syn_ms=0, v_threshold=1e6)
    net.connect("in", "a", [0, 1], [0, 1], [2.0, -3.0], delay, stp=stp)
    return net


def amplitudes(net: Network, steps: list[int], delay: int = 1) -> np.ndarray:
    """What arrives at neuron 0 from spikes of channel 0 in these steps."""
    result = run_float(net, [(t, 0) for t in steps], steps=max(steps) + delay + 1, probe=[0])
    assert result.probes is not None
    arrived = result.probes.u[np.array(steps) + delay, 0]
    assert np.count_nonzero(result.probes.u) == len(steps)
    return arrived


@pytest.mark.parametrize(("u", "tau_rec", "tau_facil"), PUBLISHED)
def test_a_train_of_20_hz_follows_the_published_recursion(u: float, tau_rec: float, tau_facil: float) -> None:
    net = plastic(ShortTermPlasticity(u, tau_rec, tau_facil), delay=3)
    made = amplitudes(net, list(range(0, 8000, 50)), delay=3)
    used, left, wanted = u, 1.0, []
    for _ in made:
        wanted.append(2.0 * used * left)
        left = 1 + (left - used * left - 1) * np.exp(-50 / tau_rec)
        used = u + used * (1 - u) * np.exp(-50 / tau_facil)
    np.testing.assert_allclose(made, wanted, rtol=1e-12)
    steady_u = u / (1 - (1 - u) * np.exp(-50 / tau_facil))
    steady_r = -np.expm1(-50 / tau_rec) / (1 - (1 - steady_u) * np.exp(-50 / tau_rec))
    assert made[-1] == pytest.approx(2.0 * steady_u * steady_r, rel=1e-3)


def test_irregular_spikes_recover_by_the_time_since_the_last() -> None:
    """Depression alone: a spike leaves half of what is there, the rest comes back with tau_rec."""
    made = amplitudes(plastic(ShortTermPlasticity(0.5, 100, 0)), [0, 1, 400])
    second = 1 - 0.5 * np.exp(-1 / 100)
    third = 1 - (1 - second / 2) * np.exp(-399 / 100)
    np.testing.assert_allclose(made, [1.0, second, third], rtol=1e-12)


def test_without_time_constants_it_only_scales() -> None:
    assert (amplitudes(plastic(ShortTermPlasticity(0.25, 0, 0)), [0, 1, 5]) == 0.5).all()


def test_sources_and_projections_tire_alone_and_samples_start_rested() -> None:
    net = plastic(ShortTermPlasticity(0.5, 500, 0))
    net.connect("in", "a", [0, 0], [0, 1], [10.0, 20.0])  # a projection that does not tire
    rows = [(0, 0), (10, 0), (20, 0), (20, 1)]
    result = run_float(net, [rows, rows], steps=30, probe=[0, 1], threads=1)
    assert result.probes is not None
    u = result.probes.u.reshape(2, 30, 2)
    assert (u[0] == u[1]).all()
    assert u[0, 1, 0] == 10 + 1.0
    assert 10 < u[0, 21, 0] < u[0, 11, 0] < 11
    assert u[0, 21, 1] == 20 - 1.5  # channel 1 fires for the first time


@pytest.mark.parametrize("name", list_chips())
def test_every_chip_refuses_and_says_what_to_do(name: str) -> None:
    net = plastic(ShortTermPlasticity(0.5, 800, 0))
    with pytest.raises(CannotRepresent) as refused:
        ns.compile(net, name, approximate=True)
    for word in ("projection 'in' -> 'a'", name, "leave stp out", "run_float"):
        assert word in str(refused.value)
    if name.startswith("loihi"):
        with pytest.raises(CannotRepresent, match="leave stp out"):
            run_lowered(net, name, steps=3)


@pytest.mark.parametrize("stp", [None, ShortTermPlasticity(0.5, 1100, 50), ShortTermPlasticity(1, 0, 0.1)])
def test_files_keep_it(stp: ShortTermPlasticity | None, tmp_path: Path) -> None:
    net = plastic(stp)
    net.connect("a", "a", [0], [1], 1.0)
    for name in ("net.yaml", "net.npz"):
        net.save(tmp_path / name)
        loaded = Network.load(tmp_path / name)
        assert loaded == net
        assert [p.stp for p in loaded.projections] == [stp, None]
    assert Network.from_networkx(net.to_networkx()) == net
    assert (net == plastic(None)) is False
    assert ("stp" in (tmp_path / "net.yaml").read_text()) == (stp is not None)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((0, 1, 1), "u is 0"),
        ((1.1, 1, 1), "u is 1.1"),
        ((float("nan"), 1, 1), "u is nan"),
        ((True, 1, 1), "u is True"),
        (("x", 1, 1), "u is 'x'"),
        ((0.5, -1, 1), "tau_rec_ms is -1"),
        ((0.5, 1, float("inf")), "tau_facil_ms is inf"),
        ((0.5, 10**400, 1), "tau_rec_ms is 1000"),
    ],
)
def test_bad_values_are_refused(values: tuple[Any, Any, Any], word: str) -> None:
    with pytest.raises(NetworkError, match=word):
        ShortTermPlasticity(*values)


def test_anything_else_is_refused_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"projection 'in' -> 'a': stp is 0.5, but must be a ShortTermPlasticity"):
        plastic(0.5)  # type: ignore[arg-type]
    net = plastic(ShortTermPlasticity(0.5, 800, 0))
    net.save(tmp_path / "net.yaml")
    text = (tmp_path / "net.yaml").read_text()
    for given, words in (
        ("u: 7", ["stp", "u is 7", "at most 1"]),
        ("use: 0.5", ["stp.use", "unknown key"]),
        ("u: x", ["u is 'x'"]),
    ):
        (tmp_path / "bad.yaml").write_text(text.replace("u: 0.5", given))
        with pytest.raises(NetworkError) as refused:
            Network.load(tmp_path / "bad.yaml")
        assert all(word in str(refused.value) for word in words)
    graph = net.to_networkx()
    graph.graph["neurosim"]["projections"][0]["stp"] = {"u": 0.5}
    with pytest.raises(NetworkError, match="must be a mapping of"):
        Network.from_networkx(graph)
