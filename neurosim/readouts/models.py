"""Models: the linear models that a liquid's readout may be."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone, is_regressor
from sklearn.linear_model import LogisticRegression, RidgeClassifier, RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.utils import get_tags

from chips import RunError
from neurosim.readouts.linear import ALPHAS, ridge_classifier

Floats = npt.NDArray[np.float64]


def classifier_model(readout: Any, groups: npt.NDArray[Any] | None = None) -> Any:
    """A fresh linear classifier, by name or as a clone of what was given; with groups, one that chooses across them.

    Raises:
        RunError: the name is unknown, there is one group only, or the model takes no groups.
    """
    if groups is not None and isinstance(readout, str) and readout in _SEARCHED:
        return _across(*_SEARCHED[readout], groups)
    if readout == "ridge":
        return ridge_classifier()
    if readout == "logistic":
        return GridSearchCV(*_SEARCHED["logistic"], cv=MOST_FOLDS)
    model = _given(readout, ("ridge", "logistic"))
    if groups is not None:
        check_takes_groups(model)
    return model


def check_takes_groups(model: Any) -> None:
    """Refuse groups beside a model that has no use for them.

    Raises:
        RunError: its `fit` takes none.
    """
    if not any(p.name == "groups" or p.kind is p.VAR_KEYWORD for p in signature(model.fit).parameters.values()):
        raise RunError(
            f"groups beside the readout {_told(model)}, which chooses no penalty and so takes none: leave groups out, "
            "or give 'ridge', 'logistic' or GridSearchCV(..., cv=GroupKFold())"
        )


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

    For classes use `learn_classes`, which sees to one output a class.  A feature's variance counts as larger by the
    median one, so that a neuron that hardly fires gets no huge weight.

    Args:
        model: fitted in place.
        table: [sample, feature].
        targets: [sample] or [sample, output].
        groups: [sample], passed to models that choose a penalty across groups.

    Returns:
        [output, feature] and [output].

    Raises:
        RunError: the model is not linear, or says something else than its weights do.
    """
    mean, variance = table.mean(axis=0), table.var(axis=0)
    scale = np.sqrt(variance + np.median(variance))
    scale[scale == 0] = 1.0
    given = {} if groups is None else {"groups": groups}
    standard = (table - mean) / scale
    model.fit(standard, targets, **given)
    found, constants = _linear_coefficients(model)
    coefficients, intercept = np.atleast_2d(found), np.atleast_1d(constants)
    _check_outputs(model, standard, standard @ coefficients.T + intercept)
    coefficients = coefficients / scale
    return coefficients, intercept - coefficients @ mean


def learn_classes(
    model: Any, table: Floats, numbers: npt.NDArray[np.int64], groups: npt.NDArray[Any] | None = None
) -> tuple[Floats, Floats]:
    """`learn` for classes, by a linear classifier or a linear regressor; what `decide` takes.

    A regressor learns +1 for the right class and -1 for the others: one output a class, or one for the second of two.

    Args:
        model: fitted in place.
        table: [sample, feature].
        numbers: [sample], classes from 0, each at least once.
        groups: as for `learn`.

    Returns:
        [output, feature] and [output]; one output for two classes, or one a class.

    Raises:
        RunError: as `learn`; or the model has not one output a class, or learns one at a time.
    """
    n = int(numbers.max()) + 1
    weights, constants = learn(model, table, _targets(model, numbers, n), groups)
    outputs = 1 if n == 2 else n
    if len(weights) != outputs:
        raise RunError(
            f"readout is {_told(model)}, which has {len(weights)} rows of coefficients (coef_) for {n} classes, but "
            f"{outputs} {'is' if outputs == 1 else 'are'} needed, {_ONE_A_CLASS}"
        )
    return weights, constants


def _targets(model: Any, numbers: npt.NDArray[np.int64], n: int) -> npt.NDArray[Any]:
    """Classes as a classifier takes them, or as +-1 for a regressor."""
    if not is_regressor(model):
        return numbers
    if n == 2:
        return 2.0 * numbers - 1.0
    if not get_tags(getattr(model, "estimator", model)).target_tags.multi_output:
        raise RunError(
            f"readout is {_told(model)}, a regressor that learns one output, but {n} classes need {n}: use one that "
            "learns several, such as Ridge or RecursiveLeastSquares, or a classifier"
        )
    return 2.0 * np.eye(n)[numbers] - 1.0


def _check_outputs(model: Any, standard: Floats, scores: Floats) -> None:
    """Refuse a model whose outputs are not its weights times the features, as only these reach the chip.

    Raises:
        RunError: it compares classes in pairs, as support vector machines do, or sends its sums through a function.
    """
    says = getattr(model, "decision_function", None) or (model.predict if is_regressor(model) else None)
    if says is None:
        return
    said = np.asarray(says(standard), np.float64).reshape(len(standard), -1)
    close = 1e-4 * max(1.0, np.abs(said).max())
    same = said.shape == scores.shape and np.allclose(said, scores, rtol=0, atol=close)
    classes = getattr(model, "classes_", ())
    if same and len(classes) == scores.shape[1] > 2:  # as many pairs as classes, if there are three
        decided = np.searchsorted(classes, model.predict(standard))
        same = bool((scores[np.arange(len(scores)), decided] >= scores.max(axis=1) - close).all())
    if not same:
        raise RunError(
            f"readout is {_told(model)}, whose outputs are not coef_ times the features plus intercept_, {_ONE_A_CLASS}"
        )


_ONE_A_CLASS = (
    "which is all that becomes neurons and synapses: use a model with one row of coefficients an output, such as "
    "RidgeClassifier, LogisticRegression, LinearSVC (in place of SVC) or Ridge"
)


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
            f"readout is {_told(best)}, which has no coef_ and intercept_ after fit: only a linear model becomes "
            "neurons and synapses, such as RidgeClassifier or LogisticRegression"
        ) from error


def decide(scores: Floats | npt.NDArray[np.int64], classes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The class of each sample by scores [sample, output]: the largest, the first of equal ones.

    With two classes there is one output, and the second class is decided where it is above 0.
    """
    winner = (scores[:, 0] > 0).astype(int) if len(classes) == 2 else scores.argmax(axis=1)
    decided: npt.NDArray[Any] = classes[winner]
    return decided


def _told(model: Any) -> str:
    """A model's settings in one line."""
    return " ".join(repr(model).split())


def _given(readout: Any, names: tuple[str, ...]) -> Any:
    if isinstance(readout, str) or not hasattr(readout, "fit"):
        raise RunError(f"readout is {readout!r}, but must be {' or '.join(map(repr, names))}, or a linear model")
    return clone(readout)
