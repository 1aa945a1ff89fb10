"""What this machine does with parts of a step alone: the bounds that speed.py sets its figures against."""

import itertools
import threading
import time
from collections.abc import Callable

import bars  # noqa: F401 - finds neurosim
import numpy as np
from numba import njit

import neurosim as ns
from compiler.jit import lean_jit
from neurosim.simulation import kernel
from neurosim.simulation.buffers import new_buffers
from neurosim.simulation.engine import build_engine
from neurosim.simulation.order import SPARE
from neurosim.simulation.scatter import scatter_next

RUNS = 5
TURNS = 25  # of what takes some hundredths of a second
PAIRS = 15  # of runs on one thread and on two
WARM = 50  # steps


@lean_jit
def _bare(m, s, b, start, stop):
    """The loop of kernel.py without any count: it delivers spikes, and writes them down."""
    wide, n_spikes, none = len(s.u), 0, np.int64(0)
    for t in range(start, stop):
        if n_spikes + m.n + SPARE > len(b.spike_slot):
            return t, n_spikes
        for d in range(m.max_delay + 1):
            b.row_of_delay[d] = (t + d) % (m.max_delay + 1) * wide
        first, n_spikes = n_spikes, kernel.update(m, s, b, t, n_spikes)
        kernel.deliver(m, s, b, b.spike_slot[first:n_spikes], none)
    return stop, n_spikes


@njit(nogil=True)
def _scatter(ring, row, synapse_ptr, synapse, spikes, spike_ptr):
    for t in range(len(spike_ptr) - 1):
        scatter_next(ring[row], synapse_ptr, synapse, spikes[spike_ptr[t] : spike_ptr[t + 1]], 0)


class Loop:
    """The loop of a program of LIF neurons that are all packed, ready to go on."""

    def __init__(self, program: ns.Program, rows: int) -> None:
        self.engine = build_engine(program)
        self.machine, self.state = self.engine.machine, self.engine.new_state(1)
        self.buffers = new_buffers(program, self.engine, rows, np.zeros(0, np.int64))
        self._ptr, self._none = np.zeros(rows + 1, np.int64), np.zeros(0, np.int32)
        self._halt = np.zeros(1, np.uint8)

    def counted(self, steps: int) -> int:
        """Spikes of `steps` steps; the ring begins anew in each call, as the state goes on."""
        given = (self._ptr, self._none)
        return self._all(
            steps, lambda n: self.engine.advance(self.machine, self.state, self.buffers, *given, 0, n, self._halt)
        )

    def bare(self, steps: int) -> int:
        """The same without counts."""
        return self._all(steps, lambda n: _bare(self.machine, self.state, self.buffers, 0, n))

    def _all(self, steps: int, advance: Callable[[int], tuple[int, int]]) -> int:
        done, spikes = 0, 0
        while done < steps:
            reached, n = advance(steps - done)
            done, spikes = done + reached, spikes + n
        return spikes


def accounting(program: ns.Program, steps: int) -> float:
    """Time of a step with all counts / without any; median of runs in turn."""
    loop, ratios = Loop(program, steps), []
    loop.counted(steps)
    loop.bare(steps)
    for _ in range(TURNS):
        with_counts, without = seconds(lambda: loop.counted(steps)), seconds(lambda: loop.bare(steps))
        ratios.append(with_counts / without)
    return float(np.median(ratios))


def scatter_rate(program: ns.Program, result: ns.RunResult) -> float:
    """Synaptic events a second of nothing but adding weights, for the spikes that a run made."""
    m, slot = Loop(program, 1).machine, program.slot_of[result.spike_neuron].astype(np.int32)
    order = np.lexsort((slot, result.spike_step))
    ptr = np.searchsorted(result.spike_step[order], np.arange(int(result.steps[0]) + 1))
    ring = np.zeros((1, program.n_neurons), np.int16)
    given = (ring, 0, m.synapse_ptr, m.synapse, slot[order], ptr)
    _scatter(*given)
    taken = float(np.median([seconds(lambda: _scatter(*given)) for _ in range(RUNS)]))
    return float(np.diff(m.synapse_ptr)[slot].sum()) / taken


def two_threads(program: ns.Program, samples: int, steps: int) -> float:
    """How much faster two threads run samples than one; median of runs in turn."""
    inputs, ratios = [np.zeros((0, 2), np.int64)] * samples, []
    ns.run(program, inputs, WARM, threads=2)
    for _ in range(PAIRS):
        one, two = (seconds(lambda n=n: ns.run(program, inputs, steps, threads=n)) for n in (1, 2))
        ratios.append(one / two)
    return float(np.median(ratios))


def bytes_a_synapse(program: ns.Program) -> float:
    """What the loop reads and writes, tables and state of one sample: bytes for each synapse."""
    engine = build_engine(program)
    arrays = (*engine.machine, *engine.machine.caused, *engine.new_state(1))
    return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray)) / program.n_synapses


@njit(nogil=True)
def _byte_masks(mask, weight, total, axons, axon_ptr, first, last):
    """Rows of a byte for each crosspoint, added to int16, core by core."""
    for core in range(first, last):
        sums = total[core]
        for i in range(axon_ptr[core], axon_ptr[core + 1]):
            row = mask[axons[i]]
            for j in range(256):
                sums[j] += weight[j] & np.int16(row[j])


@njit(nogil=True)
def _leak_and_compare(total, v, threshold, fired, first, last):
    for core in range(first, last):
        sums, own, limit, flag = total[core], v[core], threshold[core], fired[core]
        for j in range(256):
            x = own[j] + sums[j] + 1
            sums[j] = 0
            f = x >= limit[j]
            flag[j] = f
            own[j] = 0 if f else x


def byte_mask_ms(rate_hz: float, threads: int = 2) -> float:
    """A tick of a full TrueNorth as byte masks, nothing sent and nothing counted: milliseconds on `threads` threads."""
    rng, cores = np.random.default_rng(0), 4096
    mask = rng.integers(0, 2, (cores * 256, 256), np.int8)
    np.negative(mask, out=mask)
    axons = np.sort(rng.choice(cores * 256, int(cores * 256 * rate_hz / 1000), replace=False))
    ptr = np.searchsorted(axons, np.arange(cores + 1) * 256)
    weight, total = np.ones(256, np.int16), np.zeros((cores, 256), np.int16)
    v, threshold = np.zeros((cores, 256), np.int32), np.full((cores, 256), 2**20, np.int32)
    fired = np.zeros((cores, 256), np.uint8)

    def part(first: int, last: int) -> None:
        for _ in range(20):
            _byte_masks(mask, weight, total, axons, ptr, first, last)
            _leak_and_compare(total, v, threshold, fired, first, last)

    part(0, 1)
    edges = [cores * i // threads for i in range(threads + 1)]
    taken = []
    for _ in range(RUNS):
        workers = [threading.Thread(target=part, args=pair) for pair in itertools.pairwise(edges)]
        began = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        taken.append((time.perf_counter() - began) / 20 * 1e3)
    return min(taken)


def seconds(call: object) -> float:
    """Of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
