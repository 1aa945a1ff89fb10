"""A chip profile as an architecture of SANA-FE (the format of version 2.2.9): tiles, cores, the price of each event.

What a neuron's update costs stands as the cost of access, which SANA-FE charges for each neuron in each step, as ours
does.  The core named `outside`, one more on each tile, is free of charge: from it come external spikes, which cross no
link.  A soma of the model `input` holds the spikes of one neuron, so there are as many of them as neurons.
"""

from collections.abc import Iterable

from chips import ChipProfile
from neurosim.timing import barrier_ns, cycles_ns


def architecture(chip: ChipProfile, neurons: int, outside: int, tiles_used: int) -> str:
    """The text of an architecture file.

    Args:
        chip: the profile.
        neurons: most neurons of a core.
        outside: most external channels that enter by one tile.
        tiles_used: tiles in use, on which the barrier's time depends.
    """
    return "".join(f"{line}\n" for line in _lines(chip, max(2, neurons), max(2, outside), tiles_used))


def _lines(chip: ChipProfile, neurons: int, outside: int, tiles_used: int) -> Iterable[str]:
    mesh, energy, time, cycles = chip.mesh, chip.energy, chip.time, cycles_ns(chip)
    hop = chip.noc
    east, north = (hop.hop_x_ns, hop.hop_y_ns) if hop is not None else (0.0, 0.0)
    barrier = 0.0 if time.send_receive == "largest" else barrier_ns(time.barrier, tiles_used)
    yield "architecture:"
    yield f"  name: {_name(chip.name)}"
    yield "  attributes:"
    yield "    topology: mesh"
    yield f"    width: {mesh.width}"
    yield f"    height: {mesh.height}"
    yield "    link_buffer_size: 16"
    yield "    sync_model: fixed"
    yield f"    latency_sync: {_ns(barrier)}"
    yield "  tile:"
    yield f"    - name: tile[0..{mesh.width * mesh.height - 1}]"
    yield "      attributes:"
    for way, pj, ns in (
        ("north", energy.hop_y_pj, north),
        ("south", energy.hop_y_pj, north),
        ("east", energy.hop_x_pj, east),
        ("west", energy.hop_x_pj, east),
    ):
        yield f"        energy_{way}_hop: {_pj(pj)}"
        yield f"        latency_{way}_hop: {_ns(ns)}"
    yield "      core:"
    update = {
        "access_neuron": (energy.neuron_update_pj, time.neuron_update_ns + cycles["neuron_update"]),
        "update_neuron": (0.0, 0.0),
        "spike_out": (energy.spike_pj, time.spike_ns),
    }
    free = dict.fromkeys(update, (0.0, 0.0))
    somas = [
        ("lif", "leaky_integrate_fire", update),
        (f"given[0..{neurons - 1}]", "input", update),
        ("twin", "input", free),
    ]
    synapses = {
        "sparse": (energy.synaptic_event_pj, time.synaptic_event_ns + cycles["synaptic_event"]),
        "dense": (energy.synaptic_event_dense_pj, time.synaptic_event_dense_ns),
    }
    into = (energy.packet_in_pj, time.packet_in_ns + cycles["packet_in"])
    out = (energy.packet_out_pj, time.packet_out_ns)
    cores = "core" if mesh.cores_per_tile == 1 else f"core[0..{mesh.cores_per_tile - 1}]"
    yield from _core(cores, 2 * neurons, into, somas, synapses, out)
    given = [(f"given[0..{outside - 1}]", "input", free)]
    yield from _core("outside", outside, (0.0, 0.0), given, {"sparse": (0.0, 0.0)}, (0.0, 0.0))


def _core(
    name: str,
    neurons: int,
    into: tuple[float, float],
    somas: list[tuple[str, str, dict[str, tuple[float, float]]]],
    synapses: dict[str, tuple[float, float]],
    out: tuple[float, float],
) -> Iterable[str]:
    yield f"        - name: {name}"
    yield "          attributes:"
    yield "            buffer_position: soma"
    yield "            buffer_inside_unit: false"
    yield f"            max_neurons_supported: {neurons}"
    yield "          axon_in:"
    yield from _unit("in", {"message_in": into})
    yield "          soma:"
    for soma, model, prices in somas:
        yield from _unit(soma, prices, model)
    yield "          dendrite:"
    yield from _unit("dendrite", {"update": (0.0, 0.0)}, "accumulator")
    yield "          synapse:"
    for synapse, price in synapses.items():
        yield from _unit(synapse, {"process_spike": price}, "current_based")
    yield "          axon_out:"
    yield from _unit("out", {"message_out": out})


def _unit(name: str, prices: dict[str, tuple[float, float]], model: str = "") -> Iterable[str]:
    yield f"            - name: {name}"
    yield "              attributes:"
    if model:
        yield f"                model: {model}"
    for event, (pj, ns) in prices.items():
        yield f"                energy_{event}: {_pj(pj)}"
        yield f"                latency_{event}: {_ns(ns)}"


def _name(text: str) -> str:
    """Text that YAML takes as it is."""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in text)
    return f"chip_{plain}"


def _pj(value: float) -> str:
    return _in_si(value, 1e-12)


def _ns(value: float) -> str:
    return _in_si(value, 1e-9)


def _in_si(value: float, unit: float) -> str:
    text = repr(float(value) * unit)
    return text if "e" not in text or "." in text else text.replace("e", ".0e")
