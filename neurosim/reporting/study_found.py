"""A study of a file or a store, as the result that `sweep` would give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chips import NeurosimError
from neurosim.experiment import tuples
from neurosim.reporting.row_checks import LARGEST, Measures, PointRow, checked
from neurosim.studies.evaluate import DONE
from neurosim.studies.identity import canonical
from neurosim.studies.objectives import MEASURES
from neurosim.studies.result import Group, StudyResult
from neurosim.studies.store import Point, read_study
from neurosim.studies.study import Study

_KEYS = ("name", "description", "objectives", "constraints", "average_over")
_REMEDY = "give the study.json or the folder that neurosim sweep wrote"


@dataclass(frozen=True)
class _Marked(StudyResult):
    """Of a file that marks points that break a constraint, but may not hold the constraints."""

    infeasible: frozenset[int] = frozenset()

    @cached_property
    def groups(self) -> list[Group]:
        """Groups without a marked point are as feasible as their means."""
        found = StudyResult.groups.func(self)  # type: ignore[attr-defined]
        return [replace(group, feasible=group.feasible and self.infeasible.isdisjoint(group.points)) for group in found]


def study_of_store(path: Path) -> StudyResult:
    """The study of a store, which may not have ended.

    Args:
        path: `study.sqlite`, or the folder that holds it.

    Raises:
        NeurosimError: it is damaged or in use, or no point of it was evaluated.
    """
    stored = read_study(path)
    known = sum(point.status is not None for point in stored.points)
    if not known:
        n = len(stored.points)
        plan = f"has 0 of its {n:,} points evaluated" if n else "was not begun"
        raise NeurosimError(f"{path}: the study {plan}, so there is nothing to report: run neurosim sweep again")
    for point in stored.points:
        _check_settings(point.settings, f"{path}: point {point.number}")
        if point.measures is not None:
            checked(Measures, point.measures, f"{path}: point {point.number}", "run the study into another folder")
    _check_same_axes([point.settings for point in stored.points], str(path))
    told = stored.study.get("study")
    study = _study(told if isinstance(told, Mapping) else stored.study, stored.points[0].settings, str(path))
    return StudyResult(study, stored.points)


def study_of_rows(whole: Mapping[str, Any], name: str, file: str) -> StudyResult:
    """The study of a `study.json`, or of a mapping that holds its rows.

    Args:
        whole: what stands in the file.
        name: of the study, where the file gives none.
        file: what refusals call the file.

    Raises:
        NeurosimError: a row is none of a study, or a key is missing or damaged; the first is named.
    """
    rows = [_row(row, f"{file}: row {number}") for number, row in enumerate(whole["rows"], 1)]
    _check_same_axes([row.settings for row in rows], file)
    told = {"name": name[:100], **whole}
    if "average_over" not in told:
        told["average_over"] = _axes_left_out(told.get("front"), rows[0].settings)
    points = [_point(row, number) for number, row in enumerate(rows)]
    marked = [point.number for point, row in zip(points, rows, strict=True) if not row.feasible]
    return _Marked(_study(told, rows[0].settings, file), tuple(points), frozenset(marked))


def _row(row: Any, where: str) -> PointRow:
    found = checked(PointRow, row, where, _REMEDY)
    if found.status == DONE:
        if found.measures is None:
            raise NeurosimError(f"{where} is done, but has no measures: {_REMEDY}")
        checked(Measures, found.measures, f"{where}, measures", _REMEDY)
    _check_settings(found.settings, where)
    return found


def _check_settings(settings: Mapping[str, Any], where: str) -> None:
    for key, value in settings.items():
        is_large = isinstance(value, int | float) and abs(value) > LARGEST
        try:
            canonical(value)
        except ValueError:
            is_large = True
        if is_large:
            raise NeurosimError(f"{where}: settings.{key} is no finite number below {LARGEST:g}: {_REMEDY}")


def _point(row: PointRow, number: int) -> Point:
    number = number if row.point is None else row.point
    status = None if row.status == "not evaluated" else row.status
    measures = row.measures if row.status == DONE else None
    return Point(number, str(number), row.settings, status, row.reason, measures, row.provenance)


def _check_same_axes(settings: Sequence[Mapping[str, Any]], file: str) -> None:
    for number, one in enumerate(settings, 1):
        if other := sorted(settings[0].keys() ^ one.keys()):
            raise NeurosimError(f"{file}: row {number} and row 1 do not both set {other[0]}: {_REMEDY}")


def _axes_left_out(front: Any, settings: Mapping[str, Any]) -> list[str]:
    """The axes that only repeat, as the settings of a front lack them; for files that do not name them."""
    first = front[0] if isinstance(front, list) and front else None
    kept = first.get("settings") if isinstance(first, Mapping) else None
    return [key for key in settings if key not in kept] if isinstance(kept, Mapping) else []


def _study(told: Mapping[str, Any], settings: Mapping[str, Any], where: str) -> Study:
    """The study with what its page needs; values of axes stand in the points."""
    data = {key: told[key] for key in _KEYS if key in told}
    if isinstance(objectives := data.get("objectives"), list):
        keys = ("name", "goal")
        data["objectives"] = [
            {key: one[key] for key in keys if key in one} if isinstance(one, Mapping) else one for one in objectives
        ]
    whole = {"name": "study", **data, "experiment": "", "axes": {key: {"values": (0,)} for key in settings}}
    try:
        study = Study.model_validate(tuples(whole))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise NeurosimError(f"{where}: the study is damaged at {key}: {_REMEDY}") from None
    for measure in [*(o.name for o in study.objectives), *(name for limit in study.constraints for name in limit)]:
        if measure not in MEASURES:
            raise NeurosimError(f"{where}: {measure!r} is no measure, there are {', '.join(MEASURES)}: {_REMEDY}")
    return study
