"""Time a random recurrent network in NEST (one thread).  Started by speed.py.

    python nest_peer.py NEURONS FAN_OUT DELAY STEPS

The network of brian_peer.py: iaf_psc_exp at a resolution of 0.1 ms.  Builds once; then, for every line that it reads,
goes on with the fraction of the neurons driven that stands there, and prints JSON: the seconds of the run, its
spikes, and the version.  Spikes are counted apart, in a run that is not timed.
"""

import json
import os
import sys
import time

import numpy as np

_answers = os.dup(1)
os.dup2(2, 1)  # NEST greets on standard output, where answers are expected
import nest  # noqa: E402


def main(n: int, fan_out: int, delay: int, steps: int) -> None:
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": 0.1, "local_num_threads": 1, "print_time": False})
    rng = np.random.default_rng(0)
    capacitance, tau = 250.0, 20.0
    fixed = {"E_L": 0.0, "V_th": 1.0, "V_reset": 0.0, "t_ref": 0.1, "tau_m": tau, "C_m": capacitance}
    fixed |= {"tau_syn_ex": 5.0, "tau_syn_in": 5.0}
    cells = nest.Create("iaf_psc_exp", n, params=fixed)
    period = 100 / rng.uniform(0.5, 1.5, n)
    drive, phase, rank = 1 / -np.expm1(-period / 200), rng.uniform(0, 1, n), rng.random(n)
    weights = rng.normal(0, 2e-3, n * fan_out) * capacitance / tau
    source, target = np.repeat(np.arange(1, n + 1), fan_out), rng.integers(1, n + 1, n * fan_out)
    delays = 0.1 * rng.integers(1, delay + 1, n * fan_out)
    nest.Connect(source, target, "one_to_one", {"weight": weights, "delay": delays})
    for line in sys.stdin:
        driven = rank < float(line)
        cells.I_e = (drive * driven * capacitance / tau).tolist()
        cells.V_m = (phase * driven).tolist()
        nest.Prepare()
        nest.Run(20.0)  # until as many spikes are on their way as will be
        before = nest.GetKernelStatus("local_spike_counter")
        began = time.perf_counter()
        nest.Run(steps * 0.1)
        seconds = time.perf_counter() - began
        spikes = nest.GetKernelStatus("local_spike_counter") - before
        nest.Cleanup()
        found = {"seconds": seconds, "spikes": int(spikes), "version": nest.__version__}
        os.write(_answers, f"{json.dumps(found)}\n".encode())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
