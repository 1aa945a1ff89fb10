"""Instructions of the loop of LIF neurons: a step of 64 neurons, and rows of counts, as vectors.

A step, in whole numbers of the state's type; what LLVM makes of the plain loop takes twice as long:

    u = decayed(u, keep_u) + (arriving << shift), which wraps once or saturates at its bits
    v = decayed(v, keep_v) + u + bias, likewise; 0 while the neuron waits
    it fires if v > threshold: v = 0, and it waits

Decay rounds toward zero: with x = 2^16 a + b and b >= 0, x * keep / 2^16 is a * keep + b * keep / 2^16, rounded down;
where x < 0, 2^16 - 1 is added to b * keep first, which rounds up.  keep <= 2^16, as registers have at most 16 bits, so
that the sum fits into 32 without a sign.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np import arrayobj

from neurosim.simulation.vectors import (
    I64,
    WIDTH,
    WORD,
    Numbers,
    between,
    constant,
    flags,
    negated,
    splat,
    vector_of,
)

ROWS_AT_ONCE = 256  # of which a sum has no more than twice the bits
ROWS_AHEAD = 16  # that are asked for


def _decayed(builder: Any, x: Any, keep: Any, bits: int) -> Any:
    """X * keep / 2^16, toward zero."""
    high = builder.ashr(x, constant(16, bits))
    round_up = builder.lshr(high, constant(bits - 16, bits))  # 2^16 - 1 where x < 0, else 0
    low = builder.mul(builder.and_(x, constant(2**16 - 1, bits)), keep)
    left = builder.lshr(builder.add(low, round_up), constant(16, bits))
    return builder.add(builder.mul(high, keep), left)


class _Limit:
    """The range of a register: (-limit, limit] where it wraps, [1 - limit, limit - 1] where it saturates."""

    def __init__(self, builder: Any, limit: Any, bits: int) -> None:
        self._builder, self._top = builder, splat(builder, limit, bits)
        self._bottom, self._turn = negated(builder, self._top), builder.shl(self._top, constant(1, bits))
        one = constant(1, bits)
        self._most, self._least = builder.sub(self._top, one), builder.add(self._bottom, one)

    def wrapped(self, x: Any) -> Any:
        """x, which is out of range by at most one turn."""
        builder = self._builder
        up = builder.select(builder.icmp_signed("<=", x, self._bottom), builder.add(x, self._turn), x)
        return builder.select(builder.icmp_signed(">", x, self._top), builder.sub(x, self._turn), up)

    def held(self, x: Any) -> Any:
        """x, saturated."""
        return between(self._builder, x, self._least, self._most)

    def either(self, x: Any, wraps: Any) -> Any:
        """One of the two."""
        return self._builder.select(wraps, self.wrapped(x), self.held(x))


def _step_same_code(
    typing_context: Any, u: Any, v: Any, ring: Any, bias: Any, at: Any, ring_at: Any,
    keep_u: Any, keep_v: Any, threshold: Any, shift: Any, u_limit: Any, v_limit: Any,
) -> Any:  # fmt: skip
    """A step of neurons that share their decays and threshold; u wraps, v saturates, nobody waits.

    Updates `u[at : at + WORD]` and v, takes `ring[ring_at : ring_at + WORD]`; returns the word of who fires.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def numbers(i: int, index: Any) -> Numbers:
            return Numbers(context, builder, signature.args[i], arguments[i], index)

        at, ring_at, *scalars = arguments[4:]
        us, vs, arriving, biases = numbers(0, at), numbers(1, at), numbers(2, ring_at), numbers(3, at)
        bits = us.bits
        keep_u, keep_v, threshold, shift = (splat(builder, value, bits) for value in scalars[:4])
        u_limit, v_limit = (_Limit(builder, value, bits) for value in scalars[4:])
        masks = []
        for k in range(0, WORD, WIDTH):
            came = builder.shl(arriving.load(k, bits), shift)
            x = u_limit.wrapped(builder.add(_decayed(builder, us.load(k), keep_u, bits), came))
            y = builder.add(_decayed(builder, vs.load(k), keep_v, bits), builder.add(x, biases.load(k, bits)))
            y = v_limit.held(y)
            fires = builder.icmp_signed(">", y, threshold)
            us.store(k, x)
            vs.store(k, builder.select(fires, constant(0, bits), y))
            arriving.store(k, constant(0, arriving.bits))
            masks.append(fires)
        return flags(builder, masks)

    numbers = (keep_u, keep_v, threshold, shift, u_limit, v_limit)
    given = (u, v, ring, bias, types.int64, types.int64, *(u.dtype for _ in numbers))
    return types.uint64(*given), code


