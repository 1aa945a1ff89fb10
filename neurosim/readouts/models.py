"""Models: the linear models that a liquid's readout may be."""

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegressionCV, RidgeClassifierCV, RidgeCV

from chips import RunError
from neurosim.readouts.linear import ALPHAS


def classifier_model(readout: Any, seed: int = 0) -> Any:
    """A fresh linear classifier, by name or as a clone of what was given.

    Raises:
        RunError: the name is unknown.
    """
    if readout == "ridge":
        return RidgeClassifierCV(alphas=ALPHAS)
    if readout == "logistic":
        return LogisticRegressionCV(Cs=np.logspace(-4, 2, 7), max_iter=2000, random_state=seed)
    return _given(readout, ("ridge", "logistic"))


def regressor_model(readout: Any) -> Any:
    """A fresh linear regressor, by name or as a clone of what was given.

    Raises:
        RunError: the name is unknown.
    """
    return RidgeCV(alphas=ALPHAS) if readout == "ridge" else _given(readout, ("ridge",))


def _given(readout: Any, names: tuple[str, ...]) -> Any:
    if isinstance(readout, str) or not hasattr(readout, "fit"):
        raise RunError(f"readout is {readout!r}, but must be {' or '.join(map(repr, names))}, or a linear model")
    return clone(readout)
