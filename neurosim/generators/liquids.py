"""Liquids: a wiring with weights, delays and an input projection, as a network in physical units."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import NetworkError
from compiler import Network, ShortTermPlasticity
from compiler.parameters import MAX_DELAY_STEPS
from neurosim.generators.checks import (
    PAIRS,
    PerPair,
    check_fraction,
    check_number,
    check_positive,
    check_seed,
    check_synapses,
    check_whole,
)
from neurosim.generators.column import maass_column
from neurosim.generators.synapses import (
    Plasticity,
    Range,
    draw_delays,
    gamma_weights,
    plasticity_by_pair,
    time_constants,
)
from neurosim.generators.wiring import Wiring

INPUT, LIQUID = "input", "liquid"
MAX_INPUT_PAIRS = 2**31  # of a channel and a neuron, each drawn for
BLOCK = 2**20  # of them drawn for at once


def liquid(
    shape: Sequence[int] | None = None,
    channels: int = 1,
    *,
    wiring: Wiring | None = None,
    gain: float = 1.0,
    recurrence: float = 0.3,
    inhibition: float = 2.0,
    input_density: float = 0.2,
    input_negative: float = 0.5,
    input_delay: int = 1,
    weight_shape: float = 2.0,
    weight_cap: float = 3.0,
    c: PerPair | None = None,
    reach: PerPair | None = None,
    inhibitory: float | None = None,
    tau_mem_ms: Range = (10.0, 30.0),
    tau_syn_ms: Range = (3.0, 8.0),
    refractory_ms: float = 1.0,
    adaptation: float = 0.0,
    tau_adaptation_ms: float = 100.0,
    stp: Plasticity | None = None,
    max_delay: int = 3,
    dt_ms: float = 1.0,
    seed: int = 0,
) -> Network:
    """CUBA LIF neurons (threshold 1) with heterogeneous time constants and Dale's law, in a Maass column or any wiring.

    Args:
        shape: neurons along x, y and z of a Maass column; (4, 4, 12) if no wiring is given.
        channels: external spike channels.
        wiring: who connects to whom, from any generator; then `shape`, `c`, `reach` and `inhibitory` are not given.
        gain: multiplies every weight; `calibrate` finds the one for a target rate.
        recurrence: size of recurrent weights relative to input weights; 0 leaves them out.
        inhibition: inhibitory weights relative to excitatory ones.
        input_density: probability that a channel reaches a neuron.
        input_negative: fraction of input synapses that are negative.
        input_delay: longest delay of input synapses, in steps; each is drawn from 1 to it.
        weight_shape: of the gamma distribution of weights, whose mean is 1.
        weight_cap: largest weight before `gain`, so that a few outliers do not coarsen the grid of all.
        c: of a column, the connection probability scale of each pair of kinds (column.C).
        reach: of a column, lambda in grid units, one for all (2) or one for each pair of kinds.
        inhibitory: of a column, the fraction of inhibitory neurons (0.2).
        tau_mem_ms: least and largest membrane time constant, log-uniform between; or one for all.
        tau_syn_ms: the same for the synaptic current.
        refractory_ms: silence after a spike.
        adaptation: rise of the threshold at each spike (see `Population`); 0 for none.
        tau_adaptation_ms: time constant at which that rise decays.
        stp: short-term plasticity of recurrent synapses: None, "maass" (synapses.MAASS_STP), or a mapping of pairs of
            kinds to `ShortTermPlasticity`, whose missing pairs stay static.  Then each pair of kinds is a projection
            of its own, in the order EE, EI, IE, II; what a spike delivers is at most its weight.
        max_delay: steps over the extent of the wiring (across the column, halfway round a ring); shorter connections
            in proportion, at least 1.  In a wiring without positions any of 1 to `max_delay`, with the same chance.
        dt_ms: length of a step.
        seed: of all draws; the same seed gives the same network.

    Raises:
        NetworkError: a value is out of range, or a column is described beside `wiring`.
    """
    for name, value in (("gain", gain), ("weight_shape", weight_shape), ("weight_cap", weight_cap)):
        check_positive(f"liquid: {name}", value)
    for name, value in (("recurrence", recurrence), ("inhibition", inhibition), ("adaptation", adaptation)):
        check_number(f"liquid: {name}", value)
    for name, value in (("input_density", input_density), ("input_negative", input_negative)):
        check_fraction(f"liquid: {name}", value)
    check_whole("liquid: max_delay", max_delay, 1, MAX_DELAY_STEPS)
    check_whole("liquid: input_delay", input_delay, 1, MAX_DELAY_STEPS)
    check_seed("liquid", seed)
    plasticity = None if stp is None else plasticity_by_pair(stp)
    wiring = _wiring(wiring, seed, shape=shape, c=c, reach=reach, inhibitory=inhibitory)
    rng = np.random.default_rng([seed, 1])
    network = Network(dt_ms)
    network.add_input(INPUT, channels)
    network.add_lif(
        LIQUID,
        wiring.n,
        tau_mem_ms=time_constants(rng, "tau_mem_ms", tau_mem_ms, wiring.n),
        tau_syn_ms=time_constants(rng, "tau_syn_ms", tau_syn_ms, wiring.n),
        refractory_ms=refractory_ms,
        **({"adaptation": adaptation, "tau_adaptation_ms": tau_adaptation_ms} if adaptation > 0 else {}),
    )
    source, target = _reached(rng, channels, wiring.n, input_density)
    sign = np.where(rng.random(len(source)) < input_negative, -1, 1)
    size = gamma_weights(rng, len(source), weight_shape, weight_cap)
    late = np.random.default_rng([seed, 2]).integers(1, input_delay + 1, len(source))
    network.connect(INPUT, LIQUID, source, target, gain * sign * size, late)
    size = gamma_weights(rng, len(wiring.sources), weight_shape, weight_cap)
    if recurrence > 0:
        side = np.where(wiring.inhibitory[wiring.sources], -inhibition, 1.0)
        delays = draw_delays(rng, wiring, max_delay)
        _connect(network, wiring, gain * recurrence * side * size, delays, plasticity)
    return network


def _wiring(wiring: Wiring | None, seed: int, **column: Any) -> Wiring:
    """The wiring that was given, or the Maass column of what was given of it."""
    given = {name: value for name, value in column.items() if value is not None}
    if wiring is None:
        return maass_column(given.pop("shape", (4, 4, 12)), seed=seed, **given)
    if given:
        raise NetworkError(f"liquid: {next(iter(given))} describes a Maass column: leave it out, or leave out wiring")
    if not isinstance(wiring, Wiring):
        raise NetworkError(f"liquid: wiring is {wiring!r}, but must come from a generator such as erdos_renyi")
    return wiring


def _reached(
    rng: np.random.Generator, channels: int, n: int, density: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Channel and neuron of each input synapse: every pair with probability `density`, by itself."""
    if channels * n > MAX_INPUT_PAIRS:
        raise NetworkError(
            f"liquid: {channels:,} channels x {n:,} neurons are more than the {MAX_INPUT_PAIRS:,} pairs that are drawn "
            "for: connect an input of your own"
        )
    check_synapses("liquid: input", channels * n * density, "lower input_density")
    parts = []
    at_once = max(1, BLOCK // n)  # channels; the draws do not depend on it
    for first in range(0, channels, at_once):
        channel, neuron = np.nonzero(rng.random((min(at_once, channels - first), n)) < density)
        parts.append((first + channel, neuron))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _connect(
    network: Network,
    wiring: Wiring,
    weights: npt.NDArray[np.float64],
    delays: npt.NDArray[np.int64],
    plasticity: Mapping[str, ShortTermPlasticity | None] | None,
) -> None:
    """Connect the liquid to itself: in one projection, or in one of each pair of kinds with its own plasticity."""
    if plasticity is None:
        network.connect(LIQUID, LIQUID, wiring.sources, wiring.targets, weights, delays)
        return
    kind = np.array(["E", "I"])[wiring.inhibitory.astype(int)]
    for pair in PAIRS:
        of_pair = (kind[wiring.sources] == pair[0]) & (kind[wiring.targets] == pair[1])
        source, target = wiring.sources[of_pair], wiring.targets[of_pair]
        network.connect(LIQUID, LIQUID, source, target, weights[of_pair], delays[of_pair], stp=plasticity[pair])
