"""Decisions in spikes: the chip fires the class that the host's integers decide, on every sample."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_chip_readout import CHIPS, liquid_of, trains_of

import neurosim as ns
from neurosim.readouts.chip_readout import ChipReadout, population_name
from neurosim.readouts.features import COUNT, Feature, starts, traces
from neurosim.readouts.host_integers import host_scores
from neurosim.readouts.linear import ridge_classifier
from neurosim.readouts.models import decide
from neurosim.readouts.quantise import HEADROOM, to_chip
from neurosim.readouts.spike_decision import VOTE, attach_decision, chip_decisions, run_decision, spike_decision
from neurosim.recordings.dataset import load_dataset
from neurosim.recordings.spoken_digits import load_fsdd

DATA = Path(__file__).parent.parent / "examples" / "data"
FSDD = Path(__file__).parent.parent.parent / "shared" / "data" / "fsdd.npz"

VARIANTS: dict[str, dict[str, Any]] = {
    "four bits": {"synapse.weight_bits": [4]},
    "wrapping membranes": {"cuba_lif.v_overflow": "wrap_once"},
}


def decided(net: ns.Network, readout: ChipReadout, chip: Any, trains: ns.SpikeTrains) -> np.ndarray:
    """Numbers of classes, from the chip's spikes alone."""
    decision = spike_decision(readout, chip)
    result = run_decision(ns.compile(attach_decision(net, decision), chip), decision, trains, net.n_channels)
    assert result.probes is None
    return chip_decisions(result, decision)


def by_host(alone: ns.RunResult, readout: ChipReadout) -> np.ndarray:
    return decide(host_scores(alone, readout), np.arange(max(2, readout.n_outputs)))


def trained(
    rng: np.random.Generator, alone: ns.RunResult, outputs: int, feature: Feature = COUNT[0], intercept: float = 1.0
) -> ChipReadout:
    """A random readout with room for spikes."""
    weights = rng.normal(size=(outputs, alone.range_of("liquid")[1]))
    constants = rng.normal(size=outputs) * intercept
    return to_chip(weights, constants, [feature], alone.chip, alone, "liquid", for_spikes=True)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([*CHIPS, *VARIANTS]),
    st.sampled_from([1, 3, 4, 9]),
    st.sampled_from([0, 0, 1, 20, 29]),
    st.sampled_from([1.0, 100.0, 10_000.0]),
)
@settings(max_examples=60, deadline=None)
def test_the_chip_fires_what_the_host_decides(seed: int, name: str, outputs: int, start: int, intercept: float) -> None:
    rng = np.random.default_rng(seed)
    chip = ns.load_chip("loihi1", VARIANTS[name]) if name in VARIANTS else ns.load_chip(name)
    net, trains = liquid_of(seed % 7), trains_of(rng)
    alone = ns.run(ns.compile(net, chip), trains)
    readout = trained(rng, alone, outputs, Feature(start=start), intercept)
    assert np.array_equal(decided(net, readout, chip, trains), by_host(alone, readout))


@given(st.integers(0, 2**32 - 1), st.sampled_from([5.0, 60.0]), st.sampled_from([0, 10]))
@settings(max_examples=15, deadline=None)
def test_two_classes_are_decided_by_a_leaky_trace_too(seed: int, tau_ms: float, start: int) -> None:
    rng, chip = np.random.default_rng(seed), ns.load_chip("loihi1")
    net, trains = liquid_of(seed % 7), trains_of(rng)
    alone = ns.run(ns.compile(net, chip), trains)
    readout = trained(rng, alone, 1, Feature(start=start, tau_ms=tau_ms), 0.01)
    assert np.array_equal(decided(net, readout, chip, trains), by_host(alone, readout))


@pytest.mark.parametrize("outputs", [1, 3, 5])
@pytest.mark.parametrize("name", ["loihi1", "loihi2"])
def test_equal_scores_are_decided_for_the_first_and_a_score_of_zero_is_not_above_it(name: str, outputs: int) -> None:
    rng, chip = np.random.default_rng(outputs), ns.load_chip(name)
    net, trains = liquid_of(1), trains_of(rng, 150)
    alone = ns.run(ns.compile(net, chip), trains)
    readout = trained(rng, alone, outputs)
    few = rng.integers(-1, 2, readout.weights.shape) * (
        rng.random(readout.weights.shape) < (0.5 if outputs == 1 else 0.1)
    )
    readout = replace(readout, weights=4 * few, bias=np.zeros_like(readout.bias))
    scores = np.sort(host_scores(alone, readout), axis=1)
    equal = scores[:, -1] == (0 if outputs == 1 else scores[:, -2])
    assert 10 < equal.sum() < 140
    assert np.array_equal(decided(net, readout, chip, trains), by_host(alone, readout))


