"""Lower: neurons and synapses for a crossbar chip, in its integers.

After validate.py, before fan_in.py.  A crossbar has no weights on synapses: each neuron has one weight for each axon
type.  Here synapses keep the weights that they should have, scaled to the chip's range; axon_types.py then finds types
and weights for each core.

Population kind "truenorth" is in the chip's own registers, and its incoming weights are whole numbers that the chip
must hold exactly.  Kind "lif" becomes, by the rules of approximations.py, a neuron that jumps with each spike
and leaks by constant steps:  S = K x charge of the synapse,  threshold = K (v_threshold - v_leak), with K for each
neuron such that its largest weight fills the register.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent
from chips.profile import ChipProfile
from compiler.crossbar.tables import NEURON
from compiler.lowering import approximations
from compiler.lowering.lowered import LoweringError
from compiler.lowering.registers import REGISTERS
from compiler.network import Population
from compiler.validate import Span, ValidNetwork

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SPAN_OF_THRESHOLD = 4  # a threshold takes at most a quarter of the potential's range: v needs room below zero


@dataclass(frozen=True, slots=True)
class LoweredCrossbar:
    """Neurons and synapses in the chip's units; neurons of the network first, then partial sums, then channels."""

    spans: tuple[Span, ...]
    dt_ms: float
    n_network: int  # neurons of the network
    n_neurons: int  # with the partial sums of fan_in.py
    n_channels: int
    role: npt.NDArray[np.uint8]  # [neuron]
    registers: Mapping[str, npt.NDArray[np.int64]]  # register -> [neuron]; all but the weights
    exact: npt.NDArray[np.bool_]  # [neuron], whether its weights must be held exactly
    source: Ints  # [synapse], neuron or n_neurons + channel
    target: Ints  # [synapse], neuron
    delay: Ints  # [synapse], ticks
    weight: Floats  # [synapse], what it should add to v; not 0
    layer: Ints  # [synapse], which of parallel synapses, of one source and delay on one neuron
    errors: tuple[LoweringError, ...]
    notes: tuple[str, ...] = ()

    def key_of(self, source: Ints) -> Ints:
        """What names a neuron or channel in random numbers, whatever trees there are: its number in the network.

        Partial sums, which draw none themselves, stand after the channels.
        """
        channel, partial = source >= self.n_neurons, (source >= self.n_network) & (source < self.n_neurons)
        shifted = np.where(partial, source + self.n_channels, source)
        return np.where(channel, source - self.n_neurons + self.n_network, shifted)

    def owner(self, neuron: int) -> str:
        """What to call a neuron of the network, or a channel, in a message."""
        index = neuron if neuron < self.n_network else neuron - self.n_neurons + self.n_network
        span = next(s for s in self.spans if s.start <= index < s.start + s.n)
        what, where = ("channel", "input") if span.kind == "input" else ("neuron", "population")
        return f"{what} {index - span.start} of {where} {span.name!r}"


