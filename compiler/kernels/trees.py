"""The compiled loop of trees.py: the union of the ways of a source."""

import numpy as np

from compiler.jit import jit


@jit
def unite(axon_ptr, axon_pair, pair_hop_ptr, pair_hop, n_hops):
    """Hops of each source, each once, in the order in which its axons meet them: [source + 1], [hop of a source].

    `pair_hop` from `pair_hop_ptr[pair]` are the numbers, below `n_hops`, of the hops of a pair's way.
    """
    n_sources = len(axon_ptr) - 1
    tree_ptr, seen = np.zeros(n_sources + 1, np.int64), np.full(n_hops, -1, np.int64)
    for source in range(n_sources):
        n = 0
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            pair = axon_pair[a]
            if pair >= 0:
                for k in range(pair_hop_ptr[pair], pair_hop_ptr[pair + 1]):
                    if seen[pair_hop[k]] != source:
                        seen[pair_hop[k]] = source
                        n += 1
        tree_ptr[source + 1] = tree_ptr[source] + n
    tree, at = np.empty(tree_ptr[n_sources], np.int32), 0
    seen[:] = -1
    for source in range(n_sources):
        for a in range(axon_ptr[source], axon_ptr[source + 1]):
            pair = axon_pair[a]
            if pair >= 0:
                for k in range(pair_hop_ptr[pair], pair_hop_ptr[pair + 1]):
                    if seen[pair_hop[k]] != source:
                        seen[pair_hop[k]] = source
                        tree[at] = pair_hop[k]
                        at += 1
    return tree_ptr, tree
