"""Step-forward code: a baseline follows the signal in steps of a threshold; each step is a spike, up or down.

Petro, Kasabov and Kiss 2020 (Selection and optimization of temporal spike encoding methods for spiking neural
networks): the baseline begins at the first value; where x > baseline + threshold the up channel fires and the baseline
rises by the threshold, where x < baseline - threshold the down channel fires and it falls.  A frame here lasts
`steps_per_frame` steps, so the baseline can move by as many thresholds.
"""

from typing import Any

import numpy as np

from chips import RunError
from neurosim.encoders.base import Bools, Encoder, Ints, changes, split, starts
from neurosim.encoders.parameters import is_number, require
from neurosim.encoders.sequential_kernel import step_forward
from neurosim.sequences import Floats
from neurosim.spikes import SpikeTrains


class StepForwardEncoder(Encoder):
    """A baseline that follows each input; the parts of an input are "up" and "down".

    The baseline is within the threshold of the signal at the end of every frame, as long as no change between
    frames exceeds steps_per_frame thresholds.  Of the two channels of an input at most one fires in a step.

    Args:
        threshold: in units of the inputs, above 0; with it nothing is learned.  None takes the root mean square change
            between frames of each input's training data.
        steps_per_frame: steps that a frame lasts.
        dt_ms: length of a step.

    Attributes:
        threshold_: of each input.
    """

    def __init__(self, threshold: float | None = None, *, steps_per_frame: int = 4, dt_ms: float = 1.0) -> None:
        self.threshold = threshold
        self.steps_per_frame = steps_per_frame
        self.dt_ms = dt_ms

    def decode(self, trains: SpikeTrains, first: Any) -> list[Floats]:
        """The baseline at the end of each frame, (frames, inputs) of each sample.

        Args:
            trains: what `transform` gave.
            first: the first frame of each sample [sample, input], which spikes do not tell.

        Raises:
            NotFittedError: the encoder was not fitted.
            RunError: the trains are not of this encoder, or `first` has another shape.
        """
        raster, lengths = self._raster_of(trains)
        begin = np.asarray(first, np.float64)
        if begin.shape != (len(lengths), self.n_features_in_):
            raise RunError(
                f"first has shape {begin.shape}, but the first frames of {len(lengths):,} samples of "
                f"{self.n_features_in_:,} inputs are needed: np.array([x[0] for x in X])"
            )
        moves = np.diff(raster.sum(axis=1, dtype=np.int64)[:, ::-1], axis=1)[:, 0] * self._threshold_of_each()
        return [base + np.cumsum(move, axis=0) for base, move in zip(begin, split(moves, lengths), strict=True)]

    def _check(self) -> None:
        right = self.threshold is None or is_number(self.threshold, above=0)
        require(self, "threshold", right, "None or a positive number")

    def _is_stateless(self) -> bool:
        return self.threshold is not None

    def _learn(self, frames: Floats, lengths: Ints) -> None:
        if self.threshold is not None:
            self.threshold_ = np.full(frames.shape[1], float(self.threshold))
            return
        change = np.delete(changes(frames, lengths), starts(lengths), axis=0)
        size = np.sqrt((change**2).mean(axis=0)) if len(change) else np.zeros(frames.shape[1])
        self.threshold_ = np.where(size > 0, size, 1.0)

    def _threshold_of_each(self) -> Floats | float:
        return self.threshold_ if self.threshold is None else float(self.threshold)

    def _parts(self) -> int:
        return 2

    def _max_per_step(self) -> float:
        return 0.5

    def _raster(self, frames: Floats, lengths: Ints) -> Bools:
        begin = starts(lengths)
        threshold = np.broadcast_to(self._threshold_of_each(), frames.shape[1:]).astype(np.float64)
        moves = step_forward(frames, begin, begin + lengths, threshold, self.steps_per_frame)
        number = np.arange(self.steps_per_frame)[:, None]
        return np.stack([number < moves[:, None], number < -moves[:, None]], axis=2)
