"""Models: the linear models that a liquid's readout may be."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.linear_model import LogisticRegressionCV, RidgeClassifierCV, RidgeCV
from sklearn.preprocessing import StandardScaler

from chips import RunError
from neurosim.readouts.linear import ALPHAS

Floats = npt.NDArray[np.float64]


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


def learn(model: Any, table: Floats, targets: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Fit a linear model on standardised features; its weights and constant terms for plain ones.

    Args:
        model: fitted in place.
        table: [sample, feature].
        targets: [sample] or [sample, output].

    Returns:
        [output, feature] and [output].
    """
    scaler = StandardScaler().fit(table)
    model.fit(scaler.transform(table), targets)
    coefficients: Floats = np.atleast_2d(model.coef_) / scaler.scale_
    intercept: Floats = np.atleast_1d(model.intercept_) - coefficients @ scaler.mean_
    return coefficients, intercept


def _given(readout: Any, names: tuple[str, ...]) -> Any:
    if isinstance(readout, str) or not hasattr(readout, "fit"):
        raise RunError(f"readout is {readout!r}, but must be {' or '.join(map(repr, names))}, or a linear model")
    return clone(readout)
