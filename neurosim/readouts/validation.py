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
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

Floats = npt.NDArray[np.float64]
Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Validation:
    """Out-of-fold scores, [sample, output], in the units of the float readout; nan where a sample is in no test part.

    With two classes there is one output, the score of the second class.
    """

    classes: npt.NDArray[Any]
    float_scores: Floats  # float readout on the chip's spikes
    integer_scores: Floats  # whole numbers at the host
    chip_scores: Floats  # membranes of the chip's readout neurons
    costs: tuple[ReadoutCost, ...]  # one a fold
    features: Floats  # [sample, feature * neuron]
    spike_rate: float  # per neuron and step

    @property
    def tested(self) -> npt.NDArray[np.bool_]:
        """Which samples were in a test part."""
        return ~np.isnan(self.chip_scores[:, 0])

    @property
    def chip_differs_from_integer(self) -> int:
        """Samples on which the chip decides otherwise than the host's integers; a fault if not 0."""
        differs = self.decisions(self.chip_scores) != self.decisions(self.integer_scores)
        return int(differs[self.tested].sum())

    def decisions(self, scores: Floats) -> npt.NDArray[Any]:
        """The class of each sample by some scores."""
        return decide(scores, self.classes)

    def accuracy(self, scores: Floats, labels: npt.ArrayLike) -> float:
        """Share of the tested samples that some scores decide rightly."""
        return float((self.decisions(scores) == np.asarray(labels))[self.tested].mean())


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

    Raises:
        CannotRepresent: the chip cannot form a feature.
    """
    y, of = np.asarray(labels), None if groups is None else np.asarray(groups)
    classes = np.unique(y)
    program = compile(network, chip)
    result = run(program, trains, per_step=False)
    table = form(features, result, LIQUID)
    outputs = 1 if len(classes) == 2 else len(classes)
    scores = [np.full((len(y), outputs), np.nan) for _ in range(3)]
    costs = []
    for train, test in folds:
        weights, constant = learn(clone(model), table[train], y[train], None if of is None else of[train])
        readout = to_chip(weights, constant, features, chip, result.samples(train), LIQUID)
        whole = compile(attach(network, readout), chip)
        together = run_with_readout(whole, readout, trains[test], network.n_channels)
        alone = result.samples(test)
        scores[0][test] = table[test] @ weights.T + constant
        scores[1][test] = host_scores(alone, readout) / readout.unit
        scores[2][test] = chip_scores(together, readout) / readout.unit
        costs.append(readout_cost(program, alone, whole, together, chip))
    rate = result.n_spikes / (result.n_neurons * int(trains.steps.sum()))
    return Validation(classes, scores[0], scores[1], scores[2], tuple(costs), table, rate)
