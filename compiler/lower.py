"""Lower: physical units to the chip's integers, with the error made in each parameter.

After validate.py, before partition.py.  The continuous neuron is discretised by exponential Euler with the
input held over a step (alpha = exp(-dt/tau_syn), beta = exp(-dt/tau_mem)):

    I <- alpha I + sum of weights          v <- beta v + (1 - beta) (r I + bias)       spike if v > v_threshold

The chip computes U <- alpha U + 2^s a and V <- beta V + U + B.  Both are the same system when a = K w,
U = 2^s K I and V = 2^s K v / ((1 - beta) r), so with one scale K per population all weights share one grid,
whatever the time constants, and each neuron's threshold is vth = K (v_threshold - v_leak) / ((1 - beta) r).
K fills the grid of the projection with the largest weights, times a power of two (its exponent) so that the
other projections fill at least half of theirs and thresholds have THRESHOLD_STEPS steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent
from chips.packing import smallest_width
from chips.profile import ChipProfile, Neuron
from compiler.grid import Grid, finest_grid, to_grid
from compiler.network import Population, Projection
from compiler.validate import Span, ValidNetwork

THRESHOLD_STEPS = 256  # a threshold of at least 256 has a rounding error of at most 0.2 %
SMALLEST = 1e-30  # magnitude of a physical parameter; the largest is its inverse
HEADROOM = 4  # exponents do not push thresholds above a quarter of their register: v needs room below zero


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The largest relative error that lowering may make; weights are relative to their projection's largest.

    The default for weights admits half a step of a half-filled 4-bit grid.
    """

    time_constant: float = 0.05
    threshold: float = 0.02
    bias: float = 0.05
    weight: float = 0.15


@dataclass(frozen=True, slots=True)
class LoweringError:
    """The error made in one parameter of one population or projection."""

    where: str
    parameter: str
    max_relative_error: float
    rms_relative_error: float
    tolerance: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class SynapseFormat:
    """How a list of synapses is stored: the grid of its weights, and widths in bits."""

    sign: str  # "mixed", "excitatory" or "inhibitory"
    weight_bits: int
    exponent: int
    index_bits: int  # 0: dense, one synapse for each neuron of the core in order
    delay_bits: int


@dataclass(frozen=True, slots=True)
class LoweredNetwork:
    """The network in the chip's integers, in the numbering of `ValidNetwork`."""

    spans: tuple[Span, ...]
    dt_ms: float
    n_neurons: int
    n_channels: int
    du: npt.NDArray[np.int32]  # [neuron]
    dv: npt.NDArray[np.int32]  # [neuron]
    vth: npt.NDArray[np.int32]  # [neuron]
    bias_mantissa: npt.NDArray[np.int32]  # [neuron]
    bias_exponent: npt.NDArray[np.int32]  # [neuron]
    refractory: npt.NDArray[np.int32]  # [neuron]
    source: npt.NDArray[np.int32]  # [synapse], neuron or N + channel
    target: npt.NDArray[np.int32]  # [synapse], neuron
    weight: npt.NDArray[np.int16]  # [synapse], mantissa: the weight is weight * 2^exponent of its format
    delay: npt.NDArray[np.uint8]  # [synapse], steps
    format_of: npt.NDArray[np.uint8]  # [synapse]
    formats: tuple[SynapseFormat, ...]
    errors: tuple[LoweringError, ...]

    def owner(self, index: int) -> str:
        """What to call neuron or channel `index` in a message."""
        return next(
            f"{'channel' if s.kind == 'input' else 'neuron'} {index - s.start} of "
            f"{'input' if s.kind == 'input' else 'population'} {s.name!r}"
            for s in self.spans
            if s.start <= index < s.start + s.n
        )


