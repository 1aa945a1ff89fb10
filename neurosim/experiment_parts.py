"""Parts of the experiment file that stand on their own: the strict base of all, and the wirings of a liquid."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from neurosim.generators.checks import MAX_NEURONS

if TYPE_CHECKING:
    from neurosim.generators.wiring import Wiring

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[int, Field(ge=1, le=MAX_NEURONS)]


def _can_be_drawn(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if math.prod(sizes) > MAX_NEURONS:
        words = " x ".join(f"{size:,}" for size in sizes)
        raise ValueError(f"is {words} = {math.prod(sizes):,} neurons, but at most {MAX_NEURONS:,}: make it smaller")
    return sizes


Shape = Annotated[tuple[Size, Size, Size], AfterValidator(_can_be_drawn)]


class Part(BaseModel):
    """A frozen part of an experiment; unknown keys and loose types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FractionPairs(Part):
    """A probability of each pair of kinds, source first."""

    EE: Fraction
    EI: Fraction
    IE: Fraction
    II: Fraction


class PositivePairs(Part):
    """A positive number of each pair of kinds, source first."""

    EE: Positive
    EI: Positive
    IE: Positive
    II: Positive


def _form(value: object) -> str:
    return "pairs" if isinstance(value, Mapping | BaseModel) else "number"


Probability = Annotated[
    Annotated[Fraction, Tag("number")] | Annotated[FractionPairs, Tag("pairs")], Discriminator(_form)
]
Reach = Annotated[Annotated[Positive, Tag("number")] | Annotated[PositivePairs, Tag("pairs")], Discriminator(_form)]


def _ascending(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError(f"goes from {ends[0]:g} to {ends[1]:g}: write the lower end first, then the upper one")
    return ends


def _one_or_range(value: object) -> str:
    return "range" if isinstance(value, list | tuple) else "number"


TimeConstants = Annotated[
    Annotated[Positive, Tag("number")] | Annotated[tuple[Positive, Positive], AfterValidator(_ascending), Tag("range")],
    Discriminator(_one_or_range),
]


class MaassWiring(Part):
    """Settings of `maass_column`."""

    kind: Literal["maass"]
    shape: Shape
    c: Probability = FractionPairs(EE=0.3, EI=0.2, IE=0.4, II=0.1)
    reach: Reach = 2.0
    inhibitory: Fraction = 0.2


class ErdosRenyiWiring(Part):
    """Settings of `erdos_renyi`."""

    kind: Literal["erdos_renyi"]
    n: Size
    p: Probability
    inhibitory: Fraction = 0.2


class SmallWorldWiring(Part):
    """Settings of `small_world`."""

    kind: Literal["small_world"]
    n: Size
    neighbours: Annotated[int, Field(ge=0)]
    rewire: Fraction
    inhibitory: Fraction = 0.2


class RingWiring(Part):
    """Settings of `ring`."""

    kind: Literal["ring"]
    n: Size
    neighbours: Annotated[int, Field(ge=0)]
    inhibitory: Fraction = 0.2


class LayeredWiring(Part):
    """Settings of `layered`."""

    kind: Literal["layered"]
    sizes: Annotated[tuple[Size, ...], Field(min_length=1)]
    forward: Fraction
    lateral: Fraction = 0.0
    backward: Fraction = 0.0
    inhibitory: Fraction = 0.2


AnyWiring = Annotated[
    MaassWiring | ErdosRenyiWiring | SmallWorldWiring | RingWiring | LayeredWiring, Field(discriminator="kind")
]


WIRINGS = ("maass", "erdos_renyi", "small_world", "ring", "layered")


def draw_wiring(wiring: AnyWiring, seed: int) -> "Wiring":
    """The wiring that an experiment asks for.

    Raises:
        NetworkError: it is too large, or has more neighbours than neurons.
    """
    from neurosim.generators import column, graphs, rings

    generators: dict[str, Callable[..., Wiring]] = {
        "maass": column.maass_column,
        "erdos_renyi": graphs.erdos_renyi,
        "small_world": rings.small_world,
        "ring": rings.ring,
        "layered": graphs.layered,
    }
    return generators[wiring.kind](**wiring.model_dump(exclude={"kind"}), seed=seed)
