"""Unsuited: say why a network does not fit on a crossbar chip, and what would."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from chips.errors import DoesNotFit
from chips.profile import ChipProfile
from compiler.board import usable_cores
from compiler.crossbar.lower import LoweredCrossbar
from compiler.crossbar.pieces import Lines, Pieces, cut, lines_of
from compiler.crossbar.slots import Slots

Ints = npt.NDArray[np.int64]


def refuse_size(net: LoweredCrossbar, lines: Lines, pieces: Pieces, slots: Slots, chip: ChipProfile) -> None:
    """Refuse a network that needs more cores than the chip has, naming the limit that binds and what was found to fit.

    Raises:
        DoesNotFit: likewise.
    """
    available = int(usable_cores(chip.mesh).sum())
    if slots.n_pieces <= available:
        return
    axons = len(pieces.axon_line) / (pieces.n_pieces * (chip.core.input_axons or 1))
    filled = len(slots.role) / (slots.n_pieces * (chip.core.neurons or 1))
    copies = " by the copies that fan-out needs" if len(slots.role) > net.n_neurons else ""
    binding = "core.input_axons" if axons >= filled else f"core.neurons{copies}"
    fan_in = len(net.target) / net.n_neurons
    fits = _fan_in_that_fits(net, chip)
    less = (
        f"with a mean fan-in of {fits:.0f} in place of {fan_in:.0f} it fits"
        if fits
        else "even a tenth of it does not fit"
    )
    local = _cores_if_local(net, chip)
    near = f"the same fan-in from near neurons (in the order of the network) needs {local:,} cores"
    raise DoesNotFit(
        f"the network needs {slots.n_pieces:,} cores of {chip.name}, which has {available:,} (mesh.tiles_x x "
        f"mesh.tiles_y): axons are {axons:.0%} full and neurons {filled:.0%}, so {binding} binds; tried: {less}, and "
        f"{near}; or use several chips (mesh.chips_x)",
        "cores",
        slots.n_pieces,
        int(available),
    )


def _fan_in_that_fits(net: LoweredCrossbar, chip: ChipProfile) -> float | None:
    """The mean fan-in left when synapses are dropped at random until the rest fits: one of ten steps, or None."""
    draw = np.random.default_rng(0).random(len(net.target))
    best, low, high = None, 1, 9
    while low <= high:  # the more is kept, the more cores are needed
        tenth = (low + high) // 2
        kept = draw < tenth / 10
        if _cores(net, chip, net.source[kept], net.target[kept], net.delay[kept]) <= usable_cores(chip.mesh).sum():
            best, low = float(kept.sum()) / net.n_neurons, tenth + 1
        else:
            high = tenth - 1
    return best


def _cores_if_local(net: LoweredCrossbar, chip: ChipProfile) -> int:
    """Cores if every neuron had its fan-in from the nearest neurons, in the order of the network."""
    inside = net.source < net.n_neurons
    order = np.lexsort((np.arange(len(net.target)), net.target))
    order = order[inside[order]]
    target = net.target[order]
    rank = np.arange(len(target)) - np.searchsorted(target, target)
    offset = (rank // 2 + 1) * np.where(rank % 2 == 0, 1, -1)
    source = (target + offset) % net.n_neurons
    return _cores(net, chip, source, target, np.ones(len(target), np.int64))


def _cores(net: LoweredCrossbar, chip: ChipProfile, source: Ints, target: Ints, delay: Ints) -> int:
    ones = np.ones(len(source))
    changed = replace(
        net, source=source, target=target, delay=delay, weight=ones, layer=np.zeros(len(source), np.int64)
    )
    return cut(changed, lines_of(changed, np.zeros(len(source), np.uint8)), chip).n_pieces
