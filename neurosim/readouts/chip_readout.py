"""Chip readout: a trained linear readout as neurons and synapses of the chip.

For each feature a population of neurons, one for each output (class), in registers: a current that lasts one step, a
membrane that adds up (or leaks with the feature's time constant), a threshold that sums do not reach.  The weights of
all features share one scale, so that an output is the plain sum of its neurons' membranes when the sample ends:

    output_k = sum over features f of v[k, f]        v[k, f] <- leak(v[k, f]) + 2^shift sum of m[k, f, i] over spikes i

Two external inputs come with it: "readout_reset", whose spike makes the neurons of a feature fire and so forget what
came before its start, and "readout_bias", whose spike in the last step adds the constant term.  A spike takes a step
to arrive, so a sample of T steps takes T + 1.

The sums above are what `host_scores` computes, in whole numbers, from the liquid's spikes alone and without any of the
code that runs programs: the chip's decision is held against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from chips import CannotRepresent, ChipProfile, RunError
from chips.profile import CubaLif
from compiler import Network, Span
from compiler.grid import Grid
from neurosim.readouts.features import Feature, cannot_form
from neurosim.result import RunResult
from neurosim.spikes import SpikeTrains

READOUT, RESET, BIAS = "readout", "readout_reset", "readout_bias"
HEADROOM = 2.0  # sums of other samples may be this much larger than those of the training samples
_CHUNK = 4_000_000  # steps x outputs at a time

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ChipReadout:
    """A readout in a chip's integers.

    Attributes:
        features: what is weighed, each by its own population of readout neurons.
        weights: [feature, neuron, output], whole numbers on the chip's grid.
        bias: [output], whole numbers, a multiple of `bias_parts`.
        scale: whole numbers per unit of the float readout's outputs.
        leak: [feature], decay register dv.
        threshold: register vth of the readout's neurons, which no sum may reach.
        resets: synapses that one reset takes; 0 where no feature starts late.
        reset_weight: of each.
        bias_parts: channels over which the constant term is spread.
        neuron: the chip's neuron arithmetic.
    """

    features: tuple[Feature, ...]
    weights: Integers
    bias: Integers
    scale: float
    leak: Integers
    threshold: int
    resets: int
    reset_weight: int
    bias_parts: int
    neuron: CubaLif
    population: str
    largest_error: float  # of a weight, relative to the largest of its feature

    @property
    def n_outputs(self) -> int:
        """Outputs: classes, or values."""
        return len(self.bias)

    @property
    def starts(self) -> tuple[int, ...]:
        """Steps in which a reset is due, each once."""
        return tuple(sorted({feature.start for feature in self.features if feature.start}))


def to_chip(
    coefficients: Floats,
    intercept: Floats,
    features: Sequence[Feature],
    chip: ChipProfile,
    training: RunResult,
    population: str,
) -> ChipReadout:
    """Put a linear readout on a chip's grid.

    All features share one scale, and each its own exponent of weights: the scale is the largest at which the feature of
    the smallest weights fits its bits, none needs more than the largest exponent, and no running sum of the training
    samples, times HEADROOM, reaches the threshold.

    Args:
        coefficients: [output, feature * neuron], of plain features.
        intercept: [output].
        features: in the order of the coefficients.
        chip: where it goes.
        training: the liquid's run on the training samples, which tells how large sums become.
        population: the liquid's.

    Raises:
        CannotRepresent: the chip cannot form a feature, or the weights are all zero.
    """
    for feature in features:
        if reason := cannot_form(feature, chip):
            raise CannotRepresent(f"the readout's feature '{feature}': {reason}")
    neuron, n = chip.lif, training.range_of(population)[1]
    wanted = coefficients.reshape(len(coefficients), len(features), n).transpose(1, 2, 0)
    largest = np.abs(wanted).max(axis=(1, 2))
    if not (np.isfinite(largest).all() and largest.any()):
        raise CannotRepresent("the readout's weights are all zero: nothing was learned, so nothing can be compiled")
    grid = Grid("mixed", max(chip.lists.weight_bits), 0)
    room, resets, reset_weight = _room(neuron, chip, any(feature.start for feature in features))
    plain = ChipReadout(
        features=tuple(features),
        weights=np.zeros(wanted.shape, np.int64),
        bias=np.zeros(len(intercept), np.int64),
        scale=_finest_scale(largest[largest > 0], grid.high, neuron.weight_exponent_max),
        leak=np.array([_leak(feature, training.dt_ms, neuron) for feature in features], np.int64),
        threshold=room,
        resets=resets,
        reset_weight=reset_weight,
        bias_parts=1,
        neuron=neuron,
        population=population,
        largest_error=0.0,
    )
    readout = _on_grid(plain, wanted, intercept, grid)
    highest = _highest(readout, training) * HEADROOM
    if highest > room:
        readout = _on_grid(replace(plain, scale=plain.scale * room / highest), wanted, intercept, grid)
    return readout


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


def _finest_scale(largest: Floats, high: int, exponent_max: int) -> float:
    """Whole numbers per unit at which the smallest feature fills the grid, or the largest its largest exponent."""
    return float(min(high / largest.min(), (high << exponent_max) / largest.max()))


def _on_grid(readout: ChipReadout, wanted: Floats, intercept: Floats, grid: Grid) -> ChipReadout:
    scaled = readout.scale * wanted
    largest = np.abs(scaled).max(axis=(1, 2))  # [feature]
    exponent = np.clip(np.ceil(np.log2(np.maximum(largest, 1) / grid.high)), 0, readout.neuron.weight_exponent_max)
    step = (grid.step * 2**exponent).astype(np.int64)[:, None, None]
    steps = np.clip(np.rint(scaled / step), grid.low // grid.step, grid.high // grid.step)
    weights = steps.astype(np.int64) * step
    error = float((np.abs(weights - scaled).max(axis=(1, 2)) / np.maximum(largest, 1e-300)).max())
    parts, bias = _bias_on_grid(readout.scale * intercept, grid, readout.neuron)
    return replace(readout, weights=weights, bias=bias, bias_parts=parts, largest_error=error)


def _bias_on_grid(bias: Floats, grid: Grid, neuron: CubaLif) -> tuple[int, Integers]:
    """Over how many channels the constant term is spread, and what they add up to."""
    most = grid.high << neuron.weight_exponent_max
    parts = max(1, int(-(-np.abs(bias).max() // most)))
    share = np.abs(bias).max() / parts
    exponent = max(0, int(np.ceil(np.log2(max(share, 1) / grid.high))))
    step = grid.step << exponent
    return parts, np.rint(bias / parts / step).astype(np.int64) * step * parts


def _leak(feature: Feature, dt_ms: float, neuron: CubaLif) -> int:
    full = 2**neuron.decay_bits
    return int(min(full - 1, round(full * (1 - float(np.exp(-dt_ms / feature.tau_ms))))))


# ---------------------------------------------------------------- the network


def attach(network: Network, readout: ChipReadout) -> Network:
    """The network with the readout's neurons, inputs and synapses added; the liquid's spikes stay as they are.

    Raises:
        NetworkError: a name of the readout is taken.
    """
    whole = Network(network.dt_ms, [*network.populations], [*network.inputs], [*network.projections])
    k = readout.n_outputs
    if readout.starts:
        whole.add_input(RESET, len(readout.starts) * readout.resets)
    whole.add_input(BIAS, readout.bias_parts)
    for f, feature in enumerate(readout.features):
        name = population_name(f)
        whole.add_registers(
            name, k, du=2**readout.neuron.decay_bits - 1, dv=int(readout.leak[f]), vth=readout.threshold
        )
        source, target = np.nonzero(readout.weights[f])
        whole.connect(readout.population, name, source, target, readout.weights[f][source, target])
        if feature.start:
            first = readout.starts.index(feature.start) * readout.resets
            channel = np.repeat(np.arange(first, first + readout.resets), k)
            whole.connect(RESET, name, channel, np.tile(np.arange(k), readout.resets), readout.reset_weight)
    channel, target = np.divmod(np.arange(readout.bias_parts * k), k)
    share = readout.bias // readout.bias_parts
    whole.connect(BIAS, population_name(0), channel, target, np.tile(share, readout.bias_parts))
    return whole


def population_name(f: int) -> str:
    """The population of the f-th feature."""
    return f"{READOUT}_{f}"


def with_signals(trains: SpikeTrains, readout: ChipReadout, n_channels: int) -> SpikeTrains:
    """Trains one step longer, with the spikes that reset the readout and add its constant term.

    Args:
        trains: what the liquid hears.
        readout: what reads it.
        n_channels: of the liquid's own inputs, which come first.

    Raises:
        RunError: a sample is over before a feature starts.
    """
    shortest = int(trains.steps.min())
    if readout.starts and readout.starts[-1] >= shortest:
        raise RunError(
            f"a feature starts at step {readout.starts[-1]}, but the shortest sample has {shortest} steps: start it "
            "earlier"
        )
    n = trains.n_samples
    resets = len(readout.starts) * readout.resets
    step_of_reset = np.repeat(np.array(readout.starts, np.int64) - 1, readout.resets)
    step = np.concatenate([trains.step, np.tile(step_of_reset, n), np.repeat(trains.steps - 1, readout.bias_parts)])
    channel = np.concatenate(
        [
            trains.channel,
            np.tile(n_channels + np.arange(resets), n),
            np.tile(n_channels + resets + np.arange(readout.bias_parts), n),
        ]
    )
    sample = np.concatenate(
        [
            np.repeat(np.arange(n), np.diff(trains.sample_ptr)),
            np.repeat(np.arange(n), resets),
            np.repeat(np.arange(n), readout.bias_parts),
        ]
    )
    value = None
    if trains.value is not None:
        value = np.concatenate([trains.value, np.ones(len(step) - len(trains.value), np.int32)])
    return SpikeTrains.from_events(step, channel, trains.steps + 1, sample, value)


def readout_neurons(spans: Sequence[Span], readout: ChipReadout) -> npt.NDArray[np.int64]:
    """Numbers of the readout's neurons: [feature * output], features outermost; what to probe."""
    start = {span.name: span.start for span in spans}
    first = [start[population_name(f)] for f in range(len(readout.features))]
    return (np.array(first, np.int64)[:, None] + np.arange(readout.n_outputs)).ravel()


