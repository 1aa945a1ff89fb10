"""Run an exported program in SANA-FE, and set its energies, times and spikes against ours.

    python check.py [--json]       in the folder of the export, with a Python that has sanafe==2.2.9 and numpy

Exit code 0 where all agree to 1e-9, 1 where something differs.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

EXACT = 1e-9


def main(folder: Path, as_json: bool) -> int:
    """Compare, print, and give the exit code."""
    import sanafe

    expected = dict(np.load(folder / "expected.npz"))
    header = json.loads(expected["header"].tobytes())
    chip_of = sanafe.load_arch(str(folder / "architecture.yaml"))
    chip = sanafe.SpikingChip(chip_of)
    chip.load(sanafe.load_net(str(folder / "network.yaml"), chip_of))
    result = chip.sim(int(expected["steps"][0]), timing_model="simple", spike_trace=True, perf_trace=True)
    found = compare(expected, header, result)
    if as_json:
        print(json.dumps(found))
    else:
        show(found)
    return 0 if found["agrees"] else 1


def compare(expected: dict[str, Any], header: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The largest differences over all steps, relative to SANA-FE."""
    energy = np.array(result["perf_trace"]["total_energy"]) * 1e12
    time = np.array(result["perf_trace"]["sim_time"]) * 1e9
    n = int(max(expected["neuron"].max(initial=0), 0)) + 1
    fired = [
        (step, spike.neuron_offset)
        for step, spikes in enumerate(result["spike_trace"])
        for spike in spikes
        if spike.group_name == "neurons"
    ]
    theirs = np.array([step * 2**32 + neuron for step, neuron in fired], np.int64)
    ours = expected["step"].astype(np.int64) * 2**32 + expected["neuron"]
    found = {
        "chip": header["chip"],
        "steps": len(energy),
        "neurons_that_fire": n,
        "spikes": len(ours),
        "spikes_are": "SANA-FE's own" if header["own_spikes"] else "given to SANA-FE",
        "spikes_that_differ": len(np.setxor1d(ours, theirs)),
        "energy_pj": {"neurosim": float(expected["energy_pj"].sum()), "sanafe": float(energy.sum())},
        "energy_difference": largest(expected["energy_pj"], energy),
        "time_ns": {"neurosim": float(expected["time_ns"].sum()), "sanafe": float(time.sum())},
        "time_difference": largest(expected["time_ns"], time),
        "no_time": header["no_time"],
    }
    differs = [found["energy_difference"]] + ([] if found["no_time"] else [found["time_difference"]])
    found["agrees"] = found["spikes_that_differ"] == 0 and max(differs) <= EXACT
    return found


def largest(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest relative difference of a step."""
    scale = np.maximum(np.abs(theirs), 1e-300)
    return float(np.max(np.where(ours == theirs, 0.0, np.abs(ours - theirs) / scale), initial=0.0))


def show(found: dict[str, Any]) -> None:
    """As lines of text."""
    energy, time = found["energy_pj"], found["time_ns"]
    print(f"{found['chip']}: {found['steps']:,} steps, {found['spikes']:,} spikes ({found['spikes_are']})")
    own = found["spikes_are"] == "SANA-FE's own"
    print(f"  spikes   {found['spikes_that_differ']:,} differ{'' if own else ', as they were given'}")
    print(
        f"  energy   {energy['neurosim'] / 1e6:.9g} uJ in neurosim, {energy['sanafe'] / 1e6:.9g} uJ in SANA-FE; "
        f"of a step, at most {found['energy_difference']:.2g} apart"
    )
    print(
        f"  time     {time['neurosim'] / 1e3:.9g} us in neurosim, {time['sanafe'] / 1e3:.9g} us in SANA-FE; "
        f"of a step, at most {found['time_difference']:.2g} apart"
    )
    for reason in found["no_time"]:
        print(f"           not compared: {reason}")
    compared = ["spikes"] * own + ["energy"] + ["time"] * (not found["no_time"])
    print(f"agrees in {' and '.join(compared)}" if found["agrees"] else "DIFFERS")


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent, "--json" in sys.argv))
