"""Output axons of neurons, expected before it is known where their targets go: from round to round."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

ROUNDS = 12  # of what earlier rounds needed; one more expects the most there can be, which is always enough
MARGIN = 0.01  # on top of what a round needed, more with each


class ExpectedAxons:
    """What each round of growth should expect; after a round that did not fit, `needed` is told what it needed."""

    def __init__(self, first: int, most: npt.NDArray[np.integer], margin: float = MARGIN) -> None:
        """`first` of each neuron in the first round, `most` [neuron] in the last; all in between have the margin."""
        self._expected = np.full(len(most), first, np.int64)
        self._most = most.astype(np.int64)
        self._margin, self._factor = margin, 1.0

    def rounds(self) -> Iterator[Ints]:
        """The axons of each neuron that a round should expect: [neuron]."""
        for number in range(ROUNDS):
            self._factor = 1 + self._margin * number
            yield self._expected
        yield self._most

    def needed(self, axons: npt.NDArray[np.integer]) -> None:
        """What the last round needed: [neuron]."""
        self._expected = np.maximum(self._expected, np.ceil(axons * self._factor).astype(np.int64))
