"""Vectors: building blocks of LLVM's code for the instructions of lif_lanes.py, which every processor can run.

A vector has WIDTH numbers; LLVM splits it where registers are shorter.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.np import arrayobj

WIDTH = 16  # numbers of a vector
WORD = 64  # numbers whose flags go into one word
LINE_BYTES = 64  # of a cache
I8, I32, I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


class Numbers:
    """The numbers of an array of whole numbers from an index on."""

    def __init__(self, context: Any, builder: Any, kind: Any, array: Any, index: Any, width: int = WIDTH) -> None:
        self._builder, self.bits, self._signed, self._width = builder, kind.dtype.bitwidth, kind.dtype.signed, width
        make: Any = arrayobj.make_array
        self._first = builder.gep(make(kind)(context, builder, array).data, [index])

    def ask_for(self) -> None:
        """Ask for the cache lines of a vector's numbers, and do not wait for them."""
        for k in range(0, self._width, LINE_BYTES * 8 // self.bits):
            ask_for(self._builder, self._builder.gep(self._first, [I64(k)]))

    def _place(self, k: int) -> Any:
        pointer = self._builder.gep(self._first, [I64(k)])
        return self._builder.bitcast(pointer, vector_of(self.bits, self._width).as_pointer())

    def load(self, k: int, bits: int | None = None) -> Any:
        """As many as the vector has, from the k-th on, widened to `bits`."""
        values = self._builder.load(self._place(k), align=self.bits // 8)
        if bits is None or bits == self.bits:
            return values
        widen = self._builder.sext if self._signed else self._builder.zext
        return widen(values, vector_of(bits, self._width))

    def store(self, k: int, values: Any) -> None:
        """Write as many, of their own size or wider."""
        if values.type.element.width > self.bits:
            values = self._builder.trunc(values, vector_of(self.bits, self._width))
        self._builder.store(values, self._place(k), align=self.bits // 8)


def ask_for(builder: Any, pointer: Any) -> None:
    """Ask for the cache line of a pointer, and do not wait for it."""
    pointer = builder.bitcast(pointer, I8.as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [pointer.type, I32, I32, I32])
    insert: Any = cgutils.get_or_insert_function
    function = insert(builder.module, kind, "llvm.prefetch.p0")
    read, keep, data_cache = I32(0), I32(3), I32(1)
    builder.call(function, [pointer, read, keep, data_cache])


def vector_of(bits: int, width: int = WIDTH) -> Any:
    """The type of a vector of whole numbers."""
    return ir.VectorType(ir.IntType(bits), width)


def constant(value: int, bits: int) -> Any:
    """A vector of one constant."""
    return ir.Constant(vector_of(bits), [value] * WIDTH)


def splat(builder: Any, value: Any, bits: int) -> Any:
    """A vector of one number, widened to `bits` with its sign."""
    if value.type.width < bits:
        value = builder.sext(value, ir.IntType(bits))
    empty = ir.Constant(vector_of(bits), ir.Undefined)
    first = builder.insert_element(empty, value, I32(0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(I32, WIDTH), [0] * WIDTH))


def flags(builder: Any, masks: list[Any]) -> Any:
    """A word of the bits of WORD / WIDTH masks, the first in its lowest bits."""
    word = I64(0)
    for k, mask in enumerate(masks):
        bits = builder.zext(builder.bitcast(mask, ir.IntType(WIDTH)), I64)
        word = builder.or_(word, builder.shl(bits, I64(k * WIDTH)))
    return word


def negated(builder: Any, values: Any) -> Any:
    """-values."""
    return builder.sub(constant(0, values.type.element.width), values)


def between(builder: Any, values: Any, least: Any, most: Any) -> Any:
    """Values held in [least, most]."""
    values = builder.select(builder.icmp_signed("<", values, least), least, values)
    return builder.select(builder.icmp_signed(">", values, most), most, values)
