"""Lower graded neurons: populations that send numbers, given in the chip's own integers.  Part of lower.py.

A spike carries a payload, a signed integer; LIF neurons and plain input spikes carry 1.  A spike sent in step t
arrives at a synapse of delay d in step t + d and adds weight * payload to the target's input of that step.
Widths stand in the profile's section `graded`: clamp_sum, clamp_state and clamp_message keep a value within
+-(2^(B-1) - 1) of its width B.  scaled(x, n) is x / 2^n toward zero, as the chip decays LIF neurons, so what leaks does
reach zero.  With decay_bits D (4096 = 2^12 on Loihi 2) and fraction_bits F (1.0 is 2^F), a unit does in each step:

    a = clamp_sum(sum of weight * payload that arrive)                       the sum is exact before it is clamped
    s = a  (sigma = 0)   or   s <- clamp_sum(s + a)  (sigma = 1: what arrives are changes)
    z = clamp_state(scaled(s, shift) + bias)
    y <- clamp_state(scaled(keep * y + gain * f(z), D))
    m = clamp_message(y - r);  if |m| > threshold: send m, and with delta = 1 let r <- r + m

r is what receivers know: 0 for ever with delta = 0 (value coding), the sum of all that was sent with delta = 1
(sigma-delta coding), within the threshold of y unless a message was clamped.  f is

    linear                  f(z) = z
    hardtanh                f(z) = min(max(z, -limit), limit)
    tanh                    f(z) = 2^F tanh(z / 2^F), by table (neurosim/tanh_table.py)
    square                  f(z) = clamp_state(scaled(z^2, F))

    liquid_time_constant    in place of the fourth line, with g = scaled(gain * sigmoid(z), F):
                            y <- clamp_state(scaled(keep * y + g * (reversal - y), D))
                            sigmoid(z) = scaled(2^F + tanh(scaled(z, 1)), 1), the same table: 0 .. 2^F

A leaky echo state x <- (1 - a) x + a tanh(W x + V u) is tanh with gain = a 2^D and keep = 2^D - gain.  An explicit
Euler step of dx/dt = -x / tau + f(z) has keep = (1 - dt / tau) 2^D and gain = dt 2^D; one of dx/dt = -x / tau +
sigmoid(z) (A - x) is liquid_time_constant with these and reversal = A.  A product of two signals, as closed-form
continuous-time cells need, is a b = ((a + b) / 2)^2 - ((a - b) / 2)^2: two squares and a sum.  Each step loses less
than 1, so a slow leak lags by up to 2^D / (2^D - keep): let states be large numbers.

    resonate_and_fire       x, y <- clamp_state(scaled(cos * x - sin * y, D) + scaled(a, shift) + bias),
                                    clamp_state(scaled(sin * x + cos * y, D))
                            sends when y turns from below 0 to 0 or above while x > threshold:
                            m = clamp_message(x)  (magnitude = 1)   or   m = 1  (magnitude = 0)

In a network with such neurons, or with LIF neurons that adapt, a LIF neuron takes a, clamped like theirs, as its sum of
weights.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import CannotRepresent
from chips.profile import ChipProfile
from compiler.lowering.lowered import LoweredNetwork
from compiler.network import Population


def lower_graded(population: Population, chip: ChipProfile) -> dict[str, npt.NDArray[Any]]:
    """Registers of a population: register -> [neuron].

    Raises:
        CannotRepresent: naming the parameter, the neuron and the width.
    """
    limits = _limits(chip)
    for key in population.parameters:
        least, most, width = limits.get(key, (0, 1, ""))
        values = population.values(key)
        wrong = (values < least) | (values > most)
        if wrong.any():
            first = int(wrong.argmax())
            raise CannotRepresent(
                f"population {population.name!r}: {key} of neuron {first} is {values[first]:,}, but {chip.name} holds "
                f"{least:,} to {most:,} ({width}): bring it into this range"
            )
    return {key: population.values(key) for key in population.parameters}


def _limits(chip: ChipProfile) -> dict[str, tuple[int, int, str]]:
    """Register -> least, largest, key of the profile; those that are left out are 0 or 1."""
    graded = chip.numbers
    state, factor = 2 ** (graded.state_bits - 1) - 1, 2**graded.decay_bits
    kept = (-state, state, "graded.state_bits")
    signed = (-factor, factor, "graded.decay_bits")
    return {
        "shift": (0, graded.sum_bits - 1, "graded.sum_bits"),
        "bias": kept,
        "reversal": kept,
        "limit": (0, state, "graded.state_bits"),
        "keep": (0, factor, "graded.decay_bits"),
        "gain": signed,
        "cos": signed,
        "sin": signed,
        "threshold": (0, 2 ** (graded.message_bits - 1) - 1, "graded.message_bits"),
    }


def check_sums(net: LoweredNetwork, chip: ChipProfile) -> None:
    """Refuse a neuron whose sum of weight * payload could leave 64 bits: sums are exact, in any order.

    Raises:
        CannotRepresent: naming the neuron and its fan-in.
    """
    exponent = np.array([f.exponent for f in net.formats], np.int64)
    sums = np.zeros(net.n_neurons, np.int64)
    if len(net.weight):
        np.add.at(sums, net.target, np.abs(net.weight.astype(np.int64)) << exponent[net.format_of])
    largest = 2 ** (63 - chip.numbers.message_bits)
    if sums.max() > largest:
        worst = int(sums.argmax())
        raise CannotRepresent(
            f"the weights into {net.owner(worst)} add up to {sums[worst]:,} in magnitude, but with payloads of "
            f"{chip.numbers.message_bits} bits (graded.message_bits) a 64-bit sum holds {largest:,}: cut its fan-in, "
            "or set graded.message_bits lower"
        )
