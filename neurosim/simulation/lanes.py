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
SPINS = 2_000  # looks at a gate before the processor is given up
_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def _at(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Pointer to `array[index]`."""
    return builder.gep(arrayobj.make_array(kind)(context, builder, array).data, [index])


def _block(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> tuple[Any, int]:
    """Pointer to the LANES numbers of an array from `index` on, as one vector, and the bytes of a number."""
    bits = kind.dtype.bitwidth
    vector = ir.VectorType(ir.IntType(bits), LANES).as_pointer()
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
        weights, size = _block(context, builder, kinds[3], arguments[3], arguments[4])
        wide = builder.sext(builder.load(weights, align=size), ir.VectorType(_I32, LANES))
        _add_where(builder, _block(context, builder, kinds[0], arguments[0], arguments[1]), arguments[2], wide)
        return context.get_dummy_value()

    return types.void(v, types.int64, types.uint64, weight, types.int64), code


def _add_one_code(typing_context: Any, v: Any, at: Any, row: Any, weight: Any) -> Any:
    """`v[at + j] += weight` for each bit j of the word `row` that is set."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(_I32, LANES)
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), arguments[3], _I32(0))
        every = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
        wide = builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), every)
        place = _block(context, builder, signature.args[0], arguments[0], arguments[1])
        _add_where(builder, place, arguments[2], wide)
        return context.get_dummy_value()

    return types.void(v, types.int64, types.uint64, types.int32), code


def _ones_code(typing_context: Any, word: Any) -> Any:
    """How many bits of a word are set."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code


def _lowest_code(typing_context: Any, word: Any) -> Any:
    """The lowest bit that is set of a word that is not 0."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

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
