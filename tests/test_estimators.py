"""LiquidClassifier and LiquidRegressor: estimators of scikit-learn whose decisions are the chip's."""

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

import neurosim as ns

SMALL = {"shape": (3, 3, 4), "input_density": 0.5, "calibration_samples": 10}


@parametrize_with_checks([ns.LiquidClassifier(**SMALL), ns.LiquidRegressor(**SMALL)])
def test_they_pass_the_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)
