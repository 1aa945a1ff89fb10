"""Atrial fibrillation from 30 heart beats, by a liquid on Loihi 1, tested on patients that it never saw.

    python examples/atrial_fibrillation.py DATA [--sizes 32 128 512] [--seeds 3]

DATA is PhysioNet's AFDB folder (read with the package wfdb), or an .npz of its intervals.  Five folds
by patient.  Across the patients of each training part are chosen: the encoder's thresholds and the rate at which the
liquid fires, by the first seed's liquid of 32 and every fourth window, and the penalty of each readout.  The gain is
calibrated on the two records that are in no fold.  Time constants and densities are given.
"""

import argparse
import itertools
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurosim as ns
from neurosim.provenance import in_words, rests_on
from neurosim.readouts.models import learn
from neurosim.recordings.atrial_fibrillation import WITHOUT_ECG, relative_changes, windows

SHAPES = {32: (2, 4, 4), 128: (4, 4, 8), 512: (8, 8, 8)}
LIQUID = {"input_density": 0.4, "tau_mem_ms": (2.0, 30.0), "tau_syn_ms": (1.0, 2.0)}  # a step, half a beat, is "1 ms"
INHIBITION, RECURRENCE = 4.0, 0.1
LADDER = np.array([0.02, 0.04, 0.07, 0.12, 0.2, 0.3])  # thresholds, of the running mean interval
CHANNELS, CHIP = 4 * len(LADDER), ns.load_chip("loihi1")
ACROSS = GroupKFold(4)  # the patients of a training part
LOGISTIC = LogisticRegression(C=0.05, solver="newton-cholesky")
READOUT = GridSearchCV(LOGISTIC, {"C": [0.0005, 0.005, 0.05, 0.5]}, cv=ACROSS)


class Setting(NamedTuple):
    """What is chosen for each fold, beside the penalty."""

    widening: float  # factor of the ladder
    rate: float  # spikes per neuron and step


CHOICES = [Setting(*both) for both in itertools.product((0.5, 1.0, 2.0), (0.05, 0.1))]


def encoded(rr_ms):
    """Spikes at each ladder that may be chosen."""
    changes = relative_changes(rr_ms)
    return {
        widening: ns.LevelCrossingEncoder(widening * LADDER, mode="value", steps_per_frame=2).fit_transform(changes)
        for widening in sorted({setting.widening for setting in CHOICES})
    }


def make_liquid(size, seed, recurrence, setting, calibration):
    def build(gain, inhibition):
        more = {"gain": gain, "inhibition": inhibition, "recurrence": recurrence, "seed": seed}
        return ns.liquid(SHAPES[size], CHANNELS, **LIQUID, **more)

    found = ns.calibrate(build, CHIP, calibration[setting.widening], setting.rate, inhibition=INHIBITION)
    return found.network


def choose(data, trains, folds, calibration, seed):
    """The setting of each fold: the best across the patients of its training part."""
    looked_at, tables = np.arange(0, len(data.is_af), 4), {}
    for setting in CHOICES:
        program = ns.compile(make_liquid(32, seed, RECURRENCE, setting, calibration), CHIP)
        result = ns.run(program, trains[setting.widening][looked_at], per_step=False)
        tables[setting] = result.spike_counts("liquid")

    def accuracy(setting, train):
        rows = np.flatnonzero(np.isin(looked_at, train))
        given = {"groups": data.record[looked_at[rows]], "cv": ACROSS}
        model = make_pipeline(StandardScaler(), LOGISTIC)
        return cross_val_score(model, tables[setting][rows], data.is_af[looked_at[rows]], **given).mean()

    return [max(CHOICES, key=lambda setting: accuracy(setting, train)) for train, _ in folds]


def out_of_fold(tables, data, folds):
    """Scores of the same linear readout on anything else, in floating point, a table for each fold: the baselines."""
    scores = np.zeros(len(data.is_af))
    for table, (train, test) in zip(tables, folds, strict=True):
        weights, constant = learn(READOUT, table[train], data.is_af[train], data.record[train])
        scores[test] = table[test] @ weights[0] + constant[0]
    return scores


class OnChip:
    """A liquid in all folds, each with the setting chosen for it."""

    def __init__(self, size, seed, recurrence, data, trains, folds, choices, calibration):
        self.float_scores, self.chip_scores = np.full((2, len(data.is_af)), np.nan)
        self.costs, self.differs = [], 0
        for setting in sorted(set(choices)):
            network = make_liquid(size, seed, recurrence, setting, calibration)
            own = [fold for fold, choice in zip(folds, choices, strict=True) if choice == setting]
            given = {"chip": CHIP, "model": READOUT, "groups": data.record}
            made = ns.validate_on_chip(network, trains[setting.widening], data.is_af, own, **given)
            self.float_scores[made.tested] = made.float_scores[made.tested, 0]
            self.chip_scores[made.tested] = made.chip_scores[made.tested, 0]
            self.costs += made.costs
            self.differs += made.chip_differs_from_integer


def figures(scores, data, folds):
    """Accuracy, sensitivity and specificity of all windows, and the mean of the folds' areas under the curve."""
    said, af = scores > 0, data.is_af == 1
    area = np.mean([roc_auc_score(data.is_af[test], scores[test]) for _, test in folds])
    return 100 * np.array([(said == af).mean(), said[af].mean(), (~said[~af]).mean(), area])


