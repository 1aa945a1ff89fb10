"""An echo state network of tanh units on Loihi 2, in value and in sigma-delta coding, against floating point."""

import numpy as np

import neurosim as ns

UNITS, STEPS, ONE = 64, 300, 2**15  # 1.0 is 2^15 in the tanh of Loihi 2
LEAK = 1229  # of 4096: 0.3
SHIFT = 6  # weights are 64ths

rng = np.random.default_rng(0)
weights = rng.normal(size=(UNITS, UNITS)) * (rng.random((UNITS, UNITS)) < 0.2)
weights *= 0.9 / np.abs(np.linalg.eigvals(weights)).max()
weights = 2 * np.clip(np.round(weights * 2**SHIFT / 2), -127, 127)  # even where both signs occur: 8 bits and a sign
inward = 2 * np.round(rng.uniform(-1, 1, UNITS) * 2**SHIFT / 2)
signal = 0.6 * np.sin(np.arange(STEPS) / 9) + 0.2 * np.sin(np.arange(STEPS) / 31)


def network(**coding: int) -> ns.Network:
    net = ns.Network()
    net.add_input("signal", 1)
    net.add("units", UNITS, "tanh", shift=SHIFT, gain=LEAK, keep=4096 - LEAK, **coding)
    net.connect("signal", "units", np.zeros(UNITS, int), np.arange(UNITS), inward)
    target, source = np.nonzero(weights)
    net.connect("units", "units", source, target, weights[target, source])
    return net


def payloads(values: np.ndarray) -> ns.SpikeTrains:
    at = np.flatnonzero(values)
    return ns.SpikeTrains.from_events(at, 0 * at, STEPS + 1, value=values[at])


state, wanted = np.zeros(UNITS), []
for value in signal:
    drive = (weights @ state + inward * value) / 2**SHIFT
    state = state + LEAK / 4096 * (np.tanh(drive) - state)
    wanted.append(state)

integers = np.round(signal * ONE).astype(int)
codings = {
    "value": (network(), payloads(integers)),
    "sigma_delta": (network(sigma=1, delta=1, threshold=500), payloads(np.diff(integers, prepend=0))),
}
for name, (net, trains) in codings.items():
    program = ns.compile(net, "loihi2")
    result = ns.run(program, trains)
    made = result.trajectory("units", coding=name)[1:] / ONE
    error = np.sqrt(np.mean((made - wanted) ** 2)) / np.std(wanted)
    spent, time = ns.energy(result.counts, "loihi2"), ns.latency(result.counts, "loihi2")
    terms, often = np.unique(time.bound_by, return_counts=True)
    print(f"{name}: {error:.2%} NRMSE, {result.n_spikes:,} messages")
    print(f"  {spent.dynamic_pj / 1e6:.2f} uJ, all prices {', '.join(sorted(set(spent.kinds.values())))} from Loihi 1")
    print(f"  {time.per_step.mean / 1e3:.2f} us a step, mostly bound by {terms[often.argmax()]}")
