"""Experiment files: every kind of encoder, every setting of the liquid and the readout, and one clear line if wrong."""

import dataclasses
import errno
import inspect
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from test_cli import neurosim, refused

import neurosim as ns
from chips import ExperimentError
from neurosim import experiment_encoders as sections
from neurosim.cli.print_comparison import _notes_of
from neurosim.comparison import compare
from neurosim.encoders.mel_bands import MelBands
from neurosim.encoders.onset_offset import OnsetOffset
from neurosim.experiment import Liquid, Readout, load_experiment
from neurosim.figure import save_comparison
from neurosim.readouts.features import COUNT, starts, traces
from neurosim.sequences import spread
from neurosim.task import Task, prepare

CODINGS: list[type[sections.Coding]] = [
    sections.RateCoding,
    sections.ProportionalCoding,
    sections.PopulationCoding,
    sections.LatencyCoding,
    sections.LevelCrossingCoding,
    sections.StepForwardCoding,
    sections.BSACoding,
]
KIND_OF = {section.model_fields["kind"].default: section for section in CODINGS}

FILE = """format: neurosim-experiment/1
name: small
data: {file: data.npz}
encoder: {%s}
liquid: {shape: [2, 2, 3], calibration_samples: 4, input_density: 0.5, %s}
readout: {bins: [1], alpha: 1, %s}
chips: [{chip: loihi1}]
"""


def write(folder: Path, encoder: str = "", liquid: str = "", readout: str = "") -> Path:
    (folder / "e.yaml").write_text(FILE % (encoder, liquid, readout))
    return folder / "e.yaml"


def save(folder: Path, sequences: list[np.ndarray], label: np.ndarray, is_test: np.ndarray) -> None:
    length = np.array([len(x) for x in sequences])
    np.savez(folder / "data.npz", values=np.concatenate(sequences), length=length, label=label, is_test=is_test)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of two inputs between 0 and 1: one that oscillates slowly, and one fast; 6 + 6 samples."""
    rng = np.random.default_rng(0)
    label = np.arange(12) % 2
    phase, frame = rng.random((12, 1, 2)), np.arange(10)[:, None]
    waves = np.sin(2 * np.pi * ((0.1 + 0.2 * label)[:, None, None] * frame + phase))
    save(tmp_path, list(0.5 + 0.5 * waves), label, np.arange(12) >= 6)
    return tmp_path


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Two classes of tones, 0.1 s at 4 kHz, in whole numbers of 16 bits."""
    rng = np.random.default_rng(1)
    label, time_s = np.arange(8) % 2, np.arange(400) / 4000
    tones = [np.sin(2 * np.pi * (300 + 900 * k) * time_s + rng.random()) for k in label]
    save(tmp_path, [np.rint(20000 * x)[:, None] for x in tones], label, np.arange(8) >= 4)
    arrays = dict(np.load(tmp_path / "data.npz"))
    np.savez(tmp_path / "data.npz", **{**arrays, "values": arrays["values"].astype(np.int16)}, scale=32768)
    return tmp_path


def faults(path: Path) -> list[tuple[str, str]]:
    with pytest.raises(ExperimentError) as error:
        load_experiment(path)
    assert all(fault.where.startswith(f"{path}:") for fault in error.value.faults)
    return [(fault.path, fault.message) for fault in error.value.faults]


# ---------------------------------------------------------------- encoders


