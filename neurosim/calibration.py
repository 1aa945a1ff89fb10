"""Calibration: the gain and the inhibition at which a liquid fires as wanted, on the chip's own integers.

Two knobs for two targets.  The gain multiplies every weight and sets the rate: found by halving the interval of its
logarithm.  The inhibition multiplies the weights of inhibitory neurons and sets the balance, the inhibitory charge
that the liquid's own synapses deliver over the excitatory one: each round scales it by wanted / found, and finds the
gain anew.

With `even_out` each neuron gets a threshold of its own (even_thresholds.py).  Neurons that fire more alike also weigh
differently, so rate and balance move: where one is too far off, gain and inhibition are found anew with the thresholds
held.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chips import ChipProfile, DoesNotFit, RunError
from compiler import Network, Program, compile
from neurosim.even_thresholds import EVEN_RANGE, even_factors, held, with_thresholds
from neurosim.generators.liquids import LIQUID
from neurosim.numbers import is_real
from neurosim.result import RunResult
from neurosim.sequences import check_trains
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

LOWEST, HIGHEST = 1e-2, 1e2
HALVINGS = 14  # of the logarithm of the gain: 0.06 % at the end
CLOSE_RATE = 0.005  # relative; a rate this near to its target ends the search
EVEN_CLOSE_RATE = 0.15  # relative; what even_out may leave, as a new gain moves what was evened out
ROUGH_RATE = 0.25  # relative; a rate further away is no calibration
ROUNDS = 8  # of the balance
CLOSE_BALANCE = 0.05  # relative
MOST_SILENT = 0.9  # share of neurons that never fire
SATURATED = 0.9  # of the highest rate that refractoriness leaves

Build = Callable[[float, float], Network]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """What was found, and how the liquid fires with it on the calibration data."""

    gain: float
    inhibition: float
    rate: float  # spikes per neuron and step
    balance: float  # inhibitory over excitatory charge of the liquid's own synapses; nan without excitatory ones
    silent: float  # share of neurons that never fire
    saturated: float  # share of neurons near the highest rate that they can have
    network: Network = field(repr=False)  # the liquid that was found, with its thresholds
    thresholds: Floats | None = None  # [neuron of the liquid], factors, where they were evened out
    threshold_range: tuple[float, float] | None = None  # of the factors: EVEN_RANGE, or what the chip holds of it

    def __str__(self) -> str:
        """One line."""
        return (
            f"gain {self.gain:.4g}, inhibition {self.inhibition:.4g}: {self.rate:.2%} a step, inhibition / excitation "
            f"{self.balance:.2f}, {self.silent:.0%} of the neurons silent, {self.saturated:.0%} saturated"
            f"{self._narrowed()}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data with stable keys: what was found and reached, without network and thresholds; nan as None."""
        skipped = ("network", "thresholds")
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in skipped}
        return found | {"balance": None if np.isnan(self.balance) else self.balance}

    def _narrowed(self) -> str:
        if self.threshold_range in (None, EVEN_RANGE):
            return ""
        low, high = self.threshold_range
        return f", thresholds held within {low:.3g} to {high:.3g} times, as the chip holds no more"


@dataclass(frozen=True)
class _Trial:
    """A liquid on a chip and the data to calibrate on."""

    build: Build
    chip: ChipProfile
    inputs: SpikeTrains
    approximate: bool
    thresholds: Floats | None = None  # [neuron of the liquid], factors

    def at(self, gain: float, inhibition: float) -> tuple[Network, RunResult]:
        network = self.build(gain, inhibition)
        if self.thresholds is not None:
            network = with_thresholds(network, self.thresholds)
        return network, run(self._compiled(network), self.inputs, per_step=False)

    def _compiled(self, network: Network) -> Program:
        """On cores that are found fast, as no spike depends on where a neuron lies."""
        try:
            return compile(network, self.chip, approximate=self.approximate, partition="greedy")
        except DoesNotFit:  # a careful cut needs fewer cores
            return compile(network, self.chip, approximate=self.approximate)

    def rate(self, gain: float, inhibition: float) -> float:
        network, result = self.at(gain, inhibition)
        return result.n_spikes / (network.n_neurons * int(self.inputs.steps.sum()))


