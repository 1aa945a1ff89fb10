"""The compiled loop of sequential.py: fill pieces with neurons in their order."""

import numpy as np

from compiler.jit import jit
from compiler.kernels.growth import extra_bits, fits_in


@jit
def fill(in_ptr, in_net, in_count, net_source, n_sources, net_bits, out_axons, own_bits, limits, packing):
    """Piece of each neuron, int32 [neuron]: the open one, or a new one where a limit is met; arguments as in `grow`."""
    n = len(in_ptr) - 1
    piece_of = np.zeros(n, np.int32)
    has_axon = np.full(n_sources, -1, np.int32)
    net_piece = np.full(len(net_source), -1, np.int32)
    net_size = np.zeros(len(net_source), np.int32)
    fresh, weight = np.zeros(n, np.int32), np.ones(n, np.int64)
    used = np.zeros(5, np.int64)
    piece = 0
    for v in range(n):
        fresh[v] = _new_axons(v, piece, in_ptr, in_net, net_source, has_axon)
        if used[0] > 0 and not fits_in(
            v, piece, used, limits[0], fresh, in_ptr, in_net, in_count, net_bits, net_piece, net_size, out_axons,
            own_bits, packing, weight,
        ):  # fmt: skip
            piece += 1
            used[:] = 0
            fresh[v] = _new_axons(v, piece, in_ptr, in_net, net_source, has_axon)
        piece_of[v] = piece
        used[0] += 1
        used[1] += fresh[v]
        used[2] += out_axons[v]
        used[3] += extra_bits(v, piece, in_ptr, in_net, in_count, net_bits, net_piece, net_size, packing)
        used[4] += own_bits[v]
        for k in range(in_ptr[v], in_ptr[v + 1]):
            net = in_net[k]
            if net_piece[net] != piece:
                net_piece[net] = piece
                net_size[net] = 0
            net_size[net] += in_count[k]
            has_axon[net_source[net]] = piece
    return piece_of


@jit
def _new_axons(v, piece, in_ptr, in_net, net_source, has_axon):
    """Sources of v that have no axon on the piece yet; the nets of one source stand together."""
    new, last = 0, -1
    for k in range(in_ptr[v], in_ptr[v + 1]):
        source = net_source[in_net[k]]
        if source != last and has_axon[source] != piece:
            new += 1
        last = source
    return new
