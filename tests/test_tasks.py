"""The real tasks, at a size for every day: examples run on recordings beside the project, where there are any."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import neurosim as ns

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recordings(name: str) -> str:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no recordings at {path}: the task is not run")
    return str(path)


def printed(
    name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    example(name).main()
    return capsys.readouterr().out


def figure(text: str, row: str) -> float:
    """The first number after a row's name."""
    found = re.search(re.escape(row) + r"\s+(-?[\d.]+)", text)
    assert found is not None, f"no row {row!r} in\n{text}"
    return float(found.group(1))


def test_fibrillation_is_told_on_patients_never_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One seed and every thirtieth window: 32 neurons above their bar of 92 %, at no loss to the chip."""
    data = recordings("afdb_rr.npz")
    text = printed("atrial_fibrillation", [data, "--sizes", "32", "--seeds", "1", "--every", "30"], monkeypatch, capsys)
    chip, real = figure(text, "liquid of 32, compiled, on the chip"), figure(text, "liquid of 32, float readout")
    assert chip > 92
    assert chip > real - 1
    assert "differ on 0 of" in text
    assert "not reproduced" in text


def test_digits_are_told_apart_50_ms_after_the_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One seed, official split: 135 neurons above their bar of 94 % with one count, and with what the chip can form."""
    data = recordings("fsdd.npz")
    text = printed("spoken_digits", [data, "--seeds", "1", "--splits", "official"], monkeypatch, capsys)
    for name in ("one count", "four features"):
        chip = figure(text, f"liquid of 135, {name}, compiled, on the chip")
        assert chip > 94
        assert chip > figure(text, f"liquid of 135, {name}, float readout") - 1
    assert "differ on 0 decisions" in text


def test_a_pendulum_is_held_when_its_motor_weakens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two seeds: the readout that learns holds and recovers; a loop takes the chip far less than its 20 ms."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    text = printed("control_loop", ["--seeds", "2"], monkeypatch, capsys)
    assert re.search(r"liquid, learning\s+2/2\s+2/2", text), text
    assert figure(text, "modelled on the chip: p99") < 20


def test_learning_does_not_raise_the_gain_of_the_loop_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 s without any change: the pendulum is held as gently at the end as at the start."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    loop = example("control_loop")
    found = loop.calibrated()
    program = ns.compile(loop.build(found.gain, found.inhibition, 50), loop.CHIP)
    states, _ = loop.hold(program, loop.imitate(program, 50), 50, loop.LEARNING, 4000, None)
    assert len(states) == 4000
    assert states[3000:, 1].std() < 1.5 * states[100:1000, 1].std()


@pytest.mark.parametrize("name", ["atrial_fibrillation", "spoken_digits"])
def test_recordings_that_are_not_there_are_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        printed(name, ["/no/such/place"], monkeypatch, capsys)
    said = capsys.readouterr().err
    assert "/no/such/place" in said
    assert "Traceback" not in said
