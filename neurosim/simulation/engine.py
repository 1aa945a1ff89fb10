"""Engine: which compiled loop runs a program, with what machine and what state."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from compiler.lowering.registers import MODELS
from compiler.lowering.registers import sends_numbers as models_send_numbers
from neurosim.simulation import (
    crossbar_kernel,
    crossbar_layout,
    graded_kernel,
    kernel,
    lossy_graded_kernel,
    lossy_kernel,
    odin_kernel,
)
from neurosim.simulation.aligned import aligned
from neurosim.simulation.crossbar_machine import build_crossbar_machine
from neurosim.simulation.graded_kernel import GradedState
from neurosim.simulation.graded_machine import build_graded_machine
from neurosim.simulation.layout import BLOCK, State, padded
from neurosim.simulation.loss_kernel import Packets
from neurosim.simulation.lossy_graded_kernel import LossyGradedState
from neurosim.simulation.lossy_kernel import LossyState
from neurosim.simulation.lossy_machine import build_lossy_graded_machine, build_lossy_machine
from neurosim.simulation.machine import build_machine
from neurosim.simulation.odin_machine import build_linear_machine


@dataclass(frozen=True)
class Engine:
    """A loop and what it works on.

    `advance(machine, state, buffers, input_ptr, input_channel, start, stop, halt)` advances one sample and returns the
    step reached and the number of spikes written (see kernel.py); `new_state(threads)` makes the arrays of one sample
    at rest, all zero, which so many threads may share.  `shift(state, steps)` numbers steps anew, `steps` being a
    multiple of the ring's rows: step t of the loop is from now on what t + steps was, so what a state knows by its step
    number has to be moved (`SampleLoop`).
    """

    advance: Callable[..., tuple[int, int]]
    machine: Any
    new_state: Callable[[int], Any]
    begin: Callable[[Any, int], None]  # a state, all zero, and a seed -> the state before the first step
    shift: Callable[[Any, int], None] = lambda state, steps: None  # see `Engine`
    widened: Callable[[Any], Any] = lambda state: state  # with room for whatever an upset may leave in a register
    keeps_values: bool = False  # whether the loop writes the payload of each spike
    carries: tuple[str, ...] = ()  # fields of a state that go on from step to step; empty: all
    ring_unit: int = 0  # the ring of arriving input counts in units of 2^ring_unit


def build_engine(program: Program) -> Engine:
    """The engine of a program.

    Raises:
        RunError: its neurons are of models that no one loop runs together.
    """
    if program.is_crossbar:
        return _crossbar_engine(program)
    models = _models(program)
    if models == {"cuba_lif"}:
        return _cuba_engine(program) if program.packet_loss is None else _lossy_engine(program)
    if models == {"linear_lif"}:
        return _linear_lif_engine(program)
    if "linear_lif" in models:
        raise RunError(f"neurons of models {', '.join(sorted(models))} do not run together: use one model in a program")
    return _graded_engine(program) if program.packet_loss is None else _lossy_graded_engine(program)


def _crossbar_engine(program: Program) -> Engine:
    machine = build_crossbar_machine(program)
    return Engine(
        crossbar_kernel.advance_crossbar,
        machine,
        lambda threads: crossbar_layout.empty_state(machine, threads),
        lambda state, seed: crossbar_layout.begin(machine, state, seed),
        crossbar_layout.shift,
        crossbar_layout.widened,
        carries=("v", "axon", "seed"),
    )


def _cuba_engine(program: Program) -> Engine:
    machine, state_type, ring_type, unit = build_machine(program)
    width, rows = padded(program.n_neurons), machine.max_delay + 1

    def new_state(threads: int) -> State:
        return State(
            u=aligned(width, state_type),
            v=aligned(width, state_type),
            waiting=aligned(width, np.uint8),
            ring=aligned(rows * width, ring_type),
            at_rest=np.zeros(len(machine.update), np.uint8),
            before=aligned(BLOCK, state_type),
        )

    return Engine(
        kernel.advance,
        machine,
        new_state,
        lambda state, seed: None,
        carries=("u", "v", "waiting", "ring"),
        ring_unit=unit,
    )


def _lossy_engine(program: Program) -> Engine:
    sound = _cuba_engine(program)
    machine = build_lossy_machine(program, sound.machine)

    def new_state(threads: int) -> LossyState:
        seed, axon = _seed_and_axons(machine.packets)
        return LossyState(**sound.new_state(threads)._asdict(), seed=seed, axon=axon)

    return replace(
        sound,
        advance=lossy_kernel.advance_lossy,
        machine=machine,
        new_state=new_state,
        begin=_begin_with_seed,
        shift=crossbar_layout.shift,
        carries=(*sound.carries, "seed"),
    )


def _seed_and_axons(packets: Packets) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """What a state has beside, where packets get lost."""
    return np.zeros(1, np.uint64), np.zeros(len(packets.key), np.int32)


def _begin_with_seed(state: Any, seed: int) -> None:
    state.seed[0] = seed


def _models(program: Program) -> set[str]:
    """The models of its neurons."""
    return {MODELS[i] for i in np.unique(program.lists.model)}


def _linear_lif_engine(program: Program) -> Engine:
    machine, n = build_linear_machine(program), program.n_neurons

    def new_state(threads: int) -> odin_kernel.State:
        seed, axon = _seed_and_axons(machine.packets)
        sent, fired = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
        return odin_kernel.State(v=np.zeros(n, np.int32), sent=sent, fired=fired, seed=seed, axon=axon)

    return Engine(
        odin_kernel.advance,
        machine,
        new_state,
        _begin_with_seed,
        crossbar_layout.shift,
        carries=("v", "sent", "seed"),
    )


def sends_numbers(program: Program) -> bool:
    """Whether spikes of a program carry payloads other than 1."""
    return not program.is_crossbar and models_send_numbers(np.unique(program.lists.model))


def _graded_engine(program: Program) -> Engine:
    machine = build_graded_machine(program)
    n, rows = program.n_neurons, machine.max_delay + 1

    def new_state(threads: int) -> GradedState:
        fired: npt.NDArray[np.uint8] = np.zeros(-(-n // 8) * 8, np.uint8)
        return GradedState(
            u=np.zeros(n, np.int64),
            v=np.zeros(n, np.int64),
            sent=np.zeros(n, np.int64),
            waiting=np.zeros(n, np.uint8),
            ring=np.zeros(rows * n, np.int64),
            adapted=np.zeros(n, np.int64),
            message=np.zeros(n, np.int32),
            fired=fired,
            fired_words=fired.view("<u8"),
            still=np.zeros(len(machine.block_code), np.uint8),
        )

    return Engine(
        graded_kernel.advance,
        machine,
        new_state,
        lambda state, seed: None,
        keeps_values=True,
        carries=("u", "v", "sent", "waiting", "ring", "adapted"),
    )


def _lossy_graded_engine(program: Program) -> Engine:
    sound, machine = _graded_engine(program), build_lossy_graded_machine(program)

    def new_state(threads: int) -> LossyGradedState:
        seed, axon = _seed_and_axons(machine.packets)
        sound_state = sound.new_state(threads)._asdict()
        return LossyGradedState(**sound_state, seed=seed, axon=axon, carried=np.zeros_like(axon))

    return replace(
        sound,
        advance=lossy_graded_kernel.advance_lossy_graded,
        machine=machine,
        new_state=new_state,
        begin=_begin_with_seed,
        shift=crossbar_layout.shift,
        carries=(*sound.carries, "seed"),
    )
