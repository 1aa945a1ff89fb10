"""Lower bounds: how many cores a network needs at least, by each resource alone, whatever the partition."""

from chips.profile import Core

RESOURCES = ("neurons", "input_axons", "output_axons", "synapse_memory_bits")


def lower_bounds(
    core: Core, neurons: int, sending_sources: int, sending_neurons: int, synapse_bits: int
) -> dict[str, int]:
    """Resource -> cores needed for it: total need over the limit of one core.

    Args:
        core: the limits.
        neurons: of the network.
        sending_sources: neurons and channels with targets; each needs at least one input axon somewhere.
        sending_neurons: neurons with targets; each needs at least one output axon.
        synapse_bits: of all synapses with neither index (every list could be dense) nor padding.
    """
    need = dict(zip(RESOURCES, (neurons, sending_sources, sending_neurons, synapse_bits), strict=True))
    limits = {name: getattr(core, name) for name in RESOURCES}
    return {name: 1 if limits[name] is None else max(1, -(-need[name] // limits[name])) for name in RESOURCES}
