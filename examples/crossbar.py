"""TrueNorth twice: as a network, and as the cores themselves.  Run: python examples/crossbar.py"""

import numpy as np

import neurosim as ns

rng = np.random.default_rng(0)

# A network: neurons in the chip's own registers, whole-number weights, delays in ticks.  The compiler finds axon types,
# makes a copy of a neuron for each further core that it reaches, and says what that costs.
net = ns.Network()
net.add_input("noise", 32)
net.add("cells", 400, "truenorth", threshold=6, leak=-1, leak_reversal=1, negative_threshold=20)
source, target = rng.integers(0, 32, 1200), rng.integers(0, 400, 1200)
net.connect("noise", "cells", source, target, 3)
source = rng.integers(0, 400, 4000)
target = (source + rng.integers(1, 60, 4000)) % 400  # mostly near: a crossbar has room for 256 axons
net.connect("cells", "cells", source, target, np.where(source % 5 == 0, -2, 1), rng.integers(1, 16, 4000))

program = ns.compile(net, "truenorth")
print(program)
for note in program.notes:
    print("  ", note)
spikes = np.argwhere(rng.random((500, 32)) < 0.2)
result = ns.run(program, spikes, steps=500)
spent = ns.energy(result.counts, "truenorth")
merged = result.counts.sum("merged_packets")
print(f"{result.n_spikes:,} spikes, {spent.dynamic_pj * 1e-6:.2f} uJ, {merged} merged packets")

# The cores themselves: two cores of 8 axons and 16 neurons; every neuron of core 0 sends to core 1.
# A stochastic leak makes neurons fire at random; the seed replays them.
cores = ns.CrossbarNetwork.make(
    crossbar=rng.random((2, 8, 16)) < 0.5,
    axon_type=[[0] * 8, [0, 1] * 4],
    target_core=[[1] * 16, [-1] * 16],
    target_axon=np.arange(16) % 8,
    target_delay=2,
    weight_0=[[0] * 16, [2] * 16],
    weight_1=-1,
    leak=[[40] * 16, [0] * 16],
    stochastic_leak=[[1] * 16, [0] * 16],
    threshold=[[3] * 16, [4] * 16],
)
program = ns.compile(cores, "truenorth")
first, again = (ns.run(program, steps=200, seed=5) for _ in range(2))
print(f"{program}: {first.n_spikes} spikes, replayed alike: {np.array_equal(first.spike_neuron, again.spike_neuron)}")
