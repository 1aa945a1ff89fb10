"""Run a compiled program: many samples, exact integers, every event counted.

Samples are independent, so threads share the tables and take samples in turn, or cores of one sample where the loop
can; results are put in order, and are the same for any number of threads.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from compiler import Program
from neurosim.faults.faults import Faults
from neurosim.faults.faulty_program import with_faults
from neurosim.result import RunResult
from neurosim.simulation.buffers import rows_of_a_call
from neurosim.simulation.recording import NO_PROBES, Probing, Recording
from neurosim.simulation.run_inputs import (
    check_program_type,
    check_seed,
    check_trains,
    probed_neurons,
    threads_of,
    trains_of,
)
from neurosim.simulation.sample_loop import SampleLoop
from neurosim.simulation.sample_threads import Worker, run_samples
from neurosim.spikes import SpikeTrains

MIN_UPDATES_OF_A_THREAD = 2**20  # of neurons, some milliseconds: below, to start a thread takes longer
MIN_NEURONS_OF_A_THREAD = 2**16  # that share a sample: below, to meet in each step takes longer
Progress = Callable[[int, int], None]  # samples done, samples in all
Watch = Callable[[npt.NDArray[np.int64]], None]  # steps done of each sample, [sample]


def run(
    program: Program,
    inputs: SpikeTrains | Sequence[npt.ArrayLike] | npt.ArrayLike | None = None,
    steps: int | Sequence[int] | None = None,
    *,
    probe: npt.ArrayLike | None = None,
    probe_last_only: bool = False,
    per_step: bool = True,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
    faults: Faults | None = None,
) -> RunResult:
    """Run `program` on external spikes.

    The first run of a program lays it out for the loop; those after it begin at once.

    Args:
        program: what to run.
        inputs: `SpikeTrains`, a list of (step, channel) or (step, channel, value) arrays (one per sample), one such
            array, or None for a single sample without input.  A spike of step s arrives in step s + delay.
        steps: length of each sample; needed unless `inputs` are SpikeTrains.
        probe: neurons (in the network's numbering) whose u and v are kept for every step.
        probe_last_only: keep them for the last step of each sample only.
        per_step: keep counts per step, which latency and static energy need.
        seed: of chips that draw random numbers; sample i is drawn from seed + i, so seeds of independent repeats are
            further apart than there are samples.
        threads: samples run at the same time; by default one for each processor.  Where there are fewer samples, they
            share a sample of a large crossbar program.
        progress: called with (samples done, samples in all).
        faults: of the chip; `with_faults` makes such a program once, for several runs.

    Raises:
        RunError: spikes outside the run or on an unknown channel, payloads that no neuron or chip can take, an
            unknown probe, faults that the chip cannot have, or counts too large to keep (`run_to_disk` keeps them
            elsewhere).
    """
    check_program_type(program)
    if faults is not None:
        program = with_faults(program, faults)
    trains = trains_of(inputs, steps)
    chosen = probed_neurons(probe, program.n_neurons)
    neuron = None if probe is None else chosen.astype(np.int32)
    probing = NO_PROBES if probe is None else Probing(neuron, program.slot_of[chosen], probe_last_only)
    n, lengths = trains.n_samples, trains.steps

    def watch(done: npt.NDArray[np.int64]) -> None:
        if progress:
            progress(int((done == lengths).sum()), n)

    halt = np.zeros(1, np.uint8)
    result = recorded(program, trains, probing, per_step, seed, threads, halt, watch)
    assert result is not None  # nobody halted it
    return result


def run_until(
    halt: npt.NDArray[np.uint8],
    program: Program,
    trains: SpikeTrains,
    *,
    seed: int = 0,
    threads: int | None = None,
    watch: Watch = lambda done: None,
) -> RunResult | None:
    """As `run`, until somebody else sets halt[0]: then the samples finished, or the steps done of the first.

    A sample that is finished while one before it is not, is left out.  None where not one step was done.
    """
    return recorded(program, trains, NO_PROBES, True, seed, threads, halt, watch)


def recorded(
    program: Program,
    trains: SpikeTrains,
    probing: Probing,
    per_step: bool,
    seed: int,
    threads: int | None,
    halt: npt.NDArray[np.uint8],
    watch: Watch,
) -> RunResult | None:
    """Check what is asked for, run it until the end or until halted, and give what was done."""
    check_trains(program, trains)
    check_seed(seed, trains.n_samples)
    threads = threads_of(threads)
    recording = Recording(program, trains.steps, probing, per_step)
    rows = rows_of_a_call(program, int(trains.steps.max()))

    def new_worker(report: Callable[[], None]) -> Worker:
        loop = SampleLoop(program, rows, probing.slot, halt, sharing)

        def work(i: int) -> None:
            _run_sample(loop, trains, i, seed + i, recording, report)

        return work

    sharing = max(1, min(threads // trains.n_samples, program.n_neurons // MIN_NEURONS_OF_A_THREAD))
    updates = int(trains.steps.sum()) * program.n_neurons
    threads = max(1, min(threads, trains.n_samples, updates // MIN_UPDATES_OF_A_THREAD))
    run_samples(trains.n_samples, threads, new_worker, halt, lambda: watch(recording.done))
    return recording.result(seed)


def _run_sample(
    loop: SampleLoop, trains: SpikeTrains, i: int, seed: int, recording: Recording, report: Callable[[], None]
) -> None:
    loop.begin(seed)
    part = slice(int(trains.sample_ptr[i]), int(trains.sample_ptr[i + 1]))
    value = None if trains.value is None else trains.value[part]
    counts = recording.counts_of(i)
    for call in loop.advance(int(trains.steps[i]), trains.step[part], trains.channel[part], value, counts):
        recording.take(i, loop.buffers, call)
        report()
