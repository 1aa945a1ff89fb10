"""Networks as NIR graphs, so that reading one with the same dt_ms gives the network back.

Populations become CubaLIF, LIF (tau_syn_ms is 0) or IF (no leak), by the Euler steps of nir_neurons.py; a projection
one Linear and one Delay node for each delay that it has.  Every delay is written, so nothing is left to nir_delays.py.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import NetworkError
from compiler import Network
from compiler.network import Population, Projection
from compiler.parameters import NO_LEAK_STEPS
from compiler.validate import require_network
from neurosim.exchange.optional import need

MAX_ENTRIES = 2**28  # of a dense weight matrix, which is what NIR has


def to_nir(network: Network) -> Any:
    """The network as a `nir.NIRGraph`.

    Raises:
        NetworkError: something that NIR has no node for: kinds of neurons but "lif", adaptation, refractory times,
            short-term plasticity; all are named at once.
        NeurosimError: the package nir is not installed.
    """
    require_network(network)
    nir = need("nir", "writing NIR")
    if faults := [*_unknown(network)]:
        raise NetworkError("\n".join(faults))
    if not network.inputs or not network.populations:
        raise NetworkError("a NIR graph needs an input and neurons: add them with add_input and add_lif")
    names = _Names()
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    for item in network.inputs:
        nodes[names.of(item.name)] = nir.Input({"input": np.array([item.channels])})
    for population in network.populations:
        nodes[names.of(population.name)] = _neurons(nir, population, network.dt_ms)
    for projection in network.projections:
        _add_projection(nir, network, projection, names, nodes, edges)
    for population in network.populations:
        end = names.new(f"output_{population.name}")
        nodes[end] = nir.Output({"output": np.array([population.n])})
        edges.append((names.of(population.name), end))
    try:
        return nir.NIRGraph(nodes, edges)
    except Exception as error:
        raise NetworkError(f"the package nir refuses the graph ({error}): report it with the network") from error


def save_nir(network: Network, path: str | Path) -> None:
    """Write the network as a .nir file, whole or not at all.

    Raises:
        NetworkError: as `to_nir`.
        NeurosimError: the file cannot be written, or the package nir is not installed.
    """
    from compiler.npz import replacing

    graph = to_nir(network)
    with replacing(path) as file:
        need("nir", "writing NIR").write(file, graph)


def summed_synapses(network: Network) -> int:
    """How many synapses NIR lacks: those of one pair and one delay in one projection are one entry of its matrices."""
    lost = 0
    for p in network.projections:
        lost += len(p.weights) - len(np.unique(np.stack([p.sources, p.targets, p.delays]), axis=1).T)
    return lost


class _Names:
    """Names as HDF5 takes them: no slash, no lone dot, each once."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        """The name of a population or input."""
        if name not in self._of:
            self._of[name] = self.new(name)
        return self._of[name]

    def new(self, name: str) -> str:
        """A name like this one, not given before."""
        plain = made = re.sub(r"[/.]", "_", name)
        number = 2
        while made in self._taken:
            made, number = f"{plain}_{number}", number + 1
        self._taken.add(made)
        return made


def _unknown(network: Network) -> list[str]:
    faults = []
    sizes = {item.name: item.channels for item in network.inputs} | {p.name: p.n for p in network.populations}
    for p in network.populations:
        if p.kind != "lif":
            faults.append(f"population {p.name!r}: NIR has no neurons of kind {p.kind!r}, in a chip's units: use 'lif'")
            continue
        if p.adapts:
            faults.append(f"population {p.name!r}: NIR has no adaptation: set it to 0")
        if p.parameters["refractory_ms"].any():
            faults.append(f"population {p.name!r}: NIR has no refractory time: set refractory_ms to 0")
        if (p.parameters["bias"] != 0).any() and bool((p.values("tau_mem_ms") >= NO_LEAK_STEPS * network.dt_ms).any()):
            faults.append(f"population {p.name!r}: NIR's IF has no bias: use a tau_mem_ms with a leak, or no bias")
    for q in network.projections:
        label = f"projection {q.source!r} -> {q.target!r}"
        if q.stp is not None:
            faults.append(f"{label}: NIR has no short-term plasticity: leave it out")
        entries = sizes[q.source] * sizes[q.target]
        if entries > MAX_ENTRIES:
            faults.append(f"{label}: NIR's matrix would have {entries:,} entries, above {MAX_ENTRIES:,}: split it")
    return faults


def _neurons(nir: Any, population: Population, dt_ms: float) -> Any:
    """CubaLIF, LIF or IF; a bias is a v_leak above the reset, which is where v starts."""
    p = {key: population.values(key).astype(np.float64) for key in population.parameters}
    dt_s = dt_ms / 1000
    never = p["tau_mem_ms"] >= NO_LEAK_STEPS * dt_ms
    reset, threshold = p["v_leak"], p["v_threshold"]
    is_cuba = bool((p["tau_syn_ms"] > 0).any())
    if never.all() and not is_cuba:
        return nir.IF(r=p["r"] * -np.expm1(-dt_ms / p["tau_mem_ms"]) / dt_s, v_threshold=threshold, v_reset=reset)
    tau_mem = _euler_s(p["tau_mem_ms"], dt_ms)
    common = {"r": p["r"], "v_leak": reset + p["bias"], "v_threshold": threshold, "v_reset": reset}
    if not is_cuba:
        return nir.LIF(tau=tau_mem, **common)
    tau_syn = _euler_s(p["tau_syn_ms"], dt_ms)
    return nir.CubaLIF(tau_syn=tau_syn, tau_mem=tau_mem, w_in=tau_syn / dt_s, **common)


def _euler_s(tau_ms: npt.NDArray[np.float64], dt_ms: float) -> npt.NDArray[np.float64]:
    """The time constant, in seconds, whose Euler step decays as much as ours: dt / tau = 1 - exp(-dt / ours)."""
    with np.errstate(divide="ignore"):
        return np.asarray(dt_ms / 1000 / -np.expm1(-dt_ms / tau_ms), np.float64)


def _add_projection(
    nir: Any,
    network: Network,
    projection: Projection,
    names: _Names,
    nodes: dict[str, Any],
    edges: list[tuple[str, str]],
) -> None:
    source, target = names.of(projection.source), names.of(projection.target)
    n_target = int(nodes[target].output_type["output"][0])
    n_source = int(nodes[source].output_type["output"][0])
    for delay in np.unique(projection.delays).tolist():
        now = projection.delays == delay
        weight = np.zeros((n_target, n_source))
        at = projection.targets[now], projection.sources[now]
        np.add.at(weight, at, projection.weights[now].astype(np.float64))
        matrix, wait = names.new(f"{source}_to_{target}"), names.new(f"{source}_to_{target}_delay")
        nodes[matrix] = nir.Linear(weight)
        nodes[wait] = nir.Delay(np.full(n_target, delay * network.dt_ms / 1000))
        edges += [(source, matrix), (matrix, wait), (wait, target)]
