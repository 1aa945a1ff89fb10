"""Network files: the format follows from the extension, `.yaml` or `.yml` for people, `.npz` for any size."""

from pathlib import Path

from chips.errors import NetworkError
from compiler.crossbar.native import FORMAT as CROSSBAR_FORMAT
from compiler.crossbar.native import CrossbarNetwork
from compiler.network import Network
from compiler.network_npz import load_network_npz, save_network_npz
from compiler.network_yaml import load_network_yaml, save_network_yaml
from compiler.npz import read_format

_LOADERS = {".yaml": load_network_yaml, ".yml": load_network_yaml, ".npz": load_network_npz}
_SAVERS = {".yaml": save_network_yaml, ".yml": save_network_yaml, ".npz": save_network_npz}


def load_network(path: str | Path) -> Network:
    """Read a network file.

    Raises:
        NetworkError: an unknown extension, or whatever is wrong with the file.
    """
    return _LOADERS[_extension(path)](path)


def load_any(path: str | Path) -> Network | CrossbarNetwork:
    """Read a network file, or the cores of a crossbar chip.

    Raises:
        NetworkError: as `load_network`.
    """
    if _extension(path) == ".npz" and read_format(path) == CROSSBAR_FORMAT:
        return CrossbarNetwork.load(path)
    return load_network(path)


def save_network(network: Network, path: str | Path) -> None:
    """Write a network file, whole or not at all.

    Raises:
        NetworkError: an unknown extension, or too large for YAML.
        NeurosimError: the file cannot be written.
    """
    _SAVERS[_extension(path)](network, path)


def _extension(path: str | Path) -> str:
    extension = Path(path).suffix.lower()
    if extension not in _LOADERS:
        raise NetworkError(
            f"{path}: the extension {extension!r} is no network format: name the file .yaml (to read and "
            "edit by hand) or .npz (for any size)"
        )
    return extension
