"""The page of a study says of means, and of what is feasible, all that `neurosim sweep` prints."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from test_report import EVIL, row
from typer.testing import CliRunner

import neurosim as ns
from neurosim.cli.app import app
from neurosim.reporting.html import text
from neurosim.studies.store import Point, Store
from neurosim.studies.study import Study

AXES = {"chip.core.neurons": {"values": (8, 16, 32)}, "liquid.seed": {"values": (0, 1)}}
CORES = {8: 6, 16: 3, 32: 2}
ACCURACY = {(8, 0): 0.99, (8, 1): 0.97, (16, 0): 0.9, (16, 1): 0.8, (32, 0): 0.6, (32, 1): 0.95}


def stored(folder: Path, done: int = 6, **more: Any) -> Path:
    """A study whose best single points are not the best means, and whose best mean breaks the constraint."""
    wanted = {"name": "small", "axes": AXES, "experiment": ""} | {
        "objectives": ({"name": "accuracy"}, {"name": "latency"}),
        "constraints": ({"cores": {"at_most": 4}},),
        "average_over": ("liquid.seed",),
        **more,
    }
    study = Study.model_validate(wanted).model_dump(mode="json", by_alias=True, exclude={"experiment"})
    with Store(folder / "study.sqlite") as store:
        store.begin({"study": study, "axes": list(AXES)})
        keys = list(ACCURACY)
        store.plan(
            [Point(i, str(i), {"chip.core.neurons": n, "liquid.seed": seed}) for i, (n, seed) in enumerate(keys)]
        )
        for i, (n, seed) in enumerate(keys[:done]):
            measures = row("loihi1", 1e-6, ACCURACY[n, seed], cores_used=CORES[n], latency_per_inference_s=n * 1e-3)
            store.keep(str(i), {"status": "done", "reason": "", "measures": measures, "provenance": None})
    return folder


def page_of(what: Any, path: Path) -> str:
    return ns.report(what, path=path / "s.html").read_text()


def cells(page: str, section: str) -> list[list[str]]:
    """The rows of a section's first table, as text."""
    table = page.split(f'<section id="{section}">')[1].split("<tbody>")[1].split("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", one, re.S)] for one in rows]


def fact(page: str, name: str) -> str:
    found = re.search(rf"<dt>{re.escape(name)}</dt><dd>(.*?)</dd>", page)
    assert found, name
    return re.sub(r"<[^>]+>", " ", found[1])


def test_winners_are_means_of_feasible_groups(tmp_path: Path) -> None:
    page = page_of(stored(tmp_path), tmp_path)
    best = fact(page, "highest accuracy, means over liquid.seed")
    assert "85.00 % ± 7.07 %" in best
    assert "chip.core.neurons = 16" in best
    fastest = fact(page, "least time per inference, means over liquid.seed")
    assert "16 ms" in fastest  # 8 ms breaks the constraint
    assert "2 of 3" in fact(page, "groups that keep all constraints")


def test_groups_say_whether_they_are_feasible_and_on_the_front(tmp_path: Path) -> None:
    groups = cells(page_of(stored(tmp_path), tmp_path), "groups")
    assert [(one[0], one[1], one[2]) for one in groups] == [
        ("16", "yes", "yes"),
        ("32", "yes", "no"),
        ("8", "no", "no"),
    ]
    assert "cores 6 ± 0, wanted at most 4" in groups[2][-1]


def test_constraints_and_effects_are_told(tmp_path: Path) -> None:
    page = page_of(stored(tmp_path), tmp_path)
    assert "Constraints: cores at most 4." in page
    effects = {one[0]: one[1:] for one in cells(page, "effects")}
    assert effects["chip.core.neurons"][1] == "1.00"
    assert effects["liquid.seed"][1] == "0.00"


def test_points_stand_beside_their_means(tmp_path: Path) -> None:
    points = cells(page_of(stored(tmp_path), tmp_path), "rows")
    assert [one[3] for one in points] == ["no", "no", "yes", "yes", "yes", "yes"]


