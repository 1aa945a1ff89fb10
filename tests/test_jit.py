"""What numba compiled is kept, found again, and never believed when its sources changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import neurosim as ns
from compiler import jit

HOME = Path(ns.__file__).parent.parent


def run_python(code: str, folder: Path, cache: Path | str) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join([str(folder), str(HOME)])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


USE = """
import loop
print(loop.scaled(2), loop.scaled.stats.cache_hits and sum(loop.scaled.stats.cache_hits.values()))
"""


def write_loop(folder: Path, factor: int) -> None:
    (folder / "numbers_of_loop.py").write_text(f"FACTOR = {factor}\n")
    (folder / "loop.py").write_text(
        "from compiler.jit import jit\nfrom numbers_of_loop import FACTOR\n\n\n"
        "@jit\ndef scaled(x):\n    return FACTOR * x\n"
    )


def test_a_second_process_finds_what_the_first_compiled(tmp_path: Path) -> None:
    write_loop(tmp_path, 3)
    assert run_python(USE, tmp_path, tmp_path / "cache").split()[0] == "6"
    assert run_python(USE, tmp_path, tmp_path / "cache").split() == ["6", "1"]


def test_a_change_of_a_file_beside_it_compiles_anew(tmp_path: Path) -> None:
    write_loop(tmp_path, 3)
    run_python(USE, tmp_path, tmp_path / "cache")
    write_loop(tmp_path, 5)
    assert run_python(USE, tmp_path, tmp_path / "cache").split()[0] == "10"


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    write_loop(tmp_path, 3)
    run_python(USE, tmp_path, tmp_path / "cache")
    for index in (tmp_path / "cache").rglob("*.nbi"):
        index.write_bytes(b"no index")
    assert run_python(USE, tmp_path, tmp_path / "cache").split()[0] == "6"


def double(x: int) -> int:
    return 2 * x


def test_where_nothing_can_be_written_functions_run_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_folders", lambda function: [Path(os.devnull) / "cache"])
    assert jit.jit(double)(4) == 8


def test_what_stands_in_a_folder_that_cannot_be_written_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jit, "_folders", lambda function: [tmp_path])
    jit.jit(double)(4)
    kept = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert kept

    def refuse(self: object, sig: object, data: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(jit._Place, "save_overload", refuse)
    again = jit.jit(double)
    assert again(4) == 8
    assert sum(again.stats.cache_hits.values()) == 1
    assert again(4.0) == 8.0  # not in the folder: compiled, and not kept
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == kept


def test_networks_of_all_sizes_share_one_compiled_loop() -> None:
    code = """
import neurosim as ns
from neurosim.simulation import kernel
for shape, channels in (((2, 2, 2), 1), ((4, 4, 4), 8), ((6, 6, 6), 3)):
    program = ns.compile(ns.liquid(shape, channels, seed=1), "loihi1")
    ns.run(program, [(0, 0)], 5)
    ns.run(program, [[(0, 0)], [(1, 0), (2, 0)]], [3, 4000], probe=[0])
print(len(kernel.advance.signatures))
"""
    assert run_python(code, HOME, os.environ.get("NUMBA_CACHE_DIR", "")).strip() == "1"


def test_programs_from_files_share_the_compiled_loop(tmp_path: Path) -> None:
    code = f"""
import neurosim as ns
from neurosim.simulation import crossbar_kernel, kernel
network = ns.Network()
network.add_lif("a", 3)
network.add_input("in", 2)
network.connect("in", "a", [0, 1], [0, 2], 30.0)
for chip in ("loihi1", "truenorth"):
    program = ns.compile(network, chip, approximate=True)
    ns.run(program, [(0, 0)], 5)
    program.save({str(tmp_path / "program.npz")!r})
    ns.run(ns.Program.load({str(tmp_path / "program.npz")!r}), [(0, 0)], 5)
print(len(kernel.advance.signatures), len(crossbar_kernel._advance_part.signatures))
"""
    assert run_python(code, HOME, os.environ.get("NUMBA_CACHE_DIR", "")).strip() == "1 1"
