"""The result of a study: its rows, their Pareto front, what moves what; and the files that hold them."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from compiler.npz import replacing, write_text
from neurosim.studies.evaluate import DONE
from neurosim.studies.front import pareto_front
from neurosim.studies.identity import canonical
from neurosim.studies.objectives import MEASURES, measured
from neurosim.studies.sensitivity import Effect, sensitivity
from neurosim.studies.store import Point
from neurosim.studies.study import Limit, Study

FORMAT = "neurosim-study-result/1"


@dataclass(frozen=True)
class Group:
    """Points that differ only in axes that repeat, and the means of their objectives; mostly a single point."""

    settings: dict[str, Any]  # without the axes that repeat
    points: tuple[int, ...]  # their numbers
    objectives: dict[str, float | None]  # means over those that are done; None if one of them has no such number
    deviation: dict[str, float | None]  # of a point from that mean (n - 1); None for a single point
    missing: int  # points that are not done
    feasible: bool  # whether the means keep all constraints, and no point is missing


@dataclass(frozen=True)
class StudyResult:
    """What a study found."""

    study: Study
    points: tuple[Point, ...]  # in order

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One for each point, in order: plain data with stable keys and SI units."""
        on_front = {number for group in self.front() for number in group.points}
        limited = [name for limit in self.study.constraints for name in limit]
        names = list(dict.fromkeys([*self._names, *limited]))
        feasible = {number: group.feasible for group in self.groups for number in group.points}
        return [
            {
                "point": point.number,
                "id": point.id,
                "settings": point.settings,
                "status": point.status or "not evaluated",
                "reason": point.reason,
                "objectives": {name: _value(point, name) for name in names},
                "feasible": feasible[point.number],
                "on_front": point.number in on_front,
                "measures": point.measures,
                "provenance": point.provenance,
            }
            for point in self.points
        ]

    @property
    def _names(self) -> list[str]:
        return [objective.name for objective in self.study.objectives]

    @cached_property
    def groups(self) -> list[Group]:
        """Points, those that only repeat one another together, in order."""
        found: dict[str, list[Point]] = {}
        for point in self.points:
            found.setdefault(canonical(self._without_repeats(point)), []).append(point)
        return [self._group(points) for points in found.values()]

    def _without_repeats(self, point: Point) -> dict[str, Any]:
        return {key: value for key, value in point.settings.items() if key not in self.study.average_over}

    def _group(self, points: Sequence[Point]) -> Group:
        done = [point for point in points if point.status == DONE]
        means, deviation = {}, {}
        limited = [name for limit in self.study.constraints for name in limit]
        for name in dict.fromkeys([*self._names, *limited]):
            values = [value for point in done if (value := _value(point, name)) is not None]
            means[name] = float(np.mean(values)) if values and len(values) == len(done) else None
            deviation[name] = float(np.std(values, ddof=1)) if means[name] is not None and len(values) > 1 else None
        kept = all(_holds(means[name], bounds) for limit in self.study.constraints for name, bounds in limit.items())
        missing = len(points) - len(done)
        numbers = tuple(point.number for point in points)
        return Group(self._without_repeats(points[0]), numbers, means, deviation, missing, kept and not missing)

    def broken(self, group: Group) -> list[str]:
        """The constraints that the means of a group break, as "accuracy at least 0.9"."""
        return [
            f"{name} {side.replace('_', ' ')} {bound:g}"
            for limit in self.study.constraints
            for name, bounds in limit.items()
            for side, bound in bounds.model_dump(exclude_none=True).items()
            if not _holds(group.objectives[name], Limit(**{side: bound}))
        ]

    def front(self) -> list[Group]:
        """The groups that keep all constraints and that no other such group beats in every objective, in order.

        Ordered by the first objective, best first, then by number.
        """
        groups = [group for group in self.groups if group.feasible]
        if not groups:
            return []
        on = pareto_front(self._table(groups), [objective.maximise for objective in self.study.objectives])
        return self._best_first([group for group, is_on in zip(groups, on, strict=True) if is_on])

    def best(self) -> list[Group]:
        """All groups that keep all constraints, those on the front first, then by the first objective."""
        front = self.front()
        on_front = {group.points[0] for group in front}
        rest = [group for group in self.groups if group.feasible and group.points[0] not in on_front]
        return [*front, *self._best_first(rest)]

    def _best_first(self, groups: list[Group]) -> list[Group]:
        first = self.study.objectives[0]
        side = -1 if first.maximise else 1

        def place(group: Group) -> tuple[bool, float, int]:
            value = group.objectives[first.name]
            return value is None, 0.0 if value is None else side * value, group.points[0]

        return sorted(groups, key=place)

    def _table(self, groups: Sequence[Group]) -> npt.NDArray[np.float64]:
        rows = [[group.objectives[name] for name in self._names] for group in groups]
        return np.array([[np.nan if value is None else value for value in row] for row in rows], np.float64)

    def sensitivity(self) -> list[Effect]:
        """Which axis moves which objective, over all points that are done, whether they keep the constraints or not."""
        done = [point for point in self.points if point.status == DONE]
        values = [[_value(point, name) for name in self._names] for point in done]
        table = np.array([[np.nan if v is None else v for v in row] for row in values]).reshape(-1, len(self._names))
        return sensitivity([point.settings for point in done], table, self._names)

    def counts(self) -> dict[str, int]:
        """How many points have each status."""
        found: dict[str, int] = {}
        for point in self.points:
            status = point.status or "not evaluated"
            found[status] = found.get(status, 0) + 1
        return dict(sorted(found.items()))

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data with stable keys."""
        return {
            "format": FORMAT,
            "name": self.study.name,
            "description": self.study.description,
            "objectives": [
                {
                    "name": o.name,
                    "goal": "maximise" if o.maximise else "minimise",
                    "unit": MEASURES[o.name].unit_in_files,
                }
                for o in self.study.objectives
            ],
            "counts": self.counts(),
            "front": [asdict(group) for group in self.front()],
            "sensitivity": [asdict(effect) for effect in self.sensitivity()],
            "rows": self.rows,
        }

    def save(self, folder: str | Path) -> list[Path]:
        """Write study.json, study.csv and, where pyarrow is installed, study.parquet: the same rows, the same bytes.

        Raises:
            NeurosimError: a file cannot be written.
        """
        folder = Path(folder)
        write_text(folder / "study.json", json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n")
        write_text(folder / "study.csv", self._csv())
        written = [folder / "study.json", folder / "study.csv"]
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            return written
        columns = _columns(self._flat())
        with replacing(folder / "study.parquet") as file:
            parquet.write_table(pyarrow.table(columns), file)
        return [*written, folder / "study.parquet"]

    def _flat(self) -> list[dict[str, Any]]:
        """Rows without nesting: settings, objectives and all numbers of the measures; the rest as JSON."""
        flat = []
        for row in self.rows:
            line = {key: row[key] for key in ("point", "id", "status", "reason", "feasible", "on_front")}
            line |= {
                key: value if isinstance(value, _PLAIN) else canonical(value) for key, value in row["settings"].items()
            }
            line |= {f"objective.{name}": value for name, value in row["objectives"].items()}
            measures = {} if row["measures"] is None else row["measures"]
            line |= {f"measure.{name}": value for name, value in measures.items() if isinstance(value, int | float)}
            line["provenance"] = None if row["provenance"] is None else canonical(row["provenance"])
            flat.append(line)
        return flat

    def _csv(self) -> str:
        columns = _columns(self._flat())
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return text.getvalue()


_PLAIN = (bool, int, float, str, type(None))


def _columns(flat: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Column -> value of each row; a column whose values are of several kinds is text."""
    names = list(dict.fromkeys(name for row in flat for name in row))
    made = {}
    for name in names:
        values = [row.get(name) for row in flat]
        kinds = {type(value) for value in values if value is not None}
        if kinds == {int, float}:
            values = [None if value is None else float(value) for value in values]
        elif len(kinds) > 1:
            values = [None if value is None else str(value) for value in values]
        made[name] = values
    return made


def _value(point: Point, name: str) -> float | None:
    return None if point.measures is None else measured(name, point.measures)


def _holds(value: float | None, bounds: Limit) -> bool:
    if value is None:
        return False
    low, high = bounds.at_least, bounds.at_most
    return (low is None or value >= low) and (high is None or value <= high)
