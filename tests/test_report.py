"""The report is one page that needs nothing else, says what kind of number each is, and trusts no text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import neurosim as ns
from neurosim.cli.app import app
from neurosim.reporting.html import safe_json, text
from neurosim.reporting.mesh import run_load
from neurosim.reporting.page import KINDS
from neurosim.reporting.thinning import MOST_MARKS, thin_raster

EVIL = "<script>alert(1)</script>\"'&"


def evil_run(steps: int = 60) -> tuple[ns.RunResult, ns.Program]:
    network = ns.Network()
    network.add_input("in", 4)
    network.add_lif(EVIL, 40, tau_mem_ms=20.0, tau_syn_ms=5.0)
    index = np.arange(40)
    network.connect("in", EVIL, index % 4, index, np.full(40, 0.9))
    network.connect(EVIL, EVIL, index, (index + 7) % 40, np.full(40, 0.4))
    program = ns.compile(network, ns.load_chip("loihi1_sanafe", {"core.neurons": 4}))
    return ns.run(program, [(t, t % 4) for t in range(steps)], steps), program


def row(chip: str, energy: float, accuracy: float, **more: Any) -> dict[str, Any]:
    return {
        "chip": chip,
        "overrides": {},
        "samples": 2,
        "energy_per_inference_j": energy,
        "latency_per_inference_s": 1e-3,
        "cores_used": 2,
        "energy_by_event_j": {"spike": energy},
        "accuracy": accuracy,
        "rests_on": {"energy": {"fitted": 1}},
        **more,
    }


class _Seen(HTMLParser):
    """What a browser would take the page for: elements, addresses, and data."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.data, self._is_data = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.addresses += [found[key] or "" for key in ("src", "href", "action") if key in found]
        self._is_data = tag == "script" and found.get("type") == "application/json"

    def handle_data(self, data: str) -> None:
        if self._is_data:
            self.data += data


def test_text_of_files_is_never_markup(tmp_path: Path) -> None:
    result, program = evil_run()
    page = ns.report(result, program, tmp_path / "r.html", name=EVIL).read_text()
    seen = _Seen(page)
    assert seen.tags.count("script") == 2
    assert "alert(1)</script>" not in page
    assert any(g["name"] == EVIL for figure in json.loads(seen.data) for g in figure.get("groups", []))
    assert text(EVIL) in page


def test_text_that_is_none_is_marked() -> None:
    assert text("a\x00b\ud800") == "a\ufffdb?"
    assert json.loads(safe_json({"<!--": "</script>&"})) == {"<!--": "</script>&"}
    assert not set("<>&") & set(safe_json("</script>&<!--"))


def test_a_page_needs_no_other_file(tmp_path: Path) -> None:
    result, program = evil_run()
    page = ns.report(result, program, tmp_path / "r.html").read_text()
    assert all(address.startswith("#") for address in _Seen(page).addresses)
    assert "default-src 'none'" in page
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org/2000/svg", "", page)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    first = ns.report(*evil_run(), tmp_path / "a.html", name="x").read_bytes()
    assert ns.report(*evil_run(), tmp_path / "b.html", name="x").read_bytes() == first


def test_numbers_say_their_kind_and_source(tmp_path: Path) -> None:
    result, program = evil_run()
    page = ns.report(result, program, tmp_path / "r.html").read_text()
    facts = re.findall(r"<dd><b>.*?</dd>", page)
    assert facts
    assert all(re.search(r'<span class="kind kind-(\w+)"', fact)[1] in KINDS for fact in facts)
    for path, source in result.chip.sources.items():
        if path.startswith("energy."):
            assert text(source.source) in page
    assert "not measured" in page


def test_links_carry_the_hops_that_were_counted() -> None:
    result, program = evil_run()
    load, *_, said = run_load(np.bincount(result.spike_neuron, minlength=program.n_neurons), program)
    assert load.sum() == result.counts.sum("hops_x") + result.counts.sum("hops_y") > 0
    assert said == "packets of this run"


