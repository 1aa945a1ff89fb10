"""The networks of mapping.py as edges, and the rates of their neurons; input channels there are none."""

from dataclasses import dataclass

import bars  # noqa: F401 - finds neurosim
import numpy as np

import neurosim as ns
from neurosim.generators.column import maass_column

LAYERS = ((32, 2), (32, 8), (16, 16), (16, 16), (8, 24))  # side and channels; a stride of 2 where the side halves
FULL = (256, 10)


@dataclass(frozen=True)
class Edges:
    """Who tells whom: int32 [edge] each, no pair twice."""

    n: int
    sources: np.ndarray
    targets: np.ndarray


def edges(name: str) -> Edges:
    return {"liquid": liquid, "random": random, "conv": conv}[name]()


def liquid(shape: tuple[int, int, int] = (20, 20, 25), reach: float = 3.25) -> Edges:
    column = maass_column(shape, reach=reach, seed=1)
    return Edges(column.n, column.sources, column.targets)


def local(n: int, fan_out: int = 100, sigma: float = 2.6) -> Edges:
    """A block of neurons, as deep as wide, each with so many targets at normal distances; made in linear time."""
    rng, side = np.random.default_rng(2), int(np.ceil(n ** (1 / 3)))
    sources = np.repeat(np.arange(n), fan_out)
    target = np.zeros(len(sources), np.int64)
    for place in (side * side, side, 1):
        moved = sources // place % side + np.rint(rng.normal(0, sigma, len(sources))).astype(np.int64)
        target = target * side + np.abs(np.minimum(moved, 2 * side - 2 - moved))
    inside = target < n
    return _distinct(n, sources[inside], target[inside])


def random(n: int = 10_000, fan_out: int = 100) -> Edges:
    sources = np.repeat(np.arange(n), fan_out)
    return _distinct(n, sources, np.random.default_rng(0).integers(0, n, len(sources)))


def conv() -> Edges:
    """Convolutions of 3 x 3, zero-padded, then two full layers; neurons of a layer by row, column and channel."""
    starts = np.cumsum([0, *(side * side * channels for side, channels in LAYERS), *FULL])
    parts = [
        _convolution(*LAYERS[i], *LAYERS[i + 1], int(starts[i]), int(starts[i + 1])) for i in range(len(LAYERS) - 1)
    ]
    for i in range(len(LAYERS) - 1, len(starts) - 2):
        here, there = np.arange(starts[i], starts[i + 1]), np.arange(starts[i + 1], starts[i + 2])
        parts.append((np.repeat(here, len(there)), np.tile(there, len(here))))
    return _distinct(int(starts[-1]), *(np.concatenate(ends) for ends in zip(*parts, strict=True)))


def rates(n: int) -> np.ndarray:
    """Lognormal, mean 5 Hz, sigma 1."""
    return np.random.default_rng(7).lognormal(np.log(5) - 0.5, 1.0, n)


def network(wiring: Edges) -> ns.Network:
    """Cells with these synapses; a fifth of them are inhibitory."""
    rng = np.random.default_rng(0)
    sign = np.where(rng.random(wiring.n) < 0.2, -1, 1)[wiring.sources]
    net = ns.Network()
    net.add_lif("cells", wiring.n)
    net.connect("cells", "cells", wiring.sources, wiring.targets, sign * rng.gamma(2.0, 1.0, len(sign)))
    return net


def _convolution(
    side: int, channels: int, next_side: int, next_channels: int, start: int, next_start: int
) -> tuple[np.ndarray, np.ndarray]:
    stride = side // next_side
    y, x, c, dy, dx, b = np.meshgrid(
        *map(np.arange, (next_side, next_side, next_channels, 3, 3, channels)), indexing="ij"
    )
    from_y, from_x = y * stride + dy - 1, x * stride + dx - 1
    inside = (from_y >= 0) & (from_y < side) & (from_x >= 0) & (from_x < side)
    source = start + (from_y * side + from_x) * channels + b
    target = next_start + (y * next_side + x) * next_channels + c
    return source[inside], target[inside]


def _distinct(n: int, sources: np.ndarray, targets: np.ndarray) -> Edges:
    source, target = np.divmod(np.unique(sources * np.int64(n) + targets), n)
    return Edges(n, source.astype(np.int32), target.astype(np.int32))
