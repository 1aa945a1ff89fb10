"""Lower bounds: how many cores a network needs at least, by each resource alone, whatever the partition."""

from typing import Any

from chips.profile import ChipProfile, Pool

RESOURCES = ("neurons", "input_axons", "output_axons", "synapse_memory_bits")
POOL = "pooled_memory_bits"  # a resource of its own on chips that have a pool


def resource_limits(chip: ChipProfile) -> dict[str, int | None]:
    """Resource -> what one core holds of it; None is no limit."""
    limits: dict[str, int | None] = {name: getattr(chip.core, name) for name in RESOURCES}
    return limits | ({POOL: chip.pool.memory_bits} if chip.pool else {})


def limit_key(resource: str) -> str:
    """The key of a profile that holds the limit of a resource."""
    return "pool.memory_bits" if resource == POOL else f"core.{resource}"


def pooled_bits(pool: Pool, neurons: Any, input_axons: Any, output_axons: Any, synapse_bits: Any) -> Any:
    """What neurons, axons and synapses take of a pool: numbers or arrays of them.  Adaptation takes more."""
    axons = input_axons * pool.input_axon_bits + output_axons * pool.output_axon_bits
    return neurons * pool.neuron_bits + axons + synapse_bits


def lower_bounds(
    chip: ChipProfile, neurons: int, sending_sources: int, sending_neurons: int, synapse_bits: int
) -> dict[str, int]:
    """Resource -> cores needed for it: total need over the limit of one core.

    Args:
        chip: the limits.
        neurons: of the network.
        sending_sources: neurons and channels with targets; each needs at least one input axon somewhere.
        sending_neurons: neurons with targets; each needs at least one output axon.
        synapse_bits: of all synapses with neither index (every list could be dense) nor padding.
    """
    needs = (neurons, sending_sources, sending_neurons, synapse_bits)
    need = dict(zip(RESOURCES, needs, strict=True))
    if chip.pool:
        need[POOL] = int(pooled_bits(chip.pool, *needs))
    limits = resource_limits(chip)
    return {name: 1 if limit is None else max(1, -(-need[name] // limit)) for name, limit in limits.items()}
