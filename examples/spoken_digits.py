"""Spoken digits by a liquid on Loihi 1: the official split, and speakers that it never heard.

    python examples/spoken_digits.py DATA [--sizes 135 512] [--seeds 3] [--splits official speakers]

DATA is a clone of the Free Spoken Digit Dataset, or an .npz of it.  The front end is causal; a decision is read 50 ms
after the word ends.  Inside the training part of each split (across its speakers where the test is one) are chosen: the
rate at which the liquid fires and its time constants, by the first seed's liquid of 135 and every third word, and the
penalty of each readout; gain and thresholds are calibrated there too.  The front end, densities and delays are given.
"""

import argparse
import itertools
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurosim as ns
from neurosim.provenance import in_words, rests_on
from neurosim.readouts.features import COUNT, Feature
from neurosim.readouts.linear import ridge_classifier
from neurosim.readouts.models import classifier_model, learn

SHAPES = {32: (2, 4, 4), 135: (3, 3, 15), 512: (8, 8, 8)}
STEP_MS, TAIL_FRAMES, BANDS = 5.0, 5, 24
GIVEN = {"refractory_ms": 2.0, "dt_ms": STEP_MS, "input_density": 1 / 6, "input_negative": 0.4, "input_delay": 8}
INHIBITION, RECURRENCE = 4.0, 0.15
FOUR = (Feature(), Feature(tau_ms=200.0), Feature(start=30), Feature(start=60))  # all of which the chip forms
CHIP = ns.load_chip("loihi1")


class Setting(NamedTuple):
    """What is chosen for each split, beside the penalty."""

    rate: float  # spikes per neuron and step
    tau_ms: tuple[float, float]  # of membranes and of currents, drawn between these


CHOICES = [Setting(*both) for both in itertools.product((0.06, 0.125), ((10.0, 40.0), (20.0, 80.0)))]


def make_liquid(size, seed, recurrence, setting, calibration):
    taus = {"tau_mem_ms": setting.tau_ms, "tau_syn_ms": setting.tau_ms}

    def build(gain, inhibition):
        more = {"gain": gain, "inhibition": inhibition, "recurrence": recurrence, "seed": seed, "max_delay": 2}
        return ns.liquid(SHAPES[size], 3 * BANDS, **GIVEN, **taus, **more)

    found = ns.calibrate(build, CHIP, calibration, setting.rate, inhibition=INHIBITION, even_out=True)
    return found.network


