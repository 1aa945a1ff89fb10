"""The compiled loop of crossbar chips: exact integers, core by core, every event counted.

A tick: each core takes the axons on which a spike arrives now and adds the weight of the axon's type to every neuron
that a crosspoint joins to it; then each neuron leaks, is compared and reset, and a spike goes to its target axon.

    v += S[type], or for a stochastic weight: v += sign(S) if |S| >= random number
    v += leak * (sign(v) if leak_reversal else 1), or for a stochastic leak its sign if |leak| >= random number
    v is held within its bits
    eta = random number & threshold_mask;  fire if v >= threshold + eta
    on fire:   reset mode 0: v = reset_potential       1: v -= threshold + eta               2: nothing
    else if negative_saturates:  v < -negative_threshold: v = -negative_threshold
    else if v < -(negative_threshold + eta):
               reset mode 0: v = -reset_potential     1: v += negative_threshold + eta    2: nothing

after Merolla et al. 2014 (supplement) and Cassidy et al. 2013; that saturation takes no random number is from the
public simulator NeMo.  An axon holds one bit a tick: spikes that meet there merge, and are counted.

A spike arrives a tick later or more.  Threads of one sample take cores of their own: each updates its cores and leaves
a list of packets for each of the others, all meet, and each takes what was left for it.  Nothing is written by two, so
the result is the same for any number of them.

A random number is a hash (the finaliser of splitmix64) of seed, tick, neuron and purpose, so that the state of
the generator is the seed and the tick: any tick can be replayed, and nothing depends on the order of the cores.
"""

from threading import Thread

import numpy as np

from chips import RunError
from compiler.jit import jit
from neurosim.simulation.crossbar_layout import GO_AT, HALT_AT, PACE
from neurosim.simulation.crossbar_links import busiest_of_pairs, busiest_of_runs
from neurosim.simulation.crossbar_packets import take_input, take_packets
from neurosim.simulation.crossbar_update import update
from neurosim.simulation.lanes import meet, wait_for

GO, GIVE_UP = 1, 2


def advance_crossbar(m, s, b, input_ptr, input_channel, start, stop, halt):
    """As `kernel.advance`; slots of copies, relays and partial sums are not reported.

    Raises:
        RunError: the threads that share the sample cannot be started.
    """
    given = (m, s, b, input_ptr, input_channel, start, stop, halt)
    begun: list[Thread] = []
    s.gate[:] = 0
    try:
        _begin_others(given, len(s.part) - 1, begun)
        s.gate[GO_AT] = GO
        return _advance_part(*given, 0)
    finally:
        if s.gate[GO_AT] != GO:  # those that have begun would wait for the others for ever
            s.gate[GO_AT] = GIVE_UP
        for thread in begun:
            thread.join()


def _begin_others(given, parts, begun):
    """Start a thread for each part but the first, and append it to `begun`."""
    try:
        for part in range(1, parts):
            thread = Thread(target=_advance_part, args=(*given, part))
            thread.start()
            begun.append(thread)
    except RuntimeError as error:
        raise RunError(
            f"{parts} threads cannot share this sample, as no more than {len(begun) + 1} could be started ({error}): "
            "run it with fewer threads"
        ) from error


@jit
def _advance_part(m, s, b, input_ptr, input_channel, start, stop, halt, part):
    """The cores of one part; returns the step reached and the spikes written by all, as every part counts them."""
    n, parts = len(s.v), len(s.part) - 1
    n_spikes, arrivals = 0, np.int64(0)
    if wait_for(s.gate, GO_AT) == GIVE_UP:
        return start, n_spikes
    for t in range(start, stop):
        if n_spikes + n > len(b.spike_slot):
            return t, n_spikes
        row, parity = t - start, t % 2
        counts = b.counts[row]
        counts[s.part[part] : s.part[part + 1]] = 0
        if input_ptr[t + 1] > input_ptr[t]:
            take_input(m, s, t, input_channel[input_ptr[t] : input_ptr[t + 1]], part, counts)
        update(m, s, t, part, counts, len(b.probe_slot) > 0)
        _probe(m, s, b, row, part)
        if part == 0:
            b.busiest_link[row], b.busiest_border[row] = 0, 0
            s.gate[HALT_AT + parity * PACE] = halt[0]
        if parts > 1:
            arrivals += parts
            meet(s.gate, arrivals)
        n_spikes = _collect(s, b, t, n_spikes, part)
        take_packets(m, s, t, part, counts)
        if len(m.pair):
            busiest_of_pairs(m, s, parity, part, b.busiest_link, b.busiest_border, row)
        else:
            busiest_of_runs(m, s, parity, part, b.busiest_link, b.busiest_border, row)
        if s.gate[HALT_AT + parity * PACE]:
            return t + 1, n_spikes
    return stop, n_spikes


@jit
def _probe(m, s, b, row, part):
    """Keep u and v of probed slots of the part."""
    first, last = m.core_ptr[s.part[part]], m.core_ptr[s.part[part + 1]]
    for i in range(len(b.probe_slot)):
        if first <= b.probe_slot[i] < last:
            b.probe_u[row, i] = s.u[b.probe_slot[i]]
            b.probe_v[row, i] = s.v[b.probe_slot[i]]


@jit
def _collect(s, b, t, n_spikes, part):
    """Write the part's spikes behind those of parts with lower cores; returns how many all parts have written."""
    fired, n_reported = s.fired[part], s.n_reported[t % 2]
    for other in range(len(s.part) - 1):
        n = n_reported[other * PACE]
        if other == part:
            b.spike_step[n_spikes : n_spikes + n] = t
            b.spike_slot[n_spikes : n_spikes + n] = fired[:n]
        n_spikes += n
    return n_spikes