@pytest.mark.parametrize(
    ("encoder", "channels"),
    [
        ("", 4),
        ("kind: rate, code: poisson, seed: 3", 4),
        ("kind: proportional, low: -0.5, high: 1", 2),
        ("kind: population, n_neurons: 5, code: rate", 10),
        ("kind: population, value_range: [0, 1]", 16),
        ("kind: latency", 2),
        ("kind: level_crossing, mode: level, thresholds: [0.25, 0.5, 0.75]", 12),
        ("kind: level_crossing, steps_per_frame: 8", 16),
        ("kind: step_forward, threshold: 0.1", 4),
        ("kind: bsa, fir: [1, 2, 1], threshold: 0.5", 2),
    ],
)
def test_every_kind_of_encoder_is_compared_and_twice_the_same(folder: Path, encoder: str, channels: int) -> None:
    """From the file to accuracy, energy and the readout on the chip; the same bytes again."""
    path = write(folder, encoder)
    first, second = (json.dumps(compare(path).to_dict()) for _ in range(2))
    assert first == second
    row = json.loads(first)["rows"][0]
    assert row["samples"] == 12
    assert row["spikes"] > 0
    assert row["energy_j"] > 0
    assert 0 <= row["accuracy"] <= 1
    assert row["readout"]["differs_from_host"] == 0
    assert prepare(load_experiment(path)).channels == channels


@pytest.mark.parametrize(("n", "few"), [(270, 30), (59, 30), (31, 30), (30, 30), (4, 30), (10, 1), (101, 7)])
def test_calibration_samples_are_spread_over_all(n: int, few: int) -> None:
    taken = spread(n, few)
    assert len(taken) == min(n, few)
    assert taken[0] == 0
    gaps = np.diff([*taken, n])  # the last sample is as near to the end as any to its next
    assert 1 <= gaps.min() <= gaps.max() <= gaps.min() + 1


def test_experiments_and_estimators_calibrate_on_the_same_samples(folder: Path) -> None:
    task = prepare(load_experiment(write(folder, "kind: rate")))
    training = ns.RateEncoder(16).fit(task.data.training).transform(task.data.training)
    assert same(task.calibration, training[spread(len(task.data.training), 4)])


def test_a_file_without_a_kind_means_rates(folder: Path) -> None:
    """The files from before there were kinds."""
    old = load_experiment(write(folder, "steps_per_frame: 8, span: 2, max_rate: 0.5"))
    assert old == load_experiment(write(folder, "kind: rate, steps_per_frame: 8, span: 2, max_rate: 0.5"))
    fitted = ns.RateEncoder(8, 2, 0.5).fit(prepare(old).data.training)
    assert same(prepare(old).trains, fitted.transform(prepare(old).data.sequences))


@pytest.mark.parametrize("kind", sorted(KIND_OF))
def test_encoders_learn_from_training_samples_only(folder: Path, kind: str) -> None:
    """Other test samples change no spike of a training sample."""
    before = prepare(load_experiment(write(folder, f"kind: {kind}")))
    arrays = dict(np.load(folder / "data.npz"))
    arrays["values"][60:] = 100 * arrays["values"][60:] - 7
    np.savez(folder / "data.npz", **arrays)
    after = prepare(load_experiment(write(folder, f"kind: {kind}")))
    training = ~before.data.is_test
    assert same(before.trains[training], after.trains[training])
    assert same(before.calibration, after.calibration)


def same(a: ns.SpikeTrains, b: ns.SpikeTrains) -> bool:
    names = [field.name for field in dataclasses.fields(a)]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names if getattr(a, name) is not None)


@pytest.mark.parametrize("kind", sorted(KIND_OF))
def test_a_section_has_the_settings_of_its_class(kind: str) -> None:
    """All of them, with the same defaults; dt_ms is the liquid's."""
    encoder = sections.make_encoder(KIND_OF[kind](), dt_ms=0.5)
    assert encoder.dt_ms == 0.5
    assert KIND_OF[kind]().settings() == defaults_of(type(encoder), "dt_ms")
    assert KIND_OF[kind].model_fields["kind"].default in sections.ENCODERS


def test_the_front_end_has_the_settings_of_its_classes() -> None:
    bands = sections.MelFrontEnd(sample_rate_hz=8000)
    assert bands.model_dump() == defaults_of(MelBands)
    assert sections.OnsetFrontEnd().model_dump() == defaults_of(OnsetOffset, "hop_ms")


