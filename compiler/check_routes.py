"""Check routes: walk every recorded way link by link, and compare it with the chip.

Shares no code with route.py: the pairs are read off the tables again, a way must lead from its tile to the other over
links that exist and are not disabled, and be as short as any; distances come from a wave over the mesh.
"""

import numpy as np
import numpy.typing as npt

from chips.errors import ProgramError
from chips.profile import Mesh
from compiler.check_trees import check_trees
from compiler.program import Program
from compiler.route import Routes

Ints = npt.NDArray[np.int64]
_STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))  # east, west, north, south: the directions of a link's number


def check_routes(program: Program, routes: Routes) -> None:
    """Verify the routes of a program.

    Raises:
        ProgramError: a way is broken, too long, or touches a disabled link; or a count of hops or borders is wrong.
    """
    mesh, core = program.chip.mesh, program.tables.core
    home, reached = communicating(program)
    if not (np.array_equal(routes.pair_from, home) and np.array_equal(routes.pair_to, reached)):
        raise ProgramError("the routes join other pairs of cores than the tables do")
    x, y = _tiles(core[home], mesh)
    goal_x, goal_y = _tiles(core[reached], mesh)
    shortest = distances(mesh, x * mesh.height + y, goal_x * mesh.height + goal_y)
    _require(np.diff(routes.pair_link_ptr) == shortest, "is not as short as possible", routes, core)
    counted = np.zeros((4, len(home)), np.int64)  # hops and borders, x and y
    turned = np.zeros(len(home), np.bool_)  # has gone north or south already
    cut, tile = _is_cut(mesh), np.zeros(len(routes.pair_link), np.int64)
    for k in range(int(shortest.max(initial=0))):
        on_way = np.flatnonzero(shortest > k)
        index = routes.pair_link[routes.pair_link_ptr[on_way] + k]
        number, n_links = routes.link[index], mesh.width * mesh.height * 4
        tile[routes.pair_link_ptr[on_way] + k] = x[on_way] * mesh.height + y[on_way]
        step = np.array(_STEPS)[number % 4]
        to_x, to_y = x[on_way] + step[:, 0], y[on_way] + step[:, 1]
        chip, to_chip = _chip(x[on_way], y[on_way], mesh), _chip(to_x, to_y, mesh)
        crosses = chip != to_chip
        owner = np.where(crosses & (mesh.border == "merged"), chip, x[on_way] * mesh.height + y[on_way])
        is_link = (number == owner * 4 + number % 4 + crosses * n_links) & (crosses == (index >= routes.n_inside))
        on_mesh = (to_x >= 0) & (to_x < mesh.width) & (to_y >= 0) & (to_y < mesh.height)
        is_cut = cut[number % 4, x[on_way], y[on_way]]
        along_x = step[:, 0] != 0
        _require(is_link & on_mesh, "takes a link that its packet is not at", routes, core, on_way)
        _require(~is_cut, "takes a disabled link", routes, core, on_way)
        _require(
            routes.pair_detours[on_way] | ~along_x | ~turned[on_way], "turns east or west late", routes, core, on_way
        )
        turned[on_way] |= ~along_x
        counted[:, on_way] += np.stack([along_x, ~along_x, along_x & crosses, ~along_x & crosses])
        x[on_way], y[on_way] = to_x, to_y
    _require((x == goal_x) & (y == goal_y), "does not arrive", routes, core)
    told = (routes.pair_hops_x, routes.pair_hops_y, routes.pair_borders_x, routes.pair_borders_y)
    _require((counted == np.stack(told)).all(axis=0), "has other numbers of hops or borders", routes, core)
    if routes.trees is not None:
        check_trees(program, routes, routes.trees, tile)
    elif mesh.packets == "multicast" and not program.is_crossbar:
        raise ProgramError("the routes have no trees, but the chip's packets are multicast (mesh.packets)")


def communicating(program: Program) -> tuple[Ints, Ints]:
    """Pairs of cores that exchange packets, ascending, from the tables: indices into core, two arrays [pair]."""
    n_cores = program.n_cores
    home_of = np.repeat(np.arange(n_cores), np.diff(program.tables.core_ptr))  # [slot]
    if program.is_crossbar:
        bars = program.crossbar
        sends = bars.target >= 0
        home, reached = np.divmod(np.unique(home_of[sends] * n_cores + bars.target[sends] // bars.axons), n_cores)
        return home, reached
    t = program.lists
    lists = int(t.source_ptr[len(home_of)])  # those of neurons; the rest are of input channels
    home = np.repeat(home_of, np.diff(t.source_ptr[: len(home_of) + 1]))
    home, reached = np.divmod(np.unique(home * n_cores + t.list_core[:lists]), n_cores)
    return home, reached


def distances(mesh: Mesh, start: Ints, goal: Ints) -> Ints:
    """Hops of a shortest way from each tile of `start` to that of `goal` over links not disabled; -1: there is none."""
    if not mesh.cut_links:
        (ax, ay), (bx, by) = np.divmod(start, mesh.height), np.divmod(goal, mesh.height)
        direct: Ints = np.abs(ax - bx) + np.abs(ay - by)
        return direct
    tiles, which = np.unique(start, return_inverse=True)
    found = np.full((len(tiles), mesh.width, mesh.height), -1, np.int64)
    front = np.zeros(found.shape, np.bool_)
    front[np.arange(len(tiles)), tiles // mesh.height, tiles % mesh.height] = True
    open_links, step = ~_is_cut(mesh), 0
    while front.any():
        found[front] = step
        step += 1
        reached = np.zeros_like(front)
        reached[:, 1:] |= (front & open_links[0])[:, :-1]
        reached[:, :-1] |= (front & open_links[1])[:, 1:]
        reached[:, :, 1:] |= (front & open_links[2])[:, :, :-1]
        reached[:, :, :-1] |= (front & open_links[3])[:, :, 1:]
        front = reached & (found < 0)
    return found[which, goal // mesh.height, goal % mesh.height]


def _is_cut(mesh: Mesh) -> npt.NDArray[np.bool_]:
    """Whether the link that leaves a tile in a direction is disabled: [direction, x, y]."""
    cut = np.zeros((4, mesh.width, mesh.height), np.bool_)
    for x, y, to_x, to_y in mesh.cut_links:
        cut[_STEPS.index((to_x - x, to_y - y)), x, y] = True
    return cut


def _tiles(core: npt.NDArray[np.int32], mesh: Mesh) -> tuple[Ints, Ints]:
    x, y = np.divmod(core.astype(np.int64) // mesh.cores_per_tile, mesh.height)
    return x, y


def _chip(x: Ints, y: Ints, mesh: Mesh) -> Ints:
    return x // mesh.tiles_x * mesh.chips_y + y // mesh.tiles_y


def _require(
    holds: npt.NDArray[np.bool_], what: str, routes: Routes, core: npt.NDArray[np.int32], pairs: Ints | None = None
) -> None:
    if not holds.all():
        pair = int(np.flatnonzero(~holds)[0] if pairs is None else pairs[~holds][0])
        ends = core[routes.pair_from[pair]], core[routes.pair_to[pair]]
        raise ProgramError(f"the route from core {ends[0]} to core {ends[1]} {what}")
