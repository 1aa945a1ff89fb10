"""Divide: cut a network into parts that each fit one chip, so that few packets leave their chip.

Greedy growth as for cores (growth.py), where a source counts once for each chip that it reaches, then sweeps that
move single neurons to the chip where they cost fewer crossings (refinement.py).  Called by partition.py when one
chip does not hold the network; each part is cut into cores afterwards.
"""

import numpy as np
import numpy.typing as npt

from compiler.partitioning.hypergraph import Hypergraph

SWEEPS = 30  # over all neurons, at most; ends when nothing moves
UNIT = 1 << 20  # the load of a full core, in the integers of the loops
_NO_LIMIT = np.iinfo(np.int64).max
_TABLE_MAX = 1 << 28  # entries of the table [source, part]; beyond it parts are not refined


def divide(
    graph: Hypergraph, load: npt.NDArray[np.int64], room: npt.NDArray[np.int64], balanced: bool = True
) -> npt.NDArray[np.int32]:
    """Part of each neuron, with part p to be placed on a chip with `room[p]` cores: int32 [neuron].

    Args:
        graph: the network.
        load: share of a core that each neuron needs, in UNITs.
        room: usable cores of the chip of each part.
        balanced: fill all chips alike, which leaves each some room; else one after the other.
    """
    from compiler.kernels.growth import grow
    from compiler.kernels.refinement import refine

    if len(room) == 1:
        return np.zeros(graph.n_neurons, np.int32)
    full = room * UNIT
    goal = np.ceil(full * (load.sum() / full.sum())).astype(np.int64) if balanced else full.copy()
    goal[-1] = _NO_LIMIT  # the last takes the rest
    limits = np.full((len(room), 8), _NO_LIMIT, np.int64)
    limits[:, 2], limits[:, 5:] = goal, 0
    part_of: npt.NDArray[np.int32] = grow(
        graph.in_ptr,
        graph.in_net,
        graph.in_count,
        graph.net_source,
        np.ones(len(graph.net_source), np.int64),
        graph.out_ptr,
        graph.out_target,
        load,
        np.zeros(len(load), np.int64),
        limits,
        np.ones(3, np.int64),
        np.ones(graph.n_sources, np.int64),
        np.ones(graph.n_neurons, np.int64),
    )
    if graph.n_sources * len(room) <= _TABLE_MAX:
        refine(
            graph.in_ptr, graph.in_net, graph.net_source, graph.out_ptr, graph.out_target, load, full, SWEEPS, part_of
        )
    return part_of