def defaults_of(made: Any, *but: str) -> dict[str, Any]:
    return {name: p.default for name, p in inspect.signature(made).parameters.items() if name not in but}


NUMBERS = st.one_of(
    st.floats(), st.sampled_from([0.0, -0.0, 1.0, 1.5, 5e-324, 1e100, -1e100, 1e101, float("inf")]), st.integers()
)
VALUES: dict[str, Any] = {
    "steps_per_frame": st.integers(-1, 10_002),
    "n_neurons": st.sampled_from([0, 2, 3, 10_000, 10_001]),
    "n_thresholds": st.sampled_from([0, 1, 10_000, 10_001]),
    "seed": st.sampled_from([-1, 0, 2**63 - 1, 2**63]),
    "code": st.sampled_from(["regular", "poisson", "latency", "rate", ""]),
    "mode": st.sampled_from(["change", "level", "value", "levels"]),
    "value_range": st.none() | st.tuples(NUMBERS, NUMBERS),
    "thresholds": st.none() | st.lists(NUMBERS, max_size=4).map(tuple),
    "fir": st.none() | st.lists(NUMBERS, max_size=4).map(tuple),
}


@pytest.mark.parametrize("kind", sorted(KIND_OF))
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_a_file_accepts_its_encoder_accepts(kind: str, data: st.DataObject) -> None:
    """No faulty number gets past the file, where its line is known, to the class."""
    section = KIND_OF[kind]
    names = data.draw(st.lists(st.sampled_from(sorted(section().settings())), max_size=2, unique=True))
    values = {name: data.draw(VALUES.get(name, NUMBERS)) for name in names}
    try:
        accepted = section(**values)
    except ValidationError:
        return
    sections.make_encoder(accepted, 1.0).fit([np.arange(6.0).reshape(3, 2)])


def test_sound_goes_through_mel_bands(sound: Path) -> None:
    """Two tones are told apart; the baseline is one of the bands, and is called so."""
    front = "mel_bands: {sample_rate_hz: 4000, n_bands: 6}, steps_per_frame: 10"
    comparison = compare(write(sound, front))
    assert comparison.raw == "mel bands"
    assert comparison.rows[0]["accuracy"] == 1
    task = prepare(load_experiment(write(sound, front)))
    assert task.channels == 12
    assert task.trains.steps.tolist() == [80] * 8  # frames of 25 ms, every 10 ms


def test_onsets_and_offsets_follow_mel_bands(sound: Path) -> None:
    front = "mel_bands: {sample_rate_hz: 4000, n_bands: 6, hop_ms: 20}, onset_offset: {tail_frames: 2}"
    task: Task = prepare(load_experiment(write(sound, f"kind: proportional, {front}")))
    heard = [np.load(sound / "data.npz")["values"][:400, 0] / 32768]
    expected = OnsetOffset(tail_frames=2, hop_ms=20).transform(MelBands(4000, n_bands=6, hop_ms=20).transform(heard))
    assert task.data.sequences[0] == pytest.approx(expected[0])
    assert task.channels == 18


