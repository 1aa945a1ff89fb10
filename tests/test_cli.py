"""The command line, as a user meets it: whole processes, their output, files and exit codes."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns

ROOT = Path(__file__).parent.parent
ROW_KEYS = {
    "chip",
    "overrides",
    "cores_used",
    "neurons",
    "synapses",
    "steps",
    "spikes",
    "synaptic_events",
    "packets",
    "hops",
    "energy_j",
    "static_energy_j",
    "latency_s",
    "step_time_p99_s",
    "accuracy",
    "baseline_accuracy",
}


def neurosim(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "neurosim.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=_environment(), timeout=300)


def _environment() -> dict[str, str]:
    home = str(Path(ns.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([home, os.environ.get("PYTHONPATH", "")])}


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    network = ns.liquid((3, 3, 3), channels=4, gain=2.0, seed=3)
    network.save(tmp_path / "liquid.npz")
    return tmp_path / "liquid.npz"


@pytest.fixture
def program_file(network_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / "program.npz"
    done = neurosim("compile", network_file, "--chip", "loihi1", "-o", path, "--quiet")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def spike_file(tmp_path: Path) -> Path:
    spikes = np.argwhere(np.random.default_rng(0).random((50, 4)) < 0.3)
    np.savez(tmp_path / "spikes.npz", step=spikes[:, 0], channel=spikes[:, 1])
    return tmp_path / "spikes.npz"


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One clear message, exit code 1, no traceback."""
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ") or ":" in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_help_needs_no_heavy_imports() -> None:
    heavy = "{'numba', 'numpy', 'scipy', 'matplotlib', 'sklearn'}"
    code = f"import sys, neurosim.cli.app; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=_environment())
    assert done.stdout.strip() == "[]"


def test_wrong_usage_exits_with_2() -> None:
    assert neurosim("compile").returncode == 2
    assert neurosim("nonsense").returncode == 2
    assert neurosim("run", "x.npz", "--steps", "0").returncode == 2


