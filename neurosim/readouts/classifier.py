"""LiquidClassifier: a liquid and a linear readout as a classifier of scikit-learn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from neurosim.readouts.liquid_estimator import Floats, LiquidEstimator
from neurosim.readouts.models import classifier_model, decide
from neurosim.readouts.settings import one_a_sample


@dataclass(frozen=True)
class Agreement:
    """Decisions of the float readout, of the host's whole numbers and of the chip, on the same samples.

    All three read the same spikes, those of the chip.
    """

    samples: int
    float_accuracy: float
    integer_accuracy: float
    chip_accuracy: float
    chip_differs_from_integer: int  # samples
    chip_differs_from_float: int  # samples


class LiquidClassifier(ClassifierMixin, LiquidEstimator):
    """Classify sequences by a liquid on a chip.

    X is a list of arrays (frames, inputs), an array (samples, frames, inputs), an array (samples, inputs) of single
    frames, or `SpikeTrains`.

    Args:
        shape: of the Maass column.
        encoder: from values to spikes, any of neurosim.encoders; None: `RateEncoder()`.
        recurrence: as for `liquid`; so are `inhibition` and `input_density`.
        inhibition: see there.
        input_density: see there.
        liquid: further settings of `liquid`, by name.
        target_rate: spikes per neuron and step to calibrate to, on training samples; None keeps the gain.
        balance: inhibitory over excitatory recurrent charge to calibrate to; None keeps `inhibition`.
        even_out: calibrate each neuron's own threshold too.
        calibration_samples: training samples used for it, spread evenly.
        features: numbers that the readout weighs; see readouts/features.py.
        readout: "ridge" (penalty by leave-one-out), "logistic" (penalty by cross-validation), or a linear model of
            scikit-learn or of readouts/online.py, with one row of coefficients a class; regressors learn +1 for a
            sample's class and -1 for the others.
        chip: a profile or its name.
        on_chip: True: the readout must be compiled onto the chip; "auto": if the chip can form all features; False:
            it stays at the host, in floating point.
        approximate: as for `compile`.
        random_state: seed of the liquid, and of chips that draw numbers.
        threads: as for `run`.

    Attributes:
        classes_: labels.
        network_, calibration_: the liquid, and how it fires.
        program_: liquid and readout, compiled.
        chip_readout_: the readout's integers; None where it is not on the chip.
        cannot_form_: feature -> why the chip cannot form it.
        coef_, intercept_: the float readout, on plain features.

    Raises:
        RunError: the liquid cannot be calibrated; CannotRepresent: on_chip is True and a feature cannot be formed.
    """

    def fit(self, X: Any, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> "LiquidClassifier":
        """Fit encoder, liquid and readout on training samples.

        Args:
            X: samples.
            y: their labels.
            groups: [sample], who each is from; then the penalty of a readout given by name is chosen across groups.
        """
        X, y = self._checked_both(X, y)
        labels = column_or_1d(y, warn=True)
        check_classification_targets(labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("the training samples have one class only, so there is nothing to learn")
        of = None if groups is None else one_a_sample("groups", groups, len(labels))
        self._learn(X, numbers, classifier_model(self.readout, of), of)
        return self

    def decision_function(self, X: Any) -> Floats:
        """Scores, from the chip where the readout is there: [sample, class]; [sample] for the second of two."""
        scores = self._scores(X)
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The class with the largest score, the first of equal ones."""
        return self._decide(self._scores(X))

    def agreement(self, X: Any, y: npt.ArrayLike) -> Agreement:
        """Hold the chip's decisions against the host's integer ones and the float readout's.

        Raises:
            RunError: the readout is not on the chip, or y has not one label a sample.
        """
        check_is_fitted(self)
        self._on_chip()
        shown = self._listen(self._encode(self._checked(X)))
        labels = one_a_sample("y", y, shown.trains.n_samples)
        chip = self._decide(self._compiled_scores(shown.trains))
        integer, real = self._decide(self._integer_scores(shown)), self._decide(self._float_scores(shown))
        return Agreement(
            samples=len(labels),
            float_accuracy=float((real == labels).mean()),
            integer_accuracy=float((integer == labels).mean()),
            chip_accuracy=float((chip == labels).mean()),
            chip_differs_from_integer=int((chip != integer).sum()),
            chip_differs_from_float=int((chip != real).sum()),
        )

    def _decide(self, scores: Floats) -> npt.NDArray[Any]:
        return decide(scores, self.classes_)
