"""Weight types: the array types that weights have, by name, and changes between them."""

from typing import Any

import numpy as np
import numpy.typing as npt

WEIGHT_TYPES = (
    *("float64", "float32", "float16"),
    *("int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64"),
)


def cast(values: npt.NDArray[Any], weight_type: str) -> npt.NDArray[Any] | None:
    """`values` in another type: floats to its precision, integers exactly; None if it cannot hold them."""
    with np.errstate(all="ignore"):
        made = values.astype(weight_type)
    fits = np.isfinite(made).all() if made.dtype.kind == "f" else np.array_equal(made, values)
    return made if fits else None
