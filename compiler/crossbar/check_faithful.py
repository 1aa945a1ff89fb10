"""Check that a crossbar program is the network that it was made from: every spike is followed through the tables.

Slot, axon, row, slot, and on through relays.  Shares no code with the passes; what they say about slots (which neuron
stands where, which neurons send later) is compared with the tables.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chips.errors import ProgramError
from compiler.crossbar.lower import LoweredCrossbar
from compiler.crossbar.tables import COPY, NEURON, PARTIAL, RELAY
from compiler.program import Program

Ints = npt.NDArray[np.int64]
_SOURCE = (1 << 44) - 1  # of the key of an axon; above it is the layer of parallel synapses
_SLACK = 1e-9  # of a stated error


class _Paths(NamedTuple):
    """Ways of spikes through the tables: from a source to a slot that is no relay."""

    source: Ints  # [path], neuron or n_neurons + channel
    slot: Ints  # [path]
    delay: Ints  # [path], ticks of all legs
    axon: Ints  # [path], the last one


def check_faithful_crossbar(program: Program, net: LoweredCrossbar, neuron: Ints, later: npt.NDArray[np.bool_]) -> None:
    """Verify that the program holds exactly the neurons and synapses of `net`.

    Args:
        program: what was made.
        net: what was to be made.
        neuron: [slot], the neuron of `net`, -1 for relays.
        later: [neuron], whether what it sends comes one tick later.

    Raises:
        ProgramError: a neuron, synapse, delay, weight or name is missing, doubled or different.
    """
    _check_neurons(program, net, neuron)
    paths = _follow(program, net, neuron)
    copies = np.bincount(neuron[neuron >= 0], minlength=net.n_neurons)
    delay = net.delay + np.append(later, np.zeros(net.n_channels, np.bool_))[net.source]
    wanted, made = _keys(net.source, net.target, delay), _keys(paths.source, neuron[paths.slot], paths.delay)
    _require(np.array_equal(np.sort(made), np.sort(np.repeat(wanted, copies[net.target]))), "synapses differ")
    _check_weights(program, net, neuron, paths, np.repeat(np.arange(len(wanted)), copies[net.target]), wanted, made)
    _check_names(program, net, paths, later)


def _check_neurons(program: Program, net: LoweredCrossbar, neuron: Ints) -> None:
    """Every neuron has one slot and maybe copies, with its registers; relays are relays."""
    t = program.crossbar
    is_own = (neuron >= 0) & (neuron < net.n_network)
    roles = np.where(neuron < 0, RELAY, PARTIAL)
    _require((np.where(is_own, t.role <= COPY, t.role == roles)).all(), "roles differ")
    _require((t.neuron_of == np.where(is_own, neuron, -1)).all(), "table neuron_of differs")
    first = np.bincount(neuron[t.role == NEURON], minlength=net.n_network)
    _require((first == 1).all(), "a neuron is missing or doubled")
    for name, values in net.registers.items():
        _require((t.registers[name][neuron >= 0] == values[neuron[neuron >= 0]]).all(), f"register {name} differs")
    relay = {name: values[t.role == RELAY] for name, values in t.registers.items()}
    constant = {**dict.fromkeys(relay, 0), "weight_0": 1, "threshold": 1, "negative_saturates": 1}
    _require(all((relay[name] == constant[name]).all() for name in relay), "a relay does not fire with its source")


def _follow(program: Program, net: LoweredCrossbar, neuron: Ints) -> _Paths:
    t = program.crossbar
    rows = t.crossbar.reshape(len(t.axon_type), t.row_bytes)
    axon, column = np.nonzero(np.unpackbits(rows, axis=1, bitorder="little"))
    slot = t.core_ptr[axon // t.axons] + column  # crosspoints, by axon
    sends = np.flatnonzero((t.target >= 0) & (t.role != RELAY))
    channel = np.repeat(np.arange(program.n_channels), np.diff(t.channel_ptr))
    source = np.concatenate([neuron[sends], net.n_neurons + channel])
    via = np.concatenate([t.target[sends], t.channel_target])
    everyone = np.concatenate([t.target[t.target >= 0], t.channel_target])
    _require(len(np.unique(everyone)) == len(everyone), "an axon has two senders, whose spikes could merge")
    delay = np.concatenate([t.target_delay[sends], t.channel_delay]).astype(np.int64)
    found: list[Ints] = []
    for _ in range(2):  # directly, then through a relay
        first, last = np.searchsorted(axon, via), np.searchsorted(axon, via, side="right")
        size = last - first
        which = np.repeat(np.arange(len(via)), size)
        point = np.arange(len(which)) - np.repeat(np.cumsum(size) - size, size) + first[which]
        reached = slot[point]
        ends = t.role[reached] != RELAY
        found.append(np.stack([source[which], reached, delay[which], axon[point]])[:, ends])
        relays = reached[~ends]
        source, row = source[which][~ends], axon[point][~ends]
        _require((t.axon_type[row] == 0).all(), "a relay listens with another weight")
        _require((t.axon_key[row] == net.key_of(source) * 256 + 1).all(), "table axon_key names another source")
        via = t.target[relays]
        delay = delay[which][~ends] + t.target_delay[relays]
    _require(not len(source), "a relay leads to a relay")
    return _Paths(*np.concatenate(found, axis=1))


def _check_weights(
    program: Program, net: LoweredCrossbar, neuron: Ints, paths: _Paths, synapse: Ints, wanted: Ints, made: Ints
) -> None:
    """Weights that must be exact are; others are as near as the program states.  `synapse`: one for each copy."""
    t = program.crossbar
    weights = np.stack([t.registers[f"weight_{g}"] for g in range(4)]).astype(np.float64)
    held = weights[t.axon_type[paths.axon], paths.slot]
    there, here = np.lexsort((held, made)), synapse[np.lexsort((net.weight[synapse], wanted[synapse]))]
    difference, target = np.abs(held[there] - net.weight[here]), net.target[here]
    _require((difference[net.exact[target]] == 0).all(), "weights differ")
    largest = np.zeros(net.n_neurons)
    np.maximum.at(largest, net.target, np.abs(net.weight))
    stated = {e.where: e.max_relative_error for e in program.errors if e.parameter in ("weight", "four_weights")}
    for span in net.spans:
        mine = (target >= span.start) & (target < span.start + span.n) & (target < net.n_network)
        if span.kind == "input" or not mine.any():
            continue
        error = difference[mine] / largest[target[mine]]
        _require(error.max() <= stated[f"population {span.name!r}"] + _SLACK, "weights err by more than is stated")


def _check_names(program: Program, net: LoweredCrossbar, paths: _Paths, later: npt.NDArray[np.bool_]) -> None:
    """The keys by which axons draw random numbers are those of their sources; an axon without a sender is empty."""
    t = program.crossbar
    leg = paths.delay - np.append(later, np.zeros(net.n_channels, np.bool_))[paths.source]
    key = t.axon_key[paths.axon] & _SOURCE
    _require((key == net.key_of(paths.source) * 256 + leg).all(), "table axon_key names another source")
    silent = t.crossbar.reshape(len(t.axon_type), t.row_bytes)[t.axon_key < 0]
    _require(not silent.any(), "an axon without a sender has synapses")


def _keys(source: Ints, target: Ints, delay: npt.NDArray[Any]) -> Ints:
    keys: Ints = (source.astype(np.int64) * 2**27 + target) * 2**9 + delay
    return keys


def _require(holds: Any, what: str) -> None:
    if not holds:
        raise ProgramError(f"the program is not the network: {what}")