def test_where_nothing_is_feasible_nothing_is_best(tmp_path: Path) -> None:
    page = page_of(stored(tmp_path, constraints=({"accuracy": {"at_least": 0.999}},)), tmp_path)
    assert "No point keeps all constraints" in page
    assert "highest accuracy" not in page


def test_ties_name_all_who_tie(tmp_path: Path) -> None:
    page = page_of(stored(tmp_path, objectives=({"name": "energy_per_inference"},), constraints=()), tmp_path)
    assert "3 of 3 tie" in fact(page, "least dynamic energy per inference, means over liquid.seed")


def test_a_store_a_json_file_and_a_result_have_the_same_means(tmp_path: Path) -> None:
    from neurosim.reporting.study_found import study_of_store

    result = study_of_store(stored(tmp_path))
    page = page_of(result, tmp_path)
    assert page_of(tmp_path, tmp_path) == page_of(tmp_path / "study.sqlite", tmp_path) == page
    told = {key: value for key, value in result.to_dict().items() if key not in ("constraints", "average_over")}
    (tmp_path / "apart.json").write_text(json.dumps(told))
    apart = page_of(tmp_path / "apart.json", tmp_path)
    assert [one[:4] for one in cells(apart, "groups")] == [one[:4] for one in cells(page, "groups")]
    assert "85.00 %" in fact(apart, "highest accuracy, means over liquid.seed")


def test_names_of_axes_are_never_markup(tmp_path: Path) -> None:
    rows = [{"settings": {EVIL: i}, "status": "done", "measures": row(EVIL, 1e-6, 0.9)} for i in range(2)]
    page = page_of({"name": EVIL, "rows": rows}, tmp_path)
    assert "alert(1)</script>" not in page
    assert text(EVIL) in page


def test_a_study_that_has_not_ended_is_reported_as_far_as_it_is(tmp_path: Path) -> None:
    page = page_of(stored(tmp_path, done=3), tmp_path)
    assert "unfinished: 3 of 6 points" in page
    groups = cells(page, "groups")
    assert [one[0] for one in groups] == ["8", "16"]
    assert "1 of 2 points have no numbers" in groups[1][-1]


@pytest.mark.parametrize("name", ["", "study.sqlite"])
def test_a_study_without_a_point_is_refused_as_such(tmp_path: Path, name: str) -> None:
    with pytest.raises(ns.NeurosimError, match="0 of its 6 points evaluated"):
        ns.report(stored(tmp_path, done=0) / name, path=tmp_path / "s.html")


def test_the_command_takes_the_store_and_keeps_it(tmp_path: Path) -> None:
    store = str(stored(tmp_path) / "study.sqlite")
    assert CliRunner().invoke(app, ["report", store, "-o", str(tmp_path / "s.html")]).exit_code == 0
    with pytest.raises(ns.NeurosimError, match=r"name that ends in \.html|written over"):
        CliRunner().invoke(app, ["report", store, "-o", store], catch_exceptions=False)


POINT = {"settings": {"a": 1}, "status": "done", "measures": row("a", 1e-6, 0.9)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": None}, r"row 2: settings is null"),
        ({"settings": {"b": 1}}, r"row 2 and row 1 do not both set a"),
        ({"settings": {"a": float("nan")}}, r"row 2: settings\.a is no finite number"),
        ({"status": "perhaps"}, r"row 2: status is 'perhaps'"),
        ({"measures": None}, r"row 2 is done, but has no measures"),
        ({"measures": {"samples": 2}}, r"row 2, measures has no energy_per_inference_j"),
    ],
)
def test_damaged_points_are_named(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "j.json").write_text(json.dumps({"rows": [POINT, {**POINT, **change}]}))
    with pytest.raises(ns.NeurosimError, match=words):
        page_of(tmp_path / "j.json", tmp_path)
