"""What the classifier and the regressor share: encode, calibrate, run, learn, compile the readout, decide.

`fit` sees training samples only and goes one way: encoder.fit -> liquid, calibrated on the chip's integers -> run ->
features -> a linear model of scikit-learn, on standardised features -> its weights on the chip's grid, as neurons and
synapses beside the liquid.  `predict` runs the whole program and reads the readout's neurons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from chips import ChipProfile, RunError, load_chip
from compiler import Network, Program, compile
from neurosim.batches import SAMPLES
from neurosim.calibration import calibrate
from neurosim.encoders.rate import RateEncoder
from neurosim.generators.liquids import LIQUID, liquid
from neurosim.readouts.chip_readout import ChipReadout, attach, chip_scores, run_with_readout
from neurosim.readouts.features import COUNT, Feature, cannot_form, form
from neurosim.readouts.host_integers import host_scores
from neurosim.readouts.models import learn, learn_classes
from neurosim.readouts.quantise import to_chip
from neurosim.readouts.readout_cost import ReadoutCost, readout_cost
from neurosim.readouts.settings import check_nested, check_settings, check_starts, is_on_chip
from neurosim.result import RunResult
from neurosim.sequences import spread
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Shown:
    """Samples as the liquid heard them, and what it did."""

    trains: SpikeTrains
    result: RunResult


def _is_sequences(X: Any) -> bool:
    """Whether X is spike trains, an array [sample, frame, input], or a list (or array of objects) of [frame, input]."""
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1):
        return len(X) > 0 and np.ndim(X[0]) == 2
    return isinstance(X, SpikeTrains) or getattr(X, "ndim", 2) == 3


class LiquidEstimator(BaseEstimator):
    """Parameters and steps of `LiquidClassifier` and `LiquidRegressor`; see there."""

    def __init__(
        self,
        shape: Sequence[int] = (4, 4, 6),
        *,
        encoder: Any = None,
        recurrence: float = 0.3,
        inhibition: float = 2.0,
        input_density: float = 0.2,
        liquid: Mapping[str, Any] | None = None,
        target_rate: float | None = 0.05,
        balance: float | None = None,
        even_out: bool = False,
        calibration_samples: int = 30,
        features: Sequence[Feature] = COUNT,
        readout: Any = "ridge",
        chip: ChipProfile | str = "loihi1",
        on_chip: bool | str = "auto",
        approximate: bool = False,
        random_state: int = 0,
        threads: int | None = None,
    ) -> None:
        self.shape = shape
        self.encoder = encoder
        self.recurrence = recurrence
        self.inhibition = inhibition
        self.input_density = input_density
        self.liquid = liquid
        self.target_rate = target_rate
        self.balance = balance
        self.even_out = even_out
        self.calibration_samples = calibration_samples
        self.features = features
        self.readout = readout
        self.chip = chip
        self.on_chip = on_chip
        self.approximate = approximate
        self.random_state = random_state
        self.threads = threads

    def set_params(self, **params: Any) -> "LiquidEstimator":
        """Change settings by name; those of an encoder or readout as encoder__name, readout__name.

        Raises:
            RunError: a nested name of something without settings: a grid search needs an instance there.
        """
        for name in params:
            outer, nested, _ = name.partition("__")
            if nested and hasattr(self, outer):
                check_nested(name, params.get(outer, getattr(self, outer)))
        super().set_params(**params)
        return self

    # ------------------------------------------------------------ fit

    def _learn(self, X: Any, targets: npt.NDArray[Any], model: Any, groups: Any = None) -> None:
        """Everything of `fit` after the labels are understood."""
        check_settings(self.get_params(deep=False))
        self.chip_ = self.chip if isinstance(self.chip, ChipProfile) else load_chip(self.chip)
        self.encoder_ = None if isinstance(X, SpikeTrains) else clone(self.encoder or RateEncoder()).fit(X)
        trains = self._encode(X)
        check_starts(self.features, trains)
        self.n_channels_ = (
            int(trains.channel.max(initial=0)) + 1 if self.encoder_ is None else self.encoder_.n_channels_
        )
        self.network_, self.calibration_ = self._calibrated(trains)
        self.liquid_program_ = compile(self.network_, self.chip_, approximate=self.approximate)
        training = self._listen(trains)
        table = form(self.features, training.result, LIQUID)
        self.model_ = model
        taught = learn_classes if is_classifier(self) else learn
        self.coef_, self.intercept_ = taught(model, table, targets, groups)
        self._compile_readout(training.result)

    def _compile_readout(self, training: RunResult) -> None:
        reasons = {str(f): reason for f in self.features if (reason := cannot_form(f, self.chip_))}
        self.cannot_form_: dict[str, str] = reasons
        self.chip_readout_: ChipReadout | None = None
        self.program_: Program = self.liquid_program_
        wanted = is_on_chip(self.on_chip)
        if wanted or (wanted is None and not reasons and self.coef_.any()):
            self.chip_readout_ = to_chip(self.coef_, self.intercept_, self.features, self.chip_, training, LIQUID)
            whole = attach(self.network_, self.chip_readout_)
            self.program_ = compile(whole, self.chip_, approximate=self.approximate)

    def _calibrated(self, trains: SpikeTrains) -> tuple[Network, Any]:
        settings = {
            "recurrence": self.recurrence,
            "input_density": self.input_density,
            "seed": self.random_state,
            **(self.liquid or {}),  # none of these, as check_settings saw to
        }

        def build(gain: float, inhibition: float) -> Network:
            return liquid(self.shape, self.n_channels_, gain=gain, inhibition=inhibition, **settings)

        if self.target_rate is None:
            return build(float(settings.pop("gain", 1.0)), self.inhibition), None
        found = calibrate(
            build,
            self.chip_,
            trains[spread(len(trains), self.calibration_samples)],
            self.target_rate,
            balance=self.balance,
            inhibition=self.inhibition,
            even_out=self.even_out,
            approximate=self.approximate,
        )
        return found.network, found

    # ------------------------------------------------------------ use

    def _encode(self, X: Any) -> SpikeTrains:
        if isinstance(X, SpikeTrains):
            return X
        if self.encoder_ is None:
            raise RunError("fitted on spike trains, so spike trains are needed here too: encode the sequences first")
        trains: SpikeTrains = self.encoder_.transform(X)
        return trains

    def _listen(self, trains: SpikeTrains, first: int = 0) -> _Shown:
        """Run the liquid on samples, of which the first has the number `first`."""
        seed = self.random_state + first
        return _Shown(trains, run(self.liquid_program_, trains, per_step=False, seed=seed, threads=self.threads))

    def _float_scores(self, shown: _Shown) -> Floats:
        """[sample, output] of the float readout on the chip's spikes."""
        return form(self.features, shown.result, LIQUID) @ self.coef_.T + self.intercept_

    def _integer_scores(self, shown: _Shown) -> Floats:
        """[sample, output] in the float readout's units, as the host computes them from spikes in whole numbers."""
        return self._in_units(host_scores(shown.result, self._on_chip()))

    def _compiled_scores(self, trains: SpikeTrains, first: int = 0) -> Floats:
        """[sample, output] in the float readout's units, as the chip computes them."""
        return self._in_units(chip_scores(self._run_all(trains, per_step=False, first=first), self._on_chip()))

    def _run_all(self, trains: SpikeTrains, per_step: bool, first: int = 0) -> RunResult:
        """The liquid with its readout."""
        return run_with_readout(
            self.program_,
            self._on_chip(),
            trains,
            self.n_channels_,
            per_step=per_step,
            seed=self.random_state + first,
            threads=self.threads,
        )

    def _on_chip(self) -> ChipReadout:
        if self.chip_readout_ is None:
            empty = "its weights are all zero, as nothing was learned"
            reasons = "; ".join(f"{name}: {why}" for name, why in self.cannot_form_.items())
            other = "on_chip is False" if is_on_chip(self.on_chip) is False else empty
            raise RunError(f"the readout is not on the chip ({reasons or other})")
        return self.chip_readout_

    def _in_units(self, scores: npt.NDArray[np.int64]) -> Floats:
        return scores / self._on_chip().unit

    def _scores(self, X: Any) -> Floats:
        """[sample, output] from where the readout is; a batch of samples at a time, so that memory is bounded."""
        check_is_fitted(self)
        trains = self._encode(self._checked(X))
        scores = []
        for first in range(0, trains.n_samples, SAMPLES):
            some = trains[first : first + SAMPLES]
            on_host = self.chip_readout_ is None
            scores.append(
                self._float_scores(self._listen(some, first)) if on_host else self._compiled_scores(some, first)
            )
        return np.concatenate(scores)

    def _checked(self, X: Any, reset: bool = False) -> Any:
        """Tables go through scikit-learn's own checks; sequences and spike trains through the encoder's."""
        return X if _is_sequences(X) else validate_data(self, X, reset=reset, dtype=np.float64)

    def _checked_both(self, X: Any, y: Any, **targets: Any) -> tuple[Any, npt.NDArray[Any]]:
        """Training samples and their targets."""
        if not _is_sequences(X):
            both: tuple[Any, npt.NDArray[Any]] = validate_data(self, X, y, dtype=np.float64, **targets)
            return both
        check_consistent_length(X, y)
        return X, np.asarray(y)

    def cost(self, X: Any) -> ReadoutCost:
        """What the readout costs on the chip beside the liquid, on samples X: cores, neurons, synapses, energy, time.

        Raises:
            RunError: the readout is not on the chip.
        """
        check_is_fitted(self)
        trains = self._encode(self._checked(X))
        alone = self._listen(trains).result
        return readout_cost(self.liquid_program_, alone, self.program_, self._run_all(trains, True), self.chip_)
