"""Embed: a whole chip as plain JSON data and back, so that a program file can carry its chip."""

import json
from typing import Any

from pydantic import ValidationError

from chips.errors import Fault, ProfileError
from chips.explain import explain, split_location
from chips.hints import unknown_path
from chips.keys import KEYS, has_section, value_at
from chips.profile import ChipProfile


def profile_to_json(chip: ChipProfile) -> dict[str, Any]:
    """Everything in the profile, sources and overrides included, as data for `json.dump`."""
    return chip.model_dump(mode="json")


def profile_from_json(data: object, where: str = "embedded chip") -> ChipProfile:
    """The profile that `profile_to_json` wrote.

    Args:
        data: what `json.load` gave; not trusted.
        where: what faults name as their place.

    Raises:
        ProfileError: with every fault.
    """
    if not isinstance(data, dict):
        raise ProfileError([Fault(where, "", "the chip must be a mapping: write it with profile_to_json")])
    try:
        text = json.dumps(data, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        message = "the chip holds what JSON cannot: write it with profile_to_json"
        raise ProfileError([Fault(where, "", message)]) from None
    try:
        chip = ChipProfile.model_validate_json(text)
    except ValidationError as error:
        faults = [
            Fault(where, split_location(detail["loc"])[0], explain(detail))
            for detail in error.errors(include_url=False)
        ]
        raise ProfileError(faults) from None
    if faults := _source_faults(chip, where) + _override_faults(chip, where):
        raise ProfileError(faults)
    return chip


def _source_faults(chip: ChipProfile, where: str) -> list[Fault]:
    numbers = [path for path, key in KEYS.items() if key.is_number and has_section(chip, path)]
    missing = [
        Fault(where, path, "missing source: every number says where it comes from")
        for path in numbers
        if path not in chip.sources and (KEYS[path].is_required or value_at(chip, path) != KEYS[path].default)
    ]
    stray = [
        Fault(where, "sources", f"{path!r} is no number of a chip: remove it")
        for path in chip.sources
        if path not in numbers
    ]
    return missing + stray


def _override_faults(chip: ChipProfile, where: str) -> list[Fault]:
    return [Fault(where, "overrides", f"{path!r}: {unknown_path(path)}") for path in chip.overrides if path not in KEYS]
