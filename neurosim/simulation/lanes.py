"""Instructions that numba does not offer by itself: a row of crosspoints at a time, prefetch, atomic counters.

Each is a few lines of LLVM's code, which every processor can run: with AVX-512 a row is added under mask registers.
"""

import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np import arrayobj

from compiler.jit import jit
from neurosim.simulation.vectors import ask_for

LANES = 64  # crosspoints in a word
SPINS = 2_000  # looks at a gate before the processor is given up
_I32, _I64 = ir.IntType(32), ir.IntType(64)


def _at(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Pointer to `array[index]`."""
    return builder.gep(arrayobj.make_array(kind)(context, builder, array).data, [index])


def _block(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> tuple[Any, int]:
    """Pointer to LANES numbers of an array from `index` on, as one vector, and the bytes of a number."""
    bits = kind.dtype.bitwidth
    vector = ir.VectorType(ir.IntType(bits), LANES).as_pointer()
    return builder.bitcast(_at(context, builder, kind, array, index), vector), bits // 8


def _added(builder: Any, old: Any, row: Any, weight: Any) -> Any:
    """The vector `old`, with `weight` added where a bit of `row` is set."""
    mask = builder.bitcast(row, ir.VectorType(ir.IntType(1), LANES))
    return builder.select(mask, builder.add(old, weight), old)


def _add_each_code(typing_context: Any, v: Any, at: Any, row: Any, weight: Any, weight_at: Any) -> Any:
    """`v[at + j] += weight[weight_at + j]` for each bit j of the word `row` that is set."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        wide = _wide(builder, _block(context, builder, kinds[3], arguments[3], arguments[4]))
        place = _block(context, builder, kinds[0], arguments[0], arguments[1])
        _keep(builder, _added(builder, _wide(builder, place), arguments[2], wide), place)
        return context.get_dummy_value()

    return types.void(v, types.int64, types.uint64, weight, types.int64), code


def _splat(builder: Any, value: Any) -> Any:
    """A vector of the same int32."""
    vector = ir.VectorType(_I32, LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, _I32(0))
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), ir.Constant(vector, [0] * LANES))


def _wide(builder: Any, place: tuple[Any, int]) -> Any:
    """Numbers as int32."""
    pointer, size = place
    values = builder.load(pointer, align=size)
    return values if size == 4 else builder.sext(values, ir.VectorType(_I32, LANES))


def _keep(builder: Any, values: Any, place: tuple[Any, int]) -> None:
    """Store numbers, int32, in as many bits as they have there."""
    pointer, size = place
    fit = values if size == 4 else builder.trunc(values, pointer.type.pointee)
    builder.store(fit, pointer, align=size)


def _crossed(builder: Any, x: Any, threshold: Any, negative: Any) -> Any:
    """Whether x >= threshold or x < -negative, for each lane."""
    below = builder.icmp_signed("<", x, builder.neg(negative))
    return builder.or_(builder.icmp_signed(">=", x, threshold), below)


