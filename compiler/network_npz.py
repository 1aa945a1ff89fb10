"""Networks as .npz: for any size, and without loss.

The header holds dt_ms and the names and sizes; the arrays are `population0.du`, `projection3.weights` and so
on, with the place of the population or projection in the network.  A file is rebuilt through the same methods
that a user calls, so that nothing enters unchecked.
"""

from pathlib import Path
from typing import Any

from chips.errors import NetworkError
from compiler.network import Network
from compiler.npz import Array, read_npz, write_npz
from compiler.parameters import LATER, PARAMETERS
from compiler.plasticity import ShortTermPlasticity

FORMAT = "neurosim-network/1"
_COLUMNS = ("sources", "targets", "weights", "delays")


def save_network_npz(network: Network, path: str | Path) -> None:
    """Write `network`, whole or not at all; the same network gives the same bytes.

    Raises:
        NeurosimError: the file cannot be written.
    """
    header = {
        "format": FORMAT,
        "dt_ms": network.dt_ms,
        "inputs": [{"name": item.name, "channels": item.channels} for item in network.inputs],
        "populations": [{"name": p.name, "kind": p.kind, "n": p.n} for p in network.populations],
        "projections": [
            {"source": p.source, "target": p.target, **({"stp": p.stp.to_json()} if p.stp else {})}
            for p in network.projections
        ],
    }
    arrays: dict[str, Array] = {}
    for i, population in enumerate(network.populations):
        arrays |= {f"population{i}.{key}": population.parameters[key] for key in population.written}
    for i, projection in enumerate(network.projections):
        arrays |= {f"projection{i}.{key}": getattr(projection, key) for key in _COLUMNS}
    write_npz(path, header, arrays)


def load_network_npz(path: str | Path) -> Network:
    """Read a network and check everything it holds.

    Raises:
        NetworkError: the file is missing, damaged, foreign, of another version, or holds no legal network.
    """
    header, arrays = read_npz(path, FORMAT, NetworkError)
    try:
        network = _rebuild(header, arrays)
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from error
    except (KeyError, TypeError) as error:
        raise NetworkError(f"{path} lacks or garbles {error}: save the network again") from error
    if arrays:
        raise NetworkError(f"{path} holds {min(arrays)!r}, which no network has: save the network again")
    return network


def _rebuild(header: dict[str, Any], arrays: dict[str, Array]) -> Network:
    """The network; arrays are taken out of `arrays` as they are used."""
    network = Network(header["dt_ms"])
    for item in header["inputs"]:
        network.add_input(item["name"], item["channels"])
    for i, item in enumerate(header["populations"]):
        kind = item["kind"]
        names = {key: f"population{i}.{key}" for key in PARAMETERS[kind]}
        values = {key: arrays.pop(at) for key, at in names.items() if at in arrays or key not in LATER.get(kind, ())}
        network.add(item["name"], item["n"], kind, **values)
    for i, item in enumerate(header["projections"]):
        columns = {key: arrays.pop(f"projection{i}.{key}") for key in _COLUMNS}
        stp = ShortTermPlasticity.from_json(item["stp"]) if "stp" in item else None
        network.connect(item["source"], item["target"], **columns, stp=stp)
    return network
