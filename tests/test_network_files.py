"""Network files: what they keep, what they tell about faults, and what hostile ones cannot do."""

import contextlib
import errno
import io
import json
import os
import pickle
import random
import struct
import tempfile
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from strategies import networks

from chips import NetworkError, NeurosimError
from compiler import network_yaml
from compiler.network import Network
from compiler.network_reader import MAX_FAULTS, NetworkFileError
from compiler.npz import write_npz

HEADER = "format: neurosim-network/1\n"
FORMATS = (".yaml", ".npz")


def sample() -> Network:
    network = Network(0.5)
    network.add_input("ears", 2)
    network.add_lif("liquid", 3, tau_mem_ms=30.0, v_threshold=[15.0, 15.0, 20.0])
    network.add_registers("readout", 1, du=1024, vth=[300])
    network.connect("ears", "liquid", [0, 1], [0, 2], np.array([4.5, -3.1], np.float32), [1, 2])
    network.connect("liquid", "readout", [0, 1, 2], [0, 0, 0], 64)
    network.connect("liquid", "liquid", [], [], [])
    return network


def read_yaml_text(tmp_path: Path, text: str) -> Network:
    path = tmp_path / "net.yaml"
    path.write_text(text)
    return Network.load(path)


def faults_of(tmp_path: Path, text: str) -> list[str]:
    """The faults, each as `line: path: message`."""
    with pytest.raises(NetworkFileError) as caught:
        read_yaml_text(tmp_path, text)
    assert isinstance(caught.value, NetworkError)
    return [str(fault).removeprefix(f"{tmp_path / 'net.yaml'}:") for fault in caught.value.faults]


# ---------------------------------------------------------------- round trips


@pytest.mark.parametrize("extension", FORMATS)
@settings(max_examples=200, deadline=None)
@given(network=networks())
def test_a_file_loses_nothing(extension: str, network: Network) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"net{extension}"
        network.save(path)
        assert Network.load(path) == network
        assert os.listdir(folder) == [path.name]


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize(
    "weights",
    [
        np.array([0, 2**63 + 1], np.uint64),
        np.array([0, 2**53 + 1], np.int64),
        np.array([0, 2**64 - 1024], np.float64),
        np.array([5e-324, -0.0]),
        np.array([0.1, 65504], np.float16),
        np.zeros(0, np.int8),
    ],
)
def test_weights_at_the_edge_of_their_type_are_kept(tmp_path: Path, extension: str, weights: Any) -> None:
    network = Network()
    network.add_lif("a", 1)
    network.connect("a", "a", np.zeros(len(weights), int), np.zeros(len(weights), int), weights)
    network.save(tmp_path / f"net{extension}")
    for again in (Network.load(tmp_path / f"net{extension}"), Network.from_networkx(network.to_networkx())):
        assert again.projections[0].weights.tobytes() == weights.tobytes()
        assert again == network


