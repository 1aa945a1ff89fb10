"""Wirings: who connects to whom, which neurons are inhibitory, and where they are; what every generator returns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chips import NetworkError
from neurosim.generators.checks import MAX_NEURONS


@dataclass(frozen=True, eq=False)
class Wiring:
    """Connections between neurons of one population, without weights.

    A neuron is excitatory or inhibitory in all its connections (Dale's law).

    Raises:
        NetworkError: arrays of different lengths or of a wrong shape, or a neuron that does not exist.
    """

    inhibitory: npt.NDArray[np.bool_]  # [neuron]
    sources: npt.NDArray[np.int32]  # [synapse], ascending
    targets: npt.NDArray[np.int32]  # [synapse]
    position: npt.NDArray[np.int32] | None = None  # [neuron, axis], in grid units; None: nowhere
    circumference: int | None = None  # of a ring, whose positions have one axis that closes on itself

    def __post_init__(self) -> None:
        if self.inhibitory.ndim != 1 or self.inhibitory.dtype != np.bool_ or not 1 <= self.n <= MAX_NEURONS:
            raise NetworkError("Wiring.inhibitory needs one truth value for each of at least one neuron")
        if self.sources.ndim != 1 or self.sources.shape != self.targets.shape:
            raise NetworkError(f"a wiring has {self.sources.shape} sources but {self.targets.shape} targets")
        for name, ends in (("sources", self.sources), ("targets", self.targets)):
            if ends.dtype.kind not in "iu" or (len(ends) and not 0 <= ends.min() <= ends.max() < self.n):
                raise NetworkError(f"Wiring.{name} must be whole numbers from 0 to {self.n - 1}")
        if self.position is not None and (self.position.ndim != 2 or len(self.position) != self.n):
            raise NetworkError(f"Wiring.position has shape {self.position.shape}, but needs ({self.n}, axes)")
        if self.circumference is not None and (self.position is None or self.position.shape[1] != 1):
            raise NetworkError("Wiring.circumference belongs to positions on one axis: give position of shape (n, 1)")

    @property
    def n(self) -> int:
        """Neurons."""
        return len(self.inhibitory)

    @property
    def distance(self) -> npt.NDArray[np.float64]:
        """Length of each synapse in grid units: straight, or along the ring.

        Raises:
            NetworkError: the wiring has no positions.
        """
        if self.position is None:
            raise NetworkError("this wiring has no positions, so its connections have no length")
        steps = self.position[self.sources] - self.position[self.targets]
        if self.circumference is not None:
            steps = np.minimum(np.abs(steps), self.circumference - np.abs(steps))
        length: npt.NDArray[np.float64] = np.sqrt((steps.astype(np.float64) ** 2).sum(axis=1))
        return length

    @property
    def extent(self) -> float:
        """Largest distance that two neurons could have: across the box, or halfway round the ring.

        Raises:
            NetworkError: the wiring has no positions.
        """
        if self.position is None:
            raise NetworkError("this wiring has no positions, so it has no extent")
        if self.circumference is not None:
            return float(self.circumference // 2)
        return float(np.sqrt(((self.position.max(axis=0) - self.position.min(axis=0)) ** 2).sum()))
