"""Place, the chips: which chip of the board each part gets, before its pieces get cores.

A compact block of as few chips as there are parts, swapped in pairs until parts that exchange much are near each other.
"""

import itertools

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile
from compiler.board import compact_chips, usable_cores
from compiler.placement.placement_cost import hop_scales
from compiler.placement.spectral import spectral_assignment

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def chip_of_parts(traffic: Floats, sizes: Ints, chip: ChipProfile) -> Ints:
    """The chip of each part: compact, large enough, and such that packets between parts cost little.

    Args:
        traffic: packets between parts, symmetric: [part, part].
        sizes: pieces of each part.
        chip: whose board it is.
    """
    mesh, n = chip.mesh, len(sizes)
    usable = usable_cores(mesh)
    if n == 1:
        return np.flatnonzero(usable >= sizes[0])[:1]
    need = np.sort(sizes)[::-1]
    for size in range(n, mesh.n_chips + 1):
        chips = compact_chips(mesh, size)
        chips = np.sort(chips[np.argsort(-usable[chips], kind="stable")[:n]])  # the roomiest, all of them if whole
        if (need <= np.sort(usable[chips])[::-1]).all():
            break
    room, (x, y) = usable[chips], np.divmod(chips, mesh.chips_y)
    scale_x, scale_y = hop_scales(mesh, chip.energy)
    at_x, at_y = scale_x[x * mesh.tiles_x], scale_y[y * mesh.tiles_y]  # first tiles are as far apart as middles
    distance = np.abs(at_x[:, None] - at_x) + np.abs(at_y[:, None] - at_y)
    by_size = np.empty(n, np.int64)
    by_size[np.argsort(-sizes, kind="stable")] = np.argsort(-room, kind="stable")  # fits, if anything does
    starts = [by_size, spectral_assignment(traffic, at_x, at_y).astype(np.int64)]
    found = [_swapped(start, traffic, distance, sizes, room) for start in starts if (sizes <= room[start]).all()]
    return chips[min(found, key=lambda at: float((traffic * distance[np.ix_(at, at)]).sum()))]


def _swapped(start: Ints, traffic: Floats, distance: Floats, sizes: Ints, room: Ints) -> Ints:
    """Parts swapped in pairs for as long as packets x distance falls and both fit."""
    at, better = start.copy(), True
    while better:
        better = False
        for p, q in itertools.combinations(range(len(at)), 2):
            if sizes[p] > room[at[q]] or sizes[q] > room[at[p]]:
                continue
            nearer = (distance[at[q]][at] - distance[at[p]][at]) * (traffic[p] - traffic[q])
            nearer[[p, q]] = 0  # these two stay as far apart as they are
            if nearer.sum() < -1e-9 * traffic.max():
                at[p], at[q] = at[q], at[p]
                better = True
    return at