@pytest.mark.parametrize("extension", FORMATS)
@settings(max_examples=20, deadline=None)
@given(network=networks())
def test_the_same_network_makes_the_same_bytes(extension: str, network: Network) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / f"a{extension}", Path(folder) / f"b{extension}"
        network.save(first)
        Network.load(first).save(second)
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("extension", [*FORMATS, ".yml", ".NPZ"])
def test_the_extension_chooses_the_format(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"net{extension}"
    sample().save(str(path))
    assert Network.load(str(path)) == sample()
    assert zipfile.is_zipfile(path) == (extension.lower() == ".npz")


@pytest.mark.parametrize("name", ["net.json", "net", "net.npz.gz", "", "."])
def test_another_extension_is_refused(tmp_path: Path, name: str) -> None:
    for use in (sample().save, Network.load):
        with pytest.raises(NetworkError, match=r"name the file \.yaml"):
            use(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_yaml_is_legible(tmp_path: Path) -> None:
    sample().save(tmp_path / "net.yaml")
    text = (tmp_path / "net.yaml").read_text()
    assert "  ears: {channels: 2}\n" in text
    assert "      - [1, 2, -3.0999999046325684, 2]\n" in text
    assert "registers: {du: 1024, dv: 0, vth: [300]," in text


def test_units_that_send_numbers_are_written_under_their_kind(tmp_path: Path) -> None:
    network = Network()
    network.add("units", 2, "tanh", shift=6, gain=[1024, -2048])
    network.save(tmp_path / "net.yaml")
    text = (tmp_path / "net.yaml").read_text()
    assert "units: {neurons: 2, tanh: {shift: 6, bias: 0, keep: 0, gain: [1024, -2048]," in text
    assert Network.load(tmp_path / "net.yaml") == network
    path = ["2: populations.a.tahn: unknown key: did you mean 'tanh'?"]
    assert faults_of(tmp_path, HEADER + "populations: {a: {neurons: 2, tahn: {shift: 6}}}") == path


def test_the_example_in_the_documentation_is_a_network(tmp_path: Path) -> None:
    text = (network_yaml.__doc__ or "").split("by hand.\n")[1].split("A projection may")[0]
    network = read_yaml_text(tmp_path, "\n".join(line[4:] for line in text.splitlines()))
    assert (network.n_neurons, network.n_channels, network.n_synapses) == (6, 2, 5)
    assert network.projections[0].delays.tolist() == [1, 2]
    assert network.projections[1].weights.dtype == np.int64


@pytest.mark.parametrize("extension", FORMATS)
def test_two_billion_neurons_fit_a_small_file(tmp_path: Path, extension: str) -> None:
    network = Network()
    network.add_lif("a", 2**31 - 1, tau_mem_ms=30)
    path = tmp_path / f"net{extension}"
    network.save(path)
    assert path.stat().st_size < 5000
    assert Network.load(path) == network


# ---------------------------------------------------------------- faults in YAML

BODY = """format: neurosim-network/1
inputs:
  in: {channels: 2}
populations:
  a: {neurons: 3}
  b: {neurons: 2, registers: {vth: 100}}
projections:
"""

FAULTS = [
    ("", "1: is empty"),
    ("3", "1: is 3, but a network file begins with 'format: neurosim-network/1'"),
    ("dt_ms: 1", "1: format: is nothing, but a network file begins"),
    ("format: neurosim-network/2", "1: format: is 'neurosim-network/2', but a network file begins"),
    (HEADER + "dt: 1", "2: dt: unknown key: legal here are format, dt_ms, inputs, "),
    (HEADER + "dt_ms: -1", "2: dt_ms: is -1, but a step needs a positive length"),
    (HEADER + "dt_ms: 1 ms", "2: dt_ms: is '1 ms', but a step needs"),
    (HEADER + "dt_ms: .nan", "2: dt_ms: is nan"),
    (HEADER + "inputs: [a]", "2: inputs: is a list of 1, but a mapping is needed"),
    (HEADER + "inputs: {a: 3}", "2: inputs.a: is 3, but needs channels"),
    (HEADER + "inputs: {a: {}}", "2: inputs.a: has no channels: add it"),
    (HEADER + "inputs: {a: {channel: 2}}", "2: inputs.a.channel: unknown key: did you mean 'channels'?"),
    (HEADER + "inputs: {a: {channels: true}}", "2: inputs.a.channels: is True, but must be a whole number"),
    (HEADER + "inputs: {'': {channels: 1}}", "2: inputs.: '' is not a name"),
    (HEADER + "populations: {a: {neurons: 0}}", "2: populations.a.neurons: is 0, but must be a whole number"),
    (HEADER + "populations: {a: {neurons: 1.0}}", "2: populations.a.neurons: is 1.0"),
    (HEADER + "populations: {a: {neurons: 2147483648}}", "2: populations.a.neurons: is 2147483648"),
    (HEADER + "populations: {a: }", "2: populations.a: is nothing, but needs neurons"),
    (
        HEADER + "inputs: {a: {channels: 1}}\npopulations: {a: {neurons: 1}}",
        "3: populations.a: the name 'a' is used",
    ),
    (
        HEADER + "populations: {a: {neurons: 1, tau_mem: 3}}",
        "2: populations.a.tau_mem: unknown key: did you mean 'tau_m",
    ),
    (HEADER + "populations: {a: {neurons: 1, vth: 3}}", "2: populations.a.vth: belongs under registers"),
    (
        HEADER + "populations: {a: {neurons: 1, r: 0}}",
        "2: populations.a.r: is 0, but must be finite, above 0",
    ),
    (HEADER + "populations: {a: {neurons: 1, r: '2'}}", "2: populations.a.r: is '2', but a number is needed"),
    (
        HEADER + "populations: {a: {neurons: 1, r: true}}",
        "2: populations.a.r: is True, but a number is needed",
    ),
    (HEADER + "populations: {a: {neurons: 2, r: [1]}}", "2: populations.a.r: has 1 values for 2 neurons"),
    (
        HEADER + "populations: {a: {neurons: 1, r: [[1]]}}",
        "2: populations.a.r[0]: is a list of 1, but a number",
    ),
    (
        HEADER + "populations:\n a:\n  neurons: 2\n  r:\n   - 1\n   - 0",
        "7: populations.a.r[1]: is 0, but must",
    ),
    (
        HEADER + "populations: {a: {neurons: 1, v_threshold: 0}}",
        "2: populations.a: v_threshold of neuron 0 is not",
    ),
    (
        HEADER + "populations: {a: {neurons: 1, registers: 5}}",
        "2: populations.a.registers: is 5, but a mapping",
    ),
    (HEADER + "populations: {a: {neurons: 1, r: 1, registers: {}}}", "2: populations.a.r: unknown key"),
    (
        HEADER + "populations: {a: {neurons: 1, registers: {vht: 1}}}",
        "2: populations.a.registers.vht: unknown key: did",
    ),
    (
        HEADER + "populations: {a: {neurons: 1, registers: {vth: 0.5}}}",
        "2: populations.a.registers.vth: is 0.5, but",
    ),
    (HEADER + "projections: {a: b}", "2: projections: is a mapping of 1, but a list is needed"),
    (BODY + "  - 5", "8: projections[0]: is 5, but needs source, target"),
    (BODY + "  - {target: a, edges: []}", "8: projections[0]: has no source: add it"),
    (BODY + "  - {source: in, target: aa, edges: []}", "8: projections[0].target: unknown population 'aa': "),
    (BODY + "  - {source: in, target: in, edges: []}", "8: projections[0].target: 'in' is an input"),
    (BODY + "  - {source: [], target: a, edges: []}", "8: projections[0].source: is a list of 0, but a name"),
    (BODY + "  - {source: a, target: a}", "8: projections[0]: has no sources, no targets, no weights: add"),
    (BODY + "  - {source: a, target: a, edges: 3}", "8: projections[0].edges: is 3, but a list is needed"),
    (BODY + "  - {source: a, target: a, edges: [3]}", "8: projections[0].edges[0]: is 3, but an edge is"),
    (
        BODY + "  - {source: a, target: a, edges: [[0, 0]]}",
        "8: projections[0].edges[0]: is a list of 2, but an",
    ),
    (
        BODY + "  - source: a\n    target: a\n    edges:\n    - [0, 0, 1]\n    - [0, 3, 1]",
        "12: projections[0].edges[1][1]: is 3, but must be an index from 0 to 2",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [[0, 0, x]]}",
        "8: projections[0].edges[0][2]: is 'x', but a num",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [[0, 0, .nan]]}",
        "8: projections[0].edges[0][2]: is nan, but must be",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [[0, 0, 1, 0]]}",
        "8: projections[0].edges[0][3]: is 0, but must be whole",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [], weights: 1}",
        "8: projections[0].weights: stands beside edges",
    ),
    (
        BODY + "  - {source: a, target: a, sources: 0, targets: [0], weights: 1}",
        "8: projections[0].sources: is 0, but a list",
    ),
    (
        BODY + "  - {source: a, target: a, sources: [0], targets: [0, 1], weights: 1}",
        "8: projections[0]: 1 sources but 2",
    ),
    (
        BODY + "  - {source: a, target: a, sources: [0], targets: [0], weights: []}",
        "8: projections[0]: weights have shape",
    ),
    (
        BODY + "  - {source: a, target: a, sources: [0], targets: [0], weights: 1, delays: 1.5}",
        "8: projections[0].delays: is 1.5",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [], weight_type: float8}",
        "8: projections[0].weight_type: is 'float8', which",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [], weight_type: []}",
        "8: projections[0].weight_type: is a list",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [[0, 0, 300]], weight_type: int8}",
        "8: projections[0].weight_type: is int8",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [[0, 0, 0.5]], weight_type: int8}",
        "8: projections[0].weight_type: is int8",
    ),
    (
        BODY + "  - {source: a, target: a, edges: [[0, 0, 1e9]], weight_type: float16}",
        "8: projections[0].weight_type: is float16",
    ),
    (HEADER + "inputs: &x {}", "2: inputs: an anchor (&x) is not allowed"),
    (HEADER + "inputs: *x", "2: inputs: an alias (*x) is not allowed"),
    (HEADER + "dt_ms: !!python/object/apply:os.getcwd []", "2: dt_ms: a tag"),
    (HEADER + "dt_ms: 1\ndt_ms: 2", "3: dt_ms: is written twice"),
    (HEADER + "inputs: {", "2: is not YAML"),
]


