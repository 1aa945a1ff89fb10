"""The compiled loop of divide.py: move neurons between parts while fewer (source, part) pairs cross."""

import numpy as np

from compiler.jit import jit


@jit
def refine(in_ptr, in_net, net_source, out_ptr, out_target, load, full, sweeps, part_of):
    """Improve `part_of` [neuron] in place; no part grows beyond `full` [part], in the unit of `load` [neuron].

    A pair counts when a neuron has targets in a part that is not its own; external sources cross nothing.
    """
    n, n_parts = len(part_of), len(full)
    reached = np.zeros((n, n_parts), np.int32)  # targets of a neuron in each part
    filled = np.zeros(n_parts, np.int64)
    for v in range(n):
        filled[part_of[v]] += load[v]
        for j in range(out_ptr[v], out_ptr[v + 1]):
            reached[v, part_of[out_target[j]]] += 1
    gain = np.zeros(n_parts, np.int64)
    for _ in range(sweeps):
        moved = 0
        for v in range(n):
            old = part_of[v]
            best = _best(v, old, in_ptr, in_net, net_source, load, full, part_of, reached, filled, gain)
            if best == old:
                continue
            last = -1
            for k in range(in_ptr[v], in_ptr[v + 1]):
                source = net_source[in_net[k]]
                if source != last and source < n:
                    reached[source, old] -= 1
                    reached[source, best] += 1
                last = source
            part_of[v] = best
            filled[old] -= load[v]
            filled[best] += load[v]
            moved += 1
        if moved == 0:
            break


@jit
def _best(v, old, in_ptr, in_net, net_source, load, full, part_of, reached, filled, gain):
    """The part in which neuron v costs the fewest pairs: its own, unless another is better and has room."""
    n, n_parts = len(part_of), len(full)
    elsewhere = False  # whether v hears or tells anybody outside its part
    for p in range(n_parts):
        elsewhere = elsewhere or (p != old and reached[v, p] > 0)
    for k in range(in_ptr[v], in_ptr[v + 1]):
        source = net_source[in_net[k]]
        elsewhere = elsewhere or (source < n and part_of[source] != old)
    if not elsewhere:
        return old
    gain[:] = 0
    leaving = 0
    itself = 0
    last = -1
    for k in range(in_ptr[v], in_ptr[v + 1]):
        source = net_source[in_net[k]]
        if source == last or source >= n:
            continue
        last = source
        if source == v:
            itself = 1
            continue
        home = part_of[source]
        if home != old and reached[source, old] == 1:
            leaving += 1
        for p in range(n_parts):
            if p != home and reached[source, p] == 0:
                gain[p] -= 1
    for p in range(n_parts):
        if p != old and reached[v, p] > 0:
            gain[p] += 1
    if reached[v, old] > itself:
        leaving -= 1
    best, most = old, 0
    for p in range(n_parts):
        if p != old and gain[p] + leaving > most and filled[p] + load[v] <= full[p]:
            best, most = p, gain[p] + leaving
    return best
