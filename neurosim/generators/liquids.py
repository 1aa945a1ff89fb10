"""Liquids: a Maass column with an input projection, as a network in physical units."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from chips import NetworkError
from compiler import Network
from neurosim.generators.column import C, Column, maass_column

INPUT, LIQUID = "input", "liquid"
Range = float | tuple[float, float]


def liquid(
    shape: Sequence[int] = (4, 4, 12),
    channels: int = 1,
    *,
    gain: float = 1.0,
    recurrence: float = 0.3,
    inhibition: float = 2.0,
    input_density: float = 0.2,
    input_negative: float = 0.5,
    weight_shape: float = 2.0,
    weight_cap: float = 3.0,
    c: Mapping[str, float] = C,
    reach: float = 2.0,
    inhibitory: float = 0.2,
    tau_mem_ms: Range = (10.0, 30.0),
    tau_syn_ms: Range = (3.0, 8.0),
    refractory_ms: float = 1.0,
    max_delay: int = 3,
    dt_ms: float = 1.0,
    seed: int = 0,
) -> Network:
    """A column of CUBA LIF neurons (threshold 1) with heterogeneous time constants and Dale's law.

    Args:
        shape: neurons along x, y and z.
        channels: external spike channels.
        gain: multiplies every weight; `calibrate` finds the one for a target rate.
        recurrence: size of recurrent weights relative to input weights; 0 leaves them out.
        inhibition: inhibitory weights relative to excitatory ones.
        input_density: probability that a channel reaches a neuron.
        input_negative: fraction of input synapses that are negative.
        weight_shape: of the gamma distribution of weights, whose mean is 1.
        weight_cap: largest weight before `gain`, so that a few outliers do not coarsen the grid of all.
        c: connection probability scale of each pair of kinds.
        reach: lambda of the connection probability, in grid units.
        inhibitory: fraction of inhibitory neurons.
        tau_mem_ms: least and largest membrane time constant, log-uniform between; or one for all.
        tau_syn_ms: the same for the synaptic current.
        refractory_ms: silence after a spike.
        max_delay: steps over the longest connection; shorter ones in proportion, at least 1.
        dt_ms: length of a step.
        seed: of all draws; the same seed gives the same network.

    Raises:
        NetworkError: a value is out of range.
    """
    for name, value in (("gain", gain), ("weight_shape", weight_shape), ("weight_cap", weight_cap)):
        if not (np.isfinite(value) and value > 0):
            raise NetworkError(f"liquid: {name} is {value}, but must be positive")
    for name, value in (("input_density", input_density), ("input_negative", input_negative)):
        if not 0 <= value <= 1:
            raise NetworkError(f"liquid: {name} is {value}, but a fraction lies between 0 and 1")
    column = maass_column(shape, c=c, reach=reach, inhibitory=inhibitory, seed=seed)
    rng = np.random.default_rng([seed, 1])
    network = Network(dt_ms)
    network.add_input(INPUT, channels)
    network.add_lif(
        LIQUID,
        column.n,
        tau_mem_ms=_log_uniform(rng, tau_mem_ms, column.n),
        tau_syn_ms=_log_uniform(rng, tau_syn_ms, column.n),
        refractory_ms=refractory_ms,
    )
    hit = rng.random((channels, column.n)) < input_density
    source, target = np.nonzero(hit)
    sign = np.where(rng.random(len(source)) < input_negative, -1, 1)
    size = _gamma(rng, len(source), weight_shape, weight_cap)
    network.connect(INPUT, LIQUID, source, target, gain * sign * size)
    size = _gamma(rng, len(column.sources), weight_shape, weight_cap)
    if recurrence > 0:
        side = np.where(column.inhibitory[column.sources], -inhibition, 1.0)
        network.connect(
            LIQUID,
            LIQUID,
            column.sources,
            column.targets,
            gain * recurrence * side * size,
            _delays(column, max_delay),
        )
    return network


def _gamma(rng: np.random.Generator, n: int, shape: float, cap: float) -> npt.NDArray[np.float64]:
    return np.minimum(rng.gamma(shape, 1 / shape, n), cap)


def _log_uniform(rng: np.random.Generator, bounds: Range, n: int) -> npt.NDArray[np.float64]:
    low, high = np.broadcast_to(bounds, 2).tolist() if np.shape(bounds) in ((), (2,)) else (0.0, 0.0)
    if not 0 < low <= high < np.inf:
        raise NetworkError(f"liquid: time constants are {bounds} ms; needed are one above 0, or (least, largest)")
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def _delays(column: Column, max_delay: int) -> npt.NDArray[np.int64]:
    longest = np.sqrt(((column.position.max(axis=0) - column.position.min(axis=0)) ** 2).sum())
    steps: npt.NDArray[np.int64] = np.ceil(column.distance / max(longest, 1) * max_delay).astype(np.int64)
    return np.clip(steps, 1, None)
