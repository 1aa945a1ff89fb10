"""Long runs and many samples: what is streamed to disk, killed and resumed is what one run in memory does."""

import gc
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import SMALL

import neurosim as ns
from neurosim.simulate import run_until
from neurosim.simulation.engine_cache import MOST, engine_of
from neurosim.simulation.recording import Recording
from neurosim.streaming.chunks import cut

LOIHI2 = ("lif_adaptive", "echo_state", "sigma_delta", "resonators", "mixed")
CHIP_OF = {"linear_leak": "odin", "truenorth_ring": "truenorth", "truenorth_random": "truenorth"}
CHIP_OF |= dict.fromkeys(LOIHI2, "loihi2")
LENGTHS = (50, 7, 3, 2, 90, 13, 14)
SEED = 5

every_network = pytest.mark.parametrize("name", SMALL)


@cache
def program(name: str) -> ns.Program:
    return ns.compile(SMALL[name](), CHIP_OF.get(name, "loihi1"))


@cache
def trains(name: str, lengths: tuple[int, ...] = LENGTHS) -> ns.SpikeTrains:
    """Spikes on every channel; with payloads where neurons take them."""
    rng = np.random.default_rng(0)
    channels = program(name).n_channels
    samples = [np.argwhere(rng.random((n, channels)) < 0.4) for n in lengths]
    if name in ("echo_state", "sigma_delta", "resonators"):
        samples = [np.c_[rows, rng.choice([-3, 1, 4], len(rows))] for rows in samples]
    return ns.SpikeTrains.from_samples(samples, lengths)


