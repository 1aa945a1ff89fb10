"""Run a program into a folder, chunk by chunk: memory does not grow with steps, and a run that stopped can go on."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chips import NeurosimError, RunError
from compiler import Program
from neurosim.numbers import is_whole
from neurosim.result import RunResult
from neurosim.simulate import run_until
from neurosim.simulation.buffers import rows_of_a_call
from neurosim.simulation.recording import NO_PROBES, Recording
from neurosim.simulation.run_inputs import check_program_type, check_seed, threads_of
from neurosim.simulation.sample_loop import SampleLoop
from neurosim.spikes import MAX_STEPS, SpikeTrains
from neurosim.streaming.checkpoint import drop_checkpoint, restore_checkpoint, write_checkpoint
from neurosim.streaming.chunks import Chunk, chunk_path, chunks_written, cut, default_chunk_steps
from neurosim.streaming.run_header import NAME, check_same, header_of, read_header, write_header
from neurosim.streaming.sources import InputFunction, Source, source_of
from neurosim.streaming.streamed_run import StreamedRun

StepProgress = Callable[[int, int], None]  # steps done, steps in all


def run_to_disk(
    program: Program,
    inputs: SpikeTrains | Sequence[npt.ArrayLike] | npt.ArrayLike | InputFunction | None,
    steps: int | Sequence[int] | None,
    folder: str | Path,
    *,
    chunk_steps: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    resume: bool = False,
    progress: StepProgress | None = None,
    halt: npt.NDArray[np.uint8] | None = None,
) -> StreamedRun:
    """Run `program` as `run` does, but keep what it does in `folder`, a chunk of steps a file.

    However often it is stopped or killed, and resumed, the files are the same to the last byte.  Samples longer than
    a chunk run one after the other.

    Args:
        program: what to run.
        inputs: as in `run`; or, for a single sample, a function (first step, number of steps) -> rows of (step,
            channel) or (step, channel, value), whose step 0 is that first step; it must give the same rows when asked
            again.
        steps: length of each sample; needed unless `inputs` are SpikeTrains.
        folder: where; made if it is missing.
        chunk_steps: steps in a chunk; by default up to 100,000, fewer where counts or spikes would be large.
        seed: of chips that draw random numbers; sample i is drawn from seed + i.
        threads: samples run at the same time; by default one for each processor.
        resume: go on with the run that the folder holds, if it holds one.
        progress: called with (steps done, steps in all).
        halt: who sets halt[0], an array of uint8, ends the run after its last finished chunk.

    Raises:
        RunError: as `run`; the folder holds a run already and `resume` is False, or one of another program, other
            inputs, another seed or other chunks; it holds something else, or is damaged.
        NeurosimError: a file cannot be written.
    """
    check_program_type(program)
    if chunk_steps is not None and not is_whole(chunk_steps, 1, MAX_STEPS):
        raise RunError(f"chunk_steps is {chunk_steps!r}, but a whole number from 1 is needed")
    source, folder = source_of(program, inputs, steps), Path(folder)
    check_seed(seed, len(source.steps))
    threads_of(threads)
    if chunk_steps is None and resume and (folder / NAME).exists():
        chunk_steps = read_header(folder).chunk_steps
    chunk_steps = int(chunk_steps or default_chunk_steps(program))
    chunks = cut(source.steps, chunk_steps)
    header = header_of(program, source.digest(chunks[0]), seed, chunk_steps, source.steps)
    _make_folder(folder)
    if (folder / NAME).exists():
        if not resume:
            raise RunError(f"{folder} holds a run already: go on with it (resume=True, --resume), or choose another")
        check_same(folder, read_header(folder), header)
    elif any(folder.iterdir()):
        raise RunError(f"{folder} holds other files: choose an empty folder, or a new one")
    else:
        write_header(folder, header)
    writer = _Writer(program, source, chunks, folder, seed, threads, progress, halt)
    writer.run()
    return StreamedRun.load(folder)


class _Writer:
    """Runs the chunks that are missing."""

    def __init__(
        self,
        program: Program,
        source: Source,
        chunks: list[Chunk],
        folder: Path,
        seed: int,
        threads: int | None,
        progress: StepProgress | None,
        halt: npt.NDArray[np.uint8] | None,
    ) -> None:
        self._program, self._source, self._chunks, self._folder = program, source, chunks, folder
        self._seed, self._threads, self._progress = seed, threads, progress
        self._halt = np.zeros(1, np.uint8) if halt is None else halt
        rows = rows_of_a_call(program, max(chunk.steps for chunk in chunks))
        self._loop = SampleLoop(program, rows, halt=self._halt)
        self._before = 0  # steps in the chunks before
        self._all_steps = sum(chunk.steps for chunk in chunks)

    def run(self) -> None:
        """Go on where the folder ends, until the end or until halted."""
        for leftover in self._folder.glob(".*.npz.*"):  # of a process that was killed as it wrote
            leftover.unlink(missing_ok=True)
        first = self._start()
        self._before = sum(chunk.steps for chunk in self._chunks[:first])
        for chunk in self._chunks[first:]:
            self._report(0)
            result = self._of_samples(chunk) if chunk.is_whole else self._of_part(chunk)
            if result is None or self._halt[0]:
                return
            result.save(chunk_path(self._folder, chunk.number))
            if chunk.ends_sample:
                drop_checkpoint(self._folder)
            else:
                write_checkpoint(self._folder, self._loop, self._program.digest, chunk.number + 1)
            self._before += chunk.steps
        drop_checkpoint(self._folder)
        self._report(0)

    def _start(self) -> int:
        """The first chunk to run: the first that is missing, or an earlier one from which the state is known."""
        start = min(chunks_written(self._folder), len(self._chunks))
        if start == len(self._chunks) or self._chunks[start].first_step == 0:
            return start
        program = self._program
        known = restore_checkpoint(self._folder, self._loop, program.digest, program.n_channels)
        while self._chunks[start].first_step > 0 and start != known:
            start -= 1
        return start

    def _of_samples(self, chunk: Chunk) -> RunResult | None:
        return run_until(
            self._halt,
            self._program,
            self._source.of(chunk),
            seed=self._seed + chunk.first_sample,
            threads=self._threads,
            watch=lambda done: self._report(int(done.sum())),
        )

    def _of_part(self, chunk: Chunk) -> RunResult | None:
        seed = self._seed + chunk.first_sample
        if chunk.first_step == 0:
            self._loop.begin(seed)
        trains = self._source.of(chunk)
        recording = Recording(self._program, np.array([chunk.steps], np.int64), NO_PROBES)
        counts = recording.counts_of(0)
        for call in self._loop.advance(chunk.steps, trains.step, trains.channel, trains.value, counts):
            recording.take(0, self._loop.buffers, call)
            self._report(call.first + call.done)
        return recording.result(seed)

    def _report(self, done: int) -> None:
        if self._progress:
            self._progress(self._before + done, self._all_steps)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NeurosimError(f"cannot make the folder {folder}: {error.strerror}; choose another") from error
