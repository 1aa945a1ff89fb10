"""Convolutions and poolings as sparse matrices, over the flattened shapes (channel, row, column)."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from neurosim.exchange.signals import Shape, UnsuitedError, check_entries

Pair = tuple[int, int]
MAX_SPAN = 2**20  # of a kernel's stride, padding or dilation


def pair(value: Any, what: str, least: int) -> Pair:
    """Whole numbers for rows and columns; one number stands for both.

    Raises:
        UnsuitedError: it is neither, or too small.
    """
    try:
        array = np.asarray(value).reshape(-1)
    except (TypeError, ValueError):
        array = np.zeros(0)
    legal = array.dtype.kind in "iu" and array.size in (1, 2)
    if not legal or array.min() < least or array.max() > MAX_SPAN:
        raise UnsuitedError(f"{what} is {value!r}, but needs one or two whole numbers from {least} to {MAX_SPAN:,}")
    return int(array[0]), int(array[-1])


def around(padding: Any, kernel: Pair, stride: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    """Zeros before and after the rows and columns; "same" and "valid" are those of torch.

    Raises:
        UnsuitedError: no such padding.
    """
    padding = padding.decode("utf8", "replace") if isinstance(padding, bytes) else padding
    if isinstance(padding, str) and padding == "valid":
        return (0, 0), (0, 0)
    if isinstance(padding, str) and padding == "same":
        if stride != (1, 1):
            raise UnsuitedError("padding 'same' goes with a stride of 1 alone: say how many zeros are added")
        rows, columns = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
        return (rows // 2, columns // 2), (rows - rows // 2, columns - columns // 2)
    both = pair(padding, "padding", 0)
    return both, both


def convolution(
    weight: npt.NDArray[Any], shape: Shape, stride: Pair, padding: tuple[Pair, Pair], dilation: Pair, groups: int
) -> tuple[Any, Shape]:
    """The matrix of a convolution, and the shape of what it makes.

    Args:
        weight: [output channel, input channel within its group, row, column].
        shape: (channel, row, column) of the input.
        stride: rows and columns from one output to the next.
        padding: zeros before, of rows and columns, and zeros after.
        dilation: rows and columns from one entry of the kernel to the next.
        groups: of channels; each sees its own.

    Raises:
        UnsuitedError: shapes that do not fit together, or too many synapses.
    """
    out_channels, per_group, *kernel = weight.shape
    channels, *extent = shape
    if groups < 1 or per_group * groups != channels or out_channels % groups:
        raise UnsuitedError(
            f"weights {weight.shape} in {groups} groups do not fit an input of {channels} channels: mend the shapes"
        )
    made = [
        (n + before + after - d * (k - 1) - 1) // s + 1
        for n, before, after, d, k, s in zip(extent, *padding, dilation, kernel, stride, strict=True)
    ]
    if min(made) < 1:
        raise UnsuitedError(f"its kernel is larger than its input of {tuple(extent)}: nothing would come out")
    out_shape = (out_channels, *made)
    check_entries(int(np.prod([*weight.shape, *made], dtype=object)))
    out, into = np.arange(out_channels), np.arange(per_group)
    first = (out // (out_channels // groups)) * per_group  # input channel of its group
    rows, columns, values = [], [], []
    for y in range(kernel[0]):
        at_y, from_y = _reach(made[0], extent[0], y * dilation[0] - padding[0][0], stride[0])
        for x in range(kernel[1]):
            at_x, from_x = _reach(made[1], extent[1], x * dilation[1] - padding[0][1], stride[1])
            at = (at_y[:, None] * made[1] + at_x).ravel()
            source = (from_y[:, None] * extent[1] + from_x).ravel()
            grid = (out_channels, per_group, len(at))
            row = out[:, None, None] * (made[0] * made[1]) + at
            column = (first[:, None] + into)[:, :, None] * (extent[0] * extent[1]) + source
            rows.append(np.broadcast_to(row, grid).ravel())
            columns.append(np.broadcast_to(column, grid).ravel())
            values.append(np.broadcast_to(weight[:, :, y, x, None], grid).ravel())
    size = (int(np.prod(out_shape)), int(np.prod(shape)))
    entries = np.concatenate(values).astype(np.float64), (np.concatenate(rows), np.concatenate(columns))
    matrix = sparse.coo_array(entries, shape=size).tocsr()
    matrix.eliminate_zeros()
    return matrix, out_shape


def _reach(made: int, extent: int, offset: int, stride: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Outputs of one axis that an entry of the kernel joins to an input, and these inputs."""
    at = np.arange(made)
    source = at * stride + offset
    inside = (source >= 0) & (source < extent)
    return at[inside], source[inside]
