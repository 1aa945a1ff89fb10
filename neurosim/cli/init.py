"""`neurosim init`."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from neurosim.cli.options import Json, Quiet, print_json


def init_command(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made if it is not there.")] = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a commented experiment that runs, a chip of your own, and made-up data, to be changed."""
    from neurosim.beginning import begin

    paths = begin(folder)
    if as_json:
        print_json({"written": [str(path) for path in paths]})
    elif not quiet:
        typer.echo("written: " + ", ".join(str(path) for path in paths))
        typer.echo(f"now: neurosim compare {quote(str(paths[0]))} -o {quote(str(folder / 'results'))}")
