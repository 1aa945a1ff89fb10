"""neurosim compare: one task on several chip configurations, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli.options import (
    Approximate,
    Interrupted,
    Json,
    Quiet,
    Sets,
    Threads,
    output_folder,
    print_json,
    read_overrides,
)


def compare_command(
    experiment: Annotated[Path, typer.Argument(help="Experiment file, such as examples/vowels.yaml.")],
    chip: Annotated[
        list[str] | None, typer.Option("--chip", "-c", help="Profile in place of the file's; repeatable.")
    ] = None,
    overrides: Sets = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for rows (JSON) and picture; results/NAME by default."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="NAME", help="Chip or label that energies are held against; the first."),
    ] = None,
    approximate: Approximate = False,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run one task on several chip configurations, side by side; with --json, a list of rows."""
    from neurosim.cli.print_comparison import print_comparison
    from neurosim.cli.progress import progress
    from neurosim.comparison import compare
    from neurosim.experiment import load_experiment
    from neurosim.figure import save_comparison
    from neurosim.simulation.run_inputs import threads_by_default

    loaded = load_experiment(experiment)
    folder = output or Path("results") / experiment.stem
    with output_folder(folder):
        try:
            with threads_by_default(threads), progress(quiet or as_json) as report:
                comparison = compare(
                    loaded, chip, read_overrides(overrides), report, approximate=approximate, baseline=baseline
                )
        except KeyboardInterrupt:
            unwritten = "interrupted: no row is written before all are done; the same command begins anew"
            raise Interrupted(unwritten) from None
        picture = save_comparison(comparison, folder)
    if as_json:
        print_json(comparison.rows)
    elif not quiet:
        print_comparison(comparison, loaded.description, str(picture))
