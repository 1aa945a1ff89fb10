"""Time to compile large networks, with a warm and a cold cache of compiled Python, and how well they are mapped.

liquid   a Maass column of 20 x 20 x 25, lambda 3.25: 10,000 neurons, about 427,000 synapses, all limits of Loihi 1
random   10,000 neurons, fan-out 40, no locality: the hardest kind; on the same chip

Warm is the median of five; cold is `compile` alone in a fresh process with an empty NUMBA_CACHE_DIR (of three, or one
with --quick).  Peak memory is that of the fresh process, its compiler of Python code included.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bars
import numpy as np

import neurosim as ns
from neurosim.generators.column import maass_column

MOST_S = 10.0
RUNS = 5
COLD_RUNS = 3


def main() -> None:
    if len(sys.argv) > 2 and sys.argv[1] == "--cold":
        print(json.dumps(cold(sys.argv[2])))
        return
    args = bars.arguments(__doc__.splitlines()[0])
    figures, checks, problems = {}, [], []
    for name in ("liquid", "random"):
        found = {**warm(name), **in_fresh_processes(name, 1 if args.quick else COLD_RUNS)}
        figures[name] = found
        peak = "not told" if found["peak_gb"] is None else f"{found['peak_gb']:.2f} GB"
        bars.say(
            args,
            f"{name}: {found['neurons']:,} neurons, {found['synapses']:,} synapses in {found['warm_s']:.2f} s "
            f"({found['cold_s']:.2f} s in a fresh process with nothing compiled; peak {peak}); "
            f"{found['cores']} cores (at least {found['cores_lower_bound']}), "
            f"{found['packets_between_cores_per_spike']:.2f} packets between cores a spike, "
            f"{found['hops_per_packet']:.2f} hops a packet",
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


def warm(name: str) -> dict:
    net, seconds = network(name), []
    ns.compile(net, ns.load_chip("loihi1"))
    for _ in range(RUNS):
        began = time.perf_counter()
        program = ns.compile(net, ns.load_chip("loihi1"))
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
        "hops_per_packet": use.hops_per_spike / max(use.packets_between_cores_per_spike, 1e-9),
    }


def in_fresh_processes(name: str, runs: int) -> dict:
    found = [in_fresh_process(name) for _ in range(runs)]
    peaks = [f["peak_gb"] for f in found if f["peak_gb"] is not None]
    return {"cold_s": statistics.median(f["cold_s"] for f in found), "peak_gb": max(peaks, default=None)}


def in_fresh_process(name: str) -> dict:
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, __file__, "--cold", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def cold(name: str) -> dict:
    net = network(name)
    began = time.perf_counter()
    ns.compile(net, ns.load_chip("loihi1"))
    seconds = time.perf_counter() - began
    return {"cold_s": seconds, "peak_gb": peak_gb()}


def peak_gb() -> float | None:
    """The most memory that this process has held; only Linux tells (ru_maxrss may be the parent's)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = [line.split() for line in status.read_text().splitlines()]
    return next((int(words[1]) * 1024 / 1e9 for words in lines if words[:1] == ["VmHWM:"]), None)


if __name__ == "__main__":
    main()
