"""Studies: points, rows and their bytes, whatever happens to workers, stores and files."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli import _environment, neurosim, refused

import neurosim as ns
from chips import ExperimentError
from neurosim.studies.evaluate import DONE, FAILED, KILLED, REFUSED, job_of, outcome
from neurosim.studies.identity import identity
from neurosim.studies.points import axes_of, listed_points
from neurosim.studies.store import Point, Store, read_study
from neurosim.studies.study import load_study

STUDY = """format: neurosim-study/1
name: small
experiment:
  name: small
  data: {file: data.npz}
  liquid: {shape: [2, 2, 3], calibration_samples: 4, input_density: 0.5}
  readout: {bins: [1], alpha: 1}
  chips: [{chip: loihi1, set: {mesh.tiles_x: 1, mesh.tiles_y: 1}}]  # of 4 cores, so one neuron each does not fit
"""
AXES = """axes:
  chip.core.neurons: {values: [6, 12, 1]}
  liquid.seed: {values: [0, 1]}
"""
NO_ROOM = "needs 12 cores"  # the reason of a point with one neuron on a core


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of two inputs: one that oscillates slowly, and one fast."""
    rng = np.random.default_rng(0)
    label = np.arange(12) % 2
    values = [0.5 + 0.5 * np.sin(np.outer(np.arange(10), [0.5, 2.0][k] * (1 + 0.1 * rng.random(2)))) for k in label]
    np.savez(
        tmp_path / "data.npz",
        values=np.concatenate(values),
        length=np.full(12, 10),
        label=label,
        is_test=np.arange(12) >= 6,
    )
    return tmp_path


def write(folder: Path, more: str = AXES, study: str = STUDY) -> Path:
    (folder / "s.yaml").write_text(study + more)
    return folder / "s.yaml"


def exported(result: ns.StudyResult, folder: Path) -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    return {path.name: path.read_bytes() for path in result.save(folder)}


def made(folder: Path, name: str, **how: Any) -> ns.StudyResult:
    (folder / name).mkdir(exist_ok=True)
    return ns.sweep(folder / "s.yaml", folder / name, **how)


# ---------------------------------------------------------------- points


def points(folder: Path, more: str) -> list[dict[str, Any]]:
    loaded = load_study(write(folder, more))
    return listed_points(loaded.study, axes_of(loaded.study, loaded.experiment))


def test_a_grid_is_every_combination_with_the_last_axis_fastest(folder: Path) -> None:
    text = (
        "axes:\n  liquid.recurrence: {grid: {from: 0.1, to: 0.5, n: 3}}\n  liquid.seed: {grid: {from: 0, to: 1, n: 2}}"
    )
    found = [tuple(point.values()) for point in points(folder, text)]
    assert found == [(0.1, 0), (0.1, 1), (0.3, 0), (0.3, 1), (0.5, 0), (0.5, 1)]
    assert all(isinstance(seed, int) for _, seed in found)


def test_a_logarithmic_grid_has_equal_ratios(folder: Path) -> None:
    found = points(folder, "axes: {liquid.gain: {grid: {from: 1, to: 8, n: 4, scale: log}}}")
    assert [point["liquid.gain"] for point in found] == pytest.approx([1, 2, 4, 8])


RANDOM = """axes:
  liquid.recurrence: {random: {from: 0.01, to: 1, scale: log}}
  chip.core.neurons: {random: {from: 2, to: 9, kind: int}}
  compile.partition: {random: {kind: choice, values: [greedy, multilevel]}}
search: {kind: random, points: %d, seed: 3}
"""


def test_random_points_keep_to_their_ends_and_stay_when_there_are_more(folder: Path) -> None:
    few, many = points(folder, RANDOM % 20), points(folder, RANDOM % 60)
    assert many[:20] == few
    assert all(0.01 <= point["liquid.recurrence"] <= 1 for point in many)
    assert {point["chip.core.neurons"] for point in many} == set(range(2, 10))
    assert {point["compile.partition"] for point in many} == {"greedy", "multilevel"}
    assert np.median([point["liquid.recurrence"] for point in many]) == pytest.approx(0.1, rel=0.6)


