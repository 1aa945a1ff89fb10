"""NIR's linear nodes: what each makes of its signal.  Exact, so chains of them become one projection."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from neurosim.exchange.convolutions import around, convolution, pair
from neurosim.exchange.signals import Floats, Shape, Signal, UnsuitedError, check_entries, size

WHOLE = 1e-6  # of a step: as near as a delay must come to whole steps


def numbers(value: Any, what: str) -> Floats:
    """Finite numbers, float64.

    Raises:
        UnsuitedError: they are not.
    """
    try:
        array = np.asarray(value)
        made = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UnsuitedError(f"{what} is no array of numbers: give numbers") from error
    if array.dtype.kind not in "iuf" or not np.isfinite(made).all():
        raise UnsuitedError(f"{what} holds entries that are not finite numbers: mend them")
    return made


def spread(value: Any, what: str, shape: Shape) -> Floats:
    """One number for each element of `shape`, flattened.

    Raises:
        UnsuitedError: the numbers have a shape of their own.
    """
    array = numbers(value, what)
    if array.size == size(shape):
        return array.ravel()
    try:
        return np.broadcast_to(array, shape).ravel()
    except ValueError:
        raise UnsuitedError(f"{what} has shape {array.shape}, but its values have shape {shape}: mend one") from None


def linear(node: Any, signal: Signal, dt_s: float) -> Signal:
    """Linear and Affine: W x + b; leading axes of W are separate blocks."""
    weight = numbers(node.weight, "weight")
    if weight.ndim < 2 or 0 in weight.shape:
        raise UnsuitedError(f"weight has shape {weight.shape}, but (output, input) is needed: mend it")
    *blocks, n_out, n_in = weight.shape
    shape = (*blocks, n_out)
    n_blocks = size(tuple(blocks))
    check_entries(weight.size)
    if n_blocks == 1:
        matrix = sparse.csr_array(weight.reshape(n_out, n_in))
    else:
        block, out, into = np.nonzero(weight.reshape(n_blocks, n_out, n_in))
        entries = weight.reshape(n_blocks, n_out, n_in)[block, out, into]
        at = (block * n_out + out, block * n_in + into)
        matrix = sparse.coo_array((entries, at), shape=(n_blocks * n_out, n_blocks * n_in)).tocsr()
    bias = getattr(node, "bias", None)
    return signal.mapped(matrix, shape, None if bias is None else spread(bias, "bias", shape))


def scale(node: Any, signal: Signal, dt_s: float) -> Signal:
    """Scale: s x, element by element."""
    return signal.mapped(sparse.diags_array(spread(node.scale, "scale", signal.shape), format="csr"), signal.shape)


def flatten(node: Any, signal: Signal, dt_s: float) -> Signal:
    """The axes from start_dim to end_dim as one."""
    shape = signal.shape
    start, end = (_axis(node.start_dim, len(shape)), _axis(node.end_dim, len(shape)))
    return signal.reshaped((*shape[:start], size(shape[start : end + 1]), *shape[end + 1 :]))


def _axis(value: Any, n: int) -> int:
    if not isinstance(value, int | np.integer) or not -n <= value <= max(n - 1, 1):
        raise UnsuitedError(f"dimension {value!r} is none of its {n}: mend start_dim and end_dim")
    return int(value) % n if value < 0 else int(value)


def convolve_2d(node: Any, signal: Signal, dt_s: float) -> Signal:
    """Conv2d, over (channel, row, column)."""
    return _convolve(node, signal, numbers(node.weight, "weight"))


def convolve_1d(node: Any, signal: Signal, dt_s: float) -> Signal:
    """Conv1d, over (channel, place): a convolution of one row."""
    if len(signal.shape) != 2:
        raise UnsuitedError(f"its input has shape {signal.shape}, but (channel, place) is needed: mend the shapes")
    weight = numbers(node.weight, "weight")
    if weight.ndim != 3:
        raise UnsuitedError(f"weight has shape {weight.shape}, but (output, input, place) is needed: mend it")
    made = _convolve(node, signal.reshaped((signal.shape[0], 1, signal.shape[1])), weight[:, :, None, :], is_row=True)
    return made.reshaped((made.shape[0], made.shape[2]))


def _convolve(node: Any, signal: Signal, weight: npt.NDArray[Any], is_row: bool = False) -> Signal:
    if len(signal.shape) != 3:
        raise UnsuitedError(f"its input has shape {signal.shape}, but (channel, row, column) is needed: mend it")
    if weight.ndim != 4 or 0 in weight.shape:
        raise UnsuitedError(f"weight has shape {weight.shape}, but (output, input, row, column) is needed: mend it")
    stride, dilation = pair(node.stride, "stride", 1), pair(node.dilation, "dilation", 1)
    kernel = (weight.shape[2], weight.shape[3])
    if is_row:
        stride, dilation = (1, stride[1]), (1, dilation[1])
    before, after = around(node.padding, kernel, stride, dilation)
    if is_row:
        before, after = (0, before[1]), (0, after[1])
    groups = pair(node.groups, "groups", 1)[0]
    matrix, shape = convolution(weight, signal.shape, stride, (before, after), dilation, groups)
    bias = np.zeros(shape[0]) if node.bias is None else spread(node.bias, "bias", (shape[0],))
    return signal.mapped(matrix, shape, np.repeat(bias, shape[1] * shape[2]))


def sum_pool(node: Any, signal: Signal, dt_s: float) -> Signal:
    """SumPool2d: sums over windows of each channel."""
    return _pool(node, signal, mean=False)


def average_pool(node: Any, signal: Signal, dt_s: float) -> Signal:
    """AvgPool2d: means over windows; zeros of the padding count, as in torch."""
    return _pool(node, signal, mean=True)


def _pool(node: Any, signal: Signal, mean: bool) -> Signal:
    if len(signal.shape) != 3:
        raise UnsuitedError(f"its input has shape {signal.shape}, but (channel, row, column) is needed: mend it")
    kernel, stride = pair(node.kernel_size, "kernel_size", 1), pair(node.stride, "stride", 1)
    before, after = around(node.padding, kernel, stride, (1, 1))
    channels = signal.shape[0]
    check_entries(channels * kernel[0] * kernel[1])
    weight = np.full((channels, 1, *kernel), 1.0 / (kernel[0] * kernel[1]) if mean else 1.0)
    return signal.mapped(*convolution(weight, signal.shape, stride, (before, after), (1, 1), channels))


def delay(node: Any, signal: Signal, dt_s: float) -> Signal:
    """Delay, of whole steps."""
    wanted = spread(node.delay, "delay", signal.shape) / dt_s
    steps = np.round(wanted)
    if (wanted < 0).any():
        raise UnsuitedError("delay is negative: nothing arrives before it was sent")
    off = np.abs(wanted - steps) > WHOLE * np.maximum(1, wanted)
    if off.any():
        first = float(wanted[off][0])
        raise UnsuitedError(f"delay of {first:g} steps, but steps are whole: choose a dt_ms that divides it")
    if steps.max(initial=0) > 255:
        raise UnsuitedError(f"delay of {steps.max():,.0f} steps, but at most 255 are possible: use a longer dt_ms")
    return signal.delayed(steps.astype(np.int64))


def unchanged(node: Any, signal: Signal, dt_s: float) -> Signal:
    """Input and Output of inner graphs."""
    return signal


LINEAR: Mapping[str, Callable[[Any, Signal, float], Signal]] = {
    "Affine": linear,
    "AvgPool2d": average_pool,
    "Conv1d": convolve_1d,
    "Conv2d": convolve_2d,
    "Delay": delay,
    "Flatten": flatten,
    "Input": unchanged,
    "Linear": linear,
    "Output": unchanged,
    "Scale": scale,
    "SumPool2d": sum_pool,
}
"""Type of node -> what it makes of the sum of what reaches it."""
