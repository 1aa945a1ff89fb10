"""mt-kahypar on a hypergraph: one line of JSON with the part of every neuron."""

import json
import sys
import time

import mtkahypar
import numpy as np

SCALE = 1000  # its weights are whole numbers


def main() -> None:
    path, preset, parts, full, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    data = np.load(path)
    n, weight = len(data["rates"]), np.maximum(1, np.rint(data["rates"] / data["rates"].mean() * SCALE)).astype(int)
    ends = np.searchsorted(data["sources"], np.arange(n + 1))
    pins = [np.union1d(data["targets"][ends[s] : ends[s + 1]], [s]).tolist() for s in range(n)]
    wide = [s for s in range(n) if len(pins[s]) > 1]
    tool = mtkahypar.initialize(2)
    mtkahypar.set_seed(seed)
    context = tool.context_from_preset(getattr(mtkahypar.PresetType, preset))
    context.set_partitioning_parameters(parts, full / -(-n // parts) - 1 + 1e-9, mtkahypar.Objective.KM1)
    context.logging = False
    graph = tool.create_hypergraph(
        context, n, len(wide), [pins[s] for s in wide], [1] * n, [int(weight[s]) for s in wide]
    )
    began = time.perf_counter()
    made = graph.partition(context)
    seconds = time.perf_counter() - began
    part = [made.block_id(v) for v in range(n)]
    print(json.dumps({"seconds": seconds, "part": part}))


if __name__ == "__main__":
    main()
