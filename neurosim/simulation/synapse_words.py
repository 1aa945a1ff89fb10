"""Synapses of a program of lists as the loops read them: words, as in layout.py."""

import numpy as np
import numpy.typing as npt

from compiler import Program
from neurosim.simulation.layout import (
    PACKED_DELAY_BITS,
    PACKED_TARGET_BITS,
    PACKED_WEIGHT_BITS,
    WIDE_TARGET_BITS,
)


def synapses(program: Program) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Target slot and weight, mantissa * 2^exponent, of each synapse."""
    t = program.lists
    list_of = np.repeat(np.arange(len(t.list_core), dtype=np.int32), np.diff(t.list_ptr))
    target = (t.core_ptr[t.list_core].astype(np.uint32)[list_of] + t.synapse_index).astype(np.uint32)
    exponent = np.array([f.exponent for f in program.formats], np.int32)
    if not len(exponent):
        return target, np.zeros(0, np.int32)
    return target, t.synapse_weight.astype(np.int32) << exponent[t.list_format][list_of]


def unit_of(weight: npt.NDArray[np.int32]) -> int:
    """The power of two that divides every weight."""
    bits = int(np.bitwise_or.reduce(weight, initial=0))
    return (bits & -bits).bit_length() - 1 if bits else 0


def words_of(
    target: npt.NDArray[np.uint32], weight: npt.NDArray[np.int32], delay: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Synapses as words, and their weights apart where these do not go into them: see layout.py."""
    most = 2 ** (PACKED_WEIGHT_BITS - 1)
    narrow = len(weight) == 0 or (-most <= weight.min() and weight.max() < most)
    near = target.max(initial=0) < 2**PACKED_TARGET_BITS and delay.max(initial=0) < 2**PACKED_DELAY_BITS
    if not (narrow and near):
        return target | delay.astype(np.uint32) << np.uint32(WIDE_TARGET_BITS), weight
    byte = weight.astype(np.int8).view(np.uint8).astype(np.uint32)
    low = target | delay.astype(np.uint32) << np.uint32(PACKED_TARGET_BITS)
    return low | byte << np.uint32(PACKED_TARGET_BITS + PACKED_DELAY_BITS), np.zeros(0, np.int32)