def calibrate(
    build: Build,
    chip: ChipProfile,
    inputs: SpikeTrains,
    target_rate: float,
    *,
    balance: float | None = None,
    inhibition: float = 2.0,
    even_out: bool = False,
    approximate: bool = False,
) -> Calibration:
    """Find the gain, and with `balance` the inhibition too, that give a wanted regime.

    Call it before training, on training data only.  `found.network` is the liquid that was found.

    Args:
        build: network for (gain, inhibition), its neurons in a population "liquid"; the rate must grow with the gain.
        chip: whose integers count.
        inputs: training data only.
        target_rate: spikes per neuron and step, above 0, below 1; 0.01 to 0.08 keep a liquid's rank.
        balance: wanted inhibitory over excitatory charge of recurrent synapses, 1 for as much of one as of the other;
            None leaves the inhibition as it is.
        inhibition: what to use, or to start from.
        even_out: give each neuron a threshold of its own, within a range that the chip holds
            (`found.threshold_range`).
        approximate: as for `compile`.

    Returns:
        What was found: its rate within half a percent of the target, or 15 % with `even_out`, and its balance within
        5 % of the wanted one.  Where the rate jumps as the gain grows, it may be up to 25 % off.

    Raises:
        RunError: the rate or the balance is out of reach, or the liquid is silent or saturated; with the knob to turn.
    """
    _check(target_rate, balance, inhibition)
    _check_inputs(inputs)
    trial = _Trial(build, chip, inputs, approximate)
    gain = _gain(trial, target_rate, inhibition, 0.0)
    if balance is not None:
        gain, inhibition = _balanced(trial, target_rate, balance, gain, inhibition)
    found = _evened(trial, gain, inhibition, target_rate, balance) if even_out else _measured(trial, gain, inhibition)
    _refuse_unfit(found, target_rate)
    return found


def _balanced(trial: _Trial, target: float, wanted: float, gain: float, inhibition: float) -> tuple[float, float]:
    found = np.nan
    for _ in range(ROUNDS):
        network, result = trial.at(gain, inhibition)
        found = balance_of(network, result)
        if not np.isfinite(found) or found == 0:
            kind = "excitatory" if not np.isfinite(found) else "inhibitory"
            raise RunError(
                f"the liquid's own {kind} synapses deliver nothing on the calibration data, so no balance can be set: "
                "raise recurrence, or give inhibitory a fraction between 0 and 1, or leave balance out"
            )
        if abs(found / wanted - 1) <= CLOSE_BALANCE:
            return gain, inhibition
        inhibition *= float(np.clip(wanted / found, 0.25, 4))
        gain = _gain(trial, target, inhibition, gain)
    raise RunError(
        f"inhibition over excitation is {found:.2f} after {ROUNDS} rounds, not the balance of {wanted:g}: choose a "
        f"balance nearer to 1, or lower recurrence{_without(trial.thresholds)}"
    )


def _gain(trial: _Trial, target: float, inhibition: float, near: float) -> float:
    """The gain for a rate; `near` is where it was for a like inhibition, or 0."""
    low, high = (near / 4, near * 4) if near else (LOWEST, HIGHEST)
    if (rate := trial.rate(high, inhibition)) < target:
        if near:
            return _gain(trial, target, inhibition, 0.0)
        raise RunError(
            f"the liquid fires {rate:.4f} spikes per neuron and step even at gain {high:g}, below the target_rate of "
            f"{target:g}: lower target_rate or inhibition, or raise input_density{_without(trial.thresholds)}"
        )
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        rate = trial.rate(middle, inhibition)
        if abs(rate / target - 1) <= CLOSE_RATE:
            return middle
        low, high = (low, middle) if rate > target else (middle, high)
    return float(np.sqrt(low * high))


def _evened(trial: _Trial, gain: float, inhibition: float, target: float, balance: float | None) -> Calibration:
    network, result = trial.at(gain, inhibition)
    if not any(p.name == LIQUID and p.kind == "lif" for p in network.populations):
        raise RunError(f"thresholds are evened out in a population {LIQUID!r} of kind 'lif', which the network lacks")
    factors, allowed = even_factors(
        result, target, lambda factors: replace(trial, thresholds=factors).at(gain, inhibition)[1]
    )
    _, allowed, found = held(
        factors, allowed, lambda f: _reached(replace(trial, thresholds=f), gain, inhibition, target, balance)
    )
    return replace(found, threshold_range=allowed)


