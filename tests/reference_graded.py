"""The oracle of units that send numbers: plain Python integers, one unit and one message at a time.

Written from the equations at the top of compiler/lower_graded.py; nothing here knows of cores, programs or kernels.
LIF neurons among them are those of reference.py.  tanh is worked out from e^x in decimal, not from the project's table.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from reference import _decay, _limit, synapses

from chips.profile import ChipProfile, Graded
from compiler import Network


@dataclass(frozen=True)
class GradedOutcome:
    """What the network did."""

    sent: list[list[int]]  # [step][neuron], payload; 0: nothing
    u: list[list[int]]  # [step][neuron], see neurosim.result.Probes
    v: list[list[int]]  # [step][neuron]
    n_messages: int
    n_synaptic_events: int


def simulate_graded(
    network: Network, inputs: Iterable[tuple[int, int, int]], steps: int, chip: ChipProfile
) -> GradedOutcome:
    """Run `network`; `inputs` are (step, channel, payload), channels counted across all inputs."""
    graded = chip.graded
    assert graded is not None
    units = [
        (p.kind, {key: int(p.values(key)[i]) for key in p.parameters}) for p in network.populations for i in range(p.n)
    ]
    n = len(units)
    outgoing = defaultdict(list)
    for source, target, weight, delay in synapses(network):
        outgoing[source].append((target, weight, delay))
    external = defaultdict(list)
    for step, channel, payload in inputs:
        external[step].append((n + channel, payload))
    state = [{"u": 0, "v": 0, "r": 0, "waiting": 0} for _ in range(n)]
    arriving: dict[tuple[int, int], int] = defaultdict(int)
    out = GradedOutcome([], [], [], 0, 0)
    messages = events = 0
    for t in range(steps):
        payloads = []
        for i, (kind, p) in enumerate(units):
            a = clamp(arriving[t, i], graded.sum_bits)
            if kind == "registers":
                payloads.append(lif(state[i], p, a, chip))
            elif kind == "resonate_and_fire":
                payloads.append(resonator(state[i], p, a, graded))
            else:
                payloads.append(unit(kind, state[i], p, a, graded))
        own = [(i, payload) for i, payload in enumerate(payloads) if payload != 0]
        for source, payload in own + external[t]:
            for target, weight, delay in outgoing[source]:
                arriving[t + delay, target] += weight * payload
                events += 1
        messages += len(own)
        out.sent.append(payloads)
        out.u.append([s["u"] for s in state])
        out.v.append([s["v"] for s in state])
    return GradedOutcome(out.sent, out.u, out.v, messages, events)


def unit(kind: str, s: dict[str, int], p: dict[str, int], a: int, graded: Graded) -> int:
    s["u"] = clamp(s["u"] + a, graded.sum_bits) if p["sigma"] else a
    z = clamp(toward_zero(Fraction(s["u"], 2 ** p["shift"])) + p["bias"], graded.state_bits)
    one, y = 2**graded.decay_bits, s["v"]
    if kind == "liquid_time_constant":
        half = toward_zero(Fraction(z, 2))
        sigmoid = toward_zero(Fraction(2**graded.fraction_bits + tanh(half, graded), 2))
        gate = toward_zero(Fraction(p["gain"] * sigmoid, 2**graded.fraction_bits))
        total = p["keep"] * y + gate * (p["reversal"] - y)
    else:
        total = p["keep"] * y + p["gain"] * activation(kind, z, p, graded)
    s["v"] = clamp(toward_zero(Fraction(total, one)), graded.state_bits)
    message = clamp(s["v"] - s["r"], graded.message_bits)
    if abs(message) <= p["threshold"]:
        return 0
    if p["delta"]:
        s["r"] += message
    return message


def activation(kind: str, z: int, p: dict[str, int], graded: Graded) -> int:
    if kind == "hardtanh":
        return clip(z, p["limit"])
    if kind == "square":
        return clamp(toward_zero(Fraction(z * z, 2**graded.fraction_bits)), graded.state_bits)
    return tanh(z, graded) if kind == "tanh" else z


def resonator(s: dict[str, int], p: dict[str, int], a: int, graded: Graded) -> int:
    x, y, one = s["u"], s["v"], 2**graded.decay_bits
    drive = toward_zero(Fraction(a, 2 ** p["shift"])) + p["bias"]
    s["u"] = clamp(toward_zero(Fraction(p["cos"] * x - p["sin"] * y, one)) + drive, graded.state_bits)
    s["v"] = clamp(toward_zero(Fraction(p["sin"] * x + p["cos"] * y, one)), graded.state_bits)
    if y < 0 and s["v"] >= 0 and s["u"] > p["threshold"]:
        return clamp(s["u"], graded.message_bits) if p["magnitude"] else 1
    return 0


def lif(s: dict[str, int], p: dict[str, int], a: int, chip: ChipProfile) -> int:
    neuron = chip.lif
    u = _decay(s["u"], p["du"] + neuron.decay_u_offset, neuron) + a * 2**neuron.weight_shift
    s["u"] = _limit(u, neuron.u_bits, neuron.u_overflow)
    v = _decay(s["v"], p["dv"], neuron) + s["u"] + p["bias_mantissa"] * 2 ** p["bias_exponent"]
    s["v"] = _limit(v, neuron.v_bits, neuron.v_overflow)
    fires = s["waiting"] == 0 and s["v"] > p["vth"] * 2**neuron.weight_shift
    if fires or s["waiting"] > 0:
        s["v"] = 0
    if fires:
        s["waiting"] = p["refractory"]
    s["waiting"] = max(s["waiting"] - 1, 0)
    return int(fires)


def clip(x: int, most: int) -> int:
    return max(-most, min(most, x))


def clamp(x: int, bits: int) -> int:
    return clip(x, 2 ** (bits - 1) - 1)


def toward_zero(x: Fraction) -> int:
    return int(x)


def tanh(z: int, graded: Graded) -> int:
    """Between the two entries of the table around z, toward zero."""
    width = 2 ** (graded.fraction_bits + graded.tanh_range_bits - graded.tanh_table_bits)
    last = 2**graded.tanh_table_bits
    below = min(abs(z) // width, last)
    low, high = entry(below, graded), entry(min(below + 1, last), graded)
    size = low + int(Fraction((high - low) * (abs(z) - below * width), width))
    return size if z >= 0 else -size


def entry(k: int, graded: Graded) -> int:
    return _entry(k, graded.fraction_bits, graded.tanh_range_bits, graded.tanh_table_bits)


@functools.cache
def _entry(k: int, fraction_bits: int, range_bits: int, table_bits: int) -> int:
    with localcontext() as context:
        context.prec = 60
        small = (-2 * k * Decimal(2) ** (range_bits - table_bits)).exp()
        return int((2**fraction_bits * (1 - small) / (1 + small) + Decimal(1) / 2).to_integral_value("ROUND_FLOOR"))