def test_compile_then_run(program_file: Path, spike_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "run.npz"
    done = neurosim("run", program_file, "--input", spike_file, "--steps", 60, "-o", output, "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    result = ns.RunResult.load(output)
    assert data["spikes"] == result.n_spikes > 0
    assert data["steps"] == 60
    chip = ns.load_chip("loihi1")
    assert data["energy_j"] == pytest.approx(ns.energy(result.counts, chip).dynamic_pj * 1e-12, rel=1e-12)
    assert data["latency_s"] == pytest.approx(ns.latency(result.counts, chip).total_ns * 1e-9, rel=1e-12)


def test_threads_change_no_byte(program_file: Path, spike_file: Path, tmp_path: Path) -> None:
    for n in (1, 2):
        neurosim(
            "run", program_file, "-i", spike_file, "--steps", 60, "-o", tmp_path / f"{n}.npz", "--threads", n, "--quiet"
        )
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    assert neurosim("run", program_file, "-i", spike_file, "--threads", 0).returncode == 2


def test_compile_reports_usage_and_errors(network_file: Path, tmp_path: Path) -> None:
    done = neurosim("compile", network_file, "-c", "loihi1", "--set", "core.neurons=9", "-o", tmp_path / "p", "--json")
    data = json.loads(done.stdout)
    assert data["usage"]["cores_used"] == data["usage"]["cores_lower_bound"] == 3
    assert data["overrides"] == {"core.neurons": 9}
    assert {entry["parameter"] for entry in data["lowering"]} >= {"tau_mem_ms", "weight", "v_threshold"}
    plain = neurosim("compile", network_file, "-c", "loihi1", "-o", tmp_path / "p")
    assert "packets per spike" in plain.stdout


def test_run_prices_with_another_list(program_file: Path) -> None:
    data = [
        json.loads(neurosim("run", program_file, "--steps", 20, "--chip", chip, "--json").stdout)
        for chip in ("loihi1", "loihi1_sanafe")
    ]
    assert data[0]["spikes"] == data[1]["spikes"]
    assert data[1]["energy_j"] > data[0]["energy_j"]
    done = neurosim("run", program_file, "--steps", 20, "--set", "core.neurons=512")
    refused(done, "loihi1", "compile the network for that profile")


def test_run_sets_prices_on_top_of_the_programs_own_chip(network_file: Path, tmp_path: Path) -> None:
    own = "format: neurosim-chip/1\nextends: loihi1\nname: mine\n"
    (tmp_path / "mine.yaml").write_text(own)
    made = ["compile", network_file, "-c", tmp_path / "mine.yaml", "--set", "energy.neuron_update_pj=1000"]
    neurosim(*made, "-o", tmp_path / "p.npz")
    before, after = (
        json.loads(neurosim("run", tmp_path / "p.npz", "--steps", 20, "--json", *more).stdout)
        for more in ([], ["--set", "energy.spike_pj=29"])
    )
    assert after["energy_j"] == before["energy_j"]
    assert before["energy_j"] >= 27 * 20 * 1e-9
    assert after["overrides"] == {"energy.neuron_update_pj": 1000, "energy.spike_pj": 29}


def test_chips_commands() -> None:
    names = {chip["name"] for chip in json.loads(neurosim("chips", "list", "--json").stdout)["chips"]}
    assert names == set(ns.list_chips())
    shown = neurosim("chips", "show", "loihi1").stdout
    assert "energy.synaptic_event_pj" in shown
    assert "Davies" in shown
    assert json.loads(neurosim("chips", "schema").stdout)["$schema"]
    assert neurosim("chips", "check", ROOT / "examples" / "half_loihi.yaml").returncode == 0


def test_chips_check_lists_all_faults(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        "format: neurosim-chip/1\nextends: loihi1\nname: bad\ncore:\n  nuerons: {value: 4, kind: assumed, source: x}\n"
        "energy:\n  hop_x_pj: 3.0\n"
    )
    done = neurosim("chips", "check", tmp_path / "bad.yaml")
    refused(done, "bad.yaml:5", "did you mean 'neurons'", "bad.yaml:7", "source")
    data = json.loads(neurosim("chips", "check", tmp_path / "bad.yaml", "--json").stdout)
    assert len(data["faults"]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compile", "missing.npz", "--chip", "loihi1"], ["missing.npz"]),
        (["compile", "{network}", "--chip", "loihi9"], ["loihi9", "did you mean"]),
        (["compile", "{network}", "--chip", "loihi1", "--set", "core.neuron=9"], ["did you mean", "core.neurons"]),
        (["compile", "{network}", "--chip", "loihi1", "--set", "core.neurons=-9"], ["core.neurons", "-9"]),
        (["compile", "{network}", "--chip", "loihi1", "-o", "no/such/folder/p.npz"], ["cannot write"]),
        (["compile", "{network}", "--chip", "tiny", "--set", "core.neurons=2"], ["cores", "mesh.tiles_y"]),
        (["run", "{network}", "--steps", "5"], ["neurosim-program/2"]),
        (["run", "{spikes}", "--steps", "5"], ["no neurosim header"]),
        (["run", "{program}"], ["--steps"]),
        (["run", "{program}", "--input", "{spikes}", "--steps", "10"], ["outside the run"]),
        (["run", "{program}", "--input", "{network}", "--steps", "10"], ["step"]),
        (["compare", "missing.yaml"], ["missing.yaml"]),
        (["compare", f"{ROOT}/examples/vowels.yaml", "--chip", "loihi9"], ["loihi9", "did you mean"]),
        (["compile", "{network}", "--chip", "loihi1", "-o", "{network}"], ["written over", "-o"]),
        (["run", "{program}", "--steps", "5", "-o", "{program}"], ["written over", "-o"]),
        (["run", "{program}", "--steps", "5", "--resume"], ["--stream"]),
        (["run", "{program}", "--steps", "5", "--stream", "new", "-o", "new.npz"], ["-o", "--stream"]),
        (["chips", "show", "nothing"], ["nothing"]),
    ],
)
def test_refusals(
    arguments: list[str], words: list[str], network_file: Path, program_file: Path, spike_file: Path, tmp_path: Path
) -> None:
    filled = [a.format(network=network_file, program=program_file, spikes=spike_file) for a in arguments]
    before = sorted(tmp_path.iterdir())
    refused(neurosim(*filled, cwd=tmp_path), *words)
    assert sorted(tmp_path.iterdir()) == before  # nothing half-made is left


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "{network}", "--steps", "5"], "it is a network, for `neurosim compile`"),
        (["run", "nothing.npz", "--steps", "5"], "check the path"),
        (["run", "{experiment}", "--steps", "5"], "give an .npz file"),
        (["report", "{experiment}"], "is no run, comparison or study: give RUN.npz"),
        (["chips", "check", "{experiment}"], "it is an experiment, for `neurosim compare`"),
        (["compare", "{chip}"], "it is a chip, for --chip"),
        (["compare", "{folder}"], "give the path of a file in it"),
        (["sweep", "{experiment}"], "it is an experiment, for `neurosim compare`"),
        (["compile", "{experiment}", "--chip", "loihi1"], "it is an experiment, for `neurosim compare`"),
        (["compile", "{chip}", "--chip", "loihi1"], "it is a chip, for --chip"),
    ],
)
def test_another_file_than_the_command_takes_is_told_in_a_line(
    arguments: list[str], words: str, network_file: Path, tmp_path: Path
) -> None:
    names = {
        "network": network_file,
        "folder": tmp_path,
        "experiment": ROOT / "examples/vowels.yaml",
        "chip": ROOT / "examples/own_chip.yaml",
    }
    done = neurosim(*(a.format(**names) for a in arguments), cwd=tmp_path)
    refused(done, words)
    assert done.stderr.count("\n") == 1


