"""Moves: which neurons changed cores from one program to the next."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import ProgramError
from compiler.program import Program
from compiler.validate import Span


@dataclass(frozen=True, slots=True)
class PopulationMoves:
    """Neurons of one population, by number within it."""

    name: str
    stayed: int  # on their core
    moved: int  # to another core
    added: int  # that the older program did not have
    removed: int  # that only the older program has


@dataclass(frozen=True, slots=True)
class Moves:
    """What moved; cores by number on the mesh."""

    populations: tuple[PopulationMoves, ...]  # of the newer program, then those that only the older one has
    cores_changed: tuple[int, ...]  # in both, that lost or got neurons
    cores_added: tuple[int, ...]  # in use in the newer program alone
    cores_removed: tuple[int, ...]  # in use in the older program alone

    @property
    def moved(self) -> int:
        """Neurons on another core than before."""
        return sum(population.moved for population in self.populations)

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        return {**asdict(self), "moved": self.moved}


def old_cores(old: Program, spans: tuple[Span, ...], n_neurons: int) -> npt.NDArray[np.int64]:
    """The mesh core that each of `n_neurons` neurons of `spans` has in `old`, -1 where it has none: [neuron]."""
    core_of_slot = np.repeat(old.tables.core, np.diff(old.tables.core_ptr))
    before = {span.name: span for span in old.spans if span.kind != "input"}
    core = np.full(n_neurons, -1, np.int64)
    for span in spans:
        if span.kind != "input" and span.name in before:
            first, n = before[span.name].start, min(span.n, before[span.name].n)
            core[span.start : span.start + n] = core_of_slot[old.slot_of[first : first + n]]
    return core


def moves(old: Program, new: Program) -> Moves:
    """Compare where two programs have their neurons.

    Raises:
        ProgramError: one of them is of crossbars, where copies of neurons stand in several places.
    """
    if old.is_crossbar or new.is_crossbar:
        raise ProgramError("programs of crossbars have copies of neurons, and are not compared by core")
    before = old_cores(old, new.spans, new.n_neurons)
    now = old_cores(new, new.spans, new.n_neurons)
    sizes = {span.name: span.n for span in old.spans if span.kind != "input"}
    found = []
    for span in new.spans:
        if span.kind == "input":
            continue
        was, is_ = before[span.start : span.start + span.n], now[span.start : span.start + span.n]
        gone = max(0, sizes.pop(span.name, 0) - span.n)
        stayed, added = int((was == is_).sum()), int((was < 0).sum())
        found.append(PopulationMoves(span.name, stayed, span.n - stayed - added, added, gone))
    found += [PopulationMoves(name, 0, 0, 0, n) for name, n in sizes.items()]
    cores = [set(program.tables.core.tolist()) for program in (old, new)]
    changed = {*before[before != now].tolist(), *now[before != now].tolist(), *_cores_of_gone(old, new)}
    return Moves(
        populations=tuple(found),
        cores_changed=tuple(sorted(changed & cores[0] & cores[1])),
        cores_added=tuple(sorted(cores[1] - cores[0])),
        cores_removed=tuple(sorted(cores[0] - cores[1])),
    )


def _cores_of_gone(old: Program, new: Program) -> list[int]:
    """Cores that had neurons which the newer program has not."""
    here = old_cores(old, old.spans, old.n_neurons)
    sizes = {span.name: span.n for span in new.spans if span.kind != "input"}
    gone = [
        here[span.start + min(span.n, sizes.get(span.name, 0)) : span.start + span.n]
        for span in old.spans
        if span.kind != "input"
    ]
    return [int(core) for core in np.concatenate(gone)]