@pytest.mark.parametrize(("text", "expected"), FAULTS)
def test_a_fault_has_its_line_and_path(tmp_path: Path, text: str, expected: str) -> None:
    faults = faults_of(tmp_path, text)
    assert len(faults) == 1
    assert faults[0].startswith(expected)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = """format: neurosim-network/1
dt_ms: 0
colour: red
inputs:
  in: {channels: -1}
populations:
  a: {neurons: 2, tau_mem_ms: [0, 0], bias: x}
  b: {neurons: 1}
projections:
  - {source: in, target: a, edges: [[0, 0, heavy], [0, 0, 1, 0]]}
  - {source: b, target: c, sources: [0, 1], targets: [0, 0], weights: [1, .inf]}
"""
    lines = [fault.split(" ")[0] for fault in faults_of(tmp_path, text)]
    assert lines == ["2:", "3:", "5:", "7:", "7:", "7:", "10:", "10:", "11:", "11:", "11:"]


def test_faults_are_bounded(tmp_path: Path) -> None:
    text = HEADER + "inputs:\n" + "".join(f"  i{i}: {{}}\n" for i in range(1000))
    faults = faults_of(tmp_path, text)
    assert len(faults) == MAX_FAULTS + 1
    assert "correct those first" in faults[-1]


def test_a_large_yaml_file_is_sent_to_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.yaml"
    network = sample()
    monkeypatch.setattr(network_yaml, "MAX_BYTES", 100)
    with pytest.raises(NetworkError, match=r"save large networks as \.npz"):
        network.save(path)
    assert not list(tmp_path.iterdir())
    path.write_text("#" * 101)
    with pytest.raises(NetworkError, match=r"large networks belong in \.npz"):
        Network.load(path)


