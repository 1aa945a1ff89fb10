"""From a program's tables to what graded_kernel.py needs, without changing what they say."""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from compiler import Program, route
from compiler.lowering.registers import MODELS
from neurosim.simulation import graded_units
from neurosim.simulation.graded_kernel import GradedMachine
from neurosim.simulation.graded_synapses import synapse_fields
from neurosim.simulation.graded_units import BLOCK, N_CODES
from neurosim.simulation.machine import RULES
from neurosim.simulation.spike_counts import caused_by_spikes
from neurosim.tanh_table import tanh_table

_CODES = {
    "cuba_lif": graded_units.CUBA_LIF,
    "adaptive_lif": graded_units.CUBA_LIF,  # the same with a threshold that jumps and decays
    "linear": graded_units.HARDTANH,  # the same with a limit that no state exceeds
    "hardtanh": graded_units.HARDTANH,
    "tanh": graded_units.TANH,
    "square": graded_units.SQUARE,
    "liquid_time_constant": graded_units.LIQUID_TIME_CONSTANT,
    "resonate_and_fire": graded_units.RESONATE_AND_FIRE,
}


def build_graded_machine(program: Program) -> GradedMachine:
    """The graded kernel's view of `program`."""
    t, routes = program.lists, route(program)
    code_of = np.array([_CODES.get(name, 0) for name in MODELS], np.uint8)
    return GradedMachine(
        **synapse_fields(program),
        n=program.n_neurons,
        caused=caused_by_spikes(program, routes),
        **_lif_fields(program),
        **_unit_fields(program),
        **_block_fields(code_of[t.model]),
        max_delay=int(t.synapse_delay.max(initial=1)),
    )


def _block_fields(code: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Slots that follow each other with the same code, cut into blocks; the blocks by code."""
    begin = np.append(np.flatnonzero(np.diff(code, prepend=255)), len(code))
    starts = np.concatenate([np.arange(*pair, BLOCK) for pair in itertools.pairwise(begin)])
    ends = np.append(starts[1:], len(code))
    order = np.argsort(code[starts], kind="stable")
    block_code = code[starts[order]]
    return {
        "block_begin": starts[order],
        "block_end": ends[order],
        "block_code": block_code,
        "code_ptr": np.searchsorted(block_code, np.arange(N_CODES + 1)),
    }


def _unit_fields(program: Program) -> dict[str, Any]:
    graded, model = program.chip.numbers, program.lists.model
    table = np.array(tanh_table(graded.fraction_bits, graded.tanh_range_bits, graded.tanh_table_bits), np.int64)
    state_max = 2 ** (graded.state_bits - 1) - 1
    is_linear = model == MODELS.index("linear")
    return {
        "shift": _column(program, "shift").astype(np.uint8),
        "bias": _column(program, "bias").astype(np.int32),
        "keep": (_column(program, "keep") + _column(program, "cos")).astype(np.int32),  # a slot has one of the two
        "gain": (_column(program, "gain") + _column(program, "sin")).astype(np.int32),
        "threshold": _column(program, "threshold").astype(np.int32),
        "bound": np.where(is_linear, state_max, _column(program, "limit") + _column(program, "reversal")).astype(
            np.int32
        ),
        "sigma": _column(program, "sigma").astype(np.uint8),
        "delta": _column(program, "delta").astype(np.uint8),
        "magnitude": _column(program, "magnitude").astype(np.uint8),
        "table": table,
        "rise": np.diff(table, append=table[-1]),
        "segment_bits": graded.fraction_bits + graded.tanh_range_bits - graded.tanh_table_bits,
        "fraction_bits": graded.fraction_bits,
        "decay_bits": graded.decay_bits,
        "sum_max": 2 ** (graded.sum_bits - 1) - 1,
        "state_max": state_max,
        "message_max": 2 ** (graded.message_bits - 1) - 1,
    }


def _lif_fields(program: Program) -> dict[str, Any]:
    neuron = program.chip.lif
    full = 2**neuron.decay_bits
    return {
        "keep_u": np.maximum(full - _column(program, "du") - neuron.decay_u_offset, 0).astype(np.int32),
        "keep_v": (full - _column(program, "dv")).astype(np.int32),
        "lif_threshold": _column(program, "vth") << neuron.weight_shift,
        "lif_bias": _column(program, "bias_mantissa") << _column(program, "bias_exponent"),
        "refractory": _column(program, "refractory").astype(np.uint8),
        "keep_a": (full - _column(program, "adaptation_decay")).astype(np.int32),
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
