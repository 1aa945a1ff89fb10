"""Report: write what was found as a page to show to others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chips import ChipProfile, load_chip
from compiler import Program
from compiler.npz import write_text
from neurosim.comparison import Comparison
from neurosim.reporting.html import render
from neurosim.reporting.sources import page_of, page_of_rows, page_of_run
from neurosim.reporting.study_page import study_page
from neurosim.result import RunResult
from neurosim.studies.result import StudyResult


def report(
    what: RunResult | Comparison | StudyResult | Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | Path,
    program: Program | None = None,
    path: str | Path = "report.html",
    *,
    chip: ChipProfile | str | None = None,
    name: str | None = None,
) -> Path:
    """Write one HTML page that needs nothing else: no network, no other file.  The same input gives the same bytes.

    Args:
        what: a run; a comparison; a study; rows of the last two as plain data; or the path of a run's file, or of the
            folder (or JSON file) of a comparison, a study or a streamed run.
        program: of the run; adds fill, links and quantisation errors.
        path: the file to write.
        chip: prices of a run, in place of those of its chip, whose limits it must have.
        name: title of the page.

    Returns:
        The path written.

    Raises:
        NeurosimError: nothing that can be reported, it contradicts the program or the chip, or the file cannot be
            written.
    """
    prices = load_chip(chip) if isinstance(chip, str) else chip
    if isinstance(what, RunResult):
        page = page_of_run(what, program, prices, name or "run")
    elif isinstance(what, str | Path):
        page = page_of(what, program, prices)
    elif isinstance(what, Comparison):
        page = page_of_rows(what.to_dict(), name or "comparison")
    elif isinstance(what, StudyResult):
        page = study_page(what, name or what.study.name)
    else:
        page = page_of_rows(dict(what) if isinstance(what, Mapping) else list(what), name or "comparison")
    write_text(path, render(page))
    return Path(path)
