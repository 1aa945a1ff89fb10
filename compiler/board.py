"""Board: where cores, tiles and chips are, and which of them to use so that they stand close together.

Geometry that the passes share; check.py has its own.
"""

import numpy as np
import numpy.typing as npt

from chips.profile import Mesh

Ints = npt.NDArray[np.int64]


def tile_position(core: npt.NDArray[np.int32], mesh: Mesh) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Mesh coordinates (x, y) of the tile of each core."""
    tile = core // mesh.cores_per_tile
    return (tile // mesh.height).astype(np.int32), (tile % mesh.height).astype(np.int32)


def chip_of(core: npt.NDArray[np.int32], mesh: Mesh) -> npt.NDArray[np.int32]:
    """The chip of each core; chip (x, y) of the board has number x * chips_y + y."""
    x, y = tile_position(core, mesh)
    chips: npt.NDArray[np.int32] = x // mesh.tiles_x * mesh.chips_y + y // mesh.tiles_y
    return chips


def usable_cores(mesh: Mesh) -> Ints:
    """How many cores of each chip are not disabled: [chip]."""
    lost = chip_of(np.array(mesh.disabled_cores, np.int32), mesh)
    whole = mesh.tiles_x * mesh.tiles_y * mesh.cores_per_tile
    return whole - np.bincount(lost, minlength=mesh.n_chips)


def compact_cores(mesh: Mesh, chip: int, n: int) -> npt.NDArray[np.int32]:
    """The usable cores of the smallest near-square block of tiles of `chip` that holds `n` pieces, ascending."""
    left, low = chip // mesh.chips_y * mesh.tiles_x, chip % mesh.chips_y * mesh.tiles_y
    tiles = -(-n // mesh.cores_per_tile)
    while True:
        x, y = _compact_block(mesh.tiles_x, mesh.tiles_y, tiles)
        tile = np.sort((left + x) * mesh.height + low + y)
        cores = (tile[:, None] * mesh.cores_per_tile + np.arange(mesh.cores_per_tile)).ravel()
        usable = cores[~np.isin(cores, mesh.disabled_cores)]
        if len(usable) >= n:
            return usable.astype(np.int32)
        tiles += 1  # some of them are disabled


def compact_chips(mesh: Mesh, n: int) -> Ints:
    """The numbers of `n` chips with usable cores in the smallest near-square block, ascending; fewer, if there are."""
    usable = usable_cores(mesh)
    for size in range(n, mesh.n_chips + 1):
        x, y = _compact_block(mesh.chips_x, mesh.chips_y, size)
        chips = np.sort(x * mesh.chips_y + y)
        chips = chips[usable[chips] > 0]
        if len(chips) >= n:
            break
    return chips[:n]


def room_for(mesh: Mesh, n: int) -> Ints:
    """Usable cores of each of the fewest chips, close together, that hold `n` pieces; the board must hold them."""
    usable = usable_cores(mesh)
    if n <= usable.max():
        return usable[usable.argmax() : usable.argmax() + 1]
    sets = (compact_chips(mesh, size) for size in range(2, mesh.n_chips + 1))
    return next(usable[chips] for chips in sets if usable[chips].sum() >= n)


def _compact_block(most_x: int, most_y: int, n: int) -> tuple[Ints, Ints]:
    """Positions of the `n` places nearest to the origin within a near-square block of a grid."""
    side = int(np.ceil(np.sqrt(n)))
    width = min(most_x, max(side, -(-n // most_y)))
    height = -(-n // width)
    x, y = np.divmod(np.arange(width * height), height)
    nearest = np.argsort(x + y, kind="stable")[:n]  # as few as needed: the barrier counts them
    return x[nearest], y[nearest]
