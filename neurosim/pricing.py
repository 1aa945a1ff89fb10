"""Energy: counts and a profile's prices in, picojoules out.  Pure, so another price list needs no second run.

Dynamic energy is the sum over event kinds of count x price.  Static energy is the power that the chips in use
draw whatever happens, a clock included, times the modelled time; it stands apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, load_chip
from chips.profile import Source
from neurosim.counts import Counts
from neurosim.statistics import Summary, summary
from neurosim.timing import chips_used, latency

Floats = npt.NDArray[np.float64]

# event -> kinds of count that it is charged for, and those that are charged elsewhere
EVENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "neuron_update": (("neuron_updates",), ()),
    "spike": (("spikes",), ()),
    "packet_out": (("packets_out",), ()),
    "packet_in": (("packets_in", "input_packets"), ()),
    "synaptic_event": (("synaptic_events",), ("synaptic_events_dense",)),
    "synaptic_event_dense": (("synaptic_events_dense",), ()),
    "hop_x": (("hops_x",), ("borders_x",)),
    "hop_y": (("hops_y",), ("borders_y",)),
    "border": (("borders_x", "borders_y"), ()),
}
"""The price of event E is the profile's energy.E_pj."""

_UNPRICED_BORDERS = {"hop_x": (("hops_x",), ()), "hop_y": (("hops_y",), ()), "border": ((), ())}
"""In place of the above where energy.border_pj is null: a border is a hop like any other."""


@dataclass(frozen=True, eq=False)
class Energy:
    """Modelled energy of a run, in picojoules."""

    by_event: dict[str, float]  # event -> all samples, all cores
    core_pj: Floats  # [core in use, event]
    sample_pj: Floats  # [sample], dynamic
    step_pj: Floats | None  # [step of all samples], dynamic; None when the run kept no counts per step
    static_sample_pj: Floats | None  # [sample]; None when the run kept no counts per step (no time is known)
    kinds: dict[str, str]  # event -> how its price was reached ("measured", "fitted", ...)
    charged: dict[str, int]  # event -> how often it was charged, all samples, all cores

    @property
    def dynamic_pj(self) -> float:
        """All events of the run."""
        return float(sum(self.by_event.values()))

    @property
    def static_pj(self) -> float | None:
        """Static power x modelled time, all samples one after the other."""
        return None if self.static_sample_pj is None else float(self.static_sample_pj.sum())

    @property
    def per_sample(self) -> Summary:
        """Mean, p50, p99 and worst of a sample's (an inference's) dynamic energy, in pJ."""
        return summary(self.sample_pj)


def energy(counts: Counts, chip: ChipProfile | str) -> Energy:
    """Price the counts of a run with a profile, or the name or path of one.

    Raises:
        RunError: the run was compiled for other limits than `chip` has.
    """
    chip = load_chip(chip) if isinstance(chip, str) else chip
    counts.check_chip(chip)
    prices = np.array(list(prices_pj(chip).values()))
    charged = EVENTS if chip.energy.border_pj is not None else {**EVENTS, **_UNPRICED_BORDERS}
    events = np.stack([_charged(counts, *kinds) for kinds in charged.values()], axis=-1)  # [sample, core, event]
    core_pj = events.sum(axis=0) * prices
    totals = events.sum(axis=(0, 1)) * prices
    step_pj = static = None
    if counts.per_step is not None:
        step_pj = sum(
            (
                _charged(counts, *kinds, per_step=True).sum(axis=1) * price
                for kinds, price in zip(charged.values(), prices, strict=True)
            ),
            start=np.zeros(len(counts.per_step)),
        )
        milliwatt_ns_is_pj = chip.standing_mw * chips_used(counts, chip)
        static = latency(counts, chip).sample_ns * milliwatt_ns_is_pj
    return Energy(
        by_event=dict(zip(EVENTS, totals.tolist(), strict=True)),
        core_pj=core_pj,
        sample_pj=events.sum(axis=1) @ prices,
        step_pj=step_pj,
        static_sample_pj=static,
        kinds=price_kinds(chip),
        charged=dict(zip(EVENTS, events.sum(axis=(0, 1)).tolist(), strict=True)),
    )


def prices_pj(chip: ChipProfile) -> dict[str, float]:
    """Event -> its price; 0 where it has none of its own."""
    return {event: getattr(chip.energy, f"{event}_pj") or 0.0 for event in EVENTS}


def power_mw(chip: ChipProfile, per_second: Mapping[str, float]) -> float:
    """Modelled power of one chip on which events (names of EVENTS) happen so many times a second, in mW."""
    dynamic_pj_per_s: float = sum(rate * prices_pj(chip)[event] for event, rate in per_second.items())
    return chip.standing_mw + dynamic_pj_per_s * 1e-9


def _charged(
    counts: Counts, plus: tuple[str, ...], minus: tuple[str, ...], per_step: bool = False
) -> npt.NDArray[np.int64]:
    """How often an event of these kinds is charged: [sample, core], or [step of all samples, core]."""
    of = counts.step_of if per_step else counts.of
    charged = np.zeros_like(of("spikes"))
    for kind in plus:
        charged = charged + of(kind)
    for kind in minus:
        charged = charged - of(kind)
    return charged


def price_kinds(chip: ChipProfile) -> dict[str, str]:
    """Event -> how its price was reached; events without a price of their own are left out."""
    return {event: source.kind if source else "assumed" for event, source in _sources(chip).items()}


def price_sources(chip: ChipProfile) -> dict[str, str]:
    """Event -> where its price comes from; events without a price of their own are left out."""
    return {event: source.source if source else "" for event, source in _sources(chip).items()}


def _sources(chip: ChipProfile) -> dict[str, Source | None]:
    priced = [event for event in EVENTS if getattr(chip.energy, f"{event}_pj") is not None]
    return {event: chip.sources.get(f"energy.{event}_pj") for event in priced}
