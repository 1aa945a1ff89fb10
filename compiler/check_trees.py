"""Check trees: unite the ways of every source again, and compare with what is recorded of its multicast packets.

Shares no code with trees.py: destinations are read off the tables, hops are united by sorting, and no tile may be
entered by two links, as a core would then get a packet twice.
"""

import numpy as np
import numpy.typing as npt

from chips.errors import ProgramError
from compiler.program import Program
from compiler.route import Routes
from compiler.trees import Trees

Ints = npt.NDArray[np.int64]
_AT_ONCE = 2**22  # hops that are sorted together
_STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))


def check_trees(program: Program, routes: Routes, trees: Trees, tile: Ints) -> None:
    """Verify the trees of a program of lists, whose ways have been verified.

    Args:
        program: the program.
        routes: its routes.
        trees: those of the routes.
        tile: the tile that each hop of `routes.pair_link` leaves: x * height + y.

    Raises:
        ProgramError: a tree is not the union of its ways, or enters a tile twice.
    """
    source, pair = _destinations(program, routes)
    length = np.diff(routes.pair_link_ptr)[pair]
    n = len(program.tables.neuron_of)
    told = (trees.hops_x, trees.hops_y, trees.borders_x, trees.borders_y)
    if len(trees.ptr) != len(routes.axon_ptr) or trees.ptr[0] != 0 or (np.diff(trees.ptr) < 0).any():
        raise ProgramError("the trees of the routes are not those of the sources")
    if trees.ptr[n] != len(trees.link) or trees.ptr[-1] != len(trees.link) or any(kind[n:].any() for kind in told):
        raise ProgramError("the tree of an external source crosses a link")
    ends = np.append(0, np.cumsum(np.bincount(source, weights=length, minlength=n))).astype(np.int64)
    first = 0
    while first < n:
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _AT_ONCE, side="right")) - 1)
        some = slice(*np.searchsorted(source, [first, last]))
        hop = _ranges(routes.pair_link_ptr[pair[some]], length[some])
        _check(program, routes, trees, np.repeat(source[some], length[some]), hop, tile, range(first, last))
        first = last


def _check(program: Program, routes: Routes, trees: Trees, source: Ints, hop: Ints, tile: Ints, some: range) -> None:
    """The same for some sources: `hop` are all hops of their ways, indices into `pair_link`."""
    mesh = program.chip.mesh
    number = routes.link[routes.pair_link[hop]]
    key = (source * mesh.width * mesh.height + tile[hop]) * 4 + number % 4
    once = np.unique(key, return_index=True)[1]
    source, hop, number = source[once], hop[once], number[once]
    step = np.array(_STEPS)[number % 4]
    entered = source * mesh.width * mesh.height + tile[hop] + step[:, 0] * mesh.height + step[:, 1]
    if len(np.unique(entered)) < len(entered):
        raise ProgramError("the routes of a source enter a tile twice")
    along_x, crosses = step[:, 0] != 0, number >= mesh.width * mesh.height * 4
    told = (trees.hops_x, trees.hops_y, trees.borders_x, trees.borders_y)
    for kind, recorded in zip((along_x, ~along_x, along_x & crosses, ~along_x & crosses), told, strict=True):
        counted = np.bincount(source[kind] - some.start, minlength=len(some))
        if not np.array_equal(counted, recorded[some.start : some.stop]):
            raise ProgramError("the routes of a source have other numbers of hops or borders")
    begin, end = trees.ptr[some.start], trees.ptr[some.stop]
    owner = np.repeat(np.arange(some.start, some.stop), np.diff(trees.ptr[some.start : some.stop + 1]))
    n_links = len(routes.link)
    recorded = np.sort(owner * n_links + trees.link[begin:end])
    if not np.array_equal(recorded, np.sort(source * n_links + routes.pair_link[hop])):
        raise ProgramError("the routes of a source are united to other links than they take")


def _destinations(program: Program, routes: Routes) -> tuple[Ints, Ints]:
    """Every slot and pair of cores between which it sends, ascending, from the tables: two arrays."""
    t, n_cores = program.lists, program.n_cores
    slots = len(t.neuron_of)
    source = np.repeat(np.arange(slots), np.diff(t.source_ptr[: slots + 1]))
    source, core = np.divmod(np.unique(source * n_cores + t.list_core[: len(source)]), n_cores)
    home = np.repeat(np.arange(n_cores), np.diff(t.core_ptr))[source]
    pairs = routes.pair_from.astype(np.int64) * n_cores + routes.pair_to
    return source, np.searchsorted(pairs, home * n_cores + core)


def _ranges(first: Ints, length: Ints) -> Ints:
    """first, first + 1, ... so many of each, one after the other."""
    ends = np.cumsum(length)
    return np.repeat(first - (ends - length), length) + np.arange(int(ends[-1]) if len(ends) else 0)
