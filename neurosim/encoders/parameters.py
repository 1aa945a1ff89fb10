"""Checks of parameters, made when an estimator is used, not when it is built (as scikit-learn wants it)."""

from typing import Any

import numpy as np

from chips import RunError


def require(owner: object, name: str, right: bool, legal: str) -> None:
    """Refuse the parameter `name` of an estimator unless it is right.

    Raises:
        RunError: with the estimator, the parameter, its value, and what is legal.
    """
    if not right:
        raise RunError(f"{type(owner).__name__}: {name} is {getattr(owner, name)!r}, but must be {legal}")


def is_whole(value: Any, low: int, high: int) -> bool:
    """Whether a parameter is a whole number from low to high."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and low <= int(value) <= high


def is_number(value: Any, above: float = -np.inf, most: float = np.inf) -> bool:
    """Whether a parameter is a finite number above `above`, at most `most`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    return bool(-1e100 <= value <= 1e100 and above < value <= most)