def lower(valid: ValidNetwork, chip: ChipProfile, tolerance: Tolerance | None = None) -> LoweredNetwork:
    """Turn every parameter of `valid` into the integers of `chip`.

    Raises:
        CannotRepresent: a register value, a delay, a time constant, a threshold, a bias or a weight is outside
            what the chip can hold, or further from it than `tolerance`.
    """
    tolerance = tolerance or Tolerance()
    _check_delays(valid, chip)
    neurons = {key: np.zeros(valid.n_neurons, np.int32) for key in _REGISTERS}
    weights = np.zeros(len(valid.source), np.int16)
    format_of = np.zeros(len(valid.source), np.uint8)
    formats: list[SynapseFormat] = []
    errors: list[LoweringError] = []
    for population in valid.network.populations:
        incoming = list(_incoming(valid, population))
        largest = [size for projection, _ in incoming if (size := _largest(projection)) > 0]
        if population.kind == "lif":
            registers, scale, made = _lower_lif(population, largest, valid.network.dt_ms, chip, tolerance)
            errors += made
        else:
            registers, scale = _check_registers(population, chip.neuron), None
        span = valid.span(population.name)
        for key, values in registers.items():
            neurons[key][span.start : span.start + span.n] = values
        for projection, part in incoming:
            mantissa, grid, error = _lower_weights(projection, scale, chip, tolerance)
            errors.append(error)
            weights[part] = mantissa
            found = _format(grid, projection, valid, chip)
            if found not in formats:
                formats.append(found)
            format_of[part] = formats.index(found)
    return LoweredNetwork(
        spans=valid.spans,
        dt_ms=valid.network.dt_ms,
        n_neurons=valid.n_neurons,
        n_channels=valid.n_channels,
        **neurons,
        source=valid.source,
        target=valid.target,
        weight=weights,
        delay=valid.delay,
        format_of=format_of,
        formats=tuple(formats),
        errors=tuple(errors),
    )


_REGISTERS = ("du", "dv", "vth", "bias_mantissa", "bias_exponent", "refractory")


def _incoming(valid: ValidNetwork, population: Population) -> Iterator[tuple[Projection, slice]]:
    for i, projection in enumerate(valid.network.projections):
        if projection.target == population.name and projection.n_synapses:
            yield projection, slice(int(valid.projection_start[i]), int(valid.projection_start[i + 1]))


def _largest(projection: Projection) -> float:
    return float(np.abs(projection.weights).max())


def _label(projection: Projection) -> str:
    return f"projection {projection.source!r} -> {projection.target!r}"


def _check_delays(valid: ValidNetwork, chip: ChipProfile) -> None:
    limit = chip.core.delay_steps_max
    for projection in valid.network.projections:
        if projection.n_synapses and projection.delays.max() > limit:
            first = int(projection.delays.argmax())
            raise CannotRepresent(
                f"{_label(projection)}: delay of synapse {first} is {projection.delays[first]} steps, but "
                f"{chip.name} holds at most {limit} (core.delay_steps_max): shorten it or use a longer dt_ms"
            )


# ---------------------------------------------------------------- registers


def _limits(neuron: Neuron) -> dict[str, int]:
    return {
        "du": 2**neuron.decay_bits - 1,
        "dv": 2**neuron.decay_bits - 1,
        "vth": 2**neuron.vth_mantissa_bits - 1,
        "bias_mantissa": neuron.bias_mantissa_max,
        "bias_exponent": neuron.bias_exponent_max,
        "refractory": neuron.refractory_max,
    }


_KEYS = {
    "du": "neuron.decay_bits",
    "dv": "neuron.decay_bits",
    "vth": "neuron.vth_mantissa_bits",
    "bias_mantissa": "neuron.bias_mantissa_max",
    "bias_exponent": "neuron.bias_exponent_max",
    "refractory": "neuron.refractory_max",
}


