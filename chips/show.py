"""Show: a chip as rows of plain data, for whoever prints it."""

from typing import Any, NamedTuple

from chips.keys import KEYS, has_key, value_at
from chips.profile import ChipProfile


class Row(NamedTuple):
    """One key of a chip; words like `mesh.routing` have no kind, source and note."""

    path: str
    value: Any
    kind: str
    source: str
    note: str


def profile_rows(chip: ChipProfile) -> list[Row]:
    """Every key of every section with its source, in the order of the models; not the name and texts."""
    return [_row(chip, path) for path, key in KEYS.items() if key.section and has_key(chip, path)]


def _row(chip: ChipProfile, path: str) -> Row:
    value = value_at(chip, path)
    source = chip.sources.get(path)
    return Row(path, value, source.kind, source.source, source.note) if source else Row(path, value, "", "", "")
