"""The steps of synapses, where NIR has none: layers in a row answer within a step there, on a chip each takes one.

Every node gets a lag, in steps: it does in step s + lag what NIR does in step s.

    between nodes   delay = lag of the target - lag of the source + Delay nodes on the way; lags are as small as leaves
                    every delay at least 1, so ways of different lengths still meet in one step, as in NIR
    inside a loop   the nodes of a loop have one lag.  A way inside it takes its Delay nodes, and 1 step if it has none:
                    that is the step before, as in the simulators behind NIR
"""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Way = tuple[str, str, int]  # from, to, steps of the Delay nodes on the way


def lags(nodes: Iterable[str], ways: Iterable[Way]) -> dict[str, int]:
    """Node -> its lag."""
    order = {name: i for i, name in enumerate(nodes)}
    loops = loops_of(order, ways)
    needed: dict[tuple[int, int], int] = {}
    for source, target, delay in ways:
        ends = loops[source], loops[target]
        if ends[0] != ends[1]:
            needed[ends] = max(needed.get(ends, 0), 1 - delay)
    lag = _longest(max(loops.values(), default=-1) + 1, needed)
    return {name: lag[loops[name]] for name in order}


def loops_of(order: Mapping[str, int], ways: Iterable[Way]) -> dict[str, int]:
    """Node -> number of the loop that it is in; a node outside any loop has a number of its own."""
    ends = np.array([(order[a], order[b]) for a, b, _ in ways], np.int64).reshape(-1, 2)
    shape = (len(order), len(order))
    graph = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=shape)
    label: npt.NDArray[np.int32] = connected_components(graph, directed=True, connection="strong")[1]
    return {name: int(label[i]) for name, i in order.items()}


def steps_of(way: Way, lag: Mapping[str, int], loops: Mapping[str, int]) -> int:
    """The delay of the synapses of a way."""
    source, target, delay = way
    if loops[source] == loops[target]:
        return max(1, delay)
    return lag[target] - lag[source] + delay


def _longest(n: int, needed: Mapping[tuple[int, int], int]) -> list[int]:
    """The smallest numbers that differ along each edge by what is needed; there is no cycle."""
    after: dict[int, list[tuple[int, int]]] = {}
    waiting = [0] * n
    for (source, target), steps in needed.items():
        after.setdefault(source, []).append((target, steps))
        waiting[target] += 1
    number, ready = [0] * n, [i for i in range(n) if waiting[i] == 0]
    while ready:
        source = ready.pop()
        for target, steps in after.get(source, []):
            number[target] = max(number[target], number[source] + steps)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return number
