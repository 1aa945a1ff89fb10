"""Keys: what an axis of a study may set, and an experiment with them set."""

import typing
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from chips import RunError
from chips.hints import did_you_mean, unknown_path
from chips.keys import FILE_KEYS, KEYS
from compiler import Mapping as Wishes
from neurosim.experiment import Configuration, Experiment, tuples

CHIP, CHIPS = "chip", "configuration"  # the profile; the number of an entry of the experiment's `chips`
SECTIONS = ("liquid", "encoder", "readout")
COMPILE = ("seed", "approximate", "partition", "rates", *(f"mapping.{each.name}" for each in fields(Wishes)))


def refusal(key: str, experiment: Experiment, axes: Collection[str] = ()) -> str:
    """Why an axis cannot set this key of an experiment, with what it could; "" where it can."""
    section, _, rest = key.partition(".")
    if key in (CHIP, CHIPS):
        both = CHIP in axes and CHIPS in axes
        return "configuration and chip both choose the chip: leave one of them out" if both else ""
    if section == CHIP:
        return unknown_path(rest) if rest not in KEYS or rest in FILE_KEYS else ""
    if section == "compile":
        return "" if rest in COMPILE else _unknown(rest, COMPILE, "compile")
    if section in SECTIONS:
        return _refusal_within(section, rest.split("."), getattr(experiment, section), axes)
    begins = (f"{CHIP}.", "compile.", *(f"{name}." for name in SECTIONS))
    hint = did_you_mean(section, (CHIP, "compile", *SECTIONS))
    return f"unknown key: {hint or 'write chip, or a key that begins with ' + ', '.join(begins)}"


def _refusal_within(section: str, steps: list[str], here: Any, axes: Collection[str]) -> str:
    """The same within a section of the experiment, step by step."""
    for i, step in enumerate(steps):
        models = [type(here)] if isinstance(here, BaseModel) else []
        kind = f"{section}.kind"
        if kind in axes and isinstance(here, BaseModel) and section == "encoder":
            models = kinds_of(Experiment, section)
        legal = list(dict.fromkeys(name for model in models for name in model.model_fields))
        if step not in legal:
            return _unknown(step, legal, section) if legal else f"{section} is not a section of this experiment: add it"
        here, section = getattr(here, step, None), f"{section}.{step}"
        if i + 1 < len(steps) and not isinstance(here, BaseModel):
            return f"{section} holds no keys in this experiment: write it there first, or set {section} as a whole"
    return ""


def kinds_of(model: type[BaseModel], name: str) -> list[type[BaseModel]]:
    """The models that a field may hold."""

    def unfold(annotation: Any) -> list[Any]:
        return [annotation, *(inner for part in typing.get_args(annotation) for inner in unfold(part))]

    found = unfold(model.model_fields[name].annotation)
    return [part for part in found if isinstance(part, type) and issubclass(part, BaseModel)]


def _unknown(name: str, legal: Collection[str], section: str) -> str:
    return f"unknown key: {did_you_mean(name, legal) or f'legal in {section} are ' + ', '.join(legal)}"


def configured(experiment: Experiment, settings: Mapping[str, Any], folder: Path = Path()) -> Experiment:
    """The experiment with these keys set, and with one configuration: that of the point.

    Args:
        experiment: as its file says.
        settings: key -> value.
        folder: that files of chips named by a setting are relative to.

    Raises:
        RunError: a value is out of range or of another kind, or contradicts another.
    """
    data = experiment.model_dump(exclude_unset=True, exclude={"chips"})
    at = settings.get(CHIPS, 0)
    if wrong := no_configuration(at, experiment):
        raise RunError(f"configuration {wrong}")
    chip = experiment.chips[at].model_dump(exclude_unset=True)
    for key, value in settings.items():
        section, _, rest = key.partition(".")
        if key == CHIP:
            chip["chip"] = chip_beside(value, folder)
        elif section == CHIP:
            chip["set"] = {**chip.get("set", {}), rest: value}
        elif rest.startswith("mapping."):
            chip["mapping"] = _with_wish(chip.get("mapping"), rest.partition(".")[2], value)
        elif section == "compile":
            chip[rest] = value
        elif section in SECTIONS:
            _put(data, key.split("."), value)
    try:
        return Experiment.model_validate({**_plain_tuples(data), "chips": (Configuration.model_validate(chip),)})
    except ValidationError as error:
        raise RunError(_first(error)) from None


def no_configuration(at: Any, experiment: Experiment) -> str:
    """Why this is no number of an entry of the experiment's `chips`; "" where it is one."""
    if isinstance(at, int) and not isinstance(at, bool) and 0 <= at < len(experiment.chips):
        return ""
    return f"is {at!r}, but the experiment's chips are numbered 0 to {len(experiment.chips) - 1}"


def chip_beside(value: Any, folder: Path) -> Any:
    """A chip as an axis names it; the file of one is relative to the study's folder."""
    return str(folder / value) if isinstance(value, str) and value.endswith((".yaml", ".yml")) else value


def _with_wish(mapping: Any, name: str, value: Any) -> dict[str, Any]:
    before = {} if mapping is None else {each.name: getattr(mapping, each.name) for each in fields(Wishes)}
    return {**before, name: value}


def _put(data: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        data[step] = dict(data.get(step) or {})
        data = data[step]
    data[steps[-1]] = value


def _plain_tuples(data: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = tuples(data)
    return made


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    place = ".".join(str(step) for step in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    return f"{place}: {message}, not {detail['input']!r}" if detail["type"] != "value_error" else f"{place}: {message}"
