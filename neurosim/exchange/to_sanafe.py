"""A compiled program for SANA-FE: architecture and mapped network, what we counted, and a script that compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from chips import ChipProfile, NeurosimError, RunError
from compiler import Program
from compiler.npz import Array, write_npz, write_text
from neurosim.exchange.earlier_export import refuse_foreign
from neurosim.exchange.sanafe_architecture import architecture
from neurosim.exchange.sanafe_network import makes_own_spikes, network, sizes, synapses_of
from neurosim.pricing import energy
from neurosim.result import RunResult
from neurosim.simulate import run
from neurosim.simulation.run_inputs import check_program_type, trains_of
from neurosim.spikes import SpikeTrains
from neurosim.timing import latency, tiles_used

FORMAT = "neurosim-sanafe/1"
_WRITTEN = ("architecture.yaml", "network.yaml", "expected.npz", "check.py")


@dataclass(frozen=True)
class SanafeExport:
    """What was written.

    Attributes:
        folder: with architecture.yaml, network.yaml, expected.npz and check.py, to be run where sanafe is installed.
        own_spikes: whether SANA-FE's neurons fire by themselves; if not, they fire when ours did.
        no_time: why times are not compared; empty where they are.
        result: our run.
    """

    folder: Path
    own_spikes: bool
    no_time: tuple[str, ...]
    result: RunResult


def to_sanafe(
    program: Program,
    folder: str | Path,
    inputs: SpikeTrains | Sequence[npt.ArrayLike] | npt.ArrayLike | None = None,
    steps: int | None = None,
    *,
    seed: int = 0,
    own_spikes: bool | None = None,
) -> SanafeExport:
    """Run a program on one sample, and write what SANA-FE 2.2.9 needs to do the same.

    Args:
        program: of a chip that keeps synapses in lists.
        folder: to write to; it is made.
        inputs: as those of `run`, of one sample.
        steps: as of `run`.
        seed: as of `run`.
        own_spikes: whether SANA-FE's neurons fire by themselves; None: where they compute as ours.

    Raises:
        NeurosimError: SANA-FE has no counterpart of the chip or program, or the files would be too large; each reason
            is named.  Or a file would replace one that is no earlier export's.
        RunError: as `run`.
    """
    check_program_type(program)
    if reasons := _without_counterpart(program):
        raise NeurosimError("SANA-FE cannot do the same: " + "; ".join(reasons))
    trains = trains_of(inputs, steps)
    if trains.n_samples != 1:
        raise RunError(f"{trains.n_samples:,} samples, but SANA-FE runs one at a time: export one of them")
    synapses = synapses_of(program)
    can = makes_own_spikes(program, synapses)
    own = can if own_spikes is None else own_spikes
    if own and not can:
        raise NeurosimError("SANA-FE's neurons compute otherwise than these (leaks, delays): leave out own_spikes")
    folder, script = Path(folder), Path(__file__).with_name("sanafe_check.py").read_text()
    refuse_foreign([folder / name for name in _WRITTEN], folder / "check.py", script)
    result = run(program, trains, seed=seed)
    used = tiles_used(result.counts, program.chip)
    lines = network(program, synapses, trains, None if own else result)
    _make(folder)
    write_text(folder / "architecture.yaml", architecture(program.chip, *sizes(program, synapses), used))
    write_text(folder / "network.yaml", "\n".join(lines) + "\n")
    write_text(folder / "check.py", script)
    no_time = _without_time(program.chip, result)
    _write_expected(folder / "expected.npz", program, result, own, no_time)
    return SanafeExport(folder, own, no_time, result)


def _without_counterpart(program: Program) -> list[str]:
    chip = program.chip
    if program.is_crossbar:
        return ["the chip has crossbars, and SANA-FE reads synapses one by one: use a chip that keeps them in lists"]
    reasons = []
    if chip.lists.layout == "row":
        reasons.append("the chip reads rows of synapses (synapse.layout: row)")
    if chip.mesh.packets != "unicast":
        reasons.append("packets are multicast (set mesh.packets: unicast)")
    if chip.mesh.disabled_links:
        reasons.append("links are disabled (mesh.disabled_links)")
    several = chip.mesh.chips_x * chip.mesh.chips_y > 1
    if several and chip.energy.border_pj is not None:
        reasons.append("several chips, and a price of their borders (set energy.border_pj: null)")
    return reasons


def _without_time(chip: ChipProfile, result: RunResult) -> tuple[str, ...]:
    """Why a step does not last as long in SANA-FE's model `simple`."""
    if chip.time.send_receive != "overlap":
        how = {"add": "adds sending and receiving", "largest": "lets the barrier overlap"}[chip.time.send_receive]
        return (f"the profile {how}, where SANA-FE takes the larger (time.send_receive)",)
    if chip.mesh.chips_x * chip.mesh.chips_y > 1 and chip.time.barrier.chips:
        return ("the barrier between chips takes another time",)
    found = latency(result.counts, chip)
    other = sorted(set(found.bound_by.tolist()) - {"sending", "receiving"})
    if found.tick_ns is not None:
        other.append("a fixed tick")
    return tuple(f"steps are bound by {what}, which SANA-FE does not know" for what in other)


def _write_expected(path: Path, program: Program, result: RunResult, own: bool, no_time: tuple[str, ...]) -> None:
    spent, time = energy(result.counts, program.chip), latency(result.counts, program.chip)
    assert spent.step_pj is not None
    header: dict[str, Any] = {"format": FORMAT, "own_spikes": own, "no_time": list(no_time), "chip": program.chip.name}
    arrays: dict[str, Array] = {
        "steps": result.steps,
        "step": result.spike_step,
        "neuron": program.slot_of[result.spike_neuron],
        "energy_pj": spent.step_pj,
        "time_ns": time.step_ns,
    }
    write_npz(path, header, arrays)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NeurosimError(f"cannot make the folder {folder}: {error.strerror}; choose another") from error
