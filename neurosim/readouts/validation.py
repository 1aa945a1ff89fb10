"""Validation on the chip: one liquid, a readout trained and compiled for each fold, every decision made three ways."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from chips import ChipProfile, RunError, load_chip
from compiler import Network, compile
from neurosim.generators.liquids import LIQUID
from neurosim.readouts.chip_readout import attach, chip_scores, run_with_readout
from neurosim.readouts.features import COUNT, Feature, form
from neurosim.readouts.host_integers import host_scores
from neurosim.readouts.models import check_takes_groups, decide, learn_classes
from neurosim.readouts.quantise import to_chip
from neurosim.readouts.readout_cost import ReadoutCost, readout_cost
from neurosim.readouts.settings import one_a_sample
from neurosim.readouts.spike_decision import attach_decision, chip_decisions, run_decision, spike_decision
from neurosim.simulate import run
from neurosim.spikes import SpikeTrains

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Validation:
    """Out-of-fold scores, [sample, output], in the units of the float readout; nan where a sample is in no test part.

    With two classes there is one output, the score of the second class.  A class that a fold's training part lacks has
    a score of -inf there, so it never wins; of three or more classes of which a fold knows two, the first has the
    second's score times -1.
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
    chip: ChipProfile | str,
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
        chip: what to compile for, a profile or its name.
        model: a linear classifier or regressor of scikit-learn, as for `LiquidClassifier`; a clone is fitted on
            standardised features.
        features: what the readout weighs.
        groups: [sample], passed to models that choose a penalty across groups.
        decide_in_spikes: let the chip decide in spikes (spike_decision.py); otherwise a host reads membranes.

    Raises:
        RunError: labels, groups or folds do not fit the samples, a fold has one class to learn, or `model` cannot be
            used; CannotRepresent: the chip cannot form a feature, or cannot decide on it in spikes.
    """
    chip = chip if isinstance(chip, ChipProfile) else load_chip(chip)
    of = None if groups is None else one_a_sample("groups", groups, trains.n_samples)
    classes, y = np.unique(one_a_sample("labels", labels, trains.n_samples), return_inverse=True)
    parts = _checked(folds, y, classes)
    if of is not None:
        check_takes_groups(model)
    program = compile(network, chip)
    result = run(program, trains, per_step=False)
    table = form(features, result, LIQUID)
    outputs = 1 if len(classes) == 2 else len(classes)
    scores = [np.full((len(y), outputs), np.nan) for _ in range(3)]
    decided = np.full(len(y), -1)
    costs = []
    for train, test in parts:
        known, numbers = np.unique(y[train], return_inverse=True)
        weights, constant = learn_classes(clone(model), table[train], numbers, None if of is None else of[train])
        readout = to_chip(weights, constant, features, chip, result.samples(train), LIQUID, for_spikes=decide_in_spikes)
        alone, heard = result.samples(test), trains[test]
        if decide_in_spikes:
            decision = spike_decision(readout, chip)
            whole = compile(attach_decision(network, decision), chip)
            together = run_decision(whole, decision, heard, network.n_channels)
            decided[test] = known[chip_decisions(together, decision)]
        else:
            whole = compile(attach(network, readout), chip)
            together = run_with_readout(whole, readout, heard, network.n_channels)
            scores[2][test] = _of_all(chip_scores(together, readout) / readout.unit, known, outputs)
        scores[0][test] = _of_all(table[test] @ weights.T + constant, known, outputs)
        scores[1][test] = _of_all(host_scores(alone, readout) / readout.unit, known, outputs)
        costs.append(readout_cost(program, alone, whole, together, chip))
    rate = result.n_spikes / (result.n_neurons * int(trains.steps.sum()))
    in_spikes = decided if decide_in_spikes else None
    return Validation(classes, scores[0], scores[1], scores[2], tuple(costs), table, rate, in_spikes)


def _of_all(scores: Floats, known: Integers, outputs: int) -> Floats:
    """The scores of the classes that a fold knows, in the columns of all; the others' are -inf."""
    if outputs == 1:
        return scores
    whole = np.full((len(scores), outputs), -np.inf)
    whole[:, known] = scores if len(known) > 2 else scores * np.array([-1.0, 1.0])
    return whole


def _checked(folds: Iterable[Fold], y: Integers, classes: npt.NDArray[Any]) -> list[Fold]:
    """The folds, each with samples that there are, and something to learn and to test.

    Raises:
        RunError: naming the fold, counted from 0.
    """
    if len(classes) < 2:
        raise RunError(f"labels hold {len(classes)} class, but at least 2 are needed to tell apart")
    parts = [(np.asarray(train), np.asarray(test)) for train, test in folds]
    if not parts:
        raise RunError("folds is empty, so nothing would be tested: give pairs (training, test) of sample numbers")
    for i, fold in enumerate(parts):
        for name, part in zip(("training", "test"), fold, strict=True):
            if not part.size:
                raise RunError(f"fold {i} has an empty {name} part: leave the fold out, or give it samples")
            whole = part.ndim == 1 and part.dtype.kind in "iu"
            if not whole or part.min() < 0 or part.max() >= len(y):
                raise RunError(f"fold {i}: its {name} part must list numbers of samples from 0 to {len(y) - 1:,}")
        if len(learned := np.unique(y[fold[0]])) < 2:
            raise RunError(
                f"fold {i} has training samples of class {classes[learned[0]]} only, so there is nothing to learn: "
                "draw folds that hold at least two classes, as StratifiedKFold does"
            )
    return parts
