"""The study file: an experiment, axes over its keys, how to search them, and what is wanted."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from chips import ExperimentError, Fault, StudyError
from chips.explain import describe
from chips.formats import who_takes
from chips.hints import did_you_mean
from chips.reading import Document, file_order, read_yaml
from neurosim.experiment import Experiment, beside, faults_of, load_experiment, tuples
from neurosim.experiment_parts import Part
from neurosim.studies.axes import Axis, Number
from neurosim.studies.keys import refusal
from neurosim.studies.objectives import FRACTIONS, MEASURES, ON_CHIP
from neurosim.studies.values import not_finite, wrong_values

FORMAT = "neurosim-study/1"
MAX_POINTS = 100_000
NEEDS_OPTUNA = "bayes needs optuna: pip install 'neurosim-toolchain[study]', or write kind: random"


class Search(Part):
    """Which points: all of a grid, some at random, or where a model of the points so far expects the best."""

    kind: Literal["grid", "random", "bayes"] = "grid"
    points: Annotated[int, Field(ge=1, le=MAX_POINTS)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0

    @model_validator(mode="after")
    def _counted(self) -> "Search":
        if (self.kind == "grid") != (self.points is None):
            raise ValueError(
                "points beside kind: grid, which takes all: leave points out"
                if self.kind == "grid"
                else f"kind {self.kind} needs points: how many to evaluate"
            )
        return self


class Objective(Part):
    """A measure, and which way is better."""

    name: str
    goal: Literal["minimise", "maximise"] | None = Field(default=None, description="null: what is usual of it")

    @property
    def maximise(self) -> bool:
        """Whether more is better."""
        return MEASURES[self.name].maximise if self.goal is None else self.goal == "maximise"


class Limit(Part):
    """Bounds of a measure."""

    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="after")
    def _bounds(self) -> "Limit":
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least or at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least {self.at_least:g} is above at_most {self.at_most:g}: no point can keep both")
        return self


class Study(Part):
    """All points of a study and what is wanted of them; the experiment is beside it in `LoadedStudy`."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    description: str = ""
    experiment: Any = Field(description="the path of an experiment file, or the experiment itself")
    axes: Annotated[dict[str, Axis], Field(min_length=1)]
    search: Search = Search()
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)] = (
        Objective(name="energy_per_inference"),
        Objective(name="accuracy"),
    )
    constraints: tuple[dict[str, Limit], ...] = ()
    average_over: tuple[str, ...] = Field(
        default=(), description="axes that only repeat, such as liquid.seed: fronts are of means over them"
    )
    approximate: bool = Field(default=False, description="allow every point the approximations that its chip needs")

    @property
    def needs_readout(self) -> bool:
        """Whether each point compiles its readout too."""
        named = [objective.name for objective in self.objectives]
        return ON_CHIP in (*named, *(name for limit in self.constraints for name in limit))


class LoadedStudy(Part):
    """A study and its experiment, files found."""

    study: Study
    experiment: Experiment
    folder: Path  # of the study file


def load_study(path: str | Path) -> LoadedStudy:
    """Read a study file; a relative experiment file is found beside it.

    Raises:
        StudyError: with every fault of the file, its line and its remedy.
        ExperimentError: the experiment that it names is faulty.
    """
    document = read_yaml(path)
    if document.faults:
        raise StudyError(list(document.faults))
    if not isinstance(document.data, dict):
        raise StudyError([Fault(str(path), "", "a study file is a mapping, see examples/study.yaml")])
    data = dict(document.data)
    if (found := data.pop("format", None)) != FORMAT:
        message = f"is {describe(found)}{who_takes(found, FORMAT)}, but needs to be {FORMAT}"
        raise StudyError([document.fault(("format",), message)])
    data = {**data, "objectives": _spelled_out(data["objectives"])} if "objectives" in data else data
    try:
        study = Study.model_validate(tuples(data))
    except ValidationError as error:
        raise StudyError(faults_of(error, document, Study)) from None
    folder = Path(path).parent
    experiment = _experiment(study.experiment, document, folder)
    faults = _wrong_names(study, experiment, document) or wrong_values(study.axes, experiment, folder, document)
    faults += [*_wrong_bounds(study, document), *_wrong_overrides(experiment, document)]
    if study.search.kind == "bayes" and find_spec("optuna") is None:
        faults.append(document.fault(("search", "kind"), NEEDS_OPTUNA))
    if faults:
        raise StudyError(file_order(faults, [document.name]))
    return LoadedStudy(study=study, experiment=experiment, folder=folder)


