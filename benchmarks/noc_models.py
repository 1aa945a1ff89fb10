"""Models of the network on chip against those of SANA-FE: ten traffic patterns, step by step, on the same spikes.

Here: `analytic` (no packet waits), `queued` (finite buffers, in order), `flit` (cycle by cycle).  In SANA-FE 2.2.9,
with its packaged loihi.yaml: `detailed` (its default) and `cycle` (BookSim 2), which is the yardstick.  The profile is
loihi1_sanafe, so prices of cores and the barrier are the same; a hop takes what the profile says (4.1 ns east-west,
6.5 north-south), as in `detailed`; in `cycle` each takes 4 ns, whatever loihi.yaml says.  Errors are those of a whole
pattern, |time / cycle - 1|, with barriers left out, as they are the same in all.

Speed is the time that `cycle` and `queued` take for the same steps.  Loading is left out of both: there neurons and
synapses, here the routes and what each packet costs.  `cycle` simulates neurons besides, in a small part of its time.
"""

import statistics
import tempfile
import time
from pathlib import Path

import bars
import numpy as np
import peers
from mapped_network import mapped_network
from noc_patterns import patterns, small_cases
from sanafe_agreement import PACKAGES

import neurosim as ns
from compiler import route
from neurosim.noc.mesh import mesh_of, noc_of
from neurosim.noc.messages import messages_of, sender_of
from neurosim.noc.network_time import play

OURS, THEIRS = ("analytic", "queued", "flit"), ("detailed", "cycle")
RUNS = 5


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0])
    problems: list[str] = []
    python = peers.python_or_problem("sanafe", PACKAGES, problems)
    figures = measured(args, python, patterns(args.quick), problems)
    summary = means(figures)
    bars.say(args, "\n" + "\n".join(f"{key}: {value:.4g}" for key, value in summary.items()))
    bars.say(args, SMALL)
    small = measured(args, python, small_cases(), problems)
    checks = [
        bars.at_most("mean error of queued / mean error of detailed", summary.get("queued over detailed"), 1.0),
        bars.at_least("queued, times the speed of cycle", summary.get("speed, median"), 100),
    ]
    bars.report(args, "noc_models", figures | small | {"summary": summary}, checks, problems)


def measured(args, python: Path | None, cases: dict, problems: list[str]) -> dict[str, dict]:
    """Figures of each case, which are printed as they come."""
    figures: dict[str, dict] = {}
    bars.say(args, HEAD)
    for name, make in cases.items():
        case = make()
        figures[name] = ours(*case)
        if python is not None:
            try:
                figures[name] |= theirs(python, *case)
            except peers.PeerMissingError as error:
                problems.append(f"{name}: {error}")
        bars.say(args, describe(name, figures[name]))
    return figures


def ours(program: ns.Program, result: ns.RunResult) -> dict:
    """Time of the run without barriers under each model, in us; and how long `queued` took."""
    found: dict = {"packets": result.counts.sum("packets_out"), "steps": int(result.steps.sum())}
    for model in OURS:
        modelled = ns.network_time(result, program, model=model)
        found[f"{model}_us"] = float((modelled.step_ns - modelled.barrier_ns).sum()) / 1e3
        found["barrier_us"] = modelled.barrier_ns * found["steps"] / 1e3
    found["queued_s"], found["before_s"] = timed(result, program)
    return found


def timed(result: ns.RunResult, program: ns.Program) -> tuple[float, float]:
    """Median seconds that `queued` takes for the steps of a run, and for what it does before the first one."""
    before, steps = [], []
    for _ in range(RUNS):
        begin = time.perf_counter()
        routes = route(program)
        mesh = mesh_of(program, routes, program.chip, noc_of(program.chip, "queued"))
        sender = sender_of(result, program, routes, program.chip)
        ready = time.perf_counter()
        play(mesh, messages_of(sender, 0, len(sender.step_ptr) - 1), "queued", exclusive=False)
        before.append(ready - begin)
        steps.append(time.perf_counter() - ready)
    return statistics.median(steps), statistics.median(before)


