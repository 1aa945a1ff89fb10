"""The experiment file: data, encoder, liquid, readout, and the chip configurations to compare."""

import collections.abc
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from chips import ChipProfile, ExperimentError, Fault, MappingError, ProfileError, load_chip
from chips.explain import describe
from chips.explain import explain as explain_value
from chips.formats import who_takes
from chips.hints import did_you_mean
from chips.reading import Document, KeyPath, read_yaml
from compiler.mapping import Mapping
from compiler.partitioning.problem import DEFAULT, Method
from neurosim.experiment_encoders import ENCODERS, AnyCoding, RateCoding
from neurosim.experiment_parts import (
    WIRINGS,
    AnyWiring,
    Fraction,
    MaassWiring,
    NotNegative,
    Part,
    Positive,
    Probability,
    Reach,
    Shape,
    TimeConstants,
    draw_wiring,
)

if TYPE_CHECKING:
    from neurosim.generators.wiring import Wiring
    from neurosim.readouts.features import Feature

Overrides = collections.abc.Mapping[str, object]
FORMAT = "neurosim-experiment/1"
_COLUMN = ("shape", "c", "reach", "inhibitory")  # keys of a liquid that describe a Maass column
KINDS = {"encoder": ENCODERS, "wiring": WIRINGS}  # of the sections that come in kinds


class Data(Part):
    """Labelled sequences (see neurosim/recordings/dataset.py)."""

    file: str = Field(description="path of the .npz file, relative to the experiment file")
    _where: str = PrivateAttr(default="")  # where its file says so

    @property
    def where(self) -> str:
        """`FILE.yaml:LINE: data.file` of an experiment that was read from a file, else ""."""
        return self._where


def _refused(value: object) -> None:
    """An experiment is compiled for chips, and none has plastic synapses."""
    if value is not None:
        raise ValueError(
            "short-term plasticity is simulated in floating point only, no chip has it, and an experiment is "
            "compiled: leave liquid.stp out, or use neurosim.liquid(stp=...) and run_float in Python"
        )


class Liquid(Part):
    """Settings of `liquid`, and the rate to calibrate to."""

    shape: Shape | None = Field(default=None, description="of a Maass column; give this or wiring")
    wiring: AnyWiring | None = None
    target_rate: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=0.06, description="spikes per neuron and step; null keeps gain as it is"
    )
    balance: Positive | None = Field(
        default=None, description="inhibitory over excitatory recurrent charge; null keeps inhibition as it is"
    )
    even_out: bool = Field(default=False, description="calibrate each neuron's own threshold too")
    calibration_samples: Annotated[int, Field(ge=1)] = Field(
        default=30, description="training samples used, spread evenly"
    )
    gain: Positive = 1.0
    recurrence: NotNegative = 0.3
    inhibition: NotNegative = 2.0
    input_density: Fraction = 0.2
    input_negative: Fraction = 0.5
    input_delay: Annotated[int, Field(ge=1, le=255)] = 1
    weight_shape: Positive = 2.0
    weight_cap: Positive = 3.0
    c: Probability | None = Field(default=None, description="of the column of shape; null is that of column.C")
    reach: Reach | None = Field(default=None, description="of the column of shape; null is 2")
    inhibitory: Fraction | None = Field(default=None, description="of the column of shape; null is 0.2")
    tau_mem_ms: TimeConstants = (10.0, 30.0)
    tau_syn_ms: TimeConstants = (3.0, 8.0)
    refractory_ms: NotNegative = 1.0
    adaptation: NotNegative = 0.0
    tau_adaptation_ms: Positive = 100.0
    stp: Annotated[None, BeforeValidator(_refused)] = Field(default=None, description="null: no chip has it")
    max_delay: Annotated[int, Field(ge=1, le=255)] = 3
    dt_ms: Positive = 1.0
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one_wiring(self) -> "Liquid":
        if (self.shape is None) == (self.wiring is None):
            raise ValueError("needs either shape or wiring: give one of them")
        if self.wiring is not None and (self.c, self.reach, self.inhibitory) != (None, None, None):
            raise ValueError("c, reach and inhibitory beside wiring: write them inside wiring, where it has them")
        return self

    @model_validator(mode="after")
    def _calibrated_or_not(self) -> "Liquid":
        if self.target_rate is None and (self.balance is not None or self.even_out):
            name = "balance" if self.balance is not None else "even_out"
            raise ValueError(f"{name} beside target_rate: null, which calibrates nothing: give a target_rate")
        return self

    def settings(self) -> dict[str, Any]:
        """Keyword arguments of `liquid`, but for channels and gain."""
        skipped = {"target_rate", "balance", "even_out", "calibration_samples", "gain"}
        wiring = None if self.wiring is None else draw_wiring(self.wiring, self.seed)
        return {**self.model_dump(exclude=skipped), "wiring": wiring}

    def drawn_settings(self) -> dict[str, Any]:
        """The same with the wiring drawn, a column too, so that liquids of other gains need not draw it again."""
        return {key: value for key, value in self.settings().items() if key not in _COLUMN} | {"wiring": self._drawn()}

    def _drawn(self) -> "Wiring":
        """The wiring of `wiring`, or the column of `shape`."""
        if self.wiring is not None:
            return draw_wiring(self.wiring, self.seed)
        given = {name: value for name, value in self.model_dump(include=set(_COLUMN)).items() if value is not None}
        return draw_wiring(MaassWiring(kind="maass", **given), self.seed)


