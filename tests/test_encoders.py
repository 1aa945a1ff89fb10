"""Encoders: what each code promises, and what all of them share."""

import pickle
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import neurosim as ns
from chips import RunError
from neurosim.encoders import base
from neurosim.sequences import as_sequences
from neurosim.spikes import SpikeTrains

DATA = Path(__file__).parent.parent.parent / "shared" / "data"

LEARNING = [
    ns.RateEncoder(),
    ns.RateEncoder(code="poisson", seed=3),
    ns.LevelCrossingEncoder(),
    ns.LevelCrossingEncoder(mode="level"),
    ns.StepForwardEncoder(),
    ns.BSAEncoder(),
    ns.LatencyEncoder(),
    ns.PopulationEncoder(),
    ns.PopulationEncoder(code="rate"),
]
STATELESS = [
    ns.LevelCrossingEncoder([0.5, 1.0]),
    ns.LevelCrossingEncoder([-0.5, 0.0, 0.5], mode="level"),
    ns.StepForwardEncoder(0.25),
    ns.BSAEncoder(value_range=(-1, 1)),
    ns.LatencyEncoder(value_range=(-1, 1)),
    ns.PopulationEncoder(value_range=(-1, 1)),
]
EVERY = [*LEARNING, *STATELESS]


def spikes(trains: SpikeTrains) -> list[tuple[int, ...]]:
    sample = np.repeat(np.arange(len(trains)), np.diff(trains.sample_ptr))
    rows = zip(sample.tolist(), trains.step.tolist(), trains.channel.tolist(), strict=True)
    return [*rows, tuple(trains.steps.tolist())]


def walks(seed: int = 0, inputs: int = 2) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.cumsum(rng.normal(size=(n, inputs)), axis=0) for n in (12, 1, 30, 7)]


@st.composite
def sequences(draw: st.DrawFn) -> list[np.ndarray]:
    """Samples of any length and size, constant, smooth or wild."""
    inputs = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = draw(st.sampled_from([0.0, 1e-300, 1e-3, 1.0, 1e3, 1e98]))
    lengths = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    drift = draw(st.sampled_from([0.0, 1.0]))
    return [scale * (drift * np.cumsum(x := rng.normal(size=(n, inputs)), axis=0) + (1 - drift) * x) for n in lengths]


@st.composite
def encoders(draw: st.DrawFn) -> ns.Encoder:
    """Any encoder with any step, frame and rate."""
    common = {"steps_per_frame": draw(st.integers(1, 20)), "dt_ms": draw(st.sampled_from([0.1, 1.0, 2.5]))}
    rate = draw(st.floats(0.01, 1))
    at_least_2 = {**common, "steps_per_frame": 1 + common["steps_per_frame"]}
    threshold = draw(st.floats(0.01, 10) | st.none())
    return draw(
        st.sampled_from(
            [
                ns.RateEncoder(max_rate=rate, span=3 * rate, **common),
                ns.RateEncoder(max_rate=rate, code="poisson", **common),
                ns.LevelCrossingEncoder(None if threshold is None else [threshold], **common),
                ns.LevelCrossingEncoder(mode="level", **common),
                ns.StepForwardEncoder(threshold, **common),
                ns.BSAEncoder(threshold=rate / 1.1, **common),
                ns.LatencyEncoder(**at_least_2),
                ns.PopulationEncoder(draw(st.integers(3, 9)), beta=2 * rate, max_rate=rate, code="rate", **common),
                ns.PopulationEncoder(draw(st.integers(3, 9)), **common),
            ]
        )
    )


# What all encoders share


@settings(deadline=None)
@given(encoders(), sequences(), sequences())
def test_no_input_exceeds_the_stated_rate(encoder: ns.Encoder, train: list[np.ndarray], x: list[np.ndarray]) -> None:
    x = [np.resize(sample, (len(sample), train[0].shape[1])) for sample in x]
    measured = encoder.fit(train).spikes_per_second(x)
    assert measured <= encoder.max_spikes_per_second <= 1000 / encoder.dt_ms


