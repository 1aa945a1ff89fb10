"""One sample in a compiled loop: its state, and calls of the loop that go on from one another.

A loop counts its steps from the start of what it is given.  So that neither this number nor the memory of a call grows
with the length of a run, it is kept small: it goes back by a multiple of the period in which rows of the ring
come again, which changes nothing but the random numbers of crossbars, whose seed is moved with it (`Engine.shift`).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compiler import Program
from neurosim.simulation.buffers import new_buffers
from neurosim.simulation.engine_cache import engine_of

Ints32 = npt.NDArray[np.int32]


class Call(NamedTuple):
    """What one call of the loop did; its events stand in `SampleLoop.buffers` until the next."""

    first: int  # step, from the start of the `advance`
    done: int  # steps; rows of the buffers
    n_spikes: int
    later: int  # what to add to the steps of spikes in the buffers, to count from the start of the `advance`


class SampleLoop:
    """A program's loop, with the state of the sample that runs in it."""

    def __init__(
        self,
        program: Program,
        rows: int,
        probe_slot: npt.NDArray[np.int64] | None = None,
        halt: npt.NDArray[np.uint8] | None = None,
        threads: int = 1,
    ) -> None:
        """Make room.

        Args:
            program: what runs.
            rows: steps in one call of the loop, at most.
            probe_slot: slots whose u and v are kept, [probe].
            halt: the loop looks at halt[0] in every step, and ends where it is set.
            threads: that share a sample, where the loop can.

        Raises:
            RunError: its neurons are of models that no one loop runs together.
        """
        self.engine = engine_of(program)
        self.state = self.engine.new_state(threads)
        probed = np.zeros(0, np.int64) if probe_slot is None else probe_slot
        self.buffers = new_buffers(program, self.engine, rows, probed)
        self.local = 0  # the loop's number of the step that comes next
        self.channels: Ints32 = np.zeros(0, np.int32)  # of the step before, which linear_lif delivers
        self._halt = np.zeros(1, np.uint8) if halt is None else halt
        self._period = max(2, self.engine.machine.max_delay + 1)

    def begin(self, seed: int) -> None:
        """Stand before the first step of a sample."""
        for array in self.arrays().values():
            array[:] = 0
        self.engine.begin(self.state, seed)
        self.local, self.channels = 0, np.zeros(0, np.int32)

    def advance(
        self,
        steps: int,
        step: Ints32,
        channel: Ints32,
        value: Ints32 | None = None,
        counts: Ints32 | None = None,
    ) -> Iterator[Call]:
        """Run `steps` steps, call by call, unless halted; take what a call wrote before asking for the next.

        `step`, ascending from 0 for the step that comes next, `channel` and `value` (None: all are 1) are the external
        spikes of these steps.  Their counts are written to `counts` [step, core, kind], or to the buffers.
        """
        t, rows = 0, len(self.buffers.counts)
        while t < steps:
            stop = min(t + rows, steps)
            begin, end = np.searchsorted(step, (t, stop)) if len(step) else (0, 0)
            carried = np.ones(end - begin, np.int32) if value is None else value[begin:end]
            local = self._renumbered()
            rows_of_call = self.buffers.counts if counts is None else counts[t:stop]
            done, n_spikes = self._call(
                stop - t, step[begin:end] - np.int32(t), channel[begin:end], carried, rows_of_call
            )
            if done:
                yield Call(t, done, n_spikes, t - local)
            if self._halt[0]:
                return
            t += done

    def _call(self, steps: int, step: Ints32, channel: Ints32, value: Ints32, counts: Ints32) -> tuple[int, int]:
        start, before = self.local, len(self.channels)
        input_ptr = np.full(start + steps + 1, before, np.int64)
        input_ptr[:start] = 0
        if len(step):
            input_ptr[start:] += np.searchsorted(step, np.arange(steps + 1, dtype=np.int32))
        if before:
            channel = np.concatenate([self.channels, channel])
            value = np.concatenate([np.ones(before, np.int32), value])
        buffers = self.buffers._replace(input_value=value, counts=counts)
        reached, n_spikes = self.engine.advance(
            self.engine.machine, self.state, buffers, input_ptr, channel, start, start + steps, self._halt
        )
        if reached > start:
            self.channels = channel[input_ptr[reached - 1] : input_ptr[reached]].copy()
            self.local = reached
        return reached - start, n_spikes

    def _renumbered(self) -> int:
        """Keep the loop's step numbers small, but for the step before, whose input is still needed."""
        back = (self.local // self._period - 1) * self._period
        if back > 0:
            self.engine.shift(self.state, back)
            self.local -= back
        return self.local

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What of the state goes on from step to step, by name."""
        state = self.state._asdict()
        return {name: state[name] for name in self.engine.carries or state}
