"""Settings of the estimators, checked when they are fitted, as scikit-learn wants it."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import RunError
from chips.hints import did_you_mean
from neurosim.generators.liquids import liquid
from neurosim.numbers import is_whole
from neurosim.readouts.features import Feature
from neurosim.spikes import SpikeTrains

_OWN = {  # of `liquid`, which the estimator gives, by settings of its own
    "shape": "shape",
    "channels": "encoder",
    "recurrence": "recurrence",
    "inhibition": "inhibition",
    "input_density": "input_density",
    "seed": "random_state",
}


def check_settings(given: Mapping[str, Any]) -> None:
    """Refuse what no estimator can work with.

    Args:
        given: the estimator's settings, by name.

    Raises:
        RunError: naming the setting.
    """
    _check_features(given["features"])
    _check_liquid(given["liquid"], given["target_rate"])
    _check_calibration(given)
    is_on_chip(given["on_chip"])
    random_state = given["random_state"]
    if not is_whole(random_state, 0, 2**63 - 1):
        raise RunError(
            f"random_state is {random_state!r}, but a whole number from 0 is needed: the same number gives the same "
            "liquid"
        )


def is_on_chip(on_chip: object) -> bool | None:
    """True or False as asked for, None for "auto".

    Raises:
        RunError: it is none of these.
    """
    if isinstance(on_chip, bool | np.bool_):
        return bool(on_chip)
    if isinstance(on_chip, str) and on_chip == "auto":
        return None
    raise RunError(f"on_chip is {on_chip!r}, but must be True, False or 'auto'")


def check_nested(name: str, value: object) -> None:
    """Refuse a nested setting, such as readout__alpha, of something without settings: for grid searches.

    Args:
        name: with two underscores.
        value: what the estimator has under the name before them.

    Raises:
        RunError: with what to pass in place of it.
    """
    outer = name.partition("__")[0]
    if not hasattr(value, "set_params"):
        remedy = _INSTANCES.get(outer, f"give {outer} as a whole")
        raise RunError(f"{name}: {outer} is {value!r}, which has no settings of its own: {remedy}")


_INSTANCES = {
    "encoder": "pass encoder=RateEncoder() or another encoder",
    "readout": "pass an instance, such as readout=RidgeClassifier() (Ridge() to a regressor)",
    "liquid": "give whole dictionaries, as in {'liquid': [{'adaptation': 0.1}, {'adaptation': 0.2}]}",
}


def one_a_sample(name: str, values: npt.ArrayLike, n: int) -> npt.NDArray[Any]:
    """Labels, targets or groups as an array [sample].

    Raises:
        RunError: they are not one for each of n samples.
    """
    given = np.asarray(values)
    if given.shape != (n,):
        raise RunError(f"{name} has shape {given.shape}, but ({n},) is needed: one value for each of the samples")
    return given


def check_starts(features: Sequence[Feature], trains: SpikeTrains) -> None:
    """Refuse features that all start when some sample is over.

    Raises:
        RunError: they do.
    """
    first, shortest = min(feature.start for feature in features), int(trains.steps.min())
    if first >= shortest:
        raise RunError(
            f"features: the first starts at step {first:,}, but the shortest sample has {shortest:,} steps: start it "
            "earlier"
        )


def _check_features(features: object) -> None:
    listed = isinstance(features, Sequence) and not isinstance(features, str) and len(features) > 0
    if not listed or not all(isinstance(feature, Feature) for feature in features):  # type: ignore[attr-defined]
        raise RunError(
            f"features is {features!r}, but a list of at least one Feature is needed: [Feature()] counts spikes, "
            "starts(...) and traces(...) make others"
        )


def _check_calibration(given: Mapping[str, Any]) -> None:
    samples, target_rate, balance = given["calibration_samples"], given["target_rate"], given["balance"]
    if not is_whole(samples, 1):
        raise RunError(f"calibration_samples is {samples!r}, but a whole number of at least 1 is needed")
    if not isinstance(given["even_out"], bool | np.bool_):
        raise RunError(f"even_out is {given['even_out']!r}, but must be True or False")
    if target_rate is None and (balance is not None or given["even_out"]):
        name = "balance" if balance is not None else "even_out"
        raise RunError(f"{name} beside target_rate=None, which calibrates nothing: give a target_rate")


def _check_liquid(settings: object, target_rate: object) -> None:
    if settings is None:
        return
    known = [name for name in inspect.signature(liquid).parameters if name not in _OWN]
    if not isinstance(settings, Mapping):
        raise RunError(f"liquid is {settings!r}, but settings of neurosim.liquid as a dictionary are needed")
    for name in settings:
        if name in _OWN:
            raise RunError(f"liquid has a setting {name!r}, which the estimator itself gives: pass {_OWN[name]} to it")
        if name not in known:
            hint = did_you_mean(str(name), known) or f"legal are {', '.join(known)}"
            raise RunError(f"liquid has a setting {name!r}, which neurosim.liquid has not: {hint}")
    if "gain" in settings and target_rate is not None:
        raise RunError(
            f"liquid has a setting 'gain', but the gain is found by calibration for a target_rate of {target_rate}: "
            "leave one of them out (target_rate=None calibrates nothing)"
        )
