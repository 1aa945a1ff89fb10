"""Links of crossbar chips: how loaded the busiest is.

A packet goes east-west in its row of tiles, then north-south.  Only the ends of its two runs are marked; sums along
rows and columns give the load of each link once a tick.
"""

import numpy as np

from compiler.jit import jit


@jit(inline="always")
def mark(load_x, load_y, height, x, y, dx, dy):
    """Mark where the runs of links of a packet begin and end; loads are [direction, tile]."""
    if dx > 0:
        load_x[0, x * height + y] += 1
        load_x[0, (x + dx) * height + y] -= 1
    elif dx < 0:
        load_x[1, (x + dx) * height + y] += 1
        load_x[1, x * height + y] -= 1
    at = (x + dx) * height
    if dy > 0:
        load_y[0, at + y] += 1
        load_y[0, at + y + dy] -= 1
    elif dy < 0:
        load_y[1, at + y + dy] += 1
        load_y[1, at + y] -= 1


@jit
def busiest_of_pairs(load, n_inside):
    """Packets over the busiest link inside chips, and over the busiest border; forgets them."""
    inside, border = np.int32(0), np.int32(0)
    for k in range(len(load)):
        if k < n_inside:
            inside = max(inside, load[k])
        else:
            border = max(border, load[k])
        load[k] = 0
    return inside, border


@jit
def busiest_of_runs(m, load_x, load_y):
    """The same of what was marked."""
    inside, border = np.int32(0), np.int32(0)
    n = load_x.shape[1]
    for direction in range(2):
        along_x, along_y = load_x[direction], load_y[direction]
        for tile in range(m.height, n):
            along_x[tile] += along_x[tile - m.height]
        for tile in range(n):
            if tile % m.height:
                along_y[tile] += along_y[tile - 1]
        of_x = _busiest_along(along_x, n // m.height, m.height, m.height, 1, m.chip_width, m.chip_height, m.merged)
        of_y = _busiest_along(along_y, m.height, n // m.height, 1, m.height, m.chip_height, m.chip_width, m.merged)
        inside, border = max(inside, of_x[0], of_y[0]), max(border, of_x[1], of_y[1])
        along_x[:] = 0
        along_y[:] = 0
    return inside, border


@jit
def _busiest_along(load, n_along, n_across, step_along, step_across, chip_along, chip_across, merged):
    """The same of links of one direction; `chip_along` tiles further on, they lead to the next chip."""
    inside, border = np.int32(0), np.int32(0)
    for along in range(n_along):
        edge = np.int32(0)
        for across in range(n_across):
            here = load[along * step_along + across * step_across]
            if (along + 1) % chip_along:
                inside = max(inside, here)
            else:
                edge = here if not merged or across % chip_across == 0 else np.int32(edge + here)
                border = max(border, edge)
    return inside, border
