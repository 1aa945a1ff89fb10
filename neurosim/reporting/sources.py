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
from neurosim.reporting.page import Page
from neurosim.reporting.rows import OBJECTIVES, comparison_rows, study_rows
from neurosim.reporting.rows_page import rows_page
from neurosim.reporting.run_page import run_page
from neurosim.result import RunResult

MAX_JSON_BYTES = 512 * 2**20
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
        for name in ("study.json", "comparison.json"):
            if (path / name).is_file():
                return _page_of_json(path / name)
        if (path / "study.sqlite").is_file():
            return _page_of_store(path)
        raise NeurosimError(f"{path} {_NO_STUDY}")
    if path.suffix.lower() == ".json":
        return _page_of_json(path)
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


def page_of_rows(data: Any, name: str) -> Page:
    """The page of a comparison or a study as plain data: a dictionary that holds `rows`, or the list of them.

    Raises:
        NeurosimError: it is neither.
    """
    whole = {"rows": data} if isinstance(data, list) else data
    if not isinstance(whole, Mapping) or not isinstance(whole.get("rows"), list) or not whole["rows"]:
        raise NeurosimError(f"{name} {_NO_STUDY}")
    named = str(whole.get("name", name))
    first = whole["rows"][0]
    if isinstance(first, Mapping) and "settings" in first:
        wanted = [o.get("name") for o in whole.get("objectives", []) if isinstance(o, Mapping)]
        known = [str(o) for o in wanted if o in OBJECTIVES]
        return rows_page(named, study_rows(whole["rows"]), known, str(whole.get("description", "")))
    return rows_page(named, comparison_rows(whole["rows"]), ())


def _page_of_store(folder: Path) -> Page:
    """The page of a study that has not ended: the rows that it has."""
    from neurosim.studies.store import read_study

    stored = read_study(folder)
    rows = [
        {"point": point.number, "settings": point.settings, "status": point.status, "reason": point.reason}
        | {"measures": point.measures}
        for point in stored.points
        if point.status is not None
    ]
    about = f"unfinished: {len(rows):,} of {len(stored.points):,} points are there"
    return page_of_rows({**stored.study, "description": about, "rows": rows}, folder.resolve().name)


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
    return page_of_rows(data, name)
