"""The networks of speed.py, and the time of a step here."""

import time
from dataclasses import replace
from typing import Any, NamedTuple

import bars  # noqa: F401 - finds neurosim
import networks
import numpy as np
from scipy.optimize import nnls

import neurosim as ns

LONGEST = 15  # steps of delay
WARM = 200  # steps until as many spikes are on their way as will be


class Case(NamedTuple):
    """A random recurrent network: every neuron that is driven fires about once in 100 steps."""

    n: int
    fan_out: int
    delay: int  # 1, or LONGEST: drawn from 1 to that
    steps: int

    @property
    def name(self) -> str:
        delay = "1" if self.delay == 1 else f"1..{self.delay}"
        return f"{self.n:,} x {self.fan_out:,}, delay {delay}"

    @property
    def given(self) -> list[str]:
        """What a peer is started with."""
        return [str(part) for part in self]


SIZES = [(1_000, 100, 20_000), (10_000, 100, 4_000), (10_000, 1_000, 1_000), (100_000, 100, 200)]


def cases(quick: bool) -> list[Case]:
    """All of the table; a quick look has the small ones."""
    sizes = [(n, k, steps // 4) for n, k, steps in SIZES if n * k <= 10**6] if quick else SIZES
    return [Case(n, k, delay, steps) for n, k, steps in sizes for delay in (1, LONGEST)]


def compiled(case: Case) -> ns.Program:
    """The network with delays of 1 to LONGEST steps, on the profile loihi1_sanafe; all its neurons are driven."""
    net = networks.leaky_neurons(case.n, case.fan_out, 0.01, longest_delay=LONGEST)
    return ns.compile(net, ns.load_chip("loihi1_sanafe", networks.UNLIMITED))


def variant(program: ns.Program, delay: int, driven: float, seed: int = 1) -> ns.Program:
    """The same with other delays, and with fewer neurons driven."""
    tables = program.lists
    bias = tables.registers["bias_mantissa"].copy()
    bias[np.random.default_rng(seed).random(len(bias)) >= driven] = 0
    registers = dict(tables.registers) | {"bias_mantissa": bias}
    delays = np.ones_like(tables.synapse_delay) if delay == 1 else tables.synapse_delay
    return replace(program, tables=replace(tables, registers=registers, synapse_delay=delays))


class Ours(NamedTuple):
    """A step here, everything counted."""

    us: float
    rate: float  # spikes of a neuron and step
    events: float  # synaptic events of a step


def timed(program: ns.Program, steps: int) -> Ours:
    """The difference of a long run and a short one, so that what happens once a call is left out."""
    began = time.perf_counter()
    ns.run(program, None, WARM, threads=1)
    middle = time.perf_counter()
    result = ns.run(program, None, WARM + steps, threads=1)
    ended = time.perf_counter()
    seconds = ((ended - middle) - (middle - began)) / steps
    spikes = int((result.spike_step >= WARM).sum())
    events = result.counts.step_of("synaptic_events")[WARM:].sum() / steps
    return Ours(seconds * 1e6, spikes / program.n_neurons / steps, float(events))


def exact_program(n: int) -> ns.Program:
    """Neurons without leak, fan-out 100, delay 1, at 1 %."""
    net = networks.perfect_integrators(n, 100, 0.01)
    return ns.compile(net, ns.load_chip("loihi1_sanafe", networks.UNLIMITED))


GROWTH = [(1_000, 10), (1_000, 100), (10_000, 10), (10_000, 100), (100_000, 10), (100_000, 30), (1_000_000, 5)]


def growth(quick: bool) -> dict[str, Any]:
    """Time of a step over sizes, on one core without limits, and the best fit linear in neurons, spikes and events."""
    sizes = [(n, k) for n, k in GROWTH if not quick or n * k <= 10**6]
    found = []
    for n, fan_out in sizes:
        program = ns.compile(networks.leaky_neurons(n, fan_out, 0.01), "ideal")
        steps = max(100, min(30_000, 3 * 10**7 // n))
        for driven in (1.0, 0.1):
            case = variant(program, 1, driven)
            timed(case, 1)  # the first run lays the program out
            some = sorted((timed(case, steps) for _ in range(3)), key=lambda ours: ours.us)
            found.append((n, some[1].rate * n, some[1].events, some[1].us))
    table = np.array(found)
    us = table[:, 3]
    cost, _ = nnls(table[:, :3] / us[:, None], np.ones(len(table)))  # least squares of relative errors
    fitted = table[:, :3] @ cost
    ratio = us / fitted
    per_neuron, per_spike, per_event = 1e3 * cost
    text = (
        f"growth: {per_neuron:.2f} ns a neuron + {per_spike:.0f} ns a spike + {per_event:.2f} ns an event; measured / "
        f"fitted {ratio.min():.2f} to {ratio.max():.2f} over {sizes[0][0]:,} to {sizes[-1][0]:,} neurons"
    )
    return {
        "neurons": table[:, 0].tolist(),
        "spikes": table[:, 1].tolist(),
        "events": table[:, 2].tolist(),
        "us": us.tolist(),
        "fitted_us": fitted.tolist(),
        "ns_per_neuron": per_neuron,
        "ns_per_spike": per_spike,
        "ns_per_event": per_event,
        "text": text,
    }
