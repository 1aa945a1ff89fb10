"""What `run` is asked for: inputs as spike trains, lengths, seeds, threads and probes, checked before anything runs."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from neurosim.simulation.engine import sends_numbers
from neurosim.spikes import SpikeTrains


def check_program_type(program: object) -> None:
    """Refuse what is no program.

    Raises:
        RunError: it is something else.
    """
    if not isinstance(program, Program):
        raise RunError(f"a Program is needed, not {type(program).__name__}: compile the network first")


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
    return threads or _THREADS.get() or os.cpu_count() or 1


@contextlib.contextmanager
def threads_by_default(n: int | None) -> Iterator[None]:
    """Within it, runs that do not say how many threads they want take `n`; None: one for each processor."""
    token = _THREADS.set(n)
    try:
        yield
    finally:
        _THREADS.reset(token)


_THREADS: ContextVar[int | None] = ContextVar("threads", default=None)


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
        first = int((trains.channel >= program.n_channels).argmax())
        raise RunError(
            f"spike {first} (step {trains.step[first]:,}) is on channel {trains.channel[first]}, but the program has "
            f"{program.n_channels:,} input channels, numbered from 0: leave it out, or give the network more channels"
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
