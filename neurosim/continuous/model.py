"""What the models of this folder share: their functions, their checks of arrays, and what a model is.

tanh         f(z) = tanh(z)
hardtanh     f(z) = min(max(z, -1), 1)
hardtanh01   f(z) = min(max(z, 0), 1)
linear       f(z) = z
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from chips import CannotRepresent, NetworkError, RunError
from neurosim.numbers import is_real

if TYPE_CHECKING:
    from neurosim.continuous.circuit import Circuit

Floats = npt.NDArray[np.float64]
GROWN = 1e12  # a linear state beyond it has no bound


def _hardtanh(z: Floats) -> Floats:
    return np.clip(z, -1.0, 1.0)


def _hardtanh01(z: Floats) -> Floats:
    return np.clip(z, 0.0, 1.0)


def _linear(z: Floats) -> Floats:
    return z


FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "tanh": np.tanh,
    "hardtanh": _hardtanh,
    "hardtanh01": _hardtanh01,
    "linear": _linear,
}
"""Name -> f."""


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)), without overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * z)


class Model(Protocol):
    """A liquid of numbers: `n` units driven by `inputs` signals."""

    @property
    def n(self) -> int:
        """Units."""
        ...

    @property
    def inputs(self) -> int:
        """Signals that drive the units."""
        ...

    def step(self, x: Floats, u: Floats) -> Floats:
        """The state after one step of input: x [..., unit] and u [input] -> [..., unit]."""
        ...

    def run(self, u: npt.ArrayLike, initial: npt.ArrayLike | None = None) -> Floats:
        """States after each step: u [step, input], or [step] if there is one input, -> [step, unit]."""
        ...

    def circuit(self) -> "Circuit":
        """The graded units that compute the same."""
        ...


def run_steps(model: Model, u: npt.ArrayLike, initial: npt.ArrayLike | None) -> Floats:
    """States after each step, from `initial` (zeros if None): [step, unit].

    Raises:
        RunError: the input or the initial state has another shape, or a state is no longer finite.
    """
    signal = as_signal(u, model.inputs)
    x = np.zeros(model.n) if initial is None else _as_state(initial, model.n)
    states = np.empty((len(signal), model.n))
    with np.errstate(over="ignore", invalid="ignore"):
        for t, now in enumerate(signal):
            x = model.step(x, now)
            states[t] = x
    if not np.isfinite(states).all():
        first = int((~np.isfinite(states)).any(axis=1).argmax())
        raise RunError(
            f"{type(model).__name__}: a state is no longer finite in step {first}: the model is unstable, so lower its "
            "weights or its step"
        )
    return states


def as_signal(u: npt.ArrayLike, inputs: int) -> Floats:
    """An input sequence as [step, input].

    Raises:
        RunError: not numbers, not finite, empty, or of another number of inputs.
    """
    try:
        signal = np.asarray(u, np.float64)
    except (TypeError, ValueError):
        raise RunError("u is not an array of numbers: give [step, input]") from None
    if signal.ndim == 1 and inputs == 1:
        signal = signal[:, None]
    if signal.ndim != 2 or signal.shape[1] != inputs or len(signal) == 0:
        raise RunError(f"u has shape {signal.shape}, but [step, input] with {inputs:,} inputs is needed")
    if not np.isfinite(signal).all():
        raise RunError("u holds a number that is not finite: leave such steps out, or fill them")
    return signal


def _as_state(initial: npt.ArrayLike, n: int) -> Floats:
    state = np.asarray(initial, np.float64)
    if state.shape != (n,) or not np.isfinite(state).all():
        raise RunError(f"the initial state has shape {state.shape}, but {n:,} finite numbers are needed")
    return state


def as_matrix(what: str, values: Any, shape: tuple[int | None, ...]) -> Floats:
    """A finite array of `shape`, where None is any length; a scalar fills a vector; read-only.

    Raises:
        NetworkError: naming the array, its shape and the one needed.
    """
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError):
        raise NetworkError(f"{what} is not an array of numbers") from None
    if array.ndim == 0 and len(shape) == 1 and shape[0] is not None:
        array = np.full(shape[0], float(array))
    fits = array.ndim == len(shape) and all(b in (None, a) for a, b in zip(array.shape, shape, strict=True))
    if not fits or 0 in array.shape:
        wanted = ", ".join("any" if length is None else f"{length:,}" for length in shape)
        raise NetworkError(f"{what} has shape {array.shape}, but ({wanted}) is needed")
    if not np.isfinite(array).all():
        raise NetworkError(f"{what} holds a number that is not finite")
    array.setflags(write=False)
    return array


def check_function(name: str) -> None:
    """Refuse a function that is not known, with those that are.

    Raises:
        NetworkError: saying so.
    """
    if name not in FUNCTIONS:
        raise NetworkError(f"f is {name!r}, but known are {', '.join(FUNCTIONS)}")


def check_between(what: str, value: float, low: float, high: float) -> None:
    """Refuse a number that is not above `low` and at most `high`.

    Raises:
        NetworkError: naming the number and its range.
    """
    if not is_real(value) or not low < value <= high:
        upper = "" if np.isinf(high) else f" and at most {high:g}"
        raise NetworkError(f"{what} is {value!r}, but a number above {low:g}{upper} is needed")


def linear_bound(matrix: Floats, drive: Floats) -> float:
    """Largest |x| of x <- matrix x + d with |d| <= drive: the sum of |matrix^k| drive, of at most 2,000 terms.

    Raises:
        CannotRepresent: the sum exceeds 1e12, as the state of a linear liquid may grow without bound.
    """
    total, power = np.zeros_like(matrix), np.eye(len(matrix))
    for _ in range(2000):
        total += np.abs(power)
        if total.max() > GROWN:
            raise CannotRepresent("the state of this linear liquid grows without bound: lower its weights or its step")
        power = power @ matrix
        if np.abs(power).max() < 1e-6:
            break
    return float((total @ drive).max()) + 1e-9
