"""Elasticity: which number of a profile moves which total of a run most.

The elasticity of a total is by how many per cent it grows where a price, time or power is one per cent higher.
Dynamic energy is linear in every price, so there it is the event's share, exactly.  Which core or link binds a step
changes with the times, so the others are computed anew with each key raised by a tenth.  The limits of a chip are not
among the keys, as another limit is another program: `sweep` compiles and runs those.
"""

from typing import Any

from chips import ChipProfile
from chips.keys import value_at, with_values
from neurosim.counts import Counts
from neurosim.pricing import EVENTS, energy
from neurosim.timing import chips_used, latency
from neurosim.uncertainty import charged_keys

RAISED = 0.1  # by which a time or power is raised
ENERGY, STATIC, LATENCY = "energy_per_inference_j", "static_energy_per_inference_j", "latency_per_inference_s"
OBJECTIVES = (ENERGY, STATIC, LATENCY)
_LEAST = 1e-9  # of an elasticity: what is less is rounding


def elasticities(counts: Counts, chip: ChipProfile) -> dict[str, dict[str, float]]:
    """The elasticity of each total to each key that moves it: objective -> key of the profile -> elasticity.

    Keys are in descending order of size.  All entries of a list, as the times of a barrier, are raised together.

    Args:
        counts: of a run, with counts per step.
        chip: its prices, times and powers.

    Raises:
        RunError: the run kept no counts per step, or was compiled for other limits.
    """
    spent = energy(counts, chip)
    total = spent.dynamic_pj or 1.0
    found: dict[str, dict[str, float]] = {ENERGY: {f"energy.{e}_pj": spent.by_event[e] / total for e in EVENTS}}
    found |= {STATIC: {}, LATENCY: {}}
    time, static = _time_and_static(counts, chip)
    for key in charged_keys(chip, ("time.", "clock.", "power.")):
        raised = with_values(chip, {key: _raised(value_at(chip, key))})
        if key.startswith("power.") or key == "clock.mw_per_mhz":  # a power takes no time
            more_time, more_static = time, time * raised.standing_mw * chips_used(counts, chip)
        else:
            more_time, more_static = _time_and_static(counts, raised)
        found[LATENCY][key] = _elasticity(time, more_time)
        found[STATIC][key] = _elasticity(static, more_static)
    return {objective: _in_order(moved) for objective, moved in found.items()}


def _time_and_static(counts: Counts, chip: ChipProfile) -> tuple[float, float]:
    """Modelled time in ns, and static energy in pJ, of all samples."""
    time = latency(counts, chip).total_ns
    return time, time * chip.standing_mw * chips_used(counts, chip)


def _raised(value: Any) -> Any:
    return tuple(_raised(entry) for entry in value) if isinstance(value, tuple) else value * (1 + RAISED)


def _elasticity(before: float, after: float) -> float:
    return (after - before) / before / RAISED if before else 0.0


def _in_order(moved: dict[str, float]) -> dict[str, float]:
    kept = [(key, size) for key, size in moved.items() if abs(size) > _LEAST]
    return dict(sorted(kept, key=lambda item: (-abs(item[1]), item[0])))
