"""LiquidClassifier and LiquidRegressor: estimators of scikit-learn whose decisions are the chip's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVR
from sklearn.utils.estimator_checks import parametrize_with_checks

import neurosim as ns
from neurosim.readouts.features import COUNT, parts, starts, traces
from neurosim.recordings.dataset import load_dataset

SMALL = {"shape": (3, 3, 4), "input_density": 0.5, "calibration_samples": 10}
VOWELS = Path(__file__).parent.parent / "examples" / "data" / "japanese_vowels.npz"


@parametrize_with_checks([ns.LiquidClassifier(**SMALL), ns.LiquidRegressor(**SMALL)])
def test_they_pass_the_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    """All of them: no exception is needed."""
    check(estimator)


def rates(n: int, seed: int = 0) -> tuple[ns.SpikeTrains, np.ndarray]:
    """Spike trains of three classes, told by which three of nine channels fire more."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    samples = [np.argwhere(rng.random((60, 9)) < np.where(np.arange(9) // 3 == k, 0.3, 0.1)) for k in y]
    return ns.SpikeTrains.from_samples(samples, 60), y


@pytest.mark.parametrize("features", [COUNT, starts(0, 30), traces(20.0, 100.0)])
@pytest.mark.parametrize("chip", ["loihi1", "loihi2"])
@pytest.mark.parametrize("readout", ["ridge", "logistic"])
def test_the_chip_decides_as_the_host_in_integers_does_on_every_sample(features: Any, chip: str, readout: str) -> None:
    trains, y = rates(240)
    model = ns.LiquidClassifier((3, 3, 4), features=features, chip=chip, readout=readout).fit(trains[:120], y[:120])
    found = model.agreement(trains[120:], y[120:])
    assert found.chip_differs_from_integer == 0
    assert found.chip_accuracy >= found.float_accuracy - 0.01
    assert found.chip_accuracy > 0.8
    assert np.array_equal(model.predict(trains[120:]), model.classes_[model.decision_function(trains[120:]).argmax(1)])


def test_the_vowels_cost_at_most_a_point_on_the_chip() -> None:
    data = load_dataset(VOWELS)
    settings = {"shape": (4, 4, 8), "target_rate": 0.06, "liquid": {"input_negative": 0.35}}
    model = ns.LiquidClassifier(**settings).fit(data.training, data.label[~data.is_test])
    test = [x for x, is_test in zip(data.sequences, data.is_test, strict=True) if is_test]
    found = model.agreement(test, data.label[data.is_test])
    assert found.chip_differs_from_integer == 0
    assert found.float_accuracy - found.chip_accuracy <= 0.01
    assert found.chip_accuracy > 0.93


def test_the_cost_of_a_readout_is_the_difference_that_it_makes() -> None:
    trains, y = rates(60)
    model = ns.LiquidClassifier((3, 3, 4)).fit(trains, y)
    cost = model.cost(trains)
    assert (cost.neurons, cost.readout_neurons) == (39, 3)
    assert cost.readout_synapses == cost.synapses - model.liquid_program_.n_synapses > 0
    assert 0 < cost.readout_dynamic_energy_j < cost.dynamic_energy_j
    chip = ns.load_chip("loihi1", {"energy.synaptic_event_pj": 47.2, "energy.synaptic_event_dense_pj": 47.2})
    dearer = model.set_params(chip=chip).fit(trains, y).cost(trains)
    assert dearer.readout_dynamic_energy_j > cost.readout_dynamic_energy_j


def test_features_that_the_chip_cannot_form_stay_at_the_host_and_say_why() -> None:
    trains, y = rates(90)
    model = ns.LiquidClassifier((3, 3, 4), features=parts(2, root=True)).fit(trains, y)
    assert model.chip_readout_ is None
    assert all("roots" in reason for reason in model.cannot_form_.values())
    assert model.score(trains, y) > 0.8
    with pytest.raises(ns.RunError, match="not on the chip"):
        model.agreement(trains, y)
    with pytest.raises(ns.CannotRepresent, match="roots"):
        clone(model).set_params(on_chip=True).fit(trains, y)


def test_chips_without_such_neurons_keep_the_readout_at_the_host() -> None:
    trains, y = rates(60)
    settings = {"approximate": True, "target_rate": None, "input_density": 0.5, "liquid": {"max_delay": 1, "gain": 5.0}}
    model = ns.LiquidClassifier((2, 3, 4), chip="odin", **settings).fit(trains, y)
    assert model.chip_readout_ is None
    assert "odin" in next(iter(model.cannot_form_.values()))
    assert model.predict(trains).shape == (60,)


