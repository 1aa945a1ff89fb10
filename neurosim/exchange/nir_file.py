"""Files of NIR: HDF5, read by the package nir once every size in them is known to be sound."""

from pathlib import Path
from typing import Any

from chips import NetworkError, NeurosimError
from neurosim.exchange.optional import need

MAX_BYTES = 4 * 2**30  # of all arrays, unpacked
MOST_PACKED = 1100  # no filter of HDF5 packs tighter: deflate ends at 1032 to 1
MAX_OBJECTS = 1_000_000
MAX_DEPTH = 70  # of groups: a graph in a graph is two


def read_nir(path: str | Path) -> Any:
    """The graph in a file.

    Raises:
        NetworkError: the file is missing, damaged or foreign, or larger unpacked than a network may be.
        NeurosimError: the package nir is not installed.
    """
    h5py, nir = need("h5py", "reading NIR"), need("nir", "reading NIR")
    try:
        n_bytes = Path(path).stat().st_size
        with h5py.File(path, "r") as file:
            _check(h5py, file, n_bytes)
        return nir.read(str(path))
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from None
    except (MemoryError, NeurosimError):
        raise
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise NetworkError(f"cannot read {path}: {error.strerror or error}; check the path") from error
    except Exception as error:  # whatever h5py and nir say, which have no common base
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NetworkError(f"{path} is damaged or no NIR graph ({reason}): write it again with nir.write") from error


def _check(h5py: Any, file: Any, n_bytes: int) -> None:
    """Refuse links out of the file, and arrays that promise more than the file can hold."""
    total = 0
    seen: set[Any] = set()
    groups = [(file, 0)]
    while groups:
        group, depth = groups.pop()
        if depth > MAX_DEPTH:
            raise NetworkError(f"groups stand in groups more than {MAX_DEPTH} deep: no NIR graph has so many")
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise NetworkError(f"{group.name}/{name} is a link: only what is in the file itself is read")
            item = group[name]
            if item.id in seen or len(seen) > MAX_OBJECTS:
                raise NetworkError(f"{item.name} stands twice, or there are too many objects: not written by nir")
            seen.add(item.id)
            if isinstance(item, h5py.Group):
                groups.append((item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                total += _bytes_of(item)
    if total > min(MAX_BYTES, MOST_PACKED * n_bytes):
        raise NetworkError(f"its arrays unpack to {total:,} bytes, which {n_bytes:,} bytes cannot hold: damaged")


def _bytes_of(item: Any) -> int:
    if item.external or item.is_virtual:
        raise NetworkError(f"{item.name} lies in another file: only what is in the file itself is read")
    if item.dtype.kind not in "biufSO":
        raise NetworkError(f"{item.name} is of type {item.dtype}: NIR holds numbers and names")
    n_bytes = int(item.size or 0) * int(item.dtype.itemsize)
    if n_bytes > MOST_PACKED * item.id.get_storage_size():
        raise NetworkError(f"{item.name} promises {n_bytes:,} bytes that were never written: write the file again")
    return n_bytes
