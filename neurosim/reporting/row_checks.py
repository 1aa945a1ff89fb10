"""What a row of a comparison or a study must hold, so that no page is made of rows that are damaged or something else.

Keys that a page can do without may be missing, as in files of older versions, but not be of another kind.
"""

from collections.abc import Mapping
from itertools import takewhile
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chips import NeurosimError
from chips.explain import describe

LARGEST = 1e100  # of a number; its square is finite still
Number = Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST)]
Numbers = dict[str, Number]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Bins = Annotated[str, Field(pattern="^[0-9]{1,9}$")] | Count  # JSON makes text of numbers that are keys
ByBins = dict[Bins, Number]
Range = Annotated[list[Number], Field(min_length=2, max_length=2)] | None


class _Told(BaseModel):
    """A part of a row; what is not named here is not looked at."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _Calibration(_Told):
    rate: Number
    balance: Number | None = None


class _NotKnown(_Told):
    energy: Numbers = {}
    time: list[str] = []
    power: list[str] = []


class _Ranges(_Told):
    energy_per_inference_j: Range = None
    static_energy_per_inference_j: Range = None
    latency_per_inference_s: Range = None
    not_known: _NotKnown = _NotKnown()


class _Readout(_Told):
    on_chip: bool = True
    features: list[str] = []
    reason: str = ""
    accuracy: Number | None = None
    float_accuracy: Number | None = None
    readout_cores: Count | None = None
    readout_neurons: Count | None = None
    readout_dynamic_energy_j: Number | None = None


class Measures(_Told):
    """What an evaluation measured, as rows of comparisons and points of studies hold it."""

    samples: Annotated[int, Field(ge=1, lt=2**63)]
    energy_per_inference_j: Number
    latency_per_inference_s: Number
    accuracy: Number
    cores_used: Count
    static_energy_per_inference_j: Number | None = None
    energy_per_inference_p99_j: Number | None = None
    latency_per_inference_p99_s: Number | None = None
    step_time_p99_s: Number | None = None
    largest_weight_error: Number | None = None
    cores_lower_bound: Count | None = None
    neurons: Count | None = None
    chip_neurons: Count | None = None
    synapses: Count | None = None
    steps: Count | None = None
    spikes: Count | None = None
    synaptic_events: Count | None = None
    packets: Count | None = None
    packets_between_cores: Count | None = None
    hops: Count | None = None
    hops_between_chips: Count | None = None
    overruns: Count | None = None
    test_samples: Count | None = None
    calibration: _Calibration | None = None
    no_recurrence_accuracy: Number | None = None
    accuracy_by_bins: ByBins = {}
    no_recurrence_accuracy_by_bins: ByBins = {}
    baseline_accuracy_by_bins: ByBins = {}
    encoder_accuracy_by_bins: ByBins = {}
    energy_by_event_j: Numbers = {}
    prices_pj: Numbers = {}
    price_kinds: dict[str, str] = {}
    price_sources: dict[str, str] = {}
    largest_source: str = ""
    approximations: list[str] = []
    rests_on: dict[str, dict[str, Count]] = {}
    ranges: _Ranges = _Ranges()
    readout: _Readout | None = None
    on_front: bool | None = None


class Named(_Told):
    """What every row of a comparison holds, one that was refused too."""

    chip: str
    overrides: dict[str, Any] = {}
    error: str | None = None


class PointRow(_Told):
    """A point of a study."""

    settings: Annotated[dict[str, Any], Field(min_length=1)]
    status: Literal["done", "refused", "failed", "killed", "not evaluated"]
    reason: str = ""
    point: Count | None = None
    measures: dict[str, Any] | None = None
    provenance: dict[str, Any] | None = None
    feasible: bool = True


class Comparison(_Told):
    """What stands beside the rows of a comparison."""

    baselines: dict[str, ByBins] = {}
    raw: str = "raw input"
    baseline: str = ""
    test_samples: Count | None = None


Kind = TypeVar("Kind", bound=BaseModel)


def checked(kind: type[Kind], data: Any, where: str, remedy: str) -> Kind:
    """Data of a file as `kind`.

    Args:
        kind: what it should be.
        data: what it is.
        where: what the data are called, as "c.json: row 3".
        remedy: what to do where they are faulty.

    Raises:
        NeurosimError: a key is missing or damaged; the first is named.
    """
    if not isinstance(data, Mapping):
        raise NeurosimError(f"{where} is {describe(data)}, not a mapping of keys: {remedy}")
    try:
        return kind.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    key = ".".join(takewhile(lambda part: part != "[key]", map(str, first["loc"])))
    if first["type"] == "missing":
        raise NeurosimError(f"{where} has no {key}: {remedy}")
    wanted = first["msg"].replace("Input should be", "must be").replace("a valid", "a")
    raise NeurosimError(f"{where}: {key} is {describe(first['input'])}, but {wanted[:1].lower()}{wanted[1:]}: {remedy}")
