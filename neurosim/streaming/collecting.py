"""From the chunks of a streamed run to one result, as if it had run in one piece."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.counts import KINDS, Counts
from neurosim.result import RunResult
from neurosim.simulation.recording import check_count_memory
from neurosim.streaming.chunks import Chunk
from neurosim.streaming.run_header import RunHeader


def collected(
    chunks: list[Chunk], result_of: Callable[[Chunk], RunResult], header: RunHeader, with_spikes: bool = True
) -> RunResult:
    """One result of at least one chunk, with the spikes of all or of none.

    Raises:
        RunError: a chunk cannot be read, or the counts are too large to hold.
    """
    n, n_cores, n_steps = chunks[-1].samples.stop, len(header.core), sum(chunk.steps for chunk in chunks)
    check_count_memory(n_steps, n_cores)
    rows: list[npt.NDArray[Any]] = [np.empty((n_steps, *shape), np.int32) for shape in ((n_cores, len(KINDS)), (), ())]
    total = np.zeros((n, n_cores, len(KINDS)), np.int64)
    steps, sizes = np.zeros(n, np.int64), np.zeros(n, np.int64)
    spikes: list[tuple[npt.NDArray[Any], ...]] = []
    at = 0
    faults: tuple[str, ...] = ()
    for chunk in chunks:
        found = result_of(chunk)
        counts, faults = found.counts, found.faults
        for kept, new in zip(rows, (counts.per_step, counts.busiest_link, counts.busiest_border), strict=True):
            kept[at : at + chunk.steps] = new
        at += chunk.steps
        total[chunk.samples] += counts.total
        steps[chunk.samples] += counts.steps
        if not with_spikes:
            continue
        sizes[chunk.samples] += np.diff(found.sample_ptr)
        value = np.ones(found.n_spikes, np.int32) if found.spike_value is None else found.spike_value
        spikes.append((found.spike_step + np.int32(chunk.first_step), found.spike_neuron, value))
    none = (np.zeros(0, np.int32),) * 3
    step, neuron, value = (np.concatenate(part) for part in zip(none, *spikes, strict=True))
    chip = header.chip
    return RunResult(
        chip=chip,
        program_digest=header.program_digest,
        spans=header.spans,
        dt_ms=header.dt_ms,
        sample_ptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        spike_step=step,
        spike_neuron=neuron,
        seed=header.seed,
        counts=Counts(chip.name, chip.limits_hash, header.core, header.neurons, steps, total, *rows),
        spike_value=None if (value == 1).all() else value,
        faults=faults,
    )
