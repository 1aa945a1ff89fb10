"""Place: give every piece a core of the mesh, so that packets travel few hops.

Spectral coordinates of the traffic between pieces (two eigenvectors of its Laplacian) are matched to the tiles
of a compact block by linear assignment, then improved by simulated annealing on packets x Manhattan distance.
After partition.py, before route.py.  The compiled annealing loop is in annealing.py.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.profile import ChipProfile, Mesh
from compiler.hypergraph import Hypergraph, source_pieces
from compiler.partition import Partition

SWEEPS = 200  # annealing moves per piece and slot, in sweeps over the pieces
_SPECTRAL_MAX = 4096  # pieces; a dense eigendecomposition beyond this would take minutes


@dataclass(frozen=True, slots=True)
class Placement:
    """The mesh core of each piece; no two share one."""

    core_of: npt.NDArray[np.int32]  # [piece]


def place(partition: Partition, graph: Hypergraph, chip: ChipProfile, seed: int = 0) -> Placement:
    """Place the pieces of `partition` on the mesh of `chip`."""
    return place_pieces(piece_traffic(partition, graph), chip, seed)


def place_pieces(traffic: npt.NDArray[np.float64], chip: ChipProfile, seed: int = 0) -> Placement:
    """Place pieces that exchange these packets, both directions added: [piece, piece]."""
    slots = compact_cores(chip.mesh, len(traffic))
    if len(traffic) == 1:
        return Placement(slots[:1])
    from compiler.annealing import anneal

    tile_x, tile_y = tile_position(slots, chip.mesh)
    start = _spectral_assignment(traffic, tile_x, tile_y)
    slot_of = anneal(traffic, tile_x, tile_y, start, SWEEPS, seed)
    return Placement(slots[slot_of].astype(np.int32))


def tile_position(core: npt.NDArray[np.int32], mesh: Mesh) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Mesh coordinates (x, y) of the tile of each core."""
    tile = core // mesh.cores_per_tile
    return (tile // mesh.height).astype(np.int32), (tile % mesh.height).astype(np.int32)


def compact_cores(mesh: Mesh, n: int) -> npt.NDArray[np.int32]:
    """All cores of the smallest near-square block of tiles at the origin that holds `n` pieces."""
    tiles = -(-n // mesh.cores_per_tile)
    side = int(np.ceil(np.sqrt(tiles)))
    width = min(mesh.width, max(side, -(-tiles // mesh.height)))
    height = -(-tiles // width)
    x, y = np.divmod(np.arange(width * height), height)
    nearest = np.argsort(x + y, kind="stable")[:tiles]  # as few tiles as needed: the barrier counts them
    tile = np.sort(x[nearest] * mesh.height + y[nearest])
    cores = tile[:, None] * mesh.cores_per_tile + np.arange(mesh.cores_per_tile)
    return cores.ravel().astype(np.int32)


def piece_traffic(partition: Partition, graph: Hypergraph) -> npt.NDArray[np.float64]:
    """Packets between pieces when every neuron fires once, both directions added: [piece, piece]."""
    source, reached = source_pieces(graph, partition.piece_of)
    inside = source < graph.n_neurons  # external spikes come from no core
    n = partition.n_pieces
    flat = partition.piece_of[source[inside]].astype(np.int64) * n + reached[inside]
    packets = np.bincount(flat, minlength=n * n).reshape(n, n).astype(np.float64)
    np.fill_diagonal(packets, 0)
    return packets + packets.T


def _spectral_assignment(
    traffic: npt.NDArray[np.float64], tile_x: npt.NDArray[np.int32], tile_y: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """Slot of each piece: pieces near in traffic go to tiles near on the mesh."""
    from scipy.linalg import eigh
    from scipy.optimize import linear_sum_assignment

    n = len(traffic)
    if not 2 < n <= _SPECTRAL_MAX:
        return np.arange(n, dtype=np.int32)
    laplacian = np.diag(traffic.sum(1)) - traffic
    _, vectors = eigh(laplacian, subset_by_index=[1, 2])
    vectors *= np.where(vectors[np.abs(vectors).argmax(0), [0, 1]] < 0, -1, 1)  # one sign, whatever the solver
    rank = vectors.round(9).argsort(0, kind="stable").argsort(0, kind="stable") / (n - 1)
    wide, narrow = (tile_x, tile_y) if tile_x.max() >= tile_y.max() else (tile_y, tile_x)
    goal = [rank[:, 0] * wide.max(), rank[:, 1] * narrow.max()]
    cost = (goal[0][:, None] - wide) ** 2 + (goal[1][:, None] - narrow) ** 2
    return linear_sum_assignment(cost)[1].astype(np.int32)
