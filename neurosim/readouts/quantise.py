"""Quantise: a float readout to the whole numbers of a chip's readout neurons."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from chips import CannotRepresent, ChipProfile
from chips.profile import CubaLif
from compiler.lowering.grid import Grid
from neurosim.readouts.chip_readout import ChipReadout
from neurosim.readouts.features import Feature, cannot_form, form
from neurosim.readouts.host_integers import host_scores, integrate
from neurosim.readouts.spike_decision import cannot_decide, pairs_of, room_to_fire
from neurosim.result import RunResult

HEADROOM = 2.0  # sums of other samples may be this much larger than those of the training samples
CLIPS = tuple(2.0 ** (-k / 2) for k in range(11))  # share of the largest weight that the grid reaches

Floats = npt.NDArray[np.float64]


def to_chip(
    coefficients: Floats,
    intercept: Floats,
    features: Sequence[Feature],
    chip: ChipProfile,
    training: RunResult,
    population: str,
    *,
    for_spikes: bool = False,
) -> ChipReadout:
    """Put a linear readout on a chip's grid.

    All features share one scale, and each has its own exponent of weights.  A few outliers among the weights would
    coarsen the grid of all, so weights beyond a share of the largest are clipped, the share of CLIPS that gives the
    least error of the outputs on the training samples; no running sum of these, times HEADROOM, reaches the threshold.

    Args:
        coefficients: [output, feature * neuron], of plain features.
        intercept: [output].
        features: in the order of the coefficients.
        chip: where it goes.
        training: the liquid's run on the training samples, which tells how large sums become.
        population: the liquid's.
        for_spikes: leave room for a decision in spikes (spike_decision.py): differences of weights must be on the grid
            and stay below the threshold too, and so must the threshold that lifts them.

    Raises:
        CannotRepresent: the chip cannot form a feature, or the weights are all zero; with `for_spikes`, as
            `cannot_decide`.
    """
    for feature in features:
        if reason := cannot_form(feature, chip):
            raise CannotRepresent(f"the readout's feature '{feature}': {reason}")
    neuron, n = chip.lif, training.range_of(population)[1]
    wanted = coefficients.reshape(len(coefficients), len(features), n).transpose(1, 2, 0)
    largest = np.abs(wanted).max(axis=(1, 2))
    if not (np.isfinite(largest).all() and largest.any()):
        raise CannotRepresent(
            "the readout's weights are all zero or not finite, so nothing was learned and nothing can be compiled: "
            "give training samples whose spikes differ from class to class"
        )
    room, resets, reset_weight = _room(neuron, chip, any(feature.start for feature in features))
    plain = ChipReadout(
        features=tuple(features),
        weights=np.zeros(wanted.shape, np.int64),
        bias=np.zeros((1, len(intercept)), np.int64),
        scale=1.0,
        leak=np.array([_leak(feature, training.dt_ms, neuron) for feature in features], np.int64),
        threshold=room,
        resets=resets,
        reset_weight=reset_weight,
        neuron=neuron,
        population=population,
        weight_error=0.0,
    )
    if for_spikes and (reason := cannot_decide(plain, chip)):
        raise CannotRepresent(reason)
    # a difference of two weights takes a bit more than each of them
    spare_bits = 1 if for_spikes and plain.n_outputs > 1 else 0
    grid = Grid("mixed", max(chip.lists.weight_bits) - spare_bits, 0)
    table = form(features, training, population)
    tried = [_on_grid(plain, wanted, share, grid) for share in CLIPS]
    readout = min(tried, key=lambda one: _score_error(one, coefficients, table))
    made, largest_sum = integrate(training, readout)
    constant = readout.scale * float(np.abs(intercept).max())
    highest = max(largest_sum / 2**neuron.weight_shift, constant) * HEADROOM
    if for_spikes:
        highest, room = _of_pairs(training, readout, intercept)
    if highest > room:
        readout = _rescaled(readout, wanted, readout.scale * room / highest, grid)
        made = host_scores(training, readout)
    readout = _with_bias(readout, table @ coefficients.T + intercept, made, grid)
    if not for_spikes:
        return readout
    finest = Grid("mixed", max(chip.lists.weight_bits), 0).step  # the constant term is to hold the threshold
    return replace(readout, threshold=room_to_fire(pairs_of(readout)) // finest * finest)


def _of_pairs(training: RunResult, readout: ChipReadout, intercept: Floats) -> tuple[float, int]:
    """The highest sum of any pair of classes, times HEADROOM, and the threshold below which it is to stay."""
    rough = np.rint(readout.scale * intercept).astype(np.int64)
    pairs = pairs_of(replace(readout, bias=rough[None]))
    return integrate(training, pairs)[1] / 2**readout.neuron.weight_shift * HEADROOM, room_to_fire(pairs)


def _room(neuron: CubaLif, chip: ChipProfile, late: bool) -> tuple[int, int, int]:
    """The threshold that sums stay below, and how many synapses of what weight make a reset from any sum.

    A reset of strength r takes v from -threshold or above over the threshold if r > 2 threshold; it must neither wrap
    the current nor the membrane, so threshold + r stays within their registers.
    """
    limit = 2 ** (min(neuron.u_bits, neuron.v_bits) - 1 - neuron.weight_shift) - 1
    highest = min(2**neuron.vth_mantissa_bits - 1, limit)
    if not late:
        return highest, 0, 0
    grid = Grid("excitatory", max(chip.lists.weight_bits), neuron.weight_exponent_max)
    strongest = grid.high << grid.exponent
    rooms = [
        (min(highest, (m * strongest - 1) // 2, limit - m * strongest), m) for m in range(1, limit // strongest + 1)
    ]
    if not rooms:  # one synapse is stronger than the register: a weaker one will do
        strongest = grid.high << max(e for e in range(grid.exponent + 1) if 2 * (grid.high << e) <= limit)
        rooms = [(min(highest, (strongest - 1) // 2, limit - strongest), 1)]
    room, resets = max(rooms, key=lambda pair: pair[0])
    return room, resets, strongest


def _on_grid(plain: ChipReadout, wanted: Floats, share: float, grid: Grid) -> ChipReadout:
    """The finest scale at which no weight but those above `share` of its feature's largest is clipped."""
    largest = share * np.abs(wanted).max(axis=(1, 2))
    largest = largest[largest > 0]
    coarsest = grid.high << plain.neuron.weight_exponent_max
    return _rescaled(plain, wanted, float(min(grid.high / largest.min(), coarsest / largest.max())), grid, share)


