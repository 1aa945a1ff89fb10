"""Mesh: the resources that a program's packets pass, in whole picoseconds.

Resources are the links in use (inside chips, then borders, as in compiler/route.py), then one ejection port for each
core.  Each has a queue behind it: the input buffer of the next router, or the receive queue of the core.  Queues are
numbered like resources; after them come the injection queues, one for each core.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError
from chips.profile import Noc
from compiler import Program, Routes
from compiler.route import STEP_X, STEP_Y, WEST

Ints = npt.NDArray[np.int64]
PS_PER_NS = 1000


class Mesh(NamedTuple):
    """What both kernels read.  Times in ps; R resources, of which the last C are ejection ports of C cores."""

    path_ptr: Ints  # [pair + 1]
    path: npt.NDArray[np.uint32]  # resources in the order of the way, the ejection port last
    latency: Ints  # [resource], for a head from one queue into the next, nothing waits
    occupied: Ints  # [resource], by one packet
    room: Ints  # [queue], flits
    n_cores: int
    flits: int  # of a packet
    cycle: int


def noc_of(chip: ChipProfile, model: str) -> Noc:
    """The section `noc` of a profile.

    Raises:
        RunError: the profile has none.
    """
    if chip.noc is None:
        raise RunError(
            f"model {model!r} needs the links of {chip.name!r}, but its profile has no section noc "
            "(noc.link_buffer_flits and others): add it, or use model 'analytic'"
        )
    return chip.noc


def mesh_of(program: Program, routes: Routes, chip: ChipProfile, noc: Noc) -> Mesh:
    """The resources of a program's routes, priced with `chip`."""
    n_links, n_cores, n_pairs = len(routes.link), program.n_cores, len(routes.pair_from)
    hops = np.diff(routes.pair_link_ptr)
    path_ptr = routes.pair_link_ptr + np.arange(n_pairs + 1)
    path = np.empty(int(path_ptr[-1]), np.uint32)
    ends = path_ptr[1:] - 1
    path[ends] = n_links + routes.pair_to
    path[np.arange(len(routes.pair_link)) + np.repeat(np.arange(n_pairs), hops)] = routes.pair_link
    hop = np.where(routes.link % 4 <= WEST, picoseconds(noc.hop_x_ns), picoseconds(noc.hop_y_ns))
    packet = noc.flits_per_packet * picoseconds(noc.flit_ns)
    occupied = np.full(n_links + n_cores, packet)
    occupied[routes.n_inside : n_links] = max(packet, picoseconds(chip.time.border_packet_ns or 0.0))
    buffer = noc.link_buffer_flits
    room = np.full(n_links + 2 * n_cores, buffer)
    room[n_links : n_links + n_cores] = noc.receive_queue_packets * noc.flits_per_packet
    return Mesh(
        path_ptr=path_ptr.astype(np.int64),
        path=path,
        latency=np.append(hop, np.full(n_cores, picoseconds(noc.port_ns))).astype(np.int64),
        occupied=occupied.astype(np.int64),
        room=room.astype(np.int64),
        n_cores=n_cores,
        flits=noc.flits_per_packet,
        cycle=max(1, picoseconds(noc.flit_ns)),
    )


def picoseconds(time_ns: float) -> int:
    """The nearest whole number of picoseconds, in which the kernels count so that no sum depends on its order."""
    return round(time_ns * PS_PER_NS)


def resource_names(program: Program, routes: Routes) -> list[str]:
    """What each resource is called: "link 0,0>1,0", "border 0,0>1,0" (between chips if merged), "core 5"."""
    mesh, inside = program.chip.mesh, program.chip.mesh.width * program.chip.mesh.height * 4
    names = []
    for i, number in enumerate(routes.link.tolist()):
        owner, direction = divmod(number % inside, 4)
        merged = i >= routes.n_inside and mesh.border == "merged"
        x, y = divmod(owner, mesh.chips_y if merged else mesh.height)
        kind = "link" if i < routes.n_inside else "border of chips" if merged else "border"
        names.append(f"{kind} {x},{y}>{x + STEP_X[direction]},{y + STEP_Y[direction]}")
    return names + [f"core {core}" for core in program.tables.core.tolist()]
