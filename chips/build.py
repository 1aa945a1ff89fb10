"""Build: leaves to a chip, or the faults that stand in the way."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from chips.errors import Fault
from chips.explain import explain, split_location
from chips.keys import KEYS
from chips.profile import ChipProfile
from chips.tree import UNKNOWN, Leaf


def build(leaves: Mapping[str, Leaf], overrides: Mapping[str, object]) -> tuple[ChipProfile | None, list[Fault]]:
    """Validate the leaves together.

    Args:
        leaves: by dotted path; of two in one section, the later one is closer to the user.
        overrides: what to record as set on top of the file.

    Returns:
        The chip, or None and every fault of a value.  Missing keys are not reported here.
    """
    sources = {path: leaves[path].source for path in KEYS if path in leaves and leaves[path].source}
    try:
        return ChipProfile.model_validate({**_nest(leaves), "sources": sources, "overrides": dict(overrides)}), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    return None, [_fault(detail, leaves) for detail in details if detail["type"] != "missing"]


def _nest(leaves: Mapping[str, Leaf]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for path, leaf in leaves.items():
        if leaf.value is UNKNOWN:
            continue
        *sections, name = path.split(".")
        here = data
        for section in sections:
            here = here.setdefault(section, {})
        here[name] = tuple(leaf.value) if isinstance(leaf.value, list) else leaf.value
    return data


def _fault(detail: Any, leaves: Mapping[str, Leaf]) -> Fault:
    path, _ = split_location(detail["loc"])
    inside = [leaf for key, leaf in leaves.items() if key == path or key.startswith(f"{path}.")]
    return Fault(inside[-1].where if inside else "", path, explain(detail))
