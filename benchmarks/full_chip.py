"""A full TrueNorth: 1,048,576 neurons and 134 million random crosspoints, from a native description.

Prints how long it takes to compile and to run a tick, and the peak of memory, all in this process.
"""

import json
import resource
import subprocess
import sys
import time

import bars
import numpy as np
from published import FILL, uniform_truenorth
from speed_loops import byte_mask_ms

import neurosim as ns

RATE_HZ = 20.0
COMPILE_S, MEMORY_GB = 60, 6


def random_rows(network: ns.CrossbarNetwork, seed: int = 0) -> None:
    """Give every axon of the network 128 random neurons, in place."""
    rng = np.random.default_rng(seed)
    for core in network.crossbar:
        order = rng.random((256, 256), np.float32).argpartition(128, axis=1)[:, :128]
        row = np.zeros((256, 256), np.bool_)
        np.put_along_axis(row, order, True, axis=1)
        core[:] = np.packbits(row, axis=1, bitorder="little")


def full_chip(rate_hz: float) -> ns.CrossbarNetwork:
    """All 4,096 cores, every neuron firing at `rate_hz`, with rows of their own."""
    network = uniform_truenorth(rate_hz)
    network = ns.CrossbarNetwork(**{**vars(network), "crossbar": network.crossbar.copy()})
    random_rows(network)
    return network


def full_chip_tick_ms(rate_hz: float, ticks: int, threads: int = 2) -> dict[str, float]:
    """Time of a tick, once all delays are filled, and its synaptic events: the difference of two runs.

    The median of eleven; and the first of them, which writes what it records to memory that the process never had.
    """
    program, taken, events = ns.compile(full_chip(rate_hz), "truenorth"), [], 0
    ns.run(program, None, FILL, threads=threads)
    for _ in range(11):
        began = time.perf_counter()
        ns.run(program, None, FILL, threads=threads)
        middle = time.perf_counter()
        result = ns.run(program, None, FILL + ticks, threads=threads)
        taken.append(1e3 * (time.perf_counter() - middle - (middle - began)) / ticks)
        events = int(result.counts.step_of("synaptic_events")[FILL:].sum())
        del result  # nobody needs two at a time
    return {"tick_ms": float(np.median(taken)), "first_tick_ms": taken[0], "events": events / ticks}


def measured_apart(ticks: int) -> dict[str, float]:
    """Time of a tick, its events and the bound of byte masks, in a process where nothing else has run.

    A full chip is as fast as memory carries it, and a process that has held other large things finds memory in pieces.
    """
    command = [sys.executable, __file__, "--tick", str(ticks)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(printed.splitlines()[-1])
    return figures


def main() -> None:
    """Print the figures and the bars; with `--tick TICKS` only those of a tick, as JSON."""
    if sys.argv[1:2] == ["--tick"]:
        print(json.dumps({**full_chip_tick_ms(RATE_HZ, int(sys.argv[2])), "byte_mask_ms": byte_mask_ms(RATE_HZ)}))
        return
    args = bars.arguments(__doc__ or "")
    ticks = 20 if args.quick else 200
    network = full_chip(RATE_HZ)
    bars.say(args, f"{network.n_neurons:,} neurons, {network.n_synapses:,} crosspoints")
    start = time.perf_counter()
    program = ns.compile(network, "truenorth")
    compile_s = time.perf_counter() - start
    ns.run(program, None, FILL)  # compiles the loop, if need be
    start = time.perf_counter()
    counts = ns.run(program, None, ticks).counts
    tick_ms = 1e3 * (time.perf_counter() - start) / ticks
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    events = counts.sum("synaptic_events") / ticks
    bars.say(
        args, f"compiled in {compile_s:.2f} s; {tick_ms:.1f} ms a tick with {events:,.0f} events; {peak_gb:.2f} GB"
    )
    figures = {"compile_s": compile_s, "tick_ms": tick_ms, "events_per_tick": events, "peak_gb": peak_gb}
    limits = [bars.at_most("compile, s", compile_s, COMPILE_S), bars.at_most("peak memory, GB", peak_gb, MEMORY_GB)]
    bars.report(args, "full_chip", figures, limits, [])


if __name__ == "__main__":
    main()