@pytest.mark.parametrize(
    ("encoder", "place", "words"),
    [
        ("kind: rates", "encoder.kind", "is 'rates', which is no encoder: did you mean 'rate'?"),
        ("kind: [rate]", "encoder.kind", "legal are rate, proportional"),
        ("kind: 5", "encoder.kind", "legal are rate, proportional"),
        ("kind: null", "encoder", "mapping with the key kind, one of rate"),
        ("n_neurons: 5", "encoder.n_neurons", "unknown key: legal here are mel_bands"),
        ("kind: population, n_neuron: 5", "encoder.n_neuron", "did you mean 'n_neurons'?"),
        ("kind: population, n_neurons: 2", "encoder.n_neurons", "is 2, but must be at least 3"),
        ("kind: population, code: late", "encoder.code", "must be latency or rate, not 'late'"),
        ("kind: latency, steps_per_frame: 1", "encoder.steps_per_frame", "is 1, but must be at least 2"),
        ("kind: latency, value_range: [1, 0]", "encoder.value_range", "goes from 1 to 0: write the lower end first"),
        ("kind: latency, value_range: [1]", "encoder.value_range", "too few"),
        ("kind: latency, value_range: 1", "encoder.value_range", "must be a list"),
        ("kind: proportional, low: 2", "encoder", "low is 2, but high is 1: high must be above low"),
        ("kind: proportional, high: x", "encoder.high", "must be a number, not 'x'"),
        ("kind: level_crossing, thresholds: [1, -1]", "encoder.thresholds", "-1 is no size"),
        ("kind: level_crossing, thresholds: [1, 1.0]", "encoder.thresholds", "1 is there twice"),
        ("kind: level_crossing, thresholds: []", "encoder.thresholds", "is empty: fill it in"),
        ("kind: level_crossing, thresholds: [1, x]", "encoder.thresholds[1]", "must be a number, not 'x'"),
        ("kind: level_crossing, thresholds: [1], n_thresholds: 2", "encoder", "n_thresholds beside thresholds"),
        ("kind: step_forward, threshold: 0", "encoder.threshold", "is 0, but must be above 0"),
        ("kind: bsa, threshold: 1", "encoder.threshold", "is 1, but must be below 1"),
        ("kind: bsa, fir: [1, -1]", "encoder.fir", "taps add up to 0, but to more than 0 in a low-pass"),
        ("max_rate: .nan", "encoder.max_rate", "must be a number, not nan"),
        ("span: .inf", "encoder.span", "must be a number, not inf"),
        ("mel_bands: {}", "encoder.mel_bands.sample_rate_hz", "is missing: add it"),
        ("mel_bands: {sample_rate_hz: 8000, bands: 2}", "encoder.mel_bands.bands", "did you mean 'n_bands'?"),
        ("mel_bands: {sample_rate_hz: 8000, fmax_hz: 5000}", "encoder.mel_bands", "fmax_hz is 5000.0, but must be"),
        ("mel_bands: {sample_rate_hz: 8000, n_bands: 200}", "encoder.mel_bands", "use fewer than 200 bands"),
        ("onset_offset: {}", "encoder", "onset_offset without mel_bands"),
    ],
)
def test_a_wrong_encoder_is_one_fault_at_its_place(folder: Path, encoder: str, place: str, words: str) -> None:
    ((path, message),) = faults(write(folder, encoder))
    assert path == place
    assert words in message


def test_an_encoder_that_is_no_mapping_is_told(folder: Path) -> None:
    path = write(folder)
    path.write_text(path.read_text().replace("encoder: {}", "encoder: rate"))
    assert faults(path) == [("encoder", "must be a mapping, not 'rate'")]


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        (
            "kind: level_crossing, thresholds: [5]",
            r"encoder: level_crossing makes no spike of the 4 .* go from .* to 0.9",
        ),
        ("mel_bands: {sample_rate_hz: 8000}", r"encoder.mel_bands takes sound, .* but the data have 2 .*: leave"),
    ],
)
def test_an_encoder_that_does_not_suit_the_data_is_refused(folder: Path, encoder: str, words: str) -> None:
    with pytest.raises(ns.NeurosimError, match=words):
        prepare(load_experiment(write(folder, encoder)))


# ---------------------------------------------------------------- liquid


def test_a_liquid_has_all_settings_of_the_generator() -> None:
    """All of them, with the same defaults; channels are the encoder's."""
    ours = {**Liquid(shape=(4, 4, 12)).settings(), "gain": Liquid(shape=(4, 4, 12)).gain, "shape": None}
    assert ours == defaults_of(ns.liquid, "channels")


