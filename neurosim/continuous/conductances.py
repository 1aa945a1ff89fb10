"""Liquids of conductances: the LTC cell of the package ncps, where every synapse has a sigmoid of its own.

Lechner, Hasani, Amini, Henzinger, Rus and Grosu 2020 (Nature Machine Intelligence 2, 642-652), equations 1 to 3; solver
of Hasani et al. 2021 (AAAI), algorithm 1.  With the parameter names of ncps (LTCCell), for units i -> j, and inputs
likewise (sensory_*, of u * input_w + input_b):

    s_ij = w_ij sigmoid(sigma_ij (v_i - mu_ij))
    cm_j dv_j/dt = gleak_j (vleak_j - v_j) + sum over i of s_ij (erev_ij - v_j)

    fused     v_j <- (c_j v_j + gleak_j vleak_j + sum s_ij erev_ij) / (c_j + gleak_j + sum s_ij + epsilon)
    euler     v_j <- v_j + (gleak_j (vleak_j - v_j) + sum s_ij (erev_ij - v_j)) / c_j

`unfolds` times a step, with c_j = cm_j unfolds / ts.  fused is the semi-implicit step of ncps, and divides, which no
unit of a chip does; `explicit()` gives euler with enough unfolds.  On a chip each distinct synapse is a tanh unit,
T = tanh(sigma (v - mu) / 2) = 2 sigmoid - 1 with an offset of 1, and each v_j sum s_ij is one product of two squares.
Thresholds of messages are those asked for over the unfolds, as what is not said in each unfold adds up.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from chips import CannotRepresent, NetworkError
from neurosim.continuous.circuit import INPUT, STATE, Circuit, Group, Wire
from neurosim.continuous.model import Floats, run_steps, sigmoid
from neurosim.numbers import is_whole

STAGES = 3  # steps of the chip for one unfold: sigmoids, squares, sums
MAX_UNFOLDS = 10_000


@dataclass(frozen=True, eq=False)
class Synapses:
    """Sigmoid synapses [source, target]; w is 0 where there is none."""

    w: Floats
    sigma: Floats
    mu: Floats
    erev: Floats

    def open(self, v: Floats) -> Floats:
        """Conductances s_ij at v [..., source]: [..., source, target]."""
        return self.w * sigmoid(self.sigma * (v[..., None] - self.mu))


@dataclass(frozen=True, eq=False)
class ConductanceLiquid:
    """An LTC cell of ncps.  `ltc_from_ncps` makes one.

    Attributes:
        recurrent: synapses between units.
        sensory: synapses from inputs.
        gleak: [unit].
        vleak: [unit].
        cm: [unit].
        input_w: [input].
        input_b: [input].
        output_w: [output], of the first units.
        output_b: [output].
        solver: "fused" or "euler".
        unfolds: substeps of a step.
        ts: the time that a step takes.
        epsilon: added to the divisor.
    """

    recurrent: Synapses
    sensory: Synapses
    gleak: Floats
    vleak: Floats
    cm: Floats
    input_w: Floats
    input_b: Floats
    output_w: Floats
    output_b: Floats
    solver: Literal["fused", "euler"] = "fused"
    unfolds: int = 6
    ts: float = 1.0
    epsilon: float = 1e-8

    @property
    def n(self) -> int:
        """Units."""
        return len(self.cm)

    @property
    def inputs(self) -> int:
        """Input signals."""
        return len(self.sensory.w)

    def step(self, x: Floats, u: Floats) -> Floats:
        """The state after one step, all unfolds of it: x [..., unit], u [input] -> [..., unit]."""
        sensed = self.sensory.open(u * self.input_w + self.input_b)
        inward, shunt = (sensed * self.sensory.erev).sum(axis=0), sensed.sum(axis=0)
        c = self.cm * self.unfolds / self.ts
        for _ in range(self.unfolds):
            s = self.recurrent.open(x)
            numerator = (s * self.recurrent.erev).sum(axis=-2) + inward + self.gleak * self.vleak
            denominator = s.sum(axis=-2) + shunt + self.gleak
            if self.solver == "fused":
                x = (c * x + numerator) / (c + denominator + self.epsilon)
            else:
                x = x + (numerator - denominator * x) / c
        return x

    def run(self, u: npt.ArrayLike, initial: npt.ArrayLike | None = None) -> Floats:
        """States after each step: u [step, input], or [step] if there is one input, -> [step, unit].

        Raises:
            RunError: u or the initial state (zeros if None) has another shape, or euler is unstable.
        """
        return run_steps(self, u, initial)

    def outputs(self, states: Floats) -> Floats:
        """The cell's outputs: states [step, unit] -> [step, output]."""
        return states[..., : len(self.output_w)] * self.output_w + self.output_b

    def explicit(self, unfolds: int | None = None) -> "ConductanceLiquid":
        """The same cell in euler steps.

        Args:
            unfolds: None takes the fewest at which no unit overshoots even if all its synapses are open: the sum of its
                conductances times ts / (cm unfolds) is at most 1.

        Raises:
            NetworkError: a given number is not in 1 .. 10,000, or that many do not suffice.
        """
        if unfolds is None:
            unfolds = max(1, int(np.ceil(self.ts * float((self._conductance() / self.cm).max()))))
        if not is_whole(unfolds, 1, MAX_UNFOLDS):
            raise NetworkError(
                f"{unfolds!r} euler steps a step are not in 1 .. {MAX_UNFOLDS:,}: shorten ts, or raise the smallest cm"
            )
        return replace(self, solver="euler", unfolds=int(unfolds))

    def circuit(self) -> Circuit:
        """A tanh unit for each distinct synapse; two squares and a sum for each unit; three steps an unfold.

        Raises:
            CannotRepresent: the solver is fused, or a unit's conductances would overshoot.
        """
        if self.solver == "fused":
            raise CannotRepresent("the fused step divides, which no graded unit does: take model.explicit()")
        h = self.ts / (self.cm * self.unfolds)
        if (h * self._conductance()).max() > 2:
            raise CannotRepresent(
                f"{self.unfolds} euler steps a step are unstable with all synapses open: take model.explicit()"
            )
        sense = _Tanhs.of(self.sensory, self.input_w, self.input_b)
        inner = _Tanhs.of(self.recurrent, np.ones(self.n), np.zeros(self.n))
        ends = {"senses": sense, "synapses": inner}
        ends = {name: end for name, end in ends.items() if len(end.bias)}
        size = np.maximum(self._conductance() - self.gleak, 1.0)  # bound of the sum of s, at least 1
        largest = float(
            max(np.abs(self.vleak).max(), np.abs(self.recurrent.erev).max(), np.abs(self.sensory.erev).max())
        )
        bias = h * self.gleak * self.vleak
        fine = 1 / self.unfolds
        groups = [Group(STATE, self.n, "linear", STAGES, bias, largest=largest, deadband=fine, precise=True)]
        # what is kept is 1 and a small leak: apart, each is on a grid of its own
        wires = [Wire(STATE, STATE, np.eye(self.n)), Wire(STATE, STATE, np.diag(-h * self.gleak))]
        for name, end in ends.items():
            groups.append(Group(name, len(end.bias), "tanh", 1, end.bias, offset=1.0, deadband=fine))
            wires.append(Wire(INPUT if name == "senses" else STATE, name, end.weights))
            wires.append(Wire(name, STATE, 0.5 * h[:, None] * end.to_units(reversal=True)))
        for name, sign in (("sum", 1), ("difference", -1)):  # ((v +- D) / 2)^2, D = sum of s over its bound
            groups.append(Group(name, self.n, "square", 2, largest=((largest + 1) / 2) ** 2, deadband=fine))
            wires.append(Wire(STATE, name, 0.5 * np.eye(self.n)))
            wires += [Wire(key, name, sign * 0.25 * end.to_units() / size[:, None]) for key, end in ends.items()]
            wires.append(Wire(name, STATE, np.diag(-sign * h * size)))
        return Circuit(self.inputs, tuple(groups), tuple(wires), STAGES * self.unfolds, np.zeros(self.n))

    def _conductance(self) -> Floats:
        return np.asarray(self.gleak + self.recurrent.w.sum(axis=0) + self.sensory.w.sum(axis=0))


