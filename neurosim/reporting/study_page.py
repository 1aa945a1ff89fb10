"""The page of a study: groups of points with their means, who is best among the feasible, and what moves what."""

from collections.abc import Sequence

from neurosim.reporting.comparison_page import energy_section
from neurosim.reporting.details import details_section
from neurosim.reporting.page import COUNTED, Fact, Page, Section
from neurosim.reporting.rows import OBJECTIVES, Row, measured, shown
from neurosim.reporting.rows_tables import refused_section, rows_table, scatter
from neurosim.reporting.scores import bins_of_accuracy
from neurosim.reporting.study_tables import (
    axes_that_vary,
    effects_table,
    goals,
    groups_table,
    limit_in_words,
    mean_in_words,
    name_of,
    over,
)
from neurosim.reporting.winners import best_of, tied
from neurosim.studies.result import Group, StudyResult
from neurosim.studies.store import Point

SUBTITLE = "Points of a study: counts are exact, energy and time are modelled, not measured."


def study_page(result: StudyResult, name: str) -> Page:
    """The page of a study, which may not have ended."""
    rows = {point.number: row for point, row in zip(result.points, _rows(result), strict=True)}
    seen = [rows[point.number] for point in result.points if point.status is not None]
    done = [row for row in seen if row.is_done]
    groups = [group for group in result.groups if any(rows[number].is_done for number in group.points)]
    sections = [_summary(result, groups)]
    if done:
        wanted = {objective.name: objective.maximise for objective in result.study.objectives}
        axes = axes_that_vary(groups)
        chart = scatter([_mean_row(group, rows, name_of(group, axes)) for group in groups], wanted)
        sections += [
            Section("pareto", "Pareto chart", [chart]),
            Section("groups", "Means" if over(result) else "Results", [groups_table(result, groups)]),
            Section("effects", "What moves what", [table for table in (effects_table(result),) if table]),
            Section("rows", "Points", [rows_table(done, wanted, _caption(result, done))]),
            *details_section(done),
            energy_section(done),
        ]
    return Page(name, SUBTITLE, [*sections, *refused_section(seen)])


def _caption(result: StudyResult, done: Sequence[Row]) -> str:
    bins = bins_of_accuracy(done[0])
    of = f"; accuracy is of spike counts in {bins}" if bins else ""
    single = f". Feasible and on the front are {over(result)}, not single points" if over(result) else ""
    return f"All points that are done; means over samples where a number is of an inference{of}{single}"


def _rows(result: StudyResult) -> list[Row]:
    """A row for each point, in order."""
    feasible = {number: group.feasible for group in result.groups for number in group.points}
    on_front = {number for group in result.front() for number in group.points}
    return [_row(point, feasible[point.number], point.number in on_front) for point in result.points]


def _row(point: Point, is_feasible: bool, is_on_front: bool) -> Row:
    measures, chip = point.measures or {}, (point.provenance or {}).get("chip", point.settings.get("chip", "chip"))
    name = f"{point.number}: " + ", ".join(f"{key} = {value}" for key, value in point.settings.items())
    status = point.status or "not evaluated"
    return Row(
        name, str(chip), point.settings, measures, status, point.reason, is_feasible, is_on_front, is_of_study=True
    )


def _mean_row(group: Group, rows: dict[int, Row], name: str) -> Row:
    """A group as a row of the chart: the means of all numbers that every point of it has."""
    done = [rows[number] for number in group.points if rows[number].is_done]
    measures: dict[str, object] = {}
    for key, objective in OBJECTIVES.items():
        values = [value for row in done if (value := measured(row.measures, key)) is not None]
        if len(values) == len(done):
            inner: object = sum(values) / len(values)
            for holder in reversed(objective.keys[1:]):
                inner = {holder: inner}
            measures[objective.keys[0]] = inner
    return Row(name, done[0].chip, group.settings, measures, is_feasible=group.feasible)


def _summary(result: StudyResult, groups: Sequence[Group]) -> Section:
    study, n = result.study, len(result.points)
    known = n - result.counts().get("not evaluated", 0)
    parts: list[Fact | str] = [study.description] if study.description else []
    if known < n:
        parts.append(f"unfinished: {known:,} of {n:,} points are there")
    parts.append(Fact("points", f"{n:,}", COUNTED))
    parts += [Fact(status, f"{of:,}", COUNTED) for status, of in result.counts().items()]
    feasible = [group for group in result.groups if group.feasible]
    if study.constraints or len(feasible) < len(groups):
        what = "groups that keep all constraints" if over(result) else "points that keep all constraints"
        parts.append(Fact(what, f"{len(feasible):,} of {len(result.groups):,}", COUNTED))
    parts += [_winner(result, feasible, number) for number in range(len(study.objectives))] if feasible else []
    parts += _conditions(result, bool(feasible))
    return Section("summary", "Summary", parts)


def _conditions(result: StudyResult, is_any_feasible: bool) -> list[str]:
    """What was wanted, in words."""
    limits = [limit_in_words(name, bounds) for limit in result.study.constraints for name, bounds in limit.items()]
    told = [f"Objectives: {', '.join(goals(result))}."]
    told.append(f"Constraints: {'; '.join(limits)}." if limits else "Constraints: none are named.")
    if over(result):
        told.append(f"Objectives, constraints and the front are of {over(result)}, \u00b1 the deviation of a point.")
    return told if is_any_feasible else [*told, "No point keeps all constraints, so none is called best."]


def _winner(result: StudyResult, feasible: Sequence[Group], index: int) -> Fact:
    """The best mean of an objective among the feasible groups, and of which groups it is."""
    wanted = result.study.objectives[index]
    objective = OBJECTIVES[wanted.name]
    words = ", ".join(filter(None, (f"{'highest' if wanted.maximise else 'least'} {objective.words}", over(result))))
    axes = axes_that_vary(result.groups)
    values = [(v, name_of(group, axes)) for group in feasible if (v := group.objectives[wanted.name]) is not None]
    if not values:
        return Fact(words, "-", objective.kind, "no feasible point has this number")
    value, names = best_of(values, wanted.maximise)
    texts = {mean_in_words(group, wanted.name) for group in feasible if name_of(group, axes) in names}
    text = texts.pop() if len(texts) == 1 else shown(value, wanted.name)
    return Fact(words, text, objective.kind, f"of the feasible: {tied(names, len(feasible))}")
