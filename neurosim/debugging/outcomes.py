"""One sample of a result of any kind: its length, and its spikes as rows with payloads."""

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.numbers import is_whole
from neurosim.spike_record import SpikeRecord

Ints = npt.NDArray[np.int64]


def length(result: SpikeRecord, sample: int) -> int:
    """Steps of a sample.

    Raises:
        RunError: there is no such sample.
    """
    steps = result.steps
    if not is_whole(sample, 0, len(steps) - 1):
        raise RunError(f"sample {sample!r} is unknown: there are {len(steps):,}, from 0")
    return int(steps[sample])


def rows_of(result: SpikeRecord, sample: int) -> Ints:
    """Spikes of a sample as rows of (step, neuron, value): [spike, 3]; without payloads value is 1."""
    part = slice(int(result.sample_ptr[sample]), int(result.sample_ptr[sample + 1]))
    step, neuron = result.spike_step[part], result.spike_neuron[part]
    value = getattr(result, "spike_value", None)
    return np.stack([step, neuron, np.ones(len(step)) if value is None else value[part]], axis=1).astype(np.int64)
