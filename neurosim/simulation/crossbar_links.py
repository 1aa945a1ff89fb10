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
        for x in range(n // m.height):
            edge = np.int32(0)
            for y in range(m.height):
                load = along_x[x * m.height + y]
                if (x + 1) % m.chip_width:
                    inside = max(inside, load)
                else:
                    edge = load if not m.merged or y % m.chip_height == 0 else np.int32(edge + load)
                    border = max(border, edge)
        for y in range(m.height):
            edge = np.int32(0)
            for x in range(n // m.height):
                load = along_y[x * m.height + y]
                if (y + 1) % m.chip_height:
                    inside = max(inside, load)
                else:
                    edge = load if not m.merged or x % m.chip_width == 0 else np.int32(edge + load)
                    border = max(border, edge)
        along_x[:] = 0
        along_y[:] = 0
    return inside, border
