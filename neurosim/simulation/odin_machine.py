"""From a program of linear_lif neurons to what odin_kernel.py needs, without changing what it says."""

import numpy as np

from compiler import Program, route
from neurosim.simulation import odin_kernel
from neurosim.simulation.packet_loss import packets_of
from neurosim.simulation.spike_counts import caused_by_spikes


def build_linear_machine(program: Program) -> odin_kernel.Machine:
    """The view of odin_kernel.py of a program of linear_lif neurons."""
    t = program.lists
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    return odin_kernel.Machine(
        order=program.slot_of,
        threshold=t.registers["threshold"].astype(np.int32),
        leak=t.registers["leak"].astype(np.int32),
        packets=packets_of(program),
        target=t.core_ptr[t.list_core[list_of]] + t.synapse_index,
        weight=t.synapse_weight.astype(np.int32),
        n=program.n_neurons,
        caused=caused_by_spikes(program, route(program)),
        v_max=2**program.chip.linear.v_bits - 1,
        max_delay=1,
    )