class Readout(Part):
    """A linear readout: at the host of spike counts in equal parts of a sample, on the chip of what a chip can form."""

    bins: Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(min_length=1)] = (1, 5)
    alpha: Positive | None = Field(default=None, description="ridge penalty; null chooses by leave-one-out")
    starts: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(0,), description="steps; on the chip, spikes are counted from each of them on"
    )
    traces_ms: tuple[Positive, ...] = Field(default=(), description="on the chip, time constants of leaky traces")

    @model_validator(mode="after")
    def _something_once(self) -> "Readout":
        for name, given in (("starts", self.starts), ("traces_ms", self.traces_ms)):
            if len(set(given)) < len(given):
                raise ValueError(f"{name} has an entry twice: write each once")
        if not self.starts and not self.traces_ms:
            raise ValueError("starts and traces_ms are both empty: give one of them an entry, starts: [0] for counts")
        return self

    def features(self) -> "tuple[Feature, ...]":
        """What the readout on the chip weighs."""
        from neurosim.readouts.features import starts, traces

        return (*starts(*self.starts), *traces(*self.traces_ms))


def _mapping(value: object) -> object:
    """The mapping of a section, which checks itself."""
    if value is None or isinstance(value, Mapping):
        return value
    try:
        return Mapping.of(value)
    except MappingError as error:
        raise ValueError(str(error)) from None


class Configuration(Part):
    """One column of the comparison."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    chip: str
    set: dict[str, Any] = Field(default_factory=dict, description="overrides of the profile")
    seed: Annotated[int, Field(ge=0)] = 0
    approximate: bool = Field(default=False, description="allow the approximations that the chip needs")
    partition: Method = DEFAULT
    rates: Literal["quick"] | None = Field(
        default=None, description="quick: packets are weighed with the rates of a quick run on calibration samples"
    )
    mapping: Annotated[Mapping | None, BeforeValidator(_mapping)] = Field(
        default=None, description="keys of compiler.Mapping: where the liquid's neurons go"
    )
    _where: dict[str, str] = PrivateAttr(default_factory=dict)  # key of `set` -> where its file says so


class Experiment(Part):
    """A task on a liquid, for one or more chip configurations."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    description: str = ""
    data: Data
    encoder: AnyCoding = RateCoding()
    liquid: Liquid
    readout: Readout = Readout()
    chips: Annotated[tuple[Configuration, ...], Field(min_length=1)]


def load_experiment(path: str | Path) -> Experiment:
    """Read an experiment file; a relative data file or chip file is found beside it.

    Raises:
        ExperimentError: with every fault of the file, its line and its remedy.
    """
    document = read_yaml(path)
    if document.faults:
        raise ExperimentError(list(document.faults))
    if not isinstance(document.data, dict):
        raise ExperimentError(
            [Fault(str(path), "", "an experiment file is a mapping: `neurosim init` writes one to begin with")]
        )
    data = dict(document.data)
    if (found := data.pop("format", None)) != FORMAT:
        message = f"is {describe(found)}{who_takes(found, FORMAT)}, but needs to be {FORMAT}"
        raise ExperimentError([document.fault(("format",), message)])
    try:
        experiment = Experiment.model_validate(tuples(data))
    except ValidationError as error:
        raise ExperimentError(faults_of(error, document)) from None
    return beside(_placed(experiment, document), Path(path).parent)


def _placed(experiment: Experiment, document: Document) -> Experiment:
    """Note the lines of what can only be judged later, when the data and the chips are read."""
    experiment.data._where = f"{document.where(('data', 'file'))}: data.file"
    for i, chosen in enumerate(experiment.chips):
        chosen._where.update({key: document.where(("chips", i, "set", key)) for key in chosen.set})
    return experiment


def profile_of(chosen: Configuration, overrides: Overrides) -> ChipProfile:
    """The profile of a configuration.

    Args:
        chosen: of an experiment.
        overrides: set on top of what the experiment sets.

    Raises:
        ProfileError: with every fault, those of `set` with their lines in the experiment's file.
    """
    try:
        return load_chip(chosen.chip, {**chosen.set, **overrides})
    except ProfileError as error:
        lines = {key: where for key, where in chosen._where.items() if key not in overrides}
        raise ProfileError([_in_experiment(fault, lines) for fault in error.faults]) from None