def _spelled_out(objectives: Any) -> Any:
    """Objectives given by their names alone as mappings."""
    if not isinstance(objectives, list):
        return objectives
    return [{"name": given} if isinstance(given, str) else given for given in objectives]


def _experiment(given: Any, document: Document, folder: Path) -> Experiment:
    if isinstance(given, str):
        if not (folder / given).exists():
            message = f"there is no file {folder / given}: write the path of an experiment file from the study's folder"
            raise StudyError([document.fault(("experiment",), message)])
        return load_experiment(folder / given)
    if not isinstance(given, Mapping):
        message = f"must be the path of an experiment file, or its keys, not {describe(given)}"
        raise StudyError([document.fault(("experiment",), message)])
    inside = {path[1:]: line for path, line in document.lines.items() if path[:1] == ("experiment",)}
    part = Document(document.name, document.data["experiment"], inside, ())
    data = {key: value for key, value in given.items() if key != "format"}
    try:
        return beside(Experiment.model_validate(data), folder)
    except ValidationError as error:
        raise ExperimentError(faults_of(error, part)) from None


def _wrong_names(study: Study, experiment: Experiment, document: Document) -> list[Fault]:
    """Faults of axes, objectives and constraints that name what is not there."""
    faults = [
        document.fault(("axes", key), message)
        for key in study.axes
        if (message := refusal(key, experiment, study.axes))
    ]
    wanted = [(("objectives", i, "name"), objective.name) for i, objective in enumerate(study.objectives)]
    wanted += [(("constraints", i, name), name) for i, limit in enumerate(study.constraints) for name in limit]
    for place, name in wanted:
        if name not in MEASURES:
            hint = did_you_mean(name, MEASURES) or f"there are {', '.join(MEASURES)}"
            faults.append(document.fault(place, f"{name!r} is no measure: {hint}"))
    names = [objective.name for objective in study.objectives]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(document.fault(("objectives",), f"{name!r} is there twice: write each objective once"))
    for i, key in enumerate(study.average_over):
        if key not in study.axes:
            faults.append(document.fault(("average_over", i), f"{key!r} is no axis: axes are {', '.join(study.axes)}"))
    if study.search.kind == "grid":
        drawn = [key for key, axis in study.axes.items() if axis.random is not None]
        message = "random beside search.kind grid: write values or grid, or search: {kind: random, points: N}"
        faults += [document.fault(("axes", key), message) for key in drawn]
    return faults


def _wrong_bounds(study: Study, document: Document) -> Iterator[Fault]:
    """Faults of bounds that a fraction can never reach or always keeps, such as per cents."""
    for i, limit in enumerate(study.constraints):
        for name, bounds in limit.items():
            given = {key: value for key, value in bounds.model_dump().items() if value is not None}
            for key, value in given.items():
                if name in FRACTIONS and not 0 <= value <= 1:
                    message = f"is {value:g}, but {name} is a fraction from 0 to 1: 90 % is written 0.9"
                    yield document.fault(("constraints", i, name, key), message)


def _wrong_overrides(experiment: Experiment, document: Document) -> Iterator[Fault]:
    """Faults of overrides that are not finite, by which no point can be named."""
    for i, chip in enumerate(experiment.chips):
        for key, value in chip.set.items():
            if wrong := not_finite(value):
                yield document.fault(("experiment", "chips", i, "set", key), wrong)
