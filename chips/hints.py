"""Hints: what somebody probably meant who wrote something else."""

import difflib
import re
from collections.abc import Iterable

from chips.keys import KEYS, SECTIONS, join, names_in

_UNITS = (
    ("energies are in pJ", {"aj": 1e-6, "fj": 1e-3, "pj": 1.0, "nj": 1e3, "uj": 1e6, "mj": 1e9, "j": 1e12}),
    ("times are in ns", {"ps": 1e-3, "ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}),
    ("powers are in mW", {"nw": 1e-6, "uw": 1e-3, "mw": 1.0, "w": 1e3}),
    ("memories are in bits", {"bits": 1.0, "bit": 1.0, "bytes": 8.0, "kib": 8192.0}),
)
_NUMBER_WITH_UNIT = re.compile(r"\s*([-+]?[0-9][0-9_,]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?)\s*([a-zA-Zµμ%]*)\s*")


def did_you_mean(word: str, legal: Iterable[str]) -> str:
    """`did you mean 'x'?`, or "" if nothing is near."""
    near = nearest(word, legal)
    return f"did you mean '{near}'?" if near else ""


def nearest(word: str, legal: Iterable[str]) -> str | None:
    """The most similar legal word, if any is similar at all."""
    near = difflib.get_close_matches(word.lower(), list(legal), n=1, cutoff=0.65)
    return near[0] if near else None


def unknown_key(section: str, name: str) -> tuple[str, str | None]:
    """What to say about a key that is not legal in a section, and the path that was meant, if clear."""
    legal = names_in(section)
    if other_unit := _same_key_in_another_unit(name, legal):
        right, convention, factor = other_unit
        return (
            f"unknown key: {convention} here: write {right}, and multiply the value by {factor:,.12g}",
            join(section, right),
        )
    homes = [key for key in KEYS.values() if key.name == name]
    if homes:
        return f"this key belongs {_under(homes[0].section)}: move it there", homes[0].path
    if near := nearest(name, legal):
        return f"unknown key: did you mean '{near}'?", join(section, near)
    return f"unknown key: legal here are {', '.join(legal)}", None


def unknown_path(path: str) -> str:
    """What to say about a dotted path that leads to no key."""
    section, _, name = path.rpartition(".")
    if _same_key_in_another_unit(name, names_in(section)):
        return unknown_key(section, name)[0]
    homes = [key.path for key in KEYS.values() if key.name == name]
    if near := (homes[0] if homes else nearest(path, KEYS)):
        return f"unknown key: did you mean '{near}'?"
    if section in SECTIONS:
        return f"unknown key: legal in {section} are {', '.join(names_in(section))}"
    return f"unknown key: write SECTION.KEY, with a section out of {', '.join(SECTIONS)}"


def number_in_text(text: str, key: str) -> tuple[str, bool] | None:
    """The number in a text like `23.6 pJ`, in the unit of the key, and whether the text had a unit."""
    match = _NUMBER_WITH_UNIT.fullmatch(text)
    if not match:
        return None
    digits = match[1].replace("_", "").replace(",", "")
    unit = match[2].lower().replace("µ", "u").replace("μ", "u")
    factor = _factor(unit, key.rpartition("_")[2])
    if factor is None and any(unit in table for _, table in _UNITS):
        return None  # joules for a time: no number can be offered
    return (digits if factor in (None, 1.0) else f"{float(digits) * (factor or 1.0):.12g}"), bool(unit)


def _same_key_in_another_unit(name: str, legal: tuple[str, ...]) -> tuple[str, str, float] | None:
    stem, _, unit = name.rpartition("_")
    for right in legal:
        right_stem, _, right_unit = right.rpartition("_")
        if right_stem and right_stem == stem and (factor := _factor(unit.lower(), right_unit)) is not None:
            return right, next(said for said, table in _UNITS if right_unit in table), factor
    return None


def _factor(unit: str, right_unit: str) -> float | None:
    """What a value in `unit` is multiplied by to be in `right_unit`."""
    for _, table in _UNITS:
        if unit in table and right_unit in table:
            return table[unit] / table[right_unit]
    return None


def _under(section: str) -> str:
    return f"under {section}" if section else "at the top of the file"
