"""The links that carry most when every neuron fires once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compiler import Program, Routes
from compiler.route import STEP_X, STEP_Y

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Link:
    """A directed link between neighbouring tiles."""

    x: int  # the tile that it leaves
    y: int
    to_x: int
    to_y: int
    packets: int  # when every neuron fires once
    border: bool  # whether it joins two chips


def hottest(program: Program, routes: Routes, n: int) -> tuple[Link, ...]:
    """The `n` links of highest load, the first in number where equal; where an edge is merged, by its first tile."""
    load, end, is_border = link_ends(program, routes)
    order = np.argsort(-load, kind="stable")[:n]
    rows = zip(*end[order].T.tolist(), load[order].tolist(), is_border[order].tolist(), strict=True)
    return tuple(Link(*row) for row in rows)


def link_ends(program: Program, routes: Routes) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Of each link in use: its load, its tiles (x, y, to x, to y), and whether it is a border."""
    mesh = program.chip.mesh
    is_border = np.arange(len(routes.link)) >= routes.n_inside
    owner, direction = np.divmod(routes.link - is_border * (mesh.width * mesh.height * 4), 4)
    x, y = np.divmod(owner, mesh.height)
    if mesh.border == "merged":  # the border of a whole edge is that of its chip
        chip_x, chip_y = np.divmod(owner, mesh.chips_y)
        at_x = chip_x * mesh.tiles_x + np.where(direction == 0, mesh.tiles_x - 1, 0)
        at_y = chip_y * mesh.tiles_y + np.where(direction == 2, mesh.tiles_y - 1, 0)
        x, y = np.where(is_border, at_x, x), np.where(is_border, at_y, y)
    end = np.stack([x, y, x + STEP_X[direction], y + STEP_Y[direction]], axis=1)
    return routes.link_load, end, is_border
