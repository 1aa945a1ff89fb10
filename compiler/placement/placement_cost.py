"""What a placement costs: the energy of its hops, and the load of its busiest link.

    cost = packets x price of their hops + LINK_WEIGHT x price of a hop x packets over the busiest link

East-west and north-south hops and borders have the profile's prices; a chip whose hops cost nothing is placed as if
each cost 1 pJ.  Ways are plain XY ways, one packet for each destination: detours around disabled links, and what copies
of a multicast packet share, are left to route.py.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile, Energy, Mesh, Time
from compiler.board import tile_position
from compiler.route import link_numbers

Floats = npt.NDArray[np.float64]
Ints32 = npt.NDArray[np.int32]
LINK_WEIGHT = 8.0  # hops that a packet less on the busiest link is worth


@dataclass(frozen=True, slots=True)
class Ground:
    """Places for pieces, as the annealing sees them.  Prices are in hops: the mean price of a hop is 1."""

    x: Floats  # [slot], where its column stands when every link is as long as it is dear
    y: Floats  # [slot]
    tile_x: Ints32  # [slot], within the block that holds all slots
    tile_y: Ints32  # [slot]
    link: Ints32  # [tile x, tile y, direction], number of the link that leaves a tile of the block
    occupied: Floats  # [link], time of a packet, in that of a link inside a chip


def hop_scales(mesh: Mesh, energy: Energy) -> tuple[Floats, Floats]:
    """Where columns and rows of tiles stand, on scales of price: [column], [row].

    A packet from tile (a, b) to tile (c, d) costs |x[a] - x[c]| + |y[b] - y[d]|, borders between chips at their price;
    the mean price of a hop inside a chip is 1.
    """
    prices = np.array([energy.hop_x_pj, energy.hop_y_pj])
    prices = np.ones(2) if not prices.any() else prices
    sizes = ((mesh.width, mesh.tiles_x), (mesh.height, mesh.tiles_y))
    scales = []
    for price, (n, of_chip) in zip(prices, sizes, strict=True):
        link = np.full(n - 1, price)
        if energy.border_pj is not None:
            link[of_chip - 1 :: of_chip] = energy.border_pj
        scales.append(np.append(0.0, np.cumsum(link)) / prices.mean())
    return scales[0], scales[1]


def ground(slot: Ints32, chip: ChipProfile) -> Ground:
    """The places of the cores `slot`."""
    mesh, (x, y) = chip.mesh, hop_scales(chip.mesh, chip.energy)
    tile_x, tile_y = tile_position(slot, mesh)
    left, low = tile_x.min(), tile_y.min()
    width, height = (int(tile.max() - tile.min()) + 1 for tile in (tile_x, tile_y))
    block = np.indices((width, height, 4), np.int64)
    number, is_border = link_numbers(block[0] + left, block[1] + low, block[2], mesh)
    used, link = np.unique(number, return_inverse=True)
    link = link.reshape(number.shape)
    occupied = np.ones(len(used))
    occupied[link[is_border]] = _border_time(chip.time)
    return Ground(x[tile_x], y[tile_y], tile_x - left, tile_y - low, link.astype(np.int32), occupied)


def _border_time(time: Time) -> float:
    """Time of a packet over a border, in that over a link inside a chip; 1 where it is not known."""
    if time.border_packet_ns is None or not time.link_packet_ns:
        return 1.0
    return time.border_packet_ns / time.link_packet_ns
