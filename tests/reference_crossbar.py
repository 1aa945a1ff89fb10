"""The oracle of crossbar chips: plain Python integers, one axon and one neuron at a time.

`simulate_cores` runs a native description, `simulate_graph` a network of kind "truenorth" straight from its synapses.
Nothing here knows of programs, slots or kernels; the random numbers are written out once more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from reference import synapses

from chips.profile import Crossbar
from compiler import CrossbarNetwork, Network

Raster = list[list[bool]]
MASK = 2**64 - 1
LEAK, THRESHOLD, SYNAPSE = 1, 2, 16


def simulate_graph(
    network: Network, inputs: Iterable[tuple[int, int]], steps: int, bars: Crossbar, seed: int = 0
) -> tuple[Raster, list[list[int]]]:
    """Spikes and potentials [step][neuron] of a network whose populations are all "truenorth"."""
    neurons = [{k: int(p.values(k)[i]) for k in p.parameters} for p in network.populations for i in range(p.n)]
    n = len(neurons)
    outgoing = defaultdict(list)
    parallel: dict[tuple[int, int, int], int] = defaultdict(int)  # synapses of one source and delay on one neuron
    for source, target, weight, delay in sorted(synapses(network)):
        if weight:
            layer = parallel[source, target, delay]
            parallel[source, target, delay] += 1
            outgoing[source].append((target, weight, delay, source * 256 + delay + (layer << 44)))
    external = defaultdict(list)
    for step, channel in inputs:
        external[int(step)].append(n + int(channel))
    arriving: dict[int, list[tuple[int, int, int]]] = defaultdict(list)  # step -> (target, weight, key of the line)
    v = [r["potential"] for r in neurons]
    raster, potentials = [], []
    for t in range(steps):
        for target, weight, key in arriving.pop(t, []):
            stochastic = bool(neurons[target]["stochastic_weights"])
            v[target] += add(weight, stochastic, partial(draw, bars, seed, t, target, SYNAPSE + key))
        fired = []
        for j, r in enumerate(neurons):
            v[j], fires = tick(v[j], r, partial(draw, bars, seed, t, j), bars)
            fired.append(fires)
        for source in [j for j in range(n) if fired[j]] + external[t]:
            for target, weight, delay, key in outgoing[source]:
                arriving[t + delay].append((target, weight, key))
        raster.append(fired)
        potentials.append(list(v))
    return raster, potentials


def simulate_cores(
    native: CrossbarNetwork, inputs: Iterable[tuple[int, int]], steps: int, bars: Crossbar, seed: int = 0
) -> tuple[Raster, list[list[int]], int]:
    """Spikes and potentials [step][core * neurons + neuron], and how many packets merged."""
    n_cores, n_axons = native.axon_type.shape
    n = native.target_core.shape[1]
    bits = np.unpackbits(native.crossbar, axis=2, bitorder="little").astype(bool)
    registers = {name: values.tolist() for name, values in native.registers.items()}
    external = defaultdict(list)
    for step, channel in inputs:
        external[int(step)].append(int(channel))
    active: dict[int, set[tuple[int, int]]] = defaultdict(set)
    merged = 0
    v = [list(row) for row in registers["potential"]]

    def arrive(at: int, core: int, axon: int) -> int:
        was = (core, axon) in active[at]
        active[at].add((core, axon))
        return int(was)

    raster, potentials = [], []
    for t in range(steps):
        for channel in external[t]:
            for entry in np.flatnonzero(native.input_channel == channel):
                core, axon = int(native.input_core[entry]), int(native.input_axon[entry])
                merged += arrive(t + int(native.input_delay[entry]), core, axon)
        now = active.pop(t, set())
        fired = [[False] * n for _ in range(n_cores)]
        for core in range(n_cores):
            for axon in range(n_axons):
                if (core, axon) not in now:
                    continue
                kind = int(native.axon_type[core, axon])
                for j in np.flatnonzero(bits[core, axon, :n]).tolist():
                    stochastic = bool(registers["stochastic_weights"][core][j] >> kind & 1)
                    purpose = SYNAPSE + core * n_axons + axon
                    v[core][j] += add(
                        registers[f"weight_{kind}"][core][j],
                        stochastic,
                        partial(draw, bars, seed, t, core * n + j, purpose),
                    )
            for j in range(n):
                r = {name: values[core][j] for name, values in registers.items()}
                v[core][j], fires = tick(v[core][j], r, partial(draw, bars, seed, t, core * n + j), bars)
                fired[core][j] = fires
        for core in range(n_cores):
            for j in range(n):
                if fired[core][j] and native.target_core[core, j] >= 0:
                    at = t + int(native.target_delay[core, j])
                    merged += arrive(at, int(native.target_core[core, j]), int(native.target_axon[core, j]))
        raster.append([x for row in fired for x in row])
        potentials.append([x for row in v for x in row])
    return raster, potentials, merged


def add(weight: int, stochastic: bool, number: Callable[[], int]) -> int:
    if not stochastic:
        return weight
    return sign(weight) if abs(weight) >= number() else 0


def tick(v: int, r: dict[str, int], number: Callable[[int], int], bars: Crossbar) -> tuple[int, bool]:
    """Leak, compare, reset: the potential after, and whether the neuron fired."""
    leak = r["leak"]
    if r["stochastic_leak"]:
        leak = sign(leak) if abs(leak) >= number(LEAK) else 0
    v += leak * sign(v) if r["leak_reversal"] else leak
    half = 2 ** (bars.potential_bits - 1)
    v = max(-half, min(half - 1, v))
    eta = number(THRESHOLD) & r["threshold_mask"]
    alpha, beta, mode = r["threshold"] + eta, r["negative_threshold"] + eta, r["reset_mode"]
    if v >= alpha:
        return {0: r["reset_potential"], 1: v - alpha, 2: v}[mode], True
    if r["negative_saturates"]:
        return max(v, -r["negative_threshold"]), False
    if v < -beta:
        return {0: -r["reset_potential"], 1: v + beta, 2: v}[mode], False
    return v, False


def draw(bars: Crossbar, seed: int, t: int, key: int, purpose: int) -> int:
    """The random number of a neuron for a purpose in a tick."""
    z = mix((seed + t * 0x9E3779B97F4A7C15) & MASK)
    z = mix((z + key * 0xD1B54A32D192ED03) & MASK)
    return mix((z + purpose) & MASK) >> (64 - bars.random_bits)


def mix(z: int) -> int:
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


def sign(x: int) -> int:
    return (x > 0) - (x < 0)
