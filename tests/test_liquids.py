"""Liquids: the law of their connections, their encoder, their calibration, and the vowels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from chips import NetworkError, RunError
from neurosim.calibration import Calibration, balance_of, calibrate
from neurosim.encoders.rate import RateEncoder
from neurosim.even_thresholds import EVEN_RANGE, with_thresholds
from neurosim.generators.column import maass_column
from neurosim.generators.liquids import LIQUID
from neurosim.metrics.stimuli import poisson_trains

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_inhibitory_fraction_and_dales_law() -> None:
    network = ns.liquid((5, 5, 8), channels=3, seed=2)
    projection = network.projections[1]
    sign = np.zeros(200)
    for source, weight in zip(projection.sources, projection.weights, strict=True):
        assert sign[source] in (0, np.sign(weight))
        sign[source] = np.sign(weight)
    column = maass_column((5, 5, 8), seed=2)
    assert column.inhibitory.sum() == 40
    assert (column.inhibitory[projection.sources] == (projection.weights < 0)).all()


def test_same_seed_same_liquid() -> None:
    assert ns.liquid((3, 3, 3), 4, seed=7) == ns.liquid((3, 3, 3), 4, seed=7)
    assert ns.liquid((3, 3, 3), 4, seed=7) != ns.liquid((3, 3, 3), 4, seed=8)


@pytest.mark.parametrize(
    "settings",
    [
        {"shape": (0, 3, 3)},
        {"shape": (3, 3)},
        {"gain": 0.0},
        {"gain": float("nan")},
        {"reach": -1.0},
        {"inhibitory": 1.5},
        {"input_density": 2.0},
        {"tau_mem_ms": (0.0, 5.0)},
        {"c": {"EE": 0.3}},
        {"channels": 0},
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(NetworkError):
        ns.liquid(**{"shape": (3, 3, 3), "channels": 2, **settings})  # type: ignore[arg-type]


def test_encoder_rates_are_what_it_says() -> None:
    frames = np.array([[0.0, -10.0, 10.0], [0.0, 10.0, -10.0]])
    encoder = RateEncoder(steps_per_frame=1000, span=1.5, max_rate=0.8).fit([[[-1, -1, -1], [1, 1, 1]]])
    trains = encoder.transform([frames])
    counts = np.zeros((2, 6))
    np.add.at(counts, (trains.step // 1000, trains.channel), 1)
    assert counts == pytest.approx(np.array([[400, 0, 800, 400, 800, 0], [400, 800, 0, 400, 0, 800]]), abs=1)
    assert trains.steps.tolist() == [2000]


def test_encoder_sees_training_data_only() -> None:
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(5, 2)) for _ in range(4)]
    fitted = RateEncoder().fit(sequences[:3])
    assert fitted.mean_ == pytest.approx(np.concatenate(sequences[:3]).mean(axis=0))
    with pytest.raises(RunError):
        RateEncoder(max_rate=1.5).fit(sequences)


def test_calibration_reaches_the_rate_or_names_the_knob() -> None:
    chip = ns.load_chip("loihi1")
    rng = np.random.default_rng(1)
    trains = ns.SpikeTrains.from_samples([np.argwhere(rng.random((200, 6)) < 0.3)], 200)

    def build(gain: float, inhibition: float) -> ns.Network:
        return ns.liquid((3, 3, 6), channels=6, gain=gain, inhibition=inhibition, seed=1)

    found = calibrate(build, chip, trains, 0.05)
    result = ns.run(ns.compile(found.network, chip), trains)
    assert found.network == build(found.gain, found.inhibition)
    assert result.n_spikes / (54 * 200) == found.rate
    assert len(result.spike_step) / (54 * 200) == pytest.approx(0.05, rel=0.1)
    for spikes, knob in ((np.zeros((0, 2)), "no spike"), ([(0, 0)], "input_density")):
        with pytest.raises(RunError, match=knob):
            calibrate(build, chip, ns.SpikeTrains.from_samples([spikes], 200), 0.05)


def test_calibration_needs_spike_trains() -> None:
    with pytest.raises(RunError, match="inputs is of type ndarray, but SpikeTrains are needed"):
        calibrate(lambda g, i: ns.liquid((3, 3, 3), 2, gain=g), ns.load_chip("loihi1"), np.zeros((3, 2)), 0.05)  # type: ignore[arg-type]


def test_vowels_reach_their_bars() -> None:
    """96 % with spike counts in one bin, 98 % in five, on compiled int8 integers."""
    comparison = ns.compare(EXAMPLES / "vowels.yaml", chips=["loihi1"])
    row = comparison.rows[0]
    assert row["accuracy_by_bins"][1] >= 0.96
    assert row["accuracy_by_bins"][5] >= 0.98
    assert 0 < row["baseline_accuracy"] < 1
    assert set(comparison.baselines) == {"linear_raw", "linear_encoder"}
    assert row["neurons"] == 256
    assert row["calibration"]["rate"] == pytest.approx(0.06, rel=0.01)
    assert row["no_recurrence_accuracy"] > 0.9


def test_bins_cover_a_sample() -> None:
    network = ns.Network()
    network.add_registers("p", 2, du=4095, dv=4095, vth=1, bias_mantissa=[100, 0])
    result = ns.run(ns.compile(network, "loihi1"), None, 7)
    assert result.spike_counts("p", 1).tolist() == [[7, 0]]
    assert result.spike_counts("p", 3)[0, ::2].tolist() == [3, 2, 2]
    assert result.spike_counts("p", 7)[0].reshape(7, 2)[:, 0].tolist() == [1] * 7
    with pytest.raises(RunError, match=LIQUID):
        result.spike_counts(LIQUID)


def test_calibration_brings_excitation_and_inhibition_into_balance() -> None:
    chip, rng = ns.load_chip("loihi1"), np.random.default_rng(2)
    trains = ns.SpikeTrains.from_samples([np.argwhere(rng.random((200, 6)) < 0.3) for _ in range(4)], 200)

    def build(gain: float, inhibition: float) -> ns.Network:
        return ns.liquid((4, 4, 6), channels=6, gain=gain, inhibition=inhibition, recurrence=0.5, seed=1)

    for wanted in (0.7, 1.5):
        found = calibrate(build, chip, trains, 0.05, balance=wanted)
        result = ns.run(ns.compile(found.network, chip), trains)
        (recurrent,) = (p for p in found.network.projections if p.source == LIQUID)
        charge = recurrent.weights * result.spike_counts(LIQUID).sum(axis=0)[recurrent.sources]
        assert -charge[charge < 0].sum() / charge[charge > 0].sum() == pytest.approx(wanted, rel=0.06)
        assert found.rate == pytest.approx(0.05, rel=0.05)


def test_evened_out_neurons_fire_at_like_rates() -> None:
    chip, rng = ns.load_chip("loihi1"), np.random.default_rng(3)
    trains = ns.SpikeTrains.from_samples([np.argwhere(rng.random((300, 8)) < 0.2) for _ in range(6)], 300)

    def build(gain: float, inhibition: float) -> ns.Network:
        return ns.liquid((4, 4, 6), 8, gain=gain, inhibition=inhibition, input_density=0.5, input_negative=0.3)

    plain = calibrate(build, chip, trains, 0.05)
    even = calibrate(build, chip, trains, 0.05, even_out=True)
    result = ns.run(ns.compile(even.network, chip), trains)
    rates = result.spike_counts().sum(axis=0) / trains.steps.sum()
    assert even.silent < 0.05 < plain.silent
    assert even.threshold_range == EVEN_RANGE
    assert np.quantile(rates, 0.8) < 1.5 * np.quantile(rates, 0.2)


@pytest.mark.parametrize(
    ("chip_name", "shape", "more"),
    [
        ("loihi1", (3, 3, 15), {"tau_mem_ms": (5.0, 100.0)}),
        ("loihi1", (3, 3, 15), {"tau_mem_ms": (1.0, 500.0)}),  # time constants alone nearly fill the registers
        ("loihi2", (3, 3, 15), {"tau_mem_ms": (5.0, 50.0), "adaptation": 0.5}),
        ("truenorth", (2, 4, 4), {"tau_mem_ms": (5.0, 100.0), "input_density": 0.5}),
    ],
)
def test_thresholds_are_evened_out_as_far_as_the_chip_can_hold(
    chip_name: str, shape: tuple[int, int, int], more: dict[str, Any]
) -> None:
    chip, rng, approximate = ns.load_chip(chip_name), np.random.default_rng(1), chip_name == "truenorth"
    often = rng.random(8) * 0.3
    trains = ns.SpikeTrains.from_samples([np.argwhere(rng.random((100, 8)) < often) for _ in range(4)], 100)

    def build(gain: float, inhibition: float) -> ns.Network:
        given = {"input_density": 0.17, "input_negative": 0.4, "recurrence": 0.15, "seed": 1, **more}
        return ns.liquid(shape, 8, gain=gain, inhibition=inhibition, **given)

    def evened() -> Calibration:
        return calibrate(build, chip, trains, 0.125, inhibition=4.0, even_out=True, approximate=approximate)

    found = evened()
    assert found.thresholds is not None
    assert found.threshold_range is not None
    low, high = found.threshold_range
    assert EVEN_RANGE[0] < low < 1 < high < EVEN_RANGE[1]
    whole = with_thresholds(
        build(found.gain, found.inhibition), np.where(found.thresholds > 1, EVEN_RANGE[1], EVEN_RANGE[0])
    )
    with pytest.raises(ns.CannotRepresent, match=r"v_threshold of neuron|no threshold is left"):
        ns.compile(whole, chip, approximate=approximate)
    assert low <= found.thresholds.min() < found.thresholds.max() <= high
    assert f"held within {low:.3g} to {high:.3g} times" in str(found)
    result = ns.run(ns.compile(found.network, chip, approximate=approximate), trains)
    assert result.n_spikes == pytest.approx(found.rate * result.n_neurons * 400)
    assert evened().network == found.network


def test_a_rate_that_evening_out_moves_away_is_found_again() -> None:
    rng = np.random.default_rng(1)
    often = rng.random(72) * 0.3
    trains = ns.SpikeTrains.from_samples([np.argwhere(rng.random((100, 72)) < often) for _ in range(4)], 100)

    def build(gain: float, inhibition: float) -> ns.Network:
        slow: dict[str, Any] = {
            "tau_mem_ms": (10.0, 40.0),
            "tau_syn_ms": (10.0, 40.0),
            "dt_ms": 5.0,
            "refractory_ms": 2.0,
            "input_delay": 8,
            "input_negative": 0.4,
            "max_delay": 2,
            "recurrence": 0.15,
        }
        return ns.liquid((3, 3, 15), 72, gain=gain, inhibition=inhibition, input_density=0.5, seed=1, **slow)

    plain = calibrate(build, ns.load_chip("loihi1"), trains, 0.02, inhibition=4.0)
    assert plain.rate == pytest.approx(0.02, rel=0.1)
    even = calibrate(build, ns.load_chip("loihi1"), trains, 0.02, inhibition=4.0, even_out=True)
    assert even.rate == pytest.approx(0.02, rel=0.15)
    assert even.gain != plain.gain


@pytest.mark.parametrize("balance", [None, 0.5, 1.5])
def test_evening_out_leaves_rate_and_balance_as_wanted_or_refuses(balance: float | None) -> None:
    chip, trains = ns.load_chip("loihi1"), poisson_trains(8, 200, 30, 0.05, seed=1)

    def build(gain: float, inhibition: float) -> ns.Network:
        given = {"gain": gain, "inhibition": inhibition, "recurrence": 0.15, "seed": 2}
        return ns.liquid(wiring=ns.ring(60, 6), channels=8, **given)  # type: ignore[arg-type]

    found = calibrate(build, chip, trains, 0.04, balance=balance, even_out=True)
    result = ns.run(ns.compile(found.network, chip), trains)
    assert result.n_spikes / (60 * trains.steps.sum()) == pytest.approx(0.04, rel=0.15)
    assert found.to_dict()["rate"] == found.rate == pytest.approx(0.04, rel=0.15)
    if balance is not None:
        assert balance_of(found.network, result) == pytest.approx(balance, rel=0.05)
    with pytest.raises(RunError, match="not the balance of 100: choose"):
        calibrate(build, chip, trains, 0.04, balance=100.0, even_out=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"target_rate": 0.9}, "target_rate"),
        ({"target_rate": 1.5}, "between 0 and 1"),
        ({"target_rate": "x"}, "target_rate is 'x'"),
        ({"balance": "x"}, "balance is 'x'"),
        ({"inhibition": "x"}, "inhibition is 'x'"),
        ({"balance": 0.0}, "balance"),
        ({"balance": 1.0, "recurrence": 0.0}, "raise recurrence"),
        ({"recurrence": 30.0, "inhibition": 0.0, "input_density": 0.05}, "lower recurrence, or raise inhibition"),
    ],
)
def test_a_regime_out_of_reach_names_the_knob(settings: dict[str, Any], words: str) -> None:
    chip, rng = ns.load_chip("loihi1"), np.random.default_rng(1)
    trains = ns.SpikeTrains.from_samples([np.argwhere(rng.random((100, 6)) < 0.1)], 100)
    given = {"recurrence": 0.3, "input_density": 0.2, "inhibition": 2.0, "target_rate": 0.05, **settings}

    def build(gain: float, inhibition: float) -> ns.Network:
        more = {key: given[key] for key in ("recurrence", "input_density")}
        return ns.liquid((4, 4, 4), channels=6, gain=gain, inhibition=inhibition, seed=1, **more)  # type: ignore[arg-type]

    with pytest.raises(RunError, match=words):
        calibrate(
            build, chip, trains, given["target_rate"], balance=given.get("balance"), inhibition=given["inhibition"]
        )