def test_several_chips_are_an_axis(folder: Path) -> None:
    text = STUDY.replace("[{chip: loihi1,", "[{chip: loihi2}, {chip: loihi1,")
    loaded = load_study(write(folder, "axes: {liquid.seed: {values: [0]}}", text))
    found = listed_points(loaded.study, axes_of(loaded.study, loaded.experiment))
    assert [point["configuration"] for point in found] == [0, 1]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("axes: {chip.core.neuron: {values: [1]}}", ["axes.chip.core.neuron", "did you mean 'core.neurons'"]),
        ("axes: {liquid.sed: {values: [1]}}", ["did you mean 'seed'"]),
        ("axes: {liquid.wiring.n: {values: [1]}}", ["holds no keys"]),
        ("axes: {encoder.n_neurons: {values: [1]}}", ["legal in encoder are", "max_rate"]),
        ("axes: {compile.partitoin: {values: [1]}}", ["did you mean 'partition'"]),
        ("axes: {luquid.seed: {values: [1]}}", ["did you mean 'liquid'"]),
        ("axes: {colour: {values: [1]}}", ["chip., compile., liquid., encoder., readout."]),
        ("axes: {liquid.seed: {valeus: [1]}}", ["did you mean 'values'"]),
        ("axes: {liquid.seed: {}}", ["one of values, grid and random"]),
        ("axes: {}", ["axes"]),
        ("axes: {liquid.gain: {grid: {from: 2, to: 1, n: 3}}}", ["lower end first"]),
        ("axes: {liquid.gain: {grid: {from: 0, to: 1, n: 3, scale: log}}}", ["above 0"]),
        ("axes: {liquid.gain: {random: {from: 1, to: 2}}}", ["search: {kind: random, points: N}"]),
        ("axes: {liquid.gain: {random: {from: 1.5, to: 2, kind: int}}}", ["whole numbers"]),
        ("axes: {liquid.seed: {values: [0]}}\nsearch: {kind: random}", ["needs points"]),
        ("axes: {liquid.seed: {values: [0]}}\nobjectives: [energy]", ["no measure", "there are energy_per_inference"]),
        ("axes: {liquid.seed: {values: [0]}}\nobjectives: [cores, cores]", ["'cores' is there twice"]),
        ("axes: {liquid.seed: {values: [0]}}\nconstraints: [{core: {at_most: 3}}]", ["did you mean 'cores'"]),
        ("axes: {liquid.seed: {values: [0]}}\nconstraints: [{cores: {}}]", ["at_least or at_most"]),
        ("axes: {liquid.seed: {values: [0]}}\naverage_over: [seed]", ["'seed' is no axis"]),
        ("axes: {liquid.seed: {values: [0]}}\nworkers: 3", ["workers", "unknown key"]),
    ],
)
def test_a_faulty_study_is_one_error_that_names_the_key(folder: Path, more: str, words: list[str]) -> None:
    with pytest.raises(ns.StudyError) as caught:
        load_study(write(folder, more))
    for word in words:
        assert word in str(caught.value)
    assert "s.yaml:" in str(caught.value)


VALUES = [
    ("liquid.target_rate: {values: [0.1, .nan]}", ["liquid.target_rate.values[1]: is nan", "write a finite one"]),
    ("liquid.tau_mem_ms: {values: [10, [1, .inf]]}", ["values[1]: is inf"]),
    ("liquid.target_rate: {values: [abc]}", ["values[0]: must be a number, not 'abc'"]),
    ("liquid.seed: {random: {from: 0, to: 3}}", ["random.from", "whole number: add kind: int"]),
    ("liquid.gain: {grid: {from: -1, to: 5, n: 70}}", ["is -1.0, but must be above 0.0", "and 9 more"]),
    ("liquid.shape: {values: [[2, 2, 2], [2, 2]]}", ["values[1]: has too few entries"]),
    ("compile.partition: {values: [greedy, foo]}", ["values[1]", "multilevel or greedy", "not 'foo'"]),
    ("compile.mapping.neurons_per_core: {values: [3, 0]}", ["values[1]: neurons_per_core is 0", "at least 1"]),
    ("compile.approximate: {values: [true, 3]}", ["values[1]: must be true or false, not 3"]),
    ("chip: {values: [loihi9]}", ["axes.chip.values[0]: no chip is called 'loihi9': did you mean 'loihi2'?"]),
    ("chip: {values: [nope.yaml]}", ["axes.chip.values[0]", "nope.yaml: no such file"]),
    ("chip.core.neurons: {values: [6, -1, few]}", ["values[1]: must be 1 or more, not -1", "values[2]"]),
    ("configuration: {values: [0, 1]}", ["values[1]: is 1, but the experiment's chips are numbered 0 to 0"]),
    ("encoder.kind: {values: [rate, foo]}", ["values[1]: must be rate or", "latency", "not 'foo'"]),
    ("liquid.gain: {values: [1, 1]}", ["axes.liquid.gain: has 1 twice"]),
]


