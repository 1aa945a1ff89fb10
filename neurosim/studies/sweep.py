"""Sweep: evaluate all points of a study that are not known yet, and keep each as soon as it is."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from chips import NeurosimError
from neurosim.studies import bayes
from neurosim.studies.evaluate import REFUSED, job_of
from neurosim.studies.identity import file_hash, hash_of, identity, plain, profile_hash
from neurosim.studies.keys import configured
from neurosim.studies.points import Settings, axes_of, listed_points
from neurosim.studies.pool import Job, Pool
from neurosim.studies.result import StudyResult
from neurosim.studies.store import Point, Store, read_study
from neurosim.studies.study import LoadedStudy, load_study

NAME = "study.sqlite"
Report = Callable[[str, int, int], None]  # what is being done, done, in all


def sweep(
    study: LoadedStudy | str | Path,
    folder: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    approximate: bool = False,
    report: Report | None = None,
) -> StudyResult:
    """Evaluate the points of a study; those that its store holds already are not evaluated again.

    Rows, and the files that `save` makes of them, are the same for any number of workers, here or on a cluster.
    A point that is refused or fails is a row with its reason.  After an interrupt, or a kill, the same call goes on.

    Args:
        study: the study, or the path of its file.
        folder: where `study.sqlite` is, or will be made.
        workers: processes here; by default one for each processor.
        scheduler: the address of a dask.distributed scheduler, in place of processes here.
        approximate: allow every point the approximations that its chip needs, as `approximate: true` of the file does.
        report: called with what is being done, how many points are known, and of how many.

    Raises:
        StudyError: the study is faulty, or the store is damaged, foreign, in use or of another study.
        ExperimentError: the experiment is faulty.
        NeurosimError: the data cannot be read, workers cannot start, or an optional package is missing.
    """
    loaded = study if isinstance(study, LoadedStudy) else load_study(study)
    if approximate:
        loaded = loaded.model_copy(update={"study": loaded.study.model_copy(update={"approximate": True})})
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise NeurosimError(f"workers is {workers!r}, but at least one is needed: leave it out for one per processor")
    profile_hash.cache_clear()  # files may have changed since another sweep
    file_hash(loaded.experiment.data.file)  # a study without data is a faulty study, not one of refused points
    axes = axes_of(loaded.study, loaded.experiment)
    points = listed_points(loaded.study, axes) if loaded.study.search.kind != "bayes" else []
    path = Path(folder) / NAME
    # who evaluates comes first: a cluster that does not answer leaves no store behind
    with _evaluator(workers, scheduler) as evaluate, Store(path) as store:
        run = _Sweep(loaded, store, evaluate, report or (lambda what, done, of: None))
        told = plain(loaded.study.model_dump(by_alias=True, exclude={"experiment"}))
        store.begin({"study": told, "experiment": loaded.experiment.name, "axes": list(axes)})
        if loaded.study.search.kind == "bayes":
            bayes.search(loaded.study, axes, run.batch)
        else:
            run.batch(points)
    return StudyResult(loaded.study, read_study(path).points)


Evaluator = Callable[[Iterator[Job]], Generator[tuple[int, dict[str, Any]], None, None]]


@contextmanager
def _evaluator(workers: int | None, scheduler: str | None) -> Iterator[Evaluator]:
    """What evaluates points: processes here, or a cluster."""
    if scheduler is not None:
        from neurosim.studies.cluster import cluster_of, evaluate_on

        with cluster_of(scheduler) as client:
            yield lambda jobs: evaluate_on(client, jobs)
        return
    with closing(Pool(workers or os.cpu_count() or 1)) as pool:
        yield pool.outcomes


class _Sweep:
    """A study that is going on."""

    def __init__(self, loaded: LoadedStudy, store: Store, evaluate: Evaluator, report: Report) -> None:
        self.loaded, self.store, self.evaluate, self.report = loaded, store, evaluate, report
        self.planned = 0

    def batch(self, settings: Sequence[Settings]) -> list[dict[str, Any] | None]:
        """Plan these points and evaluate those that are not known; the measures of each, None where it is not done."""
        jobs: dict[int, dict[str, Any]] = {}
        points, refused = [], {}
        for number, one in enumerate(settings, self.planned):
            point, job = self._point(number, one)
            points.append(point)
            if isinstance(job, str):
                refused[point.id] = {"status": REFUSED, "reason": job, "measures": None, "provenance": None}
            else:
                jobs[number] = job
        total = max(self.loaded.study.search.points or 0, self.planned + len(points))
        self.planned += len(points)
        self.store.plan(points)
        for point_id, outcome in refused.items():
            self.store.keep(point_id, outcome)
        first_of: dict[str, Point] = {}  # points that are equal, as of a random search over few values, are one row
        for point in points:
            if point.number in jobs and self.store.known(point.id) is None:
                first_of.setdefault(point.id, point)
        missing = {point.number: point for point in first_of.values()}
        done = self.planned - len(missing)
        self.report("points", done, total)
        if missing:
            work = ((number, jobs[number]) for number in missing)
            with closing(self.evaluate(work)) as outcomes:
                for number, outcome in outcomes:
                    self.store.keep(missing[number].id, outcome)
                    done += 1
                    self.report("points", done, total)
        found = [self.store.known(point.id) for point in points]
        return [None if outcome is None else outcome["measures"] for outcome in found]

    def _point(self, number: int, settings: Settings) -> tuple[Point, dict[str, Any] | str]:
        """A point with its hash, and what a worker needs of it, or why it is refused before that."""
        study = self.loaded.study
        how = {"approximate": study.approximate, "readout": study.needs_readout}
        try:
            experiment = configured(self.loaded.experiment, settings, self.loaded.folder)
            whole = identity(experiment, **how)
        except NeurosimError as error:
            refused = hash_of({"settings": plain(settings), "reason": str(error)})
            return Point(number, refused, plain(settings)), str(error)
        return Point(number, hash_of(whole), plain(settings)), job_of(experiment, whole)
