"""Tree: what one profile file says, cut into sourced leaves.

A number stands in the file as `{value: ..., kind: ..., source: ..., note: ..., error: ...}`.  Here it becomes a `Leaf`
under its dotted path, so that files are merged, overridden and checked leaf by leaf.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from chips.errors import Fault
from chips.explain import describe
from chips.formats import who_takes
from chips.hints import did_you_mean, number_in_text, unknown_key
from chips.keys import FILE_KEYS, FORMAT, KEYS, SECTIONS, Key, join, names_in
from chips.profile import Kind, Source
from chips.reading import Document, KeyPath

UNKNOWN: Final = object()
"""The value of a leaf that was written, but not so that it could be read.  Its fault is reported already."""

_LEAF_KEYS = ("value", "kind", "source", "note", "error")
_KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value, where it comes from, and where it is written."""

    value: Any
    source: Source | None  # None: text, or a number whose source is faulty
    where: str


@dataclass(slots=True)
class Tree:
    """One file's leaves by dotted path, and its faults."""

    document: Document
    leaves: dict[str, Leaf] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)  # dotted path -> where it begins
    faults: list[Fault] = field(default_factory=list)
    is_readable: bool = False  # False: nothing can be said about what the file lacks

    def add(self, path: KeyPath, message: str) -> None:
        """Note a fault at a key."""
        self.faults.append(self.document.fault(path, message))


def grow(document: Document) -> Tree:
    """Cut a document into leaves; every fault on the way is kept in the tree."""
    tree = Tree(document, faults=list(document.faults))
    data = document.data
    if not isinstance(data, dict):
        if not document.faults:
            tree.add((), f"a profile is a mapping, not {describe(data)}: begin with 'format: {FORMAT}'")
        return tree
    version = data.get("format")
    if version != FORMAT:
        tree.add(("format",), _format_message("format" in data, version))
    # what a newer file means cannot be judged here, and every key of another kind of file would be a fault
    if not (_is_newer(version) or who_takes(version, FORMAT)):
        tree.is_readable = True
        _section(tree, "", (), data)
    return tree


def _section(tree: Tree, section: str, path: KeyPath, data: Mapping[str, Any]) -> None:
    legal = names_in(section)
    meant: list[str] = []
    for name, value in data.items():
        here, key = (*path, name), join(section, name)
        if name not in legal:
            message, right = unknown_key(section, name)
            tree.add(here, message)
            meant += [right] if right else []
        elif key in SECTIONS:
            _subsection(tree, key, here, value)
        elif key not in FILE_KEYS:
            _leaf(tree, KEYS[key], here, value)
    for key in meant:  # so that a misspelt key is not reported as missing too
        if key in KEYS:
            tree.leaves.setdefault(key, Leaf(UNKNOWN, None, tree.document.where(path)))


def _subsection(tree: Tree, section: str, path: KeyPath, value: object) -> None:
    tree.sections[section] = tree.document.where(path)
    if isinstance(value, dict):
        _section(tree, section, path, value)
    elif value is not None:  # a section whose keys are all commented out reads as null
        tree.add(path, f"is a section, not {describe(value)}: write its keys below it, indented")
        inside = [key for key in KEYS if key.startswith(f"{section}.")]
        tree.leaves.update({key: Leaf(UNKNOWN, None, tree.document.where(path)) for key in inside})


def _leaf(tree: Tree, key: Key, path: KeyPath, value: Any) -> None:
    where = tree.document.where(path)
    if key.is_number and isinstance(value, dict):
        tree.leaves[key.path] = _sourced(tree, path, value)
    elif key.is_number:
        tree.add(path, _bare_number_message(key, value))
        tree.leaves[key.path] = Leaf(UNKNOWN if isinstance(value, str) else value, None, where)
    elif isinstance(value, dict):
        tree.add(path, f"is text and needs no source: write '{key.name}: {_text_of(value)}'")
        tree.leaves[key.path] = Leaf(UNKNOWN, None, where)
    else:
        tree.leaves[key.path] = Leaf(value, None, where)