def _update_block_code(
    typing_context: Any,
    v: Any,
    at: Any,
    row: Any,
    word: Any,
    row_at: Any,
    weight: Any,
    rows: Any,
    leak: Any,
    low: Any,
    top: Any,
    threshold: Any,
    threshold_at: Any,
    negative: Any,
) -> Any:
    """Update `v[at : at + LANES]` for a tick, in registers; the word of who crosses a threshold.

    For each i below `rows`, `weight[i]` is added where a bit of `row[row_at[i] + word]` is set; then the leak to all,
    which are held in [low, top], and compared: with `threshold` from `threshold_at` on.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        array, at, row, word, row_at, weight, rows, *numbers, limits, limits_at, negative = arguments
        leak, low, top, negative = (_splat(builder, number) for number in (*numbers, negative))
        place = _block(context, builder, kinds[0], array, at)
        held = cgutils.alloca_once_value(builder, _wide(builder, place))
        with cgutils.for_range(builder, rows) as each:
            start = builder.load(_at(context, builder, kinds[4], row_at, each.index))
            bits = builder.load(_at(context, builder, kinds[2], row, builder.add(start, word)))
            added = _splat(builder, builder.load(_at(context, builder, kinds[5], weight, each.index)))
            builder.store(_added(builder, builder.load(held), bits, added), held)
        x = builder.add(builder.load(held), leak)
        x = builder.select(builder.icmp_signed("<", x, low), low, x)
        x = builder.select(builder.icmp_signed(">", x, top), top, x)
        _keep(builder, x, place)
        limit = _wide(builder, _block(context, builder, kinds[10], limits, limits_at))
        return builder.bitcast(_crossed(builder, x, limit, negative), _I64)

    i32, i64 = types.int32, types.int64
    given = (v, i64, row, i64, row_at, weight, i64, i32, i32, i32, threshold, i64, i32)
    return types.uint64(*given), code


def _cross_each_code(typing_context: Any, v: Any, at: Any, threshold: Any, negative: Any) -> Any:
    """The word of who of `v[at : at + LANES]` crosses a threshold; all arrays have the same index."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, limit, least = (
            _wide(builder, _block(context, builder, signature.args[i], arguments[i], arguments[1])) for i in (0, 2, 3)
        )
        return builder.bitcast(_crossed(builder, x, limit, least), _I64)

    return types.uint64(v, types.int64, threshold, negative), code


def _ones_code(typing_context: Any, word: Any) -> Any:
    """How many bits of a word are set."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code


def _lowest_code(typing_context: Any, word: Any) -> Any:
    """The lowest bit of a word that is set; 64 if none is."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(0))

    return types.int64(types.uint64), code


def _prefetch_code(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]`, and do not wait for it."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        ask_for(builder, _at(context, builder, signature.args[0], *arguments))
        return context.get_dummy_value()

    return types.void(array, index), code


def _count_in_code(typing_context: Any, counter: Any) -> Any:
    """Add 1 to `counter[0]`, int64, at once for all threads."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _at(context, builder, signature.args[0], arguments[0], _I64(0))
        builder.atomic_rmw("add", pointer, _I64(1), "seq_cst")
        return context.get_dummy_value()

    return types.void(counter), code


def _look_code(typing_context: Any, array: Any, index: Any) -> Any:
    """`array[index]`, int64, as other threads left it."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_at(context, builder, signature.args[0], *arguments), "acquire", 8)

    return types.int64(array, types.int64), code


def _raise_to_code(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """`array[index] = max(array[index], value)`, int32, at once for all threads."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _at(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.atomic_rmw("max", pointer, arguments[2], "seq_cst")
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int32), code


add_each: Any = intrinsic(_add_each_code)
update_block: Any = intrinsic(_update_block_code)
cross_each: Any = intrinsic(_cross_each_code)
ones: Any = intrinsic(_ones_code)
lowest: Any = intrinsic(_lowest_code)
prefetch: Any = intrinsic(_prefetch_code)
raise_to: Any = intrinsic(_raise_to_code)
_count_in: Any = intrinsic(_count_in_code)
_look: Any = intrinsic(_look_code)

if sys.platform == "win32":

    @jit
    def _give_way():
        """Threads of one sample are not used there."""

else:
    _give_way: Any = types.ExternalFunction("sched_yield", types.int32())


@jit
def meet(gate, arrivals):
    """Wait until `gate` [1 or more], int64, has counted so many arrivals in its first place, this one among them."""
    _count_in(gate)
    looks = np.int64(0)
    while _look(gate, 0) < arrivals:
        looks = _wait(looks)


@jit
def wait_for(gate, at):
    """Wait until `gate[at]`, int64, is not 0; returns it."""
    looks = np.int64(0)
    while _look(gate, at) == 0:
        looks = _wait(looks)
    return _look(gate, at)


@jit(inline="always")
def _wait(looks):
    """After so many looks: look again, or give the processor up."""
    if looks >= SPINS:
        _give_way()
    return looks + 1