def _step_each_code(
    typing_context: Any, u: Any, v: Any, ring: Any, bias: Any, at: Any, ring_at: Any,
    keep_u: Any, keep_v: Any, threshold: Any, shift: Any, u_limit: Any, v_limit: Any,
    waiting: Any, refractory: Any, u_wraps: Any, v_wraps: Any,
) -> Any:  # fmt: skip
    """A step of neurons each with its own decays and threshold, by any rules; some may wait.

    Updates `waiting[at : at + WORD]` too, which are set to `refractory - 1` of who fires.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def numbers(i: int, index: Any) -> Numbers:
            return Numbers(context, builder, signature.args[i], arguments[i], index)

        at, ring_at = arguments[4:6]
        us, vs, arriving, biases = numbers(0, at), numbers(1, at), numbers(2, ring_at), numbers(3, at)
        keeps_u, keeps_v, thresholds, waits, refractories = (numbers(i, at) for i in (6, 7, 8, 12, 13))
        bits = us.bits
        shift = splat(builder, arguments[9], bits)
        u_limit, v_limit = (_Limit(builder, arguments[i], bits) for i in (10, 11))
        u_wraps, v_wraps = arguments[14:]
        masks, none = [], constant(0, 8)
        for k in range(0, WORD, WIDTH):
            came = builder.shl(arriving.load(k, bits), shift)
            x = u_limit.either(builder.add(_decayed(builder, us.load(k), keeps_u.load(k), bits), came), u_wraps)
            y = builder.add(_decayed(builder, vs.load(k), keeps_v.load(k), bits), builder.add(x, biases.load(k, bits)))
            left = waits.load(k)
            waits_still = builder.icmp_unsigned("!=", left, none)
            y = builder.select(waits_still, constant(0, bits), v_limit.either(y, v_wraps))
            fires = builder.icmp_signed(">", y, thresholds.load(k))
            us.store(k, x)
            vs.store(k, builder.select(fires, constant(0, bits), y))
            arriving.store(k, constant(0, arriving.bits))
            left = builder.select(fires, refractories.load(k), left)
            waits_on = builder.icmp_unsigned("!=", left, none)
            waits.store(k, builder.select(waits_on, builder.sub(left, constant(1, 8)), none))
            masks.append(fires)
        return flags(builder, masks)

    of_state, flag = u.dtype, types.boolean
    given = (u, v, ring, bias, types.int64, types.int64, keep_u, keep_v, threshold, of_state, of_state, of_state)
    return types.uint64(*given, waiting, refractory, flag, flag), code


def _differ_code(typing_context: Any, a: Any, a_at: Any, b: Any, b_at: Any) -> Any:
    """The word of where `a[a_at : a_at + WORD]` and b, of the same type, differ."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        some = Numbers(context, builder, kinds[0], arguments[0], arguments[1])
        others = Numbers(context, builder, kinds[2], arguments[2], arguments[3])
        masks = [builder.icmp_signed("!=", some.load(k), others.load(k)) for k in range(0, WORD, WIDTH)]
        return flags(builder, masks)

    return types.uint64(a, types.int64, b, types.int64), code


def _is_set_code(typing_context: Any, a: Any, at: Any) -> Any:
    """The word of where `a[at : at + WORD]` is not 0."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        some = Numbers(context, builder, signature.args[0], *arguments)
        none = constant(0, some.bits)
        masks = [builder.icmp_signed("!=", some.load(k), none) for k in range(0, WORD, WIDTH)]
        return flags(builder, masks)

    return types.uint64(a, types.int64), code


def _add_row_code(typing_context: Any, totals: Any, at: Any, rows: Any, row: Any) -> Any:
    """Add `rows[row : row + WIDTH / 2]` to `totals[at : at + WIDTH / 2]`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        sums = Numbers(context, builder, kinds[0], arguments[0], arguments[1], width=WIDTH // 2)
        some = Numbers(context, builder, kinds[2], arguments[2], arguments[3], width=WIDTH // 2)
        sums.store(0, builder.add(sums.load(0), some.load(0, sums.bits)))
        return context.get_dummy_value()

    return types.void(totals, types.int64, rows, types.int64), code


def _sum_rows_code(
    typing_context: Any, totals: Any, at: Any, rows: Any, width: Any, spikes: Any, offset: Any, first: Any, last: Any
) -> Any:
    """Add the rows of sources `offset + spikes[first : last]` to `totals`, each of `width` numbers without a sign.

    Of every row, WORD numbers from `at` on; in registers, where a sum has twice the bits of a number: that is enough
    for ROWS_AT_ONCE rows.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        totals, at, rows, width, spikes, offset, first, last = arguments
        make: Any = arrayobj.make_array
        fired = make(kinds[4])(context, builder, spikes).data

        def row_of(i: Any) -> Numbers:
            source = builder.add(offset, builder.sext(builder.load(builder.gep(fired, [i])), I64))
            index = builder.add(builder.mul(source, width), at)
            return Numbers(context, builder, kinds[2], rows, index, width=WORD)

        bits = 2 * kinds[2].dtype.bitwidth
        keep: Any = cgutils.alloca_once_value
        held = keep(builder, ir.Constant(vector_of(bits, WORD), None))
        end = builder.sub(last, I64(1))
        with cgutils.for_range(builder, last, start=first) as each:
            ahead = builder.add(each.index, I64(ROWS_AHEAD))
            row_of(builder.select(builder.icmp_signed("<", ahead, end), ahead, end)).ask_for()
            builder.store(builder.add(builder.load(held), row_of(each.index).load(0, bits)), held)
        sums = Numbers(context, builder, kinds[0], totals, at, width=WORD)
        added = builder.load(held)
        if bits < sums.bits:
            added = builder.zext(added, vector_of(sums.bits, WORD))
        sums.store(0, builder.add(sums.load(0), added))
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(totals, i64, rows, i64, spikes, i64, i64, i64), code


step_same: Any = intrinsic(_step_same_code)
step_each: Any = intrinsic(_step_each_code)
differ: Any = intrinsic(_differ_code)
is_set: Any = intrinsic(_is_set_code)
add_row: Any = intrinsic(_add_row_code)
sum_rows: Any = intrinsic(_sum_rows_code)
