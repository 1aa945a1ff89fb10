"""Override: values that the user sets on top of a profile, read and checked like those of a file."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from chips.errors import Fault, ProfileError
from chips.explain import describe
from chips.hints import unknown_path
from chips.keys import FILE_KEYS, KEYS, SECTIONS
from chips.profile import Source
from chips.reading import read_scalar, read_yaml_text
from chips.tree import Leaf

_FIXED = (*FILE_KEYS, "sources", "overrides")


def parse_override(text: str) -> tuple[str, object]:
    """Read `core.neurons=512` as the path and the value, by the rules of YAML.

    A value in brackets or quotes is YAML; any other is one word or text: `title=a: b` needs no quotes.

    Raises:
        ProfileError: no `=`, no path or no value, or a value that cannot be read.
    """
    path, equals, written = (part.strip() for part in text.partition("="))
    where = f"--set {_printable(text)}"
    if not (path and equals):
        raise ProfileError([Fault(where, "", "write KEY=VALUE, as in core.neurons=512")])
    if not written:
        raise ProfileError([Fault(where, path, "the value is missing: write null for no limit, '' for no text")])
    if written[0] not in "[{\"'":
        try:
            return path, read_scalar(written)
        except ValueError as error:
            raise ProfileError([Fault(where, path, str(error))]) from None
    document = read_yaml_text(written, where)
    if document.faults:
        raise ProfileError([Fault(where, path, fault.message) for fault in document.faults])
    return path, document.data


def override_leaves(overrides: Mapping[str, object]) -> tuple[dict[str, Leaf], list[Fault]]:
    """The overrides as leaves, and a fault for each path that leads nowhere."""
    leaves: dict[str, Leaf] = {}
    faults: list[Fault] = []
    for path, value in overrides.items():
        if not isinstance(path, str):
            faults.append(Fault("overrides", "", f"{describe(path)} is no key: write one as in 'core.neurons'"))
            continue
        where = f"--set {_printable(f'{path}={_shown(value)}')}"
        if refusal := _refusal(path, value):
            faults.append(Fault(where, _printable(path), refusal))
            continue
        source = Source(kind="assumed", source="set by the user") if KEYS[path].is_number else None
        leaves[path] = Leaf(plain(value), source, where)
    return leaves, faults


def plain(value: object) -> Any:
    """The value as YAML would give it: numpy's numbers become Python's, tuples become lists."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def _refusal(path: str, value: object) -> str:
    if path in _FIXED:
        return f"'{path}' cannot be set: set a key of the chip, as in core.neurons=512"
    if path in SECTIONS:
        first = next(key for key in KEYS if key.startswith(f"{path}."))
        return f"is a section: set one of its keys, as in {first}=..."
    if path not in KEYS:
        return unknown_path(path)
    if isinstance(value, Mapping):
        return "must be a plain value, not a mapping: the source of an override is the user"
    return ""


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return f"[{', '.join(_shown(entry) for entry in value)}]"
    return describe(plain(value))


def _printable(text: object) -> str:
    text = str(text)
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= 80 else f"{text[:77]}..."
