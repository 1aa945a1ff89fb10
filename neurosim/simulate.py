"""Run a compiled program: many samples, exact integers, every event counted.

Samples are independent, so threads share the tables and take samples in turn; results are put in order, and
are the same for any number of threads.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.counts import KINDS, Counts
from neurosim.result import Probes, RunResult
from neurosim.simulation.buffers import new_buffers, rows_of_a_call
from neurosim.simulation.engine import Engine, build_engine, sends_numbers
from neurosim.simulation.layout import N_COUNTS, Buffers
from neurosim.spikes import SpikeTrains

MAX_COUNT_BYTES = 4 * 2**30  # of counts per step
Progress = Callable[[int, int], None]  # samples done, samples in all


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
) -> RunResult:
    """Run `program` on external spikes.

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
        threads: samples run at the same time; by default one for each processor.
        progress: called with (samples done, samples in all).

    Raises:
        RunError: spikes outside the run or on an unknown channel, payloads that no neuron or chip can take, an
            unknown probe, or counts too large to keep.
    """
    if not isinstance(program, Program):
        raise RunError(f"a Program is needed, not {type(program).__name__}: compile the network first")
    trains = trains_of(inputs, steps)
    check_trains(program, trains)
    check_seed(seed, trains.n_samples)
    threads = threads_of(threads)
    probed = program.slot_of[probed_neurons(probe, program.n_neurons)]
    _check_memory(program, trains, per_step)
    job = _Job(program, build_engine(program), trains, probed, probe_last_only, per_step, seed)
    return _collect(job, _run_all(job, threads, progress), program, probe)


@dataclass(frozen=True)
class _Job:
    program: Program
    engine: Engine
    trains: SpikeTrains
    probe_slot: npt.NDArray[np.int64]
    probe_last_only: bool
    per_step: bool
    seed: int

    @property
    def rows(self) -> int:
        """Steps in one call of the kernel: bounded by memory, and by the longest sample."""
        return rows_of_a_call(self.program, int(self.trains.steps.max()))


@dataclass(frozen=True)
class _Sample:
    """What one sample did."""

    spike_step: npt.NDArray[np.int32]  # ascending
    spike_neuron: npt.NDArray[np.int32]  # ascending within a step
    total: npt.NDArray[np.int64]
    per_step: npt.NDArray[np.int32]
    busiest_link: npt.NDArray[np.int32]
    busiest_border: npt.NDArray[np.int32]
    probe_u: npt.NDArray[np.int64]
    probe_v: npt.NDArray[np.int64]
    spike_value: npt.NDArray[np.int32]  # empty where every payload is 1


def _run_all(job: _Job, threads: int, progress: Progress | None) -> list[_Sample]:
    n, program, engine = job.trains.n_samples, job.program, job.engine
    halt = np.zeros(1, np.uint8)
    local = threading.local()

    def work(i: int) -> _Sample:
        if not hasattr(local, "buffers"):
            local.buffers = new_buffers(program, engine, job.rows, job.probe_slot)
            local.state = engine.new_state()
        return _run_sample(job, i, local.state, local.buffers, halt)

    with ThreadPoolExecutor(min(threads, n)) as pool:
        futures = [pool.submit(work, i) for i in range(n)]
        try:
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                if progress:
                    progress(n - len(waiting), n)
        except BaseException:
            halt[0] = 1  # the kernels look at it in every step
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _run_sample(job: _Job, i: int, state: Any, buffers: Buffers, halt: npt.NDArray[np.uint8]) -> _Sample:
    for array in state:
        array[:] = 0
    job.engine.begin(state, job.seed + i)
    trains, rows = job.trains, job.rows
    n_steps = int(trains.steps[i])
    part = slice(int(trains.sample_ptr[i]), int(trains.sample_ptr[i + 1]))
    input_ptr = np.searchsorted(trains.step[part], np.arange(n_steps + 1)).astype(np.int64)
    channel = trains.channel[part]
    value = np.ones(len(channel), np.int32) if trains.value is None else trains.value[part]
    buffers = buffers._replace(input_value=value)
    pieces: list[list[npt.NDArray[Any]]] = [[] for _ in range(8)]
    total = np.zeros((job.program.n_cores, N_COUNTS), np.int64)
    last, t = job.probe_last_only, 0
    while t < n_steps and not halt[0]:
        stop = min(t + rows, n_steps)
        reached, n_spikes = job.engine.advance(job.engine.machine, state, buffers, input_ptr, channel, t, stop, halt)
        done = reached - t
        total += buffers.counts[:done].sum(axis=0, dtype=np.int64)
        kept: list[npt.NDArray[Any]] = [buffers.spike_step[:n_spikes], buffers.spike_slot[:n_spikes]]
        probed = slice(done - 1 if reached == n_steps else done, done) if last else slice(done)
        kept += [buffers.probe_u[probed], buffers.probe_v[probed], buffers.spike_value[:n_spikes]]
        if job.per_step:
            kept += [buffers.counts[:done], buffers.busiest_link[:done], buffers.busiest_border[:done]]
        for piece, array in zip(pieces, kept, strict=False):
            piece.append(array.copy())
        t = reached
    none: npt.NDArray[Any] = np.zeros(0, np.int32)
    parts: list[npt.NDArray[Any]] = [np.concatenate(piece) if piece else none for piece in pieces]
    step, slot, u, v, values, per_step, link, border = parts
    neuron, values = _in_order(job.program, step, slot, values)
    return _Sample(step, neuron, total, per_step, link, border, u, v, values)


def _in_order(
    program: Program, step: npt.NDArray[np.int32], slot: npt.NDArray[np.int32], values: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Neurons and payloads of spikes that ascend by step and slot, in the order of neurons within a step.

    So spikes stand in the same order wherever neurons were placed.
    """
    neuron: npt.NDArray[np.int32] = program.tables.neuron_of[slot]
    if program.neurons_ascend:
        return neuron, values
    n = program.n_neurons
    key = step.astype(np.int64) * n + neuron
    if len(values) == 0:
        key.sort()
        return (key % n).astype(np.int32), values
    order = np.argsort(key)
    return neuron[order], values[order]


