"""The promise of the picture: every core and link of the program is in it; the same program gives the same bytes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_accounting import with_settings
from test_cli import neurosim, refused
from test_mapping import CHIP, layered

import neurosim as ns
from compiler.route import route
from neurosim.explaining import picture
from neurosim.explaining.picture import draw_mesh, save_mesh


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_the_same_program_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    program = ns.compile(layered(), CHIP)
    for name in ("a", "b"):
        save_mesh(program, tmp_path / f"{name}.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_another_process_draws_the_same(tmp_path: Path) -> None:
    program = ns.compile(layered(), CHIP)
    program.save(tmp_path / "p.npz")
    save_mesh(program, tmp_path / "a.svg")
    code = (
        "import neurosim as ns; from neurosim.explaining.picture import save_mesh;"
        "save_mesh(ns.Program.load('p.npz'), 'b.svg')"
    )
    home = str(Path(ns.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": home, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env=environment)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_it_has_a_square_for_each_core_and_an_arrow_for_each_link() -> None:
    chip = with_settings("loihi1", core__neurons=8, mesh__chips_x=2, mesh__tiles_x=2, mesh__tiles_y=2)
    program = ns.compile(layered(150), chip)
    axes = draw_mesh(program).axes[0]
    squares, arrows = axes.collections
    fill = squares.get_array()
    assert len(squares.get_paths()) == 32
    assert fill.count() == program.n_cores
    assert fill.max() == 100
    assert sorted(arrows.get_array().tolist()) == sorted(route(program).link_load.tolist())
    assert len(axes.patches) == 2  # chips


def test_titles_name_units(tmp_path: Path) -> None:
    save_mesh(ns.compile(layered(), CHIP), tmp_path / "mesh.svg")
    text = re.sub(r"<[^>]*>", "", (tmp_path / "mesh.svg").read_text())
    for words in ("(%)", "packets over a link, when every neuron fires once", "hops per spike", "tile, east-west"):
        assert words in text


def test_one_core_and_crossbars_are_drawn_too(tmp_path: Path) -> None:
    for i, program in enumerate(
        (ns.compile(layered(9), "ideal"), ns.compile(layered(9), "truenorth", approximate=True))
    ):
        save_mesh(program, tmp_path / f"{i}.png")
        assert (tmp_path / f"{i}.png").stat().st_size < 200_000


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = ns.compile(layered(), CHIP)
    with pytest.raises(ns.NeurosimError, match=r"mesh.jpg: a picture ends in .svg, .png or .pdf"):
        save_mesh(program, tmp_path / "mesh.jpg")
    with pytest.raises(ns.NeurosimError, match="cannot write"):
        save_mesh(program, tmp_path / "no" / "mesh.svg")
    monkeypatch.setattr(picture, "MOST_TILES", 3)
    with pytest.raises(ns.NeurosimError, match="more than the 3 that can be drawn"):
        save_mesh(program, tmp_path / "mesh.svg")
    assert list(tmp_path.iterdir()) == []


def test_on_the_command_line(tmp_path: Path) -> None:
    layered().save(tmp_path / "net.npz")
    done = neurosim("compile", "net.npz", "-c", "loihi1", "--picture", "mesh.svg", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mesh.svg").read_text().startswith("<?xml")
    before = sorted(tmp_path.iterdir())
    refused(
        neurosim("compile", "net.npz", "-c", "loihi1", "-o", "p.npz", "--picture", "mesh.gif", cwd=tmp_path), ".svg"
    )
    assert sorted(tmp_path.iterdir()) == before
    refused(neurosim("compile", "net.npz", "-c", "loihi1", "--picture", "net.npz", cwd=tmp_path), "written over")
