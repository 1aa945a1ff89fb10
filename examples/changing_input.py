"""A new speaker: a readout that forgets follows the change, one that is frozen does not.  Spoken digits on Loihi 1.

    python examples/changing_input.py DATA [--seeds 3] [--every 1]

DATA is a clone of the Free Spoken Digit Dataset, or an .npz of it.  A liquid hears all speakers but one in random
order, then that one.  Readouts of its spike counts classify each word, then learn it from its label, by recursive least
squares; "frozen" is the one with lambda = 1, but stops learning when the speaker changes.  With lambda < 1 old words
are forgotten, all along: no readout is told of the change.  The liquid is calibrated, and lambda chosen, on the first
two speakers, who are not reported.
"""

import argparse

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurosim as ns

CHIP, CHANNELS, STEP_MS, ALPHA = ns.load_chip("loihi1"), 72, 5.0, 10.0
TAUS = {"tau_mem_ms": (10.0, 40.0), "tau_syn_ms": (10.0, 40.0), "refractory_ms": 2.0, "dt_ms": STEP_MS}
LIQUID = {"recurrence": 0.15, "input_density": 1 / 6, "input_negative": 0.4, "input_delay": 8, "max_delay": 2, **TAUS}
LAMBDAS = [0.999, 0.998, 0.995, 0.99, 0.98]
TENTHS = np.array([1, 2, 4, 6])  # of the new speaker's words, where a window ends and the next begins


def spike_counts(trains, calibration, seed):
    def build(gain, inhibition):
        return ns.liquid((3, 3, 15), CHANNELS, gain=gain, inhibition=inhibition, seed=seed, **LIQUID)

    found = ns.calibrate(build, CHIP, trains[calibration], 0.125, inhibition=4.0, even_out=True)
    program = ns.compile(found.network, CHIP)
    return ns.run(program, trains, per_step=False).spike_counts("liquid").astype(float)


def follow(counts, digit, is_new, forgetting, seed):
    """A stream through a readout: percent by window on line and frozen, and how far off batch ridge it is."""
    order = np.random.default_rng(seed).permutation(len(digit))
    old, new = order[~is_new[order]], order[is_new[order]]
    learned, last = np.split(old, [-(len(old) // 10)])
    table, targets = StandardScaler().fit(counts[learned]).transform(counts), np.eye(10)[digit]
    readout = ns.RecursiveLeastSquares(forgetting, ALPHA).fit(table[learned], targets[learned])
    before = 100.0 * (readout.predict_then_learn(table[last], targets[last]).argmax(axis=1) == digit[last]).mean()
    with_constant = np.column_stack([table, np.ones(len(table))])  # the intercept is penalised alike
    batch = Ridge(alpha=ALPHA, fit_intercept=False).fit(with_constant[old], targets[old])
    off = abs(np.column_stack([readout.coef_, readout.intercept_]) - batch.coef_).max() / abs(batch.coef_).max()
    frozen = 100.0 * (batch.predict(with_constant[new]).argmax(axis=1) == digit[new])
    online = 100.0 * (readout.predict_then_learn(table[new], targets[new]).argmax(axis=1) == digit[new])
    ends = TENTHS * len(new) // 10
    return [[before, *(w.mean() for w in np.split(r, ends)), r.mean()] for r in (online, frozen)], off


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="clone of the data set, or .npz of it")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="use every n-th recording only")
    given = parser.parse_args()
    try:
        data = ns.load_fsdd(given.data)
    except ns.RunError as problem:
        parser.error(str(problem))
    speaker, digit = data.speaker[:: given.every], data.digit[:: given.every]
    bands = ns.MelBands(data.sample_rate_hz, n_bands=CHANNELS // 3, fmin_hz=100, fmax_hz=3800)
    code = ns.ProportionalEncoder(steps_per_frame=2, max_rate=1.0, dt_ms=STEP_MS)
    trains = make_pipeline(bands, ns.OnsetOffset(), code).fit_transform(data.audio[:: given.every])
    aside, reported = np.split(np.unique(speaker), [2])
    if not len(reported):
        parser.error(f"{given.data} has {len(aside)} speakers, but two are set aside and a third is the new one")
    calibration = np.flatnonzero(np.isin(speaker, aside))[:: max(1, 20 // given.every)]
    counts = [spike_counts(trains, calibration, seed) for seed in range(given.seeds)]

    def streams(speakers, forgetting):
        """Online and frozen, [stream, window], speakers outermost; and the largest distance from batch ridge."""
        made = [follow(c, digit, speaker == who, forgetting, i) for who in speakers for i, c in enumerate(counts)]
        return *np.swapaxes([rows for rows, _ in made], 0, 1), max(off for _, off in made)

    after = {forgetting: streams(aside, forgetting)[0][:, -1].mean() for forgetting in LAMBDAS}
    best = max(after, key=after.get)
    print(f"lambda by {' and '.join(aside)}: " + ", ".join(f"{k} {v:.1f} %" for k, v in after.items()))
    remembers, frozen, off = streams(reported, 1.0)
    forgets = streams(reported, best)[0]
    titles = ["before", *(f"from {t}/10" for t in [0, *TENTHS]), "all after"]
    print(f"percent right, mean and deviation of {len(forgets)} streams; windows in tenths of the new speaker's words")
    print(" " * 22 + "".join(f"{title:>14s}" for title in titles))
    gains = {"lambda 1 - frozen": remembers - frozen, f"lambda {best} - frozen": forgets - frozen}
    for name, rows in {"frozen": frozen, "lambda 1": remembers, f"lambda {best}": forgets, **gains}.items():
        cells = zip(rows.mean(axis=0), rows.std(axis=0, ddof=1), strict=True)
        print(f"{name:22s}" + "".join(f"{mean:8.1f} +-{spread:4.1f}" for mean, spread in cells))
    by_speaker = np.reshape(forgets[:, -1] - frozen[:, -1], (len(reported), -1)).mean(axis=1)
    print("that gain by speaker: " + ", ".join(f"{w} {g:.1f}" for w, g in zip(reported, by_speaker, strict=True)))
    print(f"lambda = 1 is batch ridge regression to {off:.0e} of its largest weight (wanted: 1e-06)")


if __name__ == "__main__":
    main()