@pytest.mark.parametrize(("axis", "words"), VALUES)
def test_a_value_that_its_key_can_never_take_is_refused_when_the_file_is_read(
    folder: Path, axis: str, words: list[str]
) -> None:
    with pytest.raises(ns.StudyError) as caught:
        load_study(write(folder, f"axes:\n  {axis}\nsearch: {{kind: random, points: 3}}"))
    for word in ("s.yaml:10: axes.", *words):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "axes",
    [
        "liquid.balance: {values: [1.0]}, liquid.target_rate: {values: [null]}",
        "chip.core.delay_steps_max: {values: [1]}, chip.core.delay_steps_guaranteed: {values: [1]}",
        "chip.mesh.disabled_cores: {values: [[100]]}, chip.mesh.tiles_x: {values: [99]}",
        "encoder.kind: {values: [population, latency]}, encoder.n_neurons: {values: [3]}",
        "liquid.target_rate: {random: {from: 0, to: 1}}",
        "liquid.wiring: {values: [{kind: ring}]}, liquid.wiring.n: {values: [9]}, liquid.shape: {values: [null]}",
    ],
)
def test_a_value_that_may_be_right_beside_another_axis_is_left_to_its_points(folder: Path, axes: str) -> None:
    study = (
        STUDY.replace("shape: [2, 2, 3]", "wiring: {kind: ring, n: 9, neighbours: 2}") if "wiring" in axes else STUDY
    )
    loaded = load_study(write(folder, f"axes: {{{axes}}}\nsearch: {{kind: random, points: 3}}", study))
    assert len(listed_points(loaded.study, loaded.study.axes)) == 3


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("accuracy: {at_least: 90}", ["accuracy.at_least: is 90", "a fraction from 0 to 1", "written 0.9"]),
        ("accuracy_on_chip: {at_most: -0.1}", ["accuracy_on_chip.at_most: is -0.1"]),
        ("cores: {at_most: .inf}", ["cores.at_most: must be a number, not inf"]),
        ("cores: {at_most: .nan}", ["cores.at_most: must be a number, not nan"]),
        ("cores: {at_least: 5, at_most: 3}", ["at_least 5 is above at_most 3"]),
    ],
)
def test_a_bound_that_says_nothing_is_refused(folder: Path, limit: str, words: list[str]) -> None:
    with pytest.raises(ns.StudyError) as caught:
        load_study(write(folder, f"axes: {{liquid.seed: {{values: [0]}}}}\nconstraints: [{{{limit}}}]"))
    for word in ("s.yaml:10: constraints[0].", *words):
        assert word in str(caught.value)


def test_an_experiment_file_that_is_missing_is_told_at_the_line_that_names_it(folder: Path) -> None:
    write(folder, "axes: {liquid.seed: {values: [0]}}", STUDY[: STUDY.index("experiment:")] + "experiment: nope.yaml\n")
    with pytest.raises(ns.StudyError, match=r"s\.yaml:3: experiment: there is no file .*nope\.yaml"):
        load_study(folder / "s.yaml")


def test_an_override_of_the_experiment_that_is_not_finite_is_refused_before_points(folder: Path) -> None:
    write(folder, AXES, STUDY.replace("mesh.tiles_y: 1", "mesh.tiles_y: .nan"))
    with pytest.raises(ns.StudyError, match=r"s\.yaml:8: experiment\.chips\[0\].*is nan"):
        load_study(folder / "s.yaml")


def test_a_fault_of_an_inline_experiment_is_told_at_its_line(folder: Path) -> None:
    with pytest.raises(ExperimentError, match=r"s\.yaml:6: liquid\.shap: unknown key: did you mean 'shape'"):
        load_study(write(folder, AXES, STUDY.replace("shape:", "shap:")))


