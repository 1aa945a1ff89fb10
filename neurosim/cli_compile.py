"""`neurosim compile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from neurosim.cli_mapping import ForbiddenCores, NeuronsPerCore, Pin, Together, read_mapping
from neurosim.cli_options import Approximate, Json, Quiet, Sets, keep_inputs, print_json, read_overrides

if TYPE_CHECKING:
    from compiler.partition import Method


def compile_command(
    network: Annotated[Path, typer.Argument(help="Network file, .yaml or .npz; or crossbar cores, .npz.")],
    chip: Annotated[str, typer.Option("--chip", "-c", help="Name of a profile, or path of a YAML file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Program file to write.")] = Path("program.npz"),
    overrides: Sets = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of partition and placement.")] = 0,
    approximate: Approximate = False,
    partition: Annotated[
        str, typer.Option("--partition", help="greedy, or multilevel: fewer cores and packets, takes longer.")
    ] = "greedy",
    neurons_per_core: NeuronsPerCore = None,
    pin: Pin = None,
    forbidden_cores: ForbiddenCores = None,
    together: Together = None,
    like: Annotated[
        Path | None,
        typer.Option("--like", help="Older program for the same chip: neurons keep their cores where limits hold."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compile a network to a chip, and report how full it is."""
    from chips import load_chip
    from compiler import Program, compile, moves, usage
    from compiler.network_files import load_any
    from neurosim import cli_print, cli_print_compile

    keep_inputs(output, network, like)
    profile = load_chip(chip, read_overrides(overrides))
    mapping = read_mapping(neurons_per_core, pin, forbidden_cores, together)
    old = None if like is None else Program.load(like)
    program = compile(
        load_any(network),
        profile,
        seed,
        approximate=approximate,
        partition=cast("Method", partition),
        mapping=mapping,
        like=old,
    )
    program.save(output)
    use, moved = usage(program), None if old is None else moves(old, program)
    if as_json:
        more = {} if moved is None else {"moves": moved.to_dict()}
        print_json(cli_print.compile_data(program, use, str(output)) | more)
    elif not quiet:
        cli_print.print_compiled(program, use, str(output))
        if moved is not None:
            cli_print_compile.print_moves(moved)
