"""Time a random recurrent network in Brian2 (cpp_standalone, one thread).  Started by speed.py.

    python brian_peer.py NEURONS FAN_OUT DELAY STEPS

Current-based LIF with an exponential current, 0.1 ms steps, delays of one step or drawn from 1 to DELAY.  Compiles
once; then, for every line that it reads, runs with the fraction of the neurons driven that stands there, each
about once in 100 steps, and prints JSON: the seconds of the run, without compilation, its spikes, and the version.
"""

import json
import sys
import tempfile

import brian2 as b
import numpy as np


def main(n: int, fan_out: int, delay: int, steps: int) -> None:
    holder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # goes when the process ends, however it does
    folder = holder.name
    b.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b.prefs.devices.cpp_standalone.openmp_threads = 0
    b.defaultclock.dt = 0.1 * b.ms
    rng = np.random.default_rng(0)
    model = """dv/dt = (drive - v + current) / (20*ms) : 1
    dcurrent/dt = -current / (5*ms) : 1
    drive : 1 (constant)"""
    cells = b.NeuronGroup(n, model, threshold="v > 1", reset="v = 0", method="exact")
    period = 100 / rng.uniform(0.5, 1.5, n)  # steps between spikes
    drive, phase, rank = 1 / -np.expm1(-period / 200), rng.uniform(0, 1, n), rng.random(n)
    cells.drive, cells.v = drive, phase
    given = {"delay": 0.1 * b.ms} if delay == 1 else {}
    synapses = b.Synapses(cells, cells, "w : 1", on_pre="current_post += w", **given)
    synapses.connect(i=np.repeat(np.arange(n), fan_out), j=rng.integers(0, n, n * fan_out))
    synapses.w = rng.normal(0, 2e-3, n * fan_out)
    if delay > 1:
        synapses.delay = rng.integers(1, delay + 1, n * fan_out) * 0.1 * b.ms
    monitor = b.SpikeMonitor(cells, record=False)
    network = b.Network(cells, synapses, monitor)
    network.run(steps * b.defaultclock.dt)
    b.device.build(run=False, compile=True, directory=folder)
    for line in sys.stdin:
        driven = rank < float(line)
        b.device.run(folder, with_output=False, run_args={cells.drive: drive * driven, cells.v: phase * driven})
        spikes = int(monitor.num_spikes)
        found = {"seconds": float(b.device._last_run_time), "spikes": spikes, "version": b.__version__}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
