"""Principal components: states of many neurons in few dimensions."""

from collections.abc import Sequence

import numpy as np

from neurosim.metrics.states import Floats


def principal_components(states: Sequence[Floats], n: int) -> tuple[tuple[Floats, ...], Floats]:
    """States of each sample [step, component] in their first `n` components, and the share of variance of each.

    The components are of all samples together; `states` are [step, neuron], and `n` is at most either size of all.
    """
    from sklearn.decomposition import PCA

    every = np.concatenate(states)
    solver = "full" if min(every.shape) < 500 else "covariance_eigh"  # exact ones: no random numbers
    model = PCA(n, svd_solver=solver).fit(every)
    return tuple(model.transform(state) for state in states), model.explained_variance_ratio_
