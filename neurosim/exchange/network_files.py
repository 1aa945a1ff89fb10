"""Network files of every kind: ours, and NIR's."""

from pathlib import Path

from chips import NetworkError
from compiler import CrossbarNetwork, Network
from compiler.network_files import load_any
from neurosim.exchange.from_nir import from_nir


def read_network(path: str | Path, dt_ms: float | None = None) -> Network | CrossbarNetwork:
    """Read a .yaml, .npz or .nir file.

    Args:
        path: the file.
        dt_ms: length of a step, which a .nir file needs and others say themselves.

    Raises:
        NetworkError: whatever is wrong with the file, or dt_ms is missing or out of place.
    """
    if Path(path).suffix.lower() == ".nir":
        return from_nir(path, dt_ms=dt_ms)
    if dt_ms is not None:
        raise NetworkError(f"{path} says itself how long a step is: --dt-ms (dt_ms) goes with .nir files")
    return load_any(path)
