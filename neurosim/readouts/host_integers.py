"""Host integers: what the readout's neurons must hold, from the liquid's spikes alone.

In whole numbers, step by step, without any of the code that compiles or runs programs.  The chip's decision equals the
host's on every sample whose sums stay below the readout's threshold.
"""

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from chips.profile import CubaLif
from neurosim.readouts.chip_readout import ChipReadout
from neurosim.result import RunResult

_CHUNK = 4_000_000  # steps x outputs at a time

Integers = npt.NDArray[np.int64]


def host_scores(liquid: RunResult, readout: ChipReadout) -> Integers:
    """What the readout's membranes add up to at the end of each sample: [sample, output]."""
    return integrate(liquid, readout)[0]


def integrate(liquid: RunResult, readout: ChipReadout) -> tuple[Integers, int]:
    """Membranes step by step: their sums at the end, [sample, output], and the largest of them on the way."""
    start, n = liquid.range_of(readout.population)
    steps = liquid.counts.steps
    scores = np.zeros((len(steps), readout.n_outputs), np.int64)
    longest = int(steps.max())
    chunk = max(1, _CHUNK // (longest * readout.n_outputs))
    highest = 0
    for first in range(0, len(steps), chunk):
        part = np.arange(first, min(first + chunk, len(steps)))
        spikes = _raster(liquid, part, longest, start, n)
        for f, feature in enumerate(readout.features):
            drive = (spikes @ readout.weights[f]).reshape(len(part), longest, readout.n_outputs)
            v, most = _membrane(drive, feature.start, int(readout.leak[f]), readout.neuron, steps[part])
            scores[part] += v
            highest = max(highest, most)
    shifted = readout.bias.sum(axis=0) << readout.neuron.weight_shift
    return scores + shifted, max(highest, int(np.abs(shifted).max()))


def _raster(liquid: RunResult, part: Integers, longest: int, start: int, n: int) -> "sparse.csr_array":
    """Spikes of some samples: [sample * step, neuron]."""
    span = slice(int(liquid.sample_ptr[part[0]]), int(liquid.sample_ptr[part[-1] + 1]))
    sample = np.repeat(np.arange(len(part)), np.diff(liquid.sample_ptr)[part])
    neuron = liquid.spike_neuron[span].astype(np.int64) - start
    inside = (neuron >= 0) & (neuron < n)
    row = sample[inside] * longest + liquid.spike_step[span][inside]
    ones = np.ones(len(row), np.int64)
    return sparse.csr_array((ones, (row, neuron[inside])), shape=(len(part) * longest, n))


def _membrane(drive: Integers, start: int, leak: int, neuron: CubaLif, steps: Integers) -> tuple[Integers, int]:
    """Sums that leak toward zero, and stay as they are once their sample is over; and the largest of all."""
    keep, full = 2**neuron.decay_bits - leak, 2**neuron.decay_bits
    v = np.zeros((len(drive), drive.shape[2]), np.int64)
    highest = 0
    for t in range(start, drive.shape[1]):
        runs = steps > t
        left = np.sign(v) * (np.abs(v) * keep // full)
        v = np.where(runs[:, None], left + (drive[:, t] << neuron.weight_shift), v)
        highest = max(highest, int(np.abs(v).max(initial=0)))
    return v, highest