def _check_registers(population: Population, neuron: Neuron) -> dict[str, npt.NDArray[Any]]:
    for key, limit in _limits(neuron).items():
        values = np.abs(population.values(key))
        if values.max() > limit:
            first = int(values.argmax())
            raise CannotRepresent(
                f"population {population.name!r}: {key} of neuron {first} is {population.values(key)[first]}, "
                f"but the register holds at most {limit} ({_KEYS[key]}): lower it"
            )
    return {key: population.values(key) for key in _REGISTERS}


# ---------------------------------------------------------------- physical units


def _lower_lif(
    population: Population, largest: list[float], dt_ms: float, chip: ChipProfile, tolerance: Tolerance
) -> tuple[dict[str, npt.NDArray[Any]], float, list[LoweringError]]:
    neuron = chip.neuron
    full = 2**neuron.decay_bits
    offset = neuron.decay_u_offset
    _check_magnitudes(population, largest, dt_ms)
    tau_mem, tau_syn = population.values("tau_mem_ms"), population.values("tau_syn_ms")
    with np.errstate(divide="ignore"):
        du = np.clip(np.round(full * -np.expm1(-dt_ms / tau_syn)) - offset, 0, full - 1)
        dv = np.clip(np.round(full * -np.expm1(-dt_ms / tau_mem)), 0, full - 1)
    gain = -np.expm1(-dt_ms / tau_mem) * population.values("r")  # of v per step, from a held I
    depth = (population.values("v_threshold") - population.values("v_leak")) / gain
    drive = population.values("bias") / population.values("r")
    scale = _scale(depth, drive, largest, chip)
    vth = np.clip(np.round(scale * depth), 0, 2**neuron.vth_mantissa_bits - 1)
    mantissa, exponent = _bias(scale * drive * 2**neuron.weight_shift, neuron)
    silent = np.round(population.values("refractory_ms") / dt_ms)
    if silent.max() + 1 > neuron.refractory_max:
        raise CannotRepresent(
            f"population {population.name!r}: refractory_ms of neuron {int(silent.argmax())} is "
            f"{silent.max():g} steps, but the register holds at most {neuron.refractory_max - 1} "
            "(neuron.refractory_max): shorten it or use a longer dt_ms"
        )
    registers = {
        "du": du,
        "dv": dv,
        "vth": vth,
        "bias_mantissa": mantissa,
        "bias_exponent": exponent,
        "refractory": silent + 1,  # a register of R blocks R - 1 steps
    }
    where = f"population {population.name!r}"
    errors = [
        _error(where, "tau_syn_ms", _tau(du + offset, full, dt_ms), tau_syn, tolerance.time_constant, dt_ms),
        _error(where, "tau_mem_ms", _tau(dv, full, dt_ms), tau_mem, tolerance.time_constant, dt_ms),
        _error(where, "v_threshold", vth, scale * depth, tolerance.threshold),
        _error(where, "bias", mantissa * 2.0**exponent, scale * drive * 2**neuron.weight_shift, tolerance.bias),
    ]
    return registers, scale, errors


def _check_magnitudes(population: Population, largest: list[float], dt_ms: float) -> None:
    """Refuse numbers whose products would leave float64; whatever is left is finite to the end."""
    named = {
        **{name: np.abs(population.values(name)) for name in population.parameters},
        "v_threshold - v_leak": population.values("v_threshold") / 2 - population.values("v_leak") / 2,
        "largest weight": np.array(largest),
        "dt_ms": np.array([dt_ms]),
    }
    for name, values in named.items():
        wrong = (values != 0) & ~((values >= SMALLEST) & (values <= 1 / SMALLEST))
        if wrong.any():
            raise CannotRepresent(
                f"population {population.name!r}: {name} is {values[wrong][0]:g}, but only magnitudes from "
                f"{SMALLEST:g} to {1 / SMALLEST:g} can be computed with: choose other units"
            )


