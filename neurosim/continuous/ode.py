"""Liquids of differential equations, with the input held over each step of length dt.

    LiquidODE              dx/dt = -x / tau + f(W x + V u + b)
    LiquidTimeConstant     dx/dt = -x / tau + s (A - x),  s = sigmoid(W x + V u + b)

The second is the liquid time-constant network of Hasani, Lechner, Amini, Rus and Grosu 2021 (AAAI, arXiv:2006.04439,
equation 1), where each unit's f is a sigmoid: s adds to its leak, so its time constant 1 / (1 / tau + s) follows the
input.  Methods: "euler" and "rk4" (explicit, of order 1 and 4), and "exponential", which holds f (or s) over the step
and solves what is left exactly:

    LiquidODE              x <- x e^(-dt / tau) + tau (1 - e^(-dt / tau)) f
    LiquidTimeConstant     x <- x e^(-r dt) + (s A / r) (1 - e^(-r dt)),  r = 1 / tau + s

steps.py checks whether a step is short enough.  On a chip run "euler", and "exponential" of the first.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chips import CannotRepresent, NetworkError
from neurosim.continuous.circuit import STATE, Circuit, Group
from neurosim.continuous.driven import DrivenUnits
from neurosim.continuous.model import (
    FUNCTIONS,
    Floats,
    as_matrix,
    check_between,
    check_function,
    linear_bound,
    sigmoid,
)

Method = Literal["euler", "rk4", "exponential"]
METHODS = ("euler", "rk4", "exponential")


@dataclass(frozen=True, eq=False)
class _Liquid(DrivenUnits):
    """Matrices and the step of both liquids.

    Attributes:
        weights: W, [target, source].
        input_weights: V, [unit, input].
        bias: b, [unit], or one for all.
        tau: time constants, [unit] or one for all, above 0, in the unit of dt.
        dt: length of a step.
        method: "euler", "rk4" or "exponential".

    Raises:
        NetworkError: a shape or a value is wrong.
    """

    tau: Floats | float = 1.0
    dt: float = 0.05
    method: Method = "euler"

    def __post_init__(self) -> None:
        DrivenUnits.__post_init__(self)
        object.__setattr__(self, "tau", as_matrix("tau", self.tau, (self.n,)))
        check_between("dt", self.dt, 0, np.inf)
        if np.min(self.tau) <= 0:
            raise NetworkError(f"tau of unit {int(np.argmin(self.tau))} is {np.min(self.tau):g}, but must be above 0")
        if self.method not in METHODS:
            raise NetworkError(f"method is {self.method!r}, but known are {', '.join(METHODS)}")

    def rate(self, x: Floats, u: Floats) -> Floats:
        """The time derivative dx/dt at state x [..., unit] and input u [input]: [..., unit]."""
        raise NotImplementedError

    def step(self, x: Floats, u: Floats) -> Floats:
        """The state after one step of dt: x [..., unit], u [input] -> [..., unit]."""
        if self.method == "exponential":
            return self._exponential(x, u)
        first = self.rate(x, u)
        if self.method == "euler":
            return x + self.dt * first
        half = 0.5 * self.dt
        second = self.rate(x + half * first, u)
        third = self.rate(x + half * second, u)
        fourth = self.rate(x + self.dt * third, u)
        return x + self.dt / 6 * (first + 2 * second + 2 * third + fourth)

    def _exponential(self, x: Floats, u: Floats) -> Floats:
        raise NotImplementedError

    def _euler_keep(self) -> Floats:
        keep = 1 - self.dt / self.tau
        if np.min(keep) < 0:
            worst = int(np.argmin(keep))
            raise CannotRepresent(
                f"unit {worst}: dt {self.dt:g} exceeds tau {np.broadcast_to(self.tau, self.n)[worst]:g}, so its Euler "
                "step would turn the state's sign, which keep (0 or more) does not hold: use a shorter dt"
            )
        return np.asarray(keep)


@dataclass(frozen=True, eq=False)
class LiquidODE(_Liquid):
    """dx/dt = -x / tau + f(W x + V u + b); matrices, tau, dt and method first, as in every liquid of this file.

    Attributes:
        weights: W, [target, source].
        input_weights: V, [unit, input].
        bias: b, [unit], or one for all.
        tau: time constants, [unit] or one for all, above 0, in the unit of dt.
        dt: length of a step.
        method: "euler", "rk4" or "exponential".
        f: "tanh", "hardtanh" (-1 .. 1), "hardtanh01" (0 .. 1) or "linear".
    """

    f: Literal["tanh", "hardtanh", "hardtanh01", "linear"] = "tanh"

    def __post_init__(self) -> None:
        _Liquid.__post_init__(self)
        check_function(self.f)

    def rate(self, x: Floats, u: Floats) -> Floats:
        """The time derivative dx/dt at state x [..., unit] and input u [input]: [..., unit]."""
        return -x / self.tau + FUNCTIONS[self.f](self._drive(x, u))

    def _exponential(self, x: Floats, u: Floats) -> Floats:
        keep = np.exp(-self.dt / self.tau)
        return keep * x + self.tau * (1 - keep) * FUNCTIONS[self.f](self._drive(x, u))

    def circuit(self) -> Circuit:
        """One unit a unit, one step of the chip a step.

        Raises:
            CannotRepresent: the method is "rk4", or dt exceeds a tau with "euler".
        """
        if self.method == "rk4":
            raise CannotRepresent("the steps of rk4 have no circuit: choose method 'euler' or 'exponential'")
        if self.method == "euler":
            keep, gain = self._euler_keep(), np.full(self.n, self.dt)
        else:
            keep = np.broadcast_to(np.exp(-self.dt / self.tau), (self.n,))
            gain = self.tau * (1 - keep)
        steady = gain / (1 - keep)  # of f held at 1
        half = 0.5 if self.f == "hardtanh01" else 0.0
        if self.f == "linear":
            matrix = np.diag(keep) + gain[:, None] * self.weights
            largest = linear_bound(matrix, gain * self._largest_input())
        else:
            largest = float(steady.max()) * (half or 1.0)
        state = Group(
            STATE,
            self.n,
            "hardtanh" if half else self.f,
            bias=self.bias - half,
            keep=keep,
            gain=gain,
            limit=half or 1.0,
            offset=half * steady,
            largest=largest,
        )
        return Circuit(self.inputs, (state,), self._wires(), initial=half * steady)


@dataclass(frozen=True, eq=False)
class LiquidTimeConstant(_Liquid):
    """dx/dt = -x / tau + sigmoid(W x + V u + b) (A - x).

    Attributes:
        weights: W, [target, source].
        input_weights: V, [unit, input].
        bias: b, [unit], or one for all.
        tau: time constants, [unit] or one for all, above 0, in the unit of dt.
        dt: length of a step.
        method: "euler", "rk4" or "exponential".
        reversal: A, [unit], or one for all.
    """

    reversal: Floats | float = 1.0

    def __post_init__(self) -> None:
        _Liquid.__post_init__(self)
        object.__setattr__(self, "reversal", as_matrix("reversal", self.reversal, (self.n,)))

    def rate(self, x: Floats, u: Floats) -> Floats:
        """The time derivative dx/dt at state x [..., unit] and input u [input]: [..., unit]."""
        return -x / self.tau + sigmoid(self._drive(x, u)) * (self.reversal - x)

    def _exponential(self, x: Floats, u: Floats) -> Floats:
        s = sigmoid(self._drive(x, u))
        rate = 1 / self.tau + s
        keep = np.exp(-self.dt * rate)
        return np.asarray(x * keep + s * self.reversal / rate * (1 - keep))

    def circuit(self) -> Circuit:
        """One unit a unit, one step of the chip a step; it starts after a step without input and bias.

        Raises:
            CannotRepresent: the method is not "euler", dt exceeds a tau, or 1.
        """
        if self.method != "euler":
            raise CannotRepresent(f"the steps of {self.method} have no circuit: choose method 'euler'")
        if self.dt > 1:
            raise CannotRepresent(f"dt is {self.dt:g}, but the gain of a unit is at most 1: use a shorter dt")
        reversal = np.broadcast_to(self.reversal, (self.n,))
        state = Group(
            STATE,
            self.n,
            "liquid_time_constant",
            bias=self.bias,
            keep=self._euler_keep(),
            gain=self.dt,
            reversal=reversal,
            largest=float(np.abs(reversal).max()) + 1e-9,
        )
        return Circuit(self.inputs, (state,), self._wires(), initial=self.dt * 0.5 * reversal)