def relay(n: int) -> ns.Network:
    """A "liquid" whose neurons repeat their channels, so that a test chooses its spikes."""
    net = ns.Network()
    net.add_input("channels", n)
    net.add_registers("liquid", n, du=4095, dv=4095, vth=100)
    net.connect("channels", "liquid", np.arange(n), np.arange(n), 200)
    return net


def volleys(n: int, volleys: int, steps: int, size: int) -> ns.SpikeTrains:
    """Samples in which many neurons fire at once in the last steps; sample i with the (i % 8)-th part of them."""
    samples = []
    for i in range(16):
        neurons = np.arange(i % 8, n, 8) if i < 8 else np.arange(n)[: size * (i - 7)]
        # channels reach the relays after one step, and these the readout after another
        at = np.arange(steps - 1 - volleys, steps - 1)
        samples.append(np.stack([np.repeat(at, len(neurons)), np.tile(neurons, len(at))], axis=1))
    return ns.SpikeTrains.from_samples(samples, steps)


@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize("n", [64, 800])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_register_overflows_when_all_fire_in_the_last_step_and_sums_double(n: int, outputs: int, sign: int) -> None:
    rng, chip, net = np.random.default_rng(0), ns.load_chip("loihi1"), relay(n)
    program = ns.compile(net, chip)
    training = volleys(n, 20, 60, n // 8)
    alone = ns.run(program, training)
    weights = sign * np.abs(rng.normal(size=(outputs, n))) * np.arange(1, outputs + 1)[:, None]
    readout = to_chip(weights, np.ones(outputs), COUNT, chip, alone, "liquid", for_spikes=True)
    twice = volleys(n, int(20 * HEADROOM) - 1, 60, n // 8)
    beside = ns.run(program, twice)
    assert np.abs(host_scores(beside, readout)).max() > 0.4 * (readout.threshold << 6) / max(1, outputs // 2)
    assert np.array_equal(decided(net, readout, chip, twice), by_host(beside, readout))


@pytest.mark.parametrize("start", [0, 12])
def test_one_class_fires_in_the_last_step_and_none_before(start: int) -> None:
    rng, chip = np.random.default_rng(7), ns.load_chip("loihi1")
    net, trains = liquid_of(3), trains_of(rng, 30)
    alone = ns.run(ns.compile(net, chip), trains)
    decision = spike_decision(trained(rng, alone, 6, *starts(start)), chip)
    result = run_decision(ns.compile(attach_decision(net, decision), chip), decision, trains, net.n_channels)
    _, sample, step, _ = result.events_of(VOTE)
    assert np.array_equal(sample, np.arange(30))
    assert np.array_equal(step, trains.steps + 1)
    assert np.array_equal(result.steps, trains.steps + 2)
    _, sample, step, _ = result.events_of(population_name(0))
    early = step[step < trains.steps[sample]]
    assert (early == start).all()  # the reset


def test_two_classes_are_decided_in_the_step_of_the_constant_term() -> None:
    rng, chip = np.random.default_rng(8), ns.load_chip("loihi1")
    net, trains = liquid_of(3), trains_of(rng, 30)
    alone = ns.run(ns.compile(net, chip), trains)
    decision = spike_decision(trained(rng, alone, 1), chip)
    whole = attach_decision(net, decision)
    assert VOTE not in [population.name for population in whole.populations]
    result = run_decision(ns.compile(whole, chip), decision, trains, net.n_channels)
    assert np.array_equal(result.steps, trains.steps + 1)


def test_a_decision_leaves_the_spikes_of_the_liquid_as_they_are() -> None:
    rng, chip = np.random.default_rng(4), ns.load_chip("loihi2", {"core.neurons": 16})
    net, trains = liquid_of(2), trains_of(rng)
    alone = ns.run(ns.compile(net, chip), trains)
    decision = spike_decision(trained(rng, alone, 4), chip)
    beside = run_decision(ns.compile(attach_decision(net, decision), chip), decision, trains, net.n_channels)
    for i in range(trains.n_samples):
        spikes = beside.spikes(i)
        kept = spikes[(spikes[:, 1] < 36) & (spikes[:, 0] < trains.steps[i])]
        assert np.array_equal(kept, alone.spikes(i))


@pytest.mark.parametrize(
    ("features", "outputs", "overrides", "words"),
    [
        (starts(0, 20), 1, {}, "2 features.*use one feature, or let the host"),
        (traces(20.0), 3, {}, "'trace of 20 ms' leaks.*use a count"),
        (COUNT, 3, {"synapse.weight_bits": [2]}, r"2 bits \(synapse.weight_bits\).*wider"),
    ],
)
def test_what_cannot_be_decided_in_spikes_is_refused_with_its_reason(
    features: tuple[Feature, ...], outputs: int, overrides: dict[str, Any], words: str
) -> None:
    rng, chip = np.random.default_rng(0), ns.load_chip("loihi1", overrides)
    alone = ns.run(ns.compile(relay(8), chip), trains_of(rng, channels=8))
    weights = rng.normal(size=(outputs, 8 * len(features)))
    with pytest.raises(ns.CannotRepresent, match=words):
        to_chip(weights, np.zeros(outputs), features, chip, alone, "liquid", for_spikes=True)
    plain = to_chip(weights, np.zeros(outputs), features, chip, alone, "liquid")
    with pytest.raises(ns.CannotRepresent, match=words):
        spike_decision(plain, chip)


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_readout_without_room_for_spikes_is_refused(outputs: int) -> None:
    rng, chip = np.random.default_rng(0), ns.load_chip("loihi1")
    alone = ns.run(ns.compile(liquid_of(0), chip), trains_of(rng))
    plain = to_chip(rng.normal(size=(outputs, 36)), np.zeros(outputs), COUNT, chip, alone, "liquid")
    with pytest.raises(ns.CannotRepresent, match=r"threshold of 131,071 .* for_spikes=True"):
        spike_decision(plain, chip)


def validated(
    trains: ns.SpikeTrains, label: np.ndarray, is_test: np.ndarray, chip: Any, decide_in_spikes: bool
) -> ns.Validation:
    net = ns.liquid((3, 3, 6), channels=int(trains.channel.max()) + 1, gain=2.0, input_density=0.3, seed=0)
    folds = [(np.flatnonzero(~is_test), np.flatnonzero(is_test))]
    model = ridge_classifier(100)
    return ns.validate_on_chip(net, trains, label, folds, chip=chip, model=model, decide_in_spikes=decide_in_spikes)


@pytest.mark.parametrize("name", ["loihi1", "loihi2"])
def test_speakers_are_told_apart_in_spikes_as_well_as_by_membranes(name: str) -> None:
    data, chip = load_dataset(DATA / "japanese_vowels.npz"), ns.load_chip(name)
    trains = ns.RateEncoder(steps_per_frame=8).fit(data.training).transform(data.sequences)
    read, fired = (validated(trains, data.label, data.is_test, chip, in_spikes) for in_spikes in (False, True))
    assert fired.tested.sum() == 370
    assert fired.chip_differs_from_integer == 0
    assert fired.chip_accuracy(data.label) == fired.accuracy(fired.integer_scores, data.label)
    assert fired.chip_accuracy(data.label) == pytest.approx(read.chip_accuracy(data.label), abs=0.02)
    assert fired.chip_accuracy(data.label) > 0.85
    spikes, membranes = fired.costs[0], read.costs[0]
    assert (spikes.readout_neurons, membranes.readout_neurons) == (36 + 9, 9)
    assert (spikes.words_read, membranes.words_read) == (0, 9)
    assert spikes.readout_dynamic_energy_j > membranes.readout_dynamic_energy_j
    assert spikes.latency_s > membranes.latency_s


def test_two_groups_of_speakers_are_told_apart_in_spikes_at_no_neuron_more() -> None:
    data, chip = load_dataset(DATA / "japanese_vowels.npz"), ns.load_chip("loihi1")
    trains = ns.RateEncoder(steps_per_frame=8).fit(data.training).transform(data.sequences)
    group = np.where(data.label > 4, "later", "earlier")
    made = validated(trains, group, data.is_test, chip, True)
    assert made.chip_differs_from_integer == 0
    assert set(made.chip_decisions[made.tested]) == {"earlier", "later"}
    assert made.chip_accuracy(group) > 0.7
    assert (made.costs[0].readout_neurons, made.costs[0].words_read) == (1, 0)


def test_longer_trains_keep_their_spikes_and_payloads() -> None:
    short = ns.SpikeTrains.from_samples([[[0, 1, 5]], [[2, 0, -3]]], [3, 4])
    longer = short.longer(2, np.array([5]), np.array([7]), np.array([1]))
    wanted = ns.SpikeTrains.from_samples([[[0, 1, 5]], [[2, 0, -3], [5, 7, 1]]], [5, 6])
    for part in ("steps", "sample_ptr", "step", "channel", "value"):
        assert np.array_equal(getattr(longer, part), getattr(wanted, part))


@pytest.mark.skipif(not FSDD.exists(), reason=f"the spoken digits are not at {FSDD}")
def test_digits_are_told_apart_in_spikes() -> None:
    data, chip = load_fsdd(FSDD), ns.load_chip("loihi1")
    some = np.arange(0, len(data.digit), 4)
    bands = ns.MelBands(data.sample_rate_hz, n_bands=16, fmin_hz=100, fmax_hz=3800)
    trains = ns.RateEncoder(steps_per_frame=2).fit_transform(bands.fit_transform([data.audio[i] for i in some]))
    made = validated(trains, data.digit[some], np.arange(len(some)) % 3 == 0, chip, True)
    assert made.chip_differs_from_integer == 0
    assert made.chip_accuracy(data.digit[some]) > 0.5  # of ten; a small liquid that nothing was tuned for
