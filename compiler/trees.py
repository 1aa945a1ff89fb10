"""Trees: the way of a multicast packet, which is copied where the ways to its destinations part.

A tree is the union of the ways from one source, each hop counted once.  Of all shortest ways route.py takes the one
that comes first when east stands before west, north and south; the beginning of such a way is such a way itself,
detours included, so ways that have parted never meet again.  Where the edge of a chip has one link for all, copies that
cross it at several tiles cross that link one after the other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Trees:
    """What one spike of each source crosses.  External sources cross nothing."""

    ptr: Ints  # [source + 1], into link
    link: Ints32  # indices into Routes.link; twice where two copies cross one link
    hops_x: Ints32  # [source]
    hops_y: Ints32  # [source]
    borders_x: Ints32  # [source]
    borders_y: Ints32  # [source]

    def link_load(self, n_links: int) -> Ints:
        """Packets over each link when every neuron fires once."""
        return np.bincount(self.link, minlength=n_links)


def trees(
    axon_ptr: Ints, axon_pair: Ints32, hop_ptr: Ints, hop: Ints, link: Ints32, kinds: tuple[npt.NDArray[np.bool_], ...]
) -> Trees:
    """The trees of all sources.

    Args:
        axon_ptr: [source + 1], into `axon_pair`.
        axon_pair: [axon], into pairs; -1 for external spikes.
        hop_ptr: [pair + 1], into hops.
        hop: [hop], tile and direction as one number: the same hop of several pairs has the same number.
        link: [hop], index of its link.
        kinds: whether a hop is one of x, of y, of x over a border, of y over a border: four of [hop].
    """
    from compiler.kernels.trees import unite

    _, first, number = np.unique(hop, return_index=True, return_inverse=True)
    ptr, found = unite(axon_ptr, axon_pair, hop_ptr, number.astype(np.int32), len(first))
    at = first[found]  # a hop of `hop` for each of a tree
    source = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    counts = [np.bincount(source[kind[at]], minlength=len(ptr) - 1).astype(np.int32) for kind in kinds]
    return Trees(ptr, link[at], *counts)
