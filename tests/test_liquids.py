"""Liquids: the law of their connections, their encoder, their calibration, and the vowels."""

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from chips import NetworkError, RunError
from neurosim.calibration import calibrate
from neurosim.encoders.rate import RateEncoder
from neurosim.generators.column import maass_column
from neurosim.generators.liquids import LIQUID

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
    encoder = RateEncoder(np.zeros(3), np.ones(3), steps_per_frame=1000, span=1.5, max_rate=0.8)
    trains = encoder.encode([frames])
    counts = np.zeros((2, 6))
    np.add.at(counts, (trains.step // 1000, trains.channel), 1)
    assert counts == pytest.approx(np.array([[400, 0, 800, 400, 800, 0], [400, 800, 0, 400, 0, 800]]), abs=1)
    assert trains.steps.tolist() == [2000]


def test_encoder_sees_training_data_only() -> None:
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(5, 2)) for _ in range(4)]
    fitted = RateEncoder.fit(sequences[:3])
    assert fitted.mean == pytest.approx(np.concatenate(sequences[:3]).mean(axis=0))
    with pytest.raises(RunError):
        RateEncoder.fit(sequences, max_rate=1.5)


def test_calibration_reaches_the_rate_or_names_the_knob() -> None:
    chip = ns.load_chip("loihi1")
    rng = np.random.default_rng(1)
    trains = ns.SpikeTrains.from_samples([np.argwhere(rng.random((200, 6)) < 0.3)], 200)

    def build(gain: float) -> ns.Network:
        return ns.liquid((3, 3, 6), channels=6, gain=gain, seed=1)

    gain = calibrate(build, chip, trains, 0.05)
    result = ns.run(ns.compile(build(gain), chip), trains)
    assert len(result.spike_step) / (54 * 200) == pytest.approx(0.05, rel=0.1)
    silent = ns.SpikeTrains.from_samples([np.zeros((0, 2))], 200)
    with pytest.raises(RunError, match="input_density"):
        calibrate(build, chip, silent, 0.05)


def test_vowels_reach_their_bars() -> None:
    """96 % with spike counts in one bin, 98 % in five, on compiled int8 integers."""
    comparison = ns.compare(EXAMPLES / "vowels.yaml", chips=["loihi1"])
    row = comparison.rows[0]
    assert row["accuracy_by_bins"][1] >= 0.96
    assert row["accuracy_by_bins"][5] >= 0.98
    assert 0 < row["baseline_accuracy"] < 1
    assert set(comparison.baselines) == {"linear_raw", "linear_encoder"}
    assert row["neurons"] == 256
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
