"""`neurosim compile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from neurosim.cli.mapping import ForbiddenCores, NeuronsPerCore, Pin, Together, read_mapping
from neurosim.cli.options import Approximate, DtMs, Json, Quiet, Sets, keep_inputs, print_json, read_overrides

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from chips import ChipProfile
    from compiler import CrossbarNetwork, Mapping, Network
    from neurosim.explaining.advice import Advice


def compile_command(
    network: Annotated[Path, typer.Argument(help="Network file, .yaml, .npz or .nir; or crossbar cores, .npz.")],
    chip: Annotated[str, typer.Option("--chip", "-c", help="Name of a profile, or path of a YAML file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Program file to write.")] = Path("program.npz"),
    overrides: Sets = None,
    dt_ms: DtMs = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of partition and placement.")] = 0,
    approximate: Approximate = False,
    partition: Annotated[
        str | None,
        typer.Option(
            "--partition",
            help="multilevel (default); greedy: faster, worse; mtkahypar: its cut first.",
        ),
    ] = None,
    neurons_per_core: NeuronsPerCore = None,
    pin: Pin = None,
    forbidden_cores: ForbiddenCores = None,
    together: Together = None,
    like: Annotated[
        Path | None,
        typer.Option("--like", help="Older program for the same chip: neurons keep their cores where limits hold."),
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option("--rates", metavar="RUN or quick", help="Weigh packets by a run's result file, or a quick run."),
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--input", "-i", help="Spikes of that run, as for `neurosim run`; for --rates.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, max=2**31 - 2, help="Length of its samples; for --rates.")] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Bounds, simplest mapping, hottest links; where nothing fits, what would, each tried."
        ),
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Draw the mesh, .svg, .png or .pdf: fill of each core, load of each link."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compile a network to a chip, and report how full it is."""
    from chips import DoesNotFit, load_chip
    from compiler import Network, Program, compile, moves, usage
    from compiler.partitioning.problem import DEFAULT
    from neurosim.cli import print_compile, print_explanation
    from neurosim.exchange.network_files import read_network
    from neurosim.explaining.advice import advise
    from neurosim.explaining.explanation import explain as explained
    from neurosim.explaining.picture import picture_format, save_mesh

    keep_inputs(output, network, like, inputs, None if rates in (None, "quick") else Path(rates))
    if picture is not None:
        keep_inputs(picture, network, like, inputs, output)
        picture_format(picture)
    profile = load_chip(chip, read_overrides(overrides))
    mapping = read_mapping(neurons_per_core, pin, forbidden_cores, together)
    old, loaded = None if like is None else Program.load(like), read_network(network, dt_ms)
    how: dict[str, Any] = {"approximate": approximate, "partition": partition or DEFAULT, "mapping": mapping}
    try:
        weights = _rates(loaded, profile, seed, approximate, mapping, rates, inputs, steps)
        program = compile(loaded, profile, seed, like=old, rates=weights, **how)
    except DoesNotFit as error:
        if not explain or not isinstance(loaded, Network):
            raise
        _fail_with(advise(loaded, profile, error, seed, **how), as_json)
    if picture is not None:
        save_mesh(program, picture)
    try:
        program.save(output)
    except BaseException:
        if picture is not None:  # of a program that is nowhere
            picture.unlink(missing_ok=True)
        raise
    use, moved = usage(program), None if old is None else moves(old, program)
    explanation = explained(program) if explain else None
    if as_json:
        data = print_compile.compile_data(program, use, str(output))
        data |= {} if moved is None else {"moves": moved.to_dict()}
        print_json(data | ({} if explanation is None else {"explanation": explanation.to_dict()}))
    elif not quiet:
        print_compile.print_compiled(program, use, str(output))
        if moved is not None:
            print_explanation.print_moves(moved)
        if explanation is not None:
            print_explanation.print_explanation(explanation)


def _rates(
    network: Network | CrossbarNetwork,
    chip: ChipProfile,
    seed: int,
    approximate: bool,
    mapping: Mapping,
    rates: str | None,
    inputs: Path | None,
    steps: int | None,
) -> npt.NDArray[np.float64] | None:
    """What --rates says, with --input and --steps."""
    from chips import RunError
    from compiler import CrossbarNetwork
    from neurosim.exchange.spike_files import read_spikes
    from neurosim.rates import quick_rates, rates_for
    from neurosim.result import RunResult

    if rates is None and (inputs is not None or steps is not None):
        raise RunError("--input and --steps go with --rates, which says what they are for")
    if rates is None:
        return None
    if isinstance(network, CrossbarNetwork) or chip.crossbar is not None:
        raise RunError(f"--rates: {chip.name} is a chip of crossbars, whose packets are not weighed by rates")
    trains = None if inputs is None else read_spikes(inputs, steps)
    if rates != "quick":
        return rates_for(network, RunResult.load(rates), trains)
    if trains is None:
        raise RunError("--rates quick runs the network on --input FILE: give its spikes")
    return quick_rates(network, chip, trains, seed, approximate=approximate, mapping=mapping)


def _fail_with(advice: Advice, as_json: bool) -> NoReturn:
    """The refusal as without advice, then the advice."""
    from neurosim.cli import print_explanation

    typer.echo(f"error: {advice.reason}", err=True)
    if as_json:
        print_json({"error": advice.reason, "advice": advice.to_dict()})
    else:
        print_explanation.print_advice(advice)
    raise typer.Exit(1)
