"""A readout, trained, compiled beside its liquid and run: what `compare` reports of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from chips import ChipProfile
from compiler import Mapping, Network, Program, compile
from compiler.partitioning.problem import DEFAULT, Method
from neurosim.generators.liquids import LIQUID
from neurosim.readouts.chip_readout import attach, chip_scores, run_with_readout
from neurosim.readouts.features import COUNT, Feature, cannot_form, form
from neurosim.readouts.host_integers import host_scores
from neurosim.readouts.linear import ridge_classifier
from neurosim.readouts.models import decide, learn
from neurosim.readouts.quantise import to_chip
from neurosim.readouts.readout_cost import readout_cost
from neurosim.recordings.dataset import Dataset
from neurosim.result import RunResult
from neurosim.spikes import SpikeTrains


def compiled_readout(
    network: Network,
    program: Program,
    chip: ChipProfile,
    trains: SpikeTrains,
    result: RunResult,
    data: Dataset,
    alpha: float | None,
    seed: int,
    approximate: bool,
    features: Sequence[Feature] = COUNT,
    partition: Method = DEFAULT,
    mapping: Mapping | None = None,
) -> dict[str, Any]:
    """Accuracy in floating point and on the chip, and what the readout costs; or why the chip cannot form it.

    Args:
        network: the liquid.
        program: the same, compiled.
        chip: for it.
        trains: all samples.
        result: what the liquid did on them.
        data: labels and split.
        alpha: ridge penalty; None: by leave-one-out.
        seed: as for `compile` and `run`.
        approximate: as for `compile`.
        features: what the readout weighs.
        partition: as for `compile`.
        mapping: as for `compile`; readouts go wherever it leaves room.
    """
    names = [str(feature) for feature in features]
    if reasons := [reason for feature in features if (reason := cannot_form(feature, chip))]:
        return {"on_chip": False, "features": names, "reason": reasons[0]}
    training, model = result.samples(np.flatnonzero(~data.is_test)), ridge_classifier(alpha)
    table = form(features, result, LIQUID)
    weights, constants = learn(model, table[~data.is_test], data.label[~data.is_test])
    readout = to_chip(weights, constants, features, chip, training, LIQUID)
    whole = compile(attach(network, readout), chip, seed, approximate=approximate, partition=partition, mapping=mapping)
    together = run_with_readout(whole, readout, trains, network.n_channels, seed=seed)
    on_chip, on_host = chip_scores(together, readout), host_scores(result, readout)
    real = table @ weights.T + constants
    right = {
        name: float((decide(scores, model.classes_) == data.label)[data.is_test].mean())
        for name, scores in (("float_accuracy", real), ("accuracy", on_chip))
    }
    differs = int((decide(on_chip, model.classes_) != decide(on_host, model.classes_)).sum())
    return {
        "on_chip": True,
        "features": names,
        **right,
        "differs_from_host": differs,
        **asdict(readout_cost(program, result, whole, together, chip)),
    }
