"""The compiled loop of grown.py: grow pieces neuron by neuron.

Free neurons wait in buckets by the worth of the input axons they would add to the open piece, so the best one
is found, and a neighbour moved, in constant time.
"""

import numpy as np

from compiler.jit import jit


@jit
def grow(
    in_ptr, in_net, in_count, net_source, net_bits, out_ptr, out_target, out_axons, own_bits, limits, packing, worth,
    weight,
):  # fmt: skip
    """Piece of each neuron, int32 [neuron].  What must stay together comes as one neuron that counts `weight` of them.

    `limits`: neurons, input axons, output axons, synapse bits of each piece; bits of its pool, and those that a neuron,
    an input axon and an output axon take of it; the last row is that of all further pieces.  `packing`: synapses of a
    block, header bits, word bits.  `out_axons`: expected output axons of each neuron; `own_bits`: what each takes of
    the pool on top of a neuron's share.  `worth` [source]: what an input axon for it counts when the best neuron is
    looked for, whole numbers of at least 1; `weight` [neuron].
    """
    n = len(in_ptr) - 1
    n_sources = len(out_ptr) - 1
    piece_of = np.full(n, -1, np.int32)
    base = np.zeros(n, np.int32)  # worth of the axons that a neuron needs in an empty piece
    needs = np.zeros(n, np.int32)  # these axons
    for v in range(n):
        last = -1
        for k in range(in_ptr[v], in_ptr[v + 1]):
            source = net_source[in_net[k]]
            if source != last:
                base[v] += worth[source]
                needs[v] += 1
                last = source
    key = base.copy()
    fresh = needs.copy()  # axons that a neuron would add to the open piece, whose worth is the key
    head = np.full(base.max() + 2, -1, np.int32)
    after = np.full(n, -1, np.int32)
    before = np.full(n, -1, np.int32)
    for v in range(n - 1, -1, -1):
        _push(v, key, head, after, before)
    has_axon = np.full(n_sources, -1, np.int32)  # the last piece with an axon for this source
    net_piece = np.full(len(net_source), -1, np.int32)
    net_size = np.zeros(len(net_source), np.int32)  # synapses of the net in piece net_piece
    touched = np.empty(n, np.int32)
    piece = -1
    first_free = 0
    placed = 0
    while placed < n:
        piece += 1
        n_touched = 0
        used = np.zeros(5, np.int64)  # neurons, input axons, output axons, synapse bits, own bits
        limit = limits[min(piece, len(limits) - 1)]
        lowest = 0
        while placed < n:
            if used[0] == 0:
                while piece_of[first_free] >= 0:
                    first_free += 1
                v = first_free
            else:
                v = -1
                while lowest < len(head) and head[lowest] < 0:
                    lowest += 1
                # the best neuron may be stopped by bits or output axons: look at a few more
                tries, level = 0, lowest
                while level < len(head) and tries < 64 and v < 0:
                    w = head[level]
                    while w >= 0 and tries < 64:
                        if fits_in(
                            w,
                            piece,
                            used,
                            limit,
                            fresh,
                            in_ptr,
                            in_net,
                            in_count,
                            net_bits,
                            net_piece,
                            net_size,
                            out_axons,
                            own_bits,
                            packing,
                            weight,
                        ):
                            v = w
                            break
                        tries += 1
                        w = after[w]
                    level += 1
                if v < 0:
                    break
            _pop(v, key, head, after, before)
            piece_of[v] = piece
            placed += 1
            used[0] += weight[v]
            used[1] += fresh[v]
            used[2] += out_axons[v]
            used[4] += own_bits[v]
            used[3] += extra_bits(v, piece, in_ptr, in_net, in_count, net_bits, net_piece, net_size, packing)
            for k in range(in_ptr[v], in_ptr[v + 1]):
                net = in_net[k]
                if net_piece[net] != piece:
                    net_piece[net] = piece
                    net_size[net] = 0
                net_size[net] += in_count[k]
                source = net_source[net]
                if has_axon[source] == piece:
                    continue
                has_axon[source] = piece
                for j in range(out_ptr[source], out_ptr[source + 1]):
                    t = out_target[j]
                    if piece_of[t] < 0:
                        if key[t] == base[t]:
                            touched[n_touched] = t
                            n_touched += 1
                        _pop(t, key, head, after, before)
                        key[t] -= worth[source]
                        fresh[t] -= 1
                        _push(t, key, head, after, before)
                        lowest = min(lowest, key[t])
        for i in range(n_touched):
            t = touched[i]
            fresh[t] = needs[t]
            if piece_of[t] < 0:
                _pop(t, key, head, after, before)
                key[t] = base[t]
                _push(t, key, head, after, before)
            else:
                key[t] = base[t]
    return piece_of


@jit
def _push(v, key, head, after, before):
    first = head[key[v]]
    after[v] = first
    before[v] = -1
    if first >= 0:
        before[first] = v
    head[key[v]] = v


@jit
def _pop(v, key, head, after, before):
    if before[v] >= 0:
        after[before[v]] = after[v]
    else:
        head[key[v]] = after[v]
    if after[v] >= 0:
        before[after[v]] = before[v]


@jit
def fits_in(
    v, piece, used, limits, fresh, in_ptr, in_net, in_count, net_bits, net_piece, net_size, out_axons, own_bits,
    packing, weight,
):  # fmt: skip
    """Whether neuron v fits the open piece too, of which so much is used."""
    if used[0] + weight[v] > limits[0] or used[1] + fresh[v] > limits[1] or used[2] + out_axons[v] > limits[2]:
        return False
    bits = extra_bits(v, piece, in_ptr, in_net, in_count, net_bits, net_piece, net_size, packing)
    pooled = (used[0] + weight[v]) * limits[5] + (used[1] + fresh[v]) * limits[6] + (used[2] + out_axons[v]) * limits[7]
    pooled += used[4] + own_bits[v]
    return used[3] + bits <= limits[3] and pooled + used[3] + bits <= limits[4]


@jit
def extra_bits(v, piece, in_ptr, in_net, in_count, net_bits, net_piece, net_size, packing):
    """Bits that the lists of a piece take more with neuron v."""
    bits = 0
    for k in range(in_ptr[v], in_ptr[v + 1]):
        net = in_net[k]
        size = net_size[net] if net_piece[net] == piece else 0
        bits += _list_bits(size + in_count[k], net_bits[net], packing) - _list_bits(size, net_bits[net], packing)
    return bits


@jit
def _list_bits(n, each, packing):
    """`chips.packing.list_bits`, compiled; a test holds the two together."""
    full = n // packing[0]
    rest = n % packing[0]
    bits = full * ((packing[0] * each + packing[1] + packing[2] - 1) // packing[2] * packing[2])
    if rest:
        bits += (rest * each + packing[1] + packing[2] - 1) // packing[2] * packing[2]
    return bits
