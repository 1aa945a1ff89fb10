"""How full a compiled chip is: per core and in total, what binds, and how far from the lower bounds."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chips.packing import list_bits, synapse_bits
from chips.profile import Packets
from compiler.board import chip_of
from compiler.lowering.registers import ADAPTIVE
from compiler.partitioning.bounds import POOL, lower_bounds, pooled_bits, resource_limits
from compiler.program import Program
from compiler.route import Routes, route


@dataclass(frozen=True, slots=True)
class Usage:
    """Use of a chip by a program, when nothing runs yet.

    Rates are taken as equal: "per spike" is the mean over neurons.  Packets are counted where they arrive, whether each
    left for itself or as a copy; hops and loads as the chip's packets go (`mesh.packets`), and in the dictionaries by
    "unicast" and "multicast", as they would be with either.
    """

    core: npt.NDArray[np.int32]  # [used core], number on the mesh
    used: dict[str, npt.NDArray[np.int64]]  # resource -> [used core]
    limit: dict[str, int | None]  # resource -> of one core
    lower_bound: dict[str, int]  # resource -> cores needed for it alone
    packets_per_spike: float  # own core included
    packets_between_cores_per_spike: float  # those between chips included
    packets_between_chips_per_spike: float
    hops_per_spike: float  # those between chips included
    hops_between_chips_per_spike: float
    busiest_link_packets: int  # inside a chip, when every neuron fires once
    busiest_border_packets: int  # between chips, likewise
    hops_per_spike_by_packets: dict[Packets, float]
    busiest_link_by_packets: dict[Packets, int]
    busiest_border_by_packets: dict[Packets, int]
    chips_used: int
    pairs_of_cores: int  # that exchange packets
    pairs_around_disabled_links: int  # of these, with a way other than the plain one

    @property
    def binding(self) -> list[str]:
        """The fullest resource of each core, or "none" where nothing is limited."""
        shares = {k: self.used[k] / limit for k, limit in self.limit.items() if limit is not None}
        if not shares:
            return ["none"] * len(self.core)
        names = list(shares)
        return [names[i] for i in np.argmax(np.stack([shares[k] for k in names]), axis=0)]

    @property
    def cores_lower_bound(self) -> int:
        """No partition can use fewer cores."""
        return max(self.lower_bound.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        return {
            **asdict(self),
            "core": self.core.tolist(),
            "used": {key: values.tolist() for key, values in self.used.items()},
            "binding": self.binding,
            "cores_used": len(self.core),
            "cores_lower_bound": self.cores_lower_bound,
        }


def usage(program: Program) -> Usage:
    """Measure a program's use of its chip."""
    if program.is_crossbar:
        from compiler.crossbar.usage import crossbar_usage  # it makes what is declared here

        return crossbar_usage(program)
    t, chip = program.lists, program.chip
    routes = route(program, "multicast")
    kind, ways = chip.mesh.packets, _ways_by_packets(routes)
    packets, pair = routes.pair_packets, routes
    between = packets[pair.pair_from != pair.pair_to].sum()
    entries = t.list_core if chip.lists.layout == "row" else routes.axon_core  # each row takes an axon
    chip_of_pair = [chip_of(t.core[end], chip.mesh) for end in (pair.pair_from, pair.pair_to)]
    across = packets[chip_of_pair[0] != chip_of_pair[1]].sum()
    n = program.n_neurons
    hops = {name: way.hops / n for name, way in ways.items()}
    link = {name: int(way.load[: routes.n_inside].max(initial=0)) for name, way in ways.items()}
    border = {name: int(way.load[routes.n_inside :].max(initial=0)) for name, way in ways.items()}
    bits = np.bincount(t.list_core, weights=list_memory_bits(program), minlength=program.n_cores)
    used = {
        "neurons": np.diff(t.core_ptr),
        "input_axons": np.bincount(entries, minlength=program.n_cores),
        "output_axons": np.bincount(pair.pair_from, weights=packets, minlength=program.n_cores).astype(np.int64),
        "synapse_memory_bits": bits.astype(np.int64),
    }
    if chip.pool:
        adaptive = np.add.reduceat(t.model == ADAPTIVE, t.core_ptr[:-1], dtype=np.int64)
        used[POOL] = pooled_bits(chip.pool, *used.values()) + adaptive * chip.pool.adaptation_bits
    return Usage(
        core=t.core,
        used=used,
        limit=resource_limits(chip),
        lower_bound=_lower_bounds(program),
        packets_per_spike=float(packets.sum()) / n,
        packets_between_cores_per_spike=float(between) / n,
        packets_between_chips_per_spike=float(across) / n,
        hops_per_spike=hops[kind],
        hops_between_chips_per_spike=ways[kind].borders / n,
        busiest_link_packets=link[kind],
        busiest_border_packets=border[kind],
        hops_per_spike_by_packets=hops,
        busiest_link_by_packets=link,
        busiest_border_by_packets=border,
        chips_used=len(np.unique(chip_of(t.core, chip.mesh))),
        pairs_of_cores=int((pair.pair_from != pair.pair_to).sum()),
        pairs_around_disabled_links=int(routes.pair_detours.sum()),
    )


class _Way(NamedTuple):
    hops: int  # when every neuron fires once
    borders: int
    load: npt.NDArray[np.int64]  # [link]


def _ways_by_packets(routes: Routes) -> dict[Packets, _Way]:
    """What all spikes cross, by how packets are sent; `routes` with trees."""
    pair, packets, trees = routes, routes.pair_packets, routes.trees
    hops = int((packets * (pair.pair_hops_x + pair.pair_hops_y)).sum())
    borders = int((packets * (pair.pair_borders_x + pair.pair_borders_y)).sum())
    ways: dict[Packets, _Way] = {"unicast": _Way(hops, borders, routes.unicast_link_load)}
    if trees is not None:
        borders = int((trees.borders_x + trees.borders_y).sum())
        ways["multicast"] = _Way(len(trees.link), borders, routes.link_load)
    return ways


def list_memory_bits(program: Program) -> npt.NDArray[np.int64]:
    """Memory of each list in bits."""
    t = program.lists
    each = np.array([synapse_bits(f.weight_bits, f.index_bits, f.delay_bits) for f in program.formats], np.int64)
    length = np.diff(t.list_ptr)
    key = t.list_format.astype(np.int64) * (int(length.max(initial=0)) + 1) + length
    table = np.zeros(int(key.max(initial=-1)) + 1, np.int64)
    for k in np.flatnonzero(np.bincount(key, minlength=len(table))):
        form, n = divmod(int(k), int(length.max()) + 1)
        table[k] = list_bits(n, int(each[form]), program.chip.lists)
    return table[key]


def _lower_bounds(program: Program) -> dict[str, int]:
    t = program.lists
    sending = np.diff(t.source_ptr) > 0
    each = np.array([synapse_bits(f.weight_bits, 0, f.delay_bits) for f in program.formats], np.int64)
    bits = int((np.diff(t.list_ptr) * each[t.list_format]).sum()) if len(each) else 0
    n = program.n_neurons
    return lower_bounds(program.chip, n, int(sending.sum()), int(sending[:n].sum()), bits)
