"""Time a mapped network in SANA-FE.  Started by noc_models.py with the interpreter of SANA-FE's environment.

    python noc_peer.py network.npz result.npz

The architecture is the packaged loihi.yaml, as it is.  Neurons fire when told, through their biases, and weights are
0, as SANA-FE rounds leaks otherwise; the same steps are timed with each of its models, and its wall clock is taken.
"""

import sys
import time

import numpy as np
import sanafe
from sanafe_network import FIRES, network

MODELS = ("simple", "detailed", "cycle")


def main(source: str, destination: str) -> None:
    given = dict(np.load(source))
    arch = sanafe.load_loihi()
    chip = sanafe.SpikingChip(arch)
    chip.load(network(given, arch, prescribed=True))
    found = {}
    for model in MODELS:
        chip.reset()
        found[f"{model}_ns"], found[f"{model}_s"] = timed(given, chip, model)
    np.savez(destination, **found)


def timed(given: dict, chip: sanafe.SpikingChip, model: str) -> tuple[np.ndarray, float]:
    """Modelled time of each step, and how long it took to find."""
    neurons = chip.mapped_neuron_groups["neurons"]
    step, slot = given["spike_step"], given["spike_slot"]
    modelled, took = [], 0.0
    before: list[int] = []
    for t in range(int(given["steps"])):
        for i in before:
            neurons[i].set_attributes(model_attributes={"bias": 0.0})
        before = slot[step == t].tolist()
        for i in before:
            neurons[i].set_attributes(model_attributes={"bias": FIRES})
        begin = time.perf_counter()
        result = chip.sim(1, timing_model=model, spike_trace=True, perf_trace=True)
        took += time.perf_counter() - begin
        modelled += result["perf_trace"]["sim_time"]
        fired = sum(len(spikes) for spikes in result["spike_trace"])
        if fired != len(before):
            raise SystemExit(f"error: in step {t} {fired} neurons fired instead of {len(before)}")
    for i in before:
        neurons[i].set_attributes(model_attributes={"bias": 0.0})
    return np.array(modelled) * 1e9, took


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
