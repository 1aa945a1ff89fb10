"""Route: the way of every packet, east-west first, then north-south.

One packet per spike and destination core (unicast).  XY routing needs no table on the chip: the routes are a
function of the emitted program, and serve the report, the counts of a run and the load of the links.
External spikes enter at their core and cross no link.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips.profile import Mesh
from compiler.place import tile_position
from compiler.program import Program

EAST, WEST, NORTH, SOUTH = range(4)  # directed links that leave a tile: x + 1, x - 1, y + 1, y - 1


@dataclass(frozen=True, slots=True)
class Routes:
    """Axons of each source, and the links between each pair of cores that exchange packets.

    Cores are indices into `Tables.core`; a link is (x * height + y) * 4 + direction.
    """

    axon_ptr: npt.NDArray[np.int64]  # [source + 1], into axons
    axon_core: npt.NDArray[np.int32]  # [axon], destination
    axon_pair: npt.NDArray[np.int32]  # [axon], into pairs; -1 for external spikes
    pair_from: npt.NDArray[np.int32]  # [pair]
    pair_to: npt.NDArray[np.int32]  # [pair]
    pair_hops_x: npt.NDArray[np.int32]  # [pair]
    pair_hops_y: npt.NDArray[np.int32]  # [pair]
    pair_link_ptr: npt.NDArray[np.int64]  # [pair + 1], into pair_link
    pair_link: npt.NDArray[np.int32]  # indices into link
    link: npt.NDArray[np.int64]  # [link in use], ascending

    @property
    def pair_packets(self) -> npt.NDArray[np.int64]:
        """Packets of each pair when every neuron fires once."""
        return np.bincount(self.axon_pair[self.axon_pair >= 0], minlength=len(self.pair_from))

    @property
    def link_load(self) -> npt.NDArray[np.int64]:
        """Packets over each link in use when every neuron fires once."""
        packets = np.repeat(self.pair_packets, np.diff(self.pair_link_ptr))
        load = np.bincount(self.pair_link, weights=packets, minlength=len(self.link))
        return load.astype(np.int64)


def route(program: Program) -> Routes:
    """The routes of an emitted program."""
    t = program.tables
    n_cores, n_sources = len(t.core), len(t.source_ptr) - 1
    list_source = np.repeat(np.arange(n_sources), np.diff(t.source_ptr))
    axon_source, axon_core = np.divmod(np.unique(list_source * n_cores + t.list_core), n_cores)
    inside = axon_source < program.n_neurons
    home = np.searchsorted(t.core_ptr, axon_source[inside], side="right") - 1
    pairs, which = np.unique(home * n_cores + axon_core[inside], return_inverse=True)
    axon_pair = np.full(len(axon_source), -1, np.int32)
    axon_pair[inside] = which
    pair_from, pair_to = np.divmod(pairs, n_cores)
    (ax, ay), (bx, by) = (tile_position(t.core[pair], program.chip.mesh) for pair in (pair_from, pair_to))
    ends = np.stack([ax, ay, bx, by], axis=1).tolist()
    ways = [_links(x, y, to_x, to_y, program.chip.mesh) for x, y, to_x, to_y in ends]
    flat = np.array([link for way in ways for link in way], np.int64)
    link, pair_link = np.unique(flat, return_inverse=True)
    return Routes(
        axon_ptr=np.searchsorted(axon_source, np.arange(n_sources + 1)).astype(np.int64),
        axon_core=axon_core.astype(np.int32),
        axon_pair=axon_pair,
        pair_from=pair_from.astype(np.int32),
        pair_to=pair_to.astype(np.int32),
        pair_hops_x=np.abs(ax - bx),
        pair_hops_y=np.abs(ay - by),
        pair_link_ptr=np.concatenate([[0], np.cumsum([len(way) for way in ways])]).astype(np.int64),
        pair_link=pair_link.astype(np.int32),
        link=link,
    )


def _links(ax: int, ay: int, bx: int, by: int, mesh: Mesh) -> list[int]:
    """The directed links of the XY route from tile a to tile b."""
    step_x, step_y = (1 if bx > ax else -1), (1 if by > ay else -1)
    along_x = [(x * mesh.height + ay) * 4 + (EAST if step_x > 0 else WEST) for x in range(ax, bx, step_x)]
    along_y = [(bx * mesh.height + y) * 4 + (NORTH if step_y > 0 else SOUTH) for y in range(ay, by, step_y)]
    return along_x + along_y
