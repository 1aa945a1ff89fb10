"""What counts as a number, for every check of what a user gives: Python's and numpy's, but not True and False.

The checks themselves stand where their errors belong: `encoders/parameters.py`, `generators/checks.py`,
`continuous/model.py`.
"""

from typing import TypeGuard

import numpy as np


def is_whole(value: object, low: float = -np.inf, high: float = np.inf) -> TypeGuard[int]:
    """Whether a value is a whole number from low to high."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and low <= int(value) <= high


def is_real(value: object) -> TypeGuard[float]:
    """Whether a value is a number, finite or not."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