def _sourced(tree: Tree, path: KeyPath, parts: dict[str, Any]) -> Leaf:
    """A number with its source; what is wrong with the source is noted."""
    for name in parts:
        if name not in _LEAF_KEYS:
            hint = did_you_mean(name, _LEAF_KEYS) or f"legal here are {', '.join(_LEAF_KEYS)}"
            tree.add((*path, name), f"unknown key: {hint}")
    if "value" not in parts:
        tree.add(path, "missing value: write {value: ..., kind: ..., source: ...}")
    value = parts.get("value", UNKNOWN)
    where = tree.document.where((*path, "value"))
    if isinstance(value, dict):
        tree.add((*path, "value"), "must be a number or a list of numbers, not a mapping")
        value = UNKNOWN
    sound = [
        _kind_is_sound(tree, path, parts),
        _source_is_sound(tree, path, parts),
        _note_is_sound(tree, path, parts),
        _error_is_sound(tree, path, parts),
    ]
    if not all(sound):
        return Leaf(value, None, where)
    source = Source(kind=parts["kind"], source=parts["source"], note=parts.get("note") or "", error=_error(parts))
    return Leaf(value, source, where)


def _kind_is_sound(tree: Tree, path: KeyPath, parts: dict[str, Any]) -> bool:
    kind = parts.get("kind")
    if isinstance(kind, str) and kind in _KINDS:
        return True
    if kind is None:
        tree.add(path, f"missing kind: say how the number was reached: {', '.join(_KINDS)}")
    else:
        hint = did_you_mean(kind, _KINDS) if isinstance(kind, str) else ""
        remedy = hint or f"write one of {', '.join(_KINDS)}"
        tree.add((*path, "kind"), f"unknown kind {describe(kind)}: {remedy}")
    return False


def _source_is_sound(tree: Tree, path: KeyPath, parts: dict[str, Any]) -> bool:
    source = parts.get("source")
    if isinstance(source, str) and source.strip():
        return True
    if source is None or source == "":
        tree.add(path, "missing source: say where the number is published, or why it is assumed")
    else:
        tree.add((*path, "source"), f"must be text, not {describe(source)}: put it in quotes")
    return False


def _note_is_sound(tree: Tree, path: KeyPath, parts: dict[str, Any]) -> bool:
    note = parts.get("note")
    if note is None or isinstance(note, str):
        return True
    tree.add((*path, "note"), f"must be text, not {describe(note)}: put it in quotes")
    return False


def _error(parts: dict[str, Any]) -> tuple[float, float] | None:
    """The relative error below and above; one number is both."""
    error = parts.get("error")
    if error is None:
        return None
    below, above = error if isinstance(error, list) else (error, error)
    return float(below), float(above)


def _error_is_sound(tree: Tree, path: KeyPath, parts: dict[str, Any]) -> bool:
    error = parts.get("error")
    ends: list[Any] = error if isinstance(error, list) else [error, error]
    if error is None or (len(ends) == 2 and all(_is_share(end) for end in ends) and ends[0] <= 1):
        return True
    shown = describe(error)
    message = f"must be relative, as 0.12 for 12 % either way, or [0, 0.4] for at most 40 % more, not {shown}"
    tree.add((*path, "error"), message)
    return False


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1000


def _bare_number_message(key: Key, value: Any) -> str:
    found = number_in_text(value, key.name) if isinstance(value, str) else None
    if isinstance(value, list):
        shown = str(value) if all(isinstance(entry, int | float) for entry in value) else "[...]"
    else:
        shown = found[0] if found else "..." if isinstance(value, str) else describe(value)
    start = "the unit is in the key, and the source is missing" if found and found[1] else "missing source"
    return f"{start}: write {{value: {shown}, kind: ..., source: ...}}"


def _text_of(parts: dict[str, Any]) -> str:
    value = parts.get("value")
    return value if isinstance(value, str) and value.isprintable() else "..."


def _is_newer(version: object) -> bool:
    family, _, number = FORMAT.rpartition("/")
    if not isinstance(version, str) or not version.startswith(f"{family}/"):
        return False
    rest = version.removeprefix(f"{family}/")
    return rest.isdecimal() and len(rest) < 10 and int(rest) > int(number)


def _format_message(is_given: bool, version: object) -> str:
    if _is_newer(version):
        return f"{version} is newer than {FORMAT}, the newest that this release reads: update neurosim-toolchain"
    if is_given:
        return f"unknown format {describe(version)}{who_takes(version, FORMAT)}: write 'format: {FORMAT}'"
    return f"missing: begin the file with 'format: {FORMAT}'"
