"""Published figures of chips against what the profiles make of them, the poor ones too.

Prints the table of benchmarks/published.md; `--write` writes it.  Points with a known rate are computed from counts;
with `--run` those of TrueNorth's Fig. 17 are simulated on all 4,096 cores (half a minute, 1 GB).
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import bars  # noqa: F401 - finds neurosim
import numpy as np

import neurosim as ns
from neurosim.pricing import power_mw

NEURONS, SYNAPSES, HOPS = 4096 * 256, 128, 42.6
FILL = 16  # ticks until spikes with the longest delay arrive
NOT = "not reproduced"


@dataclass(frozen=True)
class Row:
    """One published figure."""

    chip: str
    point: str
    published: str
    model: str
    error: str
    note: str


def truenorth_mw(rate_hz: float, synapses: int = SYNAPSES, scale: float = 1.0) -> float:
    """Power of all cores at a rate, in milliwatts; `scale` multiplies all of it."""
    spikes = NEURONS * rate_hz
    events = {"synaptic_event": spikes * synapses, "hop_x": spikes * HOPS}
    return scale * power_mw(ns.load_chip("truenorth"), events)


def uniform_truenorth(rate_hz: float, seed: int = 0) -> ns.CrossbarNetwork:
    """All 4,096 cores: every neuron fires at `rate_hz` and sends to a random axon of its own, 128 synapses a row.

    Neurons count ticks (a leak of 1 up to a threshold), from random phases, so that the rate is exact; weights are 0.
    """
    rng = np.random.default_rng(seed)
    cores, size = 4096, 256
    row = np.zeros((size, size), np.bool_)
    for axon in range(size):
        row[axon, rng.permutation(size)[:SYNAPSES]] = True
    bits = np.broadcast_to(np.packbits(row, axis=1, bitorder="little"), (cores, size, size // 8))
    period = 1000 / rate_hz
    share = (1 / period - 1 / (np.floor(period) + 1)) / (1 / np.floor(period) - 1 / (np.floor(period) + 1))
    target = rng.permutation(cores * size).reshape(cores, size)
    threshold = np.floor(period) + (rng.random((cores, size)) >= share)
    return ns.CrossbarNetwork.make(
        bits,
        np.zeros((cores, size), np.uint8),
        target_core=target // size,
        target_axon=target % size,
        target_delay=rng.integers(1, 16, (cores, size)),
        leak=1,
        threshold=threshold.astype(np.int64),
        potential=(rng.random((cores, size)) * threshold).astype(np.int64),
    )


def simulated_mw(rate_hz: float, ticks: int = 100) -> tuple[float, float]:
    """Power of a simulated uniform network once all delays are filled, and its mean hops."""
    program = ns.compile(uniform_truenorth(rate_hz), "truenorth")
    counts = ns.run(program, None, ticks + FILL).counts
    spent = ns.energy(counts, "truenorth")
    hops = (counts.sum("hops_x") + counts.sum("hops_y")) / counts.sum("packets_out")
    assert spent.step_pj is not None
    return float(spent.step_pj[FILL:].mean()) * 1e-6 + ns.load_chip("truenorth").standing_mw, hops


def rows(simulate: bool = False) -> list[Row]:
    """The table."""
    return [*_truenorth(simulate), *_odin(), *_loihi()]


def _truenorth(simulate: bool) -> list[Row]:
    made = []
    for rate, published in ((11.58, 68), (20.07, 71), (95.93, 94)):
        model, note = truenorth_mw(rate), "0.8 V, 128 synapses, 42.6 hops; Akopyan 2015, Fig. 17"
        if simulate:
            model, hops = simulated_mw(rate)
            note = f"0.8 V, 128 synapses, simulated on all cores, {hops:.1f} hops; Akopyan 2015, Fig. 17"
        note += {11.58: " (fitted to)", 20.07: " (held out)", 95.93: " (fitted to)"}[rate]
        made.append(_power("truenorth", f"{rate} Hz", published, model, note))
    for volt, rate, synapses, published, source in (
        (0.75, 20, 128, 65, "Akopyan 2015, p. 1551"),
        (0.775, 20, 128, 72, "Merolla 2014, p. 7"),
        (0.70, 0, 0, 42, "Akopyan 2015, p. 1551, low corner"),
        (1.05, 200, 256, 323, "Akopyan 2015, p. 1551, high corner"),
    ):
        for scale, how in ((1.0, "as at 0.8 V"), ((volt / 0.8) ** 2, "scaled by the square of the voltage")):
            model = truenorth_mw(rate, synapses, scale)
            made.append(
                _power("truenorth", f"{rate} Hz, {synapses} synapses, {volt} V", published, model, f"{how}; {source}")
            )
    flat = 26e-9 * NEURONS * SYNAPSES
    for rate, published in ((11.58, 68), (95.93, 94)):
        made.append(
            _power("26 pJ an event", f"{rate} Hz", published, flat * rate, "what a flat price would say; Merolla 2014")
        )
    apps = "saccade 49, Haar 58, LBP 64 mW at 0.75 V; 4, 7, 16 chips 0.653, 1.274, 2.515 W at 1.0 V"
    made.append(Row("truenorth", "applications", apps, NOT, "", "their rates are not published; Akopyan 2015, Table I"))
    return made


def _odin() -> list[Row]:
    made = []
    for mhz, rate, published in ((75.0, 37.5e6, 477), (1.3, 650e3, 35)):
        model = 1e3 * power_mw(ns.load_chip("odin", {"clock.mhz": mhz}), {"synaptic_event": rate})
        made.append(
            _power("odin", f"{mhz:g} MHz, {rate / 1e6:g} MSOP/s", published, model, "0.55 V; Frenkel 2019", "uW")
        )
    made.append(Row("odin", "MNIST", "15 nJ an inference", NOT, "", "its events are not published; Frenkel 2019"))
    return made


def _loihi() -> list[Row]:
    """A query of Frady 2020 on 32 chips: 667 to 750 spikes, each to 76,800 synapses; a census that is reconstructed."""
    made = []
    for name in ("loihi1", "loihi1_sanafe"):
        price = ns.load_chip(name).energy.synaptic_event_pj
        low, high = (spikes * 76800 * price * 1e-9 for spikes in (667, 750))
        note = "synaptic events alone, of a reconstructed census; Frady 2020"
        error = f"{low / 1.33 - 1:+.0%} to {high / 1.33 - 1:+.0%}"
        made.append(Row(name, "nearest-neighbour query", "1.33 mJ", f"{low:.2f} to {high:.2f} mJ", error, note))
    note = "counts are not published; no energy of an event is (energies are Loihi 1's)"
    made.append(Row("loihi2", "SHD with delays", "0.36 mJ, 1.54 ms", NOT, "", f"{note}; Meszaros 2025"))
    made.append(
        Row("loihi1", "keyword spotting", "0.27 mJ an inference", NOT, "", "counts are not published; Blouw 2019")
    )
    return made


def _power(chip: str, point: str, published: float, model: float, note: str, unit: str = "mW") -> Row:
    return Row(chip, point, f"{published:g} {unit}", f"{model:.4g} {unit}", f"{model / published - 1:+.1%}", note)


def markdown(table: list[Row]) -> str:
    """The table as a page."""
    head = (
        "# Published figures and the model\n\n"
        "Modelled, not measured.  Every published point is here, also where the model is far off, and where there is\n"
        "nothing to compute it from.  Made by `python benchmarks/published.py --write --run`.\n\n"
        "| chip | point | published | model | error | note |\n|---|---|---|---|---|---|\n"
    )
    return head + "".join(
        f"| {r.chip} | {r.point} | {r.published} | {r.model} | {r.error} | {r.note} |\n" for r in table
    )


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="simulate TrueNorth's points")
    parser.add_argument("--write", action="store_true", help="write benchmarks/published.md")
    args = parser.parse_args()
    page = markdown(rows(args.run))
    if args.write:
        (Path(__file__).parent / "published.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
