"""Chunks: how the steps of a run are cut into files.

Long samples are cut into parts of one chunk each; short ones stay whole, and go together as long as they fit.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.counts import KINDS

MOST_CHUNKS = 1_000_000
MOST_STEPS = 100_000  # of a chunk, unless told otherwise
_COUNT_BYTES = 64 * 2**20  # of a chunk
_UPDATES = 2**28  # of neurons; every one might be a spike
_NAME = re.compile(r"chunk-(\d{8,})\.npz")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole samples, or a part of one: which steps a file holds."""

    number: int
    first_sample: int
    n_samples: int
    first_step: int  # of the first sample; 0 unless an earlier chunk holds its beginning
    steps: int  # of all samples in the chunk
    ends_sample: bool  # whether the next chunk begins a sample

    @property
    def samples(self) -> slice:
        """The samples, by number."""
        return slice(self.first_sample, self.first_sample + self.n_samples)

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole samples."""
        return self.first_step == 0 and self.ends_sample


def cut(steps: npt.NDArray[np.int64], chunk_steps: int) -> list[Chunk]:
    """The chunks of samples of these lengths, [sample], in their order.

    Raises:
        RunError: they would be too many.
    """
    n_parts = sum((-(-steps // chunk_steps)).tolist()) if steps.max() > chunk_steps else 0
    if n_parts > MOST_CHUNKS:
        raise RunError(
            f"{sum(steps.tolist()):,} steps in chunks of {chunk_steps:,} are {n_parts:,} files, more than "
            f"{MOST_CHUNKS:,}: use larger chunk_steps"
        )
    ends = np.cumsum(steps)
    chunks: list[Chunk] = []
    sample = 0
    while sample < len(steps):
        length = int(steps[sample])
        if length > chunk_steps:
            for first in range(0, length, chunk_steps):
                n = min(chunk_steps, length - first)
                chunks.append(Chunk(len(chunks), sample, 1, first, n, first + n == length))
            sample += 1
            continue
        before = int(ends[sample]) - length
        following = int(np.searchsorted(ends, before + chunk_steps, side="right"))
        n = int(ends[following - 1]) - before
        chunks.append(Chunk(len(chunks), sample, following - sample, 0, n, True))
        sample = following
    return chunks


def default_chunk_steps(program: Program) -> int:
    """Steps of a chunk that bound the memory that it takes while it runs."""
    by_counts = _COUNT_BYTES // (program.n_cores * len(KINDS) * 4)
    by_spikes = _UPDATES // max(1, program.n_neurons)
    return max(1, min(MOST_STEPS, by_counts, by_spikes))


def chunk_path(folder: Path, number: int) -> Path:
    """Where a chunk stands."""
    return folder / f"chunk-{number:08}.npz"


def chunks_written(folder: Path) -> int:
    """Chunks that stand in a folder, up to the first that does not."""
    found = {int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))}
    number = 0
    while number in found:
        number += 1
    return number
