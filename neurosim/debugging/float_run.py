"""Run a network in floating point: no chip, no rounding, the same steps as on a chip.

The equations are those that compiler/lower.py lowers (exponential Euler, the current held over a step), in float64,
with the same order of events and the same delays, so a run can be compared spike by spike with a compiled one: what
differs is what the chip's integers did.  float_kernel.py says what happens in a step.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Network
from compiler.lowering.lower_lif import check_magnitudes
from compiler.validate import ValidNetwork, validate
from neurosim.debugging.float_kernel import FloatMachine, FloatState, advance_float
from neurosim.debugging.float_result import FloatProbes, FloatResult, check_inputs, neurons_to_probe
from neurosim.simulation.run_inputs import threads_of, trains_of
from neurosim.spikes import SpikeTrains

Floats = npt.NDArray[np.float64]


def run_float(
    network: Network,
    inputs: SpikeTrains | Sequence[npt.ArrayLike] | npt.ArrayLike | None = None,
    steps: int | Sequence[int] | None = None,
    probe: npt.ArrayLike | None = None,
    threads: int | None = None,
) -> FloatResult:
    """Run `network`, of populations of kind "lif" alone, in float64, adaptation and short-term plasticity included.

    Args:
        network: what to run.
        inputs: as those of `run`; a spike of step s arrives in step s + delay.
        steps: length of each sample; needed unless `inputs` are SpikeTrains.
        probe: neurons (in the network's numbering) whose u (current I) and v (from v_leak) are kept for every step.
        threads: samples run at the same time; by default one for each processor.  The result does not depend on it.

    Raises:
        NetworkError: the network is empty.
        CannotRepresent: a number of the network is too large or too small to compute with.
        RunError: a population is not of kind "lif", a spike is outside the run, on an unknown channel or carries a
            payload, or a probe is unknown.
    """
    valid = validate(network)
    other = [population for population in network.populations if population.kind != "lif"]
    if other:
        raise RunError(
            f"population {other[0].name!r} is of kind {other[0].kind!r}, in a chip's integers, but a run in floating "
            "point takes neurons in physical units (kind 'lif') alone: compile the network and run the program"
        )
    threads = threads_of(threads)
    trains = trains_of(inputs, steps)
    check_inputs(trains, valid.n_channels)
    neuron = neurons_to_probe(probe, valid.n_neurons, trains)
    job = _Job(float_machine(valid), trains, neuron)
    samples = _run_all(job, threads)
    sizes = [len(sample.step) for sample in samples]
    probes = None
    if probe is not None:
        probes = FloatProbes(neuron, np.concatenate([s.u for s in samples]), np.concatenate([s.v for s in samples]))
    return FloatResult(
        spans=valid.spans,
        dt_ms=network.dt_ms,
        steps=trains.steps,
        sample_ptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        spike_step=np.concatenate([sample.step for sample in samples]),
        spike_neuron=np.concatenate([sample.neuron for sample in samples]),
        probes=probes,
    )


class _Job(NamedTuple):
    machine: FloatMachine
    trains: SpikeTrains
    probe: npt.NDArray[np.int32]


class _Sample(NamedTuple):
    step: npt.NDArray[np.int32]
    neuron: npt.NDArray[np.int32]
    u: Floats
    v: Floats


def _run_all(job: _Job, threads: int) -> list[_Sample]:
    n, halt = job.trains.n_samples, np.zeros(1, np.uint8)
    local = threading.local()

    def work(i: int) -> _Sample:
        if not hasattr(local, "state"):
            local.state = _new_state(job.machine)
        return _run_sample(job, i, local.state, halt)

    with ThreadPoolExecutor(min(threads, n)) as pool:
        futures = [pool.submit(work, i) for i in range(n)]
        try:
            return [future.result() for future in futures]
        except BaseException:
            halt[0] = 1  # the loops look at it in every step
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _run_sample(job: _Job, i: int, state: FloatState, halt: npt.NDArray[np.uint8]) -> _Sample:
    for array in state:
        array[:] = 0
    trains, n = job.trains, len(job.machine.alpha)
    n_steps = int(trains.steps[i])
    part = slice(int(trains.sample_ptr[i]), int(trains.sample_ptr[i + 1]))
    input_ptr = np.searchsorted(trains.step[part], np.arange(n_steps + 1)).astype(np.int64)
    capacity = max(n, min(n * n_steps, 65536))
    spike_step, spike_neuron = np.zeros(capacity, np.int32), np.zeros(capacity, np.int32)
    u, v = np.zeros((n_steps, len(job.probe))), np.zeros((n_steps, len(job.probe)))
    pieces: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]] = []
    t = 0
    while t < n_steps and not halt[0]:
        buffers = job.probe, u, v, spike_step, spike_neuron, halt
        t, found = advance_float(job.machine, state, input_ptr, trains.channel[part], t, n_steps, *buffers)
        pieces.append((spike_step[:found].copy(), spike_neuron[:found].copy()))
    none = np.zeros(0, np.int32)
    step, neuron = (np.concatenate([none, *(piece[k] for piece in pieces)]) for k in (0, 1))
    return _Sample(step, neuron, u, v)


def _new_state(m: FloatMachine) -> FloatState:
    n, bundles = len(m.alpha), len(m.stp)
    return FloatState(
        current=np.zeros(n),
        v=np.zeros(n),
        a=np.zeros(n),
        waiting=np.zeros(n, np.int64),
        ring=np.zeros((m.max_delay + 1, n)),
        used=np.zeros(bundles),
        left=np.zeros(bundles),
        last=np.zeros(bundles, np.int64),
    )


def float_machine(valid: ValidNetwork) -> FloatMachine:
    """The network as float_kernel.py needs it.

    Raises:
        CannotRepresent: a number is too large or too small to compute with.
    """
    network, dt_ms = valid.network, valid.network.dt_ms
    for population in network.populations:
        into = [p for p in network.projections if p.target == population.name and p.n_synapses]
        check_magnitudes(population, [float(np.abs(p.weights).max()) for p in into], dt_ms)
    tau_mem, tau_syn = _values(valid, "tau_mem_ms"), _values(valid, "tau_syn_ms")
    with np.errstate(divide="ignore"):
        alpha = np.exp(-dt_ms / tau_syn)
    rise = -np.expm1(-dt_ms / tau_mem)
    return FloatMachine(
        alpha=alpha,
        beta=np.exp(-dt_ms / tau_mem),
        gamma=np.exp(-dt_ms / _values(valid, "tau_adaptation_ms")),
        gain=rise * _values(valid, "r"),
        push=rise * _values(valid, "bias"),
        threshold=_values(valid, "v_threshold") - _values(valid, "v_leak"),
        jump=_values(valid, "adaptation"),
        silent=np.round(np.minimum(_values(valid, "refractory_ms") / dt_ms, 2**31)).astype(np.int64),
        **_synapses(valid),
    )


def _values(valid: ValidNetwork, parameter: str) -> Floats:
    """A parameter of every neuron: [neuron]."""
    return np.concatenate([p.values(parameter) for p in valid.network.populations]).astype(np.float64)


_STATIC = (-1.0, 0.0, 0.0)


def _synapses(valid: ValidNetwork) -> dict[str, Any]:
    """Synapses sorted by source and projection, in bundles."""
    projections = valid.network.projections
    projection = np.repeat(np.arange(len(projections)), np.diff(valid.projection_start))
    order = np.lexsort((projection, valid.source))
    key = valid.source[order].astype(np.int64) * max(1, len(projections)) + projection[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    sources = np.arange(valid.n_neurons + valid.n_channels + 1)
    weights = np.concatenate([np.zeros(0), *(p.weights.astype(np.float64) for p in projections)])
    dt_ms = valid.network.dt_ms
    each = [(p.stp.u, p.stp.tau_rec_ms / dt_ms, p.stp.tau_facil_ms / dt_ms) if p.stp else _STATIC for p in projections]
    stp = np.array(each, np.float64).reshape(-1, 3)[projection[order][first]]
    return {
        "bundle_ptr": np.searchsorted(valid.source[order][first], sources).astype(np.int64),
        "synapse_ptr": np.append(first, len(key)).astype(np.int64),
        "stp": stp,
        "target": valid.target[order],
        "weight": weights[order],
        "delay": valid.delay[order],
        "max_delay": int(valid.delay.max(initial=1)),
    }
