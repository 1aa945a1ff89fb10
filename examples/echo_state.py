"""An echo state network of tanh units on Loihi 2, in value and in sigma-delta coding, and on Loihi 1 as spikes."""

import numpy as np

import neurosim as ns
from neurosim.continuous import compare_to_float, convert

time = np.arange(300)
signal = 0.6 * np.sin(time / 9) + 0.2 * np.sin(time / 31)
model = ns.echo_state(64, spectral_radius=0.9, leak=0.3, seed=0)
report = ns.check_echo_state(model.weights, model.leak)
print(f"echo states: {report.verdict}, {report.forgetting:.1e} of two initial states left after 500 steps")

for coding, threshold in (("value", 0.0), ("sigma_delta", 0.015)):
    made = compare_to_float(model, signal, "loihi2", coding, threshold)
    spent, took = ns.energy(made.result.counts, "loihi2"), ns.latency(made.result.counts, "loihi2")
    terms, often = np.unique(took.bound_by, return_counts=True)
    print(f"{coding}: {made}")
    print(f"  {spent.dynamic_pj / 1e6:.2f} uJ, all prices {', '.join(sorted(set(spent.kinds.values())))} from Loihi 1")
    print(f"  {took.per_step.mean / 1e3:.2f} us a step, mostly bound by {terms[often.argmax()]}")

small = ns.echo_state(16, leak=0.3, seed=0)
for how in ("rate", "threshold"):
    print(convert(small, how, signal, chip="loihi1"))
