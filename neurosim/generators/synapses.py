"""What a liquid adds to a wiring: weights, delays, time constants, and the short-term plasticity of its synapses."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from chips import NetworkError
from compiler import ShortTermPlasticity
from neurosim.generators.checks import PAIRS
from neurosim.generators.wiring import Wiring

Range = float | tuple[float, float]
Plasticity = str | Mapping[str, ShortTermPlasticity]

MAASS_STP = {"EE": (0.5, 1.1, 0.05), "EI": (0.05, 0.125, 1.2), "IE": (0.25, 0.7, 0.02), "II": (0.32, 0.144, 0.06)}
"""U, D and F of each pair of kinds, D and F in seconds (Maass, Natschlaeger and Markram 2002; the means)."""


def gamma_weights(rng: np.random.Generator, n: int, shape: float, cap: float) -> npt.NDArray[np.float64]:
    """`n` gamma distributed sizes of mean 1 before they are cut at `cap`."""
    return np.minimum(rng.gamma(shape, 1 / shape, n), cap)


def time_constants(rng: np.random.Generator, name: str, bounds: Range, n: int) -> npt.NDArray[np.float64]:
    """`n` time constants in milliseconds, log-uniform between bounds.

    Raises:
        NetworkError: the bounds are not one positive number, or two in order.
    """
    try:
        low, high = np.broadcast_to(np.asarray(bounds, np.float64), 2).tolist()
    except (TypeError, ValueError):
        low, high = 0.0, 0.0
    if not 0 < low <= high < np.inf:
        raise NetworkError(f"liquid: {name} is {bounds!r}, but needs a number above 0, or (least, largest)")
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def draw_delays(rng: np.random.Generator, wiring: Wiring, max_delay: int) -> npt.NDArray[np.int64]:
    """Steps of each synapse: in proportion to its length, `max_delay` over the wiring's extent, at least 1.

    Without positions any of 1 to `max_delay`, with the same chance.
    """
    if wiring.position is None:
        return rng.integers(1, max_delay, len(wiring.sources), endpoint=True)
    steps: npt.NDArray[np.int64] = np.ceil(wiring.distance / max(wiring.extent, 1) * max_delay).astype(np.int64)
    return np.clip(steps, 1, None)


def plasticity_by_pair(stp: Plasticity) -> dict[str, ShortTermPlasticity | None]:
    """The short-term plasticity of each pair of kinds; None: static.

    Raises:
        NetworkError: not "maass" and not a mapping of pairs of kinds.
    """
    if isinstance(stp, Mapping):
        if unknown := sorted(map(str, set(stp) - set(PAIRS))):
            raise NetworkError(f"liquid: stp has {unknown[0]!r}, but its keys are {', '.join(PAIRS)}")
        return {pair: stp.get(pair) for pair in PAIRS}
    if stp != "maass":
        raise NetworkError(f"liquid: stp is {stp!r}, but must be None, 'maass', or a plasticity for each pair of kinds")
    return {
        pair: ShortTermPlasticity(u=u, tau_rec_ms=1000 * d, tau_facil_ms=1000 * f)
        for pair, (u, d, f) in MAASS_STP.items()
    }
