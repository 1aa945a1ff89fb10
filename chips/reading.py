"""Reading: a YAML file to plain data, with the line of every key.

The data are those of YAML 1.2's core schema: null, booleans, whole numbers, floats (`1e-9` is one), text,
lists and mappings, and nothing else.  Keys are text, as written.  Anchors, aliases, tags and a second
document are refused; so is the second of two equal keys.  No bytes raise an exception: whatever is wrong
is a `Fault`, and the caller chooses the error that carries it.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from chips.errors import Fault

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_FAULTS = 100  # of the reader; whoever has so many needs another file, not a longer list
MAX_NUMBER_LENGTH = 300  # Python itself refuses whole numbers of more than 4300 digits

KeyPath = tuple[str | int, ...]

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_REMEDIES = {
    "found character '\\t'": "indent with spaces, not tabs",
    "mapping values are not allowed here": "put a text that holds ': ' in quotes, and check the indentation",
    "that cannot start any token": "put the text in quotes",
    "expected <block end>": "check the indentation",
    "could not find expected ':'": "write 'key: value'",
    "found unexpected end of stream": "close the quote",
    "got '<stream end>'": "close the bracket",
}


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says.  `data` is what could be read, even if there are faults.

    Attributes:
        name: the file as the user gave it.
        data: dict, list, str, int, float, bool or None, nested.
        lines: key path -> line of that key (or list entry); `()` is the whole document.
        faults: what is wrong with the file as YAML, in file order.
    """

    name: str
    data: Any
    lines: dict[KeyPath, int]
    faults: tuple[Fault, ...]

    def where(self, path: KeyPath = ()) -> str:
        """`file.yaml:LINE` of a key, or of the nearest key around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.name}:{self.lines.get(path, 1)}"

    def fault(self, path: KeyPath, message: str) -> Fault:
        """A fault at a key."""
        return Fault(self.where(path), dotted(path), message)


def read_yaml(path: str | os.PathLike[str], *, name: str | None = None, max_bytes: int = MAX_BYTES) -> Document:
    """Read one file.

    Args:
        path: the file.
        name: how faults name it; `path` as given if None.
        max_bytes: a larger file is refused unread.
    """
    name = os.fspath(path) if name is None else name
    try:
        with open(path, "rb") as file:
            raw = file.read(max_bytes + 1)
    except FileNotFoundError:
        return _unreadable(name, "no such file: check the path")
    except IsADirectoryError:
        return _unreadable(name, "this is a folder: give the path of a file in it")
    except OSError as error:
        return _unreadable(name, f"cannot be read: {error.strerror or error}")
    except ValueError:
        return _unreadable(name, "the path holds a NUL character: check the path")
    if len(raw) > max_bytes:
        return _unreadable(name, f"is larger than {max_bytes:,} bytes: this cannot be the right file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return _unreadable(f"{name}:{line}", "is not UTF-8 text: save the file as UTF-8", name)
    return read_yaml_text(text, name)


def read_yaml_text(text: str, name: str) -> Document:
    """Read YAML that is already text; `name` stands for the file in faults."""
    builder = _Builder(name)
    try:
        data = builder.document(iter(yaml.parse(text, Loader=yaml.SafeLoader)))
    except _Stop as stop:
        data = None
        builder.faults.append(Fault(f"{name}:{stop.line}", "", stop.message))
    except yaml.reader.ReaderError as error:
        data = None
        line = text.count("\n", 0, error.position) + 1
        builder.add(line, (), f"holds the unprintable character {chr(error.character)!r}: remove it")
    except yaml.MarkedYAMLError as error:
        data = None
        builder.add(*_syntax_fault(error))
    except ValueError:  # PyYAML converts escapes and version numbers unchecked
        data = None
        builder.add(builder.line, (), "holds an escape or a number that means nothing: correct what follows")
    return Document(name, data, builder.lines, tuple(file_order(builder.faults, [name])))


def read_scalar(text: str) -> str | int | float | bool | None:
    """What a plain (unquoted) YAML text means.

    Raises:
        ValueError: a number too long to be one.
    """
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    is_integer, is_based = _INTEGER.fullmatch(text), _BASED.fullmatch(text)
    is_float = _FLOAT.fullmatch(text)
    if (is_integer or is_based or is_float) and len(text) > MAX_NUMBER_LENGTH:
        raise ValueError(f"a number of {len(text):,} digits is too long: write it as 1e30")
    if is_integer:
        return int(text)
    if is_based:
        return int(text, 0)
    if is_float:
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def dotted(path: KeyPath) -> str:
    """`("layers", 0, "size")` as `layers[0].size`, safe to print."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if step.isprintable() else repr(step)[1:-1])
    return text


