"""Even thresholds: a threshold for each neuron of a liquid that brings its own rate near the target.

As intrinsic plasticity does in cortex (Turrigiano 2011): a common gain leaves some neurons silent and others busy, and
both carry little.  Each round multiplies a neuron's threshold by the root of its rate over the target.  All neurons
share one scale on the chip, so thresholds too far apart cannot be held: then the range of the factors is narrowed, from
both ends, until the compiler takes them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from chips import CannotRepresent
from compiler import Network
from compiler.network import Population
from neurosim.generators.liquids import LIQUID
from neurosim.result import RunResult

EVEN_ROUNDS = 10  # of the thresholds
EVEN_STEP = (0.6, 1.6)  # least and largest factor of a round
EVEN_RANGE = (0.05, 20.0)  # of a threshold, relative to what it was
EVEN_NARROWER = 1.5  # factor by which both ends come nearer to 1 where a chip cannot hold the range

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]
Made = TypeVar("Made")


def even_factors(result: RunResult, target: float, run_with: Callable[[Floats], RunResult]) -> tuple[Floats, Range]:
    """Factors of the thresholds that bring rates together, and the range within which the chip holds them.

    Args:
        result: of the liquid with its thresholds as they are.
        target: spikes per neuron and step.
        run_with: run the liquid with factors, [neuron of the liquid].

    Raises:
        CannotRepresent: of `run_with`, if it cannot even run with factors of 1.
    """
    steps = int(result.steps.sum())
    factors, allowed = np.ones(result.range_of(LIQUID)[1]), EVEN_RANGE
    for _ in range(EVEN_ROUNDS):
        rate = result.spike_counts(LIQUID).sum(axis=0) / steps
        # a little is added, so that silent neurons come down step by step and not at once
        step = np.sqrt((rate + target / 20) / (target * 1.05))
        wanted = factors * np.clip(step, *EVEN_STEP)
        factors, allowed, result = held(wanted, allowed, run_with)
    return factors, allowed


def held(wanted: Floats, allowed: Range, attempt: Callable[[Floats], Made]) -> tuple[Floats, Range, Made]:
    """The factors within a range, `allowed` or narrower, that the chip holds; that range; what the attempt made."""
    while True:
        factors = np.clip(wanted, *allowed)
        try:
            return factors, allowed, attempt(factors)
        except CannotRepresent:
            if allowed == (1.0, 1.0):  # the thresholds as they were, which are not at fault
                raise
            allowed = min(1.0, allowed[0] * EVEN_NARROWER), max(1.0, allowed[1] / EVEN_NARROWER)


def with_thresholds(network: Network, factors: Floats) -> Network:
    """The network with the liquid's thresholds, above v_leak, multiplied by `factors`, [neuron of the liquid]."""
    populations = [_with_thresholds(p, factors) if p.name == LIQUID else p for p in network.populations]
    return Network(network.dt_ms, populations, [*network.inputs], [*network.projections])


def _with_thresholds(population: Population, factors: Floats) -> Population:
    leak, threshold = population.values("v_leak"), population.values("v_threshold")
    moved = leak + (threshold - leak) * factors
    return replace(population, parameters={**population.parameters, "v_threshold": moved})
