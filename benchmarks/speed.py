"""How fast a step is, everything counted, against Brian2, NEST and SANA-FE and against what this machine can do.

    python benchmarks/speed.py [--quick] [--json] [--figure FILE] [--write]

Random recurrent networks of current-based neurons on the profile loihi1_sanafe, one thread each, peers in turn with
ours in one run; a full TrueNorth on two threads.  Brian2 counts spikes only, and computes in float64; NEST too.
At 1 % every neuron is driven, at 0.1 % one in ten.  Ours is the difference of a long and a short run, theirs their own
time of the run, without building.
"""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import bars
import numpy as np
import peers
import speed_page
from full_chip import measured_apart
from mapped_network import mapped_network
from speed_cases import Case, cases, compiled, exact_program, growth, timed, variant
from speed_figure import draw
from speed_loops import accounting, bytes_a_synapse, scatter_rate, two_threads

import neurosim as ns
from neurosim.exchange.sanafe_check import largest

PACKAGES = {
    "brian2": ["brian2", "numpy<2.3", "setuptools"],
    "nest": ["nest-simulator==3.10.0"],
    "sanafe": ["sanafe==2.2.9", "numpy"],
}
RUNS = 5
LEAST_STEPS = 400  # of ours, which are short
SANAFE_STEPS = {1_000: (120, 100), 10_000: (120, 100), 100_000: (72, 2)}
"""Neurons -> steps whose energies are compared, then steps that are timed; the first spikes come in the 67th."""
RATES = {0.01: 1.0, 0.001: 0.1}  # spikes of a neuron and step -> fraction of the neurons driven
LEAST_OF_BRIAN, MEAN_OF_BRIAN, LEAST_OF_NEST = 1.5, 3.0, 15.0
LEAST_OF_SANAFE = {10_000: 150.0, 100_000: 1_000.0}
LEAST_OF_SCATTER = {1_000: 0.70, 100: 0.45}  # by fan-out
MOST_OF_ACCOUNTING, MOST_OF_A_TICK_MS, SAME_ENERGY = 1.15, 1.0, 1e-9
MOST_BYTES_A_SYNAPSE, LEAST_OF_TWO_THREADS = 12.0, 1.9


class Report:
    """Figures and bars as they come."""

    def __init__(self, args: Any) -> None:
        self.args, self.problems = args, []
        self.figures: dict[str, Any] = {"steps": {}, "processors": os.cpu_count()}
        self.bars: list[bars.Bar] = []

    def say(self, text: str) -> None:
        bars.say(self.args, text)


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0], page="benchmarks/speed.md")
    report = Report(args)
    pythons = {peer: peers.python_or_problem(peer, packages, report.problems) for peer, packages in PACKAGES.items()}
    programs: dict[tuple[int, int], ns.Program] = {}
    for case in cases(args.quick):
        size = (case.n, case.fan_out)
        if size not in programs:
            programs[size] = compiled(case)
        steps_of_case(report, pythons, case, programs[size])
    bars_of_steps(report)
    bounds(report, programs)
    tables(report, programs)
    programs.clear()
    for n in (1_000,) if args.quick else LEAST_OF_SANAFE:
        against_sanafe(report, pythons["sanafe"], n)
    crossbars(report)
    report.figures["growth"] = growth(args.quick)
    report.say(report.figures["growth"]["text"])
    if args.figure:
        draw(report.figures, args.figure)
    if args.write:
        speed_page.write(report.figures, report.bars, report.problems)
    bars.report(args, "speed", report.figures, report.bars, report.problems)


def steps_of_case(report: Report, pythons: dict[str, Path | None], case: Case, program: ns.Program) -> None:
    """Time all that run one case, in turn, so that a machine that slows down slows all."""
    with contextlib.ExitStack() as stack:
        workers = {}
        for peer in ("brian2", "nest"):
            if pythons[peer] is not None:
                worker = peers.Worker(pythons[peer], f"{peer.removesuffix('2')}_peer.py", *case.given)
                stack.callback(worker.close)
                workers[peer] = worker
        for rate, driven in RATES.items():
            found = in_turn(report, workers, case, variant(program, case.delay, driven), driven)
            report.figures["steps"][f"{case.name}, {rate:.1%}"] = found
            report.say(f"{case.name}, {rate:.1%}: {described(found)}")


def in_turn(
    report: Report, workers: dict[str, peers.Worker], case: Case, program: ns.Program, driven: float
) -> dict[str, Any]:
    ours, theirs = [], {peer: [] for peer in workers}
    timed(program, LEAST_STEPS)  # the first run lays the program out
    for _ in range(RUNS):
        for peer in list(workers):
            try:
                answer = workers[peer].ask(driven)
            except peers.PeerMissingError as error:
                report.problems.append(f"{case.name}: {error}")
                del workers[peer]
                continue
            theirs[peer].append(1e6 * answer["seconds"] / case.steps)
            report.figures[f"{peer}_version"] = answer["version"]
        ours.append(timed(program, max(case.steps, LEAST_STEPS)))
    us = statistics.median(run.us for run in ours)
    found: dict[str, Any] = {"us": us, "rate": ours[0].rate, "events": ours[0].events, "cores": program.n_cores}
    for peer, taken in theirs.items():
        if taken:
            found[f"{peer}_us"] = statistics.median(taken)
            found[f"{peer}_ratio"] = statistics.median(t / o.us for t, o in zip(taken, ours, strict=False))
    return found


def described(found: dict[str, Any]) -> str:
    text = f"{found['us']:.1f} us a step here at {found['rate']:.2%}, {found['events'] / found['us']:.0f} M events/s"
    for peer, name in (("brian2", "Brian2"), ("nest", "NEST")):
        if f"{peer}_us" in found:
            text += f"; {found[f'{peer}_us']:.1f} in {name}: {found[f'{peer}_ratio']:.2f} times"
    return text


