"""Points: what each axis may be, and the settings of all points of a grid or a random search, in order."""

import itertools
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from chips import Fault, StudyError
from neurosim.experiment import Experiment
from neurosim.studies.axes import Axis, Random, grid_values
from neurosim.studies.keys import CHIP, CHIPS
from neurosim.studies.study import MAX_POINTS, Study

Settings = dict[str, Any]  # key -> value, in the order of the axes


def axes_of(study: Study, experiment: Experiment) -> dict[str, Axis]:
    """The axes of a study; one over the experiment's chips in front, where it has several and no axis chooses."""
    if len(experiment.chips) == 1 or CHIP in study.axes or CHIPS in study.axes:
        return dict(study.axes)
    return {CHIPS: Axis(values=tuple(range(len(experiment.chips)))), **study.axes}


def listed_points(study: Study, axes: Mapping[str, Axis]) -> list[Settings]:
    """All points of a grid, the last axis moving fastest; or the points of a random search.

    A point of a random search depends on the seed, its number and its axes' names alone, so more points, or one axis
    more, leave those that are there as they are.

    Raises:
        StudyError: a grid has too many points, or an axis has equal values.
    """
    values = {key: grid_values(key, axis) for key, axis in axes.items() if axis.random is None}
    if study.search.kind != "grid":
        return [_drawn(study.search.seed, i, axes, values) for i in range(study.search.points or 0)]
    if (n := math.prod(map(len, values.values()))) > MAX_POINTS:
        message = (
            f"the grid has {n:,} points, but at most {MAX_POINTS:,}: take fewer values, or search: {{kind: random}}"
        )
        raise StudyError([Fault(study.name, "axes", message)])
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def _drawn(seed: int, number: int, axes: Mapping[str, Axis], values: Mapping[str, tuple[Any, ...]]) -> Settings:
    """The point of a random search with this number."""
    settings = {}
    for key, axis in axes.items():
        rng = np.random.default_rng([seed, number, zlib.crc32(key.encode())])
        if axis.random is None:
            settings[key] = values[key][int(rng.integers(len(values[key])))]
        else:
            settings[key] = _draw(axis.random, rng)
    return settings


def _draw(axis: Random, rng: np.random.Generator) -> Any:
    if axis.kind == "choice":
        assert axis.values is not None
        return axis.values[int(rng.integers(len(axis.values)))]
    assert axis.from_ is not None
    assert axis.to is not None
    if axis.kind == "int" and axis.scale == "linear":
        return int(rng.integers(int(axis.from_), int(axis.to) + 1))
    low, high = float(axis.from_), float(axis.to)
    if axis.scale == "linear":
        return float(rng.uniform(low, high))
    drawn = math.exp(rng.uniform(math.log(low), math.log(high)))
    return min(max(round(drawn), int(low)), int(high)) if axis.kind == "int" else min(max(drawn, low), high)
