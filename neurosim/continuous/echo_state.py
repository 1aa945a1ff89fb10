"""Echo state networks: x <- (1 - a) x + a f(W x + V u + b), with W and V drawn at random and never trained.

Jaeger 2001, "The echo state approach to analysing and training recurrent neural networks" (GMD report 148); with a
leak, Jaeger, Lukosevicius, Popovici and Siewert 2007 (Neural Networks 20).  A network has echo states if its state
forgets where it started.  For f with slopes of 0 to 1 it does if 1 - a + a sigma_max(W) < 1, that is, if the largest
singular value of W is below 1.  If the spectral radius rho of (1 - a) I + a W is 1 or more, it does not for zero input
(where f has slope 1 at rest).  Between the two it mostly does, which `forgetting` tries.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chips import NetworkError
from neurosim.continuous.circuit import STATE, Circuit, Group
from neurosim.continuous.driven import DrivenUnits
from neurosim.continuous.model import (
    FUNCTIONS,
    Floats,
    as_matrix,
    check_between,
    check_function,
    linear_bound,
)
from neurosim.numbers import is_whole

GUARANTEED, LIKELY, NONE = "guaranteed (sigma_max < 1)", "likely (rho < 1)", "no echo state"
MOST_UNITS = 5000  # of a dense matrix whose eigenvalues are wanted
PROBE_STEPS = 500  # of the empirical test
FORGOTTEN = 1e-3  # of the distance at the start


@dataclass(frozen=True)
class EchoStateReport:
    """Whether a reservoir forgets its initial state.

    Attributes:
        spectral_radius: largest magnitude of an eigenvalue of (1 - a) I + a W.
        largest_singular_value: of W.
        verdict: "guaranteed (sigma_max < 1)", "likely (rho < 1)" or "no echo state".
        forgetting: distance of two opposite random initial states after 500 steps under one random input in -1 .. 1
            (none if no input weights were given, the hardest case), over their distance at the start.
        forgets: whether that is below 1/1000.
        scale: largest factor of W at which that spectral radius is 0.95 (or 1 - a / 20, if more); infinite if any
            will do.
    """

    spectral_radius: float
    largest_singular_value: float
    verdict: str
    forgetting: float
    forgets: bool
    scale: float


@dataclass(frozen=True, eq=False)
class EchoState(DrivenUnits):
    """An echo state network.

    Attributes:
        weights: W, [target, source].
        input_weights: V, [unit, input].
        bias: b, [unit], or one for all.
        leak: a, above 0 and at most 1.
        f: "tanh", "hardtanh" (-1 .. 1), "hardtanh01" (0 .. 1) or "linear".
        check: refuse matrices without echo states; False takes any.

    Raises:
        NetworkError: a shape, leak or f is wrong, or `check` finds no echo state; then with the factor to scale W by.
    """

    leak: float = 1.0
    f: Literal["tanh", "hardtanh", "hardtanh01", "linear"] = "tanh"
    check: bool = True

    def __post_init__(self) -> None:
        check_function(self.f)
        check_between("leak", self.leak, 0, 1)
        DrivenUnits.__post_init__(self)
        if self.check:
            _refuse_without_echo(self.weights, self.leak)

    def step(self, x: Floats, u: Floats) -> Floats:
        """The state after one step: x [..., unit], u [input] -> [..., unit]."""
        return (1 - self.leak) * x + self.leak * FUNCTIONS[self.f](self._drive(x, u))

    def circuit(self) -> Circuit:
        """One unit a unit, one step of the chip a step; units of 0 .. 1 start at 1/2 there, as units rest at 0."""
        half = 0.5 if self.f == "hardtanh01" else 0.0
        state = Group(
            STATE,
            self.n,
            "hardtanh" if half else self.f,
            bias=self.bias - half,
            keep=1 - self.leak,
            gain=self.leak,
            limit=half or 1.0,
            offset=half,
            largest=self._bound() if self.f == "linear" else half or 1.0,
        )
        return Circuit(self.inputs, (state,), self._wires(), initial=np.full(self.n, half))

    def _bound(self) -> float:
        matrix = (1 - self.leak) * np.eye(self.n) + self.leak * self.weights
        return linear_bound(matrix, self.leak * self._largest_input())


def echo_state(
    n: int,
    inputs: int = 1,
    *,
    spectral_radius: float = 0.9,
    density: float = 0.2,
    leak: float = 1.0,
    input_scale: float = 1.0,
    bias_scale: float = 0.0,
    f: Literal["tanh", "hardtanh", "hardtanh01", "linear"] = "tanh",
    seed: int = 0,
    check: bool = True,
) -> EchoState:
    """Draw an echo state network: normal weights, uniform input weights and biases.

    Args:
        n: units.
        inputs: signals.
        spectral_radius: of W.
        density: fraction of pairs of units that are connected.
        leak: a.
        input_scale: input weights are uniform in +- this.
        bias_scale: biases are uniform in +- this.
        f: see `EchoState`.
        seed: the same seed gives the same network.
        check: refuse a network without echo states, as `EchoState`.

    Raises:
        NetworkError: a value is out of range, no unit is connected in a loop, or there are no echo states.
    """
    for name, count in (("n", n), ("inputs", inputs)):
        if not is_whole(count, 1, MOST_UNITS):
            raise NetworkError(
                f"echo_state: {name} is {count!r}, but a whole number from 1 to {MOST_UNITS:,} is needed"
            )
    if not is_whole(seed, 0):
        raise NetworkError(f"echo_state: seed is {seed!r}, but a whole number from 0 is needed")
    check_between("density", density, 0, 1)
    check_between("spectral_radius", spectral_radius, 0, np.inf)
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n, n)) * (rng.random((n, n)) < density)
    radius = _radius(weights)
    if radius < 1e-9:
        raise NetworkError(f"echo_state: {n:,} units at density {density:g} have no loop, so no radius: raise density")
    inward = input_scale * rng.uniform(-1, 1, (n, inputs))
    bias = bias_scale * rng.uniform(-1, 1, n)
    return EchoState(weights * (spectral_radius / radius), inward, bias, leak, f, check)


def check_echo_state(
    weights: npt.ArrayLike,
    leak: float = 1.0,
    input_weights: npt.ArrayLike | None = None,
    f: str = "tanh",
    seed: int = 0,
) -> EchoStateReport:
    """Spectral radius, largest singular value, what follows from them, and a trial of two initial states.

    Args:
        weights: W, [target, source].
        leak: a.
        input_weights: [unit, input], for the trial.
        f: of the trial.
        seed: of the initial states and the input of the trial.

    Raises:
        NetworkError: W is not square, the leak is not in 0 .. 1, or f is unknown.
    """
    check_between("leak", leak, 0, 1)
    check_function(f)
    n = len(np.atleast_1d(np.asarray(weights, dtype=object)))
    w = as_matrix("weights", weights, (n, n))
    v = np.zeros((n, 1)) if input_weights is None else as_matrix("input_weights", input_weights, (n, None))
    radius, sigma = _radius((1 - leak) * np.eye(n) + leak * w), float(np.linalg.norm(w, 2))
    verdict = GUARANTEED if sigma < 1 else LIKELY if radius < 1 else NONE
    rng = np.random.default_rng(seed)
    pair = rng.uniform(-1, 1, n) * np.array([[1.0], [-1.0]])
    start = float(np.linalg.norm(pair[0] - pair[1]))
    for u in rng.uniform(-1, 1, (PROBE_STEPS, v.shape[1])):
        with np.errstate(over="ignore", invalid="ignore"):
            pair = (1 - leak) * pair + leak * FUNCTIONS[f](pair @ w.T + v @ u)
        pair = np.clip(pair, -1e100, 1e100)  # a linear one may grow for ever
    kept = float(np.linalg.norm(pair[0] - pair[1])) / start
    return EchoStateReport(radius, sigma, verdict, kept, kept < FORGOTTEN, _scale(w, leak))


def _refuse_without_echo(weights: Floats, leak: float) -> None:
    radius = _radius((1 - leak) * np.eye(len(weights)) + leak * weights)
    if radius >= 1:
        raise NetworkError(
            f"the weights have no echo state: the spectral radius of (1 - leak) I + leak W is {radius:.4g}, but must "
            f"be below 1: multiply W by {_scale(weights, leak):.3g} or less, or pass check=False"
        )


def _scale(weights: Floats, leak: float, wanted: float = 0.95) -> float:
    """The largest factor g with |1 - a + a g e| <= wanted (or 1 - a / 20, if that is more) for all eigenvalues e."""
    wanted = max(wanted, 1 - leak / 20)
    e = np.linalg.eigvals(weights)
    # |(1 - a) + a g e|^2 = wanted^2 is a quadratic in g, with one root above 0
    a, b, c = np.abs(leak * e) ** 2, (1 - leak) * leak * e.real, (1 - leak) ** 2 - wanted**2
    moving = a > 1e-18
    if not moving.any():
        return np.inf
    return float(((-b[moving] + np.sqrt(b[moving] ** 2 - a[moving] * c)) / a[moving]).min())


def _radius(matrix: Floats) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())