def _reached(trial: _Trial, gain: float, inhibition: float, target: float, balance: float | None) -> Calibration:
    """Rate and balance as wanted again, with the thresholds held."""
    found = _measured(trial, gain, inhibition)
    if abs(found.rate / target - 1) > EVEN_CLOSE_RATE:
        gain = _gain(trial, target, inhibition, gain)
    if balance is not None:
        gain, inhibition = _balanced(trial, target, balance, gain, inhibition)
    return found if (gain, inhibition) == (found.gain, found.inhibition) else _measured(trial, gain, inhibition)


def _measured(trial: _Trial, gain: float, inhibition: float) -> Calibration:
    network, result = trial.at(gain, inhibition)
    steps = int(trial.inputs.steps.sum())
    rates = np.bincount(result.spike_neuron, minlength=network.n_neurons) / steps
    highest = [1 / (1 + p.values("refractory_ms") // network.dt_ms) for p in network.populations if p.kind == "lif"]
    saturated = float((rates >= SATURATED * np.concatenate(highest)).mean()) if highest else 0.0
    balance = balance_of(network, result)
    silent = float((rates == 0).mean())
    return Calibration(gain, inhibition, float(rates.mean()), balance, silent, saturated, network, trial.thresholds)


def balance_of(network: Network, result: RunResult) -> float:
    """Inhibitory over excitatory charge, sum of |weight| x spikes, that the liquid's own synapses delivered.

    Of the weights as asked for, since on crossbars a synapse has none of its own; `metrics.activity` has the inverse,
    in the integers of synapse lists.  In a liquid of 96 neurons the two were 0.3 % apart with 8 bits a weight, 1.7 %
    with 4, and 16 % with ODIN's 3, which cut large weights.  nan where there is no excitatory charge.
    """
    charge = {1: 0.0, -1: 0.0}
    spikes = result.spike_counts(LIQUID).sum(axis=0)
    for projection in network.projections:
        if projection.source == projection.target == LIQUID:
            arrived: npt.NDArray[np.float64] = projection.weights * spikes[projection.sources]
            charge[1] += float(arrived[arrived > 0].sum())
            charge[-1] -= float(arrived[arrived < 0].sum())
    return charge[-1] / charge[1] if charge[1] else float("nan")


def _refuse_unfit(found: Calibration, target: float) -> None:
    without = _without(found.thresholds)
    if found.rate < (1 - ROUGH_RATE) * target:
        raise RunError(
            f"the liquid fires {found.rate:.4f} spikes per neuron and step, below the target_rate of {target:g}, with "
            f"{found.silent:.0%} of its neurons silent: raise input_density, or lower input_negative or inhibition"
            f"{without}"
        )
    if found.rate > (1 + ROUGH_RATE) * target:
        raise RunError(
            f"the liquid jumps past the target_rate of {target:g} to {found.rate:.4f} spikes per neuron and step at "
            f"gain {found.gain:.4g}: it excites itself; lower recurrence, or raise inhibition or balance{without}"
        )
    if found.silent > MOST_SILENT:
        raise RunError(
            f"{found.silent:.0%} of the neurons are silent at the target_rate of {target:g}: raise input_density (more "
            "neurons hear the input) or recurrence, or raise target_rate"
        )
    if found.saturated > 0.5:
        raise RunError(
            f"{found.saturated:.0%} of the neurons are saturated at the target_rate of {target:g}: lower target_rate, "
            "or raise inhibition or balance"
        )


def _without(thresholds: Floats | None) -> str:
    return "" if thresholds is None else ", or leave out even_out"


def _check(target_rate: float, balance: float | None, inhibition: float) -> None:
    if not (is_real(target_rate) and 0 < target_rate < 1):
        raise RunError(f"target_rate is {target_rate!r}, but spikes per neuron and step lie between 0 and 1")
    if balance is not None and not (is_real(balance) and 0 < balance < np.inf):
        raise RunError(f"balance is {balance!r}, but must be above 0: leave it out to keep the inhibition as it is")
    if not (is_real(inhibition) and 0 <= inhibition < np.inf) or (balance is not None and inhibition == 0):
        raise RunError(f"inhibition is {inhibition!r}, but must be a finite number, above 0 where a balance is wanted")


def _check_inputs(inputs: SpikeTrains) -> None:
    check_trains("inputs", inputs)
    if len(inputs.step) == 0:
        raise RunError(
            f"the {inputs.n_samples:,} calibration samples hold no spike, so the liquid hears nothing: mend the encoder"
        )
