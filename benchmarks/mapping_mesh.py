"""Pieces on a mesh: hops, energy and the busiest link of placements, and placements that are annealed longer."""

import bars  # noqa: F401 - finds neurosim
import numpy as np

import neurosim as ns
from chips import ChipProfile
from compiler.board import compact_cores, tile_position
from compiler.placement import place as placing

MESH = {"mesh.cores_per_tile": 1, "mesh.tiles_x": 32, "mesh.tiles_y": 32}
FLAT = {"energy.hop_x_pj": 1.0, "energy.hop_y_pj": 1.0}


def mesh(flat: bool) -> ChipProfile:
    """One core a tile; a hop has Loihi 1's prices, or if `flat` is 1 pJ in all directions."""
    return ns.load_chip("loihi1", MESH | (FLAT if flat else {}))


def in_order(traffic: np.ndarray, chip: ChipProfile) -> np.ndarray:
    """Cores of a compact block, row by row: [piece]."""
    return compact_cores(chip.mesh, 0, len(traffic))[: len(traffic)]


def longer_placed(traffic: np.ndarray, chip: ChipProfile, seed: int, times: int) -> np.ndarray:
    """Cores after so many times the moves: [piece]."""
    kept = {name: getattr(placing, name) for name in ("SWEEPS", "VISITS", "RELIEF_SWEEPS", "RELIEF_VISITS")}
    try:
        for name, value in kept.items():
            setattr(placing, name, tuple(times * v for v in value) if name == "SWEEPS" else times * value)
        return placing.place_pieces(traffic, chip, seed).core_of
    finally:
        for name, value in kept.items():
            setattr(placing, name, value)


def energy(traffic: np.ndarray, core: np.ndarray, chip: ChipProfile) -> float:
    """Of all hops, in pJ; hops where they cost 1 pJ each."""
    x, y = tile_position(core, chip.mesh)
    each = np.abs(x[:, None] - x) * chip.energy.hop_x_pj + np.abs(y[:, None] - y) * chip.energy.hop_y_pj
    return float((traffic * each).sum())


def busiest(traffic: np.ndarray, core: np.ndarray, chip: ChipProfile) -> float:
    """Packets over the busiest link: runs along rows, then columns, by sums of their ends."""
    x, y = tile_position(core, chip.mesh)
    p, q = np.nonzero(traffic)
    most = 0.0
    for sign in (1, -1):
        for start, end, line in ((x[p], x[q], y[p]), (y[p], y[q], x[q])):
            on = sign * (end - start) > 0
            load = np.zeros((chip.mesh.width + 1, chip.mesh.width))
            np.add.at(load, (np.minimum(start, end)[on], line[on]), traffic[p, q][on])
            np.add.at(load, (np.maximum(start, end)[on], line[on]), -traffic[p, q][on])
            most = max(most, load.cumsum(axis=0).max())
    return float(most)
