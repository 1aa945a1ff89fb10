"""From a program's tables to what graded_kernel.py needs, without changing what they say."""

from typing import Any

import numpy as np
import numpy.typing as npt

from compiler import Program
from compiler.registers import MODELS
from neurosim.simulation import graded_kernel
from neurosim.simulation.delivery import delivery
from neurosim.simulation.graded_kernel import GradedMachine
from neurosim.simulation.machine import RULES
from neurosim.tanh_table import tanh_table

_CODES = {
    "cuba_lif": graded_kernel.CUBA_LIF,
    "adaptive_lif": graded_kernel.CUBA_LIF,  # the same with a threshold that jumps and decays
    "linear": graded_kernel.LINEAR,
    "hardtanh": graded_kernel.HARDTANH,
    "tanh": graded_kernel.TANH,
    "square": graded_kernel.SQUARE,
    "liquid_time_constant": graded_kernel.LIQUID_TIME_CONSTANT,
    "resonate_and_fire": graded_kernel.RESONATE_AND_FIRE,
}


def build_graded_machine(program: Program) -> GradedMachine:
    """The graded kernel's view of `program`."""
    graded = program.chip.numbers
    table = tanh_table(graded.fraction_bits, graded.tanh_range_bits, graded.tanh_table_bits)
    code_of = np.array([_CODES.get(name, 0) for name in MODELS], np.uint8)
    return GradedMachine(
        **delivery(program),
        **_lif_fields(program),
        code=code_of[program.lists.model],
        shift=_column(program, "shift"),
        bias=_column(program, "bias"),
        keep=_column(program, "keep") + _column(program, "cos"),  # a slot has one of the two
        gain=_column(program, "gain") + _column(program, "sin"),
        threshold=_column(program, "threshold"),
        bound=_column(program, "limit") + _column(program, "reversal"),
        sigma=_column(program, "sigma").astype(np.uint8),
        delta=_column(program, "delta").astype(np.uint8),
        magnitude=_column(program, "magnitude").astype(np.uint8),
        table=np.array(table, np.int64),
        segment_bits=graded.fraction_bits + graded.tanh_range_bits - graded.tanh_table_bits,
        fraction_bits=graded.fraction_bits,
        decay_bits=graded.decay_bits,
        sum_max=2 ** (graded.sum_bits - 1) - 1,
        state_max=2 ** (graded.state_bits - 1) - 1,
        message_max=2 ** (graded.message_bits - 1) - 1,
    )


def _lif_fields(program: Program) -> dict[str, Any]:
    neuron = program.chip.lif
    full = 2**neuron.decay_bits
    return {
        "keep_u": np.maximum(full - _column(program, "du") - neuron.decay_u_offset, 0),
        "keep_v": full - _column(program, "dv"),
        "lif_threshold": _column(program, "vth") << neuron.weight_shift,
        "lif_bias": _column(program, "bias_mantissa") << _column(program, "bias_exponent"),
        "refractory": _column(program, "refractory").astype(np.uint8),
        "keep_a": full - _column(program, "adaptation_decay"),
        "jump": _column(program, "adaptation_jump") << neuron.weight_shift,
        "a_max": 2 ** max(neuron.adaptation_bits - 1, 0) - 1,
        "lif_bits": neuron.decay_bits,
        "weight_shift": neuron.weight_shift,
        "u_limit": 2 ** (neuron.u_bits - 1),
        "u_rule": RULES[neuron.u_overflow],
        "v_limit": 2 ** (neuron.v_bits - 1),
        "v_rule": RULES[neuron.v_overflow],
    }


def _column(program: Program, register: str) -> npt.NDArray[np.int64]:
    """A register of each slot; 0 where no model of the program has it."""
    values = program.lists.registers.get(register)
    return np.zeros(program.n_neurons, np.int64) if values is None else values.astype(np.int64)
