"""The compiled loops that make a coarser level: join vertices that share sources, and merge what they listen to."""

import numpy as np

from compiler.jit import jit, lean_jit


@lean_jit
def join(level, pin_ptr, pin, heaviest, work, piece_of, order, score, stamp, touched, leader, weight):
    """Join each vertex that is alone to the cluster with which it shares most; `leader` [vertex] names clusters.

    Two vertices share rate / (pins - 1) for each source that both are pins of, where a source is a pin of its own.  No
    cluster grows beyond `heaviest` neurons, or is of two pieces.  A vertex looks at about `work` pins: of a source with
    many, at some.
    """
    for v in range(len(leader)):
        leader[v] = v
        weight[v] = level.weight[v]
        stamp[v] = -1
    for i in range(len(order)):
        v = order[i]
        if leader[v] != v or weight[v] != level.weight[v] or weight[v] >= heaviest:
            continue
        n_sources = level.in_ptr[v + 1] - level.in_ptr[v] + level.own_ptr[v + 1] - level.own_ptr[v]
        most = max(4, work // max(1, n_sources))
        n_touched = 0
        for k in range(level.in_ptr[v], level.in_ptr[v + 1]):
            s = level.in_source[k]
            n_touched = _score(v, s, level, pin_ptr, pin, most, score, stamp, touched, leader, n_touched)
        for k in range(level.own_ptr[v], level.own_ptr[v + 1]):
            s = level.own_source[k]
            n_touched = _score(v, s, level, pin_ptr, pin, most, score, stamp, touched, leader, n_touched)
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
def _score(v, s, level, pin_ptr, pin, most, score, stamp, touched, leader, n_touched):
    first, n = pin_ptr[s], pin_ptr[s + 1] - pin_ptr[s]
    home = level.home[s]
    if n + (home >= 0) < 2:
        return n_touched
    share = level.rate[s] / (n - 1 + (home >= 0))
    step = 1
    if n > most:
        step = n // most
        share *= step
    # The pins begin elsewhere for each vertex and source, as those of a regular network repeat with a period.
    for k in range(first + (v * 7919 + s * 104729) % step, first + n, step):
        n_touched = _share(leader[pin[k]], v, share, score, stamp, touched, n_touched)
    if home >= 0 and home != v:
        n_touched = _share(leader[home], v, share, score, stamp, touched, n_touched)
    return n_touched


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
def deaf(in_ptr, in_source, home):
    """Whether the vertex that a source is in does not listen to it: [source]; False for external ones."""
    found = home >= 0
    for v in range(len(in_ptr) - 1):
        for k in range(in_ptr[v], in_ptr[v + 1]):
            if home[in_source[k]] == v:
                found[in_source[k]] = False
    return found


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
