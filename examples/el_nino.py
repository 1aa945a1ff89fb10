"""El Nino: sea surface temperature 1 to 6 months ahead by a liquid on Loihi 1, beside persistence and climatology.

    python examples/el_nino.py [--seeds 3]

Monthly temperatures of the region Nino 1+2, 1950 to 2010 (NOAA's ERSST.V3B, from the package statsmodels), as anomalies
from the monthly means of the training years.  Training: up to 1989; test: forecasts of 1990 to 2010.  All settings were
chosen by validation inside the training years (later parts of them, each forecast from what came before; liquids of
seeds 0 and 1); ridge penalties are chosen so here.  Skill is 1 - MSE / MSE of the reference.
"""

import argparse
import sys

import numpy as np
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

import neurosim as ns
from neurosim.provenance import in_words, rests_on
from neurosim.readouts.features import starts
from neurosim.readouts.host_integers import host_scores
from neurosim.readouts.models import learn

try:
    from statsmodels.datasets import elnino
except ImportError:
    sys.exit("the temperatures come with the package statsmodels, which is not installed: pip install statsmodels")

FIRST_YEAR, FIRST_TEST_YEAR, LEADS = 1950, 1990, np.arange(1, 7)
MONTHS, STEPS = 4, 50  # that the liquid hears, and steps of a month
PAST = 6  # months that the linear autoregression sees: its own best by validation
COUNTS = starts(0, (MONTHS - 1) * STEPS)  # of each neuron: in all months, and in the last
SHAPE, RECURRENCE, CHIP = (4, 4, 4), 0.1, ns.load_chip("loihi1")
LIQUID = {"tau_mem_ms": (5.0, STEPS), "tau_syn_ms": (3.0, STEPS / 3), "input_negative": 0.3}  # a step is "1 ms"
ECHO = {"spectral_radius": 0.5, "input_scale": 0.2, "bias_scale": 0.3}
ALPHAS, LATER = 10.0 ** np.arange(-1, 4.6, 0.5), TimeSeriesSplit(4, gap=6)
READOUT = GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=LATER, scoring="neg_mean_squared_error")


def liquid(recurrence, seed):
    encoder = ns.RateEncoder(STEPS, span=3.5, max_rate=1.0)
    settings = {
        "encoder": encoder,
        "recurrence": recurrence,
        "input_density": 0.6,
        "liquid": LIQUID,
        "target_rate": 0.1,
    }
    readout = {"features": COUNTS, "readout": READOUT, "on_chip": True}
    return ns.LiquidRegressor(SHAPE, chip=CHIP, random_state=seed, **settings, **readout)


def input_counts(trains):
    """The same counts of the encoder's two channels, [sample, start * channel]."""
    sample = np.repeat(np.arange(len(trains)), np.diff(trains.sample_ptr))
    flat = 2 * sample + trains.channel
    late = [flat[trains.step >= count.start] for count in COUNTS]
    return np.hstack([np.bincount(part, minlength=2 * len(trains)).reshape(-1, 2) for part in late]).astype(float)


def show(name, forecasts, truth, reference=None):
    """RMSE, or skill over a reference, of each lead; with several seeds their mean and spread."""
    mse = ((np.reshape(forecasts, (-1, *truth.shape)) - truth) ** 2).mean(axis=1)  # [seed, lead]
    rows = np.sqrt(mse) if reference is None else 1 - mse / ((reference - truth) ** 2).mean(axis=0)
    several, mean = len(rows) > 1, rows.mean(axis=0)
    spread = rows.std(axis=0, ddof=1) if several else mean
    print(f"  {name:34s}" + "".join(f"{m:7.2f}" + several * f" +-{s:.2f}" for m, s in zip(mean, spread, strict=True)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(10, 10 + parser.parse_args().seeds)
    table = elnino.load_pandas().data.to_numpy()[:, 1:]  # [year, month]
    months = 12 * (FIRST_TEST_YEAR - FIRST_YEAR)
    anomaly = (table - table[: FIRST_TEST_YEAR - FIRST_YEAR].mean(axis=0)).ravel()
    now = np.arange(PAST - 1, len(anomaly) - LEADS[-1])  # month that a forecast is made in, its last input
    train, test = now + LEADS[-1] < months, now + 1 >= months
    past, future = anomaly[now[:, None] + np.arange(1 - PAST, 1)], anomaly[now[:, None] + LEADS]
    heard, truth = past[:, -MONTHS:, None], future[test]

    def linear(table, model=READOUT):
        weights, constant = learn(model, table[train], future[train])
        return table[test] @ weights.T + constant

    climatology, persistence = np.zeros(truth.shape), np.repeat(past[test, -1:], len(LEADS), axis=1)
    nets = {k: [liquid(k, seed).fit(heard[train], future[train]) for seed in seeds] for k in (RECURRENCE, 0.0)}
    made = {k: [net.predict(heard[test]) for net in of] for k, of in nets.items()}
    scaled = anomaly / anomaly[:months].std()
    echoes = [ns.echo_state(int(np.prod(SHAPE)), seed=seed, **ECHO) for seed in seeds]
    forecasts = {
        "climatology": climatology,
        "persistence": persistence,
        "damped persistence": linear(past[:, -1:], LinearRegression()),
        f"linear, last {PAST} months": linear(past),
        "linear, encoder's counts": linear(input_counts(nets[0.0][0].encoder_.transform(heard))),
        f"echo state network, {echoes[0].n}, float": [linear(e.run(scaled)[now]) for e in echoes],
        "liquid without recurrence, on chip": made[0.0],
        f"liquid of {echoes[0].n}, on chip": made[RECURRENCE],
    }
    print(f"{train.sum()} forecasts to learn from, {len(truth)} to test, {len(seeds)} liquids; leads of 1 to 6 months")
    references = {"skill over persistence": persistence, "skill over climatology": climatology}
    for title, reference in {"RMSE, degrees Celsius": None, **references}.items():
        print(title)
        for name, values in forecasts.items():
            show(name, values, truth, reference)
    differs = 0
    for net, values in zip(nets[RECURRENCE], made[RECURRENCE], strict=True):
        spikes = ns.run(net.liquid_program_, net.encoder_.transform(heard[test]), per_step=False)
        units = net.chip_readout_.scale * 2.0**net.chip_readout_.neuron.weight_shift
        differs += int((host_scores(spikes, net.chip_readout_) / units != values).sum())
    print(f"chip and host integers differ in {differs} of {len(seeds) * truth.size:,} values; a sample, of all leads:")
    print("  " + str(nets[RECURRENCE][0].cost(heard[test])).replace("\n", "\n  "))
    energy, static = (in_words(rests_on(CHIP)[part]) for part in ("energy", "static_power"))
    print(f"  (modelled; prices of energy: {energy}; of static power: {static}; without host and I/O)")


if __name__ == "__main__":
    main()