def test_equal_values_of_an_axis_are_refused(folder: Path) -> None:
    with pytest.raises(ns.StudyError, match="twice"):
        points(folder, "axes: {liquid.seed: {values: [1, 1]}}")


# ---------------------------------------------------------------- rows


def test_a_point_that_is_refused_is_a_row_with_its_reason_and_the_others_go_on(folder: Path) -> None:
    rates = "  liquid.balance: {values: [null, 1.0]}\n  liquid.target_rate: {values: [0.06, null]}\n"
    write(folder, "axes:\n  chip.core.neurons: {values: [12, 1]}\n" + rates)
    result = made(folder, "a", workers=1)
    assert result.counts() == {DONE: 3, REFUSED: 5}
    reasons = {row["reason"] for row in result.rows if row["status"] == REFUSED}
    assert any(NO_ROOM in reason for reason in reasons)
    assert any("balance beside target_rate" in reason for reason in reasons)
    row = result.rows[0]
    assert row["objectives"]["accuracy"] == row["measures"]["accuracy"]
    provenance = row["provenance"]
    assert {"neurosim", "data_sha256", "profile_sha256", "experiment_sha256", "overrides", "versions"} <= set(
        provenance
    )
    assert provenance["seeds"] == {"liquid": 0, "compile": 0, "encoder": 0}


def test_a_row_is_what_compare_says(folder: Path) -> None:
    path = write(folder, "axes: {chip.core.neurons: {values: [5]}, liquid.seed: {values: [7]}}")
    row = made(folder, "a", workers=1).rows[0]["measures"]
    experiment = load_study(path).experiment
    liquid = experiment.liquid.model_copy(update={"seed": 7})
    compared = ns.compare(experiment.model_copy(update={"liquid": liquid}), overrides={"core.neurons": 5}).rows[0]
    for key in ("spikes", "packets", "cores_used", "accuracy", "energy_j", "latency_s"):
        assert row[key] == pytest.approx(compared[key], rel=1e-12)


def test_any_number_of_workers_writes_the_same_bytes_and_a_second_call_repeats_nothing(folder: Path) -> None:
    write(folder)
    one, two = (exported(made(folder, name, workers=n), folder / name) for name, n in (("a", 1), ("b", 2)))
    assert one == two
    assert set(one) >= {"study.json", "study.csv"}
    seen: list[int] = []
    again = made(folder, "a", workers=2, report=lambda what, done, of: seen.append(done))
    assert seen == [6]  # all known at once
    assert exported(again, folder / "a") == one


def test_a_study_that_grows_evaluates_what_is_new_alone(folder: Path) -> None:
    write(folder)
    made(folder, "a", workers=1)
    write(folder, AXES.replace("[0, 1]", "[1, 2]"))
    seen: list[tuple[int, int]] = []
    grown = made(folder, "a", workers=1, report=lambda what, done, of: seen.append((done, of)))
    assert seen == [(3, 6), (4, 6), (5, 6), (6, 6)]  # three points of seed 1 are known
    assert exported(grown, folder / "a") == exported(made(folder, "fresh", workers=1), folder / "fresh")


def test_other_data_are_another_point(folder: Path) -> None:
    write(folder)
    before = made(folder, "a", workers=1).points
    arrays = dict(np.load(folder / "data.npz"))
    np.savez(folder / "data.npz", **{**arrays, "values": arrays["values"] * 0.9})
    after = made(folder, "a", workers=1).points
    assert not {p.id for p in before if p.status == DONE} & {p.id for p in after}


def test_means_over_seeds_decide(folder: Path) -> None:
    write(folder, AXES + "average_over: [liquid.seed]\nconstraints: [{cores: {at_most: 1}}]\n")
    result = made(folder, "a", workers=1)
    groups = {group.settings["chip.core.neurons"]: group for group in result.groups}
    assert list(groups) == [6, 12, 1]
    assert groups[12].points == (2, 3)
    wanted = np.mean([result.rows[i]["objectives"]["energy_per_inference"] for i in (2, 3)])
    assert groups[12].objectives["energy_per_inference"] == pytest.approx(wanted)
    assert (groups[6].feasible, groups[12].feasible, groups[1].feasible) == (False, True, False)
    assert [group.points for group in result.front()] == [(2, 3)]
    assert [row["on_front"] for row in result.rows] == [False, False, True, True, False, False]