@settings(deadline=None)
@given(encoders(), sequences())
def test_a_samples_spikes_do_not_depend_on_the_others(encoder: ns.Encoder, x: list[np.ndarray]) -> None:
    trains = encoder.fit(x).transform(x)
    for i, sample in enumerate(x):
        assert spikes(trains[i]) == spikes(encoder.transform([sample]))


@settings(deadline=None)
@given(encoders(), sequences())
def test_trains_are_in_order_and_as_long_as_their_samples(encoder: ns.Encoder, x: list[np.ndarray]) -> None:
    trains = encoder.fit(x).transform(x)
    sample = np.repeat(np.arange(len(trains)), np.diff(trains.sample_ptr))
    again = SpikeTrains.from_events(trains.step, trains.channel, trains.steps, sample)
    assert spikes(again) == spikes(trains)
    assert trains.steps.tolist() == [len(sample) * encoder.steps_per_frame for sample in x]
    assert trains.channel.size == 0 or trains.channel.max() < encoder.n_channels_
    assert (trains.step.dtype, trains.channel.dtype, trains.sample_ptr.dtype) == (np.int32, np.int32, np.int64)


@pytest.mark.parametrize("encoder", EVERY, ids=repr)
def test_memory_bound_changes_nothing(encoder: ns.Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = spikes(encoder.fit_transform(walks()))
    monkeypatch.setattr(base, "CELLS", 1)
    assert spikes(encoder.transform(walks())) == whole


@pytest.mark.parametrize("encoder", EVERY, ids=repr)
def test_copies_encode_alike(encoder: ns.Encoder) -> None:
    x = walks()
    fitted = encoder.fit(x)
    expected = spikes(fitted.transform(x))
    assert len(expected) > 10
    assert spikes(pickle.loads(pickle.dumps(fitted)).transform(x)) == expected
    copy = clone(encoder)
    assert copy.get_params() == encoder.get_params()
    assert spikes(copy.set_params(**encoder.get_params()).fit_transform(x)) == expected


@pytest.mark.parametrize("encoder", LEARNING, ids=repr)
def test_scales_come_from_fit(encoder: ns.Encoder) -> None:
    with pytest.raises(NotFittedError):
        clone(encoder).transform(walks())
    with pytest.raises(NotFittedError):
        _ = clone(encoder).n_channels_
    assert spikes(clone(encoder).fit(walks(1)).transform(walks(2))) != spikes(clone(encoder).fit_transform(walks(2)))


@pytest.mark.parametrize("encoder", STATELESS, ids=repr)
def test_stateless_encoders_learn_nothing(encoder: ns.Encoder) -> None:
    unfitted = spikes(clone(encoder).transform(walks(2)))
    assert unfitted == spikes(clone(encoder).fit(walks(1)).transform(walks(2)))


_NO_ARRAY = "trains are no array"
_REFUSAL = "refused with RunError, which is no ValueError"
WHY = {
    "check_pipeline_consistency": _NO_ARRAY,
    "check_estimators_pickle": _NO_ARRAY,
    "check_transformer_data_not_an_array": _NO_ARRAY,
    "check_transformer_general": _NO_ARRAY,
    "check_transformer_preserve_dtypes": _NO_ARRAY,
    "check_methods_sample_order_invariance": _NO_ARRAY,
    "check_methods_subset_invariance": _NO_ARRAY,
    "check_fit_idempotent": _NO_ARRAY,
    "check_n_features_in_after_fitting": _REFUSAL,
    "check_complex_data": _REFUSAL,
    "check_dtype_object": _REFUSAL,
    "check_estimators_empty_data_messages": _REFUSAL,
    "check_estimators_nan_inf": _REFUSAL,
    "check_estimator_sparse_tag": _REFUSAL,
    "check_estimator_sparse_array": _REFUSAL,
    "check_estimator_sparse_matrix": _REFUSAL,
    "check_fit1d": _REFUSAL,
    "check_fit2d_predict1d": _REFUSAL,
}


@pytest.mark.parametrize("encoder", [EVERY[0], EVERY[6], *STATELESS[:3:2]], ids=repr)
def test_checks_of_scikit_learn(encoder: ns.Encoder) -> None:
    check_estimator(encoder, expected_failed_checks=WHY, on_skip=None)


# What is refused

NAN = np.array([[0.0, 1.0], [0.0, np.nan]])


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ([], "no samples"),
        ([np.zeros((0, 2))], "sample 0 of X is empty"),
        ([np.zeros((3, 2)), np.zeros((3, 1))], "sample 1 of X has 1 inputs, but sample 0 has 2"),
        ([np.zeros((3, 2)), NAN], "sample 1 of X holds nan in frame 1, input 1"),
        ([np.full((3, 2), np.inf)], "sample 0 of X holds inf in frame 0, input 0"),
        ([np.full((3, 2), 1e200)], "up to 1e\\+100"),
        ([np.zeros(3)], "x\\[:, None\\]"),
        ([1.0, 2.0], "sample 0 of X has shape \\(\\)"),
        (np.zeros(3), "X has shape \\(3,\\)"),
        (np.zeros((2, 2, 2, 2)), "X has shape"),
        (np.array([["a", "b"]]), "not an array of real numbers"),
        ([[[1, 2], [3]]], "not an array of real numbers"),
        (np.array([[1j, 2]]), "not an array of real numbers"),
        ("speech", "X is a str"),
        (None, "X is a NoneType"),
    ],
)
def test_what_is_no_sequence_is_refused(x: Any, words: str) -> None:
    with pytest.raises(RunError, match=words):
        as_sequences(x)
    with pytest.raises(RunError, match=words):
        ns.RateEncoder().fit(x)


