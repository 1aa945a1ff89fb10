"""`neurosim export`: networks as NIR or Brian2, compiled programs as SANA-FE."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurosim.cli.options import DtMs, Json, Quiet, keep_inputs, print_json

if TYPE_CHECKING:
    from compiler import Network
    from neurosim.spikes import SpikeTrains


class Target(StrEnum):
    """What a network is written for."""

    nir = "nir"
    sanafe = "sanafe"
    brian2 = "brian2"


def export_command(
    source: Annotated[Path, typer.Argument(help="Network (.yaml, .npz, .nir); for sanafe a compiled program.")],
    to: Annotated[Target, typer.Option("--to", help="What to write for.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write: NAME.nir, NAME.py; for sanafe a folder.")
    ],
    inputs: Annotated[
        Path | None, typer.Option("--input", "-i", help="Spikes (.npz, .csv) of the run to repeat there.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, max=2**31 - 2, help="Length of that run.")] = None,
    dt_ms: DtMs = None,
    python: Annotated[
        Path | None,
        typer.Option("--python", help="Python that has sanafe or brian2: run what was written there, and compare."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a network for another simulator, with a script that runs it there and sets its numbers against ours."""
    from chips import RunError

    if to is Target.nir:
        if inputs is not None or steps is not None or python is not None:
            raise RunError("--input, --steps and --python go with a run, and NIR holds a network alone: leave them out")
        found = _to_nir(source, output, dt_ms)
    elif to is Target.brian2:
        found = _to_brian2(source, output, inputs, steps, dt_ms)
    else:
        if dt_ms is not None:
            raise RunError("--dt-ms goes with networks in .nir files; a program says how long its steps are")
        found = _to_sanafe(source, output, inputs, steps)
    checked = None if python is None else _run_there(python, Path(found["script"]))
    if as_json:
        print_json(found | ({} if checked is None else {"check": checked}))
    elif not quiet:
        typer.echo("\n".join(f"{key.replace('_', ' ')}: {value}" for key, value in found.items()))
        if checked is not None:
            typer.echo(checked["text"])
    if checked is not None and not checked["agrees"]:
        raise typer.Exit(1)


def _to_nir(source: Path, output: Path, dt_ms: float | None) -> dict[str, Any]:
    from neurosim.exchange.to_nir import save_nir, summed_synapses

    keep_inputs(output, source)
    network = _network(source, dt_ms)
    save_nir(network, output)
    found = {"network": str(source), "nir": str(output)}
    if lost := summed_synapses(network):
        found["note"] = f"NIR has one weight for a pair and a delay: {lost:,} synapses were added to others"
    return found


def _to_brian2(
    source: Path, output: Path, inputs: Path | None, steps: int | None, dt_ms: float | None
) -> dict[str, Any]:
    from neurosim.exchange.to_brian2 import to_brian2

    arrays = output.with_suffix(".npz")
    for path in (output, arrays):
        keep_inputs(path, source, inputs)
    result = to_brian2(_network(source, dt_ms), output, _trains(inputs, steps))
    return {"network": str(source), "script": str(output), "arrays": str(arrays), "spikes": len(result.spike_step)}


def _to_sanafe(source: Path, output: Path, inputs: Path | None, steps: int | None) -> dict[str, Any]:
    from compiler import Program
    from neurosim.exchange.to_sanafe import to_sanafe

    made = to_sanafe(Program.load(source), output, _trains(inputs, steps))
    return {
        "program": str(source),
        "folder": str(made.folder),
        "script": str(made.folder / "check.py"),
        "spikes": made.result.n_spikes,
        "spikes_are": "SANA-FE's own" if made.own_spikes else "given to SANA-FE",
        "time_not_compared": list(made.no_time),
    }


def _network(source: Path, dt_ms: float | None) -> Network:
    from chips import NetworkError
    from compiler import Network
    from neurosim.exchange.network_files import read_network

    network = read_network(source, dt_ms)
    if not isinstance(network, Network):
        raise NetworkError(f"{source} holds cores of a crossbar chip, which only a TrueNorth has: export a network")
    return network


def _trains(inputs: Path | None, steps: int | None) -> SpikeTrains:
    from chips import RunError
    from neurosim.exchange.spike_files import read_spikes
    from neurosim.simulation.run_inputs import trains_of

    if inputs is None and steps is None:
        raise RunError("say which run to repeat: --steps N, or --input with a spike file that holds steps")
    return trains_of(None, steps) if inputs is None else read_spikes(inputs, steps)


def _run_there(python: Path, script: Path) -> dict[str, Any]:
    """What the script prints, by another interpreter that sees none of our packages.

    Raises:
        NeurosimError: it cannot be run, or the simulator fails.
    """
    import os
    import subprocess

    from chips import NeurosimError

    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run([str(python), str(script)], capture_output=True, text=True, env=clean, check=False)
    except OSError as error:
        raise NeurosimError(f"cannot run {python}: {error.strerror}; give the path of a Python") from error
    if done.returncode not in (0, 1) or not done.stdout.strip() or "Traceback" in done.stderr:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
        raise NeurosimError(f"{script} failed in {python} ({lines[-1].strip()}): what it needs stands at its head")
    return {"agrees": done.returncode == 0, "text": done.stdout.strip()}
