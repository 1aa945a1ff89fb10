"""One network in floating point, in the chip's integers, and compiled: what lowering and mapping each changed.

Between floating point and integers stands the chip's precision; between the integers and the compiled program
nothing may stand, so a divergence there would be a fault of the compiler or of the simulator.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chips import ChipProfile, load_chip
from compiler import Network, Program, Tolerance, compile
from neurosim.debugging.divergence import Divergence, agreement, first_divergence
from neurosim.debugging.float_run import run_float
from neurosim.debugging.lowered_run import run_lowered
from neurosim.debugging.state import thresholds
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

FLOAT, INTEGERS, COMPILED = "floating point", "integers", "compiled"


@dataclass(frozen=True)
class Pair:
    """Two runs beside each other."""

    a: str
    b: str
    agreement: float  # 2 x common spikes / spikes of both
    divergence: Divergence | None
    v_over_threshold: dict[str, float] | None
    """Of the first neuron whose spikes differ, in the step in which they do: v / threshold of each run, after reset;
    of the run without the spike 1 minus this is what was missing.  None where spikes do not differ."""


@dataclass(frozen=True)
class RunComparison:
    """Three runs of one network on one input, or two where the chip has other neurons than section cuba_lif's."""

    chip: str
    rates_hz: dict[str, float]  # run -> mean rate of a neuron
    spikes: dict[str, int]
    pairs: tuple[Pair, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        return asdict(self)

    def __str__(self) -> str:
        """A few lines for people."""
        lines = [
            f"{name}: {self.spikes[name]:,} spikes, {rate:.3f} Hz a neuron" for name, rate in self.rates_hz.items()
        ]
        return "\n".join([*lines, *(_in_words(pair) for pair in self.pairs)])


def compare_runs(
    network: Network,
    chip: ChipProfile | str,
    inputs: SpikeTrains,
    *,
    seed: int = 0,
    tolerance: Tolerance | None = None,
    threads: int | None = None,
    approximate: bool = False,
) -> RunComparison:
    """Run `network` in floating point, in integers of `chip`, and compiled to it; say where each pair parts.

    Between the first and the last stand the integers of chips with neurons of section cuba_lif only; on others
    (crossbars, linear leaks) these two are compared alone.

    Args:
        network: of LIF neurons in physical units.
        chip: a profile, or the name or path of one.
        inputs: external spikes.
        seed: of the placement.
        tolerance: the largest errors that lowering may make.
        threads: as of `run`.
        approximate: as for `compile`.

    Raises:
        NeurosimError: as `run_float`, `run_lowered`, `compile` and `run`.
    """
    chip = chip if isinstance(chip, ChipProfile) else load_chip(chip)
    program = compile(network, chip, seed, tolerance, approximate=approximate)
    runs = _Runs(network, chip, program, tolerance, threads)
    names = (FLOAT, COMPILED) if chip.cuba_lif is None else (FLOAT, INTEGERS, COMPILED)
    results = {name: runs.run(name, inputs) for name in names}
    neuron_ms = int(results[FLOAT].steps.sum()) * network.dt_ms * program.n_neurons
    pairs = ((FLOAT, INTEGERS), (INTEGERS, COMPILED), (FLOAT, COMPILED))
    return RunComparison(
        chip=chip.name,
        rates_hz={name: result.n_spikes / neuron_ms * 1e3 for name, result in results.items()},
        spikes={name: int(result.n_spikes) for name, result in results.items()},
        pairs=tuple(_pair(runs, inputs, results, a, b) for a, b in pairs if a in results and b in results),
    )


@dataclass(frozen=True)
class _Runs:
    network: Network
    chip: ChipProfile
    program: Program
    tolerance: Tolerance | None
    threads: int | None

    def run(self, name: str, inputs: SpikeTrains, probe: Sequence[int] | None = None) -> Any:
        if name == FLOAT:
            return run_float(self.network, inputs, probe=probe, threads=self.threads)
        if name == INTEGERS:
            return run_lowered(self.network, self.chip, inputs, probe=probe, tolerance=self.tolerance)
        return run(self.program, inputs, probe=probe, per_step=False, threads=self.threads)

    def threshold(self, name: str, neuron: int) -> float:
        """Of v as the run's probes have it."""
        if name != FLOAT:
            return float(thresholds(self.program)[neuron])
        owner = next(span for span in self.program.spans if span.start <= neuron < span.start + span.n)
        population = next(p for p in self.network.populations if p.name == owner.name)
        above = population.values("v_threshold") - population.values("v_leak")
        return float(above[neuron - owner.start])


def _pair(runs: _Runs, inputs: SpikeTrains, results: dict[str, Any], a: str, b: str) -> Pair:
    found = first_divergence(results[a], results[b])
    ratio = None
    if found is not None and found.spikes is not None:
        place = found.spikes
        one, ratio = inputs[[place.sample]], {}
        for name in (a, b):
            probes = runs.run(name, one, [place.neuron]).probes
            ratio[name] = float(probes.v[place.step, 0]) / runs.threshold(name, place.neuron)
    return Pair(a, b, agreement(results[a], results[b]), found, ratio)


def _in_words(pair: Pair) -> str:
    head = f"{pair.a} / {pair.b}: {pair.agreement:.2%} of the spikes agree"
    return f"{head}; {divergence_in_words(pair.divergence, pair.a, pair.b, pair.v_over_threshold)}"


def divergence_in_words(found: Divergence | None, a: str, b: str, ratio: dict[str, float] | None = None) -> str:
    """A divergence as a sentence without a full stop."""
    if found is None:
        return "nothing differs"
    parts = []
    if found.state is not None:
        s = found.state
        parts.append(
            f"{s.variable} of neuron {s.neuron} first differs in step {s.step} of sample {s.sample}: {s.a} and {s.b}"
        )
    if found.spikes is not None:
        d = found.spikes
        who = [f"{_list(only)} fired in {name} alone" for only, name in ((d.only_a, a), (d.only_b, b)) if only]
        who += [f"neuron {neuron} sent {x} and {y}" for neuron, x, y in d.values[:5]]
        parts.append(f"spikes first differ in step {d.step} of sample {d.sample}: {', '.join(who)}")
    if ratio is not None and found.spikes is not None:
        each = " and ".join(f"{value:.4f} in {name}" for name, value in ratio.items())
        parts.append(f"v / threshold of neuron {found.spikes.neuron} after this step: {each}")
    return "; ".join(parts)


def _list(neurons: tuple[int, ...]) -> str:
    some = ", ".join(str(neuron) for neuron in neurons[:5])
    more = f" and {len(neurons) - 5} more" if len(neurons) > 5 else ""
    return f"neuron{'s' * (len(neurons) > 1)} {some}{more}"
