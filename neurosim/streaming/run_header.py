"""The header of a streamed run: what runs, on what, and how it is cut.  Resuming needs the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, ProfileError, RunError, profile_from_json, profile_to_json
from compiler import Program, Span
from compiler.npz import read_npz, write_npz
from compiler.validate import spans_from_json, spans_to_json
from neurosim.spikes import MAX_SAMPLES, MAX_STEPS

FORMAT = "neurosim-stream/1"
NAME = "stream.npz"


@dataclass(frozen=True, eq=False)
class RunHeader:
    """What is known of a streamed run before its first step."""

    chip: ChipProfile
    program_digest: str
    inputs_digest: str
    spans: tuple[Span, ...]
    dt_ms: float
    seed: int
    chunk_steps: int
    core: npt.NDArray[np.int32]  # [core in use], number on the mesh
    neurons: npt.NDArray[np.int64]  # [core in use]
    steps: npt.NDArray[np.int64]  # [sample]


def header_of(
    program: Program, inputs_digest: str, seed: int, chunk_steps: int, steps: npt.NDArray[np.int64]
) -> RunHeader:
    """The header of a run that begins."""
    core, core_ptr = program.tables.core, program.tables.core_ptr
    names = (program.chip, program.digest, inputs_digest, program.spans, program.dt_ms)
    return RunHeader(*names, seed, chunk_steps, core, np.diff(core_ptr), steps)


def write_header(folder: Path, header: RunHeader) -> None:
    """Write it, whole or not at all.

    Raises:
        NeurosimError: the file cannot be written.
    """
    data = {
        "format": FORMAT,
        "chip": profile_to_json(header.chip),
        "program_digest": header.program_digest,
        "inputs_digest": header.inputs_digest,
        "spans": spans_to_json(header.spans),
        "dt_ms": header.dt_ms,
        "seed": header.seed,
        "chunk_steps": header.chunk_steps,
    }
    write_npz(folder / NAME, data, {"core": header.core, "neurons": header.neurons, "steps": header.steps})


def read_header(folder: Path) -> RunHeader:
    """Read it.

    Raises:
        RunError: the folder holds no streamed run, or the file is damaged, foreign or of another version.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"{folder} holds no streamed run ({NAME} is missing): make one with run_to_disk or --stream")
    data, arrays = read_npz(path, FORMAT, RunError)
    try:
        header = RunHeader(
            chip=profile_from_json(data["chip"]),
            program_digest=str(data["program_digest"]),
            inputs_digest=str(data["inputs_digest"]),
            spans=spans_from_json(data["spans"]),
            dt_ms=float(data["dt_ms"]),
            seed=int(data["seed"]),
            chunk_steps=int(data["chunk_steps"]),
            core=_plain(arrays["core"], "core", np.int32),
            neurons=_plain(arrays["neurons"], "neurons", np.int64),
            steps=_plain(arrays["steps"], "steps", np.int64),
        )
        if not (0 < header.chunk_steps <= MAX_STEPS and header.seed >= 0 and len(header.core) == len(header.neurons)):
            raise ValueError("'chunk_steps', 'seed' or 'core', which contradict the rest")
        _check_steps(header.steps)
    except (ProfileError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise RunError(f"{path} lacks or garbles {error}: run the program again, into another folder") from error
    return header


def _plain(array: npt.NDArray[Any], name: str, dtype: type) -> npt.NDArray[Any]:
    if array.dtype != dtype or array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name!r}, an array of {array.dtype} of shape {array.shape}")
    return array


def _check_steps(steps: npt.NDArray[np.int64]) -> None:
    if len(steps) > MAX_SAMPLES or steps.min() < 1 or steps.max() > MAX_STEPS:
        raise ValueError("'steps', which are no lengths of samples")


def check_same(folder: Path, found: RunHeader, wanted: RunHeader) -> None:
    """Refuse to go on with a run by another one.

    Raises:
        RunError: program, inputs, lengths, seed, prices or chunks differ.
    """
    for what, of in _SAME.items():
        if of(found) != of(wanted):
            raise RunError(
                f"{folder} holds a run with another {what} ({of(found)}, not {of(wanted)}): resume it with what it "
                "began with, or choose another folder"
            )
    if not np.array_equal(found.steps, wanted.steps):
        sample = int((found.steps != wanted.steps).argmax())
        raise RunError(
            f"{folder} holds a run whose sample {sample} has {found.steps[sample]:,} steps, not "
            f"{wanted.steps[sample]:,}: resume it with the lengths that it began with, or choose another folder"
        )
    if found.inputs_digest != wanted.inputs_digest:
        raise RunError(
            f"{folder} holds a run on other inputs (digest {found.inputs_digest[:12]}, not "
            f"{wanted.inputs_digest[:12]}): resume it with those that it began with, or choose another folder"
        )
    if profile_to_json(found.chip) != profile_to_json(wanted.chip):
        raise RunError(
            f"{folder} holds a run of {found.chip.name} with other prices: resume it with the program that it began "
            "with (other prices can be given when it is priced), or choose another folder"
        )


_SAME: dict[str, Callable[[RunHeader], object]] = {
    "program": lambda header: f"digest {header.program_digest[:12]}",
    "number of samples": lambda header: len(header.steps),
    "seed": lambda header: header.seed,
    "chunk_steps": lambda header: header.chunk_steps,
}
