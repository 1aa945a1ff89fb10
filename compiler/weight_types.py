"""Weight types: the array types that weights have, by name, and changes between them."""

from typing import Any

import numpy as np
import numpy.typing as npt

WEIGHT_TYPES = (
    *("float64", "float32", "float16"),
    *("int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64"),
)


def from_numbers(values: Any) -> npt.NDArray[Any]:
    """A number or a list of numbers as an array: whole numbers stay whole, up to 64 bits.

    numpy alone would round them: it makes [0, 2**63 + 1] float64.
    """
    array = np.asarray(values)
    if array.dtype not in (np.float64, object):
        return array
    entries = values if isinstance(values, list) else [values]
    is_whole = bool(entries) and all(isinstance(value, int | np.integer) for value in entries)
    fits = is_whole and min(entries) >= 0 and max(entries) < 2**64
    return np.asarray(values, np.uint64 if fits else np.float64)


def cast(values: npt.NDArray[Any], weight_type: str) -> npt.NDArray[Any] | None:
    """`values` in another type: floats to its precision, integers exactly; None if it cannot hold them."""
    with np.errstate(all="ignore"):
        made = values.astype(weight_type)
    fits = np.isfinite(made).all() if made.dtype.kind == "f" else np.array_equal(made, values)
    return made if fits else None
