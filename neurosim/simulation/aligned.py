"""Aligned: arrays that begin with a cache line, as numpy's need not."""

from typing import Any

import numpy as np
import numpy.typing as npt

LINE = 64  # bytes of a cache line


def aligned(shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array of zeros that begins with a cache line: a row or vector across two takes twice as long to come."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + LINE, np.uint8)
    begin = -memory.ctypes.data % LINE
    return memory[begin : begin + size].view(dtype).reshape(shape)


def aligned_copy(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array itself where it begins with a cache line, else a copy that does."""
    if values.ctypes.data % LINE == 0:
        return values
    copy = aligned(values.shape, values.dtype)
    copy[:] = values
    return copy
