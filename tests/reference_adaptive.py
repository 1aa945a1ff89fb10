"""The oracle of LIF neurons that adapt: plain Python integers, one neuron at a time, from the lowered registers.

Written from the equations at the top of compiler/lower.py; nothing here knows of cores, programs or kernels.
"""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from reference import Outcome, _limit

from chips.profile import ChipProfile
from compiler.lowering.lowered import LoweredNetwork


def simulate_adaptive(net: LoweredNetwork, inputs: Iterable[tuple[int, int]], steps: int, chip: ChipProfile) -> Outcome:
    """Run `net` for `steps` steps; `inputs` are (step, channel), channels counted across all inputs."""
    neuron, n = chip.lif, net.n_neurons
    r = {key: [int(x) for x in column] for key, column in net.registers.items()}
    outgoing = defaultdict(list)
    for source, target, weight, delay, form in zip(
        net.source, net.target, net.weight, net.delay, net.format_of, strict=True
    ):
        outgoing[int(source)].append((int(target), int(weight) * 2 ** net.formats[form].exponent, int(delay)))
    external = defaultdict(list)
    for step, channel in inputs:
        external[int(step)].append(n + int(channel))
    one, shift = 2**neuron.decay_bits, 2**neuron.weight_shift
    u, v, a, waiting = [0] * n, [0] * n, [0] * n, [0] * n
    arriving: dict[tuple[int, int], int] = defaultdict(int)
    out = Outcome([], [], [], 0, 0, 0)
    for t in range(steps):
        fired = [False] * n
        for i in range(n):
            keep_u = max(one - r["du"][i] - neuron.decay_u_offset, 0)
            u[i] = int(Fraction(u[i] * keep_u, one)) + arriving[t, i] * shift
            u[i] = _limit(u[i], neuron.u_bits, neuron.u_overflow)
            v[i] = int(Fraction(v[i] * (one - r["dv"][i]), one)) + u[i]
            v[i] = _limit(v[i] + r["bias_mantissa"][i] * 2 ** r["bias_exponent"][i], neuron.v_bits, neuron.v_overflow)
            a[i] = int(Fraction(a[i] * (one - r["adaptation_decay"][i]), one))
            if waiting[i] > 0:
                v[i] = 0
            elif v[i] > r["vth"][i] * shift + a[i]:
                fired[i] = True
                v[i] = 0
                waiting[i] = r["refractory"][i]
                a[i] = min(a[i] + r["adaptation_jump"][i] * shift, 2 ** (neuron.adaptation_bits - 1) - 1)
            waiting[i] = max(waiting[i] - 1, 0)
        for source in [i for i in range(n) if fired[i]] + external[t]:
            for target, weight, delay in outgoing[source]:
                arriving[t + delay, target] += weight
        for kept, values in zip((out.spikes, out.u, out.v), (fired, u, v), strict=True):
            kept.append(list(values))
    return out
