"""A compiled program as a mapped network of SANA-FE (the format of version 2.2.9), one line a neuron and a synapse.

    neurons    those of the program, in the order of its cores
    outside    an external channel on a tile that it reaches: the core `outside` of that tile sends its spikes
    twins      SANA-FE has one kind of synapse for each neuron; of one with both, the dense ones end at a twin beside it

Either SANA-FE's neurons fire by themselves, which needs neurons that both compute exactly (`makes_own_spikes`), or they
fire when ours did: then all weights are 0, and what is compared are events, energies and times.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import NeurosimError
from compiler import Program
from compiler.lowering.registers import MODELS
from neurosim.result import RunResult
from neurosim.spikes import SpikeTrains

Ints = npt.NDArray[np.int64]
MAX_SPIKE_ENTRIES = 100_000_000  # steps x (neurons + channels), each a digit in the file
MAX_SYNAPSES = 20_000_000  # a line each


@dataclass(frozen=True)
class Synapses:
    """Synapses one by one: [synapse] each."""

    source: Ints  # slot, or n_neurons + channel
    target: Ints  # slot
    core: Ints  # index among the cores in use
    weight: Ints
    is_dense: npt.NDArray[np.bool_]


def synapses_of(program: Program) -> Synapses:
    """The synapses of a program, in whole units of the membrane."""
    t = program.lists
    of_list = np.repeat(np.arange(len(t.list_core)), np.diff(t.list_ptr))
    source = np.repeat(np.arange(len(t.source_ptr) - 1), np.diff(t.source_ptr))
    exponents = np.array([f.exponent for f in program.formats], np.int64)[t.list_format[of_list]]
    dense = np.array([f.index_bits == 0 for f in program.formats], np.bool_)[t.list_format[of_list]]
    shift = 0 if program.chip.cuba_lif is None else program.chip.cuba_lif.weight_shift
    core = t.list_core[of_list].astype(np.int64)
    return Synapses(
        source[of_list],
        t.core_ptr[core] + t.synapse_index,
        core,
        t.synapse_weight.astype(np.int64) << (exponents + shift),
        dense,
    )


def makes_own_spikes(program: Program, synapses: Synapses) -> bool:
    """Whether SANA-FE's neurons do the same exact arithmetic: no leak, no lasting current, no waiting, delays of 1."""
    if program.chip.cuba_lif is None or (program.lists.model != MODELS.index("cuba_lif")).any():
        return False
    r, neuron = program.lists.registers, program.chip.cuba_lif
    lasts = r["du"].astype(np.int64) + neuron.decay_u_offset < 2**neuron.decay_bits
    is_plain = not (lasts.any() or r["dv"].any() or (r["refractory"] != 1).any())
    is_mixed = synapses.is_dense.any() and not synapses.is_dense.all()
    return is_plain and not is_mixed and bool((program.lists.synapse_delay == 1).all())


def network(program: Program, synapses: Synapses, trains: SpikeTrains, result: RunResult | None) -> list[str]:
    """The lines of a network file; of neurons that fire by themselves where `result` is None.

    Raises:
        NeurosimError: too many synapses, neurons or steps for a file of text.
    """
    steps = int(trains.steps[0])
    _check_size(program, steps)
    outside = _Outside(program, synapses)
    mixed = _mixed(program, synapses)
    sent = (
        None
        if result is None
        else _spike_lists(program.slot_of[result.spike_neuron], result.spike_step, program.n_neurons, steps)
    )
    return [
        "network:",
        "  name: program",
        "  groups:",
        *_neurons(program, sent),
        *_group("outside", outside.spikes(trains)),
        *_group("twins", ["[0]"] * len(mixed)),
        "  edges:",
        *_edges(program, synapses, outside, mixed, result is None),
        "mappings:",
        *_mappings(program, synapses, outside, mixed, result is None),
    ]


def sizes(program: Program, synapses: Synapses) -> tuple[int, int]:
    """Most neurons of a core, and most external channels that enter by one tile."""
    return int(np.diff(program.lists.core_ptr).max()), _Outside(program, synapses).most


class _Outside:
    """External channels, one for each tile that they reach."""

    def __init__(self, program: Program, synapses: Synapses) -> None:
        t, per_tile = program.lists, program.chip.mesh.cores_per_tile
        from_outside = synapses.source >= program.n_neurons
        tile = t.core[synapses.core] // per_tile
        key = (synapses.source - program.n_neurons) * (int(t.core.max()) + 1) + tile
        found, number = np.unique(key[from_outside], return_inverse=True)
        self.channel, self.tile = np.divmod(found, int(t.core.max()) + 1)
        self.number = np.full(len(key), -1, np.int64)  # [synapse], which of these
        self.number[from_outside] = number
        order = np.argsort(self.tile, kind="stable")
        place = np.arange(len(found)) - np.searchsorted(self.tile[order], self.tile[order])
        self.unit = np.zeros(len(found), np.int64)  # [outside], soma on its tile
        self.unit[order] = place
        self.most = int(self.unit.max(initial=-1)) + 1

    def spikes(self, trains: SpikeTrains) -> list[str]:
        """When each fires."""
        steps = int(trains.steps[0])
        n = int(max(self.channel.max(initial=0), trains.channel.max(initial=0))) + 1
        lists = _spike_lists(trains.channel, trains.step, n, steps)
        return [lists[channel] for channel in self.channel.tolist()]


