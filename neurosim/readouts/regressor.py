"""LiquidRegressor: a liquid and a linear readout as a regressor of scikit-learn."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_array

from neurosim.readouts.liquid_estimator import Floats, LiquidEstimator
from neurosim.readouts.models import regressor_model


class LiquidRegressor(RegressorMixin, LiquidEstimator):
    """Predict one or several values of a sequence by a liquid on a chip.

    Arguments, attributes and errors are those of `LiquidClassifier`, but for `readout`: "ridge" or a linear regressor,
    and `classes_`, which it has not.
    """

    def fit(self, X: Any, y: npt.ArrayLike) -> "LiquidRegressor":
        """Fit encoder, liquid and readout on training samples."""
        X, y = self._checked_both(X, y, multi_output=True, y_numeric=True)
        targets = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        self._flat = targets.ndim == 1
        self._learn(X, targets, regressor_model(self.readout))
        return self

    def predict(self, X: Any) -> Floats:
        """Values, from the chip where the readout is there: [sample] or [sample, value], as those of the training."""
        scores = self._scores(X)
        return scores[:, 0] if self._flat else scores

    def __sklearn_tags__(self) -> Any:
        """Targets may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
