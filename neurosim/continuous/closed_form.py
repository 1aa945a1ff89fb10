"""Closed-form continuous-time cells (CfC).

Hasani, Lechner, Amini, Liebenwein, Ray, Tschaikowski, Teschl and Rus 2022 (Nature Machine Intelligence 4, 992-1003),
with the parameter names of the package ncps (CfCCell): of q = [u, x], passed through a backbone of dense layers if any,

    default     x <- f1 (1 - s) + s f2       f1 = tanh(ff1 q)   f2 = tanh(ff2 q)   s = sigmoid(time_a q * ts + time_b q)
    no_gate     x <- f1 + s f2
    pure        x <- A - A exp(-ts (|w_tau| + |ff1 q|)) ff1 q

ts is the time that a step takes.  The backbone's activation is tanh, relu, silu, gelu or LeCun's 1.7159 tanh(0.666 z).

On a chip, with T = 2 s - 1 = tanh((time_a q ts + time_b q) / 2) and d = (f2 - f1) / 2, default is (f1 + f2) / 2 + T d,
and the product is ((T + d) / 2)^2 - ((T - d) / 2)^2: two squares and a sum.  no_gate is f1 + f2 / 2 + T d, d = f2 / 2.
A step takes three steps of the chip, and one more for each layer of the backbone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from chips import CannotRepresent, NetworkError
from neurosim.continuous.circuit import INPUT, STATE, Circuit, Group, Wire
from neurosim.continuous.model import Floats, as_matrix, check_between, run_steps, sigmoid

Part = TypeVar("Part")
Mode = Literal["default", "no_gate", "pure"]
MODES = ("default", "no_gate", "pure")


def _gelu(z: Floats) -> Floats:
    return np.asarray(0.5 * z * (1 + erf(z / np.sqrt(2))))


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "lecun_tanh": lambda z: 1.7159 * np.tanh(0.666 * z),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "silu": lambda z: z * sigmoid(z),
    "gelu": _gelu,
}
_TANHS = {"lecun_tanh": (1.7159, 0.666), "tanh": (1.0, 1.0)}  # outer and inner factor


@dataclass(frozen=True, eq=False)
class Dense:
    """A dense layer: weight [to, from], bias [to]."""

    weight: Floats
    bias: Floats

    def __call__(self, q: Floats) -> Floats:
        """Weight q + bias, of q [..., from]."""
        return q @ self.weight.T + self.bias


@dataclass(frozen=True, eq=False)
class ClosedFormCell:
    """A closed-form continuous-time cell.

    Attributes:
        ff1: layer of n units from [u, x] or from the backbone.
        ff2: likewise; None in mode "pure".
        time_a: likewise.
        time_b: likewise.
        backbone: layers before these, or none.
        activation: of the backbone.
        mode: "default", "no_gate" or "pure".
        ts: the time that a step takes.
        w_tau: [unit], mode "pure" only.
        a: [unit], mode "pure" only.

    Raises:
        NetworkError: a shape, the mode or the activation is wrong.
    """

    ff1: Dense
    ff2: Dense | None = None
    time_a: Dense | None = None
    time_b: Dense | None = None
    backbone: tuple[Dense, ...] = ()
    activation: str = "lecun_tanh"
    mode: Mode = "default"
    ts: float = 1.0
    w_tau: Floats | None = None
    a: Floats | None = None

    def __post_init__(self) -> None:
        check_between("ts", self.ts, 0, np.inf)
        if self.mode not in MODES or self.activation not in ACTIVATIONS:
            raise NetworkError(
                f"mode {self.mode!r} with activation {self.activation!r} is unknown: modes are {', '.join(MODES)}, "
                f"activations {', '.join(ACTIVATIONS)}"
            )
        needed = ("w_tau", "a") if self.mode == "pure" else ("ff2", "time_a", "time_b")
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise NetworkError(f"a closed-form cell of mode {self.mode!r} needs {missing[0]}")
        width: int | None = None
        for i, layer in enumerate(self.backbone):
            _check_dense(f"backbone layer {i}", layer, None, width)
            width = len(layer.weight)
        for name in ("ff1", "ff2", "time_a", "time_b"):
            layer = getattr(self, name)
            if layer is not None:
                _check_dense(name, layer, self.n, width or self.ff1.weight.shape[1])
        if self.inputs < 1:
            raise NetworkError(
                f"a closed-form cell of {self.n} units has layers from [u, x], but no column is left for u"
            )

    @property
    def n(self) -> int:
        """Units."""
        return len(self.ff1.weight)

    @property
    def inputs(self) -> int:
        """Input signals."""
        first = self.backbone[0] if self.backbone else self.ff1
        return int(first.weight.shape[1]) - self.n

    def step(self, x: Floats, u: Floats) -> Floats:
        """The state after one step: x [..., unit], u [input] -> [..., unit]."""
        q = np.concatenate([np.broadcast_to(u, (*x.shape[:-1], len(u))), x], axis=-1)
        for layer in self.backbone:
            q = ACTIVATIONS[self.activation](layer(q))
        if self.mode == "pure":
            z, w_tau, a = self.ff1(q), _given(self.w_tau), _given(self.a)
            return np.asarray(-a * np.exp(-self.ts * (np.abs(w_tau) + np.abs(z))) * z + a)
        f1, f2 = np.tanh(self.ff1(q)), np.tanh(_given(self.ff2)(q))
        s = sigmoid(_given(self.time_a)(q) * self.ts + _given(self.time_b)(q))
        return np.asarray(f1 + s * f2 if self.mode == "no_gate" else f1 * (1 - s) + s * f2)

    def run(self, u: npt.ArrayLike, initial: npt.ArrayLike | None = None) -> Floats:
        """States after each step: u [step, input], or [step] if there is one input, -> [step, unit].

        Raises:
            RunError: u or the initial state (zeros if None) has another shape.
        """
        return run_steps(self, u, initial)

    def circuit(self) -> Circuit:
        """Layers of tanh units, two squares and a sum a unit.

        Raises:
            CannotRepresent: the mode is "pure", or the activation is neither tanh nor lecun_tanh.
        """
        if self.mode == "pure":
            raise CannotRepresent("a closed-form cell of mode 'pure' needs exp: choose 'default' or 'no_gate'")
        if self.backbone and self.activation not in _TANHS:
            raise CannotRepresent(
                f"the backbone's {self.activation} has no graded unit: choose {' or '.join(_TANHS)} and train again"
            )
        time_a, time_b, ff2 = _given(self.time_a), _given(self.time_b), _given(self.ff2)
        outer, inner = _TANHS.get(self.activation, (1.0, 1.0))
        groups: list[Group] = []
        wires: list[Wire] = []
        sources = [INPUT, STATE]
        for i, layer in enumerate(self.backbone):
            name = f"backbone{i}"
            new = Group(name, len(layer.weight), "tanh", i + 1, inner * layer.bias, gain=outer, largest=outer)
            groups.append(new)
            wires += self._from(sources, name, inner * layer.weight)
            sources = [name]
        level = len(self.backbone) + 1
        gate = Dense((time_a.weight * self.ts + time_b.weight) / 2, (time_a.bias * self.ts + time_b.bias) / 2)
        for name, layer in (("gate", gate), ("ff1", self.ff1), ("ff2", ff2)):
            groups.append(Group(name, self.n, "tanh", level, layer.bias))
            wires += self._from(sources, name, layer.weight)
        each = np.eye(self.n)
        first, second = (0.0, 0.5) if self.mode == "no_gate" else (-0.5, 0.5)  # of d
        for name, sign in (("sum", 1), ("difference", -1)):
            groups.append(Group(name, self.n, "square", level + 1))
            parts = {"gate": 0.5, "ff1": sign * first / 2, "ff2": sign * second / 2}
            wires += [Wire(source, name, weight * each) for source, weight in parts.items()]
        largest = 2.0 if self.mode == "no_gate" else 1.0
        groups.insert(0, Group(STATE, self.n, "linear", level + 2, largest=largest, precise=True))
        ends = {"sum": 1.0, "difference": -1.0, "ff1": 0.5 * largest, "ff2": 0.5}
        wires += [Wire(source, STATE, weight * each) for source, weight in ends.items()]
        period = level + 2
        return Circuit(self.inputs, tuple(groups), tuple(wires), period, np.zeros(self.n))

    def _from(self, sources: list[str], target: str, weight: Floats) -> list[Wire]:
        if len(sources) == 1:
            return [Wire(sources[0], target, weight)]
        return [Wire(INPUT, target, weight[:, : self.inputs]), Wire(STATE, target, weight[:, self.inputs :])]


def closed_form_cell(
    n: int,
    inputs: int = 1,
    *,
    backbone: int = 0,
    radius: float = 0.9,
    mode: Mode = "default",
    ts: float = 1.0,
    seed: int = 0,
) -> ClosedFormCell:
    """Draw a closed-form cell: normal weights of standard deviation radius / sqrt(columns), no biases.

    Args:
        n: units.
        inputs: signals.
        backbone: units of one backbone layer; 0 for none.
        radius: scale of the weights from units; those from inputs are uniform in +- 1.
        mode: "default" or "no_gate".
        ts: the time that a step takes.
        seed: the same seed gives the same cell.

    Raises:
        NetworkError: a size or the mode is wrong.
    """
    if min(n, inputs) < 1 or backbone < 0:
        raise NetworkError(
            f"closed_form_cell: n {n}, inputs {inputs} and backbone {backbone} must be at least 1, 1 and 0"
        )
    rng = np.random.default_rng(seed)

    def dense(rows: int, signals: int, units: int) -> Dense:
        inward = rng.uniform(-1, 1, (rows, signals))
        return Dense(np.hstack([inward, radius / np.sqrt(units) * rng.normal(size=(rows, units))]), np.zeros(rows))

    layers = (dense(backbone, inputs, n),) if backbone else ()
    ff1, ff2, time_a, time_b = (dense(n, 0 if backbone else inputs, backbone or n) for _ in range(4))
    return ClosedFormCell(ff1, ff2, time_a, time_b, layers, mode=mode, ts=ts)


def _given(part: Part | None) -> Part:
    """What __post_init__ made sure of."""
    assert part is not None
    return part


def _check_dense(name: str, layer: Dense, rows: int | None, columns: int | None) -> None:
    weight = as_matrix(f"{name}.weight", layer.weight, (rows, columns))
    as_matrix(f"{name}.bias", layer.bias, (len(weight),))
