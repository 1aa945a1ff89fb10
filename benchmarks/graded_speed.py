"""How fast a step of neurons that send numbers is on the profile loihi2, everything counted.

    python benchmarks/graded_speed.py [--quick] [--json]

Sigma-delta layers of which 1, 10 or 100 % send in a step, a dense echo state, resonators, LIF neurons that adapt, LIF
neurons among units; then neurons of each model alone, without a synapse.  One thread.  A time is the difference of a
long and a short run; the machine's own bound is a loop that adds weight * payload for the same messages, and does
nothing else.
"""

import statistics
import time

import bars
import numpy as np
from graded_cases import MOVING, Case, cases, moving, resting
from numba import njit

import neurosim as ns
from neurosim.simulation.synapse_words import synapses

RUNS = 5
LEAST_OF_SCATTER, MOST_NS_A_NEURON, MOST_NS_AT_REST = 0.5, 4.0, 0.5


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0])
    figures: dict[str, dict[str, float]] = {}
    checks = []
    for case in cases(args.quick):
        found = measured(case)
        figures[case.name] = found
        bars.say(
            args,
            f"{case.name}: {found['us']:.1f} us a step, {found['ns_a_neuron']:.2f} ns a neuron, {found['rate']:.1%} "
            f"send, {found['events'] / found['us']:.0f} M events/s, {found['share']:.2f} of adding alone",
        )
        checks.append(bars.at_least(f"of adding alone, {case.name}", found["share"], LEAST_OF_SCATTER))
    n, steps = 10_000, 500 if args.quick else 2_000
    for case in [*(moving(model, n, steps) for model in MOVING), resting(n, steps)]:
        ns_a_neuron = 1e3 * statistics.median(step_us(case) for _ in range(RUNS)) / n
        figures[f"{case.name}, alone"] = {"ns_a_neuron": ns_a_neuron}
        bars.say(args, f"{case.name}, {n:,} alone: {ns_a_neuron:.2f} ns a neuron")
        most = MOST_NS_AT_REST if case.name == "at rest" else MOST_NS_A_NEURON
        checks.append(bars.at_most(f"ns a neuron, {case.name}", ns_a_neuron, most))
    bars.report(args, "graded_speed", figures, checks, [])


def measured(case: Case) -> dict[str, float]:
    """Time of a step, what it did, and its share of what adding alone reaches."""
    result = ns.run(case.program, case.inputs, case.warm + case.steps, threads=1)
    messages = int((result.spike_step >= case.warm).sum()) / case.steps
    events = float(result.counts.step_of("synaptic_events")[case.warm :].sum()) / case.steps
    us, n = statistics.median(step_us(case) for _ in range(RUNS)), case.program.n_neurons
    share = events / us / scatter_rate(case.program, result)
    return {"us": us, "ns_a_neuron": 1e3 * us / n, "rate": messages / n, "events": events, "share": share}


def step_us(case: Case) -> float:
    """The difference of a long run and a short one, so that what happens once a call is left out."""
    inputs = None if case.inputs is None else case.inputs[case.inputs[:, 0] < case.warm]
    began = time.perf_counter()
    ns.run(case.program, inputs, case.warm, threads=1)
    middle = time.perf_counter()
    ns.run(case.program, case.inputs, case.warm + case.steps, threads=1)
    return (time.perf_counter() - middle - (middle - began)) * 1e6 / case.steps


@njit(nogil=True)
def _add(ring, ptr, target, weight, sources, values):
    for i in range(len(sources)):
        value = np.int64(values[i])
        for k in range(np.uint64(ptr[sources[i]]), np.uint64(ptr[sources[i] + 1])):
            ring[target[k]] += weight[k] * value


def scatter_rate(program: ns.Program, result: ns.RunResult) -> float:
    """Synaptic events a microsecond of nothing but adding weight * payload of the messages that a run made."""
    target, weight = synapses(program)
    ptr = program.lists.list_ptr[program.lists.source_ptr]
    slot = program.slot_of[result.spike_neuron].astype(np.int64)
    values = np.ones(len(slot), np.int32) if result.spike_value is None else result.spike_value
    order = np.lexsort((slot, result.spike_step))
    given = (np.zeros(program.n_neurons, np.int64), ptr, target, weight, slot[order], values[order])
    _add(*given)
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        _add(*given)
        taken.append(time.perf_counter() - began)
    return float(np.diff(ptr)[slot].sum()) / (1e6 * min(taken))


if __name__ == "__main__":
    main()
