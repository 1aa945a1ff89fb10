"""Route: the way of every packet, east-west first, then north-south.

One packet per spike and destination core (unicast), or one that is copied where the ways to its destinations part
(multicast: trees.py), as `mesh.packets` says.  XY routing needs no table on the chip: the routes are a function of the
emitted program, and serve the report, the counts of a run and the load of the links.
External spikes enter at their core and cross no link.  A way that would meet a disabled link becomes a
shortest way around it, east-west first where there is a choice.  Between chips a packet crosses a border:
a link of its own for each tile at the edge, or one that the whole edge shares (`mesh.border`).
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.errors import DoesNotFit
from chips.profile import ChipProfile, Mesh, Packets
from compiler.board import tile_position
from compiler.program import Program
from compiler.trees import Trees, trees

EAST, WEST, NORTH, SOUTH = range(4)  # directed links that leave a tile: x + 1, x - 1, y + 1, y - 1
STEP_X, STEP_Y = np.array([1, -1, 0, 0]), np.array([0, 0, 1, -1])  # [direction]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Routes:
    """Axons of each source, and the links between each pair of cores that exchange packets.

    Cores are indices into `Tables.core`.  A link inside a chip is (x * height + y) * 4 + direction; a border is that
    or, where an edge is merged, chip * 4 + direction, plus the number of all links inside: so borders stand last.
    Hops count every link, borders included.
    """

    axon_ptr: npt.NDArray[np.int64]  # [source + 1], into axons
    axon_core: npt.NDArray[np.int32]  # [axon], destination
    axon_pair: npt.NDArray[np.int32]  # [axon], into pairs; -1 for external spikes
    pair_from: npt.NDArray[np.int32]  # [pair]
    pair_to: npt.NDArray[np.int32]  # [pair]
    pair_hops_x: npt.NDArray[np.int32]  # [pair]
    pair_hops_y: npt.NDArray[np.int32]  # [pair]
    pair_borders_x: npt.NDArray[np.int32]  # [pair], hops over an eastern or western edge of a chip
    pair_borders_y: npt.NDArray[np.int32]  # [pair]
    pair_detours: npt.NDArray[np.bool_]  # [pair], whether a disabled link stands in its XY route
    pair_link_ptr: npt.NDArray[np.int64]  # [pair + 1], into pair_link
    pair_link: npt.NDArray[np.int32]  # indices into link, in the order of the way
    link: npt.NDArray[np.int64]  # [link in use], ascending
    n_inside: int  # links in use inside chips; the others are borders
    trees: Trees | None = (
        None  # of a chip with multicast packets; None: each axon is a packet that takes its pair's way
    )

    @property
    def pair_packets(self) -> npt.NDArray[np.int64]:
        """Packets of each pair when every neuron fires once."""
        return np.bincount(self.axon_pair[self.axon_pair >= 0], minlength=len(self.pair_from))

    @property
    def link_load(self) -> npt.NDArray[np.int64]:
        """Packets over each link in use when every neuron fires once."""
        return self.unicast_link_load if self.trees is None else self.trees.link_load(len(self.link))

    @property
    def unicast_link_load(self) -> npt.NDArray[np.int64]:
        """The same if each destination core gets a packet of its own."""
        packets = np.repeat(self.pair_packets, np.diff(self.pair_link_ptr))
        load = np.bincount(self.pair_link, weights=packets, minlength=len(self.link))
        return load.astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Ways:
    """The hops of all pairs, one after the other: from which tile, in which direction."""

    pair: Ints  # [hop], ascending
    x: Ints  # [hop]
    y: Ints  # [hop]
    direction: Ints  # [hop]


def route(program: Program, packets: Packets | None = None) -> Routes:
    """The routes of an emitted program.

    Args:
        program: what was emitted.
        packets: as `mesh.packets`, in place of what the chip's profile says.  Slots of a crossbar have one destination,
            so both are the same there, and trees are left out.

    Raises:
        DoesNotFit: disabled links leave no way between two cores that exchange packets.
    """
    t, mesh = program.tables, program.chip.mesh
    n_cores = len(t.core)
    axon_source, axon_core, n_sources, n_senders = _axons(program)
    inside = axon_source < n_senders
    home = np.searchsorted(t.core_ptr, axon_source[inside], side="right") - 1
    pairs, which = _numbered(home * n_cores + axon_core[inside], n_cores**2)
    axon_pair = np.full(len(axon_source), -1, np.int32)
    axon_pair[inside] = which
    pair_from, pair_to = np.divmod(pairs, n_cores)
    ways = _xy_ways(*tile_position(t.core[pair_from], mesh), *tile_position(t.core[pair_to], mesh))
    detours = np.zeros(len(pairs), np.bool_)
    if mesh.cut_links:
        detours[ways.pair[_is_cut(ways, mesh)]] = True
        ways = _around(ways, detours, t.core[pair_from], t.core[pair_to], program.chip)
    number, is_border = link_numbers(ways.x, ways.y, ways.direction, mesh)
    link, index = np.unique(number, return_inverse=True)
    along_x = ways.direction <= WEST
    kinds = (along_x, ~along_x, along_x & is_border, ~along_x & is_border)
    hops = [np.bincount(ways.pair[kind], minlength=len(pairs)).astype(np.int32) for kind in kinds]
    axon_ptr = np.searchsorted(axon_source, np.arange(n_sources + 1)).astype(np.int64)
    way_ptr = np.searchsorted(ways.pair, np.arange(len(pairs) + 1)).astype(np.int64)
    pair_link, tree = index.astype(np.int32), None
    if (packets or mesh.packets) == "multicast" and not program.is_crossbar:
        hop = (ways.x * mesh.height + ways.y) * 4 + ways.direction
        tree = trees(axon_ptr, axon_pair, way_ptr, hop, pair_link, kinds)
    return Routes(
        axon_ptr=axon_ptr,
        axon_core=axon_core.astype(np.int32),
        axon_pair=axon_pair,
        pair_from=pair_from.astype(np.int32),
        pair_to=pair_to.astype(np.int32),
        pair_hops_x=hops[0],
        pair_hops_y=hops[1],
        pair_borders_x=hops[2],
        pair_borders_y=hops[3],
        pair_detours=detours,
        pair_link_ptr=way_ptr,
        pair_link=pair_link,
        link=link,
        n_inside=int(np.searchsorted(link, mesh.width * mesh.height * 4)),
        trees=tree,
    )


def _axons(program: Program) -> tuple[Ints, Ints, int, int]:
    """Source and destination core of every axon, ascending; how many sources there are, and how many are in cores.

    On a crossbar a source is a slot, copies and relays included, or a channel, which has no axon here.
    """
    if program.is_crossbar:
        bars = program.crossbar
        source = np.flatnonzero(bars.target >= 0)
        n_slots = bars.n_slots
        return source, bars.target[source] // bars.axons, n_slots + program.n_channels, n_slots
    t = program.lists
    n_cores, n_sources = len(t.core), len(t.source_ptr) - 1
    list_source = np.repeat(np.arange(n_sources), np.diff(t.source_ptr))
    key = list_source * n_cores + t.list_core
    source, core = np.divmod(key[np.diff(key, prepend=-1) > 0], n_cores)  # the lists of a source ascend by core
    return source, core, n_sources, program.n_neurons


def _numbered(values: Ints, below: int) -> tuple[Ints, Ints]:
    """The distinct values, ascending, and the place of each among them: without sorting, where a table is small."""
    if below > 4 * len(values) + 2**20:
        found, which = np.unique(values, return_inverse=True)
        return found, which
    occurs = np.zeros(below, np.bool_)
    occurs[values] = True
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[values]


def _xy_ways(ax: npt.ArrayLike, ay: npt.ArrayLike, bx: npt.ArrayLike, by: npt.ArrayLike) -> _Ways:
    """The XY route from tile a to tile b of every pair."""
    ax, ay, bx, by = (np.asarray(values, np.int64) for values in (ax, ay, bx, by))
    hops_x, hops = np.abs(bx - ax), np.abs(bx - ax) + np.abs(by - ay)
    pair = np.repeat(np.arange(len(ax)), hops)
    k = np.arange(len(pair)) - np.repeat(np.cumsum(hops) - hops, hops)  # which hop of its pair
    along_x = k < hops_x[pair]
    return _Ways(
        pair=pair,
        x=np.where(along_x, ax[pair] + np.sign(bx - ax)[pair] * k, bx[pair]),
        y=np.where(along_x, ay[pair], ay[pair] + np.sign(by - ay)[pair] * (k - hops_x[pair])),
        direction=np.where(along_x, np.where(bx > ax, EAST, WEST)[pair], np.where(by > ay, NORTH, SOUTH)[pair]),
    )


def link_numbers(x: Ints, y: Ints, direction: Ints, mesh: Mesh) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The number of each link that leaves tile (x, y) in a direction (see `Routes`), and whether it is a border."""
    chip_x, chip_y = x // mesh.tiles_x, y // mesh.tiles_y
    to_x, to_y = x + STEP_X[direction], y + STEP_Y[direction]
    is_border = (chip_x != to_x // mesh.tiles_x) | (chip_y != to_y // mesh.tiles_y)
    tile, chip = x * mesh.height + y, chip_x * mesh.chips_y + chip_y
    owner = np.where(is_border, chip, tile) if mesh.border == "merged" else tile
    return owner * 4 + direction + is_border * (mesh.width * mesh.height * 4), is_border


# ---------------------------------------------------------------- around disabled links


def _is_cut(ways: _Ways, mesh: Mesh) -> npt.NDArray[np.bool_]:
    """Whether the link of each hop is disabled."""
    cut = [(x * mesh.height + y) * 4 + _direction(x, y, to_x, to_y) for x, y, to_x, to_y in sorted(mesh.cut_links)]
    return np.isin((ways.x * mesh.height + ways.y) * 4 + ways.direction, cut)


def _direction(x: int, y: int, to_x: int, to_y: int) -> int:
    return next(d for d in range(4) if (STEP_X[d], STEP_Y[d]) == (to_x - x, to_y - y))


def _around(
    ways: _Ways,
    detours: npt.NDArray[np.bool_],
    core_from: npt.NDArray[np.int32],
    core_to: npt.NDArray[np.int32],
    chip: ChipProfile,
) -> _Ways:
    """The same ways, but shortest ones around disabled links for the pairs in `detours`."""
    mesh, kept = chip.mesh, ~detours[ways.pair]
    hops: list[tuple[int, int, int, int]] = []
    distance: dict[tuple[int, int], dict[tuple[int, int], int]] = {}
    for pair in np.flatnonzero(detours).tolist():
        start, goal = (divmod(int(core[pair]) // mesh.cores_per_tile, mesh.height) for core in (core_from, core_to))
        if goal not in distance:
            distance[goal] = _distances(goal, mesh)
        if start not in distance[goal]:
            raise DoesNotFit(
                f"core {core_from[pair]} on tile {start[0]},{start[1]} sends to core {core_to[pair]} on tile "
                f"{goal[0]},{goal[1]}, but the disabled links of {chip.name} leave no way between them "
                "(mesh.disabled_links): enable one, or disable the cores that are cut off (mesh.disabled_cores)"
            )
        hops += [(pair, *hop) for hop in _descend(start, distance[goal], mesh)]
    found = np.array(hops, np.int64).reshape(-1, 4).T
    old = (ways.pair, ways.x, ways.y, ways.direction)
    columns = [np.concatenate([column[kept], more]) for column, more in zip(old, found, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return _Ways(*(column[order] for column in columns))


def _distances(goal: tuple[int, int], mesh: Mesh) -> dict[tuple[int, int], int]:
    """Tile -> hops to `goal` over links that are not disabled; a tile without a way is absent."""
    cut, found, waiting = mesh.cut_links, {goal: 0}, deque([goal])
    while waiting:
        x, y = waiting.popleft()
        for from_x, from_y in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)):
            is_tile = 0 <= from_x < mesh.width and 0 <= from_y < mesh.height
            if is_tile and (from_x, from_y) not in found and (from_x, from_y, x, y) not in cut:
                found[from_x, from_y] = found[x, y] + 1
                waiting.append((from_x, from_y))
    return found


def _descend(tile: tuple[int, int], distance: dict[tuple[int, int], int], mesh: Mesh) -> list[tuple[int, int, int]]:
    """The hops (x, y, direction) of a shortest way; of several, the one that goes east or west first."""
    hops = []
    while distance[tile]:
        x, y = tile
        for direction in (EAST, WEST, NORTH, SOUTH):
            to = (x + int(STEP_X[direction]), y + int(STEP_Y[direction]))
            if distance.get(to) == distance[tile] - 1 and (x, y, *to) not in mesh.cut_links:
                break
        hops.append((x, y, direction))
        tile = to
    return hops
