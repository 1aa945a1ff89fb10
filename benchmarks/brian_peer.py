"""Time a random recurrent network in Brian2 (cpp_standalone, one thread).  Started by step_speed.py.

    python brian_peer.py NEURONS FAN_OUT RATE STEPS DRIVEN

Current-based LIF with an exponential current, 0.1 ms steps, delay of one step; a constant drive for each of
the fraction DRIVEN of the neurons makes the mean rate.  Compiles once; then, for every line that it reads, runs and
prints JSON: the seconds of the run, without compilation, its spikes, and the version of Brian2.
"""

import json
import sys
import tempfile

import brian2 as b
import numpy as np


def main(n: int, fan_out: int, rate: float, steps: int, driven: float) -> None:
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
    period = driven / rate / rng.uniform(0.5, 1.5, n)  # steps between spikes
    is_driven = rng.random(n) < driven
    cells.drive = is_driven / -np.expm1(-period / 200)
    cells.v = is_driven * rng.uniform(0, 1, n)
    synapses = b.Synapses(cells, cells, "w : 1", on_pre="current_post += w", delay=0.1 * b.ms)
    synapses.connect(i=np.repeat(np.arange(n), fan_out), j=rng.integers(0, n, n * fan_out))
    synapses.w = rng.normal(0, 2e-3, n * fan_out)
    monitor = b.SpikeMonitor(cells, record=False)
    network = b.Network(cells, synapses, monitor)
    network.run(steps * b.defaultclock.dt)
    b.device.build(run=False, compile=True, directory=folder)
    for _ in sys.stdin:
        b.device.run(folder, with_output=False, run_args=[])
        spikes = int(monitor.num_spikes)
        found = {"seconds": float(b.device._last_run_time), "spikes": spikes, "version": b.__version__}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
