"""A network out as NIR and in again, spikes as CSV, and the program for SANA-FE to check.  Needs the extra exchange."""

import tempfile
from pathlib import Path

import numpy as np

import neurosim as ns
from neurosim.exchange.to_nir import save_nir

rng = np.random.default_rng(0)
network = ns.Network(dt_ms=1.0)
network.add_input("in", 8)
network.add_lif("cells", 40, tau_mem_ms=20.0, tau_syn_ms=5.0)
source, target = np.divmod(rng.choice(8 * 40, 120, replace=False), 40)  # pairs once each: NIR keeps a matrix
network.connect("in", "cells", source, target, weights=2.0)
source, target = np.divmod(rng.choice(40 * 40, 300, replace=False), 40)
network.connect("cells", "cells", source, target, rng.normal(0, 0.4, 300), delays=2)

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    save_nir(network, folder / "network.nir")
    again = ns.from_nir(folder / "network.nir", dt_ms=1.0)  # NIR's time is continuous, so a step must be stated
    print(again)

    spikes = ns.SpikeTrains.from_samples([np.argwhere(rng.random((100, 8)) < 0.2)], 100)
    ns.write_spikes(spikes, folder / "spikes.csv")
    read = ns.read_spikes(folder / "spikes.csv")

    first, second = (ns.run(ns.compile(one, "loihi1_sanafe"), read) for one in (network, again))
    same = np.array_equal(first.spike_neuron, second.spike_neuron) and np.array_equal(
        first.spike_step, second.spike_step
    )
    print(f"{first.n_spikes} spikes of the network; what came back fires the same: {same}")

    made = ns.to_sanafe(ns.compile(network, "loihi1_sanafe"), folder / "sanafe", read)
    print("for SANA-FE:", ", ".join(sorted(path.name for path in made.folder.iterdir())))
    print("python check.py there compares energy and time of every step, where sanafe 2.2.9 is installed")
