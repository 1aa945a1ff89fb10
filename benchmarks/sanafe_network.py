"""A mapped network (mapped_network.py), built in SANA-FE; for the peers that it runs in, on its packaged loihi.yaml."""

import sanafe

FIRES = 1.0  # bias of a neuron that shall fire in this step, with a threshold of half of it


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
            "force_update": True,
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
