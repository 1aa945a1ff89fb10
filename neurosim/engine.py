"""Engine: which compiled loop runs a program, with what machine and what state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chips import RunError
from compiler import Program
from compiler.registers import MODELS
from neurosim import kernel, odin_kernel
from neurosim.kernel import State
from neurosim.machine import build_linear_machine, build_machine


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
    """The engine of a program.

    Raises:
        RunError: its neurons are of models that no one loop runs together.
    """
    models = {MODELS[i] for i in np.unique(program.tables.model)}
    if models == {"linear_lif"}:
        return _linear_lif_engine(program)
    if models != {"cuba_lif"}:
        raise RunError(f"neurons of models {', '.join(sorted(models))} do not run together: use one model in a program")
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


def _linear_lif_engine(program: Program) -> Engine:
    n = program.n_neurons

    def new_state() -> odin_kernel.State:
        return odin_kernel.State(v=np.zeros(n, np.int32), sent=np.zeros(n, np.uint8), fired=np.zeros(n, np.uint8))

    return Engine(odin_kernel.advance, build_linear_machine(program), new_state)
