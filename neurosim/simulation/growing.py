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


class GrowingSpikes:
    """Arrays that grow: steps, who fired (slots, neurons once they are in order), and payloads where there are any."""

    def __init__(self) -> None:
        self.n = 0
        self._step, self.who, self.value = (np.empty(0, np.int32) for _ in range(3))

    def add(self, buffers: Buffers, n: int, later: int) -> None:
        """Take the first n spikes of the buffers, `later` steps later."""
        begin, end = self.n, self.n + n
        _make_room(self._step, end)
        _make_room(self.who, end)
        np.add(buffers.spike_step[:n], np.int32(later), out=self._step[begin:end])
        self.who[begin:end] = buffers.spike_slot[:n]
        if len(buffers.spike_value):
            _make_room(self.value, end)
            self.value[begin:end] = buffers.spike_value[:n]
        self.n = end

    def all(self) -> tuple[Ints, Ints, Ints]:
        """Step, who, payload of all so far; payloads are empty where none are kept."""
        return self._step[: self.n], self.who[: self.n], self.value[: self.n]


def _make_room(array: Ints, n: int) -> None:
    """Room for n numbers; nobody else looks at the array, which may move."""
    if n > len(array):
        array.resize(max(n, int(GROWTH * len(array))), refcheck=False)