class Split:
    """Recordings to train and to test on, and by what groups the penalty is chosen."""

    def __init__(self, name, data, is_test, groups=None):
        self.name, self.digit, self.groups = name, data.digit, groups
        self.train, self.test = np.flatnonzero(~is_test), np.flatnonzero(is_test)

    def model(self):
        return classifier_model("ridge", None if self.groups is None else self.groups[self.train])

    def readout(self, table):
        """Weights and constants of the linear readout that all rows of the table share, in floating point."""
        groups = None if self.groups is None else self.groups[self.train]
        return learn(self.model(), table[self.train], self.digit[self.train], groups)

    def choose(self, trains, seed):
        """The setting that tells the training part's digits apart best, by one count."""
        looked_at = self.train[::3]
        inner = {"groups": self.groups[looked_at], "cv": GroupKFold(3)} if self.groups is not None else {"cv": 3}
        model = make_pipeline(StandardScaler(), ridge_classifier())

        def accuracy(setting):
            network = make_liquid(135, seed, RECURRENCE, setting, self.calibration(trains))
            result = ns.run(ns.compile(network, CHIP), trains[looked_at], per_step=False)
            return cross_val_score(model, result.spike_counts("liquid"), self.digit[looked_at], **inner).mean()

        self.setting = max(CHOICES, key=accuracy)

    def calibration(self, trains):
        """About 120 words of the training part."""
        return trains[self.train[:: max(1, len(self.train) // 120)]]

    def percent(self, scores):
        return 100 * float((scores.argmax(axis=1) == self.digit[self.test]).mean())

    def linear(self, table):
        weights, constant = self.readout(table)
        return self.percent(table[self.test] @ weights.T + constant)


def splits(data, wanted):
    if "official" in wanted:
        yield [Split("official", data, data.is_test)]
    if "speakers" in wanted:
        by = data.speaker_number
        yield [Split(f"without {name}", data, data.speaker == name, by) for name in np.unique(data.speaker)]


def by_share_heard(split, network, trains, table):
    """Accuracy when 10, 20, ... % of the word was heard, of the count readout that was trained on whole words."""
    weights, constant = split.readout(table)
    words = trains[split.test]
    result = ns.run(ns.compile(network, CHIP), words, per_step=False)
    sample = np.repeat(np.arange(len(words)), np.diff(result.sample_ptr))
    accuracies = []
    for share in np.arange(1, 11) / 10:
        early = result.spike_step < np.ceil(share * (words.steps - 2 * TAIL_FRAMES))[sample]
        flat = sample[early] * result.n_neurons + result.spike_neuron[early]
        counts = np.bincount(flat, minlength=len(words) * result.n_neurons).reshape(len(words), -1)
        accuracies.append(split.percent(counts @ weights.T + constant))
    return accuracies


def validated(split, size, seed, recurrence, features, trains):
    network = make_liquid(size, seed, recurrence, split.setting, split.calibration(trains))
    folds = [(split.train, split.test)]
    given = {"chip": CHIP, "model": split.model(), "features": features, "groups": split.groups}
    return network, ns.validate_on_chip(network, trains, split.digit, folds, **given)


def echo_sums(sequences, size, seed):
    echo = ns.echo_state(size, 3 * BANDS, leak=0.3, input_scale=0.5, seed=seed)
    return np.array([echo.run(x).sum(axis=0) for x in sequences])


def show(name, accuracies):
    """`accuracies`, [seed, split]: the mean over splits, and its spread over seeds."""
    means = np.mean(np.atleast_2d(accuracies), axis=1)
    spread = f" +- {means.std(ddof=1):.1f}" if len(means) > 1 else ""
    print(f"  {name:52s} {means.mean():6.1f}{spread}", flush=True)


def compare(group, size, seeds, trains):
    """The liquid with and without recurrence, one feature and four, on a group of splits."""
    curves, costs, differs = [], [], 0
    for name, recurrence, features in (
        ("without recurrence, one count", 0.0, COUNT),
        ("one count", RECURRENCE, COUNT),
        ("four features", RECURRENCE, FOUR),
    ):
        rows = np.zeros((2, len(seeds), len(group)))
        for i, seed in enumerate(seeds):
            for k, split in enumerate(group):
                network, made = validated(split, size, seed, recurrence, features, trains)
                rows[:, i, k] = [split.percent(s[split.test]) for s in (made.float_scores, made.chip_scores)]
                differs += made.chip_differs_from_integer
                costs = made.costs
                if name == "one count":
                    curves.append(by_share_heard(split, network, trains, made.features))
        show(f"liquid of {size}, {name}, float readout", rows[0])
        show(f"liquid of {size}, {name}, compiled, on the chip", rows[1])
    heard = np.mean(curves, axis=0)
    print("    one count, after 10 to 100 % of the word: " + " ".join(f"{x:.0f}" for x in heard))
    print(f"    chip and host integers differ on {differs} decisions; four features on the chip:")
    print("    " + str(costs[-1]).replace("\n", "\n    "))
    kinds = rests_on(CHIP)
    print(f"    (modelled; energy: {in_words(kinds['energy'])}; static: {in_words(kinds['static_power'])})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="clone of the data set, or .npz of it")
    parser.add_argument("--sizes", type=int, nargs="+", choices=SHAPES, default=[135])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--splits", nargs="+", choices=["official", "speakers"], default=["official", "speakers"])
    given = parser.parse_args()
    try:
        data = ns.load_fsdd(given.data)
    except ns.RunError as problem:
        parser.error(str(problem))
    bands = ns.MelBands(data.sample_rate_hz, n_bands=BANDS, fmin_hz=100, fmax_hz=3800)
    sequences = make_pipeline(bands, ns.OnsetOffset(tail_frames=TAIL_FRAMES)).fit_transform(data.audio)
    trains = ns.ProportionalEncoder(steps_per_frame=2, max_rate=1.0, dt_ms=STEP_MS).fit_transform(sequences)
    sample = np.repeat(np.arange(len(trains)), np.diff(trains.sample_ptr))
    counts = np.bincount(sample * 3 * BANDS + trains.channel, minlength=len(trains) * 3 * BANDS)
    tables = {
        "mean mel band": np.array([x.mean(axis=0) for x in bands.transform(data.audio)]),
        "encoder's counts": counts.reshape(len(trains), -1).astype(float),
    }
    seeds = range(11, 11 + given.seeds)
    for group in splits(data, given.splits):
        print(f"{'official split' if len(group) == 1 else 'leave one speaker out'}, percent")
        for split in group:
            split.choose(trains, seeds[0])
            print(
                f"  {split.name}: chosen a rate of {split.setting.rate:g} and tau {split.setting.tau_ms} ms", flush=True
            )
        for name, table in tables.items():
            show(f"linear, {name}", [[split.linear(table) for split in group]])
        for size in given.sizes:
            states = [echo_sums(sequences, size, seed) for seed in seeds]
            show(f"echo state network, {size} tanh, float", [[s.linear(x) for s in group] for x in states])
            compare(group, size, seeds, trains)


if __name__ == "__main__":
    main()
