"""Layout: a crossbar program and its state as crossbar_kernel.py works on them.

An axon is known to the loop by one number, core << axon_bits | axon of the core.  Where a spike goes is one number too,
its "way", and this is also the message that one thread leaves for another:

    bits 0-7 delay in ticks (0: it goes nowhere), bit 8 whether the spike is the network's, above them the axon
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compiler.jit import jit
from neurosim.simulation.aligned import aligned
from neurosim.simulation.lanes import LANES

DRAWS_WEIGHT, DRAWS_LEAK, REVERSES_LEAK = 1, 2, 4  # what a core has
# what its neurons share: a leak and a negative threshold, a rule, the weight of each type, a threshold
PLAIN, SAME_RULE, SAME_WEIGHTS, SAME_THRESHOLD = 8, 16, 32, 64
# columns of what a core's neurons share, and of a neuron's rule
SHARED_LEAK, SHARED_NEGATIVE, SHARED_WEIGHT = range(3)
MASK, RESET_MODE, RESET_POTENTIAL, SATURATES = range(4)
DELAY_BITS = 8  # of a way
REPORTS_BIT, WAY_BITS = DELAY_BITS, DELAY_BITS + 1
PAD = 32  # numbers that a list may hold beyond its end, so that what is ahead can be asked for without a test
HALT_AT, GO_AT, GATE_WORDS = 8, 24, 32  # places in a gate: whether to halt, for even and odd ticks; whether all began
PACE = 8  # numbers from one thread's counter to the next, so that they share no cache line


class CrossbarMachine(NamedTuple):
    """A program, laid out for the loop."""

    core_ptr: npt.NDArray[np.int64]  # [core + 1], into slots
    has: npt.NDArray[np.int32]  # [core], DRAWS_WEIGHT ...
    axon_bits: int  # of the number of an axon in its core; at least 64 axons
    axon_type: npt.NDArray[np.uint8]  # [axon]
    axon_key: npt.NDArray[np.int64]  # [axon]
    row_words: int  # of an axon
    row: npt.NDArray[np.uint64]  # [axon * row_words], bit j: a crosspoint with neuron j of the core
    weight: npt.NDArray[np.int16]  # [type * slots + slot]
    stochastic_weights: npt.NDArray[np.uint8]  # [slot]
    leak: npt.NDArray[np.int16]  # [slot]
    leak_reversal: npt.NDArray[np.uint8]  # [slot]
    stochastic_leak: npt.NDArray[np.uint8]  # [slot]
    threshold: npt.NDArray[Any]  # [slot], in as many bits as v is; so is the next
    negative_threshold: npt.NDArray[Any]  # [slot]
    rule: npt.NDArray[np.int32]  # [slot, then core, 4], MASK (of the threshold's random number) ...
    shared: npt.NDArray[np.int32]  # [core, 8], SHARED_LEAK ...; like rules of cores read where neurons have the same
    potential: npt.NDArray[np.int32]  # [slot], at the start
    small: bool  # whether potentials never leave 16 bits, see crossbar_range.py
    neuron_key: npt.NDArray[np.int64]  # [slot], names the neuron in random numbers: copies share it
    way: npt.NDArray[Any]  # [slot], where a spike goes; int32 where all fit, else int64
    crossings: npt.NDArray[np.int32]  # [slot, 4], hops and borders in x, y; empty where the tiles of both ends say them
    tile_x: npt.NDArray[np.int16]  # [core]
    tile_y: npt.NDArray[np.int16]  # [core]
    height: int  # tiles of the block of chips in use, north-south
    tiles: int  # of that block
    chip_width: int  # tiles of a chip
    chip_height: int
    merged: bool  # whether the edge of a chip has one link for all its tiles
    pair: npt.NDArray[np.int32]  # [slot], into pairs: ways that are not plain, around disabled links; -1: none
    pair_link_ptr: npt.NDArray[np.int64]  # [pair + 1]
    pair_link: npt.NDArray[np.int32]
    n_inside: int  # of the links of pairs, those inside chips stand first
    input_ptr: npt.NDArray[np.int64]  # [channel + 1]
    input_target: npt.NDArray[np.int64]  # axon
    input_delay: npt.NDArray[np.uint8]
    rows: int  # ticks that the axons look ahead: longest delay + 1
    v_limit: int
    random_shift: int  # of a 64-bit number, to as many bits as the chip draws
    max_delay: int
    loss_limit: int  # see packet_loss.py; 0: no packet gets lost
    way_key: npt.NDArray[np.int64]  # [slot], names its packet where some get lost, else empty
    input_key: npt.NDArray[np.int64]  # [entry of input_target], likewise


class CrossbarState(NamedTuple):
    """What a sample carries from tick to tick, and scratch for each of the threads that share it ("parts").

    Threads meet once a tick.  One may then be a tick ahead of another that still reads what it left, so that all that
    is left for others is there twice, for even and odd ticks ("parity").
    """

    v: npt.NDArray[Any]  # [slot], int16 where potentials are small, else int32
    axon: npt.NDArray[np.uint64]  # [row of the tick, core, word], flat: bits of the axons where a spike arrives
    seed: npt.NDArray[np.uint64]  # [1]
    part: npt.NDArray[np.int64]  # [part + 1], first core
    part_of: npt.NDArray[np.int32]  # [core]
    u: npt.NDArray[np.int32]  # [slot], v before it is compared, where that is probed
    arrived: npt.NDArray[np.int32]  # [part, axon of the part], where a spike arrives now, ascending
    row_at: npt.NDArray[np.int64]  # [part, axon of a core], the first word of the rows to add, and their weights
    row_weight: npt.NDArray[np.int32]
    crossed: npt.NDArray[np.int32]  # [part, slot of a core], who crossed a threshold
    fired: npt.NDArray[np.int32]  # [part, slot of the part], who fired; who of them is reported is put in front
    message_ptr: npt.NDArray[np.int64]  # [from part, to part], where their messages begin: there is room for all
    message: npt.NDArray[Any]  # [parity, slot]
    row_of_delay: npt.NDArray[np.int64]  # [part, delay; padded], where the row of a later tick stands in `axon`
    n_reported: npt.NDArray[np.int64]  # [parity, part * PACE], how many of `fired` are reported
    n_sent: npt.NDArray[np.int64]  # [parity, from part, to part; padded], end of their messages
    load_x: npt.NDArray[np.int32]  # [parity, part, direction * tiles + tile]: where runs of links begin and end
    load_y: npt.NDArray[np.int32]
    load: npt.NDArray[np.int32]  # [parity, part, link]
    gate: npt.NDArray[np.int64]  # [GATE_WORDS], where the parts meet, and at HALT_AT ...


def begin(machine: CrossbarMachine, state: CrossbarState, seed: int) -> None:
    """The state of a sample before its first tick; all of it was zero."""
    state.v[:] = machine.potential
    state.seed[0] = np.uint64(seed)


def shift(state: CrossbarState, steps: int) -> None:
    """Number ticks anew: what is tick t from now on draws the random numbers of tick t + `steps`.

    `random` adds tick * constant to the seed, so the seed takes up the difference.
    """
    state.seed[0] = (int(state.seed[0]) + steps * 0x9E3779B97F4A7C15) % 2**64


def widened(state: CrossbarState) -> CrossbarState:
    """The same state with room for any potential, also such as no tick leaves behind."""
    v: npt.NDArray[np.int32] = aligned(len(state.v), np.int32)
    v[:] = state.v
    return state._replace(v=v)


def empty_state(machine: CrossbarMachine, parts: int = 1) -> CrossbarState:
    """The arrays of a sample, zero, for so many threads or fewer."""
    n, n_cores, axons = len(machine.leak), len(machine.core_ptr) - 1, 1 << machine.axon_bits
    parts = max(1, min(parts, n_cores))
    part = np.linspace(0, n_cores, parts + 1).astype(np.int64)
    part_of = np.repeat(np.arange(parts, dtype=np.int32), np.diff(part))
    widest = int(np.diff(machine.core_ptr).max(initial=1))
    most_slots = int(np.diff(machine.core_ptr[part]).max())
    most_axons = int(np.diff(part).max()) * axons
    links = int(machine.pair_link.max(initial=-1)) + 1
    return CrossbarState(
        v=aligned(n, np.int16 if machine.small else np.int32),
        axon=aligned(machine.rows * n_cores * (axons // LANES), np.uint64),
        seed=np.zeros(1, np.uint64),
        part=part,
        part_of=part_of,
        u=np.zeros(n, np.int32),
        arrived=np.zeros((parts, most_axons + PAD), np.int32),
        row_at=np.zeros((parts, axons), np.int64),
        row_weight=np.zeros((parts, axons), np.int32),
        crossed=np.zeros((parts, widest + PAD), np.int32),
        fired=np.zeros((parts, most_slots + PAD), np.int32),
        message_ptr=_message_ptr(machine, part, part_of),
        message=np.zeros((2, n + PAD), machine.way.dtype),
        row_of_delay=np.zeros((parts, machine.rows + PACE), np.int64),
        n_reported=np.zeros((2, parts * PACE), np.int64),
        n_sent=np.zeros((2, parts, parts + PACE), np.int64),
        load_x=np.zeros((2, parts, 2 * machine.tiles), np.int32),
        load_y=np.zeros((2, parts, 2 * machine.tiles), np.int32),
        load=np.zeros((2, parts, links), np.int32),
        gate=np.zeros(GATE_WORDS, np.int64),
    )


def _message_ptr(
    machine: CrossbarMachine, part: npt.NDArray[np.int64], part_of: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """Room for a message of every slot, by where it comes from and where it goes: [from part, to part]."""
    parts = len(part) - 1
    if parts == 1:
        return np.zeros((1, 1), np.int64)
    sizes = np.zeros((parts, parts), np.int64)
    _count_ways(machine.way, machine.core_ptr, machine.axon_bits, part_of, sizes)
    pointers: npt.NDArray[np.int64] = (np.cumsum(sizes) - sizes.ravel()).reshape(sizes.shape)
    return pointers


@jit
def _count_ways(way, core_ptr, axon_bits, part_of, sizes):
    """How many slots of each part send to each part."""
    for core in range(len(part_of)):
        for slot in range(core_ptr[core], core_ptr[core + 1]):
            to = np.int64(way[slot])
            if to & ((1 << DELAY_BITS) - 1):
                sizes[part_of[core], part_of[to >> (WAY_BITS + axon_bits)]] += 1