@pytest.mark.parametrize("n_spikes", [0, 1, 30_000, 400_000])
def test_a_raster_is_thinned_but_loses_no_spike(n_spikes: int) -> None:
    draw = np.random.default_rng(1)
    column, row = draw.integers(0, 1201, n_spikes), draw.integers(0, 777, n_spikes)
    counts = np.bincount(column * 777 + row, minlength=1201 * 777).reshape(1201, 777)
    wide, high, *cells, spikes = thin_raster(counts)
    assert len(spikes) <= MOST_MARKS
    expected = np.zeros((-(-1201 // wide), -(-777 // high)), np.int64)
    np.add.at(expected, (column // wide, row // high), 1)
    found = np.zeros_like(expected)
    found[tuple(cells)] = spikes
    assert np.array_equal(found, expected)


def test_a_streamed_run_has_the_page_of_the_run(tmp_path: Path) -> None:
    network = ns.liquid(shape=(4, 4, 8), channels=8, gain=1.5, seed=1)
    program = ns.compile(network, ns.load_chip("loihi1", {"core.neurons": 32}))
    samples = [[(t, c) for t in range(n) for c in range(8) if (t + c) % 3 == 0] for n in (100, 70, 130)]
    trains = ns.SpikeTrains.from_samples(samples, [100, 70, 130])
    for chunk_steps in (17, 200):
        folder = tmp_path / str(chunk_steps) / "run"
        ns.run_to_disk(program, trains, None, folder, chunk_steps=chunk_steps)
        streamed = ns.report(folder, program, tmp_path / f"{chunk_steps}.html").read_text()
        whole = ns.report(ns.run(program, trains), program, tmp_path / "whole.html", name="run").read_text()
        assert streamed == whole


def test_large_runs_make_small_pages(tmp_path: Path) -> None:
    network = ns.liquid(shape=(10, 10, 20), channels=20, gain=1.5, seed=1)
    program = ns.compile(network, ns.load_chip("loihi1", {"core.neurons": 32}))
    spikes = [(t, c) for t in range(4000) for c in range(20) if (t + c) % 3 == 0]
    result = ns.run(program, spikes, 4000)
    assert result.n_spikes > 100_000
    page = ns.report(result, program, tmp_path / "r.html")
    assert page.stat().st_size < 3e6
    assert "Thinned to what can be seen" in page.read_text()


def test_samples_without_time_and_without_program(tmp_path: Path) -> None:
    _, program = evil_run()
    short = ns.run(program, [[(0, 1)], [(1, 2)]], 5, per_step=False)
    assert "kept no counts per step" in ns.report(short, path=tmp_path / "a.html").read_text()
    silent = ns.run(program, None, 1)
    assert ns.report(silent, program, tmp_path / "b.html").is_file()
    crossbar = ns.Network.load(Path(__file__).parent.parent / "examples/network.yaml")
    on_crossbar = ns.compile(crossbar, ns.load_chip("truenorth"), approximate=True)
    assert ns.report(ns.run(on_crossbar, [(0, 0)], 20), on_crossbar, tmp_path / "c.html").is_file()


def test_rows_of_comparisons_and_studies(tmp_path: Path) -> None:
    rows = [row(EVIL, 1e-6, 0.9), row("b", 2e-6, 0.8), {"chip": "c", "overrides": {}, "error": EVIL}]
    page = ns.report(rows, path=tmp_path / "c.html").read_text()
    assert _Seen(page).tags.count("script") == 2
    assert page.count(text(EVIL)) >= 2
    assert "Pareto" in page
    study = {
        "name": "s",
        "objectives": [{"name": "accuracy"}],
        "rows": [
            {"point": 0, "settings": {"liquid.gain": 0.5}, "status": "done", "measures": rows[0], "feasible": False},
            {"point": 1, "settings": {"liquid.gain": 0.7}, "status": "refused", "reason": "no room", "measures": None},
        ],
    }
    (tmp_path / "study").mkdir()
    (tmp_path / "study/study.json").write_text(json.dumps(study))
    page = ns.report(tmp_path / "study", path=tmp_path / "s.html").read_text()
    assert "no room" in page
    assert "break a constraint" in page


def test_the_command(tmp_path: Path) -> None:
    result, program = evil_run()
    result.save(tmp_path / "run.npz")
    program.save(tmp_path / "program.npz")
    files = [str(tmp_path / name) for name in ("run.npz", "out.html", "program.npz")]
    done = CliRunner().invoke(app, ["report", files[0], "-o", files[1], "--program", files[2], "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told == {"report": files[1], "bytes": (tmp_path / "out.html").stat().st_size}
    assert (tmp_path / "out.html").read_bytes() == ns.report(
        tmp_path / "run.npz", program, tmp_path / "b.html"
    ).read_bytes()


def test_refusals_leave_nothing(tmp_path: Path) -> None:
    result, _ = evil_run()
    _, other = evil_run()
    network = ns.liquid(shape=(2, 2, 2), channels=1, seed=1)
    foreign = ns.compile(network, ns.load_chip("loihi1"))
    result.save(tmp_path / "run.npz")
    with pytest.raises(ns.RunError, match="another program"):
        ns.report(result, foreign, tmp_path / "a.html")
    with pytest.raises(ns.NeurosimError, match="holds no run"):
        ns.report(tmp_path, path=tmp_path / "a.html")
    with pytest.raises(ns.NeurosimError, match="cannot write"):
        ns.report(result, other, tmp_path / "none/a.html")
    for arguments in (
        ["report", str(tmp_path / "run.npz"), "-o", str(tmp_path / "run.npz")],
        ["report", "nothing.npz"],
    ):
        assert isinstance(CliRunner().invoke(app, arguments).exception, ns.NeurosimError)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
