"""Spikes from and to files, by their extension."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chips import RunError
from neurosim.exchange.spike_csv import load_csv, save_csv
from neurosim.exchange.spike_neo import from_neo
from neurosim.spikes import SpikeTrains

_LOADERS: Mapping[str, Callable[[str | Path, int | None], SpikeTrains]] = {".npz": SpikeTrains.load, ".csv": load_csv}
_SAVERS: Mapping[str, Callable[[SpikeTrains, str | Path], None]] = {".npz": SpikeTrains.save, ".csv": save_csv}


def read_spikes(source: Any, steps: int | None = None, *, dt_ms: float | None = None) -> SpikeTrains:
    """Spike trains from a .npz or .csv file, or from what Neo has read.

    Args:
        source: a path, or a neo.Block, Segment or list of SpikeTrains.
        steps: length of the samples, for what does not say it, or to cut them.
        dt_ms: length of a step, for objects of Neo alone.

    Raises:
        RunError: the file is damaged or has another extension, or spikes are where none can be.
    """
    if isinstance(source, str | Path):
        return _LOADERS[_extension(source)](source, steps)
    if dt_ms is None:
        raise RunError("spikes of Neo are at times, not in steps: say how long a step is with dt_ms")
    return from_neo(source, dt_ms=dt_ms, steps=steps)


def write_spikes(trains: SpikeTrains, path: str | Path) -> None:
    """Write spike trains as .npz or .csv, whole or not at all.

    Raises:
        RunError: another extension.
        NeurosimError: the file cannot be written.
    """
    _SAVERS[_extension(path)](trains, path)


def _extension(path: str | Path) -> str:
    extension = Path(path).suffix.lower()
    if extension not in _LOADERS:
        raise RunError(
            f"{path}: the extension {extension!r} is no format of spikes: use .npz or .csv; what Neo reads becomes "
            "spikes by read_spikes(block, dt_ms=...)"
        )
    return extension
