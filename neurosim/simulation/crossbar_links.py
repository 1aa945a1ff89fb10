"""Links of crossbar chips: how loaded the busiest is.

A packet goes east-west in its row of tiles, then north-south.  Only the ends of its two runs are marked; sums along
rows and columns give the load of each link once a tick.
"""

import numpy as np

from compiler.jit import jit
from neurosim.simulation.lanes import raise_to


@jit(inline="always")
def mark(load_x, load_y, height, x, y, to_x, to_y):
    """Mark where the runs of links of a packet begin and end; the first half of a load is of runs to the right or up.

    A run of no links marks one tile twice, which leaves it as it was: cheaper than to ask which runs there are.
    """
    tiles = len(load_x) // 2
    half = tiles if to_x < x else 0
    load_x[half + min(x, to_x) * height + y] += 1
    load_x[half + max(x, to_x) * height + y] -= 1
    half = tiles if to_y < y else 0
    load_y[half + to_x * height + min(y, to_y)] += 1
    load_y[half + to_x * height + max(y, to_y)] -= 1


@jit
def busiest_of_pairs(m, s, parity, part, inside, border, row):
    """Raise `inside[row]` and `border[row]` to the packets over the busiest link inside chips, and the busiest border.

    Loads of all parts are added up and forgotten; the first part does it.
    """
    if part == 0:
        load = _added_up(s.load[parity])
        raise_to(inside, row, load[: m.n_inside].max() if m.n_inside else np.int32(0))
        raise_to(border, row, load[m.n_inside :].max() if m.n_inside < len(load) else np.int32(0))
        load[:] = 0


@jit
def busiest_of_runs(m, s, parity, part, inside, border, row):
    """The same of what was marked; the parts share the four directions."""
    parts, height, width = len(s.part) - 1, m.height, m.tiles // m.height
    for half in range(2):
        tiles = slice(half * m.tiles, (half + 1) * m.tiles)
        if part == half * 2 % parts:
            load = _added_up(s.load_x[parity, :, tiles])
            for tile in range(height, m.tiles):
                load[tile] += load[tile - height]
            _raise_to_busiest(
                load, width, height, height, 1, m.chip_width, m.chip_height, m.merged, inside, border, row
            )
            load[:] = 0
        if part == (half * 2 + 1) % parts:
            load = _added_up(s.load_y[parity, :, tiles])
            for x in range(width):
                for tile in range(x * height + 1, (x + 1) * height):
                    load[tile] += load[tile - 1]
            _raise_to_busiest(
                load, height, width, 1, height, m.chip_height, m.chip_width, m.merged, inside, border, row
            )
            load[:] = 0


@jit
def _added_up(loads):
    """The loads of all parts in place of those of the first; the others are forgotten."""
    for part in range(1, len(loads)):
        loads[0] += loads[part]
        loads[part] = 0
    return loads[0]


@jit
def _raise_to_busiest(
    load, n_along, n_across, step_along, step_across, chip_along, chip_across, merged, inside, border, row
):
    """The same of links of one direction; `chip_along` tiles further on, they lead to the next chip."""
    most_inside, most_border = np.int32(0), np.int32(0)
    for along in range(n_along):
        line = load[along * step_along :: step_across][:n_across]
        if (along + 1) % chip_along:
            for across in range(n_across):
                most_inside = max(most_inside, line[across])
            continue
        edge = np.int32(0)
        for across in range(n_across):
            edge = line[across] if not merged or across % chip_across == 0 else np.int32(edge + line[across])
            most_border = max(most_border, edge)
    raise_to(inside, row, most_inside)
    raise_to(border, row, most_border)
