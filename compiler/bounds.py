"""Lower bounds: how many cores a network needs at least, by each resource alone."""

import numpy as np

from chips.packing import synapse_bits
from chips.profile import ChipProfile
from compiler.hypergraph import Hypergraph
from compiler.lower import LoweredNetwork


def lower_bounds(net: LoweredNetwork, graph: Hypergraph, chip: ChipProfile) -> dict[str, int]:
    """Key of the limit -> cores needed for it, whatever the partition (total need over limit).

    A source with targets needs one input axon somewhere; the padding of synapse words is left out, and every
    list could be dense, so the bounds hold for any partition.
    """
    sending = graph.fan_out > 0
    bits = np.array([synapse_bits(f.weight_bits, 0, f.delay_bits) for f in net.formats], np.int64)
    need = {
        "core.neurons": net.n_neurons,
        "core.input_axons": int(sending.sum()),
        "core.output_axons": int(sending[: net.n_neurons].sum()),
        "core.synapse_memory_bits": int(bits[net.format_of].sum()) if len(bits) else 0,
    }
    limits = {key: getattr(chip.core, key.removeprefix("core.")) for key in need}
    return {key: 1 if limits[key] is None else max(1, -(-need[key] // limits[key])) for key in need}
