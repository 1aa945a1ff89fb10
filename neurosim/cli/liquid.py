"""`neurosim liquid`: how good a liquid is before anything is trained on it."""

from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli.options import Approximate, Json, Quiet, Sets, Threads, output_folder, print_json, read_overrides

liquid_app = typer.Typer(help="Examine liquids before anything is trained on them.", no_args_is_help=True)


@liquid_app.callback()
def _group() -> None:
    """Keeps `inspect` a command of its own, as there is no other yet."""


@liquid_app.command("inspect")
def inspect_command(
    target: Annotated[Path, typer.Argument(help="Experiment file (as for `compare`), or network file .yaml or .npz.")],
    chip: Annotated[
        str | None,
        typer.Option("--chip", "-c", help="Profile; needed for a network, in place of an experiment's first one."),
    ] = None,
    overrides: Sets = None,
    rate_hz: Annotated[
        float | None, typer.Option("--rate-hz", help="Of a network's Poisson input, a channel; 50 by default.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, max=100_000, help="Of a sample of that input; 200 by default.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for figures (JSON) and picture; results/NAME by default."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of placement and of all that is drawn.")] = 0,
    approximate: Approximate = False,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Kernel quality, separation, memory, stability and activity of a liquid, on the chip's integers."""
    from neurosim.cli.printing import print_table
    from neurosim.cli.progress import progress
    from neurosim.metrics.picture import save_report
    from neurosim.metrics.readings import readings
    from neurosim.metrics.report import inspect_liquid
    from neurosim.metrics.targets import read_target
    from neurosim.simulation.run_inputs import threads_by_default

    with threads_by_default(threads), progress(quiet or as_json) as report:
        report("compiling and calibrating", 0, 1)
        found = read_target(
            target,
            chip,
            read_overrides(overrides),
            seed=seed,
            rate_hz=rate_hz,
            steps=steps,
            approximate=approximate,
        )
        inspected = inspect_liquid(
            found.program, found.trains, found.labels, population=found.population, seed=seed, report=report
        )
    folder = output or Path("results") / target.stem
    with output_folder(folder):
        picture = save_report(inspected, folder, found.name)
    if as_json:
        print_json(inspected.to_dict() | {"name": found.name, "input": found.input, "picture": str(picture)})
    if as_json or quiet:
        return
    mark = {True: "yes", False: "no", None: ""}
    rows = [[x.name, x.value, x.good, mark[x.inside], x.meaning, x.source] for x in readings(inspected)]
    typer.echo(f"{found.name}: {found.program!r}\ninput: {found.input}\n")
    print_table(["metric", "value", "thought good", "met", "what it means", "source"], rows)
    if inspected.approximations:
        typer.echo(f"{inspected.chip} approximates: {', '.join(inspected.approximations)}")
    typer.echo(f"picture: {picture}")
