"""A network for Brian2: a script that stands by itself, its arrays, and the spikes of our own run to compare with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chips import NetworkError, RunError
from compiler import Network
from compiler.npz import Array, write_npz, write_text
from compiler.validate import validate
from neurosim.debugging.float_result import FloatResult
from neurosim.debugging.float_run import float_machine, run_float
from neurosim.exchange.brian2_run import PARAMETERS
from neurosim.exchange.earlier_export import refuse_foreign
from neurosim.simulation.run_inputs import trains_of
from neurosim.spikes import SpikeTrains

FORMAT = "neurosim-brian2/1"


def to_brian2(
    network: Network,
    path: str | Path,
    inputs: SpikeTrains | Sequence[npt.ArrayLike] | npt.ArrayLike | None = None,
    steps: int | None = None,
) -> FloatResult:
    """Run a network on one sample in floating point, and write what Brian2 needs to do the same.

    Args:
        network: of populations of kind "lif".
        path: of the script, NAME.py; NAME.npz is written beside it.
        inputs: as those of `run_float`, of one sample.
        steps: as of `run_float`.

    Raises:
        NetworkError: short-term plasticity, which the script lacks, or as `run_float`.
        RunError: as `run_float`, or there are several samples, or the path does not end in .py.
        NeurosimError: a file cannot be written, or would replace one that is no earlier export's.
    """
    path = Path(path)
    if path.suffix != ".py":
        raise RunError(f"{path}: what is written for Brian2 is a script: name it NAME.py")
    valid = validate(network)
    if plastic := [p for p in network.projections if p.stp is not None]:
        p = plastic[0]
        raise NetworkError(
            f"projection {p.source!r} -> {p.target!r}: the script has no short-term plasticity: leave it out"
        )
    trains = trains_of(inputs, steps)
    if trains.n_samples != 1:
        raise RunError(f"{trains.n_samples:,} samples, but the script runs one: export one of them")
    arrays_path, script = path.with_suffix(".npz"), Path(__file__).with_name("brian2_run.py").read_text()
    refuse_foreign([path, arrays_path], path, script)
    result = run_float(network, trains)
    machine = float_machine(valid)
    weights = [p.weights.astype(np.float64) for p in network.projections]
    arrays: dict[str, Array] = {
        **{name: getattr(machine, name) for name in PARAMETERS},
        "source": valid.source,
        "target": valid.target,
        "delay": valid.delay,
        "weight": np.concatenate([np.zeros(0), *weights]),
        "channels": np.array(valid.n_channels),
        "dt_ms": np.array(network.dt_ms),
        "steps": np.array(trains.steps[0]),
        "input_step": trains.step,
        "input_channel": trains.channel,
        "spike_step": result.spike_step,
        "spike_neuron": result.spike_neuron,
    }
    write_npz(arrays_path, {"format": FORMAT}, arrays)
    write_text(path, script)
    return result
