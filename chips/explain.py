"""Explain: a validation error of the models, in plain words with the remedy."""

import math
from collections.abc import Mapping
from typing import Any

from chips.hints import did_you_mean, number_in_text, unknown_key
from chips.keys import KEYS, SECTIONS, Key, names_in

_BOUNDS = {
    "greater_than_equal": ("ge", "{} or more"),
    "greater_than": ("gt", "more than {}"),
    "less_than_equal": ("le", "at most {}"),
    "less_than": ("lt", "less than {}"),
}


def split_location(location: tuple[str | int, ...]) -> tuple[str, str]:
    """The dotted key of an error, and `entry 2: ` if the error is within its list."""
    steps = list(location)
    entry = ""
    if steps and isinstance(steps[-1], int):
        entry = f"entry {int(steps.pop()) + 1}: "
    return ".".join(str(step) for step in steps), entry


def explain(error: Mapping[str, Any]) -> str:
    """The message for one error as pydantic details it."""
    path, entry = split_location(error["loc"])
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        section, _, name = path.rpartition(".")
        return unknown_key(section, name)[0] if section in SECTIONS else "unknown key: remove it"
    if kind == "missing":
        return "missing: add it"
    if kind in _BOUNDS:
        return entry + _out_of_bounds(kind, error["ctx"], value, path)
    if kind in ("int_type", "float_type", "finite_number", "tuple_type"):
        return entry + _not_a_number(value, path, inside_list=bool(entry), is_whole=kind == "int_type")
    if kind == "literal_error":
        return _not_a_choice(value, error["ctx"]["expected"])
    return entry + _other(kind, error)


def describe(value: object) -> str:
    """A value as a reader of YAML knows it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "a mapping"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _out_of_bounds(kind: str, context: Mapping[str, Any], value: object, path: str) -> str:
    name, phrase = _BOUNDS[kind]
    bound = context[name]
    message = f"must be {phrase.format(format(bound, ',.12g'))}, not {describe(value)}"
    if KEYS[path].section.startswith(("energy", "time", "power")) and bound == 0:
        message += ": an event costs energy and time, it never gives any back"
    return message


def _not_a_number(value: object, path: str, *, inside_list: bool, is_whole: bool) -> str:
    key = KEYS.get(path)
    if key is None:
        return f"must be a {'whole ' * is_whole}number, not {describe(value)}"
    if key.is_list and not inside_list:
        return f"must be a list, not {describe(value)}: write it in brackets, as in [8] or [1, 8]"
    no_limit = ", or null for none" if key.may_be_null else ""
    wanted = ("a whole number" if key.is_whole else "a number") + no_limit
    return f"must be {wanted}, not {describe(value)}{_number_remedy(value, key)}"


def _number_remedy(value: object, key: Key) -> str:
    if isinstance(value, str):
        found = number_in_text(value, key.name)
        if found is None:
            return ""
        number, has_unit = found
        return f": the unit is in the key, write {number}" if has_unit else f": write {number}, without quotes"
    if isinstance(value, float) and math.isfinite(value):
        return f": write {int(value)}" if value.is_integer() else ""
    return ""


def _not_a_choice(value: object, expected: str) -> str:
    choices = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    return f"must be {' or '.join(choices)}, not {describe(value)}" + (f": {hint}" if hint else "")


def _other(kind: str, error: Mapping[str, Any]) -> str:
    value = error["input"]
    if kind == "value_error":
        message = str(error["ctx"]["error"])
        return message if ": " in message else f"{message}: correct the one that is wrong"
    if kind == "string_type":
        return f"must be text, not {describe(value)}: put it in quotes"
    if kind in ("string_too_short", "too_short"):
        return "is empty: fill it in"
    if kind == "string_too_long":
        return f"is {len(value):,} letters long: use at most {error['ctx']['max_length']}"
    if kind in ("model_type", "dict_type"):
        section, _ = split_location(error["loc"])
        inside = f" with {', '.join(names_in(section))}" if section in SECTIONS else ""
        return f"must be a mapping{inside}, not {describe(value)}"
    return "cannot be read: write it again"