def lower_crossbar(valid: ValidNetwork, chip: ChipProfile, approximate: bool) -> LoweredCrossbar:
    """Turn every neuron of `valid` into registers of `chip`, and every synapse into a wanted jump.

    Raises:
        CannotRepresent: a value is outside its register, or a rule of approximation is needed and not allowed.
    """
    n = valid.n_neurons
    registers = {key: np.zeros(n, np.int64) for key in REGISTERS["truenorth"] if not key.startswith("weight_")}
    exact = np.zeros(n, np.bool_)
    weight = _weights(valid)
    errors: list[LoweringError] = []
    for population in valid.network.populations:
        start = valid.span(population.name).start
        part = slice(start, start + population.n)
        if population.kind == "lif":
            into = (valid.target >= start) & (valid.target < start + population.n)
            jump = _lif_jumps(population, valid.network.dt_ms)
            weight[into] *= jump[valid.target[into] - start]
            scale, values, made = _lower_lif(
                population, _largest(weight, valid.target, into, population.n, start), valid, chip, approximate
            )
            weight[into] *= scale[valid.target[into] - start]
            errors += made
        else:
            values = {key: population.values(key) for key in population.parameters}
            every_type = 2**chip.bars.axon_types - 1
            values["stochastic_weights"] = values["stochastic_weights"] * every_type
            _check_weights(population.name, weight, valid, start, population.n, chip)
            exact[part] = True
        for key, column in values.items():
            registers[key][part] = column
    _check_registers(registers, valid, chip)
    source, target, delay, weight, layer = _synapses(valid, weight)
    return LoweredCrossbar(
        spans=valid.spans,
        dt_ms=valid.network.dt_ms,
        n_network=n,
        n_neurons=n,
        n_channels=valid.n_channels,
        role=np.full(n, NEURON, np.uint8),
        registers=registers,
        exact=exact,
        source=source,
        target=target,
        delay=delay,
        weight=weight,
        layer=layer,
        errors=tuple(errors),
    )


def _weights(valid: ValidNetwork) -> Floats:
    none = np.zeros(0)
    return np.concatenate([none, *(p.weights.astype(np.float64) for p in valid.network.projections)])


def _synapses(valid: ValidNetwork, weight: Floats) -> tuple[Ints, Ints, Ints, Floats, Ints]:
    """Source, target, delay, weight and layer of each synapse whose weight is not zero, sorted.

    Parallel synapses, of one source and delay on one neuron, are in layers 0, 1, ...: a crosspoint holds one of
    them, so each layer has axons of its own.
    """
    kept = np.flatnonzero(weight != 0)
    source, target, delay = (x[kept].astype(np.int64) for x in (valid.source, valid.target, valid.delay))
    order = np.lexsort((weight[kept], delay, target, source))
    source, target, delay = source[order], target[order], delay[order]
    key = (source * max(1, valid.n_neurons) + target) * 256 + delay
    layer = np.arange(len(key)) - np.searchsorted(key, key)
    return source, target, delay, weight[kept][order], layer


# ---------------------------------------------------------------- LIF


def _lif_jumps(population: Population, dt_ms: float) -> Floats:
    """How far v jumps for a weight of 1: the charge of its current, (1 - beta) r / (1 - alpha)."""
    tau_mem, tau_syn = population.values("tau_mem_ms"), population.values("tau_syn_ms")
    return approximations.delta_jump(tau_mem, tau_syn, population.values("r"), dt_ms)


def _largest(jump: Floats, target: npt.NDArray[np.int32], into: npt.NDArray[np.bool_], n: int, start: int) -> Floats:
    """The largest jump of each neuron, 0 without synapses: [neuron of the population]."""
    most = np.zeros(n)
    np.maximum.at(most, target[into] - start, np.abs(jump[into]))
    return most


