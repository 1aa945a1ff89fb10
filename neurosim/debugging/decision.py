"""A decision of a liquid's trained readout, divided among neurons and steps.

A feature of readouts/features.py without a root is linear in the spikes, so the float readout's scores are divided
as attribution.py says.  On the chip, sums without a leak are divided exactly, in whole numbers; where a membrane leaks,
the chip rounds in every step, which belongs to no spike: what is divided then is the sum without that rounding.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.debugging.attribution import Attribution, attribute
from neurosim.debugging.outcomes import length, rows_of
from neurosim.readouts.chip_readout import ChipReadout
from neurosim.readouts.features import Feature

Numbers = npt.NDArray[Any]


def attribute_decision(
    result: Any,
    readout: Any,
    sample: int = 0,
    a: int | None = None,
    b: int | None = None,
    population: str | None = None,
) -> Attribution:
    """Which neurons and steps made a readout prefer output `a` to `b` in one sample.

    Args:
        result: what the liquid did: a run of `readout.liquid_program_`, or of another with the same population.
        readout: a fitted `LiquidClassifier` (its float readout: `coef_`, `intercept_`, `features`), or a `ChipReadout`
            (its whole numbers; `LiquidClassifier.chip_readout_`).
        sample: which of the result's samples.
        a: number of the output that contributions speak for; None: the one with the largest score.  Of two classes
            with one output, the second is 1, and 0 stands for the first.
        b: the one that they speak against; None: the largest score but for `a`.
        population: the liquid's; None: "liquid", or the chip readout's own.

    Returns:
        Neurons are numbered within the population.  `total` is score_a - score_b without the constant terms, of
        a chip readout in units of its weights.

    Raises:
        RunError: the readout is not fitted; a feature takes a root, so it is no sum over spikes; or sample, output or
            population is unknown.
    """
    steps = length(result, sample)
    weights: Numbers
    bias: Numbers
    kernels: Numbers
    if isinstance(readout, ChipReadout):
        weights, bias = readout.weights, readout.bias.sum(axis=0)
        kernels = _chip_kernels(readout, steps)
        population = population or readout.population
    else:
        if not hasattr(readout, "coef_"):
            raise RunError(
                f"readout is a {type(readout).__name__}, which has no coef_: give a LiquidClassifier after fit, or a "
                "ChipReadout"
            )
        features = tuple(readout.features)
        weights = np.asarray(readout.coef_).reshape(len(readout.coef_), len(features), -1).transpose(1, 2, 0)
        bias = np.atleast_1d(readout.intercept_)
        kernels = feature_kernels(features, steps, result.dt_ms)
        population = population or "liquid"
    if weights.shape[2] == 1:  # of two classes: the score of the second
        weights, bias = np.concatenate([np.zeros_like(weights), weights], axis=2), np.append(np.zeros_like(bias), bias)
    start, n = result.range_of(population)
    if n != weights.shape[1]:
        raise RunError(f"the readout weighs {weights.shape[1]:,} neurons, but {population!r} has {n:,}")
    rows = rows_of(result, sample)
    rows = rows[(rows[:, 1] >= start) & (rows[:, 1] < start + n)] - np.array([0, start, 0], np.int64)
    per_spike = np.einsum("fkc,fk->c", weights[:, rows[:, 1]].astype(float), kernels[:, rows[:, 0]].astype(float))
    order = np.argsort(-(per_spike + bias), kind="stable").tolist()
    a = order[0] if a is None else a
    b = next(c for c in order if c != a) if b is None else b
    return attribute(rows, steps, weights, kernels, a, b)


def feature_kernels(features: Sequence[Feature], steps: int, dt_ms: float) -> Numbers:
    """What a spike in each step of a sample adds to each feature: [feature, step]; whole numbers if all count.

    Raises:
        RunError: a feature takes a root.
    """
    for feature in features:
        if feature.root:
            raise RunError(f"the {feature} is no sum over spikes, so it cannot be divided among them: use counts")
    t = np.arange(steps)
    return np.stack([feature.weights(t, steps, dt_ms) for feature in features])


def _chip_kernels(readout: ChipReadout, steps: int) -> Numbers:
    """The same of the chip's membranes: a register's leak, without its rounding."""
    t, full = np.arange(steps), 2**readout.neuron.decay_bits
    rows: list[Numbers] = []
    for feature, leak in zip(readout.features, readout.leak.tolist(), strict=True):
        counts = (t >= feature.start).astype(np.int64)
        rows.append(counts * ((full - leak) / full) ** (steps - 1 - t) if leak else counts)
    return np.stack(rows)
