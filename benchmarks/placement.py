"""Hops per packet and energy on the mesh of three networks: cores in order, as the compiler places, annealed longer.

liquid   a Maass column of 20 x 20 x 25, lambda 3.25: 10,000 neurons, 256 a core
conv     20,234 neurons, 1.56 million synapses, 256 and 64 a core: 32 x 32 x 2, four layers of 3 x 3 kernels, two full
random   10,000 neurons, fan-out 100 (not with --quick)

Cores have one tile each, no limit but neurons, and hops one price, so that hops are what is placed for; the energy has
Loihi 1's prices.  "Longer" is the best of several seeds of a placement with ten times the moves.  What the network
costs end to end is the product of two factors against neurons and cores in order: packets (the partition's part), hops
of a packet (the placement's part).
"""

import itertools
import time

import bars
import numpy as np

import neurosim as ns
from chips import ChipProfile
from compiler import place as placing
from compiler.board import compact_cores, tile_position
from compiler.hypergraph import hypergraph
from compiler.lower import lower
from compiler.partition import Partition, partition
from compiler.validate import validate
from neurosim.generators.column import maass_column

MOST_OVER_LONGER = 1.02  # hops per packet
MOST_ENERGY = {"liquid": 0.30, "conv": 0.27}  # of neurons and cores in order
MOST_S = {"liquid, 256": 1.0, "conv, 256": 1.0, "conv, 64": 4.0}
LONGER, LONGER_SEEDS = 10, 3
MESH = {"mesh.cores_per_tile": 1, "mesh.tiles_x": 32, "mesh.tiles_y": 32}
NO_LIMITS = {f"core.{key}": None for key in ("input_axons", "output_axons", "synapse_memory_bits")}
SHAPES = ((32, 2, 1), (32, 8, 1), (16, 16, 2), (16, 16, 1), (8, 24, 2))  # side, channels, stride of a layer of conv
FULL = (256, 10)

Synapses = tuple[int, np.ndarray, np.ndarray]


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0])
    cases = [("liquid", liquid, 256), ("conv", conv, 256), ("conv", conv, 64)]
    cases += [] if args.quick else [("random", random_network, 256)]
    figures, checks = {}, []
    for network, make, per_core in cases:
        name = f"{network}, {per_core}"
        found = measured(make(), per_core, 1 if args.quick else LONGER_SEEDS)
        figures[name] = found
        bars.say(
            args,
            f"{name}: {found['cores']} cores; hops per packet in order {found['in_order']:.3f}, placed "
            f"{found['placed']:.3f} in {found['seconds']:.2f} s, longer {found['longer']:.3f}; packets "
            f"{found['packets']:.3f} x hops per packet {found['hops']:.3f} of neurons and cores in order; energy "
            f"{found['energy']:.3f}; busiest link {found['busiest_link']:,} (in order {found['busiest_in_order']:,})",
        )
        if network == "random":
            continue
        checks.append(bars.at_most(f"{name}: hops per packet / longer", found["ratio"], MOST_OVER_LONGER))
        checks.append(bars.at_most(f"{name}: seconds", found["seconds"], MOST_S[name]))
        if per_core == 256:
            checks.append(bars.at_most(f"{name}: energy on the mesh / in order", found["energy"], MOST_ENERGY[network]))
    bars.report(args, "placement", figures, checks, [])


def liquid() -> Synapses:
    column = maass_column((20, 20, 25), reach=3.25, seed=1)
    return column.n, column.sources, column.targets


def random_network() -> Synapses:
    rng, n = np.random.default_rng(0), 10_000
    return n, np.repeat(np.arange(n), 100), rng.integers(0, n, 100 * n)


