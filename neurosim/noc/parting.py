"""Parting: the three models of time side by side, the steps in which they part, and what they part over."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import ChipProfile
from compiler import Program
from neurosim.noc.network_time import MODELS, Model, NetworkTime, network_time
from neurosim.result import RunResult
from neurosim.timing import Floats, Latency

SHOWN = 5  # steps in a report


@dataclass(frozen=True, eq=False)
class NetworkComparison:
    """Times of a run under several models."""

    times: dict[Model, Latency]
    tolerance: float
    spread: Floats  # [step of all samples], (longest - shortest) / longest of the times needed
    steps: npt.NDArray[np.int64]  # in which the spread exceeds the tolerance, those furthest apart first

    def __str__(self) -> str:
        """A few lines: totals, then the steps furthest apart and what held packets up there."""
        totals = ", ".join(f"{model} {time.total_ns / 1e3:.3f} us" for model, time in self.times.items())
        within = f"{self.tolerance:.1%}"
        if not len(self.steps):
            return f"{totals}; they agree within {within} in every step"
        lines = [f"{totals}; apart by more than {within} in {len(self.steps):,} of {len(self.spread):,} steps"]
        lines += [self._line(int(step)) for step in self.steps[:SHOWN]]
        return "\n".join(lines)

    def _line(self, step: int) -> str:
        needed = ", ".join(f"{model} {time.needed_ns[step]:,.1f} ns" for model, time in self.times.items())
        return f"step {step}: {needed}; {self._reason(step)}"

    def _reason(self, step: int) -> str:
        for time in self.times.values():
            if isinstance(time, NetworkTime):
                ends = f"core {time.last_core[step]} ends last, {time.bound_by[step]}"
                held_up = time.held_up_by[step]
                return f"{ends}; packets waited longest for {held_up}" if held_up else f"{ends}; no packet waited"
        return "no model of packets was asked"


def compare_network_models(
    result: RunResult,
    program: Program,
    chip: ChipProfile | str | None = None,
    models: tuple[Model, ...] = MODELS,
    tolerance: float = 0.02,
    threads: int | None = None,
) -> NetworkComparison:
    """Time a run under each of `models`, and find the steps in which they part.

    Args:
        result: a run that kept counts per step.
        program: the program that it ran.
        chip: whose prices; a profile, or the name or path of one; None for the program's own.
        models: some of "analytic", "queued", "flit".
        tolerance: largest spread of a step in which models still agree, relative to the longest time.
        threads: as of `network_time`.

    Raises:
        RunError: as `network_time` does.
    """
    times = {model: network_time(result, program, chip, model, threads) for model in models}
    needed = np.stack([time.needed_ns for time in times.values()])
    longest = needed.max(axis=0)
    spread = (longest - needed.min(axis=0)) / np.where(longest > 0, longest, 1.0)
    order = np.argsort(-spread, kind="stable")
    return NetworkComparison(times, tolerance, spread, order[spread[order] > tolerance])
