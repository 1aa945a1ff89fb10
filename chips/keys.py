"""Keys: the vocabulary of a profile file, read off the models in profile.py.

Nothing is listed twice: a key that is added to a model is legal in files, overrides and the JSON schema.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from chips.profile import ChipProfile, Section

FORMAT = "neurosim-chip/1"
FILE_KEYS = ("format", "extends")  # legal at the top of a file, but no part of a chip
_NOT_IN_FILES = ("sources", "overrides")


@dataclass(frozen=True, slots=True)
class Key:
    """One key that holds a value."""

    path: str  # dotted: "core.neurons"
    is_number: bool  # numbers (and lists of them) need a source
    is_list: bool
    is_whole: bool
    may_be_null: bool
    is_required: bool
    default: Any = None  # of a key that is not required

    @property
    def section(self) -> str:
        """The dotted path of the section, "" for the top."""
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition(".")[2]


def value_at(chip: ChipProfile, path: str) -> Any:
    """What a chip holds under a dotted path; None in a section that it does not have."""
    return functools.reduce(lambda here, name: None if here is None else getattr(here, name), path.split("."), chip)


def with_values(chip: ChipProfile, values: Mapping[str, Any]) -> ChipProfile:
    """A chip with other prices, times or powers, which may go beyond what a file may say; nothing is checked.

    Args:
        chip: as loaded.
        values: dotted path -> value.
    """
    for path, value in values.items():
        *sections, name = path.split(".")
        for depth in range(len(sections), 0, -1):
            inner = value_at(chip, ".".join(sections[:depth])).model_copy(update={name: value})
            name, value = sections[depth - 1], inner
        chip = chip.model_copy(update={name: value})
    return chip


def has_section(chip: ChipProfile, path: str) -> bool:
    """Whether a chip has the section in which a key stands."""
    section = path.rpartition(".")[0]
    return not section or value_at(chip, section) is not None


def has_key(chip: ChipProfile, path: str) -> bool:
    """Whether a chip says anything under a key; optional keys may be absent."""
    return has_section(chip, path) and (KEYS[path].is_required or path in chip.sources)


def _key(path: str, annotation: Any, is_required: bool, default: Any) -> Key:
    is_number = annotation not in (str, tuple[str, ...]) and get_origin(annotation) is not Literal
    shown = repr(annotation)
    return Key(
        path=path,
        is_number=is_number,
        is_list=get_origin(annotation) is tuple,
        is_whole="int" in shown and "float" not in shown,
        may_be_null=NoneType in get_args(annotation),
        is_required=is_required,
        default=None if is_required else default,
    )


def _walk(model: type[Section], prefix: str = "") -> tuple[dict[str, Key], dict[str, type[Section]]]:
    keys: dict[str, Key] = {}
    sections: dict[str, type[Section]] = {}
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        if path in _NOT_IN_FILES:
            continue
        if section := _section_in(info.annotation):
            inner_keys, inner_sections = _walk(section, f"{path}.")
            keys |= inner_keys
            sections |= {path: section} | inner_sections
        else:
            keys[path] = _key(path, info.annotation, info.is_required(), info.default)
    return keys, sections


def _section_in(annotation: Any) -> type[Section] | None:
    """The model of a section, or of one that may be absent."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, Section):
            return part
    return None


KEYS, SECTIONS = _walk(ChipProfile)
"""Dotted path -> key, and dotted path -> model, both in the order of the models."""


OPTIONAL_SECTIONS = frozenset(
    path for path in SECTIONS if not ChipProfile.model_fields[path.split(".")[0]].is_required()
)
"""Sections that a chip may lack."""


def names_in(section: str) -> tuple[str, ...]:
    """The legal names in a section of a file; "" is the top."""
    inside = [key.name for key in KEYS.values() if key.section == section]
    inside += [path.rpartition(".")[2] for path in SECTIONS if path.rpartition(".")[0] == section]
    return (*FILE_KEYS, *inside) if section == "" else tuple(inside)


def join(section: str, name: str) -> str:
    """The dotted path of a name in a section."""
    return f"{section}.{name}" if section else name
