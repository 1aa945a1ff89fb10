"""Values as users give them, checked and made arrays of our own: numbers, indices, weights, delays."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import NetworkError
from compiler.parameters import MAX_DELAY_STEPS, MAX_NEURONS, Parameter

Values = float | npt.ArrayLike


def as_count(label: str, what: str, n: int) -> int:
    """A number of things, at least one."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise NetworkError(f"{label}: {what} is {n!r}, but it must be a whole number")
    if not 1 <= n <= MAX_NEURONS:
        raise NetworkError(f"{label}: {n:,} {what}; needed are 1 to {MAX_NEURONS:,}")
    return int(n)


def as_parameter(label: str, key: str, rule: Parameter, n: int, given: Values | None) -> npt.NDArray[Any]:
    """A parameter of `n` neurons: shape () or (n,), float64 or int32."""
    dtype: type = np.int32 if rule.integer else np.float64
    if given is None:
        return np.array(rule.default, dtype)
    values = as_numbers(given, f"{label}: {key}").astype(np.float64)
    if values.shape not in ((), (n,)):
        raise NetworkError(f"{label}: {key} has shape {values.shape}, but needs a scalar or ({n},)")
    wrong = ~np.atleast_1d(rule.accepts(values))
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(f"{label}: {key} of neuron {first} is {np.atleast_1d(values)[first]:g}, but must be {rule}")
    return values.astype(dtype)


def as_numbers(values: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    """An array of at most 64 bits per number, in the machine's byte order."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise NetworkError(f"{what}: not a number or an array of numbers") from error
    if array.dtype.kind not in "iuf":
        if array.size == 0:
            return np.zeros(array.shape, np.float64)
        raise NetworkError(f"{what}: not a number or an array of numbers")
    if array.dtype.itemsize > 8:
        with np.errstate(over="ignore"):
            return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def as_indices(values: npt.ArrayLike, n: int, what: str) -> npt.NDArray[np.int32]:
    """Indices below `n`: shape (m,)."""
    array = as_numbers(values, f"{what}s")
    if array.ndim != 1:
        raise NetworkError(f"{what}s have shape {array.shape}, but a list of indices is needed")
    wrong = _outside(array, 0, n - 1)
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(f"{what} {array[first]} of synapse {first} is out of range: legal are 0 to {n - 1}")
    return array.astype(np.int32)  # a copy: the caller may go on writing to the original


def as_weights(values: npt.ArrayLike, m: int, label: str) -> npt.NDArray[Any]:
    """Finite weights of any type: shape (m,)."""
    array = _fill(as_numbers(values, f"{label}: weights"), m, f"{label}: weights")
    wrong = ~np.isfinite(array)
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(f"{label}: weight of synapse {first} is {array[first]}, but must be finite")
    return array.copy()


def as_delays(values: npt.ArrayLike, m: int, label: str) -> npt.NDArray[np.uint8]:
    """Delays in whole steps, at least 1: shape (m,)."""
    array = _fill(as_numbers(values, f"{label}: delays"), m, f"{label}: delays")
    wrong = _outside(array, 1, MAX_DELAY_STEPS)
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(
            f"{label}: delay of synapse {first} is {array[first]}, but delays are whole steps from 1 to "
            f"{MAX_DELAY_STEPS} (1 arrives in the next step)"
        )
    return array.astype(np.uint8)


def as_rates(values: npt.ArrayLike, n: int) -> npt.NDArray[np.float64]:
    """Spikes of each of `n` neurons in some unit: finite, 0 or more, shape (n,)."""
    array = as_numbers(values, "rates").astype(np.float64)
    if array.shape != (n,):
        raise NetworkError(f"rates have shape {array.shape}, but need one number for each neuron: ({n},)")
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        first = int(wrong.argmax())
        raise NetworkError(f"rate of neuron {first} is {array[first]:g}, but must be finite and 0 or more")
    return array


def _outside(array: npt.NDArray[Any], low: int, high: int) -> npt.NDArray[np.bool_]:
    """Which entries are not whole numbers from `low` to `high`; NaN is none."""
    inside: npt.NDArray[np.bool_] = array >= low
    inside &= array <= high
    if array.dtype.kind == "f":
        inside &= array == np.floor(array)
    return ~inside


def _fill(array: npt.NDArray[Any], m: int, what: str) -> npt.NDArray[Any]:
    if array.ndim == 0:
        return np.full(m, array)
    if array.shape != (m,):
        raise NetworkError(f"{what} have shape {array.shape}, but need a scalar or ({m},)")
    return array
