"""Networks as YAML: small ones, to read and to write by hand.

    format: neurosim-network/1
    dt_ms: 1.0
    inputs:
      ears: {channels: 2}
    populations:
      liquid: {neurons: 3, tau_mem_ms: 30, v_threshold: [15, 15, 20]}    # a number, or one per neuron
      readout: {neurons: 1, registers: {du: 1024, vth: 300}}             # or the chip's own integers
      units: {neurons: 2, tanh: {shift: 6, gain: [1024, 2048]}}          # or units that send numbers
    projections:
      - source: ears
        target: liquid
        edges: [[0, 0, 4.5], [1, 2, -3.0, 2]]                            # source, target, weight, delay (1)
      - {source: liquid, target: readout, sources: [0, 1, 2], targets: [0, 0, 0], weights: 64, delays: 1}

A projection may name the array type of its weights (`weight_type: float32`); without, they are int64 if all
are whole numbers, else float64.  It may have short-term plasticity (`stp: {u: 0.5, tau_rec_ms: 800, tau_facil_ms: 0}`,
see plasticity.py).  All faults of a file are told at once, each with its line.
"""

from collections.abc import Iterable
from pathlib import Path

from chips.errors import Fault, NetworkError
from chips.reading import read_scalar, read_yaml
from compiler.network import Network, Population, Projection
from compiler.network_reader import FORMAT, NetworkFileError, read_network
from compiler.npz import write_text
from compiler.weight_types import from_numbers

MAX_BYTES = 8 << 20  # at worst a minute and a gigabyte to read; some 400,000 synapses
_LEAST_BYTES_PER_EDGE = len("      - [0, 0, 1, 1]\n")
_LEAST_BYTES_PER_VALUE = len("0, ")


def load_network_yaml(path: str | Path) -> Network:
    """Read a network file.

    Raises:
        NetworkFileError: a NetworkError with every fault of the file.
    """
    _check_size(path)
    document = read_yaml(path, max_bytes=MAX_BYTES)
    if document.faults:
        raise NetworkFileError(list(document.faults))
    return read_network(document)


def save_network_yaml(network: Network, path: str | Path) -> None:
    """Write a network file, whole or not at all; reading it gives an equal network.

    Raises:
        NetworkError: the text would be larger than `load_network_yaml` reads.
        NeurosimError: the file cannot be written.
    """
    n_values = sum(values.size for p in network.populations for values in p.parameters.values())
    n_bytes = network.n_synapses * _LEAST_BYTES_PER_EDGE + n_values * _LEAST_BYTES_PER_VALUE
    text = ""
    if n_bytes <= MAX_BYTES:
        text = "".join(f"{line}\n" for line in _lines(network))
        n_bytes = len(text.encode())
    if n_bytes > MAX_BYTES:
        raise NetworkError(
            f"{path}: the network takes {n_bytes:,} bytes or more as YAML, but at most {MAX_BYTES:,} can be "
            "read again: save large networks as .npz"
        )
    write_text(path, text)


def _check_size(path: str | Path) -> None:
    try:
        n_bytes = Path(path).stat().st_size
    except (OSError, ValueError):
        return  # the reader says what is wrong with it
    if n_bytes > MAX_BYTES:
        limit = f"is {n_bytes:,} bytes, but at most {MAX_BYTES:,} are read"
        raise NetworkFileError([Fault(str(path), "", f"{limit}: large networks belong in .npz files")])


def _lines(network: Network) -> Iterable[str]:
    yield f"format: {FORMAT}"
    yield f"dt_ms: {network.dt_ms!r}"
    yield "inputs:" if network.inputs else "inputs: {}"
    for item in network.inputs:
        yield f"  {_quoted(item.name)}: {{channels: {item.channels}}}"
    yield "populations:" if network.populations else "populations: {}"
    for population in network.populations:
        yield f"  {_quoted(population.name)}: {{{_parameters(population)}}}"
    yield "projections:" if network.projections else "projections: []"
    for projection in network.projections:
        yield from _projection(projection)


def _parameters(population: Population) -> str:
    values = ", ".join(f"{key}: {population.parameters[key].tolist()!r}" for key in population.written)
    return f"neurons: {population.n}, " + (values if population.kind == "lif" else f"{population.kind}: {{{values}}}")


def _projection(projection: Projection) -> Iterable[str]:
    yield f"  - source: {_quoted(projection.source)}"
    yield f"    target: {_quoted(projection.target)}"
    weights = projection.weights.tolist()
    if from_numbers(weights).dtype != projection.weights.dtype:
        yield f"    weight_type: {projection.weights.dtype.name}"
    if projection.stp:
        yield f"    stp: {{{', '.join(f'{key}: {value!r}' for key, value in projection.stp.to_json().items())}}}"
    yield "    edges:" if weights else "    edges: []"
    columns = (projection.sources.tolist(), projection.targets.tolist(), weights, projection.delays.tolist())
    for edge in zip(*columns, strict=True):
        yield f"      - {list(edge)!r}"


def _quoted(name: str) -> str:
    """A name as YAML reads it back; printable text is all that a name may hold."""
    is_plain = name.isidentifier() and name.isascii() and read_scalar(name) == name
    return name if is_plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
