"""What counts as a number."""

from fractions import Fraction

import numpy as np
import pytest

from neurosim.numbers import is_real, is_whole
from neurosim.units import si


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), 10**30])
def test_whole_numbers(value: object) -> None:
    assert is_whole(value)
    assert is_whole(value, 3)
    assert is_real(value)
    assert not is_whole(value, 0, 2)
    assert not is_whole(value, 10**30 + 1)


@pytest.mark.parametrize("value", [3.0, np.float32(3), float("nan"), np.inf])
def test_real_numbers(value: object) -> None:
    assert is_real(value)
    assert not is_whole(value)


@pytest.mark.parametrize("value", [True, np.True_, None, "3", [3], np.array(3), np.array([3]), 3j, Fraction(3)])
def test_what_is_no_number(value: object) -> None:
    assert not is_real(value)
    assert not is_whole(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.29e-6, "5.29 uJ"),
        (0, "0 J"),
        (999.9, "1 kJ"),
        (1e300, "1e+294 MJ"),
        (5e-324, "4.94e-309 fJ"),
        (float("inf"), "inf J"),
        (float("nan"), "nan J"),
    ],
)
def test_every_number_can_be_shown_with_its_unit(value: float, text: str) -> None:
    assert si(value, "J") == text
