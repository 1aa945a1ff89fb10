"""The command line.  Commands import what they need when they run, so that help is instant.

Exit code 0; 1 for a refusal (one clear message, nothing written); 2 for wrong usage; 130 when interrupted.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli_chips import chips_app
from neurosim.cli_debug import debug_command
from neurosim.cli_liquid import liquid_app
from neurosim.cli_options import Approximate, Json, Quiet, Sets, keep_inputs, make_folder, print_json, read_overrides

INTERRUPTED = 130

app = typer.Typer(
    name="neurosim",
    help="Compile spiking networks to neuromorphic chips, run them exactly, and price what happened.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(chips_app, name="chips")
app.add_typer(liquid_app, name="liquid")
app.command("debug")(debug_command)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from neurosim import __version__

        typer.echo(f"neurosim {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("compile")
def compile_command(
    network: Annotated[Path, typer.Argument(help="Network file, .yaml or .npz; or crossbar cores, .npz.")],
    chip: Annotated[str, typer.Option("--chip", "-c", help="Name of a profile, or path of a YAML file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Program file to write.")] = Path("program.npz"),
    overrides: Sets = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the placement.")] = 0,
    approximate: Approximate = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compile a network to a chip, and report how full it is."""
    from chips import load_chip
    from compiler import compile, usage
    from compiler.network_files import load_any
    from neurosim import cli_print

    keep_inputs(output, network)
    profile = load_chip(chip, read_overrides(overrides))
    program = compile(load_any(network), profile, seed, approximate=approximate)
    program.save(output)
    if as_json:
        print_json(cli_print.compile_data(program, usage(program), str(output)))
    elif not quiet:
        cli_print.print_compiled(program, usage(program), str(output))


@app.command("run")
def run_command(
    program: Annotated[Path, typer.Argument(help="Program file made by `neurosim compile`.")],
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--input",
            "-i",
            help="Spikes, .npz with step and channel (and sample, steps, value), or rows of them in spikes.",
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, max=2**31 - 2, help="Length of each sample.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Result file to write.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of random numbers, on chips that draw any.")] = 0,
    chip: Annotated[
        str | None, typer.Option("--chip", "-c", help="Price with this profile; its limits must be the program's.")
    ] = None,
    noc: Annotated[
        str | None, typer.Option("--noc", help="Time the network too, 'queued' or 'flit': where packets wait.")
    ] = None,
    overrides: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a program on external spikes; print counts, energy and latency."""
    from chips import RunError, load_chip, override_chip
    from compiler import Program
    from neurosim import cli_print
    from neurosim.simulate import run
    from neurosim.spikes import SpikeTrains

    if output is not None:
        keep_inputs(output, program, inputs)
    loaded = Program.load(program)
    prices = override_chip(load_chip(chip) if chip else loaded.chip, read_overrides(overrides))
    loaded.check_chip(prices)
    if inputs is None and steps is None:
        raise RunError("say how long to run: --steps N, or --input with a spike file that holds steps")
    trains = SpikeTrains.load(inputs, steps) if inputs is not None else None
    with cli_print.progress(quiet or as_json) as report:
        result = run(
            loaded,
            trains,
            None if trains is not None else steps,
            seed=seed,
            progress=lambda done, of: report("samples", done, of),
        )
    network = None if noc is None else cli_print.network_comparison(result, loaded, prices, noc)
    if output is not None:
        result.save(output)
    if as_json:
        more = {} if network is None else {"network": cli_print.network_data(network)}
        print_json(cli_print.run_data(result, prices, output) | more)
    else:
        cli_print.print_run(result, prices, output)
        if network is not None:
            cli_print.print_network(network)


@app.command("compare")
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
    approximate: Approximate = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run one task on several chip configurations, side by side; with --json, a list of rows."""
    from neurosim import cli_print
    from neurosim.comparison import compare
    from neurosim.experiment import load_experiment
    from neurosim.figure import save_comparison

    loaded = load_experiment(experiment)
    folder = output or Path("results") / experiment.stem
    make_folder(folder)
    with cli_print.progress(quiet or as_json) as report:
        comparison = compare(loaded, chip, read_overrides(overrides), report, approximate=approximate)
    picture = save_comparison(comparison, folder)
    if as_json:
        print_json(comparison.rows)
    else:
        cli_print.print_comparison(comparison, loaded.description, str(picture))


def main() -> None:
    """Entry point: every refusal is one message on standard error and exit code 1."""
    from chips.errors import NeurosimError

    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer turns Ctrl-C into this code without a word
            typer.echo("interrupted: nothing unfinished was written", err=True)
        raise
    except NeurosimError as error:
        _fail(f"error: {error}", 1)
    except MemoryError:
        _fail("error: out of memory: use fewer samples or steps at a time, or a smaller network", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(message: str, code: int) -> None:
    if "--json" in sys.argv and code == 1:
        typer.echo(json.dumps({"error": message.removeprefix("error: ")}))
    typer.echo(message, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
