"""Stepper: a program that runs interactively, a few steps at a time, in a loop with a world or under a debugger.

It calls the same compiled loops as `run`, so any cutting of the steps gives the bits of one run.  A loop counts its
steps from the start of what it is given; so that this does not grow for ever, the stepper lets the loop's numbers stay
small: they go back by a multiple of the period in which rows of the ring come again, which changes nothing but
the random numbers of crossbars, whose seed is moved with them (`Engine.shift`).
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
from neurosim.simulate import check_seed, check_trains
from neurosim.simulation.buffers import new_buffers, rows_of_a_call
from neurosim.simulation.engine import build_engine, sends_numbers
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
        if not isinstance(program, Program):
            raise RunError(f"a Program is needed, not {type(program).__name__}: compile the network first")
        check_seed(seed)
        self.program = program
        self._engine = build_engine(program)
        self._state = self._engine.new_state()
        self._engine.begin(self._state, seed)
        nothing = np.zeros(0, np.int64)
        self._buffers = new_buffers(program, self._engine, rows_of_a_call(program, _ROWS), nothing)
        self._rows = len(self._buffers.counts)
        self._period = max(2, self._engine.machine.max_delay + 1)
        self._sends_numbers = sends_numbers(program)
        self._halt = np.zeros(1, np.uint8)
        self._step_index = 0
        self._local = 0
        self._channels: npt.NDArray[np.int32] = np.zeros(0, np.int32)  # of the step before, which linear_lif delivers
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
        self._renumber()
        start, before = self._local, len(self._channels)
        input_ptr = np.zeros(start + steps + 1, np.int64)
        input_ptr[start:] = before + np.searchsorted(step, np.arange(steps + 1))
        channels = np.concatenate([self._channels, channel])
        values = np.concatenate([np.ones(before, np.int32), value])
        buffers = self._buffers._replace(input_value=values)
        pieces, stop = [], start + steps
        while self._local < stop:
            upto = min(self._local + self._rows, stop)
            reached, n_spikes = self._engine.advance(
                self._engine.machine, self._state, buffers, input_ptr, channels, self._local, upto, self._halt
            )
            pieces.append(self._spikes(n_spikes))
            self._log.add(buffers, reached - self._local)
            self._step_index += reached - self._local
            self._local = reached
        self._channels = channels[input_ptr[stop - 1] : input_ptr[stop]].copy()
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def state(self) -> State:
        """A copy of u, v, refractoriness and pending input before the step that comes next."""
        return read_state(
            self.program, self._state, self._step_index, self._local, self._channels, self._engine.ring_unit
        )

    def snapshot(self) -> Snapshot:
        """All that is needed to go on from here; a few copies of the state's size, and of the counts so far."""
        arrays = tuple(array.copy() for array in self._state)
        return Snapshot(
            self._step_index, self.program.digest, self._local, arrays, self._channels.copy(), self._log.copy()
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back (or forth) to where a snapshot was taken, with the counts of then.

        Raises:
            RunError: it was taken of another program.
        """
        if snapshot.program_digest != self.program.digest:
            raise RunError("the snapshot was taken of another program: restore it in a stepper of that one")
        for array, saved in zip(self._state, snapshot.arrays, strict=True):
            array[...] = saved
        self._step_index, self._local = snapshot.step_index, snapshot.local
        self._channels, self._log = snapshot.channels.copy(), snapshot.log.copy()

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
        array = getattr(self._state, variable)
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

    def _renumber(self) -> None:
        """Keep the loop's step numbers small, but for the step before, whose input is still needed."""
        back = (self._local // self._period - 1) * self._period
        if back > 0:
            self._engine.shift(self._state, back)
            self._local -= back

    def _spikes(self, n: int) -> npt.NDArray[np.int64]:
        step = self._buffers.spike_step[:n].astype(np.int64) + (self._step_index - self._local)
        neuron = self.program.tables.neuron_of[self._buffers.spike_slot[:n]].astype(np.int64)
        order = np.lexsort((neuron, step))
        columns = [step, neuron]
        if self._sends_numbers:
            columns.append(self._buffers.spike_value[:n].astype(np.int64))
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
