"""Results and spikes: what is saved comes back, and what is not a result is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurosim as ns
from chips import NeurosimError, RunError
from compiler.npz import read_npz, write_npz
from neurosim.result import FORMAT
from neurosim.simulation.order import by_neuron


def run_something(**options: Any) -> ns.RunResult:
    program = ns.compile(ns.liquid((2, 3, 4), channels=5, gain=2.0, seed=4), "tiny")
    rng = np.random.default_rng(0)
    samples = [np.argwhere(rng.random((steps, 5)) < 0.4) for steps in (30, 7, 19)]
    return ns.run(program, samples, [30, 7, 19], **options)


def arrays_of(result: ns.RunResult) -> dict[str, Any]:
    counts = result.counts
    names = ("core", "neurons", "steps", "total", "per_step", "busiest_link", "busiest_border")
    found = {name: getattr(counts, name) for name in names}
    found |= {name: getattr(result, name) for name in ("sample_ptr", "spike_step", "spike_neuron")}
    if result.probes is not None:
        found |= {name: getattr(result.probes, name) for name in ("neuron", "u", "v")}
    return found


@pytest.mark.parametrize("options", [{}, {"per_step": False}, {"probe": [3, 0, 23]}])
def test_a_saved_result_comes_back(options: dict[str, Any], tmp_path: Path) -> None:
    result = run_something(**options)
    assert result.n_spikes > 0
    result.save(tmp_path / "run.npz")
    back = ns.RunResult.load(tmp_path / "run.npz")
    for name, array in arrays_of(result).items():
        assert np.array_equal(array, arrays_of(back)[name]), name
    assert (back.chip, back.program_digest, back.spans, back.dt_ms) == (
        result.chip,
        result.program_digest,
        result.spans,
        result.dt_ms,
    )
    assert ns.energy(back.counts, back.chip).dynamic_pj == ns.energy(result.counts, result.chip).dynamic_pj
    back.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "run.npz").read_bytes()


def test_without_counts_per_step_there_is_no_time_but_energy() -> None:
    result, full = run_something(per_step=False), run_something()
    assert ns.energy(result.counts, result.chip).dynamic_pj == ns.energy(full.counts, full.chip).dynamic_pj
    assert ns.energy(result.counts, result.chip).static_pj is None
    with pytest.raises(RunError, match="per_step=True"):
        ns.latency(result.counts, result.chip)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_result_is_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    if not path.exists():
        run_something(probe=[1]).save(path)
        (tmp_path / "good").write_bytes(path.read_bytes())
    good = (tmp_path / "good").read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:at] if data.draw(st.booleans()) else good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :]
    (tmp_path / "bad.npz").write_bytes(damaged)
    try:
        ns.RunResult.load(tmp_path / "bad.npz")  # a flipped bit in the padding of the zip may do no harm
    except RunError as error:
        assert "bad.npz" in str(error)


@pytest.mark.parametrize(
    "name",
    [
        "sample_ptr",
        "spike_step",
        "spike_neuron",
        "core",
        "neurons",
        "steps",
        "total",
        "per_step",
        "busiest_link",
        "busiest_border",
    ],
)
def test_a_result_that_contradicts_itself_is_refused(name: str, tmp_path: Path) -> None:
    run_something().save(tmp_path / "run.npz")
    header, arrays = read_npz(tmp_path / "run.npz", FORMAT, RunError)
    for changed in (arrays[name][:-1], arrays[name].astype(np.float64) + 0.5, None):
        others = {key: array for key, array in arrays.items() if key != name}
        write_npz(tmp_path / "bad.npz", header, others if changed is None else {**others, name: changed})
        if changed is None and name in ("per_step", "busiest_link", "busiest_border"):
            continue  # a run may keep none of these
        with pytest.raises(RunError, match=r"bad\.npz"):
            ns.RunResult.load(tmp_path / "bad.npz")


@pytest.mark.parametrize(
    ("samples", "steps", "words"),
    [
        ([[(5, 0)]], 5, "step 5, outside the run"),
        ([[(-1, 0)]], 5, "outside the run"),
        ([[(0, 0), (0, 0)]], 5, "fires twice"),
        ([[(0.5, 0)]], 5, "whole numbers"),
        ([[(0, -1)]], 5, "channel -1"),
        ([[(0, 0, 1, 1)]], 5, "rows of"),
        ([[(0, 0, 0)]], 5, "payload of 0"),
        ([[(0, 0, 2**31)]], 5, "payload 2147483648 is not within"),
        ([[(0, 0)]], 0, "at least one step"),
        ([], 5, "at least one sample"),
        ([[("a", "b")]], 5, "whole numbers"),
        ([[(0, 0), (1,)]], 5, "not an array"),
        ([[(0, 0)]], [5, 5], "lengths"),
        ([[(float("nan"), 0)]], 5, "whole numbers"),
    ],
)
def test_spikes_that_cannot_be_are_refused(samples: Any, steps: int, words: str) -> None:
    with pytest.raises(RunError, match=words):
        ns.SpikeTrains.from_samples(samples, steps)


def test_a_spike_on_an_unknown_channel_is_refused() -> None:
    program = ns.compile(ns.liquid((2, 2, 2), channels=3), "loihi1")
    with pytest.raises(RunError, match="channel 3, but the program has 3 input channels"):
        ns.run(program, [(0, 3)], 5)
    with pytest.raises(RunError, match="not an array"):
        ns.run(program, [[(0, 0), (1,)]], 5)
    with pytest.raises(RunError, match="how many steps"):
        ns.run(program, [(0, 2)])
    with pytest.raises(RunError, match="unknown neuron"):
        ns.run(program, None, 5, probe=[8])


def test_spike_files(tmp_path: Path) -> None:
    trains = ns.SpikeTrains.from_samples([[(0, 1), (3, 0)], [], [(2, 2)]], [4, 2, 9])
    trains.save(tmp_path / "s.npz")
    back = ns.SpikeTrains.load(tmp_path / "s.npz")
    for name in ("steps", "sample_ptr", "step", "channel"):
        assert np.array_equal(getattr(back, name), getattr(trains, name))
    np.savez(tmp_path / "plain.npz", step=[0, 1], channel=[1, 1])
    assert ns.SpikeTrains.load(tmp_path / "plain.npz", 4).steps.tolist() == [4]
    np.savez(tmp_path / "rows.npz", spikes=[(3, 1), (0, 2)])
    assert ns.SpikeTrains.load(tmp_path / "rows.npz", 4).step.tolist() == [0, 3]
    for arrays in ({"step": [0]}, {"step": [0], "channel": [0]}, {"step": [[0]], "channel": [[0]], "steps": [3]}):
        np.savez(tmp_path / "bad.npz", **arrays)  # type: ignore[arg-type]
        with pytest.raises(RunError):
            ns.SpikeTrains.load(tmp_path / "bad.npz")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_something()
    (tmp_path / "run.npz").write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NeurosimError, match="No space left"):
        result.save(tmp_path / "run.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    assert (tmp_path / "run.npz").read_bytes() == b"old"


@given(
    n=st.sampled_from([1, 64, 65, 5_000, 20_000]),
    sizes=st.lists(st.integers(0, 70), min_size=1, max_size=6),
    with_payload=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_spikes_of_a_step_come_in_the_order_of_neurons(n: int, sizes: list[int], with_payload: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    neuron_of = rng.permutation(n).astype(np.int32)
    slots = [np.sort(rng.choice(n, min(size, n), replace=False)).astype(np.int32) for size in sizes]
    step = np.repeat(np.arange(len(slots), dtype=np.int32) * 3, [len(part) for part in slots])
    slot = np.concatenate(slots)
    value = rng.integers(-9, 9, len(slot) if with_payload else 0).astype(np.int32)
    neuron, carried = by_neuron(step, slot, value, neuron_of)
    order = np.lexsort((neuron_of[slot], step))
    assert np.array_equal(neuron, neuron_of[slot][order])
    assert np.array_equal(carried, value[order] if with_payload else value)
