"""The compiled loops that make a coarser level: join vertices that share sources, and merge what they listen to."""

import numpy as np

from compiler.jit import jit, lean_jit


@lean_jit
def join(level, heaviest, work, piece_of, order, score, stamp, touched, leader, weight):
    """Join each vertex that is alone to the cluster with which it shares most; `leader` [vertex] names clusters.

    Two vertices share rate / (vertices - 1) for each source that both have.  No cluster grows beyond `heaviest`
    neurons, or is of two pieces.  A vertex looks at about `work` others: of a source with many, at some.
    """
    for v in range(len(leader)):
        leader[v] = v
        weight[v] = level.weight[v]
        stamp[v] = -1
    for i in range(len(order)):
        v = order[i]
        if leader[v] != v or weight[v] != level.weight[v] or weight[v] >= heaviest:
            continue
        most = max(4, work // max(1, level.source_ptr[v + 1] - level.source_ptr[v]))
        n_touched = 0
        for k in range(level.source_ptr[v], level.source_ptr[v + 1]):
            s = level.source[k]
            first, n = level.pin_ptr[s], level.pin_ptr[s + 1] - level.pin_ptr[s]
            if n < 2:
                continue
            share = level.rate[s] / (n - 1)
            step = 1
            if n > most:
                step = n // most
                share *= step
            # The pins begin elsewhere for each vertex and source, as those of a regular network repeat with a period.
            for j in range(first + (v * 7919 + s * 104729) % step, first + n, step):
                n_touched = _share(leader[level.pin[j]], v, share, score, stamp, touched, n_touched)
        best, most_shared = -1, 0.0
        for j in range(n_touched):
            c = touched[j]
            stamp[c] = -1
            if c == v or piece_of[c] != piece_of[v] or weight[c] + weight[v] > heaviest:
                continue
            shared = score[c] / weight[c]
            if shared > most_shared:
                best, most_shared = c, shared
        if best >= 0:
            leader[v] = best
            weight[best] += weight[v]


@lean_jit
def _share(c, v, share, score, stamp, touched, n_touched):
    if stamp[c] != v:
        stamp[c] = v
        score[c] = 0.0
        touched[n_touched] = c
        n_touched += 1
    score[c] += share
    return n_touched


@jit
def merge(ptr, index, count, member_ptr, member, n_index):
    """What clusters listen to: (ptr, distinct indices, sums of their counts) of the members of each together."""
    n = len(member_ptr) - 1
    merged_ptr = np.zeros(n + 1, np.int64)
    seen = np.full(n_index, -1, np.int32)
    for c in range(n):
        found = 0
        for m in range(member_ptr[c], member_ptr[c + 1]):
            for k in range(ptr[member[m]], ptr[member[m] + 1]):
                if seen[index[k]] != c:
                    seen[index[k]] = c
                    found += 1
        merged_ptr[c + 1] = merged_ptr[c] + found
    merged = np.empty(merged_ptr[n], np.int32)
    merged_count = np.zeros(merged_ptr[n] if len(count) else 0, np.int32)
    at = np.empty(n_index, np.int64)
    seen[:] = -1
    last = 0
    for c in range(n):
        for m in range(member_ptr[c], member_ptr[c + 1]):
            for k in range(ptr[member[m]], ptr[member[m] + 1]):
                i = index[k]
                if seen[i] != c:
                    seen[i] = c
                    at[i] = last
                    merged[last] = i
                    last += 1
                if len(count):
                    merged_count[at[i]] += count[k]
    return merged_ptr, merged, merged_count


@jit
def with_itself(in_ptr, in_source, n_sources):
    """Sources of each neuron, itself the last if it is not among them: (ptr, sources, whether it was not [source])."""
    n = len(in_ptr) - 1
    ptr, source = np.empty(n + 1, np.int64), np.empty(len(in_source) + n, np.int32)
    deaf = np.zeros(n_sources, np.bool_)
    ptr[0] = last = 0
    for v in range(n):
        deaf[v] = True
        for k in range(in_ptr[v], in_ptr[v + 1]):
            source[last] = in_source[k]
            last += 1
            if in_source[k] == v:
                deaf[v] = False
        if deaf[v]:
            source[last] = v
            last += 1
        ptr[v + 1] = last
    return ptr, source[:last], deaf


@jit
def still_deaf(level, cluster_of):
    """Whether no vertex of the cluster that a source is in listens to it: [source]."""
    deaf = level.deaf.copy()
    for s in range(len(deaf)):
        if deaf[s]:
            home = level.home[s]
            for k in range(level.pin_ptr[s], level.pin_ptr[s + 1]):
                u = level.pin[k]
                if u != home and cluster_of[u] == cluster_of[home]:
                    deaf[s] = False
    return deaf


@jit
def bits(list_ptr, list_net, list_count, net_bits):
    """Bits of the synapses of each vertex, without padding."""
    found = np.zeros(len(list_ptr) - 1, np.int64)
    for v in range(len(found)):
        for k in range(list_ptr[v], list_ptr[v + 1]):
            found[v] += list_count[k] * net_bits[list_net[k]]
    return found


@jit
def totals(ptr, source, rate):
    """Rates of all sources of each vertex."""
    total = np.zeros(len(ptr) - 1, np.int64)
    for v in range(len(total)):
        for k in range(ptr[v], ptr[v + 1]):
            total[v] += rate[source[k]]
    return total


@jit
def transpose(ptr, index, n_index):
    """Who holds each index: (ptr [index + 1], rows ascending)."""
    out_ptr = np.zeros(n_index + 1, np.int64)
    for k in range(len(index)):
        out_ptr[index[k] + 1] += 1
    for i in range(n_index):
        out_ptr[i + 1] += out_ptr[i]
    at = out_ptr[:-1].copy()
    rows = np.empty(len(index), np.int32)
    for v in range(len(ptr) - 1):
        for k in range(ptr[v], ptr[v + 1]):
            rows[at[index[k]]] = v
            at[index[k]] += 1
    return out_ptr, rows
