"""Latency: counts and a profile's times in, time of each step out.  Pure.

    step = max(slowest core: sending and receiving, overlapped or added; memory; busiest link or border) + barrier
    step = max(sending; receiving; memory; busiest link or border; barrier)              (send_receive: largest)

The time of an event is the profile's own plus, where the chip has a clock, that of its cycles.  The barrier is taken at
the number of tiles in use, or of chips where several are in use and the profile knows what that takes; where the
profile has a tick, a step lasts a tick, and one that needs longer is an overrun and lasts what it needs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, load_chip
from chips.profile import Barrier
from neurosim.counts import Counts
from neurosim.statistics import Summary, summary

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Latency:
    """Modelled time of a run."""

    step_ns: Floats  # [step of all samples]
    needed_ns: Floats  # [step of all samples]; above the tick in an overrun
    bound_by: npt.NDArray[np.str_]  # [step of all samples], see `_terms`
    sample_ns: Floats  # [sample]
    barrier_ns: float
    tick_ns: float | None
    barrier_overlaps: bool  # it is then one of what a step waits for, not added to it

    @property
    def by_bound_ns(self) -> dict[str, float]:
        """What the time of all samples went on: what bound each step, the barrier after it, or the tick.

        A step that ends within the tick is the tick's as a whole.  The parts add up to the total, but for rounding.
        """
        barrier = 0.0 if self.barrier_overlaps else self.barrier_ns
        at_tick = np.zeros(len(self.step_ns), np.bool_) if self.tick_ns is None else self.needed_ns <= self.tick_ns
        names, bound = np.unique(self.bound_by, return_inverse=True)
        spent = np.bincount(bound, np.where(at_tick, 0.0, self.needed_ns - barrier), len(names))
        parts = dict(zip(names.tolist(), spent.tolist(), strict=True))
        parts["barrier"] = parts.get("barrier", 0.0) + barrier * int((~at_tick).sum())
        parts["tick"] = float(self.step_ns[at_tick].sum())
        return {name: ns for name, ns in parts.items() if ns}

    @property
    def total_ns(self) -> float:
        """All samples, one after the other."""
        return float(self.sample_ns.sum())

    @property
    def overruns(self) -> int:
        """Steps that did not end within the tick."""
        return 0 if self.tick_ns is None else int((self.needed_ns > self.tick_ns).sum())

    @property
    def per_step(self) -> Summary:
        """Mean, p50, p99 and worst of a step, in ns."""
        return summary(self.step_ns)

    @property
    def per_sample(self) -> Summary:
        """Mean, p50, p99 and worst of a sample (an inference), in ns."""
        return summary(self.sample_ns)


def latency(counts: Counts, chip: ChipProfile | str) -> Latency:
    """Time of each step of a run on `chip`: a profile, or the name or path of one.

    Raises:
        RunError: the run kept no counts per step, or was compiled for other limits.
    """
    chip = load_chip(chip) if isinstance(chip, str) else chip
    counts.check_chip(chip)
    barrier = barrier_ns(chip.time.barrier, tiles_used(counts, chip), chips_used(counts, chip))
    terms, overlaps = _terms(counts, chip), chip.time.send_receive == "largest"
    if overlaps:
        terms["barrier"] = np.full(int(counts.steps.sum()), barrier)
    slowest = np.stack(list(terms.values()))
    needed = slowest.max(axis=0) + (0.0 if overlaps else barrier)
    tick = chip.time.tick_ns
    step = needed if tick is None else np.maximum(needed, tick)
    first = np.concatenate([[0], np.cumsum(counts.steps)[:-1]])
    return Latency(
        step_ns=step,
        needed_ns=needed,
        bound_by=np.array(list(terms))[slowest.argmax(axis=0)],
        sample_ns=np.add.reduceat(step, first),
        barrier_ns=barrier,
        tick_ns=tick,
        barrier_overlaps=overlaps,
    )


def _terms(counts: Counts, chip: ChipProfile) -> dict[str, Floats]:
    """What a step waits for, each over its slowest core or link: [step of all samples].

    "sending" and "receiving", or "core" where they add up; "memory" and "link" where they have a time.
    """
    time, cycles = chip.time, cycles_ns(chip)
    dense = counts.step_of("synaptic_events_dense")
    sending = (
        counts.step_of("neuron_updates") * (time.neuron_update_ns + cycles["neuron_update"])
        + counts.step_of("spikes") * time.spike_ns
        + counts.step_of("packets_out") * time.packet_out_ns
    )
    receiving = (
        (counts.step_of("packets_in") + counts.step_of("input_packets")) * (time.packet_in_ns + cycles["packet_in"])
        + (counts.step_of("synaptic_events") - dense) * (time.synaptic_event_ns + cycles["synaptic_event"])
        + dense * time.synaptic_event_dense_ns
    )
    if time.send_receive == "add":
        terms = {"core": (sending + receiving).max(axis=1)}
    else:
        terms = {"sending": sending.max(axis=1), "receiving": receiving.max(axis=1)}
    if time.memory_word_ns is not None:
        terms["memory"] = (counts.step_of("synapse_words") * time.memory_word_ns).max(axis=1)
    if time.link_packet_ns is not None and counts.busiest_link is not None:
        terms["link"] = counts.busiest_link * time.link_packet_ns
    border_ns = time.link_packet_ns if time.border_packet_ns is None else time.border_packet_ns
    if border_ns is not None and counts.busiest_border is not None:
        terms["border"] = counts.busiest_border * border_ns
    return terms


def cycles_ns(chip: ChipProfile) -> dict[str, float]:
    """Event -> time of its clock cycles, 0 on a chip without a clock."""
    events, clock = ("neuron_update", "packet_in", "synaptic_event"), chip.clock
    return {event: clock.ns(getattr(clock, f"{event}_cycles")) if clock else 0.0 for event in events}


def tiles_used(counts: Counts, chip: ChipProfile) -> int:
    """Tiles with at least one core in use."""
    return len(np.unique(counts.core // chip.mesh.cores_per_tile))


def chips_used(counts: Counts, chip: ChipProfile) -> int:
    """Chips with at least one core in use."""
    mesh = chip.mesh
    x, y = np.divmod(counts.core // mesh.cores_per_tile, mesh.height)
    return len(np.unique(x // mesh.tiles_x * mesh.chips_y + y // mesh.tiles_y))


def barrier_ns(barrier: Barrier, tiles: int, chips: int = 1) -> float:
    """Time of the barrier when `tiles` tiles on `chips` chips are in use."""
    used, keys, times = tiles, barrier.tiles, barrier.time_ns
    if chips > 1 and barrier.chips:
        used, keys, times = chips, barrier.chips, barrier.chips_time_ns
    if barrier.between == "linear":
        return float(np.interp(used, keys, times))
    at = max(0, int(np.searchsorted(keys, used, side="right")) - 1)
    return float(times[at])
