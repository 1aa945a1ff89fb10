"""Sensitivity: which axis moves which objective most, and how that was found.

Where every combination of the axes' values was evaluated, it is the main effect: the variance of an objective's means
at the values of one axis, as a share of the objective's whole variance.  What the shares leave to 1 is interaction.
Elsewhere it is Spearman's rank correlation for numbers, from -1 to 1, and for other values the share of variance
between them (eta squared), from 0 to 1, which of few points is large by chance.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.studies.identity import canonical, plain

MAIN_EFFECT, RANK, BETWEEN = "share of variance (main effect)", "rank correlation", "share of variance between values"


@dataclass(frozen=True)
class Effect:
    """What an axis does to an objective."""

    axis: str
    objective: str
    size: float | None  # None where the axis or the objective does not vary, or fewer than three points are known
    method: str
    points: int  # that it rests on


def sensitivity(
    settings: Sequence[dict[str, Any]], values: npt.NDArray[np.float64], objectives: Sequence[str]
) -> list[Effect]:
    """The effect of every axis on every objective, largest first for each objective.

    Args:
        settings: of each point, with the same axes.
        values: [point, objective], nan where not known.
        objectives: their names.
    """
    found = []
    axes = list(settings[0]) if settings else []
    for k, objective in enumerate(objectives):
        known = np.flatnonzero(~np.isnan(values[:, k])).tolist()
        some, y = [settings[i] for i in known], values[known, k]
        whole = _is_whole_grid(some)
        effects = [_effect(axis, objective, [s[axis] for s in some], y, whole) for axis in axes]
        found += sorted(effects, key=lambda e: -1.0 if e.size is None else -abs(e.size) - 2)
    return found


def _is_whole_grid(settings: Sequence[dict[str, Any]]) -> bool:
    """Whether each combination of values is there equally often."""
    if not settings:
        return False
    levels = [sorted({_name(s[axis]) for s in settings}) for axis in settings[0]]
    counts: dict[tuple[str, ...], int] = {}
    for s in settings:
        key = tuple(_name(value) for value in s.values())
        counts[key] = counts.get(key, 0) + 1
    n = 1
    for of_axis in levels:
        n *= len(of_axis)
    return (
        n == len(counts) and len(set(counts.values())) == 1 and all(key in counts for key in itertools.product(*levels))
    )


def _effect(axis: str, objective: str, given: list[Any], y: npt.NDArray[np.float64], whole: bool) -> Effect:
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in given)
    method = MAIN_EFFECT if whole else RANK if numeric else BETWEEN
    size = None
    if len(y) >= 3 and np.ptp(y) > 0 and len({_name(value) for value in given}) > 1:
        size = _correlation(np.array(given, np.float64), y) if method == RANK else _share(given, y)
    return Effect(axis, objective, size, method, len(y))


def _share(given: list[Any], y: npt.NDArray[np.float64]) -> float:
    """Variance between the means at each value, as a share of all of it."""
    _, level = np.unique([_name(value) for value in given], return_inverse=True)
    n = np.bincount(level)
    mean = np.bincount(level, y - y.mean()) / n
    return float(min(1.0, (n * mean**2).sum() / ((y - y.mean()) ** 2).sum()))


def _correlation(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    a, b = _ranks(x), _ranks(y)
    a, b = a - a.mean(), b - b.mean()
    return float(np.clip((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()), -1, 1))


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ranks from 0, equal values sharing the mean of theirs."""
    _, place, n = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(n)
    mean: npt.NDArray[np.float64] = (last - (n + 1) / 2)[place]
    return mean


def _name(value: Any) -> str:
    return canonical(plain(value))
