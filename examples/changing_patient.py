"""A new patient: does it help to go on learning?  Atrial fibrillation from 30 heart beats, on Loihi 1.

    python examples/changing_patient.py DATA [--seeds 3] [--every 1]

DATA is PhysioNet's AFDB folder (read with the package wfdb), or an .npz of its intervals.  A liquid hears windows of
all patients but one in random order, then that one's in order of time.  A readout of its spike counts says each window
before it learns the label, by recursive least squares; what is said after the first hour is scored.  Labels come
    at once         as rhythms last, "last label", the last that is known, needs no readout
    an hour late    after as many windows as the first hour holds
    for one hour    marked by a cardiologist; then the readout is fixed
"threshold" is the frozen readout with only its constant learned: a new prevalence needs no more.  Each patient's lambda
is the one best for the others (who heard that patient in training); the liquid is calibrated on two unused records.
"""

import argparse
from copy import deepcopy

import numpy as np
from sklearn.preprocessing import StandardScaler

import neurosim as ns
from neurosim.recordings.atrial_fibrillation import WITHOUT_ECG, relative_changes, windows

CHIP, CHANNELS, ALPHA, MS_PER_HOUR = ns.load_chip("loihi1"), 24, 10.0, 3.6e6
ENCODER = ns.LevelCrossingEncoder([0.02, 0.04, 0.07, 0.12, 0.2, 0.3], mode="value", steps_per_frame=2)
TAUS = {"tau_mem_ms": (2.0, 30.0), "tau_syn_ms": (1.0, 2.0)}  # a step, half a beat, is "1 ms"
LAMBDAS = [1.0, 0.999, 0.998, 0.995, 0.99, 0.98, 0.95]
LABELS = ["at once", "an hour late", "for one hour"]


def spike_counts(trains, calibration, seed):
    def build(gain, inhibition):
        more = {"gain": gain, "inhibition": inhibition, "recurrence": 0.1, "seed": seed}
        return ns.liquid((2, 4, 4), CHANNELS, input_density=0.4, **TAUS, **more)

    found = ns.calibrate(build, CHIP, calibration, 0.1, inhibition=4.0)
    program = ns.compile(found.network, CHIP)
    return ns.run(program, trains, per_step=False).spike_counts("liquid").astype(float)


def said(readout, x, target, hour, labels):
    """What a copy of the readout says of the windows after the first hour."""
    readout = deepcopy(readout)
    if labels == "for one hour":
        return readout.partial_fit(x[:hour], target[:hour]).predict(x[hour:])
    delay = hour - 1 if labels == "an hour late" else 0  # a label learned at once is known to the next window
    return readout.predict_then_learn(x, target, delay)[hour:]


def follow(counts, target, is_new, hour, seed):
    """How many of one patient's windows without and with fibrillation were right: [labels, readout, lambda, kind]."""
    old, new = np.random.default_rng(seed).permutation(np.flatnonzero(~is_new)), np.flatnonzero(is_new)
    table, nothing = StandardScaler().fit(counts[old]).transform(counts), np.zeros((len(target), 1))
    frozen = ns.RecursiveLeastSquares(1.0, ALPHA).fit(table[old], target[old])
    fixed, truth = frozen.predict(table), target[new[hour:]]
    last = [target[new[hour - 1 : -1]], target[new[:-hour]], np.full(len(truth), target[new[hour - 1]])]
    right = np.zeros((len(LABELS), 4, len(LAMBDAS), 2), int)
    for k, forgetting in enumerate(LAMBDAS):
        heard = old[-int(12 / (1 - forgetting)) :] if forgetting < 1 else old  # others would weigh less than e^-12
        weights = ns.RecursiveLeastSquares(forgetting, ALPHA).fit(table[heard], target[heard])
        constant = ns.RecursiveLeastSquares(forgetting, ALPHA).fit(nothing[heard], (target - fixed)[heard])
        for i, labels in enumerate(LABELS):
            shift = said(constant, nothing[new], (target - fixed)[new], hour, labels)
            learned = said(weights, table[new], target[new], hour, labels)
            for j, score in enumerate((last[i], fixed[new[hour:]], fixed[new[hour:]] + shift, learned)):
                right[i, j, k] = [((score > 0) == (truth > 0))[truth == kind].sum() for kind in (-1, 1)]
    return right


