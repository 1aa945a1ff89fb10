"""The table of tanh that graded neurons read, defined in integers: the same on every machine.

With F fraction bits, R range bits and 2^B segments, entry k = 0 .. 2^B is 2^F tanh(k 2^R / 2^B) to the nearest
integer, halves up, worked out in decimal arithmetic.  A segment is 2^w wide with w = F + R - B, and

    tanh(z) = T[i] + floor((T[i + 1] - T[i]) * j / 2^w)    with i, j = divmod(z, 2^w)    for 0 <= z < 2^(F + R)

beyond the table it is T[2^B], and tanh(-z) = -tanh(z).  `lookup` is this definition for single numbers;
graded_kernel.py has it compiled, and a test holds the two together.
"""

import functools
from decimal import Decimal, localcontext

from chips.profile import Graded


@functools.cache
def tanh_table(fraction_bits: int, range_bits: int, table_bits: int) -> tuple[int, ...]:
    """Entries 0 .. 2^table_bits."""
    with localcontext() as context:
        context.prec = 50
        step = Decimal(2**range_bits) / 2**table_bits
        return tuple(_rounded(2**fraction_bits * _tanh(k * step)) for k in range(2**table_bits + 1))


def lookup(z: int, graded: Graded) -> int:
    """2^F tanh(z / 2^F) as a chip reads it off its table."""
    table = tanh_table(graded.fraction_bits, graded.tanh_range_bits, graded.tanh_table_bits)
    width = graded.fraction_bits + graded.tanh_range_bits - graded.tanh_table_bits
    i, j = divmod(abs(z), 2**width)
    size = table[i] + ((table[i + 1] - table[i]) * j >> width) if i + 1 < len(table) else table[-1]
    return size if z >= 0 else -size


def _tanh(x: Decimal) -> Decimal:
    power = (2 * x).exp()
    return (power - 1) / (power + 1)


def _rounded(x: Decimal) -> int:
    return int(x + Decimal("0.5"))
