"""Layout: a program and its state as kernel.py works on them.

Synapses are words, those of a source one after the other:

    packed   bits 0-19 target (a slot), 20-23 delay in steps, 24-31 signed weight      4 bytes a synapse
    wide     bits 0-25 target, 26-31 delay; the weight stands apart                    8 bytes a synapse

Weights, and so the ring of arriving input, count in units of 2^unit, the largest power of two that divides them all.

All that a spike causes is known when a program is compiled, so it is counted as a whole, in one of two forms:

    rows     one row a source: for each kind of ARRIVING that occurs the numbers of every core, then the load of every
             link; in bytes, or in two where a number needs them.  Added with a few vector instructions; a row of zeros
             ends them, so that they can always be added four at a time.
    axons    for each core that a source reaches the same numbers, and the links on the way there.

Rows are short where cores are few, axons where a spike reaches few of many cores.  What a spike adds on its own core
is one short row in both.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

PACKED_TARGET_BITS, PACKED_DELAY_BITS, PACKED_WEIGHT_BITS = 20, 4, 8
WIDE_TARGET_BITS, WIDE_DELAY_BITS = 26, 6

# columns of the counts of a core in a step: first what a spike adds at home, then what it adds where it arrives
SPIKES, PACKETS_OUT, PACKETS_BETWEEN_CORES, HOPS_X, HOPS_Y = range(5)
PACKETS_IN, INPUT_PACKETS, SYNAPTIC_EVENTS, SYNAPTIC_EVENTS_DENSE, SYNAPSE_WORDS = range(5, 10)
MERGED_PACKETS = 10  # of a crossbar: packets that met another on their axon
BORDERS_X, BORDERS_Y = range(11, 13)  # at home
N_COUNTS = 13

AT_HOME = (SPIKES, PACKETS_OUT, PACKETS_BETWEEN_CORES, HOPS_X, HOPS_Y, BORDERS_X, BORDERS_Y)
ARRIVING = (PACKETS_IN, SYNAPTIC_EVENTS, SYNAPTIC_EVENTS_DENSE, SYNAPSE_WORDS)  # of external spikes INPUT_PACKETS
N_HOME = 8  # eight, so that a row is one vector

WRAP_ONCE, SATURATE = 0, 1

WORD = 64  # neurons, or numbers of a row, that one instruction of lif_lanes.py takes: both are padded to a multiple
BLOCK = 512  # neurons that are found at rest, and skipped, together
SAME, EACH = 0, 1  # how the neurons of a block are updated: see lif_lanes.py


def padded(n: int) -> int:
    """The next multiple of WORD."""
    return -(-n // WORD) * WORD


class Caused(NamedTuple):
    """What a spike adds to the counts; of all machines but those of crossbars.  spike_counts.py makes it."""

    core_of: npt.NDArray[np.int32]  # [slot]
    home: npt.NDArray[Any]  # [slot * N_HOME], what one spike adds on its own core, kinds AT_HOME; 16 bits if they fit
    kinds: npt.NDArray[np.int64]  # columns of the counts that arrive, PACKETS_IN first; others stay 0
    rows: npt.NDArray[Any]  # [source * padded (kinds * cores + links)], kinds outermost; empty with axons
    axon_ptr: npt.NDArray[np.int64]  # [source + 1]; all of the axons empty where rows are
    axon_core: npt.NDArray[np.int32]  # [axon]
    axon_counts: npt.NDArray[np.int32]  # [axon, kinds]
    axon_pair: npt.NDArray[
        np.int32
    ]  # [axon], its packet's way, or its source's tree; -1: none, or told by another axon
    pair_link_ptr: npt.NDArray[np.int64]  # [pair + 1]
    pair_link: npt.NDArray[np.int32]
    row_width: int  # numbers of a row; 0 with axons
    n_links: int  # in use
    n_inside: int  # links inside chips, which stand first; the others are borders


class Machine(NamedTuple):
    """A program, laid out for the loop.  Slots, sources, axons: see compiler/program.py and route.py."""

    n: int  # neurons
    update: npt.NDArray[np.uint8]  # [block], SAME or EACH
    # registers, [padded slot]; those of neurons of the state's type
    keep_u: npt.NDArray[Any]  # u is scaled by keep_u / 2^16 a step
    keep_v: npt.NDArray[Any]
    threshold: npt.NDArray[Any]  # shifted
    bias: npt.NDArray[np.int32]
    refractory: npt.NDArray[np.uint8]
    synapse_ptr: npt.NDArray[np.int64]  # [source + 1]
    synapse: npt.NDArray[np.uint32]  # [synapse], words
    wide_weight: npt.NDArray[np.int32]  # [synapse], in units; empty where words are packed
    is_packed: bool
    caused: Caused  # what a spike adds to the counts
    max_delay: int
    weight_shift: int  # from units to u
    u_limit: int
    u_rule: int
    v_limit: int
    v_rule: int


class State(NamedTuple):
    """What a sample carries from step to step.  u and v are int32 where a proof allows, else int64."""

    u: npt.NDArray[Any]  # [padded slot]
    v: npt.NDArray[Any]  # [padded slot]
    waiting: npt.NDArray[np.uint8]  # [padded slot], steps of refractoriness left
    ring: npt.NDArray[Any]  # [(max_delay + 1) * padded slots], sums of weights by arrival step; int16 by proof
    at_rest: npt.NDArray[np.uint8]  # [block], 1 where nothing changes until a spike arrives
    before: npt.NDArray[Any]  # [BLOCK], scratch: v before a step


class Buffers(NamedTuple):
    """Where a call writes.  Rows are steps from the first step of the call."""

    counts: npt.NDArray[np.int32]  # [row, core, N_COUNTS]
    busiest_link: npt.NDArray[np.int32]  # [row], inside chips
    busiest_border: npt.NDArray[np.int32]  # [row], between chips
    spike_step: npt.NDArray[np.int32]  # [capacity]
    spike_slot: npt.NDArray[np.int32]  # [capacity]
    probe_slot: npt.NDArray[np.int64]  # [probe]
    probe_u: npt.NDArray[np.int64]  # [row, probe]
    probe_v: npt.NDArray[np.int64]  # [row, probe]
    home: npt.NDArray[np.int32]  # [core * N_HOME], scratch
    arriving: npt.NDArray[np.int32]  # [padded (kinds * cores + links)], scratch
    row_of_delay: npt.NDArray[np.int64]  # [max_delay + 1], scratch
    spike_value: npt.NDArray[np.int32]  # [capacity], payloads; written by graded_kernel.py only, like the next
    input_value: npt.NDArray[np.int32]  # [external spike of the sample], payloads; read
