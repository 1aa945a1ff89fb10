"""mt-kahypar, an optional package, as the first cut of improve.py: few packets under a limit of neurons alone."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chips.errors import NetworkError
from compiler.kernels.pieces import Level

UNITS = 1000  # of a mean rate; its weights are whole numbers


def kahypar_cut(level: Level, n_pieces: int, most: int, seed: int) -> npt.NDArray[np.int32]:
    """So many pieces of at most about `most` neurons each, by the preset whose result depends on no thread: [vertex].

    Raises:
        NetworkError: the package is missing.
    """
    try:
        import mtkahypar
    except ImportError as error:
        raise NetworkError(
            'partition "mtkahypar" needs the package of this name: pip install neurosim-toolchain[mtkahypar], or use '
            'partition "multilevel"'
        ) from error
    tool: Any = mtkahypar.initialize(1)
    mtkahypar.set_seed(seed)
    context = tool.context_from_preset(mtkahypar.PresetType.DETERMINISTIC)
    n = len(level.weight)
    slack = max(0.0, most / -(-n // n_pieces) - 1) + 1e-9
    context.set_partitioning_parameters(n_pieces, slack, mtkahypar.Objective.KM1)
    context.logging = False
    wide = np.flatnonzero(np.diff(level.pin_ptr) > 1)
    weight = np.maximum(1, np.rint(level.rate * (UNITS / level.rate.mean()))).astype(int)[wide].tolist()
    pins = [level.pin[level.pin_ptr[s] : level.pin_ptr[s + 1]].tolist() for s in wide]
    graph = tool.create_hypergraph(context, n, len(wide), pins, [1] * n, weight)
    made = graph.partition(context)
    return np.array([made.block_id(v) for v in range(n)], np.int32)
