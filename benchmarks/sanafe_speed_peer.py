"""Time a mapped network in SANA-FE, timing model `detailed`.  Started by speed.py with SANA-FE's interpreter.

    python sanafe_speed_peer.py network.npz

Builds once; goes on by as many steps as a line that it reads says, and prints the seconds, for the first line the
energy of every step in pJ too, as JSON.
"""

import json
import os
import sys
import time

import numpy as np

_answers = os.dup(1)
os.dup2(2, 1)  # SANA-FE tells of its work on standard output, where answers are expected
import sanafe  # noqa: E402
from sanafe_network import network  # noqa: E402


def main(source: str) -> None:
    given = dict(np.load(source))
    arch = sanafe.load_loihi()
    chip = sanafe.SpikingChip(arch)
    chip.load(network(given, arch, prescribed=False))
    for i, line in enumerate(sys.stdin):
        began = time.perf_counter()
        result = chip.sim(int(line), timing_model="detailed", perf_trace=i == 0)
        found = {"seconds": time.perf_counter() - began}
        if i == 0:
            found["energy_pj"] = [1e12 * joule for joule in result["perf_trace"]["total_energy"]]
        os.write(_answers, f"{json.dumps(found)}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1])
