"""METIS (pymetis, recursive) on the symmetrised graph: one line of JSON with the part of every neuron."""

import json
import sys
import time

import numpy as np
import pymetis


def main() -> None:
    path, parts, full, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    data = np.load(path)
    n, weight = len(data["rates"]), np.maximum(1, np.rint(data["rates"] / data["rates"].mean() * 100)).astype(int)
    own = data["sources"] != data["targets"]
    ends = np.stack([data["sources"], data["targets"]])[:, own].astype(np.int64)
    pairs, inverse = np.unique(np.concatenate([ends[0] * n + ends[1], ends[1] * n + ends[0]]), return_inverse=True)
    each = np.bincount(inverse, weights=np.tile(weight[ends[0]], 2)).astype(int)
    source, target = np.divmod(pairs, n)
    start = np.searchsorted(source, np.arange(n + 1))
    options = pymetis.Options(seed=seed, ufactor=max(1, int((full * parts / n - 1) * 1000)))
    began = time.perf_counter()
    _, part = pymetis.part_graph(
        parts, xadj=start.tolist(), adjncy=target.tolist(), eweights=each.tolist(), recursive=True, options=options
    )
    print(json.dumps({"seconds": time.perf_counter() - began, "part": list(map(int, part))}))


if __name__ == "__main__":
    main()
