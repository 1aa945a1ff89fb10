"""NIR graphs as networks.  nir_neurons.py has the neurons' equations, nir_delays.py the rule for steps.

Linear nodes between neurons (Linear, Affine, Scale, Flatten, convolutions, poolings, Delay) become one projection.
The constant that an Affine or a convolution adds is a bias of the neurons; where it passes a synapse's current first
(CubaLIF, CubaLI) a neuron that fires in every step sends it.  An Output that gets more than one node's spikes as they
are becomes neurons that never fire, whose v is the value.

Spikes are ones; what is no spike (LI, CubaLI) may lead to an Output alone.  All that cannot be read is told at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chips import NetworkError
from compiler import Network
from compiler.parameters import MAX_DELAY_STEPS
from neurosim.exchange.nir_delays import lags, loops_of, steps_of
from neurosim.exchange.nir_file import read_nir
from neurosim.exchange.nir_flat import FlatGraph, flatten, kind_of
from neurosim.exchange.nir_neurons import PARAMETERS, SILENT, Neurons, neurons, unit
from neurosim.exchange.nir_signals import Faults, signals
from neurosim.exchange.signals import Signal

BIAS = "bias"  # name of the neuron that sends constants


def from_nir(graph: Any, *, dt_ms: float | None = None) -> Network:
    """The network of a NIR graph.

    Args:
        graph: a `nir.NIRGraph`, or the path of a .nir file.
        dt_ms: length of a step; NIR's time is continuous, so there is no default.

    Raises:
        NetworkError: dt_ms is missing, the file is damaged, or nodes cannot be read; each is named, with its type.
        NeurosimError: a path is given and the package `nir` is not installed.
    """
    if dt_ms is None:
        raise NetworkError("NIR's time has no steps: say how long one is with dt_ms, 1 for instance (--dt-ms)")
    network = Network(dt_ms)
    if isinstance(graph, str | Path):
        graph = read_nir(graph)
    if kind_of(graph) != "NIRGraph":
        raise NetworkError(f"a nir.NIRGraph or the path of a .nir file is needed, not {kind_of(graph)}")
    flat = flatten(graph)
    faults = Faults()
    reached = signals(flat, network.dt_ms / 1000, faults)
    kept = {name: signal for name, signal in reached.items() if name not in flat.outputs or not signal.plain}
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite in the end, the network refuses
        found = _neurons(flat, kept, network.dt_ms / 1000, faults)
        _refuse_numbers(flat, kept, faults)
        if faults:
            raise NetworkError("\n".join(faults))
        _fill(network, flat, kept, found)
    return network


def _neurons(flat: FlatGraph, kept: Mapping[str, Signal], dt_s: float, faults: Faults) -> dict[str, Neurons]:
    found: dict[str, Neurons] = {}
    for name, signal in kept.items():
        node = flat.nodes[name]
        if name in flat.outputs:
            found[name] = unit(signal.n)
            continue
        shape = tuple(getattr(getattr(node, PARAMETERS[kind_of(node)][0]), "shape", ()))
        shape = shape if int(np.prod(shape, dtype=object)) > 1 else signal.shape
        n = int(np.prod(shape, dtype=object))
        if n != signal.n:
            faults.of(name, node, f"has {n:,} neurons, but {signal.n:,} values reach it: mend its shape")
            continue
        made = faults.tried(name, node, neurons, node, kind_of(node), shape, dt_s)
        if made is not None:
            found[name] = made
    return found


def _refuse_numbers(flat: FlatGraph, kept: Mapping[str, Signal], faults: Faults) -> None:
    """Note nodes without spikes whose values other nodes need."""
    for name, signal in kept.items():
        for source, _ in signal.parts:
            if kind_of(flat.nodes[source]) in SILENT:
                problem = f"sends numbers to {name!r}, but between neurons there are spikes alone: "
                faults.of(source, flat.nodes[source], problem + "use a LIF or CubaLIF, or let it lead to an Output")


def _fill(network: Network, flat: FlatGraph, kept: Mapping[str, Signal], found: Mapping[str, Neurons]) -> None:
    """Populations, inputs and projections."""
    by_spikes = {name: signal for name, signal in kept.items() if found[name].waits and signal.constant.any()}
    bias = _free_name(flat)
    for name in flat.inputs:
        network.add_input(name, int(np.prod(flat.nodes[name].input_type["input"], dtype=object)))
    for name, signal in kept.items():
        drive = np.zeros(signal.n) if name in by_spikes else signal.constant
        reach = sum((abs(part).sum(axis=1) for part in signal.parts.values()), np.zeros(signal.n))
        reach = np.abs(found[name].factor) * (reach + np.abs(signal.constant - drive))
        values = found[name].parameters(network.dt_ms, found[name].factor * drive, reach)
        network.add_lif(name, signal.n, **values)
    if by_spikes:
        network.add_lif(bias, 1, tau_mem_ms=network.dt_ms * 1e-3, tau_syn_ms=0, bias=2.0)
    _connect(network, flat, kept, found, by_spikes, bias)


def _connect(
    network: Network,
    flat: FlatGraph,
    kept: Mapping[str, Signal],
    found: Mapping[str, Neurons],
    by_spikes: Mapping[str, Signal],
    bias: str,
) -> None:
    ways = [(source, name, delay) for name, signal in kept.items() for source, delay in signal.parts]
    ways += [(bias, name, 0) for name in by_spikes]
    nodes = [*flat.inputs, *kept, bias]
    lag, loops = lags(nodes, ways), loops_of({name: i for i, name in enumerate(nodes)}, ways)
    rows: dict[tuple[str, str], list[Any]] = {}
    for source, name, delay in ways:
        if source == bias and name in by_spikes:
            values = by_spikes[name].constant
            target = np.flatnonzero(values)
            index, weight = np.zeros(len(target), np.int64), values[target]
        else:
            part = kept[name].parts[source, delay].tocoo()
            target, index, weight = part.row, part.col, part.data
        steps = steps_of((source, name, delay), lag, loops)
        if steps > MAX_DELAY_STEPS:
            raise NetworkError(
                f"the way from node {source!r} to {name!r} takes {steps:,} steps, but at most {MAX_DELAY_STEPS} are "
                "possible: use a longer dt_ms, or shorter ways beside it"
            )
        rows.setdefault((source, name), []).append((index, target, weight * found[name].factor[target], steps))
    for (source, name), parts in rows.items():
        index, target, weight = (np.concatenate([part[k] for part in parts]) for k in range(3))
        delays = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
        network.connect(source, name, index, target, weight, delays)


def _free_name(flat: FlatGraph) -> str:
    name = BIAS
    while name in flat.nodes:
        name += "_"
    return name
