"""From a program of linear_lif neurons to what odin_kernel.py needs, without changing what it says."""

import numpy as np

from compiler import Program, route
from neurosim.simulation import odin_kernel
from neurosim.simulation.delivery import counts_per_spike


def build_linear_machine(program: Program) -> odin_kernel.Machine:
    """The view of odin_kernel.py of a program of linear_lif neurons."""
    t = program.lists
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    routes = route(program)
    axon_counts, source_counts = counts_per_spike(program, routes)
    return odin_kernel.Machine(
        order=program.slot_of,
        core_of=np.repeat(np.arange(len(t.core), dtype=np.int32), np.diff(t.core_ptr)),
        threshold=t.registers["threshold"].astype(np.int32),
        leak=t.registers["leak"].astype(np.int32),
        synapse_ptr=t.list_ptr[t.source_ptr],
        target=t.core_ptr[t.list_core[list_of]] + t.synapse_index,
        weight=t.synapse_weight.astype(np.int32),
        source_counts=source_counts,
        axon_ptr=routes.axon_ptr,
        axon_core=routes.axon_core,
        axon_counts=axon_counts,
        axon_pair=routes.axon_pair,
        pair_link_ptr=routes.pair_link_ptr,
        pair_link=routes.pair_link,
        n_inside=routes.n_inside,
        v_max=2**program.chip.linear.v_bits - 1,
        max_delay=1,
    )
