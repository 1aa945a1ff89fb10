"""A new speaker: a readout that forgets follows the change, one that is frozen does not.  Spoken digits on Loihi 1.

    python examples/changing_input.py DATA [--seeds 3] [--every 1]

DATA is a clone of the Free Spoken Digit Dataset, or an .npz of it.  A liquid hears five speakers in random order, then
one that it never heard.  Readouts of its spike counts: "frozen" learned from the five (ridge regression); the others go
on by recursive least squares: each word is first classified, then learned from its label.  With forgetting, weights of
old words fall by lambda a word, all along: the readout is never told of the change.  The liquid is calibrated, and
lambda chosen, on the first two speakers, who are not reported.
"""

import argparse

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurosim as ns

CHIP, CHANNELS, STEP_MS, ALPHA = ns.load_chip("loihi1"), 72, 5.0, 10.0
TAUS = {"tau_mem_ms": (10.0, 40.0), "tau_syn_ms": (10.0, 40.0), "refractory_ms": 2.0, "dt_ms": STEP_MS}
LIQUID = {"input_density": 1 / 6, "input_negative": 0.4, "input_delay": 8, "max_delay": 2, "recurrence": 0.15, **TAUS}
LAMBDAS = [0.999, 0.998, 0.997, 0.996, 0.995]
FIRST_WORDS = [0, 50, 100, 200, 300]  # of the windows after the change
BEFORE = 200  # words, the window before it


def spike_counts(trains, calibration, seed):
    """[word, neuron] of a liquid."""

    def build(gain, inhibition):
        return ns.liquid((3, 3, 15), CHANNELS, gain=gain, inhibition=inhibition, seed=seed, **LIQUID)

    found = ns.calibrate(build, CHIP, trains[calibration], 0.125, inhibition=4.0, even_out=True)
    program = ns.compile(found.apply(build(found.gain, found.inhibition)), CHIP)
    return ns.run(program, trains, per_step=False).spike_counts("liquid").astype(float)


def first_said_then_learned(readout, counts, targets):
    """Whether each word was classified rightly, before its label was learned."""
    right = []
    for x, target in zip(counts, targets, strict=True):
        right.append(readout.predict([x])[0].argmax() == target.argmax())
        readout.partial_fit([x], [target])
    return np.array(right)


def follow(counts, digit, is_new, forgetting, seed):
    """The stream through one readout: right [word] around the change on line, and frozen; and lambda = 1 off ridge."""
    order = np.random.default_rng(seed).permutation(len(digit))
    old, new = order[~is_new[order]], order[is_new[order]]
    table, targets = StandardScaler().fit(counts[old]).transform(counts), np.eye(10)[digit]
    readout = ns.RecursiveLeastSquares(forgetting, ALPHA).fit(table[old[:-BEFORE]], targets[old[:-BEFORE]])
    before = first_said_then_learned(readout, table[old[-BEFORE:]], targets[old[-BEFORE:]])
    frozen = readout.predict(table[new]).argmax(axis=1) == digit[new]
    with_constant = np.column_stack([table, np.ones(len(table))])  # the intercept is penalised alike
    batch = Ridge(ALPHA, fit_intercept=False).fit(with_constant[old], targets[old]).coef_
    off = abs(np.column_stack([readout.coef_, readout.intercept_]) - batch).max() / abs(batch).max()
    return before, first_said_then_learned(readout, table[new], targets[new]), frozen, off


def windows(right):
    """Percent in each window of words after the change."""
    return [100 * part.mean() for part in np.split(right, [w for w in FIRST_WORDS[1:] if w < len(right)])]


def show(name, streams):
    """Mean over speakers and seeds, and the deviation of a single stream from it."""
    cells = zip(np.mean(streams, axis=0), np.std(streams, axis=0, ddof=1), strict=True)
    print(f"{name:20s}" + "".join(f"{mean:8.1f} +-{spread:4.1f}" for mean, spread in cells), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="clone of the data set, or .npz of it")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="use every n-th recording only, for a quick look")
    given = parser.parse_args()
    data = ns.load_fsdd(given.data)
    speaker, digit = data.speaker[:: given.every], data.digit[:: given.every]
    bands = ns.MelBands(data.sample_rate_hz, n_bands=CHANNELS // 3, fmin_hz=100, fmax_hz=3800)
    code = ns.ProportionalEncoder(steps_per_frame=2, max_rate=1.0, dt_ms=STEP_MS)
    trains = make_pipeline(bands, ns.OnsetOffset(), code).fit_transform(data.audio[:: given.every])
    names = np.unique(speaker)
    aside, reported = names[:2], names[2:]
    calibration = np.flatnonzero(np.isin(speaker, aside))
    calibration = calibration[:: max(1, len(calibration) // 50)]
    counts = [spike_counts(trains, calibration, seed) for seed in range(given.seeds)]

    def streams(speakers, forgetting):
        return [follow(c, digit, speaker == who, forgetting, seed) for seed, c in enumerate(counts) for who in speakers]

    after = {forgetting: np.mean([s[1].mean() for s in streams(aside, forgetting)]) for forgetting in LAMBDAS}
    best = max(after, key=after.get)
    print(f"lambda of {' and '.join(aside)}: " + ", ".join(f"{k} {100 * v:.1f} %" for k, v in after.items()))
    remembers, forgets = streams(reported, 1.0), streams(reported, best)
    print(f"new speakers {', '.join(reported)}, {given.seeds} liquids each: {len(forgets)} streams; percent by word")
    print(
        " " * 20 + "".join(f"{w:>14s}" for w in [f"{BEFORE} before", *(f"from {w}" for w in FIRST_WORDS), "all after"])
    )

    def row(before, after):
        return [100 * before.mean(), *windows(after), 100 * after.mean()]

    frozen = [row(before, right) for before, _, right, _ in remembers]
    online = {f"lambda {k}": [row(s[0], s[1]) for s in of] for k, of in ((1, remembers), (best, forgets))}
    show("frozen", frozen)
    for name, rows in online.items():
        show(name, rows)
    for name, rows in online.items():
        show(f"{name} - frozen", np.subtract(rows, frozen))
    off = max(s[3] for s in remembers)
    print(f"lambda = 1 is batch ridge regression to {off:.1e} of its largest weight ({'ok' if off <= 1e-6 else 'NOT'})")


if __name__ == "__main__":
    main()
