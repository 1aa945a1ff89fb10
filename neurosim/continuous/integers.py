"""Integers: a circuit of graded units in a chip's own integers, with scales and shifts chosen from its weights.

scales.py chooses Z, the number that 1.0 of a unit's input z is, and S, that of a value.  A weight w from a source of
scale S becomes

    w 2^shift Z / S     on the grid of the chip: 8 bits with sign, times a power of two

where the shift of each unit is the largest at which its largest weight fits and the sum of all its inputs at their
bounds stays within sum_bits.  In a `precise` group every wire into a unit has a power of two of its own, and the shift
is the largest at which the strongest wire fits.  Biases, and the offsets of sources, arrive over three constant
channels a group (each 64 times finer), which begin with the input: a network without input then rests at its start.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chips import CannotRepresent, ChipProfile, DoesNotFit, RunError, load_chip
from compiler import Network
from neurosim.continuous.circuit import INPUT, STATE, Circuit, Group, Wire
from neurosim.continuous.codec import Codec, Coding, Quantisation
from neurosim.continuous.model import Floats, Model
from neurosim.continuous.scales import Scales

CONSTANT = "constant"
FULL = 254  # largest mantissa of 8 bits with both signs, in steps of 2
FINER = (1, 2**6, 2**12)  # the constants of a group: the first over each


@dataclass(frozen=True, eq=False)
class _Part:
    """A wire in integers: [target, source]."""

    wire: Wire
    exponent: Floats  # [target]
    weights: Floats  # [target, source], integers


def to_network(
    model: Model,
    chip: str | ChipProfile = "loihi2",
    coding: Coding = "value",
    threshold: float = 0.0,
    input_bound: float = 1.0,
) -> tuple[Network, Codec]:
    """The graded units of `chip` that run `model`, and the codec of its signals and states.

    Args:
        model: an echo state network, a liquid of differential equations, a closed-form cell, ...
        chip: a profile or its name; it needs graded spikes.
        coding: "value": each unit sends its value in every step; "sigma_delta": it sends changes.
        threshold: of a message, in units of the state: a value within +- it is not sent ("value"), or a change
            ("sigma_delta"; 0 sends every change, and computes what value coding computes).
        input_bound: largest |u|, for which sums have room.

    Raises:
        CannotRepresent: the chip sends no numbers, the model's step has no circuit of these units, or a weight, a gain
            or a bound exceeds the chip's integers.
        DoesNotFit: more units than the chip has.
        RunError: coding, threshold or input_bound is none.
    """
    profile = load_chip(chip) if isinstance(chip, str) else chip
    if coding not in ("value", "sigma_delta"):
        raise RunError(f"coding is {coding!r}, but must be 'value' or 'sigma_delta'")
    if not (np.isfinite(threshold) and threshold >= 0 and np.isfinite(input_bound) and input_bound > 0):
        raise RunError(
            f"threshold is {threshold!r} and input_bound {input_bound!r}: give numbers of at least 0, and above 0"
        )
    if profile.graded is None:
        raise CannotRepresent(
            f"{type(model).__name__}: {profile.name} sends no numbers (graded): choose a chip that does, such as "
            "loihi2, or replace the units by spiking neurons with neurosim.continuous.convert"
        )
    circuit = model.circuit()
    check_room(circuit.n_units, profile, type(model).__name__)
    return _Builder(circuit, profile, coding, threshold, input_bound).build()


def check_room(n_units: int, chip: ChipProfile, what: str) -> None:
    """Refuse more units than a chip has.

    Raises:
        DoesNotFit: naming both numbers.
    """
    each = chip.core.neurons
    if each is not None and n_units > chip.mesh.n_cores * each:
        raise DoesNotFit(
            f"{what}: needs {n_units:,} graded units, but {chip.name} has {chip.mesh.n_cores * each:,} "
            f"({chip.mesh.n_cores} cores of core.neurons = {each:,}): use fewer units or a sparser wiring"
        )


class _Builder:
    """Shifts from scales, weights from shifts, biases from weights."""

    def __init__(self, circuit: Circuit, chip: ChipProfile, coding: Coding, threshold: float, bound: float) -> None:
        self.circuit, self.chip, self.coding, self.threshold, self.bound = circuit, chip, coding, threshold, bound
        self.scales = Scales(circuit, chip, bound)
        self.offset: dict[str, Floats | float] = {INPUT: 0.0}
        self.offset.update((g.name, g.offset) for g in circuit.groups)
        self.errors: list[tuple[Floats, Floats]] = []  # error and weight of each wire
        self.register_errors = [0.0]

    def build(self) -> tuple[Network, Codec]:
        net = Network()
        net.add_input(INPUT, self.circuit.inputs)
        biases, parts = {}, []
        for group in self.circuit.groups:
            wires = [wire for wire in self.circuit.wires if wire.target == group.name and wire.weights.any()]
            bias = np.broadcast_to(np.asarray(group.bias, np.float64), (group.n,)).copy()
            for wire in wires:
                bias += wire.weights @ np.broadcast_to(self.offset[wire.source], wire.weights.shape[1])
            shift = self._shifts(group, wires, bias)
            net.add(group.name, group.n, group.kind, shift=shift.astype(int), **self._registers(group))
            made = [self._part(wire, group, shift) for wire in wires]
            exact = np.asarray(group.bias) * 2.0**shift * self.scales.z[group.name]
            for part in made:  # of the weights as they are, so that what should cancel does
                source = part.wire.source
                offset = np.broadcast_to(self.offset[source], part.weights.shape[1])
                exact = exact + part.weights @ (offset * self.scales.value[source])
            biases[group.name] = exact
            parts += made
        for part in parts:
            _connect(net, part, self.circuit.delay(part.wire))
        constants, bias_error = self._connect_biases(net, biases)
        return net, self._codec(constants, bias_error)

    def _registers(self, group: Group) -> dict[str, Any]:
        full = 2.0**self.chip.numbers.decay_bits
        free = group.kind not in ("liquid_time_constant", "square")
        gain = np.asarray(group.gain) * (self.scales.value[group.name] / self.scales.z[group.name] if free else 1.0)
        keep = np.asarray(group.keep, np.float64)
        made = {"keep": np.rint(keep * full), "gain": np.rint(gain * full)}
        self.register_errors += [
            float(np.abs(made["keep"] / full - keep).max()),
            float(np.abs(made["gain"] / full - gain).max()),
        ]
        if group.kind == "hardtanh":
            made["limit"] = np.rint(group.limit * self.scales.one)
        if group.kind == "liquid_time_constant":
            made["reversal"] = np.rint(np.asarray(group.reversal) * self.scales.value[group.name])
        made["threshold"] = np.rint(self.threshold * group.deadband * self.scales.value[group.name])
        coded = int(self.coding == "sigma_delta")
        return {key: np.asarray(value).astype(int) for key, value in made.items()} | {"sigma": coded, "delta": coded}

    def _unit(self, wire: Wire) -> float:
        """What a weight of 1 is at shift 0."""
        return self.scales.z[wire.target] / self.scales.value[wire.source]

    def _shifts(self, group: Group, wires: list[Wire], bias: Floats) -> Floats:
        """[unit]: as large as weights and sums allow."""
        rows = [np.abs(wire.weights).max(axis=1) * self._unit(wire) for wire in wires]
        sums = np.abs(bias) * self.scales.z[group.name]
        for wire in wires:
            sums += np.abs(wire.weights).sum(axis=1) * self.scales.largest[wire.source] * self.scales.z[group.name]
        strongest = np.max(rows, axis=0) if rows else np.zeros(group.n)
        most = FULL * (2.0**self.chip.lif.weight_exponent_max if group.precise else 1.0)
        limit_of_sums = 2.0 ** (self.chip.numbers.sum_bits - 1)
        with np.errstate(divide="ignore"):
            by_weight = np.floor(np.log2(most / strongest))
            by_sum = np.floor(np.log2(limit_of_sums / sums))
        shift = np.minimum(by_weight, by_sum)
        if (by_sum < 0).any():
            worst = int(by_sum.argmin())
            raise CannotRepresent(
                f"unit {worst} of {group.name!r}: its inputs add up to {sums[worst]:,.0f} at their bounds, but "
                f"{self.chip.name} sums up to {limit_of_sums:,.0f} (graded.sum_bits): lower input_bound or its weights"
            )
        return np.clip(shift, 0, 24 if group.precise else 16)

    def _part(self, wire: Wire, group: Group, shift: Floats) -> _Part:
        factor = (2.0**shift * self._unit(wire))[:, None]
        wanted = wire.weights * factor
        with np.errstate(divide="ignore"):
            exponent = np.maximum(0, np.ceil(np.log2(np.abs(wanted).max(axis=1) / (FULL + 1))))
        if not group.precise:
            exponent = np.full(len(exponent), exponent.max())
        if exponent.max() > self.chip.lif.weight_exponent_max:
            worst = int(np.abs(wanted).max(axis=1).argmax())
            raise CannotRepresent(
                f"unit {worst} of {group.name!r}: a weight of {np.abs(wire.weights[worst]).max():.4g} from "
                f"{wire.source!r} exceeds what {self.chip.name} holds (cuba_lif.weight_exponent_max): scale it down"
            )
        step = 2 * 2.0 ** exponent[:, None]
        made = np.clip(np.rint(wanted / step), -FULL // 2, FULL // 2) * step
        self.errors.append(((made - wanted) / factor, wire.weights))
        return _Part(wire, exponent, made)

    def _connect_biases(self, net: Network, biases: dict[str, Floats]) -> tuple[tuple[int, ...], float]:
        """Constants for each group with biases; their payloads, and the largest error over the largest bias."""
        biases = {name: bias for name, bias in biases.items() if bias.any()}
        if not biases:
            return (), 0.0
        net.add_input(CONSTANT, len(FINER) * len(biases))
        payloads: list[int] = []
        worst = 0.0
        for name, bias in biases.items():
            coarse = max(FINER[-1], 2 ** int(np.ceil(np.log2(np.abs(bias).max() / FULL))))
            rest = bias
            for payload in (coarse // finer for finer in FINER):
                weights = np.clip(2 * np.rint(rest / payload / 2), -FULL, FULL)
                rest = rest - weights * payload
                to = np.flatnonzero(weights)
                if len(to):
                    channel = np.full(len(to), len(payloads))
                    net.connect(CONSTANT, name, channel, to, weights[to].astype(int), self.circuit.group(name).level)
                payloads.append(payload)
            worst = max(worst, float(np.abs(rest).max() / np.abs(bias).max()))
        return tuple(payloads), worst

    def _codec(self, constants: tuple[int, ...], bias_error: float) -> Codec:
        state = self.circuit.group(STATE)
        square = sum(float((error**2).sum()) for error, _ in self.errors)
        weights = sum(float((weight**2).sum()) for _, weight in self.errors)
        worst = [
            float((np.abs(e).max(axis=1) / np.maximum(np.abs(w).max(axis=1), 1e-300)).max()) for e, w in self.errors
        ]
        made = Quantisation(
            weight_rms=float(np.sqrt(square / max(weights, 1e-300))),
            weight_worst=max(worst, default=0.0),
            register_worst=max(self.register_errors),
            bias_worst=bias_error,
        )
        return Codec(
            coding=self.coding,
            inputs=self.circuit.inputs,
            period=self.circuit.period,
            input_scale=self.scales.value[INPUT],
            input_bound=self.bound,
            state_scale=self.scales.value[STATE],
            offset=state.offset,
            constants=constants,
            initial=np.broadcast_to(self.circuit.initial, (state.n,)),
            quantisation=made,
        )


def _connect(net: Network, part: _Part, delay: int) -> None:
    """Synapses of a wire, those of one grid in one projection."""
    for exponent in np.unique(part.exponent):
        target, source = np.nonzero(part.weights * (part.exponent == exponent)[:, None])
        if len(target):
            weights = part.weights[target, source].astype(int)
            net.connect(part.wire.source, part.wire.target, source, target, weights, delay)
