"""Compiled loops of encoders whose next spike depends on the last one; the encoders say their rules."""

import numpy as np

from compiler.jit import jit


@jit
def step_forward(frames, begin, end, threshold, steps):
    """Net steps up or down in each frame [frame, input]: what is left of a change after them is within threshold."""
    moves = np.zeros(frames.shape, np.int64)
    for i in range(len(begin)):
        for k in range(frames.shape[1]):
            base = frames[begin[i], k]
            for t in range(begin[i] + 1, end[i]):
                n = 0
                while n < steps and frames[t, k] - base > threshold[k]:
                    base += threshold[k]
                    n += 1
                while n > -steps and base - frames[t, k] > threshold[k]:
                    base -= threshold[k]
                    n -= 1
                moves[t, k] = n
    return moves


@jit
def bens_spiker(signal, begin, end, fir, threshold):
    """Spikes [step, input] of a signal [step, input], which is used up: the filter is taken off at each spike."""
    spikes = np.zeros(signal.shape, np.bool_)
    for i in range(len(begin)):
        for k in range(signal.shape[1]):
            for t in range(begin[i], end[i]):
                taps = min(len(fir), end[i] - t)
                gain = 0.0
                for j in range(taps):
                    gain += abs(signal[t + j, k]) - abs(signal[t + j, k] - fir[j])
                if gain >= threshold:
                    spikes[t, k] = True
                    for j in range(taps):
                        signal[t + j, k] -= fir[j]
    return spikes
