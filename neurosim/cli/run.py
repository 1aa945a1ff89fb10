"""`neurosim run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neurosim.cli.options import (
    Interrupted,
    Json,
    Quiet,
    Sets,
    Threads,
    keep_inputs,
    print_json,
    read_overrides,
)

if TYPE_CHECKING:
    from chips import ChipProfile
    from compiler import Program
    from neurosim.result import RunResult
    from neurosim.spikes import SpikeTrains


def run_command(
    program: Annotated[Path, typer.Argument(help="Program file made by `neurosim compile`.")],
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--input",
            "-i",
            help="Spikes, .npz or .csv: step and channel (and sample, steps, value), or rows of them in spikes.",
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, max=2**31 - 2, help="Length of each sample.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Result file to write, what was done if interrupted; .csv: spikes alone."),
    ] = None,
    stream: Annotated[
        Path | None, typer.Option("--stream", help="Folder to write to as it runs, in place of -o; for long runs.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in the folder of --stream, or begin it.")
    ] = False,
    chunk_steps: Annotated[
        int | None, typer.Option("--chunk-steps", min=1, max=2**31 - 2, help="Steps in a file of --stream.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of random numbers, on chips that draw any.")] = 0,
    chip: Annotated[
        str | None, typer.Option("--chip", "-c", help="Price with this profile; its limits must be the program's.")
    ] = None,
    noc: Annotated[
        str | None, typer.Option("--noc", help="Time the network too, 'queued' or 'flit': where packets wait.")
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(
            "--faults", help="Of the chip, as dead_cores=3+7,stuck_synapses=0.01,dropped_packets=0.001,seed=1."
        ),
    ] = None,
    overrides: Sets = None,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a program on external spikes; print counts, energy and latency.

    Ctrl-C ends a run in order: the samples finished, or the steps done of the first, are written and priced.
    """
    from chips import RunError, load_chip, override_chip
    from compiler import Program
    from neurosim.exchange.spike_files import read_spikes
    from neurosim.faults.faults import Faults
    from neurosim.faults.faulty_program import with_faults
    from neurosim.simulation.run_inputs import check_trains, threads_by_default, trains_of

    if stream is None and (resume or chunk_steps is not None):
        raise RunError("--resume and --chunk-steps go with --stream FOLDER, which says where the run is kept")
    if stream is not None and output is not None:
        raise RunError("-o keeps a run in one file, --stream in a folder: give one of the two")
    if stream is not None and noc is not None:
        raise RunError("--noc times a run that is held at once: leave out --stream, or --noc")
    if output is not None:
        keep_inputs(output, program, inputs)
    loaded = Program.load(program)
    prices = override_chip(load_chip(chip) if chip else loaded.chip, read_overrides(overrides))
    loaded.check_chip(prices)
    if faults is not None:
        loaded = with_faults(loaded, Faults.parse(faults))
    if inputs is None and steps is None:
        raise RunError("say how long to run: --steps N, or --input with a spike file that holds steps")
    trains = trains_of(None, steps) if inputs is None else read_spikes(inputs, steps)
    try:
        check_trains(loaded, trains)
    except RunError as error:
        raise RunError(f"{inputs}: {error}") from None
    with threads_by_default(threads):
        if stream is None:
            _run_to_file(loaded, trains, output, seed, prices, noc, as_json, quiet)
        else:
            _run_to_folder(loaded, trains, stream, resume, chunk_steps, seed, prices, as_json, quiet)


def _run_to_file(
    program: Program,
    trains: SpikeTrains,
    output: Path | None,
    seed: int,
    prices: ChipProfile,
    noc: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    from neurosim.cli import print_noc, print_run
    from neurosim.cli.progress import progress
    from neurosim.interruption import halted_by_interrupt
    from neurosim.simulate import run_until

    n_steps = int(trains.steps.sum())
    with halted_by_interrupt() as halt, progress(quiet or as_json) as report:
        if trains.n_samples == 1:
            result = run_until(
                halt, program, trains, seed=seed, watch=lambda done: report("steps", int(done[0]), n_steps)
            )
        else:
            result = run_until(
                halt,
                program,
                trains,
                seed=seed,
                watch=lambda done: report("samples", int((done == trains.steps).sum()), trains.n_samples),
            )
        if result is not None and output is not None:
            _save(result, output)
    if result is None:
        raise Interrupted("interrupted before the first step was done: nothing was written")
    network = None if noc is None else print_noc.network_comparison(result, program, prices, noc)
    if as_json:
        more = {} if network is None else {"network": print_noc.network_data(network)}
        print_json(print_run.run_data(result, prices, output) | more)
    elif not quiet:
        print_run.print_run(result, prices, output)
        if network is not None:
            print_noc.print_network(network)
    if int(result.steps.sum()) < n_steps:
        kept = "-o FILE would have kept them" if output is None else f"{output} holds them"
        raise Interrupted(f"interrupted: {_done(result, trains)} were done; {kept}")


def _save(result: RunResult, output: Path) -> None:
    """The result; as .csv its spikes alone, where a channel is a neuron."""
    from neurosim.exchange.spike_files import write_spikes
    from neurosim.spikes import SpikeTrains

    if output.suffix.lower() == ".csv":
        parts = result.steps, result.sample_ptr, result.spike_step, result.spike_neuron
        write_spikes(SpikeTrains(*parts, result.spike_value), output)
    else:
        result.save(output)


def _done(result: RunResult, trains: SpikeTrains) -> str:
    """How far an interrupted run got."""
    steps, wanted = int(result.steps.sum()), int(trains.steps[: result.n_samples].sum())
    if steps == wanted:
        return f"{result.n_samples:,} of {trains.n_samples:,} samples"
    of_samples = "" if trains.n_samples == 1 else f" of the first of {trains.n_samples:,} samples"
    return f"{steps:,} of {wanted:,} steps{of_samples}"


def _run_to_folder(
    program: Program,
    trains: SpikeTrains,
    folder: Path,
    resume: bool,
    chunk_steps: int | None,
    seed: int,
    prices: ChipProfile,
    as_json: bool,
    quiet: bool,
) -> None:
    from neurosim.cli import print_run
    from neurosim.cli.progress import progress
    from neurosim.interruption import halted_by_interrupt
    from neurosim.streaming.to_disk import run_to_disk

    with halted_by_interrupt() as halt, progress(quiet or as_json) as report:
        streamed = run_to_disk(
            program,
            trains,
            None,
            folder,
            chunk_steps=chunk_steps,
            seed=seed,
            resume=resume,
            progress=lambda done, of: report("steps", done, of),
            halt=halt,
        )
    if streamed.chunks and as_json:
        print_json(print_run.stream_data(streamed, streamed.totals(), prices))
    elif streamed.chunks and not quiet:
        print_run.print_stream(streamed, prices)
    if not streamed.is_complete:
        done = f"{streamed.steps_done:,} of {streamed.n_steps:,} steps"
        raise Interrupted(f"interrupted: {done} are in {folder}; --resume goes on from there")
