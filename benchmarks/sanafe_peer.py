"""Run an exported program in SANA-FE.  Started by sanafe_agreement.py with the interpreter of SANA-FE's environment.

    python sanafe_peer.py FOLDER RESULT.json

First as exported (check.py of the folder).  Then, where SANA-FE's neurons fire by themselves, on its packaged
loihi.yaml as it is, so that no price of ours takes part: with its timing models `simple` and `detailed`, and without
force_update.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import sanafe

NAMES = {
    "soma: lif,": "soma: loihi_lif,",
    "synapse: sparse}": "synapse: loihi_sparse_synapse}",
    "synapse: dense}": "synapse: loihi_dense_synapse}",
}


def main(folder: Path, destination: Path) -> None:
    check = imported(folder / "check.py")
    expected = dict(np.load(folder / "expected.npz"))
    header = json.loads(expected["header"].tobytes())
    steps = int(expected["steps"][0])
    found = {
        "exported": check.compare(expected, header, run(folder / "architecture.yaml", folder / "network.yaml", steps))
    }
    if header["own_spikes"]:
        text = (folder / "network.yaml").read_text()
        for ours, theirs in NAMES.items():
            text = text.replace(ours, theirs)
        (folder / "packaged.yaml").write_text(text)
        (folder / "not_forced.yaml").write_text(text.replace("force_update: true", "force_update: false"))
        packaged = Path(sanafe.__file__).parent / "examples" / "loihi.yaml"
        found["packaged"] = check.compare(expected, header, run(packaged, folder / "packaged.yaml", steps))
        found["not_forced"] = check.compare(expected, header, run(packaged, folder / "not_forced.yaml", steps))
        detailed = run(packaged, folder / "packaged.yaml", steps, "detailed")
        found["detailed_time_ns"] = float(np.sum(detailed["perf_trace"]["sim_time"])) * 1e9
    destination.write_text(json.dumps(found))


def run(architecture: Path, network: Path, steps: int, timing_model: str = "simple") -> dict:
    arch = sanafe.load_arch(str(architecture))
    chip = sanafe.SpikingChip(arch)
    chip.load(sanafe.load_net(str(network), arch))
    return chip.sim(steps, timing_model=timing_model, spike_trace=True, perf_trace=True)


def imported(path: Path) -> object:
    spec = importlib.util.spec_from_file_location("check", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
