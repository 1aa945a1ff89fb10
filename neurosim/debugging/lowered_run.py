"""Run a network in a chip's integers before it is cut into cores: the middle between run_float and a compiled run.

What `compiler.lowering.lower.lower` made is run by a plain loop over steps, all neurons at once, in int64, written
from the equations alone; no code is shared with kernel.py, and nothing is known of cores, lists or packets.  Where it
differs from run_float, the integers did it; where a compiled run differs from it, the mapping or the loop would be
wrong.

A step of a neuron, with the registers and widths of the profile's section cuba_lif (D is decay_bits, s is weight_shift,
x * k / 2^D toward zero, a limit is u_overflow or v_overflow):

    u <- limit(u * (2^D - du - decay_u_offset) / 2^D + (sum of weights << s))
    v <- limit(v * (2^D - dv) / 2^D + u + (bias_mantissa << bias_exponent))
    a <- a * (2^D - adaptation_decay) / 2^D                                      of neurons that adapt; 0 of others
    refractory steps left: v <- 0;   else v > (vth << s) + a: spike, v <- 0, and refractory - 1 steps without spikes
    at a spike of a neuron that adapts: a <- min(a + (adaptation_jump << s), 2^(adaptation_bits - 1) - 1)

In a network with neurons that adapt, every sum of weights is first clamped to sum_bits (compiler/lower_graded.py).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, RunError, load_chip
from compiler import Network, Tolerance
from compiler.lowering.lower import lower
from compiler.lowering.lowered import LoweredNetwork
from compiler.lowering.registers import ADAPTIVE, MODELS
from compiler.validate import validate
from neurosim.debugging.float_result import FloatProbes, FloatResult, check_inputs, neurons_to_probe
from neurosim.simulation.run_inputs import trains_of
from neurosim.spikes import SpikeTrains

Integers = npt.NDArray[np.int64]


def run_lowered(
    network: Network,
    chip: ChipProfile | str,
    inputs: SpikeTrains | Sequence[npt.ArrayLike] | npt.ArrayLike | None = None,
    steps: int | Sequence[int] | None = None,
    probe: npt.ArrayLike | None = None,
    tolerance: Tolerance | None = None,
) -> FloatResult:
    """Run `network` in the integers of `chip`, neither cut nor placed.

    Args:
        network: LIF neurons, in physical units or in registers.
        chip: a profile, or the name or path of one; a chip with neurons of section cuba_lif.
        inputs: as those of `run`; a spike of step s arrives in step s + delay.
        steps: length of each sample; needed unless `inputs` are SpikeTrains.
        probe: neurons (in the network's numbering) whose registers u and v are kept for every step.
        tolerance: the largest errors that lowering may make.

    Raises:
        NetworkError, CannotRepresent: as `compile`.
        RunError: the chip or the network has other neurons than LIF neurons of section cuba_lif, a spike is outside
            the run, on an unknown channel or carries a payload, or a probe is unknown.
    """
    chip = chip if isinstance(chip, ChipProfile) else load_chip(chip)
    if chip.cuba_lif is None:
        raise RunError(
            f"{chip.name} has no neurons of section cuba_lif, the only ones run_lowered knows: choose another chip"
        )
    valid = validate(network)
    lowered = lower(valid, chip, tolerance)
    other = ~np.isin(lowered.model, [MODELS.index(name) for name in _MODELS])
    if other.any():
        first = int(other.argmax())
        raise RunError(
            f"{lowered.owner(first)} is of model {MODELS[lowered.model[first]]}, but run_lowered knows "
            f"{' and '.join(_MODELS)} alone: compile the network and run the program"
        )
    trains = trains_of(inputs, steps)
    check_inputs(trains, lowered.n_channels)
    neuron = neurons_to_probe(probe, lowered.n_neurons, trains)
    fired, u, v = [], [np.zeros((0, len(neuron)), np.int64)], [np.zeros((0, len(neuron)), np.int64)]
    for i in range(trains.n_samples):
        part = slice(int(trains.sample_ptr[i]), int(trains.sample_ptr[i + 1]))
        external = trains.step[part], trains.channel[part]
        sample = _Sample(lowered, chip)
        for t in range(int(trains.steps[i])):
            channels = external[1][np.searchsorted(external[0], t) : np.searchsorted(external[0], t + 1)]
            spikes = sample.step(t, channels)
            fired.append((i, t, spikes))
            u.append(sample.u[None, neuron])
            v.append(sample.v[None, neuron])
    sizes = [len(spikes) for _, _, spikes in fired]
    sample_of = np.repeat([i for i, _, _ in fired], sizes)
    return FloatResult(
        spans=lowered.spans,
        dt_ms=lowered.dt_ms,
        steps=trains.steps,
        sample_ptr=np.searchsorted(sample_of, np.arange(trains.n_samples + 1)).astype(np.int64),
        spike_step=np.repeat([t for _, t, _ in fired], sizes).astype(np.int32),
        spike_neuron=np.concatenate([spikes for _, _, spikes in fired]).astype(np.int32),
        probes=None if probe is None else FloatProbes(neuron, np.concatenate(u), np.concatenate(v)),
    )


_MODELS = ("cuba_lif", "adaptive_lif")


class _Sample:
    """The state of one sample."""

    def __init__(self, net: LoweredNetwork, chip: ChipProfile) -> None:
        self.net, self.chip = net, chip.lif
        self.r: Mapping[str, Integers] = {name: column.astype(np.int64) for name, column in net.registers.items()}
        self.u = np.zeros(net.n_neurons, np.int64)
        self.v = np.zeros(net.n_neurons, np.int64)
        self.a = np.zeros(net.n_neurons, np.int64)
        self.waiting = np.zeros(net.n_neurons, np.int64)
        self.arriving = np.zeros((int(net.delay.max(initial=0)) + 1, net.n_neurons), np.int64)  # by step, in a ring
        programmable = bool((net.model == ADAPTIVE).any())
        self.sum_max = 2 ** (chip.numbers.sum_bits - 1) - 1 if programmable else 2**62
        exponent = np.array([form.exponent for form in net.formats], np.int64)
        self.weight = (
            net.weight.astype(np.int64) << exponent[net.format_of] if len(net.weight) else np.zeros(0, np.int64)
        )

    def step(self, t: int, channels: npt.NDArray[np.int32]) -> Integers:
        """Step t: who fires, ascending; `channels` are those with a spike in step t."""
        r, chip = self.r, self.chip
        now = t % len(self.arriving)
        arriving = np.clip(self.arriving[now], -self.sum_max, self.sum_max)
        keep_u = np.maximum(2**chip.decay_bits - r["du"] - chip.decay_u_offset, 0)
        u = _scaled(self.u, keep_u, chip.decay_bits) + (arriving << chip.weight_shift)
        self.u = _limited(u, chip.u_bits, chip.u_overflow)
        v = _scaled(self.v, 2**chip.decay_bits - r["dv"], chip.decay_bits)
        v = _limited(v + self.u + (r["bias_mantissa"] << r["bias_exponent"]), chip.v_bits, chip.v_overflow)
        if "adaptation_decay" in r:
            self.a = _scaled(self.a, 2**chip.decay_bits - r["adaptation_decay"], chip.decay_bits)
        fires = (self.waiting == 0) & (v > (r["vth"] << chip.weight_shift) + self.a)
        if "adaptation_jump" in r:
            raised = np.minimum(
                self.a + (r["adaptation_jump"] << chip.weight_shift), 2 ** (chip.adaptation_bits - 1) - 1
            )
            self.a = np.where(fires, raised, self.a)
        self.v = np.where(fires | (self.waiting > 0), 0, v)
        self.waiting = np.maximum(np.where(fires, r["refractory"], self.waiting) - 1, 0)
        self.arriving[now] = 0
        spikes = np.flatnonzero(fires)
        senders = np.zeros(self.net.n_neurons + self.net.n_channels, np.bool_)
        senders[spikes] = senders[self.net.n_neurons + channels] = True
        reached = np.flatnonzero(senders[self.net.source])
        at = (t + self.net.delay[reached].astype(np.int64)) % len(self.arriving), self.net.target[reached]
        np.add.at(self.arriving, at, self.weight[reached])
        return spikes


def _scaled(x: Integers, keep: Integers, bits: int) -> Integers:
    """Multiply by keep / 2^bits, toward zero."""
    size = np.abs(x) * keep >> bits
    return np.where(x < 0, -size, size)


def _limited(x: Integers, bits: int, rule: str) -> Integers:
    """Kept within a register: one wrap, where +2^(bits-1) stays; or saturated at +-(2^(bits-1) - 1)."""
    half = 2 ** (bits - 1)
    if rule == "wrap_once":
        return np.where(x > half, x - 2 * half, np.where(x <= -half, x + 2 * half, x))
    return np.clip(x, 1 - half, half - 1)