def heart_rate_variability(rr):
    """Mean, and relative: deviation, root mean square change, share of changes over 50 ms, median change."""
    rr = rr.clip(200, 2000)
    change, mean = np.diff(rr, axis=1), rr.mean(axis=1)
    parts = [rr.std(axis=1), np.sqrt((change**2).mean(axis=1)), mean * (abs(change) > 50).mean(axis=1)]
    return np.stack([mean, *(p / mean for p in (*parts, np.median(abs(change), axis=1)))], axis=1)


def echo_means(events, size, seed):
    """Mean state of an echo state network of the same size on the encoder's channels, [window, unit]."""
    echo = ns.echo_state(size, CHANNELS, leak=0.5, input_scale=0.5, seed=seed)
    state, total = np.zeros((len(events), size)), np.zeros((len(events), size))
    for beat in range(events.shape[1]):
        drive = state @ echo.weights.T + events[:, beat] @ echo.input_weights.T + echo.bias
        state = (1 - echo.leak) * state + echo.leak * np.tanh(drive)
        total += state
    return total / events.shape[1]


def show(name, rows):
    rows = np.atleast_2d(rows)
    spread = f"  +- {rows[:, 0].std(ddof=1):.2f}" if len(rows) > 1 else ""
    print(f"{name:56s}" + "".join(f"{x:9.2f}" for x in rows.mean(axis=0)) + spread, flush=True)


def by_beat(trains, beats):
    """What the encoder says of each beat: [window, beat, channel]."""
    events = np.zeros((len(trains), beats, CHANNELS))
    events[np.repeat(np.arange(len(trains)), np.diff(trains.sample_ptr)), trains.step // 2, trains.channel] = 1
    return events


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="AFDB folder, or .npz of its intervals")
    parser.add_argument("--sizes", type=int, nargs="+", choices=SHAPES, default=[32, 128])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="use every n-th window only, for a quick look")
    given = parser.parse_args()
    try:
        records = ns.load_afdb(given.data, leave_out=())
    except ns.RunError as problem:
        parser.error(str(problem))
    data = windows([r for r in records if r.name not in WITHOUT_ECG])
    data = data._make(part[:: given.every] for part in data)
    quiet = windows([r for r in records if r.name in WITHOUT_ECG])
    spread = np.concatenate([np.flatnonzero(quiet.is_af == kind)[:150] for kind in (0, 1)])
    calibration, trains = encoded(quiet.rr_ms[spread]), encoded(data.rr_ms)
    folds = list(GroupKFold(5).split(data.rr_ms, data.is_af, data.record))
    seeds = range(10, 10 + given.seeds)
    print(f"{len(data.is_af):,} windows, {100 * data.is_af.mean():.0f} % AF, {len(set(data.record))} patients")
    choices = choose(data, trains, folds, calibration, seeds[0])
    print("chosen, by fold: " + ", ".join(f"ladder x {c.widening:g} at a rate of {c.rate:g}" for c in choices) + "\n")
    print(f"{'percent':56s}{'accuracy':>9s}{'sensit.':>9s}{'specif.':>9s}{'AUC':>9s}")
    beats = {widening: by_beat(t, data.rr_ms.shape[1]) for widening, t in trains.items()}

    def baseline(tables):
        return figures(out_of_fold(tables, data, folds), data, folds)

    show("linear, raw intervals", baseline([data.rr_ms] * len(folds)))
    show("linear, heart rate variability", baseline([heart_rate_variability(data.rr_ms)] * len(folds)))
    show("linear, encoder's counts", baseline([beats[c.widening].sum(axis=1) for c in choices]))
    for size in given.sizes:
        means = [{w: echo_means(b, size, seed) for w, b in beats.items()} for seed in seeds]
        rows = [baseline([table[c.widening] for c in choices]) for table in means]
        show(f"echo state network, {size} tanh, float", rows)
        for recurrence in (0.0, RECURRENCE):
            made = [OnChip(size, s, recurrence, data, trains, folds, choices, calibration) for s in seeds]
            name = f"liquid of {size}" + (" without recurrence" if not recurrence else "")
            show(f"{name}, float readout", [figures(v.float_scores, data, folds) for v in made])
            show(f"{name}, compiled, on the chip", [figures(v.chip_scores, data, folds) for v in made])
        report(made, data, size)


def report(made, data, size):
    """Of the liquid with recurrence: per patient, agreement, cost and power; and a claim."""
    right = np.mean([(v.chip_scores > 0) == data.is_af for v in made], axis=0)
    print(
        "  per patient: " + ", ".join(f"{r} {100 * right[data.record == r].mean():.1f}" for r in np.unique(data.record))
    )
    differs = sum(v.differs for v in made)
    print(f"  chip and host integers differ on {differs} of {len(made) * len(data.is_af):,} decisions")
    costs = [cost for v in made for cost in v.costs]
    print("  " + str(costs[0]).replace("\n", "\n  "))
    seconds = data.rr_ms.sum(axis=1).mean() / 1000
    dynamic_uw = 1e6 * np.mean([cost.dynamic_energy_j for cost in costs]) / seconds
    static_mw, kinds = CHIP.power.static_mw, rests_on(CHIP)
    print(f"  a window lasts {seconds:.1f} s: {dynamic_uw:.3f} uW dynamic, and {static_mw:g} mW static of a whole chip")
    energy, static = in_words(kinds["energy"]), in_words(kinds["static_power"])
    print(f"  (modelled; energy: {energy}; static: {static}; without host and I/O)")
    if size == 32:
        print(
            f'  "98.7 % with 32 neurons at 1 mW": not reproduced: {100 * right.mean():.1f} %, and static power is more'
        )


if __name__ == "__main__":
    main()