@pytest.mark.parametrize(
    "more", [{"shape": (3, 3, 4)}, {"shape": (3, 3, 4), "c": 0.5, "reach": 1.5, "inhibitory": 0.3}]
)
def test_a_wiring_that_is_drawn_beforehand_is_that_of_the_generator(more: dict[str, Any]) -> None:
    chosen = Liquid(**more, seed=5)
    once, anew = (ns.liquid(channels=3, **made) for made in (chosen.drawn_settings(), chosen.settings()))
    for one, other in zip(once.projections, anew.projections, strict=True):
        assert np.array_equal(one.weights, other.weights)
        assert np.array_equal(one.sources, other.sources)
        assert np.array_equal(one.targets, other.targets)


def test_settings_reach_the_liquid(folder: Path) -> None:
    text = "c: {EE: 1, EI: 0.5, IE: 0.5, II: 0}, tau_mem_ms: 20, tau_syn_ms: [4, 4], input_delay: 3, adaptation: 0.1"
    made = ns.liquid(channels=2, **load_experiment(write(folder, liquid=text)).liquid.settings())
    c = {"EE": 1.0, "EI": 0.5, "IE": 0.5, "II": 0.0}
    assert made == ns.liquid(
        (2, 2, 3), 2, c=c, tau_mem_ms=20.0, tau_syn_ms=4.0, input_delay=3, adaptation=0.1, input_density=0.5
    )


@pytest.mark.parametrize(
    ("liquid", "place", "words"),
    [
        ("stp: maass", "liquid.stp", "no chip has it, and an experiment is compiled: leave liquid.stp out"),
        ("stp: {EE: {u: 0.5}}", "liquid.stp", "no chip has it"),
        ("tau_mem_ms: [30, 10]", "liquid.tau_mem_ms", "goes from 30 to 10: write the lower end first"),
        ("tau_mem_ms: 0", "liquid.tau_mem_ms", "is 0, but must be above 0"),
        ("tau_syn_ms: [3]", "liquid.tau_syn_ms", "too few entries, 1 of 2"),
        ("tau_syn_ms: [3, 4, 5]", "liquid.tau_syn_ms", "too many"),
        ("tau_syn_ms: [3, x]", "liquid.tau_syn_ms[1]", "must be a number, not 'x'"),
        ("c: 2", "liquid.c", "is 2, but must be at most 1"),
        ("input_delay: 0", "liquid.input_delay", "is 0, but must be at least 1"),
        ("target_rate: null, balance: 1", "liquid", "balance beside target_rate: null"),
        ("target_rate: null, even_out: true", "liquid", "even_out beside target_rate: null"),
    ],
)
def test_a_wrong_liquid_is_one_fault_at_its_place(folder: Path, liquid: str, place: str, words: str) -> None:
    ((path, message),) = faults(write(folder, liquid=liquid))
    assert path == place
    assert words in message


def test_no_plasticity_may_be_written_down(folder: Path) -> None:
    assert load_experiment(write(folder, liquid="stp: null")).liquid.settings()["stp"] is None


# ---------------------------------------------------------------- readout


def test_the_readout_on_the_chip_weighs_what_the_file_says(folder: Path) -> None:
    """Counts from steps on, and traces; the chip's decisions are the host's integer ones."""
    path = write(folder, readout="starts: [0, 80], traces_ms: [20]")
    assert load_experiment(path).readout.features() == (*starts(0, 80), *traces(20.0))
    row = compare(path).rows[0]
    assert row["readout"]["features"] == ["count", "count from step 80", "trace of 20 ms"]
    assert row["readout"]["differs_from_host"] == 0
    assert row["readout"]["readout_neurons"] == 3 * compare(write(folder)).rows[0]["readout"]["readout_neurons"]


def test_a_readout_counts_unless_told_otherwise() -> None:
    assert Readout().features() == COUNT
    assert Readout(starts=(), traces_ms=(5.0,)).features() == traces(5.0)


def test_a_chip_without_such_a_readout_says_so(folder: Path) -> None:
    made = compare(write(folder, readout="traces_ms: [20]"), chips=["truenorth"], approximate=True).rows[0]["readout"]
    assert made["on_chip"] is False
    assert made["features"] == ["count", "trace of 20 ms"]
    assert "truenorth" in made["reason"]