def _collect(job: _Job, samples: list[_Sample], program: Program, probe: npt.ArrayLike | None) -> RunResult:
    sizes = [len(sample.spike_step) for sample in samples]
    step = np.concatenate([sample.spike_step for sample in samples])
    neuron = np.concatenate([sample.spike_neuron for sample in samples])
    value = np.concatenate([sample.spike_value for sample in samples])  # of LIF neurons alone: none are kept
    tables = program.tables
    counts = Counts(
        chip_name=program.chip.name,
        limits_hash=program.chip.limits_hash,
        core=tables.core,
        neurons=np.diff(tables.core_ptr),
        steps=job.trains.steps,
        total=np.stack([sample.total for sample in samples]),
        per_step=np.concatenate([sample.per_step for sample in samples]) if job.per_step else None,
        busiest_link=np.concatenate([sample.busiest_link for sample in samples]) if job.per_step else None,
        busiest_border=np.concatenate([sample.busiest_border for sample in samples]) if job.per_step else None,
    )
    probes = None
    if probe is not None:
        probes = Probes(
            neuron=np.asarray(probe, np.int32).reshape(-1),
            u=np.concatenate([sample.probe_u for sample in samples]),
            v=np.concatenate([sample.probe_v for sample in samples]),
            last_only=job.probe_last_only,
        )
    return RunResult(
        chip=program.chip,
        program_digest=program.digest,
        spans=program.spans,
        dt_ms=program.dt_ms,
        sample_ptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        spike_step=step,
        spike_neuron=neuron,
        seed=job.seed,
        counts=counts,
        probes=probes,
        spike_value=None if (value == 1).all() else value,
    )


# ---------------------------------------------------------------- input


