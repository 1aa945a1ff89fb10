"""Time to compile large networks, with a warm and a cold cache of compiled Python, and how well they are mapped.

liquid   a Maass column of 20 x 20 x 25, lambda 3.25: 10,000 neurons, about 427,000 synapses, all limits of Loihi 1
random   10,000 neurons, fan-out 40, no locality: the hardest kind; on as many Loihi 1 cores as it needs
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import bars
import numpy as np

import neurosim as ns
from neurosim.column import maass_column

MOST_S = 10.0
RUNS = 5


def main() -> None:
    if len(sys.argv) > 2 and sys.argv[1] == "--cold":
        print(json.dumps(cold(sys.argv[2])))
        return
    args = bars.arguments(__doc__.splitlines()[0])
    figures, checks, problems = {}, [], []
    for name in ("liquid", "random"):
        found = {**warm(name, 1 if args.quick else RUNS), **in_fresh_process(name)}
        figures[name] = found
        bars.say(
            args,
            f"{name}: {found['neurons']:,} neurons, {found['synapses']:,} synapses in {found['warm_s']:.2f} s "
            f"({found['cold_s']:.2f} s in a fresh process with nothing compiled; peak {found['peak_gb']:.2f} GB); "
            f"{found['cores']} cores (at least {found['cores_lower_bound']}), "
            f"{found['packets_between_cores_per_spike']:.2f} packets between cores and {found['hops_per_spike']:.2f} "
            "hops a spike",
        )
        checks.append(bars.at_most(f"{name}: seconds, warm", found["warm_s"], MOST_S))
        checks.append(bars.at_most(f"{name}: seconds, cold", found["cold_s"], MOST_S))
    bars.report(args, "compile_speed", figures, checks, problems)


def network(name: str) -> ns.Network:
    rng = np.random.default_rng(0)
    if name == "liquid":
        column = maass_column((20, 20, 25), reach=3.25, seed=1)
        n, sources, targets = column.n, column.sources, column.targets
    else:
        n = 10_000
        sources, targets = np.repeat(np.arange(n), 40), rng.integers(0, n, 40 * n)
    sign = np.where(rng.random(n) < 0.2, -1, 1)[sources]
    net = ns.Network()
    net.add_lif("cells", n)
    net.connect("cells", "cells", sources, targets, sign * rng.gamma(2.0, 1.0, len(sources)))
    return net


def chip() -> ns.ChipProfile:
    """Loihi 1 with rows of tiles added, so that the random network fits."""
    return ns.load_chip("loihi1", {"mesh.tiles_y": 8})


def warm(name: str, runs: int) -> dict:
    net, seconds = network(name), []
    ns.compile(net, chip())
    for _ in range(runs):
        began = time.perf_counter()
        program = ns.compile(net, chip())
        seconds.append(time.perf_counter() - began)
    use = ns.usage(program)
    return {
        "neurons": program.n_neurons,
        "synapses": program.n_synapses,
        "warm_s": statistics.median(seconds),
        "cores": program.n_cores,
        "cores_lower_bound": use.cores_lower_bound,
        "packets_between_cores_per_spike": use.packets_between_cores_per_spike,
        "hops_per_spike": use.hops_per_spike,
    }


def in_fresh_process(name: str) -> dict:
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, __file__, "--cold", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def cold(name: str) -> dict:
    import resource

    net = network(name)
    began = time.perf_counter()
    ns.compile(net, chip())
    seconds = time.perf_counter() - began
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"cold_s": seconds, "peak_gb": kilobytes / 1e6}


if __name__ == "__main__":
    main()