def test_a_hundred_million_synapses_are_refused_as_yaml_before_any_text_is_made(tmp_path: Path) -> None:
    network = Network()
    network.add_lif("a", 1)
    projection = network.connect("a", "a", np.zeros(500_000, int), np.zeros(500_000, int), 1.0)
    network.projections += [projection] * 200
    with pytest.raises(NetworkError, match=r"save large networks as \.npz"):
        network.save(tmp_path / "net.yaml")


# ---------------------------------------------------------------- hostile files


def refuses(path: Path, content: bytes) -> None:
    """A file may be a network, or is refused with a NetworkError; nothing else happens."""
    path.write_bytes(content)
    with contextlib.suppress(NetworkError):
        Network.load(path)


@pytest.mark.parametrize("extension", FORMATS)
def test_a_truncated_file_is_refused(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"net{extension}"
    sample().save(path)
    whole = path.read_bytes()
    for end in sorted({*range(0, len(whole), max(1, len(whole) // 150)), len(whole) - 1}):
        refuses(path, whole[:end])


@pytest.mark.parametrize("extension", FORMATS)
def test_a_file_with_random_damage_is_read_or_refused(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"net{extension}"
    sample().save(path)
    whole = path.read_bytes()
    rng = random.Random(1)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 1, 3, 30])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        refuses(path, bytes(damaged))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*header parsing")  # of damaged headers
def test_damage_under_a_valid_checksum_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    members = members_of(sample(), path)
    rng = random.Random(2)
    for _ in range(500):
        name = rng.choice(sorted(members))
        damaged = bytearray(members[name])
        for _ in range(rng.choice([1, 2, 5])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        write_members(path, {**members, name: bytes(damaged)})
        refuses(path, path.read_bytes())


@pytest.mark.parametrize("extension", FORMATS)
@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200))
def test_random_bytes_are_refused(extension: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        refuses(Path(folder) / f"net{extension}", content)


def members_of(network: Network, path: Path) -> dict[str, bytes]:
    network.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def promise(shape: object, descr: object = "<f8") -> bytes:
    """An .npy file whose header promises a shape and whose data are eight bytes."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + b"\0" * 8


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was executed",)


BAD_MEMBERS = {
    "an array of objects": npy(np.array([_Bomb()], object), allow_pickle=True),
    "a pickle": pickle.dumps(_Bomb()),
    "text": npy(np.array(["a"])),
    "bool": npy(np.array([True, False])),
    "complex": npy(np.array([1j, 2j])),
    "records": npy(np.zeros(2, [("a", "f8")])),
    "dates": npy(np.zeros(2, "M8[s]")),
    "NaN": npy(np.array([np.nan, 1.0])),
    "too short": npy(np.array([1.0])),
    "two-dimensional": npy(np.ones((2, 1))),
    "empty file": b"",
    "huge": promise((2**40,)),
    "beyond 64 bits": promise((2**40, 2**40)),
    "negative": promise((-1,)),
    "negative twice": promise((-1, -1)),
    "bool shape": promise((True,)),
    "shape of text": promise(("1",)),
    "no shape": promise(None),
    "deep header": promise((1,), [[[[[[[]]]]]]]),
    "odd tuple": promise((1,), ("<f8",)),
    "unclosed header": b"\x93NUMPY\x01\x00" + struct.pack("<H", 9) + b"{'descr':" + b"\0" * 8,
    "nested header": b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000,
    "new version": b"\x93NUMPY\x09\x00" + b"\0" * 20,
}


@pytest.mark.parametrize("what", sorted(BAD_MEMBERS))
@pytest.mark.parametrize("member", ["projection0.weights.npy", "header.npy", "population0.bias.npy"])
def test_a_bad_array_is_refused(tmp_path: Path, what: str, member: str) -> None:
    path = tmp_path / "net.npz"
    members = members_of(sample(), path)
    assert member in members
    write_members(path, {**members, member: BAD_MEMBERS[what]})
    with pytest.raises(NetworkError, match=r"net\.npz"):
        Network.load(path)


def test_a_directory_that_promises_much_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    write_members(path, {"projection0.weights.npy": promise((2**28,))})
    whole = bytearray(path.read_bytes())
    at = whole.index(b"PK\x01\x02")
    whole[at + 24 : at + 28] = struct.pack("<I", 2**32 - 2)  # the unpacked size
    path.write_bytes(bytes(whole))
    tracemalloc.start()
    with pytest.raises(NetworkError, match="instead of 2,147,483,648"):
        Network.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_missing_or_an_added_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    members = members_of(sample(), path)
    for name in members:
        write_members(path, {key: value for key, value in members.items() if key != name})
        with pytest.raises(NetworkError, match=r"net\.npz"):
            Network.load(path)
    write_members(path, {**members, "more.npy": npy(np.ones(1))})
    with pytest.raises(NetworkError, match="holds 'more', which no network has"):
        Network.load(path)


BAD_HEADERS: list[dict[str, Any]] = [
    {"format": "neurosim-program/2"},
    {"format": "neurosim-network/2"},
    {"dt_ms": "fast"},
    {"dt_ms": float("nan")},
    {"dt_ms": None},
    {"inputs": 3},
    {"inputs": [3]},
    {"inputs": {"a": 1}},
    {"inputs": [{}]},
    {"inputs": [{"name": [], "channels": 1}]},
    {"inputs": [{"name": "a", "channels": 10**40}]},
    {"populations": [{"name": "a", "kind": "LIF", "n": 1}]},
    {"populations": [{"name": "a", "kind": [], "n": 1}]},
    {"populations": [{"name": "a", "kind": "lif", "n": True}]},
    {"populations": []},
    {"projections": None},
    {"projections": [{"source": "ears", "target": "ears"}]},
    {"projections": [{"source": {}, "target": []}]},
    {"projections": []},
]


@pytest.mark.parametrize("changes", BAD_HEADERS)
def test_a_bad_header_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "net.npz"
    sample().save(path)
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(arrays.pop("header").tobytes())
    write_npz(path, {**header, **changes}, arrays)
    with pytest.raises(NetworkError, match=r"net\.npz"):
        Network.load(path)


def test_yaml_that_grows_without_bound_is_refused(tmp_path: Path) -> None:
    rows = ["a: &a [x, x]"] + [f"{k}: &{k} [*{p}, *{p}]" for p, k in zip("abcdefgh", "bcdefghi", strict=True)]
    assert any("not allowed" in fault for fault in faults_of(tmp_path, HEADER + "\n".join(rows)))
    assert faults_of(tmp_path, HEADER + "inputs: " + "[" * 5000)


# ---------------------------------------------------------------- the file system


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("name", ["missing", "folder", "nul\0"])
def test_what_cannot_be_read_is_refused(tmp_path: Path, extension: str, name: str) -> None:
    path = tmp_path / f"{name}{extension}"
    if name == "folder":
        path.mkdir()
    with pytest.raises(NetworkError):
        Network.load(path)


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("name", ["missing/net", "file/net", "x" * 300, "nul\0"])
def test_what_cannot_be_written_is_refused(tmp_path: Path, extension: str, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NeurosimError):
        sample().save(tmp_path / f"{name}{extension}")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extension: str, call: str
) -> None:
    path = tmp_path / f"net{extension}"
    sample().save(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), full)
    other = Network()
    other.add_lif("other", 1)
    with pytest.raises(NeurosimError, match="No space left on device"):
        other.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]
