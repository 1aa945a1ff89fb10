"""Stepper: a program that runs interactively, a few steps at a time, in a loop with a world or under a debugger.

It calls the same compiled loops as `run` (sample_loop.py), so any cutting of the steps gives the bits of one run.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.counts import Counts
from neurosim.debugging.count_log import CountLog
from neurosim.debugging.state import State, Variable, flipped, read_state, register_bits
from neurosim.numbers import is_whole
from neurosim.simulation.buffers import rows_of_a_call
from neurosim.simulation.engine import sends_numbers
from neurosim.simulation.run_inputs import check_program_type, check_seed, check_trains
from neurosim.simulation.sample_loop import SampleLoop
from neurosim.spikes import MAX_STEPS, SpikeTrains

_ROWS = 64  # steps in one call of the loop; more cost memory and save nothing


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that a stepper needs to go on from a step, copied: `Stepper.restore` takes it, any number of times."""

    step_index: int
    program_digest: str
    local: int  # the loop's number of the step
    arrays: tuple[npt.NDArray[Any], ...]  # of the loop's state
    channels: npt.NDArray[np.int32]  # that fired in the step before
    log: CountLog


class Stepper:
    """A program run step by step, one sample, from rest."""

    def __init__(self, program: Program, seed: int = 0, *, per_step: bool = True) -> None:
        """Stand before step 0.

        Args:
            program: what to run.
            seed: of chips that draw random numbers; equals that of sample 0 of `run(..., seed=seed)`.
            per_step: keep the counts of each step, which latency and static energy need; without, memory is bounded
                however long the run.

        Raises:
            RunError: it is no program, or no seed.
        """
        check_program_type(program)
        check_seed(seed)
        self.program = program
        self._loop = SampleLoop(program, rows_of_a_call(program, _ROWS))
        self._loop.state = self._loop.engine.widened(self._loop.state)  # bits may be flipped
        self._loop.begin(seed)
        self._sends_numbers = sends_numbers(program)
        self._step_index = 0
        self._log = CountLog(program, per_step)

    def __repr__(self) -> str:
        """One line: where it stands."""
        return f"Stepper(before step {self._step_index:,} of {self.program!r})"

    @property
    def step_index(self) -> int:
        """The step that comes next; as many have been run."""
        return self._step_index

    @property
    def counts(self) -> Counts:
        """Events so far, as of one sample of `step_index` steps: `energy` and `latency` price them.

        Raises:
            RunError: no step has been run.
        """
        return self._log.counts()

    def advance(self, steps: int = 1, spikes: npt.ArrayLike | SpikeTrains | None = None) -> npt.NDArray[np.int64]:
        """Run `steps` steps.

        Args:
            steps: how many.
            spikes: external spikes as rows of (step, channel) or (step, channel, value), where step 0 is the step that
                comes next; or trains of one sample.  As in `run`, a spike of step s arrives in step s + delay.

        Returns:
            Spikes of the network as rows (step, neuron), or (step, neuron, value) where neurons send numbers, sorted;
            steps count from the start of the run, as `step_index` does.

        Raises:
            RunError: steps are none, a spike is outside of them, on an unknown channel, doubled, or carries a payload
                that no neuron can take.  Nothing has been run then.
        """
        step, channel, value = self._read(steps, spikes)
        self._log.reserve(steps)
        pieces = []
        for call in self._loop.advance(int(steps), step, channel, value):
            pieces.append(self._spikes(call.n_spikes, call.later + self._step_index - call.first))
            self._log.add(self._loop.buffers, call.done)
            self._step_index += call.done
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def state(self) -> State:
        """A copy of u, v, refractoriness and pending input before the step that comes next."""
        loop = self._loop
        return read_state(self.program, loop.state, self._step_index, loop.local, loop.channels, loop.engine.ring_unit)

    def snapshot(self) -> Snapshot:
        """All that is needed to go on from here; a few copies of the state's size, and of the counts so far."""
        loop = self._loop
        arrays = tuple(array.copy() for array in loop.state)
        return Snapshot(
            self._step_index, self.program.digest, loop.local, arrays, loop.channels.copy(), self._log.copy()
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back (or forth) to where a snapshot was taken, with the counts of then.

        Raises:
            RunError: it was taken of another program.
        """
        if snapshot.program_digest != self.program.digest:
            raise RunError("the snapshot was taken of another program: restore it in a stepper of that one")
        for array, saved in zip(self._loop.state, snapshot.arrays, strict=True):
            array[...] = saved
        self._step_index, self._loop.local = snapshot.step_index, snapshot.local
        self._loop.channels, self._log = snapshot.channels.copy(), snapshot.log.copy()

    def flip_bit(self, neuron: int, variable: Variable, bit: int) -> None:
        """Flip one bit of a neuron's u or v now: an upset of its register between two steps.

        Args:
            neuron: in the network's numbering.
            variable: "u" or "v".
            bit: from 0, the least, up to the sign bit of the chip's register (two's complement).

        Raises:
            RunError: there is no such neuron, variable or bit.
        """
        bits, signed = register_bits(self.program, neuron, variable)
        array = getattr(self._loop.state, variable)
        slot = self.program.slot_of[neuron]
        array[slot] = flipped(int(array[slot]), bit, bits, signed)

    def _read(
        self, steps: int, spikes: npt.ArrayLike | SpikeTrains | None
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        if not is_whole(steps, 1, MAX_STEPS // 2):
            raise RunError(f"steps is {steps!r}, but a whole number from 1 is needed")
        none: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        if spikes is None:
            return none, none, none
        trains = spikes if isinstance(spikes, SpikeTrains) else SpikeTrains.from_samples([spikes], int(steps))
        if trains.n_samples != 1 or trains.steps[0] != steps:
            lengths = ", ".join(str(n) for n in trains.steps[:3])
            raise RunError(f"the trains have samples of {lengths} steps, but one of {steps} is needed")
        check_trains(self.program, trains)
        value = np.ones(len(trains.step), np.int32) if trains.value is None else trains.value
        return trains.step, trains.channel, value

    def _spikes(self, n: int, later: int) -> npt.NDArray[np.int64]:
        buffers = self._loop.buffers
        step = buffers.spike_step[:n].astype(np.int64) + later
        neuron = self.program.tables.neuron_of[buffers.spike_slot[:n]].astype(np.int64)
        order = np.lexsort((neuron, step))
        columns = [step, neuron]
        if self._sends_numbers:
            columns.append(buffers.spike_value[:n].astype(np.int64))
        return np.stack(columns, axis=1)[order]


def replay(program: Program, trains: SpikeTrains, sample: int, step: int, seed: int = 0) -> Stepper:
    """A stepper just after step `step` of a sample, with the bits that `run(program, trains, seed=seed)` had there.

    Raises:
        RunError: there is no such sample or step, or the program cannot take the spikes.
    """
    part = sample_until(trains, sample, step)
    stepper = Stepper(program, seed + sample)
    stepper.advance(step + 1, part)
    return stepper


def sample_until(trains: SpikeTrains, sample: int, step: int) -> SpikeTrains:
    """One sample, cut after `step`.

    Raises:
        RunError: there is no such sample or step.
    """
    if isinstance(sample, bool) or not isinstance(sample, int) or not 0 <= sample < trains.n_samples:
        raise RunError(f"sample {sample!r} is unknown: there are {trains.n_samples:,}, from 0")
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < trains.steps[sample]:
        raise RunError(f"step {step!r} is outside sample {sample}, which has steps 0 to {trains.steps[sample] - 1}")
    one = trains[sample]
    kept = one.step <= step
    value = None if one.value is None else one.value[kept]
    if value is not None and (value == 1).all():
        value = None  # `check_trains` knows from its absence that the program need not take numbers
    ptr = np.array([0, kept.sum()], np.int64)
    return SpikeTrains(np.array([step + 1], np.int64), ptr, one.step[kept], one.channel[kept], value)
