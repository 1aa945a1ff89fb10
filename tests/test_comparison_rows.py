"""What `compare` says beside each row: differences that add up, ranges that hold, and the Pareto front."""

import json
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from test_cli import ROOT, neurosim, refused

import neurosim as ns
from chips import load_chip
from chips.keys import KEYS, value_at
from neurosim.differences import energy_difference, latency_difference
from neurosim.elasticity import elasticities
from neurosim.pricing import EVENTS
from neurosim.uncertainty import at_bounds, ranges

Row = st.fixed_dictionaries(
    {
        "charged_events": st.fixed_dictionaries({event: st.integers(0, 10**9) for event in EVENTS}),
        "prices_pj": st.fixed_dictionaries({event: st.floats(0, 1e4) for event in EVENTS}),
        "samples": st.integers(1, 500),
    }
)


def whole(row: dict) -> float:
    terms = (n * row["prices_pj"][event] for event, n in row["charged_events"].items())
    return sum(terms) * 1e-12 / row["samples"]


@settings(max_examples=200, deadline=None)
@given(Row, Row)
def test_counts_and_prices_add_up_to_the_difference_term_by_term(row: dict, baseline: dict) -> None:
    found = energy_difference(row, baseline)
    n, price = (
        {event: row[key][event] + baseline[key][event] for event in EVENTS} for key in ("charged_events", "prices_pj")
    )
    room = 1e-26 * sum(n[event] * price[event] for event in EVENTS)  # of rounding, pJ to J
    assert abs(found["energy_per_inference_j"] - (whole(row) - whole(baseline))) <= room
    assert abs(found["from_counts_j"] + found["from_prices_j"] - found["energy_per_inference_j"]) <= room
    back = energy_difference(baseline, row)
    assert back["from_counts_j"] == pytest.approx(-found["from_counts_j"], abs=room)
    for event, term in found["terms"].items():
        assert term["from_counts_j"] + term["from_prices_j"] == pytest.approx(term["energy_per_inference_j"], abs=room)
        if row["prices_pj"][event] == baseline["prices_pj"][event]:
            assert term["from_prices_j"] == 0


@pytest.fixture(scope="module")
def ran() -> ns.RunResult:
    program = ns.compile(ns.liquid((3, 3, 3), channels=4, gain=2.0, seed=3), load_chip("loihi1"))
    return ns.run(program, np.argwhere(np.random.default_rng(0).random((50, 4)) < 0.3).tolist(), steps=60)


def test_equal_errors_of_all_prices_are_the_error_of_the_total(ran: ns.RunResult) -> None:
    chip = load_chip("loihi1_sanafe")
    found = ranges(ran.counts, chip)
    energy = ns.energy(ran.counts, chip).dynamic_pj * 1e-12
    assert found["energy_per_inference_j"] == pytest.approx([0.88 * energy, 1.12 * energy], rel=1e-9)
    time = ns.latency(ran.counts, chip).total_ns * 1e-9
    assert found["latency_per_inference_s"] == pytest.approx([0.75 * time, 1.25 * time], rel=1e-9)
    assert found["not_known"] == {"energy": {}, "time": [], "power": ["power.static_mw"]}


def test_what_states_no_error_is_named_and_no_range_is_made_up(ran: ns.RunResult) -> None:
    chip = load_chip("loihi1", {"energy.neuron_update_pj": 1, "energy.packet_out_pj": 0, "energy.packet_in_pj": 0})
    found = ranges(ran.counts, chip)
    low, high = found["energy_per_inference_j"]
    energy = ns.energy(ran.counts, chip).dynamic_pj * 1e-12
    assert low == pytest.approx(energy)
    assert high > energy
    shares = found["not_known"]["energy"]
    assert "neuron_update" in shares
    assert "synaptic_event" not in shares
    assert 0 < sum(shares.values()) < 1
    none = ranges(ran.counts, load_chip("loihi1", {"energy.synaptic_event_pj": 1, "energy.synaptic_event_dense_pj": 1}))
    assert none["energy_per_inference_j"] is None


