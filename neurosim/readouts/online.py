"""Online readouts: linear models that learn sample by sample, and follow what changes.

`RecursiveLeastSquares` minimises, after n samples, sum over i of lambda^(n - i) (y_i - w x_i)^2 + penalty |w|^2
(Haykin, Adaptive Filter Theory, chapter on RLS): with lambda = 1 it is ridge regression exactly, with lambda < 1 it
forgets, with a memory of 1 / (1 - lambda) samples.  In the textbook the penalty leaks away, as lambda^n alpha, and the
inverse grows without bound in every direction of x that is not heard.  Here what leaked is put back before it is a
tenth of alpha: so alpha weighs against what one memory holds, and weights of what is no longer heard decay.

`LeastMeanSquares` follows the gradient, normalised by |x|^2 (Widrow and Hoff; Nagumo and Noda 1967).  Both are
regressors of scikit-learn with `partial_fit`; the intercept is learned like any weight, of a constant input of size
`constant`, and is penalised with them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from chips import RunError
from neurosim.numbers import is_real, is_whole

Floats = npt.NDArray[np.float64]
LEAST_PENALTY = 0.9  # share of alpha; nearer to 1 costs more inversions, and alpha is seldom known to a tenth


class OnlineRegressor(RegressorMixin, BaseEstimator):
    """What both have: a weight matrix, learned one sample at a time."""

    constant: float

    def fit(self, X: Any, y: npt.ArrayLike) -> "OnlineRegressor":
        """Forget everything, then learn from all samples in order."""
        for name in ("weights_", "coef_", "intercept_"):
            self.__dict__.pop(name, None)
        return self._learn_all(X, y, first=True)

    def partial_fit(self, X: Any, y: npt.ArrayLike) -> "OnlineRegressor":
        """Learn from further samples, in order."""
        return self._learn_all(X, y, first=not hasattr(self, "weights_"))

    def predict(self, X: Any) -> Floats:
        """[sample], or [sample, output] as the targets were."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        predicted: Floats = X @ self.coef_.T + self.intercept_
        return predicted

    def predict_then_learn(self, X: Any, y: npt.ArrayLike, delay: int = 0) -> Floats:
        """Predict each sample before its target is learned (prequential; Dawid 1984), [sample] or [sample, output].

        Args:
            X: further samples, in order.
            y: their targets; each arrives `delay` samples after its own, and those still to come at the end are unused.
            delay: 0: as soon as the sample was predicted.

        Raises:
            RunError: the delay is no whole number, or negative.
        """
        check_is_fitted(self)
        if not is_whole(delay, 0):
            raise RunError(f"delay is {delay!r}, but a target arrives 0 or more whole samples after its own")
        inputs, columns, alone = self._checked(X, y, first=False)
        predicted = np.empty_like(columns)
        for now, x in enumerate(inputs):
            predicted[now] = self.weights_ @ x
            if now >= delay:
                self._learn(inputs[now - delay], columns[now - delay])
        self._publish(alone)
        return predicted[:, 0] if alone else predicted

    def _learn_all(self, X: Any, y: npt.ArrayLike, first: bool) -> "OnlineRegressor":
        inputs, columns, alone = self._checked(X, y, first)
        for x, target in zip(inputs, columns, strict=True):
            self._learn(x, target)
        self._publish(alone)
        return self

    def _checked(self, X: Any, y: npt.ArrayLike, first: bool) -> tuple[Floats, Floats, bool]:
        """Inputs with their constant, targets as columns, and whether those were a plain list."""
        self._check()
        X, targets = validate_data(self, X, y, reset=first, dtype=np.float64, multi_output=True, y_numeric=True)
        inputs = np.column_stack([X, np.full(len(X), self.constant)])
        columns = targets.reshape(len(targets), -1).astype(np.float64)
        if first:
            self.weights_: Floats = np.zeros((columns.shape[1], inputs.shape[1]))  # [output, input]
            self._begin(inputs.shape[1])
        elif columns.shape[1] != len(self.weights_):
            raise ValueError(f"y has {columns.shape[1]} outputs, but {len(self.weights_)} were learned so far")
        return inputs, columns, targets.ndim == 1

    def _publish(self, alone: bool) -> None:
        """What scikit-learn expects of a linear model."""
        coefficients, intercept = self.weights_[:, :-1], self.weights_[:, -1] * self.constant
        self.coef_: Floats = coefficients[0] if alone else coefficients
        self.intercept_: Any = intercept[0] if alone else intercept

    def __sklearn_tags__(self) -> Any:
        """Targets may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _check(self) -> None:
        """Refuse settings that are out of range."""
        if not (is_real(self.constant) and np.isfinite(self.constant)):
            raise RunError(f"constant is {self.constant!r}, but a finite number is needed; 0 for no intercept")

    def _begin(self, n_inputs: int) -> None:
        raise NotImplementedError

    def _learn(self, x: Floats, target: Floats) -> None:
        raise NotImplementedError


class RecursiveLeastSquares(OnlineRegressor):
    """Least squares, updated with every sample in O(inputs^2), and with lambda < 1 ten times a memory in O(inputs^3).

    Args:
        forgetting: lambda, above 0, at most 1.
        alpha: ridge penalty, above 0; with a short memory it outweighs a few samples of inputs near 1.
        constant: size of the constant input that carries the intercept; large: hardly penalised; 0: no intercept.

    Raises:
        RunError: a setting is out of range.
    """

    def __init__(self, forgetting: float = 1.0, alpha: float = 1.0, constant: float = 1.0) -> None:
        self.forgetting = forgetting
        self.alpha = alpha
        self.constant = constant

    def _check(self) -> None:
        super()._check()
        if not (is_real(self.forgetting) and 0 < self.forgetting <= 1):
            raise RunError(
                f"forgetting is {self.forgetting!r}, but lies above 0 and at most at 1, which forgets nothing"
            )
        if not (is_real(self.alpha) and 0 < self.alpha < np.inf):
            raise RunError(f"alpha is {self.alpha!r}, but a ridge penalty is positive and finite")

    def _begin(self, n_inputs: int) -> None:
        self.penalty_ = self.alpha  # what is left of it
        self.inverse_: Floats = np.eye(n_inputs) / self.alpha  # of the weighted correlation matrix and the penalty

    def _learn(self, x: Floats, target: Floats) -> None:
        px = self.inverse_ @ x
        gain = px / (self.forgetting + x @ px)
        self.weights_ += np.outer(target - self.weights_ @ x, gain)
        self.inverse_ = (self.inverse_ - np.outer(gain, px)) / self.forgetting
        self.inverse_ = (self.inverse_ + self.inverse_.T) / 2  # exact symmetry keeps rounding from growing
        self.penalty_ *= self.forgetting
        if self.penalty_ < LEAST_PENALTY * self.alpha:
            self._top_up()

    def _top_up(self) -> None:
        """Put back what leaked of the penalty: learn that each weight alone, times the root of that, should be 0."""
        leaked = self.alpha - self.penalty_
        for i in range(len(self.inverse_)):
            column = self.inverse_[i].copy()
            gain = column / (1 / leaked + column[i])
            self.weights_ -= np.outer(self.weights_[:, i], gain)
            self.inverse_ -= np.outer(gain, column)
        self.penalty_ = self.alpha


class LeastMeanSquares(OnlineRegressor):
    """Normalised least mean squares, O(inputs) a sample.

    Args:
        rate: share of the error of a sample that its update corrects, above 0, below 2.
        floor: added to |x|^2, so that faint inputs do not make large steps.
        constant: as for `RecursiveLeastSquares`.

    Raises:
        RunError: a setting is out of range.
    """

    def __init__(self, rate: float = 0.1, floor: float = 1.0, constant: float = 1.0) -> None:
        self.rate = rate
        self.floor = floor
        self.constant = constant

    def _check(self) -> None:
        super()._check()
        if not (is_real(self.rate) and 0 < self.rate < 2):
            raise RunError(f"rate is {self.rate!r}, but lies between 0 and 2: beyond, errors grow")
        if not (is_real(self.floor) and 0 <= self.floor < np.inf):
            raise RunError(f"floor is {self.floor!r}, but must be finite and not negative")

    def _begin(self, n_inputs: int) -> None:
        pass

    def _learn(self, x: Floats, target: Floats) -> None:
        self.weights_ += self.rate * np.outer(target - self.weights_ @ x, x) / (self.floor + x @ x + 1e-300)
