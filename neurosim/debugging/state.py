"""What the state of a program is between two steps: registers of neurons, and input on its way.

Which variables a neuron carries from step to step, and in how many bits the chip keeps them, depends on its model:

    cuba_lif, adaptive_lif u, v signed (neuron.u_bits, neuron.v_bits)
    linear_lif             v unsigned (linear_lif.v_bits)
    truenorth              v signed (crossbar.potential_bits)
    resonate_and_fire      u, v signed (graded.state_bits): real and imaginary part
    other number senders   v signed (graded.state_bits); u signed (graded.sum_bits) where sigma is 1
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chips import RunError
from compiler import Program
from compiler.lowering.registers import MODELS
from neurosim.numbers import is_whole

Ints = npt.NDArray[np.int64]
Variable = Literal["u", "v"]


@dataclass(frozen=True, eq=False)
class State:
    """A copy of the state before step `step_index`, in the network's numbering."""

    step_index: int
    u: Ints  # [neuron]; zero where the model has no current
    v: Ints  # [neuron]
    waiting: Ints  # [neuron], steps of refractoriness left; zero where the model has none
    adapted: Ints  # [neuron], what spikes have added to the threshold; zero where it does not adapt
    pending: Ints
    """Input on its way: [d, neuron], the sum of weights (times payloads) that arrives in step `step_index` + d.
    Of linear_lif programs [1, neurons then channels]: 1 where a spike is delivered in the next step; of crossbars
    [d, axon]: 1 where a spike arrives (an axon is core * axons of a core + axon)."""


def read_state(
    program: Program, state: Any, step: int, local: int, channels: npt.NDArray[np.int32], ring_unit: int
) -> State:
    """The state of a sample, copied.

    `local` is the loop's number of `step`, `channels` fired in the step before; the ring counts in units of
    2^`ring_unit`.
    """
    slot = program.slot_of
    v = state.v[slot].astype(np.int64)
    u = state.u[slot].astype(np.int64) if hasattr(state, "u") and not program.is_crossbar else np.zeros_like(v)
    waiting, adapted = (
        getattr(state, name)[slot].astype(np.int64) if hasattr(state, name) else np.zeros_like(v)
        for name in ("waiting", "adapted")
    )
    return State(step, u, v, waiting, adapted, _pending(program, state, local, channels) << ring_unit)


def _pending(program: Program, state: Any, local: int, channels: npt.NDArray[np.int32]) -> Ints:
    if hasattr(state, "ring"):
        rows = state.ring.reshape(-1, len(state.u))  # of more slots than neurons, where loops need whole words
        return _from(rows, local)[:, program.slot_of]
    if program.is_crossbar:
        tables = program.crossbar
        bits = np.unpackbits(state.axon.view(np.uint8), bitorder="little")
        wide = -(-tables.axons // 64) * 64  # the loop has whole words of axons in a core
        rows = bits.reshape(-1, len(tables.core), wide)[:, :, : tables.axons]
        rows = rows.reshape(len(rows), -1)
        return _from(rows, local)
    external = np.zeros(program.n_channels, np.int64)
    external[channels] = 1
    return np.concatenate([state.sent[program.slot_of].astype(np.int64), external])[None]


def _from(rows: npt.NDArray[Any], local: int) -> Ints:
    """Rows of a ring, the one of the coming step first."""
    turned: Ints = np.roll(rows, -(local % len(rows)), axis=0).astype(np.int64)
    return turned


def register_bits(program: Program, neuron: int, variable: Variable) -> tuple[int, bool]:
    """Bits in which the chip keeps a variable of a neuron from step to step, and whether they are signed.

    Raises:
        RunError: there is no such neuron, or its model keeps no such variable.
    """
    if not is_whole(neuron, 0, program.n_neurons - 1):
        raise RunError(f"neuron {neuron!r} is unknown: neurons are 0 to {program.n_neurons - 1}")
    if variable not in ("u", "v"):
        raise RunError(f"variable is {variable!r}, but a neuron's state is 'u' or 'v'")
    model = _model(program, neuron)
    chip = program.chip
    bits: dict[str, int] = {}
    if model in ("cuba_lif", "adaptive_lif"):
        bits = {"u": chip.lif.u_bits, "v": chip.lif.v_bits}
    elif model == "linear_lif":
        bits = {"v": chip.linear.v_bits}
    elif model == "truenorth":
        bits = {"v": chip.bars.potential_bits}
    elif model == "resonate_and_fire":
        bits = {"u": chip.numbers.state_bits, "v": chip.numbers.state_bits}
    else:
        bits = {"v": chip.numbers.state_bits}
        if program.lists.registers["sigma"][program.slot_of[neuron]]:
            bits["u"] = chip.numbers.sum_bits
    if variable not in bits:
        raise RunError(f"neuron {neuron} ({model}) keeps no {variable} from step to step: choose 'v'")
    return bits[variable], model != "linear_lif"


def _model(program: Program, neuron: int) -> str:
    return "truenorth" if program.is_crossbar else MODELS[program.lists.model[program.slot_of[neuron]]]


def flipped(value: int, bit: int, bits: int, signed: bool) -> int:
    """The value whose pattern of `bits` bits (two's complement) differs in one bit.

    Raises:
        RunError: there is no such bit.
    """
    if not is_whole(bit, 0, bits - 1):
        raise RunError(f"bit is {bit!r}, but the chip keeps {bits} bits here: 0 to {bits - 1}")
    pattern = (value & (1 << bits) - 1) ^ (1 << int(bit))
    return pattern - (1 << bits) if signed and pattern >> (bits - 1) else pattern


def thresholds(program: Program) -> npt.NDArray[np.float64]:
    """Where v makes a neuron fire, in the unit of v, without adaptation: [neuron]; nan for units that send numbers."""
    slot = program.slot_of
    registers = program.tables.registers
    if program.is_crossbar:
        return registers["threshold"][slot].astype(np.float64)
    models = np.array(MODELS)[program.lists.model]
    value = np.full(program.n_neurons, np.nan)
    for model, column in (("cuba_lif", "vth"), ("adaptive_lif", "vth"), ("linear_lif", "threshold")):
        which = models == model
        if which.any():
            scale = 2**program.chip.lif.weight_shift if column == "vth" else 1
            value[which] = registers[column][which].astype(np.float64) * scale
    return value[slot]
