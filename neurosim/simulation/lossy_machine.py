"""From the tables of a program whose packets get lost to what lossy_kernel.py needs."""

import numpy as np

from compiler import Program, route
from neurosim.simulation.layout import Machine
from neurosim.simulation.lossy_kernel import LossyMachine
from neurosim.simulation.packet_loss import keys_of, limit_of
from neurosim.simulation.spike_counts import caused_by_spikes


def build_lossy_machine(program: Program, sound: Machine) -> LossyMachine:
    """The loop's view of `program`, whose machine without losses is `sound`.

    A packet is known by its neuron or channel in the network's numbering and its core's number on the mesh.
    """
    t, routes = program.lists, route(program)
    list_source = np.repeat(np.arange(len(t.source_ptr) - 1), np.diff(t.source_ptr))
    first_list = np.flatnonzero(np.diff(list_source * len(t.core) + t.list_core, prepend=-1) > 0)
    name = np.concatenate([t.neuron_of, np.arange(program.n_neurons, len(t.source_ptr) - 1)])
    source = np.repeat(name, np.diff(routes.axon_ptr))
    return LossyMachine(
        sound=sound,
        caused=caused_by_spikes(program, routes, by_axons=True),
        axon_synapse_ptr=np.append(t.list_ptr[first_list], t.list_ptr[-1]),
        axon_key=keys_of(program.packet_loss, source, t.core[routes.axon_core]),
        limit=limit_of(program.packet_loss),
        max_delay=sound.max_delay,
    )
