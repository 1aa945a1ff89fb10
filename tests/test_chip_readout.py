"""A readout on the chip: what its neurons hold is what the host adds up in whole numbers, on every sample."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.readouts import chip_readout
from neurosim.readouts.features import COUNT, Feature, cannot_form, form, parts, starts, traces
from neurosim.readouts.host_integers import host_scores
from neurosim.readouts.quantise import to_chip

CHIPS = ("loihi1", "loihi2", "ideal")


def trains_of(rng: np.random.Generator, n: int = 12, channels: int = 6) -> ns.SpikeTrains:
    """Samples of different length, some silent."""
    lengths = rng.integers(30, 90, n)
    samples = [np.argwhere(rng.random((t, channels)) < rng.choice([0, 0.1, 0.4])) for t in lengths]
    return ns.SpikeTrains.from_samples(samples, lengths)


def liquid_of(seed: int, channels: int = 6, gain: float = 2.5) -> ns.Network:
    return ns.liquid((3, 3, 4), channels=channels, gain=gain, seed=seed)


def on_chip(net: ns.Network, readout: chip_readout.ChipReadout, chip: Any, trains: ns.SpikeTrains) -> np.ndarray:
    program = ns.compile(chip_readout.attach(net, readout), chip)
    signals = chip_readout.with_signals(trains, readout, net.n_channels)
    probe = chip_readout.readout_neurons(program.spans, readout)
    return chip_readout.chip_scores(ns.run(program, signals, probe=probe, probe_last_only=True), readout)


FEATURES = st.lists(
    st.builds(
        Feature, start=st.integers(0, 29) | st.integers(30, 100), tau_ms=st.sampled_from([float("inf"), 5.0, 60.0])
    ),
    min_size=1,
    max_size=4,
).filter(lambda features: min(feature.start for feature in features) < 30)


@given(FEATURES, st.integers(0, 2**32 - 1), st.sampled_from(CHIPS), st.integers(1, 4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_chip_holds_what_the_host_adds_up(
    features: list[Feature], seed: int, name: str, outputs: int, large: bool
) -> None:
    rng, chip = np.random.default_rng(seed), ns.load_chip(name)
    net, trains = liquid_of(seed % 7), trains_of(rng)
    alone = ns.run(ns.compile(net, chip), trains)
    weights = rng.normal(size=(outputs, len(features) * 36))
    intercept = rng.normal(size=outputs) * (1000 if large else 1)
    readout = to_chip(weights, intercept, features, chip, alone, "liquid")
    scores = host_scores(alone, readout)
    assert np.array_equal(on_chip(net, readout, chip, trains), scores)
    assert scores.any()


def test_the_scores_are_the_float_readout_to_within_the_grid() -> None:
    rng, chip = np.random.default_rng(3), ns.load_chip("loihi1")
    net, trains = liquid_of(1), trains_of(rng, 40)
    alone = ns.run(ns.compile(net, chip), trains)
    features = (*COUNT, *starts(10, 20))
    weights, intercept = rng.normal(size=(2, 3 * 36)), np.array([3.0, -2.0])
    readout = to_chip(weights, intercept, features, chip, alone, "liquid")
    wanted = form(features, alone, "liquid") @ weights.T + intercept
    made = host_scores(alone, readout) / readout.scale / 2**6
    assert np.abs(made - wanted).max() < 0.02 * np.abs(wanted).max()
    assert 0 < readout.weight_error < 0.02


def test_a_readout_leaves_the_spikes_of_the_liquid_as_they_are() -> None:
    rng, chip = np.random.default_rng(4), ns.load_chip("loihi1", {"core.neurons": 16})
    net, trains = liquid_of(2), trains_of(rng)
    alone = ns.run(ns.compile(net, chip), trains)
    readout = to_chip(rng.normal(size=(3, 36)), np.zeros(3), COUNT, chip, alone, "liquid")
    signals = chip_readout.with_signals(trains, readout, net.n_channels)
    beside = ns.run(ns.compile(chip_readout.attach(net, readout), chip), signals)
    for i in range(trains.n_samples):
        spikes = beside.spikes(i)
        kept = spikes[(spikes[:, 1] < 36) & (spikes[:, 0] < trains.steps[i])]
        assert np.array_equal(kept, alone.spikes(i))


def test_features_are_what_they_say() -> None:
    net = ns.Network(dt_ms=2.0)
    net.add_registers("liquid", 1, du=4095, dv=4095, vth=1, bias_mantissa=100)  # fires in every step
    result = ns.run(ns.compile(net, "loihi1"), None, 10)
    ages = np.arange(10) * 2.0
    features = (Feature(), Feature(start=4), Feature(tau_ms=6.0), Feature(part=(0, 3)), Feature(root=True))
    assert form(features, result)[0] == pytest.approx([10, 6, np.exp(-ages / 6).sum(), 4, np.sqrt(10)])
    assert form(parts(5), result)[0].tolist() == [2] * 5
    assert [str(f) for f in (*traces(20.0), *starts(3))] == ["trace of 20 ms", "count from step 3"]


@pytest.mark.parametrize(("feature", "words"), [(Feature(root=True), "no roots"), (Feature(part=(0, 2)), "starts")])
def test_a_feature_that_no_chip_forms_is_refused_with_its_reason(feature: Feature, words: str) -> None:
    chip = ns.load_chip("loihi1")
    assert words in cannot_form(feature, chip)
    alone = ns.run(ns.compile(liquid_of(0), chip), trains_of(np.random.default_rng(0)))
    with pytest.raises(ns.CannotRepresent, match=words):
        to_chip(np.ones((1, 36)), np.zeros(1), [feature], chip, alone, "liquid")


@pytest.mark.parametrize("name", ["truenorth", "odin"])
def test_a_chip_that_cannot_hold_a_readout_says_so(name: str) -> None:
    assert name in cannot_form(Feature(), ns.load_chip(name))


def test_features_that_all_start_after_the_shortest_sample_are_refused() -> None:
    rng, chip = np.random.default_rng(5), ns.load_chip("loihi1")
    net, trains = liquid_of(2), trains_of(rng)
    alone = ns.run(ns.compile(net, chip), trains)
    readout = to_chip(rng.normal(size=(1, 36)), np.zeros(1), starts(500), chip, alone, "liquid")
    with pytest.raises(ns.RunError, match=r"starts at step 500, but the shortest sample has \d+ steps"):
        chip_readout.with_signals(trains, readout, net.n_channels)


@pytest.mark.parametrize("settings", [{"start": -1}, {"tau_ms": 0.0}, {"tau_ms": float("nan")}, {"part": (2, 2)}])
def test_a_feature_out_of_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ns.RunError, match="feature"):
        Feature(**settings)
