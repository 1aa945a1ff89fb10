"""A liquid of 200,000 neurons on a board of 2 x 4 Loihi 1 chips, against the same mesh of tiles taken for one chip.

Maass columns of 40 x 50 x 100: the generator's default reach of 2 (about 12 synapses a neuron), the same with 200
neurons a core, which fills the board, and (not with --quick) reach 3.25, about 50 synapses a neuron.  The comparison is
what placing without regard to chips does; its crossings are counted where the borders would be.
"""

import time

import bars
import numpy as np

import neurosim as ns
from compiler import route
from neurosim.generators.column import maass_column

MOST_S = 180.0
MOST_CROSSING = 0.6  # packets between chips, of those without regard to chips
SHAPE = (40, 50, 100)
BOARD = {"mesh.chips_x": 2, "mesh.chips_y": 4}
ONE_CHIP = {"mesh.tiles_x": 16, "mesh.tiles_y": 16}


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0])
    cases = {"reach 2": (2.0, {}), "reach 2, full board": (2.0, {"core.neurons": 200}), "reach 3.25": (3.25, {})}
    if args.quick:
        del cases["reach 3.25"]
    figures, checks = {}, []
    for name, (reach, limits) in cases.items():
        net = liquid(reach)
        board, whole = (measured(net, {**limits, **mesh}) for mesh in (BOARD, ONE_CHIP))
        figures[name] = {"board": board, "chips_ignored": whole}
        for way, found in (("board", board), ("chips ignored", whole)):
            bars.say(
                args,
                f"{name}, {way}: {found['synapses']:,} synapses in {found['seconds']:.1f} s on {found['cores']:,} "
                f"cores of {found['chips']} chips; packets a spike within a core {found['own']:.2f}, within a chip "
                f"{found['within']:.2f}, between chips {found['between']:.3f}; {found['hops']:.1f} hops",
            )
        checks.append(bars.at_most(f"{name}: seconds", board["seconds"], MOST_S))
        ratio = board["between"] / max(whole["between"], 1e-9)
        checks.append(bars.at_most(f"{name}: packets between chips / chips ignored", ratio, MOST_CROSSING))
    bars.report(args, "board_cut", figures, checks, [])


def liquid(reach: float) -> ns.Network:
    column = maass_column(SHAPE, reach=reach, seed=1)
    sign = np.where(column.inhibitory, -1, 1)[column.sources]
    net = ns.Network()
    net.add_lif("cells", column.n)
    strength = np.random.default_rng(0).gamma(2.0, 1.0, len(sign))
    net.connect("cells", "cells", column.sources, column.targets, sign * strength)
    return net


def measured(net: ns.Network, overrides: dict) -> dict:
    """Time to compile, and packets a spike by how far they go; a chip is a block of 8 x 4 tiles in either profile."""
    began = time.perf_counter()
    program = ns.compile(net, ns.load_chip("loihi1", overrides))
    seconds = time.perf_counter() - began
    use, routes = ns.usage(program), route(program)
    x, y = np.divmod(program.tables.core // 4, 16)
    chip = x // 8 * 4 + y // 4
    crossing = chip[routes.pair_from] != chip[routes.pair_to]
    between = float(routes.pair_packets[crossing].sum() / program.n_neurons)
    return {
        "seconds": seconds,
        "synapses": program.n_synapses,
        "cores": program.n_cores,
        "chips": len(np.unique(chip)),
        "own": use.packets_per_spike - use.packets_between_cores_per_spike,
        "within": use.packets_between_cores_per_spike - between,
        "between": between,
        "hops": use.hops_per_spike,
    }


if __name__ == "__main__":
    main()