def _in_experiment(fault: Fault, lines: Overrides) -> Fault:
    """The fault of an override, told at its line in the experiment file."""
    written = fault.where.startswith("--set ") and fault.path in lines
    return Fault(str(lines[fault.path]), f"set: {fault.path}", fault.message) if written else fault


def faults_of(error: ValidationError, document: Document, model: type[BaseModel] = Experiment) -> list[Fault]:
    """What is wrong with a file of `model`, each with its line and its remedy."""
    details = error.errors(include_url=False)
    return [_fault(d, document, model) for d in details if not _follows(d, details)]


def beside(experiment: Experiment, folder: Path) -> Experiment:
    """File names made relative to the experiment file's folder."""
    chips = tuple(
        chip.model_copy(update={"chip": str(folder / chip.chip)}) if chip.chip.endswith((".yaml", ".yml")) else chip
        for chip in experiment.chips
    )
    data = experiment.data.model_copy(update={"file": str(folder / experiment.data.file)})
    return experiment.model_copy(update={"chips": chips, "data": data})


def tuples(value: Any) -> Any:
    """Lists as tuples, which strict models want; overrides (`set`) stay as they are."""
    if isinstance(value, dict):
        return {key: inner if key == "set" else tuples(inner) for key, inner in value.items()}
    return tuple(tuples(inner) for inner in value) if isinstance(value, list) else value


def _follows(detail: Any, details: list[Any]) -> bool:
    """Whether a list is only called too short because its entries are faulty, or because of a later one that lacks."""
    place = detail["loc"]
    if detail["type"] == "missing" and isinstance(place[-1], int):
        lacking = [d["loc"] for d in details if d["type"] == "missing" and d["loc"][:-1] == place[:-1]]
        return bool(place != max(lacking))
    inside = any(other["loc"][: len(place)] == place and len(other["loc"]) > len(place) for other in details)
    return detail["type"] == "too_short" and inside


def _fault(detail: Any, document: Document, model: type[BaseModel]) -> Fault:
    path = _in_file(detail, document.data)
    kind = detail["type"]
    if kind == "extra_forbidden":
        legal = _legal_keys(detail["loc"][:-1], model)
        hint = did_you_mean(str(path[-1]), legal) or f"legal here are {', '.join(legal)}"
        return document.fault(path, f"unknown key: {hint}")
    if kind == "tuple_type":
        return document.fault(path, f"must be a list, not {describe(detail['input'])}: put it in brackets, as in [5]")
    if kind == "too_long":
        return document.fault(path, f"has too many entries: at most {detail['ctx']['max_length']}")
    if kind == "missing" and isinstance(path[-1], int):
        needed = int(path[-1]) + 1
        return document.fault(path[:-1], f"has too few entries, {len(detail['input'])} of {needed}: add the others")
    if kind == "missing":
        return document.fault(path, "is missing: add it")
    kinds = KINDS.get(str(path[-1]), ()) if path else ()
    if kind in ("union_tag_not_found", "model_attributes_type"):
        return document.fault(path, f"must be a mapping with the key kind, one of {', '.join(kinds)}")
    if kind == "union_tag_invalid":
        hint = did_you_mean(detail["ctx"]["tag"], kinds) or f"legal are {', '.join(kinds)}"
        found = describe(detail["input"]["kind"])
        return document.fault((*path, "kind"), f"is {found}, which is no {path[-1]}: {hint}")
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return document.fault(path, f"is {describe(detail['input'])}, but must be {words} {detail['ctx'][name]}")
    return document.fault(path, explain_value({**detail, "loc": ("", *path)}))


def _in_file(detail: Any, data: Any) -> KeyPath:
    """The keys that lead to a fault, without the names of alternatives that pydantic puts between them."""
    path: list[str | int] = []
    for at, step in enumerate(detail["loc"]):
        missing = detail["type"] == "missing" and at == len(detail["loc"]) - 1
        inside = step in data if isinstance(data, dict) else isinstance(data, list) and isinstance(step, int)
        if inside or missing:
            path.append(step)
            data = None if missing or (isinstance(data, list) and step >= len(data)) else data[step]
    return tuple(path)


_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def _legal_keys(section: KeyPath, root: type[BaseModel]) -> list[str]:
    """The keys of a section, given by its keys and, where it is one of several kinds, by the name of its kind."""
    models: list[type[BaseModel]] = [root]
    for step in section:
        if step in models[0].model_fields:
            inner = _unfold(models[0].model_fields[str(step)].annotation)
            models = [a for a in inner if isinstance(a, type) and issubclass(a, BaseModel)]
        elif any(step in kinds for kinds in KINDS.values()):
            models = [model for model in models if step in typing.get_args(model.model_fields["kind"].annotation)]
    return list(models[0].model_fields) if models else []


def _unfold(annotation: Any) -> list[Any]:
    return [annotation, *(inner for a in typing.get_args(annotation) for inner in _unfold(a))]
