"""A picture of the mesh: how full each core is, what each link carries, and where chips end.  The same program gives
the same bytes.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import NeurosimError
from chips.profile import Mesh
from compiler import Program, Usage, route, usage
from compiler.board import tile_position
from compiler.npz import replacing
from neurosim.explaining.links import link_ends
from neurosim.png import save_png

Floats = npt.NDArray[np.float64]
TILE = 0.62  # side of a tile, where tiles are 1 apart; links are drawn between them
WHOLE = 16  # tiles in a row up to which chips are drawn whole
MOST_TILES = 4096  # that are drawn; beyond, marks would be smaller than a dot
FORMATS = (".svg", ".png", ".pdf")


def save_mesh(program: Program, path: str | Path) -> None:
    """Draw the mesh of a program into a file: `.svg`, `.png` or `.pdf`.

    Raises:
        NeurosimError: another ending, more tiles than can be drawn, or the file cannot be written.
    """
    ending = picture_format(path)
    figure = draw_mesh(program)
    if ending == ".png":
        save_png(figure, path)
        return
    from matplotlib import rc_context

    fixed = {"Date": None} if ending == ".svg" else {"CreationDate": None, "Producer": None, "Creator": None}
    with rc_context({"svg.hashsalt": "neurosim", "svg.fonttype": "none"}), replacing(path) as file:
        figure.savefig(file, format=ending[1:], metadata=fixed)


def picture_format(path: str | Path) -> str:
    """The ending of a picture's name.

    Raises:
        NeurosimError: none that can be drawn.
    """
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise NeurosimError(f"{path}: a picture ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    return ending


def draw_mesh(program: Program) -> Any:
    """The figure, for matplotlib.

    Raises:
        NeurosimError: more tiles than can be drawn.
    """
    from matplotlib.figure import Figure  # no pyplot: no global state, no display

    use, mesh = usage(program), program.chip.mesh
    load, ends, _ = link_ends(program, route(program))
    left, low, right, high = shown = _shown(program, ends)
    if (right - left) * (high - low) > MOST_TILES:
        raise NeurosimError(
            f"the program spans {right - left:,} x {high - low:,} tiles, more than the {MOST_TILES:,} that can be drawn"
        )
    width, height = (min(16.0, 1.6 + 0.75 * max(3, n)) for n in (right - left, high - low))
    figure = Figure(figsize=(width + 2.4, height + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set(aspect="equal", xlim=(left - 0.6, right - 0.4), ylim=(low - 0.6, high - 0.4))
    axes.set(xlabel="tile, east-west", ylabel="tile, north-south")
    axes.set_xticks(_ticks(left, right))
    axes.set_yticks(_ticks(low, high))
    axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    axes.tick_params(length=0)
    _chips(axes, mesh, shown)
    fill = _cores(axes, program, use, shown)
    figure.colorbar(fill, ax=axes, label="fill of a core: share of the limit that binds (%)", shrink=0.8)
    if len(load):
        arrows = _links(axes, load, ends)
        figure.colorbar(arrows, ax=axes, label="packets over a link, when every neuron fires once", shrink=0.8)
    binds = " and ".join(sorted({name.replace("_", " ") for name in use.binding}))
    axes.set_title(
        f"{program.n_neurons:,} neurons, cores of {program.chip.name} in use: {program.n_cores:,}; binds: {binds}\n"
        f"{use.packets_per_spike:.3g} packets and {use.hops_per_spike:.3g} hops per spike",
        fontsize=9,
    )
    return figure


def _shown(program: Program, ends: npt.NDArray[np.int64]) -> tuple[int, int, int, int]:
    """The tiles to draw, from the first to before the last.

    Whole chips, those in use and those between them; where that is a lot, what is in use and a tile around it.
    """
    mesh = program.chip.mesh
    x, y = tile_position(program.tables.core, mesh)
    spans: list[tuple[int, int]] = []
    for at, of_chip, n in ((x, mesh.tiles_x, mesh.width), (y, mesh.tiles_y, mesh.height)):
        tiles = np.concatenate([at, ends.T[len(spans)], ends.T[len(spans) + 2]])
        first, last = int(tiles.min()), int(tiles.max())
        chips = first // of_chip * of_chip, (last // of_chip + 1) * of_chip
        around = max(0, first - 1), min(n, last + 2)
        spans.append(chips if chips[1] - chips[0] <= WHOLE else around)
    (left, right), (low, high) = spans
    return left, low, right, high


def _ticks(first: int, end: int) -> list[int]:
    return list(range(first, end, max(1, -(-(end - first) // 16))))


def _chips(axes: Any, mesh: Mesh, shown: tuple[int, int, int, int]) -> None:
    """The border of each chip."""
    from matplotlib.patches import Rectangle

    left, low, right, high = shown
    for x in range(left // mesh.tiles_x * mesh.tiles_x, right, mesh.tiles_x):
        for y in range(low // mesh.tiles_y * mesh.tiles_y, high, mesh.tiles_y):
            corner = (x - 0.5, y - 0.5)
            axes.add_patch(Rectangle(corner, mesh.tiles_x, mesh.tiles_y, fill=False, ec="0.35", lw=1.4, zorder=1))


def _cores(axes: Any, program: Program, use: Usage, shown: tuple[int, int, int, int]) -> Any:
    """A square for each core, in its tile; the fill is that of the resource that binds."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    mesh, (left, low, right, high) = program.chip.mesh, shown
    side = int(np.ceil(np.sqrt(mesh.cores_per_tile)))
    cell = TILE / side
    x, y = np.meshgrid(np.arange(left, right), np.arange(low, high), indexing="ij")
    tile = (x * mesh.height + y).ravel()
    core = (tile[:, None] * mesh.cores_per_tile + np.arange(mesh.cores_per_tile)).ravel()
    at_x, at_y = tile_position(core.astype(np.int32), mesh)
    column, row = np.divmod(core % mesh.cores_per_tile, side)
    corners = np.stack([at_x - TILE / 2 + column * cell, at_y - TILE / 2 + row * cell], axis=1)
    squares = [Rectangle(corner, 0.92 * cell, 0.92 * cell) for corner in corners]
    filled = np.full(len(core), np.nan)
    filled[np.searchsorted(core, program.tables.core)] = 100 * _fill(use)
    drawn = PatchCollection(squares, cmap=_colours("viridis_r"), ec="0.6", lw=0.4, zorder=2)
    drawn.set(array=np.ma.masked_invalid(filled), clim=(0, 100))
    axes.add_collection(drawn)
    lost = np.isin(core, mesh.disabled_cores)
    axes.plot(*(corners[lost] + 0.46 * cell).T, "x", color="C3", ms=4, zorder=3)
    return drawn


