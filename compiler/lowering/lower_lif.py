"""Lower LIF: neurons in physical units to chip registers.  Part of lower.py, where the equations stand."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent
from chips.profile import ChipProfile, CubaLif
from compiler.lowering.grid import Grid
from compiler.lowering.lowered import LoweringError, Tolerance
from compiler.network import Population
from compiler.parameters import NO_LEAK_STEPS

THRESHOLD_STEPS = 256  # a threshold of at least 256 has a rounding error of at most 0.2 %
ADAPTATION_STEPS = 32  # a jump of at least 32 has a rounding error of at most 1.6 %
SMALLEST, LARGEST = 1e-30, 1e30  # magnitudes of a physical parameter
HEADROOM = 4  # exponents do not push thresholds above a quarter of their register: v needs room below zero


def lower_lif(
    population: Population, largest: list[float], dt_ms: float, chip: ChipProfile, tolerance: Tolerance
) -> tuple[dict[str, npt.NDArray[Any]], float, list[LoweringError]]:
    """Registers of a population, the scale K of its weights, and the error in each parameter.

    `largest` is the largest weight of each projection into the population that has any but zero.

    Raises:
        CannotRepresent: naming the parameter and the neuron.
    """
    neuron = chip.lif
    full = 2**neuron.decay_bits
    offset = neuron.decay_u_offset
    check_magnitudes(population, largest, dt_ms)
    tau_mem, tau_syn = population.values("tau_mem_ms"), population.values("tau_syn_ms")
    with np.errstate(divide="ignore"):
        du = np.clip(np.round(full * -np.expm1(-dt_ms / tau_syn)) - offset, 0, full - 1)
        dv = np.clip(np.round(full * -np.expm1(-dt_ms / tau_mem)), 0, full - 1)
    never = tau_mem >= NO_LEAK_STEPS * dt_ms  # leaks: a perfect integrator, which the register makes exactly
    at_once = np.exp(-dt_ms / tau_mem) < 1 / full  # less is left after a step than the register can say
    rise = np.where(never, -np.expm1(-dt_ms / tau_mem), np.maximum(dv, 1) / full)
    gain = rise * population.values("r")  # of v per step from a held I, as the register makes it
    depth = (population.values("v_threshold") - population.values("v_leak")) / gain
    jump = population.values("adaptation") / gain
    drive = population.values("bias") / population.values("r")
    scale = _scale(depth, drive, jump, largest, chip)
    vth = np.clip(np.round(scale * depth), 0, 2**neuron.vth_mantissa_bits - 1)
    mantissa, exponent = _bias(scale * drive * 2**neuron.weight_shift, neuron)
    silent = np.round(population.values("refractory_ms") / dt_ms)
    if silent.max() + 1 > neuron.refractory_max:
        raise CannotRepresent(
            f"population {population.name!r}: refractory_ms of neuron {int(silent.argmax())} is "
            f"{silent.max():g} steps, but a register of {neuron.refractory_max} (cuba_lif.refractory_max) blocks "
            f"{neuron.refractory_max - 1}: shorten it or use a longer dt_ms"
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
        _error(
            where,
            "tau_mem_ms",
            np.where(never | at_once, tau_mem, _tau(dv, full, dt_ms)),
            tau_mem,
            tolerance.time_constant,
            dt_ms,
        ),
        _error(where, "v_threshold", vth, scale * depth, tolerance.threshold),
        _error(where, "refractory_ms", silent * dt_ms, population.values("refractory_ms"), 0.5, 10 * dt_ms),
        _error(where, "bias", mantissa * 2.0**exponent, scale * drive * 2**neuron.weight_shift, tolerance.bias),
    ]
    if population.adapts:
        decay = np.clip(np.round(full * -np.expm1(-dt_ms / population.values("tau_adaptation_ms"))), 0, full - 1)
        rise = np.round(scale * jump)
        registers |= {"adaptation_jump": rise, "adaptation_decay": decay}
        wanted = population.values("tau_adaptation_ms")
        errors += [
            _error(where, "adaptation", rise, scale * jump, tolerance.threshold),
            _error(where, "tau_adaptation_ms", _tau(decay, full, dt_ms), wanted, tolerance.time_constant, dt_ms),
        ]
    return registers, scale, errors


def check_magnitudes(population: Population, largest: list[float], dt_ms: float) -> None:
    """Refuse numbers whose products would leave float64; whatever is left is finite to the end."""
    named = {
        **{name: np.abs(population.values(name)) for name in population.parameters},
        "v_threshold - v_leak": population.values("v_threshold") / 2 - population.values("v_leak") / 2,
        "largest weight": np.array(largest),
        "dt_ms": np.array([dt_ms]),
    }
    for name, values in named.items():
        wrong = (values != 0) & ~((values >= SMALLEST) & (values <= LARGEST))
        if wrong.any():
            raise CannotRepresent(
                f"population {population.name!r}: {name} is {values[wrong][0]:g}, but only magnitudes from "
                f"{SMALLEST:g} to {LARGEST:g} can be computed with: choose other units"
            )


def _scale(
    depth: npt.NDArray[Any],
    drive: npt.NDArray[Any],
    jump: npt.NDArray[Any],
    largest: list[float],
    chip: ChipProfile,
) -> float:
    """K: chip weight units per unit of physical weight, for all projections into one population.

    `depth`: thresholds, `drive`: biases, and `jump`: adaptations, all in units of I; `largest`: the largest weight of
    each projection.
    """
    neuron = chip.lif
    vth_max = 2**neuron.vth_mantissa_bits - 1
    highest, finest = vth_max / depth.max(), depth.min()
    if jump.any():
        most = min(vth_max, (2 ** (neuron.adaptation_bits - 1) - 1) >> neuron.weight_shift)
        highest = min(highest, most / jump.max())
        finest = min(finest, jump[jump > 0].min() * THRESHOLD_STEPS / ADAPTATION_STEPS)
    strongest = float(np.abs(drive).max())
    if strongest > 0:
        bias_max = neuron.bias_mantissa_max * 2**neuron.bias_exponent_max
        highest = min(highest, bias_max / (strongest * 2**neuron.weight_shift))
    if not largest:
        return float(highest / 2)
    grid = Grid("mixed", max(chip.lists.weight_bits), 0)
    if grid.high == 0:
        raise CannotRepresent(
            f"weights of {grid.weight_bits} bit (synapse.weight_bits of {chip.name}) have no place for a size: "
            "allow more"
        )
    fill = grid.high / max(largest)
    spread = max(largest) / min(largest)
    steps = THRESHOLD_STEPS / (fill * finest)
    exponent = max(0, int(np.floor(np.log2(spread))), int(np.ceil(np.log2(steps))))
    wanted = fill * 2.0 ** min(exponent, neuron.weight_exponent_max)
    return float(min(wanted, max(fill, highest / HEADROOM), highest))


def _bias(value: npt.NDArray[Any], neuron: CubaLif) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
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
    if parameter in ("v_threshold", "adaptation"):
        many = "thresholds, adaptations and time constants"
        return f"narrow the spread of {many} within the population, or its largest weight"
    return "bring the bias nearer to the threshold"
