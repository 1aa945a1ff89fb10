"""Random graphs without positions: Erdos-Renyi graphs and layers.

erdos_renyi: each ordered pair of two neurons is connected with probability p by itself (Erdos and Renyi 1959,
Gilbert 1959, with directed connections); p may depend on the kinds of the two.
layered: the same, with p = lateral within a layer, forward from a layer to the next one, backward to the one before.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from chips import NetworkError
from neurosim.generators.checks import (
    MAX_NEURONS,
    PAIRS,
    PerPair,
    check_fraction,
    check_seed,
    check_synapses,
    check_whole,
    per_pair,
)
from neurosim.generators.draws import draw_inhibitory, draw_pairs, join
from neurosim.generators.wiring import Wiring


def erdos_renyi(n: int, p: PerPair, *, inhibitory: float = 0.2, seed: int = 0) -> Wiring:
    """Connect every two of `n` neurons with probability `p`, each direction by itself, none with itself.

    Args:
        n: neurons.
        p: connection probability, one for all or one for each pair of kinds, "EE", "EI", "IE", "II".
        inhibitory: fraction of inhibitory neurons, drawn at random.
        seed: of all draws.

    Raises:
        NetworkError: a value is out of range, or more synapses are expected than can be held.
    """
    n = check_whole("erdos_renyi: n", n, 1, MAX_NEURONS)
    probability = per_pair("erdos_renyi: p", p, check_fraction)
    check_seed("erdos_renyi", seed)
    n_inhibitory = round(check_fraction("erdos_renyi: inhibitory", inhibitory) * n)
    count = {"E": n - n_inhibitory, "I": n_inhibitory}
    expected = sum(probability[pair] * count[pair[0]] * count[pair[1]] for pair in PAIRS)
    check_synapses("erdos_renyi", expected, "lower n or p")
    rng = np.random.default_rng(seed)
    is_inhibitory = draw_inhibitory(rng, n, inhibitory)
    of_kind = {"E": np.flatnonzero(~is_inhibitory), "I": np.flatnonzero(is_inhibitory)}
    parts = [draw_pairs(rng, of_kind[pair[0]], of_kind[pair[1]], probability[pair]) for pair in PAIRS]
    return Wiring(is_inhibitory, *join(parts, n))


def layered(
    sizes: Sequence[int],
    forward: float,
    lateral: float = 0.0,
    backward: float = 0.0,
    *,
    inhibitory: float = 0.2,
    seed: int = 0,
) -> Wiring:
    """Connect layers in a row; neurons are numbered layer after layer.

    Args:
        sizes: neurons of each layer.
        forward: connection probability from each layer to the next.
        lateral: between two neurons of one layer, each direction by itself, none with itself.
        backward: from each layer to the one before.
        inhibitory: fraction of inhibitory neurons of each layer, drawn at random.
        seed: of all draws.

    Raises:
        NetworkError: a value is out of range, or more synapses are expected than can be held.
    """
    counts = _layer_sizes(sizes)
    for name, p in (("forward", forward), ("lateral", lateral), ("backward", backward)):
        check_fraction(f"layered: {name}", p)
    check_fraction("layered: inhibitory", inhibitory)
    rng = np.random.default_rng(check_seed("layered", seed))
    between = (forward + backward) * sum(a * b for a, b in pairwise(counts))
    check_synapses("layered", between + lateral * sum(a * a for a in counts), "lower sizes or probabilities")
    is_inhibitory = np.concatenate([draw_inhibitory(rng, count, inhibitory) for count in counts])
    layers = np.split(np.arange(len(is_inhibitory)), np.cumsum(counts)[:-1])
    parts = [draw_pairs(rng, layer, layer, lateral) for layer in layers]
    for here, after in pairwise(layers):
        parts += [draw_pairs(rng, here, after, forward), draw_pairs(rng, after, here, backward)]
    return Wiring(is_inhibitory, *join(parts, len(is_inhibitory)))


def _layer_sizes(sizes: Sequence[int]) -> list[int]:
    if not isinstance(sizes, Sequence | np.ndarray) or isinstance(sizes, str) or len(sizes) == 0:
        raise NetworkError(f"layered: sizes is {sizes!r}, but must be a list with the neurons of each layer")
    counts = [check_whole(f"layered: sizes[{i}]", size, 1, MAX_NEURONS) for i, size in enumerate(sizes)]
    check_whole("layered: the sum of sizes", sum(counts), 1, MAX_NEURONS)
    return counts
