"""A study of 200 points, 20 configurations x 10 seeds: liquids of 1,000 neurons on the vowels, by one worker and two.

point       seconds of a point, and the share that starting workers takes
throughput  points a second of two workers, of one, both from a cold start of the workers
bytes       whether study.json is the same of both

--quick evaluates 8 points (4 configurations x 2 seeds) instead of 200; the time of 200 is then reckoned, not measured.
"""

import tempfile
import time
from pathlib import Path

import bars

import neurosim as ns

ROOT = Path(__file__).resolve().parent.parent
POINTS, MINUTES, SCALING = 200, 10.0, 1.8
STUDY = """
format: neurosim-study/1
name: benchmark
experiment: {experiment}
axes:
  chip.core.neurons: {{values: {neurons}}}
  liquid.recurrence: {{values: {recurrence}}}
  liquid.seed: {{values: {seeds}}}
objectives: [energy_per_inference, accuracy, latency, cores, packets]
average_over: [liquid.seed]
"""
EXPERIMENT = """
format: neurosim-experiment/1
name: benchmark
data: {{file: {data}}}
liquid: {{shape: [10, 10, 10], target_rate: 0.06, input_negative: 0.35}}
readout: {{bins: [1, 5], alpha: 100}}
chips: [{{chip: loihi1}}]
"""


def main() -> None:
    args = bars.arguments(__doc__.splitlines()[0])
    with tempfile.TemporaryDirectory() as folder:
        study, n = write_study(Path(folder), args.quick)
        measured = {workers: run(study, Path(folder) / f"by_{workers}", workers) for workers in (2, 1)}
        same = len({(Path(folder) / f"by_{workers}" / "study.json").read_bytes() for workers in (1, 2)}) == 1
    took = {workers: of_all(measured[workers], workers, n) for workers in (1, 2)}
    figures = {"points": n, "two": measured[2], "one": measured[1], "seconds_of_200": took, "same_bytes": same}
    told = ", ".join(f"{w} worker{'s' * (w > 1)} {m['seconds']:.1f} s" for w, m in measured.items())
    bars.say(args, f"{n} points: {told}; a point {measured[1]['point']:.2f} s by one; same bytes: {same}")
    reckoned = "" if n == POINTS else f", reckoned from {n}"
    promised = [
        bars.at_most(f"200 points on two workers, minutes{reckoned}", took[2] / 60, MINUTES),
        bars.at_least(f"points a second of two workers / of one{reckoned}", took[1] / took[2], SCALING),
        bars.at_most("results that differ between them", float(not same), 0),
    ]
    bars.report(args, "study", figures, promised, [])


def of_all(measured: dict[str, float], workers: int, n: int) -> float:
    """Seconds of 200 points; where fewer were run, of one start and as many more points."""
    return measured["seconds"] + (POINTS - n) / workers * measured["point"]


def write_study(folder: Path, quick: bool) -> tuple[Path, int]:
    recurrence = [0.2, 0.4] if quick else [0.1, 0.2, 0.3, 0.4, 0.5]
    neurons, seeds = ([64, 256], [0, 1]) if quick else ([64, 128, 256, 1024], list(range(10)))
    data = ROOT / "examples" / "data" / "japanese_vowels.npz"
    (folder / "experiment.yaml").write_text(EXPERIMENT.format(data=data))
    words = {"neurons": neurons, "recurrence": recurrence, "seeds": seeds, "experiment": "experiment.yaml"}
    (folder / "study.yaml").write_text(STUDY.format(**words))
    return folder / "study.yaml", len(neurons) * len(recurrence) * len(seeds)


def run(study: Path, folder: Path, workers: int) -> dict[str, float]:
    folder.mkdir()
    first: list[float] = []
    began = time.perf_counter()

    def note(what: str, done: int, of: int) -> None:
        if done == 1:
            first.append(time.perf_counter() - began)

    result = ns.sweep(study, folder, workers=workers, report=note)
    seconds = time.perf_counter() - began
    assert result.counts() == {"done": len(result.points)}, result.counts()
    result.save(folder)
    point = (seconds - first[0]) / (
        len(result.points) / workers - 1
    )  # as each worker does one in the time of the first
    return {"seconds": seconds, "start": max(0.0, first[0] - point), "point": point}


if __name__ == "__main__":
    main()
