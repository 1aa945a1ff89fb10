"""Which packets get lost, packet by packet; packet_loss.py tells what that means."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.counting import count_axon, load_links
from neurosim.simulation.crossbar_neurons import random
from neurosim.simulation.layout import Caused

LOSS = 3  # purpose of the random number, beside those of crossbar_neurons.py
SHIFT = 2  # of a number of 64 bits


class Packets(NamedTuple):
    """The packets of a program of lists.  An axon is a packet of each spike of its source."""

    caused: Caused  # what a spike adds to the counts, by axons
    synapse_ptr: npt.NDArray[np.int64]  # [axon + 1], into the synapses
    key: npt.NDArray[np.int64]  # [axon], see packet_loss.py
    limit: int  # likewise; 0: no packet gets lost


@jit(inline="always")
def is_lost(seed, t, key, limit):
    """Whether the packet `key` of step t is lost."""
    return random(seed, t, key, LOSS, SHIFT) < limit


@jit
def arriving(packets, b, seed, t, source, axons, n):
    """Load the links of a spike's packets, count those that arrive, and list their axons behind the `n` before.

    Returns how many are listed now.
    """
    caused, n_cores = packets.caused, b.counts.shape[1]
    links = caused.axon_counts.shape[1] * n_cores
    for a in range(caused.axon_ptr[source], caused.axon_ptr[source + 1]):
        load_links(b.arriving, links, caused.pair_link_ptr, caused.pair_link, caused.axon_pair[a])
        if is_lost(seed, t, packets.key[a], packets.limit):
            continue
        count_axon(b.arriving, n_cores, caused.axon_core, caused.axon_counts, a)
        axons[n] = a
        n += 1
    return n


@jit(inline="always")
def has_room(packets, source, axons, n):
    """Whether all axons of a source can be listed behind `n`."""
    return n + packets.caused.axon_ptr[source + 1] - packets.caused.axon_ptr[source] <= len(axons)
