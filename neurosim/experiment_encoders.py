"""The encoder of an experiment file: a section for each kind, with the settings of its class.

What a file holds is told here, where the key and its line are known; the classes check again when they are used.  An
encoder's dt_ms is the liquid's.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from chips import RunError
from neurosim.experiment_parts import Part

if TYPE_CHECKING:
    from neurosim.encoders.base import Encoder
    from neurosim.sequences import Floats

MAX = 1e100  # magnitude up to which encoders take numbers

Number = Annotated[float, Field(ge=-MAX, le=MAX, allow_inf_nan=False)]
Above0 = Annotated[float, Field(gt=0, le=MAX, allow_inf_nan=False)]
PerStep = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Few = Annotated[int, Field(ge=1, le=10_000)]


class MelFrontEnd(Part):
    """Settings of `MelBands`, for sound."""

    sample_rate_hz: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]  # no default: the data do not tell
    n_bands: Few = 20
    frame_ms: Above0 = 25.0
    hop_ms: Above0 = 10.0
    fmin_hz: Annotated[float, Field(ge=0, le=MAX, allow_inf_nan=False)] = 0.0
    fmax_hz: Above0 | None = None

    @model_validator(mode="after")
    def _has_bands(self) -> "MelFrontEnd":
        """The class's own checks: whether frames and bands are wide enough depends on all settings together."""
        from neurosim.encoders.mel_bands import MelBands

        try:
            MelBands(**self.model_dump()).filter_bank()
        except RunError as error:
            raise ValueError(str(error)) from None
        return self


class OnsetFrontEnd(Part):
    """Settings of `OnsetOffset`, whose frames are those of the mel bands."""

    range_db: Above0 = 45.0
    quietest_db: Number = -70.0
    tau_ms: Above0 = 40.0
    gain: Above0 = 4.0
    tail_frames: Annotated[int, Field(ge=0, le=100_000)] = 5


class Coding(Part):
    """What the sections of all encoders share."""

    mel_bands: MelFrontEnd | None = Field(default=None, description="before the encoder, if the data are sound")
    onset_offset: OnsetFrontEnd | None = Field(default=None, description="after mel_bands")
    steps_per_frame: Few = 16

    @model_validator(mode="after")
    def _bands_first(self) -> "Coding":
        if self.onset_offset is not None and self.mel_bands is None:
            raise ValueError("onset_offset without mel_bands: it reads band energies, so give both or neither")
        return self

    def settings(self) -> dict[str, Any]:
        """Keyword arguments of the encoder, but for dt_ms."""
        return self.model_dump(exclude={"kind", "mel_bands", "onset_offset"})


class RangeCoding(Coding):
    """An encoder of values within a range; null learns it from training data."""

    value_range: tuple[Number, Number] | None = None

    @field_validator("value_range")
    @classmethod
    def _in_order(cls, ends: tuple[float, float] | None) -> tuple[float, float] | None:
        if ends is not None and not ends[0] < ends[1]:
            raise ValueError(f"goes from {ends[0]:g} to {ends[1]:g}: write the lower end first, then the upper one")
        return ends


class RateCoding(Coding):
    """Settings of `RateEncoder`."""

    kind: Literal["rate"] = "rate"
    span: Above0 = 1.5
    max_rate: PerStep = 0.8
    code: Literal["regular", "poisson"] = "regular"
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0


class ProportionalCoding(Coding):
    """Settings of `ProportionalEncoder`."""

    kind: Literal["proportional"] = "proportional"
    low: Number = 0.0
    high: Number = 1.0
    max_rate: PerStep = 0.8

    @model_validator(mode="after")
    def _in_order(self) -> "ProportionalCoding":
        if not self.low < self.high:
            raise ValueError(f"low is {self.low:g}, but high is {self.high:g}: high must be above low")
        return self


class PopulationCoding(RangeCoding):
    """Settings of `PopulationEncoder`."""

    kind: Literal["population"] = "population"
    n_neurons: Annotated[int, Field(ge=3, le=10_000)] = 8
    beta: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 1.5
    code: Literal["latency", "rate"] = "latency"
    max_rate: PerStep = 0.8


class LatencyCoding(RangeCoding):
    """Settings of `LatencyEncoder`."""

    kind: Literal["latency"] = "latency"
    steps_per_frame: Annotated[int, Field(ge=2, le=10_000)] = 16


