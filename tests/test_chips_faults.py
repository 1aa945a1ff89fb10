"""Faulty profiles: each fault is told with its place and its remedy, and all of them at once."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

import chips

HEAD = "format: neurosim-chip/1\nextends: loihi1\nname: mine\n"
SOURCED = "kind: assumed, source: me"


def faults(tmp_path: Path, text: str, overrides: dict[str, object] | None = None) -> list[chips.Fault]:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(chips.ProfileError) as caught:
        chips.load_chip(path, overrides)
    return list(caught.value.faults)


def load(tmp_path: Path, text: str) -> chips.ChipProfile:
    path = tmp_path / "good.yaml"
    path.write_text(text, encoding="utf-8")
    return chips.load_chip(path)


# Each body follows HEAD, so its first line is line 4.
FAULTY = {
    "misspelt key": (
        f"core:\n  nerons: {{value: 8, {SOURCED}}}",
        5,
        "core.nerons",
        "did you mean 'neurons'?",
    ),
    "misspelt section": ("corr:\n  neurons: 3", 4, "corr", "did you mean 'core'?"),
    "other unit": (
        f"energy:\n  synaptic_event_nj: {{value: 1, {SOURCED}}}",
        5,
        "energy.synaptic_event_nj",
        r"energies are in pJ here: write synaptic_event_pj, and multiply the value by 1,000$",
    ),
    "other time unit": (
        f"time:\n  tick_us: {{value: 1, {SOURCED}}}",
        5,
        "time.tick_us",
        "times are in ns here: write tick_ns, and multiply the value by 1,000$",
    ),
    "wrong section": (
        f"energy:\n  neurons: {{value: 8, {SOURCED}}}",
        5,
        "energy.neurons",
        "belongs under core",
    ),
    "title too deep": ("core:\n  title: x", 5, "core.title", "belongs at the top of the file"),
    "duplicate key": (
        f"core:\n  neurons: {{value: 8, {SOURCED}}}\n  neurons: {{value: 9, {SOURCED}}}",
        6,
        "core.neurons",
        "twice, in lines 5 and 6",
    ),
    "bare number": (
        "core:\n  neurons: 8",
        5,
        "core.neurons",
        r"missing source: write \{value: 8, kind: ..., source: ...\}",
    ),
    "bare list": (
        "synapse:\n  weight_bits: [1, 8]",
        5,
        "synapse.weight_bits",
        r"missing source: write \{value: \[1, 8\], kind",
    ),
    "bare null": ("core:\n  neurons: null", 5, "core.neurons", r"missing source: write \{value: null"),
    "bare unit": (
        "energy:\n  spike_pj: 3 pJ",
        5,
        "energy.spike_pj",
        r"unit is in the key.*source is missing: write \{value: 3,",
    ),
    "no source": (
        "core:\n  neurons: {value: 8, kind: assumed}",
        5,
        "core.neurons",
        "missing source: say where",
    ),
    "empty source": (
        "core:\n  neurons: {value: 8, kind: assumed, source: ''}",
        5,
        "core.neurons",
        "missing source: say where",
    ),
    "no kind": (
        "core:\n  neurons: {value: 8, source: me}",
        5,
        "core.neurons",
        "missing kind: say .*measured, ",
    ),
    "no value": (f"core:\n  neurons: {{{SOURCED}}}", 5, "core.neurons", "missing value"),
    "unknown kind": (
        "core:\n  neurons:\n    value: 8\n    source: me\n    kind: mesured",
        8,
        "core.neurons.kind",
        "unknown kind 'mesured': did you mean 'measured'?",
    ),
    "unknown part": (
        f"core:\n  neurons: {{vale: 8, value: 8, {SOURCED}}}",
        5,
        "core.neurons.vale",
        "did you mean 'value'?",
    ),
    "number as source": (
        "core:\n  neurons: {value: 8, kind: assumed, source: 5}",
        5,
        "core.neurons.source",
        "put it in quotes",
    ),
    "unit in value": (
        f"energy:\n  spike_pj: {{value: 23.6 pJ, {SOURCED}}}",
        5,
        "energy.spike_pj",
        "the unit is in the key, write 23.6$",
    ),
    "other unit in value": (
        f"energy:\n  spike_pj: {{value: 23.6 nJ, {SOURCED}}}",
        5,
        "energy.spike_pj",
        "the unit is in the key, write 23600$",
    ),
    "quoted number": (
        f"core:\n  neurons: {{value: '8', {SOURCED}}}",
        5,
        "core.neurons",
        "write 8, without quotes",
    ),
    "float for whole": (f"core:\n  neurons: {{value: 8.0, {SOURCED}}}", 5, "core.neurons", "write 8$"),
    "true for whole": (
        f"core:\n  neurons: {{value: true, {SOURCED}}}",
        5,
        "core.neurons",
        "whole number.*not true",
    ),
    "list for whole": (f"core:\n  neurons: {{value: [8], {SOURCED}}}", 5, "core.neurons", "not a list"),
    "number for list": (
        f"synapse:\n  weight_bits: {{value: 8, {SOURCED}}}",
        5,
        "synapse.weight_bits",
        r"write it in brackets",
    ),
    "entry of list": (
        f"synapse:\n  weight_bits: {{value: [1, x], {SOURCED}}}",
        5,
        "synapse.weight_bits",
        "entry 2: must be a whole number",
    ),
    "empty list": (
        f"synapse:\n  weight_bits: {{value: [], {SOURCED}}}",
        5,
        "synapse.weight_bits",
        "is empty",
    ),
    "negative cost": (
        f"energy:\n  hop_x_pj: {{value: -3, {SOURCED}}}",
        5,
        "energy.hop_x_pj",
        "0 or more, not -3",
    ),
    "infinite cost": (f"energy:\n  hop_x_pj: {{value: .inf, {SOURCED}}}", 5, "energy.hop_x_pj", "not inf"),
    "nan cost": (f"power:\n  static_mw: {{value: .nan, {SOURCED}}}", 5, "power.static_mw", "not nan"),
    "huge cost": (
        f"energy:\n  hop_x_pj: {{value: 1e300, {SOURCED}}}",
        5,
        "energy.hop_x_pj",
        "at most 1e.15, not 1e.300",
    ),
    "huge time": (
        f"time:\n  neuron_update_ns: {{value: 1e10, {SOURCED}}}",
        5,
        "time.neuron_update_ns",
        "at most 1,000,000,000, not 10000000000.0",
    ),
    "huge count": (
        f"core:\n  neurons: {{value: 99999999999999999999999, {SOURCED}}}",
        5,
        "core.neurons",
        "at most 2,147,483,647, not 99999999999999999999999",
    ),
    "null cost": (
        f"energy:\n  hop_x_pj: {{value: null, {SOURCED}}}",
        5,
        "energy.hop_x_pj",
        "must be a number, not null",
    ),
    "no cores": (
        f"mesh:\n  cores_per_tile: {{value: 0, {SOURCED}}}",
        5,
        "mesh.cores_per_tile",
        "1 or more, not 0",
    ),
    "barrier": (
        f"time:\n  barrier:\n    tiles: {{value: [1, 2, 3], {SOURCED}}}",
        6,
        "time.barrier",
        "tiles has 3 entries but time_ns has 2",
    ),
    "unknown word": (
        "cuba_lif:\n  v_overflow: saturated",
        5,
        "cuba_lif.v_overflow",
        "must be wrap_once or saturate, not 'saturated': did you mean 'saturate'?",
    ),
    "sourced word": (
        f"mesh:\n  routing: {{value: xy, {SOURCED}}}",
        5,
        "mesh.routing",
        "needs no source: write 'routing: xy'",
    ),
    "number as title": ("title: 5", 4, "title", "must be text, not 5: put it in quotes"),
    "section as number": ("core: 5", 4, "core", "is a section, not 5"),
    "anchor": (f"core:\n  neurons: &n {{value: 8, {SOURCED}}}", 5, "core.neurons", "anchor"),
    "merge key": ("core:\n  <<: {neurons: 5}", 5, "core.<<", "unknown key"),
}


@pytest.mark.parametrize("case", FAULTY)
def test_a_fault_names_line_key_and_remedy(case: str, tmp_path: Path) -> None:
    body, line, path, message = FAULTY[case]
    found = faults(tmp_path, HEAD + body + "\n")
    assert len(found) == 1, found
    assert found[0].where == f"{tmp_path / 'mine.yaml'}:{line}"
    assert found[0].path == path
    assert re.search(message, found[0].message), found[0].message


@pytest.mark.parametrize("case", FAULTY)
def test_messages_are_plain_words(case: str, tmp_path: Path) -> None:
    text = str(faults(tmp_path, HEAD + FAULTY[case][0] + "\n")[0]).lower()
    assert not any(word in text for word in ("pydantic", "http", "input should", "valid ", "tuple", "type="))


def test_all_faults_are_told_at_once_in_file_order(tmp_path: Path) -> None:
    body = "\n".join(FAULTY[case][0] for case in ("title too deep", "section as number", "other unit"))
    found = faults(tmp_path, HEAD.replace("extends: loihi1\n", "") + body)
    lines = [int(fault.where.rpartition(":")[2]) for fault in found]
    assert lines == sorted(lines)
    assert {fault.path for fault in found} >= {
        "core.title",
        "core",
        "energy.synaptic_event_nj",
        "mesh",
        "description",
    }


def test_missing_keys_are_told_at_the_line_of_their_section(tmp_path: Path) -> None:
    found = faults(tmp_path, f"format: neurosim-chip/1\nname: mine\ncore:\n  neurons: {{value: 8, {SOURCED}}}\n")
    by_path = {fault.path: fault for fault in found}
    assert by_path["core.input_axons"].where.endswith(":3")
    assert "missing" in by_path["core.input_axons"].message
    assert by_path["title"].where.endswith(":1")
    assert "missing section" in by_path["energy"].message
    assert "core.neurons" not in by_path


def test_a_misspelt_key_is_not_also_missing(tmp_path: Path) -> None:
    found = faults(tmp_path, f"format: neurosim-chip/1\ncore:\n  nerons: {{value: 8, {SOURCED}}}\n")
    assert "core.nerons" in {fault.path for fault in found}
    assert "core.neurons" not in {fault.path for fault in found}


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("", "begin the file with 'format: neurosim-chip/1'"),
        ("format: neurosim-chip/2\n", "newer than neurosim-chip/1.*update"),
        ("format: other\n", "unknown format 'other': write 'format: neurosim-chip/1'"),
    ],
)
def test_the_format_must_be_known(first: str, message: str, tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, f"{first}extends: loihi1\n")
    assert re.search(message, str(fault))
    assert ":1: " in str(fault)


# extends


def test_a_child_replaces_a_leaf_with_its_source(tmp_path: Path) -> None:
    chip = load(tmp_path, HEAD + f"core:\n  neurons: {{value: 8, {SOURCED}, note: hm}}\nmesh:\n")
    parent = chips.load_chip("loihi1")
    assert chip.core.neurons == 8
    assert chip.sources["core.neurons"] == chips.Source(kind="assumed", source="me", note="hm")
    assert chip.core.input_axons == parent.core.input_axons
    assert chip.sources["core.input_axons"] == parent.sources["core.input_axons"]
    assert chip.title == parent.title


def test_a_file_without_a_name_is_called_as_the_file_is_not_as_its_parent(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("format: neurosim-chip/1\nextends: loihi1\n")
    assert chips.load_chip(tmp_path / "mine.yaml").name == "mine"
    assert chips.load_chip(tmp_path / "mine.yaml", {"name": "other"}).name == "other"
    assert chips.load_chip(tmp_path / "mine.yaml").limits_hash == chips.load_chip("loihi1").limits_hash


def test_a_file_extends_another_relative_to_itself(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "parent.yaml").write_text(HEAD + f"core:\n  neurons: {{value: 8, {SOURCED}}}\n")
    (tmp_path / "sub" / "child.yaml").write_text("format: neurosim-chip/1\nextends: ../parent.yaml\nname: child\n")
    chip = chips.load_chip(tmp_path / "sub" / "child.yaml")
    assert (chip.name, chip.core.neurons) == ("child", 8)


def test_faults_of_a_parent_name_the_parent(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(HEAD + "core: 5\n")
    (fault,) = faults(tmp_path, "format: neurosim-chip/1\nextends: parent.yaml\n")
    assert fault.where == f"{tmp_path / 'parent.yaml'}:4"


def test_files_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("format: neurosim-chip/1\nextends: mine.yaml\n")
    (fault,) = faults(tmp_path, "format: neurosim-chip/1\nextends: other.yaml\n")
    assert fault.where == f"{tmp_path / 'other.yaml'}:2"
    assert "circle" in fault.message


@pytest.mark.parametrize(
    ("parent", "message"),
    [
        ("lohi1", "did you mean 'loihi1'?"),
        ("nothing.yaml", "no such file"),
        ("5", "must be the name of a chip or a file, not 5"),
        ('"a\\0.yaml"', "no such file"),
    ],
)
def test_unknown_parents_are_refused(parent: str, message: str, tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, f"format: neurosim-chip/1\nextends: {parent}\n")
    assert (fault.path, fault.where.rpartition(":")[2]) == ("extends", "2")
    assert message in fault.message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lohi1", "did you mean 'loihi1'?"),
        ("zzz", "there are ideal, loihi1"),
        ("no/loihi1.yaml", "called 'loihi1'"),
    ],
)
def test_unknown_chips_are_refused(name: str, message: str) -> None:
    with pytest.raises(chips.ProfileError, match=re.escape(message)):
        chips.load_chip(name)


# overrides


def test_an_override_is_used_sourced_and_recorded() -> None:
    chip = chips.load_chip("loihi1", {"core.neurons": 512, "energy.hop_x_pj": 2, "title": "mine"})
    assert (chip.core.neurons, chip.energy.hop_x_pj, chip.title) == (512, 2.0, "mine")
    assert chip.sources["core.neurons"] == chips.Source(kind="assumed", source="set by the user")
    assert chip.overrides == {"core.neurons": 512, "energy.hop_x_pj": 2, "title": "mine"}
    assert "title" not in chip.sources


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("core.neurons=0", "--set core.neurons=0: core.neurons: must be 1 or more, not 0"),
        ("core.nerons=5", "did you mean 'core.neurons'?"),
        ("neurons=5", "did you mean 'core.neurons'?"),
        ("energy.hop_x_nj=5", "write hop_x_pj, and multiply the value by 1,000"),
        ("core=5", "is a section: set one of its keys, as in core.neurons=..."),
        ("core.neurons=5 k", "must be a whole number"),
        ("energy.spike_pj=-1", "0 or more, not -1"),
        ("energy.spike_pj=3 nJ", "the unit is in the key, write 3000"),
        ("format=x", "cannot be set"),
        ("extends=tiny", "cannot be set"),
        ("sources=x", "cannot be set"),
        ("overrides=x", "cannot be set"),
        ("core.neurons={value: 5}", "not a mapping"),
        ("cuba_lif.v_overflow=wrap", "must be wrap_once or saturate"),
    ],
)
def test_overrides_are_checked_like_files(text: str, message: str) -> None:
    with pytest.raises(chips.ProfileError) as caught:
        chips.load_chip("loihi1", dict([chips.parse_override(text)]))
    assert str(caught.value).startswith(f"--set {text.partition('=')[0]}=")
    assert message in str(caught.value)


def test_faults_of_overrides_join_those_of_the_file(tmp_path: Path) -> None:
    found = faults(tmp_path, HEAD + "core: 5\n", {"mesh.tiles_x": 0, "mesh.tile_y": 2})
    assert [fault.path for fault in found] == ["core", "mesh.tile_y", "mesh.tiles_x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("k=512", 512),
        ("k = null", None),
        ("k=[4, 8]", [4, 8]),
        ("k=1e-9", 1e-9),
        ("k=saturate", "saturate"),
        ("k='5'", "5"),
        ("k=a: b=c", "a: b=c"),
    ],
)
def test_override_texts_follow_yaml(text: str, value: object) -> None:
    assert chips.parse_override(text) == ("k", value)


@pytest.mark.parametrize("text", ["k", "=5", "k=", "k=[4", "k=" + "9" * 5000, "k=[*a]", "k=\x1b", "k='\0'", "\ud800"])
def test_unreadable_overrides_are_refused(text: str) -> None:
    with pytest.raises(chips.ProfileError) as caught:
        chips.load_chip("tiny", dict([chips.parse_override(text)]))
    assert str(caught.value).isprintable()


# embedded chips


@pytest.mark.parametrize(
    "change",
    [
        {"core": 5},
        {"name": ""},
        {"sources": {}},
        {"sources": {"x": {"kind": "assumed", "source": "me"}}},
        {"colour": "red"},
        {"overrides": {"core.nerons": 5}},
        {"overrides": {"core.neurons": float("nan")}},
        {"title": "\ud800"},
        {"power": {"static_mw": -1}},
        {"mesh": None},
        {"title": {1, 2}},
    ],
)
def test_a_damaged_embedded_chip_is_refused(change: dict[str, Any]) -> None:
    data = {**copy.deepcopy(chips.profile_to_json(chips.load_chip("tiny"))), **change}
    with pytest.raises(chips.ProfileError, match=r"^program\.json: "):
        chips.profile_from_json(data, where="program.json")


@pytest.mark.parametrize("data", [None, 5, "x", [], {}, {"name": "x"}])
def test_what_is_no_embedded_chip_is_refused(data: object) -> None:
    with pytest.raises(chips.ProfileError):
        chips.profile_from_json(data)
