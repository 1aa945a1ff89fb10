"""Messages: who sends what to which core in a step, in which order, and how long each keeps its two cores busy.

A core walks its neurons in their order (slots).  Each takes its update; one that fires takes its spike too, and then
sends its packets one after the other, in the order of their destinations.  What lies between two packets of a core
is the second one's work; what is left after the last one is the core's tail.  So the work of a core adds up to its
sending time in timing.py, and that of a receiver to its receiving time.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError
from compiler import Program, Routes
from neurosim.noc.mesh import PS_PER_NS, picoseconds
from neurosim.noc.messages_kernel import fill_messages
from neurosim.result import RunResult
from neurosim.simulation.spike_counts import counts_per_spike
from neurosim.spikes import sample_of_spikes
from neurosim.timing import cycles_ns

Ints = npt.NDArray[np.int64]
SERVED = ("packets_in", "input_packets", "synaptic_events", "synaptic_events_dense", "synapse_words")


class Messages(NamedTuple):
    """Packets of some steps, by step, sending core and order.  Times in ps."""

    first: Ints  # [step, core + 1], into packets
    work: Ints  # [packet], of the sender since its packet before
    pair: Ints  # [packet], into the paths of a Mesh
    service: Ints  # [packet], of the receiver
    tail: Ints  # [step, core], of the sender after its last packet
    inputs: Ints  # [step, core], to receive what came from outside; it is there when the step begins


class Sender(NamedTuple):
    """What `messages_of` needs again and again: a program's axons, and spikes of a run by step."""

    axon_ptr: Ints  # [slot + 1]
    axon_pair: Ints  # [axon]
    axon_service: Ints  # [axon]
    core_ptr: Ints  # [core + 1], into slots
    step_ptr: Ints  # [step of all samples + 1], into spikes
    slot: Ints  # [spike], ascending in each step
    inputs: Ints  # [step of all samples, core]
    update: int
    spike: int
    packet: int


def sender_of(result: RunResult, program: Program, routes: Routes, chip: ChipProfile) -> Sender:
    """The sending side of a run.

    Raises:
        RunError: the result is another program's or kept no counts per step, or the program is one of crossbars,
            or loses packets.
    """
    if program.is_crossbar:
        raise RunError("packets of crossbars have no order within a tick: use model 'analytic'")
    if program.packet_loss is not None:
        raise RunError("which packets got lost is not kept in a run: use model 'analytic'")
    if result.program_digest != program.digest:
        raise RunError("the result is not of this program: run the program again, or load the one that made it")
    n = program.n_neurons
    axon_ptr = routes.axon_ptr[: n + 1]
    there = counts_per_spike(program, routes)[0][: axon_ptr[-1]].astype(np.int64)
    sample = sample_of_spikes(result.sample_ptr)
    offset = np.cumsum(result.steps) - result.steps
    key = np.sort((offset[sample] + result.spike_step) * n + program.slot_of[result.spike_neuron])
    step, slot = np.divmod(key, n)
    counts = np.stack([result.counts.step_of(kind) for kind in SERVED], axis=-1)  # [step, core, kind]
    step_ptr = np.searchsorted(step, np.arange(len(counts) + 1))
    own = np.insert(there, SERVED.index("input_packets"), 0, axis=1)
    axon, spike = _axons_of(axon_ptr, slot)
    np.subtract.at(counts, (step[spike], routes.axon_core[axon]), own[axon])  # what is left came from outside
    time = chip.time
    return Sender(
        axon_ptr=axon_ptr,
        axon_pair=routes.axon_pair[: axon_ptr[-1]].astype(np.int64),
        axon_service=_service(own, chip),
        core_ptr=program.tables.core_ptr,
        step_ptr=step_ptr.astype(np.int64),
        slot=slot,
        inputs=_service(counts, chip),
        update=picoseconds(time.neuron_update_ns + cycles_ns(chip)["neuron_update"]),
        spike=picoseconds(time.spike_ns),
        packet=picoseconds(time.packet_out_ns),
    )


def messages_of(sender: Sender, start: int, stop: int) -> Messages:
    """The messages of steps `start` to `stop`."""
    slot = sender.slot[sender.step_ptr[start] : sender.step_ptr[stop]]
    n_steps, n_cores = stop - start, len(sender.core_ptr) - 1
    n_packets = int((sender.axon_ptr[slot + 1] - sender.axon_ptr[slot]).sum())
    messages = Messages(
        first=np.empty((n_steps, n_cores + 1), np.int64),
        work=np.empty(n_packets, np.int64),
        pair=np.empty(n_packets, np.int64),
        service=np.empty(n_packets, np.int64),
        tail=np.empty((n_steps, n_cores), np.int64),
        inputs=sender.inputs[start:stop],
    )
    fill_messages(sender, start, messages)
    return messages


def batches(sender: Sender, most_packets: int, most_steps: int) -> list[tuple[int, int]]:
    """Ranges of at most so many steps, each of at most so many packets where it has more than one step."""
    packets = np.append(0, np.cumsum(np.diff(sender.axon_ptr)[sender.slot]))[sender.step_ptr]
    ranges, start, n_steps = [], 0, len(packets) - 1
    while start < n_steps:
        stop = int(np.searchsorted(packets, packets[start] + most_packets, side="right")) - 1
        stop = min(max(stop, start + 1), start + most_steps, n_steps)
        ranges.append((start, stop))
        start = stop
    return ranges


def _axons_of(axon_ptr: Ints, slot: Ints) -> tuple[Ints, Ints]:
    """Axons of spikes, one after the other, and the spike of each."""
    n = axon_ptr[slot + 1] - axon_ptr[slot]
    spike = np.repeat(np.arange(len(slot)), n)
    return np.arange(len(spike)) - np.repeat(np.cumsum(n) - n - axon_ptr[slot], n), spike


def _service(counts: Ints, chip: ChipProfile) -> Ints:
    """Time to receive what was counted, in ps: [..., kind of SERVED] -> [...].

    Memory is read meanwhile, so the longer of the two holds.
    """
    time, cycles = chip.time, cycles_ns(chip)
    packets, dense = counts[..., 0] + counts[..., 1], counts[..., 3]
    busy = packets * (time.packet_in_ns + cycles["packet_in"]) + dense * time.synaptic_event_dense_ns
    busy = busy + (counts[..., 2] - dense) * (time.synaptic_event_ns + cycles["synaptic_event"])
    if time.memory_word_ns is not None:
        busy = np.maximum(busy, counts[..., 4] * time.memory_word_ns)
    whole: Ints = np.rint(busy * PS_PER_NS).astype(np.int64)
    return whole