class LevelCrossingCoding(Coding):
    """Settings of `LevelCrossingEncoder`."""

    kind: Literal["level_crossing"] = "level_crossing"
    mode: Literal["change", "level", "value"] = "change"
    thresholds: Annotated[tuple[Number, ...], Field(min_length=1)] | None = None
    n_thresholds: Few = 4
    steps_per_frame: Few = 3

    @field_validator("thresholds")
    @classmethod
    def _different(cls, given: tuple[float, ...] | None, info: ValidationInfo) -> tuple[float, ...] | None:
        if given is None:
            return None
        if len(set(given)) < len(given):
            twice = next(a for a in given if given.count(a) > 1)
            raise ValueError(f"{twice:g} is there twice: write each threshold once")
        if info.data.get("mode") in ("change", "value") and min(given) <= 0:
            raise ValueError(f"{min(given):g} is no size of a change or value: write numbers above 0, or mode: level")
        return given

    @model_validator(mode="after")
    def _given_or_learned(self) -> "LevelCrossingCoding":
        if self.thresholds is not None and "n_thresholds" in self.model_fields_set:
            raise ValueError("n_thresholds beside thresholds: it says how many are learned, so leave one of them out")
        return self


class StepForwardCoding(Coding):
    """Settings of `StepForwardEncoder`."""

    kind: Literal["step_forward"] = "step_forward"
    threshold: Above0 | None = None
    steps_per_frame: Few = 4


class BSACoding(RangeCoding):
    """Settings of `BSAEncoder`."""

    kind: Literal["bsa"] = "bsa"
    fir: Annotated[tuple[Number, ...], Field(min_length=1)] | None = None
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.9

    @field_validator("fir")
    @classmethod
    def _low_pass(cls, taps: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if taps is not None and not sum(taps) > 1e-6 * sum(map(abs, taps)):
            raise ValueError(f"taps add up to {sum(taps):g}, but to more than 0 in a low-pass: give such a filter")
        return taps


def _kind(value: object) -> Any:
    """The kind of a section; files from before there were kinds mean a rate."""
    if isinstance(value, BaseModel):
        return getattr(value, "kind", None)
    kind = value.get("kind", "rate") if isinstance(value, Mapping) else "rate"
    return kind if kind is None or isinstance(kind, str) else repr(kind)


AnyCoding = Annotated[
    Annotated[RateCoding, Tag("rate")]
    | Annotated[ProportionalCoding, Tag("proportional")]
    | Annotated[PopulationCoding, Tag("population")]
    | Annotated[LatencyCoding, Tag("latency")]
    | Annotated[LevelCrossingCoding, Tag("level_crossing")]
    | Annotated[StepForwardCoding, Tag("step_forward")]
    | Annotated[BSACoding, Tag("bsa")],
    Discriminator(_kind),
]

ENCODERS = ("rate", "proportional", "population", "latency", "level_crossing", "step_forward", "bsa")


def make_encoder(coding: AnyCoding, dt_ms: float) -> "Encoder":
    """The encoder that an experiment asks for, not yet fitted."""
    from neurosim.encoders import bens_spiker, latency, level_crossing, population, proportional, rate, step_forward

    kinds: dict[str, type[Any]] = {
        "rate": rate.RateEncoder,
        "proportional": proportional.ProportionalEncoder,
        "population": population.PopulationEncoder,
        "latency": latency.LatencyEncoder,
        "level_crossing": level_crossing.LevelCrossingEncoder,
        "step_forward": step_forward.StepForwardEncoder,
        "bsa": bens_spiker.BSAEncoder,
    }
    made: Encoder = kinds[coding.kind](**coding.settings(), dt_ms=dt_ms)
    return made


def front_end(coding: AnyCoding, sequences: "list[Floats]") -> "list[Floats]":
    """What the encoder sees: the data as they are, or what mel_bands and onset_offset make of them; neither learns.

    Raises:
        RunError: the data are no sound.
    """
    if coding.mel_bands is None:
        return sequences
    from neurosim.encoders.mel_bands import MelBands
    from neurosim.encoders.onset_offset import OnsetOffset

    if (inputs := sequences[0].shape[1]) != 1:
        raise RunError(
            f"encoder.mel_bands takes sound, which is one value a frame, but the data have {inputs:,} (columns of "
            "values): leave mel_bands out, or give a file of sound"
        )
    bands = MelBands(**coding.mel_bands.model_dump()).fit_transform([x[:, 0] for x in sequences])
    if coding.onset_offset is None:
        return list(bands)
    onsets = OnsetOffset(**coding.onset_offset.model_dump(), hop_ms=coding.mel_bands.hop_ms)
    return list(onsets.fit_transform(bands))
