"""The study file: an experiment, axes over its keys, how to search them, and what is wanted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from chips import ExperimentError, Fault, StudyError
from chips.explain import describe
from chips.formats import who_takes
from chips.hints import did_you_mean
from chips.reading import Document, read_yaml
from neurosim.experiment import Experiment, beside, faults_of, load_experiment, tuples
from neurosim.experiment_parts import Part
from neurosim.studies.keys import refusal
from neurosim.studies.objectives import MEASURES, ON_CHIP

FORMAT = "neurosim-study/1"
MAX_POINTS = 100_000

Number = Annotated[int | float, Field(allow_inf_nan=False)]
Scale = Literal["linear", "log"]


class Grid(Part):
    """Values at even distances, both ends included; whole numbers where both ends and all distances are whole."""

    from_: Number = Field(alias="from")
    to: Number
    n: Annotated[int, Field(ge=1, le=10_000)]
    scale: Scale = "linear"
    kind: Literal["int", "float"] | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Grid":
        _check_ends(self.from_, self.to, self.scale)
        if self.n == 1 and self.from_ != self.to:
            raise ValueError("n is 1, but from and to differ: write the one value as values: [...]")
        return self


class Random(Part):
    """Values drawn: between two ends, or out of a list."""

    from_: Number | None = Field(default=None, alias="from")
    to: Number | None = None
    scale: Scale = "linear"
    kind: Literal["int", "float", "choice"] = "float"
    values: Annotated[tuple[Any, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Random":
        if self.kind == "choice":
            if self.values is None or self.from_ is not None or self.to is not None:
                raise ValueError("kind choice draws out of values: write values: [...], and leave out from and to")
            return self
        if self.from_ is None or self.to is None or self.values is not None:
            raise ValueError(f"kind {self.kind} draws between from and to: write both, and leave out values")
        _check_ends(self.from_, self.to, self.scale)
        if self.kind == "int" and not (isinstance(self.from_, int) and isinstance(self.to, int)):
            raise ValueError("kind int draws whole numbers: write from and to as whole numbers")
        return self


def _check_ends(low: float, high: float, scale: str) -> None:
    if low > high:
        raise ValueError(f"goes from {low:g} to {high:g}: write the lower end first, then the upper one")
    if scale == "log" and low <= 0:
        raise ValueError(f"begins at {low:g} on a log scale: begin above 0, or write scale: linear")


class Axis(Part):
    """What a key is set to: one of `values`, `grid` and `random`."""

    values: Annotated[tuple[Any, ...], Field(min_length=1, max_length=10_000)] | None = None
    grid: Grid | None = None
    random: Random | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Axis":
        if sum(way is not None for way in (self.values, self.grid, self.random)) != 1:
            raise ValueError("needs one of values, grid and random")
        return self


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
    experiment = _experiment(study.experiment, document, Path(path).parent)
    if faults := _wrong_names(study, experiment, document):
        raise StudyError(faults)
    return LoadedStudy(study=study, experiment=experiment, folder=Path(path).parent)


def _spelled_out(objectives: Any) -> Any:
    """Objectives given by their names alone as mappings."""
    if not isinstance(objectives, list):
        return objectives
    return [{"name": given} if isinstance(given, str) else given for given in objectives]


def _experiment(given: Any, document: Document, folder: Path) -> Experiment:
    if isinstance(given, str):
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
