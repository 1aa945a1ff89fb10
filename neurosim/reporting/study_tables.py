"""Tables of a study's page: groups of points with their means, and which axis moves what."""

from collections.abc import Sequence

from neurosim.reporting.page import SETTING, Cell, Column, Table, number
from neurosim.reporting.rows import OBJECTIVES, shown
from neurosim.reporting.rows_tables import MOST_ROWS, setting, yes_or_no
from neurosim.studies.identity import canonical
from neurosim.studies.result import Group, StudyResult
from neurosim.studies.sensitivity import Effect
from neurosim.studies.study import Limit

MOST_NUMBERS = 12  # of points of a group that are written out


def over(result: StudyResult) -> str:
    """As "means over liquid.seed"; nothing where no axis repeats."""
    axes = result.study.average_over
    return f"means over {', '.join(axes)}" if axes else ""


def axes_that_vary(groups: Sequence[Group]) -> list[str]:
    """The axes by which groups can be told apart; all axes of a single group."""
    of_axis = {axis: {canonical(group.settings[axis]) for group in groups} for axis in groups[0].settings}
    return [axis for axis, values in of_axis.items() if len(values) > 1] or list(of_axis)


def name_of(group: Group, axes: Sequence[str]) -> str:
    """The settings of a group on these axes."""
    return ", ".join(f"{axis} = {group.settings[axis]}" for axis in axes) or "all points"


def limit_in_words(name: str, bounds: Limit) -> str:
    """As "cores at most 4"."""
    ends = [("at least", bounds.at_least), ("at most", bounds.at_most)]
    told = [f"{words} {shown(end, name)}" for words, end in ends if end is not None]
    return f"{OBJECTIVES[name].words} {' and '.join(told)}"


def mean_in_words(group: Group, name: str) -> str:
    """A mean of a group, and the deviation of its points from it."""
    mean, deviation = group.objectives.get(name), group.deviation.get(name)
    if mean is None:
        return "-"
    return shown(mean, name) + ("" if deviation is None else f" \u00b1 {shown(deviation, name)}")


def groups_table(result: StudyResult, groups: Sequence[Group]) -> Table:
    """Groups as `neurosim sweep` orders them, best first, and then those that are not feasible, with the reason.

    Args:
        result: the study.
        groups: those of which any point is done, as all are that are feasible.
    """
    on_front = {group.points for group in result.front()}
    axes = list(groups[0].settings)
    names = list(groups[0].objectives)
    columns = [
        *(Column(key, SETTING) for key in axes),
        Column("feasible", "keeps all constraints"),
        Column("on the front"),
        *(Column(OBJECTIVES[name].words, _note(result, name), is_number=True) for name in names),
        Column("points"),
        Column("why not feasible"),
    ]
    rows = []
    for group in [*result.best(), *(group for group in groups if not group.feasible)]:
        standing = [Cell(yes_or_no(group.feasible)), Cell(yes_or_no(group.points in on_front))]
        means = [_mean(group, name) for name in names]
        tail = [Cell(_numbers(group.points)), Cell(_why_not(result, group))]
        rows.append([*map(setting, group.settings.values()), *standing, *means, *tail])
    averaged = f"; {over(result)} \u00b1 deviation of a point" if over(result) else ""
    caption = f"Best first{averaged}. On the front: feasible, and no other feasible one is at least as good in every "
    caption += f"objective ({', '.join(goals(result))}) and better in one"
    return Table(caption, columns, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS))


def goals(result: StudyResult) -> list[str]:
    """As "most accuracy", for each objective."""
    return [f"{'most' if o.maximise else 'least'} {OBJECTIVES[o.name].words}" for o in result.study.objectives]


def _note(result: StudyResult, name: str) -> str:
    return f"{OBJECTIVES[name].kind}; mean" if over(result) else OBJECTIVES[name].kind


def _mean(group: Group, name: str) -> Cell:
    mean = group.objectives[name]
    return Cell("-") if mean is None else number(mean, mean_in_words(group, name))


def _numbers(points: tuple[int, ...]) -> str:
    more = f" and {len(points) - MOST_NUMBERS:,} more" if len(points) > MOST_NUMBERS else ""
    return ", ".join(map(str, points[:MOST_NUMBERS])) + more


def _why_not(result: StudyResult, group: Group) -> str:
    """The constraints that a group breaks, or how many of its points have no numbers."""
    if group.feasible:
        return ""
    told = [f"{group.missing:,} of {len(group.points):,} points have no numbers"] if group.missing else []
    for limit in result.study.constraints:
        for name, bounds in limit.items():
            value = group.objectives.get(name)
            if value is None or not _holds(value, bounds):
                told.append(f"{OBJECTIVES[name].words} {mean_in_words(group, name)}, wanted {_wanted(name, bounds)}")
    return "; ".join(told) or "breaks a constraint that the file does not name"


def _wanted(name: str, bounds: Limit) -> str:
    return limit_in_words(name, bounds).removeprefix(f"{OBJECTIVES[name].words} ")


def _holds(value: float, bounds: Limit) -> bool:
    low, high = bounds.at_least, bounds.at_most
    return (low is None or value >= low) and (high is None or value <= high)


def effects_table(result: StudyResult) -> Table | None:
    """Which axis moves which objective; None where no point has numbers."""
    by_axis: dict[str, dict[str, Effect]] = {}
    for effect in result.sensitivity():
        by_axis.setdefault(effect.axis, {})[effect.objective] = effect
    if not by_axis:
        return None
    names = [objective.name for objective in result.study.objectives]
    columns = [
        Column("axis"),
        *(Column(OBJECTIVES[name].words, is_number=True) for name in names),
        Column("as"),
        Column("points", is_number=True),
    ]
    rows = [
        [Cell(axis), *(_size(of[name]) for name in names), Cell(of[names[0]].method), number(of[names[0]].points)]
        for axis, of in by_axis.items()
    ]
    caption = "What moves what: over all points that are done, feasible or not. A main effect is the share of an "
    caption += "objective's variance, from 0 to 1; a rank correlation goes from -1 to 1; - is an axis or a number that "
    return Table(f"{caption}does not vary", columns, rows)


def _size(effect: Effect) -> Cell:
    return Cell("-") if effect.size is None else number(effect.size, f"{effect.size:.2f}")
