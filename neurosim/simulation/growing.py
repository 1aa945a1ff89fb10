"""Spikes of a sample, as they come: written once, to where they stay.

Memory that is new to a process is slow, as the system gives it page by page; pieces that are joined in the end take it
twice.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.simulation.layout import Buffers

Ints = npt.NDArray[Any]
GROWTH = 1.5  # of what there is room for, when it is full
SPARE = 1.1  # of the spikes that a sample has in the end, if it goes on as it began
FORESEEN = 2**26  # spikes to make room for ahead, at most; room that nobody writes to costs nothing


class GrowingSpikes:
    """Arrays that grow: steps, who fired (slots, neurons once they are in order), and payloads where there are any."""

    def __init__(self) -> None:
        self.n = 0
        self._step, self.who, self.value = (np.empty(0, np.int32) for _ in range(3))

    def add(self, buffers: Buffers, n: int, later: int, share: float) -> None:
        """Take the first n spikes of the buffers, `later` steps later; `share` of the sample is then done."""
        begin, end = self.n, self.n + n
        foreseen = min(FORESEEN, int(SPARE * end / share))
        self._step = _with_room(self._step, begin, end, foreseen)
        self.who = _with_room(self.who, begin, end, foreseen)
        np.add(buffers.spike_step[:n], np.int32(later), out=self._step[begin:end])
        self.who[begin:end] = buffers.spike_slot[:n]
        if len(buffers.spike_value):
            self.value = _with_room(self.value, begin, end, foreseen)
            self.value[begin:end] = buffers.spike_value[:n]
        self.n = end

    def end(self) -> None:
        """Give back the room that no spike took; none will follow."""
        for array in (self._step, self.who, self.value):
            if len(array) > self.n:
                array.resize(self.n, refcheck=False)  # nobody else looks at it

    def all(self) -> tuple[Ints, Ints, Ints]:
        """Step, who, payload of all so far; payloads are empty where none are kept."""
        return self._step[: self.n], self.who[: self.n], self.value[: self.n]


def _with_room(array: Ints, used: int, n: int, foreseen: int) -> Ints:
    """The array, or one with its `used` numbers in front, that holds n and, if it has to move, as many as foreseen."""
    if n <= len(array):
        return array
    room = np.empty(max(n, foreseen, int(GROWTH * len(array))), array.dtype)
    room[:used] = array[:used]
    return room
