"""Approximations: the named rules by which a neuron in physical units becomes a simpler neuron of a chip.

Some chips have neither an exponential synapse nor an exponential leak.  Their lowering (lower_*.py) replaces what is
missing by the rules below, but only if the caller allows it (`compile(..., approximate=True)`), and every rule that was
used is stated in the errors of the program.  Notation: alpha = exp(-dt / tau_syn), beta = exp(-dt / tau_mem).
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent
from compiler.lowering.lowered import LoweringError

Floats = npt.NDArray[np.float64]

RULES: Mapping[str, str] = {
    "delta_synapse": "v jumps at once by the whole charge of the synaptic current",
    "linear_leak": "v goes to rest by constant steps that halve a potential at threshold in the right time",
    "floor_at_rest": "inhibition does not push v below rest",
    "event_order": "the threshold is compared after each event of a step, not after their sum",
    "coarse_weight": "weights are few whole steps of their neuron's threshold, and larger ones are cut",
    "no_refractory": "a neuron can fire again in the next step",
    "unit_delay": "every delay is one step",
    "four_weights": "a neuron has one weight for each axon type, and a synapse takes the weight of its axon's type",
    "fan_in_tree": "further neurons add up some inputs, and pass the sum on in spikes of one size, one a tick",
    "relay_tick": "what a relayed neuron sends comes one tick later, where a delay is too short to take a tick off",
}
"""rule -> what it does, in one line"""


def require_allowed(where: str, rules: Collection[str], approximate: bool, chip_name: str) -> None:
    """Refuse rules that the caller has not allowed; `where` is a population or projection in words.

    Raises:
        CannotRepresent: naming the rules, what each does, and the flag.
    """
    needed = [rule for rule in RULES if rule in rules]
    if needed and not approximate:
        listed = "; ".join(f"{rule} ({RULES[rule]})" for rule in needed)
        raise CannotRepresent(
            f"{where}: {chip_name} can only approximate it, by {listed}: allow that with approximate=True "
            "(--approximate on the command line), or choose a chip that needs none"
        )


def stated(where: str, rule: str, error: npt.NDArray[Any] | float | None = None, note: str = "") -> LoweringError:
    """The statement that a rule was used; the note is the rule's own line unless another is given.

    `error` is relative, one for each neuron or synapse; without one the note says so, and zero stands for it.  There is
    no tolerance but the error itself: the caller has allowed the rule.
    """
    errors = np.atleast_1d(np.asarray(0.0 if error is None else error, np.float64))
    largest = float(errors.max(initial=0.0))
    rms = float(np.sqrt(np.mean(errors**2))) if errors.size else 0.0
    note = (note or RULES[rule]) + (" (no figure)" if error is None else "")
    return LoweringError(where, rule, largest, rms, largest, note)


def delta_jump(tau_mem_ms: Floats, tau_syn_ms: Floats, r: Floats, dt_ms: float) -> Floats:
    """Rule delta_synapse: the jump of v per unit of weight, (1 - beta) r / (1 - alpha): [neuron]."""
    with np.errstate(divide="ignore"):
        jump: Floats = np.expm1(-dt_ms / tau_mem_ms) * r / np.expm1(-dt_ms / tau_syn_ms)
    return jump


def delta_error(tau_mem_ms: Floats, tau_syn_ms: Floats, dt_ms: float) -> Floats:
    """By how much of itself the peak of v after one spike is exceeded by the jump: [neuron].

    One spike makes v(m) = (1 - beta) r w (beta^m - alpha^m) / (beta - alpha) after m steps.
    """
    slow = np.where(tau_syn_ms == tau_mem_ms, tau_syn_ms * (1 + 1e-6), tau_syn_ms)  # the formula's 0 / 0
    alpha, beta = _decays(tau_mem_ms, slow, dt_ms)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.nan_to_num(np.log(np.log(alpha) / np.log(beta)) / np.log(beta / alpha))
        steps = [np.maximum(1, f(turn)) for f in (np.floor, np.ceil)]
        peak = np.maximum(*((beta**m - alpha**m) / (beta - alpha) for m in steps))
        error: Floats = np.nan_to_num(1 / ((1 - alpha) * peak) - 1)
    return error


def linear_leak(depth: Floats, tau_mem_ms: Floats, dt_ms: float) -> Floats:
    """Rule linear_leak: the step to rest that halves `depth`, the threshold above rest, in tau_mem ln 2: [neuron]."""
    step: Floats = depth * dt_ms / (2 * np.log(2) * tau_mem_ms)
    return step


def linear_leak_error(depth: Floats, step: Floats, tau_mem_ms: Floats, dt_ms: float) -> Floats:
    """The largest distance of the linear from the exponential decay of `depth`, as a share of it: [neuron].

    `step` is what the chip holds; about 0.25 if it is exactly what `linear_leak` asks for.
    """
    time = np.linspace(0, 5, 101)[:, None]  # in tau_mem, beyond what is left of any potential
    line = np.maximum(0, 1 - time * tau_mem_ms / dt_ms * step / depth)
    error: Floats = np.abs(np.exp(-time) - line).max(axis=0)
    return error


def _decays(tau_mem_ms: Floats, tau_syn_ms: Floats, dt_ms: float) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore"):
        return np.exp(-dt_ms / tau_syn_ms), np.exp(-dt_ms / tau_mem_ms)
