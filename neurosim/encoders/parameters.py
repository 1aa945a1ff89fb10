"""Checks of parameters, made when an estimator is used, not when it is built (as scikit-learn wants it)."""

from typing import Any

import numpy as np

from chips import RunError
from neurosim.numbers import is_real


def require(owner: object, name: str, right: bool, legal: str) -> None:
    """Refuse the parameter `name` of an estimator unless it is right.

    Raises:
        RunError: with the estimator, the parameter, its value, and what is legal.
    """
    if not right:
        raise RunError(f"{type(owner).__name__}: {name} is {getattr(owner, name)!r}, but must be {legal}")


def is_number(value: Any, above: float = -np.inf, most: float = np.inf) -> bool:
    """Whether a parameter is a finite number above `above`, at most `most`."""
    return is_real(value) and bool(-1e100 <= value <= 1e100 and above < value <= most)
