"""What a call costs beside the steps that it runs: one short sample, 1,000 of them, and samples on two threads.

The network is that of speed.py with 1,000 neurons, after a first call, which lays the program out.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bars
import networks

import neurosim as ns

CALL_MS = 1.0
SAMPLE_MS = 0.3
WALL, PROCESSOR = 1 / 1.6, 1.1  # two threads against one; the first needs a machine with two idle processors
STEPS = 20


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0])
    chip = ns.load_chip("loihi1_sanafe", networks.UNLIMITED)
    program = ns.compile(networks.leaky_neurons(1_000, 100, 0.01), chip)
    began = time.perf_counter()
    ns.run(program, None, STEPS)
    first_ms = (time.perf_counter() - began) * 1e3
    many = ns.SpikeTrains.from_samples([[]] * 1_000, STEPS)
    call_ms = median_ms(lambda: ns.run(program, None, STEPS), 100 if args.quick else 1_000)
    sample_ms = median_ms(lambda: ns.run(program, many, threads=1), 5) / 1_000
    steps_ms = step_ms(program)
    one, two, work = threads_ms(program, 5 if args.quick else 15)
    stream_ms = streamed_ms(program, 200_000 if args.quick else 1_000_000)
    figures = {
        "first_call_ms": first_ms,
        "call_ms": call_ms,
        "sample_ms": sample_ms,
        "steps_of_a_sample_ms": STEPS * steps_ms,
        "one_thread_ms": one,
        "two_threads_ms": two,
        "two_threads_processor_time": work,
        "processors": os.cpu_count(),
        "streamed_step_us": stream_ms * 1e3,
        "step_us": steps_ms * 1e3,
    }
    bars.say(args, f"a call of one sample of {STEPS} steps: {call_ms:.3f} ms, the first {first_ms:.1f} ms")
    bars.say(args, f"one of 1,000 such samples: {sample_ms:.3f} ms, {STEPS * steps_ms:.3f} ms of it the steps")
    bars.say(
        args,
        f"16 samples of 10,000 steps: {one:.0f} ms on one thread, {two:.0f} ms on two: {one / two:.2f} times as fast, "
        f"for {work:.2f} times the processor time",
    )
    bars.say(args, f"a step of a long run: {steps_ms * 1e3:.2f} us in memory, {stream_ms * 1e3:.2f} us to disk")
    checks = [
        bars.at_most("ms of a call of one short sample", call_ms, CALL_MS),
        bars.at_most("ms of one of 1,000 short samples", sample_ms, SAMPLE_MS),
        bars.at_most("time on two threads / on one", two / one if (os.cpu_count() or 1) > 1 else None, WALL),
        bars.at_most("processor time on two threads / on one", work, PROCESSOR),
    ]
    bars.report(args, "short_calls", figures, checks, [])


def median_ms(call: Callable[[], object], times: int) -> float:
    """Of some calls, after one that does not count."""
    call()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e3


def step_ms(program: ns.Program) -> float:
    """Of a long run."""
    return median_ms(lambda: ns.run(program, None, 50_000), 5) / 50_000


def threads_ms(program: ns.Program, times: int) -> tuple[float, float, float]:
    """16 samples of 10,000 steps on one thread and on two, in turn, so that a busy machine slows both.

    Also the processor time of the second over that of the first: what threads cost each other, whatever else runs.
    """
    samples = ns.SpikeTrains.from_samples([[]] * 16, 10_000)
    wall: dict[int, list[float]] = {1: [], 2: []}
    work: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(times):
        for threads in (1, 2):
            began, worked = time.perf_counter(), time.process_time()
            ns.run(program, samples, threads=threads)
            work[threads].append(time.process_time() - worked)
            wall[threads].append(time.perf_counter() - began)
    one, two = (statistics.median(wall[threads]) * 1e3 for threads in (1, 2))
    return one, two, statistics.median(work[2]) / statistics.median(work[1])


def streamed_ms(program: ns.Program, steps: int) -> float:
    """A step of a run to disk, spikes and counts compressed and written."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        ns.run_to_disk(program, None, steps, Path(folder) / "run")
        return (time.perf_counter() - began) * 1e3 / steps


if __name__ == "__main__":
    main()
