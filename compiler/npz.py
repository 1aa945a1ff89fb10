"""Numbered arrays in one file: deterministic to write, safe to read.

A file of this project is a zip of .npy members with a JSON header (`header`, bytes).  The same content gives
the same bytes.  Reading trusts nothing: no pickles, and every size is checked before memory is taken.
"""

import contextlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from chips.errors import NeurosimError
from chips.formats import who_takes

Array = npt.NDArray[Any]

MAX_BYTES = 64 * 2**30  # of one file, unpacked: more than any network that fits a workstation
MAX_HEADER_BYTES = 64 * 2**20
_EPOCH = (1980, 1, 1, 0, 0, 0)


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path`; it takes the name only when the block ends well.

    Raises:
        NeurosimError: the folder is missing, not writable, or the disk is full; `path` is left as it was.
    """
    path = Path(path)
    if "\0" in str(path):
        raise NeurosimError(f"cannot write {str(path)!r}: the path holds a NUL character, choose another")
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise NeurosimError(
            f"cannot write {path}: {error.strerror or error}; nothing was left behind, choose another place"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as file:
        file.write(text.encode())


def write_npz(path: str | Path, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a JSON header and named arrays, whole or not at all.

    Raises:
        NeurosimError: the file cannot be written.
    """
    members = {"header": np.frombuffer(json.dumps(header, sort_keys=True).encode(), np.uint8), **arrays}
    with replacing(path) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        for name, array in members.items():
            info = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info._compresslevel = 1  # type: ignore[attr-defined]
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)


def read_npz(path: str | Path, format_name: str, error: type[NeurosimError]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read header and arrays of a file of format `format_name` (such as "neurosim-program/2").

    Raises:
        NeurosimError: of class `error`, when the file is missing, truncated, foreign, of another version,
            or larger than this project would ever write.
    """
    arrays = read_arrays(path, error)
    return _read_header(arrays.pop("header", None), path, format_name, error), arrays


def read_format(path: str | Path) -> str | None:
    """The format that a file says it has; None if it says nothing or cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("header.npy")
            if info.file_size > MAX_HEADER_BYTES:
                return None
            with archive.open(info) as member:
                header = json.loads(_read_array(member, info).tobytes())
        return str(header["format"])
    except Exception:  # whoever reads the file says what is wrong with it
        return None


def read_arrays(path: str | Path, error: type[NeurosimError]) -> dict[str, Array]:
    """Read the arrays of any .npz file.

    Raises:
        NeurosimError: as `read_npz`, but for the header.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_members(archive, path, error)
    except OSError as problem:
        raise error(f"cannot read {path}: {problem.strerror or problem}; check the path") from problem
    except error:
        raise
    except Exception as problem:  # the errors of zipfile, zlib, lzma, tokenize and numpy have no common base
        remedy = "make it again" if Path(path).suffix.lower() == ".npz" else "give an .npz file that neurosim wrote"
        raise error(f"{path} is damaged or not a neurosim file ({problem}): {remedy}") from problem


class _NoNumbers(Exception):  # noqa: N818 - told as it is, whereas other faults are damage
    """An array of text or objects."""


def _read_members(archive: zipfile.ZipFile, path: str | Path, error: type[NeurosimError]) -> dict[str, Array]:
    total = sum(info.file_size for info in archive.infolist())
    if total > MAX_BYTES:
        raise error(f"{path} unpacks to {total:,} bytes, more than {MAX_BYTES:,}: not a neurosim file")
    arrays: dict[str, Array] = {}
    for info in archive.infolist():
        if not info.filename.endswith(".npy"):
            raise ValueError(f"unexpected member {info.filename!r}")
        with archive.open(info) as member:
            try:
                arrays[info.filename.removesuffix(".npy")] = _read_array(member, info)
            except _NoNumbers as problem:
                raise error(f"{path}: {problem}") from None
    return arrays


def _read_array(member: IO[bytes], info: zipfile.ZipInfo) -> Array:
    version = np.lib.format.read_magic(member)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise ValueError(f"member {info.filename!r} has npy version {version}")
    shape, fortran, dtype = read_header(member)
    if dtype.hasobject or dtype.kind not in "iufb":
        raise _NoNumbers(
            f"the array {info.filename.removesuffix('.npy')!r} is of type {dtype}, but only numbers are read; labels "
            "become whole numbers by np.unique(label, return_inverse=True)[1]"
        )
    if len(shape) > 4:
        raise ValueError(f"member {info.filename!r} is not a plain array")
    n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if n_bytes > info.file_size:
        raise ValueError(f"member {info.filename!r} promises {n_bytes:,} bytes, holds {info.file_size:,}")
    data = member.read()  # to the end, so that the checksum is verified
    if len(data) != n_bytes:
        raise ValueError(f"member {info.filename!r} has {len(data):,} bytes instead of {n_bytes:,}")
    writable = bytearray(data)  # for arrays that cannot be written loops would be compiled anew
    return np.frombuffer(writable, dtype).reshape(shape, order="F" if fortran else "C")


def _read_header(raw: Array | None, path: str | Path, format_name: str, error: type[NeurosimError]) -> dict[str, Any]:
    if raw is None or raw.dtype != np.uint8 or raw.nbytes > MAX_HEADER_BYTES:
        raise error(f"{path} has no neurosim header: it was not written by neurosim")
    try:
        header = json.loads(raw.tobytes())
    except (ValueError, RecursionError) as problem:
        raise error(f"{path} has a damaged header ({problem}): make it again") from problem
    if not isinstance(header, dict) or header.get("format") != format_name:
        found = header.get("format") if isinstance(header, dict) else None
        named = "no format of ours" if found is None else f"{found!r}{who_takes(found, format_name)}"
        raise error(f"{path} holds {named}, but {format_name!r} is needed here")
    return header


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
