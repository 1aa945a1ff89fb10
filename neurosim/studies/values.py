"""Values: what an axis cannot be set to whatever the other axes say, told when the study file is read.

A value is held against the type of its own key alone.  What contradicts another key, or does not fit a chip, may be
right in another point, so it is left to the points.
"""

import math
import typing
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from chips import Fault, MappingError, ProfileError, StudyError, load_chip
from chips.explain import describe, explain
from chips.keys import SECTIONS as PROFILE_SECTIONS
from chips.profile import ChipProfile
from chips.reading import Document, KeyPath
from compiler import Mapping as Wishes
from neurosim.experiment import Configuration, Experiment
from neurosim.studies.axes import Axis, Random, grid_values, of_grid
from neurosim.studies.keys import CHIP, CHIPS, chip_beside, kinds_of, no_configuration

MOST_FAULTS = 3  # told of one axis

_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def wrong_values(axes: Mapping[str, Axis], experiment: Experiment, folder: Path, document: Document) -> list[Fault]:
    """A fault for each value that its key can never take, and for axes with two equal values.

    Args:
        axes: their keys are known to be legal.
        experiment: that they set keys of.
        folder: that files of chips are relative to.
        document: the study file, for lines.
    """
    faults: list[Fault] = []
    for key, axis in axes.items():
        judge = _Judge(key, experiment, axes, folder)
        found = [document.fault(place, wrong) for place, wrong in _wrong(key, axis, judge)]
        if len(found) > MOST_FAULTS:
            rest = document.fault(("axes", key), f"and {len(found) - MOST_FAULTS:,} more of its values: correct these")
            found = [*found[:MOST_FAULTS], rest]
        faults += found or _equal_values(key, axis, document)
    return faults


def _wrong(key: str, axis: Axis, judge: "_Judge") -> Iterator[tuple[KeyPath, str]]:
    """Where a value is written, and what is wrong with it."""
    place: KeyPath = ("axes", key)
    drawn = axis.random
    if axis.values is not None:
        each: Iterator[tuple[KeyPath, Any]] = (((*place, "values", i), value) for i, value in enumerate(axis.values))
    elif drawn is not None and drawn.values is not None:
        each = (((*place, "random", "values", i), value) for i, value in enumerate(drawn.values))
    elif drawn is not None:
        yield from ((((*place, "random", end)), wrong) for end, wrong in _wrong_ends(drawn, judge))
        return
    else:
        assert axis.grid is not None
        each = (((*place, "grid"), value) for value in of_grid(axis.grid))
    for where, value in each:
        if wrong := judge.refusal(value):
            yield where, wrong


def _wrong_ends(drawn: Random, judge: "_Judge") -> Iterator[tuple[str, str]]:
    """The same of ends that are drawn between: an end itself is hardly ever drawn, so `from: 0` is no fault above 0."""
    assert drawn.from_ is not None
    assert drawn.to is not None
    for name, end, other in (("from", drawn.from_, drawn.to), ("to", drawn.to, drawn.from_)):
        near = int(end) if drawn.kind == "int" else math.nextafter(float(end), float(other))
        if judge.refusal(near):
            wrong = judge.refusal(int(end) if drawn.kind == "int" else float(end))
            is_whole = drawn.kind == "float" and not judge.refusal(round(end))
            yield name, "is drawn as a float, but must be a whole number: add kind: int" if is_whole else wrong


def _equal_values(key: str, axis: Axis, document: Document) -> list[Fault]:
    try:
        if axis.random is None:
            grid_values(key, axis)
    except StudyError as error:
        return [document.fault(("axes", key), fault.message) for fault in error.faults]
    return []


class _Judge:
    """What may stand under one key."""

    def __init__(self, key: str, experiment: Experiment, axes: Collection[str], folder: Path) -> None:
        self.key, self.experiment, self.folder = key, experiment, folder
        self.section, _, self.rest = key.partition(".")
        unjudged = key in (CHIP, CHIPS) or self.rest.startswith("mapping.") or _is_shared(key, axes)
        self.types = [] if unjudged else [_adapter(annotated) for annotated in _types(key, experiment, axes)]

    def refusal(self, value: Any) -> str:
        """Why the key can never be this; "" where it may be."""
        if odd := not_finite(value):
            return odd
        if self.key == CHIPS:
            return no_configuration(value, self.experiment)
        if self.key == CHIP:
            return _no_chip(value, self.folder)
        if self.rest.startswith("mapping."):
            return _no_wish(self.rest.partition(".")[2], value)
        said = [self._said(adapter, value) for adapter in self.types]
        return said[0] if said and all(said) else ""

    def _said(self, adapter: TypeAdapter[Any], value: Any) -> str:
        try:
            adapter.validate_python(value)
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            return _of_profile(self.rest, detail) if self.section == CHIP else _of_experiment(detail)
        return ""


