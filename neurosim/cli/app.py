"""The command line.  Commands import what they need when they run, so that help is instant.

Exit code 0; 1 for a refusal (one clear message, nothing written); 2 for wrong usage; 130 when interrupted.
"""

import json
import os
import sys
from typing import Annotated

import typer

from neurosim.cli.chips import chips_app
from neurosim.cli.compare import compare_command
from neurosim.cli.compile import compile_command
from neurosim.cli.debug import debug_command
from neurosim.cli.export import export_command
from neurosim.cli.faults import faults_command
from neurosim.cli.init import init_command
from neurosim.cli.liquid import liquid_app
from neurosim.cli.options import Interrupted
from neurosim.cli.report import report_command
from neurosim.cli.run import run_command
from neurosim.cli.signals import end_on_signals
from neurosim.cli.sweep import sweep_command

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
app.command("compile")(compile_command)
app.command("run")(run_command)
app.command("debug")(debug_command)
app.command("compare")(compare_command)
app.command("sweep")(sweep_command)
app.command("export")(export_command)
app.command("faults")(faults_command)
app.command("init")(init_command)
app.command("report")(report_command)


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


def main() -> None:
    """Entry point: every refusal is one message on standard error and exit code 1."""
    from chips.errors import NeurosimError

    end_on_signals()
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer turns Ctrl-C into this code without a word
            typer.echo("interrupted: nothing unfinished was written", err=True)
        raise
    except Interrupted as end:
        _fail(str(end), INTERRUPTED)
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