def test_pipelines_and_grid_searches_take_them() -> None:
    data = load_dataset(VOWELS)
    x, y = np.array([s[:7] for s in data.training]), data.label[~data.is_test]  # [sample, frame, input]
    model = ns.LiquidClassifier((3, 3, 4), calibration_samples=8)
    search = GridSearchCV(model, {"recurrence": [0.0, 0.3], "features": [COUNT, traces(50.0)]}, cv=2)
    search.fit(x[::3], y[::3])
    assert search.best_score_ > 0.5
    pipeline = make_pipeline(ns.PopulationEncoder(4), ns.LiquidClassifier((3, 3, 4)))
    assert pipeline.fit(x[::3], y[::3]).score(x[1::3], y[1::3]) > 0.5
    frames = make_pipeline(StandardScaler(), ns.LiquidClassifier((3, 3, 4))).fit(x[::3, 0], y[::3])
    assert frames.predict(x[:5, 0]).shape == (5,)


def test_a_penalty_is_chosen_across_groups_where_these_are_given() -> None:
    trains, y = rates(120)
    groups = np.arange(120) % 4
    model = ns.LiquidClassifier((3, 3, 4)).fit(trains, y, groups=groups)
    assert isinstance(model.model_.cv, GroupKFold)
    assert model.score(*rates(60, seed=1)) > 0.8
    with pytest.raises(ns.RunError, match="one group"):
        model.fit(trains, y, groups=np.zeros(120))


def test_a_regressor_predicts_several_values() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 5, 2))
    y = np.stack([x[:, :, 0].mean(axis=1), x[:, -1, 1]], axis=1)
    model = ns.LiquidRegressor((4, 4, 4), features=(*COUNT, *traces(20.0))).fit(x[:100], y[:100])
    assert model.chip_readout_ is not None
    assert model.predict(x[100:]).shape == (50, 2)
    assert model.score(x[100:], y[100:]) > 0.3


def test_the_same_seed_gives_the_same_classifier_whatever_the_threads() -> None:
    trains, y = rates(80)
    one, two = (ns.LiquidClassifier((3, 3, 4), threads=n).fit(trains, y) for n in (1, 3))
    assert one.program_.digest == two.program_.digest
    assert np.array_equal(one.decision_function(trains), two.decision_function(trains))


def test_every_fold_is_decided_by_a_readout_that_did_not_see_it() -> None:
    trains, y = rates(120)
    net = ns.liquid((3, 3, 4), 9, gain=2.0, input_density=0.5)
    folds = list(GroupKFold(3).split(np.zeros(120), y, np.arange(120) % 6))[:2]
    chip = ns.load_chip("loihi1")
    made = ns.validate_on_chip(net, trains, y, folds, chip=chip, model=LogisticRegression(C=0.1))
    assert made.tested.sum() == 80
    assert made.chip_differs_from_integer == 0
    assert made.accuracy(made.chip_scores, y) == pytest.approx(made.accuracy(made.float_scores, y), abs=0.01)
    assert len(made.costs) == 2


@pytest.mark.parametrize("in_spikes", [False, True])
@pytest.mark.parametrize("lacking", [[0], [1], [0, 3]])
def test_a_fold_that_lacks_a_class_never_decides_it(lacking: list[int], in_spikes: bool) -> None:
    trains, y = rates(120)
    y = np.where(np.arange(120) % 4 == 0, 3, y)  # a fourth class, whose samples tell nothing
    net = ns.liquid((3, 3, 4), 9, gain=2.0, input_density=0.5)
    whole, half = np.arange(0, 80), np.flatnonzero(~np.isin(y[:80], lacking))
    names, folds = np.array(["a", "b", "c", "d"]), [(whole, np.arange(80, 100)), (half, np.arange(100, 120))]
    made = ns.validate_on_chip(
        net, trains, names[y], folds, chip="loihi1", model=Ridge(10.0), decide_in_spikes=in_spikes
    )
    assert made.chip_differs_from_integer == 0
    assert np.isfinite(made.integer_scores[80:100]).all()
    assert (made.integer_scores[100:, lacking] == -np.inf).all()
    for decided in (made.chip_decisions, made.decisions(made.float_scores), made.decisions(made.integer_scores)):
        assert not np.isin(decided[100:], names[lacking]).any()
    known = np.isin(y, [1, 2]) & (np.arange(120) >= 100)
    if lacking == [0, 3]:  # two classes that a readout of their own tells apart
        assert (made.chip_decisions == names[y])[known].mean() > 0.8


