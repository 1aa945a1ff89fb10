"""Who is best in a number, ties included."""

from collections.abc import Sequence
from math import isclose

MOST_NAMES = 6


def best_of(values: Sequence[tuple[float, str]], maximise: bool) -> tuple[float, list[str]]:
    """The best value, and the names of all that reach it but for rounding.

    Args:
        values: each with the name of what has it; at least one.
        maximise: whether more is better.
    """
    best = (max if maximise else min)(value for value, _ in values)
    return best, [name for value, name in values if isclose(value, best, rel_tol=1e-9)]


def tied(names: Sequence[str], of: int) -> str:
    """The one name; or how many tie, and their names."""
    if len(names) == 1:
        return names[0]
    more = f"; and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return f"{len(names):,} of {of:,} tie: {'; '.join(names[:MOST_NAMES])}{more}"
