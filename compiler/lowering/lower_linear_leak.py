"""Lower to linear-leak neurons: whole weights of one sign per row, a threshold and a leak for each neuron.

The lowering of chips with the section linear_lif, called by lower.py.  Populations in the chip's integers are checked;
those in physical units are approximated by the rules of approximations.py.  A spike then moves v by a jump, so a neuron
is described by its jumps, its leak and its threshold in any unit: the unit is chosen for each neuron such that its
threshold is the whole number that makes the relative errors of its leak and of its weights (rms) smallest together.

A row (synapse.layout) has one sign.  An input channel with both takes two rows, and its spikes two events, the
excitatory first; a neuron with both is refused.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent
from chips.profile import ChipProfile
from compiler.lowering.approximations import (
    delta_error,
    delta_jump,
    linear_leak,
    linear_leak_error,
    require_allowed,
    stated,
)
from compiler.lowering.lower_lif import check_magnitudes
from compiler.lowering.lowered import LoweredNetwork, LoweringError, SynapseFormat
from compiler.lowering.registers import MODELS
from compiler.network import Population
from compiler.validate import ValidNetwork

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Incoming:
    """The synapses of one population."""

    label: str
    part: npt.NDArray[np.int64]  # [synapse of the population], into all synapses
    target: npt.NDArray[Any]  # [synapse of the population], neuron within the population
    weight: Floats  # [synapse of the population], as given
    delay: npt.NDArray[np.uint8]  # [synapse of the population]


def lower_linear_leak(valid: ValidNetwork, chip: ChipProfile, approximate: bool = False) -> LoweredNetwork:
    """Turn `valid` into the integers of `chip`.

    Raises:
        CannotRepresent: a register, weight or delay is outside what the chip can hold; a population in physical units
            has a bias; a rule of approximation is needed and not allowed; a neuron has synapses of both signs, or two
            synapses on one place of a row.
    """
    given = [np.zeros(0), *(projection.weights.astype(np.float64) for projection in valid.network.projections)]
    weight = np.concatenate(given)  # [synapse]
    registers = {name: np.zeros(valid.n_neurons, np.int32) for name in ("leak", "threshold")}
    made = np.zeros(len(weight), np.int16)
    delay = valid.delay.copy()
    errors: list[LoweringError] = []
    for population in valid.network.populations:
        span = valid.span(population.name)
        part = np.flatnonzero((valid.target >= span.start) & (valid.target < span.start + span.n))
        label = f"population {population.name!r}"
        incoming = _Incoming(label, part, valid.target[part] - span.start, weight[part], valid.delay[part])
        if population.kind == "lif":
            values, made[part], stating = _approximated(population, incoming, valid.network.dt_ms, chip, approximate)
            errors += stating
            delay[part] = np.minimum(valid.delay[part], chip.core.delay_steps_max)
        else:
            values, made[part] = _checked(population, incoming, chip)
        for name, column in values.items():
            registers[name][span.start : span.start + span.n] = column
    weight_bits, index_bits = max(chip.lists.weight_bits), min(chip.lists.index_bits)
    net = LoweredNetwork(
        spans=valid.spans,
        dt_ms=valid.network.dt_ms,
        n_neurons=valid.n_neurons,
        n_channels=valid.n_channels,
        model=np.full(valid.n_neurons, MODELS.index("linear_lif"), np.uint8),
        registers=registers,
        source=valid.source,
        target=valid.target,
        weight=made,
        delay=delay,
        format_of=_signs(valid.source, weight, valid.n_neurons + valid.n_channels),
        formats=tuple(SynapseFormat(sign, weight_bits, 0, index_bits, 0) for sign in ("excitatory", "inhibitory")),
        errors=tuple(errors),
    )
    _check_rows(net, chip)
    return net


def _signs(source: npt.NDArray[np.int32], weight: Floats, n_sources: int) -> npt.NDArray[np.uint8]:
    """The row of each synapse, 0 excitatory or 1 inhibitory; a weight of zero goes where its source has one."""
    excites, inhibits = (np.bincount(source[mine], minlength=n_sources) > 0 for mine in (weight > 0, weight < 0))
    is_inhibitory: npt.NDArray[np.bool_] = (weight < 0) | ((weight == 0) & (inhibits & ~excites)[source])
    return is_inhibitory.astype(np.uint8)


def _check_rows(net: LoweredNetwork, chip: ChipProfile) -> None:
    inside = net.source < net.n_neurons
    both = np.bincount(np.unique(net.source[inside].astype(np.int64) * 2 + net.format_of[inside]) // 2) > 1
    if both.any():
        raise CannotRepresent(
            f"{net.owner(int(both.argmax()))} has synapses of both signs, but a neuron of {chip.name} has one row "
            "of one sign (synapse.layout): give all synapses of the neuron one sign, or split it into two neurons"
        )
    place = (net.source.astype(np.int64) * 2 + net.format_of) * net.n_neurons + net.target
    found, count = np.unique(place, return_counts=True)
    if (count > 1).any():
        row, target = divmod(int(found[count.argmax()]), net.n_neurons)
        raise CannotRepresent(
            f"{net.owner(row // 2)} has {count.max()} synapses of one sign to {net.owner(target)}, but a row of "
            f"{chip.name} has one place for each neuron (synapse.layout): put them into one"
        )


# ---------------------------------------------------------------- populations in the chip's integers


def _checked(
    population: Population, incoming: _Incoming, chip: ChipProfile
) -> tuple[dict[str, npt.NDArray[Any]], npt.NDArray[np.int16]]:
    neuron = chip.linear
    for name, bits in (("leak", neuron.leak_bits), ("threshold", neuron.threshold_bits)):
        values = population.values(name)
        if values.max() > 2**bits - 1:
            first = int(values.argmax())
            raise CannotRepresent(
                f"{incoming.label}: {name} of neuron {first} is {values[first]}, but {chip.name} holds at most "
                f"{2**bits - 1} (linear_lif.{name}_bits): lower it"
            )
    largest = 2 ** max(chip.lists.weight_bits) - 1
    wrong = (incoming.weight != np.round(incoming.weight)) | (np.abs(incoming.weight) > largest)
    if wrong.any():
        first = int(wrong.argmax())
        raise CannotRepresent(
            f"{incoming.label}: a weight into neuron {incoming.target[first]} is {incoming.weight[first]:g}, but "
            f"{chip.name} holds whole numbers of at most {largest} (synapse.weight_bits) and a sign: round or lower it"
        )
    limit = chip.core.delay_steps_max
    if incoming.delay.max(initial=0) > limit:
        first = int(incoming.delay.argmax())
        raise CannotRepresent(
            f"{incoming.label}: the delay of a synapse onto neuron {incoming.target[first]} is {incoming.delay[first]} "
            f"steps, but {chip.name} holds at most {limit} (core.delay_steps_max): shorten it or use a longer dt_ms"
        )
    return {name: population.values(name) for name in ("leak", "threshold")}, incoming.weight.astype(np.int16)


# ---------------------------------------------------------------- populations in physical units


def _approximated(
    population: Population, incoming: _Incoming, dt_ms: float, chip: ChipProfile, approximate: bool
) -> tuple[dict[str, npt.NDArray[Any]], npt.NDArray[np.int16], list[LoweringError]]:
    """Leak and threshold of each neuron, whole weights, and a statement for each rule that was used."""
    tau_mem, tau_syn = population.values("tau_mem_ms"), population.values("tau_syn_ms")
    silent = np.round(population.values("refractory_ms") / dt_ms)
    late = incoming.delay.astype(np.float64)
    uses = {
        "delta_synapse": bool((tau_syn > 0).any()),
        "linear_leak": True,
        "floor_at_rest": bool((incoming.weight < 0).any()),
        "event_order": len(incoming.part) > 0,
        "coarse_weight": len(incoming.part) > 0,
        "no_refractory": bool((silent > 0).any()),
        "unit_delay": bool((late > chip.core.delay_steps_max).any()),
    }
    require_allowed(incoming.label, [rule for rule, is_used in uses.items() if is_used], approximate, chip.name)
    _check_bias(population, incoming.label, chip)
    check_magnitudes(population, [float(np.abs(w)) for w in incoming.weight[incoming.weight != 0]], dt_ms)
    depth = population.values("v_threshold") - population.values("v_leak")
    unit = delta_jump(tau_mem, tau_syn, population.values("r"), dt_ms) / depth  # of a threshold per unit of weight
    share = incoming.weight * unit[incoming.target]
    threshold, leak, weight = _whole(share, incoming.target, tau_mem, dt_ms, chip)
    largest = np.zeros(population.n)
    np.maximum.at(largest, incoming.target, np.abs(share))
    off = np.abs(weight / threshold[incoming.target] - share) / np.where(largest > 0, largest, 1)[incoming.target]
    lost = int(((weight == 0) & (share != 0)).sum())
    figures: dict[str, tuple[npt.NDArray[Any] | float | None, str]] = {
        "delta_synapse": (delta_error(tau_mem, tau_syn, dt_ms), "v jumps by the whole charge, above the true peak"),
        "linear_leak": (
            linear_leak_error(threshold, leak, tau_mem, dt_ms),
            "largest distance from the exponential decay, of the threshold",
        ),
        "coarse_weight": (off, f"of the largest weight; {lost:,} of {len(weight):,} became zero"),
        "no_refractory": (np.where(silent > 0, 1.0, 0.0), f"up to {silent.max():g} steps are lost"),
        "unit_delay": (1 - np.minimum(late, chip.core.delay_steps_max) / late, ""),
    }
    made = [stated(incoming.label, rule, *figures.get(rule, (None, ""))) for rule, is_used in uses.items() if is_used]
    return {"leak": leak, "threshold": threshold}, weight.astype(np.int16), made


def _check_bias(population: Population, label: str, chip: ChipProfile) -> None:
    bias = population.values("bias")
    if bias.any():
        first = int((bias != 0).argmax())
        raise CannotRepresent(
            f"{label}: bias of neuron {first} is {bias[first]:g}, but neurons of {chip.name} have none (linear_lif): "
            "drive them through an input channel that fires in every step"
        )


def _whole(
    share: Floats, target: npt.NDArray[Any], tau_mem_ms: Floats, dt_ms: float, chip: ChipProfile
) -> tuple[Floats, Floats, Floats]:
    """Threshold and leak [neuron] and weights [synapse] as whole numbers; `share` is a jump over the threshold."""
    n, neuron = len(tau_mem_ms), chip.linear
    largest = 2 ** max(chip.lists.weight_bits) - 1
    highest = 2 ** min(neuron.threshold_bits, neuron.v_bits) - 1
    scale = np.sqrt(np.bincount(target, share**2, n))
    best, threshold = np.full(n, np.inf), np.ones(n)
    for candidate in range(1, highest + 1):
        exact = linear_leak(np.full(n, float(candidate)), tau_mem_ms, dt_ms)
        slip = np.abs(_whole_leak(exact, chip) / exact - 1)
        off = np.clip(np.rint(share * candidate), -largest, largest) / candidate - share
        spread = np.sqrt(np.bincount(target, off**2, n)) / np.where(scale > 0, scale, 1)
        better = slip + spread < best
        best, threshold = np.where(better, slip + spread, best), np.where(better, candidate, threshold)
    weight = np.clip(np.rint(share * threshold[target]), -largest, largest)
    return threshold, _whole_leak(linear_leak(threshold, tau_mem_ms, dt_ms), chip), weight


def _whole_leak(leak: Floats, chip: ChipProfile) -> Floats:
    return np.clip(np.rint(leak), 0, 2**chip.linear.leak_bits - 1)
