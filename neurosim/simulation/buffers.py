"""Where a call of a compiled loop writes: spikes, counts and probes of a few thousand steps at most."""

import numpy as np
import numpy.typing as npt

from compiler import Program
from neurosim.simulation.aligned import aligned
from neurosim.simulation.engine import Engine
from neurosim.simulation.layout import N_COUNTS, N_HOME, Buffers, padded
from neurosim.simulation.order import SPARE

_ROWS = 4096  # steps in one call, at most
_ROW_BYTES = 64 * 2**20  # of counts in one call, at most
_UPDATES = 2**25  # of neurons in one call, about: a call in the main thread hears of Ctrl-C when it ends


def rows_of_a_call(program: Program, steps: int) -> int:
    """Steps in one call of the loop: bounded by memory, by time, and by the `steps` that are wanted."""
    by_memory = _ROW_BYTES // (program.n_cores * N_COUNTS * 4)
    return max(1, min(_ROWS, by_memory, _UPDATES // max(1, program.n_neurons), steps))


def new_buffers(program: Program, engine: Engine, rows: int, probe_slot: npt.NDArray[np.int64]) -> Buffers:
    """Buffers for calls of up to `rows` steps that keep u and v of `probe_slot` [probe]."""
    n = len(program.tables.neuron_of)
    capacity = max(2 * n, 65536)
    capacity = min(capacity, n * (rows + 1)) + SPARE
    home, arriving = 0, 0
    if not program.is_crossbar:  # their loop counts in another way
        caused = engine.machine.caused
        home, arriving = program.n_cores * N_HOME, padded(len(caused.kinds) * program.n_cores + caused.n_links)
    return Buffers(
        counts=np.zeros((rows, program.n_cores, N_COUNTS), np.int32),
        busiest_link=np.zeros(rows, np.int32),
        busiest_border=np.zeros(rows, np.int32),
        spike_step=np.zeros(capacity, np.int32),
        spike_slot=np.zeros(capacity, np.int32),
        probe_slot=probe_slot,
        probe_u=np.zeros((rows, len(probe_slot)), np.int64),
        probe_v=np.zeros((rows, len(probe_slot)), np.int64),
        home=aligned(home, np.int32),
        arriving=aligned(arriving, np.int32),
        row_of_delay=np.zeros(engine.machine.max_delay + 1, np.int64),
        spike_value=np.zeros(capacity if engine.keeps_values else 0, np.int32),
        input_value=np.zeros(0, np.int32),
    )
