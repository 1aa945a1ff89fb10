"""A program as arrays of its neurons and synapses, for peers that build their network through their own interface."""

import numpy as np

import neurosim as ns


def mapped_network(program: ns.Program) -> dict:
    """One number per neuron, in the order of their cores, and per synapse."""
    t, shift = program.tables, program.chip.lif.weight_shift
    list_of = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    list_source = np.repeat(np.arange(program.n_neurons), np.diff(t.source_ptr))
    dense = {program.formats[f].index_bits == 0 for f in t.list_format}
    assert len(dense) == 1, "one kind of synapse per case"
    exponent = np.array([f.exponent for f in program.formats])[t.list_format[list_of]]
    return {
        "core": np.repeat(t.core, np.diff(t.core_ptr)),
        "threshold": t.registers["vth"].astype(np.int64) << shift,
        "bias": t.registers["bias_mantissa"].astype(np.int64) << t.registers["bias_exponent"],
        "source": list_source[list_of],
        "target": t.core_ptr[t.list_core[list_of]] + t.synapse_index,
        "weight": t.synapse_weight.astype(np.int64) << (exponent + shift),
        "dense": dense.pop(),
    }
