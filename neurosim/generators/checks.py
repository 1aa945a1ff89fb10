"""Checks of what a generator is given, each with one message: the value, and what is legal."""

from collections.abc import Callable, Mapping

import numpy as np

from chips import NetworkError
from neurosim.numbers import is_real, is_whole

MAX_NEURONS = 100_000_000
MAX_SYNAPSES = 500_000_000  # expected; arrays of some ten gigabytes while they are drawn

PAIRS = ("EE", "EI", "IE", "II")
"""Kinds of a connection's two ends, excitatory or inhibitory, source first."""

PerPair = float | Mapping[str, float]
"""One number for all connections, or one for each of `PAIRS`."""


def check_whole(what: str, value: object, low: int, high: int) -> int:
    """A whole number within bounds."""
    if not is_whole(value, low, high):
        raise NetworkError(f"{what} is {value!r}, but must be a whole number from {low} to {high:,}")
    return int(value)


def check_seed(what: str, seed: object) -> int:
    """A seed of random draws."""
    return check_whole(f"{what}: seed", seed, 0, 2**63 - 1)


def check_number(what: str, value: object) -> float:
    """A finite number of at least 0."""
    if not is_real(value) or not 0 <= value < np.inf:
        raise NetworkError(f"{what} is {value!r}, but must be a finite number of at least 0")
    return float(value)


def check_positive(what: str, value: object) -> float:
    """A finite number above 0."""
    if not is_real(value) or not 0 < value < np.inf:
        raise NetworkError(f"{what} is {value!r}, but must be a finite number above 0")
    return float(value)


def check_fraction(what: str, value: object) -> float:
    """A fraction or a probability."""
    if not is_real(value) or not 0 <= value <= 1:
        raise NetworkError(f"{what} is {value!r}, but must be a number from 0 to 1")
    return float(value)


def check_synapses(what: str, expected: float, remedy: str) -> None:
    """Refuse to draw more synapses than can be held."""
    if expected > MAX_SYNAPSES:
        raise NetworkError(
            f"{what}: {expected:,.0f} synapses expected, but at most {MAX_SYNAPSES:,} are drawn: {remedy}"
        )


def per_pair(what: str, value: PerPair, check: Callable[[str, object], float]) -> dict[str, float]:
    """The checked value of each pair of kinds."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(PAIRS, check(what, value))
    if set(value) != set(PAIRS):
        raise NetworkError(f"{what} has {sorted(map(str, value))}, but needs {', '.join(PAIRS)} (source kind first)")
    return {pair: check(f"{what}[{pair!r}]", value[pair]) for pair in PAIRS}