def conv() -> Synapses:
    """Layers one after the other, a neuron being (row, column, channel); kernels of 3 x 3 over all channels."""
    first, sources, targets = 0, [], []
    for (side, channels, _), (to_side, to_channels, stride) in itertools.pairwise(SHAPES):
        after = first + side * side * channels
        y, x, to, ky, kx, channel = np.indices((to_side, to_side, to_channels, 3, 3, channels)).reshape(6, -1)
        row, column = y * stride + ky - 1, x * stride + kx - 1
        inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
        sources.append((first + (row * side + column) * channels + channel)[inside])
        targets.append((after + (y * to_side + x) * to_channels + to)[inside])
        first = after
    n = SHAPES[-1][0] ** 2 * SHAPES[-1][1]
    for to_n in FULL:
        sources.append(first + np.repeat(np.arange(n), to_n))
        targets.append(first + n + np.tile(np.arange(to_n), n))
        first, n = first + n, to_n
    return first + n, np.concatenate(sources), np.concatenate(targets)


def measured(network: Synapses, per_core: int, seeds: int) -> dict:
    n, sources, targets = network
    net = ns.Network()
    net.add_lif("cells", n)
    net.connect("cells", "cells", sources, targets, 1.0)
    prices = ns.load_chip("loihi1", {**MESH, **NO_LIMITS, "core.neurons": per_core})
    flat = ns.load_chip(prices.name, {**prices.overrides, "energy.hop_x_pj": 1.0, "energy.hop_y_pj": 1.0})
    lowered = lower(validate(net), flat)
    graph = hypergraph(lowered)
    pieces = partition(lowered, graph, flat)
    filled = Partition((np.arange(n) // per_core).astype(np.int32), -(-n // per_core))
    traffic, first = placing.piece_traffic(pieces, graph), placing.piece_traffic(filled, graph)
    placing.place_pieces(traffic[:5, :5], flat)  # compiles the loops
    began = time.perf_counter()
    core = placing.place_pieces(traffic, flat).core_of
    seconds = time.perf_counter() - began
    in_order, filled_order = (compact_cores(flat.mesh, 0, len(t))[: len(t)] for t in (traffic, first))
    longer = min(hops(traffic, longer_placed(traffic, flat, seed), flat) for seed in range(1, seeds + 1))
    placed, base = hops(traffic, core, flat), hops(first, filled_order, flat)
    priced = placing.place_pieces(traffic, prices).core_of
    return {
        "cores": pieces.n_pieces,
        "in_order": hops(traffic, in_order, flat) / traffic.sum(),
        "placed": placed / traffic.sum(),
        "longer": longer / traffic.sum(),
        "ratio": placed / longer,
        "seconds": seconds,
        "packets": traffic.sum() / first.sum(),
        "hops": (placed / traffic.sum()) / (base / first.sum()),
        "energy": energy(traffic, priced, prices) / energy(first, filled_order, prices),
        "busiest_link": busiest(traffic, core, flat),
        "busiest_in_order": busiest(traffic, in_order, flat),
    }


def longer_placed(traffic: np.ndarray, chip: ChipProfile, seed: int) -> np.ndarray:
    """With ten times the moves."""
    kept = {name: getattr(placing, name) for name in ("SWEEPS", "VISITS", "RELIEF_SWEEPS", "RELIEF_VISITS")}
    try:
        for name, value in kept.items():
            setattr(placing, name, tuple(LONGER * v for v in value) if name == "SWEEPS" else LONGER * value)
        return placing.place_pieces(traffic, chip, seed).core_of
    finally:
        for name, value in kept.items():
            setattr(placing, name, value)


def energy(traffic: np.ndarray, core: np.ndarray, chip: ChipProfile) -> float:
    """Of all hops, in pJ."""
    x, y = tile_position(core, chip.mesh)
    each = np.abs(x[:, None] - x) * chip.energy.hop_x_pj + np.abs(y[:, None] - y) * chip.energy.hop_y_pj
    return float((traffic * each).sum())


def busiest(traffic: np.ndarray, core: np.ndarray, chip: ChipProfile) -> int:
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
    return round(most)


def hops(traffic: np.ndarray, core: np.ndarray, chip: ChipProfile) -> float:
    """Of all packets; `chip` prices a hop at 1 pJ."""
    return energy(traffic, core, chip)


if __name__ == "__main__":
    main()