def file_order(faults: Iterable[Fault], names: Sequence[str]) -> list[Fault]:
    """Sort faults by file, in the order of `names`, and by line; those of no file come last."""

    def rank(fault: Fault) -> tuple[int, int]:
        name, _, line = fault.where.rpartition(":")
        if name in names and line.isdecimal():
            return names.index(name), int(line)
        return (names.index(fault.where), 0) if fault.where in names else (len(names), 0)

    return sorted(faults, key=rank)


class _Stop(Exception):  # noqa: N818 - never leaves this file
    """Reading cannot go on."""

    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message


@dataclass(slots=True)
class _Builder:
    """Turns the parser's events into data; one method per kind of node."""

    name: str
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    line: int = 1  # of the event read last
    events: Iterator[Any] = field(default_factory=lambda: iter(()))

    def add(self, line: int, path: KeyPath, message: str) -> None:
        if len(self.faults) >= MAX_FAULTS:
            raise _Stop(line, f"has more than {MAX_FAULTS} faults: correct those first")
        self.faults.append(Fault(f"{self.name}:{line}", dotted(path), message))

    def next(self) -> Any:
        event = next(self.events)
        self.line = event.start_mark.line + 1
        return event

    def check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _Stop(self.line, f"is nested deeper than {MAX_DEPTH} levels: flatten it")

    def document(self, events: Iterator[Any]) -> Any:
        self.events = events
        self.next()  # stream start
        if isinstance(self.next(), yaml.StreamEndEvent):
            raise _Stop(1, "is empty")
        event = self.next()
        self.lines[()] = self.line
        data = self.value(event, ())
        self.next()  # document end
        if not isinstance(self.next(), yaml.StreamEndEvent):
            raise _Stop(self.line, "a second document begins here: keep one, and remove the '---'")
        return data

    def value(self, event: Any, path: KeyPath) -> Any:
        self.check_depth(len(path))
        self.refuse_sharing(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.mapping(path) if isinstance(event, yaml.MappingStartEvent) else None

    def refuse_sharing(self, event: Any, path: KeyPath) -> None:
        """An alias can make a small file expand without bound, and a tag can name any type."""
        if isinstance(event, yaml.AliasEvent):
            self.add(self.line, path, f"an alias (*{event.anchor}) is not allowed: write the value out")
        elif event.anchor is not None:
            self.add(self.line, path, f"an anchor (&{event.anchor}) is not allowed: remove it")
        if getattr(event, "tag", None) not in (None, "!"):
            self.add(self.line, path, f"a tag ({event.tag!r}) is not allowed: remove it")

    def scalar(self, event: Any, path: KeyPath) -> Any:
        if any("\ud800" <= letter <= "\udfff" for letter in event.value):
            self.add(self.line, path, "holds half of a character (\\ud800 to \\udfff): remove it")
            return None
        if event.style is not None or event.tag is not None:
            return event.value
        try:
            return read_scalar(event.value)
        except ValueError as error:
            self.add(self.line, path, str(error))
            return None

    def sequence(self, path: KeyPath) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            here = (*path, len(values))
            self.lines[here] = self.line
            values.append(self.value(event, here))
        return values

    def mapping(self, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            line = self.line
            key = self.key(event, path)
            if key is None:
                self.skip()
            elif key in values:
                first = self.lines[(*path, key)]
                self.add(line, (*path, key), f"is written twice, in lines {first} and {line}: keep one of them")
                self.skip()
            else:
                self.lines[(*path, key)] = line
                values[key] = self.value(self.next(), (*path, key))
        return values

    def key(self, event: Any, path: KeyPath) -> str | None:
        self.refuse_sharing(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return None if self.scalar(event, path) is None and event.value else str(event.value)
        if not isinstance(event, yaml.AliasEvent):
            self.add(
                self.line,
                path,
                "a key must be a word, not a list or mapping: put a text with brackets in quotes",
            )
            self.skip(event)
        return None

    def skip(self, event: Any = None) -> None:
        """Read over one node whose data is not wanted."""
        depth = 0
        while True:
            event = self.next() if event is None else event
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                self.check_depth(depth)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = None


def _unreadable(where: str, message: str, name: str | None = None) -> Document:
    return Document(name or where, None, {}, (Fault(where, "", message),))


def _syntax_fault(error: yaml.MarkedYAMLError) -> tuple[int, KeyPath, str]:
    """Line, path and message of what the YAML parser complains about."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = str(error.problem or error.context).replace("'\\x00'", "the end")
    remedy = next((mend for sign, mend in _REMEDIES.items() if sign in problem), "check this line and the one before")
    opened = ""
    if error.context_mark and error.context_mark.line + 1 != line:
        opened = f" {error.context} that begins in line {error.context_mark.line + 1}"
    return line, (), f"is not YAML: {problem}{opened}: {remedy}"