def same(one: ns.RunResult, other: ns.RunResult, folder: Path) -> None:
    """Both are written as the same bytes."""
    one.save(folder / "one.npz")
    other.save(folder / "other.npz")
    assert (folder / "one.npz").read_bytes() == (folder / "other.npz").read_bytes()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(call: Callable[[], Any], *words: str) -> None:
    """One line with these words."""
    with pytest.raises(ns.NeurosimError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def stopping_after(chunks: int, halt: np.ndarray, folder: Path) -> Callable[[int, int], None]:
    """A progress that stops the run in the chunk after so many."""

    def progress(done: int, of: int) -> None:
        if len(list(folder.glob("chunk-*.npz"))) >= chunks:
            halt[0] = 1

    return progress


# ---------------------------------------------------------------- streamed is what ran in memory


@every_network
@pytest.mark.parametrize("chunk_steps", [4, 13, 1000])
def test_a_streamed_run_is_the_run(name: str, chunk_steps: int, tmp_path: Path) -> None:
    wanted = ns.run(program(name), trains(name), seed=SEED)
    folder = tmp_path / "run"
    streamed = ns.run_to_disk(program(name), trains(name), None, folder, chunk_steps=chunk_steps, seed=SEED)
    assert streamed.is_complete
    assert streamed.steps_done == streamed.n_steps == sum(LENGTHS)
    same(streamed.collect(), wanted, tmp_path)


@every_network
def test_a_run_that_stops_after_any_chunk_goes_on_to_the_same_bytes(name: str, tmp_path: Path) -> None:
    def stream(folder: Path, **more: Any) -> ns.StreamedRun:
        return ns.run_to_disk(program(name), trains(name), None, folder, chunk_steps=13, seed=SEED, **more)

    n_chunks = len(stream(tmp_path / "whole").chunks)
    folder = tmp_path / "stopped"
    for stops in range(1, n_chunks):
        halt = np.zeros(1, np.uint8)
        part = stream(folder, resume=True, halt=halt, progress=stopping_after(stops, halt, folder))
        assert len(part.chunks) == stops
        assert not part.is_complete
    assert stream(folder, resume=True).is_complete
    assert files(folder) == files(tmp_path / "whole")
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    stream(folder, resume=True)  # nothing is left to do
    assert before == {path: path.stat().st_mtime_ns for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["lif_delays", "linear_leak", "truenorth_random", "echo_state"])
def test_a_kill_between_a_chunk_and_its_checkpoint_loses_nothing(name: str, tmp_path: Path) -> None:
    """Whether the checkpoint is older than the last chunk, or gone."""

    def stream(folder: Path, **more: Any) -> ns.StreamedRun:
        inputs = trains(name, (90,))
        return ns.run_to_disk(program(name), inputs, None, folder, chunk_steps=13, seed=SEED, **more)

    stream(tmp_path / "whole")
    folder = tmp_path / "stopped"
    halt = np.zeros(1, np.uint8)
    stream(folder, halt=halt, progress=stopping_after(3, halt, folder))
    (folder / "chunk-00000003.npz").write_bytes((tmp_path / "whole" / "chunk-00000003.npz").read_bytes())
    (folder / ".chunk-00000004.npz.x7y").write_bytes(b"half a file")
    assert len(ns.StreamedRun.load(folder).chunks) == 4
    stream(folder, resume=True)
    assert files(folder) == files(tmp_path / "whole")

    (folder / "chunk-00000004.npz").unlink()  # later ones stand there, and are written again
    stream(folder, resume=True)
    assert files(folder) == files(tmp_path / "whole")


@pytest.mark.parametrize("name", ["lif_ring", "linear_leak", "truenorth_ring", "mixed"])
def test_inputs_from_a_function_are_those_of_trains(name: str, tmp_path: Path) -> None:
    inputs = trains(name, (200,))
    rows = np.c_[inputs.step, inputs.channel]

    def spikes(first: int, steps: int) -> np.ndarray | None:
        part = rows[(rows[:, 0] >= first) & (rows[:, 0] < first + steps)]
        return part - [first, 0] if len(part) else None

    streamed = ns.run_to_disk(program(name), spikes, 200, tmp_path / "run", chunk_steps=17, seed=SEED)
    same(streamed.collect(), ns.run(program(name), inputs, seed=SEED), tmp_path)
    refused(
        lambda: ns.run_to_disk(
            program(name), lambda first, steps: [(0, 0)], 200, tmp_path / "run", chunk_steps=17, seed=SEED, resume=True
        ),
        "other inputs",
    )
    refused(lambda: ns.run_to_disk(program(name), spikes, None, tmp_path / "new"), "steps", "function")


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    chunk_steps=st.integers(1, 60),
)
def test_chunks_are_whole_samples_or_parts_of_one_and_cover_all(lengths: list[int], chunk_steps: int) -> None:
    chunks = cut(np.array(lengths, np.int64), chunk_steps)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.steps <= chunk_steps for chunk in chunks)
    covered = []
    for chunk in chunks:
        assert chunk.is_whole or chunk.n_samples == 1
        of_samples = range(len(lengths))[chunk.samples]
        each = [lengths[i] for i in of_samples] if chunk.is_whole else [chunk.steps]
        assert sum(each) == chunk.steps
        assert chunk.ends_sample == (chunk.first_step + each[0] == lengths[of_samples[0]])
        covered += [(i, chunk.first_step + t) for i, n in zip(of_samples, each, strict=True) for t in range(n)]
    assert covered == [(i, t) for i, n in enumerate(lengths) for t in range(n)]