def bars_of_steps(report: Report) -> None:
    ratios = {
        peer: {name: found.get(f"{peer}_ratio") for name, found in report.figures["steps"].items()}
        for peer in ("brian2", "nest")
    }
    for name, ratio in ratios["brian2"].items():
        report.bars.append(bars.at_least(f"Brian2 / here, {name}", ratio, LEAST_OF_BRIAN))
    known = [ratio for ratio in ratios["brian2"].values() if ratio is not None]
    mean = float(np.mean(known)) if len(known) == len(ratios["brian2"]) else None
    report.bars.append(bars.at_least("Brian2 / here, mean", mean, MEAN_OF_BRIAN))
    known = [ratio for ratio in ratios["nest"].values() if ratio is not None]
    report.bars.append(bars.at_least("NEST / here, least", min(known, default=None), LEAST_OF_NEST))


def bounds(report: Report, programs: dict[tuple[int, int], ns.Program]) -> None:
    """Against nothing but adding weights, and against a loop that counts nothing."""
    for (n, fan_out), program in programs.items():
        if n != 10_000:
            continue
        program, steps = variant(program, 1, 1.0), 4_000 if fan_out == 100 else 1_000
        scatter = scatter_rate(program, ns.run(program, None, 300))
        shares = []
        for _ in range(RUNS):
            ours = timed(program, steps)
            shares.append(1e6 * ours.events / ours.us / scatter)
        share, cost = statistics.median(shares), accounting(program, steps)
        report.figures[f"bounds, fan-out {fan_out}"] = {"scatter_per_s": scatter, "share": share, "accounting": cost}
        report.say(
            f"{n:,} x {fan_out:,}: the machine adds {scatter / 1e6:.0f} M weights a second, a step reaches {share:.0%} "
            f"of that; counting costs {cost:.2f} times the same loop without"
        )
        report.bars.append(bars.at_least(f"events / scatter, fan-out {fan_out}", share, LEAST_OF_SCATTER[fan_out]))
        report.bars.append(bars.at_most(f"cost of counting, fan-out {fan_out}", cost, MOST_OF_ACCOUNTING))


def tables(report: Report, programs: dict[tuple[int, int], ns.Program]) -> None:
    """Memory of the loop, and samples that share its tables."""
    for (n, fan_out), program in programs.items():
        size = bytes_a_synapse(program)
        report.figures[f"bytes a synapse, {n} x {fan_out}"] = size
        report.say(f"{n:,} x {fan_out:,}: {size:.1f} bytes a synapse as it runs")
        report.bars.append(bars.at_most(f"bytes a synapse, {n:,} x {fan_out:,}", size, MOST_BYTES_A_SYNAPSE))
    ratio = two_threads(programs[10_000, 100], samples=100, steps=1_000)
    report.figures["two threads"] = ratio
    report.say(f"100 samples on two threads: {ratio:.2f} times as fast as on one")
    report.bars.append(bars.at_least("samples on two threads", ratio, LEAST_OF_TWO_THREADS))


def against_sanafe(report: Report, python: Path | None, n: int) -> None:
    """Time and energy of the same mapped network of neurons without leak, whose arithmetic both do exactly."""
    ratio, apart = None, None
    if python is not None:
        program = exact_program(n)
        try:
            ratio, apart = sanafe_ratio(python, program, *SANAFE_STEPS[n])
            report.say(f"{n:,} x 100 in SANA-FE, detailed: {ratio:,.0f} times a step here, energy apart {apart:.1e}")
            report.figures[f"sanafe, {n}"] = {"ratio": ratio, "energy_difference": apart}
        except peers.PeerMissingError as error:
            report.problems.append(f"SANA-FE, {n:,}: {error}")
    report.bars.append(bars.at_least(f"SANA-FE detailed / here, {n:,}", ratio, LEAST_OF_SANAFE.get(n, 0.0)))
    report.bars.append(bars.at_most(f"energy of a step against SANA-FE, {n:,}", apart, SAME_ENERGY))


def sanafe_ratio(python: Path, program: ns.Program, compared: int, steps: int) -> tuple[float, float]:
    energy = ns.energy(ns.run(program, None, compared).counts, program.chip).step_pj
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "network.npz"
        np.savez(source, **mapped_network(program))
        worker = peers.Worker(python, "sanafe_speed_peer.py", str(source))
        try:
            apart = largest(energy, np.array(worker.ask(compared)["energy_pj"]))
            ratios = [
                1e6 * worker.ask(steps)["seconds"] / steps / timed(program, max(100, 50 * steps)).us for _ in range(3)
            ]
        finally:
            worker.close()
    return statistics.median(ratios), apart


def crossbars(report: Report) -> None:
    """A full TrueNorth at 20 Hz, 128 synapses a row, on two threads, in a process of its own."""
    found = measured_apart(100 if report.args.quick else 400)
    report.figures["truenorth"] = found
    tick, events, bound = found["tick_ms"], found["events"], found["byte_mask_ms"]
    report.say(
        f"full TrueNorth: {tick:.2f} ms a tick of {events / 1e6:.2f} M events on two threads; as byte masks, nothing "
        f"sent or counted, {bound:.2f} ms: {tick / bound:.2f} times; {found['first_tick_ms']:.2f} ms in a first run, "
        "which records to memory that the process never had"
    )
    report.bars.append(bars.at_most("full TrueNorth, ms a tick", tick, MOST_OF_A_TICK_MS))


if __name__ == "__main__":
    began = time.perf_counter()
    main()
    print(f"took {(time.perf_counter() - began) / 60:.1f} minutes", file=sys.stderr)