def test_a_total_most_of_which_has_no_known_error_has_no_range(ran: ns.RunResult) -> None:
    """Half of it is the border, of energy and of time alike."""
    for price, is_known in ((1, True), (1e6, False)):
        found = ranges(ran.counts, load_chip("loihi1", {"energy.neuron_update_pj": price, "energy.packet_out_pj": 0}))
        assert (sum(found["not_known"]["energy"].values()) <= 0.5) is is_known
        assert (found["energy_per_inference_j"] is not None) is is_known
    for barrier, is_known in ((1, True), (1e6, False)):
        lengths = {"time.barrier.tiles": [1], "time.barrier.time_ns": [barrier], "power.static_mw": 1}
        found = ranges(ran.counts, load_chip("loihi1_sanafe", lengths))
        assert (found["latency_per_inference_s"] is not None) is is_known
        assert found["static_energy_per_inference_j"] is None  # its power has no known error


@pytest.mark.parametrize("name", ns.list_chips())
def test_every_profile_has_bounds_around_it(name: str) -> None:
    chip = load_chip(name)
    low, high = at_bounds(chip)
    for event in EVENTS:
        prices = [getattr(each.energy, f"{event}_pj") or 0 for each in (low, chip, high)]
        assert prices == sorted(prices)


def test_compare_marks_the_front_and_explains_against_a_baseline(tmp_path: Path) -> None:
    text = (ROOT / "examples" / "vowels.yaml").read_text().replace("data/japanese", f"{ROOT}/examples/data/japanese")
    (tmp_path / "e.yaml").write_text(text.replace("[4, 4, 16]", "[2, 2, 4]").replace("[1, 5]", "[1]"))
    chips = ["-c", "loihi1", "-c", "loihi1_sanafe"]
    refused(
        neurosim("compare", tmp_path / "e.yaml", *chips, "--baseline", "loihi9", "-o", tmp_path), "no row is called"
    )
    done = neurosim("compare", tmp_path / "e.yaml", *chips, "--baseline", "loihi1_sanafe", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    for words in (
        "on the Pareto front",
        "known errors allow",
        "against loihi1_sanafe",
        "by prices",
        "by what bound",
        "elasticity",
    ):
        assert words in done.stdout
    told = json.loads((tmp_path / "comparison.json").read_text())
    assert told["baseline"] == "loihi1_sanafe"
    first, second = told["rows"]
    assert second["against_baseline"]["terms"] == {}
    assert first["against_baseline"]["from_counts_j"] == pytest.approx(0, abs=1e-18)
    wanted = first["energy_per_inference_j"] - second["energy_per_inference_j"]
    assert first["against_baseline"]["energy_per_inference_j"] == pytest.approx(wanted)
    longer = first["latency_per_inference_s"] - second["latency_per_inference_s"]
    assert sum(first["against_baseline"]["latency_terms_s"].values()) == pytest.approx(longer)
    event = max(first["energy_by_event_j"], key=first["energy_by_event_j"].__getitem__)
    assert next(iter(first["sensitivity"]["energy_per_inference_j"])) == f"energy.{event}_pj"
    ns.report(tmp_path, path=tmp_path / "r.html")
    assert "energy.spike_pj" in (tmp_path / "r.html").read_text()
    assert [first["on_front"], second["on_front"]] == [True, False]
    low, high = second["ranges"]["energy_per_inference_j"]
    assert low < second["energy_per_inference_j"] < high


def changed(total: str, counts: ns.Counts, chip: ns.ChipProfile) -> float:
    spent = ns.energy(counts, chip)
    static = ns.latency(counts, chip).total_ns if total == "latency_per_inference_s" else spent.static_pj
    return spent.dynamic_pj if total == "energy_per_inference_j" else static


@pytest.mark.parametrize("name", ["loihi1", "loihi1_sanafe", "loihi2", "ideal"])
def test_elasticities_say_what_a_tenth_more_does(ran: ns.RunResult, name: str) -> None:
    program = ns.compile(ns.liquid((3, 3, 3), channels=4, gain=2.0, seed=3), load_chip(name))
    counts = ns.run(program, np.argwhere(np.random.default_rng(0).random((50, 4)) < 0.3).tolist(), steps=60).counts
    for total, of_key in elasticities(counts, program.chip).items():
        assert list(of_key.values()) == sorted(of_key.values(), key=lambda size: -abs(size))
        before = changed(total, counts, program.chip)
        for key, size in of_key.items():
            value = value_at(program.chip, key)
            more = [1.1 * entry for entry in value] if isinstance(value, tuple) else 1.1 * value
            after = changed(total, counts, load_chip(name, {key: more}))
            assert (after / before - 1) / 0.1 == pytest.approx(size, abs=1e-6), key


def test_elasticities_of_dynamic_energy_are_shares(ran: ns.RunResult) -> None:
    chip = load_chip("loihi1")
    found, spent = elasticities(ran.counts, chip), ns.energy(ran.counts, chip)
    shares = {f"energy.{event}_pj": pj / spent.dynamic_pj for event, pj in spent.by_event.items() if pj}
    assert found["energy_per_inference_j"] == pytest.approx(shares)
    assert found["latency_per_inference_s"].keys() <= {key for key in KEYS if key.startswith("time.")}
    assert elasticities(ran.counts, load_chip("loihi1", dict.fromkeys(shares, 0)))["energy_per_inference_j"] == {}


TIMES = [
    {},
    {"time.send_receive": "overlap"},
    {"time.send_receive": "largest", "time.barrier.tiles": [1], "time.barrier.time_ns": [40]},
    {"time.tick_ns": 1e6},
    {"time.tick_ns": 120.0},
    {"time.link_packet_ns": 1e5, "core.neurons": 9, "mesh.cores_per_tile": 1},
]


@pytest.mark.parametrize("times", TIMES)
def test_parts_of_the_time_add_up_to_it(times: dict) -> None:
    program = ns.compile(ns.liquid((3, 3, 3), channels=4, gain=2.0, seed=3), load_chip("loihi1", times))
    counts = ns.run(program, np.argwhere(np.random.default_rng(0).random((50, 4)) < 0.3).tolist(), steps=60).counts
    time = ns.latency(counts, program.chip)
    assert sum(time.by_bound_ns.values()) == pytest.approx(time.total_ns, rel=1e-12)
    assert all(ns > 0 for ns in time.by_bound_ns.values())
    if times.get("time.tick_ns") == 1e6:
        assert time.by_bound_ns == {"tick": 60e6}
    if "time.link_packet_ns" in times:
        assert max(time.by_bound_ns, key=time.by_bound_ns.__getitem__) == "link"


Parts = st.dictionaries(st.sampled_from(["core", "sending", "receiving", "link", "barrier", "tick"]), st.floats(0, 1e3))
Timed = st.fixed_dictionaries({"latency_by_bound_s": Parts, "samples": st.integers(1, 500)})


@settings(max_examples=200, deadline=None)
@given(Timed, Timed)
def test_terms_of_the_time_add_up_to_the_difference(row: dict, baseline: dict) -> None:
    found = latency_difference(row, baseline)
    assert found["latency_per_inference_s"] == pytest.approx(sum(found["latency_terms_s"].values()), abs=1e-12)
    whole = [sum(one["latency_by_bound_s"].values()) / one["samples"] for one in (row, baseline)]
    assert found["latency_per_inference_s"] == pytest.approx(whole[0] - whole[1], abs=1e-9)
    back = latency_difference(baseline, row)["latency_terms_s"]
    assert back == {bound: -seconds for bound, seconds in found["latency_terms_s"].items()}