def _is_shared(key: str, axes: Collection[str]) -> bool:
    """Whether another axis sets the section around a key of the experiment, or keys within it."""
    around = [other for other in axes if key.startswith(f"{other}.") and other != CHIP]
    return bool(around) or any(other.startswith(f"{key}.") for other in axes)


def _types(key: str, experiment: Experiment, axes: Collection[str]) -> list[Any]:
    """The types that a key may have: several where another axis chooses the kind of its section."""
    section, *steps = key.split(".")
    if section == CHIP:
        above, _, name = ".".join(steps).rpartition(".")
        return [_type(PROFILE_SECTIONS[above] if above else ChipProfile, name)]
    if section == "compile":
        return [_type(Configuration, steps[0])]
    parent: type[BaseModel] = Experiment
    name, here, path = section, getattr(experiment, section), section
    for step in steps[:-1]:
        parent, name, here, path = type(here), step, getattr(here, step), f"{path}.{step}"
    last = steps[-1]
    varies = last == "kind" or f"{path}.kind" in axes
    models = [model for model in (kinds_of(parent, name) if varies else [type(here)]) if last in model.model_fields]
    if last == "kind":
        names = [word for model in models for word in typing.get_args(model.model_fields[last].annotation)]
        return [typing.Literal[tuple(names)]] if names else []
    return [_type(model, last) for model in models]


def _type(model: type[BaseModel], name: str) -> Any:
    """The type of a field, without validators of its model, which may look at other fields."""
    field = model.model_fields[name]
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def _adapter(annotated: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotated, config=ConfigDict(strict=True))
    except PydanticUserError:  # a model has a configuration of its own, and takes no other
        return TypeAdapter(annotated)


def not_finite(value: Any) -> str:
    """What is wrong with a value that is, or holds, nan or an infinity; "" where all is finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"is {value!r}, which is no number to compute with: write a finite one"
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((wrong for each in inner if (wrong := not_finite(each))), "")


def _no_chip(value: Any, folder: Path) -> str:
    if not isinstance(value, str):
        return f"must be the name of a chip, or the path of its file, not {describe(value)}"
    path = chip_beside(value, folder)
    try:
        load_chip(path)
    except ProfileError as error:
        first = error.faults[0]
        return first.message if first.where == value else f"names a chip that cannot be loaded: {first}"
    return ""


def _no_wish(name: str, value: Any) -> str:
    try:
        Wishes.of({name: value})
    except MappingError as error:
        return str(error)
    return ""


def _of_profile(path: str, detail: Any) -> str:
    return explain({**detail, "loc": (*path.split("."), *_entry(detail))})


def _of_experiment(detail: Any) -> str:
    kind, value = detail["type"], detail["input"]
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"is {describe(value)}, but must be {words} {detail['ctx'][name]}"
    if kind == "int_type":
        return f"must be a whole number, not {describe(value)}"
    if kind == "bool_type":
        return f"must be true or false, not {describe(value)}"
    if kind == "tuple_type":
        return f"must be a list, not {describe(value)}: put it in brackets, as in [5]"
    if kind in ("float_type", "literal_error", "string_type", "value_error"):
        return explain({**detail, "loc": ("", *_entry(detail))})
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        kinds = detail.get("ctx", {}).get("expected_tags")
        return "must have the key kind" + (f", one of {kinds}" if kinds else ", which chooses the others")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"must be a mapping, not {describe(value)}"
    if kind == "missing" and isinstance(detail["loc"][-1], int):
        return "has too few entries"
    place = ".".join(str(step) for step in detail["loc"])
    return f"cannot be {describe(value)}: {f'{place}: ' if place else ''}{detail['msg']}"


def _entry(detail: Any) -> tuple[int, ...]:
    return tuple(step for step in detail["loc"][-1:] if isinstance(step, int))
