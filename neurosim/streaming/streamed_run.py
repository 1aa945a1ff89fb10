"""A streamed run, read chunk by chunk, whether it is finished or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError, load_chip
from neurosim.counts import KINDS, Counts
from neurosim.pricing import energy
from neurosim.result import RunResult
from neurosim.streaming.chunks import Chunk, chunk_path, chunks_written, cut
from neurosim.streaming.collecting import collected
from neurosim.streaming.run_header import RunHeader, read_header
from neurosim.timing import latency


@dataclass(frozen=True, slots=True)
class ChunkCost:
    """What the steps of one chunk cost; those of all chunks add up to the costs of the run."""

    chunk: Chunk
    dynamic_pj: float
    static_pj: float
    latency_ns: float
    longest_step_ns: float
    overruns: int  # steps that did not end within the chip's tick


@dataclass(frozen=True, eq=False)
class StreamedRun:
    """The folder of a run, of which no more than one chunk is held at a time."""

    folder: Path
    header: RunHeader

    @staticmethod
    def load(folder: str | Path) -> "StreamedRun":
        """Read the header of a folder that `run_to_disk` writes, or has written.

        Raises:
            RunError: there is none, or it is damaged.
        """
        return StreamedRun(Path(folder), read_header(Path(folder)))

    def __repr__(self) -> str:
        """One line: how far it got."""
        return (
            f"StreamedRun({self.steps_done:,} of {self.n_steps:,} steps on {self.header.chip.name}, in {self.folder})"
        )

    @cached_property
    def all_chunks(self) -> list[Chunk]:
        """How the run is cut, the chunks to come too."""
        return cut(self.header.steps, self.header.chunk_steps)

    @property
    def chunks(self) -> list[Chunk]:
        """The chunks that are there now."""
        return self.all_chunks[: chunks_written(self.folder)]

    @property
    def is_complete(self) -> bool:
        """Whether every chunk is there."""
        return len(self.chunks) == len(self.all_chunks)

    @property
    def n_steps(self) -> int:
        """Steps of all samples, when it is complete."""
        return sum(self.header.steps.tolist())

    @property
    def steps_done(self) -> int:
        """Steps in the chunks that are there."""
        return sum(chunk.steps for chunk in self.chunks)

    def result(self, chunk: Chunk) -> RunResult:
        """What one chunk holds: its samples, or the part of a sample as one, whose steps count from `chunk.first_step`.

        Raises:
            RunError: the file is missing, damaged, or of another run.
        """
        path = chunk_path(self.folder, chunk.number)
        found = RunResult.load(path)
        lengths = self.header.steps[chunk.samples] if chunk.is_whole else np.array([chunk.steps])
        same = (found.program_digest, found.seed) == (self.header.program_digest, self.header.seed + chunk.first_sample)
        if not (same and np.array_equal(found.steps, lengths) and found.counts.per_step is not None):
            raise RunError(f"{path} is not of this run: delete it and those after it, then resume")
        if not np.array_equal(found.counts.core, self.header.core) or found.spans != self.header.spans:
            raise RunError(f"{path} names other cores or populations than the header: delete it, then resume")
        return found

    def results(self) -> Iterator[RunResult]:
        """What each chunk holds, one after the other.

        Raises:
            RunError: a file is damaged, or of another run.
        """
        for chunk in self.chunks:
            yield self.result(chunk)

    def totals(self) -> Counts:
        """Events of all samples that have begun, without counts per step: `energy` prices them.

        Raises:
            RunError: nothing is done yet, or a file is damaged.
        """
        chunks = self.chunks
        n = _some(chunks, self.folder)[-1].samples.stop
        steps: npt.NDArray[np.int64] = np.zeros(n, np.int64)
        total = np.zeros((n, len(self.header.core), len(KINDS)), np.int64)
        for chunk in chunks:
            counts = self.result(chunk).counts
            steps[chunk.samples] += counts.steps
            total[chunk.samples] += counts.total
        chip = self.header.chip
        names = (chip.name, chip.limits_hash, self.header.core, self.header.neurons)
        return Counts(*names, steps, total, None, None, None)

    def costs(self, chip: ChipProfile | str | None = None) -> Iterator[ChunkCost]:
        """Energy and time of each chunk, on the run's chip, or a profile (or its name or path) with other prices.

        Raises:
            RunError: a file is damaged, or `chip` has other limits.
        """
        prices = self.header.chip if chip is None else load_chip(chip) if isinstance(chip, str) else chip
        for chunk in self.chunks:
            counts = self.result(chunk).counts
            spent, time = energy(counts, prices), latency(counts, prices)
            static, longest = spent.static_pj or 0.0, float(time.step_ns.max())
            yield ChunkCost(chunk, spent.dynamic_pj, static, time.total_ns, longest, time.overruns)

    def collect(self, with_spikes: bool = True) -> RunResult:
        """All that is done as one result, which equals that of `run`; of an unfinished sample the steps so far.

        Args:
            with_spikes: False leaves out spikes, for runs that have more than memory holds.

        Raises:
            RunError: nothing is done yet, a file is damaged, or the counts are too large to hold.
        """
        chunks = self.chunks
        return collected(_some(chunks, self.folder), self.result, self.header, with_spikes)


def _some(chunks: list[Chunk], folder: Path) -> list[Chunk]:
    if not chunks:
        raise RunError(f"{folder} holds no finished chunk yet: resume the run, with fewer chunk_steps in a new folder")
    return chunks
