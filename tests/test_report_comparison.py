"""The page of a comparison hides nothing that the table of `neurosim compare` shows, and refuses damaged rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_report import row
from test_report_study import cells, fact, page_of

import neurosim as ns
from neurosim.reporting.price_sources import prices_table
from neurosim.reporting.rows import comparison_rows

DAVIES = "Davies et al. 2018, Table 2, p. 96"
MORE: dict[str, Any] = {
    "accuracy_by_bins": {"1": 0.7, "2": 0.9},
    "no_recurrence_accuracy": 0.95,
    "no_recurrence_accuracy_by_bins": {"1": 0.75, "2": 0.95},
    "calibration": {"rate": 0.0612, "balance": 0.25},
    "ranges": {
        "energy_per_inference_j": [1e-6, 3e-6],
        "static_energy_per_inference_j": None,
        "latency_per_inference_s": [1e-3, 2e-3],
        "not_known": {"energy": {"neuron_update": 0.25}, "time": ["time.spike_ns"], "power": []},
    },
    "energy_by_event_j": {"neuron_update": 6e-7, "synaptic_event": 4e-7},
    "prices_pj": {"neuron_update": 52.0, "synaptic_event": 23.6},
    "price_kinds": {"neuron_update": "simulated", "synaptic_event": "simulated"},
    "largest_source": "the largest one's source",
    "rests_on": {"energy": {"simulated": 2}, "time": {"assumed": 3}, "static_power": {"measured": 1}},
    "on_front": True,
    "readout": {"on_chip": False, "features": ["count"], "reason": "it cannot count"},
}


def comparison(**more: Any) -> dict[str, Any]:
    rows = [row("loihi1", 2e-6, 0.9, **MORE), row("mine", 1e-6, 0.9, **{**MORE, "on_front": False})]
    told = {"linear_raw": {"1": 0.33, "2": 0.97}, "linear_encoder": {"1": 0.23, "2": 0.96}}
    return {"name": "c", "rows": rows, "baselines": told, "raw": "raw sensors", "baseline": "loihi1", **more}


def test_accuracies_stand_beside_what_they_are_held_against(tmp_path: Path) -> None:
    page = page_of(comparison(), tmp_path)
    scores = cells(page, "scores")
    assert ["loihi1", "1", "70.00 %", "75.00 %"] in scores
    assert ["linear model on the raw sensors", "2", "97.00 %", "no liquid"] in scores
    assert "97.00 %" in fact(page, "linear model on the raw sensors, 2 bins")
    assert "95.00 %" in fact(page, "highest accuracy without recurrence, 2 bins")
    assert "at the host: it cannot count" in page


def test_rows_alone_repeat_the_linear_models(tmp_path: Path) -> None:
    rows = comparison()["rows"]
    rows[0]["baseline_accuracy_by_bins"] = {"2": 0.91}
    assert "91.00 %" in fact(page_of(rows, tmp_path), "linear model on the raw input, 2 bins")


def test_ties_name_all_who_tie(tmp_path: Path) -> None:
    page = page_of(comparison(), tmp_path)
    assert "2 of 2 tie: loihi1; mine" in fact(page, "highest accuracy, 2 bins")
    assert "tie" not in fact(page, "least dynamic energy per inference")


def test_ranges_and_the_share_without_known_error_are_shown(tmp_path: Path) -> None:
    page = page_of(comparison(), tmp_path)
    assert "known errors allow 1 uJ to 3 uJ" in fact(page, "least dynamic energy per inference")
    assert "25 % of it: neuron update" in page
    assert "not known" in page
    assert "time.spike_ns" in page


def test_the_rest_of_the_table_is_there(tmp_path: Path) -> None:
    page = page_of(comparison(test_samples=30), tmp_path)
    assert cells(page, "details")[0] == ["loihi1", "6.12 %", "0.25"]
    for kinds in ("2 simulated", "3 assumed", "1 measured"):
        assert f"<td>{kinds}</td>" in page
    assert [one[1] for one in cells(page, "rows")] == ["yes", "no"]
    assert "loihi1" in fact(page, "baseline")
    assert "30" in fact(page, "test samples")


def test_the_baseline_is_named_where_others_are_held_against_it(tmp_path: Path) -> None:
    told = comparison()
    told["rows"][1]["against_baseline"] = {"latency_terms_s": {"core": 1e-3}}
    assert "from the baseline, loihi1:" in page_of(told, tmp_path)


def test_prices_have_a_kind_and_a_source_or_say_that_none_is_known() -> None:
    rows = comparison()["rows"]
    rows[0]["price_sources"] = {"synaptic_event": DAVIES}
    table = prices_table(comparison_rows(rows, "c"))
    assert table is not None
    found = {(cells[0].text, cells[1].text): (cells[4].text, cells[5].text) for cells in table.rows}
    assert found["loihi1", "synaptic event"] == ("simulated", DAVIES)
    assert "do not say" in found["loihi1", "neuron update"][1]
    assert "do not say" in found["mine", "synaptic event"][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"accuracy": None}, r"row 2 \(b\): accuracy is null"),
        ({"energy_per_inference_j": "x"}, r"row 2 \(b\): energy_per_inference_j is 'x'"),
        ({"latency_per_inference_s": float("nan")}, r"row 2 \(b\): latency_per_inference_s is nan"),
        ({"samples": 0}, r"row 2 \(b\): samples is 0"),
        ({"neurons": 10**400}, r"row 2 \(b\): neurons is 1000"),
        ({"ranges": {"energy_per_inference_j": [1]}}, r"row 2 \(b\): ranges\.energy_per_inference_j"),
        ({"accuracy_by_bins": {"x": 1}}, r"row 2 \(b\): accuracy_by_bins\.x"),
        ({"chip": 3}, r"row 2: chip is 3"),
    ],
)
def test_damaged_rows_are_named(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "j.json").write_text(json.dumps({"rows": [row("a", 1e-6, 0.9), row("b", 1e-6, 0.9) | change]}))
    with pytest.raises(ns.NeurosimError, match=rf"j\.json: {words}"):
        page_of(tmp_path / "j.json", tmp_path)
    assert not (tmp_path / "s.html").exists()


@pytest.mark.parametrize(
    "key", ["samples", "energy_per_inference_j", "latency_per_inference_s", "accuracy", "cores_used"]
)
def test_a_missing_key_is_named(key: str, tmp_path: Path) -> None:
    faulty = row("a", 1e-6, 0.9)
    del faulty[key]
    with pytest.raises(ns.NeurosimError, match=rf"row 1 \(a\) has no {key}: give rows as neurosim compare writes them"):
        page_of([faulty], tmp_path)


def test_what_stands_beside_a_run_or_study_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "study.csv").write_text("a\n")
    with pytest.raises(ns.NeurosimError, match=r"study\.csv is no run, comparison or study: give"):
        page_of(tmp_path / "study.csv", tmp_path)
