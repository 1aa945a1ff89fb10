"""The reader: YAML to plain data, and never an exception."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chips
from chips.reading import MAX_DEPTH, MAX_FAULTS, read_scalar, read_yaml, read_yaml_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-9", 1e-9),
        ("1E5", 1e5),
        (".5e3", 500.0),
        ("5.", 5.0),
        ("23.6", 23.6),
        ("-3", -3),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("true", True),
        ("yes", "yes"),
        ("on", "on"),
        ("", None),
        ("~", None),
        ("null", None),
        ("-.inf", float("-inf")),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    read = read_scalar(text)
    assert read == value
    assert type(read) is type(value)


def test_data_and_lines_are_read() -> None:
    document = read_yaml_text('a: 1\nb:\n  - x\n  - {c: \'d\'}\n"on": "5"\n', "f.yaml")
    assert document.data == {"a": 1, "b": ["x", {"c": "d"}], "on": "5"}
    assert document.faults == ()
    assert document.lines[("b",)] == 2
    assert document.lines[("b", 1, "c")] == 4
    assert document.where(("b", 1, "missing", "deep")) == "f.yaml:4"
    assert document.fault(("b", 1, "c"), "m").path == "b[1].c"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "is empty"),
        ("# only a comment\n", 1, "is empty"),
        ("a: 1\na: 2\n", 2, "is written twice, in lines 1 and 2"),
        ("a: {b: 1,\n b: {c: [1]}}\n", 2, "is written twice, in lines 1 and 2"),
        ("a: 1\nb: &x 5\n", 2, "an anchor (&x) is not allowed"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "a tag ("),
        ("a: 1\n--- \nb: 2\n", 2, "a second document begins here"),
        ("a: 1\n? [x]\n: 2\n", 2, "a key must be a word"),
        ("a: 1\nb: [1\n", 3, "close the bracket"),
        ("a: 'x\n", 2, "close the quote"),
        ("a:\n\t- 1\n", 2, "indent with spaces, not tabs"),
        ("a: b: c\n", 1, "in quotes"),
        ("a: 1\nb: \0\n", 2, "unprintable character '\\x00'"),
        ('a: "\\ud800"\n', 1, "half of a character"),
        ('a: "\\U00110000"\n', 1, "an escape or a number that means nothing"),
        ("a: 1\nb: " + "9" * 5000, 2, "5,000 digits is too long"),
        ("[" * (MAX_DEPTH + 2), 1, "nested deeper"),
        ("? " * 5000, 1, "nested deeper"),
        ("a: 1\n" * (MAX_FAULTS + 2), MAX_FAULTS + 2, f"more than {MAX_FAULTS} faults"),
    ],
)
def test_what_cannot_be_read_is_a_fault_with_its_line(text: str, line: int, message: str) -> None:
    last = read_yaml_text(text, "f.yaml").faults[-1]
    assert last.where == f"f.yaml:{line}"
    assert message in last.message


def test_an_alias_is_refused_before_it_expands() -> None:
    text = "a: &a [x]\n" + "".join(f"b{i}: [*a, *a]\n" for i in range(3))
    faults = read_yaml_text(text, "f.yaml").faults
    assert [fault.where for fault in faults] == ["f.yaml:1", *[f"f.yaml:{i}" for i in (2, 2, 3, 3, 4, 4)]]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"a: 1\n\xe9", ":2: is not UTF-8"),
        (b"a: " + b"x" * (1 << 20), "larger than 1,048,576 bytes"),
    ],
)
def test_bytes_that_are_no_text_are_a_fault(raw: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(raw)
    (fault,) = read_yaml(path).faults
    assert message in str(fault)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).data == {"a": 1}


def test_files_that_are_not_there_are_a_fault(tmp_path: Path) -> None:
    assert "no such file" in str(read_yaml(tmp_path / "no.yaml").faults[0])
    assert "folder" in str(read_yaml(tmp_path).faults[0])
    assert "NUL" in str(read_yaml("a\0b.yaml").faults[0])


def test_the_caller_sets_the_size(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("abc")
    assert read_yaml(path, max_bytes=3).data == "abc"
    assert "larger than 2 bytes" in str(read_yaml(path, max_bytes=2, name="mine").faults[0])


PIECES = [
    "format: neurosim-chip/1\n",
    "extends: loihi1\n",
    "core:",
    "neurons:",
    "time:",
    "barrier:",
    "tiles:",
]
PIECES += [
    "value:",
    "kind:",
    "source:",
    "&a",
    "*a",
    "!!int",
    "[",
    "]",
    "{",
    "}",
    ",",
    "? ",
    "- ",
    "\n",
    "\n  ",
    "\t",
]
PIECES += [
    "null",
    "-1",
    "1e9",
    ".inf",
    "'",
    '"',
    "\\",
    "#",
    "|",
    ">",
    "%",
    "---\n",
    "<<",
    "x",
    ": ",
    "\0",
    "\ud7ff",
]
FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def load_or_refuse(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    try:
        chips.load_chip(path)
    except chips.ProfileError as error:
        refusal = error
    else:
        return
    assert refusal.faults
    assert all(fault.where.startswith(str(path)) for fault in refusal.faults)


@FUZZ
@given(raw=st.binary(max_size=200))
def test_any_bytes_load_or_are_refused(raw: bytes, tmp_path: Path) -> None:
    load_or_refuse(tmp_path / "f.yaml", raw)


@FUZZ
@given(text=st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join))
def test_any_text_loads_or_is_refused(text: str, tmp_path: Path) -> None:
    load_or_refuse(tmp_path / "f.yaml", text.encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PATHS = st.sampled_from([*chips.load_chip("loihi1").sources, "name", "mesh.routing", "core"]) | st.text(max_size=8)


@FUZZ
@given(overrides=st.dictionaries(PATHS, VALUES, max_size=3))
def test_any_override_is_used_or_refused(overrides: dict[str, object]) -> None:
    try:
        chip = chips.load_chip("loihi1", overrides)
    except chips.ProfileError:
        pass
    else:
        assert chips.profile_from_json(chips.profile_to_json(chip)) == chip


@FUZZ
@given(path=PATHS, value=VALUES)
def test_any_embedded_chip_is_read_or_refused(path: str, value: object) -> None:
    data = chips.profile_to_json(chips.load_chip("tiny"))
    section, _, name = path.rpartition(".")
    target = data[section] if isinstance(data.get(section), dict) else data
    target[name] = value
    try:
        chip = chips.profile_from_json(data)
    except chips.ProfileError:
        pass
    else:
        assert chips.profile_from_json(chips.profile_to_json(chip)) == chip