def _colours(name: str) -> Any:
    """A map of colours in which what is empty is white."""
    from matplotlib import colormaps

    return colormaps[name].with_extremes(bad="white")


def _fill(use: Usage) -> Floats:
    """Share of the limit that binds: [used core]; 1 where nothing is limited."""
    shares = [use.used[name] / limit for name, limit in use.limit.items() if limit is not None]
    return np.max(shares, axis=0) if shares else np.ones(len(use.core))


def _links(axes: Any, load: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> Any:
    """An arrow for each directed link in use, beside the one of the other direction."""
    x, y, to_x, to_y = end.T.astype(np.float64)
    step_x, step_y = to_x - x, to_y - y
    away = 0.09  # from the middle, to the right of the way
    order = np.argsort(load, kind="stable")  # the fullest on top
    start_x = x + step_x * (TILE / 2 + 0.02) + step_y * away
    start_y = y + step_y * (TILE / 2 + 0.02) - step_x * away
    length = 1 - TILE - 0.04
    return axes.quiver(
        start_x[order],
        start_y[order],
        step_x[order] * length,
        step_y[order] * length,
        load[order].astype(np.float64),
        cmap="inferno_r",
        clim=(0, float(load.max())),
        angles="xy",
        scale_units="xy",
        scale=1,
        units="xy",
        width=0.055,
        headwidth=2.6,
        headlength=2.2,
        headaxislength=2.2,
        zorder=4,
    )
