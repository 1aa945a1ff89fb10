"""`neurosim debug`: the state of a program at a step, pictures of a run, and where another program parts from it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurosim.cli.options import Json, Quiet, keep_inputs, print_json

if TYPE_CHECKING:
    from compiler import Program
    from neurosim.debugging.stepper import Stepper
    from neurosim.result import RunResult
    from neurosim.spikes import SpikeTrains

_PROBE_BYTES = 2**30  # of states that --against compares; beyond, spikes alone


def debug_command(
    program: Annotated[Path, typer.Argument(help="Program file made by `neurosim compile`.")],
    inputs: Annotated[Path, typer.Option("--input", "-i", help="Spikes, as for `neurosim run`.")],
    sample: Annotated[int, typer.Option("--sample", min=0, help="Which sample of the spikes.")] = 0,
    to_step: Annotated[
        int | None, typer.Option("--to-step", min=0, help="Show the state after this step; the last by default.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, max=2**31 - 2, help="Length of each sample.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Neurons shown, the nearest to their threshold.")] = 10,
    raster: Annotated[Path | None, typer.Option("--raster", help="Draw the sample's spikes into this PNG.")] = None,
    trajectory: Annotated[
        Path | None, typer.Option("--trajectory", help="Draw how the state moves (principal components) into this PNG.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="Another program of the network: say where it first differs.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of random numbers, as for `neurosim run`.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show a program's state at one step of one sample: who is near the threshold, who fires, who fires next."""
    from compiler import Program
    from neurosim.debugging.stepper import sample_until
    from neurosim.exchange.spike_files import read_spikes
    from neurosim.simulate import run

    for picture in (raster, trajectory):
        if picture is not None:
            keep_inputs(picture, program, inputs, against)
    loaded, trains = Program.load(program), read_spikes(inputs, steps)
    if to_step is None and sample < trains.n_samples:
        to_step = int(trains.steps[sample]) - 1
    sample_until(trains, sample, to_step or 0)  # refuses what is not there
    one = trains[[sample]]
    data = {"program": str(program), "sample": sample, **_state_data(loaded, one, to_step or 0, top, seed + sample)}
    if raster is not None or trajectory is not None:
        result = run(loaded, one, per_step=False, seed=seed + sample, threads=1)
        data["pictures"] = _draw(result, sample, raster, trajectory)
    if against is not None:
        data["against"] = {"program": str(against), **_against(loaded, Program.load(against), one, sample, seed)}
    if as_json:
        print_json(data)
    elif not quiet:
        _print(data)


def _state_data(program: "Program", one: "SpikeTrains", step: int, top: int, seed: int) -> dict[str, Any]:
    """State after `step`, who fired in it, and who fires in the step after."""
    import numpy as np

    from neurosim.debugging.state import thresholds
    from neurosim.debugging.stepper import Stepper, replay

    stepper = replay(program, one, 0, step - 1, seed) if step else Stepper(program, seed, per_step=False)
    fired = _advance(stepper, one)
    state, here = stepper.state(), stepper.snapshot()
    threshold = thresholds(program) + state.adapted
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = state.v / threshold
    usable = np.isfinite(ratio)
    order = np.lexsort((np.arange(len(ratio)), -np.abs(state.v), -np.where(usable, ratio, -np.inf)))
    neurons = [
        {
            **_named(program, int(i)),
            "v": int(state.v[i]),
            "threshold": int(threshold[i]) if np.isfinite(threshold[i]) else None,
            "v_over_threshold": float(ratio[i]) if usable[i] else None,
            "u": int(state.u[i]),
            "steps_refractory": int(state.waiting[i]),
        }
        for i in order[:top]
    ]
    last = stepper.step_index >= one.steps[0]
    following = _advance(stepper, one)
    stepper.restore(here)
    return {
        "step": step,
        "fired": [_named(program, int(i)) for i in fired[:, 1]],
        "fires_next": [_named(program, int(i)) for i in following[:, 1]],
        "input_in_next_step": not last,
        "neurons": neurons,
    }


