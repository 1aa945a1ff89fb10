"""Readout: a linear classifier on spike counts (or on anything else, as a baseline)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.recordings.dataset import Dataset

Floats = npt.NDArray[np.float64]
ALPHAS = 10.0 ** np.arange(-1, 4.01, 0.5)


def accuracy(features: Floats, data: Dataset, alpha: float | None = None) -> float:
    """Train ridge regression on the training part, return the share of test samples classified rightly.

    Args:
        features: [sample, feature].
        data: labels and split.
        alpha: ridge penalty; None chooses one of ALPHAS by leave-one-out error on the training part.
    """
    model = ridge_classifier(alpha)
    model.fit(features[~data.is_test], data.label[~data.is_test])
    right = model.predict(features[data.is_test]) == data.label[data.is_test]
    return float(right.mean())


def ridge_classifier(alpha: float | None = None) -> Any:
    """A ridge classifier with this penalty; None chooses one of ALPHAS by leave-one-out error."""
    from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV

    return RidgeClassifierCV(alphas=ALPHAS) if alpha is None else RidgeClassifier(alpha=alpha)


def mean_per_bin(sequences: Sequence[Floats], bins: int) -> Floats:
    """Mean frame in equal parts of each sequence: [sample, bins * input]; the raw input as features."""
    parts = [
        [x[k * len(x) // bins : max(k * len(x) // bins + 1, (k + 1) * len(x) // bins)] for k in range(bins)]
        for x in sequences
    ]
    return np.array([np.concatenate([part.mean(axis=0) for part in of]) for of in parts])
