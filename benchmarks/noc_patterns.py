"""Traffic patterns for models of the network on chip: programs, and spikes that are known before.

Synthetic ones fill the whole mesh of Loihi 1 (8 x 4 tiles of 4 cores) with 32 neurons a core; the liquids are placed
by the compiler.  Nothing enters from outside, and synapses have weight 0, so that a neuron fires when its bias says.
"""

from collections.abc import Callable

import networks
import numpy as np

import neurosim as ns
from compiler.emit import emit
from compiler.lowering.lower import lower
from compiler.partitioning.piece_use import Partition
from compiler.placement.place import Placement
from compiler.validate import validate

PER_CORE, CORES, WIDTH, HEIGHT = 32, 128, 8, 4
LONG = 63  # refractory register: once is enough
Targets = Callable[[np.random.Generator, int], list[int]]  # core -> the cores that one of its neurons reaches
Fires = Callable[[np.random.Generator, int, int], np.ndarray]  # (neurons, steps) -> [neuron], its step or -1


def patterns(quick: bool = False) -> dict[str, Callable[[], tuple[ns.Program, ns.RunResult]]]:
    """Name -> what makes a program and its run."""
    steps = 2 if quick else 4
    return {
        "uniform, 1 % fire, 4 cores each": lambda: synthetic(uniform(4), at_random(0.01), steps),
        "uniform, 10 % fire, 8 cores each": lambda: synthetic(uniform(8), at_random(0.10), steps),
        "uniform, 25 % fire, 16 cores each": lambda: synthetic(uniform(16), at_random(0.25), steps),
        "hot spot, 5 % fire, 1 in 4 to one tile": lambda: synthetic(hot_spot(0.25), at_random(0.05), steps),
        "hot spot, 20 % fire, all to one tile": lambda: synthetic(hot_spot(1.0), at_random(0.20), steps),
        "transpose, 25 % fire": lambda: synthetic(transpose, at_random(0.25), steps),
        "neighbour, 25 % fire": lambda: synthetic(neighbour, at_random(0.25), steps),
        "bursts, 8 tiles to 32 cores each": lambda: synthetic(uniform(32), bursts, steps),
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


def at_random(rate: float) -> Fires:
    """A neuron fires in one of the steps, each with this probability."""
    return lambda rng, n, steps: np.where(rng.random(n) < rate * steps, rng.integers(0, steps, n), -1)


def bursts(rng: np.random.Generator, n: int, steps: int) -> np.ndarray:
    """A quarter of the neurons of 8 tiles in a row fires, in the next step that of the next 8."""
    step = np.arange(n) // PER_CORE // 4 // 8
    return np.where((rng.random(n) < 0.25) & (step < steps), step, -1)


def synthetic(targets: Targets, fires: Fires, steps: int, seed: int = 0) -> tuple[ns.Program, ns.RunResult]:
    """Every core full, on the place that its number says; a neuron has 4 synapses on each core that it reaches."""
    rng = np.random.default_rng(seed)
    n = CORES * PER_CORE
    pairs = [
        (i, core * PER_CORE + int(target))
        for i in range(n)
        for core in targets(rng, i // PER_CORE)
        for target in rng.choice(PER_CORE, 4, replace=False)
    ]
    source, target = np.array(pairs).T
    return placed(np.arange(n) // PER_CORE, source, target, fires(rng, n, steps), steps)


def placed(core: np.ndarray, source: np.ndarray, target: np.ndarray, step: np.ndarray, steps: int):
    """A program whose neurons are on the cores told (ascending), and its run."""
    net, chip = network(len(core), source, target, step, 1024)
    used, piece = np.unique(core, return_inverse=True)
    placement = Placement(used.astype(np.int32))
    program = emit(lower(validate(net), chip), Partition(piece.astype(np.int32), len(used)), placement, chip)
    return program, ns.run(program, steps=steps)


def small_cases() -> dict[str, Callable[[], tuple[ns.Program, ns.RunResult]]]:
    """One step each, to be reckoned by hand: a packet is made in 44.8 ns and served in 19.8 ns (20.7 if sparse)."""
    three = np.arange(3)
    ends = 16 + np.arange(16)  # the cores of tiles (1, 0) to (1, 3)
    fan_out = np.repeat(three, 16), 3 + np.tile(np.arange(16), 3)
    return {
        "A: one packet, three hops north": lambda: placed(np.array([0, 12]), [0], [1], np.array([0, -1]), 1),
        "B: one packet to a core of 40 neurons": lambda: placed(
            np.array([0] + [4] * 40), [0], [1], np.array([0] + [-1] * 40), 1
        ),
        "C: three cores of a tile to the same 16": lambda: placed(
            np.concatenate([three, ends]), *fan_out, np.array([0] * 3 + [-1] * 16), 1
        ),
    }


def liquid(shape: tuple[int, int, int], per_core: int, steps: int, seed: int = 0) -> tuple[ns.Program, ns.RunResult]:
    """The wiring of a Maass column, placed by the compiler; one neuron in ten fires in a step."""
    rng = np.random.default_rng(seed)
    wiring = ns.maass_column(shape, seed=seed)
    net, chip = network(wiring.n, wiring.sources, wiring.targets, at_random(0.1)(rng, wiring.n, steps), per_core)
    program = ns.compile(net, chip)
    return program, ns.run(program, steps=steps)


def network(n: int, source: np.ndarray, target: np.ndarray, step: np.ndarray, per_core: int):
    """Neurons that fire once, in the step told (-1: never), whatever reaches them: a bias takes v there in time."""
    bias = np.where(step < 0, 0, np.round(1000 / (step + 0.5)))
    net = ns.Network()
    net.add_registers(
        "neurons", n, du=4095, dv=0, vth=networks.VTH, bias_mantissa=bias, bias_exponent=7, refractory=LONG
    )
    net.connect("neurons", "neurons", source, target, 0)
    return net, ns.load_chip("loihi1_sanafe", {**networks.UNLIMITED, "core.neurons": per_core})
