"""What `neurosim sweep` prints: the best points, what moves what, and which points have no numbers."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurosim.cli.printing import MODELLED, console, escape, print_table
from neurosim.studies.evaluate import DONE
from neurosim.studies.objectives import MEASURES
from neurosim.studies.result import Group, StudyResult
from neurosim.units import si

MOST_ROWS = 20  # of the table of the best
MOST_REASONS = 5


def print_study(result: StudyResult, files: Sequence[Path]) -> None:
    """Tables for people."""
    screen = console()
    if result.study.description:
        screen.print(escape(result.study.description))
    screen.print(f"{len(result.points):,} points: {', '.join(f'{n:,} {s}' for s, n in result.counts().items())}")
    best = result.best()
    if best:
        _print_best(result, best)
    _print_left_out(result)
    _print_sensitivity(result)
    reasons = Counter(point.reason for point in result.points if point.status not in (DONE, None))
    for reason, n in reasons.most_common(MOST_REASONS):
        screen.print(escape(f"{n:,} without numbers: {reason}"))
    if len(reasons) > MOST_REASONS:
        screen.print(f"and {len(reasons) - MOST_REASONS:,} other reasons, see the files")
    screen.print(MODELLED)
    screen.print(escape(f"written: {', '.join(str(path) for path in files)}"))


def _print_best(result: StudyResult, best: list[Group]) -> None:
    front = {group.points for group in result.front()}
    axes, names = list(best[0].settings), list(best[0].objectives)
    rows = [
        [
            "*" if group.points in front else "",
            _numbers(group.points),
            *(str(value) for value in group.settings.values()),
            *(_with_deviation(name, group) for name in names),
        ]
        for group in best[:MOST_ROWS]
    ]
    right = range(2 + len(axes), 2 + len(axes) + len(names))
    print_table(["", "point", *axes, *(name.replace("_", " ") for name in names)], rows, right)
    told = "* on the Pareto front"
    if result.study.average_over:
        told += f"; means and deviations over {', '.join(result.study.average_over)}"
    if len(best) > MOST_ROWS:
        told += f"; {len(best) - MOST_ROWS:,} more that keep all constraints are in the files"
    console().print(told)


def _print_left_out(result: StudyResult) -> None:
    """How many groups are in no table, and why."""
    screen = console()
    what = "groups of points" if result.study.average_over else "points"
    whole = [group for group in result.groups if not group.missing]
    broken = [broken for group in whole if (broken := result.broken(group))]
    if broken:
        which = ", ".join(f"{name}: {n:,}" for name, n in Counter(each for one in broken for each in one).most_common())
        all_of_them = "all" if len(broken) == len(result.groups) else f"{len(broken):,} of {len(result.groups):,}"
        screen.print(escape(f"not shown: {all_of_them} {what} break a constraint ({which})"))
    missing = len(result.groups) - len(whole)
    if missing and result.study.average_over:  # points without numbers are told with their reasons
        screen.print(f"not shown: {missing:,} of {len(result.groups):,} {what} lack the numbers of a point")


def _numbers(points: tuple[int, ...]) -> str:
    return str(points[0]) if len(points) == 1 else f"{points[0]} and {len(points) - 1} more"


def _with_deviation(name: str, group: Group) -> str:
    deviation = group.deviation[name]
    return shown(name, group.objectives[name]) + ("" if deviation is None else f" ± {shown(name, deviation)}")


def shown(name: str, value: float | None) -> str:
    """A measure for people."""
    if value is None:
        return "-"
    unit = MEASURES[name].unit
    if unit == "%":
        return f"{value:.2%}"
    return si(value, unit) if unit else f"{value:,.6g}"


def _print_sensitivity(result: StudyResult) -> None:
    effects = result.sensitivity()
    if not effects:
        return
    by_axis: dict[str, dict[str, Any]] = {}
    for effect in effects:
        by_axis.setdefault(effect.axis, {})[effect.objective] = effect
    names = [objective.name for objective in result.study.objectives]
    rows = [
        [axis, *("-" if of[name].size is None else f"{of[name].size:.2f}" for name in names), of[names[0]].method]
        for axis, of in by_axis.items()
    ]
    header = ["what moves what", *(name.replace("_", " ") for name in names), "as"]
    print_table(header, rows, range(1, 1 + len(names)))