def _rescaled(readout: ChipReadout, wanted: Floats, scale: float, grid: Grid, share: float = 1.0) -> ChipReadout:
    scaled = scale * wanted
    largest = share * np.abs(scaled).max(axis=(1, 2))  # [feature]
    exponent = np.clip(np.ceil(np.log2(np.maximum(largest, 1) / grid.high)), 0, readout.neuron.weight_exponent_max)
    step = (grid.step * 2**exponent).astype(np.int64)[:, None, None]
    steps = np.clip(np.rint(scaled / step), grid.low // grid.step, grid.high // grid.step)
    weights = steps.astype(np.int64) * step
    error = float(np.sqrt(np.mean((weights - scaled) ** 2) / np.mean(scaled**2)))
    return replace(readout, weights=weights, scale=scale, weight_error=error)


def _score_error(readout: ChipReadout, coefficients: Floats, table: Floats) -> float:
    """Mean squared error of the outputs on the training samples, but for a constant."""
    made = readout.weights.transpose(2, 0, 1).reshape(coefficients.shape) / readout.scale
    off = table @ (made - coefficients).T
    return float(((off - off.mean(axis=0)) ** 2).mean())


def _with_bias(readout: ChipReadout, scores: Floats, made: npt.NDArray[np.int64], grid: Grid) -> ChipReadout:
    """The constant term that makes outputs right in the mean of the training samples, as one or more spikes.

    The first channels share it at the smallest exponent that holds it; the last one adds what their grid left over.
    """
    wanted = readout.scale * scores - made / 2**readout.neuron.weight_shift
    left = np.rint(wanted.mean(axis=0)).astype(np.int64)
    channels, most = [], grid.high // grid.step
    coarsest = readout.neuron.weight_exponent_max
    exponents = [coarsest] * int(np.abs(left).max() // (grid.high << coarsest))
    for given in (*exponents, None, 0):
        smallest = max(0, int(np.ceil(np.log2(max(1, np.abs(left).max()) / grid.high))))
        step = grid.step << (smallest if given is None else given)
        part = np.clip(np.rint(left / step), -most, most).astype(np.int64) * step
        channels.append(part)
        left = left - part
    return replace(readout, bias=np.stack(channels))


def _leak(feature: Feature, dt_ms: float, neuron: CubaLif) -> int:
    full = 2**neuron.decay_bits
    return int(min(full - 1, round(full * (1 - float(np.exp(-dt_ms / feature.tau_ms))))))
