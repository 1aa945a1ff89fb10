"""Sequences: what encoders and estimators take as X, in one form.

A sample is a float64 array of shape (frames, inputs); samples may differ in frames, not in inputs.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.spikes import SpikeTrains

Floats = npt.NDArray[np.float64]

LARGEST = 1e100  # magnitude whose squares and sums are still finite
_FORMS = "give a list of arrays (frames, inputs), or an array (samples, frames, inputs) or (samples, inputs)"


def spread(n: int, few: int) -> npt.NDArray[np.int64]:
    """Numbers of `few` of n samples, or of all if there are fewer, at even distances from the first one on."""
    few = min(n, few)
    return np.arange(few) * n // few


def check_trains(name: str, value: object) -> None:
    """Refuse what is no SpikeTrains, where only these will do.

    Raises:
        RunError: naming the argument.
    """
    if not isinstance(value, SpikeTrains):
        raise RunError(
            f"{name} is of type {type(value).__name__}, but SpikeTrains are needed: encode sequences first, as by "
            "RateEncoder().fit_transform(...), or make spikes by SpikeTrains.from_samples(...)"
        )


def as_sequences(X: Any, n_inputs: int | None = None) -> list[Floats]:  # noqa: N803 - scikit-learn's name
    """The samples of `X` as float64 arrays of shape (frames, inputs).

    Args:
        X: a list of arrays (frames, inputs) of different length, an array (samples, frames, inputs), or an array
            (samples, inputs), which means one frame a sample.
        n_inputs: how many values a frame must have; None takes what the first sample has.

    Raises:
        RunError: X has another form, holds no sample or an empty one, a value that is not finite (or
            above 1e100 in magnitude), or a wrong number of inputs.
    """
    sequences = _samples(X)
    if not sequences:
        raise RunError("X holds no samples, but at least one is needed")
    expected = sequences[0].shape[1] if n_inputs is None else n_inputs
    for i, sequence in enumerate(sequences):
        if sequence.shape[0] == 0 or sequence.shape[1] == 0:
            raise RunError(f"sample {i} of X is empty (frames, inputs: {sequence.shape}): leave it out")
        if sequence.shape[1] != expected:
            told = f"sample 0 has {expected:,}" if n_inputs is None else f"fit saw {expected:,}"
            raise RunError(
                f"sample {i} of X has {sequence.shape[1]:,} inputs, but {told}: give every frame the same inputs"
            )
        if not (np.abs(sequence) <= LARGEST).all():
            frame, at = np.argwhere(~(np.abs(sequence) <= LARGEST))[0]
            raise RunError(
                f"sample {i} of X holds {sequence[frame, at]} in frame {frame}, input {at}, but only finite "
                f"numbers up to {LARGEST:g} are used: fill the gap or leave the sample out"
            )
    return sequences


def _samples(X: Any) -> list[Floats]:  # noqa: N803
    """X in parts, each of two dimensions."""
    if isinstance(X, (list, tuple)):
        return [_sequence(x, i) for i, x in enumerate(X)]
    if not hasattr(X, "__array__"):
        raise RunError(f"X is a {type(X).__name__}: {_FORMS}")
    array = np.asarray(X)
    if array.dtype == object and array.ndim == 1:
        return [_sequence(x, i) for i, x in enumerate(array)]
    if array.ndim not in (2, 3):
        raise RunError(f"X has shape {array.shape}: {_FORMS}")
    values = _floats(array, "X")
    return list(values[:, None, :] if values.ndim == 2 else values)


def _sequence(x: Any, i: int) -> Floats:
    sequence = _floats(x, f"sample {i} of X")
    if sequence.ndim == 1:
        raise RunError(
            f"sample {i} of X has shape {sequence.shape}, which may be frames or inputs: "
            "give x[:, None] for one input a frame, or np.array(X) for one frame a sample"
        )
    if sequence.ndim != 2:
        raise RunError(f"sample {i} of X has shape {sequence.shape}: {_FORMS}")
    return sequence


def _floats(values: Any, what: str) -> Floats:
    """Real numbers as float64; text, complex numbers and ragged lists are refused."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise TypeError
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise RunError(f"{what} is not an array of real numbers: {_FORMS}") from None
