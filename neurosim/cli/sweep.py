"""The command `sweep`: many points of one experiment, on all processors or a cluster."""

from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli.options import Approximate, Interrupted, Json, Quiet, output_folder, print_json


def sweep_command(
    study: Annotated[Path, typer.Argument(help="Study file, such as examples/study.yaml.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the store and the rows; results/NAME by default."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", min=1, help="Processes; one for each processor by default.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A dask.distributed scheduler, in place of processes."),
    ] = None,
    approximate: Approximate = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Evaluate all points of a study; what its folder holds already is not repeated.  With --json, all rows."""
    from chips import NeurosimError
    from neurosim.cli import print_sweep
    from neurosim.cli.progress import progress
    from neurosim.studies.evaluate import DONE
    from neurosim.studies.study import load_study
    from neurosim.studies.sweep import NAME, sweep

    if workers is not None and scheduler is not None:
        raise NeurosimError("--workers are processes here, --scheduler has workers of its own: give one of the two")
    loaded = load_study(study)
    folder = output or Path("results") / study.stem
    known = [0, 0]
    with output_folder(folder):
        with progress(quiet or as_json) as bar:

            def report(what: str, done: int, of: int) -> None:
                known[:] = done, of
                bar(what, done, of)

            try:
                result = sweep(
                    loaded, folder, workers=workers, scheduler=scheduler, approximate=approximate, report=report
                )
            except KeyboardInterrupt:
                kept = f"{known[0]:,} of {known[1]:,} points are known and kept in {folder / NAME}"
                raise Interrupted(f"interrupted: {kept}; the same command goes on from there") from None
        written = result.save(folder)
    if as_json:
        print_json(result.to_dict())
    elif not quiet:
        print_sweep.print_study(result, [folder / NAME, *written])
    if all(point.status != DONE for point in result.points):
        raise NeurosimError(f"no point could be evaluated; the first says: {result.points[0].reason}")
