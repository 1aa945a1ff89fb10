"""Options that several commands share, and what they mean."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer


class Interrupted(Exception):  # noqa: N818 - reads as what happened
    """Ctrl-C ended a command in order; the message says what was kept."""


Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys and SI units.")]
Approximate = Annotated[
    bool, typer.Option("--approximate", help="Allow the approximations that a chip needs; the report names them.")
]
DtMs = Annotated[
    float | None, typer.Option("--dt-ms", help="Length of a step in milliseconds, of a network in a .nir file.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only; files, and what --json prints, stay.")]
RowsOnly = Annotated[bool, typer.Option("--quiet", "-q", help="Print names or rows only, no words around them.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, max=4096, help="As many at a time; one for each processor by default.")
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the profile; repeatable.")
]


def read_overrides(texts: list[str] | None) -> dict[str, object]:
    """The values of `--set`.

    Raises:
        ProfileError: one is not KEY=VALUE.
    """
    from chips import parse_override

    return dict(parse_override(text) for text in texts or [])


def print_json(data: Any) -> None:
    """One JSON object on standard output."""
    typer.echo(json.dumps(data, indent=2, allow_nan=False))


def keep_inputs(output: Path, *inputs: Path | None) -> None:
    """Refuse to write over what is read.

    Raises:
        NeurosimError: the output is one of the inputs.
    """
    from chips import NeurosimError

    for path in inputs:
        if path is not None and output.resolve() == path.resolve():
            raise NeurosimError(f"{output} is read and would be written over: choose another name for the output")


@contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """Make a folder for output, with those above it; what is made and still empty goes again when the command fails.

    Raises:
        NeurosimError: it cannot be made.
    """
    from chips import NeurosimError

    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NeurosimError(f"cannot make the folder {folder}: {error.strerror}; choose another with -o") from error
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # one is not empty
            for one in made:
                one.rmdir()
        raise
