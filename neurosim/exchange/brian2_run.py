"""A network in Brian2: the equations of neurosim's `run_float`, with the arrays of the .npz file beside this script.

    python NAME.py [--json]        writes NAME_spikes.npz (step, neuron)

with a Python that has brian2 and numpy; brian2 2.9 needs numpy below 2.4.

Steps are exponential Euler, with the current held over a step; v and the threshold are measured from v_leak.  A step:

    I <- alpha I + sum of weights that arrive      alpha = exp(-dt / tau_syn)      beta = exp(-dt / tau_mem)
    a <- gamma a                                   gamma = exp(-dt / tau_adaptation)
    v <- beta v + (1 - beta) (r I + bias)          0 while a refractory time lasts
    v > threshold + a: spike; then v <- 0, a <- a + jump, and `silent` steps of silence

A spike of step t arrives in step t + delay.  Brian2 delivers after its neurons' update, so there it waits a step less.
Exit code 0 where the spikes are those of neurosim, 1 where some differ.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

PARAMETERS = ("alpha", "beta", "gamma", "gain", "push", "threshold", "jump", "silent")  # gain, push: (1 - beta) r, bias
MODEL = (
    "\n".join(f"{name} : 1 (constant)" for name in PARAMETERS)
    + """
I : 1
v : 1
a : 1
arriving : 1
waiting : 1
blocked : 1
"""
)
UPDATE = """
blocked = int(waiting > 0)
waiting = waiting - blocked
I = alpha * I + arriving
arriving = 0
a = gamma * a
v = (1 - blocked) * (beta * v + (gain * I + push))
"""
THRESHOLD = "v > threshold + a and blocked == 0"
RESET = """
v = 0
a = a + jump
waiting = silent
"""


def main(path: Path, as_json: bool) -> int:
    """Run, compare, print, and give the exit code."""
    given = dict(np.load(path.with_suffix(".npz")))
    step, neuron = simulate(given)
    np.savez(path.with_name(f"{path.stem}_spikes.npz"), step=step, neuron=neuron)
    ours = given["spike_step"].astype(np.int64) * 2**32 + given["spike_neuron"]
    differ = len(np.setxor1d(ours, step * 2**32 + neuron))
    found = {"steps": int(given["steps"]), "spikes": len(step), "neurosim": len(ours), "spikes_that_differ": differ}
    if as_json:
        print(json.dumps(found))
    else:
        print(f"{found['steps']:,} steps: {len(step):,} spikes in Brian2, {len(ours):,} in neurosim, {differ:,} differ")
    return 1 if differ else 0


def simulate(given: dict[str, Any]) -> tuple[Any, Any]:
    """Step and neuron of each spike."""
    import brian2 as b

    b.prefs.codegen.target = "numpy"  # no compiler needed, and no rounding of its own
    dt = float(given["dt_ms"]) * b.ms
    b.defaultclock.dt = dt
    cells = b.NeuronGroup(len(given["alpha"]), MODEL, threshold=THRESHOLD, reset=RESET, name="cells")
    for name in PARAMETERS:
        setattr(cells, name, given[name])
    cells.run_regularly(UPDATE, when="groups", name="update")
    outside = b.SpikeGeneratorGroup(
        max(1, int(given["channels"])), given["input_channel"], given["input_step"] * dt, name="outside"
    )
    parts: list[Any] = [cells, outside]
    is_outside = given["source"] >= len(given["alpha"])
    for group, first, chosen in ((cells, 0, ~is_outside), (outside, len(given["alpha"]), is_outside)):
        if chosen.any():
            synapses = b.Synapses(group, cells, "w : 1", on_pre="arriving_post += w")
            synapses.connect(i=given["source"][chosen] - first, j=given["target"][chosen])
            synapses.w = given["weight"][chosen]
            synapses.delay = (given["delay"][chosen].astype(float) - 1) * dt
            parts.append(synapses)
    monitor = b.SpikeMonitor(cells)
    b.Network(*parts, monitor).run(int(given["steps"]) * dt)
    step = np.round(np.asarray(monitor.t / dt)).astype(np.int64)
    neuron = np.asarray(monitor.i).astype(np.int64)
    order = np.lexsort((neuron, step))
    return step[order], neuron[order]


if __name__ == "__main__":
    sys.exit(main(Path(__file__), "--json" in sys.argv))