def _lower_lif(
    population: Population, largest: Floats, valid: ValidNetwork, chip: ChipProfile, approximate: bool
) -> tuple[Floats, dict[str, npt.NDArray[Any]], list[LoweringError]]:
    """Scale K and registers of each neuron, and what the rules cost."""
    where, bars, dt_ms = f"population {population.name!r}", chip.bars, valid.network.dt_ms
    tau_mem, tau_syn = population.values("tau_mem_ms"), population.values("tau_syn_ms")
    if (population.values("bias") != 0).any():
        first = int((population.values("bias") != 0).argmax())
        raise CannotRepresent(
            f"{where}: bias of neuron {first} is {population.values('bias')[first]:g}, but {chip.name} has one leak "
            "register, which the membrane's leak takes: set it to 0, or drive the neuron by an input"
        )
    rules = {"linear_leak"}
    rules |= {"delta_synapse"} if (tau_syn > 0).any() else set()
    rules |= {"no_refractory"} if (population.values("refractory_ms") > 0).any() else set()
    approximations.require_allowed(where, rules, approximate, chip.name)
    depth = population.values("v_threshold") - population.values("v_leak")
    weight_max, v_max = 2 ** (bars.weight_bits - 1) - 1, 2 ** (bars.potential_bits - 1) - 1
    highest = min(2**bars.threshold_bits - 1, v_max // SPAN_OF_THRESHOLD)
    with np.errstate(divide="ignore"):
        scale = np.minimum(weight_max / largest, highest / depth)
    threshold = np.round(scale * depth)
    step = approximations.linear_leak(depth, tau_mem, dt_ms)
    leak = np.clip(np.round(scale * step), 0, 2 ** (bars.leak_bits - 1) - 1)
    if threshold.min() < 1:
        first = int(threshold.argmin())
        raise CannotRepresent(
            f"{where}: a spike makes neuron {first} jump {largest[first] / depth[first]:.3g} times its threshold, so "
            f"that no threshold is left in {bars.weight_bits}-bit weights (crossbar.weight_bits): lower its weights"
        )
    errors = [
        approximations.stated(
            where, "linear_leak", approximations.linear_leak_error(depth, leak / scale, tau_mem, dt_ms)
        )
    ]
    if "delta_synapse" in rules:
        errors.append(
            approximations.stated(where, "delta_synapse", approximations.delta_error(tau_mem, tau_syn, dt_ms))
        )
    if "no_refractory" in rules:
        errors.append(approximations.stated(where, "no_refractory"))
    registers = {
        "leak": -leak,
        "leak_reversal": np.ones(len(depth)),  # toward rest from both sides
        "threshold": threshold,
        "negative_threshold": np.full(len(depth), 2**bars.threshold_bits - 1),
        "negative_saturates": np.ones(len(depth)),
    }
    return scale, registers, errors


# ---------------------------------------------------------------- checks


def _check_weights(name: str, weight: Floats, valid: ValidNetwork, start: int, n: int, chip: ChipProfile) -> None:
    """Weights into a population in registers are whole and fit their register."""
    into = np.flatnonzero((valid.target >= start) & (valid.target < start + n))
    limit = 2 ** (chip.bars.weight_bits - 1)
    wrong = (weight[into] != np.floor(weight[into])) | (weight[into] < -limit) | (weight[into] >= limit)
    if wrong.any():
        i = into[int(wrong.argmax())]
        raise CannotRepresent(
            f"population {name!r}: a synapse on neuron {valid.target[i] - start} has weight {weight[i]:g}, but "
            f"{chip.name} holds whole numbers from {-limit} to {limit - 1} (crossbar.weight_bits): round or lower it"
        )


def _check_registers(registers: Mapping[str, npt.NDArray[np.int64]], valid: ValidNetwork, chip: ChipProfile) -> None:
    bars = chip.bars
    leak, potential = 2 ** (bars.leak_bits - 1), 2 ** (bars.potential_bits - 1)
    threshold = 2**bars.threshold_bits - 1
    limits = {
        "leak": (-leak, leak - 1, "crossbar.leak_bits"),
        "threshold": (0, threshold, "crossbar.threshold_bits"),
        "negative_threshold": (0, threshold, "crossbar.threshold_bits"),
        "threshold_mask": (0, 2**bars.random_bits - 1, "crossbar.random_bits"),
        "reset_potential": (1 - potential, potential - 1, "crossbar.potential_bits"),
        "potential": (-potential, potential - 1, "crossbar.potential_bits"),
    }
    for key, (low, high, name) in limits.items():
        values = registers[key]
        wrong = (values < low) | (values > high)
        if wrong.any():
            i = int(wrong.argmax())
            span = next(s for s in valid.spans if s.start <= i < s.start + s.n)
            raise CannotRepresent(
                f"population {span.name!r}: {key} of neuron {i - span.start} is {values[i]}, but the register holds "
                f"{low} to {high} ({name}): bring it into that range"
            )