def theirs(python: Path, program: ns.Program, result: ns.RunResult) -> dict:
    """The same in SANA-FE; its wall clock is that of its steps alone."""
    given = mapped_network(program) | {"steps": int(result.steps.sum())}
    given |= {"spike_step": result.spike_step, "spike_slot": program.slot_of[result.spike_neuron]}
    with tempfile.TemporaryDirectory() as folder:
        source, destination = Path(folder) / "network.npz", Path(folder) / "result.npz"
        np.savez(source, **given)
        peers.run_peer(python, "noc_peer.py", source, destination)
        found = dict(np.load(destination))
    barrier = ns.latency(result.counts, program.chip).barrier_ns
    data = {f"sanafe_{model}_us": float((found[f"{model}_ns"] - barrier).sum()) / 1e3 for model in ("simple", *THEIRS)}
    return data | {f"sanafe_{model}_s": float(found[f"{model}_s"]) for model in THEIRS}


def error(figures: dict, key: str) -> float:
    """Of a whole pattern, against `cycle`."""
    return figures[key] / figures["sanafe_cycle_us"] - 1


def means(figures: dict[str, dict]) -> dict[str, float]:
    """Mean errors and speeds over all patterns; empty if one was not measured."""
    cases = list(figures.values())
    if any("sanafe_cycle_us" not in case for case in cases):
        return {}
    columns = {**{model: f"{model}_us" for model in OURS}, "detailed": "sanafe_detailed_us"}
    found = {
        f"mean error of {name}": statistics.mean(abs(error(case, key)) for case in cases)
        for name, key in columns.items()
    }
    found["queued over detailed"] = found["mean error of queued"] / found["mean error of detailed"]
    ratios = [case["sanafe_cycle_s"] / case["queued_s"] for case in cases]
    cycle_s, queued_s = sum(case["sanafe_cycle_s"] for case in cases), sum(case["queued_s"] for case in cases)
    found["speed, all steps of all patterns"] = cycle_s / queued_s
    found["speed, loading of queued included"] = cycle_s / (queued_s + sum(case["before_s"] for case in cases))
    found |= {"speed, least": min(ratios), "speed, median": statistics.median(ratios), "speed, most": max(ratios)}
    return found


SMALL = """
Cases to be reckoned by hand, in which one of SANA-FE's models is the odd one:
  A  44.8 + 3 x 6.5 + 19.8 = 84.1 ns by the prices of loihi.yaml; `cycle` gives every hop 4 ns
  B  the core updates for 388 ns, and serves the packet meanwhile: 388 ns; `cycle` adds the service to the updates
  C  a core makes its 16 packets in 39.7 + 16 x 5.1 = 121.3 ns; the last go a hop east and three north, 23.6 ns, and
     three of them are served in 3 x 19.8 ns: 204.3 ns; no link has much to do, but `detailed` holds packets up in it
  (`flit` takes hops in whole cycles of 1 ns, and a cycle for the port.)
"""
HEAD = (
    f"{'us of a step, without barrier':42} {'packets':>8} | {'cycle':>8} {'detailed':>16} | "
    f"{'analytic':>16} {'queued':>16} {'flit':>16} | queued's speed / cycle's"
)


def describe(name: str, case: dict) -> str:
    def cell(key: str) -> str:
        if key not in case:
            return f"{'-':>16}"
        part = f"{error(case, key):+.1%}" if "sanafe_cycle_us" in case else ""
        return f"{case[key] / case['steps']:8.3f} {part:>7}"

    cycle = f"{case['sanafe_cycle_us'] / case['steps']:8.3f}" if "sanafe_cycle_us" in case else f"{'-':>8}"
    speed = f"{case['sanafe_cycle_s'] / case['queued_s']:.0f}" if "sanafe_cycle_s" in case else "-"
    return (
        f"{name:42} {case['packets'] // case['steps']:8,} | {cycle} {cell('sanafe_detailed_us')} | "
        f"{cell('analytic_us')} {cell('queued_us')} {cell('flit_us')} | {speed}"
    )


if __name__ == "__main__":
    main()