@settings(max_examples=8, deadline=None)
@given(name=st.sampled_from(sorted(SMALL)), chunk_steps=st.integers(1, 120), seed=st.integers(0, 2**40))
def test_any_cut_gives_the_bits_of_one_run(
    name: str, chunk_steps: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    streamed = ns.run_to_disk(
        program(name), trains(name), None, folder / "run", chunk_steps=chunk_steps, seed=seed, threads=2
    )
    same(streamed.collect(), ns.run(program(name), trains(name), seed=seed), folder)


# ---------------------------------------------------------------- reading


@every_network
def test_chunks_add_up_to_the_run(name: str, tmp_path: Path) -> None:
    wanted = ns.run(program(name), trains(name), seed=SEED)
    chip = program(name).chip
    streamed = ns.run_to_disk(program(name), trains(name), None, tmp_path / "run", chunk_steps=13, seed=SEED)
    totals, costs = streamed.totals(), list(streamed.costs())
    assert np.array_equal(totals.total, wanted.counts.total)
    assert np.array_equal(totals.steps, wanted.counts.steps)
    spent, spent_time = ns.energy(wanted.counts, chip), ns.latency(wanted.counts, chip)
    assert ns.energy(totals, chip).dynamic_pj == pytest.approx(spent.dynamic_pj)
    assert sum(cost.dynamic_pj for cost in costs) == pytest.approx(spent.dynamic_pj)
    assert sum(cost.static_pj for cost in costs) == pytest.approx(spent.static_pj)
    assert sum(cost.latency_ns for cost in costs) == pytest.approx(spent_time.total_ns)
    assert max(cost.longest_step_ns for cost in costs) == spent_time.step_ns.max()
    assert sum(cost.overruns for cost in costs) == spent_time.overruns
    assert sum(result.n_spikes for result in streamed.results()) == wanted.n_spikes


def test_an_unfinished_run_is_readable(tmp_path: Path) -> None:
    """Samples that are done, and of one that is not its steps so far."""
    name, folder, halt = "lif_ring", tmp_path / "run", np.zeros(1, np.uint8)
    wanted = ns.run(program(name), trains(name))
    part = ns.run_to_disk(
        program(name), trains(name), None, folder, chunk_steps=13, halt=halt, progress=stopping_after(7, halt, folder)
    ).collect()
    assert part.steps.tolist() == [50, 7, 3, 2, 26]  # four parts, three samples together, two parts
    steps = int(part.steps.sum())
    assert wanted.counts.per_step is not None
    assert np.array_equal(part.counts.per_step, wanted.counts.per_step[:steps])
    assert np.array_equal(part.spikes(4), wanted.spikes(4)[wanted.spikes(4)[:, 0] < 26])
    assert "88 of 179" in repr(ns.StreamedRun.load(folder))


# ---------------------------------------------------------------- refusals


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A folder with three of seven chunks of one sample."""
    halt = np.zeros(1, np.uint8)
    folder = tmp_path / "run"
    progress = stopping_after(3, halt, folder)
    ns.run_to_disk(
        program("lif_ring"), trains("lif_ring", (90,)), None, folder, chunk_steps=13, halt=halt, progress=progress
    )
    return folder


def resume(folder: Path, name: str = "lif_ring", inputs: Any = None, **more: Any) -> ns.StreamedRun:
    inputs = trains("lif_ring", (90,)) if inputs is None else inputs
    return ns.run_to_disk(program(name), inputs, None, folder, **{"resume": True, "chunk_steps": 13, **more})


def test_another_run_cannot_go_on_in_the_folder(begun: Path) -> None:
    before = files(begun)
    other = ns.SpikeTrains.from_samples([[(0, 0)]], 90)
    refused(lambda: resume(begun, "lif_delays"), "another program", str(begun))
    refused(lambda: resume(begun, inputs=other), "other inputs")
    refused(lambda: resume(begun, inputs=trains("lif_ring", (91,))), "sample 0 has 90 steps, not 91")
    refused(lambda: resume(begun, inputs=trains("lif_ring", (90, 1))), "number of samples")
    refused(lambda: resume(begun, seed=1), "another seed")
    refused(lambda: resume(begun, chunk_steps=14), "chunk_steps")
    refused(lambda: resume(begun, resume=False), "holds a run already", "resume")
    dearer = ns.load_chip("loihi1", {"energy.spike_pj": 7})
    other_prices = ns.compile(SMALL["lif_ring"](), dearer)
    refused(lambda: ns.run_to_disk(other_prices, trains("lif_ring", (90,)), None, begun, resume=True), "prices")
    assert files(begun) == before
    assert resume(begun, chunk_steps=None).is_complete


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    refused(lambda: ns.StreamedRun.load(tmp_path), "no streamed run")
    (tmp_path / "mine.txt").write_text("mine")
    refused(lambda: resume(tmp_path), "other files")
    refused(lambda: resume(tmp_path / "mine.txt"), "cannot make the folder")
    refused(lambda: resume(tmp_path / "new", chunk_steps=0), "chunk_steps")
    refused(lambda: resume(tmp_path / "new", seed=-1), "seed")
    refused(lambda: resume(tmp_path / "new", threads=0), "threads")
    long = ns.SpikeTrains.from_samples([[]], 2**31 - 2)
    refused(lambda: resume(tmp_path / "new", inputs=long, chunk_steps=1), "larger chunk_steps")
    assert not (tmp_path / "new").exists()


def test_spikes_that_a_program_cannot_take_are_refused(tmp_path: Path) -> None:
    """Trains before anything is written, those of a function in their turn; what was done before stands."""
    late = ns.SpikeTrains.from_samples([[(80, 3)]], 90)
    refused(lambda: resume(tmp_path / "new", inputs=late), "channel 3")
    payload = ns.SpikeTrains.from_samples([[(1, 0, 1), (80, 0, 7)]], 90)
    refused(lambda: resume(tmp_path / "new", inputs=payload), "payload 7")
    assert not (tmp_path / "new").exists()

    def spikes(first: int, steps: int) -> list[tuple[int, int]]:
        return [(0, 3 if first > 30 else 0)]

    folder = tmp_path / "function"
    refused(lambda: ns.run_to_disk(program("lif_ring"), spikes, 90, folder, chunk_steps=13), "channel 3")
    assert ns.StreamedRun.load(folder).steps_done == 39


def test_nothing_is_read_before_the_first_chunk(tmp_path: Path) -> None:
    streamed = resume(tmp_path / "run", halt=np.ones(1, np.uint8))
    assert streamed.chunks == []
    refused(streamed.collect, "no finished chunk")
    refused(streamed.totals, "no finished chunk")


@pytest.mark.parametrize("name", ["stream.npz", "checkpoint.npz", "chunk-00000001.npz"])
def test_damaged_files_are_refused_in_one_line(begun: Path, name: str) -> None:
    """Cut short, with a bit flipped, or another file altogether."""
    good = (begun / name).read_bytes()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 4

    def read() -> None:
        ns.StreamedRun.load(begun).collect()
        resume(begun)

    foreign = (begun / ("stream.npz" if name != "stream.npz" else "checkpoint.npz")).read_bytes()
    for bad in (good[: len(good) // 2], b"", bytes(flipped), foreign):
        (begun / name).write_bytes(bad)
        refused(read, name)


def test_a_chunk_or_checkpoint_of_another_run_is_refused(begun: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    halt = np.zeros(1, np.uint8)
    progress = stopping_after(3, halt, other)
    resume(other, "lif_delays", trains("lif_delays", (90,)), halt=halt, progress=progress)
    good = files(begun)
    for name, words in (("chunk-00000001.npz", "not of this run"), ("checkpoint.npz", "another program")):
        (begun / name).write_bytes((other / name).read_bytes())
        refused(lambda: (ns.StreamedRun.load(begun).collect(), resume(begun)), words)
        (begun / name).write_bytes(good[name])
    assert resume(begun).is_complete


# ---------------------------------------------------------------- killed and interrupted


def test_a_killed_process_leaves_a_readable_folder_and_its_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_long_runs as t
t.long_run(sys.argv[1])
"""
    folder = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], env=_environment())
    try:
        wait_until(lambda: folder.exists() and len(list(folder.glob("chunk-*.npz"))) >= 3, process)
    finally:
        process.kill()
        process.wait()
    begun = ns.StreamedRun.load(folder)
    assert 0 < begun.steps_done < begun.n_steps
    assert begun.collect().counts.steps.tolist() == [begun.steps_done]
    assert long_run(str(folder)).is_complete
    long_run(str(tmp_path / "whole"))
    assert files(folder) == files(tmp_path / "whole")


