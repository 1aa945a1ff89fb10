"""Engine: which compiled loop runs a program, with what machine and what state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler import Program
from compiler.registers import MODELS
from neurosim import graded_kernel, kernel
from neurosim.graded_kernel import GradedState
from neurosim.graded_machine import build_graded_machine
from neurosim.kernel import State
from neurosim.machine import build_machine


@dataclass(frozen=True)
class Engine:
    """A loop and what it works on.

    `advance(machine, state, buffers, input_ptr, input_channel, start, stop, halt)` advances one sample and returns the
    step reached and the number of spikes written (see kernel.py); `new_state()` makes the arrays of one sample at rest,
    all zero.
    """

    advance: Callable[..., tuple[int, int]]
    machine: Any
    new_state: Callable[[], Any]


def build_engine(program: Program) -> Engine:
    """The engine of a program: kernel.py for LIF neurons alone, graded_kernel.py for all others."""
    if sends_numbers(program):
        return _graded_engine(program)
    machine, state_type = build_machine(program)
    n, rows = program.n_neurons, machine.max_delay + 1

    def new_state() -> State:
        return State(
            u=np.zeros(n, state_type),
            v=np.zeros(n, state_type),
            waiting=np.zeros(n, np.uint8),
            ring=np.zeros(rows * n, state_type),
            fired=np.zeros(n, np.uint8),
        )

    return Engine(kernel.advance, machine, new_state)


def sends_numbers(program: Program) -> bool:
    """Whether spikes of a program carry payloads other than 1: whether any of its neurons is not LIF."""
    return bool((program.tables.model != MODELS.index("cuba_lif")).any())


def _graded_engine(program: Program) -> Engine:
    machine = build_graded_machine(program)
    n, rows = program.n_neurons, machine.max_delay + 1

    def new_state() -> GradedState:
        return GradedState(
            u=np.zeros(n, np.int64),
            v=np.zeros(n, np.int64),
            sent=np.zeros(n, np.int64),
            waiting=np.zeros(n, np.uint8),
            ring=np.zeros(rows * n, np.int64),
        )

    return Engine(graded_kernel.advance, machine, new_state)
