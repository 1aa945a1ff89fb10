"""What a page holds, before it is HTML: sections of facts, tables and figures.  All text in it is plain, not markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

COUNTED = "counted"
MODELLED = "modelled"
SETTING = "setting"
KINDS = {
    COUNTED: "exact: the program was run event by event, as the chip's integers would, and its events were counted",
    MODELLED: "counts times prices of the profile; not measured, and no better than those prices",
    "measured": "a price that its source measured on silicon",
    "simulated": "a price that the vendor simulated before silicon",
    "specified": "a number that the vendor states",
    "fitted": "a price fitted to measurements",
    "inherited": "taken over from another chip, as none is published",
    "assumed": "nobody published it; our assumption",
    SETTING: "chosen by whoever compiled or ran it",
}
"""Kinds of number -> what they mean.  A price is of one of the kinds of a chip's profile."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table."""

    text: str
    value: float | None = None  # what it sorts by, where it is a number; in SI units


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    note: str = ""  # what kind of number it holds
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table that sorts and filters."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    left_out: int = 0  # rows that are not shown


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of the summary."""

    name: str
    text: str
    kind: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that the page's own script draws of `data`; `kind` names how (report.js)."""

    kind: str
    title: str
    data: dict[str, Any]  # plain, and finite
    note: str = ""  # what kind of number it shows, and what was left out
    description: str = ""  # for those who do not see it


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, with a place in its contents."""

    key: str  # letters only: the anchor
    title: str
    parts: Sequence[
        Fact | Table | Figure | str
    ]  # a string is a paragraph; facts that follow one another stand together


@dataclass(frozen=True, slots=True)
class Page:
    """A page."""

    title: str
    subtitle: str
    sections: Sequence[Section]


def number(value: float, text: str | None = None) -> Cell:
    """A cell that holds a number."""
    if text is None:
        text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    return Cell(text, float(value))