def trains_of(inputs: object, steps: int | Sequence[int] | None) -> SpikeTrains:
    """What `run` takes as `inputs` and `steps`, as SpikeTrains.

    Raises:
        RunError: no length is given, or the spikes are no spikes.
    """
    if isinstance(inputs, SpikeTrains):
        if steps is not None:
            raise RunError("the spike trains say how long they are: leave out steps")
        return inputs
    if steps is None:
        raise RunError("say how many steps to run: run(program, inputs, steps=...)")
    if inputs is None:
        inputs = [np.zeros((0, 2), np.int64)]
    if _is_one_sample(inputs):
        inputs = [inputs]
    if not isinstance(inputs, Sequence | np.ndarray) or isinstance(inputs, str):
        raise RunError("inputs must be SpikeTrains, rows of (step, channel), or a list of such arrays, one per sample")
    return SpikeTrains.from_samples(inputs, steps)  # type: ignore[arg-type]


def _is_one_sample(inputs: object) -> bool:
    """Whether `inputs` are rows of (step, channel) or with a value, and not a list of such arrays."""
    if isinstance(inputs, np.ndarray):
        return inputs.ndim == 2
    try:
        return isinstance(inputs, Sequence) and len(inputs) > 0 and np.shape(inputs[0]) in ((2,), (3,))
    except ValueError:  # rows of different lengths: refused where samples are read
        return False


def threads_of(threads: int | None) -> int:
    """How many samples run at the same time; None: one for each processor.

    Raises:
        RunError: none would.
    """
    if threads is not None and not (isinstance(threads, int) and threads >= 1):
        raise RunError(f"threads is {threads!r}, but at least one is needed: leave it out for one per processor")
    return threads or os.cpu_count() or 1


def check_seed(seed: int, n_samples: int = 1) -> None:
    """Refuse what is no seed of so many samples.

    Raises:
        RunError: it is not a whole number, or too large.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63 - n_samples:
        raise RunError(f"seed is {seed!r}, but a whole number from 0 to about 2^63 is needed")


def check_trains(program: Program, trains: SpikeTrains) -> None:
    """Refuse spikes that a program cannot take.

    Raises:
        RunError: a channel is unknown, or a payload is none that neurons or chip can take.
    """
    if len(trains.channel) and trains.channel.max() >= program.n_channels:
        raise RunError(
            f"a spike is on channel {trains.channel.max()}, but the program has {program.n_channels} input channels"
        )
    if trains.value is None:
        return
    if not sends_numbers(program):
        first = int((trains.value != 1).argmax())
        raise RunError(
            f"spike {first} carries payload {trains.value[first]}, but all neurons of the program are LIF, and take "
            "spikes of payload 1 only: leave the values out, or add a population that takes numbers (as linear or tanh)"
        )
    bits = program.chip.numbers.message_bits
    size = np.abs(trains.value.astype(np.int64))
    if len(size) and size.max() > 2 ** (bits - 1) - 1:
        first = int(size.argmax())
        raise RunError(
            f"spike {first} carries payload {trains.value[first]}, but {program.chip.name} has {bits} signed bits "
            "(graded.message_bits): scale the input down"
        )


def probed_neurons(probe: npt.ArrayLike | None, n_neurons: int) -> npt.NDArray[np.int64]:
    """The neurons of `probe`, [probe]; none for None.

    Raises:
        RunError: a neuron is unknown.
    """
    neurons = np.asarray([] if probe is None else probe).reshape(-1)
    if neurons.size and (neurons.dtype.kind not in "iu" or neurons.min() < 0 or neurons.max() >= n_neurons):
        raise RunError(f"a probe names an unknown neuron: neurons are 0 to {n_neurons - 1}")
    return neurons.astype(np.int64)


def _check_memory(program: Program, trains: SpikeTrains, per_step: bool) -> None:
    needed = int(trains.steps.sum()) * program.n_cores * len(KINDS) * 4
    if per_step and needed > MAX_COUNT_BYTES:
        raise RunError(
            f"counts of {trains.steps.sum():,} steps on {program.n_cores:,} cores need {needed:,} bytes, more than "
            f"{MAX_COUNT_BYTES:,}: run fewer steps at a time, or with per_step=False (no latency then)"
        )
