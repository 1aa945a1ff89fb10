"""Synapses as graded_kernel.py adds them: runs of bytes where targets follow each other, words elsewhere."""

from typing import Any

import numpy as np
import numpy.typing as npt

from compiler import Program
from neurosim.simulation.layout import WIDE_TARGET_BITS
from neurosim.simulation.synapse_words import synapses, unit_of, words_of

SHORTEST = 16  # synapses of a run


def synapse_fields(program: Program, ptr: npt.NDArray[np.int64] | None = None) -> dict[str, Any]:
    """The fields of a GradedMachine that say what a message is added to, by sources, or by the parts that `ptr` says.

    Synapses of a source and delay whose targets follow each other are a run, if they are many and all weights fit
    into a byte; the others stay words.
    """
    t = program.lists
    target, weight = synapses(program)
    unit = unit_of(weight)
    weight = weight >> unit
    ptr, delay = t.list_ptr[t.source_ptr] if ptr is None else ptr, t.synapse_delay
    is_byte = len(weight) == 0 or (weight.min() >= -128 and weight.max() < 128)
    begin, length = _runs(ptr, target, delay)
    long = (length >= SHORTEST) & is_byte
    in_run = np.repeat(long, length)
    words, wide_weight = words_of(target[~in_run], weight[~in_run], delay[~in_run])
    first = begin[long]
    return {
        "run_ptr": np.searchsorted(first, ptr).astype(np.int64),
        "run_begin": np.concatenate([[0], np.cumsum(length[long])]).astype(np.int64),
        "run_target": target[first] | delay[first].astype(np.uint32) << np.uint32(WIDE_TARGET_BITS),
        "run_weight": weight[in_run].astype(np.int8),
        "synapse_ptr": np.concatenate([[0], np.cumsum(~in_run)])[ptr].astype(np.int64),
        "synapse": words,
        "wide_weight": wide_weight,
        "is_packed": len(wide_weight) == 0,
        "unit": unit,
    }


def _runs(
    ptr: npt.NDArray[np.int64], target: npt.NDArray[np.uint32], delay: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Synapses of one source and delay on targets that follow each other: where they begin, and how many they are."""
    goes_on = (target[1:] == target[:-1] + np.uint32(1)) & (delay[1:] == delay[:-1])
    starts = np.concatenate([np.ones(min(1, len(target)), np.bool_), ~goes_on])
    starts[ptr[ptr < len(target)]] = True
    begin = np.flatnonzero(starts)
    return begin, np.diff(begin, append=len(target))
