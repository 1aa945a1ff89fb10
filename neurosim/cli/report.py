"""`neurosim report`."""

from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli.options import Json, Quiet, Sets, keep_inputs, print_json, read_overrides


def report_command(
    what: Annotated[
        Path,
        typer.Argument(help="RUN.npz, the folder of compare, sweep or run --stream, a study.sqlite, or rows in JSON."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")] = Path("report.html"),
    program: Annotated[
        Path | None, typer.Option("--program", "-p", help="Program that was run: adds fill, links and quantisation.")
    ] = None,
    chip: Annotated[
        str | None, typer.Option("--chip", "-c", help="Price with this profile; its limits must be the run's.")
    ] = None,
    overrides: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write one HTML page of a run, a comparison or a study; it needs no network and no other file."""
    from chips import NeurosimError, load_chip, override_chip
    from compiler import Program
    from compiler.npz import write_text
    from neurosim.reporting.html import render
    from neurosim.reporting.sources import page_of

    keep_inputs(output, what, program)
    if output.suffix.lower() not in (".html", ".htm"):
        raise NeurosimError(f"{output}: the page is HTML, so give it a name that ends in .html")
    loaded = None if program is None else Program.load(program)
    settings = read_overrides(overrides)
    if settings and chip is None:
        raise NeurosimError("--set changes the prices of a profile: name it with --chip")
    prices = None if chip is None else override_chip(load_chip(chip), settings)
    text = render(page_of(what, loaded, prices))
    write_text(output, text)
    if as_json:
        print_json({"report": str(output), "bytes": len(text.encode())})
    elif not quiet:
        typer.echo(f"{output}: {len(text.encode()) / 1e6:.2f} MB")
