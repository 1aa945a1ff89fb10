"""What results of every kind have in common: lengths of samples, spikes as rows, neurons of a population."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError

Ints = npt.NDArray[np.int64]


def lengths(result: Any) -> Ints:
    """Steps of each sample of a run, in a program, in floating point or in lowered integers: [sample]."""
    steps: Ints = result.counts.steps if hasattr(result, "counts") else result.steps
    return steps


def length(result: Any, sample: int) -> int:
    """Steps of a sample.

    Raises:
        RunError: there is no such sample.
    """
    steps = lengths(result)
    if isinstance(sample, bool) or not isinstance(sample, int | np.integer) or not 0 <= sample < len(steps):
        raise RunError(f"sample {sample!r} is unknown: there are {len(steps):,}, from 0")
    return int(steps[sample])


def rows_of(result: Any, sample: int) -> Ints:
    """Spikes of a sample as rows of (step, neuron, value): [spike, 3]; without payloads value is 1."""
    part = slice(int(result.sample_ptr[sample]), int(result.sample_ptr[sample + 1]))
    step, neuron = result.spike_step[part], result.spike_neuron[part]
    value = getattr(result, "spike_value", None)
    return np.stack([step, neuron, np.ones(len(step)) if value is None else value[part]], axis=1).astype(np.int64)


def neurons_of(result: Any, population: str | None) -> tuple[int, int]:
    """First neuron and number of neurons of a population; of all for None.

    Raises:
        RunError: the population is unknown.
    """
    spans = [span for span in result.spans if span.kind != "input"]
    if population is None:
        return 0, sum(span.n for span in spans)
    for span in spans:
        if span.name == population:
            return span.start, span.n
    raise RunError(f"unknown population {population!r}; known are {', '.join(repr(span.name) for span in spans)}")
