"""Who fired and when, counted into as many bins as a page can show; spikes are taken piece by piece and not kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from compiler import Span
from neurosim.reporting.thinning import MOST_COLUMNS, MOST_ROWS, bins_of
from neurosim.result import RunResult
from neurosim.streaming.streamed_run import StreamedRun

Ints = npt.NDArray[np.int64]
RATE_POINTS = 300  # of a rate over time


@dataclass(eq=False)
class Activity:
    """Spikes of a run, counted.  The first sample has a raster and rates over time."""

    spans: Sequence[Span]  # populations, without inputs
    n_neurons: int
    n_samples: int
    first_steps: int  # of the first sample
    all_steps: int
    cell: tuple[int, int] = field(init=False)  # steps and neurons of a cell of the raster
    raster: Ints = field(init=False)  # [column, row], spikes of the first sample
    over_time: Ints = field(init=False)  # [bin, population], likewise
    fired: Ints = field(init=False)  # [neuron], spikes of all samples

    def __post_init__(self) -> None:
        """Begin with no spikes."""
        wide, high = max(1, -(-self.first_steps // MOST_COLUMNS)), max(1, -(-self.n_neurons // MOST_ROWS))
        self.cell = wide, high
        self.raster = np.zeros((-(-self.first_steps // wide), -(-self.n_neurons // high)), np.int64)
        self.over_time = np.zeros((len(bins_of(self.first_steps, RATE_POINTS)[1]), len(self.spans)), np.int64)
        self.fired = np.zeros(self.n_neurons, np.int64)

    @property
    def n_first(self) -> int:
        """Spikes of the first sample."""
        return int(self.raster.sum())

    def add(self, neuron: npt.NDArray[np.integer], first_step: npt.NDArray[np.integer]) -> None:
        """Count some spikes.

        Args:
            neuron: [spike], of any samples, those of the first sample in front.
            first_step: [spike of the first sample], its step.
        """
        self.fired += np.bincount(neuron, minlength=self.n_neurons)
        if not len(first_step):
            return
        step, mine = first_step.astype(np.int64), neuron[: len(first_step)].astype(np.int64)
        columns, rows = self.raster.shape
        cell = step // self.cell[0] * rows + mine // self.cell[1]
        self.raster += np.bincount(cell, minlength=columns * rows).reshape(columns, rows)
        population = np.searchsorted([span.start for span in self.spans], mine, side="right") - 1
        width, bins = bins_of(self.first_steps, RATE_POINTS)
        key = step // width * len(self.spans) + population
        self.over_time += np.bincount(key, minlength=self.over_time.size).reshape(len(bins), -1)


def activity_of(result: RunResult) -> Activity:
    """The activity of a run."""
    found = _none_of(result)
    found.add(result.spike_neuron, result.spike_step[: result.sample_ptr[1]])
    return found


def activity_of_stream(streamed: StreamedRun, run: RunResult) -> Activity:
    """The activity of a streamed run, of which one chunk at a time is held.

    Args:
        streamed: the run.
        run: what is done of it; its spikes are not read.

    Raises:
        RunError: a file is damaged, or of another run.
    """
    found = _none_of(run)
    for chunk in streamed.chunks:
        piece = streamed.result(chunk)
        n = int(piece.sample_ptr[1]) if chunk.first_sample == 0 else 0
        found.add(piece.spike_neuron, piece.spike_step[:n] + np.int32(chunk.first_step))
    return found


def _none_of(run: RunResult) -> Activity:
    """Room for the spikes of a run, none of them counted yet."""
    spans = [span for span in run.spans if span.kind != "input"]
    return Activity(spans, run.n_neurons, run.n_samples, int(run.steps[0]), int(run.steps.sum()))
