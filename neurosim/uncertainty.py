"""Uncertainty: the range of each total that the known errors of its prices, times and powers allow.

A source may state how far its number may be off (`error` in a profile).  All totals grow with every price, time and
power, so the least total is the one at all lower bounds, and the largest the one at all upper ones; nothing is said of
how likely either is.  A number whose source states no error is taken as it is, and named as not known; where more than
half of a total rests on such numbers there is no range, as it would say little of the total.
"""

from typing import Any

from chips import ChipProfile
from chips.keys import KEYS, value_at, with_values
from neurosim.counts import Counts
from neurosim.pricing import energy
from neurosim.timing import chips_used, latency

J_PER_PJ, S_PER_NS = 1e-12, 1e-9
PARTS = ("energy.", "time.", "power.")
LEAST_KNOWN = 0.5  # of a total, that rests on numbers of known error, so that its range says something
RAISED = 1.001  # so little that a step is bound by the same as before
_BETWEEN_CHIPS = ("time.border_packet_ns", "time.barrier.chips_time_ns")  # of no account on one chip


def ranges(counts: Counts, chip: ChipProfile) -> dict[str, Any]:
    """Least and largest of the totals per inference, and what is not known.

    Returns:
        `energy_per_inference_j`, `static_energy_per_inference_j` and `latency_per_inference_s`: [least, largest], or
        None where more than half of it (static energy: of its power, or of its time) has no known error.
        `not_known`: of "energy", event -> its share of the dynamic energy; of "time" and "power", the keys.

    Raises:
        RunError: the run kept no counts per step, or was compiled for other limits.
    """
    spent, samples, several = energy(counts, chip), len(counts.steps), chips_used(counts, chip) > 1
    ends = []
    for end in at_bounds(chip):
        priced, time = energy(counts, end), latency(counts, end)
        static = (priced.static_pj or 0.0) * J_PER_PJ
        ends.append((priced.dynamic_pj * J_PER_PJ / samples, static / samples, time.total_ns * S_PER_NS / samples))
    dynamic, static_range, time_range = (list(pair) for pair in zip(*ends, strict=True))
    used = {event for event, pj in spent.by_event.items() if pj > 0}
    known = set(_with_error(chip))
    energy_known = sum(pj for event, pj in spent.by_event.items() if f"energy.{event}_pj" in known)
    time_known = _known_time(counts, chip)
    power_known = chip.power.static_mw / chip.standing_mw if "power.static_mw" in known else 0.0
    return {
        "energy_per_inference_j": dynamic if energy_known and energy_known >= LEAST_KNOWN * spent.dynamic_pj else None,
        "static_energy_per_inference_j": static_range if min(time_known, power_known) >= LEAST_KNOWN else None,
        "latency_per_inference_s": time_range if time_known >= LEAST_KNOWN else None,
        "not_known": {
            "energy": {
                event: spent.by_event[event] / spent.dynamic_pj
                for event in sorted(used, key=lambda name: -spent.by_event[name])
                if f"energy.{event}_pj" not in _with_error(chip)
            },
            "time": [path for path in _without_error(chip, "time.") if several or path not in _BETWEEN_CHIPS],
            "power": _without_error(chip, "power."),
        },
    }


def _known_time(counts: Counts, chip: ChipProfile) -> float:
    """The share of the time that rests on numbers of known error: how far it follows when these are all raised."""
    keys = [path for path in _with_error(chip) if path.startswith("time.")]
    before = latency(counts, chip).total_ns
    if not keys or not before:
        return 0.0
    values = {key: value_at(chip, key) for key in keys}
    more = {key: tuple(v * RAISED for v in x) if isinstance(x, tuple) else x * RAISED for key, x in values.items()}
    after = latency(counts, with_values(chip, more)).total_ns
    return (after / before - 1) / (RAISED - 1)


def at_bounds(chip: ChipProfile) -> tuple[ChipProfile, ChipProfile]:
    """The chip with all its prices, times and powers at their lower bounds, and at their upper ones."""
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    for path in _with_error(chip):
        value, source = value_at(chip, path), chip.sources[path]
        pairs = [source.bounds(entry) or (entry, entry) for entry in (value if isinstance(value, tuple) else [value])]
        least, largest = ([pair[end] for pair in pairs] for end in (0, 1))
        low[path], high[path] = (tuple(least), tuple(largest)) if isinstance(value, tuple) else (least[0], largest[0])
    return with_values(chip, low), with_values(chip, high)


def _with_error(chip: ChipProfile) -> list[str]:
    """Keys of prices, times and powers that are not zero and whose source states an error."""
    return [path for path in charged_keys(chip, PARTS) if chip.sources[path].error is not None]


def _without_error(chip: ChipProfile, part: str) -> list[str]:
    return [path for path in charged_keys(chip, (part,)) if chip.sources[path].error is None]


def charged_keys(chip: ChipProfile, parts: tuple[str, ...]) -> list[str]:
    """Keys of these parts of a profile that are there and not zero; sizes in the lists of a barrier are none."""
    paths = [path for path in KEYS if path.startswith(parts) and path in chip.sources]
    return [path for path in paths if not path.endswith((".tiles", ".chips")) and _is_charged(value_at(chip, path))]


def _is_charged(value: Any) -> bool:
    return any(value) if isinstance(value, tuple) else bool(value)
