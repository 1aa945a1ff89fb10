"""Time a random recurrent network in Brian2 (cpp_standalone, one thread).  Started by step_speed.py.

    python brian_peer.py NEURONS FAN_OUT RATE STEPS

Current-based LIF with an exponential current, 0.1 ms steps, delay of one step; a constant drive per neuron
makes the mean rate.  Compiles once; then, for every line that it reads, runs and prints JSON: the seconds of
the run, without compilation, and its spikes.
"""

import json
import shutil
import sys
import tempfile

import brian2 as b
import numpy as np


def main(n: int, fan_out: int, rate: float, steps: int) -> None:
    folder = tempfile.mkdtemp()
    b.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b.prefs.devices.cpp_standalone.openmp_threads = 0
    b.defaultclock.dt = 0.1 * b.ms
    rng = np.random.default_rng(0)
    model = """dv/dt = (drive - v + current) / (20*ms) : 1
    dcurrent/dt = -current / (5*ms) : 1
    drive : 1 (constant)"""
    cells = b.NeuronGroup(n, model, threshold="v > 1", reset="v = 0", method="exact")
    period = 1 / rate / rng.uniform(0.5, 1.5, n)  # steps between spikes
    cells.drive = 1 / -np.expm1(-period / 200)
    cells.v = rng.uniform(0, 1, n)
    synapses = b.Synapses(cells, cells, "w : 1", on_pre="current_post += w", delay=0.1 * b.ms)
    synapses.connect(i=np.repeat(np.arange(n), fan_out), j=rng.integers(0, n, n * fan_out))
    synapses.w = rng.normal(0, 2e-3, n * fan_out)
    monitor = b.SpikeMonitor(cells, record=False)
    network = b.Network(cells, synapses, monitor)
    network.run(steps * b.defaultclock.dt)
    b.device.build(run=False, compile=True, directory=folder)
    for _ in sys.stdin:
        b.device.run(folder, with_output=False, run_args=[])
        found = {"seconds": float(b.device._last_run_time), "spikes": int(monitor.num_spikes)}
        print(json.dumps(found), flush=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
