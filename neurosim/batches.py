"""Batches: many samples a part at a time, so that memory does not grow with how many there are."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.numbers import is_whole
from neurosim.result import RunResult
from neurosim.simulate import Progress, run
from neurosim.simulation.run_inputs import check_seed, trains_of
from neurosim.spikes import SpikeTrains

SAMPLES = 1024  # of a batch


def run_batches(
    program: Program,
    inputs: SpikeTrains | Sequence[npt.ArrayLike] | npt.ArrayLike | None = None,
    steps: int | Sequence[int] | None = None,
    *,
    batch: int = SAMPLES,
    seed: int = 0,
    progress: Progress | None = None,
    **settings: Any,
) -> Iterator[RunResult]:
    """Run samples as `run` does, and give them a batch at a time: reduce each to what you need before the next.

    The spikes, counts and probes of all batches together are those of one `run`; only one batch is held.

    Args:
        program: what to run.
        inputs: as of `run`.
        steps: as of `run`.
        batch: samples of a batch; the last may have fewer.
        seed: as of `run`: sample i is drawn from seed + i, whatever the batch.
        progress: called with (samples done, samples in all) of all batches.
        settings: others of `run`.

    Returns:
        An iterator over the results of `batch` samples each, in order; a batch is run when it is asked for.

    Raises:
        RunError: as of `run`, or the batch is no number of samples.
    """
    if not is_whole(batch, 1):
        raise RunError(f"batch is {batch!r}, but must be a whole number of samples from 1")
    trains = trains_of(inputs, steps)
    check_seed(seed, trains.n_samples)
    return _results(program, trains, batch, seed, progress, settings)


def _results(
    program: Program, trains: SpikeTrains, batch: int, seed: int, progress: Progress | None, settings: dict[str, Any]
) -> Iterator[RunResult]:
    n = trains.n_samples
    for first in range(0, n, batch):

        def report(done: int, of: int, first: int = first) -> None:
            if progress:
                progress(first + done, n)

        yield run(program, trains[first : first + batch], seed=seed + first, progress=report, **settings)