@pytest.mark.parametrize(
    ("labels", "folds", "more", "words"),
    [
        ([0, 1] * 10, [([0, 1], [2])], {}, r"labels has shape \(20,\), but \(30,\)"),
        ([0] * 30, [([0, 1], [2])], {}, "labels hold 1 class"),
        ([0, 1] * 15, [], {}, "folds is empty"),
        ([0, 1] * 15, [([0, 1], [2]), ([0, 1], [])], {}, "fold 1 has an empty test part"),
        ([0, 1] * 15, [([], [2])], {}, "fold 0 has an empty training part"),
        ([0, 1] * 15, [([0, 1], [30])], {}, "numbers of samples from 0 to 29"),
        ([0, 1] * 15, [([True] * 30, [2])], {}, "numbers of samples from 0 to 29"),
        ([0, 1] * 15, [([0, 2, 4], [1])], {}, "fold 0 has training samples of class 0 only"),
        ([0, 1] * 15, [([0, 1], [2])], {"groups": [1, 2]}, "groups has shape"),
        ([0, 1] * 15, [([0, 1], [2])], {"groups": [1, 2] * 15}, "takes none: leave groups out"),
        ([0, 1] * 15, [([0, 1], [2])], {"chip": "loihi3"}, "loihi3"),
        ([0, 1, 2] * 10, [(np.arange(20), [20])], {"model": SVC(kernel="linear")}, "one row of coefficients"),
    ],
)
def test_folds_that_cannot_be_validated_are_refused(labels: Any, folds: Any, more: dict[str, Any], words: str) -> None:
    trains, net = rates(30)[0], ns.liquid((3, 3, 4), 9, gain=2.0, input_density=0.5)
    with pytest.raises(ns.NeurosimError, match=words):
        ns.validate_on_chip(net, trains, labels, folds, **{"chip": "loihi1", "model": Ridge(), **more})


@pytest.mark.parametrize(
    "readout",
    [ns.RecursiveLeastSquares(), ns.LeastMeanSquares(), Ridge(), LinearRegression(), GridSearchCV(Ridge(), {})],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_a_regressor_learns_one_output_a_class(readout: Any, classes: int) -> None:
    trains, y = rates(240)
    kept = np.flatnonzero(y < classes)
    trains, y = trains[kept], np.array(["x", "y", "z"])[y[kept]]
    model = ns.LiquidClassifier((3, 3, 4), input_density=0.5, readout=readout).fit(trains[:80], y[:80])
    assert model.coef_.shape[0] == (1 if classes == 2 else 3)
    found = model.agreement(trains[80:], y[80:])
    assert found.chip_differs_from_integer == 0
    assert found.float_accuracy > 0.8
    assert found.chip_accuracy > 0.8


@pytest.mark.parametrize(
    ("readout", "words"),
    [
        (SVC(kernel="linear"), "one row of coefficients an output"),
        (SVC(kernel="linear", decision_function_shape="ovo"), "one row of coefficients an output"),
        (LinearSVR(), "a regressor that learns one output, but 3 classes need 3"),
    ],
)
def test_a_readout_without_one_output_a_class_is_refused(readout: Any, words: str) -> None:
    trains, y = rates(60)
    with pytest.raises(ns.RunError, match=words):
        ns.LiquidClassifier((3, 3, 4), readout=readout).fit(trains, y)
    four = np.where(np.arange(60) % 5 == 0, 3, y)  # six pairs
    with pytest.raises(ns.RunError, match=words.replace("3", "4") + "|6 rows of coefficients"):
        ns.LiquidClassifier((3, 3, 4), readout=readout).fit(trains, four)
    with pytest.raises(ns.RunError, match="outputs are not coef_ times the features"):
        ns.LiquidRegressor((3, 3, 4), readout=PoissonRegressor()).fit(trains, y)


def test_labels_that_do_not_fit_the_samples_are_refused() -> None:
    trains, y = rates(60)
    model = ns.LiquidClassifier((3, 3, 4)).fit(trains, y)
    for few in (y[:1], y[:10]):
        with pytest.raises(ns.RunError, match=r"y has shape \(\d+,\), but \(60,\) is needed"):
            model.agreement(trains, few)


@pytest.mark.parametrize(
    ("groups", "readout", "words"),
    [
        (np.arange(60) % 4, Ridge(), "takes none: leave groups out"),
        (np.arange(60).reshape(60, 1) % 4, "ridge", r"groups has shape \(60, 1\), but \(60,\)"),
        (np.arange(30) % 4, "ridge", r"groups has shape \(30,\), but \(60,\)"),
    ],
)
def test_groups_of_no_use_are_refused(groups: Any, readout: Any, words: str) -> None:
    trains, y = rates(60)
    with pytest.raises(ns.RunError, match=words):
        ns.LiquidClassifier((3, 3, 4), readout=readout).fit(trains, y, groups=groups)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"readout": "lasso"}, "'ridge' or 'logistic'"),
        ({"target_rate": 2.0}, "target_rate"),
        ({"chip": "loihi3"}, "loihi3"),
        ({"readout": SVC()}, "only a linear model"),
        ({"features": []}, "features is"),
        ({"features": ["count"]}, "features is"),
        ({"features": ns.Feature()}, "features is"),
        ({"features": starts(60)}, "starts at step 60, but the shortest sample has 60"),
        ({"liquid": {"adaption": 0.2}}, "did you mean 'adaptation'"),
        ({"liquid": {"inhibition": 2.0}}, "'inhibition', which the estimator itself gives: pass inhibition"),
        ({"liquid": {"recurrence": 0.2}}, "'recurrence', which the estimator itself gives: pass recurrence"),
        ({"liquid": {"input_density": 0.2}}, "'input_density', which the estimator itself gives: pass input_density"),
        ({"liquid": {"seed": 3}}, "'seed', which the estimator itself gives: pass random_state"),
        ({"target_rate": "x"}, "target_rate is 'x'"),
        ({"target_rate": None, "balance": 1.0}, "balance beside target_rate=None"),
        ({"target_rate": None, "even_out": True}, "even_out beside target_rate=None"),
        ({"even_out": "no"}, "even_out is 'no'"),
        ({"on_chip": "never"}, "on_chip is 'never', but must be True, False or 'auto'"),
        ({"on_chip": 0}, "on_chip is 0"),
        ({"on_chip": np.True_, "features": parts(2)}, "starts"),
        ({"on_chip": True, "features": parts(2)}, "starts"),
        ({"liquid": {"gain": 2.0}}, "target_rate"),
        ({"calibration_samples": 0}, "calibration_samples is 0"),
        ({"random_state": None}, "random_state is None"),
    ],
)
def test_bad_settings_are_refused_when_fitting(settings: dict[str, Any], words: str) -> None:
    trains, y = rates(30)
    with pytest.raises(ns.NeurosimError, match=words):
        ns.LiquidClassifier((3, 3, 4), **settings).fit(trains, y)