def test_forms_of_x_mean_the_same() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    ragged = np.empty(2, object)
    ragged[:] = list(x)
    for form in (list(x), tuple(x), ragged, x.tolist(), x.astype(np.int16), x.astype(np.float32)):
        assert [(s.dtype, s.tolist()) for s in as_sequences(form)] == [(np.float64, s.tolist()) for s in x]
    assert [s.tolist() for s in as_sequences(x[0])] == [[row] for row in x[0].tolist()]


def test_other_inputs_than_fitted_are_refused() -> None:
    for encoder in (ns.RateEncoder(), ns.StepForwardEncoder(0.1)):
        with pytest.raises(RunError, match="has 3 inputs, but fit saw 2"):
            encoder.fit(walks()).transform(walks(inputs=3))


@pytest.mark.parametrize(
    ("encoder", "name"),
    [
        (ns.RateEncoder(0), "steps_per_frame"),
        (ns.RateEncoder(2.5), "steps_per_frame"),  # type: ignore[arg-type]
        (ns.RateEncoder(True), "steps_per_frame"),
        (ns.RateEncoder(dt_ms=0.0), "dt_ms"),
        (ns.RateEncoder(span=np.nan), "span"),
        (ns.RateEncoder(max_rate=1.1), "max_rate"),
        (ns.RateEncoder(code="other"), "code"),  # type: ignore[arg-type]
        (ns.RateEncoder(seed=-1), "seed"),
        (ns.LevelCrossingEncoder([]), "thresholds"),
        (ns.LevelCrossingEncoder(3.0), "thresholds"),
        (ns.LevelCrossingEncoder([1.0, 1.0]), "thresholds"),
        (ns.LevelCrossingEncoder([0.0]), "thresholds"),
        (ns.LevelCrossingEncoder([np.inf], mode="level"), "thresholds"),
        (ns.LevelCrossingEncoder(["a"]), "thresholds"),
        (ns.LevelCrossingEncoder([[1, 2], [3]]), "thresholds"),
        (ns.LevelCrossingEncoder(n_thresholds=0), "n_thresholds"),
        (ns.LevelCrossingEncoder(mode="x"), "mode"),  # type: ignore[arg-type]
        (ns.StepForwardEncoder(-1.0), "threshold"),
        (ns.BSAEncoder(threshold=1.0), "threshold"),
        (ns.BSAEncoder([]), "fir"),
        (ns.BSAEncoder(["a"]), "fir"),
        (ns.BSAEncoder([1.0, -1.0]), "fir"),
        (ns.BSAEncoder(value_range=(1, 1)), "value_range"),
        (ns.LatencyEncoder(value_range=3), "value_range"),  # type: ignore[arg-type]
        (ns.LatencyEncoder(1), "steps_per_frame"),
        (ns.PopulationEncoder(2), "n_neurons"),
        (ns.PopulationEncoder(beta=0.0), "beta"),
        (ns.PopulationEncoder(code="x"), "code"),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_parameters_out_of_range_are_named_when_used(encoder: ns.Encoder, name: str) -> None:
    with pytest.raises(RunError, match=f"^{type(encoder).__name__}: {name} "):
        encoder.fit(walks())
    with pytest.raises(RunError, match=name):
        encoder.transform(walks())


def test_a_sample_of_too_many_steps_is_refused() -> None:
    long = np.broadcast_to(np.zeros((1, 1)), (300_000, 1))
    with pytest.raises(RunError, match="lower steps_per_frame"):
        ns.LatencyEncoder(10_000, value_range=(0, 1)).transform([long])


# The law of each code


def counts(trains: SpikeTrains, channels: int) -> np.ndarray:
    """Spikes of each sample and channel."""
    sample = np.repeat(np.arange(len(trains)), np.diff(trains.sample_ptr))
    return np.bincount(sample * channels + trains.channel, minlength=len(trains) * channels).reshape(-1, channels)


def test_poisson_rates_are_within_3_sigma_and_follow_the_seed() -> None:
    x = np.linspace(-1, 1, 21).reshape(7, 3)
    steps, encoder = 10_000, ns.RateEncoder(10_000, max_rate=0.6, code="poisson", seed=1).fit(x)
    z = (x - x.mean(axis=0)) / x.std(axis=0) / 1.5
    p = 0.6 * np.clip((1 + np.hstack([z, -z])) / 2, 0, 1)
    found = counts(encoder.transform(x), 6)
    sigma = np.abs(found - steps * p) / np.sqrt(steps * p * (1 - p) + 1e-9)
    assert sigma.max() < 3.5  # of 42 counts
    assert np.sqrt((sigma**2).mean()) == pytest.approx(1, abs=0.35)
    other = ns.RateEncoder(10_000, max_rate=0.6, code="poisson", seed=2).fit(x)
    assert spikes(other.transform(x)) != spikes(encoder.transform(x))


def test_poisson_channels_and_samples_are_independent() -> None:
    x = np.repeat([[0.0], [1e-9], [2e-9]], 4, axis=1)
    encoder = ns.RateEncoder(5000, code="poisson").fit([[[-1.0] * 4, [1.0] * 4]])
    trains = encoder.transform(x)
    raster = np.zeros((3, 8, 5000))
    raster[np.repeat([0, 1, 2], np.diff(trains.sample_ptr)), trains.channel, trains.step] = 1
    correlation = np.corrcoef(raster.reshape(24, -1)) - np.eye(24)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(5000)


@settings(deadline=None)
@given(st.floats(0.01, 3), st.integers(1, 6), st.integers(0, 2**32))
def test_step_forward_stays_within_its_threshold(threshold: float, steps: int, seed: int) -> None:
    """For changes up to steps_per_frame thresholds; so does the signal that spikes give back."""
    rng = np.random.default_rng(seed)
    x = [np.cumsum(rng.uniform(-1, 1, size=(n, 2)) * threshold * steps, axis=0) for n in (20, 1, 9)]
    encoder = ns.StepForwardEncoder(threshold, steps_per_frame=steps).fit(x)
    back = encoder.decode(encoder.transform(x), np.array([sample[0] for sample in x]))
    for sample, decoded in zip(x, back, strict=True):
        assert np.abs(sample - decoded).max() <= threshold * (1 + 1e-9)


def test_step_forward_by_hand() -> None:
    x = np.array([0.0, 1.0, 1.1, 3.5, 3.5, -9.0])[:, None]
    trains = ns.StepForwardEncoder(1.0, steps_per_frame=2).transform([x])
    # nothing up to 1.0; one step at 1.1 (baseline 1); two at 3.5 (baseline 3); two down at -9 (baseline 1)
    assert spikes(trains)[:-1] == [(0, 4, 0), (0, 6, 0), (0, 7, 0), (0, 10, 1), (0, 11, 1)]


def test_bens_spiker_gives_a_sine_back() -> None:
    """Root mean square error below 5 % of the amplitude once the filter has filled, with frames of 1 or 16 steps."""
    for period, steps in ((400, 1), (100, 1), (20, 16)):
        t = np.arange(6 * period)
        x = np.sin(2 * np.pi * t / period)[:, None]
        encoder = ns.BSAEncoder(steps_per_frame=steps).fit([x])
        error = (encoder.decode(encoder.transform([x]))[0] - x)[period:-period]
        assert np.sqrt((error**2).mean()) < 0.05, (period, steps)


def test_bens_spiker_says_full_and_nothing_at_the_ends() -> None:
    encoder = ns.BSAEncoder(value_range=(0, 1)).fit([[[0.0], [1.0]]])
    assert spikes(encoder.transform([np.zeros((9, 1))]))[:-1] == []
    full = encoder.transform([np.ones((9, 1))])
    assert len(full.step) > 0.8 * 9 * 16


@settings(deadline=None)
@given(st.integers(2, 40), sequences())
def test_latency_is_inverted_to_half_a_step(steps: int, x: list[np.ndarray]) -> None:
    encoder = ns.LatencyEncoder(steps).fit(x)
    width = encoder.high_ - encoder.low_
    for sample, decoded in zip(x, encoder.decode(encoder.transform(x)), strict=True):
        assert (np.abs(sample - decoded) <= (0.5 / (steps - 1) + 1e-9) * width + 1e-300).all()


@settings(deadline=None)
@given(sequences())
def test_larger_values_fire_no_later(x: list[np.ndarray]) -> None:
    encoder = ns.LatencyEncoder().fit(x)
    trains = encoder.transform(x)
    frames = np.concatenate(x)
    step = np.empty(frames.shape)
    row = np.repeat(np.cumsum(trains.steps) - trains.steps, np.diff(trains.sample_ptr)) + trains.step
    step[row // 16, trains.channel] = row % 16  # one spike per frame and channel, or this is not filled
    assert len(row) == frames.size
    order = np.argsort(frames, axis=0)
    assert (np.diff(np.take_along_axis(step, order, axis=0), axis=0) <= 0).all()


def test_heart_beats_fire_by_how_much_they_changed() -> None:
    beats_ms = np.array([800.0, 821, 820, 700, 701, 1000])[:, None]
    encoder = ns.LevelCrossingEncoder([20, 50, 100, 200])
    trains = encoder.transform([beats_ms])
    assert trains.steps.tolist() == [18]
    up, down = range(4), range(4, 8)
    assert spikes(trains)[:-1] == [(0, 3, up[0]), *[(0, 9, c) for c in down[:3]], *[(0, 15, c) for c in up]]


@settings(deadline=None)
@given(sequences(), st.lists(st.floats(-3, 3), min_size=1, max_size=4, unique=True))
def test_levels_are_crossed_up_and_down_in_turn(x: list[np.ndarray], levels: list[float]) -> None:
    """Up minus down is where the sample ends, minus where it began; up and down alternate."""
    inputs, n = x[0].shape[1], len(levels)
    trains = ns.LevelCrossingEncoder(levels, mode="level").transform(x)
    found = counts(trains, 2 * n * inputs).reshape(-1, 2, n, inputs)
    for sample, (up, down) in zip(x, found, strict=True):
        above = sample[:, None] > np.array(levels)[:, None]  # [frame, level, input]
        assert (up - down == above[-1].astype(int) - above[0]).all()
        assert (up + down == (above[1:] != above[:-1]).sum(axis=0)).all()


def test_receptive_fields_are_those_of_bohte() -> None:
    encoder = ns.PopulationEncoder(6, value_range=(0, 8)).fit([[[1.0]]])
    x = np.linspace(-1, 9, 1001)[:, None]
    response = encoder.responses(x)[:, :, 0]
    inside = (x[:, 0] >= 0) & (x[:, 0] <= 8)
    for i in range(1, 7):
        centre, width = (2 * i - 3) / 2 * 8 / 4, 8 / 4 / 1.5
        expected = np.exp(-((x[inside, 0] - centre) ** 2) / (2 * width**2))
        assert response[inside, i - 1] == pytest.approx(expected)
    assert (response[x[:, 0] < 0] == response[x[:, 0] == 0]).all()  # beyond the range as at its end


def test_the_nearest_receptive_field_fires_first_or_most() -> None:
    x = np.linspace(0.01, 7.99, 57)[:, None]  # one sample a frame
    nearest = np.rint(x[:, 0] / 2 + 0.5).astype(int)
    first = ns.PopulationEncoder(6, steps_per_frame=1000, value_range=(0, 8)).transform(x)
    assert first.channel[first.sample_ptr[:-1]].tolist() == nearest.tolist()
    most = ns.PopulationEncoder(6, steps_per_frame=1000, value_range=(0, 8), code="rate").transform(x)
    assert counts(most, 6).argmax(axis=1).tolist() == nearest.tolist()


# Sound


def tone(hz: float, rate: int = 8000, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


@pytest.mark.parametrize(("rate", "fmin", "fmax"), [(8000, 0.0, None), (16000, 100.0, 7000.0)])
def test_pure_tones_hit_their_band(rate: int, fmin: float, fmax: float | None) -> None:
    """A tone at the peak of a band, which lies where mel = 2595 log10(1 + f / 700) puts it, is loudest in that band."""
    bands = ns.MelBands(rate, n_bands=12, frame_ms=32, fmin_hz=fmin, fmax_hz=fmax)
    top = 2595 * np.log10(1 + (fmax or rate / 2) / 700)
    bottom = 2595 * np.log10(1 + fmin / 700)
    peaks_hz = 700 * (10 ** (np.linspace(bottom, top, 14)[1:-1] / 2595) - 1)
    assert bands.corners_hz()[1:-1] == pytest.approx(peaks_hz)
    for b, energies in enumerate(bands.transform([tone(hz, rate) for hz in peaks_hz])):
        assert (energies.argmax(axis=1) == b).all()


def test_mel_of_1000_hz_is_1000() -> None:
    from neurosim.encoders.mel_bands import hz_to_mel, mel_to_hz

    assert hz_to_mel(1000) == pytest.approx(1000, abs=0.1)
    assert mel_to_hz(hz_to_mel([0, 440, 4000])) == pytest.approx([0, 440, 4000])


def test_energies_grow_with_the_square_of_the_sound() -> None:
    loud, soft = ns.MelBands().transform([tone(1000), 0.1 * tone(1000)])
    b = int(loud[0].argmax())
    assert (loud - soft)[:, b] == pytest.approx(np.log(100), abs=1e-3)


def test_whole_numbers_are_scaled_and_frames_counted() -> None:
    bands = ns.MelBands()
    whole = np.round(tone(500) * 32000).astype(np.int16)
    same = bands.transform([whole, whole / 32768, whole.astype(np.int32) * 65536])
    assert (same[0] == same[1]).all()
    assert (same[0] == same[2]).all()
    lengths = [1, 199, 200, 279, 280, 2000]
    assert [len(x) for x in bands.transform([np.zeros(n) for n in lengths])] == [1, 1, 1, 1, 2, 23]
    assert np.isfinite(bands.transform([np.zeros(300, np.int16)])[0]).all()


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ([], "no recordings"),
        (tone(100), "list of recordings"),
        ([np.zeros((100, 2))], "mix channels down"),
        ([np.zeros(0)], "recording 0 of X is empty"),
        ([np.full(9, np.nan)], "not finite"),
        ([np.zeros(9, np.uint8)], "uint8"),
        ([[1, 2, 3]], "int64"),
        ([["a"]], "recording 0"),
        ("speech", "list of recordings"),
    ],
)
def test_what_is_no_sound_is_refused(x: Any, words: str) -> None:
    with pytest.raises(RunError, match=words):
        ns.MelBands().transform(x)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"sample_rate_hz": 0}, "sample_rate_hz"),
        ({"n_bands": 0}, "n_bands"),
        ({"frame_ms": 0.01}, "frame_ms"),
        ({"hop_ms": 0}, "hop_ms"),
        ({"fmax_hz": 4001}, "fmax_hz"),
        ({"fmin_hz": 4000}, "fmin_hz"),
        ({"n_bands": 200}, "n_bands"),
    ],
)
def test_settings_that_make_no_bands_are_refused(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(RunError, match=words):
        ns.MelBands(**parameters).fit([tone(100)])


def _features(trains: SpikeTrains) -> np.ndarray:
    return np.sqrt(counts(trains, 40))


def test_sound_bands_spikes_and_a_readout_are_one_pipeline() -> None:
    """Parameters of bands and encoder can be searched, as inputs are divided into folds before they are encoded."""
    rng = np.random.default_rng(0)
    label = np.arange(24) % 3
    sounds = [tone((300, 1000, 2500)[k], seconds=0.1 + 0.1 * rng.random()) + rng.normal(size=1)[0] for k in label]
    pipeline = make_pipeline(ns.MelBands(), ns.RateEncoder(), FunctionTransformer(_features), RidgeClassifier())
    grid = {"rateencoder__code": ["regular", "poisson"], "melbands__hop_ms": [10, 20]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(sounds, label)
    assert search.best_score_ == 1
    assert len(search.cv_results_["params"]) == 4
    assert clone(search.best_estimator_).fit(sounds, label).predict(sounds).tolist() == label.tolist()


def test_spoken_digits_can_be_told_apart_by_the_encoders_counts() -> None:
    """Two speakers, spike counts alone, official split: far above chance (10 %)."""
    path = DATA / "fsdd.npz"
    if not path.exists():
        pytest.skip(f"no recordings at {path}: nothing is known about real speech")
    data = np.load(path)
    chosen = np.isin(data["speaker"], ["george", "jackson"])
    sounds = [x for x, use in zip(np.split(data["audio"], data["offset"][1:-1]), chosen, strict=True) if use]
    digit, test = data["digit"][chosen], data["index"][chosen] < 5
    pipeline = make_pipeline(
        ns.MelBands(int(data["sample_rate_hz"])),
        ns.RateEncoder(8),
        FunctionTransformer(_features),
        RidgeClassifier(alpha=10),
    )
    pipeline.fit([x for x, t in zip(sounds, test, strict=True) if not t], digit[~test])
    assert pipeline.score([x for x, t in zip(sounds, test, strict=True) if t], digit[test]) > 0.8
