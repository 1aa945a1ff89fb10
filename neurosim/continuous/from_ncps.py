"""From ncps: models with the trained parameters of the package ncps, by their names there.

A state is `module.state_dict()`, or any mapping of its names to what `numpy.asarray` reads; torch is not needed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chips import NetworkError
from neurosim.continuous.closed_form import ClosedFormCell, Dense, Mode
from neurosim.continuous.conductances import MAX_UNFOLDS, ConductanceLiquid, Synapses
from neurosim.continuous.model import Floats, as_matrix, check_between
from neurosim.numbers import is_whole

WRAPPER = "rnn_cell."


def cfc_from_ncps(
    state: Mapping[str, Any],
    mode: Mode = "default",
    *,
    activation: str = "lecun_tanh",
    ts: float = 1.0,
    prefix: str | None = None,
) -> ClosedFormCell:
    """A closed-form cell with the trained parameters of ncps (CfCCell, or CfC without mixed memory).

    Args:
        state: ff1.weight, ff1.bias, ff2.*, time_a.*, time_b.*, backbone.<k>.*, and sparsity_mask if the cell has one;
            in mode "pure" ff1.*, w_tau and A.  A projection (fc.*) is a readout, and left out.
        mode: that of the cell.
        activation: that of its backbone.
        ts: the time that a step takes (timespans of ncps; 1 by default there).
        prefix: of the names; None takes "rnn_cell." if names begin so.  A wired CfC has one cell a layer, whose prefix
            is "rnn_cell.layer_0." and so on; feed each with the states of the one before.

    Raises:
        NetworkError: a name is missing, a shape is wrong, or the module has mixed memory (lstm.*).
    """
    arrays = _read_state(state, prefix := _prefix(state, prefix))
    if "layer_0.ff1.weight" in arrays:
        raise NetworkError(
            f"the state holds the layers of a wired CfC: read each for itself, from prefix='{prefix}layer_0.' on"
        )
    mask = np.abs(arrays["sparsity_mask"]) if "sparsity_mask" in arrays else 1.0

    def dense(name: str, factor: Any = 1.0) -> Dense:
        weight = as_matrix(f"{name}.weight", arrays.need(f"{name}.weight"), (None, None))
        if np.ndim(factor) and np.shape(factor) != weight.shape:
            raise NetworkError(f"sparsity_mask has shape {np.shape(factor)}, but {name}.weight has {weight.shape}")
        return Dense(weight * factor, as_matrix(f"{name}.bias", arrays.need(f"{name}.bias"), (len(weight),)))

    layers = [key.split(".")[1] for key in arrays if key.startswith("backbone.") and key.endswith(".weight")]
    backbone = tuple(dense(f"backbone.{k}") for k in sorted(layers, key=lambda k: (len(k), k)))
    if mode == "pure":
        ff1 = dense("ff1", mask)
        n = len(ff1.weight)
        w_tau = as_matrix("w_tau", np.ravel(arrays.need("w_tau")), (n,))
        a = as_matrix("A", np.ravel(arrays.need("A")), (n,))
        return ClosedFormCell(ff1, None, None, None, backbone, activation, mode, ts, w_tau, a)
    return ClosedFormCell(
        dense("ff1", mask), dense("ff2", mask), dense("time_a"), dense("time_b"), backbone, activation, mode, ts
    )


def ltc_from_ncps(
    state: Mapping[str, Any],
    *,
    ode_unfolds: int = 6,
    ts: float = 1.0,
    epsilon: float = 1e-8,
    implicit_param_constraints: bool | None = None,
    prefix: str | None = None,
) -> ConductanceLiquid:
    """An LTC cell with the trained parameters of ncps (LTCCell, or LTC without mixed memory).

    Args:
        state: gleak, vleak, cm [unit]; w, sigma, mu, erev, sparsity_mask [source, target]; the same with sensory_
            [input, target]; and, if the cell maps them, input_w, input_b [input], output_w, output_b [output].  Without
            a mask every pair is a synapse; without output_w the outputs are all states, the cell's are the first.
        ode_unfolds: that of the cell.
        ts: the time that a step takes (timespans of ncps; 1 by default there).
        epsilon: that of the cell.
        implicit_param_constraints: that of the cell, whose w, sensory_w, cm and gleak then pass a softplus.  None takes
            the default of ncps: True for an LTC, whose names begin with "rnn_cell.", and False for an LTCCell.
        prefix: of the names; None takes "rnn_cell." if names begin so.

    Raises:
        NetworkError: a name is missing, a shape is wrong, cm is not above 0, a conductance is negative, or the module
            has mixed memory (lstm.*).
    """
    prefix = _prefix(state, prefix)
    arrays = _read_state(state, prefix)
    is_implicit = prefix.endswith(WRAPPER) if implicit_param_constraints is None else implicit_param_constraints
    n = arrays.need("cm").size
    inputs = len(np.atleast_1d(arrays.need("sensory_w")))
    check_between("ts", ts, 0, np.inf)
    check_between("epsilon", epsilon, -1e-300, 1)
    if not is_whole(ode_unfolds, 1, MAX_UNFOLDS):
        raise NetworkError(f"ode_unfolds is {ode_unfolds!r}, but a whole number from 1 to {MAX_UNFOLDS:,} is needed")

    def vector(name: str, length: int | None, default: float | None = None) -> Floats:
        found = default if default is not None and name not in arrays else arrays.need(name)
        return as_matrix(name, found, (length,))

    def positive(name: str, values: Floats) -> Floats:
        values = np.logaddexp(0, values) if is_implicit else values
        if (values < 0).any() or (name == "cm" and (values == 0).any()):
            raise NetworkError(
                f"{name} has {values.min():g}, but must not be negative: apply the cell's weight constraints, or pass "
                "implicit_param_constraints=True if it was trained so"
            )
        return np.asarray(values)

    def synapses(before: str, sources: int) -> Synapses:
        named = {k: as_matrix(before + k, arrays.need(before + k), (sources, n)) for k in ("w", "sigma", "mu", "erev")}
        mask_name = before + "sparsity_mask"
        mask = as_matrix(mask_name, arrays[mask_name], (sources, n)) if mask_name in arrays else np.ones((sources, n))
        named["w"] = positive(before + "w", named["w"]) * np.abs(mask)
        return Synapses(**named)

    outputs = arrays["output_w"].size if "output_w" in arrays else n
    return ConductanceLiquid(
        recurrent=synapses("", n),
        sensory=synapses("sensory_", inputs),
        gleak=positive("gleak", vector("gleak", n)),
        vleak=vector("vleak", n),
        cm=positive("cm", vector("cm", n)),
        input_w=vector("input_w", inputs, 1.0),
        input_b=vector("input_b", inputs, 0.0),
        output_w=vector("output_w", outputs, 1.0),
        output_b=vector("output_b", outputs, 0.0),
        unfolds=int(ode_unfolds),
        ts=ts,
        epsilon=epsilon,
    )


class _Arrays(dict[str, Floats]):
    """Name -> array."""

    def need(self, name: str) -> Floats:
        """One array.

        Raises:
            NetworkError: there is none of this name.
        """
        if name not in self:
            raise NetworkError(f"the state has no {name!r}; it has {', '.join(sorted(self)) or 'nothing'}")
        return self[name]


def _prefix(state: Mapping[str, Any], given: str | None) -> str:
    """The prefix that was given, or "rnn_cell." if names begin so, or nothing.

    Raises:
        NetworkError: `state` is no mapping of names.
    """
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
        raise NetworkError("state must map names to arrays, as module.state_dict() does")
    if given is not None:
        return given
    return WRAPPER if any(key.startswith(WRAPPER) for key in state) else ""


def _read_state(state: Mapping[str, Any], prefix: str) -> _Arrays:
    """The arrays whose names begin with `prefix`, which is cut off.

    Raises:
        NetworkError: a value is no array of finite numbers, or the module has mixed memory.
    """
    around = prefix.partition(WRAPPER)[0] if WRAPPER in prefix else ""
    if any(key.startswith(f"{around}lstm.") for key in state):
        raise NetworkError(
            "the module has mixed memory (lstm.*), which has no liquid: train it with mixed_memory=False"
        )
    return _Arrays({key[len(prefix) :]: _array(key, value) for key, value in state.items() if key.startswith(prefix)})


def _array(name: str, value: Any) -> Floats:
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise NetworkError(f"{name!r} of the state is not an array of numbers") from None
    if not np.isfinite(array).all():
        raise NetworkError(f"{name!r} of the state holds a number that is not finite")
    return array
