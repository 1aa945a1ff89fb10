"""Spectral radius of a recurrent weight matrix, and what it says about echo states.

Jaeger 2001 (GMD report 148), for x <- tanh(W x + input): a largest singular value below 1 makes echo states certain; a
spectral radius above 1 rules them out for the input zero.  Between, and for other inputs, only a test can tell
(`echo_state_test`).  Of a spiking liquid neither is a good predictor (Chrol-Cannon and Jin 2014).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chips import RunError
from neurosim.metrics.rank import finite_matrix


@dataclass(frozen=True)
class Spectrum:
    """Two sizes of a matrix and a verdict."""

    spectral_radius: float
    largest_singular_value: float
    echo_state: Literal["certain", "possible", "ruled out"]  # of tanh units without leak; "ruled out": for input zero


def spectral_radius(weights: npt.ArrayLike) -> float:
    """Largest absolute eigenvalue of a square matrix.

    Raises:
        RunError: it is no square matrix of finite numbers.
    """
    return float(np.abs(np.linalg.eigvals(_square(weights))).max())


def spectral_report(weights: npt.ArrayLike) -> Spectrum:
    """Spectral radius, largest singular value, and what they say about echo states.

    Raises:
        RunError: as `spectral_radius`.
    """
    radius, norm = spectral_radius(weights), float(np.linalg.norm(_square(weights), 2))
    return Spectrum(radius, norm, "certain" if norm < 1 else "ruled out" if radius > 1 else "possible")


def _square(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    matrix = finite_matrix(weights, "weights")
    if matrix.shape[0] != matrix.shape[1]:
        raise RunError(f"weights of shape {matrix.shape} are not square: give the recurrent ones, [unit, unit]")
    return matrix
