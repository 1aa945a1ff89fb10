"""Identity: all that determines the row of a point, as data, and the hash of it that is the point's name."""

import functools
import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chips import RunError, load_chip, profile_to_json
from neurosim.experiment import Experiment

PACKAGES = ("numpy", "scipy", "numba", "scikit-learn")


def identity(experiment: Experiment, *, approximate: bool, readout: bool) -> dict[str, Any]:
    """What determines a point: the experiment's content, hashes of its data and its profile, seeds, our version.

    Args:
        experiment: of one configuration, see `configured`.
        approximate: whether approximations are allowed.
        readout: whether the readout is compiled too.

    Raises:
        RunError: the data file cannot be read.
        ProfileError: the chip is unknown or its file faulty; its overrides are judged when the point is evaluated.
    """
    from neurosim import __version__

    content = experiment.model_dump(mode="python", exclude={"name", "description", "data", "chips"})
    chosen = experiment.chips[0]
    return {
        "neurosim": __version__,
        "data_sha256": file_hash(experiment.data.file),
        "experiment": plain(content),
        "chip": chosen.chip if not chosen.chip.endswith((".yaml", ".yml")) else Path(chosen.chip).name,
        "profile_sha256": profile_hash(chosen.chip),
        "overrides": plain(chosen.set),
        "compile": plain({name: getattr(chosen, name) for name in ("seed", "partition", "rates", "mapping")}),
        "approximate": approximate or chosen.approximate,
        "readout_on_chip": readout,
    }


def hash_of(data: Any) -> str:
    """SHA-256 of plain data, independent of the order of keys."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def canonical(data: Any) -> str:
    """Plain data as one line of JSON: the same data, the same text."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def plain(value: Any) -> Any:
    """Models and tuples as dictionaries and lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def file_hash(path: str) -> str:
    """SHA-256 of a file's bytes, read once as long as it does not change.

    Raises:
        RunError: it cannot be read.
    """
    try:
        stat = Path(path).stat()
        return _file_hash(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}; check data.file") from None


@functools.lru_cache(16)
def _file_hash(path: str, modified: int, size: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(64)
def profile_hash(chip: str) -> str:
    """SHA-256 of a profile without overrides, sources included.

    Raises:
        ProfileError: the chip is unknown or its file faulty.
    """
    return hash_of(profile_to_json(load_chip(chip)))


def provenance(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Where a row comes from: its identity, with the experiment as a hash, its seeds, and versions of what computed."""
    experiment = whole["experiment"]
    seeds = {"liquid": experiment["liquid"]["seed"], "compile": whole["compile"]["seed"]}
    if "seed" in experiment["encoder"]:
        seeds["encoder"] = experiment["encoder"]["seed"]
    return {
        **{key: value for key, value in whole.items() if key != "experiment"},
        "experiment_sha256": hash_of(experiment),
        "seeds": seeds,
        "versions": versions(),
    }


@functools.cache
def _versions() -> tuple[tuple[str, str], ...]:
    from neurosim import __version__

    found = [("neurosim", __version__), ("python", platform.python_version())]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "unknown"))
    return tuple(found)


def versions() -> dict[str, str]:
    """Versions of neurosim, Python and the packages that compute."""
    return dict(_versions())
