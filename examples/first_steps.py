"""A network of one's own, on two chips: what fits, what it costs, and where the numbers come from."""

import numpy as np

import neurosim as ns

rng = np.random.default_rng(0)

# 300 neurons in physical units, driven by 20 channels, connected at random.
network = ns.Network(dt_ms=1.0)
network.add_input("stimulus", channels=20)
network.add_lif("cells", 300, tau_mem_ms=rng.uniform(10, 30, 300), tau_syn_ms=5.0, refractory_ms=1.0)
network.connect("stimulus", "cells", rng.integers(0, 20, 900), rng.integers(0, 300, 900), weights=2.0)
network.connect(
    "cells",
    "cells",
    rng.integers(0, 300, 6000),
    rng.integers(0, 300, 6000),
    weights=rng.normal(0, 0.3, 6000),
    delays=rng.integers(1, 5, 6000),
)
print(network)

# Poisson spikes at 100 Hz on every channel: rows of (step, channel).
spikes = np.argwhere(rng.random((1000, 20)) < 0.1)

for chip in (ns.load_chip("loihi1"), ns.load_chip("loihi1_sanafe", {"core.neurons": 64})):
    program = ns.compile(network, chip)
    result = ns.run(program, spikes, steps=1000)
    spent, time = ns.energy(result.counts, chip), ns.latency(result.counts, chip)
    worst = max(program.errors, key=lambda error: error.max_relative_error)
    print(
        f"\n{chip.name} {dict(chip.overrides) or ''}: {program.n_cores} cores, binding {set(ns.usage(program).binding)}"
    )
    print(f"  largest lowering error: {worst.max_relative_error:.2%} in {worst.parameter} of {worst.where}")
    print(f"  {result.n_spikes:,} spikes, {result.counts.sum('synaptic_events'):,} synaptic events")
    print(f"  {spent.dynamic_pj / 1e6:.2f} uJ dynamic, {(spent.static_pj or 0) / 1e6:.1f} uJ static")
    print(f"  {time.per_step.mean / 1e3:.2f} us a step (p99 {time.per_step.p99 / 1e3:.2f} us)")
    price = chip.sources["energy.synaptic_event_pj"]
    print(f"  a synaptic event: {chip.energy.synaptic_event_pj} pJ ({price.kind}: {price.source})")
