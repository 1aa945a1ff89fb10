"""Axes: how a study file says which values a key takes."""

import json
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from chips import Fault, StudyError
from neurosim.experiment_parts import Part
from neurosim.studies.identity import plain

Number = Annotated[int | float, Field(allow_inf_nan=False)]
Scale = Literal["linear", "log"]


class Grid(Part):
    """Values at even distances, both ends included; whole numbers where both ends and all distances are whole."""

    from_: Number = Field(alias="from")
    to: Number
    n: Annotated[int, Field(ge=1, le=10_000)]
    scale: Scale = "linear"
    kind: Literal["int", "float"] | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Grid":
        _check_ends(self.from_, self.to, self.scale)
        if self.n == 1 and self.from_ != self.to:
            raise ValueError("n is 1, but from and to differ: write the one value as values: [...]")
        return self


class Random(Part):
    """Values drawn: between two ends, or out of a list."""

    from_: Number | None = Field(default=None, alias="from")
    to: Number | None = None
    scale: Scale = "linear"
    kind: Literal["int", "float", "choice"] = "float"
    values: Annotated[tuple[Any, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Random":
        if self.kind == "choice":
            if self.values is None or self.from_ is not None or self.to is not None:
                raise ValueError("kind choice draws out of values: write values: [...], and leave out from and to")
            return self
        if self.from_ is None or self.to is None or self.values is not None:
            raise ValueError(f"kind {self.kind} draws between from and to: write both, and leave out values")
        _check_ends(self.from_, self.to, self.scale)
        if self.kind == "int" and not (isinstance(self.from_, int) and isinstance(self.to, int)):
            raise ValueError("kind int draws whole numbers: write from and to as whole numbers")
        return self


def _check_ends(low: float, high: float, scale: str) -> None:
    if low > high:
        raise ValueError(f"goes from {low:g} to {high:g}: write the lower end first, then the upper one")
    if scale == "log" and low <= 0:
        raise ValueError(f"begins at {low:g} on a log scale: begin above 0, or write scale: linear")


class Axis(Part):
    """What a key is set to: one of `values`, `grid` and `random`."""

    values: Annotated[tuple[Any, ...], Field(min_length=1, max_length=10_000)] | None = None
    grid: Grid | None = None
    random: Random | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Axis":
        if sum(way is not None for way in (self.values, self.grid, self.random)) != 1:
            raise ValueError("needs one of values, grid and random")
        return self


def grid_values(key: str, axis: Axis) -> tuple[Any, ...]:
    """The values of an axis that draws nothing.

    Raises:
        StudyError: two are equal.
    """
    found = axis.values if axis.grid is None else of_grid(axis.grid)
    assert found is not None
    seen = set()
    for value in found:
        named = type(value), json.dumps(plain(value), sort_keys=True)
        if named in seen:
            raise StudyError([Fault("axes", key, f"has {value!r} twice: write each value once, or take a smaller n")])
        seen.add(named)
    return found


def of_grid(grid: Grid) -> tuple[Any, ...]:
    """The values of a grid, in order; of few digits some may be equal."""
    if grid.n == 1:
        return (grid.from_,)
    if grid.scale == "log":
        made = np.geomspace(grid.from_, grid.to, grid.n)
    else:
        made = np.linspace(grid.from_, grid.to, grid.n)
    ends_whole = isinstance(grid.from_, int) and isinstance(grid.to, int)
    whole = grid.kind == "int" or (grid.kind is None and ends_whole and bool((made == np.round(made)).all()))
    # 12 digits, so that a third of 0.9 is written 0.3
    return tuple(round(x) if whole else float(f"{x:.12g}") for x in made.tolist())
