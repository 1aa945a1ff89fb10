"""Where the spikes of a long run come from: trains in memory, or a function that is asked for each part."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.numbers import is_whole
from neurosim.simulation.run_inputs import check_trains, trains_of
from neurosim.spikes import MAX_STEPS, SpikeTrains
from neurosim.streaming.chunks import Chunk

InputFunction = Callable[[int, int], npt.ArrayLike | None]
"""(first step, number of steps) -> external spikes of these steps, rows of (step, channel) or (step, channel, value)
whose step 0 is the first step.  Asked again for the same steps, it must give the same spikes."""


class Source(Protocol):
    """Samples of known length, whose spikes are asked for chunk by chunk."""

    @property
    def steps(self) -> npt.NDArray[np.int64]:
        """Length of each sample in steps: [sample]."""
        ...

    def of(self, chunk: Chunk) -> SpikeTrains:
        """The spikes of a chunk, whose steps count from its first step where it is a part of a sample."""
        ...

    def digest(self, first: Chunk) -> str:
        """What tells these inputs from others; `first` is the first chunk."""
        ...


@dataclass(frozen=True)
class TrainsInMemory:
    """Spike trains."""

    trains: SpikeTrains

    @property
    def steps(self) -> npt.NDArray[np.int64]:
        """Length of each sample in steps: [sample]."""
        return self.trains.steps

    def of(self, chunk: Chunk) -> SpikeTrains:
        """Whole samples, or a part of one."""
        if chunk.is_whole:
            return self.trains[chunk.samples]
        trains, sample = self.trains, chunk.first_sample
        start, stop = int(trains.sample_ptr[sample]), int(trains.sample_ptr[sample + 1])
        of_sample = trains.step[start:stop]
        begin, end = start + np.searchsorted(of_sample, (chunk.first_step, chunk.first_step + chunk.steps))
        value = None if trains.value is None else trains.value[begin:end]
        step = trains.step[begin:end] - np.int32(chunk.first_step)
        ptr = np.array([0, end - begin], np.int64)
        return SpikeTrains(np.array([chunk.steps], np.int64), ptr, step, trains.channel[begin:end], value)

    def digest(self, first: Chunk) -> str:
        """SHA-256 of all of them."""
        return digest_of(self.trains)


@dataclass(frozen=True)
class FromFunction:
    """One sample whose spikes a function gives; they are checked as they come."""

    program: Program
    spikes: InputFunction
    n_steps: int

    @property
    def steps(self) -> npt.NDArray[np.int64]:
        """Length of the sample in steps: [1]."""
        return np.array([self.n_steps], np.int64)

    def of(self, chunk: Chunk) -> SpikeTrains:
        """What the function says of these steps."""
        rows = self.spikes(chunk.first_step, chunk.steps)
        trains = SpikeTrains.from_samples([np.zeros((0, 2), np.int64) if rows is None else rows], chunk.steps)
        check_trains(self.program, trains)
        return trains

    def digest(self, first: Chunk) -> str:
        """SHA-256 of those of the first chunk: nobody can know the others before their time."""
        return digest_of(self.of(first))


def source_of(program: Program, inputs: object, steps: int | Sequence[int] | None) -> Source:
    """What `run_to_disk` takes as `inputs` and `steps`.

    Raises:
        RunError: no length is given, the spikes are no spikes, or the program cannot take them.
    """
    if not callable(inputs):
        trains = trains_of(inputs, steps)
        check_trains(program, trains)
        return TrainsInMemory(trains)
    if not is_whole(steps, 1, MAX_STEPS):
        raise RunError(
            f"steps is {steps!r}, but inputs from a function need the length of their one sample, a whole number "
            f"from 1 to {MAX_STEPS:,}"
        )
    return FromFunction(program, inputs, int(steps))


def digest_of(trains: SpikeTrains) -> str:
    """SHA-256 of spike trains."""
    digest = hashlib.sha256()
    for name in ("steps", "sample_ptr", "step", "channel", "value"):
        array = getattr(trains, name)
        if array is not None:
            digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
