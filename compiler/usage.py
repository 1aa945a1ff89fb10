"""How full a compiled chip is: per core and in total, what binds, and how far from the lower bounds."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.packing import list_bits, synapse_bits
from compiler.board import chip_of
from compiler.bounds import POOL, lower_bounds, pooled_bits, resource_limits
from compiler.program import Program
from compiler.registers import ADAPTIVE
from compiler.route import route


@dataclass(frozen=True, slots=True)
class Usage:
    """Use of a chip by a program, when nothing runs yet.

    Rates are taken as equal: "per spike" is the mean over neurons.
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
    routes = route(program)
    packets, pair = routes.pair_packets, routes
    between = packets[pair.pair_from != pair.pair_to].sum()
    entries = t.list_core if chip.lists.layout == "row" else routes.axon_core  # each row takes an axon
    chip_of_pair = [chip_of(t.core[end], chip.mesh) for end in (pair.pair_from, pair.pair_to)]
    across = packets[chip_of_pair[0] != chip_of_pair[1]].sum()
    hops = (packets * (pair.pair_hops_x + pair.pair_hops_y)).sum()
    borders = (packets * (pair.pair_borders_x + pair.pair_borders_y)).sum()
    load = routes.link_load
    n = program.n_neurons
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
        hops_per_spike=float(hops) / n,
        hops_between_chips_per_spike=float(borders) / n,
        busiest_link_packets=int(load[: routes.n_inside].max(initial=0)),
        busiest_border_packets=int(load[routes.n_inside :].max(initial=0)),
        chips_used=len(np.unique(chip_of(t.core, chip.mesh))),
        pairs_of_cores=int((pair.pair_from != pair.pair_to).sum()),
        pairs_around_disabled_links=int(routes.pair_detours.sum()),
    )


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