def test_on_chip_takes_the_bools_of_numpy() -> None:
    trains, y = rates(60)
    model = ns.LiquidClassifier((3, 3, 4), on_chip=np.False_).fit(trains, y)
    assert model.chip_readout_ is None
    with pytest.raises(ns.RunError, match="on_chip is False"):
        model.cost(trains)


def test_a_readout_that_learned_nothing_says_so() -> None:
    trains, _ = rates(40)
    with pytest.raises(ns.RunError, match="its weights are all zero, as nothing was learned"):
        ns.LiquidRegressor((3, 3, 4)).fit(trains, np.ones(40)).cost(trains)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("encoder__steps_per_frame", r"encoder is None, .* pass encoder=RateEncoder\(\)"),
        ("readout__alpha", r"readout is 'ridge', .* readout=RidgeClassifier\(\)"),
        ("liquid__adaptation", "liquid is None, .* whole dictionaries"),
        ("features__start", "give features as a whole"),
    ],
)
def test_a_grid_over_a_default_says_what_to_pass(name: str, words: str) -> None:
    y = np.arange(20) % 2
    with pytest.raises(ns.RunError, match=words):
        GridSearchCV(ns.LiquidClassifier(), {name: [4, 8]}).fit(np.zeros((20, 4)), y)
    with pytest.raises(ValueError, match="Invalid parameter 'nothing'"):
        ns.LiquidClassifier().set_params(nothing__more=1)


def test_a_penalty_is_gridded_in_an_instance() -> None:
    model = ns.LiquidClassifier((3, 3, 4)).set_params(readout=Ridge(), readout__alpha=3.0)
    assert model.readout.alpha == 3.0


def test_an_array_of_ragged_sequences_is_a_list_of_them() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(30) % 2
    listed = [rng.normal(size=(5 + i % 3, 2)) + 2 * k for i, k in enumerate(y)]
    ragged = np.empty(30, object)
    ragged[:] = listed
    one, two = (ns.LiquidClassifier((3, 3, 4)).fit(x, y) for x in (listed, ragged))
    assert np.array_equal(one.decision_function(listed), two.decision_function(ragged))


def test_a_classifier_of_spike_trains_refuses_sequences() -> None:
    trains, y = rates(30)
    model = ns.LiquidClassifier((3, 3, 4)).fit(trains, y)
    with pytest.raises(ns.RunError, match="spike trains"):
        model.predict([np.zeros((5, 9))])
