"""Steps: whether the step of a liquid of differential equations is short enough, tried on an input.

Halving: the run with dt against one with dt / 2, same held input.  Reference: the run against scipy's solve_ivp (RK45
with rtol 1e-6), interval by interval, as the input jumps.  Both errors are root mean squares of the difference over the
standard deviation of the states.  Stability: the Jacobian of one step (by central differences) at states of the
reference must have no eigenvalue of magnitude above 1 wherever that of dx/dt has all its eigenvalues on the left, that
is, wherever the liquid itself is stable; the largest stable dt is found by bisection.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

from chips import RunError
from neurosim.continuous.against_float import nrmse
from neurosim.continuous.model import Floats, as_signal, check_between
from neurosim.continuous.ode import LiquidODE, LiquidTimeConstant, Method

Liquid = TypeVar("Liquid", LiquidODE, LiquidTimeConstant)
PROBES = 5  # states at which stability is looked at
BISECTIONS = 20
NUDGE = 1e-6


@dataclass(frozen=True)
class StepReport:
    """Whether a step is short enough.

    Attributes:
        dt: the step.
        method: "euler", "rk4" or "exponential".
        stable: whether dt is at most `largest_stable_dt`.
        largest_stable_dt: by bisection of the spectral radius of the step's Jacobian; infinite if none up to
            1,000 times the longest tau is unstable, or the liquid is nowhere stable itself.
        halving_error: against the run with half the step; infinite if unstable.
        reference_error: against solve_ivp; infinite if unstable.
        tolerance: of both errors.
        good_dt: a step estimated, from the larger error and the order of the method, to keep both within tolerance.
    """

    dt: float
    method: str
    stable: bool
    largest_stable_dt: float
    halving_error: float
    reference_error: float
    tolerance: float
    good_dt: float

    @property
    def ok(self) -> bool:
        """Stable, and both errors within tolerance."""
        return self.stable and max(self.halving_error, self.reference_error) <= self.tolerance


def check_step(model: LiquidODE | LiquidTimeConstant, u: npt.ArrayLike, tolerance: float = 1e-2) -> StepReport:
    """Try the step of `model` on an input sequence [step, input] (each held for dt), from the zero state.

    Raises:
        RunError: u has another shape.
    """
    check_between("tolerance", tolerance, 0, np.inf)
    signal = as_signal(u, model.inputs)
    reference = _reference(model, signal)
    largest = _largest_stable(model, signal, reference)
    stable = model.dt <= largest
    halving = against = np.inf
    if stable:
        try:
            made = model.run(signal)
            finer = replace(model, dt=model.dt / 2).run(np.repeat(signal, 2, axis=0))[1::2]
            halving, against = nrmse(made, finer), nrmse(made, reference)
        except RunError:  # left the region in which the Jacobian was looked at
            stable = False
    order = 4 if model.method == "rk4" else 1
    ratio = tolerance / max(halving, against) if stable else 0.0
    good = model.dt * min(1.0, 0.9 * ratio ** (1 / order) if ratio < 1 else 1.0) if stable else 0.5 * largest
    return StepReport(model.dt, model.method, stable, largest, halving, against, tolerance, good)


def discretise(
    model: Liquid, dt: float, u: npt.ArrayLike, method: Method | None = None, tolerance: float = 1e-2
) -> Liquid:
    """`model` with step dt (and another method), if that step is stable and accurate on u [step, input].

    Raises:
        RunError: the step is unstable, naming the largest stable one; or its halving error, or that against solve_ivp,
            exceeds tolerance, naming a step that should do.
    """
    changed = replace(model, dt=dt, method=method or model.method)
    report = check_step(changed, u, tolerance)
    if not report.stable:
        raise RunError(
            f"dt {dt:g} is unstable with {report.method}: the largest stable step is {report.largest_stable_dt:.4g} "
            "(bisection of the spectral radius of the step's Jacobian along the run)"
        )
    for what, error in (("half the step", report.halving_error), ("solve_ivp", report.reference_error)):
        if error > tolerance:
            raise RunError(
                f"dt {dt:g} with {report.method} is off by {error:.2%} against {what}, above the tolerance of "
                f"{tolerance:.2%}: use dt {report.good_dt:.3g} or less (an estimate), or method 'rk4'"
            )
    return changed


def _reference(model: LiquidODE | LiquidTimeConstant, signal: Floats) -> Floats:
    states, x = np.empty((len(signal), model.n)), np.zeros(model.n)
    for t, now in enumerate(signal):
        solved = solve_ivp(_held(model, now), (0.0, model.dt), x, rtol=1e-6, atol=1e-9)
        x = solved.y[:, -1]
        states[t] = x
    return states


def _held(model: LiquidODE | LiquidTimeConstant, u: Floats) -> Callable[[float, Floats], Floats]:
    return lambda _, x: model.rate(x, u)


def _largest_stable(model: LiquidODE | LiquidTimeConstant, signal: Floats, reference: Floats) -> float:
    at = np.unique(np.linspace(0, len(signal) - 1, PROBES).astype(int))
    points = [(reference[i], signal[i]) for i in at]
    points = [(x, u) for x, u in points if _eigenvalues(model.rate, x, u).real.max() < 0]

    def stable(dt: float) -> bool:
        tried = replace(model, dt=dt)
        return all(np.abs(_eigenvalues(tried.step, x, u)).max() <= 1 + 1e-6 for x, u in points)

    if stable(1000 * float(np.max(model.tau))):
        return np.inf
    # the stable steps are an interval from 0 for each of the three methods; doubling finds its end quickly
    low = float(np.min(model.tau)) * 1e-3
    while stable(2 * low):
        low *= 2
    high = 2 * low
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if stable(middle) else (low, middle)
    return low


def _eigenvalues(f: Callable[[Floats, Floats], Floats], x: Floats, u: Floats) -> npt.NDArray[np.complex128]:
    """Of the Jacobian of f(x, u) by x."""
    nudge = NUDGE * np.eye(len(x))
    jacobian = (f(x + nudge, u) - f(x - nudge, u)).T / (2 * NUDGE)
    return np.linalg.eigvals(jacobian).astype(np.complex128)
