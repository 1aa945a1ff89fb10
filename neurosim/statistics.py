"""Mean, median, tail and worst case of a distribution."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Summary:
    """Four numbers of a distribution, in the unit of its values."""

    mean: float
    p50: float
    p99: float
    worst: float


def summary(values: npt.NDArray[np.float64]) -> Summary:
    """Summarise `values`; percentiles by linear interpolation."""
    p50, p99 = np.percentile(values, [50, 99])
    return Summary(float(values.mean()), float(p50), float(p99), float(values.max()))