def test_the_readout_is_compiled_only_where_it_is_wanted(folder: Path) -> None:
    axes = "axes: {chip: {values: [loihi1, ideal]}, compile.partition: {values: [greedy]}}\n"
    write(folder, axes + "objectives: [{name: accuracy_on_chip}, {name: accuracy, goal: minimise}]\n")
    result = made(folder, "a", workers=1)
    assert result.counts() == {DONE: 2}
    assert result.rows[0]["objectives"]["accuracy_on_chip"] == result.rows[0]["measures"]["readout"]["accuracy"]
    write(folder, axes)
    assert "readout" not in made(folder, "a", workers=1).rows[0]["measures"]


def test_a_fault_of_ours_is_a_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("neurosim.studies.evaluate._done", broken)
    assert outcome({}) == {"status": FAILED, "reason": "ZeroDivisionError: oh", "measures": None, "provenance": None}


def test_a_worker_of_another_version_or_with_other_data_does_not_answer(folder: Path) -> None:
    loaded = load_study(write(folder))
    whole = identity(loaded.experiment, approximate=False, readout=False)
    for key in ("neurosim", "data_sha256"):
        told = outcome(job_of(loaded.experiment, {**whole, key: "other"}))
        assert told["status"] == KILLED  # so that the next call asks again
        assert "a worker has" in told["reason"]


# ---------------------------------------------------------------- workers that die


def children() -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "neurosim.studies.worker"], capture_output=True)
    return [int(pid) for pid in found.stdout.split()]


def kill_one() -> None:
    for pid in children()[:1]:
        os.kill(pid, signal.SIGKILL)


def test_killed_workers_are_replaced_and_their_points_done_again(folder: Path) -> None:
    write(folder, AXES.replace("[0, 1]", "[0, 1, 2, 3]"))
    left = [2]

    def report(what: str, done: int, of: int) -> None:
        if done > 0 and left[0]:
            left[0] -= 1
            kill_one()

    killed = made(folder, "a", workers=2, report=report)
    assert left == [0]
    assert killed.counts() == {DONE: 8, REFUSED: 4}
    assert exported(killed, folder / "a") == exported(made(folder, "b", workers=1), folder / "b")


def test_a_point_whose_workers_always_die_is_a_row_and_is_tried_again_by_the_next_call(folder: Path) -> None:
    write(folder, "axes: {liquid.seed: {values: [0]}}")
    over = threading.Event()

    def killer() -> None:
        while not over.wait(0.05):
            kill_one()

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        result = made(folder, "a", workers=1)
    finally:
        over.set()
        thread.join()
    assert result.counts() == {KILLED: 1}
    assert "worker was killed (signal 9)" in result.points[0].reason
    assert made(folder, "a", workers=1).counts() == {DONE: 1}


MANY = "axes: {liquid.seed: {grid: {from: 0, to: 39, n: 40}}}"


def wait_for_rows(store: Path, n: int) -> None:
    began = time.monotonic()
    while time.monotonic() - began < 60:
        if store.exists() and store.read_bytes().count(b'"program_digest"') >= n:
            return
        time.sleep(0.05)
    raise AssertionError("no rows came")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_is_killed_or_interrupted_keeps_its_rows_and_goes_on(folder: Path, how: signal.Signals) -> None:
    write(folder, MANY)
    command = [
        sys.executable,
        "-m",
        "neurosim.cli",
        "sweep",
        str(folder / "s.yaml"),
        "-o",
        str(folder / "a"),
        "-w",
        "2",
    ]
    process = subprocess.Popen(command, env=_environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_for_rows(folder / "a" / "study.sqlite", 4)  # bytes of the last may be there before its transaction ends
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "the same command goes on" in errors
        assert "Traceback" not in errors
    assert not (folder / "a" / "study.json").exists()
    kept = {p.id for p in read_study(folder / "a").points if p.status == DONE}
    assert 3 <= len(kept) < 40
    seen: list[int] = []
    resumed = made(folder, "a", workers=2, report=lambda what, done, of: seen.append(done))
    assert seen[0] == len(kept)
    assert len(seen) == 1 + 40 - len(kept)
    if how == signal.SIGKILL:
        assert exported(resumed, folder / "a") == exported(made(folder, "b", workers=1), folder / "b")


def test_a_cluster_gives_the_same_bytes(folder: Path) -> None:
    distributed = pytest.importorskip(
        "distributed", reason="dask.distributed is not installed: the cluster is not tested"
    )
    write(folder)
    path = os.environ.get("PYTHONPATH", "")
    here = str(Path(ns.__file__).parent.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, path])
    try:
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            there = exported(made(folder, "a", scheduler=cluster.scheduler_address), folder / "a")
    finally:
        os.environ["PYTHONPATH"] = path
    assert there == exported(made(folder, "b", workers=2), folder / "b")