def _scale(depth: npt.NDArray[Any], drive: npt.NDArray[Any], largest: list[float], chip: ChipProfile) -> float:
    """K: chip weight units per unit of physical weight, for all projections into one population.

    `depth`: thresholds, and `drive`: biases, both in units of I; `largest`: the largest weight of each projection.
    """
    neuron = chip.neuron
    vth_max = 2**neuron.vth_mantissa_bits - 1
    highest = vth_max / depth.max()
    strongest = float(np.abs(drive).max())
    if strongest > 0:
        bias_max = neuron.bias_mantissa_max * 2**neuron.bias_exponent_max
        highest = min(highest, bias_max / (strongest * 2**neuron.weight_shift))
    if not largest:
        return float(highest / 2)
    fill = Grid("mixed", max(chip.synapse.weight_bits), 0).high / max(largest)
    spread = max(largest) / min(largest)
    steps = THRESHOLD_STEPS / (fill * depth.min())
    exponent = max(0, int(np.floor(np.log2(spread))), int(np.ceil(np.log2(steps))))
    wanted = fill * 2.0 ** min(exponent, neuron.weight_exponent_max)
    return float(min(wanted, max(fill, highest / HEADROOM), highest))


def _bias(value: npt.NDArray[Any], neuron: Neuron) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Mantissa and the smallest exponent that holds each value."""
    with np.errstate(divide="ignore"):
        needed = np.log2(np.abs(value) / (neuron.bias_mantissa_max + 0.5))
    exponent = np.clip(np.ceil(needed), 0, neuron.bias_exponent_max)
    limit = neuron.bias_mantissa_max
    return np.clip(np.round(value / 2.0**exponent), -limit, limit), exponent


def _tau(decay: npt.NDArray[Any], full: int, dt_ms: float) -> npt.NDArray[Any]:
    """The time constant that a decay register makes: V <- V (1 - decay / full)."""
    with np.errstate(divide="ignore"):
        tau: npt.NDArray[np.float64] = -dt_ms / np.log1p(-np.minimum(decay, full) / full)
    return tau


def _error(
    where: str,
    parameter: str,
    made: npt.NDArray[Any],
    wanted: npt.NDArray[Any],
    tolerance: float,
    floor: float = 0.0,
) -> LoweringError:
    """Relative error per neuron.  `floor`: below a tenth of it a time constant counts as zero (gone in a step)."""
    base = np.maximum(np.abs(wanted), floor / 10)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(made == wanted, 0.0, np.abs(made - wanted) / base)
    worst = int(relative.argmax())
    if not relative[worst] <= tolerance:
        raise CannotRepresent(
            f"{where}: {parameter} of neuron {worst} is {wanted[worst]:g} but the nearest register value makes "
            f"{made[worst]:g}, an error of {relative[worst]:.1%} above the tolerance of {tolerance:.1%}: "
            f"{_remedy(parameter)}, or raise the tolerance"
        )
    return LoweringError(where, parameter, float(relative[worst]), float(np.sqrt(np.mean(relative**2))), tolerance)


def _remedy(parameter: str) -> str:
    if parameter.startswith("tau"):
        return "use a dt_ms nearer to the time constant (a thousandth to ten times of it)"
    if parameter == "v_threshold":
        return "narrow the spread of thresholds and time constants within the population, or its largest weight"
    return "bring the bias nearer to the threshold"


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
    rounding = "nearest" if scale is not None else chip.neuron.mixed_weight_rounding
    grid = finest_grid(wanted, chip, label)
    mantissa, grid = to_grid(wanted, grid, rounding, chip.synapse.weight_bits)
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
    index_bits = smallest_width(needed, chip.synapse.index_bits)
    if index_bits is None:
        widest = max(chip.synapse.index_bits)
        raise CannotRepresent(
            f"{_label(projection)}: {most:,} neurons on a core need {needed} index bits, but {chip.name} has at "
            f"most {widest} (synapse.index_bits): set core.neurons to {2**widest} or less"
        )
    delay_bits = int(projection.delays.max() - 1).bit_length()
    return SynapseFormat(grid.sign, grid.weight_bits, grid.exponent, index_bits, delay_bits)
