"""Spikes as objects of Neo: a Block, with a Segment for each sample and a SpikeTrain for each channel that fires.

Neo reads and writes dozens of formats; what it has read becomes trains here.  A step is dt_ms long: a spike at t is in
step floor(t / dt), and one that is written stands in the middle of its step, so nothing is lost to rounding.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chips import RunError
from neurosim.exchange.optional import need
from neurosim.spikes import MAX_STEPS, SpikeTrains

CHANNEL = "channel"  # annotation of a SpikeTrain


def to_neo(trains: SpikeTrains, dt_ms: float) -> Any:
    """The trains as a `neo.Block`.

    Raises:
        RunError: spikes carry payloads, which Neo has no place for.
        NeurosimError: the package neo is not installed.
    """
    neo = need("neo", "exchange with Neo")
    _check_dt(dt_ms)
    if trains.value is not None:
        raise RunError("spikes carry payloads, but those of Neo are times alone: write .npz or .csv")
    block = neo.Block(name="neurosim")
    for i in range(trains.n_samples):
        part = slice(int(trains.sample_ptr[i]), int(trains.sample_ptr[i + 1]))
        step, channel = trains.step[part], trains.channel[part]
        end = float(trains.steps[i]) * dt_ms
        segment = neo.Segment(name=f"sample {i}", index=i)
        for number in np.unique(channel).tolist() or [0]:
            times = (step[channel == number] + 0.5) * dt_ms
            train = neo.SpikeTrain(times, t_stop=end, units="ms", name=f"channel {number}")
            train.annotate(**{CHANNEL: number})
            segment.spiketrains.append(train)
        block.segments.append(segment)
    return block


def from_neo(given: Any, *, dt_ms: float, steps: int | None = None) -> SpikeTrains:
    """Trains from a Block (a sample for each Segment), a Segment, or a list of SpikeTrains (one sample).

    A SpikeTrain without the annotation `channel` is the channel of its place in the list.

    Args:
        given: objects of Neo.
        dt_ms: length of a step.
        steps: length of each sample; by default up to the latest t_stop.

    Raises:
        RunError: nothing that holds spike trains, times that are not finite or before 0, or two spikes in one step.
    """
    _check_dt(dt_ms)
    samples = [_trains_of(sample) for sample in _samples(given)]
    rows = [_rows(trains, dt_ms) for trains in samples]
    lengths = [steps if steps is not None else _length(trains, dt_ms) for trains in samples]
    return SpikeTrains.from_samples(rows, lengths)


def _check_dt(dt_ms: float) -> None:
    if not isinstance(dt_ms, int | float | np.number) or not 0 < dt_ms < np.inf:
        raise RunError(f"dt_ms is {dt_ms!r}, but a step needs a positive length in milliseconds")


def _samples(given: Any) -> Sequence[Any]:
    segments = getattr(given, "segments", None)
    if segments is not None and len(segments):
        return list(segments)
    return [given]


def _trains_of(sample: Any) -> list[Any]:
    trains = getattr(sample, "spiketrains", sample)
    try:
        found = list(trains)
    except TypeError:
        found = []
    if not found or not all(hasattr(train, "t_stop") and hasattr(train, "rescale") for train in found):
        raise RunError(f"{type(sample).__name__} holds no spike trains: give a neo.Block, a Segment or SpikeTrains")
    return found


def _ms(quantity: Any) -> Any:
    try:
        return np.atleast_1d(np.asarray(quantity.rescale("ms").magnitude, np.float64))
    except Exception as error:  # quantities raises its own
        raise RunError(
            f"times of a spike train are in {quantity.dimensionality}, which is no time ({error})"
        ) from error


def _rows(trains: list[Any], dt_ms: float) -> Any:
    rows = [np.zeros((0, 2), np.int64)]
    for place, train in enumerate(trains):
        step = np.floor(_ms(train) / dt_ms + 1e-9)
        if not (np.isfinite(step) & (step >= 0) & (step < MAX_STEPS)).all():
            raise RunError(
                f"spike train {place} has times before 0 or beyond {MAX_STEPS:,} steps: shift it, or mend dt_ms"
            )
        channel = np.broadcast_to(train.annotations.get(CHANNEL, place), step.shape)
        rows.append(np.stack([step, channel], axis=1).astype(np.int64))
    return np.concatenate(rows)


def _length(trains: list[Any], dt_ms: float) -> int:
    end = max(float(_ms(train.t_stop)[0]) for train in trains)
    if not 0 < end / dt_ms <= MAX_STEPS:
        raise RunError(f"spike trains end at {end:g} ms, which is no length of a sample: give steps")
    return int(np.ceil(end / dt_ms - 1e-9))
