"""What a report can be made of: a run's file or folder, or the folder or JSON file of a comparison or a study."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chips import ChipProfile, NeurosimError, RunError
from compiler import Program
from neurosim.faults.faults import Faults
from neurosim.faults.faulty_program import with_faults
from neurosim.reporting.activity_counts import Activity, activity_of, activity_of_stream
from neurosim.reporting.comparison_page import comparison_page
from neurosim.reporting.page import Page
from neurosim.reporting.row_checks import Comparison, checked
from neurosim.reporting.rows import comparison_rows
from neurosim.reporting.run_page import run_page
from neurosim.reporting.study_found import study_of_rows, study_of_store
from neurosim.reporting.study_page import study_page
from neurosim.result import RunResult

MAX_JSON_BYTES = 512 * 2**20
STORE = "study.sqlite"
_BESIDE = (".csv", ".parquet", ".png", ".yaml", ".yml")  # what stands beside that which is meant
_NO_STUDY = (
    "holds no run, comparison.json, study.json or study.sqlite: give RUN.npz, or the folder of compare, sweep or "
    "run --stream"
)


def page_of(path: str | Path, program: Program | None = None, chip: ChipProfile | None = None) -> Page:
    """The page of what lies under `path`.

    Raises:
        NeurosimError: nothing that can be reported, or it is damaged.
    """
    path = Path(path)
    if path.is_dir():
        if (path / "stream.npz").is_file():
            from neurosim.streaming.streamed_run import StreamedRun

            streamed = StreamedRun.load(path)
            run = streamed.collect(with_spikes=False)
            return page_of_run(run, program, chip, path.resolve().name, activity_of_stream(streamed, run))
        if (path / STORE).is_file():  # before study.json, as it has what was evaluated since, and the constraints
            return _page_of_store(path / STORE)
        for name in ("study.json", "comparison.json"):
            if (path / name).is_file():
                return _page_of_json(path / name)
        raise NeurosimError(f"{path} {_NO_STUDY}")
    if path.suffix.lower() == ".sqlite":
        return _page_of_store(path)
    if path.suffix.lower() == ".json":
        return _page_of_json(path)
    if path.suffix.lower() in _BESIDE:
        raise NeurosimError(f"{path} is no run, comparison or study: give RUN.npz, or the folder of compare or sweep")
    return page_of_run(RunResult.load(path), program, chip, path.stem)


def page_of_run(
    result: RunResult,
    program: Program | None,
    chip: ChipProfile | None,
    name: str,
    activity: Activity | None = None,
) -> Page:
    """The page of a run; `activity` in place of that of its spikes.

    Raises:
        RunError: the run is of another program, or compiled for other limits than `chip` has.
    """
    if program is not None and result.faults and program.digest != result.program_digest:
        program = _damaged(program, result.faults)
    if program is not None and program.digest != result.program_digest:
        raise RunError("the run is of another program: give the program that was run")
    chip = result.chip if chip is None else chip
    result.counts.check_chip(chip)
    return run_page(result, activity or activity_of(result), program, chip, name)


def _damaged(program: Program, faults: tuple[str, ...]) -> Program:
    """The program as the faulty chip held it."""
    for each in faults:
        program = with_faults(program, Faults.parse(each))
    return program


def page_of_rows(data: Any, name: str, file: str = "") -> Page:
    """The page of a comparison or a study as plain data: a dictionary that holds `rows`, or the list of them.

    Args:
        data: what it may be.
        name: title of the page, where the data give none.
        file: what refusals call the data; by default `name`.

    Raises:
        NeurosimError: it is neither, or a row lacks a key, or holds a damaged one.
    """
    file = file or name
    whole = {"rows": data} if isinstance(data, list) else data
    if not isinstance(whole, Mapping) or not isinstance(whole.get("rows"), list) or not whole["rows"]:
        raise NeurosimError(f"{file} {_NO_STUDY}")
    named = str(whole.get("name", name))
    if any(isinstance(row, Mapping) and "settings" in row for row in whole["rows"]):
        return study_page(study_of_rows(whole, name, file), named)
    told = checked(Comparison, whole, file, "give the comparison.json that neurosim compare wrote")
    return comparison_page(named, comparison_rows(whole["rows"], file), told)


def _page_of_store(path: Path) -> Page:
    """The page of a study's store, which may not have ended."""
    result = study_of_store(path)
    return study_page(result, result.study.name)


def _page_of_json(path: Path) -> Page:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise NeurosimError(f"{path} is larger than any comparison: give another file")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NeurosimError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise NeurosimError(f"{path} is damaged, or no JSON: make it again") from error
    name = path.parent.resolve().name if path.name in ("study.json", "comparison.json") else path.stem
    return page_of_rows(data, name, str(path))
