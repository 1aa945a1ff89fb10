"""Traffic patterns for models of the network on chip: programs, and spikes that are told, not simulated.

Each is a network of 32 neurons a core on the whole of Loihi 1's mesh (8 x 4 tiles of 4 cores), or a liquid that the
compiler placed.  A neuron is silent but for the steps in which its input, an external spike, makes it fire; so both
simulators can be given the same spikes on the same cores.
"""

from collections.abc import Callable

import networks
import numpy as np

import neurosim as ns

PER_CORE, CORES, WIDTH, HEIGHT = 32, 128, 8, 4
Targets = Callable[[np.random.Generator, int], list[int]]  # core -> the cores that one of its neurons reaches


def patterns(quick: bool = False) -> dict[str, Callable[[], tuple[ns.Program, ns.RunResult]]]:
    """Name -> what makes a program and its run."""
    steps = 2 if quick else 4
    return {
        "uniform, 1 % fire, 4 cores each": lambda: synthetic(uniform(4), 0.01, steps),
        "uniform, 10 % fire, 8 cores each": lambda: synthetic(uniform(8), 0.10, steps),
        "uniform, 50 % fire, 16 cores each": lambda: synthetic(uniform(16), 0.50, steps),
        "hot spot, 5 % fire, 1 in 4 to one tile": lambda: synthetic(hot_spot(0.25), 0.05, steps),
        "hot spot, 20 % fire, all to one tile too": lambda: synthetic(hot_spot(1.0), 0.20, steps),
        "transpose, 30 % fire": lambda: synthetic(transpose, 0.30, steps),
        "neighbour, 30 % fire": lambda: synthetic(neighbour, 0.30, steps),
        "bursts, 8 tiles fire at once to 32 cores": lambda: synthetic(uniform(32), burst(8), steps),
        "liquid, 1,000 neurons on 63 cores": lambda: liquid((10, 10, 10), 16, steps),
        "liquid, 4,096 neurons on 128 cores": lambda: liquid((16, 16, 16), 32, steps),
    }


def uniform(n: int) -> Targets:
    return lambda rng, core: rng.choice(CORES, n, replace=False).tolist()


def hot_spot(share: float) -> Targets:
    """One core anywhere, and one of the tile in the middle with this probability."""

    def targets(rng: np.random.Generator, core: int) -> list[int]:
        middle = (WIDTH // 2 * HEIGHT + HEIGHT // 2) * 4
        hot = [middle + int(rng.integers(4))] if rng.random() < share else []
        return sorted({int(rng.integers(CORES)), *hot})

    return targets


def transpose(rng: np.random.Generator, core: int) -> list[int]:
    """From tile (x, y) to the tile whose number in the other order, y * width + x, is this one's."""
    tile, within = divmod(core, 4)
    x, y = divmod(tile, HEIGHT)
    return [(y * WIDTH + x) * 4 + within]


def neighbour(rng: np.random.Generator, core: int) -> list[int]:
    """To the same core of the tile east and of the tile north, around the edge."""
    tile, within = divmod(core, 4)
    x, y = divmod(tile, HEIGHT)
    return [(((x + 1) % WIDTH) * HEIGHT + y) * 4 + within, (x * HEIGHT + (y + 1) % HEIGHT) * 4 + within]


def burst(tiles: int) -> Callable[[np.random.Generator, int], np.ndarray]:
    """A quarter of the neurons of some tiles in a row, other ones in each step."""

    def fires(rng: np.random.Generator, step: int) -> np.ndarray:
        tile = np.arange(CORES * PER_CORE) // PER_CORE // 4
        return ((tile + step * tiles) % (WIDTH * HEIGHT) < tiles) & (rng.random(len(tile)) < 0.25)

    return fires


def synthetic(targets: Targets, rate, steps: int, seed: int = 0) -> tuple[ns.Program, ns.RunResult]:
    """Every core full; a neuron has 4 synapses on each core that it reaches."""
    rng = np.random.default_rng(seed)
    n = CORES * PER_CORE
    pairs = [
        (i, core * PER_CORE + int(target))
        for i in range(n)
        for core in targets(rng, i // PER_CORE)
        for target in rng.choice(PER_CORE, 4, replace=False)
    ]
    source, target = np.array(pairs).T
    fires = rate if callable(rate) else lambda rng, step: rng.random(n) < rate
    return driven(n, source, target, [fires(rng, step) for step in range(steps)], PER_CORE, in_order=True)


def liquid(shape: tuple[int, int, int], per_core: int, steps: int, seed: int = 0) -> tuple[ns.Program, ns.RunResult]:
    """The wiring of a Maass column, placed by the compiler; one neuron in ten fires."""
    rng = np.random.default_rng(seed)
    wiring = ns.maass_column(shape, seed=seed)
    n = int(np.prod(shape))
    fires = [rng.random(n) < 0.1 for _ in range(steps)]
    return driven(n, wiring.source, wiring.target, fires, per_core, in_order=False)


def driven(n: int, source, target, fires: list[np.ndarray], per_core: int, in_order: bool):
    """Compile with silent synapses, and run so that exactly the told neurons fire in each step."""
    net = ns.Network()
    net.add_input("drive", n)
    net.add_registers("neurons", n, du=4095, dv=4096, vth=0)
    net.connect("drive", "neurons", np.arange(n), np.arange(n), 2)
    net.connect("neurons", "neurons", source, target, 0)
    chip = ns.load_chip("loihi1_sanafe", {**networks.UNLIMITED, "core.neurons": per_core})
    program = ns.compile(net, chip)
    spikes = [(step, int(i)) for step, now in enumerate(fires) for i in np.flatnonzero(now)]
    result = ns.run(program, spikes, steps=len(fires) + 1)
    return program, result
