"""Validation on the chip: one liquid, a readout trained and compiled for each fold, every decision made three ways."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from chips import ChipProfile
from compiler import Network, compile
from neurosim.generators.liquids import LIQUID
from neurosim.readouts.chip_readout import attach, chip_scores, run_with_readout
from neurosim.readouts.features import COUNT, Feature, form
from neurosim.readouts.host_integers import host_scores
from neurosim.readouts.models import decide, learn
from neurosim.readouts.quantise import to_chip
from neurosim.readouts.readout_cost import ReadoutCost, readout_cost
from neurosim.readouts.spike_decision import attach_decision, chip_decisions, run_decision, spike_decision
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Validation:
    """Out-of-fold scores, [sample, output], in the units of the float readout; nan where a sample is in no test part.

    With two classes there is one output, the score of the second class.
    """

    classes: npt.NDArray[Any]
    float_scores: Floats  # float readout on the chip's spikes
    integer_scores: Floats  # whole numbers at the host
    chip_scores: Floats  # membranes of the chip's readout neurons; nan where spikes decide, as nobody reads them
    costs: tuple[ReadoutCost, ...]  # one a fold
    features: Floats  # [sample, feature * neuron]
    spike_rate: float  # per neuron and step
    spike_decisions: Integers | None = None  # [sample], number of the class, -1 if not tested; None: membranes are read

    @property
    def tested(self) -> npt.NDArray[np.bool_]:
        """Which samples were in a test part."""
        return ~np.isnan(self.integer_scores[:, 0])

    @property
    def chip_decisions(self) -> npt.NDArray[Any]:
        """The class of each tested sample as the chip has it: in spikes, or by the membranes that a host reads."""
        if self.spike_decisions is None:
            return self.decisions(self.chip_scores)
        decided: npt.NDArray[Any] = self.classes[self.spike_decisions]
        return decided

    @property
    def chip_differs_from_integer(self) -> int:
        """Samples on which the chip decides otherwise than the host's integers; a fault if not 0."""
        differs = self.chip_decisions != self.decisions(self.integer_scores)
        return int(differs[self.tested].sum())

    def decisions(self, scores: Floats) -> npt.NDArray[Any]:
        """The class of each sample by some scores."""
        return decide(scores, self.classes)

    def accuracy(self, scores: Floats, labels: npt.ArrayLike) -> float:
        """Share of the tested samples that some scores decide rightly."""
        return self._share_right(self.decisions(scores), labels)

    def chip_accuracy(self, labels: npt.ArrayLike) -> float:
        """Share of the tested samples that the chip decides rightly."""
        return self._share_right(self.chip_decisions, labels)

    def _share_right(self, decisions: npt.NDArray[Any], labels: npt.ArrayLike) -> float:
        return float((decisions == np.asarray(labels))[self.tested].mean())


def validate_on_chip(
    network: Network,
    trains: SpikeTrains,
    labels: npt.ArrayLike,
    folds: Iterable[Fold],
    *,
    chip: ChipProfile,
    model: Any,
    features: Sequence[Feature] = COUNT,
    groups: npt.ArrayLike | None = None,
    decide_in_spikes: bool = False,
) -> Validation:
    """Train and compile a readout for each fold; decide its test part in floating point, in integers and on the chip.

    The liquid is the same in all folds, so it must have been made and calibrated without any of their test parts.

    Args:
        network: the liquid, in a population "liquid".
        trains: all samples.
        labels: [sample].
        folds: (training, test), numbers of samples.
        chip: what to compile for.
        model: a linear classifier of scikit-learn; a clone is fitted on standardised features.
        features: what the readout weighs.
        groups: [sample], passed to models that choose a penalty across groups.
        decide_in_spikes: let the chip decide in spikes (spike_decision.py); otherwise a host reads membranes.

    Raises:
        CannotRepresent: the chip cannot form a feature, or cannot decide on it in spikes.
    """
    y, of = np.asarray(labels), None if groups is None else np.asarray(groups)
    classes = np.unique(y)
    program = compile(network, chip)
    result = run(program, trains, per_step=False)
    table = form(features, result, LIQUID)
    outputs = 1 if len(classes) == 2 else len(classes)
    scores = [np.full((len(y), outputs), np.nan) for _ in range(3)]
    decided = np.full(len(y), -1)
    costs = []
    for train, test in folds:
        weights, constant = learn(clone(model), table[train], y[train], None if of is None else of[train])
        readout = to_chip(weights, constant, features, chip, result.samples(train), LIQUID, for_spikes=decide_in_spikes)
        alone, heard = result.samples(test), trains[test]
        if decide_in_spikes:
            decision = spike_decision(readout, chip)
            whole = compile(attach_decision(network, decision), chip)
            together = run_decision(whole, decision, heard, network.n_channels)
            decided[test] = chip_decisions(together, decision)
        else:
            whole = compile(attach(network, readout), chip)
            together = run_with_readout(whole, readout, heard, network.n_channels)
            scores[2][test] = chip_scores(together, readout) / readout.unit
        scores[0][test] = table[test] @ weights.T + constant
        scores[1][test] = host_scores(alone, readout) / readout.unit
        costs.append(readout_cost(program, alone, whole, together, chip))
    rate = result.n_spikes / (result.n_neurons * int(trains.steps.sum()))
    in_spikes = decided if decide_in_spikes else None
    return Validation(classes, scores[0], scores[1], scores[2], tuple(costs), table, rate, in_spikes)