def _advance(stepper: "Stepper", one: "SpikeTrains") -> Any:
    """One step with the input that the sample has in it; beyond its end none."""
    import numpy as np

    here = one.step == stepper.step_index
    columns = [np.zeros(int(here.sum()), np.int64), one.channel[here]]
    if one.value is not None:
        columns.append(one.value[here])
    return stepper.advance(1, np.stack(columns, axis=1))


def _named(program: "Program", neuron: int) -> dict[str, Any]:
    span = next(s for s in program.spans if s.kind != "input" and s.start <= neuron < s.start + s.n)
    return {"neuron": neuron, "population": span.name, "index": neuron - span.start}


def _draw(result: "RunResult", sample: int, raster: Path | None, trajectory: Path | None) -> list[str]:
    from neurosim.debugging.pictures import draw_raster, draw_trajectory

    drawn = []
    if raster is not None:
        drawn.append(str(draw_raster(result, 0, raster, title=f"sample {sample}")))
    if trajectory is not None:
        drawn.append(str(draw_trajectory(result, trajectory, labels=[f"sample {sample}"])))
    return drawn


def _against(program: "Program", other: "Program", one: "SpikeTrains", sample: int, seed: int) -> dict[str, Any]:
    """Where the two first differ in the sample, in states where they are not too many, and in spikes."""
    from dataclasses import asdict, replace

    import numpy as np

    from neurosim.debugging.divergence import agreement, first_divergence
    from neurosim.debugging.run_comparison import divergence_in_words
    from neurosim.simulate import run

    all_states = int(one.steps[0]) * program.n_neurons * 32 <= _PROBE_BYTES
    probe = np.arange(program.n_neurons) if all_states and other.n_neurons == program.n_neurons else None
    a, b = (run(p, one, probe=probe, per_step=False, seed=seed + sample, threads=1) for p in (program, other))
    found = first_divergence(a, b)
    if found is not None:
        spikes = None if found.spikes is None else replace(found.spikes, sample=sample)
        state = None if found.state is None else replace(found.state, sample=sample)
        found = replace(found, spikes=spikes, state=state)
    return {
        "agreement": agreement(a, b),
        "states_compared": probe is not None,
        "divergence": None if found is None else asdict(found),
        "in_words": divergence_in_words(found, "this program", "the other"),
    }


def _print(data: dict[str, Any]) -> None:
    from neurosim.cli.printing import print_table

    typer.echo(f"{data['program']}, sample {data['sample']}, after step {data['step']}")
    typer.echo(f"fired in step {data['step']}: {_list(data['fired'])}")
    note = "" if data["input_in_next_step"] else " (beyond the sample, without input)"
    typer.echo(f"fires in step {data['step'] + 1}{note}: {_list(data['fires_next'])}\n")
    rows = [
        [
            str(n["neuron"]),
            f"{n['population']}[{n['index']}]",
            f"{n['v']:,}",
            "none" if n["threshold"] is None else f"{n['threshold']:,}",
            "" if n["v_over_threshold"] is None else f"{n['v_over_threshold']:.4f}",
            f"{n['u']:,}",
            str(n["steps_refractory"]),
        ]
        for n in data["neurons"]
    ]
    print_table(["neuron", "of", "v", "threshold", "v / threshold", "u", "refractory"], rows, right=(0, 2, 3, 4, 5, 6))
    if "against" in data:
        other = data["against"]
        alone = "" if other["states_compared"] else " (states are too many to compare)"
        typer.echo(f"\n{other['program']}: {other['agreement']:.2%} of the spikes agree; {other['in_words']}{alone}")
    for picture in data.get("pictures", []):
        typer.echo(f"wrote {picture}")


def _list(neurons: list[dict[str, Any]]) -> str:
    names = [f"{n['population']}[{n['index']}]" for n in neurons[:20]]
    more = f" and {len(neurons) - 20:,} more" if len(neurons) > 20 else ""
    return ", ".join(names) + more if names else "nobody"
