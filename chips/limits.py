"""In which limits two profiles differ."""

from collections.abc import Iterator, Mapping
from typing import Any

from chips.profile import ChipProfile

_MOST = 3  # that are named


def in_which_limits(found: ChipProfile, wanted: ChipProfile) -> str:
    """Such as "core.neurons is 8, not 16"; of many differences the first and how many more there are."""
    one, other = (dict(_leaves(profile.limits())) for profile in (found, wanted))
    keys = [key for key in dict.fromkeys([*other, *one]) if one.get(key) != other.get(key)]
    told = ", ".join(f"{key} is {one.get(key)}, not {other.get(key)}" for key in keys[:_MOST])
    return told + (f", and {len(keys) - _MOST:,} more" if len(keys) > _MOST else "")


def _leaves(part: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield above + key, value
