"""NIR's neurons as neurons of ours, by forward Euler: the steps that the simulators behind NIR take.

With a step dt, and x the sum of what reaches a node:

    LIF      v <- v + dt/tau (v_leak - v + r x)                                    v > v_threshold: spike, v <- v_reset
    CubaLIF  I <- I + dt/tau_syn (w_in x - I), then v as LIF with that I           likewise
    IF       v <- v + dt r x                                                       likewise
    LI, CubaLI  as LIF and CubaLIF, without spikes
    Threshold   x > threshold: spike

Ours decays by exp(-dt / tau), so it gets the tau for which that is NIR's 1 - dt/tau.  v is measured from v_reset, where
it starts; a v_leak elsewhere is a bias, which is the same.  LI and CubaLI get a threshold that no input can reach.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler.parameters import NO_LEAK_STEPS
from neurosim.exchange.nir_linear import spread
from neurosim.exchange.signals import Floats, Shape, UnsuitedError

PARAMETERS = {
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_reset", "v_threshold", "w_in"),
    "IF": ("r", "v_reset", "v_threshold"),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", "r", "v_leak", "v_reset", "v_threshold"),
    "Threshold": ("threshold",),
}
"""Type of node -> its parameters, all of one shape."""

SILENT = ("CubaLI", "LI")
AT_ONCE = 1e-3  # steps: a time constant of which nothing is left after a step
HEADROOM = 1.001  # of a threshold that must not be reached, for the chip's rounding


@dataclass(frozen=True)
class Neurons:
    """Neurons of one node.

    Attributes:
        tau_mem: steps.
        tau_syn: steps; 0 is a current that lasts one step.
        factor: of the weights of what reaches each neuron, [neuron].
        bias: [neuron], in units of v, beside what constants bring.
        r: [neuron].
        v_leak: [neuron].
        v_threshold: [neuron]; None: never reached, `threshold_beyond` finds it.
        waits: whether a constant comes through the synapse's current, and so takes time.
    """

    tau_mem: Floats
    tau_syn: Floats
    factor: Floats
    bias: Floats
    r: Floats
    v_leak: Floats
    v_threshold: Floats | None
    waits: bool

    def parameters(self, dt_ms: float, drive: Floats, reach: Floats) -> dict[str, Any]:
        """Parameters of `add_lif`.

        Args:
            dt_ms: length of a step.
            drive: constant part of x, [neuron].
            reach: the sum of the magnitudes of weights, [neuron].
        """
        bias = self.bias + self.r * drive
        threshold = self.v_threshold
        if threshold is None:
            most = self.r * reach + np.abs(bias)
            threshold = self.v_leak + np.where(most > 0, most, 1.0) * HEADROOM
        elif (self.tau_mem == AT_ONCE).all():  # without memory: a threshold may stand anywhere, both move together
            up = np.maximum(0.0, 1.0 - threshold)
            threshold, bias = threshold + up, bias + up
        values = {
            "tau_mem_ms": self.tau_mem * dt_ms,
            "tau_syn_ms": self.tau_syn * dt_ms,
            "r": self.r,
            "bias": bias,
            "v_leak": self.v_leak,
            "v_threshold": threshold,
        }
        return {key: one_number(value) for key, value in values.items()}


def one_number(values: Floats) -> Any:
    """The number that all are, or all of them."""
    return values[0] if (values == values[0]).all() else values


def neurons(node: Any, kind: str, shape: Shape, dt_s: float) -> Neurons:
    """The neurons of a node, of which `shape` is the shape.

    Raises:
        UnsuitedError: a parameter that Euler's steps or our neurons cannot take.
    """
    p = {key: spread(getattr(node, key), key, shape) for key in PARAMETERS[kind]}
    zeros, ones = np.zeros(len(next(iter(p.values())))), np.ones(len(next(iter(p.values()))))
    if kind == "Threshold":
        return Neurons(ones * AT_ONCE, zeros, ones, zeros, ones, zeros, p["threshold"], False)
    r, factor = np.where(p["r"] > 0, p["r"], 1.0), np.where(p["r"] > 0, 1.0, p["r"])
    if kind == "IF":
        _check_threshold(p)
        never = ones * NO_LEAK_STEPS
        r = r * dt_s * NO_LEAK_STEPS
        return Neurons(never, zeros, factor, zeros, r, p["v_reset"], p["v_threshold"], False)
    tau_mem = _steps("tau" if "tau" in p else "tau_mem", p, dt_s)
    tau_syn, waits = zeros, kind.startswith("Cuba")
    if waits:
        tau_syn = _steps("tau_syn", p, dt_s)
        factor = factor * p["w_in"] * np.minimum(1.0, dt_s / p["tau_syn"])
        tau_syn = np.where(tau_syn == AT_ONCE, 0.0, tau_syn)
    if kind in SILENT:
        return Neurons(tau_mem, tau_syn, factor, zeros, r, p["v_leak"], None, waits)
    _check_threshold(p)
    bias = p["v_leak"] - p["v_reset"]
    return Neurons(tau_mem, tau_syn, factor, bias, r, p["v_reset"], p["v_threshold"], waits)


def unit(n: int) -> Neurons:
    """`n` neurons that add up a step, and send nothing: v is x."""
    zeros, ones = np.zeros(n), np.ones(n)
    return Neurons(ones * AT_ONCE, zeros, ones, zeros, ones, zeros, None, False)


def _steps(key: str, p: dict[str, Floats], dt_s: float) -> Floats:
    """The time constant, in steps, that decays in a step by NIR's 1 - dt/tau."""
    tau = p[key]
    if (tau <= 0).any() or (dt_s / tau > 1 + 1e-9).any():
        raise UnsuitedError(
            f"{key} is {tau.min():g} s, but Euler's steps of {dt_s:g} s need one as long or longer: use a shorter dt_ms"
        )
    left = np.maximum(0.0, 1.0 - dt_s / tau)
    with np.errstate(divide="ignore"):
        steps = -1.0 / np.log1p(-np.minimum(dt_s / tau, 1.0))
    return np.where(left < 1e-12, AT_ONCE, steps)


def _check_threshold(p: dict[str, Floats]) -> None:
    if (p["v_threshold"] <= p["v_reset"]).any():
        raise UnsuitedError("v_threshold is not above v_reset, so it would fire without input: raise v_threshold")
