"""Models: the linear models that a liquid's readout may be."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier, RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold

from chips import RunError
from neurosim.readouts.linear import ALPHAS, ridge_classifier

Floats = npt.NDArray[np.float64]


def classifier_model(readout: Any, groups: npt.NDArray[Any] | None = None) -> Any:
    """A fresh linear classifier, by name or as a clone of what was given; with groups, one that chooses across them.

    Raises:
        RunError: the name is unknown, or there is one group only.
    """
    if groups is not None and isinstance(readout, str) and readout in _SEARCHED:
        return _across(*_SEARCHED[readout], groups)
    if readout == "ridge":
        return ridge_classifier()
    if readout == "logistic":
        return GridSearchCV(*_SEARCHED["logistic"], cv=MOST_FOLDS)
    return _given(readout, ("ridge", "logistic"))


def _across(model: Any, penalties: Mapping[str, Any], groups: npt.NDArray[Any]) -> Any:
    n = len(np.unique(groups))
    if n < 2:
        raise RunError("the training samples are of one group, so no penalty can be chosen across groups: leave it out")
    return GridSearchCV(clone(model), dict(penalties), cv=GroupKFold(min(n, MOST_FOLDS)))


MOST_FOLDS = 5
_SEARCHED: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "ridge": (RidgeClassifier(), {"alpha": 10.0 ** np.arange(0, 4.01, 0.5)}),
    "logistic": (LogisticRegression(max_iter=2000), {"C": 10.0 ** np.arange(-4, 1.01)}),
}


def regressor_model(readout: Any) -> Any:
    """A fresh linear regressor, by name or as a clone of what was given.

    Raises:
        RunError: the name is unknown.
    """
    return RidgeCV(alphas=ALPHAS) if readout == "ridge" else _given(readout, ("ridge",))


def learn(
    model: Any, table: Floats, targets: npt.NDArray[Any], groups: npt.NDArray[Any] | None = None
) -> tuple[Floats, Floats]:
    """Fit a linear model on standardised features; its weights and constant terms for plain ones.

    A feature's variance counts as larger by the median one, so that a neuron that hardly fires gets no huge weight.

    Args:
        model: fitted in place.
        table: [sample, feature].
        targets: [sample] or [sample, output].
        groups: [sample], passed to models that choose a penalty across groups.

    Returns:
        [output, feature] and [output].

    Raises:
        RunError: the model is not linear.
    """
    mean, variance = table.mean(axis=0), table.var(axis=0)
    scale = np.sqrt(variance + np.median(variance))
    scale[scale == 0] = 1.0
    given = {} if groups is None else {"groups": groups}
    model.fit((table - mean) / scale, targets, **given)
    coefficients, intercept = _linear_coefficients(model)
    coefficients = np.atleast_2d(coefficients) / scale
    intercept = np.atleast_1d(intercept) - coefficients @ mean
    return coefficients, intercept


def _linear_coefficients(model: Any) -> tuple[Any, Any]:
    """`coef_` and `intercept_` of a fitted model, or of the best one of a search.

    Raises:
        RunError: it has none, so it is not linear.
    """
    best = getattr(model, "best_estimator_", model)
    try:
        return best.coef_, best.intercept_
    except AttributeError as error:
        raise RunError(
            f"readout is {best!r}, which has no coef_ and intercept_ after fit: only a linear model becomes neurons "
            "and synapses, such as RidgeClassifier or LogisticRegression"
        ) from error


def decide(scores: Floats | npt.NDArray[np.int64], classes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The class of each sample by scores [sample, output]: the largest, the first of equal ones.

    With two classes there is one output, and the second class is decided where it is above 0.
    """
    winner = (scores[:, 0] > 0).astype(int) if len(classes) == 2 else scores.argmax(axis=1)
    decided: npt.NDArray[Any] = classes[winner]
    return decided


def _given(readout: Any, names: tuple[str, ...]) -> Any:
    if isinstance(readout, str) or not hasattr(readout, "fit"):
        raise RunError(f"readout is {readout!r}, but must be {' or '.join(map(repr, names))}, or a linear model")
    return clone(readout)