def long_run(folder: str) -> ns.StreamedRun:
    inputs = ns.SpikeTrains.from_samples([np.argwhere(np.random.default_rng(1).random((60_000, 3)) < 0.1)], 60_000)
    return ns.run_to_disk(program("lif_ring"), inputs, None, folder, chunk_steps=300, resume=True)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_of_a_library_call_is_the_callers(threads: int) -> None:
    def interrupted(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ns.run(program("lif_ring"), [[]] * 4, 2_000_000, threads=threads, per_step=False, progress=interrupted)
    assert ns.run(program("lif_ring"), None, 20).steps.tolist() == [20]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("lengths", [(3_000_000,), (4000,) * 60])
def test_a_halted_run_is_the_beginning_of_the_whole(lengths: tuple[int, ...], threads: int) -> None:
    inputs = ns.SpikeTrains.from_samples([[(0, 0), (1, 1)]] * len(lengths), lengths)
    halt = np.zeros(1, np.uint8)

    def watch(done: np.ndarray) -> None:
        halt[0] |= done.any()

    part = run_until(halt, program("lif_ring"), inputs, threads=threads, watch=watch)
    assert part is not None
    done = int(part.steps.sum())
    assert done > 0
    assert part.steps[:-1].tolist() == list(lengths[: part.n_samples - 1])
    whole = ns.run(program("lif_ring"), inputs[: part.n_samples])
    assert whole.counts.per_step is not None
    assert np.array_equal(part.counts.per_step, whole.counts.per_step[:done])
    assert np.array_equal(part.spike_step, whole.spike_step[: part.n_spikes])
    assert run_until(np.ones(1, np.uint8), program("lif_ring"), inputs, threads=threads) is None


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_one_sample_ends_the_others(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    take = Recording.take

    def failing(self: Recording, sample: int, buffers: Any, call: Any) -> None:
        if sample == 1:
            raise MemoryError("sample 1")
        take(self, sample, buffers, call)

    monkeypatch.setattr(Recording, "take", failing)
    with pytest.raises(MemoryError, match="sample 1"):
        ns.run(program("lif_ring"), [[]] * 500, 100_000, threads=threads, per_step=False)


def wait_until(done: Callable[[], bool], process: "subprocess.Popen[Any]") -> None:
    for _ in range(6000):
        if done():
            return
        assert process.poll() is None, "it ended before it was stopped"
        time.sleep(0.01)
    raise AssertionError("it did not begin within a minute")


def _environment() -> dict[str, str]:
    home = str(Path(ns.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([home, os.environ.get("PYTHONPATH", "")])}


# ---------------------------------------------------------------- engines are kept


def test_a_program_is_laid_out_once() -> None:
    one = ns.compile(SMALL["lif_ring"](), "loihi1")
    other = ns.compile(SMALL["lif_ring"](), "loihi1")
    assert engine_of(one) is engine_of(one)
    assert engine_of(other) is not engine_of(one)
    first = engine_of(one)
    others = [ns.compile(SMALL["one_lif"](), "loihi1") for _ in range(MOST)]
    assert len({id(engine_of(program)) for program in others}) == MOST
    assert engine_of(one) is not first  # others ran since, and memory is bounded


@every_network
def test_a_second_run_does_not_see_the_first(name: str, tmp_path: Path) -> None:
    fresh = ns.compile(SMALL[name](), CHIP_OF.get(name, "loihi1"))
    first = ns.run(fresh, trains(name), seed=SEED)
    same(first, ns.run(fresh, trains(name), seed=SEED), tmp_path)
    same(first, ns.run(program(name), trains(name), seed=SEED), tmp_path)


def test_an_engine_goes_with_its_program() -> None:
    program = ns.compile(SMALL["lif_ring"](), "loihi1")
    machine = weakref.ref(engine_of(program).machine.caused.core_of)
    del program
    gc.collect()
    assert machine() is None


def test_more_samples_than_threads_in_threads_are_those_of_one(tmp_path: Path) -> None:
    """Enough work that threads start, in samples of different length."""
    liquid = ns.compile(ns.liquid((4, 4, 8), channels=4, gain=2.0, seed=3), "loihi1")
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 1200, 40)
    inputs = ns.SpikeTrains.from_samples([np.argwhere(rng.random((n, 4)) < 0.3) for n in lengths], lengths)
    seen: list[tuple[int, int]] = []
    one = ns.run(liquid, inputs, threads=1)
    same(one, ns.run(liquid, inputs, threads=3, progress=lambda done, of: seen.append((done, of))), tmp_path)
    assert seen[-1] == (40, 40)
    assert seen == sorted(seen)


# ---------------------------------------------------------------- batches


@every_network
def test_batches_are_the_samples_of_one_run(name: str) -> None:
    """Of chips that draw random numbers too."""
    given = trains(name)
    whole = ns.run(program(name), given, seed=SEED)
    seen: list[tuple[int, int]] = []
    results = ns.run_batches(
        program(name), given, batch=3, seed=SEED, progress=lambda done, of: seen.append((done, of))
    )
    parts = list(results)
    assert [len(part.steps) for part in parts] == [3, 3, 1]
    for field in ("spike_neuron", "spike_step"):
        assert np.array_equal(np.concatenate([getattr(part, field) for part in parts]), getattr(whole, field))
    assert np.array_equal(np.concatenate([part.counts.total for part in parts]), whole.counts.total)
    assert seen[-1] == (7, 7)
    assert seen == sorted(seen)


@pytest.mark.parametrize("batch", [0, -1, 1.5, "all"])
def test_a_batch_is_a_number_of_samples(batch: Any) -> None:
    refused(lambda: ns.run_batches(program("lif_ring"), None, 5, batch=batch), "batch is")
