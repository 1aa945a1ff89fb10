"""Task: the data of an experiment as spikes, which all of its chip configurations share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.experiment import Experiment, Readout
from neurosim.experiment_encoders import front_end, make_encoder
from neurosim.recordings.dataset import Dataset, load_dataset
from neurosim.sequences import spread
from neurosim.spikes import SpikeTrains


@dataclass(frozen=True)
class Task:
    """What all configurations share."""

    experiment: Experiment
    data: Dataset  # its sequences are what the encoder sees
    trains: SpikeTrains
    calibration: SpikeTrains
    channels: int

    @property
    def bins(self) -> tuple[int, ...]:
        """Numbers of bins that the readout is tried with; the last one is the experiment's answer."""
        return self.experiment.readout.bins

    @property
    def raw(self) -> str:
        """What the encoder sees, in words."""
        return "raw input" if self.experiment.encoder.mel_bands is None else "mel bands"


@dataclass(frozen=True)
class Encoded:
    """What an experiment's data and encoder make, whatever the liquid."""

    data: Dataset
    trains: SpikeTrains
    calibration: SpikeTrains
    channels: int


def prepare(experiment: Experiment) -> Task:
    """Data, encoded as the training samples teach it; and those of them to calibrate on.

    Raises:
        RunError: the data cannot be read or encoded, no spike comes of them, or they end before the readout starts.
    """
    return task_of(experiment, encode(experiment))


def encode(experiment: Experiment) -> Encoded:
    """The data as spikes; depends on `data`, `encoder`, `liquid.dt_ms` and `liquid.calibration_samples` alone.

    Raises:
        RunError: the data cannot be read or encoded, or no spike comes of them.
    """
    data = _load(experiment)
    data = replace(data, sequences=front_end(experiment.encoder, data.sequences))
    encoder = make_encoder(experiment.encoder, experiment.liquid.dt_ms).fit(data.training)
    training = data.training
    shown = [training[i] for i in spread(len(training), experiment.liquid.calibration_samples)]
    calibration, trains = encoder.transform(shown), encoder.transform(data.sequences)
    _check_not_silent(experiment.encoder.kind, shown, calibration)
    return Encoded(data, trains, calibration, encoder.n_channels_)


def _load(experiment: Experiment) -> Dataset:
    """The experiment's data; a refusal says which line asked for them."""
    try:
        return load_dataset(experiment.data.file)
    except RunError as error:
        where = experiment.data.where
        raise RunError(f"{where}: {error}" if where else str(error)) from error


def task_of(experiment: Experiment, encoded: Encoded) -> Task:
    """The task of an experiment whose data are encoded.

    Raises:
        RunError: the data end before the readout starts.
    """
    _check_starts(experiment.readout, encoded.trains)
    return Task(experiment, encoded.data, encoded.trains, encoded.calibration, encoded.channels)


def _check_not_silent(kind: str, samples: Sequence[npt.NDArray[np.float64]], trains: SpikeTrains) -> None:
    """Refuse an encoder that says nothing: a calibration would blame the liquid."""
    if len(trains.step) == 0:
        low, high = min(x.min() for x in samples), max(x.max() for x in samples)
        raise RunError(
            f"encoder: {kind} makes no spike of the {len(samples):,} calibration samples, whose values go from "
            f"{low:.4g} to {high:.4g}, so the liquid hears nothing: give thresholds or a range that suit them"
        )


def _check_starts(readout: Readout, trains: SpikeTrains) -> None:
    """Refuse a readout that would start when every sample, or some sample as a whole, has ended."""
    shortest, longest = int(trains.steps.min()), int(trains.steps.max())
    if readout.starts and max(readout.starts) >= longest:
        raise RunError(
            f"readout.starts has step {max(readout.starts):,}, but the longest sample lasts {longest:,} steps (frames "
            "times encoder.steps_per_frame): start earlier"
        )
    if not readout.traces_ms and min(readout.starts) >= shortest:
        raise RunError(
            f"readout.starts begins at {min(readout.starts):,}, but the shortest sample lasts {shortest:,} steps "
            "(frames times encoder.steps_per_frame), so nothing is read of it: add 0 to starts"
        )
