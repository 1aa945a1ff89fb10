"""Counts of a run whose length is not known before: totals, and per step if wanted, in arrays that double."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.counts import KINDS, Counts
from neurosim.simulation.layout import Buffers
from neurosim.simulation.recording import MAX_COUNT_BYTES


class CountLog:
    """What has happened so far."""

    def __init__(self, program: Program, per_step: bool) -> None:
        """Nothing has; `per_step` keeps the counts of each step too."""
        self._program = program
        self._steps = 0
        self._total: npt.NDArray[np.int64] = np.zeros((program.n_cores, len(KINDS)), np.int64)
        self._rows: list[npt.NDArray[np.int32]] | None = None  # counts, busiest link, busiest border: [step, ...]
        if per_step:
            shapes = ((64, program.n_cores, len(KINDS)), (64,), (64,))
            self._rows = [np.zeros(shape, np.int32) for shape in shapes]

    def reserve(self, steps: int) -> None:
        """Make room for so many more steps.

        Raises:
            RunError: the counts per step would be too large to keep.
        """
        if self._rows is None or self._steps + steps <= len(self._rows[0]):
            return
        needed = (self._steps + steps) * self._program.n_cores * len(KINDS) * 4
        if needed > MAX_COUNT_BYTES:
            raise RunError(
                f"counts of {self._steps + steps:,} steps on {self._program.n_cores:,} cores need {needed:,} bytes, "
                f"more than {MAX_COUNT_BYTES:,}: step with per_step=False (no latency then)"
            )
        size = max(self._steps + steps, 2 * len(self._rows[0]))
        for i, rows in enumerate(self._rows):
            larger = np.zeros((size, *rows.shape[1:]), np.int32)
            larger[: self._steps] = rows[: self._steps]
            self._rows[i] = larger

    def add(self, buffers: Buffers, done: int) -> None:
        """Take over the first `done` steps of the buffers; there must be room."""
        self._total += buffers.counts[:done].sum(axis=0, dtype=np.int64)
        if self._rows is not None:
            for rows, new in zip(
                self._rows, (buffers.counts, buffers.busiest_link, buffers.busiest_border), strict=True
            ):
                rows[self._steps : self._steps + done] = new[:done]
        self._steps += done

    def counts(self) -> Counts:
        """All so far, as of one sample.

        Raises:
            RunError: no step has been run.
        """
        if self._steps == 0:
            raise RunError("nothing is counted before the first step: advance first")
        tables = self._program.tables
        kept: list[Any] = [None] * 3 if self._rows is None else [rows[: self._steps].copy() for rows in self._rows]
        return Counts(
            chip_name=self._program.chip.name,
            limits_hash=self._program.limits_hash,
            core=tables.core,
            neurons=np.diff(tables.core_ptr),
            steps=np.array([self._steps], np.int64),
            total=self._total[None].copy(),
            per_step=kept[0],
            busiest_link=kept[1],
            busiest_border=kept[2],
        )

    def copy(self) -> "CountLog":
        """The same counts, apart."""
        other = CountLog(self._program, False)
        other._steps, other._total = self._steps, self._total.copy()
        if self._rows is not None:
            other._rows = [rows[: max(1, self._steps)].copy() for rows in self._rows]
        return other