@dataclass(frozen=True, eq=False)
class _Tanhs:
    """The distinct sigmoids of synapses as tanh units."""

    weights: Floats  # [synapse, source]
    bias: Floats  # [synapse]
    unit_of: npt.NDArray[np.int64]  # [synapse of the wiring], its tanh unit
    target: npt.NDArray[np.int64]  # [synapse of the wiring]
    w: Floats  # [synapse of the wiring]
    erev: Floats  # [synapse of the wiring]
    n: int  # targets

    @staticmethod
    def of(synapses: Synapses, scale: Floats, shift: Floats) -> "_Tanhs":
        """tanh(sigma (scale v + shift - mu) / 2) for each distinct (source, sigma, mu)."""
        source, target = np.nonzero(synapses.w)
        sigma, mu = synapses.sigma[source, target], synapses.mu[source, target]
        distinct, unit_of = np.unique(np.stack([source, sigma, mu], axis=1), axis=0, return_inverse=True)
        origin = distinct[:, 0].astype(int)
        weights = np.zeros((len(distinct), len(scale)))
        weights[np.arange(len(distinct)), origin] = distinct[:, 1] * scale[origin] / 2
        bias = distinct[:, 1] * (shift[origin] - distinct[:, 2]) / 2
        w, erev = synapses.w[source, target], synapses.erev[source, target]
        return _Tanhs(weights, bias, np.ravel(unit_of), target, w, erev, synapses.w.shape[1])

    def to_units(self, reversal: bool = False) -> Floats:
        """W (* erev) from each tanh unit to each unit: [unit, synapse]."""
        matrix = np.zeros((self.n, len(self.bias)))
        np.add.at(matrix, (self.target, self.unit_of), self.w * (self.erev if reversal else 1.0))
        return matrix
