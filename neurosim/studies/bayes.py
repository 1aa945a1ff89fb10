"""Bayes: points asked of optuna's tree-structured Parzen estimator, a batch at a time.

A batch is asked when all of the one before are known, and told in the order in which it was asked, so the points do
not depend on how many workers there are or which ends first, and a study that is resumed asks for the same again.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chips import NeurosimError
from neurosim.studies.axes import Axis, grid_values
from neurosim.studies.objectives import measured
from neurosim.studies.points import Settings
from neurosim.studies.study import NEEDS_OPTUNA, Study

BATCH = 8  # points of a batch, whatever the number of workers

Evaluated = Callable[[list[Settings]], Sequence[Mapping[str, Any] | None]]  # settings -> measures, None if not done


def search(study: Study, axes: Mapping[str, Axis], evaluate: Evaluated) -> None:
    """Ask for the points of a Bayesian search, batch by batch.

    Args:
        study: what is wanted, how many points, and the seed.
        axes: as `axes_of` gives them.
        evaluate: takes the settings of a batch and returns their measures in the same order.

    Raises:
        NeurosimError: optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise NeurosimError(f"search.kind {NEEDS_OPTUNA}") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    values = {key: choices for key, axis in axes.items() if (choices := _choices(key, axis)) is not None}
    spaces = {key: _space(optuna, axes[key], values.get(key)) for key in axes}
    limited = [(name, bounds) for limit in study.constraints for name, bounds in limit.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(
            seed=study.search.seed,
            constraints_func=(lambda trial: trial.user_attrs.get("excess", [1.0])) if limited else None,
        )
        asked = optuna.create_study(
            directions=["maximize" if o.maximise else "minimize" for o in study.objectives], sampler=sampler
        )
        left = study.search.points or 0
        while left:
            trials = [asked.ask(spaces) for _ in range(min(BATCH, left))]
            left -= len(trials)
            batch = [_settings(trial.params, values) for trial in trials]
            for trial, found in zip(trials, evaluate(batch), strict=True):
                wanted = [None if found is None else measured(o.name, found) for o in study.objectives]
                if found is None or None in wanted:
                    asked.tell(trial, state=optuna.trial.TrialState.FAIL)
                    continue
                trial.set_user_attr("excess", [_excess(measured(name, found), bounds) for name, bounds in limited])
                asked.tell(trial, wanted)


def _excess(value: float | None, bounds: Any) -> float:
    """By how much a bound is broken; above 0 is not allowed."""
    if value is None:
        return 1.0
    low = 0.0 if bounds.at_least is None else bounds.at_least - value
    return float(max(low, 0.0 if bounds.at_most is None else value - bounds.at_most))


def _choices(key: str, axis: Axis) -> tuple[Any, ...] | None:
    """The values of an axis that has a list of them."""
    if axis.random is None:
        return grid_values(key, axis)
    return axis.random.values if axis.random.kind == "choice" else None


def _space(optuna: Any, axis: Axis, choices: tuple[Any, ...] | None) -> Any:
    if choices is not None:
        return (
            optuna.distributions.IntDistribution(0, len(choices) - 1)
            if _ordered(choices)
            else (optuna.distributions.CategoricalDistribution(list(range(len(choices)))))
        )
    drawn = axis.random
    assert drawn is not None
    make = optuna.distributions.IntDistribution if drawn.kind == "int" else optuna.distributions.FloatDistribution
    return make(drawn.from_, drawn.to, log=drawn.scale == "log")


def _ordered(choices: Sequence[Any]) -> bool:
    """Whether values are numbers in ascending order, so that neighbours are alike."""
    numbers = [c for c in choices if isinstance(c, int | float) and not isinstance(c, bool)]
    return len(numbers) == len(choices) and list(choices) == sorted(numbers)


def _settings(params: Mapping[str, Any], values: Mapping[str, tuple[Any, ...]]) -> Settings:
    return {key: values[key][param] if key in values else param for key, param in params.items()}
