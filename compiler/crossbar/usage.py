"""How full a compiled crossbar chip is; see ../usage.py."""

import numpy as np
import numpy.typing as npt

from chips.profile import Mesh
from compiler.bounds import RESOURCES, lower_bounds
from compiler.crossbar.tables import NEURON, row_synapses
from compiler.place import tile_position
from compiler.program import Program
from compiler.usage import Usage


def crossbar_usage(program: Program) -> Usage:
    """Measure a crossbar program's use of its chip; synapse memory is the crosspoints that are set."""
    t, chip = program.crossbar, program.chip
    n_cores, slot_core = len(t.core), t.slot_core()
    sends = np.flatnonzero(t.target >= 0)
    start, end = slot_core[sends], t.target[sends] // t.axons
    x, y = tile_position(t.core, chip.mesh)
    hops = np.abs(x[start] - x[end]) + np.abs(y[start] - y[end])
    used_axon = (t.axon_key >= 0) & ((row_synapses(t) > 0) | np.isin(np.arange(len(t.axon_key)), t.target[sends]))
    synapses = row_synapses(t).reshape(n_cores, -1).sum(axis=1)
    used = {
        "neurons": np.diff(t.core_ptr),
        "input_axons": used_axon.reshape(n_cores, -1).sum(axis=1),
        "output_axons": np.bincount(start, minlength=n_cores),
        "synapse_memory_bits": synapses,
    }
    n = t.n_neurons
    senders = int(((t.role == NEURON) & (t.target >= 0)).sum())
    channels = int((np.diff(t.channel_ptr) > 0).sum())
    return Usage(
        core=t.core,
        used={key: values.astype(np.int64) for key, values in used.items()},
        limit={key: getattr(chip.core, key) for key in RESOURCES},
        lower_bound=lower_bounds(chip, n, senders + channels, senders, 0),
        packets_per_spike=len(sends) / n,
        packets_between_cores_per_spike=float((start != end).sum()) / n,
        hops_per_spike=float(hops.sum()) / n,
        busiest_link_packets=busiest_link(x[start], y[start], x[end], y[end], chip.mesh),
    )


def busiest_link(
    from_x: npt.NDArray[np.int32],
    from_y: npt.NDArray[np.int32],
    to_x: npt.NDArray[np.int32],
    to_y: npt.NDArray[np.int32],
    mesh: Mesh,
) -> int:
    """Packets over the busiest directed link when each of these is sent once, east-west first: sums of run ends."""
    most = 0
    for sign in (1, -1):
        right, up = sign * (to_x - from_x) > 0, sign * (to_y - from_y) > 0
        across = np.zeros((mesh.width + 1, mesh.height), np.int64)
        along = np.zeros((mesh.width, mesh.height + 1), np.int64)
        np.add.at(across, (np.minimum(from_x, to_x)[right], from_y[right]), 1)
        np.add.at(across, (np.maximum(from_x, to_x)[right], from_y[right]), -1)
        np.add.at(along, (to_x[up], np.minimum(from_y, to_y)[up]), 1)
        np.add.at(along, (to_x[up], np.maximum(from_y, to_y)[up]), -1)
        most = max(most, int(across.cumsum(axis=0).max()), int(along.cumsum(axis=1).max()))
    return most