def test_a_killed_worker_of_a_cluster_changes_no_byte(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip(
        "distributed", reason="dask.distributed is not installed: killed workers of a cluster are not tested"
    )
    write(folder, AXES.replace("[0, 1]", "[0, 1, 2, 3]"))
    here = [str(Path(ns.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(here))
    killed: list[int] = []
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:

        def report(what: str, done: int, of: int) -> None:
            if done > 0 and not killed:
                killed.append(next(nanny.pid for nanny in cluster.workers.values() if nanny.pid))
                os.kill(killed[0], signal.SIGKILL)

        result = made(folder, "a", scheduler=cluster.scheduler_address, report=report)
    assert killed
    assert result.counts() == {DONE: 8, REFUSED: 4}
    assert exported(result, folder / "a") == exported(made(folder, "b", workers=2), folder / "b")


def test_parquet_holds_the_rows_of_the_csv(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: Parquet is not tested")
    write(folder)
    made(folder, "a", workers=2).save(folder / "a")
    made(folder, "b", workers=1).save(folder / "b")
    assert (folder / "a" / "study.parquet").read_bytes() == (folder / "b" / "study.parquet").read_bytes()
    table = parquet.read_table(folder / "a" / "study.parquet").to_pydict()
    with (folder / "a" / "study.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(table) == list(rows[0])
    assert len(rows) == len(table["point"]) > 1
    for name, column in table.items():
        assert [("" if value is None else str(value)) for value in column] == [row[name] for row in rows]


def test_no_scheduler_and_no_package_are_one_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ns.NeurosimError, match=r"neurosim-toolchain\[cluster\]"):
        made(folder, "a", scheduler="tcp://127.0.0.1:1")
    assert not list((folder / "a").iterdir())


@pytest.mark.parametrize(("address", "words"), [("here", "has no port"), ("tcp://127.0.0.1:1", "no scheduler answers")])
def test_a_scheduler_that_does_not_answer_leaves_no_store(
    folder: Path, address: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="dask.distributed is not installed: schedulers are not tested")
    monkeypatch.setattr("neurosim.studies.cluster.PATIENCE", "1s")
    write(folder)
    with pytest.raises(ns.NeurosimError, match=words):
        made(folder, "a", scheduler=address)
    assert not list((folder / "a").iterdir())


# ---------------------------------------------------------------- Bayesian search

BAYES = """axes:
  liquid.recurrence: {random: {from: 0.05, to: 0.6}}
  chip.core.neurons: {values: [4, 6, 12]}
search: {kind: bayes, points: 12, seed: 1}
constraints: [{cores: {at_most: 2}}]
"""


def test_a_bayesian_search_is_the_same_for_any_number_of_workers_and_resumes(folder: Path) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed: Bayesian search is not tested")
    write(folder, BAYES)
    one, two = (exported(made(folder, name, workers=n), folder / name) for name, n in (("a", 1), ("b", 2)))
    assert one == two
    write(folder, BAYES.replace("12, seed", "14, seed"))
    seen: list[int] = []
    made(folder, "a", workers=1, report=lambda what, done, of: seen.append(done))
    assert max(seen) == 14
    assert len(seen) <= 2 + 6  # the second batch is longer, the first is not asked again


def test_a_bayesian_search_without_optuna_is_one_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, BAYES)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ns.NeurosimError) as caught:
        made(folder, "a")
    assert "s.yaml:12: search.kind: bayes needs optuna" in str(caught.value)
    assert not list((folder / "a").iterdir())


# ---------------------------------------------------------------- stores


def stored_rows(path: Path) -> object:
    """The rows of a store as they are; all bytes of what is none."""
    try:
        with sqlite3.connect(path) as db:
            return db.execute("SELECT * FROM rows ORDER BY id").fetchall()
    except sqlite3.Error:
        return path.read_bytes()


def sqlite_file(path: Path, *statements: str) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def damaged(path: Path, mend: Callable[[bytearray], object]) -> None:
    data = bytearray(path.read_bytes())
    mend(data)
    path.write_bytes(data)


def test_foreign_and_damaged_stores_are_one_error(folder: Path) -> None:
    write(folder, "axes: {liquid.seed: {values: [0]}}")
    made(folder, "a", workers=1)
    path = folder / "a" / "study.sqlite"
    sound = path.read_bytes()

    def refuses(*words: str) -> None:
        before = stored_rows(path)
        for attempt in (lambda: read_study(path), lambda: made(folder, "a", workers=1)):
            with pytest.raises(ns.StudyError) as caught:
                attempt()
            for word in ("study.sqlite", *words):
                assert word in str(caught.value)
        assert stored_rows(path) == before

    path.write_bytes(b"no database at all, but text" * 100)
    refuses("another folder")
    sqlite_file(path, "CREATE TABLE photos (name TEXT)")
    refuses("is not a store of neurosim sweep")
    for cut in (100, len(sound) // 2, len(sound) - 4096):
        path.write_bytes(sound[:cut])
        refuses("another folder")
    path.write_bytes(sound)
    for statement in (
        "UPDATE rows SET status = 'splendid'",
        "UPDATE rows SET measures = '[1'",
        "UPDATE rows SET measures = NULL",
        "UPDATE study SET value = 'neurosim-study-store/9' WHERE key = 'format'",
    ):
        path.write_bytes(sound)
        with sqlite3.connect(path) as db:
            db.execute(statement)
        db.close()
        refuses()


def test_any_damage_of_a_store_is_an_error_of_ours_or_none(folder: Path) -> None:
    write(folder, "axes: {liquid.seed: {values: [0, 1]}}")
    made(folder, "a", workers=1)
    path = folder / "a" / "study.sqlite"
    sound = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(300):
        at = rng.integers(len(sound), size=rng.integers(1, 30))
        noise = rng.integers(0, 256, len(at), dtype=np.uint8)

        def strike(data: bytearray, at: Any = at, noise: Any = noise) -> None:
            for i, byte in zip(at, noise, strict=True):
                data[i] = byte

        path.write_bytes(sound)
        damaged(path, strike)
        try:
            ns.read_study(path)
        except ns.StudyError as error:
            assert "study.sqlite" in str(error)


def test_another_study_does_not_take_the_folder_of_the_first(folder: Path) -> None:
    write(folder, "axes: {liquid.seed: {values: [0]}}")
    made(folder, "a", workers=1).save(folder / "a")
    before = {path.name: path.read_bytes() for path in (folder / "a").iterdir()}
    for old, new, words in (
        ("name: small\nexp", "name: other\nexp", "holds the study 'small', not 'other'"),
        ("  name: small", "  name: other", "holds the experiment 'small', not 'other'"),
    ):
        write(folder, "axes: {liquid.seed: {values: [1]}}", STUDY.replace(old, new))
        with pytest.raises(ns.StudyError, match=words):
            made(folder, "a", workers=1)
        assert {path.name: path.read_bytes() for path in (folder / "a").iterdir()} == before


@pytest.mark.parametrize("pages", [1, 4])
def test_a_full_disk_is_told_and_leaves_no_empty_store(
    folder: Path, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def small(*args: Any, **how: Any) -> sqlite3.Connection:
        db = connect(*args, **how)
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    monkeypatch.setattr(sqlite3, "connect", small)
    write(folder)
    with pytest.raises(ns.StudyError, match=r"study\.sqlite: cannot be written, as the disk is full: make room"):
        made(folder, "a", workers=1)
    assert not list((folder / "a").iterdir())


def test_a_disk_that_fills_up_between_rows_keeps_what_is_there(folder: Path) -> None:
    with Store(folder / "study.sqlite") as store:
        store.begin({"study": {"name": "small"}})
        store._db.execute("PRAGMA max_page_count = 1")  # no less than what it has
        with pytest.raises(ns.StudyError, match="disk is full"):
            store.plan([Point(i, str(i), {"liquid.seed": "x" * 5000}) for i in range(9)])
    assert read_study(folder).study == {"study": {"name": "small"}}


def test_a_store_has_one_writer(folder: Path) -> None:
    write(folder)
    (folder / "a").mkdir()
    with Store(folder / "a" / "study.sqlite"), pytest.raises(ns.StudyError, match="in use"):
        made(folder, "a", workers=1)


# ---------------------------------------------------------------- the command line


def test_the_command_writes_rows_and_prints_tables(folder: Path) -> None:
    write(folder)
    done = neurosim("sweep", folder / "s.yaml", "-o", folder / "out", "-w", 1)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for word in ("6 points: 4 done, 2 refused", "Pareto front", "what moves what", NO_ROOM, "study.sqlite"):
        assert word in done.stdout
    told = json.loads(neurosim("sweep", folder / "s.yaml", "-o", folder / "out", "--json").stdout)
    assert told == json.loads((folder / "out" / "study.json").read_text())
    assert [row["status"] for row in told["rows"]] == [DONE] * 4 + [REFUSED] * 2


def test_what_breaks_a_constraint_is_counted_and_a_fraction_is_called_one(folder: Path) -> None:
    write(folder, "axes: {chip.core.neurons: {values: [6, 12]}}\nconstraints: [{cores: {at_most: 1}}]\n")
    printed = neurosim("sweep", folder / "s.yaml", "-o", folder / "a", "-w", 1).stdout
    assert "not shown: 1 of 2 points break a constraint (cores at most 1: 1)" in printed
    write(folder, "axes: {chip.core.neurons: {values: [6, 12]}}\nconstraints: [{cores: {at_most: 0}}]\n")
    printed = neurosim("sweep", folder / "s.yaml", "-o", folder / "a", "-w", 1).stdout
    assert "not shown: all points break a constraint (cores at most 0: 2)" in printed
    units = {told["name"]: told["unit"] for told in json.loads((folder / "a/study.json").read_text())["objectives"]}
    assert units == {"energy_per_inference": "J", "accuracy": "1"}


def test_without_constraints_none_is_said_to_be_broken(folder: Path) -> None:
    write(folder, "axes: {chip.core.neurons: {values: [1]}}")
    printed = neurosim("sweep", folder / "s.yaml", "-o", folder / "a", "-w", 1).stdout
    assert "all constraints" not in printed
    assert NO_ROOM in printed


def test_approximations_that_are_allowed_on_the_command_line_are_other_points(folder: Path) -> None:
    write(folder, "axes: {chip: {values: [loihi1]}, liquid.seed: {values: [0]}}")
    exact = made(folder, "a", workers=1).points
    assert neurosim("sweep", folder / "s.yaml", "-o", folder / "a", "-w", 1, "--approximate", "-q").returncode == 0
    allowed = read_study(folder / "a").points
    assert [p.provenance and p.provenance["approximate"] for p in (*exact, *allowed)] == [False, True]
    assert exact[0].id != allowed[0].id


def test_refusals_of_the_command(folder: Path) -> None:
    write(folder, "axes: {liquid.seeds: {values: [0]}}")
    refused(neurosim("sweep", folder / "s.yaml", cwd=folder), "s.yaml:9", "did you mean 'seed'")
    refused(neurosim("sweep", folder / "missing.yaml", cwd=folder), "missing.yaml")
    assert not (folder / "results").exists()
    write(folder, "axes: {chip.core.neurons: {values: [1]}}")
    refused(neurosim("sweep", folder / "s.yaml", "-o", folder / "o", cwd=folder), "no point", NO_ROOM)
    write(folder)
    (folder / "data.npz").unlink()
    refused(neurosim("sweep", folder / "s.yaml", "-o", folder / "o2", cwd=folder), "data.npz")
    refused(neurosim("sweep", folder / "s.yaml", "-w", 2, "--scheduler", "tcp://x:1", cwd=folder), "one of the two")