def chosen(right, of):
    """Index of the lambda < 1 that is best on average for the other patients, [patient]."""
    percent = (right.sum(axis=-1) / of.sum(axis=-1)[:, :, None])[:, :, 1:].mean(axis=1)  # [patient, lambda]
    return 1 + (percent.sum(axis=0) - percent).argmax(axis=1)


def show(name, right, than, of):
    """A row of numbers of windows, [patient, seed, kind], and what was gained on `than`; every patient counts alike."""
    percent, gain = (100 * part.sum(axis=2) / of.sum(axis=2) for part in (right, right - than))
    specific, sensitive = 100 * right.sum(axis=(0, 1)) / of.sum(axis=(0, 1))
    by_patient, by_seed = gain.mean(axis=1), gain.mean(axis=0)
    spread = by_patient.std(ddof=1), by_seed.std(ddof=len(by_seed) > 1), np.median(by_patient)
    print(f"  {name:24s}{percent.mean():7.2f}{sensitive:9.1f}{specific:9.1f}{gain.mean():8.2f}", end="")
    print("".join(f"{s:9.2f}" for s in spread) + f"{(by_patient > 0).sum():8d}{(by_patient < 0).sum():7d}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="AFDB folder, or .npz of its intervals")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="use every n-th window only, for a quick look")
    given = parser.parse_args()
    try:
        records = ns.load_afdb(given.data, leave_out=())
    except ns.RunError as problem:
        parser.error(str(problem))
    if len(records) < 5 or not set(WITHOUT_ECG) <= {r.name for r in records}:
        needed = f"three patients are needed, and {' and '.join(WITHOUT_ECG)}, on which the liquid is calibrated"
        parser.error(f"{given.data} has {len(records)} records, but {needed}")
    data, quiet = (windows([r for r in records if (r.name in WITHOUT_ECG) == is_quiet]) for is_quiet in (False, True))
    patients = np.unique(data.record)
    ends_ms = [data.rr_ms[data.record == who].sum(axis=1).cumsum()[:: given.every] for who in patients]
    hours = [(ends < MS_PER_HOUR).sum() for ends in ends_ms]
    data = data._make(part[:: given.every] for part in data)
    both = np.concatenate([np.flatnonzero(quiet.is_af == kind)[:150] for kind in (0, 1)])
    calibration = ENCODER.fit_transform(relative_changes(quiet.rr_ms[both]))
    trains, target = ENCODER.transform(relative_changes(data.rr_ms)), 2.0 * data.is_af - 1
    counts = [spike_counts(trains, calibration, seed) for seed in range(10, 10 + given.seeds)]

    news = [(data.record == who, hour) for who, hour in zip(patients, hours, strict=True)]
    made = np.array([[follow(c, target, *new, i) for i, c in enumerate(counts)] for new in news])
    of = np.array([[[(target[new][hour:] == k).sum() for k in (-1, 1)]] * given.seeds for new, hour in news])
    title = f"{len(patients)} patients, {of[:, 0].sum():,} windows"
    print(f"{title:26s}  right  sensit.  specif.    gain  +- pat. +- seed   median  better  worse")
    every = np.arange(len(patients))
    for i, labels in enumerate(LABELS):
        last, frozen, threshold, weights = np.moveaxis(made[:, :, i], 2, 0)  # each [patient, seed, lambda, kind]
        best = chosen(threshold, of), chosen(weights, of)
        shifted, learned, frozen = threshold[every, :, best[0]], weights[every, :, best[1]], frozen[:, :, 0]
        print(f"labels {labels} (lambdas {sorted({LAMBDAS[k] for b in best for k in b})})")
        show("last label", last[:, :, 0], frozen, of)
        show("frozen", frozen, frozen, of)
        show("threshold, lambda < 1", shifted, frozen, of)
        show("weights, lambda 1", weights[:, :, 0], frozen, of)
        show("weights, lambda < 1", learned, frozen, of)
        show(".. beyond the threshold", learned, shifted, of)
    print("gain: on frozen, mean, deviations between patients and seeds, median; patients who are better and worse off")


if __name__ == "__main__":
    main()