@pytest.mark.parametrize(
    ("readout", "place", "words"),
    [
        ("starts: [-1]", "readout.starts[0]", "is -1, but must be at least 0"),
        ("starts: 5", "readout.starts", "must be a list"),
        ("starts: []", "readout", "starts and traces_ms are both empty"),
        ("starts: [4, 4]", "readout", "starts has an entry twice"),
        ("traces_ms: [0]", "readout.traces_ms[0]", "is 0, but must be above 0"),
        ("traces: [5]", "readout.traces", "did you mean 'traces_ms'?"),
    ],
)
def test_a_wrong_readout_is_one_fault_at_its_place(folder: Path, readout: str, place: str, words: str) -> None:
    ((path, message),) = faults(write(folder, readout=readout))
    assert path == place
    assert words in message


@pytest.mark.parametrize(
    ("readout", "words"),
    [
        ("starts: [0, 240]", "readout.starts has step 240, but the longest sample lasts 240 steps"),
        ("starts: [150, 80]", "readout.starts begins at 80, but the shortest sample lasts 80 steps"),
    ],
)
def test_a_readout_that_starts_after_the_end_is_refused(folder: Path, readout: str, words: str) -> None:
    arrays = dict(np.load(folder / "data.npz"))
    arrays["length"][-2:] = 5, 15
    np.savez(folder / "data.npz", **arrays)
    with pytest.raises(ns.RunError, match=words):
        prepare(load_experiment(write(folder, readout=readout)))


# ---------------------------------------------------------------- at the command line


def test_a_refusal_at_the_command_line_is_one_line(folder: Path) -> None:
    done = neurosim("compare", write(folder, liquid="stp: maass"), cwd=folder)
    refused(done, "e.yaml:5: liquid.stp:", "run_float")
    assert len(done.stderr.splitlines()) == 1


# ---------------------------------------------------------------- shapes, chips and data


@pytest.mark.parametrize(
    ("shape", "place", "words"),
    [
        ("[4.5, 4, 3]", "liquid.shape[0]", "must be a whole number, not 4.5"),
        ("[4, 4]", "liquid.shape", "too few entries, 2 of 3: add the others"),
        ("[4]", "liquid.shape", "too few entries, 1 of 3: add the others"),
        ("[10000, 10000, 10000]", "liquid.shape", "= 1,000,000,000,000 neurons, but at most 100,000,000: make it"),
        ("[1000000000, 1, 1]", "liquid.shape[0]", "is 1000000000, but must be at most 100000000"),
    ],
)
def test_a_wrong_shape_is_one_fault_at_its_place(folder: Path, shape: str, place: str, words: str) -> None:
    path = write(folder)
    path.write_text(path.read_text().replace("[2, 2, 3]", shape))
    ((found, message),) = faults(path)
    assert found == place
    assert words in message


def test_a_wrong_override_of_the_file_is_told_with_its_line_and_one_from_outside_is_not(folder: Path) -> None:
    path = write(folder)
    path.write_text(path.read_text().replace("chip: loihi1", "chip: loihi1, set: {core.neurons: many, core.x: 1}"))
    with pytest.raises(ns.NeurosimError) as error:
        compare(path)
    told = str(error.value).splitlines()
    assert len(told) == 2
    assert all(line.startswith(f"{path}:7: set: core.") for line in told)
    with pytest.raises(ns.NeurosimError, match=r"--set core\.neurons=none"):
        compare(path, overrides={"core.neurons": "none"})


def test_data_that_are_not_there_are_told_with_the_line_that_asks_for_them(folder: Path) -> None:
    path = write(folder)
    path.write_text(path.read_text().replace("data.npz", "nope.npz"))
    with pytest.raises(ns.RunError, match=r"e\.yaml:3: data\.file: cannot read .*nope\.npz: No such file"):
        prepare(load_experiment(path))


