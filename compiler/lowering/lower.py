"""Lower: physical units to the chip's integers, with the error made in each parameter.

After validate.py, before partition.py.  The continuous neuron is discretised by exponential Euler with the
input held over a step (alpha = exp(-dt/tau_syn), beta = exp(-dt/tau_mem)):

    I <- alpha I + sum of weights          v <- beta v + (1 - beta) (r I + bias)       spike if v > v_threshold

The chip computes U <- alpha U + 2^s a and V <- beta V + U + B.  Both are the same system when a = K w,
U = 2^s K I and V = 2^s K v / ((1 - beta) r), so with one scale K per population all weights share one grid,
whatever the time constants, and each neuron's threshold is vth = K (v_threshold - v_leak) / ((1 - beta) r).
K fills the grid of the projection with the largest weights, times a power of two (its exponent) so that the
other projections fill at least half of theirs and thresholds have THRESHOLD_STEPS steps.

Spike-frequency adaptation (gamma = exp(-dt/tau_adaptation)) moves the threshold: a <- gamma a before v is compared
with v_threshold + a, and a <- a + adaptation after a spike.  The chip's state A = 2^s K a / ((1 - beta) r) decays
toward zero as U and V do (model adaptive_lif; D is decay_bits, s is weight_shift, B is adaptation_bits):

    A <- A (2^D - adaptation_decay) / 2^D        spike if V > (vth << s) + A
    at a spike: A <- min(A + (adaptation_jump << s), 2^(B-1) - 1)

with adaptation_jump = K adaptation / ((1 - beta) r), in at least ADAPTATION_STEPS steps where the threshold allows it.
A loses less than 1 / 2^s of a step of the weights in each step to rounding.  B is at least v_bits, so a threshold that
saturates is one that V cannot reach.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent
from chips.kinds import adapts, chips_that_adapt, chips_with, has_kind
from chips.packing import smallest_width
from chips.profile import ChipProfile, CubaLif
from compiler.lowering.grid import Grid, finest_grid, to_grid
from compiler.lowering.lower_graded import check_sums, lower_graded
from compiler.lowering.lower_lif import lower_lif
from compiler.lowering.lower_linear_leak import lower_linear_leak
from compiler.lowering.lowered import LoweredNetwork, LoweringError, SynapseFormat, Tolerance
from compiler.lowering.registers import REGISTERS, model_number, sends_numbers
from compiler.network import Population, Projection
from compiler.validate import ValidNetwork


def lower(
    valid: ValidNetwork, chip: ChipProfile, tolerance: Tolerance | None = None, approximate: bool = False
) -> LoweredNetwork:
    """Turn every parameter of `valid` into the integers of `chip`; `approximate` allows the rules of approximations.py.

    Raises:
        CannotRepresent: a register value, a delay, a time constant, a threshold, a bias or a weight is outside
            what the chip can hold, or further from it than `tolerance`.
    """
    tolerance = tolerance or Tolerance()
    check_kinds(valid, chip)
    check_plasticity(valid, chip)
    if chip.linear_lif is not None and chip.cuba_lif is None:
        return lower_linear_leak(valid, chip, approximate)
    check_delays(valid, chip)
    model = np.zeros(valid.n_neurons, np.uint8)
    registers: dict[str, npt.NDArray[np.int32]] = {}
    weights = np.zeros(len(valid.source), np.int16)
    format_of = np.zeros(len(valid.source), np.uint8)
    formats: list[SynapseFormat] = []
    errors: list[LoweringError] = []
    for population in valid.network.populations:
        incoming = list(_incoming(valid, population))
        largest = [size for projection, _ in incoming if (size := _largest(projection)) > 0]
        if population.kind == "lif":
            values, scale, made = lower_lif(population, largest, valid.network.dt_ms, chip, tolerance)
            errors += made
        elif population.kind == "registers":
            values, scale = _check_registers(population, chip.lif), None
        else:
            values, scale = lower_graded(population, chip), None
        span = valid.span(population.name)
        model[span.start : span.start + span.n] = model_number(population.kind, population.adapts)
        for key, column in values.items():
            whole = registers.setdefault(key, np.zeros(valid.n_neurons, np.int32))
            whole[span.start : span.start + span.n] = column
        for projection, part in incoming:
            mantissa, grid, error = _lower_weights(projection, scale, chip, tolerance)
            errors.append(error)
            weights[part] = mantissa
            found = _format(grid, projection, valid, chip)
            if found not in formats:
                formats.append(found)
                _check_formats(formats, projection)
            format_of[part] = formats.index(found)
    lowered = LoweredNetwork(
        spans=valid.spans,
        dt_ms=valid.network.dt_ms,
        n_neurons=valid.n_neurons,
        n_channels=valid.n_channels,
        model=model,
        registers=registers,
        source=valid.source,
        target=valid.target,
        weight=weights,
        delay=valid.delay,
        format_of=format_of,
        formats=tuple(formats),
        errors=tuple(errors),
    )
    if sends_numbers(np.unique(model)):
        check_sums(lowered, chip)
    return lowered


MAX_FORMATS = 127  # tables number formats, and their dense twins, in 8 bits


def _incoming(valid: ValidNetwork, population: Population) -> Iterator[tuple[Projection, slice]]:
    for i, projection in enumerate(valid.network.projections):
        if projection.target == population.name and projection.n_synapses:
            yield projection, slice(int(valid.projection_start[i]), int(valid.projection_start[i + 1]))


def _largest(projection: Projection) -> float:
    return float(np.abs(projection.weights).max())


def _label(projection: Projection) -> str:
    return f"projection {projection.source!r} -> {projection.target!r}"


def _check_formats(formats: list[SynapseFormat], projection: Projection) -> None:
    if len(formats) > MAX_FORMATS:
        raise CannotRepresent(
            f"{_label(projection)}: needs one more synapse format (sign, weight bits, exponent, delay bits), but a "
            f"program holds at most {MAX_FORMATS}: bring the weights and delays of some projections to one range"
        )


def check_kinds(valid: ValidNetwork, chip: ChipProfile) -> None:
    """Refuse kinds of population, and adaptation, that the chip has not, with the chips that have them."""
    for population in valid.network.populations:
        if not has_kind(chip, population.kind):
            raise CannotRepresent(
                f"population {population.name!r} is of kind {population.kind!r}, which {chip.name} does not have: "
                f"choose a chip that has it ({', '.join(chips_with(population.kind))}), or another kind"
            )
        if population.adapts and not adapts(chip):
            first = int(population.values("adaptation").argmax())
            raise CannotRepresent(
                f"population {population.name!r}: adaptation of neuron {first} is "
                f"{population.values('adaptation')[first]:g}, but thresholds on {chip.name} are fixed "
                "(cuba_lif.adaptation_bits): choose a chip whose thresholds can move "
                f"({', '.join(chips_that_adapt())}), or set adaptation to 0"
            )


def check_plasticity(valid: ValidNetwork, chip: ChipProfile) -> None:
    """Refuse short-term plasticity, which no chip of ours has."""
    for projection in valid.network.projections:
        if projection.stp is not None:
            raise CannotRepresent(
                f"{_label(projection)} has short-term plasticity (stp), which neither {chip.name} nor any other "
                "packaged chip has: leave stp out, or run the network in floating point (run_float)"
            )


def check_delays(valid: ValidNetwork, chip: ChipProfile) -> None:
    """Refuse delays longer than the chip holds."""
    limit = chip.core.delay_steps_max
    for projection in valid.network.projections:
        if projection.n_synapses and projection.delays.max() > limit:
            first = int(projection.delays.argmax())
            raise CannotRepresent(
                f"{_label(projection)}: delay of synapse {first} is {projection.delays[first]} steps, but "
                f"{chip.name} holds at most {limit} (core.delay_steps_max): shorten it or use a longer dt_ms"
            )


# ---------------------------------------------------------------- registers


def _limits(neuron: CubaLif) -> dict[str, int]:
    return {
        "du": 2**neuron.decay_bits - 1,
        "dv": 2**neuron.decay_bits - 1,
        "vth": 2**neuron.vth_mantissa_bits - 1,
        "bias_mantissa": neuron.bias_mantissa_max,
        "bias_exponent": neuron.bias_exponent_max,
        "refractory": neuron.refractory_max,
    }


_KEYS = {
    "du": "cuba_lif.decay_bits",
    "dv": "cuba_lif.decay_bits",
    "vth": "cuba_lif.vth_mantissa_bits",
    "bias_mantissa": "cuba_lif.bias_mantissa_max",
    "bias_exponent": "cuba_lif.bias_exponent_max",
    "refractory": "cuba_lif.refractory_max",
}


def _check_registers(population: Population, neuron: CubaLif) -> dict[str, npt.NDArray[Any]]:
    for key, limit in _limits(neuron).items():
        values = np.abs(population.values(key))
        if values.max() > limit:
            first = int(values.argmax())
            raise CannotRepresent(
                f"population {population.name!r}: {key} of neuron {first} is {population.values(key)[first]}, "
                f"but the register holds at most {limit} ({_KEYS[key]}): lower it"
            )
    return {key: population.values(key) for key in REGISTERS["cuba_lif"]}


# ---------------------------------------------------------------- weights


def _lower_weights(
    projection: Projection, scale: float | None, chip: ChipProfile, tolerance: Tolerance
) -> tuple[npt.NDArray[np.int16], Grid, LoweringError]:
    """Mantissas on the finest legal grid; `scale` None means that the weights are chip integers already."""
    label = _label(projection)
    if scale is None and (projection.weights != np.floor(projection.weights)).any():
        first = int((projection.weights != np.floor(projection.weights)).argmax())
        raise CannotRepresent(
            f"{label}: weight of synapse {first} is {projection.weights[first]:g}, but weights into a population "
            "in registers are whole numbers on the chip's grid: round them"
        )
    wanted = projection.weights * (1.0 if scale is None else scale)
    rounding = "nearest" if scale is not None else chip.lif.mixed_weight_rounding
    grid = finest_grid(wanted, chip, label)
    mantissa, grid = to_grid(wanted, grid, rounding, chip.lists.weight_bits)
    made = mantissa * 2.0**grid.exponent
    largest = float(np.abs(wanted).max()) or 1.0
    relative = np.abs(made - wanted) / largest
    worst = int(relative.argmax())
    if relative[worst] > tolerance.weight:
        raise CannotRepresent(
            f"{label}: weight of synapse {worst} is {projection.weights[worst]:g} but the nearest value on the "
            f"{grid.weight_bits}-bit grid is off by {relative[worst]:.1%} of the largest weight, above the "
            f"tolerance of {tolerance.weight:.1%}: use more weight bits (synapse.weight_bits), narrow the spread "
            "of weights, or raise the tolerance"
        )
    lost = int(((mantissa == 0) & (wanted != 0)).sum())
    error = LoweringError(
        label,
        "weight",
        float(relative[worst]),
        float(np.sqrt(np.mean(relative**2))),
        tolerance.weight,
        f"{lost:,} of {len(wanted):,} became zero" if lost else "",
    )
    return mantissa, grid, error


def _format(grid: Grid, projection: Projection, valid: ValidNetwork, chip: ChipProfile) -> SynapseFormat:
    most = min(chip.core.neurons or valid.n_neurons, valid.n_neurons)
    needed = max(1, (most - 1).bit_length())
    index_bits = smallest_width(needed, chip.lists.index_bits)
    if index_bits is None:
        widest = max(chip.lists.index_bits)
        raise CannotRepresent(
            f"{_label(projection)}: {most:,} neurons on a core need {needed} index bits, but {chip.name} has at "
            f"most {widest} (synapse.index_bits): set core.neurons to {2**widest} or less"
        )
    delay_bits = int(projection.delays.max() - 1).bit_length()
    return SynapseFormat(grid.sign, grid.weight_bits, grid.exponent, index_bits, delay_bits)
