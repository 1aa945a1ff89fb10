"""Codes: rates of channels to spikes, regularly or at random.

Regular: a phase accumulator that starts at one half fires whenever it passes a whole number, so n steps at rate r
hold floor(1/2 + n r) spikes.  At random: each step fires with probability r, independently (a Bernoulli process,
which is the Poisson process of discrete time).
"""

import hashlib

import numpy as np

from neurosim.encoders.base import Bools, Ints, starts
from neurosim.sequences import Floats

_SLACK = 1e-9  # sums of rates that are whole but for rounding fire


def regular(rate: Floats, steps: Ints) -> Bools:
    """Spikes [step, channel] of rates at most 1, for samples of `steps` steps laid end to end."""
    phase = np.empty_like(rate)
    first = starts(steps)
    for begin, end in zip(first.tolist(), (first + steps).tolist(), strict=True):
        np.cumsum(rate[begin:end], axis=0, out=phase[begin:end])
    np.floor(0.5 + phase + _SLACK, out=phase)
    before = np.zeros_like(phase)
    before[1:] = phase[:-1]
    before[first] = 0
    return phase > before


def poisson(rate: Floats, steps: Ints, frames: Floats, lengths: Ints, seed: int) -> Bools:
    """Spikes [step, channel], each with the probability `rate`.

    The random numbers of a sample come from the seed and a hash of its frames, so they do not depend on the other
    samples; equal samples get equal spikes.
    """
    spikes = np.empty(rate.shape, np.bool_)
    data = np.ascontiguousarray(frames + 0.0, dtype="<f8")  # + 0.0: minus zero is zero
    first, begin = starts(steps), starts(lengths)
    for i in range(len(lengths)):
        digest = hashlib.blake2b(data[begin[i] : begin[i] + lengths[i]].data, digest_size=16, key=b"%d" % seed)
        random = np.random.Generator(np.random.Philox(key=int.from_bytes(digest.digest(), "little")))
        here = slice(first[i], first[i] + steps[i])
        spikes[here] = random.random(rate[here].shape) < rate[here]
    return spikes
