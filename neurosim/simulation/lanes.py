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

LANES = 64  # crosspoints in a word
REGISTER = 16  # numbers that are compared at once
SPINS = 2_000  # looks at a gate before the processor is given up
_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def _at(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Pointer to `array[index]`."""
    return builder.gep(arrayobj.make_array(kind)(context, builder, array).data, [index])


def _block(context: Any, builder: Any, kind: Any, array: Any, index: Any, lanes: int = LANES) -> tuple[Any, int]:
    """Pointer to the numbers of an array from `index` on, as one vector, and the bytes of a number."""
    bits = kind.dtype.bitwidth
    vector = ir.VectorType(ir.IntType(bits), lanes).as_pointer()
    return builder.bitcast(_at(context, builder, kind, array, index), vector), bits // 8


def _add_where(builder: Any, place: Any, row: Any, added: Any) -> None:
    """Add a vector to the numbers at `place`, where a bit of `row` is set."""
    pointer, size = place
    old = builder.load(pointer, align=size)
    mask = builder.bitcast(row, ir.VectorType(ir.IntType(1), LANES))
    builder.store(builder.select(mask, builder.add(old, added), old), pointer, align=size)


def _add_each_code(typing_context: Any, v: Any, at: Any, row: Any, weight: Any, weight_at: Any) -> Any:
    """`v[at + j] += weight[weight_at + j]` for each bit j of the word `row` that is set."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        wide = _wide(builder, _block(context, builder, kinds[3], arguments[3], arguments[4]), LANES)
        _add_where(builder, _block(context, builder, kinds[0], arguments[0], arguments[1]), arguments[2], wide)
        return context.get_dummy_value()

    return types.void(v, types.int64, types.uint64, weight, types.int64), code


def _add_one_code(typing_context: Any, v: Any, at: Any, row: Any, weight: Any) -> Any:
    """`v[at + j] += weight` for each bit j of the word `row` that is set."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = _splat(builder, arguments[3], LANES)
        place = _block(context, builder, signature.args[0], arguments[0], arguments[1])
        _add_where(builder, place, arguments[2], wide)
        return context.get_dummy_value()

    return types.void(v, types.int64, types.uint64, types.int32), code


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    """A vector of the same int32."""
    vector = ir.VectorType(_I32, lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, _I32(0))
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), ir.Constant(vector, [0] * lanes))


def _wide(builder: Any, place: tuple[Any, int], lanes: int) -> Any:
    """Numbers as int32."""
    pointer, size = place
    values = builder.load(pointer, align=size)
    return values if size == 4 else builder.sext(values, ir.VectorType(_I32, lanes))


def _gathered(builder: Any, masks: list[Any]) -> Any:
    """A word of the bits of some masks, one after the other."""
    word = _I64(0)
    for k, mask in enumerate(masks):
        bits = builder.zext(builder.bitcast(mask, ir.IntType(REGISTER)), _I64)
        word = builder.or_(word, builder.shl(bits, _I64(k * REGISTER)))
    return word


def _crossed(builder: Any, x: Any, threshold: Any, negative: Any) -> Any:
    """Whether x >= threshold or x < -negative, for each lane."""
    below = builder.icmp_signed("<", x, builder.neg(negative))
    return builder.or_(builder.icmp_signed(">=", x, threshold), below)


def _leak_and_cross_code(
    typing_context: Any, v: Any, at: Any, leak: Any, low: Any, top: Any, threshold: Any, negative: Any
) -> Any:
    """Add a leak to `v[at : at + LANES]` and hold them in [low, top]; the word of who crosses a threshold."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds, (array, at, *numbers, limits, negative) = signature.args, arguments
        leak, low, top, negative = (_splat(builder, number, REGISTER) for number in (*numbers, negative))
        masks = []
        for k in range(0, LANES, REGISTER):
            index = builder.add(at, _I64(k))
            pointer, size = _block(context, builder, kinds[0], array, index, REGISTER)
            x = builder.add(builder.load(pointer, align=size), leak)
            x = builder.select(builder.icmp_signed("<", x, low), low, x)
            x = builder.select(builder.icmp_signed(">", x, top), top, x)
            builder.store(x, pointer, align=size)
            limit = _wide(builder, _block(context, builder, kinds[5], limits, index, REGISTER), REGISTER)
            masks.append(_crossed(builder, x, limit, negative))
        return _gathered(builder, masks)

    i32 = types.int32
    return types.uint64(v, types.int64, i32, i32, i32, threshold, i32), code


def _cross_each_code(typing_context: Any, v: Any, at: Any, threshold: Any, negative: Any) -> Any:
    """The word of who of `v[at : at + LANES]` crosses a threshold; all arrays have the same index."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        masks = []
        for k in range(0, LANES, REGISTER):
            index = builder.add(arguments[1], _I64(k))
            x, limit, least = (
                _wide(builder, _block(context, builder, signature.args[i], arguments[i], index, REGISTER), REGISTER)
                for i in (0, 2, 3)
            )
            masks.append(_crossed(builder, x, limit, least))
        return _gathered(builder, masks)

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
        pointer = builder.bitcast(_at(context, builder, signature.args[0], *arguments), _I8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, _I32, _I32, _I32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        read, keep, data_cache = _I32(0), _I32(3), _I32(1)
        builder.call(function, [pointer, read, keep, data_cache])
        return context.get_dummy_value()

    return types.void(array, index), code


def _count_in_code(typing_context: Any, counter: Any) -> Any:
    """Add 1 to `counter[0]`, int64, at once for all threads."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _at(context, builder, signature.args[0], arguments[0], _I64(0))
        builder.atomic_rmw("add", pointer, _I64(1), "seq_cst")
        return context.get_dummy_value()

    return types.void(counter), code


def _look_code(typing_context: Any, counter: Any) -> Any:
    """`counter[0]`, int64, as other threads left it."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _at(context, builder, signature.args[0], arguments[0], _I64(0))
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(counter), code


add_each: Any = intrinsic(_add_each_code)
add_one: Any = intrinsic(_add_one_code)
leak_and_cross: Any = intrinsic(_leak_and_cross_code)
cross_each: Any = intrinsic(_cross_each_code)
ones: Any = intrinsic(_ones_code)
lowest: Any = intrinsic(_lowest_code)
prefetch: Any = intrinsic(_prefetch_code)
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
    """Wait until `gate` [1], int64, has counted so many arrivals, this one among them."""
    _count_in(gate)
    looks = np.int64(0)
    while _look(gate) < arrivals:
        looks += 1
        if looks > SPINS:
            _give_way()
