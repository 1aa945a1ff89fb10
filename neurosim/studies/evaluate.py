"""Evaluate: a point in, its row out; this is what workers do.  Jobs and rows are plain data, so they travel as JSON."""

import functools
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from chips import NeurosimError, RunError, load_chip
from neurosim.experiment import Experiment, tuples
from neurosim.studies.identity import canonical, file_hash, plain, provenance
from neurosim.task import Encoded, encode, task_of

DONE, REFUSED, FAILED, KILLED = "done", "refused", "failed", "killed"


def job_of(experiment: Experiment, whole: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker needs to evaluate a point whose `identity` is `whole`."""
    return {
        "experiment": plain(experiment.model_dump(exclude_unset=True)),
        "identity": dict(whole),
    }


def outcome(job: Mapping[str, Any]) -> dict[str, Any]:
    """Status, reason, measures and provenance of a point, on one thread; never raises but for an interrupt."""
    from neurosim.simulation.run_inputs import threads_by_default

    try:
        with threadpool_limits(1), threads_by_default(1):
            return _done(job)
    except NeurosimError as error:
        return _without(REFUSED, str(error))
    except WorkerError as error:
        return _without(KILLED, str(error))  # asked again by the next sweep
    except MemoryError:
        return _without(FAILED, "out of memory: use fewer workers, or a smaller network")
    except Exception as error:  # a fault of ours ends a point, not the study
        return _without(FAILED, f"{type(error).__name__}: {error}")


def _without(status: str, reason: str) -> dict[str, Any]:
    return {"status": status, "reason": reason, "measures": None, "provenance": None}


def _done(job: Mapping[str, Any]) -> dict[str, Any]:
    from neurosim.evaluation import evaluate, measures, readout_measures

    try:
        experiment = Experiment.model_validate(tuples(job["experiment"]))
    except ValidationError as error:
        raise RunError(f"the experiment of this point is faulty: {error}") from None
    chosen, whole = experiment.chips[0], job["identity"]
    _check_same(experiment, whole)
    chip = load_chip(chosen.chip, chosen.set)
    task = task_of(experiment, _encoded(experiment))
    done = evaluate(task, chip, chosen, whole["approximate"])
    found = measures(done) | ({"readout": readout_measures(done)} if whole["readout_on_chip"] else {})
    told = provenance(whole) | {"program_digest": done.program.digest}
    return {"status": DONE, "reason": "", "measures": plain(found), "provenance": told}


def _check_same(experiment: Experiment, whole: Mapping[str, Any]) -> None:
    """Refuse to answer for another version or other data than were asked for, as a worker elsewhere may have."""
    from neurosim import __version__

    if whole["neurosim"] != __version__:
        raise WorkerError(
            f"a worker has neurosim {__version__}, not {whole['neurosim']}: install the same version there"
        )
    if whole["data_sha256"] != file_hash(experiment.data.file):
        raise WorkerError(f"a worker has other data in {experiment.data.file}: copy the file there")


class WorkerError(Exception):
    """A worker that cannot stand for the one who asked; no refusal of the point itself."""


def _encoded(experiment: Experiment) -> Encoded:
    """The data as spikes; the last few are kept, as points that follow one another mostly share them."""
    wanted = {
        "data": file_hash(experiment.data.file),
        "encoder": plain(experiment.encoder.model_dump()),
        "dt_ms": experiment.liquid.dt_ms,
        "calibration_samples": experiment.liquid.calibration_samples,
    }
    return _encodings(canonical(wanted), _Ignored(experiment))


class _Ignored:
    """An argument that a cache does not look at."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Ignored)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(4)
def _encodings(key: str, of: _Ignored) -> Encoded:
    return encode(of.experiment)
