"""Run a mapped network in SANA-FE.  Started by sanafe_agreement.py with the interpreter of SANA-FE's environment.

    python sanafe_peer.py network.npz result.npz

The architecture is the packaged loihi.yaml, as it is.
"""

import sys

import numpy as np
import sanafe

FIRES = 1.0  # bias of a neuron that shall fire in this step, with a threshold of half of it


def main(source: str, destination: str) -> None:
    given = dict(np.load(source))
    prescribed = "spike_step" in given
    arch = sanafe.load_loihi()
    chip = sanafe.SpikingChip(arch)
    chip.load(network(given, arch, prescribed))
    energy, time, fired = replay(given, chip) if prescribed else simulate(given, chip, "simple")
    step = np.repeat(np.arange(len(fired)), [len(spikes) for spikes in fired])
    slot = np.array([spike.neuron_offset for spikes in fired for spike in spikes], np.int64)
    found = {"energy_pj": np.array(energy) * 1e12, "time_ns": np.array(time) * 1e9, "step": step, "slot": slot}
    if not prescribed:
        chip.reset()
        found["detailed_time_ns"] = np.array(simulate(given, chip, "detailed")[1]) * 1e9
    np.savez(destination, **found)


def network(given: dict, arch: sanafe.Architecture, prescribed: bool) -> sanafe.Network:
    """The network, each neuron on its core; without weights and memory if the spikes are prescribed."""
    n = len(given["core"])
    net = sanafe.Network()
    group = net.create_neuron_group(
        "neurons",
        n,
        model_attributes={
            "threshold": FIRES / 2 if prescribed else 0.0,
            "leak_decay": 0.0 if prescribed else 1.0,
            "reset": 0.0,
            "force_update": bool(given["force_update"]),
        },
        default_synapse_hw_name="loihi_dense_synapse" if given["dense"] else "loihi_sparse_synapse",
        soma_hw_name="loihi_lif",
        log_spikes=True,
    )
    cores = arch.cores()
    for i, neuron in enumerate(group):
        if not prescribed:
            own = {"bias": float(given["bias"][i]), "threshold": float(given["threshold"][i])}
            neuron.set_attributes(model_attributes=own)
        neuron.map_to_core(cores[int(given["core"][i])])
    weight = given["weight"] * 0 if prescribed else given["weight"]
    pairs = list(zip(given["source"].tolist(), given["target"].tolist(), strict=True))
    group.connect_neurons_sparse(group, {"weight": weight.astype(float).tolist()}, pairs)
    return net


def simulate(given: dict, chip: sanafe.SpikingChip, timing_model: str) -> tuple[list, list, list]:
    """Let the neurons fire as they will."""
    result = chip.sim(int(given["steps"]), timing_model=timing_model, spike_trace=True, perf_trace=True)
    perf = result["perf_trace"]
    return perf["total_energy"], perf["sim_time"], result["spike_trace"]


def replay(given: dict, chip: sanafe.SpikingChip) -> tuple[list, list, list]:
    """Make the given neurons fire in each step, through their biases."""
    neurons = chip.mapped_neuron_groups["neurons"]
    step, slot = given["spike_step"], given["spike_slot"]
    energy, time, fired = [], [], []
    before: list[int] = []
    for t in range(int(given["steps"])):
        now = slot[step == t].tolist()
        for i in before:
            neurons[i].set_attributes(model_attributes={"bias": 0.0})
        for i in now:
            neurons[i].set_attributes(model_attributes={"bias": FIRES})
        result = chip.sim(1, timing_model="simple", spike_trace=True, perf_trace=True)
        energy += result["perf_trace"]["total_energy"]
        time += result["perf_trace"]["sim_time"]
        fired += result["spike_trace"]
        before = now
    return energy, time, fired


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
