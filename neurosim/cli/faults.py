"""`neurosim faults`: accuracy of an experiment against the rate of faults."""

from pathlib import Path
from typing import Annotated, Any

import typer

from neurosim.cli.options import Approximate, Json, Quiet, Threads, print_json


def faults_command(
    experiment: Annotated[Path, typer.Argument(help="Experiment file, such as examples/vowels.yaml.")],
    rates: Annotated[str, typer.Option("--rates", help="Fractions, with commas between.")] = "0,0.01,0.03,0.1,0.3",
    kinds: Annotated[
        str, typer.Option("--kinds", help="Of dead_cores, stuck_synapses, flipped_weight_bits and dropped_packets.")
    ] = "dead_cores,stuck_synapses,flipped_weight_bits,dropped_packets",
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Draws of each rate.")] = 1,
    chip: Annotated[
        str | None, typer.Option("--chip", "-c", help="Profile in place of the experiment's first.")
    ] = None,
    approximate: Approximate = False,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train on the sound chip, test on faulty ones: a row for each kind, rate and draw."""
    from chips import RunError
    from neurosim.cli.printing import print_table
    from neurosim.cli.progress import progress
    from neurosim.faults.curve import fault_curve
    from neurosim.simulation.run_inputs import threads_by_default

    try:
        numbers = [float(text) for text in rates.split(",")]
    except ValueError:
        raise RunError(f"--rates is {rates!r}, but numbers with commas between are needed, as 0,0.01,0.1") from None
    with threads_by_default(threads), progress(quiet or as_json) as report:
        named = [kind.strip() for kind in kinds.split(",")]
        curve = fault_curve(str(experiment), numbers, named, seeds, chip, report, approximate=approximate)
    if as_json:
        print_json({"chip": curve.chip, "rows": curve.rows})
    if as_json or quiet:
        return
    rows = [
        [row["kind"], f"{row['rate']:g}", str(row["seed"]), f"{row['accuracy']:.1%}", f"{row['spikes']:,}", _dead(row)]
        for row in curve.rows
    ]
    print_table(["faults", "rate", "seed", "accuracy", "spikes", "dead cores"], rows, right=(1, 2, 3, 4, 5))


def _dead(row: dict[str, Any]) -> str:
    return f"{row['dead_cores']:,} of {row['cores']:,}" if row["kind"] == "dead_cores" else ""
