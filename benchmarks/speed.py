"""Speed of a simulation step against Brian2's cpp_standalone, one thread each, in one run.

Random recurrent networks of current-based neurons, fan-out 100, delay of one step.  Here every event is counted, by
core and step, on the profile loihi1_sanafe; Brian2 counts spikes only, and computes in float64.  At 1 % every neuron is
driven; at 0.1 % one in ten, so that both networks keep to that rate whatever their noise.  Ours is the difference
of a long and a short run, so that what happens once per call is left out; Brian2's is its own time of the run, without
compilation.
"""

import statistics
import time
from pathlib import Path

import bars
import networks
import peers

import neurosim as ns

PACKAGES = ["brian2", "numpy<2.3", "setuptools"]
MOST = 3.0  # times Brian2's step
RUNS = 5


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0])
    figures, checks, problems = {}, [], []
    python = None
    try:
        python = peers.peer_python("brian2", PACKAGES)
    except peers.PeerMissingError as error:
        problems.append(str(error))
    for n, rate in ((1_000, 0.01), (10_000, 0.01), (10_000, 0.001)):
        name = f"{n:,} neurons x 100, {rate:.1%}"
        steps = 2_000 if args.quick else 10_000
        driven = min(1.0, rate / 0.01)
        net = networks.leaky_neurons(n, 100, rate, driven=driven)
        program = ns.compile(net, ns.load_chip("loihi1_sanafe", networks.UNLIMITED))
        given = [str(n), "100", str(rate), str(steps), str(driven)]
        figures[name] = {"cores": program.n_cores, **measure(python, program, given, steps, problems)}
        found = figures[name]
        theirs = found.get("brian2_us")
        bars.say(args, f"{name}: {found['us']:.1f} us a step here at {found['rate']:.3%}" + _beside(found))
        ratio = None if theirs is None else found["ratio"]
        checks.append(bars.at_most(f"{name}: step here / step in Brian2", ratio, MOST))
    bars.report(args, "step_speed", figures, checks, problems)


def measure(python: Path | None, program: ns.Program, given: list[str], steps: int, problems: list[str]) -> dict:
    """Both in turn, so that a machine that slows down slows both."""
    peer = None if python is None else peers.Worker(python, "brian_peer.py", *given)
    ns.run(program, None, 10)
    ours, theirs = [], []
    try:
        for _ in range(RUNS):
            theirs += [] if peer is None else [peer.ask()]
            ours.append(step_seconds(program, steps))
    except peers.PeerMissingError as error:
        problems.append(str(error))
        return measure(None, program, given, steps, problems)
    n = program.n_neurons
    found = {"us": statistics.median(s for s, _ in ours) * 1e6, "rate": ours[0][1] / n / steps}
    if peer is not None:
        peer.close()
        found["brian2_version"] = theirs[0]["version"]
        found["brian2_us"] = statistics.median(t["seconds"] for t in theirs) / steps * 1e6
        found["brian2_rate"] = theirs[0]["spikes"] / n / steps
        found["ratio"] = statistics.median(s * steps / t["seconds"] for (s, _), t in zip(ours, theirs, strict=True))
    return found


def step_seconds(program: ns.Program, steps: int) -> tuple[float, int]:
    """Time of a step, and the spikes of the steps that were timed."""
    short = steps // 10
    began = time.perf_counter()
    ns.run(program, None, short, threads=1)
    middle = time.perf_counter()
    result = ns.run(program, None, short + steps, threads=1)
    ended = time.perf_counter()
    return ((ended - middle) - (middle - began)) / steps, int((result.spike_step >= short).sum())


def _beside(found: dict) -> str:
    if "brian2_us" not in found:
        return ""
    return f", {found['brian2_us']:.1f} us in Brian2 at {found['brian2_rate']:.3%}: {found['ratio']:.2f} times"


if __name__ == "__main__":
    main()
