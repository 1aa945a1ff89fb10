"""`neurosim chips`: the profiles that there are, what is in them, and whether a file is one."""

from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli.options import Json, Quiet, RowsOnly, Sets, print_json, read_overrides

chips_app = typer.Typer(help="List, show and check chip profiles.", no_args_is_help=True)


@chips_app.command("list")
def list_command(as_json: Json = False, quiet: RowsOnly = False) -> None:
    """The packaged profiles."""
    from chips import list_chips, load_chip

    profiles = [load_chip(name) for name in list_chips()]
    if as_json:
        print_json({"chips": [{"name": p.name, "title": p.title, "cores": p.mesh.n_cores} for p in profiles]})
    elif quiet:
        typer.echo("\n".join(profile.name for profile in profiles))
    else:
        from neurosim.cli.printing import print_table

        rows = [[p.name, p.title, f"{p.mesh.n_cores:,}"] for p in profiles]
        print_table(["profile", "title", "cores"], rows, right=(2,))


@chips_app.command("show")
def show_command(
    chip: Annotated[str, typer.Argument(help="Name of a profile, or path of a YAML file.")],
    overrides: Sets = None,
    as_json: Json = False,
    quiet: RowsOnly = False,
) -> None:
    """Every number of a profile, with its source."""
    from chips import load_chip, profile_rows, profile_to_json
    from neurosim.cli.printing import print_table

    profile = load_chip(chip, read_overrides(overrides))
    if as_json:
        print_json(profile_to_json(profile))
        return
    if not quiet:
        typer.echo(f"{profile.name}: {profile.title}\n{profile.description.strip()}\n")
    rows = [
        [
            row.path,
            _plain(row.value) if row.value is not None else "no limit" if row.path.startswith("core.") else "not given",
            row.kind,
            _source(row.source, row.note),
        ]
        for row in profile_rows(profile)
    ]
    print_table(["key", "value", "kind", "source"], rows, right=(1,))


@chips_app.command("check")
def check_command(
    files: Annotated[list[Path], typer.Argument(help="Profile files.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check profile files; every fault of every file is listed."""
    from chips import Fault, ProfileError, load_chip

    faults: list[Fault] = []
    for file in files:
        try:
            profile = load_chip(str(file))
        except ProfileError as error:
            faults += error.faults
        else:
            if not (quiet or as_json):
                typer.echo(f"{file}: good ({profile.name}, {profile.mesh.n_cores:,} cores)")
    if as_json:
        listed = [{"where": f.where, "path": f.path, "message": f.message} for f in faults]
        print_json({"good": not faults, "faults": listed})
    elif faults:
        typer.echo("\n".join(str(fault) for fault in faults), err=True)
    if faults:
        raise typer.Exit(1)


@chips_app.command("schema")
def schema_command(as_json: Json = True, quiet: RowsOnly = False) -> None:
    """The JSON Schema of profile files, for editors."""
    from chips import json_schema

    print_json(json_schema())


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_plain(entry) for entry in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _source(source: str, note: str) -> str:
    return f"{source}; {note}" if note else source
