"""Recording: what a run keeps of its samples, written in place as they run, so that nothing is held twice."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.counts import KINDS, Counts
from neurosim.faults.faults import faults_noted
from neurosim.result import Probes, RunResult
from neurosim.simulation.counting import add_up
from neurosim.simulation.growing import GrowingSpikes
from neurosim.simulation.layout import N_COUNTS, Buffers
from neurosim.simulation.order import by_neuron
from neurosim.simulation.sample_loop import Call

MAX_COUNT_BYTES = 4 * 2**30  # of counts per step
Ints = npt.NDArray[Any]


class Probing(NamedTuple):
    """Whose u and v are kept."""

    neuron: npt.NDArray[np.int32] | None  # [probe], in the network's numbering; None: a result without probes
    slot: npt.NDArray[np.int64]  # [probe]
    last_only: bool  # for the last step of each sample only


NO_PROBES = Probing(None, np.zeros(0, np.int64), False)


class Recording:
    """Spikes, counts and probes of samples, each of which is written by one thread."""

    def __init__(
        self, program: Program, steps: npt.NDArray[np.int64], probing: Probing = NO_PROBES, per_step: bool = True
    ) -> None:
        """Make room for samples of these lengths, [sample].

        Raises:
            RunError: the counts per step would be too large to keep.
        """
        n, all_steps = len(steps), sum(steps.tolist())
        if per_step:
            check_count_memory(all_steps, program.n_cores)
        self._program, self._probing, self._per_step = program, probing, per_step
        self.steps = steps
        self.done: npt.NDArray[np.int64] = np.zeros(n, np.int64)  # [sample], steps recorded
        kept = all_steps if per_step else 0
        probed = (n if probing.last_only else all_steps, len(probing.slot))
        self._first = np.cumsum(steps) - steps  # [sample], row of its first step
        self._total = np.zeros((n, program.n_cores, N_COUNTS), np.int64)
        self._rows = [np.empty((kept, *shape), np.int32) for shape in ((program.n_cores, N_COUNTS), (), ())]
        self._probed = [np.empty(probed, np.int64) for _ in range(2)]
        self._spikes = [GrowingSpikes() for _ in range(n)]

    def counts_of(self, sample: int) -> Ints | None:
        """Where the loop is to write the counts of a sample, [step, core, kind]; None: nobody keeps them."""
        first = int(self._first[sample])
        return self._rows[0][first : first + int(self.steps[sample])] if self._per_step else None

    def take(self, sample: int, buffers: Buffers, call: Call) -> None:
        """Copy what one call of the loop wrote, but for counts of steps, which stand where `counts_of` said."""
        done, n, begin = call.done, call.n_spikes, int(self._first[sample]) + call.first
        counts = buffers.counts[:done]
        if self._per_step:
            counts = self._rows[0][begin : begin + done]
            for rows, new in zip(self._rows[1:], (buffers.busiest_link, buffers.busiest_border), strict=True):
                rows[begin : begin + done] = new[:done]
        add_up(counts, self._total[sample])
        if len(self._probing.slot):
            self._take_probes(sample, buffers, call, begin)
        self._spikes[sample].add(buffers, n, call.later, (call.first + done) / int(self.steps[sample]))
        self.done[sample] = call.first + done
        if self.done[sample] == self.steps[sample]:
            self._spikes[sample].end()
            self._put_in_order(sample)

    def _take_probes(self, sample: int, buffers: Buffers, call: Call, begin: int) -> None:
        done = call.done
        for kept, new in zip(self._probed, (buffers.probe_u, buffers.probe_v), strict=True):
            if not self._probing.last_only:
                kept[begin : begin + done] = new[:done]
            elif call.first + done == self.steps[sample]:
                kept[sample] = new[done - 1]

    def _put_in_order(self, sample: int) -> None:
        """The spikes of a sample by step and neuron, wherever neurons were placed."""
        if self._program.slots_are_neurons:
            return
        spikes = self._spikes[sample]
        spikes.who, spikes.value = _in_order(self._program, *spikes.all())

    def result(self, seed: int) -> RunResult | None:
        """The samples that are finished, up to the first that is not; if that is the first of all, what it did.

        None where not one step was done.
        """
        unfinished = np.flatnonzero(self.done < self.steps)
        n = int(unfinished[0]) if len(unfinished) else len(self.steps)
        lengths = self.steps[:n]
        if n == 0 and self.done[0] > 0:
            n, lengths = 1, self.done[:1].copy()
            self._put_in_order(0)
        return self._of_samples(n, lengths, seed) if n else None

    def _of_samples(self, n: int, lengths: npt.NDArray[np.int64], seed: int) -> RunResult:
        sizes = [spikes.n for spikes in self._spikes[:n]]
        step, neuron, value = _joined([spikes.all() for spikes in self._spikes[:n]])
        program, n_steps = self._program, int(lengths.sum())
        rows: list[Ints | None] = [array[:n_steps] if self._per_step else None for array in self._rows]
        tables = program.tables
        counts = Counts(
            chip_name=program.chip.name,
            limits_hash=program.limits_hash,
            core=tables.core,
            neurons=np.diff(tables.core_ptr),
            steps=lengths,
            total=self._total[:n],
            per_step=rows[0],
            busiest_link=rows[1],
            busiest_border=rows[2],
        )
        return RunResult(
            chip=program.chip,
            program_digest=program.digest,
            spans=program.spans,
            dt_ms=program.dt_ms,
            sample_ptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            spike_step=step,
            spike_neuron=neuron,
            seed=seed,
            counts=counts,
            probes=self._probes(n, n_steps),
            spike_value=None if (value == 1).all() else value,
            faults=faults_noted(program.notes),
        )

    def _probes(self, n: int, n_steps: int) -> Probes | None:
        if self._probing.neuron is None:
            return None
        last = self._probing.last_only
        u, v = (array[: n if last else n_steps] for array in self._probed)
        return Probes(neuron=self._probing.neuron, u=u, v=v, last_only=last)


def _joined(pieces: list[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
    """Pieces one after the other, as one."""
    if len(pieces) == 1:
        return pieces[0]
    step, who, value = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return step, who, value


def _in_order(program: Program, step: Ints, slot: Ints, value: Ints) -> tuple[Ints, Ints]:
    """Neurons and payloads of spikes that ascend by step and slot, in the order of neurons within a step.

    Of LIF neurons alone no payloads are kept.
    """
    return by_neuron(step, slot, value, program.tables.neuron_of)


def check_count_memory(steps: int, n_cores: int) -> None:
    """Refuse counts per step that are too large to hold.

    Raises:
        RunError: they are.
    """
    needed = steps * n_cores * len(KINDS) * 4
    if needed > MAX_COUNT_BYTES:
        raise RunError(
            f"counts of {steps:,} steps on {n_cores:,} cores need {needed:,} bytes, more than {MAX_COUNT_BYTES:,}: "
            "run fewer steps at a time, with per_step=False (no latency then), or stream them to disk "
            "(run_to_disk, --stream)"
        )