def test_a_label_that_only_test_samples_have_is_refused(folder: Path) -> None:
    arrays = dict(np.load(folder / "data.npz"))
    arrays["label"][-2:] = 7
    np.savez(folder / "data.npz", **arrays)
    with pytest.raises(ns.RunError, match="2 of the 6 test samples have a label that no training sample has, as 7"):
        prepare(load_experiment(write(folder)))


def test_input_that_never_differs_teaches_no_readout_and_the_refusal_says_what_would(folder: Path) -> None:
    arrays = dict(np.load(folder / "data.npz"))
    arrays["values"][:] = 1
    np.savez(folder / "data.npz", **arrays)
    with pytest.raises(ns.NeurosimError, match=r"weights are all zero.*: give training samples whose spikes differ"):
        compare(write(folder))


# ---------------------------------------------------------------- rows side by side


def test_a_chip_without_prices_does_not_spoil_the_front(folder: Path) -> None:
    (folder / "mine.yaml").write_text("format: neurosim-chip/1\nextends: loihi1\n")
    found = compare(write(folder), chips=["ideal", "loihi1", str(folder / "mine.yaml")])
    assert [row["on_front"] for row in found.rows] == [None, True, True]
    assert [row["chip"] for row in found.rows] == ["ideal", "loihi1", "mine"]
    assert {row["test_samples"] for row in found.rows} == {6}
    assert all(0 <= row["silent_neurons"] <= row["neurons"] for row in found.rows)


def test_a_baseline_may_be_the_path_that_was_given(folder: Path) -> None:
    (folder / "mine.yaml").write_text("format: neurosim-chip/1\nextends: loihi1\n")
    chips = ["loihi1", str(folder / "mine.yaml")]
    assert compare(write(folder), chips=chips, baseline=chips[1]).baseline == "mine"


def test_the_largest_prices_are_compared_and_drawn(folder: Path) -> None:
    most = {"energy.synaptic_event_pj": 1e15, "power.static_mw": 1e15, "time.neuron_update_ns": 1e9}
    found = compare(write(folder), chips=["loihi1", "ideal"], overrides=most)
    assert save_comparison(found, folder).read_bytes().startswith(b"\x89PNG")


def test_rows_and_picture_are_written_both_or_neither(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = compare(write(folder))
    (folder / "out" / "comparison.png").mkdir(parents=True)
    with pytest.raises(ns.NeurosimError, match=r"comparison\.png: Is a directory; nothing was left behind"):
        save_comparison(found, folder / "out")
    assert [path.name for path in (folder / "out").iterdir()] == ["comparison.png"]
    (folder / "out" / "comparison.png").rmdir()
    monkeypatch.setattr("os.fsync", _full)
    with pytest.raises(ns.NeurosimError, match="No space left on device; nothing was left behind"):
        save_comparison(found, folder / "out")
    assert list((folder / "out").iterdir()) == []


def _full(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_note_that_is_true_of_several_rows_stands_once() -> None:
    row = {"chip": "a", "overrides": {}, "approximations": [], "on_front": True, "silent_neurons": 4, "neurons": 10}
    still = {**row, "chip": "b", "silent_neurons": 2, "on_front": None}
    first, second = _notes_of([row, {**row, "overrides": {"core.neurons": 4}}, still])
    assert first.startswith("a, a (core.neurons=4): 4 of 10 neurons of the liquid (40%) never fire")
    assert second.startswith("b: left out of the Pareto front")


def test_a_time_constant_beyond_the_largest_is_told_with_a_limit_that_it_exceeds(folder: Path) -> None:
    words = r"tau_mem_ms is 1e\+31, but only magnitudes from 1e-30 to 1e\+30"
    for value, match in (("1.0e+31", words), ("1.0e+30", "on the 1-bit grid")):  # the limit itself is within it
        with pytest.raises(ns.NeurosimError, match=match):
            compare(write(folder, liquid=f"tau_mem_ms: {value}"))
