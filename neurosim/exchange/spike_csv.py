"""Spikes as CSV: for spreadsheets, and for whatever writes text.

# steps: 100, 80              length of each sample; may be left out where the reader is told
sample,step,channel,value     the head; sample (0) and value (1) may be left out, the order is free
0,3,17,1
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from chips.hints import nearest
from compiler.npz import write_text
from neurosim.spikes import MAX_SAMPLES, SpikeTrains, sample_of_spikes

MAX_BYTES = 1 << 30
COLUMNS = ("sample", "step", "channel", "value")
_STEPS = "# steps:"


def save_csv(trains: SpikeTrains, path: str | Path) -> None:
    """Write trains, whole or not at all.

    Raises:
        NeurosimError: the file cannot be written.
    """
    columns: list[npt.NDArray[Any]] = [sample_of_spikes(trains.sample_ptr), trains.step, trains.channel]
    names = list(COLUMNS[:3])
    if trains.value is not None:
        columns.append(trains.value)
        names.append("value")
    rows = zip(*(column.tolist() for column in columns), strict=True)
    head = f"{_STEPS} {', '.join(map(str, trains.steps.tolist()))}\n{','.join(names)}\n"
    write_text(path, head + "".join(f"{','.join(map(str, row))}\n" for row in rows))


def load_csv(path: str | Path, steps: int | None = None) -> SpikeTrains:
    """Read trains; `steps` is the length of all samples, for a file that does not say it or to cut them.

    Raises:
        RunError: the file is missing or too large, a column is missing or unknown, an entry is no whole number, or a
            spike is where none can be; the line is named.
    """
    lines = _text(path).splitlines()
    lengths = None
    first = 0
    if lines and lines[0].startswith(_STEPS):
        cells = lines[0].removeprefix(_STEPS).split(",")
        lengths = [_whole(path, 1, "steps", cell) for cell in cells]
        first = 1
    names = [name.strip() for name in lines[first].split(",")] if len(lines) > first else []
    _check_head(path, first + 1, names)
    columns: dict[str, list[int]] = {name: [] for name in names}
    for number, line in enumerate(lines[first + 1 :], first + 2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != len(names):
            raise RunError(
                f"{path}:{number}: {len(cells)} entries, but the head names {len(names)} columns: mend the line"
            )
        for name, cell in zip(names, cells, strict=True):
            columns[name].append(_whole(path, number, name, cell))
    return _trains(path, columns, lengths, steps)


def _text(path: str | Path) -> str:
    try:
        n_bytes = Path(path).stat().st_size
        if n_bytes > MAX_BYTES:
            raise RunError(
                f"{path} is {n_bytes:,} bytes, but at most {MAX_BYTES:,} are read: large spikes belong in .npz"
            )
        return Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise RunError(f"{path} is no text in UTF-8 ({error}): save it as CSV") from error


def _check_head(path: str | Path, line: int, names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            near = nearest(name, COLUMNS)
            hint = f"did you mean {near!r}?" if near else f"columns are {', '.join(COLUMNS)}"
            raise RunError(f"{path}:{line}: unknown column {name[:50]!r}: {hint}")
        if names.count(name) > 1:
            raise RunError(f"{path}:{line}: column {name!r} stands twice: leave one out")
    for name in ("step", "channel"):
        if name not in names:
            raise RunError(
                f"{path}:{line}: there is no column {name!r}: the head is step,channel or {','.join(COLUMNS)}"
            )


def _whole(path: str | Path, line: int, name: str, cell: str) -> int:
    text = cell.strip()
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise RunError(f"{path}:{line}: {name} is {text[:50]!r}, but a whole number is needed")
    if len(digits) > 15:
        raise RunError(f"{path}:{line}: {name} is {text[:50]}, which is too large")
    number = int(text)
    if number < 0 and name != "value":
        raise RunError(f"{path}:{line}: {name} is {number}, but counts from 0")
    return number


def _trains(
    path: str | Path, columns: dict[str, list[int]], lengths: list[int] | None, steps: int | None
) -> SpikeTrains:
    sample = columns.get("sample")
    n_samples = max(sample, default=0) + 1 if sample is not None else 1
    if lengths is not None:
        n_samples = len(lengths) if len(lengths) > 1 or sample is None else max(n_samples, 1)
    if n_samples > MAX_SAMPLES:
        raise RunError(f"{path} names sample {n_samples - 1:,}, but at most {MAX_SAMPLES:,} are read: number from 0")
    if steps is None and lengths is None:
        raise RunError(f"{path} does not say how long its samples are: give the number of steps")
    given = [steps] if steps is not None else lengths
    assert given is not None
    long = np.broadcast_to(given, (n_samples,)) if len(given) == 1 else np.array(given)
    value = columns.get("value")
    try:
        return SpikeTrains.from_events(columns["step"], columns["channel"], long, sample, value)
    except RunError as error:
        raise RunError(f"{path}: {error}") from error
