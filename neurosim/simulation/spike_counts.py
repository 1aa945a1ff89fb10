"""What one spike adds to the counts, known when a program is laid out, in the forms of layout.py."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips.packing import places
from compiler import Program, Routes
from compiler.usage import list_memory_bits
from neurosim.simulation import layout
from neurosim.simulation.aligned import aligned, aligned_copy
from neurosim.simulation.counting import fill_rows
from neurosim.simulation.layout import ARRIVING, AT_HOME, N_HOME, Caused

Ints32 = npt.NDArray[np.int32]


def counts_per_spike(program: Program, routes: Routes) -> tuple[Ints32, Ints32]:
    """What one spike adds where it arrives, [axon, kinds ARRIVING], and on its own core, [source, kinds AT_HOME].

    Of external spikes the packets are INPUT_PACKETS.
    """
    return _there(program, routes), _at_home(program, routes)


def _there(program: Program, routes: Routes) -> Ints32:
    t, lists = program.lists, program.chip.lists
    list_source = np.repeat(np.arange(len(t.source_ptr) - 1), np.diff(t.source_ptr))
    axon_of_list = np.cumsum(np.diff(list_source * len(t.core) + t.list_core, prepend=-1) > 0) - 1
    del list_source
    length = _places(np.diff(t.list_ptr), program)
    is_dense = np.array([f.index_bits == 0 for f in program.formats], np.bool_)[t.list_format]
    there = np.ones((len(routes.axon_core), len(ARRIVING)), np.int32)
    for column, kind in enumerate(ARRIVING):
        if kind == layout.SYNAPTIC_EVENTS:
            each = length
        elif kind == layout.SYNAPTIC_EVENTS_DENSE:
            each = length * is_dense
        elif kind == layout.SYNAPSE_WORDS:
            each = -(-list_memory_bits(program) // lists.word_bits)
        elif lists.layout == "row":  # each row is an event, and a packet, of its own
            each = np.ones(len(length), np.int64)
        else:
            continue
        there[:, column] = np.bincount(axon_of_list, weights=each, minlength=len(there))
    return there


def _at_home(program: Program, routes: Routes) -> Ints32:
    n_sources = len(routes.axon_ptr) - 1
    here = np.zeros((n_sources, len(AT_HOME)), np.int32)
    here[: program.n_neurons, AT_HOME.index(layout.SPIKES)] = 1
    for kind, values in _sent(routes).items():
        here[:, AT_HOME.index(kind)] = values
    return here


def _sent(routes: Routes) -> dict[int, npt.NDArray[Any]]:
    """What a spike sends, and what that crosses: kind -> [source].  A multicast packet leaves once for all cores."""
    n_sources, inside = len(routes.axon_ptr) - 1, routes.axon_pair >= 0
    sender = np.repeat(np.arange(n_sources, dtype=np.int32), np.diff(routes.axon_ptr))[inside]
    pair, trees = routes.axon_pair[inside], routes.trees
    between = np.bincount(sender, weights=(routes.pair_from != routes.pair_to)[pair], minlength=n_sources)
    out = np.bincount(sender, minlength=n_sources)
    if trees is not None:
        return {
            layout.PACKETS_OUT: out > 0,
            layout.PACKETS_BETWEEN_CORES: between > 0,
            layout.HOPS_X: trees.hops_x,
            layout.HOPS_Y: trees.hops_y,
            layout.BORDERS_X: trees.borders_x,
            layout.BORDERS_Y: trees.borders_y,
        }
    of_pair = {
        layout.HOPS_X: routes.pair_hops_x,
        layout.HOPS_Y: routes.pair_hops_y,
        layout.BORDERS_X: routes.pair_borders_x,
        layout.BORDERS_Y: routes.pair_borders_y,
    }
    crossed = {k: np.bincount(sender, weights=v[pair], minlength=n_sources) for k, v in of_pair.items()}
    return {layout.PACKETS_OUT: out, layout.PACKETS_BETWEEN_CORES: between, **crossed}


def _ways(routes: Routes) -> tuple[Ints32, npt.NDArray[np.int64], Ints32]:
    """Which links an axon's packet crosses: the way of each axon or -1, and pointers of ways into links.

    The way of a multicast packet is its tree, which stands at the first axon of its source.
    """
    trees = routes.trees
    if trees is None:
        return routes.axon_pair, routes.pair_link_ptr, routes.pair_link
    of_axon = np.full(len(routes.axon_pair), -1, np.int32)
    source = np.flatnonzero(np.diff(routes.axon_ptr) > 0)
    of_axon[routes.axon_ptr[source]] = source  # the trees of external sources are empty
    return of_axon, trees.ptr, trees.link


def _places(length: npt.NDArray[np.int64], program: Program) -> npt.NDArray[np.int64]:
    """Places that lists of so many synapses have."""
    table = [places(n, program.chip.lists) for n in range(int(length.max(initial=0)) + 1)]
    return np.array(table, np.int64)[length]


def caused_by_spikes(program: Program, routes: Routes, by_axons: bool = False) -> Caused:
    """What a spike adds to the counts, and on which links; `by_axons`: in that form, however large it is."""
    here = _at_home(program, routes)[: program.n_neurons]
    home = np.zeros((len(here), N_HOME), np.int32)
    home[:, : len(AT_HOME)] = here
    narrow = home.max(initial=0) < 2**16
    return Caused(
        core_of=np.repeat(np.arange(program.n_cores, dtype=np.int32), np.diff(program.tables.core_ptr)),
        home=aligned_copy((home.astype(np.uint16) if narrow else home).reshape(-1)),
        n_links=len(routes.link),
        n_inside=routes.n_inside,
        **_arriving(program, routes, by_axons),
    )


def _arriving(program: Program, routes: Routes, by_axons: bool) -> dict[str, Any]:
    """What a spike adds where it arrives and on its way, by axons or in the smaller of two forms."""
    arriving = _there(program, routes)
    occur = np.append(True, arriving[:, 1:].any(axis=0))
    arriving, kinds = np.ascontiguousarray(arriving[:, occur]), np.array(ARRIVING, np.int64)[occur]
    n_sources = len(routes.axon_ptr) - 1
    width = layout.padded(len(kinds) * program.n_cores + len(routes.link))
    row_type: type = np.uint8 if arriving.max(initial=0) < 2**8 else np.uint16
    in_rows = n_sources * width * np.dtype(row_type).itemsize
    axon_way, way_ptr, way_link = _ways(routes)
    in_axons = sum(a.nbytes for a in (arriving, routes.axon_core, axon_way, way_link))
    if not by_axons and arriving.max(initial=0) < 2**16 and rows_are_chosen(width, in_rows, in_axons):
        none = {"axon_ptr": _NONE.astype(np.int64), "axon_core": _NONE, "axon_counts": _NONE[:, None]}
        none |= {"axon_pair": _NONE, "pair_link_ptr": _NONE.astype(np.int64), "pair_link": _NONE}
        rows = _rows(routes, arriving, width, program.n_cores, row_type)
        return {"kinds": kinds, "rows": rows, "row_width": width, **none}
    return {
        "kinds": kinds,
        "rows": np.zeros(0, np.uint8),
        "row_width": 0,
        "axon_ptr": routes.axon_ptr,
        "axon_core": routes.axon_core,
        "axon_counts": arriving,
        "axon_pair": axon_way,
        "pair_link_ptr": way_ptr,
        "pair_link": way_link,
    }


_NONE = np.zeros(0, np.int32)


def rows_are_chosen(width: int, in_rows: int, in_axons: int) -> bool:
    """Whether rows take no more bytes than axons, or a row is short enough to be read at once."""
    return width <= layout.WORD or in_rows <= in_axons


def _rows(routes: Routes, arriving: Ints32, width: int, n_cores: int, row_type: type) -> npt.NDArray[Any]:
    """[source * width]: counts of all cores by kind, then loads of links.

    A link is crossed by at most as many packets of a spike as there are cores, and those are fewer than 256 where rows
    are chosen.
    """
    rows = aligned((len(routes.axon_ptr) - 1, width), row_type)
    fill_rows(rows, n_cores, routes.axon_ptr, routes.axon_core, arriving, *_ways(routes))
    return rows.reshape(-1)