def chip_scores(result: RunResult, readout: ChipReadout) -> Integers:
    """What the chip computed: [sample, output], sums of the membranes of a run with probes of last steps.

    Raises:
        RunError: the run kept no such probes.
    """
    if result.probes is None or not result.probes.last_only:
        raise RunError(
            "the run kept no last membranes: run it with probe=readout_neurons(...) and probe_last_only=True"
        )
    v = result.probes.v.reshape(-1, len(readout.features), readout.n_outputs)
    return np.asarray(v.sum(axis=1), np.int64)


# ---------------------------------------------------------------- the host's integers


def host_scores(liquid: RunResult, readout: ChipReadout) -> Integers:
    """The same sums from the liquid's spikes alone: [sample, output]."""
    return _integrate(liquid, readout)[0]


def _highest(readout: ChipReadout, training: RunResult) -> float:
    """The largest membrane, in weight units, in any step of the training samples."""
    return float(_integrate(training, readout)[1] / 2**readout.neuron.weight_shift)


def _integrate(liquid: RunResult, readout: ChipReadout) -> tuple[Integers, int]:
    """Membranes step by step: their sums at the end, and the largest on the way."""
    start, n = liquid.range_of(readout.population)
    steps = liquid.counts.steps
    scores = np.zeros((len(steps), readout.n_outputs), np.int64)
    longest = int(steps.max())
    chunk = max(1, _CHUNK // (longest * readout.n_outputs))
    highest = 0
    for first in range(0, len(steps), chunk):
        part = np.arange(first, min(first + chunk, len(steps)))
        spikes = _raster(liquid, part, longest, start, n)
        for f, feature in enumerate(readout.features):
            drive = (spikes @ readout.weights[f]).reshape(len(part), longest, readout.n_outputs)
            v, most = _membrane(drive, feature.start, int(readout.leak[f]), readout.neuron, steps[part])
            scores[part] += v
            highest = max(highest, most)
    shifted = readout.bias << readout.neuron.weight_shift
    return scores + shifted, max(highest, int(np.abs(shifted).max()))


def _raster(liquid: RunResult, part: Integers, longest: int, start: int, n: int) -> "sparse.csr_array":
    """Spikes of some samples: [sample * step, neuron]."""
    span = slice(int(liquid.sample_ptr[part[0]]), int(liquid.sample_ptr[part[-1] + 1]))
    sample = np.repeat(np.arange(len(part)), np.diff(liquid.sample_ptr)[part])
    neuron = liquid.spike_neuron[span].astype(np.int64) - start
    inside = (neuron >= 0) & (neuron < n)
    row = sample[inside] * longest + liquid.spike_step[span][inside]
    ones = np.ones(len(row), np.int64)
    return sparse.csr_array((ones, (row, neuron[inside])), shape=(len(part) * longest, n))


def _membrane(drive: Integers, start: int, leak: int, neuron: CubaLif, steps: Integers) -> tuple[Integers, int]:
    """Sums that leak toward zero, and stay as they are once their sample is over; and the largest of all."""
    keep, full = 2**neuron.decay_bits - leak, 2**neuron.decay_bits
    v = np.zeros((len(drive), drive.shape[2]), np.int64)
    highest = 0
    for t in range(start, drive.shape[1]):
        runs = steps > t
        left = np.sign(v) * (np.abs(v) * keep // full)
        v = np.where(runs[:, None], left + (drive[:, t] << neuron.weight_shift), v)
        highest = max(highest, int(np.abs(v).max(initial=0)))
    return v, highest
