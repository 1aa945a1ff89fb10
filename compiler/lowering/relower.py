"""Relower: the network in a chip's integers, read back from a program that was made of it."""

from dataclasses import replace

import numpy as np

from chips.packing import smallest_width
from compiler.lowering.lowered import LoweredNetwork
from compiler.program import Program


def relowered(program: Program) -> LoweredNetwork:
    """The lowered network of a program of lists; synapses in the order of the program's."""
    t, chip = program.lists, program.chip
    most = min(chip.core.neurons or program.n_neurons, program.n_neurons)
    index_bits = smallest_width(max(1, (most - 1).bit_length()), chip.lists.index_bits) or 0
    # dense lists have a format of their own, whose sparse twin may be in no use
    sparse = [replace(form, index_bits=form.index_bits or index_bits) for form in program.formats]
    formats = tuple(dict.fromkeys(sparse))
    number = np.array([formats.index(form) for form in sparse], np.uint8)
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    source = np.repeat(np.arange(len(t.source_ptr) - 1), np.diff(t.source_ptr))[list_of]
    inside = source < program.n_neurons
    source[inside] = t.neuron_of[source[inside]]
    return LoweredNetwork(
        spans=program.spans,
        dt_ms=program.dt_ms,
        n_neurons=program.n_neurons,
        n_channels=program.n_channels,
        model=t.model[program.slot_of],
        registers={name: values[program.slot_of] for name, values in t.registers.items()},
        source=source.astype(np.int32),
        target=t.neuron_of[t.core_ptr[t.list_core[list_of]] + t.synapse_index],
        weight=t.synapse_weight,
        delay=t.synapse_delay,
        format_of=number[t.list_format[list_of]],
        formats=formats,
        errors=program.errors,
    )
