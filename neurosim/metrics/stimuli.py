"""Stimuli: inputs that a liquid is examined with, made from the inputs that it is meant for.

A raster is a dense array [step, channel] of payloads: 0 no spike, 1 a spike.  All draws come from the generator given.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.metrics.states import Floats, check_cells
from neurosim.spikes import SpikeTrains

Raster = npt.NDArray[np.int32]


def poisson_trains(channels: int, steps: int, samples: int, rate: float, seed: int = 0) -> SpikeTrains:
    """Samples in which every channel fires with probability `rate` in every step, independently.

    Raises:
        RunError: rate is no probability, or the sizes are not positive or too large.
    """
    if not 0 <= rate <= 1:
        raise RunError(f"a channel fires {rate} times a step, but at most one spike a step is possible: lower the rate")
    if min(channels, steps, samples) < 1:
        raise RunError(f"{samples} samples of {steps} steps on {channels} channels: each must be at least 1")
    check_cells(channels * steps * samples, "the input")
    rng = np.random.default_rng(seed)
    return to_trains([(rng.random((steps, channels)) < rate).astype(np.int32) for _ in range(samples)])


def usual_value(trains: SpikeTrains) -> int:
    """The payload of a spike that is added: 1, or the median size of those that there are."""
    return 1 if trains.value is None else max(1, int(np.median(np.abs(trains.value.astype(np.int64)))))


def to_raster(trains: SpikeTrains, sample: int, channels: int) -> Raster:
    """One sample as a raster.

    Raises:
        RunError: it has a channel that is not below `channels`, or is too large.
    """
    part = slice(int(trains.sample_ptr[sample]), int(trains.sample_ptr[sample + 1]))
    step, channel = trains.step[part], trains.channel[part]
    if channel.max(initial=-1) >= channels:
        raise RunError(f"a spike is on channel {channel.max()}, but the program has {channels} input channels")
    check_cells(int(trains.steps[sample]) * channels, "a raster")
    raster = np.zeros((int(trains.steps[sample]), channels), np.int32)
    raster[step, channel] = 1 if trains.value is None else trains.value[part]
    return raster


def to_trains(rasters: Sequence[Raster]) -> SpikeTrains:
    """Rasters as samples."""
    where = [np.nonzero(raster) for raster in rasters]
    sample = np.repeat(np.arange(len(rasters)), [len(step) for step, _ in where])
    step = np.concatenate([step for step, _ in where])
    channel = np.concatenate([channel for _, channel in where])
    value = np.concatenate([raster[place] for raster, place in zip(rasters, where, strict=True)])
    return SpikeTrains.from_events(step, channel, [len(raster) for raster in rasters], sample, value)


def stream(trains: SpikeTrains, first: int, steps: int, channels: int) -> Raster:
    """Samples laid end to end from sample `first` on, around and around, cut after `steps` steps."""
    pieces, have, i = [], 0, first
    while have < steps:
        pieces.append(to_raster(trains, i % len(trains), channels)[: steps - have])
        have, i = have + len(pieces[-1]), i + 1
    return np.concatenate(pieces)


def jittered(raster: Raster, sd_steps: float, rng: np.random.Generator) -> Raster:
    """Every spike moved by a rounded Gaussian of `sd_steps`, kept inside; two that meet become one."""
    step, channel = np.nonzero(raster)
    moved = np.clip(step + np.rint(rng.normal(0, sd_steps, len(step))).astype(np.int64), 0, len(raster) - 1)
    new = np.zeros_like(raster)
    new[moved, channel] = raster[step, channel]
    return new


def mixed(one: Raster, other: Raster, share: float, rng: np.random.Generator) -> Raster:
    """A share of the cells (step, channel) of `one` replaced by those of `other`: as far from `one` as the share."""
    new: Raster = np.where(rng.random(one.shape) < share, other, one)
    return new


def toggled(raster: Raster, step: int, channel: int, value: int = 1) -> Raster:
    """One spike more, or one less if there is one."""
    new = raster.copy()
    new[step, channel] = value if new[step, channel] == 0 else 0
    return new


def modulated(x: Floats, rate: Floats, hold: int, rng: np.random.Generator, value: int = 1) -> Raster:
    """A signal within 0 .. 1 as rates, each value held for `hold` steps: [len(x) * hold, channel].

    A channel fires 2 rate x or 2 rate (1 - x) spikes a step (at most one), a half of the channels each, so that its
    mean is `rate` [channel]; a phase accumulator with a random start makes the spikes, as in `RateEncoder`.
    """
    check_cells(len(x) * hold * len(rate), "the input of the memory curve")
    rises = rng.permutation(len(rate)) % 2 == 0
    share = np.where(rises, x[:, None], 1 - x[:, None])
    per_step = np.repeat(np.minimum(2 * rate * share, 1), hold, axis=0)
    phase = np.floor(rng.random(len(rate)) + np.cumsum(per_step, axis=0))
    raster: Raster = (np.diff(phase, axis=0, prepend=0) > 0) * np.int32(value)
    return raster