def test_refusal_as_json(tmp_path: Path) -> None:
    done = neurosim("compile", "missing.npz", "--chip", "loihi1", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "missing.npz" in json.loads(done.stdout)["error"]


def interrupted(
    terminal: "Terminal",
    *arguments: object,
    when: str,
    how: signal.Signals = signal.SIGINT,
    without_ctrl_c: bool = False,
) -> tuple[str, str]:
    """What a command prints that gets Ctrl-C, or another signal, once `when` stands on its standard error."""
    command = [sys.executable, "-m", "neurosim.cli", *map(str, arguments)]
    if without_ctrl_c:  # as a shell runs what a script puts in the background
        command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    process = subprocess.Popen(
        command, stderr=terminal.inside, stdout=subprocess.PIPE, text=True, env={**_environment(), "TERM": "xterm"}
    )
    try:
        terminal.wait_for(when)
        process.send_signal(how)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (130, -signal.SIGINT)  # a shell says 130 of both; Python chooses by where it was
    errors = terminal.rest()
    assert "Traceback" not in errors
    assert "interrupted" in errors
    return output, errors


class Terminal:
    """What a process takes for a terminal."""

    def __init__(self) -> None:
        self.outside, self.inside = pty.openpty()
        self.text = ""

    def read(self, seconds: float) -> bool:
        ready = select.select([self.outside], [], [], seconds)[0]
        if ready:
            self.text += os.read(self.outside, 65536).decode(errors="replace")
        return bool(ready)

    def wait_for(self, words: str) -> None:
        began = time.monotonic()
        while words not in self.text:
            self.read(0.1)
            assert time.monotonic() - began < 60, self.text

    def rest(self) -> str:
        while self.read(0.2):
            pass
        return self.text


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    os.close(made.inside)
    os.close(made.outside)


def test_interrupt_keeps_the_steps_that_were_done(program_file: Path, tmp_path: Path, terminal: Terminal) -> None:
    output = tmp_path / "run.npz"
    _, errors = interrupted(terminal, "run", program_file, "--steps", 70_000_000, "-o", output, when="/s")
    assert "steps" in errors
    assert f"of 70,000,000 steps were done; {output} holds them" in errors.replace("\r\n", "")
    kept = ns.RunResult.load(output)
    assert kept.n_samples == 1
    assert 0 < kept.steps[0] < 70_000_000
    assert kept.counts.sum("neuron_updates") == 27 * kept.steps[0]


def test_interrupt_keeps_the_samples_that_were_done(program_file: Path, tmp_path: Path, terminal: Terminal) -> None:
    output, n = tmp_path / "run.npz", 300_000
    inputs = ns.SpikeTrains.from_events([3, 4], [0, 1], np.full(n, 200), [0, 1])
    inputs.save(tmp_path / "many.npz")
    printed, errors = interrupted(terminal, "run", program_file, "-i", tmp_path / "many.npz", "-o", output, when="/s")
    assert f"of {n:,} samples were done" in errors
    kept = ns.RunResult.load(output)
    assert (kept.steps == 200).all()
    assert 0 < kept.n_samples < n
    wanted = ns.run(ns.Program.load(program_file), inputs[: kept.n_samples])
    assert np.array_equal(kept.counts.total, wanted.counts.total)
    assert np.array_equal(kept.spike_step, wanted.spike_step)
    assert "dynamic energy" in printed  # what was done is priced


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_comparison_writes_nothing_and_says_so_once(
    tmp_path: Path, terminal: Terminal, how: signal.Signals
) -> None:
    experiment, out = ROOT / "examples" / "vowels.yaml", tmp_path / "out"
    printed, errors = interrupted(terminal, "compare", experiment, "-o", out, when="calibrating", how=how)
    assert printed == ""
    assert errors.count("interrupted: no row is written") == 1
    assert not out.exists()


@pytest.mark.parametrize("in_background", [False, True])
def test_a_terminated_run_keeps_what_was_done(
    in_background: bool, program_file: Path, tmp_path: Path, terminal: Terminal
) -> None:
    output = tmp_path / "run.npz"
    more = ("--steps", 70_000_000, "-o", output)
    interrupted(terminal, "run", program_file, *more, when="/s", how=signal.SIGTERM, without_ctrl_c=in_background)
    assert 0 < ns.RunResult.load(output).steps[0] < 70_000_000


def test_a_streamed_run_goes_on_after_an_interrupt(program_file: Path, tmp_path: Path, terminal: Terminal) -> None:
    folder, steps = tmp_path / "long", 400_000
    more = ["--stream", folder, "--chunk-steps", 1000, "--steps", steps]
    _, errors = interrupted(terminal, "run", program_file, *more, when="/s")
    assert "--resume goes on" in errors
    assert not ns.StreamedRun.load(folder).is_complete
    refused(neurosim("run", program_file, *more), "holds a run already", "--resume")
    done = neurosim("run", program_file, *more, "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    row = json.loads(done.stdout)
    assert (row["complete"], row["steps"], row["chunks"]) == (True, steps, steps // 1000)
    whole = json.loads(neurosim("run", program_file, "--steps", steps, "--json").stdout)
    for key in ("spikes", "synaptic_events", "neuron_updates", "overruns"):
        assert row[key] == whole[key]
    for key in ("energy_j", "static_energy_j", "latency_s", "step_time_s", "step_time_worst_s"):
        assert row[key] == pytest.approx(whole[key])
    printed = neurosim("run", program_file, *more, "--resume")
    assert "400 of 400 chunks" in printed.stdout


def test_quiet_prints_errors_only_and_writes_its_files(program_file: Path, spike_file: Path, tmp_path: Path) -> None:
    """Of every command: what goes to files still goes there, and an error is still one line."""
    experiment = tmp_path / "mine" / "experiment.yaml"
    small = "liquid: {shape: [2, 2, 2]}\nchips: [{chip: loihi1}]\n"
    study = tmp_path / "study.yaml"
    study.write_text(
        "format: neurosim-study/1\nname: s\nexperiment: mine/experiment.yaml\naxes: {liquid.seed: {values: [0]}}\n"
        "search: {kind: grid}\nobjectives: [cores]\n"
    )
    commands = (
        (["init", "mine"], "mine/chip.yaml"),
        (["run", program_file, "-i", spike_file, "--steps", 50, "-o", "run.npz"], "run.npz"),
        (["run", program_file, "-i", spike_file, "--steps", 50, "--stream", "long"], "long"),
        (["debug", program_file, "-i", spike_file, "--steps", 50, "--raster", "raster.png"], "raster.png"),
        (["report", "run.npz", "-o", "report.html"], "report.html"),
        (["compare", experiment, "-o", "rows"], "rows/comparison.json"),
        (["sweep", study, "-o", "points", "--workers", "1"], "points/study.json"),
        (["liquid", "inspect", experiment, "-o", "liquid"], "liquid/liquid.json"),
        (["faults", experiment, "--rates", "0", "--kinds", "stuck_synapses"], "mine/chip.yaml"),
    )
    for arguments, written in commands:
        done = neurosim(*arguments, "--quiet", cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), arguments
        assert (tmp_path / written).exists(), arguments
        if arguments[0] == "init":
            text = experiment.read_text()
            experiment.write_text(text.split("liquid:")[0] + small)
    failed = neurosim("run", program_file, "--quiet")
    refused(failed, "--steps")
    assert (failed.stdout, failed.stderr.count("\n")) == ("", 1)
    assert json.loads(neurosim("run", program_file, "--steps", 5, "--quiet", "--json").stdout)["steps"] == 5


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_quiet_and_json_leave_a_terminal_alone(program_file: Path, terminal: Terminal, option: str) -> None:
    command = [sys.executable, "-m", "neurosim.cli", "run", program_file, "--steps", "2000000", option]
    subprocess.run(
        [str(part) for part in command], stderr=terminal.inside, stdout=subprocess.PIPE, env=_environment(), check=True
    )
    assert terminal.rest() == ""


def test_compare_rows(tmp_path: Path) -> None:
    experiment = (
        (ROOT / "examples" / "vowels.yaml").read_text().replace("data/japanese", f"{ROOT}/examples/data/japanese")
    )
    experiment = experiment.replace("shape: [4, 4, 16]", "shape: [2, 2, 4]")
    (tmp_path / "small.yaml").write_text(experiment)
    chips = ["--chip", "loihi1", "--chip", "tiny", "--set", "core.input_axons=1"]
    done = neurosim("compare", tmp_path / "small.yaml", *chips[:2], "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)[0]
    assert set(row) >= ROW_KEYS
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["rows"][0] == row
    refused(neurosim("compare", tmp_path / "small.yaml", *chips, "-o", tmp_path / "out"), "core.input_axons")
