"""The oracle: a network in registers, simulated in the slowest and most obvious way.

Plain Python integers, one neuron and one synapse at a time, straight from the `Network` and the arithmetic
section of a profile.  Nothing here knows of cores, programs or kernels.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from chips.profile import CubaLif
from compiler import Network


@dataclass(frozen=True)
class Outcome:
    """What the network did."""

    spikes: list[list[bool]]  # [step][neuron]
    u: list[list[int]]  # [step][neuron], after decay and input
    v: list[list[int]]  # [step][neuron], after reset
    n_spikes: int
    n_input_spikes: int
    n_synaptic_events: int  # one for each spike, external ones included, and synapse that it reaches


def simulate(network: Network, inputs: Iterable[tuple[int, int]], steps: int, neuron: CubaLif) -> Outcome:
    """Run `network` for `steps` steps; `inputs` are (step, channel), channels counted across all inputs."""
    registers = _registers(network)
    n = len(registers)
    outgoing = _outgoing(network)
    external: dict[int, list[int]] = defaultdict(list)
    for step, channel in inputs:
        external[int(step)].append(n + int(channel))

    u, v, waiting = [0] * n, [0] * n, [0] * n
    arriving: dict[tuple[int, int], int] = defaultdict(int)  # (step, neuron) -> sum of weights
    history: tuple[list[list[bool]], list[list[int]], list[list[int]]] = ([], [], [])
    n_spikes = n_input_spikes = n_synaptic_events = 0
    for t in range(steps):
        fired = [False] * n
        for i, r in enumerate(registers):
            u[i] = _decay(u[i], r["du"] + neuron.decay_u_offset, neuron) + (arriving[t, i] * 2**neuron.weight_shift)
            u[i] = _limit(u[i], neuron.u_bits, neuron.u_overflow)
            v[i] = _decay(v[i], r["dv"], neuron) + u[i] + r["bias_mantissa"] * 2 ** r["bias_exponent"]
            v[i] = _limit(v[i], neuron.v_bits, neuron.v_overflow)
            if waiting[i] > 0:
                v[i] = 0
            elif v[i] > r["vth"] * 2**neuron.weight_shift:
                fired[i] = True
                v[i] = 0
                waiting[i] = r["refractory"]
            waiting[i] = max(waiting[i] - 1, 0)
        own = [i for i in range(n) if fired[i]]
        for source in own + external[t]:
            for target, weight, delay in outgoing[source]:
                arriving[t + delay, target] += weight
                n_synaptic_events += 1
        n_spikes += len(own)
        n_input_spikes += len(external[t])
        for kept, values in zip(history, (fired, u, v), strict=True):
            kept.append(list(values))
    return Outcome(*history, n_spikes, n_input_spikes, n_synaptic_events)


def synapses(network: Network) -> list[tuple[int, int, int, int]]:
    """(source, target, weight, delay) of every synapse; channels are numbered after the neurons."""
    start, at = {}, 0
    for part in [*network.populations, *network.inputs]:
        start[part.name] = at
        at += getattr(part, "n", None) or part.channels
    rows = []
    for p in network.projections:
        columns = (p.sources.tolist(), p.targets.tolist(), p.weights.tolist(), p.delays.tolist())
        for source, target, weight, delay in zip(*columns, strict=True):
            assert weight == int(weight)
            rows.append((start[p.source] + source, start[p.target] + target, int(weight), delay))
    return rows


def _outgoing(network: Network) -> dict[int, list[tuple[int, int, int]]]:
    found: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for source, target, weight, delay in synapses(network):
        found[source].append((target, weight, delay))
    return found


def _registers(network: Network) -> list[dict[str, int]]:
    rows = []
    for population in network.populations:
        assert population.kind == "registers"
        for i in range(population.n):
            rows.append({key: int(population.values(key)[i]) for key in population.parameters})
    return rows


def _decay(x: int, decay: int, neuron: CubaLif) -> int:
    """Toward zero, by decay / 2^decay_bits."""
    left = abs(x) * max(2**neuron.decay_bits - decay, 0) >> neuron.decay_bits
    return left if x >= 0 else -left


def _limit(x: int, bits: int, rule: str) -> int:
    half = 2 ** (bits - 1)
    if rule == "saturate":
        return max(-(half - 1), min(half - 1, x))
    assert rule == "wrap_once"
    if x > half:
        return x - 2 * half
    return x + 2 * half if x <= -half else x
