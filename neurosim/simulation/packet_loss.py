"""Packets that get lost: which ones, by a hash that needs no order of events.

A packet is lost where a random number of the sample's seed, the step and the packet's key lies below a limit; so the
same packets are lost at every larger probability too, on any number of threads, and in a run that begins anywhere.  A
lost packet has left its core and crossed its links, and is counted there; at its destination nothing happens.
"""

import numpy as np
import numpy.typing as npt

from compiler import Program, route
from compiler.program import PacketLoss
from neurosim.simulation.loss_kernel import SHIFT, Packets
from neurosim.simulation.spike_counts import caused_by_spikes

STEP_FACTOR = 0x9E3779B97F4A7C15  # of the step in the hash
SOURCE_BITS = 32  # of a key, below the core


def limit_of(loss: PacketLoss | None) -> int:
    """What a random number is compared with; 0 where nothing is lost."""
    return 0 if loss is None else round(loss.probability * 2 ** (64 - SHIFT))


def keys_of(
    loss: PacketLoss | None, source: npt.NDArray[np.int64], core: npt.NDArray[np.signedinteger]
) -> npt.NDArray[np.int64]:
    """The keys of packets from sources to cores (numbers on the mesh): [packet]."""
    name = core.astype(np.uint64) << np.uint64(SOURCE_BITS) | source.astype(np.uint64)
    seed = 0 if loss is None else loss.seed
    return (name + np.uint64(seed * STEP_FACTOR % 2**64)).view(np.int64)


def packets_of(program: Program) -> Packets:
    """The packets of a program of lists.

    A packet is known by its neuron or channel in the network's numbering and its core's number on the mesh.
    """
    t, routes = program.lists, route(program)
    list_source = np.repeat(np.arange(len(t.source_ptr) - 1), np.diff(t.source_ptr))
    first_list = np.flatnonzero(np.diff(list_source * len(t.core) + t.list_core, prepend=-1) > 0)
    name = np.concatenate([t.neuron_of, np.arange(program.n_neurons, len(t.source_ptr) - 1)])
    source = np.repeat(name, np.diff(routes.axon_ptr))
    return Packets(
        caused=caused_by_spikes(program, routes, by_axons=True),
        synapse_ptr=np.append(t.list_ptr[first_list], t.list_ptr[-1]),
        key=keys_of(program.packet_loss, source, t.core[routes.axon_core]),
        limit=limit_of(program.packet_loss),
    )