def _check_size(program: Program, steps: int) -> None:
    n = program.n_neurons + program.n_channels
    if program.n_synapses > MAX_SYNAPSES or n * steps > MAX_SPIKE_ENTRIES:
        raise NeurosimError(
            f"{program.n_synapses:,} synapses and {steps:,} steps of {n:,} neurons and channels are more than "
            f"fit a text ({MAX_SYNAPSES:,}, and {MAX_SPIKE_ENTRIES:,} in all): export fewer steps, or a smaller network"
        )


def _spike_lists(who: npt.NDArray[Any], step: npt.NDArray[Any], n: int, steps: int) -> list[str]:
    """Of each of `n`, a digit for each step."""
    order = np.argsort(who, kind="stable")
    ptr = np.searchsorted(who[order], np.arange(n + 1))
    at = step[order]
    made = []
    for i in range(n):
        digits = np.zeros(steps, np.uint8)
        digits[at[ptr[i] : ptr[i + 1]]] = 1
        made.append("[" + ",".join("01"[d] for d in digits.tolist()) + "]")
    return made


def _mixed(program: Program, synapses: Synapses) -> dict[int, int]:
    """Slot with synapses of both kinds -> number of its twin; where both cost the same there is no need."""
    if _one_price(program):
        return {}
    both = np.intersect1d(synapses.target[synapses.is_dense], synapses.target[~synapses.is_dense])
    return {slot: i for i, slot in enumerate(both.tolist())}


def _one_price(program: Program) -> bool:
    energy, time, clock = program.chip.energy, program.chip.time, program.chip.clock
    same = energy.synaptic_event_pj == energy.synaptic_event_dense_pj
    return same and time.synaptic_event_ns == time.synaptic_event_dense_ns and clock is None


def _neurons(program: Program, sent: list[str] | None) -> Iterable[str]:
    if sent is not None:
        return _group("neurons", sent)
    r = program.lists.registers
    shift = 0 if program.chip.cuba_lif is None else program.chip.cuba_lif.weight_shift
    threshold = (r["vth"].astype(np.int64) << shift).tolist()
    bias = (r["bias_mantissa"].astype(np.int64) << r["bias_exponent"]).tolist()
    head = [
        "    - name: neurons",
        "      attributes: {log_spikes: true, leak_decay: 1.0, reset: 0.0, force_update: true}",
        "      neurons:",
    ]
    rows = zip(threshold, bias, strict=True)
    return head + [f"        - {i}: {{threshold: {v}, bias: {b}}}" for i, (v, b) in enumerate(rows)]


def _group(name: str, spikes: list[str]) -> list[str]:
    if not spikes:
        return []
    head = [f"    - name: {name}", "      attributes: {log_spikes: true}", "      neurons:"]
    return head + [f"        - {i}: {{spikes: {text}}}" for i, text in enumerate(spikes)]


def _edges(program: Program, synapses: Synapses, outside: _Outside, mixed: dict[int, int], own: bool) -> Iterable[str]:
    n = program.n_neurons
    weight = (synapses.weight if own else np.zeros_like(synapses.weight)).tolist()
    columns = synapses.source.tolist(), synapses.target.tolist(), synapses.is_dense.tolist(), outside.number.tolist()
    for source, target, is_dense, entry, w in zip(*columns, weight, strict=True):
        start = f"neurons.{source}" if source < n else f"outside.{entry}"
        end = f"twins.{mixed[target]}" if is_dense and target in mixed else f"neurons.{target}"
        yield f"    - {start} -> {end}: {{weight: {w}}}"


def _mappings(
    program: Program, synapses: Synapses, outside: _Outside, mixed: dict[int, int], own: bool
) -> Iterable[str]:
    t, per_tile = program.lists, program.chip.mesh.cores_per_tile
    dense = np.zeros(program.n_neurons, np.bool_)
    if not _one_price(program):
        dense[synapses.target[synapses.is_dense]] = True
    place = [f"{core // per_tile}.{core % per_tile}" for core in t.core.tolist()]
    of_core = np.repeat(np.arange(len(t.core)), np.diff(t.core_ptr)).tolist()
    first = t.core_ptr.tolist()
    for slot, core in enumerate(of_core):
        soma = "lif" if own else f'"given[{slot - first[core]}]"'
        synapse = "dense" if dense[slot] and slot not in mixed else "sparse"
        yield f"  - neurons.{slot}: {{core: {place[core]}, soma: {soma}, synapse: {synapse}}}"
    for i, (tile, unit) in enumerate(zip(outside.tile.tolist(), outside.unit.tolist(), strict=True)):
        yield f'  - outside.{i}: {{core: {tile}.{per_tile}, soma: "given[{unit}]"}}'
    for slot, i in mixed.items():
        yield f"  - twins.{i}: {{core: {place[of_core[slot]]}, soma: twin, synapse: dense}}"
